"""Rewards (积分兑换): listed at a price in points, restocked, and redeemed while there is stock.

A reward is a thing, a merchant's voucher or an outing: never a service to which people have a
right, which nobody has to earn.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from ledger.clocks import local_day
from ledger.decision import Situation, principal_tag
from ledger.domain.love_bank.accounts import BY_BANK, Account, Points, leaving, open_account
from ledger.domain.money.donations import (
    Donation,
    DonationPurpose,
    against_purpose,
    beyond_left,
    known_donation,
    of_its_body,
)
from ledger.domain.requests.requests import precedes
from ledger.domain.town.people import Principal
from ledger.event import Event, Folds, Id, Line, Recorded, mint_id
from ledger.refusals import Forbidden, Refusal, Unacceptable, UnknownReference, WrongState

MAX_QUANTITY = 1_000_000
MAX_PRICE = 1_000_000
Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY)]
Price = Annotated[int, Field(ge=1, le=MAX_PRICE)]


class RewardType(StrEnum):
    """What may be had for points: no public service is among them."""

    GOODS = "goods"
    """实物"""
    VOUCHER = "voucher"
    """商家优惠"""
    OUTING = "outing"
    """文体活动"""


class Reward(NamedTuple):
    """A reward as of its history."""

    organisation: str
    """The residents' committee that hands it out."""
    points: int
    """Its price."""
    listed_at: datetime
    """As claimed: nothing is put on the shelf before."""
    latest: datetime
    """When stock last came or went, as claimed: none leaves before it came."""
    stock: int = 0


class RewardListed(Event):
    """上架: what points can be redeemed for, and at what price; its stock comes apart."""

    kind = "reward_listed"
    term = "兑换物品上架"
    proposers = (BY_BANK,)
    creates = ("reward", "reward")
    example = {
        "reward": "rice-5-kg",
        "name": "大米（5公斤）",
        "reward_type": "goods",
        "points": 10,
    }

    reward: Id
    """The reward's id, by which it is redeemed; another price is another reward."""
    name: Line
    """As it is shown."""
    reward_type: RewardType
    """What it is."""
    points: Price
    """What one of them costs."""

    def tags(self) -> tuple[str, ...]:
        return (f"reward:{self.reward}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return self.tags()

    def decide(self, situation: Situation) -> Refusal | None:
        return None


class RewardRestocked(Event):
    """补货: so many more of a reward are there, bought or out of what was donated."""

    kind = "reward_restocked"
    term = "兑换物品补货"
    proposers = (BY_BANK,)
    example = {
        "reward": "rice-5-kg",
        "quantity": 50,
        "donation": "donation-2026-0042",
        "item": "rice-5-kg",
    }

    reward: Id
    """The reward."""
    quantity: Quantity
    """How many more."""
    donation: Id | None = None
    """The donation from which they are taken, given for the love bank; absent: they were bought."""
    item: Id | None = None
    """Which of the donation's goods it is: each of them makes one of the reward."""

    def tags(self) -> tuple[str, ...]:
        own = (f"reward:{self.reward}",)
        return own if self.donation is None else (*own, f"donation:{self.donation}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        body = () if self.donation is None else of_its_body(self.donation, state)
        return (*self.tags(), *body)

    def decide(self, situation: Situation) -> Refusal | None:
        reward = own_reward(situation, self.reward)
        if not isinstance(reward, Reward):
            return reward
        if reward.stock + self.quantity > MAX_QUANTITY:
            return Unacceptable(
                "beyond_the_shelf",
                f"{reward.stock} are there",
                f"up to {MAX_QUANTITY - reward.stock} more",
                "quantity",
            )
        if (self.donation is None) != (self.item is None):
            return Unacceptable(
                "item_without_donation",
                "a donation without its item is named, or an item without its donation",
                "both for donated goods, neither for others",
                "item",
            )
        if situation.precedes(reward.listed_at):
            return precedes(reward.listed_at)
        return None if self.donation is None else self._not_donated(situation, self.donation)

    def _not_donated(self, situation: Situation, identity: str) -> Refusal | None:
        donation = known_donation(situation, identity)
        if not isinstance(donation, Donation):
            return donation
        return (
            against_purpose(donation, DonationPurpose.LOVE_BANK, "donation")
            or beyond_left(donation, None, self.item, self.quantity)
            or (precedes(donation.latest) if situation.precedes(donation.latest) else None)
        )


class LovePointsRedeemed(Event):
    """兑换: points are spent on a reward that is there, never beyond what may be spent."""

    kind = "love_points_redeemed"
    version = 2
    term = "爱心积分兑换"
    proposers = (BY_BANK,)
    creates = ("redemption", "redemption")
    example = {
        "redemption": "redemption-2026-0071",
        "account": "93e1b7d4-05c2-4a6e-b1f8-7d2c40a9e635",
        "reward": "rice-5-kg",
        "quantity": 1,
        "points": 10,
    }
    # Until version 1 rewards had neither price nor stock.
    upcasts = {1: lambda body: {**body, "quantity": 1}}

    redemption: Id = Field(default_factory=mint_id)
    """The redemption's id."""
    account: Id
    """The account that the points are taken from."""
    reward: Id
    """What the points are spent on."""
    quantity: Quantity = 1
    """How many of it."""
    points: Points
    """What they cost together, up to what may be spent."""

    def tags(self) -> tuple[str, ...]:
        return (
            f"account:{self.account}",
            f"redemption:{self.redemption}",
            f"reward:{self.reward}",
        )

    def boundary(self, state: Any) -> tuple[str, ...]:
        return self.tags()

    def decide(self, situation: Situation) -> Refusal | None:
        account = open_account(situation, self.account)
        if not isinstance(account, Account):
            return account
        reward = own_reward(situation, self.reward)
        if not isinstance(reward, Reward):
            return reward
        if _is_of_their_own(situation, account):
            return Forbidden(
                "own_redemption",
                "nobody hands out a reward to themselves, their household or their unit",
                "another principal of the office",
            )
        if self.points != self.quantity * reward.points:
            return Unacceptable(
                "not_the_price",
                f"one costs {reward.points} points",
                f"{self.quantity * reward.points} points",
                "points",
            )
        if self.quantity > reward.stock:
            return WrongState(
                "out_of_stock",
                f"{self.quantity} asked, {reward.stock} there",
                f"at most {reward.stock}" if reward.stock else "a reward that is there",
                "quantity",
            )
        if situation.precedes(reward.latest):
            return precedes(reward.latest)
        return leaving(situation, account, self.points)


def _is_of_their_own(situation: Situation, account: Account) -> bool:
    if account.is_concerned(situation.actor.principal):
        return True
    principal: Principal = situation.state(principal_tag(situation.actor))
    return account.unit is not None and principal.serves(account.unit, situation.at)


def own_reward(situation: Situation, reward: str) -> Reward | Refusal:
    """The reward, or the refusal where this committee does not hand it out."""
    found: Reward | None = situation.state(f"reward:{reward}")
    if found is None:
        return UnknownReference(
            "unknown_reward", f"reward {reward} is not listed", "a reward that is", "reward"
        )
    if found.organisation != situation.actor.organisation:
        return Forbidden(
            "another_banks_reward",
            f"{found.organisation} hands it out",
            f"a principal of {found.organisation}",
            "reward",
        )
    return found


def evolve_reward(state: Reward | None, tag: str, recorded: Recorded) -> Reward | None:
    """The reward after one more event of its history."""
    when = recorded.occurred_at
    match recorded.event:
        case RewardListed(points=points):
            return Reward(recorded.actor.organisation, points, when, when)
        case RewardRestocked(quantity=quantity) if state:
            latest = max(state.latest, when)
            return state._replace(stock=state.stock + quantity, latest=latest)
        case LovePointsRedeemed(quantity=quantity) if state:
            return state._replace(stock=state.stock - quantity, latest=when)
    return state


def evolve_donation(state: Donation | None, tag: str, recorded: Recorded) -> Donation | None:
    """The donation after some of it went on the shelf."""
    match recorded.event:
        case RewardRestocked(item=item, quantity=quantity) if state:
            return state.without(None, item, quantity, recorded.occurred_at)
    return state


def evolve_account(state: Account | None, tag: str, recorded: Recorded) -> Account | None:
    """The account after a redemption."""
    match recorded.event:
        case LovePointsRedeemed(points=points) if state:
            return state.without(points, local_day(recorded.recorded_at), recorded.occurred_at)
    return state


def evolve_redemption(state: str | None, tag: str, recorded: Recorded) -> str | None:
    """The account that a redemption was charged to."""
    match recorded.event:
        case LovePointsRedeemed(account=account):
            return account
    return state


KINDS = (RewardListed, RewardRestocked, LovePointsRedeemed)
FOLDS: Folds = {
    "account": (evolve_account, (LovePointsRedeemed,)),
    "donation": (evolve_donation, (RewardRestocked,)),
    "redemption": (evolve_redemption, (LovePointsRedeemed,)),
    "reward": (evolve_reward, KINDS),
}
