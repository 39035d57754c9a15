"""The town's money as JSON and as pages: appropriation, commitment, payment, project and back.

What is shown is the same for everybody: the allowance line is sums alone, an auditor reads its
events in the feed.
"""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query
from starlette.responses import HTMLResponse, Response

from api import contract
from api.board import Board
from api.disclosed import read_funds
from api.freshness import Freshness
from api.problems import Problem
from api.queries import Fresh, FundsQuery, Id, MovementsQuery
from api.readers import Readers
from ledger.domain.documents.attachments import Digest
from projections import funds_reading, project_reading
from projections.funds_reading import BudgetRecord, ProjectFunds, Proved
from projections.plain import plain

_VOUCHER = Annotated[Digest, Path(description="SHA-256 of the file's bytes, in hex.")]


class Funds:
    """The routes and what they need."""

    def __init__(self, public: Readers, freshness: Freshness, board: Board) -> None:
        self._readers = public
        self._freshness = freshness
        self._board = board

    def add_to(self, router: APIRouter) -> None:
        """Adds GET /v1/disclosures/funds, /v1/funds/..., /v1/projects/{project}/funds and pages."""
        for path, endpoint in (
            ("/v1/disclosures/funds", self.funds),
            ("/v1/funds/{budget}", self.budget),
            ("/v1/projects/{project}/funds", self.project),
            ("/v1/vouchers/{digest}", self.voucher),
        ):
            router.add_api_route(
                path,
                endpoint,
                methods=["GET"],
                response_class=Response,
                responses={200: {"content": {"application/json": {}}}, **contract.PROBLEMS},
            )
        for path, page in (
            ("/funds", self.funds_page),
            ("/funds/{budget}", self.budget_page),
            ("/projects/{project}/funds", self.project_page),
        ):
            router.add_api_route(
                path, page, methods=["GET"], include_in_schema=False, response_class=HTMLResponse
            )

    async def funds(self, query: Annotated[FundsQuery, Query()]) -> Response:
        """Money 经费 by community, year and line, in fen: appropriated, set aside, spent, left."""
        await self._freshness.reach(query.min_position, funds_reading.NAME)
        async with self._readers.connection() as connection:
            return _answer(await read_funds(connection, query))

    async def budget(self, budget: Id, query: Annotated[MovementsQuery, Query()]) -> Response:
        """One line with its commitments and movements, each with the position of its event."""
        found, _ = await self._budget(budget, query)
        return _answer(plain(found))

    async def project(self, project: Id, query: Annotated[MovementsQuery, Query()]) -> Response:
        """What a project was given from which lines, and what became of it."""
        found, _ = await self._project(project, query)
        return _answer(plain(found))

    async def voucher(self, digest: _VOUCHER, query: Annotated[Fresh, Query()]) -> Response:
        """What a voucher or a report proves, by the SHA-256 of its file: from paper to project."""
        await self._freshness.reach(query.min_position, funds_reading.NAME)
        async with self._readers.connection() as connection:
            found: Proved = await funds_reading.proved_by(connection, digest)
        if not found.movements:
            raise _unknown("voucher", digest, "digest")
        return _answer(plain(found))

    async def funds_page(self, query: Annotated[FundsQuery, Query()]) -> Response:
        """All lines, year by year."""
        await self._freshness.reach(query.min_position, funds_reading.NAME)
        async with self._readers.connection() as connection:
            found = await funds_reading.funds(
                connection, community=query.community, year=query.year, line=query.line
            )
            names = await project_reading.names(connection)
        return self._board.page("funds.html", page=found, names=names)

    async def budget_page(self, budget: Id, query: Annotated[MovementsQuery, Query()]) -> Response:
        """One line."""
        found, names = await self._budget(budget, query)
        return self._board.page("budget.html", record=found, names=names)

    async def project_page(
        self, project: Id, query: Annotated[MovementsQuery, Query()]
    ) -> Response:
        """The money of one project."""
        found, names = await self._project(project, query)
        return self._board.page("project_funds.html", page=found, names=names)

    async def _budget(
        self, budget: str, query: MovementsQuery
    ) -> tuple[BudgetRecord, dict[str, str]]:
        await self._freshness.reach(query.min_position, funds_reading.NAME)
        async with self._readers.connection() as connection:
            found = await funds_reading.budget(
                connection, budget, before=query.before, limit=query.limit
            )
            if found.budget is None:
                raise _unknown("budget", budget, "budget")
            return found, await project_reading.names(connection)

    async def _project(
        self, project: str, query: MovementsQuery
    ) -> tuple[ProjectFunds, dict[str, str]]:
        await self._freshness.reach(query.min_position, funds_reading.NAME)
        async with self._readers.connection() as connection:
            found = await funds_reading.project_funds(
                connection, project, before=query.before, limit=query.limit
            )
            if not found.commitments:
                raise _unknown("project", project, "project")
            return found, await project_reading.names(connection)


def _answer(document: dict[str, Any]) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")


def _unknown(what: str, identity: str, field: str) -> Problem:
    return Problem(
        404,
        f"unknown_{what}",
        f"{what} {identity} is not among what is shown of the town's money",
        f"the {'digest' if field == 'digest' else 'id'} of a {what} that is",
        field=field,
    )
