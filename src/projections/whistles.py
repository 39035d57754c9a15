"""Whistles and summons: the views of 吹哨 and 报到, which the process disclosure holds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from ledger.domain.rules.calendars import WorkingCalendarEnacted
from ledger.domain.rules.rules import Grade, RulesEnacted, Step
from ledger.domain.rules.terms import Term, open_step_term
from ledger.domain.whistles.blowing import (
    WhistleBlown,
    WhistleCleared,
    WhistleCountermanded,
    WhistleSplit,
)
from ledger.domain.whistles.summons import (
    DepartmentContacted,
    DepartmentRated,
    DepartmentReportedIn,
    SummonsEvent,
    WhistleHandled,
    WhistleRatedByDepartment,
    WhistleReturnRequested,
    WhistleReturnRuled,
    WhistleSigned,
    WhistleVerified,
)
from ledger.domain.whistles.whistles import WhistleStage
from ledger.event import Recorded
from projections.periods import month
from projections.projection import Contribution, Key, Rows, Tally
from projections.reference import Reference


class Whistle(NamedTuple):
    """One whistle. The request for which it was blown is not here: it may be a withheld one."""

    whistle: str
    community: str
    """The body to which the branch was assigned when it was blown, or that branch."""
    grade: str
    ground: str
    for_request: bool
    departments: tuple[str, ...]
    blown_at: datetime
    period: str
    stage: str = WhistleStage.BLOWN.value
    ended_at: datetime | None = None
    """When it was cleared or countermanded."""


class Summons(NamedTuple):
    """One department summoned by one whistle: what it has done, until when, and how it was rated.

    It is on site when it has reported in. `is_open` is false once it is verified or released, or
    the whistle countermanded.
    """

    whistle: str
    department: str
    community: str
    grade: str
    blown_at: datetime
    period: str
    is_open: bool = True
    signed_at: datetime | None = None
    contacted_at: datetime | None = None
    reported_in_at: datetime | None = None
    handled_at: datetime | None = None
    verified_at: datetime | None = None
    released_at: datetime | None = None
    return_asked: bool = False
    contact_due_at: datetime | None = None
    due_at: datetime | None = None
    """Until when it is to be on site."""
    handled_due_at: datetime | None = None
    provisional: bool = False
    pack_version: int | None = None
    satisfaction: str | None = None
    """How the community rated the department."""
    whistle_satisfaction: str | None = None
    """How the department rated the whistle."""
    justified: bool | None = None

    @property
    def responded_at(self) -> datetime | None:
        """When the department first answered: who is on site has answered."""
        if self.contacted_at is None or self.reported_in_at is None:
            return self.contacted_at or self.reported_in_at
        return min(self.contacted_at, self.reported_in_at)


class WhistleGroup(NamedTuple):
    """By what whistles are counted."""

    community: str
    grade: str
    stage: str
    period: str


class WhistleCounts(NamedTuple):
    """What is counted of whistles."""

    whistles: int = 0
    summons: int = 0


class SummonsGroup(NamedTuple):
    """By what summons are counted."""

    department: str
    community: str
    grade: str
    period: str


class SummonsCounts(NamedTuple):
    """What is counted of summons; those released or countermanded are counted apart.

    `responded` is contacted or on site; `overdue` counts from the moment on at which a term has
    passed without it.
    """

    summons: int = 0
    released: int = 0
    responded: int = 0
    responded_with_term: int = 0
    responded_in_time: int = 0
    response_overdue: int = 0
    reported_in: int = 0
    reported_in_with_term: int = 0
    reported_in_in_time: int = 0
    overdue: int = 0
    """Not on site and past its term."""
    handled: int = 0
    verified: int = 0
    rated: int = 0
    rated_satisfied: int = 0
    whistles_rated: int = 0
    whistles_rated_satisfied: int = 0
    whistles_justified: int = 0


_SATISFIED = frozenset({"very_satisfied", "satisfied", "fairly_satisfied"})


def _whistle_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return ((recorded.event.__dict__["whistle"],),)


def _apply_whistle(
    row: Whistle | None, key: Key, recorded: Recorded, reference: Reference
) -> Whistle | None:
    event, when = recorded.event, recorded.occurred_at
    if isinstance(event, WhistleBlown):
        return Whistle(
            event.whistle,
            reference.community_of(recorded.actor.organisation, recorded.recorded_at),
            event.grade.value,
            event.ground.value,
            event.request is not None,
            event.departments,
            when,
            month(when),
        )
    if row is None:  # a draft that was countermanded
        return None
    match event:
        case WhistleSplit(departments=departments):
            return row._replace(departments=(*row.departments, *departments))
        case WhistleCleared():
            return row._replace(stage=WhistleStage.CLEARED.value, ended_at=when)
        case WhistleCountermanded():
            return row._replace(stage=WhistleStage.COUNTERMANDED.value, ended_at=when)
    return row


def _contribute_whistle(row: Whistle) -> Iterable[Contribution]:
    counts = WhistleCounts(whistles=1, summons=len(row.departments))
    group = WhistleGroup(row.community, row.grade, row.stage, row.period)
    return (Contribution(group, None, counts),)


def _summons_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    match recorded.event:
        case WhistleBlown(whistle=whistle, departments=departments):
            return tuple((whistle, department) for department in departments)
        case WhistleSplit(whistle=whistle, departments=departments):
            return tuple((whistle, department) for department in departments)
        case WhistleCountermanded(whistle=whistle):
            return tuple((whistle, body) for body in _dockets(recorded))
        case SummonsEvent(whistle=whistle, department=department):
            return ((whistle, department),)
    return ()


def _dockets(recorded: Recorded) -> tuple[str, ...]:
    """The organisations that an act concerns, as its tags name them."""
    tags = (tag.partition(":") for tag in recorded.tags)
    return tuple(identity for kind, _, identity in tags if kind == "docket")


def _apply_summons(
    row: Summons | None, key: Key, recorded: Recorded, reference: Reference
) -> Summons | None:
    event = recorded.event
    match event:
        case WhistleBlown():
            return _summoned(key, recorded.actor.organisation, event.grade, recorded, reference)
        case WhistleSplit():
            bodies = (body for body in _dockets(recorded) if body not in event.departments)
            branch = next(bodies, recorded.actor.organisation)
            return _summoned(key, branch, event.grade, recorded, reference)
    if row is None:
        return None
    match event:
        case RulesEnacted() | WorkingCalendarEnacted():
            return _timed(row, reference)
        case SummonsEvent() | WhistleCountermanded():
            return _acted(row, recorded)
    return row


def _acted(row: Summons, recorded: Recorded) -> Summons:
    """The summons after an act of the department, or one that judges it."""
    when = recorded.occurred_at
    match recorded.event:
        case WhistleCountermanded():
            return row._replace(is_open=False, released_at=when)
        case WhistleSigned():
            return row._replace(signed_at=when)
        case DepartmentContacted():
            return row._replace(contacted_at=when)
        case DepartmentReportedIn():
            return row._replace(reported_in_at=when, return_asked=False)
        case WhistleReturnRequested():
            return row._replace(return_asked=True)
        case WhistleReturnRuled(granted=granted):
            if granted:
                row = row._replace(is_open=False, released_at=when)
            return row._replace(return_asked=False)
        case WhistleHandled():
            return row._replace(handled_at=when)
        case WhistleVerified(done=done):
            if done:
                return row._replace(verified_at=when, is_open=False)
            return row._replace(handled_at=None)
        case DepartmentRated(satisfaction=satisfaction):
            return row._replace(satisfaction=satisfaction.value)
        case WhistleRatedByDepartment(satisfaction=satisfaction, justified=justified):
            return row._replace(whistle_satisfaction=satisfaction.value, justified=justified)
    return row


def _summoned(
    key: Key, branch: str, grade: Grade, recorded: Recorded, reference: Reference
) -> Summons:
    whistle, department = key
    when = recorded.occurred_at
    community = reference.community_of(branch, recorded.recorded_at)
    fresh = Summons(whistle, department, community, grade.value, when, month(when))
    return _timed(fresh, reference)


def _timed(row: Summons, reference: Reference) -> Summons:
    """The summons with its terms, by all packs so far."""
    contact, on_site, handled = (
        _term(row, step, reference)
        for step in (Step.WHISTLE_CONTACTED, Step.WHISTLE_REPORTED_IN, Step.WHISTLE_HANDLED)
    )
    return row._replace(
        contact_due_at=contact.due_at,
        due_at=on_site.due_at,
        handled_due_at=handled.due_at,
        provisional=contact.provisional or on_site.provisional or handled.provisional,
        pack_version=on_site.pack_version,
    )


def _term(row: Summons, step: Step, reference: Reference) -> Term:
    packs, calendars = reference.packs, reference.calendars
    return open_step_term(packs, calendars, step, row.blown_at, Grade(row.grade))


def _contribute_summons(row: Summons) -> Iterable[Contribution]:
    group = SummonsGroup(row.department, row.community, row.grade, row.period)
    responded, on_site = row.responded_at, row.reported_in_at
    if row.released_at is not None and on_site is None:
        return (Contribution(group, None, SummonsCounts(summons=1, released=1)),)
    counted = SummonsCounts(
        summons=1,
        responded=int(responded is not None),
        responded_with_term=int(responded is not None and row.contact_due_at is not None),
        responded_in_time=int(_in_time(responded, row.contact_due_at)),
        reported_in=int(on_site is not None),
        reported_in_with_term=int(on_site is not None and row.due_at is not None),
        reported_in_in_time=int(_in_time(on_site, row.due_at)),
        handled=int(row.handled_at is not None),
        verified=int(row.verified_at is not None),
        rated=int(row.satisfaction is not None),
        rated_satisfied=int(row.satisfaction in _SATISFIED),
        whistles_rated=int(row.whistle_satisfaction is not None),
        whistles_rated_satisfied=int(row.whistle_satisfaction in _SATISFIED),
        whistles_justified=int(row.justified is True),
    )
    late = (
        (responded, row.contact_due_at, SummonsCounts(response_overdue=1)),
        (on_site, row.due_at, SummonsCounts(overdue=1)),
    )
    # What is done at the last moment is in time: overdue begins with the next one.
    return (
        Contribution(group, None, counted),
        *(
            Contribution(group, due + datetime.resolution, counts)
            for done, due, counts in late
            if done is None and due is not None
        ),
    )


def _in_time(done: datetime | None, due: datetime | None) -> bool:
    return done is not None and due is not None and done <= due


WHISTLES = Rows(
    table="whistle",
    row=Whistle,
    key=("whistle",),
    kinds=(WhistleBlown, WhistleSplit, WhistleCleared, WhistleCountermanded),
    keys=_whistle_keys,
    apply=_apply_whistle,
    tally=Tally(WhistleGroup, WhistleCounts, _contribute_whistle),
    hidden=("for_request",),  # the request may be withheld, or not published yet
    indexes=(("blown_at", "whistle"),),
)
SUMMONS = Rows(
    table="summons",
    row=Summons,
    key=("whistle", "department"),
    kinds=(
        WhistleBlown,
        WhistleSplit,
        WhistleCountermanded,
        WhistleSigned,
        DepartmentContacted,
        DepartmentReportedIn,
        WhistleReturnRequested,
        WhistleReturnRuled,
        WhistleHandled,
        WhistleVerified,
        DepartmentRated,
        WhistleRatedByDepartment,
    ),
    keys=_summons_keys,
    apply=_apply_summons,
    tally=Tally(SummonsGroup, SummonsCounts, _contribute_summons),
    stirred_by=(RulesEnacted, WorkingCalendarEnacted),
    stirred_while="is_open",
    indexes=(("department", "blown_at"),),
)
