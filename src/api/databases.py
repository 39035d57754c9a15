"""The database that settings name: an operator's, or the embedded one, started for as long."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from api.settings import Settings
from ledger.store.contract import StoreDown
from ledger.store.embedded import EmbeddedPostgres

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
