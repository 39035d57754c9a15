"""GET /v1/events: the log as it is stored, page by page, for auditors and integrators."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from api import stored_pages
from api.auth import Keyring, Scope
from api.settings import Limits
from api.stored_pages import Wanted
from ledger import catalogue
from ledger.event import MAX_INTEGER, MAX_TAG_BYTES
from ledger.ledger import Ledger
from ledger.store.contract import StoredEvent

Tag = Annotated[str, StringConstraints(pattern=r"^[a-z_]+:[!-~]+$", max_length=MAX_TAG_BYTES)]


class LogQuery(BaseModel):
    """What part of a log is asked for."""

    model_config = ConfigDict(extra="forbid")

    after: Annotated[int, Field(ge=0, le=MAX_INTEGER)] = 0
    limit: Annotated[int, Field(ge=1, le=10_000)] = 100


class FeedQuery(LogQuery):
    """What part of the ledger is asked for."""

    kind: Annotated[list[str], Field(max_length=50)] = []
    """Of any of these kinds."""
    tag: Annotated[list[Tag], Field(max_length=20)] = []
    """With all of these tags."""


class Feed:
    """The route and what it needs."""

    def __init__(self, ledger: Ledger, keyring: Keyring, limits: Limits) -> None:
        self._ledger = ledger
        self._keyring = keyring
        self._limits = limits

    def add_to(self, router: APIRouter) -> None:
        """Adds GET /v1/events."""
        described = stored_pages.described("events", Scope.FEED)
        router.add_api_route("/v1/events", self.get, summary="Read the log", **described)

    async def get(self, request: Request, query: Annotated[FeedQuery, Query()]) -> Response:
        """Events after a position, of any of the kinds and with all of the tags, in order.

        Records hold commitments in place of personal values.
        """
        await self._keyring.principal(request, Scope.FEED)
        for kind in query.kind:
            catalogue.kind_class(kind)
        read, link = partial(self._read, query), partial(_link, query)
        wanted = Wanted(
            "events", query.after, query.limit, read, link, self._limits.feed_page_bytes
        )
        return await stored_pages.answer(request, wanted)

    def _read(self, query: FeedQuery, after: int, limit: int) -> Iterator[StoredEvent]:
        return self._ledger.read(after=after, limit=limit, kinds=query.kind, tags=query.tag)


def _link(query: FeedQuery, after: int) -> str:
    filters = [("kind", kind) for kind in query.kind] + [("tag", tag) for tag in query.tag]
    return f"/v1/events?{urlencode([('after', after), ('limit', query.limit), *filters])}"
