"""The demonstration's ratings: a month that was ranked, with an appeal; and commendations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from api.demonstration import town
from api.demonstration.points import earned
from ledger.clocks import SHANGHAI, local_day
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
    standings_digest,
    standings_of,
)
from ledger.domain.love_bank.accounts import HolderType, month_of
from ledger.domain.love_bank.points import months_after
from ledger.proposal import Proposal

_COMMUNITY = town.COMMITTEE.organisation


def ratings(now: datetime) -> Iterator[Iterator[Proposal]]:
    """All of it by `now` (aware), each matter apart."""
    yield _ranked(HolderType.PERSON, now)
    yield _ranked(HolderType.HOUSEHOLD, now)
    yield _going_on(now)
    yield _commended(now)


def _ranked_month(now: datetime) -> date:
    """The first day of the last month whose days of appeal are over."""
    return months_after(local_day(now - timedelta(days=APPEAL_DAYS + 2)).replace(day=1), -1)


def _ranked(holder_type: HolderType, now: datetime) -> Iterator[Proposal]:
    """A month, from its opening to its publication, or to an appeal by a household."""
    first = _ranked_month(now)
    month, over_on = f"{first:%Y-%m}", months_after(first, 1)
    period = f"{holder_type.value}s-{month}"
    opened = PeriodOpened(
        period=period,
        holder_type=holder_type,
        first_month=month,
        last_month=month,
        community=_COMMUNITY,
    )
    yield Proposal(opened, town.COMMITTEE, _morning(months_after(first, 1) - timedelta(days=2)))
    lines = [line.digest for line in standings_of(earned(holder_type, month, now))]
    digest = standings_digest(period, holder_type.value, (month, month), _COMMUNITY, lines)
    yield Proposal(RankingSealed(period=period, digest=digest), town.COMMITTEE, _morning(over_on))
    if holder_type is HolderType.HOUSEHOLD:
        appeal = AppealHeard(
            appeal=town.random_id("appeal-1"),
            period=period,
            account="account-3",
            raised_on=over_on + timedelta(days=1),
            outcome=AppealOutcome.UNDER_EXAMINATION,
            reason="漏记一次善行（演示）",
        )
        yield Proposal(appeal, town.TOWN_CLERK, _morning(over_on + timedelta(days=2)))
        return
    published = RankingPublished(period=period, digest=digest)
    day = over_on + timedelta(days=APPEAL_DAYS + 1)
    yield Proposal(published, town.COMMITTEE_B, _morning(day))


def _going_on(now: datetime) -> Iterator[Proposal]:
    """The units of the town, of whom the present month is to be ranked."""
    month = month_of(local_day(now))
    opened = PeriodOpened(
        period=f"units-{month}", holder_type=HolderType.UNIT, first_month=month, last_month=month
    )
    yield Proposal(opened, town.TOWN_CLERK, now - timedelta(hours=20))


def _commended(now: datetime) -> Iterator[Proposal]:
    """A unit twice, the second time with approval; a third one is taken back."""
    year = local_day(now).year
    for number, days_ago, honour in ((3, 18, Honour.CIRCULAR), (5, 9, Honour.AWARD)):
        issued = CommendationIssued(
            commendation=f"commendation-{number:03}",
            document_number=f"示镇发〔{year}〕{number}号",
            honour=honour,
            approval_reference="示县表彰办〔演示〕2号" if honour is Honour.AWARD else None,
            ground="love-bank",
            units=("unit-school",),
        )
        yield Proposal(issued, town.TOWN_CLERK, now - timedelta(days=days_ago))
    issued = CommendationIssued(
        commendation="commendation-001",
        document_number=f"河社〔{year}〕1号",
        honour=Honour.CIRCULAR,
        ground="joint-projects",
        community=town.SECRETARY.organisation,
        units=("unit-school",),
    )
    yield Proposal(issued, town.SECRETARY, now - timedelta(days=7))
    rescinded = CommendationRescinded(
        commendation="commendation-001", reason=Rescission.ISSUED_IN_ERROR
    )
    yield Proposal(rescinded, town.SECRETARY, now - timedelta(days=6))


def _morning(day: date) -> datetime:
    return datetime.combine(day, time(9), SHANGHAI)
