"""The tests: a sentence each, against real parts."""
