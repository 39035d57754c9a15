"""Love points: awarded once, after publicity; reversed once; given away."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from ledger import catalogue
from ledger.domain.love_bank.points import months_after
from ledger.event import Actor
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.bank_acts import (
    BAD_POINTS,
    HOLDER,
    NEIGHBOUR,
    account,
    award,
    bank,
    claimed,
    claiming,
    closed,
    donated,
    noticed,
    opened,
    raised,
    redeem,
    reversed_,
    ruled,
    shown,
    spendable,
    verified,
)
from tests.request_acts import on, pack, refused
from tests.town import (
    AWARDED_AT,
    COMMITTEE,
    COMMITTEE_B,
    FOUNDER,
    HOTLINE,
    OPENED_AT,
    TOWN_CLERK,
    in_publicity,
)

SHOWN = in_publicity("deed-9", "account-1", 5)
MOVING = ("love_points_awarded", "love_points_reversed", "love_points_donated",
          "love_points_expiry_noticed", "love_points_expired", "love_points_redeemed")  # fmt: skip


# Awards


def test_a_deed_earns_its_points_after_publicity() -> None:
    paper = bank(*SHOWN, award())

    assert (account(paper).balance, spendable(paper)) == (25, 25)
    assert paper.states["deed:deed-9"].stage == "awarded"


@pytest.mark.parametrize("kind", MOVING)
@pytest.mark.parametrize("points", BAD_POINTS)
def test_points_are_whole_positive_and_bounded(kind: str, points: Any) -> None:
    cls: Any = catalogue.kind_class(kind)
    days = {name: date(2026, 3, 9) for name in cls.example if name.endswith(("_on", "_day"))}

    with pytest.raises(ValidationError) as caught:
        cls(**{**cls.example, **days, "points": points})

    assert {error["loc"] for error in caught.value.errors()} == {("points",)}


def test_nothing_is_awarded_before_publicity_has_run() -> None:
    paper = bank(claimed(), verified(), shown())

    for moment in (paper.at, on(3, 9, 17, 59)):
        paper.at = moment
        refusal = refused(paper, award(), "publicity_not_over", "deed")
        assert isinstance(refusal, WrongState)
        assert on(3, 9, 18).isoformat() in refusal.accepted
    paper.at = on(3, 9, 18)
    paper.accept(award(expires_on=date(2028, 3, 9)))


def test_an_award_is_not_said_to_have_been_made_during_publicity() -> None:
    paper = bank(claimed(), verified(), shown())
    paper.at = on(3, 12, 9)

    early = claiming(award(expires_on=date(2028, 3, 9)), on(3, 9, 18))

    refused(paper, early, "publicity_not_over", "deed")


@pytest.mark.parametrize("so_far", [[], [claimed()], [claimed(), verified()]])
def test_nothing_is_awarded_without_publicity(so_far: list[Proposal]) -> None:
    rule = "wrong_stage_of_deed" if so_far else "unknown_deed"
    paper = bank(*so_far)
    refusal = paper.propose(award())

    assert refusal is not None
    assert (refusal.rule, refusal.field) == (rule, "deed")


def test_a_deed_is_awarded_once() -> None:
    for again in (award(deed="deed-1"), award(20, deed="deed-1"), award(20, deed="deed-2")):
        refusal = refused(bank(), again, "deed_already_awarded", "deed")
        assert isinstance(refusal, WrongState)


def test_a_deed_whose_award_was_reversed_is_not_awarded_again() -> None:
    refused(bank(reversed_()), award(20, deed="deed-1"), "deed_already_awarded", "deed")


def test_an_award_has_an_id_of_its_own() -> None:
    refusal = refused(bank(*SHOWN), award(award="award-1"), "award_exists", "award")

    assert isinstance(refusal, WrongState)


def test_an_award_goes_to_an_account_of_this_town() -> None:
    refusal = refused(bank(*SHOWN), award(identity="account-of-x"), "unknown_account", "account")

    assert isinstance(refusal, UnknownReference)


@pytest.mark.parametrize("actor", [HOTLINE, FOUNDER, TOWN_CLERK, HOLDER])
def test_the_bank_alone_awards(actor: Actor) -> None:
    assert isinstance(refused(bank(*SHOWN), award(actor=actor), "office_may_not"), Forbidden)


def test_nobody_awards_what_they_verified() -> None:
    refusal = refused(bank(*SHOWN), award(actor=COMMITTEE_B), "own_verification")

    assert isinstance(refusal, Forbidden)


@pytest.mark.parametrize(
    ("proposal", "field"),
    [
        (award(4), "points"),
        (award(6), "points"),
        (award(2**53 - 1), "points"),
        (award(identity="account-2"), "deed"),
        (award(deed_category="tidying"), "deed"),
        (award(6, identity="account-2"), "points"),
    ],
)
def test_an_award_is_as_publicity_showed_it(proposal: Proposal, field: str) -> None:
    refusal = refused(bank(*SHOWN), proposal, "not_as_shown", field)

    assert isinstance(refusal, Unacceptable)
    assert refusal.accepted == "5 points for help to account account-1"


@pytest.mark.parametrize("day", [date(2028, 3, 1), date(2028, 3, 3), date(2026, 3, 2), None])
def test_points_end_when_the_pack_says(day: date | None) -> None:
    refusal = refused(bank(*SHOWN), award(expires_on=day), "wrong_end", "expires_on")

    assert isinstance(refusal, Unacceptable)
    assert refusal.accepted == "2028-03-02"


def test_points_of_a_pack_without_an_end_never_end() -> None:
    paper = bank(*SHOWN, pack(points_expire_after_months=None))
    paper.at += timedelta(hours=2)

    refusal = refused(paper, award(), "wrong_end", "expires_on")

    assert refusal.accepted == "none"
    paper.accept(award(expires_on=None))
    paper.at = datetime(2040, 1, 1, 4, tzinfo=UTC)
    never = noticed(5, date(2040, 1, 31), "award-9")
    refused(paper, never, "not_to_be_noticed", "award")


@pytest.mark.parametrize(
    ("day", "months", "end"),
    [
        (date(2026, 3, 2), 24, date(2028, 3, 2)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 3, 31), 1200, date(2126, 3, 31)),
    ],
)
def test_a_month_later_is_the_same_day_or_the_last(day: date, months: int, end: date) -> None:
    assert months_after(day, months) == end


def test_an_award_may_be_entered_late_but_nothing_is_spent_before_it_came() -> None:
    late = claiming(award(expires_on=date(2028, 2, 10)), datetime(2026, 2, 10, 2, tzinfo=UTC))
    paper = bank(*SHOWN, late)

    early = claiming(redeem(1), datetime(2026, 2, 10, 1, tzinfo=UTC))

    refused(paper, early, "precedes_what_it_follows", "occurred_at")


# Reversals


@pytest.mark.parametrize("actor", [COMMITTEE_B, FOUNDER, TOWN_CLERK])
def test_an_award_is_taken_back_by_somebody_else(actor: Actor) -> None:
    paper = bank(reversed_(actor=actor))

    assert (account(paper).balance, account(paper).earned_in("2026-01", "2026-12")) == (0, 0)


def test_nobody_reverses_their_own_award() -> None:
    refusal = refused(bank(), reversed_(actor=COMMITTEE), "own_award")

    assert isinstance(refusal, Forbidden)


@pytest.mark.parametrize("actor", [HOTLINE, HOLDER])
def test_a_reversal_is_no_business_of_others(actor: Actor) -> None:
    refused(bank(), reversed_(actor=actor), "office_may_not")


def test_a_reversal_names_an_award_of_the_account() -> None:
    unknown, of_another = reversed_(award="award-of-x"), reversed_(10, award="award-2")

    for proposal in (unknown, of_another):
        refusal = refused(bank(), proposal, "unknown_award", "award")
        assert isinstance(refusal, UnknownReference)
    refused(bank(), reversed_(identity="account-of-x"), "unknown_account", "account")


def test_an_award_is_reversed_once() -> None:
    paper = bank(*SHOWN, award(), reversed_())

    for actor in (COMMITTEE_B, FOUNDER):
        refusal = refused(paper, reversed_(actor=actor), "already_reversed", "award")
        assert isinstance(refusal, WrongState)
    assert account(paper).balance == 5


@pytest.mark.parametrize("points", [1, 19, 21, 2**53 - 1])
def test_a_reversal_takes_the_whole_award_back(points: int) -> None:
    refusal = refused(bank(), reversed_(points), "not_the_awards_points", "points")

    assert isinstance(refusal, Unacceptable)
    assert refusal.accepted == "20 points"


@pytest.mark.parametrize("day", [date(2026, 2, 1), date(2026, 3, 2), None])
def test_a_reversal_names_the_day_of_the_award(day: date | None) -> None:
    refusal = refused(bank(), reversed_(awarded_on=day), "not_the_awards_day", "awarded_on")

    assert isinstance(refusal, Unacceptable)
    assert refusal.accepted == "2026-02-02"


def test_a_reversal_does_not_overdraw_the_account() -> None:
    refusal = refused(bank(redeem(1)), reversed_(), "beyond_balance", "points")

    assert "at most 19 points" in refusal.accepted


def test_a_reversal_takes_what_is_left_of_its_award_and_then_other_points() -> None:
    paper = bank(*SHOWN, award(), redeem(3), reversed_())

    assert [(lot.award, lot.points) for lot in account(paper).lots] == [("award-9", 2)]


def test_what_was_spent_of_an_award_is_not_taken_from_frozen_points() -> None:
    paper = bank(*SHOWN, award(), redeem(3), raised(deed="deed-9"))

    refusal = refused(paper, reversed_(), "beyond_balance", "points")

    assert "at most 17 points" in refusal.accepted


def test_a_reversal_does_not_precede_its_award() -> None:
    early = claiming(reversed_(), AWARDED_AT - timedelta(seconds=1))

    refused(bank(), early, "precedes_what_it_follows", "occurred_at")


def test_from_a_closed_account_nothing_is_taken_back() -> None:
    paper = bank(redeem(20), closed("account-1"))

    refused(paper, reversed_(), "beyond_balance", "points")


# Donations


def test_a_holder_gives_points_away() -> None:
    own = opened(holder=HOLDER.principal)
    paper = bank(claiming(own, OPENED_AT), *in_publicity("deed-9", "account-9", 5))
    paper.accept(award(identity="account-9"))

    refusal = refused(paper, donated(1, "account-9", NEIGHBOUR), "not_the_holder", "account")

    assert isinstance(refusal, Forbidden)
    paper.accept(donated(2, "account-9", HOLDER), donated(3, "account-9"))
    assert account(paper, "account-9").balance == 0


@pytest.mark.parametrize("points", [21, 2**53 - 1])
def test_nobody_gives_away_what_is_not_there(points: int) -> None:
    refusal = refused(bank(), donated(points), "beyond_balance", "points")

    assert isinstance(refusal, WrongState)
    assert refusal.accepted == "at most 20 points"


def test_points_are_given_by_an_account_of_this_town() -> None:
    refused(bank(), donated(1, "account-of-x"), "unknown_account", "account")


def test_frozen_points_are_not_given_away() -> None:
    paper = bank(raised())

    refused(paper, donated(1), "beyond_balance", "points")
    paper.accept(ruled(False), donated(1))
