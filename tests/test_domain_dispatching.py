"""Orders: who leads a request, who handles with them, and what no act on an order restarts."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.decision import Office, OrganisationType
from ledger.domain.requests.dispatching import (
    MAX_HANDLERS,
    CoHandlerAdded,
    JurisdictionRuled,
    OrderReassigned,
    OrderReturnRequested,
    OrderReturnRuled,
    OrderSigned,
)
from ledger.domain.requests.handling import ProgressPosted, RequestAnswered
from ledger.domain.requests.requests import Order, Stage
from ledger.domain.rules.rules import Grade
from ledger.domain.rules.terms import HandlerClock
from ledger.domain.town.organisations import OrganisationDissolved, OrganisationRegistered
from ledger.domain.town.people import AppointmentMade
from ledger.domain.whistles.blowing import WhistleBlown
from ledger.domain.whistles.whistles import Ground
from ledger.event import Actor
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, WrongState
from tests.paper_ledger import PaperLedger
from tests.request_acts import (
    CASE,
    UNFIT,
    acts,
    brought_to,
    case,
    dispatch,
    on,
    ready_for,
    refused,
    town,
)
from tests.town import FOUNDER, HOTLINE, ROADS, SECRETARY, TOWN_CLERK, URBAN, WATER


def returned(owner: str = "dept-roads", actor: Actor = WATER) -> Proposal:
    event = OrderReturnRequested(request=CASE, reason="不属管辖", proposed_owner=owner)
    return Proposal(event, actor)


def ruled(*, granted: bool) -> Proposal:
    return Proposal(OrderReturnRuled(request=CASE, granted=granted), HOTLINE)


def jurisdiction(lead: str = "dept-roads", actor: Actor = TOWN_CLERK) -> Proposal:
    return Proposal(JurisdictionRuled(request=CASE, lead=lead), actor)


def reassigned(lead: str = "dept-roads") -> Proposal:
    return Proposal(OrderReassigned(request=CASE, lead=lead), HOTLINE)


def co_handler(department: str = "dept-roads") -> Proposal:
    return Proposal(CoHandlerAdded(request=CASE, co_handler=department), HOTLINE)


def dissolved(organisation: str) -> Proposal:
    return Proposal(OrganisationDissolved(organisation=organisation), FOUNDER)


# 派单


def test_an_order_names_a_lead_and_who_handles_with_it_and_starts_the_handlers_clock() -> None:
    paper = town(*brought_to(Stage.ACCEPTED))

    paper.accept(dispatch(grade=Grade.COMPLEX))

    dispatched = case(paper)
    assert dispatched.stage is Stage.DISPATCHED
    assert (dispatched.lead, dispatched.dispatcher) == ("dept-water", "hotline")
    assert dispatched.handlers == dispatched.involved == ("dept-water", "dept-urban")
    assert dispatched.clock == HandlerClock(paper.at, Grade.COMPLEX)
    assert dispatched.order == Order()


def test_the_clock_starts_when_the_dispatch_is_claimed_to_have_happened() -> None:
    paper = town(*brought_to(Stage.ACCEPTED))
    paper.at = on(3, 3, 9)
    late = dispatch()
    late.occurred_at = on(3, 2, 17)

    paper.accept(late)

    clock = case(paper).clock
    assert clock is not None
    assert clock.started_at == on(3, 2, 17)


@pytest.mark.parametrize(
    ("organisation", "rule"),
    UNFIT,
)
@pytest.mark.parametrize("field", ["lead", "co_handlers"])
def test_handlers_are_organisations_of_this_ledger_that_handle(
    field: str, organisation: str, rule: str
) -> None:
    paper = town(*brought_to(Stage.ACCEPTED), dissolved("dept-roads"))
    changes: dict[str, Any] = {field: organisation if field == "lead" else (organisation,)}

    order = dispatch(**changes)

    refused(paper, order, rule, field)


@pytest.mark.parametrize(
    "co_handlers", [("dept-water",), ("dept-urban", "dept-roads", "dept-urban")]
)
def test_a_handler_is_named_once(co_handlers: tuple[str, ...]) -> None:
    paper = town(*brought_to(Stage.ACCEPTED))

    twice = dispatch(co_handlers=co_handlers)

    refusal = refused(paper, twice, "handler_given_twice", "co_handlers")
    assert isinstance(refusal, Unacceptable)


@pytest.mark.parametrize("grade", [Grade.HARD, Grade.URGENT])
def test_a_grade_of_whistles_does_not_fit_a_request(grade: Grade) -> None:
    paper = town(*brought_to(Stage.ACCEPTED))

    refusal = refused(paper, dispatch(grade=grade), "grade_of_a_whistle", "grade")

    assert isinstance(refusal, Unacceptable)
    assert "emergency" in refusal.accepted


# 签收


def test_the_lead_signs_once() -> None:
    paper = town(*brought_to(Stage.DISPATCHED))
    signed = Proposal(OrderSigned(request=CASE), WATER)

    paper.accept(signed)

    assert case(paper).stage is Stage.IN_HAND
    assert case(paper).order.is_signed
    again = Proposal(OrderSigned(request=CASE), WATER)
    assert isinstance(refused(paper, again, "already_signed", "request"), WrongState)


# 增派协办


def test_a_co_handler_joins_the_handlers() -> None:
    paper = town(*brought_to(Stage.IN_HAND))

    paper.accept(co_handler("dept-roads"))

    joined = case(paper)
    assert joined.handlers == joined.involved == ("dept-water", "dept-urban", "dept-roads")
    assert (joined.stage, joined.lead) == (Stage.IN_HAND, "dept-water")


@pytest.mark.parametrize("department", ["dept-water", "dept-urban"])
def test_who_handles_already_does_not_join(department: str) -> None:
    paper = town(*brought_to(Stage.DISPATCHED))

    refusal = refused(paper, co_handler(department), "handler_given_twice", "co_handler")

    assert isinstance(refusal, Unacceptable)


@pytest.mark.parametrize(
    "kinds",
    [
        ("order_signed",),
        ("order_return_requested", "order_return_ruled"),
        ("order_reassigned",),
        ("co_handler_added",),
        ("progress_posted",),
        ("request_urged",),
        ("request_supervised",),
    ],
)
def test_no_act_on_an_order_restarts_the_clock(kinds: tuple[str, ...]) -> None:
    paper = town(*brought_to(Stage.DISPATCHED))
    clock = case(paper).clock
    paper.at = on(3, 3, 9)

    paper.accept(*(acts()[kind] for kind in kinds))

    assert case(paper).clock == clock
    assert case(paper).latest == paper.at


def test_jurisdiction_restarts_no_clock() -> None:
    paper = town(*brought_to(Stage.DISPATCHED), *ready_for("jurisdiction_ruled"))
    clock = case(paper).clock

    paper.accept(jurisdiction())

    assert case(paper).clock == clock


# Limits


def full_house() -> PaperLedger:
    """A case that two whistles have given as many handlers as a record can name."""
    departments = tuple(f"d-{number}" for number in range(MAX_HANDLERS))
    registered = (
        OrganisationRegistered(organisation=one, type=OrganisationType.DEPARTMENT, name="局")
        for one in departments
    )
    clerk = AppointmentMade(principal="p-d-0", organisation="d-0", office=Office.CLERK_A)
    whistles = (
        WhistleBlown(
            request=CASE,
            grade=Grade.HARD,
            ground=Ground.JOINT_ENFORCEMENT,
            departments=departments[start : start + 20],
        )
        for start in range(0, MAX_HANDLERS, 20)
    )
    return town(
        *(Proposal(event, FOUNDER) for event in (*registered, clerk)),
        *brought_to(Stage.ACCEPTED),
        *(Proposal(whistle, SECRETARY) for whistle in whistles),
    )


def test_a_case_has_no_more_handlers_than_a_record_names() -> None:
    paper = full_house()

    one_more = dispatch("dept-water", co_handlers=())

    refusal = refused(paper, one_more, "too_many_handlers", "co_handlers")
    assert isinstance(refusal, Unacceptable)
    paper.accept(dispatch("d-0", co_handlers=("d-1",)))
    assert len(case(paper).handlers) == MAX_HANDLERS
    refused(paper, co_handler("dept-water"), "too_many_handlers", "co_handler")
    paper.accept(reassigned("dept-water"))
    assert len(case(paper).handlers) == MAX_HANDLERS


def test_a_new_lead_finds_room_among_the_handlers() -> None:
    paper = full_house()
    lead = Actor("clerk_a", "d-0", "p-d-0")
    paper.accept(
        dispatch("d-0", co_handlers=()),
        returned("dept-water", lead),
        ruled(granted=True),
        co_handler("dept-roads"),
    )

    refused(paper, reassigned("dept-water"), "too_many_handlers", "lead")

    paper.accept(reassigned("d-1"))


# Who has it in hand


HANDLER_KINDS = (
    "order_signed",
    "order_return_requested",
    "extension_requested",
    "request_answered",
)


@pytest.mark.parametrize("kind", HANDLER_KINDS)
def test_the_lead_alone_acts_for_the_order(kind: str) -> None:
    paper = town(*brought_to(Stage.DISPATCHED))

    by_co_handler, by_another = (Proposal(acts()[kind].event, actor) for actor in (URBAN, ROADS))

    assert isinstance(refused(paper, by_co_handler, "not_a_handler"), Forbidden)
    refused(paper, by_another, "not_a_handler")
    paper.accept(acts()[kind])


@pytest.mark.parametrize("kind", HANDLER_KINDS)
def test_while_a_return_waits_for_its_ruling_the_lead_does_nothing_else(kind: str) -> None:
    paper = town(*brought_to(Stage.DISPATCHED), acts()["order_return_requested"])

    refused(paper, acts()[kind], "return_not_ruled", "request")

    paper.accept(acts()["order_return_ruled"], acts()[kind])


def posted(actor: Actor) -> Proposal:
    return Proposal(ProgressPosted(request=CASE, note="已到场"), actor)


def test_only_handlers_post_progress() -> None:
    paper = town(*brought_to(Stage.DISPATCHED))

    assert isinstance(refused(paper, posted(ROADS), "not_a_handler"), Forbidden)

    paper.accept(posted(URBAN), posted(WATER))


def summons(*departments: str) -> Proposal:
    whistle = WhistleBlown(
        request=CASE, grade=Grade.HARD, ground=Ground.JOINT_ENFORCEMENT, departments=departments
    )
    return Proposal(whistle, SECRETARY)


def test_a_summoned_department_posts_progress_and_does_not_answer() -> None:
    paper = town(*brought_to(Stage.DISPATCHED), summons("dept-roads"))

    by_summoned = Proposal(RequestAnswered(request=CASE), ROADS)

    refused(paper, by_summoned, "not_a_handler")
    paper.accept(posted(ROADS))


@pytest.mark.parametrize("stage", [Stage.ACCEPTED, Stage.REOPENED])
def test_a_department_summoned_before_the_dispatch_handles_the_request_too(stage: Stage) -> None:
    paper = town(*brought_to(stage), summons("dept-roads"))

    paper.accept(dispatch(co_handlers=()))

    assert case(paper).handlers == ("dept-water", "dept-roads")
    paper.accept(posted(ROADS))
    refused(paper, posted(URBAN), "not_a_handler")
