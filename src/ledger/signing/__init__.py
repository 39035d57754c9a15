"""Checkpoints of the log: when they are signed, by which keys, against what, and seen by whom."""
