"""The catalogue: every kind by its stored name, how it is parsed, upcast, folded and described."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

import orjson

from ledger.domain import founding, log_keys
from ledger.domain.cooperation import lists, matches, projects
from ledger.domain.disclosure import corrections, disclosure_objections, disclosures
from ledger.domain.honours import appeals, commendation, periods, rankings
from ledger.domain.love_bank import accounts, deeds, objections, points, publicity, rewards
from ledger.domain.money import budgets, donation_uses, donations, spending
from ledger.domain.participation import interaction, pairings, six_steps
from ledger.domain.privacy import consent, erasure, personal_data
from ledger.domain.requests import (
    closing,
    dispatching,
    dockets,
    exclusions,
    handling,
    intake,
    ratings,
    supervision,
)
from ledger.domain.rules import calendars, rules
from ledger.domain.services import (
    agents,
    applications,
    bookings,
    items,
    service_promises,
    venues,
    windows,
)
from ledger.domain.town import grid, members, organisations, people, regrouping
from ledger.domain.volunteering import assistance, joint_action, orders, posts
from ledger.domain.whistles import blowing, summons
from ledger.event import Actor, Event, Fold, Recorded, personal_fields

AREAS = (
    founding,
    organisations,
    people,
    members,
    grid,
    regrouping,
    rules,
    calendars,
    intake,
    dispatching,
    handling,
    supervision,
    closing,
    ratings,
    exclusions,
    blowing,
    summons,
    dockets,
    log_keys,
    accounts,
    deeds,
    publicity,
    objections,
    points,
    rewards,
    budgets,
    spending,
    periods,
    rankings,
    appeals,
    commendation,
    donations,
    donation_uses,
    interaction,
    six_steps,
    pairings,
    agents,
    service_promises,
    venues,
    orders,
    posts,
    assistance,
    joint_action,
    projects,
    lists,
    windows,
    items,
    bookings,
    applications,
    disclosures,
    corrections,
    disclosure_objections,
    matches,
    consent,
    personal_data,
    erasure,
)
"""A new business area is one name here; a new kind is none."""

KINDS: Mapping[str, type[Event]] = MappingProxyType(
    {cls.kind: cls for area in AREAS for cls in area.KINDS}
)


def _folds() -> dict[tuple[str, str], Fold]:
    folds: dict[tuple[str, str], Fold] = {}
    for area in AREAS:
        for tag_type, (fold, kinds) in area.FOLDS.items():
            for cls in kinds:
                if (tag_type, cls.kind) in folds:
                    raise TypeError(f"two folds of {cls.kind} for tags of type {tag_type}")
                folds[tag_type, cls.kind] = fold
    return folds


_FOLDS: Mapping[tuple[str, str], Fold] = MappingProxyType(_folds())
"""(tag type, kind) -> the function that folds such an event into the state of such a tag."""

FOLDED: frozenset[str] = frozenset(tag_type for tag_type, _ in _FOLDS)
"""The types of tag whose histories decisions read; other tags are lineage alone."""


class UnknownKind(Exception):
    """No kind of this name, or no such version of it, is in the catalogue."""

    def __init__(self, kind: str, version: int | None = None) -> None:
        what = f"kind {kind!r}" if version is None else f"version {version} of {kind!r}"
        super().__init__(f"{what} is not in the catalogue")
        self.kind = kind
        self.version = version


def kind_class(kind: str) -> type[Event]:
    """The class of a kind; raises `UnknownKind`."""
    try:
        return KINDS[kind]
    except KeyError:
        raise UnknownKind(kind) from None


def parse(kind: str, body: bytes) -> Event:
    """The event of a proposal's body (JSON) in the kind's present version.

    Raises `UnknownKind`, and `pydantic.ValidationError` where the body does not fit.
    """
    return kind_class(kind).model_validate_json(body)


def upcast(cls: type[Event], version: int, body: Any) -> Any:
    """A stored body of an older version, brought to the kind's present one.

    Raises `UnknownKind` for a version from the future or one that nothing upcasts.
    """
    while version < cls.version:
        step = cls.upcasts.get(version)
        if step is None:
            break
        body, version = step(body), version + 1
    if version != cls.version:
        raise UnknownKind(cls.kind, version)
    return body


def decode(position: int, record: bytes) -> Recorded:
    """The event of a stored record, upcast to the present version of its kind.

    Raises `UnknownKind` or ValueError for bytes that cannot be a record. That they are canonical,
    and the ones that were stored, is for the tree of leaves to say.
    """
    try:
        return _decode(position, record)
    except (AttributeError, LookupError, TypeError) as error:
        raise ValueError(
            f"the record at position {position} has not the envelope's shape"
        ) from error


def _decode(position: int, record: bytes) -> Recorded:
    envelope = orjson.loads(record)
    cls = kind_class(envelope["kind"])
    body, version = envelope["body"], envelope["version"]
    if version != cls.version:
        body = upcast(cls, version, body)
    actor = envelope["actor"]
    return Recorded(
        position,
        envelope["id"],
        cls.model_validate_json(orjson.dumps(body)),
        tuple(envelope["tags"]),
        datetime.fromisoformat(envelope["occurred_at"]),
        datetime.fromisoformat(envelope["recorded_at"]),
        Actor(actor["office"], actor["organisation"], actor["principal"]),
        envelope["cause"],
    )


def evolve(state: Any, tag: str, recorded: Recorded) -> Any:
    """The state of a tag's history after one more event."""
    fold = _FOLDS.get((tag.partition(":")[0], recorded.event.kind))
    return state if fold is None else fold(state, tag, recorded)


def fold(tag: str, history: Iterable[Recorded]) -> Any:
    """The state of a tag's whole history, or None where it is empty."""
    state = None
    for recorded in history:
        state = evolve(state, tag, recorded)
    return state


def schema(kind: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a kind's body; raises `UnknownKind`.

    A Personal field is a string in a proposal and a commitment in a record; its `x-personal` says
    what it is kept for.
    """
    cls = kind_class(kind)
    described = cls.model_json_schema()
    for name, held_for in personal_fields(cls).items():
        described["properties"][name]["x-personal"] = held_for.value
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:mingzhang:{kind}:{cls.version}",
        **described,
        "x-kind": kind,
        "x-version": cls.version,
        "x-term": cls.term,
    }
