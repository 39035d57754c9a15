"""Problem details (RFC 9457) for every answer of 400 and above: what, why, and what would do."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
import psycopg
from fastapi.exceptions import RequestValidationError
from psycopg_pool import PoolClosed, PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ledger.catalogue import UnknownKind
from ledger.refusals import (
    Busy,
    Forbidden,
    IdempotencyConflict,
    Refusal,
    Refused,
    Unavailable,
    WrongState,
)
from ledger.store.contract import StoreDown
from ledger.store.migrations import SchemaMismatch
from ledger.vault.key_encryption import WrongKey
from projections.reading import NotPrepared

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 2
UNFORESEEN = 500
"""The status of what is a defect of ours."""


class Problem(Exception):
    """An answer that says what was refused; raise it anywhere below a route.

    `rule` is a stable name for programs, `field` the dotted name of what is at fault, `pointer`
    its place in the request's body (RFC 6901); `more` are further members.
    """

    def __init__(
        self,
        status: int,
        rule: str,
        detail: str,
        accepted: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.rule = rule
        self.detail = detail
        self.accepted = accepted
        self.headers = dict(headers or {})
        self.more = {name: value for name, value in more.items() if value is not None}

    def members(self) -> dict[str, Any]:
        """The members of the JSON object."""
        members: dict[str, Any] = {
            "type": f"urn:mingzhang:problem:{self.rule}",
            "title": self.rule.replace("_", " ").capitalize(),
            "status": self.status,
            "detail": self.detail,
            "rule": self.rule,
        }
        if self.accepted is not None:
            members["accepted"] = self.accepted
        return {**members, **self.more}

    def response(self) -> Response:
        """The answer itself."""
        headers = {"Cache-Control": "no-store", **self.headers}
        return Response(orjson.dumps(self.members()), self.status, headers, MEDIA_TYPE)


def of_refusal(refusal: Refusal, pointer: str | None = None) -> Problem:
    """403 for who may not, 409 for the wrong state, 422 for everything else."""
    match refusal:
        case Forbidden():
            status = 403
        case WrongState():
            status = 409
        case _:
            status = 422
    return Problem(
        status,
        refusal.rule,
        refusal.reason,
        refusal.accepted,
        field=refusal.field,
        pointer=pointer,
        index=refusal.index,
    )


def of(error: Exception) -> Problem:
    """The problem that tells of any exception; what was not foreseen becomes a bare 500."""
    match error:
        case Problem():
            return error
        case Refused():
            return of_refusal(error.refusal)
        case Busy():
            return _unavailable("queue_full", str(error), error.retry_after_seconds)
        case Unavailable():
            return _unavailable(
                "outcome_unknown" if error.outcome_unknown else "ledger_unavailable",
                str(error),
                accepted="the same proposal again under the same Idempotency-Key: it tells whether "
                "the events were stored, and never stores them twice",
                outcome_unknown=error.outcome_unknown,
            )
        case IdempotencyConflict():
            return _idempotency(error)
        case StoreDown() | PoolTimeout() | PoolClosed() | psycopg.OperationalError():
            return _unavailable("database_down", "the database cannot be reached")
        case WrongKey():  # which one is told to the operator, on /readyz and in the log
            return _unavailable("vault_closed", "the vault's key is not at hand")
        case SchemaMismatch():
            return _unavailable("schema_mismatch", str(error))
        case NotPrepared() | psycopg.errors.UndefinedTable():
            return _unavailable(
                "not_migrated", "the database has no ledger yet: run `mingzhang migrate`"
            )
        case UnknownKind():
            return Problem(422, "unknown_kind", str(error), "a kind of /v1/schemas", field="kind")
        case RequestValidationError():
            return _validation(error)
        case HTTPException():
            return _http(error)
    return Problem(UNFORESEEN, "internal_error", "the server failed; the failure has been logged")


def _unavailable(
    rule: str, detail: str, seconds: int = RETRY_SECONDS, accepted: str | None = None, **more: Any
) -> Problem:
    headers = {"Retry-After": str(seconds)}
    return Problem(
        503, rule, detail, accepted or f"the same again in {seconds} s", headers=headers, **more
    )


def _idempotency(error: IdempotencyConflict) -> Problem:
    if error.in_flight:
        return Problem(
            409,
            "idempotency_key_in_flight",
            "a request with this Idempotency-Key is being answered just now",
            "the same again once it has been answered",
            headers={"Retry-After": "1"},
            field="Idempotency-Key",
        )
    return Problem(
        422,
        "idempotency_key_reused",
        "this Idempotency-Key was used with another body",
        "the body of then, byte for byte, or a new key",
        field="Idempotency-Key",
    )


def _validation(error: RequestValidationError) -> Problem:
    first = error.errors()[0]
    place = [str(part) for part in first["loc"]]
    rule = {"extra_forbidden": "unknown_parameter", "missing": "parameter_missing"}.get(
        first["type"], "invalid_parameter"
    )
    return Problem(422, rule, f"{'.'.join(place)}: {first['msg']}", field=".".join(place[1:]))


def _http(error: HTTPException) -> Problem:
    phrase = HTTPStatus(error.status_code).phrase
    rule = phrase.lower().replace(" ", "_").replace("-", "_")
    accepted = {
        404: "a path of /openapi.json",
        405: "a method of /openapi.json",
    }.get(error.status_code)
    return Problem(error.status_code, rule, error.detail, accepted, headers=error.headers)


HANDLED: tuple[type[Exception], ...] = (
    Problem,
    Refused,
    Busy,
    Unavailable,
    IdempotencyConflict,
    StoreDown,
    PoolTimeout,
    PoolClosed,
    psycopg.OperationalError,
    WrongKey,
    SchemaMismatch,
    NotPrepared,
    psycopg.errors.UndefinedTable,
    UnknownKind,
    RequestValidationError,
    HTTPException,
    Exception,
)
"""What a handler is registered for; everything else is an `Exception` and thereby a 500."""
