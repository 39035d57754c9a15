"""Donations as they are used: for their purpose, never beyond what is left, never by one alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ledger.domain.love_bank.rewards import Reward
from ledger.domain.money.budgets import MAX_AMOUNT_FEN
from ledger.domain.money.donation_uses import DonationUsed
from ledger.domain.money.donations import MAX_PIECES, DonationPurpose, DonorType
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.donation_acts import (
    DONATION,
    RICE,
    SOAP,
    given_back,
    handed_out,
    left,
    listed,
    money,
    received,
    restocked,
    spent,
)
from tests.request_acts import refused, town
from tests.test_domain_donations import OTHER
from tests.town import COMMITTEE, COMMITTEE_B, SECRETARY, TOWN_CLERK, WATER

FOR_HOUSEHOLDS: dict[str, Any] = {"purpose": DonationPurpose.HOUSEHOLDS}
FOR_PROJECT: dict[str, Any] = {"purpose": DonationPurpose.PROJECT}
FOR_LOVE_BANK: dict[str, Any] = {"purpose": DonationPurpose.LOVE_BANK}
TO_HOUSEHOLDS: dict[str, Any] = {"project": None, "household_category": "lonely-elders"}
FOR_REWARD: dict[str, Any] = {"project": None, "reward": "rice-5-kg"}


def stock(paper: Any, reward: str = "rice-5-kg") -> int:
    state: Reward = paper.states[f"reward:{reward}"]
    return state.stock


def test_money_is_used_and_what_is_over_goes_back() -> None:
    paper = town(money(), spent(60_000), given_back(30_000))

    assert left(paper) == (10_000, {})


def test_goods_are_used_item_by_item() -> None:
    paper = town(received(**FOR_HOUSEHOLDS), handed_out(50), handed_out(3, "soap"))

    assert left(paper) == (0, {"rice": 10, "soap": 17})


def test_a_use_is_found_by_its_project_or_its_reward() -> None:
    paper = town(listed(), money(), spent(use="use-1"), spent(use="use-2", **FOR_REWARD))

    assert {"project:project-1", "donation_use:use-1"} < set(paper.history[-2].tags)
    assert {"reward:rice-5-kg", f"donation:{DONATION}"} < set(paper.history[-1].tags)


def test_a_use_has_an_id_of_its_own() -> None:
    paper = town(money(), spent(use="use-1"))

    refused(paper, spent(use="use-1"), "donation_use_exists", "use")


def test_what_was_never_received_is_not_used() -> None:
    for proposal in (spent(), given_back(1)):
        refusal = refused(town(), proposal, "unknown_donation", "donation")
        assert isinstance(refusal, UnknownReference)
    refused(town(listed()), restocked(), "unknown_donation", "donation")


def test_a_department_uses_no_donation() -> None:
    assert isinstance(refused(town(money()), spent(actor=WATER), "office_may_not"), Forbidden)


# Separation


def test_whoever_received_it_neither_uses_nor_returns_it() -> None:
    paper = town(listed(), received())

    for proposal in (
        handed_out(actor=COMMITTEE),
        given_back(actor=COMMITTEE, item="rice", quantity=1),
        restocked(actor=COMMITTEE),
    ):
        assert isinstance(refused(paper, proposal, "own_receipt"), Forbidden)
    paper.accept(restocked(actor=COMMITTEE_B))


def test_a_community_uses_what_it_was_given_and_no_other() -> None:
    paper = town(OTHER, listed(), money(actor=TOWN_CLERK))

    for proposal in (spent(actor=SECRETARY), given_back(1), restocked()):
        refusal = refused(paper, proposal, "foreign_community", "donation")
        assert isinstance(refusal, Forbidden)


def test_bodies_of_one_community_use_it_for_each_other() -> None:
    paper = town(money(actor=COMMITTEE), spent(actor=SECRETARY), spent(actor=TOWN_CLERK))

    assert left(paper) == (80_000, {})


# What is left


@pytest.mark.parametrize("draft", [spent, given_back])
def test_no_more_money_leaves_than_is_left(draft: Any) -> None:
    paper = town(money(100), spent(40))

    refusal = refused(paper, draft(61), "beyond_what_is_left", "amount_fen")

    assert isinstance(refusal, WrongState)
    assert "60" in refusal.accepted
    paper.accept(draft(60))
    assert (
        "none of it is left"
        in refused(paper, draft(1), "beyond_what_is_left", "amount_fen").accepted
    )


def test_no_more_goods_leave_than_are_left_of_the_item() -> None:
    paper = town(received(purpose=DonationPurpose.UNRESTRICTED), handed_out(59))

    refused(paper, handed_out(2), "beyond_what_is_left", "quantity")
    refused(paper, given_back(item="rice", quantity=2), "beyond_what_is_left", "quantity")
    paper.accept(handed_out(20, "soap"), given_back(item="rice", quantity=1))
    assert left(paper) == (0, {"rice": 0, "soap": 0})


def test_what_was_not_given_is_not_used() -> None:
    paper = town(received(**FOR_HOUSEHOLDS), money(donation="donation-2", **FOR_HOUSEHOLDS))

    refusal = refused(paper, handed_out(1, "flour"), "unknown_item", "item")
    assert "rice" in refusal.accepted
    refused(paper, handed_out(1, donation="donation-2"), "unknown_item", "item")
    refused(paper, spent(1, **TO_HOUSEHOLDS), "beyond_what_is_left", "amount_fen")


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_fen": None},
        {"amount_fen": 1, "item": "rice"},
        {"amount_fen": 1, "item": "rice", "quantity": 1},
        {"amount_fen": 1, "quantity": 1},
        {"amount_fen": None, "item": "rice"},
        {"amount_fen": None, "quantity": 1},
    ],
)
def test_money_or_goods_are_taken_and_not_both(changes: dict[str, Any]) -> None:
    paper = town(received())

    for draft in (spent, given_back):
        refused(paper, draft(**changes), "money_or_goods", "item")


def test_nothing_leaves_before_it_came() -> None:
    paper = town(listed(), received(), received(donation="donation-2", **FOR_HOUSEHOLDS))

    for proposal in (
        handed_out(donation="donation-2"),
        given_back(item="rice", quantity=1),
        restocked(),
    ):
        proposal.occurred_at = paper.at - timedelta(days=1)
        refused(paper, proposal, "precedes_what_it_follows", "occurred_at")


# Purposes


def test_a_use_is_for_one_thing() -> None:
    paper = town(money())

    for changes in (
        {"project": None},
        {"household_category": "lonely-elders"},
        {"reward": "rice-5-kg"},
    ):
        refusal = refused(paper, spent(1, **changes), "not_one_use", "project")
        assert isinstance(refusal, Unacceptable)


@pytest.mark.parametrize(
    ("given_for", "use", "field"),
    [
        (FOR_HOUSEHOLDS, {}, "project"),
        (FOR_LOVE_BANK, {}, "project"),
        (FOR_PROJECT, TO_HOUSEHOLDS, "household_category"),
        (FOR_LOVE_BANK, TO_HOUSEHOLDS, "household_category"),
        (FOR_PROJECT, FOR_REWARD, "reward"),
        (FOR_HOUSEHOLDS, FOR_REWARD, "reward"),
        ({**FOR_PROJECT, "project": "project-2"}, {}, "project"),
        ({**FOR_HOUSEHOLDS, "household_category": "pupils"}, TO_HOUSEHOLDS, "household_category"),
    ],
)
def test_nothing_is_used_against_its_purpose(
    given_for: dict[str, Any], use: dict[str, Any], field: str
) -> None:
    paper = town(listed(), money(**given_for))

    refusal = refused(paper, spent(1, **use), "against_purpose", field)

    assert isinstance(refusal, Unacceptable)
    assert given_for["purpose"] in refusal.accepted


@pytest.mark.parametrize(
    ("given_for", "use"),
    [
        (FOR_PROJECT, {}),
        ({**FOR_PROJECT, "project": "project-1"}, {}),
        (FOR_HOUSEHOLDS, TO_HOUSEHOLDS),
        ({**FOR_HOUSEHOLDS, "household_category": "lonely-elders"}, TO_HOUSEHOLDS),
        (FOR_LOVE_BANK, FOR_REWARD),
        ({"purpose": DonationPurpose.UNRESTRICTED}, {}),
        ({"purpose": DonationPurpose.UNRESTRICTED}, TO_HOUSEHOLDS),
        ({"purpose": DonationPurpose.UNRESTRICTED}, FOR_REWARD),
    ],
)
def test_it_is_used_for_its_purpose(given_for: dict[str, Any], use: dict[str, Any]) -> None:
    paper = town(listed(), money(**given_for), spent(1, **use))

    assert left(paper) == (99_999, {})


def test_money_buys_rewards_that_are_listed() -> None:
    paper = town(money(**FOR_LOVE_BANK))

    assert isinstance(
        refused(paper, spent(1, **FOR_REWARD), "unknown_reward", "reward"), UnknownReference
    )


def test_goods_for_the_love_bank_go_on_the_shelf_once() -> None:
    paper = town(listed(), received())
    past_the_shelf = handed_out(1, household_category=None, reward="rice-5-kg")

    refusal = refused(paper, past_the_shelf, "goods_go_on_the_shelf", "reward")

    assert "reward_restocked" in refusal.accepted


# Returns


def test_nothing_goes_back_to_nobody() -> None:
    paper = town(money(donor_type=DonorType.ANONYMOUS))

    refusal = refused(paper, given_back(1), "nobody_to_return_to", "donation")

    assert isinstance(refusal, WrongState)


# The love bank's shelf


def test_donated_goods_leave_the_donation_for_the_shelf() -> None:
    paper = town(listed(), received(), restocked(50))

    assert (left(paper), stock(paper)) == ((0, {"rice": 10, "soap": 20}), 50)
    assert paper.history[-1].tags == (f"donation:{DONATION}", "reward:rice-5-kg")


def test_no_more_goes_on_the_shelf_than_is_left() -> None:
    paper = town(listed(), received(), restocked(50))

    refused(paper, restocked(11), "beyond_what_is_left", "quantity")
    paper.accept(restocked(10), restocked(3, donation=None, item=None))
    assert (left(paper)[1]["rice"], stock(paper)) == (0, 63)


@pytest.mark.parametrize("given_for", [FOR_HOUSEHOLDS, FOR_PROJECT])
def test_the_shelf_takes_nothing_given_for_something_else(given_for: dict[str, Any]) -> None:
    paper = town(listed(), received(**given_for))

    refused(paper, restocked(), "against_purpose", "donation")


def test_the_shelf_takes_no_money() -> None:
    paper = town(listed(), money(**FOR_LOVE_BANK))

    refused(paper, restocked(), "unknown_item", "item")


@pytest.mark.parametrize("changes", [{"item": None}, {"donation": None}])
def test_the_shelf_takes_an_item_of_a_donation(changes: dict[str, Any]) -> None:
    refused(town(listed(), received()), restocked(**changes), "item_without_donation", "item")


# Bad input


@pytest.mark.parametrize("amount", [0, -1, MAX_AMOUNT_FEN + 1, 2**53, 1.5, 1.0, "1", True])
@pytest.mark.parametrize("draft", [spent, given_back])
def test_money_is_in_whole_fen_and_bounded(draft: Any, amount: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        draft(amount)

    assert {error["loc"] for error in caught.value.errors()} == {("amount_fen",)}


@pytest.mark.parametrize("quantity", [0, -1, MAX_PIECES + 1, 2**53, 0.5, 1.0, "1", True])
@pytest.mark.parametrize("draft", [handed_out, restocked])
def test_goods_are_whole_and_bounded(draft: Any, quantity: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        draft(quantity)

    assert {error["loc"] for error in caught.value.errors()} == {("quantity",)}


def test_a_use_names_no_household() -> None:
    with pytest.raises(ValidationError):
        DonationUsed(donation=DONATION, amount_fen=1, household="household-1")  # type: ignore[call-arg]


# Any order

_PLAYED = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2), st.integers(1, 30)), max_size=30)
_PURPOSES = (DonationPurpose.LOVE_BANK, DonationPurpose.HOUSEHOLDS, DonationPurpose.UNRESTRICTED)


@given(steps=_PLAYED)
def test_nothing_is_ever_used_twice(steps: list[tuple[int, int, int]]) -> None:
    """Against a plain model: for each donation a purse and two heaps, and one shelf."""
    paper, heaps, shelf, out = town(listed()), dict[tuple[str, str], int](), 0, 0

    for act, which, amount in steps:
        name, purpose = f"d-{which}", _PURPOSES[which]
        is_free, is_known = purpose is DonationPurpose.UNRESTRICTED, (name, "fen") in heaps
        item = ("rice", "soap")[amount % 2]
        named: dict[str, Any] = {"donation": name}
        has_fen = amount <= heaps.get((name, "fen"), 0)
        has_item = amount <= heaps.get((name, item), 0)
        match act:
            case 0 | 1:
                proposal = (received, money)[act](purpose=purpose, **named)
                fits = not is_known
            case 2:
                proposal, fits = spent(amount, **named, **TO_HOUSEHOLDS), has_fen and which > 0
            case 3:
                proposal, fits = spent(amount, **named), has_fen and is_free
            case 4:
                proposal, fits = handed_out(amount, item, **named), has_item and which > 0
            case 5:
                goods: dict[str, Any] = {"item": item, "quantity": amount}
                proposal, fits = given_back(**named, **goods), has_item
            case _:
                proposal = restocked(amount, item=item, **named)
                fits = has_item and purpose is not DonationPurpose.HOUSEHOLDS

        assert (paper.propose(proposal) is None) == fits

        if fits and act < 2:
            heaps[name, "fen"] = 100_000 * act
            heaps[name, "rice"], heaps[name, "soap"] = (60, 20) if act == 0 else (0, 0)
        elif fits:
            heaps[name, "fen" if act in (2, 3) else item] -= amount
            shelf, out = shelf + amount * (act == 6), out + amount
        for known in {name for name, _ in heaps}:
            fen, of_goods = left(paper, known)
            assert fen == heaps[known, "fen"] >= 0
            assert all(there == heaps[known, one] >= 0 for one, there in of_goods.items())
        assert stock(paper) == shelf
    given_ = sum(
        100_000 if not dict(paper.states[f"donation:{one}"].left_goods)
        else RICE.quantity + SOAP.quantity
        for one, kind in heaps if kind == "fen"
    )  # fmt: skip
    assert given_ == sum(heaps.values()) + out
