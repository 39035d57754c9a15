"""What is shown of the rankings of periods: standings with their digest, made again as sealed.

Whoever takes part no more is shown no more: of that line stand its place and its digest alone, so
that the digest of the standings can be computed again all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from psycopg import AsyncConnection

from ledger.domain.honours.rankings import last_day_of_appeal, standings_digest, standings_of
from projections.reading import AsOf, Snapshot, bounded, snapshot
from projections.sealed_rankings import took_part

NAME = "rankings"
_COLUMNS = """period, holder_type, first_month, last_month, community, opened_at, position, digest,
    sealed_at, sealed_recorded_at, seal_position, sealings, published_at, publish_position,
    cardinality(open_appeals)::bigint as open_appeals,
    cardinality(upheld_appeals)::bigint as upheld_appeals"""
_PERIOD = f"select {_COLUMNS} from ranking_period where period = %(period)s"  # noqa: S608
_PERIODS = f"""select {_COLUMNS} from ranking_period
    where %(before)s::bigint is null or position < %(before)s
    order by position desc limit %(limit)s"""  # noqa: S608 - constants alone
_APPEALS = """select appeal, raised_on, taken_up_position, outcome, heard_by, heard_at, position
    from ranking_appeal where period = %(period)s order by taken_up_position limit %(limit)s"""
# An account is ranked when an award of it stood on the roll by the sealing; then all its points of
# these months count. Points of later positions are summed apart.
_EARNED = """select account, unit, choices,
    coalesce(sum(points) filter (where e.position <= %(sealed)s), 0)::bigint as points,
    sum(points)::bigint as points_now
    from ranked_account join ranked_earning e using (account)
    where holder_type = %(holder_type)s
    and (%(community)s::text is null or community = %(community)s)
    and month between %(first_month)s and %(last_month)s
    group by account, unit, choices
    having bool_or(is_on_roll and e.position <= %(sealed)s)
    order by account limit %(limit)s"""
_NOW = 2**53 - 1
"""A position after all others."""


@dataclass(frozen=True, slots=True)
class PublicPeriod:
    """A period and how far it is; times are as claimed, but `sealed_recorded_at`."""

    period: str
    holder_type: str
    first_month: str
    last_month: str
    community: str | None
    opened_at: datetime
    position: int
    digest: str | None
    sealed_at: datetime | None
    sealed_recorded_at: datetime | None
    seal_position: int | None
    sealings: int
    published_at: datetime | None
    publish_position: int | None
    open_appeals: int
    upheld_appeals: int

    @property
    def stage(self) -> str:
        """opened, sealed, appealed (nothing is published), to_be_resealed or published."""
        if self.upheld_appeals:
            return "to_be_resealed"
        if self.sealed_at is None:
            return "opened"
        if self.open_appeals:
            return "appealed"
        return "sealed" if self.published_at is None else "published"

    @property
    def last_day_of_appeal(self) -> date | None:
        """The last day in Shanghai on which an appeal may be raised."""
        return None if self.sealed_at is None else last_day_of_appeal(self.sealed_at)


@dataclass(frozen=True, slots=True)
class Line:
    """A line as sealed: SHA-256 of its canonical JSON, and what is now; account, unit and points
    are None where whoever it was takes part no more."""

    place: int
    account: str | None
    unit: str | None
    points: int | None
    points_now: int | None
    """Where they differ, points were reversed or entered after the sealing."""
    digest: str

    @property
    def changed(self) -> int | None:
        """By how many points it has changed since; None where the line is not shown."""
        if self.points is None or self.points_now is None:
            return None
        return self.points_now - self.points


@dataclass(frozen=True, slots=True)
class PublicAppeal:
    """An appeal: never by whom, or why."""

    appeal: str
    raised_on: date
    taken_up_position: int
    outcome: str
    heard_by: str
    heard_at: datetime
    position: int


@dataclass(frozen=True, slots=True)
class PeriodPage:
    """Periods, newest first; `next` is the `before` of the page that follows, or None."""

    as_of: AsOf
    periods: tuple[PublicPeriod, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class PeriodRecord:
    """One period, None when there is none of this id, with the standings that are sealed."""

    as_of: AsOf
    period: PublicPeriod | None
    standings: tuple[Line, ...]
    appeals: tuple[PublicAppeal, ...]
    computed_digest: str | None
    """What the lines come to: the digest that was sealed."""


@dataclass(frozen=True, slots=True)
class _Earned:
    account: str
    unit: str | None
    choices: list[str]
    points: int
    points_now: int


async def periods(
    connection: AsyncConnection[Any], *, before: int | None = None, limit: int = 50
) -> PeriodPage:
    """The periods that were opened, before the position of an opening."""
    wanted = bounded(limit)
    async with snapshot(connection, NAME, ("ranking_period",), None) as seen:
        found = await seen.all(PublicPeriod, _PERIODS, {"before": before}, wanted)
    following = found[-1].position if len(found) == wanted else None
    return PeriodPage(seen.as_of, found, following)


async def period(connection: AsyncConnection[Any], identity: str) -> PeriodRecord:
    """One period with its standings and appeals."""
    tables = ("ranking_period", "ranking_appeal", "ranked_account", "ranked_earning")
    async with snapshot(connection, NAME, tables, None) as seen:
        values = {"period": identity}
        found = await seen.one(PublicPeriod, _PERIOD, values)
        if found is None or found.seal_position is None:
            return PeriodRecord(seen.as_of, found, (), (), None)
        appeals = await seen.all(PublicAppeal, _APPEALS, values)
        lines = await _lines(seen, found)
    digest = standings_digest(
        found.period,
        found.holder_type,
        (found.first_month, found.last_month),
        found.community,
        (line.digest for line in lines),
    )
    return PeriodRecord(seen.as_of, found, lines, appeals, digest)


async def _lines(seen: Snapshot, of: PublicPeriod) -> tuple[Line, ...]:
    sealed = of.seal_position or 0
    values = {
        "sealed": sealed,
        "holder_type": of.holder_type,
        "community": of.community,
        "first_month": of.first_month,
        "last_month": of.last_month,
    }
    earned = {one.account: one for one in await seen.all(_Earned, _EARNED, values)}
    ranked = standings_of(
        (one.account, one.points) for one in earned.values() if took_part(one.choices, sealed)
    )
    shown = []
    for standing in ranked:
        one = earned[standing.account]
        line = Line(
            standing.place, one.account, one.unit, one.points, one.points_now, standing.digest
        )
        if not took_part(one.choices, _NOW):
            line = replace(line, account=None, unit=None, points=None, points_now=None)
        shown.append(line)
    return tuple(shown)
