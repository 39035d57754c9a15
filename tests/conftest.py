"""What every test may ask for: a real PostgreSQL."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from api.settings import Settings
from ledger.ledger import Ledger
from ledger.store.contract import Store
from ledger.store.embedded import EmbeddedPostgres
from ledger.store.memory import MemoryStore
from ledger.store.migrations import migrate
from ledger.store.postgres import PostgresStore
from tests import torture_report
from tests.api_server import Server, found, serving
from tests.quick_times import quick_times
from tests.vaults import memory_vault


@pytest.fixture(scope="session", autouse=True)
def _quick_times() -> Iterator[None]:
    """A minute of the fixed times lasts a second: nobody wants to wait for publications."""
    with quick_times():
        yield


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The superuser's URL of a real server, which the tests of one process share.

    It is the server of MINGZHANG_DATABASE_URL where that is set, else an embedded one, made for
    the session and deleted after it. A test makes a schema or a database of its own in it.
    """
    given = os.environ.get("MINGZHANG_DATABASE_URL")
    if given:
        yield given
        return
    directory = Path(tempfile.mkdtemp(prefix="mingzhang-tests-"))
    try:
        with EmbeddedPostgres(directory) as server:
            yield server.url()
    finally:
        shutil.rmtree(directory)


@pytest.fixture(scope="module")
def server(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running API with the demonstration town, which the tests of one file share."""
    name = f"test_{uuid4().hex[:12]}"
    data = tmp_path_factory.mktemp("data")
    settings = Settings(data=data, database_url=postgres_url, schema=name)
    with serving(settings, found(settings)) as running:
        running.published()
        yield running
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            f"drop schema if exists {name}, {name}_board, {name}_public, {name}_access cascade"
        )


def _schemas(name: str) -> str:
    return ", ".join((name, *(f"{name}_{suffix}" for suffix in ("board", "public", "access"))))


@pytest.fixture
def schema(postgres_url: str) -> Iterator[str]:
    """The name of a schema that does not exist yet; it is dropped after the test."""
    name = f"test_{uuid4().hex[:12]}"
    yield name
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            f"drop schema if exists {name}, {name}_board, {name}_public, {name}_access cascade"
        )


@pytest.fixture
def postgres_store(postgres_url: str, schema: str) -> Iterator[PostgresStore]:
    """An empty log for the ledger, in a schema of its own."""
    migrate(postgres_url, schema)
    store = PostgresStore(postgres_url, schema)
    yield store
    store.close()


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> Store:
    """An empty log, in memory and in PostgreSQL: one contract."""
    if request.param == "memory":
        return MemoryStore()
    postgres: PostgresStore = request.getfixturevalue("postgres_store")
    return postgres


@pytest.fixture
def ledger(store: Store) -> Iterator[Ledger]:
    """A running ledger on each store, empty."""
    running = Ledger(store, memory_vault())
    running.start()
    yield running
    running.close()


@pytest.fixture
def memory_ledger() -> Iterator[Ledger]:
    """A running ledger in memory, empty: for rules, which know nothing of stores."""
    running = Ledger(MemoryStore(), memory_vault())
    running.start()
    yield running
    running.close()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """After the long tests at their full counts: their result goes to docs/torture.md."""
    config = terminalreporter.config
    chosen = (config.option.markexpr, config.option.keyword, config.args_source.name)
    if os.environ.get("MINGZHANG_TORTURE") != "full" or chosen != ("torture", "", "TESTPATHS"):
        return  # some of the long tests alone are not their result
    found = [
        report
        for outcome in ("failed", "passed")
        for report in terminalreporter.stats.get(outcome, ())
        if report.when == "call"
    ]
    if found:
        torture_report.write_report(found, torture_report.now())
