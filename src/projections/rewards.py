"""Rewards (积分兑换): what points can be redeemed for, at what price, and how many are there."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from ledger.domain.love_bank import rewards
from ledger.domain.love_bank.rewards import LovePointsRedeemed, RewardListed, RewardRestocked
from ledger.event import Recorded
from projections.projection import Key, Projection, Rows
from projections.reference import Reference


class Reward(NamedTuple):
    """A reward: stock = restocked - redeemed, never below zero; `donated` is part of restocked."""

    reward: str
    organisation: str
    name: str
    reward_type: str
    points: int
    """What one of them costs."""
    listed_at: datetime
    position: int
    """Of its listing."""
    restocked: int = 0
    redeemed: int = 0
    stock: int = 0
    donated: int = 0


def _keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return ((recorded.event.__dict__["reward"],),)


def _apply(row: Reward | None, key: Key, recorded: Recorded, reference: Reference) -> Reward | None:
    match recorded.event:
        case RewardListed() as event:
            return Reward(
                event.reward,
                recorded.actor.organisation,
                event.name,
                event.reward_type.value,
                event.points,
                recorded.occurred_at,
                recorded.position,
            )
        case RewardRestocked(quantity=quantity, donation=donation) if row:
            return row._replace(
                restocked=row.restocked + quantity,
                stock=row.stock + quantity,
                donated=row.donated + (0 if donation is None else quantity),
            )
        case LovePointsRedeemed(quantity=quantity) if row:
            return row._replace(redeemed=row.redeemed + quantity, stock=row.stock - quantity)
    return row


REWARDS = Rows(
    table="reward", row=Reward, key=("reward",), kinds=rewards.KINDS, keys=_keys, apply=_apply
)
PROJECTION = Projection("rewards", 2, (REWARDS,))
