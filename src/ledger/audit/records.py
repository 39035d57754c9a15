"""What a record must be by itself: canonical JSON (RFC 8785), of a kind in the catalogue."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from ledger.audit.report import Fault, Faulty, differing, shown
from ledger.canonical import canonical_json
from ledger.catalogue import KINDS
from ledger.domain.founding import LedgerFounded
from ledger.event import MAX_INTEGER

ENVELOPE = frozenset(
    ("actor", "body", "cause", "id", "kind", "occurred_at", "recorded_at", "tags", "version")
)


class Facts(NamedTuple):
    """What an audit needs of a record beyond its bytes."""

    kind: str
    tags: list[str]
    id: bytes
    """16 bytes."""
    recorded_at: datetime
    body: dict[str, Any]


def examine(position: int, record: bytes, origin: str | None) -> Facts:
    """The facts of a record; raises `Faulty`. Position 1 founds a ledger of the origin, if given.

    That the ledger accepted it is for a replay to say: here nothing is decided.
    """
    document = _canonical(position, record)
    try:
        facts = _facts(document)
    except (AttributeError, LookupError, TypeError, ValueError):
        raise Faulty(
            Fault("a record with the envelope's members", shown(record), position)
        ) from None
    _check_kind(position, facts.kind, document["version"])
    _check_founding(position, facts, origin)
    return facts


def _canonical(position: int, record: bytes) -> Any:
    try:
        document = orjson.loads(record)
        again = canonical_json(document)
    except (ValueError, TypeError, RecursionError) as error:
        raise Faulty(Fault("a record in JSON", shown(str(error)), position)) from None
    if again != record:
        expected, found = differing(again, record)
        raise Faulty(Fault(f"canonical JSON, {expected}", found, position))
    # Of these orjson writes other bytes than RFC 8785 does.
    if not is_plain(document):
        expected = "no fractions, no integers beyond 2**53, ASCII names"
        raise Faulty(Fault(expected, shown(record), position))
    return document


def is_plain(value: Any) -> bool:
    """Whether orjson's sorted output of a JSON value is that of RFC 8785."""
    match value:
        case dict():
            return "".join(value).isascii() and _are_plain(value.values())
        case list():
            return _are_plain(value)
        case bool():
            return True
        case int():
            return -MAX_INTEGER <= value <= MAX_INTEGER
    return value is None or isinstance(value, str)


def _are_plain(values: Iterable[Any]) -> bool:
    # Most are texts: a call for each of them takes a third of an audit's time.
    return all(map(is_plain, [value for value in values if type(value) is not str]))


def _facts(document: Any) -> Facts:
    if document.keys() != ENVELOPE:
        raise LookupError
    tags, kind, moment = document["tags"], document["kind"], document["recorded_at"]
    if type(kind) is not str or type(tags) is not list or not moment.endswith("Z"):
        raise TypeError
    if tags != sorted(set(tags)) or not all(type(tag) is str for tag in tags):
        raise ValueError
    identity = bytes.fromhex(document["id"].replace("-", ""))
    if len(identity) != 16 or len(document["id"]) != 36:
        raise ValueError
    body = document["body"]
    if type(body) is not dict:
        raise TypeError
    return Facts(kind, tags, identity, datetime.fromisoformat(moment), body)


def _check_kind(position: int, kind: str, version: Any) -> None:
    cls = KINDS.get(kind)
    if cls is None:
        raise Faulty(Fault("a kind of the catalogue", shown(kind), position))
    if type(version) is not int or not 1 <= version <= cls.version:
        raise Faulty(Fault(f"a version of {kind} up to {cls.version}", shown(version), position))


def _check_founding(position: int, facts: Facts, origin: str | None) -> None:
    if (position == 1) != (facts.kind == LedgerFounded.kind):
        place = "at position 1 alone"
        raise Faulty(Fault(f"{LedgerFounded.kind} {place}", shown(facts.kind), position))
    if position == 1 and origin is not None and facts.body.get("origin") != origin:
        raise Faulty(Fault(f"a ledger of {origin}", shown(facts.body.get("origin")), position))
