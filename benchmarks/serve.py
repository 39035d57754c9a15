"""The HTTP server of a measurement, in a process of its own: `python -m benchmarks.serve WHAT`.

WHAT is `ledger`, the real application with the settings of MINGZHANG_*, or `validate`, one route
that parses and validates the same body and does nothing else. The first line on stdout is the port.
"""

from __future__ import annotations

import os
import socket
import sys
from typing import Any

import orjson
import uvicorn
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from api.app import create_app
from api.garbage import collect_seldom
from api.settings import Settings
from ledger import catalogue

GRACE_SECONDS = 5


def validating_app() -> FastAPI:
    """POST /v1/events answers 201 to what fits the catalogue; GET /count tells how often it did."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    validated = 0

    async def post(request: Request) -> Response:
        nonlocal validated
        document = orjson.loads(await request.body())
        catalogue.parse(document["kind"], orjson.dumps(document["body"]))
        validated += 1
        return Response(b"{}", 201, None, "application/json")

    async def count(_: Request) -> dict[str, Any]:
        return {"validated": validated}

    app.add_api_route("/v1/events", post, methods=["POST"], response_class=Response)
    app.add_api_route("/count", count, methods=["GET"])
    return app


def main(what: str) -> None:
    """Serves on a free port of the loopback until SIGTERM, configured as `mingzhang up` is."""
    collect_seldom()
    app = validating_app() if what == "validate" else create_app(_settings())
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            limit_concurrency=2_000,
        )
        print(listener.getsockname()[1], flush=True)
        uvicorn.Server(config).run(sockets=[listener])


def _settings() -> Settings:
    return Settings.from_environment(os.environ)


if __name__ == "__main__":
    main(sys.argv[1])
