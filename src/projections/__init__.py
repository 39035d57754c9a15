"""Projections: everything that anybody reads, folded from the ledger's events."""
