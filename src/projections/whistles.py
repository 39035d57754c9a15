"""Whistles and summons: the views of 吹哨 and 报到, which the process disclosure holds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from ledger.domain.rules import Grade, Step
from ledger.domain.whistles import DepartmentReportedIn, WhistleBlown
from ledger.event import Recorded
from projections.projection import Contribution, Key, Rows, Tally
from projections.reference import Reference
from projections.terms import Term, renewed, term


class Whistle(NamedTuple):
    """One whistle. The request for which it was blown is not here: it may be a withheld one."""

    whistle: str
    community: str
    grade: str
    ground: str
    for_request: bool
    departments: tuple[str, ...]
    blown_at: datetime


class Summons(NamedTuple):
    """One department summoned by one whistle; it is on site when it has reported in."""

    whistle: str
    department: str
    community: str
    grade: str
    blown_at: datetime
    reported_in_at: datetime | None = None
    due_at: datetime | None = None
    provisional: bool = False
    pack_version: int | None = None


class WhistleGroup(NamedTuple):
    """By what whistles are counted."""

    community: str
    grade: str


class WhistleCounts(NamedTuple):
    """What is counted of whistles."""

    whistles: int = 0
    summons: int = 0


class SummonsGroup(NamedTuple):
    """By what summons are counted."""

    department: str
    grade: str


class SummonsCounts(NamedTuple):
    """What is counted of summons."""

    summons: int = 0
    reported_in: int = 0
    reported_in_with_term: int = 0
    reported_in_in_time: int = 0
    overdue: int = 0
    """Not on site and past its term: counts from that moment on."""


def _whistle_keys(recorded: Recorded) -> Iterable[Key]:
    return ((recorded.event.__dict__["whistle"],),)


def _apply_whistle(
    row: Whistle | None, key: Key, recorded: Recorded, reference: Reference
) -> Whistle | None:
    event = recorded.event
    if not isinstance(event, WhistleBlown):
        return row
    return Whistle(
        event.whistle,
        recorded.actor.organisation,
        event.grade.value,
        event.ground.value,
        event.request is not None,
        event.departments,
        recorded.occurred_at,
    )


def _contribute_whistle(row: Whistle) -> Iterable[Contribution]:
    counts = WhistleCounts(whistles=1, summons=len(row.departments))
    return (Contribution(WhistleGroup(row.community, row.grade), None, counts),)


def _summons_keys(recorded: Recorded) -> Iterable[Key]:
    match recorded.event:
        case WhistleBlown(whistle=whistle, departments=departments):
            return tuple((whistle, department) for department in departments)
        case DepartmentReportedIn(whistle=whistle, department=department):
            return ((whistle, department),)
    return ()


def _apply_summons(
    row: Summons | None, key: Key, recorded: Recorded, reference: Reference
) -> Summons | None:
    when = recorded.occurred_at
    match recorded.event:
        case WhistleBlown() as event:
            community, (whistle, department) = recorded.actor.organisation, key
            on_site = term(reference, Step.WHISTLE_REPORTED_IN, event.grade, when)
            return Summons(whistle, department, community, event.grade.value, when, None, *on_site)
        case DepartmentReportedIn() if row:
            on_site = renewed(
                Term(row.due_at, row.provisional, row.pack_version),
                reference, Step.WHISTLE_REPORTED_IN, Grade(row.grade), row.blown_at,
            )  # fmt: skip
            return row._replace(
                reported_in_at=when, due_at=on_site.due_at, provisional=on_site.provisional
            )
    return row


def _contribute_summons(row: Summons) -> Iterable[Contribution]:
    group = SummonsGroup(row.department, row.grade)
    if row.reported_in_at is not None:
        in_time = row.due_at is not None and row.reported_in_at <= row.due_at
        counts = SummonsCounts(1, 1, int(row.due_at is not None), int(in_time))
        return (Contribution(group, None, counts),)
    waiting = Contribution(group, None, SummonsCounts(summons=1))
    if row.due_at is None:
        return (waiting,)
    # What is done at the last moment is in time: overdue begins with the next one.
    late = Contribution(group, row.due_at + datetime.resolution, SummonsCounts(overdue=1))
    return (waiting, late)


WHISTLES = Rows(
    table="whistle",
    row=Whistle,
    key=("whistle",),
    kinds=(WhistleBlown,),
    keys=_whistle_keys,
    apply=_apply_whistle,
    tally=Tally(WhistleGroup, WhistleCounts, _contribute_whistle),
    indexes=(("blown_at", "whistle"),),
)
SUMMONS = Rows(
    table="summons",
    row=Summons,
    key=("whistle", "department"),
    kinds=(WhistleBlown, DepartmentReportedIn),
    keys=_summons_keys,
    apply=_apply_summons,
    tally=Tally(SummonsGroup, SummonsCounts, _contribute_summons),
    indexes=(("department", "blown_at"),),
)
