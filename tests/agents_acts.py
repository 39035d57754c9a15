"""Acts of agents, promises and places in the test town on paper, each in a usual form."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from typing import Any

from ledger.clocks import TimeUnit
from ledger.decision import Office
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
    ClosingGround,
    InspectionFinding,
    Opening,
    PlaceBooked,
    PlaceClosed,
    PlaceInspected,
    PlaceOpened,
    PlaceType,
)
from ledger.domain.shapes.promises import Promise
from ledger.domain.town.people import AppointmentMade
from ledger.event import Actor
from ledger.proposal import Proposal
from tests.grid_town import created, grid_town
from tests.paper_ledger import PaperLedger
from tests.request_acts import on
from tests.town import COMMITTEE, FOUNDER, OPENED_AT, RESIDENT, TOWN_CLERK

AGENT = Actor("agent", "committee-1", "p-agent")
AGENT_B = Actor("agent", "committee-1", "p-agent-b")
HEAD = Actor("residents_committee_member", "committee-1", "p-head")
"""Answers for area-1."""
SERVING = (AGENT, AGENT_B, HEAD)
MATTER = "entrustment-1"
EXPIRES_ON = date(2026, 3, 31)


def appointed(actor: Actor) -> Proposal:
    """The office of an actor."""
    event = AppointmentMade(
        principal=actor.principal, organisation=actor.organisation, office=Office(actor.office)
    )
    return Proposal(event, FOUNDER)


@cache
def _staffed() -> PaperLedger:
    return grid_town(*(appointed(actor) for actor in SERVING))


def groundwork() -> list[Proposal]:
    """What a town needs beside its offices: agents, an area somebody answers for, a promise, and
    a place."""
    return [
        *(appointed(actor) for actor in SERVING),
        created("grid-1"),
        created("area-1", "grid-1"),
        responsible(),
        promised(),
        Proposal(opened_place().event, COMMITTEE, OPENED_AT),
        inspected(),
    ]


def serving(*proposals: Proposal) -> PaperLedger:
    """The test town with a grid, two agents and a head, after these acts."""
    paper = _staffed().copy()
    paper.accept(*proposals)
    return paper


def entrusted(actor: Actor = COMMITTEE, **changes: Any) -> Proposal:
    """A matter that a resident leaves to the first community until the end of March."""
    body: dict[str, Any] = {
        "entrustment": MATTER,
        "community": "committee-1",
        "requester": RESIDENT.principal,
        "matter": "pension",
        "scope": (AgentStep.FORM_FILLED, AgentStep.SUBMITTED),
        "expires_on": EXPIRES_ON,
        **changes,
    }
    return Proposal(AgentEntrusted(**body), actor)


def assigned(agent: str = AGENT.principal, actor: Actor = COMMITTEE, **changes: Any) -> Proposal:
    """The agent of the matter."""
    body = {"entrustment": MATTER, **changes}
    return Proposal(AgentAssigned(agent=agent, **body), actor)


def step(of: AgentStep = AgentStep.SUBMITTED, actor: Actor = AGENT, **changes: Any) -> Proposal:
    """One step of the agent."""
    body: dict[str, Any] = {"entrustment": MATTER, **changes}
    return Proposal(AgentStepTaken(step=of, **body), actor)


def completed(actor: Actor = AGENT, entrustment: str = MATTER) -> Proposal:
    """The result, handed over."""
    event = MatterCompleted(entrustment=entrustment, delivery=Delivery.AT_HOME)
    return Proposal(event, actor)


def revoked(actor: Actor = RESIDENT, entrustment: str = MATTER) -> Proposal:
    """The matter, taken back."""
    return Proposal(EntrustmentRevoked(entrustment=entrustment, reason="家人已办"), actor)


def promised(promise: str = "promise-1", actor: Actor = COMMITTEE, **changes: Any) -> Proposal:
    """A visit within two working days."""
    body: dict[str, Any] = {
        "title": "两个工作日内上门",
        "within": Promise(amount=2, unit=TimeUnit.WORKING_DAYS),
        **changes,
    }
    return Proposal(PromisePublished(promise=promise, **body), actor)


def responsible(actor: Actor = COMMITTEE, **changes: Any) -> Proposal:
    """Who answers for area-1."""
    body: dict[str, Any] = {
        "community": "committee-1",
        "grid_unit": "area-1",
        "principal": HEAD.principal,
        **changes,
    }
    return Proposal(AreaResponsibilityAssigned(**body), actor)


def visit_requested(actor: Actor = COMMITTEE, **changes: Any) -> Proposal:
    """A visit in area-1 that a resident asks for."""
    body: dict[str, Any] = {
        "visit": "visit-1",
        "community": "committee-1",
        "promise": "promise-1",
        "grid_unit": "area-1",
        "requester": RESIDENT.principal,
        **changes,
    }
    return Proposal(HomeVisitRequested(**body), actor)


def visited(actor: Actor = HEAD, visit: str = "visit-1") -> Proposal:
    """The visit."""
    return Proposal(HomeVisitMade(visit=visit), actor)


MONDAY_TO_FRIDAY = tuple(
    Opening(weekday=weekday, start_minute=start, end_minute=end)
    for weekday in range(1, 6)
    for start, end in ((8 * 60, 12 * 60), (14 * 60, 18 * 60))
)


def opened_place(actor: Actor = COMMITTEE, **changes: Any) -> Proposal:
    """A seniors' university of the first community, open in office hours."""
    body: dict[str, Any] = {
        "place": "place-1",
        "community": "committee-1",
        "place_type": PlaceType.SENIORS_UNIVERSITY,
        "name": "老年大学",
        "run_by": "committee-1",
        "openings": MONDAY_TO_FRIDAY,
        **changes,
    }
    return Proposal(PlaceOpened(**body), actor)


def booked(
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    actor: Actor = COMMITTEE,
    **changes: Any,
) -> Proposal:
    """Tuesday, 3 March from nine to ten, unless other times are given."""
    body: dict[str, Any] = {
        "place": "place-1",
        "booking": "booking-1",
        "starts_at": starts_at or on(3, 3, 9),
        "ends_at": ends_at or on(3, 3, 10),
        "use": "calligraphy",
        **changes,
    }
    return Proposal(PlaceBooked(**body), actor)


def inspected(actor: Actor = TOWN_CLERK, **changes: Any) -> Proposal:
    """A look at the place, which is fit."""
    body: dict[str, Any] = {"place": "place-1", "finding": InspectionFinding.FIT, **changes}
    return Proposal(PlaceInspected(**body), actor)


def rated(target_type: RatingTarget, target: str, actor: Actor = RESIDENT) -> Proposal:
    """What somebody says of a service."""
    event = ServiceRated(
        target_type=target_type, target=target, satisfaction=Satisfaction.SATISFIED
    )
    return Proposal(event, actor)


def closed_place(actor: Actor = COMMITTEE) -> Proposal:
    """The end of the place."""
    return Proposal(PlaceClosed(place="place-1", ground=ClosingGround.MOVED), actor)
