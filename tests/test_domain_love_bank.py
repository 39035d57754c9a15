"""The love bank: accounts, awards, redemptions and reversals, and what they may never do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from ledger import catalogue
from ledger.decision import Office
from ledger.domain.love_bank import (
    Account,
    AccountOpened,
    HolderType,
    LovePointsAwarded,
    LovePointsRedeemed,
    LovePointsReversed,
)
from ledger.domain.people import AppointmentMade
from ledger.event import MAX_INTEGER, Actor
from ledger.ledger import Ledger
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.town import (
    COMMITTEE,
    COMMITTEE_B,
    FOUNDER,
    HOTLINE,
    accepted,
    accounts,
    awarded,
    found,
    founding,
    refused,
)

RESIDENT = Actor("resident", "committee-1", "holder-1")


def award(account: str = "account-1", points: int = 5, deed: str = "deed-2") -> Proposal:
    return Proposal(awarded("award-3", account, points, deed), COMMITTEE)


def redeemed(points: int, account: str = "account-1") -> Proposal:
    event = LovePointsRedeemed(account=account, reward="soap", points=points)
    return Proposal(event, COMMITTEE)


def reversed_(**changes: Any) -> Proposal:
    body = {
        "award": "award-1",
        "account": "account-1",
        "points": 20,
        "reason": "误记",
        **changes,
    }
    return Proposal(LovePointsReversed(**body), COMMITTEE_B)


def balance(ledger: Ledger, account: str) -> int:
    tag = f"account:{account}"
    history = [catalogue.decode(one.position, one.record) for one in ledger.read(tags=[tag])]
    state: Account = catalogue.fold(tag, history)
    return state.balance


def test_a_balance_is_the_sum_of_its_postings(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *accounts())

    accepted(memory_ledger, award(points=7), redeemed(4), reversed_())

    assert balance(memory_ledger, "account-1") == 20 + 7 - 4 - 20
    assert balance(memory_ledger, "account-2") == 10 - 5


# Accounts


def test_a_resident_opens_an_account_under_its_own_id(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    own, others = (
        Proposal(AccountOpened(holder_type=HolderType.PERSON, holder=holder), RESIDENT)
        for holder in (RESIDENT.principal, "holder-2")
    )

    accepted(memory_ledger, own)
    assert isinstance(refused(memory_ledger, others, "not_the_holder", "holder"), Forbidden)


def test_a_unit_is_an_organisation_of_this_ledger(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    foreign = Proposal(AccountOpened(holder_type=HolderType.UNIT, unit="unit-of-x"), COMMITTEE)

    refusal = refused(memory_ledger, foreign, "unknown_organisation", "unit")
    assert isinstance(refusal, UnknownReference)


@pytest.mark.parametrize(
    "body",
    [
        {"holder_type": HolderType.UNIT},
        {"holder_type": HolderType.PERSON, "unit": "unit-1"},
        {"holder_type": HolderType.HOUSEHOLD, "unit": "unit-1"},
    ],
)
def test_a_unit_is_named_for_unit_accounts_alone(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="unit is given for holder_type unit"):
        AccountOpened(**body)


# Awards


@pytest.mark.parametrize(
    "proposal",
    [
        award(account="account-of-x"),
        redeemed(1, account="account-of-x"),
        reversed_(account="account-of-x"),
    ],
)
def test_an_account_of_another_town_is_unknown_here(
    memory_ledger: Ledger, proposal: Proposal
) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *accounts())

    refusal = refused(memory_ledger, proposal, "unknown_account", "account")

    assert isinstance(refusal, UnknownReference)


def test_nobody_awards_a_deed_of_their_own(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    own = AccountOpened(
        account="account-9", holder_type=HolderType.PERSON, holder=COMMITTEE.principal
    )
    accepted(memory_ledger, Proposal(own, COMMITTEE_B))

    refusal = refused(memory_ledger, award("account-9"), "own_award")

    assert isinstance(refusal, Forbidden)


@pytest.mark.parametrize("unit", ["committee-1", "unit-1"])
def test_nobody_awards_a_deed_of_their_unit(memory_ledger: Ledger, unit: str) -> None:
    found(memory_ledger)
    opened = AccountOpened(account="account-9", holder_type=HolderType.UNIT, unit=unit)
    member = AppointmentMade(
        principal=COMMITTEE.principal, organisation="unit-1", office=Office.MEMBER
    )
    accepted(memory_ledger, Proposal(opened, COMMITTEE_B), Proposal(member, FOUNDER))

    refusal = refused(memory_ledger, award("account-9"), "own_units_award")

    assert isinstance(refusal, Forbidden)


def test_another_units_deed_is_awarded(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *accounts())

    accepted(memory_ledger, award("account-unit"))


def test_a_deed_is_awarded_once_to_an_account(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *accounts())

    refusal = refused(memory_ledger, award(deed="deed-1"), "deed_already_awarded", "deed")

    assert isinstance(refusal, WrongState)


def test_an_award_keeps_to_the_packs_limit(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *accounts())

    refusal = refused(memory_ledger, award(points=21), "too_many_points", "points")

    assert isinstance(refusal, Unacceptable)
    assert "1 to 20" in refusal.accepted
    accepted(memory_ledger, award(points=20))


def test_an_award_needs_rules_in_force(memory_ledger: Ledger) -> None:
    accepted(memory_ledger, *founding()[:-2], *accounts()[:3])

    refused(memory_ledger, award(), "no_rules_in_force")


def test_an_award_does_not_precede_its_account(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *accounts())

    early = award()
    early.occurred_at = datetime.now(UTC) - timedelta(hours=1)

    refused(memory_ledger, early, "precedes_what_it_follows", "occurred_at")


@pytest.mark.parametrize("points", [0, -1, MAX_INTEGER + 1, 2**64, 1.5, 1.0, "1", True, None])
@pytest.mark.parametrize("cls", [LovePointsAwarded, LovePointsRedeemed, LovePointsReversed])
def test_points_are_whole_positive_and_bounded(cls: type[LovePointsAwarded], points: Any) -> None:
    body = {"account": "account-1", "award": "a", "deed": "d", "deed_category": "help",
            "reward": "soap", "reason": "误记", "points": points}  # fmt: skip
    fitting = {name: value for name, value in body.items() if name in cls.model_fields}

    with pytest.raises(ValidationError) as caught:
        cls(**fitting)

    assert {error["loc"] for error in caught.value.errors()} == {("points",)}


# Redemptions


@pytest.mark.parametrize("points", [21, MAX_INTEGER])
def test_nobody_spends_beyond_the_balance(memory_ledger: Ledger, points: int) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *accounts())

    refusal = refused(memory_ledger, redeemed(points), "beyond_balance", "points")

    assert isinstance(refusal, WrongState)
    assert "20" in refusal.accepted


def test_the_whole_balance_can_be_spent_once(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *accounts(), redeemed(20))

    refused(memory_ledger, redeemed(1), "beyond_balance", "points")

    assert balance(memory_ledger, "account-1") == 0


def test_points_are_not_spent_before_they_came(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    now = datetime.now(UTC)
    *opened, first, _, _ = accounts()
    for proposal in opened:
        proposal.occurred_at = now - timedelta(days=3)
    first.occurred_at = now - timedelta(days=1)
    accepted(memory_ledger, *opened, first)

    early, later = redeemed(20), redeemed(20)
    early.occurred_at, later.occurred_at = now - timedelta(days=2), now - timedelta(hours=1)

    refused(memory_ledger, early, "precedes_what_it_follows", "occurred_at")
    accepted(memory_ledger, later)


def test_an_award_may_be_entered_late(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    now = datetime.now(UTC)
    *opened, first, _, _ = accounts()
    for proposal in opened:
        proposal.occurred_at = now - timedelta(days=3)
    first.occurred_at = now - timedelta(days=1)
    late = award()
    late.occurred_at = now - timedelta(days=2)

    accepted(memory_ledger, *opened, first, late)

    early = redeemed(1)
    early.occurred_at = now - timedelta(days=1, hours=1)
    refused(memory_ledger, early, "precedes_what_it_follows", "occurred_at")


# Reversals


def test_a_reversal_names_an_award_of_the_account(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *accounts())

    unknown = reversed_(award="award-of-x")
    of_another = reversed_(award="award-2", points=10)

    for proposal in (unknown, of_another):
        refusal = refused(memory_ledger, proposal, "unknown_award", "award")
        assert isinstance(refusal, UnknownReference)


def test_an_award_is_reversed_once(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *accounts(), award(points=20), reversed_())

    refusal = refused(memory_ledger, reversed_(), "already_reversed", "award")

    assert isinstance(refusal, WrongState)
    assert balance(memory_ledger, "account-1") == 20


@pytest.mark.parametrize("points", [1, 19, 21])
def test_a_reversal_takes_the_whole_award_back(memory_ledger: Ledger, points: int) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *accounts())

    refusal = refused(memory_ledger, reversed_(points=points), "not_the_awards_points", "points")

    assert isinstance(refusal, Unacceptable)
    assert "20" in refusal.accepted


def test_nobody_reverses_their_own_award(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *accounts())

    own = reversed_()
    own.actor = COMMITTEE

    assert isinstance(refused(memory_ledger, own, "own_award"), Forbidden)


def test_a_reversal_does_not_overdraw_the_account(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *accounts(), redeemed(1))

    refused(memory_ledger, reversed_(), "beyond_balance", "points")


def test_the_town_reverses_too(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *accounts())

    by_town, by_hotline = reversed_(), reversed_()
    by_town.actor, by_hotline.actor = FOUNDER, HOTLINE

    refused(memory_ledger, by_hotline, "office_may_not")
    accepted(memory_ledger, by_town)


def test_a_reversal_does_not_precede_its_award(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *accounts())

    early = reversed_()
    early.occurred_at = datetime.now(UTC) - timedelta(hours=1)

    refused(memory_ledger, early, "precedes_what_it_follows", "occurred_at")
