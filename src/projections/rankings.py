"""The running ranking (排行榜): opted-in accounts by the points they earned; ranks are made when
read. What is ranked period by period and sealed is beside it (`projections.sealed_rankings`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ledger.decision import OrganisationType
from ledger.domain.honours.rolls import may_be_ranked
from ledger.domain.love_bank.accounts import AccountOpened
from ledger.domain.love_bank.points import LovePointsAwarded, LovePointsReversed
from ledger.domain.privacy.consent import ConsentGiven, ConsentWithdrawn, Purpose
from ledger.domain.privacy.erasure import PersonalDataErased
from ledger.domain.privacy.subjects import ALL_PURPOSES, SubjectEvent
from ledger.event import Recorded
from projections.projection import Key, Projection, Rows
from projections.reference import Reference
from projections.sealed_rankings import APPEALS, EARNINGS, PERIODS, RANKED_ACCOUNTS


class Standing(NamedTuple):
    """What an account has earned: awards less what was reversed; spending does not count."""

    account: str
    holder_type: str
    unit: str | None
    opted_in: bool
    earned: int = 0
    may_be_ranked: bool = True
    """Departments, authorities and the like never are, whatever they agreed to."""
    erased: tuple[str, ...] = ()


def _keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    event = recorded.event
    if not isinstance(event, SubjectEvent):
        return ((event.__dict__["account"],),)
    of, _, identity = event.subject.partition(":")
    return ((identity,),) if of == "account" else ()


def _apply(
    row: Standing | None, key: Key, recorded: Recorded, reference: Reference
) -> Standing | None:
    match recorded.event:
        case AccountOpened() as event:
            return Standing(
                event.account,
                event.holder_type.value,
                event.unit,
                event.ranking_opt_in,
                may_be_ranked=may_be_ranked(event.holder_type, _type_of(event.unit, reference)),
            )
        case LovePointsAwarded(points=points) if row:
            return row._replace(earned=row.earned + points)
        case LovePointsReversed(points=points) if row:
            return row._replace(earned=row.earned - points)
        case ConsentGiven(purpose=Purpose.TAKE_PART_IN_RANKING) if row:
            return row._replace(opted_in=True)
        case ConsentWithdrawn(purpose=Purpose.TAKE_PART_IN_RANKING) if row:
            return row._replace(opted_in=False)
        case PersonalDataErased(erases=erases) if row:
            erased = tuple(sorted({*row.erased, *(one.value for one in erases)}))
            is_gone = len(erased) == len(ALL_PURPOSES)
            return row._replace(erased=erased, opted_in=row.opted_in and not is_gone)
    return row


def _type_of(unit: str | None, reference: Reference) -> OrganisationType | None:
    body = None if unit is None else reference.organisations.get(unit)
    return body and body.type


STANDINGS = Rows(
    table="points_standing",
    row=Standing,
    key=("account",),
    kinds=(
        AccountOpened,
        LovePointsAwarded,
        LovePointsReversed,
        ConsentGiven,
        ConsentWithdrawn,
        PersonalDataErased,
    ),
    keys=_keys,
    apply=_apply,
    withheld=lambda row: not (row.opted_in and row.may_be_ranked),
    indexes=(("holder_type", "earned"),),
)
PROJECTION = Projection("rankings", 3, (STANDINGS, RANKED_ACCOUNTS, EARNINGS, PERIODS, APPEALS))
