"""Folded states by tag: a cache bounded in bytes, and what a batch makes of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from ledger.canonical import instant
from ledger.refusals import Refusal
from ledger.store.contract import StoredEvent, Writer
from ledger.tlog.merkle import leaf_hash
from ledger.vault.sealing import SealedValue

C_contra = TypeVar("C_contra", contravariant=True)
_ENTRY_BYTES = 250  # an entry's share of the dict, its key and its node


class Unloaded:
    """The type of `UNLOADED`: nothing is known of a tag, not even that it has no history."""


UNLOADED: Final = Unloaded()


def estimate_bytes(state: Any) -> int:
    """About how much memory a frozen state holds, one level deep."""
    if isinstance(state, tuple):
        return sys.getsizeof(state) + sum(map(sys.getsizeof, state))
    return sys.getsizeof(state)


class StateCache:
    """tag -> state, the oldest evicted first. Owned by the sequencer's thread.

    A state is None where the tag has no history: that, too, is worth knowing. First in, first out
    costs nothing on a hit; what is evicted though it is needed comes back with the next load.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._states: dict[str, Any] = {}
        self._sizes: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._states)

    def __contains__(self, tag: str) -> bool:
        return tag in self._states

    def get(self, tag: str) -> Any:
        """The state, or `UNLOADED`."""
        return self._states.get(tag, UNLOADED)

    def put(self, tag: str, state: Any) -> None:
        """Keeps the state; the bound is kept by `evict`."""
        if self._states.get(tag) is None:  # new, or its first event: later ones change it little
            size = _ENTRY_BYTES + estimate_bytes(state)
            self._bytes += size - self._sizes.get(tag, 0)
            self._sizes[tag] = size
        self._states[tag] = state

    def evict(self) -> None:
        """Drops the oldest entries when the bound is passed: never in the middle of a batch.

        A tag evicted and loaded again within a batch would lack the events not yet committed.
        """
        if self._bytes <= self._max_bytes:
            return
        target = self._max_bytes - self._max_bytes // 8
        for tag in list(self._states):
            if self._bytes <= target:
                return
            del self._states[tag]
            self._bytes -= self._sizes.pop(tag)

    def clear(self) -> None:
        """Forgets everything: after a failed commit the states are ahead of the log."""
        self._states.clear()
        self._sizes.clear()
        self._bytes = 0


class NewEvent(NamedTuple):
    """An accepted event on its way into the log; `fact` is what folds take."""

    stored: StoredEvent
    sealed: tuple[SealedValue, ...]
    fact: Any


class Decider(Protocol[C_contra]):
    """How one kind of content is decided: the domain's proposals, or plain DCB conditions."""

    def boundary(self, content: C_contra, state: Callable[[str], Any]) -> Iterable[str]:
        """The tags that `decide` will read, as far as is known; to load them in one query."""

    def load(self, writer: Writer, tags: list[str]) -> Mapping[str, Any]:
        """The states of the tags from their whole committed history."""

    def fact(self, event: StoredEvent) -> Any:
        """What folds take of a stored event."""

    def evolve(self, state: Any, tag: str, fact: Any) -> Any:
        """The state after one more event that carries the tag."""

    def decide(self, content: C_contra, view: View) -> Refusal | None:
        """Accepts events through `view.accept`, or says why not: then all of them are undone."""


class View:
    """The states as of one moment in a batch: what is committed, and what it has accepted.

    `keep` or `undo` ends each submission. `prefetch`, called once when a state is first missing,
    loads what the rest of the batch will read, in one query.
    """

    def __init__(
        self, cache: StateCache, decider: Decider[Any], writer: Writer, size: int, at: datetime
    ) -> None:
        self.at = at
        self.stamp = instant(at)
        self.size = size
        self.writer = writer
        self.accepted: list[NewEvent] = []
        self.prefetch: Callable[[], None] | None = None
        self._kept = 0
        self._cache = cache
        self._decider = decider
        self._overlay: dict[str, Any] = {}

    def peek(self, tag: str) -> Any:
        """The state if it is in memory, else `UNLOADED`."""
        if self._overlay and tag in self._overlay:
            return self._overlay[tag]
        return self._cache.get(tag)

    def state(self, tag: str) -> Any:
        """The state, loaded where it is not in memory; None where the tag has no history."""
        state = self.peek(tag)
        if state is not UNLOADED:
            return state
        if self.prefetch is not None:
            prefetch, self.prefetch = self.prefetch, None
            prefetch()
        if self.peek(tag) is UNLOADED:
            self.load([tag])
        return self.peek(tag)

    def load(self, tags: list[str]) -> None:
        """Loads tags in one query and adds what this batch has accepted for them."""
        for tag, committed in self._decider.load(self.writer, tags).items():
            state = self._evolved(committed, tag, self.accepted[: self._kept])
            self._cache.put(tag, state)
            pending = self.accepted[self._kept :]
            if any(tag in event.stored.tags for event in pending):
                self._overlay[tag] = self._evolved(state, tag, pending)

    def _evolved(self, committed: Any, tag: str, events: list[NewEvent]) -> Any:
        state = committed
        for event in events:
            if tag in event.stored.tags:
                state = self._decider.evolve(state, tag, event.fact)
        return state

    def accept(
        self,
        kind: str,
        tags: tuple[str, ...],
        record: bytes,
        fact: Any,
        *,
        sealed: tuple[SealedValue, ...] = (),
        fresh_tag: str | None = None,
    ) -> None:
        """Takes in the next event. A fresh tag's id was minted just now: it has no history."""
        self.size += 1
        stored = StoredEvent(self.size, kind, tags, record, leaf_hash(record))
        self.accepted.append(NewEvent(stored, sealed, fact))
        for tag in tags:
            state = None if tag == fresh_tag else self.peek(tag)
            if state is not UNLOADED:
                self._overlay[tag] = self._decider.evolve(state, tag, fact)

    def keep(self) -> None:
        """The submission stands."""
        for tag, state in self._overlay.items():
            self._cache.put(tag, state)
        self._overlay.clear()
        self._kept = len(self.accepted)

    def undo(self) -> None:
        """The submission is refused: nothing of it was."""
        self._overlay.clear()
        self.size -= len(self.accepted) - self._kept
        del self.accepted[self._kept :]
