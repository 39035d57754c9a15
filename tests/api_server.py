"""A real server for tests: uvicorn on a free port, over a real PostgreSQL, with the demo town."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
import uvicorn

from api.app import create_app
from api.auth import Scope, add_key, mint_token, open_register
from api.databases import prepare
from api.demonstration.entry import enter_town
from api.demonstration.keys import enter_keys
from api.demonstration.town import FOUNDER
from api.settings import Settings

JSON = {"Content-Type": "application/json"}
PATIENCE_SECONDS = 60.0


@dataclass
class Server:
    """A running server and its demonstration keys by role."""

    url: str
    tokens: dict[str, str]
    settings: Settings

    def client(self, role: str | None = None, **headers: str) -> httpx.Client:
        """A client with the key of a role, or with none."""
        if role is not None:
            headers["Authorization"] = f"Bearer {self.tokens[role]}"
        return httpx.Client(base_url=self.url, headers=headers, timeout=PATIENCE_SECONDS)

    def post(
        self, role: str | None, document: object, key: str | None = None, **headers: str
    ) -> httpx.Response:
        """Proposes as a role, under an idempotency key or none."""
        if key is not None:
            headers["Idempotency-Key"] = key
        with self.client(role, **headers) as client:
            if isinstance(document, bytes):
                return client.post("/v1/events", content=document, headers=JSON)
            return client.post("/v1/events", json=document)

    def get(self, path: str, role: str | None = None, **headers: str) -> httpx.Response:
        """Reads as a role, or as the public."""
        with self.client(role, **headers) as client:
            return client.get(path)

    def published(self, position: int | None = None) -> datetime:
        """Waits until a position (the log's last one now) has been published; the fixed time."""
        wanted = self.size() if position is None else position

        def as_of() -> dict[str, Any]:
            answer = self.get("/v1/disclosures/process")
            return answer.json().get("as_of", {}) if answer.status_code == 200 else {}

        wait_for(lambda: as_of().get("position", -1) >= wanted)
        return datetime.fromisoformat(as_of()["at"])

    def size(self) -> int:
        """The last position of the log."""
        position: int = self.get("/readyz").json()["position"]
        return position


def found(settings: Settings) -> dict[str, str]:
    """Migrates, enters the demonstration town and its keys; the keys by role."""
    assert settings.database_url is not None
    prepare(settings.database_url, settings.schema)
    enter_town(settings)
    with closing(open_register(settings.database_url, settings.schema)) as register:
        tokens = enter_keys(register, settings.data)
        tokens["town-secretary"] = mint_token()
        add_key(register, tokens["town-secretary"], FOUNDER, [Scope.PROPOSE], "town-secretary")
    return tokens


@contextmanager
def serving(settings: Settings, tokens: dict[str, str]) -> Iterator[Server]:
    """The application in a thread of this process, until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        create_app(settings), log_config=None, access_log=False, lifespan="on",
        timeout_graceful_shutdown=5,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        wait_for(lambda: server.started)
        yield Server(f"http://127.0.0.1:{listener.getsockname()[1]}", tokens, settings)
    finally:
        server.should_exit = True
        thread.join()


def wait_for(condition: Any, patience_seconds: float = PATIENCE_SECONDS) -> None:
    """Waits until the condition holds; fails when it does not in time."""
    deadline = time.monotonic() + patience_seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


def filed(**body: object) -> dict[str, object]:
    """A proposal that the hotline may make."""
    whole = {"community": "committee-riverside", "category": "help", "subject": "noise", **body}
    return {"kind": "request_filed", "body": whole}
