"""Connections of the server to read with: a small async pool in a role that only reads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, LiteralString

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout
from starlette.concurrency import run_in_threadpool

from ledger.store.connections import connection_string, unreachable
from ledger.store.contract import StoreDown

PATIENCE_SECONDS = 3.0
"""How long a request waits for a connection before it is answered 503."""


class Readers:
    """Opens with the application and never fails to: connections are made when asked for."""

    def __init__(self, url: str, schema: str, role: str, size: int = 8) -> None:
        self._conninfo = connection_string(url, schema, role)
        self.pool: AsyncConnectionPool[AsyncConnection[Any]] = AsyncConnectionPool(
            self._conninfo,
            min_size=0,
            max_size=size,
            max_waiting=500,
            timeout=PATIENCE_SECONDS,
            # Short: a long back-off would go on after the database has come back.
            reconnect_timeout=PATIENCE_SECONDS,
            kwargs={"autocommit": True},
            # A connection that died with the server is replaced before it is handed out.
            check=AsyncConnectionPool.check_connection,
            open=False,
        )

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        """A connection in autocommit; raises `StoreDown` or `SchemaMismatch` for none in time."""
        try:
            async with self.pool.connection() as connection:
                yield connection
        except PoolTimeout as error:
            raise await run_in_threadpool(unreachable, self._conninfo, error) from error
        except (PoolClosed, psycopg.OperationalError) as error:
            raise StoreDown(str(error).strip()) from error

    async def row(self, statement: LiteralString, parameters: Sequence[Any] = ()) -> Any:
        """The first row, or None."""
        async with self.connection() as connection:
            cursor = await connection.execute(statement, parameters)
            return await cursor.fetchone()
