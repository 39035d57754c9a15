"""POST /v1/events: proposals in, and for each what the ledger made of it."""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Connection

from api import problems
from api.auth import Keyring, Principal, Scope
from api.document import read_body
from api.problems import Problem
from api.receipt_links import ReceiptLinks
from api.settings import Limits
from api.submission import Place, proposals
from ledger import catalogue
from ledger.canonical import instant
from ledger.domain.requests.intake import RequestFiled
from ledger.ledger import Answer, Ledger
from ledger.proposal import Proposal
from ledger.refusals import Refused
from ledger.store.contract import Receipt

PATH = "/v1/events"
MAX_KEY_LENGTH = 255
_is_key = re.compile(f"[!-~]{{1,{MAX_KEY_LENGTH}}}").fullmatch
_REPLAYED = {"Idempotency-Replayed": "true"}


class Proposals:
    """The route and what it needs."""

    def __init__(
        self,
        ledger: Ledger,
        keyring: Keyring,
        fingerprint_key: bytes,
        links: ReceiptLinks,
        limits: Limits,
    ) -> None:
        self._ledger = ledger
        self._keyring = keyring
        self._fingerprint_key = fingerprint_key
        self._links = links
        self._limits = limits

    def add_to(self, router: APIRouter) -> None:
        """Adds POST /v1/events, which `contract.propose` describes.

        A plain route: FastAPI's way to the endpoint would solve parameters, and there are none.
        The router knows it so that a 405 names its method; requests come in by `Direct`.
        """
        router.routes.append(Route(PATH, self.post, methods=["POST"]))

    async def post(self, request: Request) -> Response:
        """Appends what is proposed, or says which rule it breaks; nothing is ever stored in part.

        With an `Idempotency-Key` the same body gets the same answer again, for a week.
        """
        principal = await self._keyring.principal(request, Scope.PROPOSE)
        raw = await read_body(request, self._limits.body_bytes)
        receipt = self._receipt(request, principal, raw)
        proposed, is_list = proposals(raw, principal, self._limits.list_events)
        try:
            answers = await self._ledger.propose(proposed, receipt)
        except Refused as error:
            raise _located(error, proposed, is_list) from None
        replayed = answers[0].id != proposed[0].id
        residents: Sequence[str | None] = [None] * len(answers)
        if principal.is_channel:
            # A channel is told under which id its resident acts in this case: to rate it later.
            residents = [proposal.actor.principal for proposal in proposed]
            if replayed:
                residents = await run_in_threadpool(self._residents, answers)
        told = [_told(*both, self._links) for both in zip(answers, residents, strict=True)]
        content = orjson.dumps({"events": told})
        if replayed:
            return Response(content, 200, _REPLAYED, "application/json")
        return Response(content, 201, None, "application/json")

    def _receipt(self, request: Request, principal: Principal, raw: bytes) -> Receipt | None:
        given = request.headers.getlist("idempotency-key")
        if not given:
            return None
        key = given[0]
        if len(given) > 1 or _is_key(key) is None:
            raise Problem(
                400,
                "idempotency_key_malformed",
                "the Idempotency-Key is empty, too long, doubled or not of visible characters",
                f"one key of 1 to {MAX_KEY_LENGTH} visible ASCII characters, such as a UUID",
                field="Idempotency-Key",
            )
        digest = sha256(principal.identity + b"\0" + key.encode()).digest()[:16]
        return Receipt(digest, hmac.digest(self._fingerprint_key, raw, "sha256"))

    def _residents(self, answers: Sequence[Answer]) -> list[str | None]:
        events = self._ledger.store.read(after=answers[0].position - 1, until=answers[-1].position)
        return [catalogue.decode(e.position, e.record).actor.principal for e in events]


class Direct:
    """Middleware that answers POST /v1/events before the router and its layers (ASGI 3.0).

    They do nothing for this route and would take a quarter of an append's processor time. What
    nobody foresaw is left to the application's handler outside of this, which logs it.
    """

    def __init__(self, app: ASGIApp, proposals: Proposals) -> None:
        self._app = app
        self._post = proposals.post

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        try:
            response = await self._post(Request(scope, receive))
        except Exception as error:
            problem = problems.of(error)
            if problem.status == problems.UNFORESEEN:
                raise
            response = problem.response()
        await response(scope, receive, send)


def _told(answer: Answer, resident: str | None, links: ReceiptLinks) -> dict[str, Any]:
    told: dict[str, Any] = {
        "position": answer.position,
        "id": answer.id,
        "kind": answer.kind,
        "tags": answer.tags,
        "recorded_at": instant(answer.recorded_at),
        "leaf": answer.leaf.hex(),
    }
    if answer.kind == RequestFiled.kind:
        told["receipt"] = links.path(answer.position)
    if resident is not None:
        told["resident"] = resident
    return told


def _located(error: Refused, proposed: Sequence[Proposal], is_list: bool) -> Problem:
    """The refusal as a problem that points into the request's body."""
    refusal = error.refusal
    if is_list and refusal.index is None and len(proposed) == 1:
        refusal = refusal.at_index(0)
    if refusal.field is None or (is_list and refusal.index is None):
        return problems.of_refusal(refusal)
    parts = refusal.field.split(".")
    if parts[0] in type(proposed[refusal.index or 0].event).model_fields:
        parts = ["body", *parts]
    return problems.of_refusal(refusal, Place(refusal.index).pointer(*parts))
