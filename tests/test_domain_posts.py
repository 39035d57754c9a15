"""Posts: as many claims as places, service by whoever has one, and which claims count."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ledger.domain.volunteering.posts import Post, PostOpened
from ledger.domain.volunteering.volunteers import MAX_PLACES, UnitMember
from ledger.event import Actor
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.paper_ledger import START, PaperLedger
from tests.request_acts import COMMITTEE_2, refused
from tests.strategies import examples
from tests.town import COMMITTEE
from tests.volunteering_acts import (
    MEMBER,
    MEMBER_1,
    MEMBER_2,
    MEMBERS,
    UNIT_2_CLERK,
    UNIT_CLERK,
    VOLUNTEER,
    logged,
    opened,
    taken,
    town,
    vacated,
)


def post(paper: PaperLedger) -> Post:
    found: Post = paper.states["post:post-1"]
    return found


def member(paper: PaperLedger, who: Actor = MEMBER) -> UnitMember | None:
    found: UnitMember | None = paper.states.get(f"unit_member:{who.principal}")
    return found


def test_a_post_is_opened_by_the_branch_alone_and_once() -> None:
    assert isinstance(refused(town(), opened(actor=COMMITTEE), "office_may_not"), Forbidden)
    refused(town(opened()), opened(), "post_exists", "post")


@pytest.mark.parametrize("places", [0, MAX_PLACES + 1])
def test_a_post_has_at_least_one_place_and_not_too_many(places: int) -> None:
    with pytest.raises(ValidationError):
        PostOpened(title="巡护", post_category="patrol", places=places)


def test_nothing_is_done_about_a_post_that_nobody_opened() -> None:
    for proposal in (taken(), vacated(), logged()):
        assert isinstance(refused(town(), proposal, "unknown_post", "post"), UnknownReference)


def test_no_more_claim_it_than_there_are_places() -> None:
    paper = town(opened(places=2), taken(), taken(MEMBER_1))

    assert isinstance(refused(paper, taken(MEMBER_2), "full", "member"), WrongState)
    paper.accept(vacated(), taken(MEMBER_2))
    assert post(paper).places.taken == {MEMBER_1.principal, MEMBER_2.principal}


def test_nobody_has_two_places_on_one_post() -> None:
    refused(town(opened(), taken()), taken(), "claimed_already", "member")


def test_nobody_serves_on_or_vacates_what_they_did_not_claim() -> None:
    paper = town(opened(), taken(MEMBER_1))

    for proposal in (logged(), vacated()):
        assert isinstance(refused(paper, proposal, "not_claimed", "member"), WrongState)


def test_nobody_serves_on_a_day_to_come() -> None:
    paper = town(opened(), taken())

    refusal = refused(
        paper, logged(served_on=date(2026, 3, 3)), "served_in_the_future", "served_on"
    )
    assert isinstance(refusal, Unacceptable)
    paper.accept(logged(served_on=date(2026, 3, 2)))


def test_no_claim_precedes_the_opening() -> None:
    early = Proposal(taken().event, MEMBER, START - timedelta(days=1))

    refused(town(opened()), early, "precedes_what_it_follows", "occurred_at")


def test_a_claim_is_entered_by_the_member_their_unit_or_the_community() -> None:
    paper = town(opened(places=3))

    refused(paper, taken(by=MEMBER_1), "other_member", "member")
    refused(paper, taken(by=UNIT_2_CLERK), "other_unit", "member")
    refused(paper, taken(by=COMMITTEE_2), "foreign_community", "member")
    paper.accept(taken(), taken(MEMBER_2, UNIT_CLERK), taken(MEMBER_1, COMMITTEE))
    for proposal in (logged(by=MEMBER_1), vacated(by=MEMBER_1)):
        refused(paper, proposal, "other_member", "member")


def test_a_claim_names_an_organisation_of_the_member() -> None:
    other = MEMBER._replace(organisation="unit-2")

    assert isinstance(
        refused(town(opened()), taken(other, MEMBER), "not_of_unit", "unit"), Unacceptable
    )


# Which claims count


def test_a_claim_counts_while_it_is_held() -> None:
    paper = town(opened(), taken())

    assert member(paper) == UnitMember(frozenset({"post-1"}))
    paper.accept(vacated())

    assert member(paper) == UnitMember()


def test_a_vacated_claim_counts_if_service_was_logged() -> None:
    paper = town(opened(), taken(), logged(), vacated())

    found = member(paper)

    assert found == UnitMember(served=frozenset({"post-1"}))
    assert found.has_claim


def test_a_volunteer_of_no_resident_unit_has_a_place_but_is_no_units_member() -> None:
    paper = town(opened(), taken(VOLUNTEER), logged(VOLUNTEER), vacated(VOLUNTEER))

    assert member(paper, VOLUNTEER) is None
    assert paper.history[-1].tags == ("post:post-1", "volunteering:branch-1")


@examples(40)
@given(
    st.integers(1, 3),
    st.lists(st.tuples(st.sampled_from("cvs"), st.sampled_from((*MEMBERS, VOLUNTEER)))),
)
def test_claims_never_exceed_the_places_and_are_told_of_each_member(
    places: int, wishes: list[tuple[str, Actor]]
) -> None:
    paper, held, served = town(opened(places)), list[str](), set[str]()

    for wish, who in wishes:
        name = who.principal
        fits = name in held if wish in "vs" else name not in held and len(held) < places
        draft = {"c": taken, "v": vacated, "s": logged}[wish]
        assert (paper.propose(draft(who)) is None) == fits
        if fits and wish == "c":
            held.append(name)
        elif fits and wish == "v":
            held.remove(name)
        elif fits:
            served.add(name)
        assert post(paper).places.taken == set(held)
        assert len(held) <= places

    for who in MEMBERS:
        counts = who.principal in {*held, *served}
        found = member(paper, who)
        assert (found is not None and found.has_claim) == counts
