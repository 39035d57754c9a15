"""A request's body as strict JSON (RFC 8259, I-JSON RFC 7493): bounded, unambiguous, UTF-8."""

from __future__ import annotations

import json
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request

from api.problems import Problem

MAX_DEPTH = 32


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """The raw body of a JSON request; a `Problem` of 413 before more than the limit is read."""
    headers = request.headers
    media_type = headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if media_type != "application/json" or "content-encoding" in headers:
        raise Problem(
            415,
            "not_json",
            f"the body is {headers.get('content-encoding', media_type)}",
            "Content-Type: application/json, without Content-Encoding",
            field="Content-Type",
        )
    declared = headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > limit_bytes:
        raise _too_large(limit_bytes)
    chunks, size = [], 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit_bytes:
                raise _too_large(limit_bytes)
            chunks.append(chunk)
    except ClientDisconnect:
        raise Problem(400, "body_incomplete", "the body ended before its length") from None
    return b"".join(chunks)


def _too_large(limit_bytes: int) -> Problem:
    return Problem(
        413,
        "body_too_large",
        "the body is too large",
        f"at most {limit_bytes} bytes; send a long list in parts",
        headers={"Connection": "close"},  # what is left of the body is not read
    )


def parse(raw: bytes) -> Any:
    """The JSON value; raises a `Problem` of 400 that says where the text is not what it must be."""
    if b"\x00" in raw:
        raise Problem(
            400, "nul_byte", f"byte {raw.index(0)} of the body is NUL", "a text without NUL"
        )
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _malformed(raw, error) from None
    # No more brackets than levels allowed: it cannot be too deep, and most bodies end here.
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH:
        _check_depth(value)
    # Of a name that stands twice the first value is dropped, and its colon with it. Only a colon
    # written as an escape could make up for that.
    if b"\\u" in raw or raw.count(b":") != orjson.dumps(value).count(b":"):
        json.loads(raw, object_pairs_hook=_unambiguous)
    return value


def _malformed(raw: bytes, error: orjson.JSONDecodeError) -> Problem:
    try:
        raw.decode()
    except UnicodeDecodeError as bad:
        return Problem(
            400, "not_utf8", f"byte {bad.start} of the body is not UTF-8", "JSON in UTF-8"
        )
    if "depth" in error.msg:  # orjson gives up at 1,024 levels
        return _too_deep()
    return Problem(
        400,
        "malformed_json",
        f"{error.msg} at line {error.lineno}, column {error.colno}",
        "one JSON object or list",
        line=error.lineno,
        column=error.colno,
    )


def _check_depth(value: Any) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise _too_deep()
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        level = [item for item in below if isinstance(item, dict | list)]


def _too_deep() -> Problem:
    return Problem(
        400, "too_deep", "the JSON is nested too deeply", f"at most {MAX_DEPTH} levels of nesting"
    )


def _unambiguous(pairs: list[tuple[str, Any]]) -> None:
    """Two values under one name: readers differ in which of them they take."""
    names = {name for name, _ in pairs}
    if len(names) < len(pairs):
        given = [name for name, _ in pairs]
        twice = next(name for name in given if given.count(name) > 1)[:100]
        raise Problem(400, "duplicate_name", f"{twice!r} stands twice in one object",
                      "each name once", field=twice)  # fmt: skip
