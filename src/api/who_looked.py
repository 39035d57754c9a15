"""Who looked (谁看过): a subject's own view of the access log, by the receipt of the case.

It names organisation and office, and not the principal: a person who serves has a privacy too, and
an auditor sees who it was.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, NamedTuple

import orjson
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api import labels
from api.board import Board
from api.queries import Position
from api.receipt_links import PATH
from api.resident_receipts import HEADERS, Link, ResidentReceipts
from ledger.access.entries import RecordedReading
from ledger.access.log import AccessLog
from ledger.access.reading import ReadingDecision
from ledger.canonical import instant

PAGE_READINGS = 50


class WhoLookedQuery(BaseModel):
    """A page of readings, newest first."""

    model_config = ConfigDict(extra="forbid")

    before: Position | None = None
    """Older than this position of the access log."""


class Seen(NamedTuple):
    """One reading as its subject sees it."""

    at: datetime
    organisation: str
    office: str
    purpose: str
    fields: tuple[str, ...]
    is_refused: bool


class WhoLooked:
    """The route and what it needs."""

    def __init__(self, access: AccessLog, receipts: ResidentReceipts, board: Board) -> None:
        self._access = access
        self._receipts = receipts
        self._board = board

    def add_to(self, router: APIRouter) -> None:
        """Adds /receipts/{link}/access."""
        router.add_api_route(
            f"{PATH}{{link}}/access", self.get, methods=["GET"], include_in_schema=False,
            response_class=Response,
        )  # fmt: skip

    async def get(
        self, request: Request, link: Link, query: Annotated[WhoLookedQuery, Query()]
    ) -> Response:
        """The readings of the receipt's case, as a page or as JSON."""
        filed = await run_in_threadpool(self._receipts.filed, link)
        subject = f"request:{filed.request}"
        found = await run_in_threadpool(self._page, subject, query.before)
        page, more = found[:PAGE_READINGS], len(found) > PAGE_READINGS
        next_ = f"{PATH}{link}/access?before={page[-1].position}" if more else None
        names = await self._board.names()
        readings = [seen(one) for one in page]
        if _wants_json(request):
            shown = [_plain(one, names) for one in readings]
            document = {"request": filed.request, "readings": shown, "next": next_}
            return Response(orjson.dumps(document), 200, HEADERS, "application/json")
        return self._board.who_looked_page(
            HEADERS,
            link=link, request=filed.request, names=names, readings=readings, next=next_,
            is_first=query.before is None,
        )  # fmt: skip

    def _page(self, subject: str, before: int | None) -> list[RecordedReading]:
        return self._access.of_subject(subject, before=before, limit=PAGE_READINGS + 1)


def seen(recorded: RecordedReading) -> Seen:
    """What its subject is told of a reading."""
    reading = recorded.reading
    return Seen(
        recorded.at,
        reading.actor.organisation,
        reading.actor.office,
        reading.purpose.value,
        tuple(dict.fromkeys(item.field for item in reading.items)),
        reading.decision is ReadingDecision.REFUSED,
    )


def _plain(one: Seen, names: dict[str, str]) -> dict[str, Any]:
    return {
        "at": instant(one.at),
        "organisation": {
            "code": one.organisation,
            "name": names.get(one.organisation, one.organisation),
        },
        "office": _named("office", one.office),
        "purpose": _named("reading_purpose", one.purpose),
        "fields": [_named("field", field) for field in one.fields],
        "refused": one.is_refused,
    }


def _named(vocabulary: str, code: str) -> dict[str, str]:
    return {"code": code, "name": labels.term(vocabulary, code)}


def _wants_json(request: Request) -> bool:
    accept = request.headers.get("accept", "")
    return "application/json" in accept and "text/html" not in accept
