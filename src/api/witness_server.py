"""A witness over HTTP, as C2SP tlog-witness has it: every answer that is no checkpoint is a line
of text."""

from __future__ import annotations

import asyncio
import logging

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ledger.tlog.checkpoint import MEDIA_TYPE
from ledger.witness.directory import DamagedRecord
from ledger.witness.witness import MAX_BODY_BYTES, Witness

BODY_SECONDS = 30.0
"""How long a submission may take to arrive."""
_log = logging.getLogger(__name__)


def create_witness_app(witness: Witness, body_seconds: float = BODY_SECONDS) -> Starlette:
    """The application of one witness; its submission and monitoring prefix are the root."""

    async def add_checkpoint(request: Request) -> Response:
        body = await _body(request, body_seconds)
        status, text, media_type = await run_in_threadpool(witness.add_checkpoint, body)
        # The specification's media type for a size has no parameter: Starlette would add one.
        headers = {"Content-Type": media_type, "Cache-Control": "no-store"}
        return Response(text, status, headers)

    async def checkpoint(request: Request) -> Response:
        found = await run_in_threadpool(witness.checkpoint, request.path_params["origin_hash"])
        if found is None:
            raise HTTPException(404, "this witness has cosigned no checkpoint of such a log")
        return Response(found, headers={"Content-Type": MEDIA_TYPE, "Cache-Control": "no-cache"})

    app = Starlette(
        routes=[
            Route("/add-checkpoint", add_checkpoint, methods=["POST"]),
            Route("/{origin_hash}/checkpoint", checkpoint, methods=["GET"]),
        ],
        exception_handlers={
            HTTPException: _answer,
            ClientDisconnect: _answer,
            DamagedRecord: _answer,
            OSError: _answer,
        },
    )
    app.router.redirect_slashes = False
    return app


async def _body(request: Request, seconds: float) -> bytes:
    """The whole body; a peer that sends too much, or too slowly, is cut off."""
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for part in request.stream():
                body += part
                if len(body) > MAX_BODY_BYTES:
                    raise HTTPException(413, f"a submission has at most {MAX_BODY_BYTES} bytes")
    except TimeoutError:
        raise HTTPException(408, f"the submission did not arrive within {seconds:g} s") from None
    return bytes(body)


async def _answer(_: Request, error: Exception) -> Response:
    match error:
        case HTTPException():
            status, text, headers = error.status_code, error.detail, error.headers
        case ClientDisconnect():
            status, text, headers = 400, "the submission ended too early", None
        case _:
            _log.error("nothing was cosigned: %s", error)
            status, headers = 500, None
            text = "this witness cannot use its records; nothing was cosigned, its operator is told"
    close = {"Connection": "close"} if status in (408, 413) else {}
    return PlainTextResponse(f"{text}\n", status, {**(headers or {}), **close})
