"""The shortcut past the router: what it takes, what it lets pass, and whose defects it keeps."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from api.problems import Problem
from api.propose import Direct


class _Handler:
    """Stands in for `Proposals`: answers, or raises what it was given."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    async def post(self, request: Request) -> Response:
        if self._error is not None:
            raise self._error
        return PlainTextResponse("direct", 201)


def asked(method: str, path: str, error: Exception | None = None) -> httpx.Response:
    handler: Any = _Handler(error)
    transport = httpx.ASGITransport(Direct(PlainTextResponse("application"), handler))

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://ledger") as client:
            return await client.request(method, path)

    return asyncio.run(ask())


def test_an_append_is_answered_before_the_application() -> None:
    assert asked("POST", "/v1/events").text == "direct"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/events"), ("PUT", "/v1/events"), ("POST", "/v1/events/")]
)
def test_every_other_request_is_the_application_s(method: str, path: str) -> None:
    assert asked(method, path).text == "application"


def test_what_is_refused_is_answered_with_its_problem() -> None:
    answer = asked("POST", "/v1/events", Problem(409, "wrong_stage", "it is cleared"))

    assert (answer.status_code, answer.json()["rule"]) == (409, "wrong_stage")
    assert answer.headers["content-type"] == "application/problem+json"


def test_what_nobody_foresaw_is_left_to_the_application_s_handler() -> None:
    with pytest.raises(ZeroDivisionError):
        asked("POST", "/v1/events", ZeroDivisionError())
