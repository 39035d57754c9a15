"""Pauses for listed reasons, urging, and supervision by authorities and by time alone."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from ledger.clocks import TimeUnit
from ledger.domain.requests.closing import RequestReopened
from ledger.domain.requests.dispatching import OrderSigned
from ledger.domain.requests.intake import RequestWithdrawn
from ledger.domain.requests.requests import Stage
from ledger.domain.requests.supervision import (
    ClockPaused,
    ClockResumed,
    ExtensionRequested,
    ExtensionRuled,
    RequestSupervised,
    RequestUrged,
)
from ledger.domain.rules.rules import Deadline, Reason, RulesEnacted, Step
from ledger.event import Actor
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, WrongState
from tests.paper_ledger import PaperLedger
from tests.request_acts import (
    CASE,
    Cast,
    acts,
    brought_to,
    case,
    dispatch,
    on,
    pack,
    refused,
    term,
    town,
    used_minutes,
)
from tests.town import (
    COMMITTEE,
    COUNTY,
    HOTLINE,
    RESIDENT,
    RULES,
    TIMEKEEPER,
    TOWN_CLERK,
    WATER,
)

# Dispatched on Monday, 2 March 2026, just after 09:00: five working days end here.
DUE = on(3, 9, 18)


def extension(amount: int = 2, actor: Actor = WATER) -> Proposal:
    return Proposal(ExtensionRequested(request=CASE, amount=amount, reason="等待配件"), actor)


def extension_ruled(*, granted: bool = True) -> Proposal:
    return Proposal(ExtensionRuled(request=CASE, granted=granted), HOTLINE)


def paused(reason: str = "awaiting-requester", actor: Actor = HOTLINE) -> Proposal:
    return Proposal(ClockPaused(request=CASE, reason=reason), actor)


def resumed(actor: Actor = HOTLINE) -> Proposal:
    return Proposal(ClockResumed(request=CASE), actor)


def supervised(actor: Actor = TIMEKEEPER, *, overdue: bool = True) -> Proposal:
    return Proposal(RequestSupervised(request=CASE, overdue=overdue), actor)


def in_hand() -> PaperLedger:
    return town(*brought_to(Stage.IN_HAND))


def led_by_the_town() -> PaperLedger:
    return town(*brought_to(Stage.IN_HAND, Cast(lead=TOWN_CLERK)))


def just_before(paper: PaperLedger, moment: datetime) -> None:
    """The next decision is one second before the moment, the one after it at the moment."""
    paper.at = moment - timedelta(seconds=2)


# 暂停计时, 恢复计时


def test_a_pause_stops_the_handlers_clock_until_it_is_resumed() -> None:
    """A pause of a whole working day moves the end of the term by one."""
    paper = in_hand()
    paper.at = on(3, 3, 10)
    paper.accept(paused())
    assert case(paper).order.is_paused
    assert case(paper).clock is not None

    paper.at = on(3, 4, 10)
    paper.accept(resumed())

    assert not case(paper).order.is_paused
    assert term(paper).due_at == on(3, 10, 18)
    assert used_minutes(paper, on(3, 3, 10)) == used_minutes(paper, on(3, 4, 10))


def test_a_pause_over_a_weekend_moves_no_term_of_working_days() -> None:
    paper = in_hand()
    paper.at = on(3, 6, 18) - timedelta(seconds=1)
    paper.accept(paused())

    paper.at = on(3, 9, 8) - timedelta(seconds=1)
    paper.accept(resumed())

    assert term(paper).due_at == DUE


def test_a_pause_has_a_reason_that_the_pack_lists() -> None:
    paper = in_hand()

    refusal = refused(paper, paused("busy"), "unknown_pause_reason", "reason")

    assert isinstance(refusal, Unacceptable)
    assert "awaiting-requester" in refusal.accepted


@pytest.mark.parametrize("applies_to_open_cases", [False, True])
def test_an_order_keeps_the_pause_reasons_of_its_pack_unless_a_pack_applies_to_open_cases(
    *, applies_to_open_cases: bool
) -> None:
    paper = town(
        *brought_to(Stage.IN_HAND),
        pack(
            pause_reasons=(Reason(code="flood", name="汛情"),),
            applies_to_open_cases=applies_to_open_cases,
        ),
    )
    paper.at = on(3, 2, 10)
    listed, unlisted = ("flood", "awaiting-requester")[:: 1 if applies_to_open_cases else -1]

    refused(paper, paused(unlisted), "unknown_pause_reason", "reason")

    paper.accept(paused(listed))


def test_a_pause_comes_before_the_term_ends() -> None:
    paper = in_hand()
    just_before(paper, DUE)
    at_the_end = paper.copy()

    paper.accept(Proposal(OrderSigned(request=CASE), WATER), paused())

    at_the_end.at = DUE
    refused(at_the_end, paused(), "term_expired", "request")


def test_while_it_is_paused_no_term_ends() -> None:
    paper = in_hand()
    paper.accept(paused())

    paper.at = on(4, 20, 9)

    refusal = refused(paper, supervised(), "not_yet_overdue", "overdue")
    assert refusal.accepted == "overdue: false"
    paper.accept(extension())


def test_a_clock_is_paused_while_it_runs_and_resumed_while_it_is_paused() -> None:
    paper = in_hand()

    assert isinstance(refused(paper, resumed(), "clock_runs", "request"), WrongState)
    paper.accept(paused())
    assert isinstance(refused(paper, paused(), "clock_is_paused", "request"), WrongState)
    paper.accept(resumed())
    refused(paper, resumed(), "clock_runs", "request")


def test_a_pause_outlasts_a_change_of_leads() -> None:
    paper = in_hand()

    paper.accept(paused(), acts()["order_reassigned"])

    assert case(paper).order.is_paused
    paper.accept(resumed())


def test_the_town_that_leads_does_not_pause_its_own_clock() -> None:
    paper = led_by_the_town()

    assert isinstance(refused(paper, paused(actor=TOWN_CLERK), "own_pause"), Forbidden)

    paper.accept(paused())


@pytest.mark.parametrize("proposal", [paused(actor=WATER), resumed(WATER)])
def test_a_handler_neither_pauses_nor_resumes(proposal: Proposal) -> None:
    paper = in_hand()

    refused(paper, proposal, "office_may_not")


# 催办


@pytest.mark.parametrize("actor", [HOTLINE, COMMITTEE, RESIDENT])
def test_a_request_is_urged_as_often_as_somebody_asks(actor: Actor) -> None:
    paper = in_hand()
    before = case(paper)

    for _ in range(2):
        paper.accept(Proposal(RequestUrged(request=CASE), actor))

    assert case(paper) == before._replace(latest=paper.at)


def test_a_reopened_request_that_waits_for_its_dispatch_is_urged() -> None:
    paper = town(*brought_to(Stage.REOPENED))
    paper.at = on(3, 3, 9)

    paper.accept(Proposal(RequestUrged(request=CASE), RESIDENT))

    assert case(paper).latest == paper.at
    early = dispatch()
    early.occurred_at = paper.at - timedelta(minutes=1)
    refused(paper, early, "precedes_what_it_follows", "occurred_at")


# 督办: by an authority at any time, by the timekeeper when the pack's measure is full


@pytest.mark.parametrize("actor", [TOWN_CLERK, COUNTY])
def test_an_authority_supervises_a_request_once(actor: Actor) -> None:
    paper = in_hand()

    paper.accept(supervised(actor, overdue=False))

    assert case(paper).order.is_supervised
    again = supervised(COUNTY, overdue=False)
    assert isinstance(refused(paper, again, "already_supervised", "request"), WrongState)


@pytest.mark.parametrize("actor", [TIMEKEEPER, COUNTY])
def test_a_request_is_overdue_by_the_packs_measure(actor: Actor) -> None:
    """Two working days past Monday evening: on Wednesday, when the offices close."""
    paper = in_hand()
    just_before(paper, on(3, 11, 18))

    refusal = refused(paper, supervised(actor), "not_yet_overdue", "overdue")
    paper.accept(supervised(actor))

    assert isinstance(refusal, WrongState)
    assert on(3, 11, 18).isoformat() in refusal.accepted
    assert case(paper).order.is_supervised


def test_a_claimed_time_makes_nothing_overdue() -> None:
    paper = in_hand()
    just_before(paper, on(3, 11, 18))
    ahead = supervised()
    ahead.occurred_at = on(3, 11, 18) + timedelta(seconds=30)

    refused(paper, ahead, "not_yet_overdue", "overdue")


def test_a_late_or_doubled_timekeeper_changes_nothing() -> None:
    paper = in_hand()
    paper.at = on(6, 1, 9)

    paper.accept(supervised())

    refused(paper, supervised(), "already_supervised", "request")


def test_an_extension_puts_supervision_off() -> None:
    paper = in_hand()
    paper.accept(extension(5), extension_ruled())

    paper.at = on(3, 11, 18)
    refused(paper, supervised(), "not_yet_overdue", "overdue")

    paper.at = on(3, 18, 18)
    paper.accept(supervised())


def test_a_review_puts_supervision_off() -> None:
    paper = town(*brought_to(Stage.ANSWERED))
    paper.at = on(3, 16, 9)
    paper.accept(acts()["answer_sent_back"])

    refused(paper, supervised(), "not_yet_overdue", "overdue")

    paper.at = on(4, 1, 9)
    paper.accept(supervised())


def test_time_causes_supervision_of_what_is_overdue_alone() -> None:
    paper = in_hand()
    paper.at = on(6, 1, 9)

    refusal = refused(paper, supervised(overdue=False), "overdue_alone", "overdue")

    assert isinstance(refusal, Forbidden)


def test_nothing_is_overdue_where_no_pack_gives_a_measure() -> None:
    without = tuple(d for d in RULES.deadlines if d.step is not Step.REQUEST_SUPERVISED)
    paper = town(pack(deadlines=without))
    paper.at = on(3, 2, 10)
    paper.accept(*brought_to(Stage.IN_HAND))

    paper.at = on(12, 1, 9)

    refusal = refused(paper, supervised(), "not_yet_overdue", "overdue")
    assert refusal.accepted == "overdue: false"


@pytest.mark.parametrize("applies_to_open_cases", [False, True])
def test_a_case_keeps_the_term_of_its_pack_unless_a_pack_applies_to_open_cases(
    *, applies_to_open_cases: bool
) -> None:
    shorter = tuple(
        Deadline(step=d.step, grade=d.grade, amount=1, unit=TimeUnit.WORKING_DAYS)
        if d.step in (Step.REQUEST_ANSWERED, Step.REQUEST_SUPERVISED)
        else d
        for d in RULES.deadlines
    )
    paper = in_hand()
    paper.accept(pack(deadlines=shorter, applies_to_open_cases=applies_to_open_cases))

    paper.at = on(3, 4, 18)

    if applies_to_open_cases:
        assert term(paper).due_at == on(3, 3, 18)
        paper.accept(supervised())
    else:
        assert term(paper).due_at == DUE
        refused(paper, supervised(), "not_yet_overdue", "overdue")


def test_a_new_round_has_an_order_and_a_term_of_its_own() -> None:
    paper = in_hand()
    paper.accept(extension(2), extension_ruled(), supervised(COUNTY, overdue=False))
    paper.accept(*(acts()[kind] for kind in ("request_answered", "answer_accepted")))
    paper.accept(acts()["request_cleared"])
    paper.at = on(3, 16, 9)
    paper.accept(Proposal(RequestReopened(request=CASE, reason="仍未恢复"), HOTLINE))

    paper.accept(dispatch())

    assert term(paper).due_at == on(3, 23, 18)
    assert not case(paper).order.is_supervised
    paper.accept(extension(5), extension_ruled(), supervised(COUNTY, overdue=False))


def test_nothing_is_asked_for_in_a_case_that_is_over() -> None:
    paper = in_hand()
    paper.accept(extension(), Proposal(RequestWithdrawn(request=CASE), RESIDENT))

    refused(paper, extension_ruled(), "wrong_stage", "request")


def test_a_pack_that_is_not_in_force_yet_lists_no_pause() -> None:
    later = pack(
        effective_from=on(3, 20, 0),
        applies_to_open_cases=True,
        pause_reasons=(Reason(code="flood", name="汛情"),),
    )
    assert isinstance(later.event, RulesEnacted)
    paper = in_hand()
    paper.accept(later)

    refused(paper, paused("flood"), "unknown_pause_reason", "reason")
