"""What the process disclosure shows: figures by stage, holder and more, and the cases behind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypedDict, Unpack

from psycopg import AsyncConnection

from ledger.domain.requests.requests import CLOSED, Stage
from projections.reading import AsOf, Rate, Snapshot, Spread, bounded, snapshot
from projections.whistle_reading import (
    DEPARTMENT_TABLES,
    DepartmentFigures,
    departments,
    summons,
)

__all__ = [
    "CaseFigure",
    "CasePage",
    "ProcessDisclosure",
    "PublicCase",
    "case",
    "cases",
    "process",
    "summons",
]

NAME = "process_disclosure"
# By the stages that are open, which few cases are in: so that the index on the stage answers.
_OPEN_STAGES = ", ".join(f"'{stage.value}'" for stage in Stage if stage not in CLOSED)
_IS_OPEN = f"stage in ({_OPEN_STAGES})"
# Not where it was answered, or its clock stood still, when the term ended.
IS_OVERDUE = f"""({_IS_OPEN} and due_at is not null and due_at < %(at)s
    and coalesce(answered_at, stopped_since, %(at)s) > due_at)"""
_IS_CLEARED = "(cleared_at is not null and stage in ('cleared', 'struck_off'))"
_IS_LATE = "(was_late or coalesce(answered_at > due_at, false))"
_HAS_TERM = "(due_at is not null or was_late)"


class CaseFigure(StrEnum):
    """A figure of the process disclosure, by whose name the cases behind it are listed."""

    OPEN = "open"
    OVERDUE = "overdue"
    CLEARED = "cleared"
    CLEARED_IN_TIME = "cleared_in_time"
    CLEARED_LATE = "cleared_late"
    CLEARED_WITHOUT_TERM = "cleared_without_term"
    ON_TIME_EXCLUDED = "on_time_excluded"
    RETURNED = "returned"
    EXTENDED = "extended"
    CONTESTED = "contested"
    PAUSED = "paused"
    SUPERVISED = "supervised"
    PROVISIONAL = "provisional"


CONDITIONS: dict[CaseFigure, str] = {
    CaseFigure.OPEN: _IS_OPEN,
    CaseFigure.OVERDUE: IS_OVERDUE,
    CaseFigure.CLEARED: _IS_CLEARED,
    CaseFigure.CLEARED_IN_TIME: f"({_IS_CLEARED} and {_HAS_TERM} and not {_IS_LATE})",
    CaseFigure.CLEARED_LATE: f"({_IS_CLEARED} and {_HAS_TERM} and {_IS_LATE})",
    CaseFigure.CLEARED_WITHOUT_TERM: f"({_IS_CLEARED} and not {_HAS_TERM})",
    CaseFigure.ON_TIME_EXCLUDED: f"""(on_time_excluded
        and ({_IS_CLEARED} and {_HAS_TERM} or {IS_OVERDUE}))""",
    CaseFigure.RETURNED: "returns > 0",
    CaseFigure.EXTENDED: "extensions > 0",
    CaseFigure.CONTESTED: "(reopened > 0 or disputed > 0)",
    CaseFigure.PAUSED: "is_paused",
    CaseFigure.SUPERVISED: "supervised_at is not null",
    CaseFigure.PROVISIONAL: f"({_IS_OPEN} and provisional)",
}
_BEHIND_FIGURE = (
    "case %(figure)s::text "
    + " ".join(
        f"when '{figure.value}' then {condition}" for figure, condition in CONDITIONS.items()
    )
    + " else true end"
)
_EFFECTIVE = "(effective_from is null or effective_from <= %(at)s)"
_COUNTS = (
    "cases", "open", "overdue", "overdue_net", "cleared", "cleared_with_term",
    "cleared_with_term_net", "cleared_in_time", "cleared_in_time_net", "dispatched", "returns",
    "extensions", "contested", "ever_cleared",
)  # fmt: skip
_SUMS = ", ".join(f"coalesce(sum({name}), 0)::bigint as {name}" for name in _COUNTS)
_OF_PART = """(%(community)s::text is null or community = %(community)s)
    and (%(category)s::text is null or category = %(category)s)
    and (%(lead)s::text is null or lead = %(lead)s)
    and (%(holder)s::text is null or holder = %(holder)s)
    and (%(period)s::text is null or starts_with(period, %(period)s))"""

# Constants of this module alone make up the statements: values go in as parameters.
_TOTALS = f"""select '' as name, {_SUMS} from request_case_tally
    where {_EFFECTIVE} and {_OF_PART}"""  # noqa: S608
_DIMENSIONS = ("stage", "holder", "lead", "community", "category", "period")
_BY = {
    column: f"""select coalesce({column}, '') as name, {_SUMS} from request_case_tally
        where {_EFFECTIVE} and {_OF_PART} group by 1 order by 1 limit %(limit)s"""  # noqa: S608
    for column in _DIMENSIONS
}
_ASKED = f"""select community, category, sum(cases)::bigint as requests from request_case_tally
    where {_EFFECTIVE} and {_OF_PART} group by 1, 2 order by 1, 2 limit %(limit)s"""  # noqa: S608
# Of the public cases alone: the withheld ones are counted, never listed.
_SPREAD = f"""select count(*) as count,
    percentile_disc(0.5) within group (order by minutes)::bigint as median_minutes,
    percentile_disc(0.9) within group (order by minutes)::bigint as p90_minutes
    from (select floor(extract(epoch from %(at)s - filed_at) / 60) as minutes from request_case
        where {_IS_OPEN} and {_OF_PART}) as waiting"""  # noqa: S608
_OLDEST = f"""select request, filed_at, due_at, lead, holder from request_case
    where {IS_OVERDUE} and {_OF_PART} order by due_at, request limit 1"""  # noqa: S608
_CASE_COLUMNS = f"""request, community, category, subject, channel, stage, holder, grade, lead,
    co_handlers, handling_round, filed_at, accepted_at, dispatched_at, signed_at, progressed_at,
    answered_at, answer_accepted_at, cleared_at, ended_at, due_at, provisional, pack_version,
    is_paused, stopped_since, extensions, returns, urged, sent_back, reopened, disputed,
    supervised_at, requester_minutes, handler_minutes, on_time_excluded,
    {IS_OVERDUE} as overdue"""
_CASE = f"select {_CASE_COLUMNS} from request_case where request = %(request)s"  # noqa: S608
# Keyset: the page goes on after the last case of the one before, however many came meanwhile.
_CASES = f"""select {_CASE_COLUMNS} from request_case
    where (%(after)s::text is null or (filed_at, request)
        < (select filed_at, request from request_case where request = %(after)s))
    and {_OF_PART}
    and (%(stage)s::text is null or stage = %(stage)s)
    and {_BEHIND_FIGURE}
    order by filed_at desc, request desc limit %(limit)s"""  # noqa: S608


class Part(TypedDict, total=False):
    """Which part of the disclosure, where given; `period` is a year or a month of filing."""

    community: str | None
    category: str | None
    lead: str | None
    holder: str | None
    period: str | None


class Chosen(Part, total=False):
    """Which cases of that part: those of a stage, those behind a figure."""

    stage: str | None
    figure: CaseFigure | None


EVERY_PART: Part = {
    "community": None,
    "category": None,
    "lead": None,
    "holder": None,
    "period": None,
}
_EVERY_CASE: Chosen = {**EVERY_PART, "stage": None, "figure": None}


@dataclass(frozen=True, slots=True)
class CaseFigures:
    """Counts of cases under a name (a stage, holder, lead, community, category or month of filing;
    '' for none or all). Net figures leave out the cases that a ruling of the town excluded."""

    name: str
    cases: int
    open: int
    overdue: int
    overdue_net: int
    cleared: int
    cleared_with_term: int
    cleared_with_term_net: int
    cleared_in_time: int
    cleared_in_time_net: int
    dispatched: int
    returns: int
    extensions: int
    contested: int
    ever_cleared: int

    @property
    def on_time(self) -> Rate:
        """Cleared in time ÷ (cleared + overdue and still open); cases without a term left out."""
        return Rate(self.cleared_in_time, self.cleared_with_term + self.overdue)

    @property
    def on_time_net(self) -> Rate:
        """The same without the excluded cases."""
        return Rate(self.cleared_in_time_net, self.cleared_with_term_net + self.overdue_net)

    @property
    def on_time_excluded(self) -> int:
        """How many cases the net rate leaves out."""
        return self.on_time.denominator - self.on_time_net.denominator

    @property
    def without_term(self) -> int:
        """Cleared cases to which no pack in force gave a term: in neither rate."""
        return self.cleared - self.cleared_with_term

    @property
    def returning(self) -> Rate:
        """Returns asked for ÷ cases given to a handler; shown per 100."""
        return Rate(self.returns, self.dispatched)

    @property
    def extending(self) -> Rate:
        """Extensions granted ÷ cases given to a handler; shown per 100."""
        return Rate(self.extensions, self.dispatched)

    @property
    def contesting(self) -> Rate:
        """Reopened or disputed ÷ all that were ever cleared."""
        return Rate(self.contested, self.ever_cleared)


@dataclass(frozen=True, slots=True)
class Asked:
    """Requests of a category that a community has had."""

    community: str
    category: str
    requests: int


@dataclass(frozen=True, slots=True)
class OldestOverdue:
    """The open case that has been overdue for longest."""

    request: str
    filed_at: datetime
    due_at: datetime
    lead: str | None
    holder: str | None


@dataclass(frozen=True, slots=True)
class ProcessDisclosure:
    """The figures of the process disclosure, all as of one moment."""

    as_of: AsOf
    totals: CaseFigures
    by_stage: tuple[CaseFigures, ...]
    by_holder: tuple[CaseFigures, ...]
    by_lead: tuple[CaseFigures, ...]
    by_community: tuple[CaseFigures, ...]
    by_category: tuple[CaseFigures, ...]
    by_period: tuple[CaseFigures, ...]
    asked: tuple[Asked, ...]
    waiting: Spread
    """Minutes since filing, of the open cases that are public."""
    oldest_overdue: OldestOverdue | None
    """Of the public cases; None where nothing is overdue."""
    departments: tuple[DepartmentFigures, ...]


@dataclass(frozen=True, slots=True)
class PublicCase:
    """A case as the public may see it; `overdue` is judged at the answer's `as_of.at`."""

    request: str
    community: str
    category: str
    subject: str
    channel: str
    stage: str
    holder: str | None
    grade: str | None
    lead: str | None
    co_handlers: list[str]
    handling_round: int
    filed_at: datetime
    accepted_at: datetime | None
    dispatched_at: datetime | None
    signed_at: datetime | None
    progressed_at: datetime | None
    answered_at: datetime | None
    answer_accepted_at: datetime | None
    cleared_at: datetime | None
    ended_at: datetime | None
    due_at: datetime | None
    provisional: bool
    pack_version: int | None
    is_paused: bool
    stopped_since: datetime | None
    extensions: int
    returns: int
    urged: int
    sent_back: int
    reopened: int
    disputed: int
    supervised_at: datetime | None
    requester_minutes: int | None
    handler_minutes: int | None
    on_time_excluded: bool
    overdue: bool


@dataclass(frozen=True, slots=True)
class CasePage:
    """Cases from the newest filing on; `next` is the `after` of the page that follows, or None."""

    as_of: AsOf
    cases: tuple[PublicCase, ...]
    next: str | None


async def process(
    connection: AsyncConnection[Any],
    *,
    at: datetime | None = None,
    **part: Unpack[Part],
) -> ProcessDisclosure:
    """The figures of a part, or of all cases; `at` None judges time now.

    `departments` are those of the whole town.
    """
    tables = ("request_case", "request_case_tally", *DEPARTMENT_TABLES)
    async with snapshot(connection, NAME, tables, at) as seen:
        return await figures(seen, part)


async def figures(seen: Snapshot, part: Part) -> ProcessDisclosure:
    """The same in a snapshot of the tables."""
    values = {**EVERY_PART, **part}
    (totals,) = await seen.all(CaseFigures, _TOTALS, values)
    (waiting,) = await seen.all(Spread, _SPREAD, values)
    by = {column: await seen.all(CaseFigures, _BY[column], values) for column in _DIMENSIONS}
    return ProcessDisclosure(
        as_of=seen.as_of,
        totals=totals,
        by_stage=by["stage"],
        by_holder=by["holder"],
        by_lead=by["lead"],
        by_community=by["community"],
        by_category=by["category"],
        by_period=by["period"],
        asked=await seen.all(Asked, _ASKED, values),
        waiting=waiting,
        oldest_overdue=await seen.one(OldestOverdue, _OLDEST, values),
        departments=await departments(seen),
    )


async def cases(
    connection: AsyncConnection[Any],
    *,
    after: str | None = None,
    limit: int = 50,
    at: datetime | None = None,
    **chosen: Unpack[Chosen],
) -> CasePage:
    """Public cases that match, newest first, after the case `after` (an id; unknown: none)."""
    wanted = bounded(limit)
    async with snapshot(connection, NAME, ("request_case",), at) as seen:
        values = {**_EVERY_CASE, **chosen, "after": after}
        found = await seen.all(PublicCase, _CASES, values, limit=wanted)
    return CasePage(seen.as_of, found, found[-1].request if len(found) == wanted else None)


async def case(
    connection: AsyncConnection[Any], request: str, *, at: datetime | None = None
) -> tuple[AsOf, PublicCase | None]:
    """One public case, or None for one that is unknown or withheld: the two look the same."""
    async with snapshot(connection, NAME, ("request_case",), at) as seen:
        return seen.as_of, await seen.one(PublicCase, _CASE, {"request": request})
