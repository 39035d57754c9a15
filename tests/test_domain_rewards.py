"""Rewards: listed at a price, put on the shelf, and handed out while points and stock last."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ledger import catalogue
from ledger.domain.love_bank.accounts import HolderType
from ledger.domain.love_bank.rewards import (
    MAX_PRICE,
    MAX_QUANTITY,
    Reward,
    RewardListed,
    RewardRestocked,
    RewardType,
)
from ledger.event import Actor
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.bank_acts import (
    BAD_POINTS,
    HOLDER,
    account,
    bank,
    claiming,
    earlier,
    member_of,
    opened,
    redeem,
    spendable,
)
from tests.paper_ledger import PaperLedger
from tests.request_acts import COMMITTEE_2, refused
from tests.town import (
    AWARDED_AT,
    COMMITTEE,
    COMMITTEE_B,
    FOUNDER,
    HOTLINE,
    OPENED_AT,
    SECRETARY,
    WATER,
    awarding,
)

BANK = ("account_opened", "account_closed", "deed_claimed", "love_points_awarded",
        "love_points_reversed", "love_points_donated", "love_points_expiry_noticed",
        "love_points_expired", "love_points_redeemed")  # fmt: skip
"""The kinds that name an account."""


def listed(
    reward: str = "rice", points: int = 3, actor: Actor = COMMITTEE, **changes: Any
) -> Proposal:
    body = {"name": "大米", "reward_type": RewardType.GOODS, **changes}
    return Proposal(RewardListed(reward=reward, points=points, **body), actor)


def restocked(quantity: int, reward: str = "rice", actor: Actor = COMMITTEE) -> Proposal:
    return Proposal(RewardRestocked(reward=reward, quantity=quantity), actor)


def rice(quantity: int, points: int | None = None, **changes: Any) -> Proposal:
    """Rice at its price, unless other points are asked."""
    asked = 3 * quantity if points is None else points
    return redeem(asked, **{"reward": "rice", "quantity": quantity, **changes})


def shelf(paper: PaperLedger, reward: str = "rice") -> Reward:
    found: Reward = paper.states[f"reward:{reward}"]
    return found


# Listing and stock


def test_a_reward_has_a_price_and_no_stock_until_it_comes() -> None:
    paper = bank(listed())
    assert (shelf(paper).points, shelf(paper).stock) == (3, 0)

    paper.accept(restocked(2), restocked(5, actor=COMMITTEE_B))

    assert shelf(paper).stock == 7


def test_another_price_is_another_reward() -> None:
    refusal = refused(bank(listed()), listed(points=4), "reward_exists", "reward")

    assert isinstance(refusal, WrongState)


@pytest.mark.parametrize("actor", [HOTLINE, SECRETARY, FOUNDER, WATER, HOLDER])
def test_the_bank_alone_lists_restocks_and_hands_out(actor: Actor) -> None:
    paper = bank(listed(), restocked(9))

    for proposal in (
        listed("oil", actor=actor),
        restocked(1, actor=actor),
        rice(1, actor=actor),
    ):
        assert isinstance(refused(paper, proposal, "office_may_not"), Forbidden)


@pytest.mark.parametrize("proposal", [restocked(1), rice(1)])
def test_what_is_not_listed_is_neither_restocked_nor_handed_out(proposal: Proposal) -> None:
    refusal = refused(bank(), proposal, "unknown_reward", "reward")

    assert isinstance(refusal, UnknownReference)


@pytest.mark.parametrize("proposal", [restocked(1, actor=COMMITTEE_2), rice(1, actor=COMMITTEE_2)])
def test_each_committee_hands_out_its_own(proposal: Proposal) -> None:
    paper = bank(listed(), restocked(9))

    refusal = refused(paper, proposal, "another_banks_reward", "reward")

    assert isinstance(refusal, Forbidden)
    assert refusal.accepted == "a principal of committee-1"


def test_a_shelf_has_an_end() -> None:
    paper = bank(listed(), restocked(MAX_QUANTITY - 2))

    refusal = refused(paper, restocked(3), "beyond_the_shelf", "quantity")

    assert isinstance(refusal, Unacceptable)
    assert refusal.accepted == "up to 2 more"
    paper.accept(restocked(2))


@pytest.mark.parametrize(
    ("cls", "field", "bad"),
    [
        *((RewardListed, "points", points) for points in (*BAD_POINTS, MAX_PRICE + 1)),
        *((RewardRestocked, "quantity", count) for count in (*BAD_POINTS, MAX_QUANTITY + 1)),
        (RewardListed, "name", ""),
        (RewardListed, "name", "x" * 201),
        (RewardListed, "reward", "Rice 5 kg"),
    ],
)
def test_what_is_no_reward_is_turned_down_by_its_field(cls: Any, field: str, bad: Any) -> None:
    body = {"reward": "rice", "name": "大米", "reward_type": RewardType.GOODS,
            "points": 1, "quantity": 1}  # fmt: skip
    fitting = {name: value for name, value in body.items() if name in cls.model_fields}

    with pytest.raises(ValidationError) as caught:
        cls(**{**fitting, field: bad})

    assert {error["loc"] for error in caught.value.errors()} == {(field,)}


# Points are no condition of a service


@pytest.mark.parametrize("service", ["service", "priority", "minimum_living_allowance", "", None])
def test_no_service_is_had_for_points(service: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        listed(reward_type=service)

    assert {error["loc"] for error in caught.value.errors()} == {("reward_type",)}


def test_no_kind_outside_the_bank_names_an_account_or_reads_one() -> None:
    """Requests, whistles and the rest are decided without a look at anybody's points; an appeal
    against a ranking names the account that it concerns."""
    naming = {kind for kind, cls in catalogue.KINDS.items() if "account" in cls.model_fields}
    assert naming == {*BANK, "appeal_heard"}

    others = {kind: cls for kind, cls in catalogue.KINDS.items() if kind not in BANK}
    pricing = {kind for kind, cls in others.items() if "points" in cls.model_fields}

    assert pricing == {"publicity_opened", "reward_listed"}


# Redemptions


def test_points_are_spent_on_what_is_there() -> None:
    paper = bank(listed(), restocked(5), rice(2))

    assert (account(paper).balance, shelf(paper).stock) == (14, 3)


def test_a_redemption_has_an_id_of_its_own() -> None:
    refusal = refused(bank(), redeem(1, redemption="redemption-1"), "redemption_exists",
                      "redemption")  # fmt: skip

    assert isinstance(refusal, WrongState)


def test_points_are_taken_from_an_account_of_this_town() -> None:
    refusal = refused(bank(), redeem(1, "account-of-x"), "unknown_account", "account")

    assert isinstance(refusal, UnknownReference)


@pytest.mark.parametrize(
    "changes",
    [
        {"holder": COMMITTEE.principal},
        {"holder_type": HolderType.HOUSEHOLD, "household_principals": (COMMITTEE.principal,)},
    ],
)
def test_nobody_hands_a_reward_to_their_own_house(changes: dict[str, Any]) -> None:
    paper = bank(opened(**changes))

    refusal = refused(paper, redeem(1, "account-9"), "own_redemption")

    assert isinstance(refusal, Forbidden)
    refused(paper, redeem(1, "account-9", COMMITTEE_B), "beyond_balance", "points")


@pytest.mark.parametrize("points", [1, 5, 7, 2**53 - 1])
def test_the_price_is_the_price(points: int) -> None:
    paper = bank(listed(), restocked(5))

    refusal = refused(paper, rice(2, points), "not_the_price", "points")

    assert isinstance(refusal, Unacceptable)
    assert refusal.accepted == "6 points"


@pytest.mark.parametrize(
    ("there", "asked", "accepted"),
    [(0, 1, "a reward that is there"), (2, 3, "at most 2"), (2, MAX_QUANTITY, "at most 2")],
)
def test_nothing_is_handed_out_that_is_not_there(there: int, asked: int, accepted: str) -> None:
    stock = [restocked(there)] if there else []
    paper = bank(listed(), *stock)

    refusal = refused(paper, rice(asked), "out_of_stock", "quantity")

    assert isinstance(refusal, WrongState)
    assert refusal.accepted == accepted


def test_what_is_handed_out_is_not_there_again() -> None:
    paper = bank(listed(), restocked(2), rice(2))

    refused(paper, rice(1), "out_of_stock", "quantity")


@pytest.mark.parametrize("points", [21, 995])
def test_nobody_spends_beyond_the_balance(points: int) -> None:
    refusal = refused(bank(), redeem(points), "beyond_balance", "points")

    assert isinstance(refusal, WrongState)
    assert refusal.accepted == "at most 20 points"


def test_the_whole_balance_is_spent_once() -> None:
    paper = bank(redeem(20))

    refused(paper, redeem(1), "beyond_balance", "points")

    assert (account(paper).balance, account(paper).lots) == (0, ())


@pytest.mark.parametrize("quantity", [*BAD_POINTS, MAX_QUANTITY + 1])
def test_a_redemption_is_of_whole_things(quantity: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        redeem(1, quantity=quantity)

    assert {error["loc"] for error in caught.value.errors()} == {("quantity",)}


def test_points_are_not_spent_before_they_came() -> None:
    early, later = redeem(20), redeem(20)
    paper = bank(listed("oil", 1), restocked(50, "oil"))
    claiming(early, AWARDED_AT - timedelta(hours=1))

    refused(paper, early, "precedes_what_it_follows", "occurred_at")
    paper.accept(later)


def test_nothing_is_handed_out_before_it_came() -> None:
    paper = bank(
        claiming(listed(), OPENED_AT), claiming(restocked(9), AWARDED_AT + timedelta(days=2))
    )

    too_early = claiming(rice(1), AWARDED_AT + timedelta(days=1))

    refused(paper, too_early, "precedes_what_it_follows", "occurred_at")


# Any order, against a plain purse and a plain shelf


_PLAYED = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 9)), max_size=30)


@given(steps=_PLAYED)
def test_redemptions_exceed_neither_points_nor_stock(steps: list[tuple[int, int]]) -> None:
    account_9 = claiming(opened(), OPENED_AT)
    paper = bank(account_9, *awarding("award-9", "account-9", 20, "deed-9"), listed())
    purse, things = 20, 0

    for act, quantity in steps:
        match act:
            case 0:
                proposal, fits = restocked(quantity), True
            case _:
                proposal = rice(quantity, identity="account-9")
                fits = quantity <= things and 3 * quantity <= purse
        assert (paper.propose(proposal) is None) == fits
        if fits:
            things += quantity if act == 0 else -quantity
            purse -= 0 if act == 0 else 3 * quantity
        assert (spendable(paper, "account-9"), shelf(paper).stock) == (purse, things)


def test_nothing_is_put_on_the_shelf_before_the_reward_is_listed() -> None:
    paper = bank(listed())

    refusal = refused(
        paper, earlier(restocked(1), paper, days=1), "precedes_what_it_follows", "occurred_at"
    )

    assert isinstance(refusal, Unacceptable)


def test_nobody_hands_out_a_reward_to_their_own_unit() -> None:
    given = bank(member_of("unit-1"), listed())

    refusal = refused(given, rice(1, identity="account-unit", actor=COMMITTEE_B), "own_redemption")

    assert isinstance(refusal, Forbidden)
