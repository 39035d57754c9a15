"""Service (点单, 认领岗位, 帮扶, 宣讲, 四社联动) as JSON and as pages: counts, never a name."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import HTMLResponse, Response

from api import contract
from api.board import Board
from api.freshness import Freshness
from api.queries import Fresh, Id, PageLimit
from api.readers import Readers
from ledger.event import MAX_INTEGER
from projections import volunteering_reading
from projections.plain import plain
from projections.volunteering_reading import OrderPage, PostPage
from projections.volunteering_reading import Volunteering as Figures

NAME = volunteering_reading.NAME
LISTED = 10
"""Of the open posts and orders on the page of all figures."""


class VolunteeringQuery(Fresh):
    """Service in the whole town, or in one community."""

    community: Id | None = None
    """The community's Party branch."""


class OffersQuery(VolunteeringQuery):
    """A page of what is open, newest first."""

    before: Annotated[int, Field(ge=1, le=MAX_INTEGER)] | None = None
    limit: PageLimit = 50


class Volunteering:
    """The routes and pages, and what they need."""

    def __init__(self, public: Readers, freshness: Freshness, board: Board) -> None:
        self._readers = public
        self._freshness = freshness
        self._board = board

    def add_to(self, router: APIRouter) -> None:
        """Adds /v1/volunteering, what is open of posts and of orders, and a page for each."""
        for path, endpoint, page in (
            ("/volunteering", self.figures, self.figures_page),
            ("/volunteering/posts", self.posts, self.posts_page),
            ("/volunteering/orders", self.orders, self.orders_page),
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

    async def figures(self, query: Annotated[VolunteeringQuery, Query()]) -> Response:
        """Service 志愿服务: members with a claim, places, orders, good deeds, persons helped,
        talks and joint actions, counted."""
        return _answer(plain(await self._figures(query)))

    async def posts(self, query: Annotated[OffersQuery, Query()]) -> Response:
        """Open posts 认领岗位: those with places that nobody has."""
        return _answer(plain(await self._posts(query, query.before, query.limit)))

    async def orders(self, query: Annotated[OffersQuery, Query()]) -> Response:
        """Open orders 点单: what residents may choose."""
        return _answer(plain(await self._orders(query, query.before, query.limit)))

    async def figures_page(self, query: Annotated[VolunteeringQuery, Query()]) -> Response:
        """All figures, and the newest of what is open."""
        return self._board.page(
            "volunteering.html",
            page=await self._figures(query),
            posts=await self._posts(query, None, LISTED),
            orders=await self._orders(query, None, LISTED),
            names=await self._board.names(),
            kept=_kept(query),
        )

    async def posts_page(self, query: Annotated[OffersQuery, Query()]) -> Response:
        """Open posts."""
        return self._board.page(
            "volunteering_posts.html",
            page=await self._posts(query, query.before, query.limit),
            names=await self._board.names(),
            kept=_kept(query),
        )

    async def orders_page(self, query: Annotated[OffersQuery, Query()]) -> Response:
        """Open orders."""
        return self._board.page(
            "volunteering_orders.html",
            page=await self._orders(query, query.before, query.limit),
            names=await self._board.names(),
            kept=_kept(query),
        )

    async def _figures(self, query: VolunteeringQuery) -> Figures:
        await self._freshness.reach(query.min_position, NAME)
        async with self._readers.connection() as connection:
            return await volunteering_reading.volunteering(connection, community=query.community)

    async def _posts(self, query: VolunteeringQuery, before: int | None, limit: int) -> PostPage:
        await self._freshness.reach(query.min_position, NAME)
        async with self._readers.connection() as connection:
            return await volunteering_reading.open_posts(
                connection, community=query.community, before=before, limit=limit
            )

    async def _orders(self, query: VolunteeringQuery, before: int | None, limit: int) -> OrderPage:
        await self._freshness.reach(query.min_position, NAME)
        async with self._readers.connection() as connection:
            return await volunteering_reading.open_orders(
                connection, community=query.community, before=before, limit=limit
            )


def _kept(query: VolunteeringQuery) -> dict[str, str]:
    """What the next page is to be asked for as well."""
    return {} if query.community is None else {"community": query.community}


def _answer(document: Any) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")
