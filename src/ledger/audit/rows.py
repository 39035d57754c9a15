"""Audits a live database: every column of every row against the records and what was signed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from ledger.audit.history import History
from ledger.audit.kept_tiles import KeptTile, KeptTiles
from ledger.audit.records import Examine, Facts, examine
from ledger.audit.report import Fault, Faulty, Progress, Report, shown
from ledger.store.contract import StoredEvent
from ledger.tlog.merkle import Frontier, leaf_hash
from ledger.tlog.note import encode_base64
from ledger.tlog.tower import Tower

_TOLD_EVENTS = 4_096


class BatchRow(NamedTuple):
    """A row of `batch`; a column that holds no such value at all is None."""

    first: int
    last: int
    recorded_at: datetime | None
    frontier: bytes


def audit_rows(
    rows: Iterable[StoredEvent],
    batches: Iterable[BatchRow],
    tiles: Iterable[KeptTile],
    trusted: Sequence[tuple[int, bytes]],
    receipts: Mapping[int, bytes],
    *,
    origin: str | None = None,
    examined: Examine = examine,
    progress: Progress = lambda done, total: None,
) -> Report:
    """Reads a whole log once and ends at the first fault.

    `rows` by position, `batches` by last position, `tiles` by level and index; all from one
    snapshot. `trusted` is (size, root) of checkpoints that the auditor kept, `receipts` position ->
    leaf hash from answers to proposers: these alone find what was rewritten consistently.
    `examined` says what the records of this log must be. Raises what reading the rows raises.
    """
    began = time.monotonic()
    largest = max((size for size, _ in trusted), default=0)
    log = _Log(batches, KeptTiles(tiles, largest), trusted, receipts, origin, examined)
    fault = None
    try:
        log.meet()
        for row in rows:
            log.take(row)
            if log.size % _TOLD_EVENTS == 0:
                progress(log.size, max(largest, log.size))
        log.finish()
    except Faulty as faulty:
        fault = faulty.fault
    seconds = time.monotonic() - began
    return Report(
        "the database",
        log.origin,
        log.size,
        log.root,
        (),
        (),
        tuple(log.met),
        log.size,
        seconds,
        fault,
    )


class _Log:
    """What is known of the log so far."""

    def __init__(
        self,
        batches: Iterable[BatchRow],
        tiles: KeptTiles,
        trusted: Sequence[tuple[int, bytes]],
        receipts: Mapping[int, bytes],
        origin: str | None,
        examined: Examine,
    ) -> None:
        self.origin = origin
        self._examined = examined
        self.met: list[int] = []
        self._batches = iter(batches)
        self._batch = BatchRow(0, 0, None, b"")
        self._tiles = tiles
        self._trusted = sorted(trusted)
        self._receipts = receipts
        self._history = History()
        self._frontier = Frontier()
        self._tower = Tower()

    @property
    def size(self) -> int:
        """How many events were taken in."""
        return self._frontier.size

    @property
    def root(self) -> bytes:
        """The tree hash of all of them."""
        return self._frontier.root()

    def meet(self) -> None:
        """Holds the tree to the roots that are trusted at its size."""
        while self._trusted and self._trusted[0][0] <= self.size:
            size, root = self._trusted.pop(0)
            found = self.root
            if size != self.size or found != root:
                before = self.met[-1] if self.met else 0
                where = f"something of the positions {before + 1} to {size} is not what it was"
                expected = f"the root {encode_base64(root)} at size {size}"
                raise _fault(expected, f"{encode_base64(found)}: {where}", None)
            self.met.append(size)

    def take(self, row: StoredEvent) -> None:
        """The next row; raises `Faulty`."""
        position = self.size + 1
        if row.position != position:
            raise _fault("an event", f"position {row.position} next", position)
        leaf = leaf_hash(row.record)
        if row.leaf != leaf:
            raise _fault(f"the leaf {leaf.hex()}", row.leaf.hex(), position)
        facts = self._examined(position, row.record, self.origin)
        if position == 1:
            self.origin = str(facts.body.get("origin"))
        _check_columns(row, facts)
        self._history.take_time(position, facts.recorded_at, facts.recorded_at)
        self._history.take_ids(position, facts.id)
        receipt = self._receipts.get(position, leaf)
        if receipt != leaf:
            raise _fault(f"the leaf {receipt.hex()} of a receipt", leaf.hex(), position)
        self._frontier.append(leaf)
        self._check_batch(position, facts)
        self.meet()
        for built in self._tower.add(leaf):
            self._tiles.meet(built)

    def finish(self) -> None:
        """After the last row: that nothing else speaks of more; raises `Faulty`."""
        after = self.size + 1
        if self._batch.last > self.size:
            raise _fault(f"events to {self._batch.last}, as the batch says", "none", after)
        following = next(self._batches, None)
        if following is not None:
            raise _fault(f"events to {following.last}, as a batch says", "none", after)
        if self._trusted:
            size = self._trusted[-1][0]
            raise _fault(f"the {size} events of a checkpoint", f"{self.size}", after)
        beyond = [position for position in self._receipts if position > self.size]
        if beyond:
            raise _fault(f"events to {max(beyond)}, by its receipt", f"{self.size}", after)
        self._tiles.finish()

    def _check_batch(self, position: int, facts: Facts) -> None:
        if position > self._batch.last:
            self._batch = self._next_batch(position)
        _, last, recorded_at, frontier = self._batch
        if recorded_at != facts.recorded_at:
            expected = f"a batch of {facts.recorded_at}"
            raise _fault(expected, shown(str(recorded_at), quoted=False), position, "batch")
        if position == last and frontier != self._frontier.to_bytes():
            expected = self._frontier.to_bytes().hex()
            raise _fault(f"the frontier {expected}", shown(frontier.hex()), position, "batch")

    def _next_batch(self, position: int) -> BatchRow:
        batch = next(self._batches, None)
        if batch is None:
            raise _fault("a batch with this event", "none", position, "batch")
        if batch.first != position or batch.last < position:
            found = f"one of {batch.first} to {batch.last}"
            raise _fault("a batch that begins with this event", found, position, "batch")
        return batch


def _check_columns(row: StoredEvent, facts: Facts) -> None:
    if row.kind != facts.kind:
        raise _fault(f"the kind {facts.kind}, as in the record", shown(row.kind), row.position)
    # An array may hold NULLs or rows of its own: anything but the same texts is wrong.
    if list[Any](row.tags) != facts.tags:
        expected = f"the tags {shown(facts.tags)}, as in the record"
        raise _fault(expected, shown(list(row.tags)), row.position)


def _fault(expected: str, found: str, position: int | None, table: str = "event") -> Faulty:
    return Faulty(Fault(expected, found, position, table))
