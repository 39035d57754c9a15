"""The demonstration's agents, promises and places: what is entrusted, visited and booked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from api.demonstration import town
from ledger.clocks import SHANGHAI, TimeUnit, local_day
from ledger.domain.requests.ratings import RatingTarget, Satisfaction, ServiceRated
from ledger.domain.services.agents import (
    AgentAssigned,
    AgentEntrusted,
    AgentStep,
    AgentStepTaken,
    Delivery,
    EntrustmentRevoked,
    MatterCompleted,
)
from ledger.domain.services.service_promises import (
    AreaResponsibilityAssigned,
    HomeVisitMade,
    HomeVisitRequested,
    PromisePublished,
)
from ledger.domain.services.venues import (
    InspectionFinding,
    Opening,
    PlaceBooked,
    PlaceInspected,
    PlaceOpened,
    PlaceType,
)
from ledger.domain.shapes.promises import Promise
from ledger.domain.town.grid import GridLevel, GridUnitCreated
from ledger.event import Event
from ledger.proposal import Proposal

_RIVERSIDE = "committee-riverside"
_SCOPE = (AgentStep.FORM_FILLED, AgentStep.SUBMITTED, AgentStep.COLLECTED)
_PROMISE, _AREA, _PLACE = "promise-home-visit", "area-riverside-east", "place-riverside-university"


class _Matter(NamedTuple):
    """A matter entrusted so many days ago; done after so many hours, None where it is not."""

    days_ago: int
    matter: str
    hours: float | None
    satisfaction: Satisfaction | None = None


_MATTERS = (
    _Matter(25, "pension-certification", 26, Satisfaction.VERY_SATISFIED),
    _Matter(21, "disability-card", 122),
    _Matter(18, "medical-insurance", 30, Satisfaction.SATISFIED),
    _Matter(13, "residence-permit", 75),
    _Matter(9, "pension-certification", 4, Satisfaction.VERY_SATISFIED),
    _Matter(6, "old-age-allowance", 51, Satisfaction.DISSATISFIED),
    _Matter(2, "medical-insurance", None),
)
# Days ago, hours until somebody came.
_VISITS: tuple[tuple[int, float | None], ...] = ((20, 5), (15, 30), (11, 190), (7, 22), (1, None))


def agents(now: datetime) -> Iterator[Proposal]:
    """What agents did by `now` (aware)."""
    for index, one in enumerate(_MATTERS, 1):
        yield from _matter(f"entrustment-{index:03}", one, now)
    revoked = "entrustment-008"
    yield _entrusted(revoked, "residence-permit", now - timedelta(days=4))
    yield Proposal(EntrustmentRevoked(entrustment=revoked), town.COMMITTEE, now - timedelta(days=3))


def promises(now: datetime) -> Iterator[Proposal]:
    """What was promised, and the visits that were made."""
    since = now - timedelta(days=27)
    within = Promise(amount=2, unit=TimeUnit.WORKING_DAYS)
    title = "行动不便的居民提出后，两个工作日内上门服务"
    begun: tuple[Event, ...] = (
        GridUnitCreated(
            grid_unit="grid-riverside", level=GridLevel.COMMUNITY, name="河堤路社区",
            community=_RIVERSIDE, effective_from=since,
        ),
        GridUnitCreated(
            grid_unit=_AREA, level=GridLevel.AREA, name="东片区", community=_RIVERSIDE,
            parent="grid-riverside", effective_from=since,
        ),
        AreaResponsibilityAssigned(
            community=_RIVERSIDE, grid_unit=_AREA, principal=town.AGENT.principal,
            effective_from=since,
        ),
        PromisePublished(promise=_PROMISE, title=title, within=within),
    )  # fmt: skip
    for event in begun:
        yield Proposal(event, town.COMMITTEE, since)
    for index, (days_ago, hours) in enumerate(_VISITS, 1):
        visit, requested = f"visit-{index:03}", now - timedelta(days=days_ago)
        asked = HomeVisitRequested(
            visit=visit, community=_RIVERSIDE, promise=_PROMISE, grid_unit=_AREA,
            requester=town.random_id(visit),
        )  # fmt: skip
        yield Proposal(asked, town.COMMITTEE, requested)
        if hours is not None:
            yield Proposal(HomeVisitMade(visit=visit), town.AGENT, requested + _hours(hours))


def places(now: datetime) -> Iterator[Proposal]:
    """What was opened, booked, rated and inspected."""
    opened = now - timedelta(days=28)
    yield Proposal(
        _place(_PLACE, PlaceType.SENIORS_UNIVERSITY, "河堤路社区老年大学"), town.COMMITTEE, opened
    )
    yield Proposal(
        _place("place-riverside-care", PlaceType.CARE_ROOM, "河堤路小照料间"),
        town.COMMITTEE,
        opened,
    )
    for days_ago in (14, 7, -2):
        booking = f"place-booking-{days_ago % 100:02}"
        day = (now - timedelta(days=days_ago)).astimezone(SHANGHAI)
        start = day.replace(hour=9, minute=0, second=0, microsecond=0)
        resident = town.random_id(booking)
        event = PlaceBooked(
            place=_PLACE, booking=booking, starts_at=start, ends_at=start + _hours(1.5),
            use="calligraphy-class", requester=resident,
        )  # fmt: skip
        yield Proposal(event, town.COMMITTEE, min(start, now) - timedelta(days=3))
        if days_ago > 0:
            rated = _rated(RatingTarget.SERVICE_POINT, booking, Satisfaction.VERY_SATISFIED)
            yield Proposal(rated, town.HOTLINE, start + _hours(3))
    wrong = PlaceInspected(
        place=_PLACE, finding=InspectionFinding.TO_BE_RECTIFIED, issues=("extinguisher-expired",)
    )
    yield Proposal(wrong, town.TOWN_CLERK, now - timedelta(days=10))
    fit = PlaceInspected(place=_PLACE, finding=InspectionFinding.FIT)
    yield Proposal(fit, town.TOWN_CLERK, now - timedelta(days=5))


def _matter(entrustment: str, one: _Matter, now: datetime) -> Iterator[Proposal]:
    when = now - timedelta(days=one.days_ago)
    yield _entrusted(entrustment, one.matter, when)
    assigned = AgentAssigned(entrustment=entrustment, agent=town.AGENT.principal)
    yield Proposal(assigned, town.COMMITTEE, when + _hours(1))
    submitted = AgentStepTaken(entrustment=entrustment, step=AgentStep.SUBMITTED)
    yield Proposal(submitted, town.AGENT, when + _hours(3))
    if one.hours is None:
        return
    completed = MatterCompleted(entrustment=entrustment, delivery=Delivery.AT_HOME)
    yield Proposal(completed, town.AGENT, when + _hours(one.hours))
    if one.satisfaction is not None:
        rated = _rated(RatingTarget.AGENT, entrustment, one.satisfaction)
        yield Proposal(rated, town.HOTLINE, when + _hours(one.hours + 5))


def _entrusted(entrustment: str, matter: str, when: datetime) -> Proposal:
    event = AgentEntrusted(
        entrustment=entrustment,
        community=_RIVERSIDE,
        requester=town.random_id(entrustment),
        matter=matter,
        scope=_SCOPE,
        expires_on=local_day(when) + timedelta(days=60),
        details="（演示数据，不涉及真实个人）",
    )
    return Proposal(event, town.COMMITTEE, when)


def _place(place: str, place_type: PlaceType, name: str) -> PlaceOpened:
    return PlaceOpened(
        place=place,
        community=_RIVERSIDE,
        place_type=place_type,
        name=name,
        address="河堤路 1 号",
        run_by=_RIVERSIDE,
        openings=tuple(
            Opening(weekday=weekday, start_minute=8 * 60, end_minute=20 * 60)
            for weekday in range(1, 8)
        ),
    )


def _rated(target_type: RatingTarget, target: str, satisfaction: Satisfaction) -> ServiceRated:
    return ServiceRated(target_type=target_type, target=target, satisfaction=satisfaction)


def _hours(amount: float) -> timedelta:
    return timedelta(hours=amount)
