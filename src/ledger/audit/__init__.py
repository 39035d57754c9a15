"""Whether a ledger is what was signed: a bundle offline, or a database row by row."""

from __future__ import annotations

from ledger.audit.offline import verify_bundle
from ledger.audit.report import Report, Unreadable
from ledger.audit.rows import audit_rows

__all__ = ["Report", "Unreadable", "audit_rows", "verify_bundle"]
