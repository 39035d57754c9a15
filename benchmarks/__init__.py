"""What the ledger can carry, measured beside its alternatives: `make bench`."""
