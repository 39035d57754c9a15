"""The embedded PostgreSQL, started as `mingzhang up` starts it, and fresh places in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ledger.store.embedded import EmbeddedPostgres
from ledger.store.migrations import migrate
from ledger.store.postgres import PostgresStore
from projections.schema import board_schema, public_schema

SETTINGS = (
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_sync_method",
    "shared_buffers",
    "max_wal_size",
    "max_connections",
)
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


class NotDurable(RuntimeError):
    """The server would answer before a commit is on the disk: nothing is measured then."""


class Database:
    """One server, started in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._server = EmbeddedPostgres(directory)
        self.settings: dict[str, str] = {}

    @contextmanager
    def started(self) -> Iterator[Database]:
        """Starts it, and stops it at the end; raises `NotDurable`."""
        with self._server, psycopg.connect(self.url, autocommit=True) as connection:
            for name in SETTINGS:
                row = connection.execute(sql.SQL("show {}").format(sql.Identifier(name))).fetchone()
                assert row is not None
                self.settings[name] = row[0]
            for name, wanted in _DURABLE.items():
                if self.settings[name] != wanted:
                    raise NotDurable(f"{name} is {self.settings[name]}")
            yield self

    @property
    def url(self) -> str:
        """The superuser's URL."""
        return self._server.url()

    @property
    def pid(self) -> int:
        """The postmaster's."""
        pidfile = self._directory / "pgdata" / "postmaster.pid"
        return int(pidfile.read_text().splitlines()[0])

    @property
    def max_clients(self) -> int:
        """How many connections are left for a pool: some are kept back, and we hold a few."""
        return int(self.settings["max_connections"]) - 12

    @contextmanager
    def schema(self, purpose: str) -> Iterator[PostgresStore]:
        """An empty log in a schema of its own, dropped at the end."""
        name = f"bench_{uuid4().hex[:12]}"
        migrate(self.url, name, purpose)
        self.checkpoint()
        store = PostgresStore(self.url, name, purpose)
        try:
            yield store
        finally:
            store.close()
            names = (name, board_schema(name), public_schema(name))
            all_three = sql.SQL(", ").join(map(sql.Identifier, names))
            self._execute(sql.SQL("drop schema if exists {} cascade").format(all_three))

    @contextmanager
    def database(self) -> Iterator[dict[str, Any]]:
        """An empty database of its own, dropped at the end; how to connect, in libpq's words."""
        name = f"bench_{uuid4().hex[:12]}"
        self._execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        self.checkpoint()
        try:
            yield conninfo_to_dict(make_conninfo(self.url, dbname=name))
        finally:
            self._execute(sql.SQL("drop database {} (force)").format(sql.Identifier(name)))

    def checkpoint(self) -> None:
        """So that nobody pays for what was written before."""
        self._execute(sql.SQL("checkpoint"))

    def vacuum(self, schema: str) -> None:
        """So that the server does not do it by itself while something is measured."""
        for table in ("event", "tile"):
            name = sql.Identifier(schema, table)
            self._execute(sql.SQL("vacuum (analyze) {}").format(name))

    def _execute(self, statement: sql.SQL | sql.Composed) -> None:
        with psycopg.connect(
            self.url, autocommit=True, options="-c client_min_messages=warning"
        ) as connection:
            connection.execute(statement)
