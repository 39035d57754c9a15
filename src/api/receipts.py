"""Old receipts go: an answer is remembered under its idempotency key for a week, not for ever."""

from __future__ import annotations

import asyncio
import logging

import psycopg

from ledger.store.connections import connection_string
from ledger.store.migrations import WRITER

PAUSE_SECONDS = 600.0
BATCH_RECEIPTS = 1_000

# A few at a time, so that no transaction is long.
_DELETE = """delete from receipt where digest in (
    select digest from receipt
    where recorded_at < clock_timestamp() - make_interval(days => %s) limit %s)"""

_log = logging.getLogger(__name__)


async def sweep(url: str, schema: str, days: int) -> int:
    """Deletes the receipts older than so many days; how many there were."""
    deleted = 0
    conninfo = connection_string(url, schema, WRITER)
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        while True:
            cursor = await connection.execute(_DELETE, [days, BATCH_RECEIPTS])
            deleted += cursor.rowcount
            if cursor.rowcount < BATCH_RECEIPTS:
                return deleted
            await asyncio.sleep(0.05)


async def sweep_for_ever(url: str, schema: str, days: int) -> None:
    """Sweeps now and every ten minutes, until cancelled; a database that is down is tried later."""
    while True:
        try:
            await sweep(url, schema, days)
        except psycopg.Error as error:
            _log.warning("old receipts were not deleted this time: %s", str(error).strip())
        await asyncio.sleep(PAUSE_SECONDS)
