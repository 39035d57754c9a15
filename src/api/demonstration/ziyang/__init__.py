"""A whole town over a year, up to its closing date: invented, seeded, entered by `propose` alone.

Its figures at the closing date are those of the acceptance fixture (`figures`).
"""
