"""What OpenAPI 3.1 says of routes that read and write raw bytes, made from the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.auth import Scope
from api.settings import Limits
from ledger import catalogue

SECURITY = {
    "apiKey": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, `mz_...`: a principal in an office of an organisation.",
    }
}

_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "rule"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What was refused, and why"},
        "rule": {"type": "string", "description": "A stable name of the rule"},
        "accepted": {"type": "string", "description": "What would be accepted"},
        "field": {"type": "string", "description": "The field at fault, dotted"},
        "pointer": {"type": "string", "format": "json-pointer"},
        "index": {"type": "integer", "description": "The place in the list, from 0"},
    },
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    code: {
        "description": description,
        "content": {"application/problem+json": {"schema": _PROBLEM}},
    }
    for code, description in (
        ("4XX", "Refused: the problem (RFC 9457) names the rule and what would be accepted"),
        ("5XX", "Not available just now: Retry-After says when to try again"),
    )
}

_ANSWER = {
    "type": "object",
    "required": ["events"],
    "properties": {
        "events": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["position", "id", "kind", "tags", "recorded_at", "leaf"],
                "properties": {
                    "position": {"type": "integer", "minimum": 1},
                    "id": {"type": "string", "format": "uuid"},
                    "kind": {"type": "string"},
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "recorded_at": {"type": "string", "format": "date-time"},
                    "leaf": {
                        "type": "string",
                        "pattern": "^[0-9a-f]{64}$",
                        "description": "SHA-256(0x00 || record), the leaf of RFC 6962, in hex",
                    },
                    "receipt": {
                        "type": "string",
                        "description": "Of request_filed: where its resident finds the receipt",
                    },
                    "resident": {
                        "type": "string",
                        "description": "For a channel: the id under which its resident acts here",
                    },
                },
            },
        }
    },
}


def secured(scope: Scope) -> dict[str, Any]:
    """The part of a route's description that names its scope."""
    return {"security": [{"apiKey": [scope.value]}]}


def propose(limits: Limits) -> dict[str, Any]:
    """POST /v1/events: one proposal or a list, each kind with the schema of its body."""
    proposal = {
        "oneOf": [_ref(_component(kind)) for kind in catalogue.KINDS],
        "discriminator": {
            "propertyName": "kind",
            "mapping": {kind: _ref(_component(kind))["$ref"] for kind in catalogue.KINDS},
        },
    }
    proposals = {"type": "array", "items": proposal, "minItems": 1, "maxItems": limits.list_events}
    answer = {"content": {"application/json": {"schema": _ANSWER}}}
    return {
        "summary": "Propose one event or a list, all or nothing",
        "description": "Appends what is proposed, or says which rule it breaks; nothing is ever "
        "stored in part. With an Idempotency-Key the same body gets the same answer again.",
        "operationId": "propose",
        **secured(Scope.PROPOSE),
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "description": "The same key and body get the same answer again, for 7 days",
                "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
            }
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"anyOf": [proposal, proposals]}}},
        },
        "responses": {
            "201": {"description": "Appended", **answer},
            "200": {
                "description": "Appended before under this Idempotency-Key",
                "headers": {"Idempotency-Replayed": {"schema": {"const": "true"}}},
                **answer,
            },
            **PROBLEMS,
        },
    }


def components() -> dict[str, Any]:
    """The schemas of all proposals and of what their bodies refer to."""
    schemas: dict[str, Any] = {}
    for kind, cls in catalogue.KINDS.items():
        schema = dict(catalogue.schema(kind))
        schema.pop("$id")  # a reference below it would else be looked up under that id
        schemas.update(_moved(schema.pop("$defs", {})))
        schemas[_component(kind)] = {
            "type": "object",
            "required": ["kind", "body"],
            "additionalProperties": False,
            "description": cls.term,
            "properties": {
                "kind": {"const": kind},
                "version": {"type": "integer", "minimum": 1, "maximum": cls.version},
                "occurred_at": {"type": "string", "format": "date-time"},
                "cause": {"type": "string", "format": "uuid"},
                "resident": {
                    "type": "string",
                    "description": "By a channel alone, for kinds whose body does not name it",
                },
                "body": _moved(schema),
            },
        }
    return schemas


def _component(kind: str) -> str:
    return f"propose.{kind}"


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _moved(schema: Any) -> Any:
    """The schema with its local definitions looked up among the components."""
    if isinstance(schema, Mapping):
        return {
            name: value.replace("#/$defs/", "#/components/schemas/")
            if name == "$ref"
            else _moved(value)
            for name, value in schema.items()
        }
    if isinstance(schema, list):
        return [_moved(item) for item in schema]
    return schema
