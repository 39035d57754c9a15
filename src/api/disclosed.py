"""The disclosures as documents: how each is read and written, served and checked again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import fields
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import AsyncConnection

from api.links import case_links, judged_links
from api.published import read_document
from api.queries import (
    DonationsQuery,
    EvaluationQuery,
    Fresh,
    FundsQuery,
    ProcessQuery,
    ProjectQuery,
    RankingsQuery,
    end_of,
)
from projections import (
    donations,
    donations_reading,
    evaluation_disclosure,
    evaluation_reading,
    funds,
    funds_reading,
    points_reading,
    process_disclosure,
    process_reading,
    project_disclosure,
    project_reading,
    rankings,
)
from projections.plain import plain
from projections.projection import Projection

Links = Callable[[Any, dict[str, Any]], dict[str, str]]
Read = Callable[[AsyncConnection[Any], Any, datetime | None], Awaitable[dict[str, Any]]]
"""(connection, query, the time that is judged or None for now) -> the document."""


class Disclosure(NamedTuple):
    """One set of figures, as of one moment."""

    query: type[Fresh]
    projections: tuple[Projection, ...]
    """What it is read from."""
    read: Read
    is_published: bool = False
    """Whether the public sees it only as of a publication; `read` reads the published one then."""


async def read_project(
    connection: AsyncConnection[Any], query: ProjectQuery, at: datetime | None = None
) -> dict[str, Any]:
    """Who serves, and the subjects in force."""
    found = await project_reading.project(
        connection, at=at, on=end_of(query.on), body_type=query.type
    )
    document: dict[str, Any] = plain(found)
    return document


async def read_process(
    connection: AsyncConnection[Any], query: ProcessQuery, at: datetime | None = None
) -> dict[str, Any]:
    """Cases by stage and holder, overdue, whistle to on site."""
    found = await process_reading.process(connection, at=at, **query.part())
    return linked(found, case_links, dict(query.part()))


async def read_evaluation(
    connection: AsyncConnection[Any], query: EvaluationQuery, at: datetime | None = None
) -> dict[str, Any]:
    """Rates, each with its numerator and denominator."""
    found = await evaluation_reading.evaluation(connection, at=at, **query.part())
    return linked(found, judged_links, dict(query.part()))


async def read_rankings(
    connection: AsyncConnection[Any], query: RankingsQuery, at: datetime | None = None
) -> dict[str, Any]:
    """The accounts that take part, best first."""
    found = await points_reading.rankings(
        connection, holder_type=query.holder_type, after=query.after, limit=query.limit, at=at
    )
    document: dict[str, Any] = plain(found)
    return document


async def read_donations(
    connection: AsyncConnection[Any], query: DonationsQuery, at: datetime | None = None
) -> dict[str, Any]:
    """What was given, by purpose and one by one; never a person's name."""
    found = await donations_reading.donations(
        connection,
        organisation=query.organisation,
        purpose=query.purpose,
        reward=query.reward,
        project=query.project,
        before=query.before,
        limit=query.limit,
        at=at,
    )
    document: dict[str, Any] = plain(found)
    return document


async def read_funds(
    connection: AsyncConnection[Any], query: FundsQuery, at: datetime | None = None
) -> dict[str, Any]:
    """The lines of money by community and year."""
    found = await funds_reading.funds(
        connection, community=query.community, year=query.year, line=query.line, at=at
    )
    document: dict[str, Any] = plain(found)
    return document


async def read_published_process(
    connection: AsyncConnection[Any], query: ProcessQuery, at: datetime | None = None
) -> dict[str, Any]:
    """What is published of the process disclosure."""
    return await read_document(connection, "process", query)


async def read_published_evaluation(
    connection: AsyncConnection[Any], query: EvaluationQuery, at: datetime | None = None
) -> dict[str, Any]:
    """What is published of the evaluation disclosure."""
    return await read_document(connection, "evaluation", query)


DISCLOSURES: dict[str, Disclosure] = {
    "project": Disclosure(ProjectQuery, (project_disclosure.PROJECTION,), read_project),
    "process": Disclosure(
        ProcessQuery, (process_disclosure.PROJECTION,), read_published_process, True
    ),
    "evaluation": Disclosure(
        EvaluationQuery,
        (evaluation_disclosure.PROJECTION, process_disclosure.PROJECTION),
        read_published_evaluation,
        True,
    ),
    "donations": Disclosure(DonationsQuery, (donations.PROJECTION,), read_donations),
    "funds": Disclosure(FundsQuery, (funds.PROJECTION,), read_funds),
    "rankings": Disclosure(RankingsQuery, (rankings.PROJECTION,), read_rankings),
}


def linked(found: Any, links: Links, part: dict[str, Any]) -> dict[str, Any]:
    """A disclosure in which every group of figures names where its cases are listed."""
    document: dict[str, Any] = plain(found)
    document["totals"]["cases_of"] = links(found.totals, part)
    for field in fields(found):
        dimension = field.name.removeprefix("by_")
        if dimension == field.name:
            continue
        for row, figures in zip(document[field.name], getattr(found, field.name), strict=True):
            if figures.name:
                row["cases_of"] = links(figures, {**part, dimension: figures.name})
    return document
