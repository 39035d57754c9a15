"""Pairings (1+x 结对): who stands by whom where both are organisations, and counts of all others.

A household is counted, once however many stand by it, and lies where the public does not see it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from ledger.domain.participation.pairings import (
    PairingActivityHeld,
    PairingEnded,
    PairingFormed,
)
from ledger.event import Recorded
from projections.projection import Contribution, Key, Projection, Rows, Tally
from projections.reference import Reference

_HOUSEHOLD_TAG = "household:"


class Pairing(NamedTuple):
    """A pairing; without a partner it is one with a household, which is not named here either."""

    pairing: str
    form: str
    organisation: str
    partner: str | None
    community: str
    formed_at: datetime
    position: int
    ended_at: datetime | None = None


class PairingGroup(NamedTuple):
    """By what pairings are summed."""

    form: str
    organisation: str
    with_household: bool


class PairingCounts(NamedTuple):
    """What is summed of pairings; `active` are those that have not ended."""

    formed: int = 0
    active: int = 0


class Household(NamedTuple):
    """A household under its random id; never shown."""

    household: str
    active: tuple[str, ...]
    """`<form> <pairing>` of each pairing that has not ended."""


class OfForm(NamedTuple):
    """By what households are summed."""

    form: str


class HouseholdCounts(NamedTuple):
    """Households that somebody stands by now, each once in a form."""

    households: int = 0


class Activity(NamedTuple):
    """One session, under one pairing or several."""

    activity: str
    theme: str
    community: str
    held_at: datetime
    pairings: int
    participants: int
    position: int


class OfTheme(NamedTuple):
    """By what sessions are summed."""

    theme: str


class SessionCounts(NamedTuple):
    """What is summed of sessions."""

    sessions: int = 0
    participants: int = 0


def _pairing_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return ((recorded.event.__dict__["pairing"],),)


def _apply_pairing(
    row: Pairing | None, key: Key, recorded: Recorded, reference: Reference
) -> Pairing | None:
    match recorded.event:
        case PairingFormed() as event:
            return Pairing(
                event.pairing,
                event.form.value,
                event.organisation,
                event.partner,
                reference.community_of(event.organisation, recorded.recorded_at),
                recorded.occurred_at,
                recorded.position,
            )
        case PairingEnded() if row:
            return row._replace(ended_at=recorded.occurred_at)
    return row


def _household_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    # The end of a pairing names its household by a tag alone.
    return tuple(
        (tag.removeprefix(_HOUSEHOLD_TAG),)
        for tag in recorded.tags
        if tag.startswith(_HOUSEHOLD_TAG)
    )


def _apply_household(
    row: Household | None, key: Key, recorded: Recorded, reference: Reference
) -> Household | None:
    known = row or Household(key[0], ())
    match recorded.event:
        case PairingFormed(form=form, pairing=pairing):
            return known._replace(active=(*known.active, f"{form.value} {pairing}"))
        case PairingEnded(pairing=pairing):
            left = (one for one in known.active if one.partition(" ")[2] != pairing)
            return known._replace(active=tuple(left))
    return row


def _activity_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return ((recorded.event.__dict__["activity"],),)


def _apply_activity(
    row: Activity | None, key: Key, recorded: Recorded, reference: Reference
) -> Activity | None:
    match recorded.event:
        case PairingActivityHeld() as event:
            return Activity(
                event.activity,
                event.theme.value,
                reference.community_of(recorded.actor.organisation, recorded.recorded_at),
                recorded.occurred_at,
                len(event.pairings),
                event.participants,
                recorded.position,
            )
    return row


def _contribute_pairing(row: Pairing) -> Iterable[Contribution]:
    group = PairingGroup(row.form, row.organisation, row.partner is None)
    counts = PairingCounts(1, int(row.ended_at is None))
    return (Contribution(group, None, counts),)


def _contribute_household(row: Household) -> Iterable[Contribution]:
    forms = dict.fromkeys(one.partition(" ")[0] for one in row.active)
    return tuple(Contribution(OfForm(form), None, HouseholdCounts(1)) for form in forms)


def _contribute_activity(row: Activity) -> Iterable[Contribution]:
    counts = SessionCounts(1, row.participants)
    return (Contribution(OfTheme(row.theme), None, counts),)


def _is_with_household(row: Pairing) -> bool:
    return row.partner is None


def _always(row: Household) -> bool:
    return True


PAIRINGS = Rows(
    table="pairing",
    row=Pairing,
    key=("pairing",),
    kinds=(PairingFormed, PairingEnded),
    keys=_pairing_keys,
    apply=_apply_pairing,
    tally=Tally(PairingGroup, PairingCounts, _contribute_pairing),
    withheld=_is_with_household,
    indexes=(("position",),),
)
HOUSEHOLDS = Rows(
    table="paired_household",
    row=Household,
    key=("household",),
    kinds=(PairingFormed, PairingEnded),
    keys=_household_keys,
    apply=_apply_household,
    tally=Tally(OfForm, HouseholdCounts, _contribute_household),
    withheld=_always,
)
ACTIVITIES = Rows(
    table="pairing_activity",
    row=Activity,
    key=("activity",),
    kinds=(PairingActivityHeld,),
    keys=_activity_keys,
    apply=_apply_activity,
    tally=Tally(OfTheme, SessionCounts, _contribute_activity),
)
PROJECTION = Projection("pairings", 1, (PAIRINGS, HOUSEHOLDS, ACTIVITIES))
