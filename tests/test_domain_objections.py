"""Objections: anybody may raise one, the town rules, somebody else hears the appeal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from ledger.domain.love_bank.accounts import HolderType
from ledger.domain.love_bank.objections import Objection, ObjectionRaised, ObjectionRuled
from ledger.event import Actor
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, UnknownReference, WrongState
from tests.bank_acts import (
    HOLDER,
    NEIGHBOUR,
    account,
    appealed,
    award,
    bank,
    claimed,
    claiming,
    contested,
    earlier,
    opened,
    raised,
    redeem,
    reversed_,
    ruled,
    shown,
    spendable,
    verified,
)
from tests.paper_ledger import PaperLedger
from tests.request_acts import refused
from tests.town import (
    COMMITTEE,
    COMMITTEE_B,
    COUNTY,
    FOUNDER,
    HOTLINE,
    OPENED_AT,
    SECRETARY,
    TIMEKEEPER,
    TOWN_CLERK,
    WATER,
    in_publicity,
)

GOVERNMENT_2 = Actor("clerk_b", "government", "p-second")
COUNTY_2 = Actor("clerk_b", "county", "p-second")
"""The same principal, who also acts for the government."""


def objection(paper: PaperLedger, identity: str = "objection-1") -> Objection:
    found: Objection = paper.states[f"objection:{identity}"]
    return found


# Raising


@pytest.mark.parametrize("actor", [NEIGHBOUR, SECRETARY, HOTLINE, FOUNDER, WATER, COUNTY])
def test_anybody_objects_to_what_was_shown(actor: Actor) -> None:
    paper = bank(raised(actor=actor))

    assert objection(paper).is_open
    assert contested(paper) == (1, 0)


def test_the_timekeeper_objects_to_nothing() -> None:
    assert isinstance(refused(bank(), raised(actor=TIMEKEEPER), "office_may_not"), Forbidden)


def test_an_objection_names_a_deed_of_this_town() -> None:
    refusal = refused(bank(), raised(deed="deed-of-x"), "unknown_deed", "deed")

    assert isinstance(refusal, UnknownReference)


def test_an_objection_has_an_id_of_its_own_that_tells_nothing() -> None:
    paper = bank(raised())

    refusal = refused(paper, raised(deed="deed-2"), "objection_exists", "objection")

    assert isinstance(refusal, WrongState)
    one, other = (ObjectionRaised(deed="deed-1", reason="另有其人") for _ in range(2))
    assert one.objection != other.objection


@pytest.mark.parametrize("so_far", [[claimed()], [claimed(), verified()]])
def test_nobody_objects_to_what_was_not_shown(so_far: list[Proposal]) -> None:
    paper = bank(*so_far)

    refusal = refused(paper, raised(deed="deed-9"), "not_in_publicity", "deed")

    assert isinstance(refusal, WrongState)
    assert "in publicity" in refusal.accepted


@pytest.mark.parametrize("actor", [HOLDER, COMMITTEE_B])
def test_nobody_objects_to_a_deed_of_their_house(actor: Actor) -> None:
    third = Actor("clerk_b", "committee-1", "p-second")
    household = opened(
        holder_type=HolderType.HOUSEHOLD, household_principals=(COMMITTEE_B.principal,)
    )
    paper = bank(household, claimed("account-9"), verified(third), shown())

    refusal = refused(paper, raised(deed="deed-9", actor=actor), "own_deed")

    assert isinstance(refusal, Forbidden)


def test_an_objection_does_not_precede_publicity() -> None:
    early = claiming(raised(), OPENED_AT - timedelta(seconds=1))

    refused(bank(), early, "precedes_what_it_follows", "occurred_at")


# What it holds up


def test_a_contested_deed_earns_nothing_until_the_objection_is_dismissed() -> None:
    paper = bank(*in_publicity("deed-9", "account-1", 5), raised(deed="deed-9"))
    refusal = refused(paper, award(), "deed_contested", "deed")
    assert isinstance(refusal, WrongState)

    paper.accept(ruled(False, deed="deed-9"), award())

    assert account(paper).balance == 25


def test_a_deed_with_an_upheld_objection_never_earns() -> None:
    paper = bank(*in_publicity("deed-9", "account-1", 5))

    paper.accept(raised(deed="deed-9"), ruled(True, deed="deed-9"))

    assert contested(paper, "deed-9") == (0, 1)
    refused(paper, award(), "deed_contested", "deed")


def test_one_dismissal_does_not_free_what_another_objection_holds() -> None:
    paper = bank(raised(), raised("objection-2"), ruled(False))
    assert (spendable(paper), account(paper).held_points) == (0, 20)

    paper.accept(ruled(False, "objection-2"))

    assert (spendable(paper), account(paper).held_points) == (20, 0)


def test_points_are_frozen_while_an_objection_is_open() -> None:
    paper = bank(raised())

    refusal = refused(paper, redeem(1), "beyond_balance", "points")

    assert (account(paper).balance, spendable(paper)) == (20, 0)
    assert "20 held" in refusal.reason
    assert "at most 0 points" in refusal.accepted
    paper.accept(ruled(False), redeem(20))


def test_points_stay_frozen_after_an_upheld_objection_until_they_are_taken_back() -> None:
    paper = bank(raised(), ruled(True))
    refused(paper, redeem(1), "beyond_balance", "points")

    paper.accept(reversed_())

    assert (account(paper).balance, account(paper).held_points) == (0, 0)


def test_only_the_contested_points_are_frozen() -> None:
    paper = bank(*in_publicity("deed-9", "account-1", 5), award(), raised())

    assert (spendable(paper), account(paper).held_points) == (5, 20)
    refused(paper, redeem(6), "beyond_balance", "points")
    paper.accept(redeem(5))


# Ruling


@pytest.mark.parametrize(
    "proposal", [ruled(True), appealed(), ruled(True, "objection-2", "deed-2")]
)
def test_what_nobody_raised_is_not_ruled_on(proposal: Proposal) -> None:
    paper = bank(raised("objection-2", "deed-1"))

    refusal = refused(paper, proposal, "unknown_objection", "objection")

    assert isinstance(refusal, UnknownReference)


@pytest.mark.parametrize("actor", [COMMITTEE, HOTLINE, SECRETARY, WATER, NEIGHBOUR])
def test_the_bank_and_its_neighbours_rule_on_nothing(actor: Actor) -> None:
    assert isinstance(
        refused(bank(raised()), ruled(True, actor=actor), "office_may_not"), Forbidden
    )


def test_the_county_waits_for_the_appeal() -> None:
    paper = bank(raised())

    refusal = refused(paper, ruled(True, actor=COUNTY), "town_rules_first")

    assert isinstance(refusal, Forbidden)
    paper.accept(ruled(False), appealed(), ruled(True, actor=COUNTY))


@pytest.mark.parametrize("is_upheld", [True, False])
def test_an_objection_is_ruled_on_once(is_upheld: bool) -> None:
    paper = bank(raised(), ruled(is_upheld))

    refusal = refused(paper, ruled(False, actor=FOUNDER), "ruled_already", "objection")

    assert isinstance(refusal, WrongState)
    assert contested(paper) == (0, int(is_upheld))


def test_whoever_objected_does_not_rule() -> None:
    paper = bank(raised(actor=TOWN_CLERK))

    refusal = refused(paper, ruled(True), "own_objection")

    assert isinstance(refusal, Forbidden)
    paper.accept(ruled(True, actor=FOUNDER))


def test_whoever_had_a_hand_in_the_deed_does_not_rule() -> None:
    """The same person claims, verifies or awards for the committee, and rules for the town."""
    second = Actor("clerk_b", "committee-1", "p-second")
    by_one_hand = [
        [claimed(actor=second), verified(), shown()],
        [claimed(), verified(second), shown()],
    ]
    papers = [bank(*acts) for acts in by_one_hand]
    awarded_by = bank(*in_publicity("deed-9", "account-1", 5), award(actor=second))

    for paper in (*papers, awarded_by):
        paper.accept(raised(deed="deed-9"))
        mine = ruled(False, deed="deed-9", actor=GOVERNMENT_2)
        assert isinstance(refused(paper, mine, "own_objection"), Forbidden)


@pytest.mark.parametrize(
    "seen",
    [{"witnesses": (TOWN_CLERK.principal,)}, {"spot_checked_by": TOWN_CLERK.principal}],
)
def test_whoever_said_that_they_saw_it_does_not_rule(seen: dict[str, Any]) -> None:
    masked = opened(masked_name_consent=True)
    unseen: dict[str, Any] = {"witnesses": (), "spot_checked_by": None}
    paper = bank(masked, claimed("account-9"), verified(**{**unseen, **seen}), shown())
    paper.accept(raised(deed="deed-9"))

    refusal = refused(paper, ruled(False, deed="deed-9"), "own_objection")

    assert isinstance(refusal, Forbidden)
    paper.accept(ruled(False, deed="deed-9", actor=FOUNDER), appealed(deed="deed-9"))
    refused(paper, ruled(False, deed="deed-9"), "own_objection")


def test_nobody_rules_on_a_deed_of_their_own() -> None:
    own = opened(holder=GOVERNMENT_2.principal)
    paper = bank(own, claimed("account-9"), verified(), shown(), raised(deed="deed-9"))

    refused(paper, ruled(False, deed="deed-9", actor=GOVERNMENT_2), "own_objection")


def test_nobody_rules_on_a_deed_of_their_unit() -> None:
    of_unit = opened(holder_type=HolderType.UNIT, unit="government")
    paper = bank(of_unit, claimed("account-9"), verified(), shown(), raised(deed="deed-9"))

    refused(paper, ruled(False, deed="deed-9"), "own_objection")
    paper.accept(ruled(False, deed="deed-9", actor=FOUNDER))


def test_a_ruling_does_not_precede_what_it_rules_on() -> None:
    paper = bank(raised())

    refused(
        paper, earlier(ruled(True), paper, minutes=1), "precedes_what_it_follows", "occurred_at"
    )
    paper.accept(ruled(True))
    refused(paper, earlier(appealed(), paper, minutes=1), "precedes_what_it_follows", "occurred_at")


# Shapes


@pytest.mark.parametrize(
    ("cls", "field", "value"),
    [
        (ObjectionRaised, "reason", ""),
        (ObjectionRaised, "reason", None),
        (ObjectionRaised, "deed", "Deed 1"),
        (ObjectionRuled, "is_upheld", "yes"),
        (ObjectionRuled, "is_upheld", None),
        (ObjectionRuled, "objection", ""),
    ],
)
def test_what_is_no_objection_is_turned_down_by_its_field(cls: Any, field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        cls(**{**cls.example, field: value})

    assert {error["loc"][0] for error in caught.value.errors()} == {field}
