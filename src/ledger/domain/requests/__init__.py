"""Requests of residents, from filing to rating, and what is left out of the rates."""
