"""What the process disclosure shows: figures by stage, lead, community, category, and cases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict, Unpack

from psycopg import AsyncConnection

from projections.reading import AsOf, Rate, Spread, bounded, snapshot
from projections.whistle_reading import (
    DEPARTMENT_TABLES,
    DepartmentFigures,
    departments,
    summons,
)

__all__ = ["CasePage", "ProcessDisclosure", "PublicCase", "case", "cases", "process", "summons"]

NAME = "process_disclosure"
_EFFECTIVE = "(effective_from is null or effective_from <= %(at)s)"
_CASE_SUMS = """coalesce(sum(cases), 0)::bigint as cases, coalesce(sum(open), 0)::bigint as open,
    coalesce(sum(overdue), 0)::bigint as overdue, coalesce(sum(cleared), 0)::bigint as cleared,
    coalesce(sum(cleared_with_term), 0)::bigint as cleared_with_term,
    coalesce(sum(cleared_in_time), 0)::bigint as cleared_in_time"""
_WHERE_CASES = f"""where {_EFFECTIVE}
    and (%(community)s::text is null or community = %(community)s)
    and (%(category)s::text is null or category = %(category)s)
    and (%(lead)s::text is null or lead = %(lead)s)"""

# Constants of this module alone make up the statements: values go in as parameters.
_TOTALS = f"""select '' as name, {_CASE_SUMS} from request_case_tally {_WHERE_CASES}"""  # noqa: S608
_BY = {
    column: f"""select coalesce({column}, '') as name, {_CASE_SUMS} from request_case_tally
        {_WHERE_CASES} group by 1 order by 1 limit %(limit)s"""  # noqa: S608
    for column in ("stage", "lead", "community", "category")
}
# Of the public cases alone: the withheld ones are counted, never listed.
_SPREAD = """select count(*) as count,
    percentile_disc(0.5) within group (order by minutes)::bigint as median_minutes,
    percentile_disc(0.9) within group (order by minutes)::bigint as p90_minutes
    from (select floor(extract(epoch from %(at)s - filed_at) / 60) as minutes from request_case
        where stage <> 'cleared' and (%(community)s::text is null or community = %(community)s)
        and (%(category)s::text is null or category = %(category)s)
        and (%(lead)s::text is null or lead = %(lead)s)) as waiting"""
_IS_OVERDUE = """(stage <> 'cleared' and due_at is not null and due_at < %(at)s
    and (answered_at is null or answered_at > due_at))"""
_CASE_COLUMNS = f"""request, community, category, subject, channel, stage, grade, lead, co_handlers,
    filed_at, accepted_at, dispatched_at, progressed_at, answered_at, answer_accepted_at,
    cleared_at, due_at, provisional, pack_version, requester_minutes, handler_minutes,
    {_IS_OVERDUE} as overdue"""
_CASE = f"select {_CASE_COLUMNS} from request_case where request = %(request)s"  # noqa: S608
# Keyset: the page goes on after the last case of the one before, however many came meanwhile.
_CASES = f"""select {_CASE_COLUMNS} from request_case
    where (%(after)s::text is null or (filed_at, request)
        < (select filed_at, request from request_case where request = %(after)s))
    and (%(community)s::text is null or community = %(community)s)
    and (%(category)s::text is null or category = %(category)s)
    and (%(lead)s::text is null or lead = %(lead)s)
    and (%(stage)s::text is null or stage = %(stage)s)
    and (not %(only_open)s::boolean or stage <> 'cleared')
    and (not %(only_overdue)s::boolean or {_IS_OVERDUE})
    order by filed_at desc, request desc limit %(limit)s"""  # noqa: S608


class Part(TypedDict, total=False):
    """Which part of the disclosure: that of a community, a category, a lead, where given."""

    community: str | None
    category: str | None
    lead: str | None


class Chosen(Part, total=False):
    """Which cases of that part."""

    stage: str | None
    only_open: bool
    only_overdue: bool


_EVERY_PART: Part = {"community": None, "category": None, "lead": None}
_EVERY_CASE: Chosen = {**_EVERY_PART, "stage": None, "only_open": False, "only_overdue": False}


@dataclass(frozen=True, slots=True)
class CaseFigures:
    """Counts of cases under a name (a stage, lead, community or category; '' for none or all)."""

    name: str
    cases: int
    open: int
    overdue: int
    cleared: int
    cleared_with_term: int
    cleared_in_time: int

    @property
    def on_time(self) -> Rate:
        """Cleared in time ÷ (cleared + overdue and still open); cases without a term left out."""
        return Rate(self.cleared_in_time, self.cleared_with_term + self.overdue)

    @property
    def without_term(self) -> int:
        """Cleared cases to which no pack in force gave a term: excluded from `on_time`."""
        return self.cleared - self.cleared_with_term


@dataclass(frozen=True, slots=True)
class ProcessDisclosure:
    """The figures of the process disclosure, all as of one moment."""

    as_of: AsOf
    totals: CaseFigures
    by_stage: tuple[CaseFigures, ...]
    by_lead: tuple[CaseFigures, ...]
    by_community: tuple[CaseFigures, ...]
    by_category: tuple[CaseFigures, ...]
    waiting: Spread
    """Minutes since filing, of the open cases that are public."""
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
    grade: str | None
    lead: str | None
    co_handlers: list[str]
    filed_at: datetime
    accepted_at: datetime | None
    dispatched_at: datetime | None
    progressed_at: datetime | None
    answered_at: datetime | None
    answer_accepted_at: datetime | None
    cleared_at: datetime | None
    due_at: datetime | None
    provisional: bool
    pack_version: int | None
    requester_minutes: int | None
    handler_minutes: int | None
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
        values = {**_EVERY_PART, **part}
        (totals,) = await seen.all(CaseFigures, _TOTALS, values)
        (waiting,) = await seen.all(Spread, _SPREAD, values)
        return ProcessDisclosure(
            seen.as_of,
            totals,
            await seen.all(CaseFigures, _BY["stage"], values),
            await seen.all(CaseFigures, _BY["lead"], values),
            await seen.all(CaseFigures, _BY["community"], values),
            await seen.all(CaseFigures, _BY["category"], values),
            waiting,
            await departments(seen),
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
