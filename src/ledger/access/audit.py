"""What an entry of the access log must be by itself, for an audit of its rows."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ledger.access import entries
from ledger.access.entries import day_tag
from ledger.audit.records import Examine, Facts, canonical
from ledger.audit.report import Fault, Faulty, shown
from ledger.canonical import instant
from ledger.clocks import local_day

_MEMBERS = {
    entries.OPENED: {"at", "id", "kind", "origin", "version"},
    entries.DAY_ENDED: {"at", "day", "id", "kind", "readings", "version"},
}


def examine_entry(position: int, record: bytes, origin: str | None) -> Facts:
    """The facts of an entry, its tags as they follow from it; raises `Faulty`."""
    document = canonical(position, record)
    try:
        facts = _facts(position, record, document)
    except (AttributeError, LookupError, TypeError, ValueError):
        expected = "an entry of an access log"
        raise Faulty(Fault(expected, shown(record), position)) from None
    if (position == 1) != (facts.kind == entries.OPENED):
        expected = f"{entries.OPENED} at position 1 alone"
        raise Faulty(Fault(expected, shown(facts.kind), position))
    if position == 1 and origin is not None and facts.body["origin"] != origin:
        expected = f"the access log {origin}"
        raise Faulty(Fault(expected, shown(facts.body["origin"]), position))
    return facts


def examiner() -> Examine:
    """Examines a whole log from its first entry on, the counts and the order of its days too."""
    days = _Days()

    def examined(position: int, record: bytes, origin: str | None) -> Facts:
        facts = examine_entry(position, record, origin)
        days.take(position, facts)
        return facts

    return examined


class _Days:
    """How many readings there are of each day that has no end yet, and which day ends next."""

    def __init__(self) -> None:
        self._readings: Counter[date] = Counter()
        self._next: date | None = None

    def take(self, position: int, facts: Facts) -> None:
        """The next entry; raises `Faulty`."""
        day = local_day(facts.recorded_at)
        match facts.kind:
            case entries.OPENED:
                self._next = day
            case entries.READ:
                self._readings[day] += 1
            case entries.DAY_ENDED:
                self._end(position, facts.body)

    def _end(self, position: int, body: dict[str, Any]) -> None:
        day, count = date.fromisoformat(body["day"]), body["readings"]
        if day != self._next:
            raise Faulty(Fault(f"the end of {self._next}", f"that of {day}", position))
        readings = self._readings.pop(day, 0)
        if count != readings:
            raise Faulty(Fault(f"{readings} readings on {day}", f"{count} said", position))
        self._next = day + timedelta(days=1)


def _facts(position: int, record: bytes, document: Any) -> Facts:
    kind, version, identity, moment = (document[name] for name in ("kind", "version", "id", "at"))
    at = datetime.fromisoformat(moment)
    if at.tzinfo is None or instant(at.astimezone(UTC)) != moment:
        raise ValueError(moment)
    known = bytes.fromhex(identity.replace("-", ""))
    if version != entries.VERSION or len(known) != 16 or len(identity) != 36:
        raise ValueError(identity)
    tags = [day_tag(local_day(at))]
    match kind:
        case entries.READ:
            tags = sorted([*entries.reading_of(position, record).reading.tags(), *tags])
        case entries.OPENED if document.keys() == _MEMBERS[kind]:
            "".join(document["origin"])  # fails on anything but a text
        case entries.DAY_ENDED if document.keys() == _MEMBERS[kind]:
            tags = [day_tag(_ended(document, at))]
        case _:
            raise ValueError(kind)
    return Facts(kind, version, tags, known, at, document)


def _ended(document: dict[str, Any], at: datetime) -> Any:
    day = datetime.strptime(document["day"], "%Y-%m-%d").date()  # noqa: DTZ007 - a day alone
    if type(document["readings"]) is not int or not day < local_day(at):
        raise ValueError(document["day"])
    return day
