"""Files named by their digest, and numbers of official documents."""
