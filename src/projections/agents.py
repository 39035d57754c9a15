"""Agents and promises (全程代办, 服务承诺): how many, how long, and what was kept.

The public sees counts and durations: never who entrusted what, nor on which day.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from ledger.clocks import SHANGHAI, Due
from ledger.domain.requests.ratings import RatingTarget, Satisfaction, ServiceRated
from ledger.domain.rules.rules import governing
from ledger.domain.services.agents import (
    AgentAssigned,
    AgentEntrusted,
    AgentStepTaken,
    EntrustmentRevoked,
    MatterCompleted,
    MatterStage,
)
from ledger.domain.services.service_promises import (
    AreaResponsibilityAssigned,
    HomeVisitMade,
    HomeVisitRequested,
    PromisePublished,
)
from ledger.event import Recorded
from projections.projection import Contribution, Key, Projection, Rows, Tally
from projections.reference import Reference

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)


class Matter(NamedTuple):
    """An entrusted matter."""

    entrustment: str
    community: str
    stage: str
    entrusted_at: datetime
    expires_on: date
    steps: int = 0
    elapsed_minutes: int | None = None
    """From the entrustment until the result was handed over."""
    satisfaction: str | None = None


class MatterGroup(NamedTuple):
    """By what matters are counted."""

    community: str


class MatterCounts(NamedTuple):
    """What is counted of matters: all = open + completed + revoked."""

    matters: int = 0
    open: int = 0
    expired: int = 0
    """Open after the last day on which somebody might act: counts from then on."""
    completed: int = 0
    revoked: int = 0
    rated: int = 0
    poorly_rated: int = 0


class ServicePromise(NamedTuple):
    """A promise as it was published: so many of the unit."""

    promise: str
    organisation: str
    community: str
    title: str
    amount: int
    unit: str
    published_at: datetime
    position: int
    superseded_by: str | None = None
    superseded_at: datetime | None = None


class HomeVisit(NamedTuple):
    """A visit that somebody asked for; its day and its id are nobody's business."""

    visit: str
    promise: str
    requested_at: datetime
    due_at: datetime | None
    is_provisional: bool
    elapsed_minutes: int | None = None
    is_kept: bool | None = None
    """Whether it was made within the promise; none where it was not made yet, or has no term."""


class VisitGroup(NamedTuple):
    """By what visits are counted."""

    promise: str


class VisitCounts(NamedTuple):
    """What is counted of visits; kept is judged of what was made and of what is overdue."""

    requested: int = 0
    made: int = 0
    kept: int = 0
    late: int = 0
    overdue: int = 0
    """Not made when the promise ended: counts from then on."""


class AreaInCharge(NamedTuple):
    """A unit of the grid that somebody answers for."""

    grid_unit: str
    community: str
    since: datetime
    """The first date of effect."""


def _matter_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    event = recorded.event
    if isinstance(event, ServiceRated):
        return ((event.target,),) if event.target_type is RatingTarget.AGENT else ()
    return ((event.__dict__["entrustment"],),)


def _apply_matter(
    row: Matter | None, key: Key, recorded: Recorded, reference: Reference
) -> Matter | None:
    match recorded.event:
        case AgentEntrusted() as event:
            community = reference.community_of(event.community, recorded.recorded_at)
            stage, when = MatterStage.ENTRUSTED.value, recorded.occurred_at
            return Matter(event.entrustment, community, stage, when, event.expires_on)
        case AgentAssigned() if row and not row.steps:
            return row._replace(stage=MatterStage.ASSIGNED.value)
        case AgentStepTaken() if row:
            return row._replace(stage=MatterStage.IN_HAND.value, steps=row.steps + 1)
        case MatterCompleted() if row:
            elapsed = (recorded.occurred_at - row.entrusted_at) // _MINUTE
            return row._replace(stage=MatterStage.COMPLETED.value, elapsed_minutes=elapsed)
        case EntrustmentRevoked() if row:
            return row._replace(stage=MatterStage.REVOKED.value)
        case ServiceRated(satisfaction=satisfaction) if row:
            return row._replace(satisfaction=satisfaction.value)
    return row


def _contribute_matter(row: Matter) -> Iterable[Contribution]:
    group = MatterGroup(row.community)
    completed = row.stage == MatterStage.COMPLETED.value
    revoked = row.stage == MatterStage.REVOKED.value
    is_open = not completed and not revoked
    is_poor = row.satisfaction is not None and Satisfaction(row.satisfaction).is_poor
    counts = MatterCounts(
        matters=1,
        open=int(is_open),
        completed=int(completed),
        revoked=int(revoked),
        rated=int(row.satisfaction is not None),
        poorly_rated=int(is_poor),
    )
    yield Contribution(group, None, counts)
    if is_open:
        over = datetime.combine(row.expires_on, time(), SHANGHAI) + _DAY
        yield Contribution(group, over, MatterCounts(expired=1))


def _promise_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    fields = recorded.event.__dict__
    return tuple((one,) for one in (fields["promise"], fields["supersedes"]) if one is not None)


def _apply_promise(
    row: ServicePromise | None, key: Key, recorded: Recorded, reference: Reference
) -> ServicePromise | None:
    match recorded.event:
        case PromisePublished() as event if key == (event.promise,):
            organisation, when = recorded.actor.organisation, recorded.occurred_at
            return ServicePromise(
                event.promise,
                organisation,
                reference.community_of(organisation, recorded.recorded_at),
                event.title,
                event.within.amount,
                event.within.unit.value,
                when,
                recorded.position,
            )
        case PromisePublished(promise=promise) if row:
            return row._replace(superseded_by=promise, superseded_at=recorded.occurred_at)
    return row


def _visit_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return ((recorded.event.__dict__["visit"],),)


def _apply_visit(
    row: HomeVisit | None, key: Key, recorded: Recorded, reference: Reference
) -> HomeVisit | None:
    when = recorded.occurred_at
    match recorded.event:
        case HomeVisitRequested(visit=visit, promise=promise):
            due = _due(promise, when, reference)
            at, provisional = (None, False) if due is None else due
            return HomeVisit(visit, promise, when, at, provisional)
        case HomeVisitMade() if row:
            return row._replace(
                elapsed_minutes=(when - row.requested_at) // _MINUTE,
                is_kept=None if row.due_at is None else when <= row.due_at,
            )
    return row


def _due(promise: str, start: datetime, reference: Reference) -> Due | None:
    """When a visit asked for at that time is promised; None where no pack tells office hours."""
    pack, promised = governing(reference.packs, start, start), reference.promises.get(promise)
    if pack is None or promised is None:
        return None
    return promised.ends(start, pack.office, reference.calendars)


def _contribute_visit(row: HomeVisit) -> Iterable[Contribution]:
    group = VisitGroup(row.promise)
    made = row.elapsed_minutes is not None
    counts = VisitCounts(
        requested=1,
        made=int(made),
        kept=int(row.is_kept is True),
        late=int(row.is_kept is False),
    )
    yield Contribution(group, None, counts)
    if not made and row.due_at is not None:
        # A visit at the last moment keeps the promise: overdue begins with the next one.
        yield Contribution(group, row.due_at + datetime.resolution, VisitCounts(overdue=1))


def _area_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return ((recorded.event.__dict__["grid_unit"],),)


def _apply_area(
    row: AreaInCharge | None, key: Key, recorded: Recorded, reference: Reference
) -> AreaInCharge | None:
    match recorded.event:
        case AreaResponsibilityAssigned() as event:
            since = event.effective_from or recorded.recorded_at
            community = reference.community_of(event.community, recorded.recorded_at)
            first = since if row is None else min(row.since, since)
            return AreaInCharge(event.grid_unit, community, first)
    return row


MATTERS = Rows(
    table="entrusted_matter",
    row=Matter,
    key=("entrustment",),
    kinds=(
        AgentEntrusted,
        AgentAssigned,
        AgentStepTaken,
        MatterCompleted,
        EntrustmentRevoked,
        ServiceRated,
    ),
    keys=_matter_keys,
    apply=_apply_matter,
    tally=Tally(MatterGroup, MatterCounts, _contribute_matter),
    hidden=("entrustment", "entrusted_at", "expires_on"),
)
PROMISES = Rows(
    table="service_promise",
    row=ServicePromise,
    key=("promise",),
    kinds=(PromisePublished,),
    keys=_promise_keys,
    apply=_apply_promise,
)
VISITS = Rows(
    table="home_visit",
    row=HomeVisit,
    key=("visit",),
    kinds=(HomeVisitRequested, HomeVisitMade),
    keys=_visit_keys,
    apply=_apply_visit,
    tally=Tally(VisitGroup, VisitCounts, _contribute_visit),
    hidden=("visit", "requested_at", "due_at"),
)
AREAS = Rows(
    table="area_in_charge",
    row=AreaInCharge,
    key=("grid_unit",),
    kinds=(AreaResponsibilityAssigned,),
    keys=_area_keys,
    apply=_apply_area,
)
PROJECTION = Projection("agents", 1, (MATTERS, PROMISES, VISITS, AREAS))
