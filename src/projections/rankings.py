"""Rankings (排行榜): opted-in accounts by the points they earned; ranks are made when read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ledger.domain.accounts import AccountOpened
from ledger.domain.consent import ConsentGiven, ConsentWithdrawn, Purpose
from ledger.domain.erasure import PersonalDataErased
from ledger.domain.points import LovePointsAwarded, LovePointsReversed
from ledger.domain.subjects import ALL_PURPOSES, SubjectEvent
from ledger.event import Recorded
from projections.projection import Key, Projection, Rows
from projections.reference import Reference


class Standing(NamedTuple):
    """What an account has earned: awards less what was reversed; spending does not count."""

    account: str
    holder_type: str
    unit: str | None
    opted_in: bool
    earned: int = 0


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
                event.account, event.holder_type.value, event.unit, event.ranking_opt_in
            )
        case LovePointsAwarded(points=points) if row:
            return row._replace(earned=row.earned + points)
        case LovePointsReversed(points=points) if row:
            return row._replace(earned=row.earned - points)
        case ConsentGiven(purpose=Purpose.TAKE_PART_IN_RANKING) if row:
            return row._replace(opted_in=True)
        case ConsentWithdrawn(purpose=Purpose.TAKE_PART_IN_RANKING) if row:
            return row._replace(opted_in=False)
        case PersonalDataErased(erases=erases) if row and erases == ALL_PURPOSES:
            return row._replace(opted_in=False)
    return row


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
    withheld=lambda row: not row.opted_in,
    indexes=(("holder_type", "earned"),),
)
PROJECTION = Projection("rankings", 2, (STANDINGS,))
