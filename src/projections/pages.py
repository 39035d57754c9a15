"""The log page by page, each event decoded once and dealt to the projections that use its kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from ledger.catalogue import UnknownKind
from ledger.store.contract import StoredEvent
from projections import decoding
from projections import reference as town
from projections.decoding import Decoder
from projections.folding import Given
from projections.projection import Projection
from projections.reference import Reference

_REFERENCE_KINDS = frozenset(cls.kind for cls in town.KINDS)


class Failure(NamedTuple):
    """What stopped a projection, and the position of the event that did."""

    position: int
    reason: str


def failure(position: int, error: Exception) -> Failure:
    """A failure in the words that everybody sees; never a value of the event."""
    return Failure(position, f"event {position}: {type(error).__name__}: {error}"[:1000])


class Page:
    """Some events of the log, one after the other."""

    def __init__(
        self,
        stored: Sequence[StoredEvent],
        events: Mapping[str, list[Given]],
        unread: Sequence[tuple[str, Failure]],
        reference: Reference,
    ) -> None:
        self.first, self.last = stored[0].position, stored[-1].position
        self.reference = reference
        """As of the last event."""
        self._stored = stored
        self._events = events
        self._unread = unread

    def recorded_at(self, position: int) -> datetime:
        """When the event at a position of this page was recorded."""
        return decoding.recorded_at(self._stored[position - self.first].record)

    def of(self, projection: Projection, after: int) -> tuple[list[Given], Failure | None]:
        """The events of the projection's kinds behind a position.

        They end before the first that it needs and that this code cannot read: the failure.
        """
        events = self._events[projection.name]
        unread = None
        if self._unread:
            needed = projection.kinds | _REFERENCE_KINDS
            unread = next((f for k, f in self._unread if k in needed and f.position > after), None)
        if unread is None and after < self.first:
            return events, None
        end = self.last if unread is None else unread.position - 1
        return [given for given in events if after < given[0].position <= end], unread


class Pages:
    """Makes pages for some projections."""

    def __init__(self, projections: Sequence[Projection]) -> None:
        self._projections = tuple(projections)
        self._kinds = _REFERENCE_KINDS.union(*(one.kinds for one in projections))
        self._decoder = Decoder(self._kinds)

    def page(self, stored: Sequence[StoredEvent], reference: Reference) -> Page:
        """The page of these events (at least one); `reference` is as of the event before them."""
        events: dict[str, list[Given]] = {one.name: [] for one in self._projections}
        dealt = {
            kind: tuple(events[one.name] for one in self._projections if kind in one.kinds)
            for kind in self._kinds
        }
        unread: list[tuple[str, Failure]] = []
        decode = self._decoder.decode
        for one in stored:
            try:
                recorded = decode(one)
            except (UnknownKind, ValueError, LookupError, TypeError) as error:
                unread.append((one.kind, failure(one.position, error)))
                continue
            if recorded is None:
                continue
            if one.kind in _REFERENCE_KINDS:
                reference = town.evolve(reference, recorded)
            given = (recorded, reference)
            for hand in dealt[one.kind]:
                hand.append(given)
        return Page(stored, events, unread, reference)
