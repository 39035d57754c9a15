"""The application: everything is wired together here, and nowhere else."""

from __future__ import annotations

from functools import partial
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Lifespan

from api import contract, problems, schemas
from api.access_feed import AccessFeed
from api.agents import Services
from api.auth import Keyring
from api.board import Board, wants_page
from api.cooperation import Cooperation
from api.disclosures import Disclosures
from api.feed import Feed
from api.freshness import Freshness
from api.funds import Funds
from api.health import Health
from api.history import History
from api.method import Method
from api.participation import Participation
from api.problems import Problem
from api.propose import Direct, Proposals
from api.rating import Rating
from api.receipt_links import ReceiptLinks
from api.resident_receipts import ResidentReceipts, Trusted
from api.running import Running, make_running
from api.sealed_values import SealedValues
from api.settings import Limits, Settings
from api.signed import Signatures
from api.statements import Statements
from api.transparency import ACCESS_LOG, LEDGER_LOG, Proofs, Transparency
from api.views import Views
from api.volunteering import Volunteering
from api.who_looked import WhoLooked
from api.windows import Windows


def create_app(settings: Settings) -> FastAPI:
    """The server's application on the database of `settings.database_url`.

    Nothing connects before it is asked for, so that it starts while the database is down, says so
    on /readyz, and recovers by itself. Raises `WrongSetting` without a URL: who has none starts
    the embedded server first (`api.databases`).
    """
    running, limits = make_running(settings), settings.limits
    store, ledger, access = running.store, running.ledger, running.access
    keyring = Keyring(running.readers, limits.key_cache_seconds)
    freshness = Freshness(running.board_readers, limits.min_position_seconds)
    signatures = Signatures(store, running.notary, running.policy)
    names = running.names.of
    board = Board(running.public_readers, running.board_readers, freshness, signatures, names)
    links = ReceiptLinks(settings.receipt_key())
    proposals = Proposals(ledger, keyring, settings.fingerprint_key(), links, limits)
    proofs = Proofs(store, running.notary)
    trusted = partial(_trusted, running)
    receipts = ResidentReceipts(store, links, proofs, board, trusted, settings.public_url)

    app = _application(running.lifespan, board, limits)
    app.add_middleware(Direct, proposals=proposals)
    # Added to the one router, not included as routers of their own: a 405 then finds all methods.
    for routes in (
        proposals,
        Feed(ledger, keyring, limits),
        schemas,
        Views(running.public_readers, running.board_readers, freshness, keyring, names),
        Funds(running.public_readers, freshness, board),
        History(store, keyring),
        Rating(running.public_readers, freshness, board, names),
        Participation(running.public_readers, freshness, board),
        Volunteering(running.public_readers, freshness, board),
        Services(running.public_readers, freshness, board),
        Cooperation(running.public_readers, freshness, board),
        Windows(running.public_readers, freshness, board),
        Disclosures(running.public_readers, freshness, board),
        Transparency(LEDGER_LOG, store, proofs, keyring),
        Transparency(ACCESS_LOG, access.store, Proofs(access.store, access.notary), keyring),
        SealedValues(running.opener, keyring),
        AccessFeed(access.log, keyring, limits),
        receipts,
        WhoLooked(access.log, receipts, board),
        Statements(store, running.public_readers, freshness, proofs),
        Method(board),
        Health(running, signatures),
        board,
    ):
        routes.add_to(app.router)
    return app


def _trusted(running: Running) -> Trusted:
    """The public keys with which a resident's browser checks a receipt."""
    signers = running.settings.signing_keys().load()
    witnesses = running.policy.witnesses if running.policy else ()
    return Trusted(
        tuple(signer.key for signer in signers), tuple(witness.key for witness in witnesses)
    )


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
