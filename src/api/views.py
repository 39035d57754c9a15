"""The views as JSON: disclosures, points and rankings, each figure as of a named moment.

What is made of requests is answered as it was published last; with a key of scope audit as it is,
of any part, and with small cells.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api import contract
from api.auth import Keyring
from api.disclosed import (
    read_donations,
    read_evaluation,
    read_process,
    read_project,
    read_rankings,
)
from api.freshness import Freshness
from api.problems import Problem
from api.published import PRIVATE, PUBLIC, list_cases, list_judged, number, read_document
from api.queries import (
    CasesQuery,
    DeedsQuery,
    DonationsQuery,
    EvaluationQuery,
    Fresh,
    GridQuery,
    Id,
    JudgedQuery,
    PointsQuery,
    ProcessQuery,
    ProjectQuery,
    RankingsQuery,
    RewardsQuery,
    SummonsQuery,
    end_of,
)
from api.readers import Readers
from projections import (
    deeds_reading,
    donations_reading,
    evaluation_reading,
    points_reading,
    process_reading,
    project_reading,
    published_reading,
    rewards_reading,
    whistle_reading,
)
from projections.plain import plain

PROJECT, PROCESS = project_reading.NAME, process_reading.NAME
EVALUATION = evaluation_reading.NAME
DEEDS, REWARDS = deeds_reading.NAME, rewards_reading.NAME
DONATIONS = donations_reading.NAME
ARCHIVE, RANKINGS = points_reading.ARCHIVE, points_reading.RANKINGS


class Views:
    """The routes and what they need."""

    def __init__(
        self,
        public: Readers,
        board: Readers,
        freshness: Freshness,
        keyring: Keyring,
        name_of: Callable[[str], str | None],
    ) -> None:
        self._name_of = name_of
        self._readers = public
        self._board = board
        self._freshness = freshness
        self._keyring = keyring

    def add_to(self, router: APIRouter) -> None:
        """Adds GET /v1/disclosures/..., /v1/points, /v1/deeds, /v1/rewards, /v1/donations and
        /v1/rankings."""
        for path, endpoint in (
            ("/v1/disclosures/project", self.project),
            ("/v1/disclosures/project/grid", self.grid),
            ("/v1/disclosures/process", self.process),
            ("/v1/disclosures/process/cases", self.cases),
            ("/v1/disclosures/process/cases/{case}", self.case),
            ("/v1/disclosures/process/summons", self.summons),
            ("/v1/disclosures/evaluation", self.evaluation),
            ("/v1/disclosures/evaluation/cases", self.judged),
            ("/v1/points", self.points_totals),
            ("/v1/points/{account}", self.points),
            ("/v1/deeds", self.deeds),
            ("/v1/deeds/{deed}", self.deed),
            ("/v1/rewards", self.rewards),
            ("/v1/donations", self.donations),
            ("/v1/donations/{donation}", self.donation),
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
        """Project disclosure 服务项目: who serves, and the subjects in force."""
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

    async def process(self, request: Request, query: Annotated[ProcessQuery, Query()]) -> Response:
        """Process disclosure 服务过程: cases by stage and holder, overdue, whistle to on site.

        As published last, of one dimension at a time; with a key of scope audit as it is.
        """
        if not await self._keyring.audits(request):
            async with self._readers.connection() as connection:
                return _document(await read_document(connection, "process", query), PUBLIC)
        await self._freshness.reach(query.min_position, PROCESS)
        async with self._board.connection() as connection:
            return _document(await read_process(connection, query), PRIVATE)

    async def cases(self, request: Request, query: Annotated[CasesQuery, Query()]) -> Response:
        """The cases themselves, never who asked. As published last: those that many are alike.

        With a key of scope audit: as they are, by their ids, with their steps and both clocks.
        """
        if not await self._keyring.audits(request):
            async with self._readers.connection() as connection:
                return _document(await list_cases(connection, query), PUBLIC)
        await self._freshness.reach(query.min_position, PROCESS)
        async with self._board.connection() as connection:
            found = await process_reading.cases(
                connection, after=query.after, limit=query.limit, **query.chosen()
            )
        return _document(plain(found), PRIVATE)

    async def case(self, request: Request, case: Id, query: Annotated[Fresh, Query()]) -> Response:
        """One listed case by its number in the last publication; with a key of scope audit any
        case by its id, but a withheld one, which is as unknown as one that never was."""
        if not await self._keyring.audits(request):
            as_of, listed = None, None
            if case.isdecimal():
                async with self._readers.connection() as connection:
                    as_of, listed = await published_reading.case(connection, number(case) or 0)
            if listed is None:
                raise _unknown("request", case)
            return _document({"as_of": plain(as_of), "case": plain(listed)}, PUBLIC)
        await self._freshness.reach(query.min_position, PROCESS)
        async with self._board.connection() as connection:
            as_of, found = await process_reading.case(connection, case)
        if found is None:
            raise _unknown("request", case)
        return _document({"as_of": plain(as_of), "case": plain(found)}, PRIVATE)

    async def summons(self, query: Annotated[SummonsQuery, Query()]) -> Response:
        """Whistles 吹哨 and how each summoned department reported in 报到."""
        await self._freshness.reach(query.min_position, PROCESS)
        async with self._readers.connection() as connection:
            found = await whistle_reading.summons(
                connection, after=query.after, limit=query.limit, department=query.department
            )
        return _answer(found)

    async def evaluation(
        self, request: Request, query: Annotated[EvaluationQuery, Query()]
    ) -> Response:
        """Evaluation disclosure 服务评价: rates, each with its numerator and denominator.

        As published last, of one dimension at a time; with a key of scope audit as it is.
        """
        if not await self._keyring.audits(request):
            async with self._readers.connection() as connection:
                return _document(await read_document(connection, "evaluation", query), PUBLIC)
        await self._freshness.reach(query.min_position, EVALUATION, PROCESS)
        async with self._board.connection() as connection:
            return _document(await read_evaluation(connection, query), PRIVATE)

    async def judged(self, request: Request, query: Annotated[JudgedQuery, Query()]) -> Response:
        """How cases were judged, case by case, never who asked. As published last: those that many
        are alike; with a key of scope audit as they are."""
        if not await self._keyring.audits(request):
            async with self._readers.connection() as connection:
                return _document(await list_judged(connection, query), PUBLIC)
        await self._freshness.reach(query.min_position, EVALUATION)
        async with self._board.connection() as connection:
            found = await evaluation_reading.judged(
                connection,
                figure=query.figure,
                after=query.after,
                limit=query.limit,
                **query.part(),
            )
        return _document(plain(found), PRIVATE)

    async def points(self, account: Id, query: Annotated[PointsQuery, Query()]) -> Response:
        """Points archive 积分档案 of one account, by its random id."""
        await self._freshness.reach(query.min_position, ARCHIVE)
        async with self._readers.connection() as connection:
            found = await points_reading.points(
                connection, account, before=query.before, limit=query.limit
            )
        if found.account is None:
            raise _unknown("account", account)
        document: dict[str, Any] = plain(found)
        document["account"]["name"] = self._name_of(f"account:{account}")
        return _document(document)

    async def points_totals(self, query: Annotated[Fresh, Query()]) -> Response:
        """The whole love bank 爱心银行: postings by kind, and both sides of the books."""
        await self._freshness.reach(query.min_position, ARCHIVE)
        async with self._readers.connection() as connection:
            return _answer(await points_reading.points_totals(connection))

    async def deeds(self, query: Annotated[DeedsQuery, Query()]) -> Response:
        """Deeds 善行公示: in publicity, contested or awarded."""
        await self._freshness.reach(query.min_position, DEEDS)
        async with self._readers.connection() as connection:
            found = await deeds_reading.deeds(
                connection, which=query.which, before=query.before, limit=query.limit
            )
        document: dict[str, Any] = plain(found)
        for one in document["deeds"]:
            one["name"] = self._name_of(f"account:{one['account']}")
        return _document(document)

    async def deed(self, deed: Id, query: Annotated[Fresh, Query()]) -> Response:
        """One deed with the objections to it, never who objects."""
        await self._freshness.reach(query.min_position, DEEDS)
        async with self._readers.connection() as connection:
            found = await deeds_reading.deed(connection, deed)
        if found.deed is None:
            raise _unknown("deed", deed)
        document: dict[str, Any] = plain(found)
        document["deed"]["name"] = self._name_of(f"account:{found.deed.account}")
        return _document(document)

    async def rewards(self, query: Annotated[RewardsQuery, Query()]) -> Response:
        """Rewards 积分兑换: price and stock."""
        await self._freshness.reach(query.min_position, REWARDS)
        async with self._readers.connection() as connection:
            return _answer(
                await rewards_reading.rewards(connection, organisation=query.organisation)
            )

    async def donations(self, query: Annotated[DonationsQuery, Query()]) -> Response:
        """Donations 爱心捐赠: sums by purpose, and each; a donor by consent alone."""
        await self._freshness.reach(query.min_position, DONATIONS)
        async with self._readers.connection() as connection:
            document = await read_donations(connection, query)
        for one in document["donations"]:
            one["name"] = self._name_of(f"donation:{one['donation']}")
        return _document(document)

    async def donation(self, donation: Id, query: Annotated[Fresh, Query()]) -> Response:
        """One donation with what became of it; its donor by consent alone."""
        await self._freshness.reach(query.min_position, DONATIONS)
        async with self._readers.connection() as connection:
            found = await donations_reading.donation(connection, donation)
        if found.donation is None:
            raise _unknown("donation", donation)
        document: dict[str, Any] = plain(found)
        document["donation"]["name"] = self._name_of(f"donation:{donation}")
        return _document(document)

    async def rankings(self, query: Annotated[RankingsQuery, Query()]) -> Response:
        """Rankings 排行榜 of the accounts that take part in them."""
        await self._freshness.reach(query.min_position, RANKINGS)
        async with self._readers.connection() as connection:
            return _document(await read_rankings(connection, query))


def _document(document: Any, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(document), headers=headers, media_type="application/json")


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
