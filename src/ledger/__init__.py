"""The ledger: what an event is, how it is decided, and where it is kept in order."""
