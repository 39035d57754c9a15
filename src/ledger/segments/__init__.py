"""Sealed segments: the log in immutable Parquet files, which are read without the database."""
