"""Good deeds (好事实事), the persons in need who were helped, talks and joint action: counts alone.

A good deed is a matter in which help was confirmed, or an order that was: once, whoever helped. It
is one of the resident units' members where somebody who did it had a claim when it was confirmed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ledger.domain.volunteering.assistance import HelpConfirmed, HelpGiven, OutreachHeld
from ledger.domain.volunteering.joint_action import JointActionHeld
from ledger.domain.volunteering.orders import OrderConfirmed
from ledger.event import Recorded
from projections.projection import Contribution, Key, Rows, Tally
from projections.reference import Reference
from projections.scopes import TOWN, Scope, scopes_of, tagged


class Help(NamedTuple):
    """Help, and whether it was confirmed; None while nobody said."""

    help: str
    community: str
    is_confirmed: bool | None = None


class HelpGroup(NamedTuple):
    """By what help is summed."""

    community: str


class HelpCounts(NamedTuple):
    """What is summed of help."""

    given: int = 0
    confirmed: int = 0
    rejected: int = 0


class GoodDeed(NamedTuple):
    """A matter that was seen to."""

    scope: str
    matter: str
    by_members: bool = False
    """Whether a resident unit's member with a claim had a hand in it."""


class DeedCounts(NamedTuple):
    """What is summed of good deeds."""

    deeds: int = 0
    by_members: int = 0


class PersonHelped(NamedTuple):
    """A person in need, under their random id."""

    scope: str
    beneficiary: str
    by_members: bool = False


class PersonCounts(NamedTuple):
    """What is summed of persons."""

    persons: int = 0
    by_members: int = 0


class Outreach(NamedTuple):
    """A talk in a village."""

    outreach: str
    theme: str
    village: str
    units: tuple[str, ...]
    position: int


class ByTheme(NamedTuple):
    """By what talks are summed."""

    theme: str


class OutreachCounts(NamedTuple):
    """What is summed of talks."""

    sessions: int = 0


class OutreachUnit(NamedTuple):
    """An organisation that held talks."""

    unit: str
    sessions: int = 0


class UnitCounts(NamedTuple):
    """What is summed of those who held talks."""

    units: int = 0


class JointAction(NamedTuple):
    """A joint action."""

    joint_action: str
    community: str
    strand: str
    organisations: int
    position: int


class ByStrand(NamedTuple):
    """By what joint actions are summed."""

    community: str
    strand: str


class ActionCounts(NamedTuple):
    """What is summed of joint actions."""

    actions: int = 0


def _help_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return ((recorded.event.__dict__["help"],),)


def _apply_help(
    row: Help | None, key: Key, recorded: Recorded, reference: Reference
) -> Help | None:
    match recorded.event:
        case HelpGiven() as event:
            return Help(event.help, event.community)
        case HelpConfirmed(is_confirmed=is_confirmed) if row:
            return row._replace(is_confirmed=is_confirmed)
    return row


def _contribute_help(row: Help) -> Iterable[Contribution]:
    counts = HelpCounts(1, int(row.is_confirmed is True), int(row.is_confirmed is False))
    return (Contribution(HelpGroup(row.community), None, counts),)


def _is_done(recorded: Recorded) -> bool:
    return bool(recorded.event.__dict__["is_confirmed"])


def _of(recorded: Recorded, tag_type: str) -> Iterable[Key]:
    found = tagged(recorded, tag_type) if _is_done(recorded) else None
    return () if found is None else tuple((scope, found) for scope in scopes_of(recorded))


def _deed_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return _of(recorded, "matter")


def _person_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return _of(recorded, "beneficiary")


def _is_of_members(recorded: Recorded) -> bool:
    return tagged(recorded, "unit_member") is not None


def _apply_deed(
    row: GoodDeed | None, key: Key, recorded: Recorded, reference: Reference
) -> GoodDeed | None:
    now = row or GoodDeed(*key)
    return now._replace(by_members=now.by_members or _is_of_members(recorded))


def _apply_person(
    row: PersonHelped | None, key: Key, recorded: Recorded, reference: Reference
) -> PersonHelped | None:
    now = row or PersonHelped(*key)
    return now._replace(by_members=now.by_members or _is_of_members(recorded))


def _contribute_deed(row: GoodDeed) -> Iterable[Contribution]:
    return (Contribution(Scope(row.scope), None, DeedCounts(1, int(row.by_members))),)


def _contribute_person(row: PersonHelped) -> Iterable[Contribution]:
    return (Contribution(Scope(row.scope), None, PersonCounts(1, int(row.by_members))),)


def _outreach_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return ((recorded.event.__dict__["outreach"],),)


def _apply_outreach(
    row: Outreach | None, key: Key, recorded: Recorded, reference: Reference
) -> Outreach | None:
    match recorded.event:
        case OutreachHeld() as event:
            return Outreach(
                event.outreach, event.theme.value, event.village, event.units, recorded.position
            )
    return row


def _contribute_outreach(row: Outreach) -> Iterable[Contribution]:
    return (Contribution(ByTheme(row.theme), None, OutreachCounts(1)),)


def _unit_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return tuple((unit,) for unit in recorded.event.__dict__["units"])


def _apply_unit(
    row: OutreachUnit | None, key: Key, recorded: Recorded, reference: Reference
) -> OutreachUnit | None:
    now = row or OutreachUnit(*key)
    return now._replace(sessions=now.sessions + 1)


def _contribute_unit(row: OutreachUnit) -> Iterable[Contribution]:
    return (Contribution(Scope(TOWN), None, UnitCounts(1)),)


def _action_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return ((recorded.event.__dict__["joint_action"],),)


def _apply_action(
    row: JointAction | None, key: Key, recorded: Recorded, reference: Reference
) -> JointAction | None:
    match recorded.event:
        case JointActionHeld() as event:
            return JointAction(
                event.joint_action,
                event.community,
                event.strand.value,
                len(event.participants),
                recorded.position,
            )
    return row


def _contribute_action(row: JointAction) -> Iterable[Contribution]:
    return (Contribution(ByStrand(row.community, row.strand), None, ActionCounts(1)),)


HELP = Rows(
    table="help",
    row=Help,
    key=("help",),
    kinds=(HelpGiven, HelpConfirmed),
    keys=_help_keys,
    apply=_apply_help,
    tally=Tally(HelpGroup, HelpCounts, _contribute_help),
    withheld=lambda row: True,
)
DEEDS = Rows(
    table="good_deed",
    row=GoodDeed,
    key=("scope", "matter"),
    kinds=(HelpConfirmed, OrderConfirmed),
    keys=_deed_keys,
    apply=_apply_deed,
    tally=Tally(Scope, DeedCounts, _contribute_deed),
    withheld=lambda row: True,
)
PERSONS = Rows(
    table="person_helped",
    row=PersonHelped,
    key=("scope", "beneficiary"),
    kinds=(HelpConfirmed, OrderConfirmed),
    keys=_person_keys,
    apply=_apply_person,
    tally=Tally(Scope, PersonCounts, _contribute_person),
    withheld=lambda row: True,
)
OUTREACH = Rows(
    table="outreach",
    row=Outreach,
    key=("outreach",),
    kinds=(OutreachHeld,),
    keys=_outreach_keys,
    apply=_apply_outreach,
    tally=Tally(ByTheme, OutreachCounts, _contribute_outreach),
)
UNITS = Rows(
    table="outreach_unit",
    row=OutreachUnit,
    key=("unit",),
    kinds=(OutreachHeld,),
    keys=_unit_keys,
    apply=_apply_unit,
    tally=Tally(Scope, UnitCounts, _contribute_unit),
)
JOINT_ACTIONS = Rows(
    table="joint_action",
    row=JointAction,
    key=("joint_action",),
    kinds=(JointActionHeld,),
    keys=_action_keys,
    apply=_apply_action,
    tally=Tally(ByStrand, ActionCounts, _contribute_action),
)
