"""Lots that end: a notice in time, points that can be spent until then, and none after it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.bank_acts import (
    ENDS_ON,
    account,
    award,
    bank,
    donated,
    earlier,
    expired,
    noticed,
    raised,
    redeem,
    reversed_,
    ruled,
    spendable,
)
from tests.paper_ledger import PaperLedger
from tests.request_acts import refused
from tests.town import (
    COMMITTEE,
    in_publicity,
)

SHOWN = in_publicity("deed-9", "account-1", 5)


def at_noon(day: date) -> datetime:
    """Noon of a day in Shanghai."""
    return datetime(day.year, day.month, day.day, 4, tzinfo=UTC)


def ending(on_day: date = ENDS_ON - timedelta(days=30), *before: Proposal) -> PaperLedger:
    """The bank on the first day on which notice of award-1 may be given."""
    paper = bank(*before)
    paper.at = at_noon(on_day)
    return paper


# Notices


def test_a_notice_comes_in_time_and_names_the_last_day() -> None:
    paper = ending()

    refusal = refused(paper, noticed(last_day=date(2028, 2, 3)), "wrong_last_day", "last_day")

    assert isinstance(refusal, Unacceptable)
    assert refusal.accepted == "2028-02-02"
    paper.accept(noticed())
    assert account(paper).lots[0].last_day == ENDS_ON


def test_a_notice_does_not_come_too_early() -> None:
    paper = ending(ENDS_ON - timedelta(days=31))

    refusal = refused(paper, noticed(), "too_early_for_notice", "award")

    assert isinstance(refusal, WrongState)
    assert refusal.accepted == "a day from 2028-01-03 on"


def test_a_late_notice_moves_the_last_day() -> None:
    paper = ending(ENDS_ON + timedelta(days=5))

    refused(paper, noticed(), "wrong_last_day", "last_day")
    paper.accept(noticed(last_day=ENDS_ON + timedelta(days=35)))

    paper.at = at_noon(ENDS_ON + timedelta(days=35))
    paper.accept(redeem(20))


def test_a_notice_is_given_once() -> None:
    paper = ending()
    paper.accept(noticed())

    refusal = refused(paper, noticed(), "not_to_be_noticed", "award")

    assert isinstance(refusal, WrongState)


@pytest.mark.parametrize("make", [noticed, expired])
def test_a_notice_and_an_end_are_for_a_lot_as_it_lies_there(make: Any) -> None:
    paper = ending(ENDS_ON - timedelta(days=30), *SHOWN, award(), redeem(3))
    paper.accept(raised(deed="deed-9"))

    refusal = refused(paper, make(20), "not_what_is_left", "points")

    assert refusal.accepted == "17 points"
    for proposal in (make(award="award-of-x"), make(5, award="award-2")):
        unknown = refused(paper, proposal, "unknown_lot", "award")
        assert isinstance(unknown, UnknownReference)
    held = refused(paper, make(5, award="award-9"), "lot_held", "award")
    assert isinstance(held, WrongState)
    refused(paper, make(identity="account-of-x"), "unknown_account", "account")
    by_the_bank = refused(paper, make(17, actor=COMMITTEE), "office_may_not")
    assert isinstance(by_the_bank, Forbidden)
    early = earlier(make(17), paper, days=800)
    refused(paper, early, "precedes_what_it_follows", "occurred_at")


def test_nothing_is_left_of_a_lot_that_was_spent() -> None:
    paper = ending(ENDS_ON, redeem(20))

    refused(paper, noticed(), "unknown_lot", "award")


# Ends


def test_points_end_after_the_day_that_the_notice_named() -> None:
    paper = ending()
    paper.accept(noticed())

    paper.at = at_noon(ENDS_ON)
    refusal = refused(paper, expired(), "not_expired", "award")
    assert isinstance(refusal, WrongState)
    assert refusal.accepted == "a day after 2028-02-02"

    paper.at = datetime(2028, 2, 2, 16, tzinfo=UTC)  # midnight in Shanghai
    paper.accept(expired())
    assert (account(paper).balance, spendable(paper)) == (0, 0)


def test_without_a_notice_no_point_ends() -> None:
    paper = ending(date(2031, 1, 1))

    refusal = refused(paper, expired(), "not_expired", "award")

    assert refusal.accepted == "a notice first"
    paper.accept(redeem(20))


@pytest.mark.parametrize("spend", [redeem(1), donated(1)])
def test_what_has_ended_is_not_spent_even_before_it_is_cleared_away(spend: Proposal) -> None:
    paper = ending()
    paper.accept(noticed())
    paper.at = at_noon(ENDS_ON + timedelta(days=1))

    refusal = refused(paper, spend, "beyond_balance", "points")

    assert (account(paper).balance, spendable(paper)) == (20, 0)
    assert refusal.accepted == "at most 0 points"


def test_an_award_that_ended_whole_is_not_taken_back() -> None:
    paper = ending()
    paper.accept(noticed())
    paper.at = at_noon(ENDS_ON + timedelta(days=1))
    paper.accept(expired())

    refusal = refused(paper, reversed_(), "award_expired", "award")

    assert isinstance(refusal, WrongState)


def test_of_an_award_that_ended_in_part_the_rest_is_taken_back() -> None:
    paper = ending(ENDS_ON - timedelta(days=30), *SHOWN, award(), redeem(3))
    paper.accept(noticed(17))
    paper.at = at_noon(ENDS_ON + timedelta(days=1))
    paper.accept(expired(17))

    refusal = refused(paper, reversed_(), "not_the_awards_points", "points")

    assert refusal.accepted == "3 points"
    paper.accept(reversed_(3))
    assert account(paper).balance == 2


def test_points_that_were_frozen_past_their_last_day_end_after_another_notice() -> None:
    """Nobody loses points because somebody objected without reason."""
    paper = ending()
    paper.accept(noticed())
    paper.at = at_noon(ENDS_ON - timedelta(days=1))
    paper.accept(raised())
    paper.at = at_noon(ENDS_ON + timedelta(days=10))
    refused(paper, expired(), "lot_held", "award")

    paper.accept(ruled(False))

    assert spendable(paper) == 20
    refused(paper, expired(), "not_expired", "award")
    paper.accept(noticed(last_day=ENDS_ON + timedelta(days=40)))
    paper.at = at_noon(ENDS_ON + timedelta(days=41))
    paper.accept(expired())
