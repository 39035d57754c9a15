"""Batches made by hand, and the one check of a whole log that every test of a store ends in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

from ledger.store.contract import Batch, Locked, Receipt, Store, StoredEvent, Writer
from ledger.tlog.merkle import Frontier, leaf_hash
from ledger.vault.sealing import SealedValue

RECORDED_AT = datetime(2026, 3, 1, 8, 0, 0, 123456, tzinfo=UTC)


class LogDamaged(AssertionError):
    """What a log must never be: with a gap, a false leaf, or a tree that is not of its records."""


def stored(
    position: int, kind: str = "noted", *tags: str, record: bytes | None = None
) -> StoredEvent:
    """An event as a sequencer would hand it to a store."""
    body = b"record %d" % position if record is None else record
    return StoredEvent(position, kind, tags, body, leaf_hash(body))


def batch(
    locked: Locked,
    events: Sequence[StoredEvent],
    *,
    recorded_at: datetime = RECORDED_AT,
    sealed: Sequence[tuple[int, SealedValue]] = (),
    receipts: Sequence[tuple[Receipt, int, int]] = (),
) -> Batch:
    """The batch that follows the head with these events."""
    frontier = Frontier.from_bytes(locked.size, locked.frontier)
    for event in events:
        frontier.append(event.leaf)
    return Batch(str(uuid4()), recorded_at, events, frontier.to_bytes(), sealed, receipts)


def append(writer: Writer, *descriptions: tuple[str, ...]) -> list[StoredEvent]:
    """Appends an event for each (kind, tag, tag, …), in one batch."""
    locked = writer.lock(())
    events = [
        stored(locked.size + place, *description)
        for place, description in enumerate(descriptions, start=1)
    ]
    writer.commit(batch(locked, events))
    return events


def check_log(store: Store, size: int | None = None) -> list[StoredEvent]:
    """All events, after making sure that they are a whole log; raises `LogDamaged`.

    Positions count from 1 without gaps, every leaf is its record's, and the frontier under the
    lock is the tree's of all leaves.
    """
    events = list(store.read())
    positions = [event.position for event in events]
    if positions != list(range(1, len(events) + 1)):
        raise LogDamaged(f"positions are not contiguous: {_first_gap(positions)}")
    if size is not None and len(events) != size:
        raise LogDamaged(f"{len(events)} events where {size} were expected")
    frontier = Frontier()
    for event in events:
        if event.leaf != leaf_hash(event.record):
            raise LogDamaged(f"the leaf at {event.position} is not its record's")
        frontier.append(event.leaf)
    writer = store.writer()
    try:
        locked = writer.lock(())
        writer.rollback()
    finally:
        writer.close()
    if (locked.size, locked.frontier) != (len(events), frontier.to_bytes()):
        raise LogDamaged(f"the frontier at {locked.size} is not the tree of the records")
    return events


def _first_gap(positions: Sequence[int]) -> str:
    for expected, position in enumerate(positions, start=1):
        if position != expected:
            return f"{position} stands where {expected} should"
    return "none"
