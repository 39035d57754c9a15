"""A store that fails on demand: before, during and after a commit, at the lock, while loading."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from enum import Enum, auto
from random import Random

from eventsourcing.dcb.api import DCBQuery

from ledger.store.contract import (
    Batch,
    Locked,
    OutcomeUnknown,
    RowRejected,
    Store,
    StoredEvent,
    StoreDown,
    Writer,
    nothing,
)


class Fault(Enum):
    """What happens instead of a plain success."""

    DOWN = auto()
    """The connection is lost before anything was done."""
    LOST_UNCOMMITTED = auto()
    """The connection is lost while committing; nothing was stored."""
    LOST_COMMITTED = auto()
    """The connection is lost while committing; all was stored."""


NextFault = Callable[[str], Fault | None]
"""Operation -> what befalls it this time."""


class ScriptedFaults:
    """Faults told in advance: for each operation, what befalls its next calls in turn."""

    def __init__(self, script: Mapping[str, Sequence[Fault | None]]) -> None:
        self._script = {operation: deque(faults) for operation, faults in script.items()}

    def __call__(self, operation: str) -> Fault | None:
        faults = self._script.get(operation)
        return faults.popleft() if faults else None


class SeededFaults:
    """Faults by chance: `rate` of all calls fail, and sometimes all of them for a while."""

    def __init__(self, random: Random, rate: float) -> None:
        self._random = random
        self._rate = rate
        self._down_calls = 0

    def __call__(self, operation: str) -> Fault | None:
        if self._down_calls:
            self._down_calls -= 1
            return Fault.DOWN
        if self._random.random() >= self._rate:
            return None
        if self._random.random() < 0.1:
            self._down_calls = self._random.randrange(1, 12)
        if operation == "commit":
            return self._random.choice(list(Fault))
        return Fault.DOWN

    def heal(self) -> None:
        """From now on nothing fails."""
        self._rate, self._down_calls = 0.0, 0


class FailingStore:
    """Another store, whose calls fail as they are told; several may wrap the same one.

    A record that contains one of the `poison` texts is rejected like a row that breaks a
    constraint. `clock_error` is added to the database's clock.
    """

    def __init__(self, inner: Store, next_fault: NextFault, poison: tuple[bytes, ...] = ()) -> None:
        self.inner = inner
        self.next_fault = next_fault
        self.poison = poison
        self.clock_error = timedelta()
        self.commits = 0

    def writer(self) -> FailingWriter:
        return FailingWriter(self, self.inner.writer())

    def size(self) -> int:
        self._may_fail("size")
        return self.inner.size()

    def read(
        self,
        query: DCBQuery | None = None,
        *,
        after: int = 0,
        limit: int | None = None,
        until: int | None = None,
    ) -> Iterator[StoredEvent]:
        self._may_fail("read")
        return self.inner.read(query, after=after, limit=limit, until=until)

    def newest(self, tag: str | None, *, before: int | None, limit: int) -> list[StoredEvent]:
        self._may_fail("newest")
        return self.inner.newest(tag, before=before, limit=limit)

    def wait(self, after: int, timeout_seconds: float) -> bool:
        return self.inner.wait(after, timeout_seconds)

    def close(self) -> None:
        self.inner.close()

    def _may_fail(self, operation: str) -> None:
        if self.next_fault(operation) is not None:
            raise StoreDown(f"as told, at {operation}")


class FailingWriter:
    """A writer of a failing store: with its connection goes its lock."""

    def __init__(self, store: FailingStore, inner: Writer) -> None:
        self._store = store
        self._inner = inner

    def lock(self, receipts: Sequence[bytes], delayed: Callable[[], None] = nothing) -> Locked:
        self._may_fail("lock")
        locked = self._inner.lock(receipts, delayed)
        return locked._replace(clock=locked.clock + self._store.clock_error)

    def after(self, position: int) -> list[StoredEvent]:
        self._may_fail("load")
        return self._inner.after(position)

    def tagged(self, tags: Sequence[str]) -> list[StoredEvent]:
        self._may_fail("load")
        return self._inner.tagged(tags)

    def last_positions(self, tags: Sequence[str]) -> dict[str, int]:
        self._may_fail("load")
        return self._inner.last_positions(tags)

    def matches(self, query: DCBQuery, after: int) -> bool:
        self._may_fail("load")
        return self._inner.matches(query, after)

    def stage(self, events: Sequence[StoredEvent]) -> None:
        self._may_fail("stage")
        self._inner.stage(events)

    def commit(self, batch: Batch, sent: Callable[[], None] = nothing) -> None:
        if any(text in event.record for event in batch.events for text in self._store.poison):
            self._inner.rollback()
            raise RowRejected("as told: a row breaks a constraint")
        fault = self._store.next_fault("commit")
        if fault is None or fault is Fault.LOST_COMMITTED:
            self._store.commits += 1
            self._inner.commit(batch, sent)
        else:
            self._inner.rollback()
        if fault is Fault.DOWN:
            raise StoreDown("as told, before the commit")
        if fault is not None:
            raise OutcomeUnknown("as told, while committing")

    def rollback(self) -> None:
        self._inner.rollback()

    def was_committed(self, batch_id: str) -> bool:
        self._may_fail("was_committed")
        return self._inner.was_committed(batch_id)

    def close(self) -> None:
        self._inner.close()

    def _may_fail(self, operation: str) -> None:
        if self._store.next_fault(operation) is not None:
            self._inner.rollback()
            raise StoreDown(f"as told, at {operation}")
