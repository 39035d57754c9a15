"""The way in and out: HTTP, the board and the command line, wired together here alone."""
