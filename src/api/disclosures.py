"""Disclosures (三公开): the routes and the pages of what was disclosed of closed periods."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse, Response

from api import contract
from api.board import Board
from api.freshness import Freshness
from api.problems import Problem
from api.queries import Fresh, Id, PageLimit, Position
from api.readers import Readers
from projections import disclosures_reading
from projections.disclosures_reading import DisclosurePage, DisclosureRecord
from projections.plain import plain

NAME = disclosures_reading.NAME


class DisclosuresQuery(Fresh):
    """A page of disclosures."""

    before: Position | None = None
    """The `next` of the page before."""
    limit: PageLimit = 50


class Disclosures:
    """The routes and pages, and what they need."""

    def __init__(self, public: Readers, freshness: Freshness, board: Board) -> None:
        self._readers = public
        self._freshness = freshness
        self._board = board

    def add_to(self, router: APIRouter) -> None:
        """Adds /v1/disclosed and /v1/disclosed/{disclosure}, and a page for each."""
        for path, endpoint, page_path, page in (
            ("/v1/disclosed", self.listed, "/disclosures", self.listed_page),
            (
                "/v1/disclosed/{disclosure}",
                self.one,
                "/disclosures/{disclosure}",
                self.one_page,
            ),
        ):
            router.add_api_route(
                path,
                endpoint,
                methods=["GET"],
                response_class=Response,
                responses={200: {"content": {"application/json": {}}}, **contract.PROBLEMS},
            )
            router.add_api_route(
                page_path,
                page,
                methods=["GET"],
                include_in_schema=False,
                response_class=HTMLResponse,
            )

    async def listed(self, query: Annotated[DisclosuresQuery, Query()]) -> Response:
        """Disclosures 三公开 of closed periods, with what is due, late, objected to, corrected."""
        return _document(plain(await self._page(query)))

    async def one(self, disclosure: Id, query: Annotated[Fresh, Query()]) -> Response:
        """One disclosure: what is fixed of it, every correction, its course, and the figures."""
        return _document(plain(await self._record(disclosure, query)))

    async def listed_page(self, query: Annotated[DisclosuresQuery, Query()]) -> Response:
        """Disclosures, newest first."""
        page = await self._page(query)
        names = await self._board.names()
        return self._board.page("disclosures.html", page=page, names=names)

    async def one_page(self, disclosure: Id, query: Annotated[Fresh, Query()]) -> Response:
        """One disclosure."""
        record = await self._record(disclosure, query)
        names = await self._board.names()
        return self._board.page(
            "disclosures_one.html", record=record, names=names, figures_of=figures_of
        )

    async def _page(self, query: DisclosuresQuery) -> DisclosurePage:
        await self._freshness.reach(query.min_position, NAME)
        async with self._readers.connection() as connection:
            return await disclosures_reading.disclosures(
                connection, before=query.before, limit=query.limit
            )

    async def _record(self, disclosure: str, query: Fresh) -> DisclosureRecord:
        await self._freshness.reach(query.min_position, NAME)
        async with self._readers.connection() as connection:
            found = await disclosures_reading.disclosure(connection, disclosure)
        if found.disclosure is None:
            raise Problem(
                404,
                "unknown_disclosure",
                f"disclosure {disclosure} is not shown here",
                "the id of a disclosure",
                field="disclosure",
            )
        return found


def figures_of(name: str, document: Any) -> list[tuple[str, str, int | None]]:
    """The figures that stand out of a kept document: (part, code, number or None where withheld).

    Of the project disclosure how many bodies of each type serve; of the others the totals of each
    part, or a community's row.
    """
    if name == "project":
        types = [body["type"] for body in document["bodies"]]
        return [("", type_, types.count(type_)) for type_ in dict.fromkeys(types)]
    found: list[tuple[str, str, int | None]] = []
    for part, of in document.items():
        totals: dict[str, Any] = of.get("totals") or next(iter(of.get("by_community", ())), {})
        found += [
            (part, code, value)
            for code, value in totals.items()
            if code in _TOLD and (value is None or isinstance(value, int))
        ]
    return found


_TOLD = (
    "cases", "open", "overdue", "cleared", "cleared_in_time", "returns", "extensions", "contested",
    "reached", "resolution_asked", "resolved", "satisfaction_asked", "satisfied_on_call", "rated",
    "poor_ratings", "poor_rectified",
)  # fmt: skip


def _document(document: Any) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")
