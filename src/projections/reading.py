"""Reading the views: one moment, named by position and time, for every figure of an answer.

All reading functions are the one place where what is shown can be withheld: no page and no route
queries a view by itself. They take a connection in the public role whose search path is the
board's schema (`connection_string(url, board_schema(schema), PUBLIC)`), in autocommit.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from types import MappingProxyType
from typing import Any, TypeVar

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.pq import TransactionStatus
from psycopg.rows import class_row

MAX_PAGE = 200
MAX_GROUPS = 10_000
"""More groups than a town has; a bound on what one answer may hold."""

T = TypeVar("T")

_POSITION = """select coalesce(min(position), 0) from projection
    where name = any(%(names)s::text[]) or (%(names)s::text[] = '{}' and error is null)"""
_STATUS = """select name, version, generation, position, recorded_at, failed_position, failed_at,
    error from projection order by name"""
_AS_OF = "select position, recorded_at, clock_timestamp() as at from projection where name = %s"


class NotPrepared(Exception):
    """The views are not there yet: `projections.schema.prepare` makes them."""


@dataclass(frozen=True, slots=True)
class AsOf:
    """The moment that figures are of: the log up to a position, judged at a time.

    `recorded_at` is when the event at the position was recorded, None for an empty log. `at` is
    the time for which overdue and the like are judged: now, unless another was asked for.
    """

    position: int
    recorded_at: datetime | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Rate:
    """A share that is shown with what it is made of; a denominator of 0 has no share."""

    numerator: int
    denominator: int


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something took or takes, in minutes, over `count` cases; None without any."""

    count: int
    median_minutes: int | None
    p90_minutes: int | None


@dataclass(frozen=True, slots=True)
class ProjectionStatus:
    """How far a projection is, and what stopped it; `error` is None while it goes on."""

    name: str
    version: int
    generation: int
    position: int
    recorded_at: datetime | None
    failed_position: int | None
    failed_at: datetime | None
    error: str | None


async def position(connection: AsyncConnection[Any], *names: str) -> int:
    """The position up to which all the named projections show the log.

    Without names: all that are not stopped, so that nobody waits for one that stands still.
    """
    try:
        cursor = await connection.execute(_POSITION, {"names": list(names)})
    except psycopg.errors.UndefinedTable as error:
        raise NotPrepared(str(error)) from error
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def status(connection: AsyncConnection[Any]) -> tuple[ProjectionStatus, ...]:
    """How every projection stands, by name; raises `NotPrepared`."""
    try:
        async with connection.cursor(row_factory=class_row(ProjectionStatus)) as cursor:
            await cursor.execute(_STATUS)
            return tuple(await cursor.fetchall())
    except psycopg.errors.UndefinedTable as error:
        raise NotPrepared(str(error)) from error


class Snapshot:
    """All reads of one answer: they see one moment of the views, whatever happens meanwhile."""

    def __init__(self, connection: AsyncConnection[Any], as_of: AsOf) -> None:
        self.as_of = as_of
        self._connection = connection

    async def all(
        self,
        shape: type[T],
        statement: str,
        values: Mapping[str, Any] = MappingProxyType({}),
        limit: int = MAX_GROUPS,
    ) -> tuple[T, ...]:
        """The rows of a statement, at most `limit`; the columns are named as the shape's fields.

        In it `%(at)s` is the moment at which time is judged and `%(limit)s` the limit.
        """
        # psycopg would send a member of an enumeration by its name.
        plain = {k: v.value if isinstance(v, Enum) else v for k, v in values.items()}
        parameters = {**plain, "at": self.as_of.at, "limit": limit}
        async with self._connection.cursor(row_factory=class_row(shape)) as cursor:
            await cursor.execute(statement.encode(), parameters)
            return tuple(await cursor.fetchall())

    async def one(self, shape: type[T], statement: str, values: Mapping[str, Any]) -> T | None:
        """The only row, or None."""
        rows = await self.all(shape, statement, values)
        return rows[0] if rows else None


@asynccontextmanager
async def snapshot(
    connection: AsyncConnection[Any], name: str, tables: tuple[str, ...], at: datetime | None
) -> AsyncIterator[Snapshot]:
    """One moment of a projection's tables, or, within `one_moment`, that one; raises
    `NotPrepared`."""
    within = connection.info.transaction_status is TransactionStatus.INTRANS
    async with nullcontext() if within else one_moment(connection, tables):
        cursor = await connection.execute(_AS_OF, [name])
        row = await cursor.fetchone()
        if row is None:
            raise NotPrepared(f"projection {name} is not in the database")
        moment = row[2] if at is None else at
        recorded_at = None if row[1] is None else row[1].astimezone(UTC)
        yield Snapshot(connection, AsOf(row[0], recorded_at, moment.astimezone(UTC)))


@asynccontextmanager
async def one_moment(
    connection: AsyncConnection[Any], tables: Iterable[str]
) -> AsyncIterator[None]:
    """All that is read of these tables, by however many snapshots, is of one moment."""
    try:
        async with connection.transaction():
            await connection.execute(_begin(tables))
            yield
    except psycopg.errors.UndefinedTable as error:
        raise NotPrepared(str(error)) from error


def bounded(limit: int) -> int:
    """A page's limit within 1 to MAX_PAGE."""
    return max(1, min(limit, MAX_PAGE))


def _begin(tables: Iterable[str]) -> sql.Composed:
    # The locks come before the snapshot: else a rebuild that swaps its tables in between would
    # show new tables, which an older snapshot sees empty. In order of name, as the swap takes them.
    return sql.SQL(
        "set transaction isolation level repeatable read, read only;"
        " set local timezone to 'UTC'; lock table {} in access share mode"
    ).format(sql.SQL(", ").join(map(sql.Identifier, sorted(tables))))
