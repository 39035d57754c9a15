"""Good deeds: who claims them, who finds them true, and who may do neither."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from ledger.domain.love_bank.accounts import HolderType
from ledger.domain.love_bank.deeds import MAX_HOURS, MAX_WITNESSES, Deed, DeedClaimed, DeedStage
from ledger.event import Actor
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.bank_acts import (
    HOLDER,
    NEIGHBOUR,
    TODAY,
    award,
    bank,
    claimed,
    earlier,
    member_of,
    opened,
    shown,
    verified,
)
from tests.grid_town import created
from tests.paper_ledger import PaperLedger
from tests.request_acts import COMMITTEE_2, refused
from tests.town import (
    COMMITTEE,
    COMMITTEE_B,
    FOUNDER,
    HOTLINE,
    SECRETARY,
    TOWN_CLERK,
    WATER,
)

UNSEEN: dict[str, Any] = {"witnesses": (), "spot_checked_by": None}
_NO_CHECK: dict[str, Any] = {"spot_checked_by": None}


def deed(paper: PaperLedger, identity: str = "deed-9") -> Deed:
    found: Deed = paper.states[f"deed:{identity}"]
    return found


# Claims


def test_a_deed_goes_from_its_claim_to_being_found_true() -> None:
    paper = bank(claimed())
    assert (deed(paper).stage, deed(paper).is_witnessed) == (DeedStage.CLAIMED, False)

    paper.accept(verified())

    assert (deed(paper).stage, deed(paper).is_witnessed) == (DeedStage.VERIFIED, True)
    assert (deed(paper).account, deed(paper).organisation) == ("account-1", "committee-1")


def test_holders_claim_deeds_of_their_own() -> None:
    paper = bank(opened())

    refusal = refused(paper, claimed("account-9", NEIGHBOUR), "not_the_holder", "account")

    assert isinstance(refusal, Forbidden)
    paper.accept(claimed("account-9", HOLDER))


@pytest.mark.parametrize("actor", [HOTLINE, SECRETARY, FOUNDER, WATER])
def test_nobody_else_claims_a_deed(actor: Actor) -> None:
    assert isinstance(refused(bank(), claimed(actor=actor), "office_may_not"), Forbidden)


def test_a_deed_is_claimed_for_an_account_of_this_town() -> None:
    refusal = refused(bank(), claimed("account-of-x"), "unknown_account", "account")

    assert isinstance(refusal, UnknownReference)


def test_a_deed_has_an_id_of_its_own() -> None:
    refusal = refused(bank(), claimed(deed="deed-1"), "deed_exists", "deed")

    assert isinstance(refusal, WrongState)


@pytest.mark.parametrize("actor", [COMMITTEE, HOLDER])
def test_paid_hours_earn_no_points(actor: Actor) -> None:
    paper = bank(opened())

    refusal = refused(paper, claimed("account-9", actor, paid=True), "paid_hours", "paid")

    assert isinstance(refusal, Unacceptable)
    assert "nobody was paid" in refusal.accepted


def test_a_deed_is_done_before_it_is_claimed() -> None:
    tomorrow = claimed(done_on=TODAY + timedelta(days=1))

    refusal = refused(bank(), tomorrow, "done_in_the_future", "done_on")

    assert isinstance(refusal, Unacceptable)
    assert "2026-03-02" in refusal.accepted
    bank(claimed(done_on=TODAY))


def test_the_day_of_a_deed_is_a_day_in_shanghai() -> None:
    paper = bank()
    paper.at = datetime(2026, 3, 2, 15, 59, 30, tzinfo=UTC)
    refused(paper, claimed(done_on=date(2026, 3, 3)), "done_in_the_future", "done_on")

    paper.at = datetime(2026, 3, 2, 16, tzinfo=UTC)

    paper.accept(claimed(done_on=date(2026, 3, 3)))


def test_a_deed_was_done_in_a_unit_of_the_grid_or_at_no_place_that_is_shown() -> None:
    paper = bank(created("grid"))

    refusal = refused(paper, claimed(grid_unit="grid-of-x"), "unknown_grid_unit", "grid_unit")

    assert isinstance(refusal, UnknownReference)
    paper.accept(claimed(grid_unit="grid"), claimed(deed="deed-10", grid_unit=None))


def test_a_deed_is_not_claimed_before_its_account_was_opened() -> None:
    paper = bank(opened())

    early = earlier(claimed("account-9"), paper, minutes=1)

    refused(paper, early, "precedes_what_it_follows", "occurred_at")


@pytest.mark.parametrize(
    ("field", "value"),
    [("hours", hours) for hours in (0, -1, MAX_HOURS + 1, 2**64, 1.5, 1.0, "1", True, None)]
    + [("done_on", day) for day in ("2026-02-30", "yesterday", 20260301, None)]
    + [("deed_category", "elder care"), ("deed", ""), ("paid", "no"), ("description", "")],
)
def test_what_is_no_deed_is_turned_down_by_its_field(field: str, value: Any) -> None:
    body = {**DeedClaimed.example, "done_on": TODAY, field: value}

    with pytest.raises(ValidationError) as caught:
        DeedClaimed(**body)

    assert {error["loc"][0] for error in caught.value.errors()} == {field}


# Verification


def test_a_deed_that_was_not_so_earns_nothing() -> None:
    paper = bank(claimed(), verified(is_confirmed=False))

    assert deed(paper).stage is DeedStage.REJECTED
    for proposal in (verified(), shown(), award()):
        refusal = refused(paper, proposal, "wrong_stage_of_deed", "deed")
        assert isinstance(refusal, WrongState)


@pytest.mark.parametrize("proposal", [verified(), shown(), award()])
def test_a_deed_that_nobody_claimed_is_unknown(proposal: Proposal) -> None:
    refusal = refused(bank(), proposal, "unknown_deed", "deed")

    assert isinstance(refusal, UnknownReference)


def test_each_step_has_its_stage() -> None:
    paper = bank(claimed())

    for proposal in (shown(), award()):
        refused(paper, proposal, "wrong_stage_of_deed", "deed")
    paper.accept(verified())
    for proposal in (verified(), award()):
        refused(paper, proposal, "wrong_stage_of_deed", "deed")
    paper.accept(shown())
    for proposal in (verified(), shown()):
        refusal = refused(paper, proposal, "wrong_stage_of_deed", "deed")
        assert "in_publicity" in refusal.reason
    for proposal in (verified(deed="deed-1"), shown(deed="deed-1")):
        refused(paper, proposal, "wrong_stage_of_deed", "deed")


def test_another_community_judges_no_deed() -> None:
    paper = bank(claimed())
    refusals = [refused(paper, verified(COMMITTEE_2), "foreign_community", "deed")]

    paper.accept(verified())
    refusals.append(refused(paper, shown(actor=COMMITTEE_2), "foreign_community", "deed"))
    paper.accept(shown())
    refusals.append(refused(paper, award(actor=COMMITTEE_2), "foreign_community", "deed"))

    assert {type(refusal) for refusal in refusals} == {Forbidden}
    assert all("committee-1" in refusal.accepted for refusal in refusals)


def test_nobody_verifies_what_they_claimed() -> None:
    paper = bank(claimed())

    refusal = refused(paper, verified(COMMITTEE), "own_claim")

    assert isinstance(refusal, Forbidden)


@pytest.mark.parametrize(
    "of_theirs",
    [
        {"holder": COMMITTEE_B.principal},
        {"holder_type": HolderType.HOUSEHOLD, "household_principals": (COMMITTEE_B.principal,)},
    ],
)
def test_nobody_judges_a_deed_of_their_own_or_of_their_household(of_theirs: Any) -> None:
    paper = bank(opened(**of_theirs), claimed("account-9"))
    third = Actor("clerk_b", "committee-1", "p-second")

    refusals = [refused(paper, verified(), "own_deed")]
    paper.accept(verified(third))
    refusals.append(refused(paper, shown(actor=COMMITTEE_B), "own_deed"))
    paper.accept(shown())
    paper.at += timedelta(days=14)
    refusals.append(refused(paper, award(identity="account-9", actor=COMMITTEE_B), "own_deed"))

    assert {type(refusal) for refusal in refusals} == {Forbidden}


@pytest.mark.parametrize("unit", ["committee-1", "unit-1"])
def test_nobody_judges_a_deed_of_their_unit(unit: str) -> None:
    of_unit = opened(holder_type=HolderType.UNIT, unit=unit)
    paper = bank(member_of("unit-1"), of_unit, claimed("account-9"))

    refusal = refused(paper, verified(), "own_units_deed")

    assert isinstance(refusal, Forbidden)


def test_nobody_shows_or_awards_a_deed_of_their_unit() -> None:
    third = Actor("clerk_b", "committee-1", "p-second")
    of_unit = opened(holder_type=HolderType.UNIT, unit="dept-roads")
    paper = bank(member_of("dept-roads"), of_unit, claimed("account-9"), verified(third))

    refused(paper, shown(actor=COMMITTEE_B), "own_units_deed")
    paper.accept(shown())
    paper.at += timedelta(days=14)
    refused(paper, award(identity="account-9", actor=COMMITTEE_B), "own_units_deed")


def test_another_units_deed_is_judged() -> None:
    paper = bank(claimed("account-unit"), verified(), shown())

    assert deed(paper).stage is DeedStage.IN_PUBLICITY


def test_a_deed_is_not_verified_before_it_was_claimed() -> None:
    paper = bank(claimed())

    early = earlier(verified(), paper, minutes=1)

    refused(paper, early, "precedes_what_it_follows", "occurred_at")


# Witnesses


@pytest.mark.parametrize(
    ("named", "field"),
    [
        ({"witnesses": ("p-secretary", "p-of-x")}, "witnesses"),
        ({"spot_checked_by": "p-of-x"}, "witnesses"),
        ({**UNSEEN, "spot_checked_by": "p-of-x"}, "spot_checked_by"),
    ],
)
def test_a_witness_is_somebody_enrolled_here(named: Any, field: str) -> None:
    refusal = refused(bank(claimed()), verified(**named), "unknown_principal", field)

    assert isinstance(refusal, UnknownReference)


@pytest.mark.parametrize(
    "named",
    [
        {"witnesses": (SECRETARY.principal, SECRETARY.principal)},
        {"spot_checked_by": SECRETARY.principal},
    ],
)
def test_two_witnesses_and_a_checker_are_three_persons(named: Any) -> None:
    refusal = refused(bank(claimed()), verified(**named), "named_twice", "witnesses")

    assert isinstance(refusal, Unacceptable)


@pytest.mark.parametrize("named", [COMMITTEE, COMMITTEE_B, SECRETARY, WATER])
def test_whom_the_deed_concerns_is_no_witness_of_it(named: Actor) -> None:
    """Who claimed it, who verifies it, who is of the household."""
    of_household = opened(
        holder_type=HolderType.HOUSEHOLD,
        holder=WATER.principal,
        household_principals=(SECRETARY.principal,),
    )
    paper = bank(of_household, claimed("account-9"))

    seen = verified(witnesses=(named.principal,))
    checked = verified(witnesses=(), spot_checked_by=named.principal)

    assert isinstance(refused(paper, seen, "no_free_witness", "witnesses"), Unacceptable)
    refused(paper, checked, "no_free_witness", "spot_checked_by")


def test_whoever_serves_the_unit_is_no_witness_of_its_deed() -> None:
    of_unit = opened(holder_type=HolderType.UNIT, unit="dept-water")
    paper = bank(of_unit, claimed("account-9"))

    refused(paper, verified(witnesses=(WATER.principal,)), "no_free_witness", "witnesses")
    paper.accept(verified(witnesses=(SECRETARY.principal, TOWN_CLERK.principal), **_NO_CHECK))


def test_witnesses_are_few() -> None:
    many = tuple(f"p-{number}" for number in range(MAX_WITNESSES + 1))

    with pytest.raises(ValidationError) as caught:
        verified(witnesses=many)

    assert [error["loc"] for error in caught.value.errors()] == [("witnesses",)]


@pytest.mark.parametrize(
    "named",
    [UNSEEN, {"witnesses": (SECRETARY.principal,)}, {"spot_checked_by": None}],
)
def test_a_deed_may_be_found_true_without_anybody_to_ask(named: Any) -> None:
    paper = bank(claimed(), verified(**named))

    assert (deed(paper).stage, deed(paper).is_witnessed) == (DeedStage.VERIFIED, False)
