"""Ratings: once for each round, after an answer, and what becomes of poor ones."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.domain.requests.closing import RequestReopened
from ledger.domain.requests.ratings import (
    PoorRatingRectified,
    PoorRatingVerified,
    RatingTarget,
    Satisfaction,
    ServiceRated,
)
from ledger.domain.requests.requests import Rating, Stage
from ledger.event import Actor
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.paper_ledger import PaperLedger
from tests.request_acts import (
    CASE,
    CAST,
    COMMITTEE_2,
    REVIEWER_1,
    STRANGER,
    Cast,
    acts,
    brought_to,
    case,
    dispatch,
    refused,
    second,
    town,
)
from tests.town import (
    COMMITTEE,
    FOUNDER,
    HOTLINE,
    RESIDENT,
    REVIEWER,
    ROADS,
    URBAN,
    WATER,
)

POOR = Satisfaction.VERY_DISSATISFIED
_OF = {"target_type": RatingTarget.REQUEST}


def rated(
    actor: Actor = RESIDENT, satisfaction: Satisfaction = POOR, request: str = CASE
) -> Proposal:
    event = ServiceRated(
        **_OF, target=request, satisfaction=satisfaction, resolved=False, comment="又漏了"
    )
    return Proposal(event, actor)


def verified(actor: Actor = HOTLINE, request: str = CASE, *, founded: bool = True) -> Proposal:
    return Proposal(PoorRatingVerified(**_OF, target=request, founded=founded), actor)


def rectified(actor: Actor = WATER, request: str = CASE, *, informed: bool = True) -> Proposal:
    event = PoorRatingRectified(
        **_OF, target=request, measures="已更换管道", requester_informed=informed
    )
    return Proposal(event, actor)


def rated_poorly(cast: Cast = CAST) -> PaperLedger:
    return town(*brought_to(Stage.CLEARED, cast), rated())


# 评价

RATEABLE = (
    Stage.ANSWER_ACCEPTED,
    Stage.CLEARED,
    Stage.DISPUTED,
    Stage.STRUCK_OFF,
)


@pytest.mark.parametrize("stage", RATEABLE)
@pytest.mark.parametrize("satisfaction", Satisfaction)
def test_what_was_answered_is_rated_and_stays_where_it_stands(
    stage: Stage, satisfaction: Satisfaction
) -> None:
    paper = town(*brought_to(stage))
    before = case(paper)

    paper.accept(rated(satisfaction=satisfaction))

    is_poor = satisfaction in (Satisfaction.DISSATISFIED, Satisfaction.VERY_DISSATISFIED)
    assert case(paper) == before._replace(rating=Rating(1, is_poor, paper.at))


@pytest.mark.parametrize("stage", sorted(set(Stage) - set(RATEABLE)))
def test_nothing_is_rated_without_an_answer_that_stands(stage: Stage) -> None:
    paper = town(*brought_to(stage))

    refusal = refused(paper, rated(), "not_answered", "target")

    assert isinstance(refusal, WrongState)
    assert stage in refusal.reason


def test_an_answer_sent_back_counts_as_never_given() -> None:
    """Nobody has rated it, so that the one rating of the round is of the answer that stands."""
    paper = town(*brought_to(Stage.ANSWERED))
    refused(paper, rated(), "not_answered", "target")
    paper.accept(acts()["answer_sent_back"])
    refused(paper, rated(), "not_answered", "target")

    paper.accept(acts()["request_answered"], acts()["answer_accepted"], rated())

    assert case(paper).rating is not None


def test_a_direct_answer_is_rated_too() -> None:
    paper = town(*brought_to(Stage.FILED), acts()["request_answered_directly"])

    paper.accept(rated())


def test_one_round_of_handling_is_rated_once() -> None:
    paper = town(*brought_to(Stage.ANSWER_ACCEPTED), rated())

    refusal = refused(paper, rated(HOTLINE), "already_rated", "target")

    assert isinstance(refusal, WrongState)
    paper.accept(acts()["request_cleared"])
    refused(paper, rated(), "already_rated", "target")


@pytest.mark.parametrize("kind", ["request_reopened", "dispute_ruled"])
def test_a_new_round_is_rated_once_more(kind: str) -> None:
    between = [acts()["closure_disputed"]] if kind == "dispute_ruled" else []
    paper = rated_poorly()
    answered = (acts()["request_answered"], acts()["answer_accepted"])
    paper.accept(*between, acts()[kind], dispatch(), *answered)

    paper.accept(rated(satisfaction=Satisfaction.SATISFIED))

    assert case(paper).rating == Rating(2, is_poor=False, latest=paper.at)
    refused(paper, rated(), "already_rated", "target")


def test_a_dispute_that_was_not_upheld_is_no_new_round() -> None:
    ruled = acts()["dispute_ruled"].event.model_copy(update={"upheld": False})
    paper = rated_poorly()
    paper.accept(acts()["closure_disputed"], Proposal(ruled, acts()["dispute_ruled"].actor))

    refused(paper, rated(), "already_rated", "target")


@pytest.mark.parametrize(
    "proposal", [rated(request="x"), verified(request="x"), rectified(request="x")]
)
def test_a_request_of_another_town_is_unknown_here(proposal: Proposal) -> None:
    refusal = refused(town(), proposal, "unknown_request", "target")

    assert isinstance(refusal, UnknownReference)


def test_a_rating_does_not_precede_the_answer() -> None:
    paper = town(*brought_to(Stage.ANSWER_ACCEPTED))
    early, in_time = rated(), rated()
    early.occurred_at = paper.at - timedelta(microseconds=1)
    in_time.occurred_at = paper.at

    refusal = refused(paper, early, "precedes_what_it_follows", "occurred_at")

    assert isinstance(refusal, Unacceptable)
    paper.accept(in_time)


@pytest.mark.parametrize("actor", [RESIDENT, HOTLINE, COMMITTEE])
def test_the_requester_rates_or_tells_a_clerk(actor: Actor) -> None:
    town(*brought_to(Stage.ANSWER_ACCEPTED), rated(actor))


def test_a_resident_rates_under_the_random_id_of_the_case() -> None:
    paper = town(*brought_to(Stage.ANSWER_ACCEPTED))

    assert isinstance(refused(paper, rated(STRANGER), "not_the_requester"), Forbidden)


@pytest.mark.parametrize("actor", [WATER, REVIEWER, FOUNDER])
def test_ratings_come_from_residents_and_the_clerks_whom_they_tell(actor: Actor) -> None:
    paper = town(*brought_to(Stage.ANSWER_ACCEPTED))

    refused(paper, rated(actor), "office_may_not")


@pytest.mark.parametrize("role", ["lead", "co-handler", "former lead"])
def test_a_handler_does_not_rate(role: str) -> None:
    lead = COMMITTEE if role != "co-handler" else WATER
    co_handlers = ("committee-1",) if role == "co-handler" else ()
    paper = town(*brought_to(Stage.ACCEPTED), dispatch(lead.organisation, co_handlers=co_handlers))
    answerer = lead
    if role == "former lead":
        paper.accept(acts()["order_reassigned"])
        answerer = ROADS
    paper.accept(Proposal(acts()["request_answered"].event, answerer), acts()["answer_accepted"])

    refusal = refused(paper, rated(COMMITTEE), "handler_rates")

    assert isinstance(refusal, Forbidden)
    paper.accept(rated(RESIDENT))


def test_whoever_answered_or_handled_does_not_rate_in_another_office() -> None:
    paper = town(*brought_to(Stage.ANSWER_ACCEPTED, Cast(lead=second(WATER))))
    direct = town(
        *brought_to(Stage.ACCEPTED),
        Proposal(acts()["request_answered_directly"].event, second(HOTLINE)),
    )

    refused(paper, rated(second(HOTLINE)), "handler_rates")
    refused(direct, rated(second(COMMITTEE)), "handler_rates")


def test_the_one_complained_about_does_not_rate() -> None:
    paper = town(*brought_to(Stage.ANSWER_ACCEPTED, against="committee-2"))

    refused(paper, rated(COMMITTEE_2), "complained_about")


def test_a_requester_rates_as_a_resident_and_in_no_office() -> None:
    clerk = second(HOTLINE)
    paper = town(*brought_to(Stage.ANSWER_ACCEPTED, requester=clerk.principal))

    refused(paper, rated(clerk), "own_request")

    paper.accept(rated(RESIDENT._replace(principal=clerk.principal)))


# 差评核实


@pytest.mark.parametrize("founded", [True, False])
def test_a_poor_rating_is_verified_and_counts_whatever_is_found(*, founded: bool) -> None:
    paper = rated_poorly()

    paper.accept(verified(founded=founded))

    assert case(paper).rating == Rating(1, is_poor=True, latest=paper.at, is_verified=True)


@pytest.mark.parametrize("proposal", [verified, rectified])
def test_only_a_poor_rating_of_the_present_round_is_looked_into(proposal: object) -> None:
    assert callable(proposal)
    unrated = town(*brought_to(Stage.CLEARED))
    satisfied = town(*brought_to(Stage.CLEARED), rated(satisfaction=Satisfaction.FAIRLY_SATISFIED))
    reopened = rated_poorly()
    reopened.accept(Proposal(RequestReopened(request=CASE, reason="仍未恢复"), HOTLINE))

    for paper in (unrated, satisfied, reopened):
        refusal = refused(paper, proposal(), "no_poor_rating", "target")
        assert isinstance(refusal, WrongState)


def test_a_poor_rating_is_verified_once() -> None:
    paper = rated_poorly()
    paper.accept(verified())

    refusal = refused(paper, verified(), "already_verified", "target")

    assert isinstance(refusal, WrongState)


def test_nobody_verifies_the_rating_of_what_they_answered_or_handled() -> None:
    handled = rated_poorly(Cast(lead=second(WATER)))
    direct = town(
        *brought_to(Stage.ACCEPTED),
        Proposal(acts()["request_answered_directly"].event, second(HOTLINE)),
        rated(),
    )

    for paper in (handled, direct):
        refusal = refused(paper, verified(second(HOTLINE)), "own_answer")
        assert isinstance(refusal, Forbidden)
        paper.accept(verified(HOTLINE))


def test_the_hotline_complained_about_verifies_nothing() -> None:
    cast = Cast(COMMITTEE, reviewer=REVIEWER_1)
    paper = town(*brought_to(Stage.ANSWER_ACCEPTED, cast, against="hotline"), rated())

    refused(paper, verified(), "complained_about")


@pytest.mark.parametrize("actor", [COMMITTEE, WATER, RESIDENT, FOUNDER])
def test_the_hotline_alone_verifies(actor: Actor) -> None:
    refused(rated_poorly(), verified(actor), "office_may_not")


def test_a_verification_does_not_precede_the_rating_nor_a_rectification_the_verification() -> None:
    paper = rated_poorly()
    early = verified()
    early.occurred_at = paper.at - timedelta(microseconds=1)

    refused(paper, early, "precedes_what_it_follows", "occurred_at")
    paper.accept(verified())
    early = rectified()
    early.occurred_at = paper.at - timedelta(microseconds=1)

    refused(paper, early, "precedes_what_it_follows", "occurred_at")


# 差评整改


@pytest.mark.parametrize("actor", [WATER, URBAN])
def test_a_handler_puts_right_what_was_rated_poorly(actor: Actor) -> None:
    paper = rated_poorly()
    paper.accept(verified())

    paper.accept(rectified(actor))

    rating = case(paper).rating
    assert rating == Rating(1, is_poor=True, latest=paper.at, is_verified=True, is_rectified=True)
    refusal = refused(paper, rectified(actor), "nothing_to_rectify", "target")
    assert isinstance(refusal, WrongState)


def test_nothing_is_rectified_before_it_is_verified() -> None:
    paper = rated_poorly()

    refused(paper, rectified(), "nothing_to_rectify", "target")

    paper.accept(verified(), rectified())


def test_a_handler_alone_rectifies() -> None:
    paper = rated_poorly()
    paper.accept(verified())

    assert isinstance(refused(paper, rectified(ROADS), "not_a_handler"), Forbidden)
    refused(paper, rectified(HOTLINE), "office_may_not")


def test_the_requester_is_told_what_was_put_right() -> None:
    paper = rated_poorly()
    paper.accept(verified())

    refusal = refused(
        paper, rectified(informed=False), "requester_not_informed", "requester_informed"
    )

    assert isinstance(refusal, Unacceptable)


def test_ratings_concern_those_who_handled_but_not_the_one_that_acts() -> None:
    paper = rated_poorly()
    dockets = {"docket:dept-water", "docket:dept-urban"}
    assert {*paper.history[-1].tags} == {f"request:{CASE}", *dockets}

    paper.accept(verified(), rectified(WATER))

    assert {*paper.history[-2].tags} == {f"request:{CASE}", *dockets}
    assert {*paper.history[-1].tags} == {f"request:{CASE}", "docket:dept-urban"}
