"""Appeals: one against a ruling, by whom it went against, in time, heard by somebody else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.domain.love_bank.accounts import HolderType
from ledger.domain.rules.rules import Step
from ledger.event import Actor
from ledger.refusals import Forbidden, WrongState
from tests.bank_acts import (
    HOLDER,
    appealed,
    bank,
    claimed,
    contested,
    opened,
    raised,
    ruled,
    shown,
    spendable,
    verified,
)
from tests.request_acts import on, pack, refused
from tests.town import (
    COMMITTEE,
    COMMITTEE_B,
    COUNTY,
    FOUNDER,
    HOTLINE,
    RULES,
    SECRETARY,
    TOWN_CLERK,
    WATER,
)

GOVERNMENT_2 = Actor("clerk_b", "government", "p-second")
COUNTY_2 = Actor("clerk_b", "county", "p-second")
"""The same principal, who also acts for the government."""


def test_an_upheld_appeal_against_a_dismissal_holds_the_points_again() -> None:
    paper = bank(raised(), ruled(False))
    assert spendable(paper) == 20

    paper.accept(appealed())
    assert (contested(paper), spendable(paper)) == ((1, 0), 0)
    paper.accept(ruled(True, actor=FOUNDER))

    assert (contested(paper), spendable(paper)) == ((0, 1), 0)


def test_a_dismissal_on_appeal_lets_the_points_go() -> None:
    paper = bank(raised(), ruled(True), appealed(actor=COMMITTEE), ruled(False, actor=FOUNDER))

    assert (contested(paper), spendable(paper)) == ((0, 0), 20)


def test_what_was_not_ruled_on_is_not_appealed_against() -> None:
    refusal = refused(bank(raised()), appealed(), "not_ruled", "objection")

    assert isinstance(refusal, WrongState)


def test_there_is_one_appeal() -> None:
    paper = bank(raised(), ruled(False), appealed())
    refused(paper, appealed(), "appealed_already", "objection")

    paper.accept(ruled(True, actor=FOUNDER))

    refusal = refused(paper, appealed(actor=COMMITTEE), "appealed_already", "objection")
    assert isinstance(refusal, WrongState)
    refused(paper, ruled(False, actor=COUNTY), "ruled_already", "objection")


@pytest.mark.parametrize("is_upheld", [True, False])
@pytest.mark.parametrize("actor", [SECRETARY, WATER, FOUNDER, COMMITTEE_B])
def test_nobody_uses_up_the_appeal_of_another(actor: Actor, is_upheld: bool) -> None:
    paper = bank(raised(), ruled(is_upheld))

    refusal = refused(paper, appealed(actor=actor), "not_against_them")

    assert isinstance(refusal, Forbidden)


@pytest.mark.parametrize("actor", [HOLDER, SECRETARY, COMMITTEE])
def test_an_upheld_objection_is_appealed_against_on_the_side_of_the_deed(actor: Actor) -> None:
    """By its holder, by one of the household, or by whoever took the claim down."""
    household = opened(
        holder_type=HolderType.HOUSEHOLD, household_principals=(SECRETARY.principal,)
    )
    seen = verified(witnesses=(WATER.principal, HOTLINE.principal))
    paper = bank(household, claimed("account-9"), seen, shown())
    paper.accept(raised(deed="deed-9"), ruled(True, deed="deed-9"))

    refused(paper, appealed(deed="deed-9"), "not_against_them")
    paper.accept(appealed(deed="deed-9", actor=actor))


def test_a_unit_appeals_for_its_own_deed() -> None:
    of_unit = opened(holder_type=HolderType.UNIT, unit="dept-water")
    seen = verified(witnesses=(SECRETARY.principal, HOTLINE.principal))
    paper = bank(of_unit, claimed("account-9"), seen, shown())
    paper.accept(raised(deed="deed-9"), ruled(True, deed="deed-9"))

    paper.accept(appealed(deed="deed-9", actor=WATER))


def test_a_dismissed_objection_is_appealed_against_by_whoever_raised_it() -> None:
    paper = bank(raised(actor=SECRETARY), ruled(False))

    refused(paper, appealed(actor=COMMITTEE), "not_against_them")
    paper.accept(appealed(actor=SECRETARY))


def test_nobody_appeals_against_their_own_ruling() -> None:
    paper = bank(raised(), ruled(True))

    assert isinstance(refused(paper, appealed(actor=TOWN_CLERK), "own_ruling"), Forbidden)


@pytest.mark.parametrize("actor", [TOWN_CLERK, GOVERNMENT_2])
def test_the_body_that_ruled_does_not_hear_the_appeal(actor: Actor) -> None:
    paper = bank(raised(), ruled(False), appealed())

    refusal = refused(paper, ruled(True, actor=actor), "own_ruling")

    assert isinstance(refusal, Forbidden)
    assert "other body" in refusal.accepted


def test_the_person_who_ruled_does_not_hear_the_appeal_for_another_body() -> None:
    paper = bank(raised(), ruled(False, actor=GOVERNMENT_2), appealed())

    refused(paper, ruled(True, actor=COUNTY_2), "own_ruling")
    paper.accept(ruled(True, actor=COUNTY))


def test_an_appeal_comes_within_its_term() -> None:
    paper = bank(raised(), ruled(False))

    paper.at = on(3, 9, 18)
    refusal = refused(paper, appealed(), "appeal_too_late", "objection")

    assert isinstance(refusal, WrongState)
    assert on(3, 9, 18).isoformat() in refusal.reason
    paper.at = on(3, 9, 17, 59)
    paper.accept(appealed())


def test_without_a_term_an_appeal_is_never_too_late() -> None:
    without = tuple(one for one in RULES.deadlines if one.step is not Step.OBJECTION_APPEALED)
    paper = bank(pack(deadlines=without))
    paper.at += timedelta(hours=2)
    paper.accept(raised(), ruled(False))

    paper.at += timedelta(days=100)

    paper.accept(appealed())
