"""The love bank's year (爱心银行): accounts, deeds with their publicity, and objections."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache
from random import Random
from typing import Final, NamedTuple

from api.demonstration import town
from api.demonstration.ziyang import grid
from api.demonstration.ziyang.bodies import (
    COMMUNITIES,
    POINTS_EXPIRE_AFTER_MONTHS,
    UNITS,
    Community,
    clerk,
    clerk_b,
    secretary,
)
from api.demonstration.ziyang.days import CLOSING, OPENING, chance, later, spread
from ledger.clocks import local_day
from ledger.domain.love_bank.accounts import AccountClosed, AccountOpened, Closing, HolderType
from ledger.domain.love_bank.deeds import DeedClaimed, DeedVerified
from ledger.domain.love_bank.objections import ObjectionAppealed, ObjectionRaised, ObjectionRuled
from ledger.domain.love_bank.points import LovePointsAwarded, LovePointsReversed, months_after
from ledger.domain.love_bank.publicity import PublicityOpened
from ledger.event import Actor
from ledger.proposal import Proposal

PERSONS: Final = 220
HOUSEHOLDS: Final = 40
UNIT_ACCOUNTS: Final = 24
DEEDS: Final = 1_300
CLOSED: Final = 5
"""Accounts in which nobody ever earned a point, and that are closed again."""
WALKED: Final = next(
    number for number, one in enumerate(COMMUNITIES) if one.committee == town.COMMITTEE.organisation
)
MAX_POINTS: Final = 2
_CATEGORIES = (
    ("elder-care", 20, ("陪独居老人就医", "给空巢老人送餐", "帮老人代缴水电费")),
    ("patrol", 16, ("夜间治安巡逻", "校门口护学")),
    ("clean-up", 16, ("清理楼道杂物", "河堤捡拾垃圾", "清扫背街小巷")),
    ("mediation", 10, ("调解邻里漏水", "劝和家庭口角")),
    ("epidemic-watch", 14, ("小区卡口值守", "入户登记与代购")),
    ("tutoring", 8, ("课后辅导", "周末领读")),
    ("flood-relief", 5, ("汛期沙袋转运", "排查低洼院落")),
    ("blood-donation", 5, ("无偿献血",)),
    ("open-classroom", 6, ("开放单位操场", "借出会议室办讲座")),
)


class Holder(NamedTuple):
    """Whose account it is, and what they agreed to."""

    account: str
    community: Community
    holder_type: HolderType
    is_ranked: bool
    is_named: bool
    opened_at: datetime
    unit: str | None

    @property
    def resident(self) -> Actor:
        """The holder, through the community's channel."""
        return Actor("resident", self.community.committee, town.random_id(f"holder/{self.account}"))


class Award(NamedTuple):
    """Points that were awarded, and when; taken back later where `reversed_at` says so."""

    deed: str
    account: str
    points: int
    awarded_at: datetime
    reversed_at: datetime | None = None


class Year(NamedTuple):
    """The love bank's whole year, as others go on from it."""

    holders: tuple[Holder, ...]
    acts: tuple[Proposal, ...]
    awards: tuple[Award, ...]
    contested: frozenset[str]
    """Accounts a deed of which was objected to."""


def opening() -> Iterator[Proposal]:
    """Nothing: the bank opens with the year."""
    return iter(())


def changes() -> Iterator[Proposal]:
    """Accounts and deeds; what points buy is in `rewards`."""
    return iter(year().acts)


@cache
def year() -> Year:
    """The year of the love bank, drawn once."""
    random = chance("love bank")
    holders = tuple(_holders(random))
    acts = [act for holder in holders for act in _opened(random, holder)]
    acts += _closed(holders[-CLOSED:])
    awards: list[Award] = []
    contested: set[str] = set()
    active = holders[:-CLOSED]
    weights = [1 + 5 * random.random() ** 3 for _ in active]
    moments = spread(random, DEEDS, date(2020, 2, 10), CLOSING.date())
    for number, claimed_at in enumerate(moments):
        (holder,) = random.choices(active, weights)
        if holder.opened_at < claimed_at:
            deed = _Deed(random, f"deed-2020-{number + 1:04}", holder, claimed_at)
            acts += [act for act in deed.acts() if (act.occurred_at or claimed_at) <= CLOSING]
            awards += [award for award in deed.awards if award.awarded_at <= CLOSING]
            if deed.is_contested:
                contested.add(holder.account)
    return Year(holders, tuple(acts), tuple(awards), frozenset(contested))


def _holders(random: Random) -> Iterator[Holder]:
    types = [HolderType.PERSON] * PERSONS + [HolderType.HOUSEHOLD] * HOUSEHOLDS
    types += [HolderType.UNIT] * UNIT_ACCOUNTS + [HolderType.PERSON] * CLOSED
    units = iter(UNITS)
    for number, holder_type in enumerate(types):
        early = random.random() < 0.7
        (opened_at,) = spread(
            random, 1, OPENING.date(), date(2020, 2, 7) if early else date(2020, 9, 30)
        )
        is_unit = holder_type is HolderType.UNIT
        yield Holder(
            # The README's walk is of one account that can be typed.
            "account-1" if number == WALKED else town.random_id(f"account/{number}"),
            COMMUNITIES[number % 4],
            holder_type,
            is_unit or random.random() < 0.65,
            not is_unit and random.random() < 0.6,
            opened_at,
            next(units) if is_unit else None,
        )


def _opened(random: Random, holder: Holder) -> Iterator[Proposal]:
    opened = AccountOpened(
        account=holder.account,
        holder_type=holder.holder_type,
        holder=holder.resident.principal,
        unit=holder.unit,
        name="（演示账户人）" if holder.is_named else None,
        masked_name_consent=holder.is_named,
        ranking_opt_in=holder.is_ranked,
    )
    by_itself = holder.unit is None and random.random() < 0.2
    actor = holder.resident if by_itself else clerk(holder.community.committee)
    yield Proposal(opened, actor, holder.opened_at)


def _closed(holders: tuple[Holder, ...]) -> Iterator[Proposal]:
    for number, holder in enumerate(holders):
        closed = AccountClosed(
            account=holder.account, ground=(Closing.MOVED_AWAY, Closing.AT_REQUEST)[number % 2]
        )
        when = later(holder.opened_at, 200 + 40 * number)
        yield Proposal(closed, clerk(holder.community.committee), when)


class _Deed:
    """One deed, from its claim to its points, or to where it came by the closing date."""

    def __init__(self, random: Random, deed: str, holder: Holder, claimed_at: datetime) -> None:
        self.random, self.deed, self.holder, self.claimed_at = random, deed, holder, claimed_at
        names, weights, texts = zip(*_CATEGORIES, strict=True)
        (index,) = random.choices(range(len(names)), weights)
        self.category, self.text = names[index], random.choice(texts[index])
        self.hours = random.choices((1, 2, 3, 4), (35, 40, 17, 8))[0]
        self.points = min(self.hours, MAX_POINTS)
        self.awards: list[Award] = []
        self.is_contested = False

    def acts(self) -> Iterator[Proposal]:
        """Its acts in order; `awards` and `is_contested` are known once they are all drawn."""
        random, holder = self.random, self.holder
        committee = holder.community.committee
        unit = random.choice(grid.buildings(holder.community))
        claimed = DeedClaimed(
            deed=self.deed,
            account=holder.account,
            deed_category=self.category,
            done_on=local_day(self.claimed_at) - timedelta(days=random.randrange(4)),
            hours=self.hours,
            grid_unit=unit if random.random() < 0.7 else None,
            description=self.text,
        )
        by_itself = holder.unit is None and random.random() < 0.4
        yield Proposal(claimed, holder.resident if by_itself else clerk(committee), self.claimed_at)
        moment = later(self.claimed_at, random.uniform(1, 10))
        is_confirmed = random.random() < 0.97
        verified = DeedVerified(
            deed=self.deed,
            is_confirmed=is_confirmed,
            witnesses=(grid.head(unit), grid.head(f"{unit}-1")),
            spot_checked_by=clerk(holder.community.supervision).principal,
        )
        yield Proposal(verified, clerk_b(committee), moment)
        if not is_confirmed:
            return
        moment = later(moment, random.uniform(0.5, 8))
        shown = PublicityOpened(deed=self.deed, points=self.points)
        yield Proposal(shown, clerk(committee), moment)
        yield from self._judged(moment)

    def _judged(self, shown_at: datetime) -> Iterator[Proposal]:
        """After publicity the points, unless somebody objected and was right."""
        award_at = later(shown_at, self.random.uniform(48, 64))
        if self.random.random() < 0.025:
            self.is_contested = True
            moment, is_upheld = later(shown_at, self.random.uniform(4, 30)), False
            for act, upheld in self._objected(moment):
                yield act
                moment, is_upheld = act.occurred_at or moment, upheld
            if is_upheld or moment > CLOSING:
                return
            award_at = max(award_at, later(moment, 2))
        awarded = LovePointsAwarded(
            award=f"award-{self.deed}",
            account=self.holder.account,
            deed=self.deed,
            deed_category=self.category,
            points=self.points,
            expires_on=months_after(local_day(award_at), POINTS_EXPIRE_AFTER_MONTHS),
        )
        yield Proposal(awarded, clerk(self.holder.community.committee), award_at)
        reversed_at = None
        if self.random.random() < 0.008 and award_at < CLOSING - timedelta(days=30):
            self.is_contested = True  # so that nothing is bought for what is taken back
            reversed_at = later(award_at, self.random.uniform(10, 80))
            yield self._reversed(award_at, reversed_at)
        self.awards.append(
            Award(self.deed, self.holder.account, self.points, award_at, reversed_at)
        )

    def _objected(self, moment: datetime) -> Iterator[tuple[Proposal, bool]]:
        """(act, whether the objection is upheld by then)."""
        objection = town.random_id(f"objection/{self.deed}")
        of = {"objection": objection, "deed": self.deed}
        by = secretary(self.holder.community.branch)
        raised = ObjectionRaised(**of, reason="参加人数与公示不符")
        yield Proposal(raised, by, moment), False
        upheld = self.random.random() < 0.4
        moment = later(moment, self.random.uniform(4, 30))
        ruled = ObjectionRuled(
            **of, is_upheld=upheld, reason="签到缺失" if upheld else "签到与照片相符"
        )
        yield Proposal(ruled, town.TOWN_CLERK, moment), upheld
        if not upheld and self.random.random() < 0.3:
            moment = later(moment, self.random.uniform(2, 20))
            appealed = ObjectionAppealed(**of, reason="照片并非当日所摄")
            yield Proposal(appealed, by, moment), False
            moment = later(moment, self.random.uniform(4, 30))
            final = ObjectionRuled(**of, is_upheld=False, reason="经复核，维持原裁定")
            yield Proposal(final, town.COUNTY, moment), False

    def _reversed(self, awarded_at: datetime, moment: datetime) -> Proposal:
        taken_back = LovePointsReversed(
            award=f"award-{self.deed}",
            account=self.holder.account,
            points=self.points,
            awarded_on=local_day(awarded_at),
            reason="同一活动重复登记",
        )
        return Proposal(taken_back, clerk(self.holder.community.supervision), moment)
