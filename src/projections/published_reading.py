"""Reading a publication: the documents and the lists that everybody sees, as of its fixed time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from psycopg import AsyncConnection

from projections.documents import TOWN, Part
from projections.evaluation_reading import JudgedFigure
from projections.process_reading import CaseFigure
from projections.published import PublishedCase, PublishedJudgement
from projections.published_rows import OF_PERIOD
from projections.publishing import NOTHING
from projections.reading import AsOf, NotPrepared, Snapshot, bounded, one_moment

_LAST = "select position, at, digest from publication order by at desc limit 1"
_DOCUMENT = """select document from document
    where disclosure = %s and dimension = %s and value = %s"""
_OF_PART = f"""(%(after)s::bigint is null or number > %(after)s)
    and (%(community)s::text is null or community = %(community)s)
    and (%(category)s::text is null or category = %(category)s)
    and (%(lead)s::text is null or lead = %(lead)s)
    and (%(period)s::text is null or starts_with({OF_PERIOD}, %(period)s))
    and (%(figure)s::text is null or %(figure)s = any(figures))"""
_OF_CASES = """(%(holder)s::text is null or holder = %(holder)s)
    and (%(stage)s::text is null or stage = %(stage)s)"""
_CASE_COLUMNS = ", ".join(PublishedCase._fields)
_JUDGED_COLUMNS = ", ".join(PublishedJudgement._fields)
# Constants of this module alone make up the statements: values go in as parameters.
_CASES = f"""select {_CASE_COLUMNS} from request_case where {_OF_PART} and {_OF_CASES}
    order by number limit %(limit)s"""  # noqa: S608
_CASES_COUNT = f"""select count(*) as count from request_case
    where {_OF_PART} and {_OF_CASES}"""  # noqa: S608
_CASE = f"select {_CASE_COLUMNS} from request_case where number = %(number)s"  # noqa: S608
_JUDGED = f"""select {_JUDGED_COLUMNS} from judged_request where {_OF_PART}
    order by number limit %(limit)s"""  # noqa: S608
_JUDGED_COUNT = f"select count(*) as count from judged_request where {_OF_PART}"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of listed cases; `next` is the `after` of the page that follows, or None.

    Of the cases of a figure some are counted and not listed: how many it counts is in the document.
    """

    as_of: AsOf
    cases: tuple[Any, ...]
    listed: int
    """How many cases are listed on all pages."""
    next: int | None


@dataclass(frozen=True, slots=True)
class _Count:
    count: int


@asynccontextmanager
async def publication(connection: AsyncConnection[Any], *tables: str) -> AsyncIterator[Snapshot]:
    """One moment of the last publication; raises `NotPrepared` before the first."""
    async with one_moment(connection, ("publication", *tables)):
        row = await (await connection.execute(_LAST)).fetchone()
        if row is None:
            raise NotPrepared("nothing has been published yet")
        yield Snapshot(connection, AsOf(row[0], None, row[1].astimezone(UTC)))


async def last_digest(connection: AsyncConnection[Any]) -> str:
    """The digest of the last publication; raises `NotPrepared` before the first."""
    row = await (await connection.execute(_LAST)).fetchone()
    if row is None:
        raise NotPrepared("nothing has been published yet")
    return str(row[2])


async def document(connection: AsyncConnection[Any], disclosure: str, part: Part) -> dict[str, Any]:
    """A document of the last publication; of a part without any case, one that counts none."""
    async with publication(connection, "document"):
        whole = await _document(connection, disclosure, TOWN)
        if part == TOWN:
            return whole or {}
        found = await _document(connection, disclosure, part)
        found = found or await _document(connection, disclosure, NOTHING) or {}
        # How departments answer whistles is told of the whole town.
        for name in ("departments_as_of", "departments"):
            if name in (whole or {}):
                found[name] = (whole or {})[name]
        return found


async def _document(
    connection: AsyncConnection[Any], disclosure: str, part: Part
) -> dict[str, Any] | None:
    cursor = await connection.execute(_DOCUMENT, [disclosure, part.dimension, part.value])
    row = await cursor.fetchone()
    return None if row is None else orjson.loads(row[0])


async def cases(
    connection: AsyncConnection[Any],
    *,
    after: int | None = None,
    limit: int = 50,
    figure: CaseFigure | None = None,
    **chosen: str | None,
) -> Listed:
    """Listed cases that match, newest week first, after a number."""
    values: dict[str, Any] = _every(chosen)
    values |= {"holder": chosen.get("holder"), "stage": chosen.get("stage")}
    async with publication(connection, "request_case") as seen:
        count = await seen.all(_Count, _CASES_COUNT, {**values, "figure": figure, "after": None})
        values |= {"figure": figure, "after": after}
        found = await seen.all(PublishedCase, _CASES, values, limit=bounded(limit))
    return _page(seen, found, count, bounded(limit))


async def case(connection: AsyncConnection[Any], number: int) -> tuple[AsOf, PublishedCase | None]:
    """One listed case of the last publication, by its number in it."""
    async with publication(connection, "request_case") as seen:
        return seen.as_of, await seen.one(PublishedCase, _CASE, {"number": number})


async def judged(
    connection: AsyncConnection[Any],
    *,
    after: int | None = None,
    limit: int = 50,
    figure: JudgedFigure | None = None,
    **chosen: str | None,
) -> Listed:
    """Listed judgements that match, newest week first, after a number."""
    values: dict[str, Any] = {**_every(chosen), "figure": figure}
    async with publication(connection, "judged_request") as seen:
        count = await seen.all(_Count, _JUDGED_COUNT, {**values, "after": None})
        values |= {"after": after}
        found = await seen.all(PublishedJudgement, _JUDGED, values, limit=bounded(limit))
    return _page(seen, found, count, bounded(limit))


def _page(
    seen: Snapshot,
    found: tuple[PublishedCase, ...] | tuple[PublishedJudgement, ...],
    count: tuple[_Count, ...],
    limit: int,
) -> Listed:
    following = found[-1].number if len(found) == limit else None
    return Listed(seen.as_of, found, count[0].count, following)


def _every(chosen: dict[str, str | None]) -> dict[str, Any]:
    return {name: chosen.get(name) for name in ("community", "category", "lead", "period")}


def moment_of(as_of: dict[str, Any]) -> AsOf:
    """The moment of a document."""
    return AsOf(as_of["position"], None, datetime.fromisoformat(as_of["at"]))
