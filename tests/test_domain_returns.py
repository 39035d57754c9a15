"""Returns of an order: asked for, ruled, and ended by a ruling on jurisdiction; reassignment."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from ledger.domain.requests.dispatching import (
    CoHandlerAdded,
    JurisdictionRuled,
    OrderReassigned,
    OrderReturnRequested,
    OrderReturnRuled,
    OrderSigned,
)
from ledger.domain.requests.handling import RequestAnswered
from ledger.domain.requests.requests import Order, Stage
from ledger.domain.town.organisations import OrganisationDissolved
from ledger.event import Actor
from ledger.proposal import Proposal
from ledger.refusals import Unacceptable, WrongState
from tests.request_acts import (
    CASE,
    UNFIT,
    acts,
    brought_to,
    case,
    on,
    pack,
    ready_for,
    refused,
    town,
)
from tests.town import FOUNDER, HOTLINE, ROADS, TOWN_CLERK, WATER


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


# 退单, 裁定, 改派


def test_a_return_has_a_reason_and_an_owner() -> None:
    for missing in ("reason", "proposed_owner"):
        body = {"request": CASE, "reason": "不属管辖", "proposed_owner": "dept-roads"}
        del body[missing]

        with pytest.raises(ValidationError, match=missing):
            OrderReturnRequested.model_validate(body)


@pytest.mark.parametrize(
    ("owner", "rule"),
    UNFIT,
)
def test_the_proposed_owner_is_an_organisation_that_handles(owner: str, rule: str) -> None:
    paper = town(*brought_to(Stage.DISPATCHED), dissolved("dept-roads"))

    refused(paper, returned(owner), rule, "proposed_owner")


@pytest.mark.parametrize("owner", ["dept-water", "unit-1"])
def test_the_proposed_owner_is_neither_the_lead_nor_the_one_complained_about(owner: str) -> None:
    paper = town(*brought_to(Stage.DISPATCHED))

    refusal = refused(paper, returned(owner), "not_an_owner", "proposed_owner")

    assert isinstance(refusal, Unacceptable)


def test_a_return_waits_for_its_ruling() -> None:
    paper = town(*brought_to(Stage.IN_HAND))

    paper.accept(returned())

    order = case(paper).order
    assert (order.returns, order.return_asked_by) == (1, "dept-water")
    assert case(paper).lead == "dept-water"


def test_a_return_is_ruled_once_asked_for() -> None:
    paper = town(*brought_to(Stage.DISPATCHED))

    refusal = refused(paper, ruled(granted=True), "no_return_asked", "request")

    assert isinstance(refusal, WrongState)
    paper.accept(returned(), ruled(granted=False))
    refused(paper, ruled(granted=True), "no_return_asked", "request")


def test_a_granted_return_leaves_the_order_without_a_lead() -> None:
    paper = town(*brought_to(Stage.DISPATCHED), Proposal(OrderSigned(request=CASE), WATER))

    paper.accept(returned(), ruled(granted=True))

    waiting = case(paper)
    assert (waiting.stage, waiting.lead) == (Stage.DISPATCHED, None)
    assert waiting.handlers == ("dept-urban",)
    assert waiting.involved == ("dept-water", "dept-urban")
    assert waiting.order == Order(returns=1)
    refused(paper, acts()["request_answered"], "not_a_handler")
    paper.accept(reassigned("dept-roads"))
    paper.accept(Proposal(RequestAnswered(request=CASE), ROADS))


def test_a_refused_return_leaves_the_lead_as_it_was() -> None:
    paper = town(*brought_to(Stage.IN_HAND))
    before = case(paper)

    paper.accept(returned(), ruled(granted=False))

    after = case(paper)
    assert (after.stage, after.lead, after.handlers) == (
        Stage.IN_HAND,
        before.lead,
        before.handlers,
    )
    assert after.order == before.order._replace(returns=1)


def test_after_the_packs_number_of_returns_jurisdiction_is_ruled_for_good() -> None:
    paper = town(*brought_to(Stage.DISPATCHED))

    paper.accept(returned(), ruled(granted=False))
    refusal = refused(paper, jurisdiction(), "jurisdiction_not_in_question", "request")
    assert isinstance(refusal, WrongState)
    paper.accept(returned(), ruled(granted=False))
    refusal = refused(paper, returned(), "returns_used_up", "request")
    assert isinstance(refusal, WrongState)
    assert "jurisdiction_ruled" in refusal.accepted
    paper.accept(jurisdiction("dept-roads"))

    bound = case(paper)
    assert (bound.stage, bound.lead) == (Stage.DISPATCHED, "dept-roads")
    assert bound.handlers == ("dept-urban", "dept-roads")
    assert bound.order.is_bound
    assert isinstance(
        refused(paper, returned("dept-water", ROADS), "jurisdiction_ruled", "request"), WrongState
    )
    refused(paper, reassigned("dept-water"), "jurisdiction_ruled", "request")
    refused(paper, jurisdiction("dept-water"), "jurisdiction_not_in_question", "request")


def test_a_return_that_passes_the_case_on_counts_too() -> None:
    paper = town(
        *brought_to(Stage.DISPATCHED),
        returned(),
        ruled(granted=True),
        reassigned("dept-roads"),
        returned("dept-water", ROADS),
    )

    paper.accept(jurisdiction("dept-roads"))

    assert case(paper).lead == "dept-roads"
    assert case(paper).order.return_asked_by is None


@pytest.mark.parametrize(
    ("lead", "rule"),
    UNFIT,
)
@pytest.mark.parametrize("kind", ["jurisdiction_ruled", "order_reassigned", "co_handler_added"])
def test_who_comes_in_later_is_an_organisation_that_handles(
    kind: str, lead: str, rule: str
) -> None:
    paper = town(*brought_to(Stage.DISPATCHED), *ready_for(kind), dissolved("dept-roads"))
    proposal = {
        "jurisdiction_ruled": jurisdiction,
        "order_reassigned": reassigned,
        "co_handler_added": co_handler,
    }[kind](lead)

    field = "co_handler" if kind == "co_handler_added" else "lead"

    refused(paper, proposal, rule, field)


@pytest.mark.parametrize("applies_to_open_cases", [False, True])
def test_an_order_keeps_the_returns_of_its_pack_unless_a_pack_applies_to_open_cases(
    *, applies_to_open_cases: bool
) -> None:
    paper = town(
        *brought_to(Stage.DISPATCHED),
        pack(max_returns=1, applies_to_open_cases=applies_to_open_cases),
    )
    paper.at = on(3, 2, 10)
    paper.accept(returned(), ruled(granted=False))

    if applies_to_open_cases:
        refused(paper, returned(), "returns_used_up", "request")
        paper.accept(jurisdiction())
    else:
        refused(paper, jurisdiction(), "jurisdiction_not_in_question", "request")
        paper.accept(returned())


def test_where_no_pack_was_in_force_at_the_dispatch_the_present_one_limits_returns() -> None:
    paper = town()
    before_all_packs = brought_to(Stage.DISPATCHED)
    for proposal in before_all_packs:
        proposal.occurred_at = datetime(2019, 6, 3, 1, tzinfo=UTC)
    paper.accept(*before_all_packs)

    paper.accept(returned(), ruled(granted=False), returned(), ruled(granted=False))

    refused(paper, returned(), "returns_used_up", "request")


def test_an_order_is_reassigned_to_another_who_signs_anew() -> None:
    paper = town(*brought_to(Stage.DISPATCHED), Proposal(OrderSigned(request=CASE), WATER))

    paper.accept(reassigned("dept-roads"))

    moved = case(paper)
    assert (moved.stage, moved.lead) == (Stage.DISPATCHED, "dept-roads")
    assert moved.handlers == ("dept-urban", "dept-roads")
    assert not moved.order.is_signed
    refused(paper, acts()["request_answered"], "not_a_handler")
    paper.accept(Proposal(OrderSigned(request=CASE), ROADS))


def test_an_order_is_reassigned_to_another_than_its_lead() -> None:
    paper = town(*brought_to(Stage.DISPATCHED))

    refusal = refused(paper, reassigned("dept-water"), "same_lead", "lead")

    assert isinstance(refusal, Unacceptable)


def test_an_order_is_not_reassigned_past_a_return() -> None:
    paper = town(*brought_to(Stage.DISPATCHED), returned())

    refused(paper, reassigned(), "return_not_ruled", "request")
