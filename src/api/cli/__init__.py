"""The `mingzhang` command: one file a group of commands."""
