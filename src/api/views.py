"""The public views as JSON: disclosures, points and rankings, each figure as of a named moment."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from starlette.responses import Response

from api import contract
from api.disclosed import read_evaluation, read_process, read_project, read_rankings
from api.freshness import Freshness
from projections.plain import plain
from api.problems import Problem
from api.queries import (
    CasesQuery,
    EvaluationQuery,
    Fresh,
    GridQuery,
    Id,
    JudgedQuery,
    PointsQuery,
    ProcessQuery,
    ProjectQuery,
    RankingsQuery,
    SummonsQuery,
    end_of,
)
from api.readers import Readers
from projections import (
    evaluation_reading,
    points_reading,
    process_reading,
    project_reading,
    whistle_reading,
)

PROJECT, PROCESS = project_reading.NAME, process_reading.NAME
EVALUATION = evaluation_reading.NAME
ARCHIVE, RANKINGS = points_reading.ARCHIVE, points_reading.RANKINGS


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
            return _document(await read_project(connection, query))

    async def grid(self, query: Annotated[GridQuery, Query()]) -> Response:
        """The grid 四级网格 with its units' channels and heads' offices, as of any day."""
        await self._freshness.reach(query.min_position, PROJECT)
        async with self._readers.connection() as connection:
            found = await project_reading.grid(
                connection, on=end_of(query.on), community=query.community
            )
        return _answer(found)

    async def process(self, query: Annotated[ProcessQuery, Query()]) -> Response:
        """Process disclosure 服务过程: cases by stage and holder, overdue, whistle to on site."""
        await self._freshness.reach(query.min_position, PROCESS)
        async with self._readers.connection() as connection:
            return _document(await read_process(connection, query))

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
            return _document(await read_evaluation(connection, query))

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
            return _document(await read_rankings(connection, query))


def _document(document: Any) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")


def _answer(found: Any) -> Response:
    return _document(plain(found))


def _unknown(what: str, identity: str) -> Problem:
    return Problem(
        404,
        f"unknown_{what}",
        f"{what} {identity} is not shown here",
        f"the id of a public {what}",
        field=what,
    )
