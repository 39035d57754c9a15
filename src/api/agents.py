"""Agents, promises and places: the routes and the pages, each as of a named moment."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse, Response

from api import contract
from api.board import Board
from api.freshness import Freshness
from api.problems import Problem
from api.queries import Fresh, Id
from api.readers import Readers
from ledger.domain.services.venues import PlaceType
from projections import agents_reading, venues_reading
from projections.agents_reading import AgentsPage, PromisesPage
from projections.plain import plain
from projections.venues_reading import PlaceRecord, PlacesPage


class AgentsQuery(Fresh):
    """The matters or the promises of a community, or all."""

    community: Id | None = None


class PlacesQuery(Fresh):
    """The places of a community, of one type, or all."""

    community: Id | None = None
    type: PlaceType | None = None


class Services:
    """The routes and pages, and what they need."""

    def __init__(self, public: Readers, freshness: Freshness, board: Board) -> None:
        self._readers = public
        self._freshness = freshness
        self._board = board

    def add_to(self, router: APIRouter) -> None:
        """Adds /v1/agents, /v1/promises and /v1/places, and a page for each of their answers."""
        for path, endpoint, page in (
            ("/agents", self.agents, self.agents_page),
            ("/promises", self.promises, self.promises_page),
            ("/places", self.places, self.places_page),
            ("/places/{place}", self.place, self.place_page),
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

    async def agents(self, query: Annotated[AgentsQuery, Query()]) -> Response:
        """Matters left to agents 全程代办: counts and durations by community, never one of them."""
        return _document(plain(await self._agents(query)))

    async def promises(self, query: Annotated[AgentsQuery, Query()]) -> Response:
        """Promises 服务承诺, and the share of home visits that kept them."""
        return _document(plain(await self._promises(query)))

    async def places(self, query: Annotated[PlacesQuery, Query()]) -> Response:
        """Venues and points 阵地 五小: hours, use, rating and inspections."""
        return _document(plain(await self._places(query)))

    async def place(self, place: Id, query: Annotated[Fresh, Query()]) -> Response:
        """One place, with the times ahead that are taken."""
        return _document(plain(await self._place(place, query)))

    async def agents_page(self, query: Annotated[AgentsQuery, Query()]) -> Response:
        """Matters by community."""
        page, names = await self._agents(query), await self._board.names()
        return self._board.page("agents_matters.html", page=page, names=names)

    async def promises_page(self, query: Annotated[AgentsQuery, Query()]) -> Response:
        """Promises, those in force first."""
        page, names = await self._promises(query), await self._board.names()
        return self._board.page("agents_promises.html", page=page, names=names)

    async def places_page(self, query: Annotated[PlacesQuery, Query()]) -> Response:
        """Places, those that are open first."""
        page, names = await self._places(query), await self._board.names()
        return self._board.page("agents_places.html", page=page, names=names)

    async def place_page(self, place: Id, query: Annotated[Fresh, Query()]) -> Response:
        """One place."""
        record, names = await self._place(place, query), await self._board.names()
        return self._board.page("agents_place.html", record=record, names=names)

    async def _agents(self, query: AgentsQuery) -> AgentsPage:
        await self._freshness.reach(query.min_position, agents_reading.NAME)
        async with self._readers.connection() as connection:
            return await agents_reading.agents(connection, community=query.community)

    async def _promises(self, query: AgentsQuery) -> PromisesPage:
        await self._freshness.reach(query.min_position, agents_reading.NAME)
        async with self._readers.connection() as connection:
            return await agents_reading.promises(connection, community=query.community)

    async def _places(self, query: PlacesQuery) -> PlacesPage:
        await self._freshness.reach(query.min_position, venues_reading.NAME)
        async with self._readers.connection() as connection:
            return await venues_reading.places(
                connection, community=query.community, place_type=query.type
            )

    async def _place(self, place: str, query: Fresh) -> PlaceRecord:
        await self._freshness.reach(query.min_position, venues_reading.NAME)
        async with self._readers.connection() as connection:
            found = await venues_reading.place(connection, place)
        if found.place is None:
            raise Problem(
                404,
                "unknown_place",
                f"place {place} is not in this ledger",
                "the id of a place that was opened",
                field="place",
            )
        return found


def _document(document: Any) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")
