"""The application: everything is wired together here, and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from typing import Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Lifespan

from api import contract, problems, schemas
from api.auth import Keyring
from api.board import Board, wants_page
from api.feed import Feed
from api.freshness import Freshness
from api.health import Health
from api.problems import Problem
from api.propose import Direct, Proposals
from api.readers import Readers
from api.receipts import sweep_for_ever
from api.settings import Limits, Settings, WrongSetting
from api.transparency import Transparency
from api.views import Views
from ledger.ledger import Ledger
from ledger.notary import Notary
from ledger.personal import Vault
from ledger.sequencer import Limits as QueueLimits
from ledger.signing import CheckpointSigner, Nobody
from ledger.store.postgres import PostgresStore
from ledger.timekeeper import Timekeeper
from projections.dues import Dues
from projections.live import Live
from projections.schema import board_schema


def create_app(settings: Settings) -> FastAPI:
    """The server's application on the database of `settings.database_url`.

    Nothing connects before it is asked for, so that it starts while the database is down, says so
    on /readyz, and recovers by itself. Raises `WrongSetting` without a URL: who has none starts
    the embedded server first (`api.databases`).
    """
    if settings.database_url is None:
        raise WrongSetting("the application needs the URL of a database that runs")
    url, schema, limits = settings.database_url, settings.schema, settings.limits
    store = PostgresStore(url, schema)
    ledger = Ledger(
        store,
        Vault(settings.vault_key()),
        QueueLimits(queue_events=settings.queue_events, retry_seconds=limits.retry_seconds),
    )
    readers = Readers(url, schema)
    board_readers = Readers(url, board_schema(schema))
    keyring = Keyring(readers, limits.key_cache_seconds)
    freshness = Freshness(board_readers, limits.min_position_seconds)
    live = Live(store, url, schema)
    board = Board(board_readers, freshness)
    timekeeper = Timekeeper(ledger, Dues(url, schema))
    signer = CheckpointSigner(url, schema, settings.signing_keys(), settings.mark(), Nobody())
    notary = Notary(store, signer)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await readers.pool.open()
        await board_readers.pool.open()
        ledger.start()
        live.start()
        timekeeper.start()
        notary.start()
        sweeper = asyncio.create_task(sweep_for_ever(url, schema, limits.receipt_days))
        try:
            yield
        finally:
            sweeper.cancel()
            with suppress(asyncio.CancelledError):
                await sweeper
            await run_in_threadpool(timekeeper.close)
            await run_in_threadpool(notary.close)
            await run_in_threadpool(ledger.close)
            await run_in_threadpool(live.close)
            await board_readers.pool.close()
            await readers.pool.close()
            await run_in_threadpool(store.close)

    app = _application(lifespan, board, limits)
    # Added to the one router, not included as routers of their own: a 405 then finds all methods.
    proposals = Proposals(ledger, keyring, settings.fingerprint_key(), limits)
    proposals.add_to(app.router)
    app.add_middleware(Direct, proposals=proposals)
    Feed(ledger, keyring, limits).add_to(app.router)
    schemas.add_to(app.router)
    Views(board_readers, freshness).add_to(app.router)
    Transparency(store, notary, keyring).add_to(app.router)
    Health(store, board_readers, live, timekeeper, notary).add_to(app.router)
    board.add_to(app.router)
    return app


def _application(lifespan: Lifespan[FastAPI], board: Board, limits: Limits) -> FastAPI:
    """An application without routes, which answers every error with a problem."""
    app = FastAPI(
        title="Mingzhang 明账",
        summary="A ledger of what a community was promised, what was done, and how it was judged",
        version=_version(),
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=lifespan,
        docs_url=None,  # its page loads scripts from other hosts
        redoc_url=None,
        redirect_slashes=False,
    )

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = FastAPI.openapi(app)
            components = document.setdefault("components", {})
            components.setdefault("schemas", {}).update(contract.components())
            components["securitySchemes"] = contract.SECURITY
            document["paths"]["/v1/events"]["post"] = contract.propose(limits)
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it

    async def answer(request: Request, error: Exception) -> Response:
        problem = problems.of(error)
        if problem.status == 405:
            _name_allowed(app, request, problem)
        return board.apology(problem) if wants_page(request) else problem.response()

    for handled in problems.HANDLED:
        app.add_exception_handler(handled, answer)
    return app


def _name_allowed(app: FastAPI, request: Request, problem: Problem) -> None:
    """A refused method is told of all that the path allows, whichever route serves them."""
    allowed = {
        method
        for route in app.routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is Match.PARTIAL
        for method in route.methods or ()
    }
    problem.headers["Allow"] = ", ".join(sorted(allowed))
    problem.accepted = f"one of {problem.headers['Allow']}"


def _version() -> str:
    try:
        return version_of("mingzhang")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "0"
