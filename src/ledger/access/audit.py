"""What an entry of the access log must be by itself, for an audit of its rows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ledger.access import entries
from ledger.access.entries import day_of, day_tag
from ledger.audit.records import Facts, canonical
from ledger.audit.report import Fault, Faulty, shown
from ledger.canonical import instant

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


def _facts(position: int, record: bytes, document: Any) -> Facts:
    kind, version, identity, moment = (document[name] for name in ("kind", "version", "id", "at"))
    at = datetime.fromisoformat(moment)
    if at.tzinfo is None or instant(at.astimezone(UTC)) != moment:
        raise ValueError(moment)
    known = bytes.fromhex(identity.replace("-", ""))
    if version != entries.VERSION or len(known) != 16 or len(identity) != 36:
        raise ValueError(identity)
    tags = [day_tag(day_of(at))]
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
    if type(document["readings"]) is not int or not day < day_of(at):
        raise ValueError(document["day"])
    return day
