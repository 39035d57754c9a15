"""Accounts of the love bank: whose they are, who may open and close them, and what lies in them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ledger.domain.love_bank.accounts import (
    MAX_HOUSEHOLD_PRINCIPALS,
    Account,
    AccountOpened,
    HolderType,
    Lot,
)
from ledger.domain.town.organisations import OrganisationDissolved
from ledger.event import Actor
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.bank_acts import (
    ENDS_ON,
    HOLDER,
    NEIGHBOUR,
    account,
    award,
    bank,
    claimed,
    claiming,
    closed,
    donated,
    earlier,
    expired,
    noticed,
    opened,
    raised,
    redeem,
    spendable,
)
from tests.request_acts import COMMITTEE_2, refused
from tests.town import (
    COMMITTEE,
    COMMITTEE_B,
    FOUNDER,
    HOTLINE,
    OPENED_AT,
    SECRETARY,
    in_publicity,
)

# Opening


def test_an_account_and_its_holder_are_random_ids_that_tell_nothing() -> None:
    one, other = (AccountOpened(holder_type=HolderType.PERSON) for _ in range(2))

    assert len({one.account, one.holder, other.account, other.holder}) == 4


@pytest.mark.parametrize("actor", [COMMITTEE, COMMITTEE_B, HOLDER])
def test_the_bank_opens_an_account_and_so_does_its_holder(actor: Actor) -> None:
    paper = bank(opened(actor=actor))

    found = account(paper, "account-9")
    assert (found.holder, found.balance, found.is_closed) == ("holder-1", 0, False)


@pytest.mark.parametrize("actor", [HOTLINE, SECRETARY, FOUNDER])
def test_nobody_else_opens_an_account(actor: Actor) -> None:
    refusal = refused(bank(), opened(actor=actor), "office_may_not")

    assert isinstance(refusal, Forbidden)


def test_a_resident_opens_an_account_under_its_own_id() -> None:
    refusal = refused(bank(), opened(actor=NEIGHBOUR), "not_the_holder", "holder")

    assert isinstance(refusal, Forbidden)


def test_a_resident_opens_no_account_of_a_unit() -> None:
    """Whoever held it could claim the unit's deeds and give its points away."""
    of_unit = opened(actor=HOLDER, holder_type=HolderType.UNIT, unit="unit-1")

    refusal = refused(bank(), of_unit, "not_the_holder", "holder_type")

    assert isinstance(refusal, Forbidden)
    bank(opened(actor=HOLDER, holder_type=HolderType.HOUSEHOLD))


def test_an_account_has_an_id_of_its_own() -> None:
    refusal = refused(bank(), opened("account-1"), "account_exists", "account")

    assert isinstance(refusal, WrongState)


def test_a_unit_is_an_organisation_of_this_ledger() -> None:
    foreign = opened(holder_type=HolderType.UNIT, unit="unit-of-x")

    refusal = refused(bank(), foreign, "unknown_organisation", "unit")

    assert isinstance(refusal, UnknownReference)


def test_a_unit_that_was_dissolved_opens_no_account() -> None:
    paper = bank(Proposal(OrganisationDissolved(organisation="unit-1"), FOUNDER))

    late = opened(holder_type=HolderType.UNIT, unit="unit-1")

    refused(paper, late, "organisation_dissolved", "unit")


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


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("account", "Account 1"),
        ("account", "a" * 65),
        ("holder", ""),
        ("holder_type", "village"),
        ("name", ""),
        ("masked_name_consent", "yes"),
        ("ranking_opt_in", 1),
        ("household_principals", tuple(f"p-{n}" for n in range(MAX_HOUSEHOLD_PRINCIPALS + 1))),
    ],
)
def test_what_is_no_account_is_turned_down_by_its_field(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        AccountOpened(**{"holder_type": HolderType.PERSON, field: value})

    assert {error["loc"][0] for error in caught.value.errors()} == {field}


@pytest.mark.parametrize("group", [HolderType.HOUSEHOLD, HolderType.UNIT])
def test_a_persons_points_count_with_a_household_or_a_unit(group: HolderType) -> None:
    unit = "unit-1" if group is HolderType.UNIT else None
    paper = bank(opened("account-8", holder_type=group, unit=unit, holder="holder-8"))

    paper.accept(opened(counted_with="account-8"))


@pytest.mark.parametrize("above", ["account-of-x", "account-1", "account-9"])
def test_points_count_with_no_person(above: str) -> None:
    refusal = refused(bank(), opened(counted_with=above), "counted_with_no_group", "counted_with")

    assert isinstance(refusal, Unacceptable)
    assert "household or unit" in refusal.accepted


def test_a_household_counts_with_no_other() -> None:
    household = opened(holder_type=HolderType.HOUSEHOLD, counted_with="account-unit")

    refused(bank(), household, "counted_with_no_group", "counted_with")


# Closing


def test_an_account_without_points_is_closed() -> None:
    paper = bank(redeem(20), closed("account-1"), opened(), closed("account-9", HOLDER))

    assert account(paper).is_closed
    assert account(paper, "account-9").is_closed


def test_what_is_unknown_is_not_closed() -> None:
    refusal = refused(bank(), closed("account-of-x"), "unknown_account", "account")

    assert isinstance(refusal, UnknownReference)


def test_an_account_with_points_is_not_closed() -> None:
    refusal = refused(bank(redeem(19)), closed("account-1"), "points_left", "account")

    assert isinstance(refusal, WrongState)
    assert "1 points" in refusal.reason


def test_an_account_with_frozen_points_is_not_closed() -> None:
    paper = bank(raised())

    assert spendable(paper) == 0
    refused(paper, closed("account-1"), "points_left", "account")


def test_points_that_ended_keep_no_account_open() -> None:
    paper = bank()
    paper.at = datetime(2028, 1, 20, 2, tzinfo=UTC)
    paper.accept(noticed(last_day=date(2028, 2, 19)))
    refused(paper, closed("account-1"), "points_left", "account")

    paper.at = datetime(2028, 2, 20, 2, tzinfo=UTC)
    paper.accept(closed("account-1"), expired())

    assert account(paper).balance == 0


def test_a_resident_closes_an_account_of_its_own() -> None:
    paper = bank(opened())

    refusal = refused(paper, closed("account-9", NEIGHBOUR), "not_the_holder", "account")

    assert isinstance(refusal, Forbidden)


def test_nothing_comes_into_a_closed_account_and_nothing_leaves_it() -> None:
    of_deed = in_publicity("deed-9", "account-9", 5)
    paper = bank(claiming(opened(), OPENED_AT), *of_deed, closed("account-9"))

    for proposal in (
        closed("account-9"),
        claimed("account-9", deed="deed-10"),
        award(identity="account-9"),
        redeem(1, "account-9"),
        donated(1, "account-9"),
    ):
        refusal = refused(paper, proposal, "account_closed", "account")
        assert isinstance(refusal, WrongState)


def test_an_account_is_not_closed_before_it_was_opened() -> None:
    paper = bank(opened())

    early = earlier(closed("account-9"), paper, minutes=1)

    refusal = refused(paper, early, "precedes_what_it_follows", "occurred_at")
    assert isinstance(refusal, Unacceptable)


# What lies in it, against a plain list


_EMPTY = Account("holder-1", HolderType.PERSON, None, OPENED_AT, OPENED_AT)
_DAY_ONE = date(2028, 1, 1)
_LOTS = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 20), st.booleans()), max_size=8)


@given(lots=_LOTS, later=st.integers(0, 40), wanted=st.integers(1, 80))
def test_what_ends_first_is_spent_first_and_what_ended_is_not_spent(
    lots: list[tuple[int, int, bool]], later: int, wanted: int
) -> None:
    full, plain, today = _EMPTY, list[list[Any]](), _DAY_ONE + timedelta(days=later)
    for number, (points, days, is_told) in enumerate(lots):
        ends, name = _DAY_ONE + timedelta(days=days), f"award-{number}"
        full = full.with_lot(Lot(name, f"deed-{number}", points, ends), "2026-01", OPENED_AT)
        full = full.noticed(name, ends) if is_told else full
        plain.append([ends, name, points, is_told and ends < today])
    free = sorted(one for one in plain if not one[3])
    there = sum(one[2] for one in free)

    assert (full.balance, full.spendable(today)) == (sum(one[2] for one in plain), there)
    if wanted > there:
        return
    after = full.without(wanted, today, OPENED_AT)
    for one in free:
        taken = min(wanted, one[2])
        one[2] -= taken
        wanted -= taken

    assert after.spendable(today) == sum(one[2] for one in free)
    assert {lot.award: lot.points for lot in after.lots} == {
        name: points for _, name, points, _ in plain if points
    }
    assert [lot.expires_on for lot in after.lots] == sorted(one[0] for one in plain if one[2])


def test_points_are_earned_in_the_month_of_their_award() -> None:
    paper = bank(*in_publicity("deed-9", "account-1", 5), award())

    found = account(paper)

    assert (found.earned_in("2026-02", "2026-02"), found.earned_in("2026-03", "2026-12")) == (20, 5)
    assert found.earned_in("2026-02", "2026-03") == 25
    assert found.lot_of("award-1") == Lot("award-1", "deed-1", 20, ENDS_ON)


@pytest.mark.parametrize("act", [closed("account-9"), donated(1)])
def test_the_bank_of_another_community_neither_closes_an_account_nor_gives_from_it(
    act: Proposal,
) -> None:
    foreign = Proposal(act.event, COMMITTEE_2)

    refusal = refused(bank(opened()), foreign, "foreign_community", "account")

    assert isinstance(refusal, Forbidden)
    assert "committee-1" in refusal.accepted
