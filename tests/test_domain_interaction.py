"""Opinions are replied to by others, and nobody praises themselves, or the same thing twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.decision import Office
from ledger.domain.love_bank.accounts import HolderType
from ledger.domain.participation.interaction import PraiseTarget
from ledger.event import Commitment
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Refused, Unacceptable, UnknownReference, WrongState
from tests.bank_acts import claimed, opened, shown, verified
from tests.paper_ledger import START, PaperLedger
from tests.participation_acts import (
    OPINION,
    SHOWN,
    posted,
    praised,
    praised_deed,
    praised_office,
    replied,
    taking_part,
)
from tests.request_acts import CASE, COMMITTEE_2, REVIEWER_1, STRANGER, acts, filing, refused
from tests.strategies import examples
from tests.town import (
    COMMITTEE,
    COMMITTEE_B,
    FOUNDER,
    HOTLINE,
    RESIDENT,
    REVIEWER,
    SECRETARY,
    TOWN_CLERK,
    WATER,
)

# Opinions


def test_an_opinion_is_posted_and_replied_to() -> None:
    paper = taking_part(posted(), replied())

    assert paper.states[f"opinion:{OPINION}"].is_replied


def test_what_is_written_is_a_commitment_in_the_record() -> None:
    paper = taking_part(posted(), replied(**SHOWN))

    opinion, reply = (recorded.event for recorded in paper.history[-2:])
    assert isinstance(opinion.__dict__["text"], Commitment)
    assert isinstance(reply.__dict__["reply"], Commitment)
    assert reply.__dict__["public_text"] == SHOWN["public_text"]


@pytest.mark.parametrize("actor", [COMMITTEE, SECRETARY, HOTLINE])
def test_an_office_takes_an_opinion_down(actor: Any) -> None:
    paper = taking_part(posted(actor))

    assert paper.states[f"opinion:{OPINION}"].poster == RESIDENT.principal


@pytest.mark.parametrize("actor", [WATER, REVIEWER, TOWN_CLERK])
def test_nobody_else_takes_one_down(actor: Any) -> None:
    assert isinstance(refused(taking_part(), posted(actor), "office_may_not"), Forbidden)


def test_an_opinion_has_an_id_of_its_own() -> None:
    refused(taking_part(posted()), posted(), "opinion_exists", "opinion")


def test_an_opinion_is_for_a_body_of_a_community() -> None:
    refused(taking_part(), posted(community="dept-water"), "wrong_organisation_type", "community")
    refused(taking_part(), posted(community="nowhere"), "unknown_organisation", "community")


def test_a_resident_posts_under_their_own_id() -> None:
    refused(taking_part(), posted(poster="somebody-else"), "not_the_requester", "poster")


def test_a_community_takes_down_what_is_for_itself() -> None:
    refused(taking_part(), posted(COMMITTEE_2), "foreign_community", "community")


def test_an_id_that_names_somebody_is_refused_at_the_door() -> None:
    for proposal in (posted(poster="13812345678"), praised(giver="13812345678")):
        with pytest.raises(Refused) as caught:
            taking_part().propose(proposal)
        assert caught.value.refusal.rule == "telling_id"


def test_an_opinion_that_nobody_posted_has_no_reply() -> None:
    refusal = refused(taking_part(), replied(), "unknown_opinion", "opinion")

    assert isinstance(refusal, UnknownReference)


def test_another_community_does_not_reply() -> None:
    refused(taking_part(posted()), replied(COMMITTEE_2), "foreign_community", "opinion")


def test_there_is_one_reply() -> None:
    paper = taking_part(posted(), replied())

    refusal = refused(paper, replied(COMMITTEE_B), "already_replied", "opinion")

    assert isinstance(refusal, WrongState)


def test_nobody_replies_to_their_own_opinion_or_to_what_they_took_down() -> None:
    by_clerk = taking_part(posted(COMMITTEE))
    of_clerk = taking_part(posted(HOTLINE, poster=COMMITTEE.principal))

    for paper in (by_clerk, of_clerk):
        assert isinstance(refused(paper, replied(), "own_opinion", "opinion"), Forbidden)
        paper.accept(replied(COMMITTEE_B))


def test_a_reply_follows_its_opinion() -> None:
    paper = taking_part(posted())
    before = Proposal(replied().event, COMMITTEE, START - timedelta(days=1))

    refused(paper, before, "precedes_what_it_follows", "occurred_at")


def test_a_public_wording_is_reviewed_by_somebody() -> None:
    unreviewed = {**SHOWN, "reviewed_by": None}

    refused(taking_part(posted()), replied(**unreviewed), "wording_not_reviewed", "reviewed_by")


@pytest.mark.parametrize(
    "reviewer",
    [COMMITTEE.principal, RESIDENT.principal, WATER.principal, "p-nobody", HOTLINE.principal],
)
def test_the_reviewer_is_of_the_community_and_has_no_other_part(reviewer: str) -> None:
    paper = taking_part(posted(HOTLINE))

    refused(paper, replied(**{**SHOWN, "reviewed_by": reviewer}), "unfit_reviewer", "reviewed_by")


def test_a_reviewer_of_the_committee_reviews_for_the_branch() -> None:
    paper = taking_part(posted())

    paper.accept(replied(SECRETARY, **{**SHOWN, "reviewed_by": REVIEWER_1.principal}))

    assert paper.states[f"opinion:{OPINION}"].is_replied


@pytest.mark.parametrize("field", ["public_text", "public_reply"])
def test_a_public_wording_holds_no_number_that_names_somebody(field: str) -> None:
    told = {**SHOWN, field: "请致电13812345678"}

    refused(taking_part(posted()), replied(**told), "wording_tells_of_somebody", field)


# Praise


def praise_count(paper: PaperLedger) -> int:
    return sum(recorded.kind == "praise_given" for recorded in paper.history)


def with_deed(**account: Any) -> PaperLedger:
    """A deed of a resident's that is in publicity."""
    of = {"holder": "holder-1", **account}
    return taking_part(opened("account-1", **of), claimed(), verified(), shown(5, COMMITTEE_B))


def test_offices_organisations_and_deeds_are_praised() -> None:
    paper = with_deed()

    paper.accept(
        praised(),
        praised_office(Office.BUILDING_HEAD, "committee-1"),
        praised_deed("deed-9"),
    )

    assert praise_count(paper) == 3


def test_a_praise_has_an_id_of_its_own() -> None:
    paper = taking_part(praised(praise="praise-1"))

    refused(paper, praised(STRANGER, praise="praise-1"), "praise_exists", "praise")


@pytest.mark.parametrize(
    "changes",
    [
        {"target_type": PraiseTarget.OFFICE},
        {"target_type": PraiseTarget.DEED},
        {"organisation": None},
        {"deed": "deed-9"},
        {"office": Office.CLERK_A},
        {"target_type": PraiseTarget.OFFICE, "office": Office.RESIDENT},
        {"target_type": PraiseTarget.OFFICE, "office": Office.PUBLIC},
    ],
)
def test_a_praise_names_one_target(changes: dict[str, Any]) -> None:
    refusal = refused(taking_part(), praised(**changes), "not_one_target", "target_type")

    assert isinstance(refusal, Unacceptable)


def test_what_is_not_there_is_not_praised() -> None:
    refused(taking_part(), praised(organisation="nowhere"), "unknown_organisation", "organisation")
    refused(taking_part(), praised_deed("deed-9"), "unknown_deed", "deed")


def test_a_deed_is_praised_once_it_is_shown() -> None:
    paper = taking_part(opened("account-1", holder="holder-1"), claimed())

    assert isinstance(refused(paper, praised_deed("deed-9"), "deed_not_shown", "deed"), WrongState)


def test_nobody_praises_a_deed_of_their_own_or_of_their_household() -> None:
    own = RESIDENT._replace(principal="holder-1")
    others = RESIDENT._replace(principal="in-the-house")
    household = with_deed(
        holder_type=HolderType.HOUSEHOLD, household_principals=(others.principal,)
    )

    refused(with_deed(), praised_deed("deed-9", own), "own_praise", "deed")
    refused(household, praised_deed("deed-9", others), "own_praise", "deed")


def test_nobody_praises_the_body_they_serve_or_an_office_of_it() -> None:
    own = praised(COMMITTEE)
    own_office = praised_office(Office.CLERK_A, "committee-1", COMMITTEE)

    for proposal in (own, own_office):
        assert isinstance(refused(taking_part(), proposal, "own_praise", "organisation"), Forbidden)


def test_a_clerk_praises_others() -> None:
    paper = taking_part(praised(COMMITTEE, organisation="dept-water"))

    assert praise_count(paper) == 1


def test_the_same_is_praised_once_by_one_giver() -> None:
    paper = with_deed()
    paper.accept(praised(), praised_deed("deed-9"))

    refused(paper, praised(), "already_praised", "organisation")
    refused(paper, praised_deed("deed-9"), "already_praised", "deed")
    paper.accept(praised(STRANGER), praised_deed("deed-9", STRANGER))

    assert praise_count(paper) == 4


def test_the_giver_without_a_request_is_whoever_proposes() -> None:
    for actor in (RESIDENT, HOTLINE):
        refused(taking_part(), praised(actor, giver="somebody"), "not_the_requester", "giver")


def served() -> PaperLedger:
    """A request that the water department handles."""
    paper = taking_part(Proposal(filing(), HOTLINE))
    of_case = acts()
    paper.accept(of_case["request_accepted"], of_case["request_dispatched"])
    return paper


FOR_REQUEST: dict[str, Any] = {"request": CASE, "organisation": "dept-water"}


def test_the_handling_of_a_request_is_praised_once_whoever_takes_it_down() -> None:
    paper = served()
    paper.accept(praised(HOTLINE, giver=RESIDENT.principal, **FOR_REQUEST))

    refused(paper, praised(**FOR_REQUEST), "already_praised", "organisation")
    of_office = praised(target_type=PraiseTarget.OFFICE, office=Office.CLERK_A, **FOR_REQUEST)
    refused(paper, of_office, "already_praised", "organisation")
    paper.accept(praised(**{**FOR_REQUEST, "organisation": "committee-1"}))

    assert praise_count(paper) == 2


def test_only_its_requester_praises_the_handling_of_a_request() -> None:
    paper = served()

    refused(paper, praised(HOTLINE, **FOR_REQUEST), "not_the_giver", "giver")
    refused(paper, praised(STRANGER, **FOR_REQUEST), "not_the_giver", "giver")
    refused(
        paper, praised(STRANGER, giver=RESIDENT.principal, **FOR_REQUEST),
        "not_the_requester", "giver",
    )  # fmt: skip


def test_who_had_no_part_in_a_request_is_not_praised_for_it() -> None:
    paper = served()

    refused(paper, praised(request=CASE, organisation="dept-roads"), "had_no_part", "request")
    refused(
        paper, praised(request="unheard-of", organisation="dept-roads"),
        "unknown_request", "request",
    )  # fmt: skip


BODIES = ("committee-1", "branch-1", "dept-water")
SERVES = {"p-committee": {"committee-1"}, "p-hotline": {"hotline"}, "p-secretary": {"branch-1"}}


@examples(30)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([RESIDENT, STRANGER, COMMITTEE, HOTLINE, SECRETARY]),
            st.sampled_from(BODIES),
            st.sampled_from([None, Office.SECRETARY, Office.CLERK_A]),
        ),
        max_size=25,
    )
)
def test_praise_is_what_a_plain_set_says(wishes: list[tuple[Any, str, Any]]) -> None:
    paper, given_before = taking_part(), set[tuple[str, str, Any]]()

    for actor, body, office in wishes:
        proposal = praised(actor, organisation=body)
        if office is not None:
            proposal = praised_office(office, body, actor)
        wanted = body not in SERVES.get(actor.principal, set()) and (
            (actor.principal, body, office) not in given_before
        )
        assert (paper.propose(proposal) is None) == wanted
        if wanted:
            given_before.add((actor.principal, body, office))

    assert praise_count(paper) == len(given_before)


def test_the_town_does_not_give_praise() -> None:
    refused(taking_part(), praised(FOUNDER, organisation="dept-water"), "office_may_not")
