"""The log in memory: for tests and trials, held to the same contract as PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from eventsourcing.dcb.api import DCBQuery

from ledger.store.contract import (
    LOCK_PATIENCE_SECONDS,
    Batch,
    FoundReceipt,
    Locked,
    StoredEvent,
    matches,
    nothing,
)
from ledger.vault.sealing import SealedValue


class MemoryStore:
    """Keeps the log in lists; threads share it, processes do not, and it ends with its process."""

    def __init__(self) -> None:
        self.events: list[StoredEvent] = []
        self.sealed: dict[tuple[int, str], SealedValue] = {}
        self.receipts: dict[bytes, FoundReceipt] = {}
        self.batches: dict[str, Batch] = {}
        self.last_batch: Batch | None = None
        self.append_lock = threading.Lock()
        self.appended = threading.Condition()
        self.closed = False

    def writer(self) -> MemoryWriter:
        return MemoryWriter(self)

    def size(self) -> int:
        return len(self.events)

    def read(
        self,
        query: DCBQuery | None = None,
        *,
        after: int = 0,
        limit: int | None = None,
        until: int | None = None,
    ) -> Iterator[StoredEvent]:
        end = len(self.events) if until is None else min(until, len(self.events))
        left = end if limit is None else limit
        for event in self.events[after:end]:
            if left <= 0:
                return
            if matches(query, event.kind, set(event.tags)):
                left -= 1
                yield event

    def newest(self, tag: str | None, *, before: int | None, limit: int) -> list[StoredEvent]:
        older = self.events[: len(self.events) if before is None else max(before - 1, 0)]
        found = [event for event in reversed(older) if tag is None or tag in event.tags]
        return found[:limit]

    def wait(self, after: int, timeout_seconds: float) -> bool:
        with self.appended:
            self.appended.wait_for(lambda: len(self.events) > after or self.closed, timeout_seconds)
            return len(self.events) > after

    def close(self) -> None:
        with self.appended:
            self.closed = True
            self.appended.notify_all()


class MemoryWriter:
    """Appends to a `MemoryStore` under its lock."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._locked = False

    def lock(self, receipts: Sequence[bytes], delayed: Callable[[], None] = nothing) -> Locked:
        if not self._store.append_lock.acquire(timeout=LOCK_PATIENCE_SECONDS):
            delayed()
            self._store.append_lock.acquire()
        self._locked = True
        store, last = self._store, self._store.last_batch
        return Locked(
            len(store.events),
            last.recorded_at if last else None,
            last.frontier if last else b"",
            datetime.now(UTC),
            {digest: store.receipts[digest] for digest in receipts if digest in store.receipts},
        )

    def after(self, position: int) -> list[StoredEvent]:
        return self._store.events[position:]

    def tagged(self, tags: Sequence[str]) -> list[StoredEvent]:
        wanted = set(tags)
        return [event for event in self._store.events if not wanted.isdisjoint(event.tags)]

    def last_positions(self, tags: Sequence[str]) -> dict[str, int]:
        last = dict.fromkeys(tags, 0)
        for event in self._store.events:
            for tag in event.tags:
                if tag in last:
                    last[tag] = event.position
        return last

    def matches(self, query: DCBQuery, after: int) -> bool:
        return next(self._store.read(query, after=after, limit=1), None) is not None

    def stage(self, events: Sequence[StoredEvent]) -> None:
        pass

    def commit(self, batch: Batch, sent: Callable[[], None] = nothing) -> None:
        sent()
        store = self._store
        with store.appended:
            store.sealed.update({(at, value.place.field): value for at, value in batch.sealed})
            store.receipts.update(
                {
                    receipt.digest: FoundReceipt(receipt.fingerprint, first, last)
                    for receipt, first, last in batch.receipts
                }
            )
            store.batches[batch.batch_id] = store.last_batch = batch
            store.events.extend(batch.events)
            store.appended.notify_all()
        self.rollback()

    def rollback(self) -> None:
        if self._locked:
            self._locked = False
            self._store.append_lock.release()

    def was_committed(self, batch_id: str) -> bool:
        with self._store.append_lock:
            return batch_id in self._store.batches

    def close(self) -> None:
        self.rollback()
