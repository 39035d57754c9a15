"""Taking part: opinions and praise, joint matters, pairings, as JSON and as pages."""

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
from projections import participation_reading
from projections.participation_reading import Interaction, JointMatters, Pairings
from projections.plain import plain


class PartQuery(Fresh):
    """A page of what one community, or all of them, did, newest first."""

    community: Id | None = None
    before: Annotated[int, Field(ge=1, le=MAX_INTEGER)] | None = None
    limit: PageLimit = 50


Asked = Annotated[PartQuery, Query()]


class Participation:
    """The routes and what they need."""

    def __init__(self, public: Readers, freshness: Freshness, board: Board) -> None:
        self._readers = public
        self._freshness = freshness
        self._board = board

    def add_to(self, router: APIRouter) -> None:
        """Adds /v1/interaction, /v1/six-steps, /v1/pairings, and a page for each."""
        for path, endpoint, page in (
            ("/interaction", self.interaction, self.interaction_page),
            ("/six-steps", self.six_steps, self.six_steps_page),
            ("/pairings", self.pairings, self.pairings_page),
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

    async def interaction(self, query: Asked) -> Response:
        """Interaction 互动: opinions, read in their reviewed wording, and praise, counted."""
        return _answer(await self._interaction(query))

    async def six_steps(self, query: Asked) -> Response:
        """Joint matters 六步法: what was decided and what became of it."""
        return _answer(await self._joint_matters(query))

    async def pairings(self, query: Asked) -> Response:
        """Pairings 1+x 结对: who stands by whom among organisations; households are counted."""
        return _answer(await self._pairings(query))

    async def interaction_page(self, query: Asked) -> Response:
        """Opinions and praise."""
        page = await self._interaction(query)
        return await self._page("participation_interaction.html", page, query)

    async def six_steps_page(self, query: Asked) -> Response:
        """Joint matters."""
        page = await self._joint_matters(query)
        return await self._page("participation_six_steps.html", page, query)

    async def pairings_page(self, query: Asked) -> Response:
        """Pairings."""
        page = await self._pairings(query)
        return await self._page("participation_pairings.html", page, query)

    async def _page(self, template: str, page: Any, query: PartQuery) -> Response:
        names = await self._board.names()
        kept = {"community": query.community} if query.community else {}
        return self._board.page(template, page=page, names=names, kept=kept)

    async def _interaction(self, query: PartQuery) -> Interaction:
        await self._freshness.reach(query.min_position, participation_reading.INTERACTION)
        async with self._readers.connection() as connection:
            return await participation_reading.interaction(connection, **_part(query))

    async def _joint_matters(self, query: PartQuery) -> JointMatters:
        await self._freshness.reach(query.min_position, participation_reading.SIX_STEPS)
        async with self._readers.connection() as connection:
            return await participation_reading.joint_matters(connection, **_part(query))

    async def _pairings(self, query: PartQuery) -> Pairings:
        await self._freshness.reach(query.min_position, participation_reading.PAIRINGS)
        async with self._readers.connection() as connection:
            return await participation_reading.pairings(connection, **_part(query))


def _part(query: PartQuery) -> dict[str, Any]:
    return {"community": query.community, "before": query.before, "limit": query.limit}


def _answer(document: Any) -> Response:
    return Response(orjson.dumps(plain(document)), media_type="application/json")
