"""Disclosure (三公开): what is disclosed of a period, who reviewed it, and what became of it."""
