"""Three lists and joint projects (三张清单, 共驻共建) as JSON and as pages."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import HTMLResponse, Response

from api import contract
from api.board import Board
from api.freshness import Freshness
from api.problems import Problem
from api.queries import Fresh, Id, MovementsQuery, PageLimit
from api.readers import Readers
from ledger.domain.cooperation.lists import ListType
from ledger.domain.cooperation.projects import ProjectType
from ledger.event import MAX_INTEGER
from projections import cooperation_reading, funds_reading
from projections.cooperation_reading import (
    ItemRecord,
    ListPage,
    ProjectPage,
    ProjectRecord,
    ShownStage,
)
from projections.plain import plain


class ListsQuery(Fresh):
    """A page of items, newest first."""

    community: Id | None = None
    list_type: ListType | None = None
    before: Annotated[int, Field(ge=1, le=MAX_INTEGER)] | None = None
    limit: PageLimit = 50


class ProjectsQuery(Fresh):
    """A page of projects, newest first."""

    community: Id | None = None
    project_type: ProjectType | None = None
    stage: ShownStage | None = None
    before: Annotated[int, Field(ge=1, le=MAX_INTEGER)] | None = None
    limit: PageLimit = 50


class Cooperation:
    """The routes and what they need."""

    def __init__(self, public: Readers, freshness: Freshness, board: Board) -> None:
        self._readers = public
        self._freshness = freshness
        self._board = board

    def add_to(self, router: APIRouter) -> None:
        """Adds /v1/lists and /v1/projects, and a page for each of their answers."""
        for path, endpoint, page in (
            ("/lists", self.lists, self.lists_page),
            ("/lists/{list_item}", self.item, self.item_page),
            ("/projects", self.projects, self.projects_page),
            ("/projects/{project}", self.project, self.project_page),
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

    async def lists(self, query: Annotated[ListsQuery, Query()]) -> Response:
        """Three lists 三张清单: needs, resources and projects, and how often they were matched."""
        return _answer(await self._lists(query))

    async def item(self, list_item: Id, query: Annotated[Fresh, Query()]) -> Response:
        """One item with what it was matched with."""
        return _answer(await self._item(list_item, query))

    async def projects(self, query: Annotated[ProjectsQuery, Query()]) -> Response:
        """Joint projects 共驻共建, and how many units take part in them."""
        return _answer(await self._projects(query))

    async def project(self, project: Id, query: Annotated[MovementsQuery, Query()]) -> Response:
        """One project: who takes part, each act, its money and its rating."""
        return _answer(await self._project(project, query))

    async def lists_page(self, query: Annotated[ListsQuery, Query()]) -> Response:
        """The items of the lists."""
        kept = _kept(query)
        kept_elsewhere = {name: value for name, value in kept.items() if name != "list_type"}
        page = await self._lists(query)
        return await self._page(
            "cooperation_lists.html", page=page, kept=kept, kept_elsewhere=kept_elsewhere
        )

    async def item_page(self, list_item: Id, query: Annotated[Fresh, Query()]) -> Response:
        """One item."""
        return await self._page("cooperation_item.html", record=await self._item(list_item, query))

    async def projects_page(self, query: Annotated[ProjectsQuery, Query()]) -> Response:
        """Projects."""
        page = await self._projects(query)
        return await self._page("cooperation_projects.html", page=page, kept=_kept(query))

    async def project_page(
        self, project: Id, query: Annotated[MovementsQuery, Query()]
    ) -> Response:
        """One project."""
        record = await self._project(project, query)
        return await self._page("cooperation_project.html", record=record)

    async def _page(self, template: str, **given: Any) -> Response:
        return self._board.page(template, **given, names=await self._board.names())

    async def _lists(self, query: ListsQuery) -> ListPage:
        await self._freshness.reach(query.min_position, cooperation_reading.NAME)
        async with self._readers.connection() as connection:
            return await cooperation_reading.listed(
                connection,
                community=query.community,
                list_type=query.list_type,
                before=query.before,
                limit=query.limit,
            )

    async def _item(self, list_item: str, query: Fresh) -> ItemRecord:
        await self._freshness.reach(query.min_position, cooperation_reading.NAME)
        async with self._readers.connection() as connection:
            found = await cooperation_reading.item(connection, list_item)
        if found.item is None:
            raise _unknown("list_item", list_item)
        return found

    async def _projects(self, query: ProjectsQuery) -> ProjectPage:
        await self._freshness.reach(query.min_position, cooperation_reading.NAME)
        async with self._readers.connection() as connection:
            return await cooperation_reading.projects(
                connection,
                community=query.community,
                project_type=query.project_type,
                stage=query.stage,
                before=query.before,
                limit=query.limit,
            )

    async def _project(self, project: str, query: MovementsQuery) -> ProjectRecord:
        names = (cooperation_reading.NAME, funds_reading.NAME)
        await self._freshness.reach(query.min_position, *names)
        async with self._readers.connection() as connection:
            found = await cooperation_reading.project(
                connection, project, before=query.before, limit=query.limit
            )
        if not found.is_known:
            raise _unknown("project", project)
        return found


def _kept(query: ListsQuery | ProjectsQuery) -> dict[str, Any]:
    """What the page that follows is asked for too."""
    return query.model_dump(
        mode="json", exclude_none=True, exclude={"before", "limit", "min_position"}
    )


def _answer(document: Any) -> Response:
    return Response(orjson.dumps(plain(document)), media_type="application/json")


def _unknown(what: str, identity: str) -> Problem:
    return Problem(
        404,
        f"unknown_{what}",
        f"{what} {identity} is not shown here",
        f"the id of a {what} that is",
        field=what,
    )
