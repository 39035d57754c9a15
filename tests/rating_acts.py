"""Ratings on paper: accounts with points in February 2026, and the acts that rank and commend."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

import rfc8785

from ledger.clocks import local_day
from ledger.decision import Office
from ledger.domain.honours.appeals import AppealHeard, AppealOutcome
from ledger.domain.honours.commendation import (
    CommendationIssued,
    CommendationRescinded,
    Honour,
    Rescission,
)
from ledger.domain.honours.periods import Period, PeriodOpened
from ledger.domain.honours.rankings import RankingPublished, RankingSealed
from ledger.domain.love_bank.accounts import AccountOpened, HolderType
from ledger.domain.love_bank.points import LovePointsReversed
from ledger.domain.town.people import AppointmentMade
from ledger.event import Actor
from ledger.proposal import Proposal
from tests.paper_ledger import PaperLedger
from tests.request_acts import town
from tests.town import AWARDED_AT, COMMITTEE, COMMITTEE_B, FOUNDER, OPENED_AT, TOWN_CLERK, awarding

OPENED = datetime(2026, 2, 3, 2, tzinfo=UTC)
SEALED = datetime(2026, 3, 1, 2, tzinfo=UTC)
HEARD = datetime(2026, 3, 2, 2, tzinfo=UTC)
PUBLISHED = datetime(2026, 3, 9, 2, tzinfo=UTC)
"""The first day after the days to appeal."""
PERIOD = "period-1"
AGAIN = SEALED + timedelta(days=3)
"""When standings are sealed once more."""
MEMBER = Actor("residents_committee_member", "committee-2", "p-member-2")
"""Of the committee of another community."""
Points = dict[str, int]


def plain_digest(
    period: str,
    ranked: list[tuple[int, str, int]],
    community: str | None = "committee-1",
    holder_type: str = "person",
    months: tuple[str, str] = ("2026-02", "2026-02"),
) -> str:
    """The digest of (place, account, points) as the documentation says it, by another library."""
    lines = [
        sha256(rfc8785.dumps({"place": place, "account": account, "points": points})).hexdigest()
        for place, account, points in ranked
    ]
    document = {
        "period": period,
        "holder_type": holder_type,
        "first_month": months[0],
        "last_month": months[1],
        "community": community,
        "standings": lines,
    }
    return sha256(rfc8785.dumps(document)).hexdigest()


def plain_standings(earned: Points) -> list[tuple[int, str, int]]:
    """Places by counting those with more points: no sorting decides a place."""
    above_nothing = {account: points for account, points in earned.items() if points > 0}
    lines = [
        (1 + sum(other > points for other in above_nothing.values()), account, points)
        for account, points in above_nothing.items()
    ]
    return sorted(lines, key=lambda line: (line[0], line[1]))


@cache
def _bank() -> PaperLedger:
    opened = [
        AccountOpened(
            account=f"account-{number}",
            holder_type=HolderType.PERSON,
            holder=f"holder-{number}",
            ranking_opt_in=number != 4,
            masked_name_consent=number < 3,
        )
        for number in range(1, 5)
    ]
    household: dict[str, Any] = {"account": "house-1", "holder_type": HolderType.HOUSEHOLD}
    member = AppointmentMade(
        principal=MEMBER.principal,
        organisation=MEMBER.organisation,
        office=Office(MEMBER.office),
    )
    paper = town(
        Proposal(member, FOUNDER),
        *(Proposal(one, COMMITTEE, OPENED_AT) for one in opened),
        Proposal(AccountOpened(**household, ranking_opt_in=True), COMMITTEE, OPENED_AT),
        *points({"account-1": 7, "account-2": 3, "account-3": 7, "account-4": 9, "house-1": 2}),
    )
    # Late enough for all that the tests claim.
    paper.at = datetime(2026, 4, 20, 2, tzinfo=UTC)
    return paper


def points(earned: Points, names: str = "") -> list[Proposal]:
    """An award to each of these accounts, in February."""
    return [
        one
        for account, amount in earned.items()
        for one in awarding(f"{names}award-{account}", account, amount, f"{names}deed-{account}")
    ]


STANDINGS = [(1, "account-1", 7), (1, "account-3", 7), (3, "account-2", 3)]
"""The persons of `bank()` who take part; the fourth does not."""
DIGEST = plain_digest(PERIOD, STANDINGS)


def bank(*proposals: Proposal) -> PaperLedger:
    """Four accounts of persons and one of a household with points, and what comes after."""
    paper = _bank().copy()
    paper.accept(*proposals)
    return paper


def opened(actor: Actor = COMMITTEE, at: datetime | None = OPENED, **changes: Any) -> Proposal:
    body: dict[str, Any] = {
        "period": PERIOD,
        "holder_type": HolderType.PERSON,
        "first_month": "2026-02",
        "last_month": "2026-02",
        "community": "committee-1",
    }
    return Proposal(PeriodOpened(**{**body, **changes}), actor, at)


def sealed(
    digest: str = DIGEST, actor: Actor = COMMITTEE, at: datetime | None = SEALED, **changes: Any
) -> Proposal:
    return Proposal(RankingSealed(**{"period": PERIOD, "digest": digest, **changes}), actor, at)


def heard(
    outcome: AppealOutcome = AppealOutcome.DISMISSED,
    actor: Actor = TOWN_CLERK,
    at: datetime | None = HEARD,
    **changes: Any,
) -> Proposal:
    body: dict[str, Any] = {
        "appeal": "appeal-1",
        "period": PERIOD,
        "account": "account-2",
        "raised_on": date(2026, 3, 1),
        "reason": "漏记",
    }
    return Proposal(AppealHeard(outcome=outcome, **{**body, **changes}), actor, at)


def published(
    digest: str = DIGEST,
    actor: Actor = COMMITTEE_B,
    at: datetime | None = PUBLISHED,
    **changes: Any,
) -> Proposal:
    return Proposal(RankingPublished(**{"period": PERIOD, "digest": digest, **changes}), actor, at)


def issued(actor: Actor = TOWN_CLERK, at: datetime | None = None, **changes: Any) -> Proposal:
    body: dict[str, Any] = {
        "commendation": "commendation-1",
        "document_number": "镇发〔2026〕12号",
        "honour": Honour.CIRCULAR,
        "ground": "love-bank",
        "accounts": ("account-1",),
        "units": ("unit-1",),
    }
    return Proposal(CommendationIssued(**{**body, **changes}), actor, at)


def rescinded(
    actor: Actor = TOWN_CLERK,
    at: datetime | None = None,
    reason: Rescission = Rescission.OBTAINED_BY_FALSEHOOD,
    **changes: Any,
) -> Proposal:
    body: dict[str, Any] = {"commendation": "commendation-1", "reason": reason}
    return Proposal(CommendationRescinded(**{**body, **changes}), actor, at)


def taken_back(account: str, amount: int) -> Proposal:
    event = LovePointsReversed(
        award=f"award-{account}",
        account=account,
        points=amount,
        awarded_on=local_day(AWARDED_AT),
        reason="误记",
    )
    return Proposal(event, COMMITTEE_B)


def state(paper: PaperLedger) -> Period:
    found: Period = paper.states[f"period:{PERIOD}"]
    return found
