"""What is shown of deeds (善行公示): in publicity, contested or awarded, and the objections."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from psycopg import AsyncConnection

from projections.reading import AsOf, bounded, snapshot

NAME = "deeds"
_COLUMNS = """deed, account, organisation, deed_category, done_on, hours, grid_unit, stage,
    witnesses, spot_checked, points, publicity_opened_at, publicity_recorded_at,
    publicity_position, publicity_until, award, awarded_at, award_position,
    cardinality(open_objections)::bigint as open_objections,
    cardinality(upheld_objections)::bigint as upheld_objections,
    (is_in_publicity and (publicity_until is null or publicity_until >= %(at)s)) as is_in_publicity
    """
_DEED = f"select {_COLUMNS} from deed where deed = %(deed)s"  # noqa: S608 - constants alone
_DEEDS = f"""select {_COLUMNS} from deed
    where (%(before)s::bigint is null or publicity_position < %(before)s)
    and case %(which)s::text
        when 'in_publicity' then is_in_publicity
            and (publicity_until is null or publicity_until >= %(at)s)
        when 'contested' then open_objections <> '{{}}' or upheld_objections <> '{{}}'
        when 'awarded' then award is not null
        else true end
    order by publicity_position desc limit %(limit)s"""  # noqa: S608 - constants alone
_OBJECTIONS = """select objection, raised_at, position, rule_due_at, is_upheld, ruled_at,
    ruling_position, appealed_at, appeal_position, appeal_ruled_at, is_open
    from objection where deed = %(deed)s order by position limit %(limit)s"""


class Which(StrEnum):
    """Which deeds are asked for."""

    IN_PUBLICITY = "in_publicity"
    CONTESTED = "contested"
    AWARDED = "awarded"


@dataclass(frozen=True, slots=True)
class PublicDeed:
    """A deed as it is shown; `is_in_publicity` is judged at the answer's `as_of.at`."""

    deed: str
    account: str
    organisation: str
    deed_category: str
    done_on: date
    hours: int
    grid_unit: str | None
    stage: str
    witnesses: int
    spot_checked: bool
    points: int
    publicity_opened_at: datetime
    publicity_recorded_at: datetime
    publicity_position: int
    publicity_until: datetime | None
    award: str | None
    awarded_at: datetime | None
    award_position: int | None
    open_objections: int
    upheld_objections: int
    is_in_publicity: bool

    @property
    def is_frozen(self) -> bool:
        """Whether its points are held, or not awarded, because somebody objects."""
        return bool(self.open_objections or self.upheld_objections)


@dataclass(frozen=True, slots=True)
class PublicObjection:
    """An objection: never by whom, or why."""

    objection: str
    raised_at: datetime
    position: int
    rule_due_at: datetime | None
    is_upheld: bool | None
    ruled_at: datetime | None
    ruling_position: int | None
    appealed_at: datetime | None
    appeal_position: int | None
    appeal_ruled_at: datetime | None
    is_open: bool


@dataclass(frozen=True, slots=True)
class DeedPage:
    """Deeds, those shown last first; `next` is the `before` of the page that follows, or None."""

    as_of: AsOf
    deeds: tuple[PublicDeed, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class DeedRecord:
    """One deed, None when it was never shown, with the objections to it."""

    as_of: AsOf
    deed: PublicDeed | None
    objections: tuple[PublicObjection, ...]


async def deeds(
    connection: AsyncConnection[Any],
    *,
    which: Which | None = None,
    before: int | None = None,
    limit: int = 50,
    at: datetime | None = None,
) -> DeedPage:
    """The deeds that were ever shown, or some of them, before the position of a publicity."""
    wanted = bounded(limit)
    async with snapshot(connection, NAME, ("deed",), at) as seen:
        found = await seen.all(PublicDeed, _DEEDS, {"which": which, "before": before}, wanted)
    following = found[-1].publicity_position if len(found) == wanted else None
    return DeedPage(seen.as_of, found, following)


async def deed(
    connection: AsyncConnection[Any], identity: str, *, at: datetime | None = None
) -> DeedRecord:
    """One deed with its objections."""
    async with snapshot(connection, NAME, ("deed", "objection"), at) as seen:
        values = {"deed": identity}
        found = await seen.one(PublicDeed, _DEED, values)
        objections = () if found is None else await seen.all(PublicObjection, _OBJECTIONS, values)
    return DeedRecord(seen.as_of, found, objections)
