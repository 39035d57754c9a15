"""Bulk append, lists of 1,000 through the plain door, beside binary COPY of the very same rows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

import psycopg
import uvloop
from eventsourcing.dcb.api import DCBEvent
from psycopg import sql

from benchmarks import workload
from benchmarks.database import Database
from benchmarks.load import WrongOutcome
from ledger.store.dcb import DCBDoor
from ledger.store.postgres import PostgresStore

LIST_EVENTS = 1_000
LISTS_IN_FLIGHT = 4
EVENTS_PER_REQUEST = 20
_COPY_OUT = """copy (select position, kind, tags, record, leaf from {}.event
    where position between {} and {} order by position) to stdout (format binary)"""
_COPY_IN = "copy {}.event (position, kind, tags, record, leaf) from stdin (format binary)"
_COUNT = "select count(*) from {}.event"


class BulkPlan(NamedTuple):
    """How many events; a whole number of lists."""

    events: int


class Bulk(NamedTuple):
    """What was stored, and how fast."""

    events: int
    seconds: float
    events_per_second: float


def door(database: Database, plan: BulkPlan) -> Bulk:
    """Lists of 1,000 with a few on their way, as an import sends them; every batch is durable."""
    with _filled(database, plan) as (store, seconds):
        return _checked(plan.events, store.size(), seconds)


def copy_once(database: Database, plan: BulkPlan) -> Bulk:
    """One COPY in one transaction, rows encoded beforehand: as fast as the table takes them."""
    return _copy(database, plan, plan.events)


def copy_lists(database: Database, plan: BulkPlan) -> Bulk:
    """The same rows, a COPY and a durable transaction for every 1,000."""
    return _copy(database, plan, LIST_EVENTS)


def _copy(database: Database, plan: BulkPlan, rows_per_transaction: int) -> Bulk:
    with _filled(database, plan) as (source, _):
        pieces = [
            _rows(database, source, numbers)
            for numbers in _ranges(plan.events, rows_per_transaction)
        ]
    with database.schema("dcb") as store:
        name = sql.Identifier(store.schema)
        with psycopg.connect(database.url, autocommit=True) as connection:
            began = time.perf_counter()
            for piece in pieces:
                with connection.cursor().copy(sql.SQL(_COPY_IN).format(name)) as copy:
                    copy.write(piece)
            seconds = time.perf_counter() - began
            row = connection.execute(sql.SQL(_COUNT).format(name)).fetchone()
        assert row is not None
        return _checked(plan.events, int(row[0]), seconds)


@contextmanager
def _filled(database: Database, plan: BulkPlan) -> Iterator[tuple[PostgresStore, float]]:
    """A log with the events, and how long it took to append them through the door."""
    lists = [
        [workload.plain_event(f"case-{number // EVENTS_PER_REQUEST}", number) for number in numbers]
        for numbers in _ranges(plan.events, LIST_EVENTS)
    ]
    with database.schema("dcb") as store:
        opened = DCBDoor(store)
        opened.start()
        with closing(opened):
            yield store, uvloop.run(_append(opened, lists))


async def _append(door_: DCBDoor, lists: Sequence[list[DCBEvent]]) -> float:
    waiting = iter(lists)

    async def client() -> None:
        for events in waiting:
            await door_.append_async(events)

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(LISTS_IN_FLIGHT)))
    return time.perf_counter() - began


def _rows(database: Database, source: PostgresStore, numbers: range) -> bytes:
    """Rows as PostgreSQL itself encodes them for COPY."""
    statement = sql.SQL(_COPY_OUT).format(sql.Identifier(source.schema), numbers[0], numbers[-1])
    with (
        psycopg.connect(database.url) as connection,
        connection.cursor().copy(statement) as copy,
    ):
        return b"".join(bytes(piece) for piece in copy)


def _ranges(events: int, length: int) -> Iterator[range]:
    """Positions from 1, cut into lists."""
    return (range(first, min(first + length, events + 1)) for first in range(1, events + 1, length))


def _checked(wanted: int, found: int, seconds: float) -> Bulk:
    if found != wanted:
        raise WrongOutcome(f"{found} events in the log where {wanted} were stored")
    return Bulk(wanted, seconds, wanted / seconds)


CONTENDERS: Sequence[tuple[str, Any]] = (
    ("door", door),
    ("copy_once", copy_once),
    ("copy_lists", copy_lists),
)
