"""What is shown of agents and promises: counts, durations, and the share kept, by community."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from projections.reading import AsOf, Rate, snapshot

NAME = "agents"
ENOUGH = 5
"""How many a duration is made of at least: of fewer it would tell of one."""
_EFFECTIVE = "(effective_from is null or effective_from <= %(at)s)"
_OF_COMMUNITY = "(%(community)s::text is null or community = %(community)s)"
_DURATIONS = """count(*) as count,
    percentile_disc(0.5) within group (order by elapsed_minutes)::bigint as median_minutes,
    percentile_disc(0.9) within group (order by elapsed_minutes)::bigint as p90_minutes"""
_MATTERS = f"""select community, sum(matters)::bigint as matters, sum(open)::bigint as open,
    sum(expired)::bigint as expired, sum(completed)::bigint as completed,
    sum(revoked)::bigint as revoked, sum(rated)::bigint as rated,
    sum(poorly_rated)::bigint as poorly_rated, max(median_minutes)::bigint as median_minutes,
    max(p90_minutes)::bigint as p90_minutes
    from entrusted_matter_tally
    left join (select community, {_DURATIONS} from entrusted_matter
        where elapsed_minutes is not null group by community
        having count(*) >= {ENOUGH}) as took using (community)
    where {_EFFECTIVE} and {_OF_COMMUNITY}
    group by community order by community limit %(limit)s"""  # noqa: S608 - constants alone
_PROMISES = f"""select promise, organisation, community, title, amount, unit, published_at,
    position, superseded_by, superseded_at, coalesce(requested, 0) as requested,
    coalesce(made, 0) as made, coalesce(kept, 0) as within, coalesce(late, 0) as late,
    coalesce(overdue, 0) as overdue, median_minutes, p90_minutes
    from service_promise
    left join (select promise, sum(requested)::bigint as requested, sum(made)::bigint as made,
        sum(kept)::bigint as kept, sum(late)::bigint as late, sum(overdue)::bigint as overdue
        from home_visit_tally where {_EFFECTIVE} group by promise) as visits using (promise)
    left join (select promise, {_DURATIONS} from home_visit where elapsed_minutes is not null
        group by promise having count(*) >= {ENOUGH}) as took using (promise)
    where {_OF_COMMUNITY}
    order by superseded_at is not null, community, position desc
    limit %(limit)s"""  # noqa: S608 - constants alone
_AREAS = f"""select community, count(*) as areas from area_in_charge
    where since <= %(at)s and {_OF_COMMUNITY}
    group by community order by community limit %(limit)s"""  # noqa: S608 - constants alone


@dataclass(frozen=True, slots=True)
class MattersOf:
    """The matters left to a community; all = open + completed + revoked, and expired are open.

    The durations are those from entrustment to delivery, None of fewer than `ENOUGH`.
    """

    community: str
    matters: int
    open: int
    expired: int
    completed: int
    revoked: int
    rated: int
    poorly_rated: int
    median_minutes: int | None
    p90_minutes: int | None


@dataclass(frozen=True, slots=True)
class PublicPromise:
    """A promise, with the visits that were asked for under it."""

    promise: str
    organisation: str
    community: str
    title: str
    amount: int
    unit: str
    published_at: datetime
    position: int
    superseded_by: str | None
    superseded_at: datetime | None
    requested: int
    made: int
    within: int
    """Made within the promise."""
    late: int
    overdue: int
    """Not made yet, though the promise has ended."""
    median_minutes: int | None
    p90_minutes: int | None

    @property
    def kept(self) -> Rate:
        """What was made in time, of what was made and of what is overdue: never of what was made
        alone, which shows 100 % while somebody still waits."""
        return Rate(self.within, self.within + self.late + self.overdue)


@dataclass(frozen=True, slots=True)
class AreasOf:
    """How many units of a community's grid somebody answers for."""

    community: str
    areas: int


@dataclass(frozen=True, slots=True)
class AgentsPage:
    """The entrusted matters, by community."""

    as_of: AsOf
    communities: tuple[MattersOf, ...]

    @property
    def completed(self) -> int:
        """How many were handed over, of all that is asked for."""
        return sum(one.completed for one in self.communities)


@dataclass(frozen=True, slots=True)
class PromisesPage:
    """The promises, those in force first, and the areas that somebody answers for."""

    as_of: AsOf
    promises: tuple[PublicPromise, ...]
    areas: tuple[AreasOf, ...]


async def agents(
    connection: AsyncConnection[Any], *, community: str | None = None, at: datetime | None = None
) -> AgentsPage:
    """The matters of a community, or of all."""
    tables = ("entrusted_matter", "entrusted_matter_tally")
    async with snapshot(connection, NAME, tables, at) as seen:
        found = await seen.all(MattersOf, _MATTERS, {"community": community})
    return AgentsPage(seen.as_of, found)


async def promises(
    connection: AsyncConnection[Any], *, community: str | None = None, at: datetime | None = None
) -> PromisesPage:
    """The promises of a community, or of all."""
    tables = ("service_promise", "home_visit", "home_visit_tally", "area_in_charge")
    values = {"community": community}
    async with snapshot(connection, NAME, tables, at) as seen:
        found = await seen.all(PublicPromise, _PROMISES, values)
        areas = await seen.all(AreasOf, _AREAS, values)
    return PromisesPage(seen.as_of, found, areas)
