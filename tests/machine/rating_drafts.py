"""Drafts of ratings and commendations in a life of the town: by whom they are usually done."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ledger.domain.honours.appeals import AppealHeard, AppealOutcome
from ledger.domain.honours.commendation import (
    CommendationIssued,
    CommendationRescinded,
    Honour,
    Rescission,
)
from ledger.domain.honours.periods import Period, PeriodOpened
from ledger.domain.honours.rankings import RankingPublished
from ledger.domain.love_bank.accounts import HolderType
from ledger.event import Actor, Event
from tests.machine.bank_drafts import ACCOUNTS
from tests.plain_model.rule_book import CHINA
from tests.town import COUNTY, FOUNDER, TOWN_CLERK

ENOUGH = timedelta(days=45)
"""So long before it is entered a period is opened: its month is over."""


def opening(thing: int, now: datetime) -> Event:
    """Of the persons of the town, in the month that is over."""
    month = f"{(now - ENOUGH).astimezone(CHINA):%Y-%m}"
    return PeriodOpened(
        period=f"period-{thing % 3}-{month}",
        holder_type=HolderType.PERSON,
        first_month=month,
        last_month=f"{(now - timedelta(days=1)).astimezone(CHINA):%Y-%m}",
    )


def latest(states: dict[str, Any], thing: int) -> tuple[str, Period] | None:
    """A period that was opened, by a number."""
    found = [
        (tag.removeprefix("period:"), state)
        for tag, state in states.items()
        if tag.startswith("period:") and state is not None
    ]
    return found[-1 - thing % len(found)] if found else None


def acts_on(period: str, of: Period, choice: int) -> list[tuple[Event, Actor]]:
    """A publication and an appeal, as far as standings are sealed."""
    if of.sealing is None:
        return []
    heard = AppealHeard(
        appeal=f"appeal-{choice % 4}-{choice // 12}",
        period=period,
        account=ACCOUNTS[choice % 4],
        raised_on=of.sealing.sealed_at.astimezone(CHINA).date(),
        outcome=(*AppealOutcome,)[choice // 4 % 3],
        reason="说明",
    )
    published = RankingPublished(period=period, digest=of.sealing.digest)
    return [(published, TOWN_CLERK), (heard, COUNTY)]


def honour(thing: int, choice: int) -> tuple[Event, Actor]:
    """A commendation, or its end."""
    commendation = f"commendation-{thing % 4}-{choice % 5}"
    if choice % 3 == 0:
        reason = (*Rescission,)[choice % 4]
        return CommendationRescinded(commendation=commendation, reason=reason), COUNTY
    issued = CommendationIssued(
        commendation=commendation,
        document_number=f"镇发〔2026〕{thing}-{choice % 5}号",
        honour=Honour.CIRCULAR,
        ground="love-bank",
        accounts=() if choice % 2 else (ACCOUNTS[choice % 4],),
        units=("unit-1",),
    )
    return issued, FOUNDER
