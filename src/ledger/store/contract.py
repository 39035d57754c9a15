"""What every store of events does: the contract that PostgresStore and MemoryStore both keep."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from eventsourcing.dcb.api import DCBQuery

from ledger.vault.sealing import SealedValue

PAGE_EVENTS = 10_000
"""How many events a store reads at once."""
LOCK_PATIENCE_SECONDS = 0.005
"""How long a writer waits for the lock before it says that it is delayed."""


class StoredEvent(NamedTuple):
    """One event as it lies in the log, opaque: nothing here knows what the record says."""

    position: int
    kind: str
    tags: tuple[str, ...]
    record: bytes
    leaf: bytes
    """SHA-256(0x00 || record), 32 bytes."""


class Receipt(NamedTuple):
    """What remembers an answered submission, so that asking again gets the same answer.

    `digest` (16 bytes) names the principal and the idempotency key, `fingerprint` (32 bytes) is
    an HMAC of the body under a key outside the database.
    """

    digest: bytes
    fingerprint: bytes


class FoundReceipt(NamedTuple):
    """A receipt as stored: the positions of the events that the submission became."""

    fingerprint: bytes
    first: int
    last: int


class Locked(NamedTuple):
    """What the log looks like to the holder of its lock."""

    size: int
    """The last position; 0 for an empty log."""
    recorded_at: datetime | None
    """The time of the last batch."""
    frontier: bytes
    """`Frontier.to_bytes` of all leaves."""
    clock: datetime
    """The database's clock, read after the lock was taken."""
    receipts: Mapping[bytes, FoundReceipt]


class Batch(NamedTuple):
    """What one transaction adds to the log."""

    batch_id: str
    """A UUID; by it a commit of unknown outcome is settled."""
    recorded_at: datetime
    events: Sequence[StoredEvent]
    """All of them, those already staged among them."""
    frontier: bytes
    sealed: Sequence[tuple[int, SealedValue]]
    receipts: Sequence[tuple[Receipt, int, int]]


class StoreDown(Exception):
    """The database cannot be reached; nothing of the batch was stored."""


class OutcomeUnknown(Exception):
    """The connection was lost while committing: ask `was_committed`."""


class RowRejected(Exception):
    """The database refused a row of the batch; nothing of it was stored."""


def nothing() -> None:
    """What there is to do meanwhile, where there is nothing."""


class Writer(Protocol):
    """The one that appends: a transaction under the log's lock. Owned by one thread."""

    def lock(self, receipts: Sequence[bytes], delayed: Callable[[], None] = nothing) -> Locked:
        """Takes the lock, then reads head, clock and the receipts of these digests.

        `delayed` is called, once, when somebody else holds the lock for `LOCK_PATIENCE_SECONDS`.
        """

    def after(self, position: int) -> list[StoredEvent]:
        """The events after a position, under the lock or not."""

    def tagged(self, tags: Sequence[str]) -> list[StoredEvent]:
        """The events that carry at least one of the tags, in order."""

    def last_positions(self, tags: Sequence[str]) -> dict[str, int]:
        """The last position that carries each tag; 0 for none."""

    def matches(self, query: DCBQuery, after: int) -> bool:
        """Whether an event after the position matches the query."""

    def stage(self, events: Sequence[StoredEvent]) -> None:
        """Hands over the next events of the batch that `commit` will store, so that the database
        works on them while the caller decides on others. Raises as `commit` does."""

    def commit(self, batch: Batch, sent: Callable[[], None] = nothing) -> None:
        """Stores the batch durably and gives the lock up; `sent` is called while it is waited for.

        Raises `RowRejected` or `StoreDown` (nothing stored), or `OutcomeUnknown`.
        """

    def rollback(self) -> None:
        """Gives the lock up with nothing stored; never raises."""

    def was_committed(self, batch_id: str) -> bool:
        """Whether the batch is in the log, asked under the lock: no older commit is in flight."""

    def close(self) -> None:
        """Gives up the connection; never raises."""


class Log(Protocol):
    """What can be read of a log of opaque events, wherever it lies."""

    def size(self) -> int:
        """The last position, 0 for an empty log. Raises `StoreDown`."""

    def read(
        self,
        query: DCBQuery | None = None,
        *,
        after: int = 0,
        limit: int | None = None,
        until: int | None = None,
    ) -> Iterator[StoredEvent]:
        """Events in order, `after` < position <= `until`, page by page; the log never has gaps."""


class Store(Log, Protocol):
    """A log to which one writer at a time appends, while readers share it."""

    def writer(self) -> Writer:
        """A new writer; it connects when it is first used."""

    def newest(self, tag: str | None, *, before: int | None, limit: int) -> list[StoredEvent]:
        """Events that carry the tag (all, for none), from the newest back; `before` a position."""

    def wait(self, after: int, timeout_seconds: float) -> bool:
        """Blocks until there is an event after the position (True), or the time is over."""

    def close(self) -> None:
        """Gives up every connection."""


def matches(query: DCBQuery | None, kind: str, tags: frozenset[str] | set[str]) -> bool:
    """Whether an event matches: any item whose kinds (if any) and tags (all) it carries."""
    if query is None or not query.items:
        return True
    return any(
        (not item.types or kind in item.types) and tags.issuperset(item.tags)
        for item in query.items
    )
