"""The log out of segments, and out of the database what they do not have yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import orjson
import pyarrow as pa
from eventsourcing.dcb.api import DCBQuery
from pyarrow import parquet

from ledger.segments.files import Segment, SegmentError, segments_in
from ledger.store.contract import Log, StoredEvent, matches
from ledger.tlog.merkle import Frontier, leaf_hash

FEW_EVENTS = 100


class SegmentLog:
    """A log that lies in a directory of segments; each is checked against its root as it is read.

    With a log behind it, that one has what the segments lack, and their last records must be its
    own; raises `SegmentError` otherwise.
    """

    def __init__(
        self, directory: Path, behind: Log | None = None, origin: str | None = None
    ) -> None:
        self._directory = directory
        self._segments: Sequence[Segment] = segments_in(directory)
        self._behind = behind
        if origin is not None and self._segments and self._segments[0].origin != origin:
            raise SegmentError(f"{directory}: of {self._segments[0].origin}, not of {origin}")
        if behind is not None:
            self._compare(behind)

    @property
    def sealed(self) -> int:
        """The last position that is in a segment."""
        return self._segments[-1].last if self._segments else 0

    def size(self) -> int:
        """The last position, 0 for an empty log."""
        return self.sealed if self._behind is None else self._behind.size()

    def read(
        self,
        query: DCBQuery | None = None,
        *,
        after: int = 0,
        limit: int | None = None,
        until: int | None = None,
    ) -> Iterator[StoredEvent]:
        """Events in order, `after` < position <= `until`; raises `SegmentError`.

        A few are asked of the log behind: a segment is checked as a whole, for one event too.
        """
        if self._behind is not None and limit is not None and limit <= FEW_EVENTS:
            return self._behind.read(query, after=after, limit=limit, until=until)
        return islice(self._all(query, after, self.size() if until is None else until), limit)

    def _all(self, query: DCBQuery | None, after: int, until: int) -> Iterator[StoredEvent]:
        for segment in self._segments:
            if segment.last > after and segment.first <= until:
                for event in checked(segment):
                    if after < event.position <= until and (
                        query is None or matches(query, event.kind, {*event.tags})
                    ):
                        yield event
        if self._behind is not None and until > self.sealed:
            yield from self._behind.read(query, after=max(after, self.sealed), until=until)

    def _compare(self, behind: Log) -> None:
        size = behind.size()
        for segment in self._segments:
            if segment.last > size:
                raise SegmentError(f"{segment.path}: reaches beyond the log, which ends at {size}")
            (stored,) = behind.read(after=segment.last - 1, limit=1)
            if stored.record != _last_record(segment):
                raise SegmentError(f"{segment.path}: its last record is not that of this ledger")


def checked(segment: Segment) -> Iterator[StoredEvent]:
    """The events of a segment; the last one comes only if all of them have the segment's root."""
    frontier, previous, position = Frontier(), None, segment.first
    try:
        with parquet.ParquetFile(segment.path) as file:
            for batch in file.iter_batches(columns=["position", "kind", "record"]):
                rows = zip(*(column.to_pylist() for column in batch.columns), strict=True)
                for found, kind, record in rows:
                    if found != position:
                        raise SegmentError(f"{segment.path}: position {position} is missing")
                    if previous is not None:
                        yield previous
                    leaf = leaf_hash(record)
                    frontier.append(leaf)
                    previous = StoredEvent(position, kind, _tags(segment, record), record, leaf)
                    position += 1
    except (OSError, pa.ArrowException) as error:
        raise SegmentError(f"{segment.path}: cannot be read: {error}") from error
    if frontier.root() != segment.root or previous is None:
        raise SegmentError(f"{segment.path}: its records do not have the root that it names")
    yield previous


def _tags(segment: Segment, record: bytes) -> tuple[str, ...]:
    try:
        return tuple(orjson.loads(record)["tags"])
    except (orjson.JSONDecodeError, LookupError, TypeError) as error:
        raise SegmentError(f"{segment.path}: a record is none: {error}") from error


def _last_record(segment: Segment) -> bytes:
    try:
        with parquet.ParquetFile(segment.path) as file:
            group = file.read_row_group(file.num_row_groups - 1, columns=["record"])
    except (OSError, pa.ArrowException) as error:
        raise SegmentError(f"{segment.path}: cannot be read: {error}") from error
    record: bytes = group.column("record")[-1].as_py()
    return record
