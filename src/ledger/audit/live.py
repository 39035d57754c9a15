"""Reads what `audit_rows` wants from PostgreSQL, on one connection, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, LiteralString

import psycopg

from ledger.audit.kept_tiles import KeptTile
from ledger.audit.records import Examine, examine
from ledger.audit.report import Progress, Report
from ledger.audit.rows import BatchRow, audit_rows
from ledger.store.contract import StoredEvent
from ledger.tlog.tiles import Tile

PAGE_ROWS = 2_000
Connection = psycopg.Connection[Any]

_EVENTS = "select position, kind, tags, record, leaf from event order by position"
# Infinity is no moment that Python knows: it is read as none, which no record has.
_BATCHES = """select first, last, case when isfinite(recorded_at) then recorded_at end, frontier
    from batch order by last"""
_TILES = "select level, index, hashes, root from tile order by level, index"


def audit_database(
    connection: Connection,
    trusted: Sequence[tuple[int, bytes]],
    receipts: Mapping[int, bytes],
    *,
    origin: str | None = None,
    examined: Examine = examine,
    progress: Progress = lambda done, total: None,
) -> Report:
    """Audits the log in the connection's search path, in the caller's transaction.

    That is to be `repeatable read`, so that rows, batches and tiles are those of one moment.
    """
    return audit_rows(
        (StoredEvent(one[0], one[1], tuple(one[2]), one[3], one[4])
         for one in _rows(connection, "audited_events", _EVENTS)),
        (BatchRow(*one) for one in _rows(connection, "audited_batches", _BATCHES)),
        (
            KeptTile(Tile(level, index), hashes, root)
            for level, index, hashes, root in _rows(connection, "audited_tiles", _TILES)
        ),
        trusted,
        receipts,
        origin=origin,
        examined=examined,
        progress=progress,
    )  # fmt: skip


def _rows(connection: Connection, name: str, statement: LiteralString) -> Iterator[tuple[Any, ...]]:
    """The rows of a statement, page by page through a cursor of the server."""
    with connection.cursor(name, binary=True) as cursor:
        cursor.itersize = PAGE_ROWS
        yield from cursor.execute(statement)
