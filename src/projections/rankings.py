"""Rankings (排行榜): opted-in accounts by the points they earned; ranks are made when read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ledger.domain.love_bank import AccountOpened, LovePointsAwarded, LovePointsReversed
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
    return ((recorded.event.__dict__["account"],),)


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
    return row


STANDINGS = Rows(
    table="points_standing",
    row=Standing,
    key=("account",),
    kinds=(AccountOpened, LovePointsAwarded, LovePointsReversed),
    keys=_keys,
    apply=_apply,
    withheld=lambda row: not row.opted_in,
    indexes=(("holder_type", "earned"),),
)
PROJECTION = Projection("rankings", 1, (STANDINGS,))
