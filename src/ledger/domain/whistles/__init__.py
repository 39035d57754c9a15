"""Whistles of communities, to which departments report in."""
