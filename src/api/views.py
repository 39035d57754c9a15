"""The public views as JSON: disclosures, points and rankings, each figure as of a named moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.responses import Response

from api import contract
from api.freshness import Freshness
from api.labels import SHANGHAI
from api.links import case_links, judged_links
from api.problems import Problem
from api.readers import Readers
from ledger.canonical import instant
from ledger.decision import OrganisationType
from ledger.domain.love_bank import HolderType
from ledger.domain.requests import Category, Stage
from ledger.event import ID_PATTERN, MAX_INTEGER
from projections import (
    evaluation_reading,
    points_reading,
    process_reading,
    project_reading,
    whistle_reading,
)
from projections.evaluation_reading import JudgedFigure, JudgedPart
from projections.process_reading import CaseFigure, Chosen, Part
from projections.reading import MAX_PAGE

Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
Position = Annotated[int, Field(ge=0, le=MAX_INTEGER)]
Period = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}(-(0[1-9]|1[0-2]))?$")]
PageLimit = Annotated[int, Field(ge=1, le=MAX_PAGE)]
PROJECT, PROCESS = project_reading.NAME, process_reading.NAME
EVALUATION = evaluation_reading.NAME
ARCHIVE, RANKINGS = points_reading.ARCHIVE, points_reading.RANKINGS


class Fresh(BaseModel):
    """What every view may be asked: nothing older than a position."""

    model_config = ConfigDict(extra="forbid")

    min_position: Position = 0
    """Wait, for up to 10 s, until the view shows the log up to here."""


class ProjectQuery(Fresh):
    """A part of the project disclosure."""

    type: OrganisationType | None = None
    community: Id | None = None
    on: date | None = None
    """The bodies as they were at the end of that day in Shanghai; now without it."""


class GridQuery(Fresh):
    """The grid of a community, or of all."""

    community: Id | None = None
    on: date | None = None
    """As it was at the end of that day in Shanghai; now without it."""


class EvaluationQuery(Fresh):
    """A part of the evaluation disclosure."""

    community: Id | None = None
    category: Category | None = None
    lead: Id | None = None
    period: Period | None = None
    """A year or a month of filing: `2026` or `2026-03`."""

    def part(self) -> JudgedPart:
        """Which part is asked for."""
        return {
            "community": self.community,
            "category": self.category,
            "lead": self.lead,
            "period": self.period,
        }


class JudgedQuery(EvaluationQuery):
    """A page of judged cases, newest filing first."""

    after: Id | None = None
    limit: PageLimit = 50
    figure: JudgedFigure | None = None
    """The figure behind which the cases stand."""


class ProcessQuery(Fresh):
    """A part of the process disclosure."""

    community: Id | None = None
    category: Category | None = None
    lead: Id | None = None
    holder: Id | None = None
    """The organisation that has to do the next thing."""
    period: Period | None = None
    """A year or a month of filing: `2026` or `2026-03`."""

    def part(self) -> Part:
        """Which part is asked for."""
        return {
            "community": self.community,
            "category": self.category,
            "lead": self.lead,
            "holder": self.holder,
            "period": self.period,
        }


class CasesQuery(ProcessQuery):
    """A page of cases, newest filing first."""

    after: Id | None = None
    limit: PageLimit = 50
    stage: Stage | None = None
    figure: CaseFigure | None = None
    """The figure behind which the cases stand."""

    def chosen(self) -> Chosen:
        """Which cases are asked for."""
        return {**self.part(), "stage": self.stage, "figure": self.figure}


class SummonsQuery(Fresh):
    """A page of summons, newest whistle first."""

    after: Id | None = None
    limit: PageLimit = 50
    department: Id | None = None


class PointsQuery(Fresh):
    """A page of an account's postings, newest first."""

    before: Annotated[int, Field(ge=1, le=MAX_INTEGER)] | None = None
    limit: PageLimit = 50


class RankingsQuery(Fresh):
    """A page of the rankings, best first."""

    holder_type: HolderType | None = None
    after: Id | None = None
    limit: PageLimit = 50


class Views:
    """The routes and what they need."""

    def __init__(self, readers: Readers, freshness: Freshness) -> None:
        self._readers = readers
        self._freshness = freshness

    def add_to(self, router: APIRouter) -> None:
        """Adds GET /v1/disclosures/..., /v1/points/{account} and /v1/rankings, all public."""
        for path, endpoint in (
            ("/v1/disclosures/project", self.project),
            ("/v1/disclosures/project/grid", self.grid),
            ("/v1/disclosures/process", self.process),
            ("/v1/disclosures/process/cases", self.cases),
            ("/v1/disclosures/process/cases/{request}", self.case),
            ("/v1/disclosures/process/summons", self.summons),
            ("/v1/disclosures/evaluation", self.evaluation),
            ("/v1/disclosures/evaluation/cases", self.judged),
            ("/v1/points/{account}", self.points),
            ("/v1/rankings", self.rankings),
        ):
            router.add_api_route(
                path,
                endpoint,
                methods=["GET"],
                response_class=Response,
                responses={200: {"content": {"application/json": {}}}, **contract.PROBLEMS},
            )

    async def project(self, query: Annotated[ProjectQuery, Query()]) -> Response:
        """Project disclosure 服务项目: who serves, what is asked for, the subjects in force."""
        await self._freshness.reach(query.min_position, PROJECT)
        async with self._readers.connection() as connection:
            found = await project_reading.project(
                connection,
                on=_end_of(query.on),
                body_type=query.type,
                community=query.community,
            )
        return _answer(found)

    async def grid(self, query: Annotated[GridQuery, Query()]) -> Response:
        """The grid 四级网格 with its units' channels and heads' offices, as of any day."""
        await self._freshness.reach(query.min_position, PROJECT)
        async with self._readers.connection() as connection:
            found = await project_reading.grid(
                connection, on=_end_of(query.on), community=query.community
            )
        return _answer(found)

    async def process(self, query: Annotated[ProcessQuery, Query()]) -> Response:
        """Process disclosure 服务过程: cases by stage and holder, overdue, whistle to on site."""
        await self._freshness.reach(query.min_position, PROCESS)
        async with self._readers.connection() as connection:
            found = await process_reading.process(connection, **query.part())
        return _linked(found, case_links, dict(query.part()))

    async def cases(self, query: Annotated[CasesQuery, Query()]) -> Response:
        """The cases themselves, with their steps and both clocks; never who asked."""
        await self._freshness.reach(query.min_position, PROCESS)
        async with self._readers.connection() as connection:
            found = await process_reading.cases(
                connection, after=query.after, limit=query.limit, **query.chosen()
            )
        return _answer(found)

    async def case(self, request: Id, query: Annotated[Fresh, Query()]) -> Response:
        """One case; a withheld one is as unknown as one that never was."""
        await self._freshness.reach(query.min_position, PROCESS)
        async with self._readers.connection() as connection:
            as_of, found = await process_reading.case(connection, request)
        if found is None:
            raise _unknown("request", request)
        return Response(
            orjson.dumps({"as_of": plain(as_of), "case": plain(found)}),
            media_type="application/json",
        )

    async def summons(self, query: Annotated[SummonsQuery, Query()]) -> Response:
        """Whistles 吹哨 and how each summoned department reported in 报到."""
        await self._freshness.reach(query.min_position, PROCESS)
        async with self._readers.connection() as connection:
            found = await whistle_reading.summons(
                connection, after=query.after, limit=query.limit, department=query.department
            )
        return _answer(found)

    async def evaluation(self, query: Annotated[EvaluationQuery, Query()]) -> Response:
        """Evaluation disclosure 服务评价: rates, each with its numerator and denominator."""
        await self._freshness.reach(query.min_position, EVALUATION, PROCESS)
        async with self._readers.connection() as connection:
            found = await evaluation_reading.evaluation(connection, **query.part())
        return _linked(found, judged_links, dict(query.part()))

    async def judged(self, query: Annotated[JudgedQuery, Query()]) -> Response:
        """How cases were judged, case by case; never who asked."""
        await self._freshness.reach(query.min_position, EVALUATION)
        async with self._readers.connection() as connection:
            found = await evaluation_reading.judged(
                connection,
                figure=query.figure,
                after=query.after,
                limit=query.limit,
                **query.part(),
            )
        return _answer(found)

    async def points(self, account: Id, query: Annotated[PointsQuery, Query()]) -> Response:
        """Points archive 积分档案 of one account, by its random id."""
        await self._freshness.reach(query.min_position, ARCHIVE)
        async with self._readers.connection() as connection:
            found = await points_reading.points(
                connection, account, before=query.before, limit=query.limit
            )
        if found.account is None:
            raise _unknown("account", account)
        return _answer(found)

    async def rankings(self, query: Annotated[RankingsQuery, Query()]) -> Response:
        """Rankings 排行榜 of the accounts that take part in them."""
        await self._freshness.reach(query.min_position, RANKINGS)
        async with self._readers.connection() as connection:
            found = await points_reading.rankings(
                connection, holder_type=query.holder_type, after=query.after, limit=query.limit
            )
        return _answer(found)


def _end_of(day: date | None) -> datetime | None:
    """The last moment of a day in Shanghai; None for no day."""
    if day is None:
        return None
    return datetime.combine(day, time.max, SHANGHAI).astimezone(UTC)


def plain(value: Any) -> Any:
    """What JSON has for it: of a dataclass its fields and its derived figures."""
    if is_dataclass(value):
        names = [field.name for field in fields(value)]
        names += [name for name, of in vars(type(value)).items() if isinstance(of, property)]
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, datetime):
        return instant(value)
    return value


def _answer(found: Any) -> Response:
    return Response(orjson.dumps(plain(found)), media_type="application/json")


def _linked(
    found: Any, links: Callable[[Any, dict[str, Any]], dict[str, str]], part: dict[str, Any]
) -> Response:
    """A disclosure in which every group of figures names where its cases are listed."""
    document = plain(found)
    document["totals"]["cases_of"] = links(found.totals, part)
    for field in fields(found):
        dimension = field.name.removeprefix("by_")
        if dimension == field.name:
            continue
        for row, figures in zip(document[field.name], getattr(found, field.name), strict=True):
            if figures.name:
                row["cases_of"] = links(figures, {**part, dimension: figures.name})
    return Response(orjson.dumps(document), media_type="application/json")


def _unknown(what: str, identity: str) -> Problem:
    return Problem(
        404,
        f"unknown_{what}",
        f"{what} {identity} is not shown here",
        f"the id of a public {what}",
        field=what,
    )
