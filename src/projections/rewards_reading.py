"""What is shown of rewards (积分兑换): price and stock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from projections.reading import AsOf, snapshot

NAME = "rewards"
_REWARDS = """select reward, organisation, name, reward_type, points, listed_at, position,
    restocked, redeemed, stock, donated from reward
    where %(organisation)s::text is null or organisation = %(organisation)s
    order by organisation, points, reward limit %(limit)s"""


@dataclass(frozen=True, slots=True)
class PublicReward:
    """A reward; `points` is what one costs, and stock = restocked - redeemed."""

    reward: str
    organisation: str
    name: str
    reward_type: str
    points: int
    listed_at: datetime
    position: int
    restocked: int
    redeemed: int
    stock: int
    donated: int
    """Of what was restocked, what came out of donations."""


@dataclass(frozen=True, slots=True)
class Rewards:
    """All rewards, or those of one residents' committee."""

    as_of: AsOf
    rewards: tuple[PublicReward, ...]


async def rewards(connection: AsyncConnection[Any], *, organisation: str | None = None) -> Rewards:
    """The rewards, by who hands them out and by price."""
    async with snapshot(connection, NAME, ("reward",), None) as seen:
        found = await seen.all(PublicReward, _REWARDS, {"organisation": organisation})
    return Rewards(seen.as_of, found)
