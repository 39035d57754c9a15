"""Imports: how the records of other systems become cases of the ledger, a small file a source."""
