"""Handling: progress, the other side, answers and their review, and whose time that is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.domain.requests.handling import (
    AnswerAccepted,
    AnswerSentBack,
    RequestAnswered,
    RequestAnsweredDirectly,
    RespondentStated,
)
from ledger.domain.requests.requests import Closing, Stage
from ledger.domain.rules.rules import Deadline, Step
from ledger.event import Actor
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, WrongState
from tests.request_acts import (
    CASE,
    REVIEWER_1,
    UNIT,
    acts,
    brought_to,
    case,
    on,
    pack,
    refused,
    term,
    town,
    used_minutes,
)
from tests.town import (
    COMMITTEE,
    HOTLINE,
    REVIEWER,
    RULES,
    SECRETARY,
    TIMEKEEPER,
    TOWN_CLERK,
    URBAN,
    WATER,
)


def answered() -> Proposal:
    return Proposal(RequestAnswered(request=CASE, answer="已修复"), WATER)


def reviewed(actor: Actor = REVIEWER) -> Proposal:
    return Proposal(AnswerAccepted(request=CASE), actor)


def sent_back(actor: Actor = REVIEWER) -> Proposal:
    return Proposal(AnswerSentBack(request=CASE, reason="未说明何时恢复"), actor)


def deemed(actor: Actor = TIMEKEEPER) -> Proposal:
    return Proposal(AnswerAccepted(request=CASE, deemed=True), actor)


def test_progress_takes_the_case_in_hand_and_notes_who_handles_it() -> None:
    paper = town(*brought_to(Stage.DISPATCHED))

    paper.accept(Proposal(acts()["progress_posted"].event, URBAN))

    assert case(paper).stage is Stage.IN_HAND
    assert case(paper).handled_by == (URBAN.principal,)


# 被诉方陈述


@pytest.mark.parametrize("stage", [Stage.FILED, Stage.IN_HAND, Stage.ANSWERED, Stage.DISPUTED])
def test_the_other_side_is_heard_at_every_open_stage_and_moves_nothing(stage: Stage) -> None:
    paper = town(*brought_to(stage))
    before = case(paper)

    paper.accept(acts()["respondent_stated"])

    assert case(paper) == before._replace(latest=paper.at, spoken_by=(UNIT.principal,))


def test_nobody_is_heard_where_nobody_is_complained_about() -> None:
    paper = town(*brought_to(Stage.FILED, against=None))

    stated = Proposal(RespondentStated(request=CASE, statement="并无此事"), UNIT)

    assert isinstance(refused(paper, stated, "not_the_respondent"), Forbidden)


# 直接答复


@pytest.mark.parametrize("actor", [HOTLINE, COMMITTEE, SECRETARY])
def test_whoever_takes_the_request_in_may_answer_at_once(actor: Actor) -> None:
    paper = town(*brought_to(Stage.FILED))

    paper.accept(Proposal(RequestAnsweredDirectly(request=CASE, answer="可补办"), actor))

    stands = case(paper)
    assert stands.stage is Stage.ANSWER_ACCEPTED
    assert stands.closing == Closing(paper.at, paper.at, actor.principal)
    assert (stands.lead, stands.clock) == (None, None)
    paper.accept(acts()["request_cleared"])


# 答复, 审核


def test_an_answer_stops_the_handlers_clock() -> None:
    paper = town(*brought_to(Stage.IN_HAND))
    paper.at = on(3, 5, 9)

    paper.accept(answered())

    given = case(paper)
    assert given.stage is Stage.ANSWERED
    assert given.closing == Closing(paper.at, paper.at, WATER.principal)
    assert given.clock is not None
    assert given.clock.stopped_since == paper.at


@pytest.mark.parametrize("actor", [REVIEWER, HOTLINE, REVIEWER_1])
def test_a_reviewer_lets_an_answer_stand(actor: Actor) -> None:
    paper = town(*brought_to(Stage.ANSWERED))
    answer = case(paper).closing

    paper.accept(reviewed(actor))

    assert case(paper).stage is Stage.ANSWER_ACCEPTED
    assert case(paper).closing == answer


@pytest.mark.parametrize("actor", [TOWN_CLERK, WATER, COMMITTEE, SECRETARY])
def test_an_answer_is_reviewed_by_the_offices_for_it_alone(actor: Actor) -> None:
    paper = town(*brought_to(Stage.ANSWERED))

    refused(paper, reviewed(actor), "office_may_not")
    refused(paper, sent_back(actor), "office_may_not")


def test_an_answer_sent_back_counts_as_never_given() -> None:
    paper = town(*brought_to(Stage.ANSWERED))

    paper.accept(sent_back())

    back = case(paper)
    assert (back.stage, back.lead) == (Stage.IN_HAND, "dept-water")
    assert back.closing == Closing()
    refused(paper, acts()["request_cleared"], "wrong_stage", "request")
    refused(paper, reviewed(), "wrong_stage", "request")
    paper.accept(answered(), reviewed(), acts()["request_cleared"])


def test_the_reviewers_time_is_not_the_handlers() -> None:
    """Ordinary: five working days from Monday. A review of a working day moves the end by one."""
    paper = town(*brought_to(Stage.IN_HAND))
    assert term(paper).due_at == on(3, 9, 18)
    paper.at = on(3, 5, 9)
    paper.accept(answered())
    answered_at = paper.at

    paper.at = answered_at + timedelta(days=1) - timedelta(seconds=1)
    paper.accept(sent_back())

    assert term(paper).due_at == on(3, 10, 18)
    assert used_minutes(paper, paper.at) == used_minutes(paper, answered_at)


def test_the_time_after_an_answer_sent_back_is_the_handlers_again() -> None:
    paper = town(*brought_to(Stage.ANSWERED), sent_back())
    answered_at = paper.at

    assert used_minutes(paper, answered_at + timedelta(hours=1)) == 60 + used_minutes(
        paper, answered_at
    )


def test_each_review_is_left_out() -> None:
    paper = town(*brought_to(Stage.IN_HAND))
    for day in (4, 6):
        paper.at = on(3, day, 9)
        paper.accept(answered())
        paper.at += timedelta(hours=2) - timedelta(seconds=1)
        paper.accept(sent_back())

    # Five working days end on Monday at 18:00; the four hours fall into Tuesday morning.
    assert term(paper).due_at == on(3, 10, 12)


def test_whoever_answers_is_no_longer_paused() -> None:
    paper = town(*brought_to(Stage.IN_HAND))
    paper.accept(acts()["clock_paused"])
    paused_at = paper.at
    paper.at = on(3, 3, 9)

    paper.accept(answered())

    given = case(paper)
    assert not given.order.is_paused
    assert given.clock is not None
    assert given.clock.stopped == ((paused_at, paper.at),)
    assert given.clock.stopped_since == paper.at


def test_the_clock_does_not_begin_anew_in_review() -> None:
    paper = town(*brought_to(Stage.DISPATCHED))
    started_at = paper.at

    paper.accept(answered(), sent_back(), answered(), reviewed())

    clock = case(paper).clock
    assert clock is not None
    assert clock.started_at == started_at


# 视为通过: what time alone causes


def test_an_answer_that_nobody_reviews_is_deemed_accepted_after_the_packs_term() -> None:
    """Five working days after Monday, the offices close on the next Monday at 18:00."""
    paper = town(*brought_to(Stage.ANSWERED))

    paper.at = on(3, 9, 18) - timedelta(seconds=2)
    refusal = refused(paper, deemed(), "not_yet_deemed_accepted", "request")
    paper.accept(deemed())

    assert isinstance(refusal, WrongState)
    assert on(3, 9, 18).isoformat() in refusal.accepted
    assert paper.at == on(3, 9, 18)
    assert case(paper).stage is Stage.ANSWER_ACCEPTED


def test_an_answer_entered_late_leaves_its_reviewer_the_whole_term() -> None:
    paper = town(*brought_to(Stage.IN_HAND))
    late = answered()
    late.occurred_at = paper.at
    paper.at = on(3, 16, 9)
    paper.accept(late)

    refused(paper, deemed(), "not_yet_deemed_accepted", "request")

    paper.at = on(3, 23, 18)
    paper.accept(deemed())


def test_a_claimed_time_deems_nothing_accepted() -> None:
    """The time at which it is recorded decides: a timekeeper that is late or doubled as well."""
    paper = town(*brought_to(Stage.ANSWERED))
    ahead, late = deemed(), deemed()
    ahead.occurred_at = paper.at + timedelta(seconds=30)

    refused(paper, ahead, "not_yet_deemed_accepted", "request")
    paper.at = on(4, 20, 9)
    paper.accept(late)

    refused(paper, deemed(), "wrong_stage", "request")


def test_the_term_of_an_answer_given_after_one_sent_back_is_its_own() -> None:
    paper = town(*brought_to(Stage.ANSWERED))
    paper.at = on(3, 6, 9)
    paper.accept(sent_back(), answered())

    paper.at = on(3, 9, 18)
    refused(paper, deemed(), "not_yet_deemed_accepted", "request")

    paper.at = on(3, 13, 18)
    paper.accept(deemed())


def test_nothing_is_deemed_accepted_where_no_pack_says_so() -> None:
    without = tuple(d for d in RULES.deadlines if d.step is not Step.ANSWER_DEEMED_ACCEPTED)
    paper = town(pack(deadlines=without))
    paper.at = on(3, 2, 11)
    paper.accept(*brought_to(Stage.ANSWERED))

    paper.at = on(12, 31, 9)

    refusal = refused(paper, deemed(), "not_yet_deemed_accepted", "request")
    assert refusal.accepted == "a reviewer"


@pytest.mark.parametrize(
    "proposal",
    [deemed(REVIEWER), Proposal(AnswerAccepted(request=CASE), TIMEKEEPER)],
    ids=["a reviewer deems", "the timekeeper reviews"],
)
def test_time_alone_deems_and_reviewers_review(proposal: Proposal) -> None:
    paper = town(*brought_to(Stage.ANSWERED))
    paper.at = on(4, 20, 9)

    refusal = refused(paper, proposal, "deemed_by_time_alone", "deemed")

    assert isinstance(refusal, Forbidden)


def test_the_timekeeper_sends_nothing_back() -> None:
    paper = town(*brought_to(Stage.ANSWERED))

    refused(paper, sent_back(TIMEKEEPER), "office_may_not")


def test_the_term_is_that_of_the_pack_in_force_at_the_answer() -> None:
    shorter = tuple(
        Deadline(step=d.step, grade=d.grade, amount=1, unit=d.unit)
        if d.step is Step.ANSWER_DEEMED_ACCEPTED
        else d
        for d in RULES.deadlines
    )
    paper = town(*brought_to(Stage.ANSWERED), pack(deadlines=shorter))

    paper.at = on(3, 4, 9)

    refused(paper, deemed(), "not_yet_deemed_accepted", "request")
