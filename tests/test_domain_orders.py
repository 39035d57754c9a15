"""Orders: offered, chosen, taken on by as many as have a place, and confirmed by others."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.volunteering.orders import Order, OrderStage
from ledger.event import Actor
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.paper_ledger import START, PaperLedger
from tests.request_acts import COMMITTEE_2, STRANGER, refused
from tests.strategies import examples
from tests.town import COMMITTEE, COMMITTEE_B, RESIDENT, SECRETARY
from tests.volunteering_acts import (
    CONFLICTED,
    MEMBER,
    MEMBER_1,
    MEMBER_2,
    MEMBERS,
    UNIT_2_CLERK,
    UNIT_CLERK,
    VOLUNTEER,
    chosen,
    claimed,
    confirmed,
    delivered,
    drafted,
    opened,
    released,
    taken,
    town,
)


def order(paper: PaperLedger) -> Order:
    found: Order = paper.states["order:order-1"]
    return found


def at(stage: OrderStage) -> PaperLedger:
    """The order at a stage, with the first member."""
    acts = [drafted(), chosen(), claimed(), delivered(), confirmed()]
    return town(*acts[: 1 + list(OrderStage).index(stage)])


def test_an_order_is_offered_chosen_taken_on_delivered_and_confirmed() -> None:
    for stage in OrderStage:
        assert order(at(stage)).stage is stage


def test_an_order_is_drafted_by_the_branch_alone() -> None:
    assert isinstance(refused(town(), drafted(actor=COMMITTEE), "office_may_not"), Forbidden)


def test_an_order_is_drafted_once() -> None:
    refused(town(drafted()), drafted(), "order_exists", "order")


def test_nothing_is_done_about_an_order_that_nobody_drafted() -> None:
    for proposal in (chosen(), claimed(), released(), delivered(), confirmed()):
        refusal = refused(town(), proposal, "unknown_order", "order")
        assert isinstance(refusal, UnknownReference)


@pytest.mark.parametrize("stage", OrderStage)
def test_each_act_has_its_stages(stage: OrderStage) -> None:
    allowed = {
        OrderStage.DRAFTED: {"order_chosen"},
        OrderStage.CHOSEN: {"order_claimed"},
        OrderStage.CLAIMED: {"order_released", "order_delivered", "order_claimed"},
        OrderStage.DELIVERED: {"order_confirmed"},
        OrderStage.CONFIRMED: set[str](),
    }
    for proposal in (chosen(), claimed(MEMBER_1), released(), delivered(), confirmed()):
        if proposal.event.kind in allowed[stage]:
            continue
        refusal = refused(at(stage), proposal, "wrong_stage_of_order", "order")
        assert isinstance(refusal, WrongState)


def test_no_act_is_claimed_to_precede_the_one_before() -> None:
    paper = at(OrderStage.CHOSEN)

    early = Proposal(claimed().event, MEMBER, START - timedelta(days=1))

    assert isinstance(
        refused(paper, early, "precedes_what_it_follows", "occurred_at"), Unacceptable
    )


# Choosing


def test_a_resident_chooses_under_their_own_random_id() -> None:
    paper = town(drafted())

    refused(paper, chosen(RESIDENT, chosen_by="other"), "not_the_requester", "chosen_by")
    paper.accept(chosen(RESIDENT))

    assert order(paper).chosen_by == RESIDENT.principal


def test_a_body_of_another_community_chooses_for_nobody() -> None:
    refused(town(drafted()), chosen(COMMITTEE_2), "foreign_community", "order")


# Claiming


def test_two_do_not_claim_one_place() -> None:
    paper = at(OrderStage.CLAIMED)

    assert isinstance(refused(paper, claimed(MEMBER_1), "full", "member"), WrongState)


def test_nobody_claims_twice() -> None:
    paper = town(drafted(places=2), chosen(), claimed())

    refused(paper, claimed(), "claimed_already", "member")


def test_what_is_released_is_there_for_others() -> None:
    paper = at(OrderStage.CLAIMED)

    paper.accept(released())
    assert order(paper).stage is OrderStage.CHOSEN
    paper.accept(claimed(MEMBER_1))

    assert [claim.member for claim in order(paper).claims] == [MEMBER_1.principal]


def test_nobody_releases_or_delivers_what_another_took_on() -> None:
    paper = at(OrderStage.CLAIMED)

    for proposal in (released(MEMBER_1), delivered(MEMBER_1)):
        assert isinstance(refused(paper, proposal, "not_claimed", "member"), WrongState)


def test_a_claim_names_somebody_of_an_organisation() -> None:
    paper = at(OrderStage.CHOSEN)
    nobody, elsewhere = MEMBER._replace(principal="p-nobody"), MEMBER._replace(organisation="no")

    refused(paper, claimed(nobody, UNIT_CLERK), "unknown_member", "member")
    refused(paper, claimed(elsewhere, MEMBER), "unknown_organisation", "unit")
    other_unit = MEMBER._replace(organisation="unit-2")
    refused(paper, claimed(other_unit, MEMBER), "not_of_unit", "unit")


def test_a_member_acts_for_themselves_a_unit_and_a_community_for_their_own() -> None:
    paper = at(OrderStage.CHOSEN)

    assert isinstance(refused(paper, claimed(by=MEMBER_1), "other_member", "member"), Forbidden)
    assert isinstance(refused(paper, claimed(by=UNIT_2_CLERK), "other_unit", "member"), Forbidden)
    refused(paper, claimed(by=COMMITTEE_2), "foreign_community", "member")
    paper.accept(claimed(by=UNIT_CLERK), released(by=COMMITTEE), claimed(VOLUNTEER))
    refused(paper, delivered(VOLUNTEER, by=UNIT_CLERK), "other_unit", "member")


# Confirming


@pytest.mark.parametrize("actor", [CONFLICTED, COMMITTEE_B])
def test_whoever_delivered_or_entered_it_does_not_confirm(actor: Actor) -> None:
    paper = town(drafted(places=2), chosen(), claimed(MEMBER_2), delivered(MEMBER_2, COMMITTEE_B))

    assert isinstance(refused(paper, confirmed(actor), "own_service"), Forbidden)
    paper.accept(confirmed(SECRETARY))


def test_nobody_confirms_what_their_own_unit_did() -> None:
    paper = at(OrderStage.DELIVERED)

    assert isinstance(refused(paper, confirmed(CONFLICTED), "own_units_service"), Forbidden)


def test_the_resident_who_chose_it_confirms_and_no_other() -> None:
    paper = at(OrderStage.DELIVERED)

    refused(paper, confirmed(STRANGER), "not_the_requester", "order")
    refused(paper, confirmed(COMMITTEE_2), "foreign_community", "order")
    paper.accept(confirmed(RESIDENT))


def test_what_is_not_confirmed_is_delivered_again() -> None:
    paper = at(OrderStage.DELIVERED)

    paper.accept(confirmed(is_confirmed=False))
    assert order(paper).stage is OrderStage.CLAIMED
    paper.accept(delivered(), confirmed())

    assert order(paper).stage is OrderStage.CONFIRMED


# Lineage


def test_a_confirmed_order_is_a_good_deed_of_its_community() -> None:
    paper = at(OrderStage.CONFIRMED)

    assert paper.history[-1].tags == ("matter:order-1", "order:order-1", "volunteering:branch-1")


def test_a_confirmation_tells_the_person_in_need_and_the_member_with_a_claim() -> None:
    paper = town(
        opened(), taken(), drafted(), chosen(beneficiary_category="elders"), claimed(), delivered()
    )

    paper.accept(confirmed(is_confirmed=False))
    assert paper.history[-1].tags == ("order:order-1", "volunteering:branch-1")
    paper.accept(delivered(), confirmed())

    tags = {f"beneficiary:{RESIDENT.principal}", f"unit_member:{MEMBER.principal}"}
    assert tags < set(paper.history[-1].tags)


# The property


@examples(40)
@given(
    st.integers(1, 3),
    st.lists(st.tuples(st.sampled_from("crd"), st.sampled_from(MEMBERS)), max_size=12),
)
def test_claims_on_an_order_never_exceed_its_places(
    places: int, wishes: list[tuple[str, Actor]]
) -> None:
    paper, held, is_delivered = town(drafted(places), chosen()), set[str](), False

    for wish, who in wishes:
        draft = {"c": claimed, "r": released, "d": delivered}[wish]
        is_there = who.principal in held
        fits = is_there if wish in "rd" else not is_there and len(held) < places
        accepted = paper.propose(draft(who)) is None
        assert accepted == (fits and not is_delivered)
        if accepted:
            held = held | {who.principal} if wish == "c" else held
            held = held - {who.principal} if wish == "r" else held
            is_delivered = wish == "d"
        assert order(paper).places.taken == held
        assert {claim.member for claim in order(paper).claims} == held
