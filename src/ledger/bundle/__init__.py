"""A bundle: a ledger up to a checkpoint as a directory (C2SP tlog-tiles) for auditors."""

from __future__ import annotations

from ledger.bundle.exporting import CannotExport, export

__all__ = ["CannotExport", "export"]
