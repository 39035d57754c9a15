"""How roles of ours connect: with their settings, through a small pool that outlives the server."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool, PoolTimeout

from ledger.store.contract import StoreDown
from ledger.store.migrations import NO_LEDGER, SchemaMismatch

CONNECT_TIMEOUT_SECONDS = 5

# A new table has no statistics: without these the look-up by tag becomes a sequential scan, and
# latency grows with the log.
_PLANNER = {"plan_cache_mode": "force_custom_plan", "enable_seqscan": "off"}
_TIMEOUTS = {
    "lock_timeout": "10s",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "30s",
}

T = TypeVar("T")
Connection = psycopg.Connection[Any]


def connection_string(url: str, schema: str, role: str) -> str:
    """How a role of ours connects: its search path, its limits, never more than its rights."""
    settings = {"search_path": schema, "role": role, **_TIMEOUTS, **_PLANNER}
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    return make_conninfo(
        url,
        options=options,
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        application_name=f"mingzhang {role.removeprefix('mingzhang_')}",
    )


def unreachable(conninfo: str, error: Exception) -> StoreDown | SchemaMismatch:
    """What it means that a pool had no connection in time: it keeps the reason to itself, and one
    attempt of our own tells it. Without our roles there is no ledger yet."""
    try:
        psycopg.connect(conninfo).close()
    except psycopg.OperationalError as refused:
        reason = str(refused).strip()
        if 'role "mingzhang_' in reason:
            return SchemaMismatch(NO_LEDGER)
        return StoreDown(reason)
    return StoreDown(str(error).strip())


class Connections:
    """A pool of connections in autocommit, opened when it is first used; any thread may use it."""

    def __init__(self, conninfo: str, most: int) -> None:
        self._conninfo = conninfo
        self._pool = ConnectionPool(
            conninfo,
            min_size=0,
            max_size=most,
            timeout=CONNECT_TIMEOUT_SECONDS,
            kwargs={"autocommit": True},
            open=False,
        )
        self._opening = threading.Lock()

    def working(self, work: Callable[[Connection], T]) -> T:
        """What the work returns, which is done anew where its connection had died; raises
        `StoreDown` or `SchemaMismatch`."""
        with self._opening:
            if self._pool.closed:
                self._pool.open()
        for last_try in (False, True):
            connection = None
            try:
                with self._pool.connection() as connection:
                    return work(connection)
            except (psycopg.OperationalError, PoolTimeout) as error:
                if connection is None:
                    raise unreachable(self._conninfo, error) from error
                if last_try or not connection.closed:
                    raise StoreDown(str(error).strip()) from error
                # After a restart of the server every idle session is dead: all are replaced.
                self._pool.check()
        raise AssertionError("the second try returns or raises")

    def close(self) -> None:
        """Gives up every connection."""
        self._pool.close()
