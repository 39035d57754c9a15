"""Canonical bytes: RFC 8785 JSON of what a record may hold, made with orjson and sorted keys.

orjson's sorted output equals RFC 8785's for ASCII keys, integers below 2^53 and no floats; the
event models admit nothing else, and a property test holds this to the `rfc8785` package.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import rfc8785
from pydantic import BaseModel

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.__dict__
    raise TypeError(f"{type(value).__name__} has no place in a record")


def canonical_json(value: Any) -> bytes:
    """The canonical bytes of dicts with ASCII keys, tuples, texts, integers, dates and models.

    Raises `orjson.JSONEncodeError` (a TypeError) for what no record may hold, a lone surrogate
    among them.
    """
    return orjson.dumps(value, _plain, _OPTIONS)


def canonical_document(value: Any) -> bytes:
    """RFC 8785 of any JSON document, floats and keys beyond ASCII too, by the `rfc8785` package.

    For documents that are not records: it takes many times as long.
    """
    return rfc8785.dumps(value)


def instant(moment: datetime) -> str:
    """RFC 3339 in UTC as records write it: `2026-03-01T08:00:00.123456Z`, no zero fraction."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
