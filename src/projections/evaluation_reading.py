"""What the evaluation disclosure shows: rates with numerator and denominator, raw and net."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypedDict, Unpack

from psycopg import AsyncConnection

from projections.reading import AsOf, Rate, Snapshot, bounded, snapshot
from projections.whistle_reading import DEPARTMENT_TABLES, DepartmentFigures, departments
from projections.whistle_reading import NAME as PROCESS

NAME = "evaluation_disclosure"
_COUNTS = (
    "cleared", "ever_cleared", "contested", "upheld", "reached", "unreachable", "refused",
    "resolution_asked", "resolution_asked_net", "resolved", "resolved_net", "satisfaction_asked",
    "satisfaction_asked_net", "satisfied_on_call", "satisfied_on_call_net", "rated", "rated_net",
    "very_satisfied", "satisfied", "fairly_satisfied", "dissatisfied", "very_dissatisfied",
    "content_net", "poor_ratings", "poor_rectified",
)  # fmt: skip
_SUMS = ", ".join(f"coalesce(sum({name}), 0)::bigint as {name}" for name in _COUNTS)
_OF_PART = """(%(community)s::text is null or community = %(community)s)
    and (%(category)s::text is null or category = %(category)s)
    and (%(lead)s::text is null or lead = %(lead)s)
    and (%(period)s::text is null or starts_with(period, %(period)s))"""
# Constants of this module alone make up the statements: values go in as parameters.
_TOTALS = (
    f"select '' as name, {_SUMS} from judged_request_tally where metric is null and {_OF_PART}"  # noqa: S608
)
_DIMENSIONS = ("community", "category", "lead", "period")
_BY = {
    column: f"""select coalesce({column}, '') as name, {_SUMS} from judged_request_tally
        where metric is null and {_OF_PART} group by 1 order by 1 limit %(limit)s"""  # noqa: S608
    for column in _DIMENSIONS
}
_WHISTLING_SUMS = """coalesce(sum(requests), 0)::bigint as requests,
    coalesce(sum(whistles), 0)::bigint as whistles from community_whistling
    where (%(community)s::text is null or community = %(community)s)
    and (%(period)s::text is null or starts_with(period, %(period)s))"""
_WHISTLING = f"select community, {_WHISTLING_SUMS} group by 1 order by 1 limit %(limit)s"
_WHISTLING_TOTAL = f"select '' as community, {_WHISTLING_SUMS}"
_EXCLUSIONS = f"""select metric, reason, ruled_by, sum(exclusions_asked)::bigint as asked,
    sum(exclusions_granted)::bigint as granted, sum(exclusions_refused)::bigint as refused
    from judged_request_tally where metric is not null and {_OF_PART}
    group by metric, reason, ruled_by
    order by metric, reason, ruled_by nulls first limit %(limit)s"""  # noqa: S608


class JudgedFigure(StrEnum):
    """A figure of the evaluation disclosure, by whose name the cases behind it are listed."""

    REACHED = "reached"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    NOT_CALLED_BACK = "not_called_back"
    RESOLVED = "resolved"
    UNRESOLVED = "unresolved"
    SATISFIED = "satisfied"
    UNSATISFIED = "unsatisfied"
    RATED = "rated"
    POORLY_RATED = "poorly_rated"
    RECTIFIED = "rectified"
    CONTESTED = "contested"
    RESOLUTION_EXCLUDED = "resolution_excluded"
    SATISFACTION_EXCLUDED = "satisfaction_excluded"


CONDITIONS: dict[JudgedFigure, str] = {
    JudgedFigure.REACHED: "call_outcome = 'reached'",
    JudgedFigure.UNREACHABLE: "call_outcome = 'unreachable'",
    JudgedFigure.REFUSED: "call_outcome = 'refused'",
    JudgedFigure.NOT_CALLED_BACK: "(is_cleared and call_outcome is null)",
    JudgedFigure.RESOLVED: "resolved",
    JudgedFigure.UNRESOLVED: "not resolved",
    JudgedFigure.SATISFIED: "satisfied",
    JudgedFigure.UNSATISFIED: "not satisfied",
    JudgedFigure.RATED: "satisfaction is not null",
    JudgedFigure.POORLY_RATED: "poor_ratings > 0",
    JudgedFigure.RECTIFIED: "poor_rectified > 0",
    JudgedFigure.CONTESTED: "(reopened > 0 or disputed > 0)",
    JudgedFigure.RESOLUTION_EXCLUDED: "(resolution_excluded and resolved is not null)",
    JudgedFigure.SATISFACTION_EXCLUDED: """(satisfaction_excluded
        and (satisfied is not null or satisfaction is not null))""",
}
_BEHIND_FIGURE = (
    "case %(figure)s::text "
    + " ".join(
        f"when '{figure.value}' then {condition}" for figure, condition in CONDITIONS.items()
    )
    + " else was_cleared or satisfaction is not null end"
)
_JUDGED_COLUMNS = """request, community, category, subject, lead, filed_at, is_cleared,
    call_outcome, call_attempts, resolved, satisfied, satisfaction, rated_resolved, rated_at,
    poor_verified_at, poor_founded, rectify_due_at, rectified_at, reopened, disputed,
    disputes_upheld, resolution_excluded, satisfaction_excluded"""
_JUDGED = f"""select {_JUDGED_COLUMNS} from judged_request
    where (%(after)s::text is null or (filed_at, request)
        < (select filed_at, request from judged_request where request = %(after)s))
    and {_OF_PART} and {_BEHIND_FIGURE}
    order by filed_at desc, request desc limit %(limit)s"""  # noqa: S608


class JudgedPart(TypedDict, total=False):
    """Which part of the disclosure, where given; `period` is a year or a month of filing."""

    community: str | None
    category: str | None
    lead: str | None
    period: str | None


EVERY_PART: JudgedPart = {"community": None, "category": None, "lead": None, "period": None}


@dataclass(frozen=True, slots=True)
class JudgedFigures:
    """Judgements under a name (a community, category, lead or month; '' for none or all).

    Net figures leave out the cases that a ruling of the town excluded.
    """

    name: str
    cleared: int
    ever_cleared: int
    contested: int
    upheld: int
    reached: int
    unreachable: int
    refused: int
    resolution_asked: int
    resolution_asked_net: int
    resolved: int
    resolved_net: int
    satisfaction_asked: int
    satisfaction_asked_net: int
    satisfied_on_call: int
    satisfied_on_call_net: int
    rated: int
    rated_net: int
    very_satisfied: int
    satisfied: int
    fairly_satisfied: int
    dissatisfied: int
    very_dissatisfied: int
    content_net: int
    poor_ratings: int
    poor_rectified: int

    @property
    def resolution(self) -> Rate:
        """解决率: resolved ÷ those called back who said whether it was."""
        return Rate(self.resolved, self.resolution_asked)

    @property
    def resolution_net(self) -> Rate:
        """The same without the excluded cases."""
        return Rate(self.resolved_net, self.resolution_asked_net)

    @property
    def satisfaction(self) -> Rate:
        """满意率: satisfied ÷ those called back who said whether they are."""
        return Rate(self.satisfied_on_call, self.satisfaction_asked)

    @property
    def satisfaction_net(self) -> Rate:
        """The same without the excluded cases."""
        return Rate(self.satisfied_on_call_net, self.satisfaction_asked_net)

    @property
    def coverage(self) -> Rate:
        """Called back and reached ÷ cleared; the unreachable and refusing stand beside it."""
        return Rate(self.reached, self.cleared)

    @property
    def rating(self) -> Rate:
        """好评率: the three upper grades ÷ all that the requesters rated."""
        return Rate(self.very_satisfied + self.satisfied + self.fairly_satisfied, self.rated)

    @property
    def rating_net(self) -> Rate:
        """The same without the excluded cases."""
        return Rate(self.content_net, self.rated_net)

    @property
    def rectification(self) -> Rate:
        """差评整改率: poor ratings rectified ÷ received, in all rounds."""
        return Rate(self.poor_rectified, self.poor_ratings)

    @property
    def contesting(self) -> Rate:
        """Reopened or disputed ÷ all that were ever cleared."""
        return Rate(self.contested, self.ever_cleared)


@dataclass(frozen=True, slots=True)
class WhistlingFigures:
    """Whistles and requests of a community ('' for all of the town)."""

    community: str
    requests: int
    whistles: int

    @property
    def whistling(self) -> Rate:
        """吹哨率: whistles ÷ requests; shown per 1,000 requests."""
        return Rate(self.whistles, self.requests)


@dataclass(frozen=True, slots=True)
class ExclusionFigures:
    """Exclusions from a metric, by reason and who ruled (None: nobody yet)."""

    metric: str
    reason: str
    ruled_by: str | None
    asked: int
    granted: int
    refused: int


@dataclass(frozen=True, slots=True)
class EvaluationDisclosure:
    """The evaluation disclosure; `departments` is of the process disclosure's own moment."""

    as_of: AsOf
    totals: JudgedFigures
    by_community: tuple[JudgedFigures, ...]
    by_category: tuple[JudgedFigures, ...]
    by_lead: tuple[JudgedFigures, ...]
    by_period: tuple[JudgedFigures, ...]
    exclusions: tuple[ExclusionFigures, ...]
    whistling_total: WhistlingFigures
    whistling: tuple[WhistlingFigures, ...]
    departments_as_of: AsOf
    departments: tuple[DepartmentFigures, ...]


@dataclass(frozen=True, slots=True)
class JudgedCase:
    """How one public case was judged."""

    request: str
    community: str
    category: str
    subject: str
    lead: str | None
    filed_at: datetime
    is_cleared: bool
    call_outcome: str | None
    call_attempts: int
    resolved: bool | None
    satisfied: bool | None
    satisfaction: str | None
    rated_resolved: bool | None
    rated_at: datetime | None
    poor_verified_at: datetime | None
    poor_founded: bool | None
    rectify_due_at: datetime | None
    rectified_at: datetime | None
    reopened: int
    disputed: int
    disputes_upheld: int
    resolution_excluded: bool
    satisfaction_excluded: bool


@dataclass(frozen=True, slots=True)
class JudgedPage:
    """Judged cases from the newest filing on; `next` is the `after` of the page that follows."""

    as_of: AsOf
    cases: tuple[JudgedCase, ...]
    next: str | None


async def evaluation(
    connection: AsyncConnection[Any], *, at: datetime | None = None, **part: Unpack[JudgedPart]
) -> EvaluationDisclosure:
    """The rates of a part, or of all cases; `at` None judges time at this moment.

    `departments` are those of the whole town.
    """
    async with snapshot(connection, PROCESS, DEPARTMENT_TABLES, at) as process:
        responses = await departments(process)
    tables = ("judged_request_tally", "community_whistling")
    async with snapshot(connection, NAME, tables, process.as_of.at) as seen:
        return await figures(seen, part, process.as_of, responses)


async def figures(
    seen: Snapshot,
    part: JudgedPart,
    departments_as_of: AsOf,
    responses: tuple[DepartmentFigures, ...],
) -> EvaluationDisclosure:
    """The same in a snapshot of the tables, with what departments answered whistles."""
    values = {**EVERY_PART, **part}
    (totals,) = await seen.all(JudgedFigures, _TOTALS, values)
    (whistling_total,) = await seen.all(WhistlingFigures, _WHISTLING_TOTAL, values)
    by = {column: await seen.all(JudgedFigures, _BY[column], values) for column in _DIMENSIONS}
    return EvaluationDisclosure(
        as_of=seen.as_of,
        totals=totals,
        by_community=by["community"],
        by_category=by["category"],
        by_lead=by["lead"],
        by_period=by["period"],
        exclusions=await seen.all(ExclusionFigures, _EXCLUSIONS, values),
        whistling_total=whistling_total,
        whistling=await seen.all(WhistlingFigures, _WHISTLING, values),
        departments_as_of=departments_as_of,
        departments=responses,
    )


async def judged(
    connection: AsyncConnection[Any],
    *,
    figure: JudgedFigure | None = None,
    after: str | None = None,
    limit: int = 50,
    at: datetime | None = None,
    **part: Unpack[JudgedPart],
) -> JudgedPage:
    """Public cases behind a figure (None: all that were judged), newest first, after one."""
    wanted = bounded(limit)
    async with snapshot(connection, NAME, ("judged_request",), at) as seen:
        values = {**EVERY_PART, **part, "figure": figure, "after": after}
        found = await seen.all(JudgedCase, _JUDGED, values, limit=wanted)
    return JudgedPage(seen.as_of, found, found[-1].request if len(found) == wanted else None)
