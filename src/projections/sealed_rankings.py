"""Rankings of periods (评比): what was sealed, appealed against and published, and of what points.

Every award and reversal is kept with its position, and every yes or no to being ranked: so the
standings as of a sealing can be made again whatever happened since.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from ledger.clocks import local_day
from ledger.domain.honours.appeals import AppealHeard, AppealOutcome
from ledger.domain.honours.periods import PeriodOpened
from ledger.domain.honours.rankings import RankingPublished, RankingSealed
from ledger.domain.love_bank.accounts import AccountOpened, month_of
from ledger.domain.love_bank.points import LovePointsAwarded, LovePointsReversed
from ledger.domain.privacy.consent import ConsentGiven, ConsentWithdrawn, Purpose
from ledger.domain.privacy.erasure import PersonalDataErased
from ledger.domain.privacy.subjects import ALL_PURPOSES, SubjectEvent
from ledger.event import Recorded
from projections.projection import Key, Rows
from projections.reference import Reference

ROLL = "earnings:"


class RankedAccount(NamedTuple):
    """Whose points may count, and since when."""

    account: str
    holder_type: str
    unit: str | None
    community: str
    """The residents' committee with which it was opened."""
    choices: tuple[str, ...]
    """`<position> yes` or `<position> no`: whether it takes part in rankings from there on."""
    erased: tuple[str, ...] = ()


class Earning(NamedTuple):
    """Points that an account earned in a month, or that were taken back of them."""

    account: str
    position: int
    month: str
    points: int
    """Signed."""
    is_on_roll: bool
    """Whether the award joined the roll of its month, from which a sealing takes the accounts."""


class Period(NamedTuple):
    """A period with the standings as they were sealed last."""

    period: str
    holder_type: str
    first_month: str
    last_month: str
    community: str | None
    opened_at: datetime
    position: int
    digest: str | None = None
    sealed_at: datetime | None = None
    sealed_recorded_at: datetime | None = None
    """Where this is much later than the claimed time, it was entered afterwards."""
    seal_position: int | None = None
    sealings: int = 0
    published_at: datetime | None = None
    """When the standings that are sealed now were published."""
    publish_position: int | None = None
    open_appeals: tuple[str, ...] = ()
    upheld_appeals: tuple[str, ...] = ()
    """Since the last sealing."""


class Appeal(NamedTuple):
    """An appeal: never by whom, or why."""

    appeal: str
    period: str
    raised_on: date
    taken_up_position: int
    outcome: str
    heard_by: str
    heard_at: datetime
    position: int


def _account_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    event = recorded.event
    if not isinstance(event, SubjectEvent):
        return ((event.__dict__["account"],),)
    of, _, identity = event.subject.partition(":")
    return ((identity,),) if of == "account" else ()


def _apply_account(
    row: RankedAccount | None, key: Key, recorded: Recorded, reference: Reference
) -> RankedAccount | None:
    event = recorded.event
    if isinstance(event, AccountOpened):
        return RankedAccount(
            event.account,
            event.holder_type.value,
            event.unit,
            recorded.actor.organisation,
            (_choice(recorded, event.ranking_opt_in),),
        )
    if row is None:
        return None
    match event:
        case ConsentGiven(purpose=Purpose.TAKE_PART_IN_RANKING):
            return row._replace(choices=(*row.choices, _choice(recorded, True)))
        case ConsentWithdrawn(purpose=Purpose.TAKE_PART_IN_RANKING):
            return row._replace(choices=(*row.choices, _choice(recorded, False)))
        case PersonalDataErased(erases=erases):
            gone = tuple(sorted({*row.erased, *(one.value for one in erases)}))
            choices = row.choices
            if len(gone) == len(ALL_PURPOSES) > len(row.erased):
                choices = (*choices, _choice(recorded, False))
            return row._replace(erased=gone, choices=choices)
    return row


def _choice(recorded: Recorded, takes_part: bool) -> str:
    return f"{recorded.position} {'yes' if takes_part else 'no'}"


def took_part(choices: Iterable[str], position: int) -> bool:
    """Whether an account took part in rankings after the event at a position."""
    answer = "no"
    for choice in choices:
        since, _, now = choice.partition(" ")
        if int(since) <= position:
            answer = now
    return answer == "yes"


def _earning_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return ((recorded.event.__dict__["account"], recorded.position),)


def _apply_earning(
    row: Earning | None, key: Key, recorded: Recorded, reference: Reference
) -> Earning | None:
    account, position = key
    day = local_day(recorded.occurred_at)
    match recorded.event:
        case LovePointsAwarded(points=points):
            on_roll = any(tag.startswith(ROLL) for tag in recorded.tags)
            return Earning(account, position, month_of(day), points, on_roll)
        case LovePointsReversed(points=points, awarded_on=awarded_on):
            return Earning(account, position, month_of(awarded_on or day), -points, False)
    return row


def _period_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return ((recorded.event.__dict__["period"],),)


def _apply_period(
    row: Period | None, key: Key, recorded: Recorded, reference: Reference
) -> Period | None:
    event, when, position = recorded.event, recorded.occurred_at, recorded.position
    if isinstance(event, PeriodOpened):
        return Period(
            event.period,
            event.holder_type.value,
            event.first_month,
            event.last_month,
            event.community,
            when,
            position,
        )
    if row is None:
        return None
    match event:
        case RankingSealed(digest=digest):
            return row._replace(
                digest=digest,
                sealed_at=when,
                sealed_recorded_at=recorded.recorded_at,
                seal_position=position,
                sealings=row.sealings + 1,
                published_at=None,
                publish_position=None,
                upheld_appeals=(),
            )
        case RankingPublished():
            return row._replace(published_at=when, publish_position=position)
        case AppealHeard(appeal=one, outcome=outcome):
            others = tuple(other for other in row.open_appeals if other != one)
            if outcome is AppealOutcome.UNDER_EXAMINATION:
                return row._replace(open_appeals=(*others, one))
            upheld = (one,) if outcome is AppealOutcome.UPHELD else ()
            return row._replace(open_appeals=others, upheld_appeals=(*row.upheld_appeals, *upheld))
    return row


def _appeal_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return ((recorded.event.__dict__["appeal"],),)


def _apply_appeal(
    row: Appeal | None, key: Key, recorded: Recorded, reference: Reference
) -> Appeal | None:
    match recorded.event:
        case AppealHeard() as event:
            return Appeal(
                event.appeal,
                event.period,
                event.raised_on,
                recorded.position if row is None else row.taken_up_position,
                event.outcome.value,
                recorded.actor.organisation,
                recorded.occurred_at,
                recorded.position,
            )
    return row


RANKED_ACCOUNTS = Rows(
    table="ranked_account",
    row=RankedAccount,
    key=("account",),
    kinds=(AccountOpened, ConsentGiven, ConsentWithdrawn, PersonalDataErased),
    keys=_account_keys,
    apply=_apply_account,
)
EARNINGS = Rows(
    table="ranked_earning",
    row=Earning,
    key=("account", "position"),
    kinds=(LovePointsAwarded, LovePointsReversed),
    keys=_earning_keys,
    apply=_apply_earning,
    indexes=(("month",),),
)
PERIODS = Rows(
    table="ranking_period",
    row=Period,
    key=("period",),
    kinds=(PeriodOpened, RankingSealed, RankingPublished, AppealHeard),
    keys=_period_keys,
    apply=_apply_period,
    indexes=(("position",),),
)
APPEALS = Rows(
    table="ranking_appeal",
    row=Appeal,
    key=("appeal",),
    kinds=(AppealHeard,),
    keys=_appeal_keys,
    apply=_apply_appeal,
    indexes=(("period",),),
)
