"""Appends over the network: our HTTP, a route that only validates, and UmaDB over gRPC.

Server and load each have a process of their own; both ends are on this machine's loopback.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from api.auth import Scope, add_key, mint_token, open_register
from api.settings import Settings
from benchmarks import workload
from benchmarks.database import Database
from benchmarks.in_process import check_stored, running_ledger
from benchmarks.load import Measured, Plan
from ledger.store.postgres import PostgresStore
from projections.schema import prepare

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_SECONDS = 60.0
LOAD_SECONDS = 900.0
"""No load takes longer, and then it is ended."""


class Server(NamedTuple):
    """A process that answers on a port of the loopback."""

    pid: int
    port: int


class NotStarted(RuntimeError):
    """A server ended or stayed silent instead of answering."""


def http(database: Database, clients: int, plan: Plan) -> Measured:
    """POST /v1/events with key and idempotency key: the whole way from socket to commit.

    The server is all of `mingzhang up`: its live projections follow the log meanwhile.
    """
    with (
        tempfile.TemporaryDirectory(prefix="mingzhang-bench-") as folder,
        database.schema("ledger") as store,
    ):
        environment = {
            "MINGZHANG_DATA": folder,
            "MINGZHANG_DATABASE_URL": database.url,
            "MINGZHANG_SCHEMA": store.schema,
        }
        tokens = _prepare(store, Settings.from_environment(environment))
        before = store.size()
        with _http_server("ledger", environment) as server:
            measured = _http_load(server, clients, plan, tokens, database.pid)
            check_stored(store.size() - before, measured)
            return measured


def validate(_: Database, clients: int, plan: Plan) -> Measured:
    """The same requests to a route that parses and validates the body; it refuses nothing."""
    tokens = {"handler": mint_token(), "stranger": mint_token()}
    with _http_server("validate", {}) as server:
        measured = _http_load(server, clients, plan._replace(refuses=False), tokens, None)
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/count") as answer:
            check_stored(json.load(answer)["validated"], measured)
        return measured


def umadb(_: Database, clients: int, plan: Plan) -> Measured:
    """UmaDB's own server as it is started by default: each commit is flushed before the answer."""
    with umadb_server() as server:
        order = {
            "port": server.port,
            "server_pid": server.pid,
            "clients": clients,
            "plan": plan,
        }
        return Measured(**ask("benchmarks.umadb_load", order))


def ask(module: str, order: Mapping[str, Any]) -> dict[str, Any]:
    """Runs a module of ours in a process of its own: an order in, its answer out."""
    done = subprocess.run(
        [sys.executable, "-m", module],
        input=json.dumps(order),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=ROOT,
        timeout=LOAD_SECONDS,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@contextmanager
def umadb_server() -> Iterator[Server]:
    """UmaDB on an empty file of its own."""
    with tempfile.TemporaryDirectory(prefix="mingzhang-bench-") as folder:
        port = _free_port()
        words = "import umadb.umadb_server_cli as server; server.main()"
        arguments = ["--listen", f"127.0.0.1:{port}", "--db-path", f"{folder}/uma.db"]
        with subprocess.Popen(
            [sys.executable, "-c", words, *arguments],
            stdout=subprocess.DEVNULL,
            cwd=ROOT,
        ) as process:
            try:
                _await_port(port, process)
                yield Server(process.pid, port)
            finally:
                _stop(process)


def _prepare(store: PostgresStore, settings: Settings) -> dict[str, str]:
    """Founds the town, opens the requests and makes the keys; the tokens by name."""
    assert settings.database_url is not None
    with closing(settings.vault(settings.database_url)) as vault, running_ledger(store, vault):
        pass
    prepare(settings.database_url, settings.schema)
    tokens = {"handler": mint_token(), "stranger": mint_token()}
    with open_register(settings.database_url, settings.schema) as register:
        for name, actor in (("handler", workload.HANDLER), ("stranger", workload.STRANGER)):
            add_key(register, tokens[name], actor, [Scope.PROPOSE], name)
    return tokens


@contextmanager
def _http_server(what: str, environment: Mapping[str, str]) -> Iterator[Server]:
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.serve", what],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line.strip().isdigit():
                raise NotStarted(f"the server of `{what}` did not start")
            _await_port(int(line), process)
            yield Server(process.pid, int(line))
        finally:
            _stop(process)


def _http_load(
    server: Server, clients: int, plan: Plan, tokens: Mapping[str, str], postgres_pid: int | None
) -> Measured:
    order = {
        "port": server.port,
        "server_pid": server.pid,
        "postgres_pid": postgres_pid,
        "bodies": [workload.http_body(request) for request in workload.request_ids()[:clients]],
        "plan": plan,
        "tokens": tokens,
    }
    return Measured(**ask("benchmarks.http_load", order))


def _stop(process: subprocess.Popen[Any]) -> None:
    process.terminate()
    try:
        process.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_port(port: int, process: subprocess.Popen[Any]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise NotStarted(f"nothing answers on port {port}")


CONTENDERS: Sequence[tuple[str, Any]] = (("http", http), ("validate", validate), ("umadb", umadb))
