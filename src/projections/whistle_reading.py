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
_COUNTS = (
    "summons", "released", "responded", "responded_with_term", "responded_in_time",
    "response_overdue", "reported_in", "reported_in_with_term", "reported_in_in_time", "overdue",
    "handled", "verified", "rated", "rated_satisfied", "whistles_rated",
    "whistles_rated_satisfied", "whistles_justified",
)  # fmt: skip
_SUMS = ", ".join(f"sum({name})::bigint as {name}" for name in _COUNTS)
# Constants of this module alone make up the statement: values go in as parameters.
_DEPARTMENTS = f"""select department, {", ".join(_COUNTS)}, median_minutes, p90_minutes
    from (select department, {_SUMS} from summons_tally where {_EFFECTIVE} group by department)
        as counted
    left join (select department,
        percentile_disc(0.5) within group (order by minutes)::bigint as median_minutes,
        percentile_disc(0.9) within group (order by minutes)::bigint as p90_minutes
        from (select department,
            floor(extract(epoch from reported_in_at - blown_at) / 60) as minutes
            from summons where reported_in_at is not null) as taken
        group by department) as spread using (department)
    order by department limit %(limit)s"""  # noqa: S608
# Page by page of whistles: a split summons its departments later than the whistle was blown.
_SUMMONS = """select whistle, department, summons.community, summons.grade, ground, whistle.stage,
    summons.blown_at, signed_at, contacted_at, reported_in_at, handled_at, verified_at,
    released_at, contact_due_at, due_at, handled_due_at, provisional, satisfaction,
    whistle_satisfaction, justified,
    (released_at is null and due_at is not null
        and coalesce(reported_in_at, %(at)s) > due_at) as late
    from summons join whistle using (whistle)
    where (%(department)s::text is null or department = %(department)s)
    and whistle in (select whistle from whistle
        where (%(after)s::text is null or (blown_at, whistle)
            < (select blown_at, whistle from whistle where whistle = %(after)s))
        and (%(department)s::text is null or %(department)s = any(departments))
        order by blown_at desc, whistle desc limit %(whistles)s)
    order by whistle.blown_at desc, whistle desc, department"""


@dataclass(frozen=True, slots=True)
class DepartmentFigures:
    """How a department answers whistles: contacted, on site, done, and the ratings both ways."""

    department: str
    summons: int
    released: int
    responded: int
    responded_with_term: int
    responded_in_time: int
    response_overdue: int
    reported_in: int
    reported_in_with_term: int
    reported_in_in_time: int
    overdue: int
    handled: int
    verified: int
    rated: int
    rated_satisfied: int
    whistles_rated: int
    whistles_rated_satisfied: int
    whistles_justified: int
    median_minutes: int | None
    p90_minutes: int | None

    @property
    def reporting_in(self) -> Rate:
        """Reported in ÷ summoned and not released."""
        return Rate(self.reported_in, self.summons - self.released)

    @property
    def response(self) -> Rate:
        """响应率: contacted in time ÷ (contacted + past the term and still not), with a term."""
        return Rate(self.responded_in_time, self.responded_with_term + self.response_overdue)

    @property
    def on_time(self) -> Rate:
        """Reported in in time ÷ (reported in with a term + overdue and still not on site)."""
        return Rate(self.reported_in_in_time, self.reported_in_with_term + self.overdue)

    @property
    def satisfaction(self) -> Rate:
        """评哨: the three upper grades ÷ all ratings by communities."""
        return Rate(self.rated_satisfied, self.rated)

    @property
    def justification(self) -> Rate:
        """Whistles that the department held to be justified ÷ those that it rated."""
        return Rate(self.whistles_justified, self.whistles_rated)


@dataclass(frozen=True, slots=True)
class PublicSummons:
    """A department's answer to a whistle; `late` is judged at the answer's `as_of.at`."""

    whistle: str
    department: str
    community: str
    grade: str
    ground: str
    stage: str
    blown_at: datetime
    signed_at: datetime | None
    contacted_at: datetime | None
    reported_in_at: datetime | None
    handled_at: datetime | None
    verified_at: datetime | None
    released_at: datetime | None
    contact_due_at: datetime | None
    due_at: datetime | None
    handled_due_at: datetime | None
    provisional: bool
    satisfaction: str | None
    whistle_satisfaction: str | None
    justified: bool | None
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
