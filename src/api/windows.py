"""Service items and windows: the routes and the pages, each as of a named moment."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from pydantic import StringConstraints
from starlette.responses import HTMLResponse, Response

from api import contract
from api.board import Board
from api.freshness import Freshness
from api.problems import Problem
from api.queries import Fresh, Id
from api.readers import Readers
from projections import windows_reading
from projections.plain import plain
from projections.windows_reading import NAME, ItemsPage, WindowsPage


class ItemsQuery(Fresh):
    """The service items of a community, or all."""

    community: Id | None = None


class WindowsQuery(Fresh):
    """The windows of a community, or all, in a month up to now."""

    community: Id | None = None
    month: Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")] | None = None
    """Such as `2026-03`; without it the present month."""


class Windows:
    """The routes and pages, and what they need."""

    def __init__(self, public: Readers, freshness: Freshness, board: Board) -> None:
        self._readers = public
        self._freshness = freshness
        self._board = board

    def add_to(self, router: APIRouter) -> None:
        """Adds /v1/service-items and /v1/windows, and a page for each of their answers."""
        for path, endpoint, page in (
            ("/service-items", self.items, self.items_page),
            ("/service-items/{item}", self.item, self.item_page),
            ("/windows", self.windows, self.windows_page),
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

    async def items(self, query: Annotated[ItemsQuery, Query()]) -> Response:
        """Service items 服务事项: basis, materials, promise and law, fee, and how fast they are."""
        return _document(plain(await self._items(query)))

    async def item(self, item: Id, query: Annotated[Fresh, Query()]) -> Response:
        """One service item."""
        return _document(plain(await self._item(item, query)))

    async def windows(self, query: Annotated[WindowsQuery, Query()]) -> Response:
        """Windows 一站式窗口 in a month: hours, minutes that nobody manned, and service outside."""
        return _document(plain(await self._windows(query)))

    async def items_page(self, query: Annotated[ItemsQuery, Query()]) -> Response:
        """All items."""
        page, names = await self._items(query), await self._board.names()
        return self._board.page("windows_items.html", page=page, names=names)

    async def item_page(self, item: Id, query: Annotated[Fresh, Query()]) -> Response:
        """One item, with the windows at which it is served."""
        page, names = await self._item(item, query), await self._board.names()
        at_windows = await self._windows(WindowsQuery(min_position=query.min_position))
        served_at = [one.window for one in at_windows.windows if item in one.window.items]
        return self._board.page("windows_item.html", page=page, names=names, windows=served_at)

    async def windows_page(self, query: Annotated[WindowsQuery, Query()]) -> Response:
        """All windows."""
        page, names = await self._windows(query), await self._board.names()
        items = await self._items(ItemsQuery(min_position=query.min_position))
        titles = {one.item.item: one.item.title for one in items.items}
        return self._board.page("windows_windows.html", page=page, names=names, titles=titles)

    async def _items(self, query: ItemsQuery) -> ItemsPage:
        await self._freshness.reach(query.min_position, NAME)
        async with self._readers.connection() as connection:
            return await windows_reading.items(connection, community=query.community)

    async def _item(self, item: str, query: Fresh) -> ItemsPage:
        await self._freshness.reach(query.min_position, NAME)
        async with self._readers.connection() as connection:
            found = await windows_reading.items(connection, item=item)
        if not found.items:
            raise Problem(
                404,
                "unknown_service_item",
                f"service item {item} is not in this ledger",
                "the id of an item that was published",
                field="item",
            )
        return found

    async def _windows(self, query: WindowsQuery) -> WindowsPage:
        await self._freshness.reach(query.min_position, NAME)
        async with self._readers.connection() as connection:
            return await windows_reading.windows(
                connection, community=query.community, month=query.month
            )


def _document(document: Any) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")
