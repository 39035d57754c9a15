"""Sealing: what the log has gained is written to segments, each of them whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import orjson
import pyarrow as pa
from pyarrow import parquet

from ledger.segments.files import (
    ROW_GROUP_EVENTS,
    SCHEMA,
    SEGMENT_EVENTS,
    Segment,
    SegmentError,
    metadata_of,
    name_of,
    segments_in,
)
from ledger.store.contract import Log, StoredEvent
from ledger.tlog.merkle import Frontier

_ZSTD_LEVEL = 12
_PART = ".part"


class Sealed(NamedTuple):
    """What a sealing did."""

    segments: int
    events: int
    size: int
    """Up to which position the directory now holds the log."""


def seal(
    log: Log,
    origin: str,
    directory: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
    segment_events: int = SEGMENT_EVENTS,
) -> Sealed:
    """Writes all that the directory lacks of the log, the rest as a last, shorter segment.

    Full segments stay as they are; a shorter one is replaced once there is more. Raises
    `SegmentError` where the directory holds another ledger or is damaged, and `OSError` for a full
    disk: what was complete stays, and nothing half written does.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for left in directory.glob(f"*{_PART}"):
        left.unlink()
    known = segments_in(directory)
    if known and known[0].origin != origin:
        raise SegmentError(f"{directory}: of {known[0].origin}, not of {origin}")
    size = log.size()
    position = sum(1 for one in known if one.is_full) * segment_events
    if known and known[-1].last > size:
        raise SegmentError(f"{directory}: reaches position {known[-1].last}, the log {size}")
    if known and known[-1].last == size:
        return Sealed(0, 0, size)
    written, begun = 0, position
    while position < size:
        events = list(log.read(after=position, limit=segment_events, until=size))
        _write(origin, directory, events)
        position, written = events[-1].position, written + 1
        progress(position, size)
    for one in known:
        if not one.is_full:
            one.path.unlink()
    return Sealed(written, size - begun, size)


def _write(origin: str, directory: Path, events: Sequence[StoredEvent]) -> Segment:
    """One file, which has its name once it is whole and on the disk."""
    first, last, frontier = events[0].position, events[-1].position, Frontier()
    for one in events:
        frontier.append(one.leaf)
    metadata = metadata_of(origin, first, last, frontier.root())
    table = pa.table(
        {
            "position": [one.position for one in events],
            "kind": [one.kind for one in events],
            "recorded_at": [_recorded_at(one.record) for one in events],
            "record": [one.record for one in events],
        },
        schema=SCHEMA.with_metadata(metadata),
    )
    path = directory / name_of(first, last)
    part = path.with_suffix(_PART)
    try:
        parquet.write_table(
            table,
            part,
            row_group_size=ROW_GROUP_EVENTS,
            compression="zstd",
            compression_level=_ZSTD_LEVEL,
            use_dictionary=["kind"],
            write_statistics=["position", "kind", "recorded_at"],
            column_encoding={
                "position": "DELTA_BINARY_PACKED",
                "recorded_at": "DELTA_BINARY_PACKED",
            },
            data_page_size=8 << 20,
        )
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
    return Segment(path, origin, first, last, frontier.root())


def _recorded_at(record: bytes) -> datetime:
    return datetime.fromisoformat(orjson.loads(record)["recorded_at"]).astimezone(UTC)
