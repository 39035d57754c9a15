"""Rating and commendation (评比, 通报表扬): the routes and the pages, each as of a named moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse, Response

from api import contract, labels
from api.board import Board
from api.freshness import Freshness
from api.problems import Problem
from api.queries import Fresh, HonoursQuery, Id, PeriodsQuery
from api.readers import Readers
from projections import honours_reading, periods_reading, project_reading
from projections.honours_reading import HonourRecord
from projections.periods_reading import PeriodRecord
from projections.plain import plain

RANKINGS, HONOURS = periods_reading.NAME, honours_reading.NAME
SHOWN_LINES = 200
"""Of the standings on a page; the route has them all."""


class Rating:
    """The routes and pages, and what they need."""

    def __init__(
        self,
        public: Readers,
        freshness: Freshness,
        board: Board,
        name_of: Callable[[str], str | None],
    ) -> None:
        self._readers = public
        self._freshness = freshness
        self._board = board
        self._name_of = name_of

    def add_to(self, router: APIRouter) -> None:
        """Adds /v1/rankings/periods and /v1/honours, and a page for each of their answers."""
        for path, endpoint, page in (
            ("/rankings/periods", self.periods, self.periods_page),
            ("/rankings/periods/{period}", self.period, self.period_page),
            ("/honours", self.honours, self.honours_page),
            ("/honours/{commendation}", self.honour, self.honour_page),
        ):
            router.add_api_route(
                f"/v1{path}",
                endpoint,
                methods=["GET"],
                response_class=Response,
                responses={200: {"content": {"application/json": {}}}, **contract.PROBLEMS},
            )
            router.add_api_route(
                path, page, methods=["GET"], include_in_schema=False, response_class=HTMLResponse
            )

    async def periods(self, query: Annotated[PeriodsQuery, Query()]) -> Response:
        """Ranked periods 分期评比: what was opened, sealed, appealed against and published."""
        await self._freshness.reach(query.min_position, RANKINGS)
        async with self._readers.connection() as connection:
            found = await periods_reading.periods(
                connection, before=query.before, limit=query.limit
            )
        return _document(plain(found))

    async def period(self, period: Id, query: Annotated[Fresh, Query()]) -> Response:
        """One period: its sealed standings, line by line, with all that their digest is made of."""
        document: dict[str, Any] = plain(await self._period(period, query))
        for line in document["standings"]:
            account = line["account"]
            line["name"] = account and self._name_of(f"account:{account}")
            line["archive"] = account and f"/v1/points/{account}"
        return _document(document)

    async def honours(self, query: Annotated[HonoursQuery, Query()]) -> Response:
        """Commendations 通报表扬 and awards 表彰, rescinded ones too."""
        await self._freshness.reach(query.min_position, HONOURS)
        async with self._readers.connection() as connection:
            found = await honours_reading.honours(
                connection, honour=query.honour, before=query.before, limit=query.limit
            )
        return _document(plain(found))

    async def honour(self, commendation: Id, query: Annotated[Fresh, Query()]) -> Response:
        """One commendation: units by name, persons and households by their consent alone."""
        document: dict[str, Any] = plain(await self._honour(commendation, query))
        for one in document["commended"]:
            one["name"] = self._name_of(f"account:{one['account']}")
            one["archive"] = f"/v1/points/{one['account']}"
        return _document(document)

    async def periods_page(self, query: Annotated[PeriodsQuery, Query()]) -> Response:
        """Ranked periods, newest first."""
        await self._freshness.reach(query.min_position, RANKINGS)
        async with self._readers.connection() as connection:
            page = await periods_reading.periods(connection, before=query.before, limit=query.limit)
            names = await project_reading.names(connection)
        return self._board.page("periods.html", page=page, names=names)

    async def period_page(self, period: Id, query: Annotated[Fresh, Query()]) -> Response:
        """One period with its standings."""
        record = await self._period(period, query)
        return self._board.page(
            "period.html",
            record=record,
            shown=record.standings[:SHOWN_LINES],
            names=await self._board.names(),
            name_of=self._holder_of,
        )

    async def honours_page(self, query: Annotated[HonoursQuery, Query()]) -> Response:
        """Commendations, newest first."""
        await self._freshness.reach(query.min_position, HONOURS)
        async with self._readers.connection() as connection:
            page = await honours_reading.honours(
                connection, honour=query.honour, before=query.before, limit=query.limit
            )
            names = await project_reading.names(connection)
        title = labels.term("honour", query.honour) if query.honour else "通报表扬和表彰"
        kept = {"honour": query.honour.value} if query.honour else {}
        return self._board.page("honours.html", page=page, names=names, title=title, kept=kept)

    async def honour_page(self, commendation: Id, query: Annotated[Fresh, Query()]) -> Response:
        """One commendation."""
        record = await self._honour(commendation, query)
        names = await self._board.names()
        return self._board.page("honour.html", record=record, names=names, name_of=self._holder_of)

    async def _period(self, period: str, query: Fresh) -> PeriodRecord:
        await self._freshness.reach(query.min_position, RANKINGS)
        async with self._readers.connection() as connection:
            found = await periods_reading.period(connection, period)
        if found.period is None:
            raise _unknown("period", period)
        return found

    async def _honour(self, commendation: str, query: Fresh) -> HonourRecord:
        await self._freshness.reach(query.min_position, HONOURS)
        async with self._readers.connection() as connection:
            found = await honours_reading.honour(connection, commendation)
        if found.commendation is None:
            raise _unknown("commendation", commendation)
        return found

    def _holder_of(self, account: str) -> str | None:
        """The name under which an account's holder agreed to be shown."""
        return self._name_of(f"account:{account}")


def _document(document: Any) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")


def _unknown(what: str, identity: str) -> Problem:
    return Problem(
        404,
        f"unknown_{what}",
        f"{what} {identity} is not shown here",
        f"the id of a public {what}",
        field=what,
    )
