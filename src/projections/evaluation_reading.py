"""What the evaluation disclosure shows: rates with numerator and denominator, and ratings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from projections.reading import AsOf, Rate, snapshot
from projections.whistle_reading import DEPARTMENT_TABLES, DepartmentFigures, departments
from projections.whistle_reading import NAME as PROCESS

NAME = "evaluation_disclosure"
_SUMS = """coalesce(sum(rated), 0)::bigint as rated,
    coalesce(sum(very_satisfied), 0)::bigint as very_satisfied,
    coalesce(sum(satisfied), 0)::bigint as satisfied,
    coalesce(sum(fairly_satisfied), 0)::bigint as fairly_satisfied,
    coalesce(sum(dissatisfied), 0)::bigint as dissatisfied,
    coalesce(sum(very_dissatisfied), 0)::bigint as very_dissatisfied,
    coalesce(sum(resolution_asked), 0)::bigint as resolution_asked,
    coalesce(sum(resolved), 0)::bigint as resolved"""
_TOTALS = f"""select '' as name, {_SUMS} from judged_request_tally"""  # noqa: S608
_BY = {
    column: f"""select coalesce({column}, '') as name, {_SUMS} from judged_request_tally
        group by 1 order by 1 limit %(limit)s"""  # noqa: S608
    for column in ("community", "category", "lead")
}
_WHISTLING = """select community, requests, whistles from community_whistling
    order by community limit %(limit)s"""
_WHISTLING_TOTAL = """select '' as community, coalesce(sum(requests), 0)::bigint as requests,
    coalesce(sum(whistles), 0)::bigint as whistles from community_whistling"""


@dataclass(frozen=True, slots=True)
class RatingFigures:
    """Ratings under a name (a community, category or lead; '' for none or all)."""

    name: str
    rated: int
    very_satisfied: int
    satisfied: int
    fairly_satisfied: int
    dissatisfied: int
    very_dissatisfied: int
    resolution_asked: int
    resolved: int

    @property
    def satisfaction(self) -> Rate:
        """满意率: the three upper grades ÷ all that were rated."""
        return Rate(self.very_satisfied + self.satisfied + self.fairly_satisfied, self.rated)

    @property
    def resolution(self) -> Rate:
        """解决率: resolved ÷ all that were asked whether they were."""
        return Rate(self.resolved, self.resolution_asked)


@dataclass(frozen=True, slots=True)
class WhistlingFigures:
    """Whistles and requests of an organisation of a community ('' for all of the town)."""

    community: str
    requests: int
    whistles: int

    @property
    def whistling(self) -> Rate:
        """吹哨率: whistles ÷ requests; shown per 1,000 requests."""
        return Rate(self.whistles, self.requests)


@dataclass(frozen=True, slots=True)
class EvaluationDisclosure:
    """The evaluation disclosure; `departments` is of the process disclosure's own moment."""

    as_of: AsOf
    totals: RatingFigures
    by_community: tuple[RatingFigures, ...]
    by_category: tuple[RatingFigures, ...]
    by_lead: tuple[RatingFigures, ...]
    whistling_total: WhistlingFigures
    whistling: tuple[WhistlingFigures, ...]
    departments_as_of: AsOf
    departments: tuple[DepartmentFigures, ...]


async def evaluation(
    connection: AsyncConnection[Any], *, at: datetime | None = None
) -> EvaluationDisclosure:
    """All ratings and rates; `at` None judges time at this moment."""
    async with snapshot(connection, PROCESS, DEPARTMENT_TABLES, at) as process:
        responses = await departments(process)
    tables = ("judged_request_tally", "community_whistling")
    async with snapshot(connection, NAME, tables, at) as seen:
        (totals,) = await seen.all(RatingFigures, _TOTALS)
        (whistling_total,) = await seen.all(WhistlingFigures, _WHISTLING_TOTAL)
        return EvaluationDisclosure(
            seen.as_of,
            totals,
            await seen.all(RatingFigures, _BY["community"]),
            await seen.all(RatingFigures, _BY["category"]),
            await seen.all(RatingFigures, _BY["lead"]),
            whistling_total,
            await seen.all(WhistlingFigures, _WHISTLING),
            process.as_of,
            responses,
        )
