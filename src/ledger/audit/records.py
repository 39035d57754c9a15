"""What a record must be by itself: canonical JSON (RFC 8785), of a kind in the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from ledger.audit.report import Fault, Faulty, differing, shown
from ledger.canonical import canonical_json
from ledger.catalogue import KINDS
from ledger.domain.founding import LedgerFounded
from ledger.event import MAX_INTEGER, Actor

MEMBERS = 9
"""How many an envelope has: those that `_facts` reads."""
ACTOR = frozenset(Actor._fields)


class Facts(NamedTuple):
    """What an audit needs of a record beyond its bytes."""

    kind: str
    version: Any
    tags: list[str]
    id: bytes
    """16 bytes."""
    recorded_at: datetime
    body: dict[str, Any]


Examine = Callable[[int, bytes, str | None], Facts]
"""(position, record, the log's name if it is known) -> its facts; raises `Faulty`. The facts of
position 1 have the name as the `origin` of their body."""


def examine(position: int, record: bytes, origin: str | None) -> Facts:
    """The facts of a record; raises `Faulty`. Position 1 founds a ledger of the origin, if given.

    That the ledger accepted it is for a replay to say: here nothing is decided.
    """
    document = canonical(position, record)
    try:
        facts = _facts(document)
    except (AttributeError, LookupError, TypeError, ValueError):
        raise Faulty(Fault("the members of an envelope", shown(record), position)) from None
    # Of these orjson writes other bytes than RFC 8785 does. The rest of it is texts and a version.
    if not is_plain(facts.body):
        expected = "no fractions, no integers beyond 2**53, ASCII names"
        raise Faulty(Fault(expected, shown(record), position))
    _check_kind(position, facts.kind, facts.version)
    _check_founding(position, facts, origin)
    return facts


def canonical(position: int, record: bytes) -> Any:
    """The document of a record in canonical JSON; raises `Faulty`."""
    try:
        document = orjson.loads(record)
        again = canonical_json(document)
    except (ValueError, TypeError, RecursionError) as error:
        raise Faulty(Fault("a record in JSON", shown(str(error)), position)) from None
    if again != record:
        expected, found = differing(again, record)
        raise Faulty(Fault(f"canonical JSON, {expected}", found, position))
    return document


def _facts(document: Any) -> Facts:
    kind, version, identity = document["kind"], document["version"], document["id"]
    actor, body, cause = document["actor"], document["body"], document["cause"]
    tags, moment, occurred_at = document["tags"], document["recorded_at"], document["occurred_at"]
    if len(document) != MEMBERS or type(tags) is not list or type(body) is not dict:
        raise TypeError
    # Joined, for that fails on anything but texts.
    "".join((kind, occurred_at, "" if cause is None else cause, *tags))
    if actor.keys() != ACTOR or not "".join(actor.values()):
        raise ValueError
    known = bytes.fromhex(identity.replace("-", ""))
    if tags != sorted(set(tags)) or len(known) != 16 or len(identity) != 36:
        raise ValueError
    recorded_at = datetime.fromisoformat(moment)
    if not moment.endswith("Z") or recorded_at.tzinfo is None:
        raise ValueError
    return Facts(kind, version, tags, known, recorded_at, body)


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
