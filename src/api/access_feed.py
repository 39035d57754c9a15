"""GET /v1/access-log: who looked, for auditors: every entry with its principal, as it is stored."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api import stored_pages
from api.auth import Keyring, Scope
from api.feed import LogQuery, Tag
from api.settings import Limits
from api.stored_pages import Wanted
from ledger.access.log import AccessLog
from ledger.store.contract import StoredEvent


class AccessQuery(LogQuery):
    """What part of the access log is asked for."""

    subject: Tag | None = None
    """Readings of this subject's values alone, such as `request:…`."""


class AccessFeed:
    """The route and what it needs."""

    def __init__(self, access: AccessLog, keyring: Keyring, limits: Limits) -> None:
        self._access = access
        self._keyring = keyring
        self._limits = limits

    def add_to(self, router: APIRouter) -> None:
        """Adds GET /v1/access-log."""
        described = stored_pages.described("entries", Scope.AUDIT)
        router.add_api_route("/v1/access-log", self.get, summary="Read who looked", **described)

    async def get(self, request: Request, query: Annotated[AccessQuery, Query()]) -> Response:
        """Entries of the access log after a position, in order.

        Each names who read which values of whom, what for, and whether they were given; no entry
        holds a value.
        """
        await self._keyring.principal(request, Scope.AUDIT)
        read, link = partial(self._read, query), partial(_link, query)
        wanted = Wanted(
            "entries", query.after, query.limit, read, link, self._limits.feed_page_bytes
        )
        return await stored_pages.answer(request, wanted)

    def _read(self, query: AccessQuery, after: int, limit: int) -> Iterator[StoredEvent]:
        return self._access.read(after=after, limit=limit, subject=query.subject)


def _link(query: AccessQuery, after: int) -> str:
    subject = [] if query.subject is None else [("subject", query.subject)]
    return f"/v1/access-log?{urlencode([('after', after), ('limit', query.limit), *subject])}"
