"""What love points buy (积分兑换), and points that are given away for a common purpose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from typing import Final

from api.demonstration.ziyang.bodies import COMMUNITIES, Community, clerk
from api.demonstration.ziyang.days import CLOSING, OPENING, at, chance, spread
from api.demonstration.ziyang.love_bank import Year, year
from ledger.domain.love_bank.points import LovePointsDonated
from ledger.domain.love_bank.rewards import (
    LovePointsRedeemed,
    RewardListed,
    RewardRestocked,
    RewardType,
)
from ledger.proposal import Proposal

TRIES: Final = 420
"""How often a holder looks at the shelf; not every time there are points enough."""
QUARTERLY: Final = 40
_SHELF = (
    ("soap", "香皂（两块）", RewardType.GOODS, 2),
    ("towel", "毛巾", RewardType.GOODS, 3),
    ("rice-5-kg", "大米（5公斤）", RewardType.GOODS, 8),
    ("cooking-oil", "食用油（5升）", RewardType.GOODS, 10),
    ("haircut", "理发店优惠券", RewardType.VOUCHER, 4),
    ("museum-day", "博物馆一日行", RewardType.OUTING, 6),
)
_PURPOSES = ("lonely-elders", "left-behind-children", "flood-relief")


def reward_of(community: Community, name: str) -> str:
    """The id of a thing on a community's shelf."""
    return f"{name}-{community.key}"


def opening() -> Iterator[Proposal]:
    """Nothing: the shelf is filled with the year."""
    return iter(())


def changes() -> Iterator[Proposal]:
    """The shelves, filled each quarter, and what left them."""
    for community in COMMUNITIES:
        for name, shown, type_, points in _SHELF:
            listed = RewardListed(
                reward=reward_of(community, name), name=shown, reward_type=type_, points=points
            )
            yield Proposal(listed, clerk(community.committee), OPENING)
            for month in (1, 4, 7, 10):
                restocked = RewardRestocked(reward=reward_of(community, name), quantity=QUARTERLY)
                when = at(date(2020, month, 15), 9)
                yield Proposal(restocked, clerk(community.committee), when)
    yield from _spent(year())


def _spent(bank: Year) -> Iterator[Proposal]:
    random = chance("rewards")
    spenders = [holder for holder in bank.holders if holder.account not in bank.contested]
    earned: dict[str, list[tuple[datetime, int]]] = {}
    for award in bank.awards:
        earned.setdefault(award.account, []).append((award.awarded_at, award.points))
    spent: Counter[str] = Counter()
    moments = spread(random, TRIES, date(2020, 4, 20), CLOSING.date())
    for number, moment in enumerate(moments):
        holder = random.choice(spenders)
        there = sum(points for when, points in earned.get(holder.account, ()) if when < moment)
        there -= spent[holder.account]
        if there >= 2 and random.random() < 0.12:
            points = random.randint(1, there)
            spent[holder.account] += points
            given = LovePointsDonated(
                account=holder.account, points=points, purpose=random.choice(_PURPOSES)
            )
            by_itself = holder.unit is None and random.random() < 0.5
            actor = holder.resident if by_itself else clerk(holder.community.committee)
            yield Proposal(given, actor, moment)
            continue
        affordable = [(name, points) for name, _, _, points in _SHELF if points <= there]
        if not affordable:
            continue
        name, points = random.choice(affordable)
        spent[holder.account] += points
        redeemed = LovePointsRedeemed(
            redemption=f"redemption-2020-{number + 1:04}",
            account=holder.account,
            reward=reward_of(holder.community, name),
            points=points,
        )
        yield Proposal(redeemed, clerk(holder.community.committee), moment)
