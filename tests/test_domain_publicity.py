"""Publicity: what is shown before a deed earns a point, for how long, and under whose name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from ledger.domain.love_bank.publicity import PublicityOpened, publicity_ends
from ledger.domain.privacy.consent import Evidence, Purpose
from ledger.domain.rules.rules import Step
from ledger.event import MAX_INTEGER, Actor
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, WrongState
from tests.bank_acts import (
    BAD_POINTS,
    HOLDER,
    bank,
    claimed,
    earlier,
    opened,
    shown,
    verified,
)
from tests.paper_ledger import PaperLedger
from tests.privacy_acts import done
from tests.request_acts import on, pack, refused
from tests.town import (
    COMMITTEE,
    FOUNDER,
    HOTLINE,
    OPENED_AT,
    RULES,
    TOWN_CLERK,
    founding,
    in_publicity,
)

ACCOUNT = "account:account-9"
MASKED: dict[str, Any] = {"purpose": Purpose.SHOW_MASKED_NAME}


def found_true(hours: int = 1, **changes: Any) -> PaperLedger:
    """deed-9, of so many hours, is verified."""
    return bank(opened(), claimed("account-9", hours=hours), verified(**changes))


def test_a_deed_is_shown_with_what_it_is_to_earn() -> None:
    paper = found_true()
    opened_at = paper.at

    paper.accept(shown(7))

    deed = paper.states["deed:deed-9"]
    assert (deed.stage, deed.points) == ("in_publicity", 7)
    assert deed.publicity_opened_at == opened_at + timedelta(seconds=1)


def test_publicity_lasts_for_working_days() -> None:
    """From Monday over a weekend to the end of office hours on the fifth working day after it."""
    paper = found_true()
    paper.accept(shown())

    begun = paper.states["deed:deed-9"].publicity_opened_at

    assert publicity_ends(paper.states.get, begun) == on(3, 9, 18)
    assert publicity_ends(paper.states.get, OPENED_AT) == on(1, 14, 18)


@pytest.mark.parametrize("actor", [HOTLINE, FOUNDER, HOLDER, TOWN_CLERK])
def test_the_bank_alone_shows_deeds(actor: Actor) -> None:
    assert isinstance(refused(found_true(), shown(actor=actor), "office_may_not"), Forbidden)


def test_a_deed_is_not_shown_before_it_was_verified() -> None:
    paper = found_true()

    early = earlier(shown(), paper, minutes=1)

    refused(paper, early, "precedes_what_it_follows", "occurred_at")


# Under whose name


@pytest.mark.parametrize(
    "named",
    [
        {"witnesses": (), "spot_checked_by": None},
        {"witnesses": ("p-secretary",)},
        {"spot_checked_by": None},
    ],
)
def test_without_a_name_there_are_two_witnesses_and_a_spot_check(named: Any) -> None:
    paper = found_true(**named)

    refusal = refused(paper, shown(), "nobody_to_ask", "deed")

    assert isinstance(refusal, WrongState)
    assert "two witnesses and a spot check" in refusal.accepted


def test_with_a_masked_name_nobody_else_need_be_asked() -> None:
    unseen: dict[str, Any] = {"witnesses": (), "spot_checked_by": None}
    agreed_later = done("consent_given", COMMITTEE, ACCOUNT, evidence=Evidence.CALL, **MASKED)

    later = found_true(**unseen)
    later.accept(agreed_later, shown())
    at_once = bank(
        opened(masked_name_consent=True), claimed("account-9"), verified(**unseen), shown()
    )

    assert {one.states["deed:deed-9"].stage for one in (later, at_once)} == {"in_publicity"}


def test_a_consent_that_was_withdrawn_shows_no_name() -> None:
    withdrawn = done("consent_withdrawn", HOLDER, ACCOUNT, **MASKED)
    paper = bank(
        opened(masked_name_consent=True),
        claimed("account-9"),
        verified(witnesses=(), spot_checked_by=None),
        withdrawn,
    )

    refused(paper, shown(), "nobody_to_ask", "deed")


# For how many points


@pytest.mark.parametrize("points", BAD_POINTS)
def test_points_are_whole_positive_and_bounded(points: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        PublicityOpened(deed="deed-9", points=points)

    assert {error["loc"] for error in caught.value.errors()} == {("points",)}


@pytest.mark.parametrize(
    ("hours", "most"),
    [(1, 2), (2, 4), (5, 10), (6, 11), (24, 11)],
)
def test_a_deed_earns_what_the_pack_gives_for_its_hours(hours: int, most: int) -> None:
    paper = found_true(hours)
    paper.accept(pack(points_per_hour=2, max_points_per_award=11))
    paper.at += timedelta(hours=2)

    for points in (most + 1, MAX_INTEGER):
        refusal = refused(paper, shown(points), "too_many_points", "points")
        assert isinstance(refusal, Unacceptable)
        assert f"1 to {most} points (pack 2)" in refusal.accepted
    paper.accept(shown(most))


def test_publicity_needs_rules_in_force() -> None:
    *before, rules, calendar = founding()
    paper = PaperLedger()
    claimed_and_verified = in_publicity("deed-9", "account-9", 5)[:2]
    paper.accept(*before, calendar, opened_early(), *claimed_and_verified)

    refusal = refused(paper, shown(), "no_rules_in_force")

    assert isinstance(refusal, WrongState)
    paper.accept(rules, shown())


def opened_early() -> Proposal:
    proposal = opened()
    proposal.occurred_at = OPENED_AT
    return proposal


def test_publicity_needs_a_term() -> None:
    without = tuple(one for one in RULES.deadlines if one.step is not Step.DEED_PUBLICITY)
    paper = found_true()
    paper.accept(pack(deadlines=without))
    paper.at += timedelta(hours=2)

    refusal = refused(paper, shown(), "no_term_of_publicity")

    assert isinstance(refusal, WrongState)
    assert "deed_publicity" in refusal.accepted
