"""What holds across records: no event twice, and time that never goes back."""

from __future__ import annotations

from datetime import UTC, datetime

from ledger.audit.report import Fault, Faulty
from ledger.canonical import instant

ID_BYTES = 16
LONG_AGO = datetime.min.replace(tzinfo=UTC)


class History:
    """All event ids so far, about 100 bytes of memory for each, and the last recorded_at."""

    def __init__(self) -> None:
        self._ids: set[bytes] = set()
        self._recorded_at = LONG_AGO

    def take_ids(self, first: int, ids: bytes) -> None:
        """The ids of the events from position `first` on, side by side; raises `Faulty`."""
        known = self._ids
        for position, at in enumerate(range(0, len(ids), ID_BYTES), first):
            identity = ids[at : at + ID_BYTES]
            before = len(known)
            known.add(identity)
            if len(known) == before:
                expected = "an event with an id of its own"
                raise Faulty(Fault(expected, f"the id {identity.hex()} once more", position))

    def take_time(self, position: int, first: datetime, last: datetime) -> None:
        """The times of the first and the last of some events in order; raises `Faulty`."""
        in_order(position, self._recorded_at, first)
        self._recorded_at = last


def in_order(position: int, before: datetime, recorded_at: datetime) -> datetime:
    """The time of an event, which is not before that of the event before it; raises `Faulty`."""
    if recorded_at < before:
        expected = f"recorded_at not before {instant(before)}"
        raise Faulty(Fault(expected, instant(recorded_at), position))
    return recorded_at
