"""A part of a log as it is stored, page by page: JSON with a link to the next page (RFC 8288), or
one entry a line (NDJSON) as they are read. Records are handed on byte for byte: whoever hashes them
gets the leaf.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api import contract
from api.auth import Scope
from api.problems import Problem
from ledger.store.contract import StoredEvent

NDJSON = "application/x-ndjson"
PAGE_EVENTS = 500
"""How many events are read at once: a page of the largest records is 32 MiB."""

STORED = {
    "type": "object",
    "required": ["position", "leaf", "record"],
    "properties": {
        "position": {"type": "integer", "minimum": 1},
        "leaf": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "record": {"type": "object", "description": "RFC 8785 canonical JSON, as stored"},
    },
}


class Wanted(NamedTuple):
    """A part of a log, and how its pages are read and linked."""

    name: str
    """What the entries are called in JSON."""
    after: int
    limit: int
    read: Callable[[int, int], Iterator[StoredEvent]]
    """(after, limit) -> entries in order."""
    link: Callable[[int], str]
    """Where the entries after a position are."""
    page_bytes: int


def described(name: str, scope: Scope) -> dict[str, Any]:
    """What a route that answers so says of itself."""
    page = {
        "type": "object",
        "required": [name, "next_after"],
        "properties": {
            name: {"type": "array", "items": STORED},
            "next_after": {"type": "integer", "description": "Ask on from here"},
        },
    }
    return {
        "methods": ["GET"],
        "response_class": Response,
        "responses": {
            200: {
                "description": f"{name.capitalize()} in order; there are never gaps",
                "content": {"application/json": {"schema": page}, NDJSON: {"schema": STORED}},
            },
            **contract.PROBLEMS,
        },
        "openapi_extra": contract.secured(scope),
    }


async def answer(request: Request, wanted: Wanted) -> Response:
    """In the form that is asked for; raises a `Problem` of 406 for one that there is not."""
    if _wants_ndjson(request.headers.get("accept", "*/*")):
        # Read before the head is sent: a database that is down is a problem, not half a body.
        first = await run_in_threadpool(_page, wanted, wanted.after, wanted.limit)
        return StreamingResponse(_lines(wanted, first), media_type=NDJSON)
    events, more = await run_in_threadpool(_bounded, wanted)
    after = events[-1].position if events else wanted.after
    shown = b",".join(map(_shown, events))
    content = b'{"%b":[%b],"next_after":%d}' % (wanted.name.encode(), shown, after)
    headers = {"Link": f'<{wanted.link(after)}>; rel="next"'} if more else None
    return Response(content, 200, headers, "application/json")


def _page(wanted: Wanted, after: int, limit: int) -> list[StoredEvent]:
    return list(wanted.read(after, min(limit, PAGE_EVENTS)))


def _pages(wanted: Wanted) -> Iterator[list[StoredEvent]]:
    after, left = wanted.after, wanted.limit
    while left > 0:
        page = _page(wanted, after, left)
        yield page
        if len(page) < min(left, PAGE_EVENTS):
            return
        left -= len(page)
        after = page[-1].position


def _bounded(wanted: Wanted) -> tuple[list[StoredEvent], bool]:
    """One page, ended early where its records become too many bytes, and whether to go on."""
    events: list[StoredEvent] = []
    size = 0
    for page in _pages(wanted):
        for event in page:
            size += len(event.record)
            if events and size > wanted.page_bytes:
                return events, True
            events.append(event)
    return events, len(events) == wanted.limit


async def _lines(wanted: Wanted, page: list[StoredEvent]) -> AsyncIterator[bytes]:
    left = wanted.limit
    while page:
        yield b"".join(_shown(event) + b"\n" for event in page)
        full = len(page) == min(left, PAGE_EVENTS)
        left -= len(page)
        if not full or left == 0:
            return
        page = await run_in_threadpool(_page, wanted, page[-1].position, left)


def _shown(event: StoredEvent) -> bytes:
    return b'{"position":%d,"leaf":"%b","record":%b}' % (
        event.position,
        event.leaf.hex().encode(),
        event.record,
    )


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
