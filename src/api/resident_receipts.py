"""A resident's receipt 回执: a page, a file and a QR code that prove that a request is in the log.

The file is a proof (C2SP tlog-proof) whose extra line is the record, so that it verifies with
public tools; the page checks it in the browser, and is a convenience.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, NamedTuple

import segno
from fastapi import APIRouter, Path
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.board import Board
from api.problems import Problem
from api.receipt_links import LINK_PATTERN, PATH, ReceiptLinks
from api.transparency import NOT_SIGNED, Proofs
from ledger import catalogue
from ledger.domain.requests.intake import RequestFiled
from ledger.signing.keys import UnusableKeys
from ledger.store.contract import Store, StoredEvent
from ledger.tlog.checkpoint import MEDIA_TYPE, Checkpoint
from ledger.tlog.note import VerifierKey

# The page runs one script of ours, asks nobody for anything, and leaves no trace in a cache.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}
MAX_BASE_LENGTH = 1_000
"""Of the address before a receipt's path, in characters: a QR code holds little more."""
Link = Annotated[str, Path(pattern=LINK_PATTERN)]


class Trusted(NamedTuple):
    """The keys that a reader of the page is shown, and checks signatures with."""

    log: tuple[VerifierKey, ...]
    witnesses: tuple[VerifierKey, ...] = ()


class ResidentReceipts:
    """The routes and what they need."""

    def __init__(
        self,
        store: Store,
        links: ReceiptLinks,
        proofs: Proofs,
        board: Board,
        trusted: Callable[[], Trusted],
        public_url: str | None = None,
    ) -> None:
        self._store = store
        self._links = links
        self._proofs = proofs
        self._board = board
        self._trusted = trusted
        self._public_url = public_url

    def add_to(self, router: APIRouter) -> None:
        """Adds the page, the file and the QR code of a receipt."""
        for path, endpoint in (
            ("/receipts/{link}", self.page),
            ("/receipts/{link}/file", self.file),
            ("/receipts/{link}/qr.svg", self.code),
        ):
            router.add_api_route(
                path, endpoint, methods=["GET"], include_in_schema=False, response_class=Response
            )

    async def page(self, link: Link) -> Response:
        """What a resident sees: the case, the proof, and how it is checked."""
        stored = await run_in_threadpool(self._read, link)
        recorded = catalogue.decode(stored.position, stored.record)
        assert isinstance(recorded.event, RequestFiled)  # `_read` finds no other kind
        trusted = await run_in_threadpool(self._keys)
        try:
            file = await self._proofs.of(stored.position, stored.record)
        except Problem as problem:
            if problem.rule != NOT_SIGNED:
                raise
            file = None  # the page says so, and asks again by itself
        return await self._board.receipt_page(
            recorded.event.request,
            HEADERS,
            link=link,
            filed=recorded,
            leaf=stored.leaf.hex(),
            proof=file and file.to_bytes().decode(),
            checkpoint=file and Checkpoint.parse(file.checkpoint.text),
            trusted=trusted,
        )

    async def file(self, link: Link) -> Response:
        """The receipt as a file (C2SP tlog-proof): its extra line is the record, in base64."""
        stored = await run_in_threadpool(self._read, link)
        file = await self._proofs.of(stored.position, stored.record)
        name = f'attachment; filename="receipt-{file.index + 1}.tlog-proof"'
        headers = {**HEADERS, "Content-Disposition": name}
        return Response(file.to_bytes(), 200, headers, MEDIA_TYPE)

    async def code(self, request: Request, link: Link) -> Response:
        """The QR code that leads to the page."""
        await run_in_threadpool(self._read, link)
        base = self._public_url or str(request.base_url)
        if len(base) > MAX_BASE_LENGTH:
            raise Problem(400, "host_too_long", "no QR code holds so long a name", field="Host")
        drawn = io.BytesIO()
        code = segno.make_qr(f"{base.rstrip('/')}{PATH}{link}", error="m")
        code.save(drawn, kind="svg", scale=4, border=4, light="#fff", title="回执二维码")
        return Response(drawn.getvalue(), 200, HEADERS, "image/svg+xml")

    def filed(self, link: str) -> RequestFiled:
        """The request behind a link; raises a `Problem` of 404 for a link that leads to none."""
        return _filed(self._read(link))

    def _read(self, link: str) -> StoredEvent:
        stored = _stored_behind(self._links, self._store, link)
        if stored is None:
            raise Problem(404, "unknown_receipt", "there is no such receipt")
        return stored

    def _keys(self) -> Trusted:
        """What a browser checks with: without it every receipt would look forged."""
        with suppress(UnusableKeys):
            trusted = self._trusted()
            if trusted.log:
                return trusted
        raise Problem(503, "no_log_key", "the ledger's keys cannot be read just now",
                      "the receipt's file, which needs no page")  # fmt: skip


def filed_behind(links: ReceiptLinks, store: Store, link: str) -> RequestFiled | None:
    """The request behind a link; None for a link that leads to none."""
    stored = _stored_behind(links, store, link)
    return None if stored is None else _filed(stored)


def _stored_behind(links: ReceiptLinks, store: Store, link: str) -> StoredEvent | None:
    """Of another kind there is no receipt, whatever the link says: a log that was restored may
    have other events in the places of old links, and records are not public."""
    position = links.position(link)
    if position is not None:
        for stored in store.read(after=position - 1, until=position):
            if stored.kind == RequestFiled.kind:
                return stored
    return None


def _filed(stored: StoredEvent) -> RequestFiled:
    event = catalogue.decode(stored.position, stored.record).event
    assert isinstance(event, RequestFiled)  # `_stored_behind` finds no other kind
    return event
