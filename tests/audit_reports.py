"""Bundles to be changed, and where a report says that they were."""

from __future__ import annotations

from pathlib import Path

import orjson

from ledger.audit import Report, verify_bundle
from ledger.canonical import canonical_json
from ledger.store.contract import StoredEvent
from ledger.tlog.merkle import leaf_hash
from ledger.tlog.note import Note, NoteVerifier
from tests.audited_log import SIGNER

KEYS = [NoteVerifier(SIGNER.key)]


def verified(directory: Path, since: Note | None = None, workers: int = 1) -> Report:
    return verify_bundle(directory, KEYS, since=since, workers=workers)


def fault_of(report: Report) -> tuple[int | None, str | None]:
    """Where the fault is, after a look at how the report is worded."""
    assert report.fault is not None, report.verdict()
    assert report.fault.expected
    assert report.fault.found
    assert report.fault.expected != report.fault.found
    assert "\n" not in report.verdict()
    assert orjson.loads(report.to_json())["fault"]["position"] == report.fault.position
    return report.fault.position, report.fault.file


def with_record(event: StoredEvent, changes: dict[str, object]) -> StoredEvent:
    """The event with members of its record changed, and a leaf that fits."""
    return with_bytes(event, canonical_json({**orjson.loads(event.record), **changes}))


def with_bytes(event: StoredEvent, record: bytes) -> StoredEvent:
    """The event with another record, and a leaf that fits."""
    return event._replace(record=record, leaf=leaf_hash(record))
