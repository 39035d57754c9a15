"""What is published of requests, as it is answered: documents with links, and lists."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from psycopg import AsyncConnection

from api.links import case_counts, case_links, judged_counts, judged_links
from api.problems import Problem
from api.queries import CasesQuery, EvaluationQuery, JudgedQuery, ProcessQuery
from projections import published_reading
from projections.documents import TOWN, Part
from projections.plain import plain
from projections.published_reading import Listed

PRIVATE = {"Cache-Control": "private, no-store", "Vary": "Authorization"}
"""What is answered to a key of scope audit: nobody else may have it."""
PUBLIC = {"Cache-Control": "no-cache", "Vary": "Authorization"}
_LINKS = {"process": case_links, "evaluation": judged_links}


def part_of(given: Mapping[str, Any]) -> Part:
    """The one dimension that is asked for; raises a `Problem` of 403 for more than one."""
    chosen = [(name, str(value)) for name, value in given.items() if value is not None]
    if len(chosen) > 1:
        names = " and ".join(name for name, _ in chosen)
        raise Problem(
            403,
            "needs_auditor_key",
            f"figures by {names} at once could tell of few people",
            f"one of {', '.join(given)}, or a key of scope audit",
            field=chosen[1][0],
        )
    return Part(*chosen[0]) if chosen else TOWN


async def read_document(
    connection: AsyncConnection[Any], disclosure: str, query: ProcessQuery | EvaluationQuery
) -> dict[str, Any]:
    """The published document of the part that is asked for, with links to the cases listed."""
    part = part_of(query.part())
    document = await published_reading.document(connection, disclosure, part)
    given = {part.dimension: part.value} if part != TOWN else {}
    links: Any = _LINKS[disclosure]
    document["totals"]["cases_of"] = links(shown(document["totals"]), given)
    for name, rows in document.items():
        dimension = name.removeprefix("by_")
        if dimension == name or rows is None:
            continue
        for row in rows:
            if row["name"] and not row.get("suppressed"):
                row["cases_of"] = links(shown(row), {**given, dimension: row["name"]})
    return document


async def list_cases(connection: AsyncConnection[Any], query: CasesQuery) -> dict[str, Any]:
    """Listed cases, and how many the document counts."""
    found = await published_reading.cases(
        connection, after=number(query.after), limit=query.limit, figure=query.figure,
        **query.part(), stage=query.stage,
    )  # fmt: skip
    counted = None
    if len(_given(query)) <= 1:
        part = part_of(query.part())
        document = await published_reading.document(connection, "process", part)
        figures = document["totals"]
        if query.stage is not None:
            rows = (row for row in document["by_stage"] if row["name"] == query.stage)
            figures = next(rows, {**dict.fromkeys(figures, 0)})
        shape = shown(figures)
        counted = case_counts(shape).get(query.figure) if query.figure else shape.cases
    return _page(found, counted)


async def list_judged(connection: AsyncConnection[Any], query: JudgedQuery) -> dict[str, Any]:
    """Listed judgements, and how many the document counts."""
    found = await published_reading.judged(
        connection, after=number(query.after), limit=query.limit, figure=query.figure,
        **query.part(),
    )  # fmt: skip
    counted = None
    if len(_given(query)) <= 1 and query.figure:
        part = part_of(query.part())
        document = await published_reading.document(connection, "evaluation", part)
        counted = judged_counts(shown(document["totals"])).get(query.figure)
    return _page(found, counted)


def number(text: str | None) -> int | None:
    """The number of a listed case; raises a `Problem` for an id, which only auditors know."""
    if text is None:
        return None
    if not text.isdecimal() or len(text) > 15:
        raise Problem(
            422, "invalid_parameter", f"{text} is no number of a listed case",
            "the `next` of the page before", field="after",
        )  # fmt: skip
    return int(text)


def shown(value: Any) -> Any:
    """A document whose members are read as attributes, as figures are."""
    if isinstance(value, dict):
        return SimpleNamespace(**{name: shown(member) for name, member in value.items()})
    if isinstance(value, list):
        return [shown(member) for member in value]
    return value


def _given(query: ProcessQuery | EvaluationQuery) -> list[str]:
    return [name for name, value in query.part().items() if value is not None]


def _page(found: Listed, counted: int | None) -> dict[str, Any]:
    page: dict[str, Any] = plain(found)
    return {**page, "counted": counted}
