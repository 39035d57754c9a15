"""GET /v1/events: the log as it is stored, page by page, for auditors and integrators.

JSON with a link to the next page (RFC 8288), or one event a line (NDJSON) as they are read. Records
are handed on byte for byte: whoever hashes them gets the leaf.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api import contract
from api.auth import Keyring, Scope
from api.problems import Problem
from api.settings import Limits
from ledger import catalogue
from ledger.event import MAX_INTEGER, MAX_TAG_BYTES
from ledger.ledger import Ledger
from ledger.store.contract import StoredEvent

NDJSON = "application/x-ndjson"
PAGE_EVENTS = 500
"""How many events are read at once: a page of the largest records is 32 MiB."""

Tag = Annotated[str, StringConstraints(pattern=r"^[a-z_]+:[!-~]+$", max_length=MAX_TAG_BYTES)]


class FeedQuery(BaseModel):
    """What part of the log is asked for."""

    model_config = ConfigDict(extra="forbid")

    after: Annotated[int, Field(ge=0, le=MAX_INTEGER)] = 0
    limit: Annotated[int, Field(ge=1, le=10_000)] = 100
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
        page = {
            "type": "object",
            "required": ["events", "next_after"],
            "properties": {
                "events": {"type": "array", "items": _EVENT},
                "next_after": {"type": "integer", "description": "Ask on from here"},
            },
        }
        router.add_api_route(
            "/v1/events",
            self.get,
            methods=["GET"],
            summary="Read the log",
            response_class=Response,
            responses={
                200: {
                    "description": "Events in order; there are never gaps",
                    "content": {"application/json": {"schema": page}, NDJSON: {"schema": _EVENT}},
                },
                **contract.PROBLEMS,
            },
            openapi_extra=contract.secured(Scope.FEED),
        )

    async def get(self, request: Request, query: Annotated[FeedQuery, Query()]) -> Response:
        """Events after a position, of any of the kinds and with all of the tags, in order.

        Records hold commitments in place of personal values.
        """
        await self._keyring.principal(request, Scope.FEED)
        for kind in query.kind:
            catalogue.kind_class(kind)
        if _wants_ndjson(request.headers.get("accept", "*/*")):
            # Read before the head is sent: a database that is down is a problem, not half a body.
            first = await run_in_threadpool(self._page, query, query.after, query.limit)
            return StreamingResponse(self._lines(query, first), media_type=NDJSON)
        events, more = await run_in_threadpool(self._bounded, query)
        after = events[-1].position if events else query.after
        content = b'{"events":[%b],"next_after":%d}' % (b",".join(map(_shown, events)), after)
        headers = {"Link": _next(query, after)} if more else None
        return Response(content, 200, headers, "application/json")

    def _page(self, query: FeedQuery, after: int, wanted: int) -> list[StoredEvent]:
        limit = min(wanted, PAGE_EVENTS)
        return list(self._ledger.read(after=after, limit=limit, kinds=query.kind, tags=query.tag))

    def _pages(self, query: FeedQuery) -> Iterator[list[StoredEvent]]:
        after, left = query.after, query.limit
        while left > 0:
            page = self._page(query, after, left)
            yield page
            if len(page) < min(left, PAGE_EVENTS):
                return
            left -= len(page)
            after = page[-1].position

    def _bounded(self, query: FeedQuery) -> tuple[list[StoredEvent], bool]:
        """One page, ended early where its records become too many bytes, and whether to go on."""
        events: list[StoredEvent] = []
        size = 0
        for page in self._pages(query):
            for event in page:
                size += len(event.record)
                if events and size > self._limits.feed_page_bytes:
                    return events, True
                events.append(event)
        return events, len(events) == query.limit

    async def _lines(self, query: FeedQuery, page: list[StoredEvent]) -> AsyncIterator[bytes]:
        left = query.limit
        while page:
            yield b"".join(_shown(event) + b"\n" for event in page)
            full = len(page) == min(left, PAGE_EVENTS)
            left -= len(page)
            if not full or left == 0:
                return
            page = await run_in_threadpool(self._page, query, page[-1].position, left)


_EVENT = {
    "type": "object",
    "required": ["position", "leaf", "record"],
    "properties": {
        "position": {"type": "integer", "minimum": 1},
        "leaf": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "record": {"type": "object", "description": "RFC 8785 canonical JSON, as stored"},
    },
}


def _shown(event: StoredEvent) -> bytes:
    return b'{"position":%d,"leaf":"%b","record":%b}' % (
        event.position,
        event.leaf.hex().encode(),
        event.record,
    )


def _next(query: FeedQuery, after: int) -> str:
    filters = [("kind", kind) for kind in query.kind] + [("tag", tag) for tag in query.tag]
    asked = urlencode([("after", after), ("limit", query.limit), *filters])
    return f'</v1/events?{asked}>; rel="next"'


def _wants_ndjson(accept: str) -> bool:
    given = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    if NDJSON in given:
        return True
    if not {"application/json", "application/*", "*/*"}.isdisjoint(given):
        return False
    raise Problem(
        406,
        "not_acceptable",
        "the feed is JSON or NDJSON",
        f"Accept: application/json or {NDJSON}",
        field="Accept",
    )
