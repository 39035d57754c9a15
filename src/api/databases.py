"""The database that settings name: an operator's, or the embedded one, started for as long."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from api.settings import Settings
from ledger.access.log import PURPOSE, SCHEMA_SUFFIX
from ledger.store.contract import StoreDown
from ledger.store.embedded import EmbeddedPostgres
from ledger.store.migrations import migrate
from projections.schema import prepare as prepare_board

PATIENCE_SECONDS = 30.0


@contextmanager
def database(settings: Settings, patience_seconds: float = PATIENCE_SECONDS) -> Iterator[str]:
    """The URL of a server that answers; raises `StoreDown` or EmbeddedPostgresError.

    The embedded server ends with the last process that uses it.
    """
    if settings.database_url is not None:
        _await(settings.database_url, patience_seconds)
        yield settings.database_url
        return
    settings.data.mkdir(parents=True, exist_ok=True)
    with EmbeddedPostgres(settings.data / "postgres") as server:
        yield server.url()


def prepare(url: str, schema: str) -> list[str]:
    """Brings ledger, access log and board to this version's schemas; the names of what was applied.

    `url` is that of a login that may create roles and schemas.
    """
    applied = migrate(url, schema)
    applied += [f"access log: {name}" for name in migrate(url, schema + SCHEMA_SUFFIX, PURPOSE)]
    prepare_board(url, schema)
    return applied


def _await(url: str, patience_seconds: float) -> None:
    """Tries to connect, ever more slowly, until the time is over."""
    deadline = time.monotonic() + patience_seconds
    pause = 0.2
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError as error:
            if time.monotonic() + pause > deadline:
                reason = str(error).strip().splitlines()[-1]
                raise StoreDown(f"the database of MINGZHANG_DATABASE_URL: {reason}") from error
            time.sleep(pause)
            pause = min(pause * 2, 5.0)
        else:
            return
