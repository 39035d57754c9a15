"""The database is down, goes away, comes back: it is said clearly, and nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from api.settings import Limits, Settings
from ledger.store.embedded import EmbeddedPostgres
from tests.api_server import Server, filed, found, serving, wait_for

HTML = "text/html"


@contextmanager
def own_database(directory: Path) -> Iterator[EmbeddedPostgres]:
    """A server of the test's own, which it may stop."""
    server = EmbeddedPostgres(directory / "postgres")
    server.start()
    try:
        yield server
    finally:
        server.stop()


def test_a_database_that_goes_away_costs_no_acknowledged_event(tmp_path: Path) -> None:
    with own_database(tmp_path) as database:
        settings = Settings(tmp_path / "data", database.url(), limits=Limits(retry_seconds=1.0))
        with serving(settings, found(settings)) as server:
            acknowledged: dict[str, int] = {}
            stopping = threading.Event()
            writer = threading.Thread(target=_write, args=(server, acknowledged, stopping))
            writer.start()
            try:
                wait_for(lambda: len(acknowledged) >= 20)

                database.stop()
                wait_for(lambda: server.get("/readyz").status_code == 503)
                down = server.get("/readyz").json()
                alive = server.get("/healthz")
                refused = server.post("hotline-clerk", filed())
                page = server.get("/", Accept=HTML)
                before = len(acknowledged)
                database.start()
                wait_for(lambda: server.get("/readyz").status_code == 200)
                wait_for(lambda: len(acknowledged) >= before + 20)
            finally:
                stopping.set()
                writer.join()
            stored = _stored(server)

    assert down["rule"] == "database_down"
    assert down["cause"]
    assert alive.status_code == 200
    assert refused.status_code == 503
    assert refused.json()["rule"] in {"database_down", "ledger_unavailable"}
    assert "retry-after" in refused.headers
    assert page.status_code == 503
    assert "暂时读不到" in page.text
    assert "Traceback" not in page.text
    assert len(stored) == len(set(stored))
    assert {request: stored.index(request) for request in acknowledged}.keys() <= set(stored)


@pytest.mark.timeout(180)
def test_a_database_that_is_down_at_the_start_is_said_and_waited_for(tmp_path: Path) -> None:
    with own_database(tmp_path) as database:
        settings = Settings(tmp_path / "data", database.url(), limits=Limits(retry_seconds=1.0))
        tokens = found(settings)
        database.stop()

        with serving(settings, tokens) as server:
            alive = server.get("/healthz")
            ready = server.get("/readyz")
            keyed = server.post("hotline-clerk", filed())
            database.start()
            wait_for(lambda: server.get("/readyz").status_code == 200)
            wait_for(lambda: server.post("hotline-clerk", filed()).status_code == 201)
            wait_for(lambda: server.get("/", Accept=HTML).status_code == 200)

    assert alive.status_code == 200
    assert (ready.status_code, keyed.status_code) == (503, 503)
    assert ready.headers["content-type"] == "application/problem+json"


def test_a_database_without_a_ledger_says_what_to_run(
    postgres_url: str, schema: str, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path, database_url=postgres_url, schema=schema)

    with serving(settings, {"anybody": "mz_" + "A" * 43}) as server:
        answers = [
            server.get("/readyz"),
            server.get("/v1/rankings"),
            server.post("anybody", filed()),
        ]
        page = server.get("/", Accept=HTML)

    for answer in answers:
        assert answer.status_code == 503
        assert "mingzhang migrate" in answer.json()["detail"]
    assert page.status_code == 503


def _write(server: Server, acknowledged: dict[str, int], stopping: threading.Event) -> None:
    """Files requests, each again under its own key until it is acknowledged."""
    number = 0
    with server.client("hotline-clerk") as client:
        while not stopping.is_set():
            name = f"r-outage-{number}"
            try:
                answer = client.post(
                    "/v1/events", json=filed(request=name), headers={"Idempotency-Key": name}
                )
            except httpx.TransportError:
                continue
            if answer.status_code in (200, 201):
                acknowledged[name] = answer.json()["events"][0]["position"]
                number += 1
            else:
                assert answer.status_code == 503
                stopping.wait(0.1)


def _stored(server: Server) -> list[str]:
    """The requests of the writer in the log, in order."""
    query = "/v1/events?limit=10000&kind=request_filed"
    events = server.get(query, "auditor").json()["events"]
    names = [event["record"]["body"]["request"] for event in events]
    return [name for name in names if name.startswith("r-outage-")]
