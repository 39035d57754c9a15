"""A log that is broken on purpose: positions from a plain sequence, and no lock.

A sequence gives its numbers when a row is written, not when it is committed: a reader that follows
by position passes over what commits late, and what rolls back leaves a gap.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from random import Random
from typing import Any

import psycopg
from eventsourcing.dcb.api import DCBQuery
from psycopg_pool import AsyncConnectionPool

from ledger.store.contract import PAGE_EVENTS, StoredEvent
from ledger.tlog.merkle import leaf_hash

CREATE = """create table plain (
    position bigserial primary key, kind text not null, tags text[] not null,
    record bytea not null, leaf bytea not null)"""
_INSERT = "insert into plain (kind, tags, record, leaf) values (%s, %s, %s, %s) returning position"
_READ = """select position, kind, tags, record, leaf from plain
    where position > %s and position <= %s order by position limit %s"""
_SIZE = "select coalesce(max(position), 0) from plain"


class SequenceStore:
    """What a reader sees of the broken log: the reading half of `Store`."""

    def __init__(self, url: str) -> None:
        self._connection: psycopg.Connection[Any] = psycopg.connect(url, autocommit=True)

    def size(self) -> int:
        row = self._connection.execute(_SIZE).fetchone()
        return int(row[0]) if row else 0

    def read(
        self,
        query: DCBQuery | None = None,
        *,
        after: int = 0,
        limit: int | None = None,
        until: int | None = None,
    ) -> Iterator[StoredEvent]:
        end = self.size() if until is None else until
        while rows := self._connection.execute(_READ, [after, end, PAGE_EVENTS]).fetchall():
            for position, kind, tags, record, leaf in rows:
                yield StoredEvent(position, kind, tuple(tags), record, leaf)
            after = rows[-1][0]

    def wait(self, after: int, timeout_seconds: float) -> bool:
        deadline = time.monotonic() + timeout_seconds
        while self.size() <= after:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.005)
        return True

    def close(self) -> None:
        self._connection.close()


class SequenceAppender:
    """Appends to the broken log on several connections at once; one in ten rolls back."""

    def __init__(self, url: str, random: Random) -> None:
        self._pool = AsyncConnectionPool(url, min_size=4, max_size=8, open=False)
        self._random = random

    async def open(self) -> None:
        await self._pool.open()

    async def append(self, record: bytes) -> tuple[int, bytes] | None:
        """The position and leaf of the one event, or None where it was rolled back."""
        leaf = leaf_hash(record)
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_INSERT, ["noted", [], record, leaf])
            row = await cursor.fetchone()
            assert row is not None
            await asyncio.sleep(self._random.uniform(0, 0.01))
            if self._random.random() < 0.1:
                await connection.rollback()
                return None
        return int(row[0]), leaf

    async def close(self) -> None:
        await self._pool.close()
