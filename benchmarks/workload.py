"""What is written: the same plain events for every store, and progress on open requests for the
ledger."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem

from benchmarks import events
from ledger.clocks import TimeUnit
from ledger.decision import Office, OrganisationType
from ledger.domain.founding import LedgerFounded
from ledger.domain.requests.dispatching import RequestDispatched
from ledger.domain.requests.handling import ProgressPosted
from ledger.domain.requests.intake import RequestAccepted, RequestFiled
from ledger.domain.requests.requests import Category
from ledger.domain.rules.calendars import WorkingCalendarEnacted
from ledger.domain.rules.rules import Deadline, Grade, OfficeHours, RulesEnacted, Step
from ledger.domain.town.organisations import OrganisationRegistered
from ledger.domain.town.people import AppointmentMade
from ledger.event import Actor, Event
from ledger.proposal import Proposal

REQUESTS = 256
"""Open requests: at least one a client."""

ORIGIN = "town.example/ledger"
"""The name of the log that is founded."""

FOUNDER = Actor("secretary", "town", "p-founder")
HOTLINE = Actor("clerk_a", "hotline", "p-hotline")
HANDLER = Actor("clerk_a", "dept-water", "p-water")
STRANGER = Actor("clerk_a", "dept-roads", "p-roads")
"""Handles no request: what this clerk posts is refused."""

NOTE = "已到现场查看，正在更换管道，预计今日内恢复供水。"


def plain_event(request: str, number: int) -> DCBEvent:
    """One plain event, the same in every store."""
    return DCBEvent(events.KIND, events.record(number), events.tags(request))


def unless_changed(request: str, after: int) -> DCBAppendCondition:
    """The append fails where the case has an event after the position."""
    return DCBAppendCondition(DCBQuery([DCBQueryItem([], [events.boundary(request)])]), after)


def progress(request: str, *, must_fail: bool) -> Proposal:
    """A note on an open request, from its handler or, to be refused, from somebody else."""
    return Proposal(ProgressPosted(request=request, note=NOTE), STRANGER if must_fail else HANDLER)


def http_body(request: str) -> str:
    """The same as a request's body."""
    return json.dumps(
        {"kind": events.KIND, "body": {"request": request, "note": NOTE}}, ensure_ascii=False
    )


def founding() -> list[Proposal]:
    """A town of a hotline, a community and two departments; the first proposal founds it."""
    first = LedgerFounded(origin=ORIGIN, town="town", town_name="城关镇", founder=FOUNDER.principal)
    acts: list[Event] = [
        OrganisationRegistered(organisation=identity, type=type_, name=name, parent="town")
        for identity, type_, name in (
            ("hotline", OrganisationType.HOTLINE_CENTRE, "便民热线中心"),
            ("committee-1", OrganisationType.RESIDENTS_COMMITTEE, "社区居委会"),
            ("dept-water", OrganisationType.DEPARTMENT, "水务局"),
            ("dept-roads", OrganisationType.DEPARTMENT, "交通运输局"),
        )
    ]
    acts += [
        AppointmentMade(
            principal=actor.principal, organisation=actor.organisation, office=Office(actor.office)
        )
        for actor in (HOTLINE, HANDLER, STRANGER)
    ]
    acts += [rules(), WorkingCalendarEnacted(year=2026, holidays=(), workdays=(), source="none")]
    return [Proposal(event, FOUNDER) for event in (first, *acts)]


def rules() -> RulesEnacted:
    """A pack with a term for answers, and no more."""
    return RulesEnacted(
        pack_version=1,
        effective_from=datetime(2020, 1, 1, tzinfo=UTC),
        retroactive=True,
        office_hours=(OfficeHours(start_minute=8 * 60, end_minute=18 * 60),),
        deadlines=(
            Deadline(
                step=Step.REQUEST_ANSWERED,
                grade=Grade.ORDINARY,
                amount=5,
                unit=TimeUnit.WORKING_DAYS,
            ),
        ),
        max_points_per_award=20,
    )


def dispatched(request: str) -> list[Proposal]:
    """A request that waits for its handler."""
    return [
        Proposal(
            RequestFiled(
                request=request, community="committee-1", category=Category.HELP, subject="water"
            ),
            HOTLINE,
        ),
        Proposal(RequestAccepted(request=request), HOTLINE),
        Proposal(
            RequestDispatched(request=request, lead="dept-water", grade=Grade.ORDINARY), HOTLINE
        ),
    ]


def request_ids() -> list[str]:
    """The ids of the open requests."""
    return [f"request-{number}" for number in range(REQUESTS)]
