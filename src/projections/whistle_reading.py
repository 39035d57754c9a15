"""What the process disclosure shows of whistles: each summons, and how departments answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from projections.reading import AsOf, Rate, Snapshot, bounded, snapshot

NAME = "process_disclosure"
DEPARTMENT_TABLES = ("summons", "summons_tally")
_EFFECTIVE = "(effective_from is null or effective_from <= %(at)s)"
# Constants of this module alone make up the statement: values go in as parameters.
_DEPARTMENTS = f"""select department, summons, reported_in, reported_in_with_term,
    reported_in_in_time, overdue, median_minutes, p90_minutes
    from (select department, sum(summons)::bigint as summons,
        sum(reported_in)::bigint as reported_in,
        sum(reported_in_with_term)::bigint as reported_in_with_term,
        sum(reported_in_in_time)::bigint as reported_in_in_time, sum(overdue)::bigint as overdue
        from summons_tally where {_EFFECTIVE} group by department) as counted
    left join (select department,
        percentile_disc(0.5) within group (order by minutes)::bigint as median_minutes,
        percentile_disc(0.9) within group (order by minutes)::bigint as p90_minutes
        from (select department,
            floor(extract(epoch from reported_in_at - blown_at) / 60) as minutes
            from summons where reported_in_at is not null) as taken
        group by department) as spread using (department)
    order by department limit %(limit)s"""  # noqa: S608
_SUMMONS = """select whistle, department, summons.community, summons.grade, ground,
    summons.blown_at, reported_in_at, due_at, provisional,
    (due_at is not null and coalesce(reported_in_at, %(at)s) > due_at) as late
    from summons join whistle using (whistle)
    where (%(after)s::text is null or (summons.blown_at, whistle)
        < (select blown_at, whistle from whistle where whistle = %(after)s))
    and (%(department)s::text is null or department = %(department)s)
    and whistle in (select whistle from whistle
        where (%(after)s::text is null or (blown_at, whistle)
            < (select blown_at, whistle from whistle where whistle = %(after)s))
        and (%(department)s::text is null or %(department)s = any(departments))
        order by blown_at desc, whistle desc limit %(whistles)s)
    order by summons.blown_at desc, whistle desc, department"""


@dataclass(frozen=True, slots=True)
class DepartmentFigures:
    """How a department answers whistles: whistle to on site."""

    department: str
    summons: int
    reported_in: int
    reported_in_with_term: int
    reported_in_in_time: int
    overdue: int
    median_minutes: int | None
    p90_minutes: int | None

    @property
    def response(self) -> Rate:
        """Reported in ÷ summoned."""
        return Rate(self.reported_in, self.summons)

    @property
    def on_time(self) -> Rate:
        """Reported in in time ÷ (reported in with a term + overdue and still not on site)."""
        return Rate(self.reported_in_in_time, self.reported_in_with_term + self.overdue)


@dataclass(frozen=True, slots=True)
class PublicSummons:
    """A department's answer to a whistle; `late` is judged at the answer's `as_of.at`."""

    whistle: str
    department: str
    community: str
    grade: str
    ground: str
    blown_at: datetime
    reported_in_at: datetime | None
    due_at: datetime | None
    provisional: bool
    late: bool


@dataclass(frozen=True, slots=True)
class SummonsPage:
    """Summons of the newest whistles on, whistle by whistle; `next` as in `CasePage`."""

    as_of: AsOf
    summons: tuple[PublicSummons, ...]
    next: str | None


async def departments(seen: Snapshot) -> tuple[DepartmentFigures, ...]:
    """How every department answers whistles, in a snapshot that holds `DEPARTMENT_TABLES`."""
    return await seen.all(DepartmentFigures, _DEPARTMENTS)


async def summons(
    connection: AsyncConnection[Any],
    *,
    after: str | None = None,
    limit: int = 50,
    at: datetime | None = None,
    department: str | None = None,
) -> SummonsPage:
    """The summons of up to `limit` whistles, newest first, after the whistle `after`."""
    wanted = bounded(limit)
    async with snapshot(connection, NAME, ("summons", "whistle"), at) as seen:
        values = {"after": after, "department": department}
        found = await seen.all(PublicSummons, _SUMMONS, {**values, "whistles": wanted})
    whistles = {one.whistle for one in found}
    return SummonsPage(seen.as_of, found, found[-1].whistle if len(whistles) == wanted else None)
