"""The demonstration's love bank: deeds shown and awarded, rewards, and points spent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from api.demonstration import town
from ledger.clocks import local_day
from ledger.domain.love_bank.accounts import AccountOpened, HolderType, month_of
from ledger.domain.love_bank.deeds import DeedClaimed, DeedVerified
from ledger.domain.love_bank.objections import ObjectionRaised, ObjectionRuled
from ledger.domain.love_bank.points import (
    LovePointsAwarded,
    LovePointsDonated,
    LovePointsReversed,
    months_after,
)
from ledger.domain.love_bank.publicity import PublicityOpened
from ledger.domain.love_bank.rewards import (
    LovePointsRedeemed,
    RewardListed,
    RewardRestocked,
    RewardType,
)
from ledger.domain.rules.rules import EXPIRE_AFTER_MONTHS
from ledger.event import Event
from ledger.proposal import Proposal

OPENED_DAYS_AGO = 75
SHOWN_DAYS = 20
"""How long before its points a deed went into publicity: longer than any holiday makes it."""

# Account, whose it is, and whether it takes part in the rankings.
_ACCOUNTS = (
    ("account-1", HolderType.PERSON, True),
    ("account-2", HolderType.PERSON, True),
    ("account-3", HolderType.HOUSEHOLD, True),
    ("account-4", HolderType.PERSON, False),
    ("account-5", HolderType.UNIT, True),
)
# Account, kind of deed, days ago, points.
_DEEDS = (
    (1, "patrol", 27, 2), (2, "elder-care", 26, 2), (3, "clean-up", 25, 1), (1, "patrol", 20, 2),
    (5, "open-classroom", 19, 2), (4, "mediation", 18, 2), (1, "clean-up", 13, 1),
    (2, "elder-care", 12, 2), (3, "clean-up", 11, 2), (5, "open-classroom", 9, 2),
    (1, "patrol", 6, 2), (2, "elder-care", 5, 1), (4, "mediation", 4, 2), (3, "clean-up", 2, 2),
    (1, "elder-care", 41, 2), (2, "patrol", 41, 1), (3, "mediation", 41, 2),
    (5, "open-classroom", 41, 2),
)  # fmt: skip
# The same of deeds that are in publicity, without a day of award.
_SHOWN = ((2, "elder-care", 1, 2), (4, "mediation", 2, 1), (3, "clean-up", 3, 2))
_WITNESSES = (town.SECRETARY.principal, town.HOTLINE.principal)
_REWARDS = (
    ("reward-soap", "香皂", RewardType.GOODS, 3, 40),
    ("reward-rice", "大米（5公斤）", RewardType.GOODS, 10, 12),
    ("reward-haircut", "理发店优惠券", RewardType.VOUCHER, 5, 20),
)


def earned(holder_type: HolderType, month: str, now: datetime) -> Iterator[tuple[str, int]]:
    """(account, points) of those of a type who are ranked, by the awards of a month."""
    for account, type_, is_ranked in _ACCOUNTS:
        points = sum(
            points
            for number, _, days_ago, points in _DEEDS
            if f"account-{number}" == account
            and month_of(local_day(now - timedelta(days=days_ago))) == month
        )
        if is_ranked and type_ is holder_type:
            yield account, points


def love_bank(now: datetime) -> Iterator[Proposal]:
    """All that happened in the love bank by `now` (aware)."""
    opened_at = now - timedelta(days=OPENED_DAYS_AGO)
    for account, holder_type, ranked in _ACCOUNTS:
        unit = "unit-school" if holder_type is HolderType.UNIT else None
        opened = AccountOpened(
            account=account,
            holder_type=holder_type,
            holder=town.random_id(account),
            unit=unit,
            ranking_opt_in=ranked,
        )
        yield Proposal(opened, town.COMMITTEE, opened_at)
    for reward, name, reward_type, points, stock in _REWARDS:
        listed = RewardListed(reward=reward, name=name, reward_type=reward_type, points=points)
        yield Proposal(listed, town.COMMITTEE, opened_at)
        restocked = RewardRestocked(reward=reward, quantity=stock)
        yield Proposal(restocked, town.COMMITTEE, opened_at)
    for index, (number, category, days_ago, points) in enumerate(_DEEDS):
        deed, account = f"deed-{index + 1:03}", f"account-{number}"
        awarded_at = now - timedelta(days=days_ago)
        yield from _shown(deed, account, category, points, awarded_at - timedelta(days=SHOWN_DAYS))
        awarded = LovePointsAwarded(
            award=f"award-{index + 1:03}",
            account=account,
            deed=deed,
            deed_category=category,
            points=points,
            expires_on=months_after(local_day(awarded_at), EXPIRE_AFTER_MONTHS),
        )
        yield Proposal(awarded, town.COMMITTEE, awarded_at)
    for index, (number, category, days_ago, points) in enumerate(_SHOWN, len(_DEEDS)):
        shown_at = now - timedelta(days=days_ago)
        yield from _shown(f"deed-{index + 1:03}", f"account-{number}", category, points, shown_at)
    yield from _objections(now)
    spent: tuple[tuple[Event, int], ...] = (
        (LovePointsRedeemed(
            redemption="redemption-001", account="account-1", reward="reward-soap", points=3,
        ), 3),
        (LovePointsDonated(account="account-5", points=1, purpose="lonely-elders"), 2),
    )  # fmt: skip
    for event, days_ago in spent:
        yield Proposal(event, town.COMMITTEE, now - timedelta(days=days_ago))
    reversal = LovePointsReversed(
        award="award-012",
        account="account-2",
        points=1,
        awarded_on=local_day(now - timedelta(days=_DEEDS[11][2])),
        reason="同一活动重复登记（演示）",
    )
    yield Proposal(reversal, town.SUPERVISION, now - timedelta(days=1))


def _shown(
    deed: str, account: str, category: str, points: int, shown_at: datetime
) -> Iterator[Proposal]:
    """A deed from its claim to its publicity, all of one morning."""
    claimed_at, verified_at = shown_at - timedelta(hours=2), shown_at - timedelta(hours=1)
    claimed = DeedClaimed(
        deed=deed,
        account=account,
        deed_category=category,
        done_on=local_day(claimed_at - timedelta(days=1)),
        hours=points,
    )
    verified = DeedVerified(
        deed=deed,
        is_confirmed=True,
        witnesses=_WITNESSES,
        spot_checked_by=town.SUPERVISION.principal,
    )
    yield Proposal(claimed, town.COMMITTEE, claimed_at)
    yield Proposal(verified, town.COMMITTEE_B, verified_at)
    yield Proposal(PublicityOpened(deed=deed, points=points), town.COMMITTEE, shown_at)


def _objections(now: datetime) -> Iterator[Proposal]:
    """One against a deed that was awarded all the same, and one that is open."""
    dismissed, open_ = town.random_id("objection-1"), town.random_id("objection-2")
    raised = ObjectionRaised(objection=dismissed, deed="deed-013", reason="人数不符（演示）")
    ruled = ObjectionRuled(
        objection=dismissed, deed="deed-013", is_upheld=False, reason="签到相符（演示）"
    )
    yield Proposal(raised, town.SECRETARY_OLD_TOWN, now - timedelta(days=20))
    yield Proposal(ruled, town.TOWN_CLERK, now - timedelta(days=18))
    raised = ObjectionRaised(objection=open_, deed="deed-014", reason="另有他人参加（演示）")
    yield Proposal(raised, town.SECRETARY_OLD_TOWN, now - timedelta(hours=30))
