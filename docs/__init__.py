"""The documentation, and the generator of what in it follows from the code."""
