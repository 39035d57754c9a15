"""The demonstration town: invented from beginning to end, and entered through `propose` alone."""
