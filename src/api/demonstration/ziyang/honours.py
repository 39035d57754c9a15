"""Quarters that were ranked (评比) for each type of holder, and commendations (通报表扬)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final

from api.demonstration import town
from api.demonstration.ziyang.bodies import COMMUNITIES, clerk_b, secretary
from api.demonstration.ziyang.days import at, working_days
from api.demonstration.ziyang.love_bank import Holder, year
from ledger.clocks import local_day
from ledger.domain.honours.appeals import AppealHeard, AppealOutcome
from ledger.domain.honours.commendation import (
    CommendationIssued,
    CommendationRescinded,
    Honour,
    Rescission,
)
from ledger.domain.honours.periods import PeriodOpened
from ledger.domain.honours.rankings import (
    APPEAL_DAYS,
    RankingPublished,
    RankingSealed,
    Standing,
    standings_digest,
    standings_of,
)
from ledger.domain.love_bank.accounts import HolderType, month_of
from ledger.domain.love_bank.points import months_after
from ledger.proposal import Proposal

QUARTERS: Final = (date(2020, 1, 1), date(2020, 4, 1), date(2020, 7, 1), date(2020, 10, 1))
"""The last of them is opened, and not over by the closing date."""
COMMENDED: Final = 5


def opening() -> Iterator[Proposal]:
    """Nothing: periods are opened in the year."""
    return iter(())


def changes() -> Iterator[Proposal]:
    """Each quarter, from its opening to its publication and what was commended after it."""
    for number, first in enumerate(QUARTERS, 1):
        for holder_type in HolderType:
            yield from _ranked(holder_type, first, number)
    yield from _of_communities()


def _ranked(holder_type: HolderType, first: date, quarter: int) -> Iterator[Proposal]:
    last, over_on = months_after(first, 2), months_after(first, 3)
    months = (f"{first:%Y-%m}", f"{last:%Y-%m}")
    period = f"{holder_type.value}s-2020-q{quarter}"
    opened = PeriodOpened(
        period=period, holder_type=holder_type, first_month=months[0], last_month=months[1]
    )
    yield Proposal(opened, town.TOWN_CLERK, at(_working_day(first + timedelta(days=9)), 9))
    if first == QUARTERS[-1]:
        return
    sealed_at = at(_working_day(over_on + timedelta(days=2)), 10)
    ranked = standings_of(_earned(holder_type, months, sealed_at))
    digest = standings_digest(
        period, holder_type.value, months, None, [line.digest for line in ranked]
    )
    yield Proposal(RankingSealed(period=period, digest=digest), town.TOWN_CLERK, sealed_at)
    published_at = at(_working_day(local_day(sealed_at) + timedelta(days=APPEAL_DAYS + 1)), 9)
    if quarter == 2 and holder_type is HolderType.PERSON and ranked:
        yield from _appealed(period, ranked[-1].account, sealed_at)
    yield Proposal(
        RankingPublished(period=period, digest=digest), clerk_b("government"), published_at
    )
    yield from _commended(period, holder_type, ranked, quarter, published_at)


def _earned(
    holder_type: HolderType, months: tuple[str, str], moment: datetime
) -> Iterator[tuple[str, int]]:
    """(account, points) of those of a type who are ranked, as the awards stood at a moment."""
    bank = year()
    points: Counter[str] = Counter()
    for award in bank.awards:
        if award.awarded_at > moment or (award.reversed_at and award.reversed_at <= moment):
            continue
        if months[0] <= month_of(local_day(award.awarded_at)) <= months[1]:
            points[award.account] += award.points
    for holder in bank.holders:
        if holder.holder_type is holder_type and holder.is_ranked and points[holder.account]:
            yield holder.account, points[holder.account]


def _appealed(period: str, account: str, sealed_at: datetime) -> Iterator[Proposal]:
    """One appeal by a body that did not seal: taken up, then dismissed."""
    for days, outcome in ((2, AppealOutcome.UNDER_EXAMINATION), (5, AppealOutcome.DISMISSED)):
        heard = AppealHeard(
            appeal=town.random_id(f"appeal/{period}"),
            period=period,
            account=account,
            raised_on=local_day(sealed_at) + timedelta(days=1),
            outcome=outcome,
            reason="称有一次善行漏记，经核查已计入上季度",
        )
        yield Proposal(heard, town.COUNTY, sealed_at + timedelta(days=days))


def _commended(
    period: str,
    holder_type: HolderType,
    ranked: tuple[Standing, ...],
    quarter: int,
    moment: datetime,
) -> Iterator[Proposal]:
    known: dict[str, Holder] = {holder.account: holder for holder in year().holders}
    first = [known[line.account] for line in ranked]
    accounts = tuple(holder.account for holder in first if holder.is_named)[:COMMENDED]
    units = tuple(holder.unit for holder in first[:COMMENDED] if holder.unit)
    if not accounts and not units:
        return
    is_award = quarter == 3 and holder_type is HolderType.UNIT
    issued = CommendationIssued(
        commendation=f"commendation-{period}",
        document_number=f"示镇发〔2020〕{10 * quarter + list(HolderType).index(holder_type)}号",
        honour=Honour.AWARD if is_award else Honour.CIRCULAR,
        approval_reference="示县表彰办〔2020〕2号" if is_award else None,
        ground="love-bank-quarter",
        accounts=accounts,
        units=units,
        period=period,
    )
    yield Proposal(issued, town.TOWN_CLERK, moment + timedelta(hours=1))


def _of_communities() -> Iterator[Proposal]:
    """Units that each community commends at midsummer; one of these is taken back."""
    for number, community in enumerate(COMMUNITIES):
        issued = CommendationIssued(
            commendation=f"commendation-{community.key}-2020",
            document_number=f"{community.name}〔2020〕1号",
            honour=Honour.CIRCULAR,
            ground="joint-projects",
            community=community.branch,
            units=(f"unit-{number + 1:03}", f"unit-{number + 5:03}"),
        )
        yield Proposal(issued, secretary(community.branch), at(date(2020, 7, 1), 10))
    rescinded = CommendationRescinded(
        commendation=f"commendation-{COMMUNITIES[-1].key}-2020", reason=Rescission.ISSUED_IN_ERROR
    )
    yield Proposal(rescinded, secretary(COMMUNITIES[-1].branch), at(date(2020, 7, 3), 10))


def _working_day(day: date) -> date:
    """The first working day from a day on."""
    return next(one for one in working_days() if one >= day)
