"""Closing: cleared, called back, reopened, disputed, struck off, and what a new round forgets."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from ledger.domain.requests.closing import (
    CalledBack,
    CallOutcome,
    ClosureDisputed,
    DisputeRuled,
    RequestCleared,
    RequestReopened,
    RequestStruckOff,
)
from ledger.domain.requests.requests import Closing, Order, Stage
from ledger.domain.rules.rules import Grade, Step
from ledger.domain.rules.terms import HandlerClock
from ledger.event import Actor
from ledger.proposal import Proposal
from ledger.refusals import Unacceptable, WrongState
from tests.paper_ledger import PaperLedger
from tests.request_acts import (
    CASE,
    UNIT,
    acts,
    brought_to,
    case,
    dispatch,
    on,
    pack,
    refused,
    town,
)
from tests.town import COMMITTEE, COUNTY, HOTLINE, RESIDENT, RULES, TOWN_CLERK, URBAN, WATER

# Cleared on Monday, 2 March 2026: ten working days to dispute it end here.
DISPUTABLE_UNTIL = on(3, 16, 18)


def called(outcome: CallOutcome = CallOutcome.UNREACHABLE) -> Proposal:
    return Proposal(CalledBack(request=CASE, outcome=outcome), HOTLINE)


def disputed(actor: Actor = RESIDENT) -> Proposal:
    return Proposal(ClosureDisputed(request=CASE, reason="只修了一个单元"), actor)


def dispute_ruled(*, upheld: bool) -> Proposal:
    return Proposal(DisputeRuled(request=CASE, upheld=upheld), TOWN_CLERK)


def struck_off(actor: Actor = HOTLINE) -> Proposal:
    return Proposal(RequestStruckOff(request=CASE), actor)


def cleared() -> PaperLedger:
    return town(*brought_to(Stage.CLEARED))


# 办结


@pytest.mark.parametrize("actor", [HOTLINE, COMMITTEE])
def test_a_request_is_cleared_with_an_answer_that_stands(actor: Actor) -> None:
    paper = town(*brought_to(Stage.ANSWER_ACCEPTED))
    answered = case(paper).closing

    paper.accept(Proposal(RequestCleared(request=CASE), actor))

    closed = case(paper)
    assert closed.stage is Stage.CLEARED
    assert not closed.is_open
    assert closed.closing == answered._replace(
        clearing_recorded_at=paper.at, cleared_by=actor.principal
    )


def test_nobody_clears_without_an_accepted_answer() -> None:
    paper = town(*brought_to(Stage.ANSWERED))
    early = acts()["request_cleared"]

    refusal = refused(paper, early, "wrong_stage", "request")

    assert "answer_accepted" in refusal.accepted
    paper.accept(acts()["answer_accepted"], acts()["request_cleared"])


# 回访


@pytest.mark.parametrize(
    ("outcome", "is_called_back"),
    [
        (CallOutcome.REACHED, True),
        (CallOutcome.REFUSED, True),
        (CallOutcome.UNREACHABLE, False),
    ],
)
def test_a_call_back_is_an_attempt_and_may_reach_the_requester(
    outcome: CallOutcome, *, is_called_back: bool
) -> None:
    paper = cleared()

    paper.accept(called(outcome))

    closing = case(paper).closing
    assert (closing.calls, closing.is_called_back) == ((paper.at,), is_called_back)
    assert case(paper).stage is Stage.CLEARED


@pytest.mark.parametrize("outcome", [CallOutcome.REACHED, CallOutcome.REFUSED])
def test_whoever_was_reached_is_not_called_again(outcome: CallOutcome) -> None:
    paper = cleared()
    paper.accept(called(outcome))

    refusal = refused(paper, called(), "already_called_back", "request")

    assert isinstance(refusal, WrongState)


def test_there_are_three_attempts_on_two_days() -> None:
    paper = cleared()
    paper.accept(called(), called())

    refusal = refused(paper, called(), "attempts_on_one_day", "occurred_at")
    assert isinstance(refusal, Unacceptable)
    paper.at = on(3, 3, 9)
    paper.accept(called())
    refusal = refused(paper, called(), "attempts_used_up", "request")

    assert isinstance(refusal, WrongState)
    assert len(case(paper).closing.calls) == 3
    assert not case(paper).closing.is_called_back


def test_the_days_of_the_attempts_are_those_of_shanghai() -> None:
    """On Monday at 23:59 and on Tuesday at 00:01: one day in UTC, two in Shanghai."""
    paper = cleared()
    paper.at = on(3, 2, 23, 58)
    paper.accept(called(), called())

    paper.at = on(3, 3, 0, 1)

    paper.accept(called())


@pytest.mark.parametrize("outcome", [CallOutcome.REACHED, CallOutcome.REFUSED])
def test_whoever_answers_the_last_attempt_is_reached_on_whatever_day(
    outcome: CallOutcome,
) -> None:
    paper = cleared()
    paper.accept(called(), called())

    paper.accept(called(outcome))

    assert case(paper).closing.is_called_back


def test_a_pack_says_how_many_attempts_and_days_there_are() -> None:
    paper = town(pack(call_back_attempts=2, call_back_days=1))
    paper.at = on(3, 2, 10)
    paper.accept(*brought_to(Stage.CLEARED), called(), called())

    refused(paper, called(), "attempts_used_up", "request")


@pytest.mark.parametrize("outcome", [CallOutcome.UNREACHABLE, CallOutcome.REFUSED])
@pytest.mark.parametrize("said", [{"resolved": True}, {"satisfied": False}])
def test_only_those_who_were_reached_say_how_it_was(
    outcome: CallOutcome, said: dict[str, bool]
) -> None:
    with pytest.raises(ValidationError, match="reached alone"):
        CalledBack(request=CASE, outcome=outcome, **said)

    CalledBack(request=CASE, outcome=CallOutcome.REACHED, **said)


@pytest.mark.parametrize("actor", [COMMITTEE, TOWN_CLERK, WATER, RESIDENT, UNIT])
def test_the_hotline_alone_calls_back(actor: Actor) -> None:
    paper = cleared()

    refused(paper, Proposal(acts()["called_back"].event, actor), "office_may_not")


# 重办: a new round


def assert_a_new_round(paper: PaperLedger) -> None:
    again = case(paper)
    assert (again.stage, again.handling_round) == (Stage.REOPENED, 2)
    assert (again.lead, again.handlers, again.clock) == (None, (), None)
    assert (again.order, again.closing) == (Order(), Closing())
    assert again.involved == ("dept-water", "dept-urban")
    assert again.is_open


def test_a_reopened_request_begins_a_new_round() -> None:
    paper = cleared()
    paper.accept(called())

    paper.accept(Proposal(RequestReopened(request=CASE, reason="仍未恢复"), COMMITTEE))

    assert_a_new_round(paper)


def test_a_new_round_goes_the_whole_way_again() -> None:
    paper = cleared()
    paper.accept(acts()["called_back"], acts()["request_reopened"])
    paper.at = on(3, 16, 9)

    paper.accept(dispatch("dept-urban", co_handlers=(), grade=Grade.UTILITIES))

    second_round = case(paper)
    assert second_round.clock == HandlerClock(paper.at, Grade.UTILITIES)
    assert second_round.handlers == ("dept-urban",)
    refused(paper, acts()["request_answered"], "not_a_handler")
    paper.accept(
        Proposal(acts()["request_answered"].event, URBAN),
        acts()["answer_accepted"],
        acts()["request_cleared"],
        acts()["called_back"],
        acts()["request_struck_off"],
    )
    assert case(paper).stage is Stage.STRUCK_OFF
    assert case(paper).handling_round == 2


# 办结异议


@pytest.mark.parametrize("actor", [RESIDENT, HOTLINE, COMMITTEE])
def test_a_closure_is_disputed_and_waits_for_its_ruling(actor: Actor) -> None:
    paper = cleared()

    paper.accept(disputed(actor))

    assert case(paper).stage is Stage.DISPUTED
    assert case(paper).closing.disputed_by == actor.principal
    assert case(paper).is_open
    refused(paper, struck_off(), "wrong_stage", "request")


def test_a_closure_is_disputed_within_the_packs_term() -> None:
    paper = cleared()
    paper.at = DISPUTABLE_UNTIL - timedelta(seconds=1)
    in_time = paper.copy()

    in_time.accept(disputed())
    paper.at = DISPUTABLE_UNTIL
    refusal = refused(paper, disputed(), "dispute_too_late", "request")

    assert in_time.at == DISPUTABLE_UNTIL
    assert isinstance(refusal, WrongState)
    assert DISPUTABLE_UNTIL.isoformat() in refusal.reason


def test_a_dispute_of_the_last_day_may_be_entered_later() -> None:
    paper = cleared()
    paper.at = DISPUTABLE_UNTIL + timedelta(days=3)
    written = disputed(HOTLINE)
    written.occurred_at = DISPUTABLE_UNTIL

    paper.accept(written)


def test_a_clearing_entered_late_cuts_nobodys_right_to_dispute_it() -> None:
    paper = town(*brought_to(Stage.ANSWER_ACCEPTED))
    late = acts()["request_cleared"]
    late.occurred_at = paper.at
    paper.at = on(4, 1, 9)
    paper.accept(late)

    refused(paper, struck_off(), "not_called_back", "request")

    paper.accept(disputed())


def test_a_closure_is_disputed_at_any_time_where_no_pack_sets_a_term() -> None:
    without = tuple(d for d in RULES.deadlines if d.step is not Step.CLOSURE_DISPUTED)
    paper = town(pack(deadlines=without))
    paper.at = on(3, 2, 10)
    paper.accept(*brought_to(Stage.CLEARED))

    paper.at = on(12, 1, 9)
    refusal = refused(paper, struck_off(), "not_called_back", "request")

    assert refusal.accepted == "a call back first"
    paper.accept(disputed())


def test_a_dispute_that_is_not_upheld_lets_the_closure_stand_once_for_all() -> None:
    paper = cleared()
    paper.accept(called(), disputed())
    closing = case(paper).closing

    paper.accept(dispute_ruled(upheld=False))

    stands = case(paper)
    assert (stands.stage, stands.handling_round) == (Stage.CLEARED, 1)
    assert stands.closing == closing
    refusal = refused(paper, disputed(), "already_disputed", "request")
    assert isinstance(refusal, WrongState)


def test_an_upheld_dispute_begins_a_new_round_which_may_be_disputed_too() -> None:
    paper = cleared()
    paper.accept(disputed())

    paper.accept(dispute_ruled(upheld=True))

    assert_a_new_round(paper)
    paper.accept(
        dispatch(),
        *(acts()[kind] for kind in ("request_answered", "answer_accepted", "request_cleared")),
        disputed(),
        dispute_ruled(upheld=True),
    )
    assert case(paper).handling_round == 3


@pytest.mark.parametrize("actor", [HOTLINE, COMMITTEE, WATER, RESIDENT])
def test_an_authority_rules_on_disputes(actor: Actor) -> None:
    paper = town(*brought_to(Stage.DISPUTED))

    refused(paper, Proposal(acts()["dispute_ruled"].event, actor), "office_may_not")


# 销号


@pytest.mark.parametrize("outcome", [CallOutcome.REACHED, CallOutcome.REFUSED])
@pytest.mark.parametrize("actor", [HOTLINE, COUNTY])
def test_a_request_is_struck_off_once_the_requester_was_called_back(
    outcome: CallOutcome, actor: Actor
) -> None:
    paper = cleared()
    refused(paper, struck_off(actor), "not_called_back", "request")

    paper.accept(called(outcome), struck_off(actor))

    assert case(paper).stage is Stage.STRUCK_OFF
    assert not case(paper).is_open


def test_what_the_requester_said_is_not_solved_is_not_struck_off_while_they_may_dispute_it() -> (
    None
):
    said = CalledBack(request=CASE, outcome=CallOutcome.REACHED, resolved=False)
    paper = cleared()
    paper.accept(Proposal(said, HOTLINE))
    refuted = paper.copy()

    refusal = refused(paper, struck_off(), "said_unresolved", "request")
    refuted.accept(disputed(), dispute_ruled(upheld=False), struck_off())
    paper.at = DISPUTABLE_UNTIL
    paper.accept(struck_off())

    assert isinstance(refusal, WrongState)
    assert DISPUTABLE_UNTIL.isoformat() in refusal.accepted


def test_a_request_is_struck_off_once_all_attempts_were_made() -> None:
    paper = cleared()
    paper.accept(called(), called())
    refusal = refused(paper, struck_off(), "not_called_back", "request")
    assert isinstance(refusal, WrongState)
    paper.at = on(3, 3, 9)

    paper.accept(called(), struck_off())

    assert case(paper).stage is Stage.STRUCK_OFF


def test_a_request_is_struck_off_once_nobody_can_dispute_it_any_more() -> None:
    paper = cleared()
    paper.at = DISPUTABLE_UNTIL - timedelta(seconds=1)

    refusal = refused(paper, struck_off(), "not_called_back", "request")
    paper.accept(struck_off())

    assert DISPUTABLE_UNTIL.isoformat() in refusal.accepted
    assert case(paper).stage is Stage.STRUCK_OFF


def test_a_call_back_after_which_the_case_was_reopened_strikes_nothing_off() -> None:
    paper = cleared()
    paper.accept(acts()["called_back"], acts()["request_reopened"], dispatch())
    paper.accept(
        *(acts()[kind] for kind in ("request_answered", "answer_accepted", "request_cleared"))
    )

    refused(paper, struck_off(), "not_called_back", "request")
