"""The log in PostgreSQL 15 or newer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from hashlib import sha256
from typing import Any, LiteralString, TypeVar
from uuid import UUID

import psycopg
from eventsourcing.dcb.api import DCBQuery
from psycopg import sql
from psycopg.pq import TransactionStatus
from psycopg.pq.abc import PGresult

from ledger.store import binary_copy
from ledger.store.connections import Connections, connection_string
from ledger.store.contract import (
    LOCK_PATIENCE_SECONDS,
    PAGE_EVENTS,
    Batch,
    FoundReceipt,
    Locked,
    OutcomeUnknown,
    RowRejected,
    StoredEvent,
    StoreDown,
    nothing,
)
from ledger.store.listener import HEAD, Listener
from ledger.store.migrations import (
    READER,
    WRITER,
    SchemaMismatch,
    check_name,
    check_schema,
)
from ledger.store.wire import Wire

# The lock that orders batches. Clock and head are read by a later statement, hence by a snapshot
# taken after the lock: what the last holder committed is in it.
_LOCK = b"select pg_advisory_xact_lock($1::bigint)"
_CLOCK_AND_HEAD = b"""select clock_timestamp(), last, recorded_at, frontier
    from (values (0)) as always
    left join (select * from batch order by last desc limit 1) as head on true"""
# Receipts are looked up under the lock: nobody can answer the same key meanwhile.
_RECEIPTS = b"""select digest, fingerprint, first, last from receipt
    where digest = any($1::bytea[])"""
_COPY_EVENTS = b"copy event (position, kind, tags, record, leaf) from stdin (format binary);"
# A column a parameter: a COPY for each would make the thread wait for the server twice more.
_INSERT_SEALED = b"""insert into sealed_value
    (position, field, event_id, subject, held_for, data_key, ciphertext)
    select * from unnest($1::bigint[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::uuid[],
        $7::bytea[])"""
_INSERT_RECEIPTS = b"""insert into receipt (digest, fingerprint, first, last, recorded_at)
    select *, $5::timestamptz from unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::bigint[])"""
# The batch row is the new head; the notification leaves with the commit.
_INSERT_BATCH = b"""with head as (
    insert into batch (first, last, recorded_at, batch_id, frontier)
    values ($1::bigint, $2::bigint, $3::timestamptz, $4::uuid, $5::bytea) returning last)
    select pg_notify($6::text, last::text) from head"""
_WAS_COMMITTED = "select exists (select from batch where batch_id = %s)"
_COLUMNS = "position, kind, tags, record, leaf"
_AFTER = """select position, kind, tags, record, leaf from event
    where position > %s order by position"""
# Ordered only after the look-up: for some hundred tags the planner would else walk the whole log in
# its order and filter, so that a batch costs more with every event ever appended.
# What this transaction has staged is no history yet: whoever loads adds it from memory.
_TAGGED = """with found as materialized (
    select position, kind, tags, record, leaf from event where tags && %s::text[])
    select * from found where position < %s order by position"""
# The order comes after the look-up, as in `_TAGGED`.
_NEWEST_TAGGED = """with found as materialized (
    select position, kind, tags, record, leaf from event where tags @> %s::text[])
    select * from found where position < %s order by position desc limit %s"""
_NEWEST = """select position, kind, tags, record, leaf from event
    where position < %s order by position desc limit %s"""
# One look-up in the index for all tags: with max() tag by tag the planner walks the whole log back.
_LAST_POSITIONS = """select tag, max(position) from event, unnest(tags) as tag
    where tags && %(tags)s::text[] and tag = any(%(tags)s::text[]) group by tag"""

_NO_POSITION = 2**63 - 1  # beyond every bigint of the log

T = TypeVar("T")


class PostgresStore:
    """A log in one schema of a database, migrated before (`migrations.migrate`).

    Reads through a small pool in the reader's role; every writer has a connection of its own.
    """

    def __init__(self, url: str, schema: str = "ledger", purpose: str = "ledger") -> None:
        check_name(schema)
        self._url = url
        self.schema = schema
        self.purpose = purpose
        self._checked = False
        self._conninfo = connection_string(url, schema, READER)
        self._connections = Connections(self._conninfo, most=8)
        self._starting = threading.Lock()
        self._listener: Listener | None = None

    def writer(self) -> PostgresWriter:
        return PostgresWriter(self._url, self.schema, self.purpose)

    def size(self) -> int:
        row = self.reading(lambda connection: connection.execute(HEAD).fetchone())
        return row[0] if row else 0

    def read(
        self,
        query: DCBQuery | None = None,
        *,
        after: int = 0,
        limit: int | None = None,
        until: int | None = None,
    ) -> Iterator[StoredEvent]:
        end = self.size() if until is None else until
        condition, values = _condition(query)
        statement = sql.SQL(
            # A condition on tags is answered from the index first; the planner would else walk the
            # whole log for the sake of the order.
            "with found as materialized (select * from event where {} and position > %s"
            " and position <= %s) select {} from found order by position limit %s"
            if condition
            else "select {1} from event where {0} and position > %s and position <= %s"
            " order by position limit %s"
        ).format(condition or sql.SQL("true"), sql.SQL(_COLUMNS))
        left = end if limit is None else limit
        while left > 0 and after < end:
            wanted = min(left, PAGE_EVENTS)
            parameters = [*values, after, end, wanted]
            rows = self.reading(partial(_fetch, statement=statement, parameters=parameters))
            for row in rows:
                yield _stored(row)
            left -= len(rows)
            if len(rows) < wanted:
                return
            after = rows[-1][0]

    def newest(self, tag: str | None, *, before: int | None, limit: int) -> list[StoredEvent]:
        values: list[Any] = [_NO_POSITION if before is None else before, limit]
        if tag is None:
            rows = self.reading(partial(_fetch, statement=_NEWEST, parameters=values))
        else:
            values = [[tag], *values]
            rows = self.reading(partial(_fetch, statement=_NEWEST_TAGGED, parameters=values))
        return [_stored(row) for row in rows]

    def wait(self, after: int, timeout_seconds: float) -> bool:
        with self._starting:
            if self._listener is None:
                self._listener = Listener(self._conninfo, f"mingzhang_{self.schema}")
        return self._listener.wait(after, timeout_seconds)

    def close(self) -> None:
        if self._listener is not None:
            self._listener.close()
        self._connections.close()

    def reading(self, work: Callable[[psycopg.Connection[Any]], T]) -> T:
        """What the work returns, done on a connection in the reader's role; raises `StoreDown`."""

        def checked(connection: psycopg.Connection[Any]) -> T:
            if not self._checked:
                check_schema(connection, self.purpose)
                self._checked = True
            return work(connection)

        return self._connections.working(checked)


class PostgresWriter:
    """Appends under an advisory lock that the transaction holds. Owned by one thread."""

    def __init__(self, url: str, schema: str, purpose: str) -> None:
        self._conninfo = connection_string(url, schema, WRITER)
        self._purpose = purpose
        self._channel = f"mingzhang_{schema}"
        self._key = sha256(f"log {schema}".encode()).digest()[:8]
        self._connection: psycopg.Connection[Any] | None = None
        self._wire: Wire | None = None
        self._copying = False
        self._staged = 0
        self._first_staged = 0

    def lock(self, receipts: Sequence[bytes], delayed: Callable[[], None] = nothing) -> Locked:
        statements: list[tuple[bytes, Sequence[bytes]]] = [
            (b"begin", ()),
            (_LOCK, [self._key]),
            (_CLOCK_AND_HEAD, ()),
        ]
        if receipts:
            statements.append((_RECEIPTS, [binary_copy.bytea_array(receipts)]))
        try:
            wire = self._wired()

            def sent() -> None:
                if not wire.hears(LOCK_PATIENCE_SECONDS):
                    delayed()

            _, head, *rest = wire.run(statements, sent)
        except psycopg.Error as error:
            self._drop()
            raise StoreDown(str(error).strip()) from error
        clock, last, recorded_at, frontier = _row(head, 0)
        found = {
            digest: FoundReceipt(fingerprint, _integer(first), _integer(last_of_it))
            for rows in rest
            for digest, fingerprint, first, last_of_it in (
                _row(rows, n) for n in range(rows.ntuples)
            )
        }
        return Locked(
            _integer(last),
            binary_copy.moment(recorded_at) if recorded_at else None,
            frontier,
            binary_copy.moment(clock),
            found,
        )

    def after(self, position: int) -> list[StoredEvent]:
        return [_stored(row) for row in self._rows(_AFTER, [position])]

    def tagged(self, tags: Sequence[str]) -> list[StoredEvent]:
        before = self._first_staged if self._staged else _NO_POSITION
        return [_stored(row) for row in self._rows(_TAGGED, [list(tags), before])]

    def last_positions(self, tags: Sequence[str]) -> dict[str, int]:
        found = self._rows(_LAST_POSITIONS, {"tags": list(tags)})
        return {**dict.fromkeys(tags, 0), **dict(found)}

    def matches(self, query: DCBQuery, after: int) -> bool:
        condition, values = _condition(query)
        statement = sql.SQL("select 1 from event where {} and position > %s limit 1").format(
            condition or sql.SQL("true")
        )
        return bool(self._rows(statement, [*values, after]))

    def stage(self, events: Sequence[StoredEvent]) -> None:
        try:
            self._wired().feed(self._rows_to_copy(events))
        except psycopg.Error as error:
            raise self._failure(error) from error

    def commit(self, batch: Batch, sent: Callable[[], None] = nothing) -> None:
        stamp = binary_copy.bigint(binary_copy.microseconds(batch.recorded_at))
        statements: list[tuple[bytes, Sequence[bytes]]] = []
        if batch.sealed:
            statements.append((_INSERT_SEALED, binary_copy.sealed_columns(batch.sealed)))
        if batch.receipts:
            columns = binary_copy.receipt_columns(batch.receipts)
            statements.append((_INSERT_RECEIPTS, [*columns, stamp]))
        head = [
            binary_copy.bigint(batch.events[0].position),
            binary_copy.bigint(batch.events[-1].position),
            stamp,
            UUID(batch.batch_id).bytes,
            batch.frontier,
            self._channel.encode(),
        ]
        statements += [(_INSERT_BATCH, head), (b"commit", ())]
        self._end_staging(batch.events[self._staged :])
        try:
            self._wired().run(statements, sent)
            self._staged = 0
        except psycopg.Error as error:
            # A session that stands in a failed transaction has stored nothing. Of any other, one
            # that was terminated even after its commit among them, the batch id must tell.
            if not self._transaction_failed():
                self._drop()
                raise OutcomeUnknown(str(error).strip()) from error
            raise self._failure(error) from error

    def _end_staging(self, events: Sequence[StoredEvent] = ()) -> None:
        """Ends the stream of rows with these, so that the session can do something else."""
        if not self._copying and not events:
            return
        try:
            rows = self._rows_to_copy(events) if events else b""
            self._copying = False
            self._wired().end_copy(rows + binary_copy.TRAILER)
        except psycopg.Error as error:
            raise self._failure(error) from error

    def _rows_to_copy(self, events: Sequence[StoredEvent]) -> bytes:
        """The rows of the next events, in a stream that is begun where there is none."""
        rows = binary_copy.event_rows(events)
        if not self._staged:
            self._first_staged = events[0].position
        self._staged += len(events)
        if self._copying:
            return rows
        self._wired().begin_copy(_COPY_EVENTS)
        self._copying = True
        return binary_copy.HEADER + rows

    def _failure(self, error: psycopg.Error) -> StoreDown | RowRejected:
        """What a failure before the commit means: nothing is stored."""
        rejected = self._transaction_failed() and not isinstance(error, psycopg.OperationalError)
        self._drop()
        message = str(error).strip()
        return RowRejected(message) if rejected else StoreDown(message)

    def rollback(self) -> None:
        self._staged = 0
        if self._copying:
            self._drop()  # the server rolls back what was staged
        try:
            if self._wire is not None:
                # Not through a cursor: psycopg would forget, after it, all that is prepared.
                self._wire.run([(b"rollback", ())])
        except psycopg.Error:
            self._drop()

    def was_committed(self, batch_id: str) -> bool:
        self.lock(())
        rows = self._rows(_WAS_COMMITTED, [UUID(batch_id)])
        self.rollback()
        return bool(rows[0][0])

    def close(self) -> None:
        self._drop()

    def _transaction_failed(self) -> bool:
        connection = self._connection
        return (
            connection is not None
            and connection.info.transaction_status is TransactionStatus.INERROR
        )

    def _wired(self) -> Wire:
        connection = self._connected()
        if self._wire is None:
            self._wire = Wire(connection)
        return self._wire

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            connection = psycopg.connect(self._conninfo, autocommit=True)
            try:
                check_schema(connection, self._purpose)
            except SchemaMismatch:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = self._wire = None
        self._copying, self._staged = False, 0

    def _rows(self, statement: Any, parameters: Any) -> list[Any]:
        self._end_staging()
        try:
            cursor = self._connected().cursor(binary=True)
            return cursor.execute(statement, parameters, prepare=True).fetchall()
        except psycopg.Error as error:
            self._drop()
            raise StoreDown(str(error).strip()) from error


def _fetch(
    connection: psycopg.Connection[Any],
    statement: sql.Composed | LiteralString,
    parameters: list[Any],
) -> list[Any]:
    return connection.cursor(binary=True).execute(statement, parameters).fetchall()


def _row(rows: PGresult, row: int) -> list[bytes]:
    """The values of a row in binary format; nothing for null."""
    return [rows.get_value(row, column) or b"" for column in range(rows.nfields)]


def _integer(value: bytes) -> int:
    return int.from_bytes(value, signed=True)


def _stored(row: Sequence[Any]) -> StoredEvent:
    return StoredEvent(row[0], row[1], tuple(row[2]), row[3], row[4])


def _condition(query: DCBQuery | None) -> tuple[sql.Composed | None, list[Any]]:
    """The WHERE condition of a query and its values; None for one that everything matches."""
    if query is None or not query.items:
        return None, []
    alternatives: list[sql.Composable] = []
    values: list[Any] = []
    for item in query.items:
        parts: list[sql.Composable] = []
        if item.tags:
            parts.append(sql.SQL("tags @> %s::text[]"))
            values.append(list(item.tags))
        if item.types:
            parts.append(sql.SQL("kind = any(%s::text[])"))
            values.append(list(item.types))
        alternatives.append(sql.SQL(" and ").join(parts or [sql.SQL("true")]))
    joined = sql.SQL(") or (").join(alternatives)
    return sql.Composed([sql.SQL("(("), joined, sql.SQL("))")]), values
