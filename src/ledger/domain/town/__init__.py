"""The town: its organisations, the people who serve in them, and the grid."""
