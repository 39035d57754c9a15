"""Segments (封存分段): what one file holds, how it is named, and how it is told to be whole.

A segment is an Apache Parquet file with the columns position (int64), kind (string), recorded_at
(timestamp, microseconds, UTC) and record (binary: the RFC 8785 bytes as stored), compressed with
zstd, with statistics by which a reader skips what it does not need. Its metadata name the log's
origin, the first and last position, and the Merkle tree hash (RFC 6962) of the records in between.
Full segments hold 2^16 records and begin at multiples of it, so that this hash is a node of the
log's own tree; only the last one may be shorter, until it is full.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from pyarrow import parquet

FORMAT = "mingzhang-segment/1"
SEGMENT_EVENTS = 1 << 16
ROW_GROUP_EVENTS = 1 << 14
SCHEMA = pa.schema(
    [
        pa.field("position", pa.int64(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("recorded_at", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("record", pa.binary(), nullable=False),
    ]
)
_NAME = re.compile(r"^segment-(\d{12})-(\d{12})\.parquet$")
_METADATA = ("format", "origin", "first", "last", "root")


class SegmentError(Exception):
    """A segment is damaged, missing or of another ledger; it says which file."""


class Segment(NamedTuple):
    """A file and what it says of itself."""

    path: Path
    origin: str
    first: int
    last: int
    root: bytes
    """Tree hash of its records, 32 bytes."""

    @property
    def is_full(self) -> bool:
        """Whether it stays for ever."""
        return self.last - self.first + 1 == SEGMENT_EVENTS


def name_of(first: int, last: int) -> str:
    """The name of the file with these positions."""
    return f"segment-{first:012}-{last:012}.parquet"


def metadata_of(origin: str, first: int, last: int, root: bytes) -> dict[str, str]:
    """What a file says of itself."""
    values = (FORMAT, origin, str(first), str(last), root.hex())
    return {f"mingzhang.{name}": value for name, value in zip(_METADATA, values, strict=True)}


def segments_in(directory: Path) -> tuple[Segment, ...]:
    """The segments of a directory that follow each other from position 1 on.

    Where a shorter one begins where a longer one does, the longer counts. Raises `SegmentError` for
    a gap, a file that is none, or one of another origin.
    """
    found: list[Segment] = []
    by_first = {int(m[1]): path for m, path in sorted(_named(directory), key=_length)}
    for first, path in sorted(by_first.items()):
        expected = found[-1].last + 1 if found else 1
        if first != expected:
            raise SegmentError(f"{directory}: the segment from position {expected} is missing")
        segment = read_metadata(path)
        if found and segment.origin != found[0].origin:
            raise SegmentError(f"{path}: of {segment.origin}, not of {found[0].origin}")
        found.append(segment)
    return tuple(found)


def read_metadata(path: Path) -> Segment:
    """What a file says of itself; raises `SegmentError`."""
    try:
        with parquet.ParquetFile(path) as file:
            raw = file.schema_arrow.metadata or {}
            rows = file.metadata.num_rows
    except (OSError, pa.ArrowException) as error:
        raise SegmentError(f"{path}: no segment that can be read: {error}") from error
    said = {name: raw.get(f"mingzhang.{name}".encode(), b"").decode() for name in _METADATA}
    named = _NAME.match(path.name)
    try:
        first, last, root = int(said["first"]), int(said["last"]), bytes.fromhex(said["root"])
    except ValueError as error:
        raise SegmentError(f"{path}: no segment: {error}") from error
    fits = named is not None and (int(named[1]), int(named[2])) == (first, last)
    if said["format"] != FORMAT or not fits or rows != last - first + 1:
        raise SegmentError(f"{path}: name, metadata and number of records contradict each other")
    return Segment(path, said["origin"], first, last, root)


def _named(directory: Path) -> Iterator[tuple[re.Match[str], Path]]:
    for path in directory.iterdir():
        match = _NAME.match(path.name)
        if match:
            yield match, path


def _length(named: tuple[re.Match[str], Path]) -> int:
    return int(named[0][2]) - int(named[0][1])
