"""GET /v1/schemas: every kind that can be proposed, with its term, its proposers and its schema."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter
from starlette.responses import Response

from api import contract
from api.problems import Problem
from ledger import catalogue
from ledger.decision import describe

SCHEMA_TYPE = "application/schema+json"


def add_to(routes: APIRouter) -> None:
    """Adds GET /v1/schemas and /v1/schemas/{kind}; public, and the same as long as the code is."""
    routes.add_api_route("/v1/schemas", list_kinds, methods=["GET"], summary="List the kinds")
    routes.add_api_route(
        "/v1/schemas/{kind}",
        schema_of,
        methods=["GET"],
        summary="The JSON Schema (2020-12) of a kind's body",
        response_class=Response,
        responses={200: {"content": {SCHEMA_TYPE: {}}}, **contract.PROBLEMS},
    )


async def list_kinds() -> dict[str, list[dict[str, Any]]]:
    """Every kind, in the order of the catalogue."""
    kinds = [
        {
            "kind": kind,
            "version": cls.version,
            "term": cls.term,
            "proposers": describe(cls.proposers),
            "schema": f"/v1/schemas/{kind}",
        }
        for kind, cls in catalogue.KINDS.items()
    ]
    return {"kinds": kinds}


async def schema_of(kind: str) -> Response:
    """What the body of a proposal of this kind looks like."""
    if kind not in catalogue.KINDS:
        detail = f"kind {kind[:100]!r} is not in the catalogue"
        raise Problem(404, "unknown_kind", detail, "a kind of /v1/schemas", field="kind")
    return Response(orjson.dumps(catalogue.schema(kind)), media_type=SCHEMA_TYPE)
