"""The plain events: the same kind, records and tags for every store that knows no rules."""

from __future__ import annotations

import random

KIND = "progress_posted"
RECORD_BYTES = 300

_RECORDS = [random.Random(seed).randbytes(RECORD_BYTES // 2).hex().encode() for seed in range(64)]


def tags(request: str) -> list[str]:
    """The three tags of a plain event: the case, which is the boundary, and two of its lineage."""
    return [boundary(request), "docket:dept-water", "docket:committee-1"]


def boundary(request: str) -> str:
    """The tag that a condition asks about."""
    return f"request:{request}"


def record(number: int) -> bytes:
    """A record of 300 bytes."""
    return _RECORDS[number % len(_RECORDS)]
