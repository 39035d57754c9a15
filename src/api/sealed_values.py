"""POST /v1/sealed-values/readings: one reading of sealed values, on the access log before it is
answered."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api import contract
from api.auth import Keyring, Principal, Scope
from api.problems import Problem
from ledger.access.reading import ReadingPurpose
from ledger.domain.privacy.subjects import FieldName, Subject
from ledger.event import Actor, Id
from ledger.refusals import Unavailable
from ledger.vault.opening import Opener, Question, Read

# What is read here stands in no cache, of ours or of anybody's.
_HEADERS = {"Cache-Control": "no-store", "Vary": "Authorization"}


class Asked(BaseModel):
    """What sealed values are asked for, and what for."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    subject: Subject
    """Whose values, such as `request:…`."""
    purpose: ReadingPurpose
    """What they are needed for; what it does not need is refused."""
    event: Id | None = None
    """The id of the event in which they stand; all of the subject's events, if not given."""
    field: FieldName | None = None
    """The one field that is needed; all of them, if not given."""
    reference: Annotated[str, StringConstraints(pattern=r"^[^\s\x00-\x1f\x7f]{1,64}$")] | None = (
        None
    )
    """The number of the document that asks for it (文号)."""
    resident: Id | None = None
    """Through a channel: the subject's own random id in that context."""


class SealedValues:
    """The route and what it needs."""

    def __init__(self, opener: Opener, keyring: Keyring) -> None:
        self._opener = opener
        self._keyring = keyring

    def add_to(self, router: APIRouter) -> None:
        """Adds POST /v1/sealed-values/readings."""
        router.add_api_route(
            "/v1/sealed-values/readings",
            self.read,
            methods=["POST"],
            summary="Read sealed values",
            response_class=Response,
            responses={200: {"content": {"application/json": {}}}, **contract.PROBLEMS},
        )

    async def read(self, request: Request, asked: Annotated[Asked, Body()]) -> Response:
        """Values of one subject for one purpose, with the corrections that stand for them.

        Who reads, whose values, which and what for is on the access log before this answers, and
        so is a refusal. A value that is damaged says so and hinders no other.
        """
        principal = await self._keyring.principal(request, Scope.OPEN)
        question = Question(
            _actor(principal, asked.resident),
            asked.purpose,
            asked.subject,
            asked.event,
            asked.field,
            asked.reference,
        )
        try:
            found = await run_in_threadpool(self._opener.read, question)
        except Unavailable as error:
            raise Problem(
                503,
                "reading_not_recorded",
                "the access log takes nothing just now",
                "the same again in a moment",
                headers={"Retry-After": "2"},
            ) from error
        document = {"subject": asked.subject, "values": [_shown(one) for one in found]}
        return Response(orjson.dumps(document), 200, _HEADERS, "application/json")


def _actor(principal: Principal, resident: str | None) -> Actor:
    if principal.is_channel:
        if resident is None:
            raise Problem(422, "field_missing", "a channel names its resident",
                          "the subject's random id in that context", field="resident")  # fmt: skip
        return principal.actor._replace(principal=resident)
    if resident is not None:
        raise Problem(422, "not_a_channel", "only a channel's key reads for a resident",
                      "no resident", field="resident")  # fmt: skip
    return principal.actor


def _shown(one: Read) -> dict[str, Any]:
    event, field = one.held.stands_for
    return {
        "position": one.held.position,
        "kind": one.held.kind,
        "event": event,
        "field": field,
        "held_for": one.held.place.held_for.value,
        "value": None if one.opened is None else one.opened.value,
        "problem": one.problem,
        "current": one.is_current,
    }
