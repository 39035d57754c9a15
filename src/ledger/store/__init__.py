"""Stores: the log of events behind one contract, in PostgreSQL and in memory."""
