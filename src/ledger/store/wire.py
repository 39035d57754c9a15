"""Several statements in one message: libpq's simple query protocol, through psycopg's `pq`.

An append is two messages, one to lock and look, one to store and commit. Sent statement by
statement through psycopg's cursors the same costs the client more than twice the processor time,
under the lock (benchmarks/README.md).
"""

from __future__ import annotations

import select
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import errors
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

SILENCE_SECONDS = 90
"""Longer than any statement_timeout of ours: a server silent for so long is gone."""


class Wire:
    """Messages over the connection that it is given; blocks its thread without holding the GIL."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._libpq = connection.pgconn
        self._readable = select.poll()
        self._readable.register(self._libpq.socket, select.POLLIN)
        self._writable = select.poll()
        self._writable.register(self._libpq.socket, select.POLLIN | select.POLLOUT)

    def query(self, statements: bytes) -> list[PGresult]:
        """The results of all statements, in text format.

        Raises the `psycopg.Error` of the first that fails; the rest are not run.
        """
        return self.copy(statements, ())

    def copy(self, statements: bytes, rows: Sequence[bytes]) -> list[PGresult]:
        """The same, the first statements being `copy … from stdin`, each fed with its rows."""
        self.send(statements)
        for data in rows:
            self.begin_copy()
            self.feed(data)
            self.end_copy()
        return self.results()

    def send(self, statements: bytes) -> None:
        """Sends a message; its results are to be taken before the next."""
        self._libpq.send_query(statements)
        self._flush()

    def results(self) -> list[PGresult]:
        """What is left of a message's results."""
        results = []
        while (result := self._next(ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)) is not None:
            results.append(result)
        return results

    def begin_copy(self) -> None:
        """Waits until the server takes rows."""
        if self._next(ExecStatus.COPY_IN) is None:
            raise psycopg.OperationalError("the server closed the query before COPY began")

    def feed(self, data: bytes) -> None:
        """Sends rows; the server stores them while the caller goes on."""
        while self._libpq.put_copy_data(data) == 0:
            self._poll(self._writable)
        self._flush()

    def end_copy(self) -> None:
        """Waits until the server has stored the rows."""
        while self._libpq.put_copy_end() == 0:
            self._poll(self._writable)
        self._flush()
        self._next(ExecStatus.COMMAND_OK)

    def _next(self, *wanted: ExecStatus) -> PGresult | None:
        while self._libpq.is_busy():
            self._poll(self._readable)
            self._libpq.consume_input()
        result = self._libpq.get_result()
        if result is None or result.status in wanted:
            return result
        error = _error(result)
        while result is not None:  # the connection is ready again once all results are taken
            while self._libpq.is_busy():
                self._poll(self._readable)
                self._libpq.consume_input()
            result = self._libpq.get_result()
        raise error

    def _flush(self) -> None:
        while self._libpq.flush():
            self._poll(self._writable)
            self._libpq.consume_input()

    def _poll(self, poll: select.poll) -> None:
        if not poll.poll(SILENCE_SECONDS * 1000):
            self._libpq.finish()
            raise psycopg.OperationalError(f"the server was silent for {SILENCE_SECONDS} s")


def _error(result: PGresult) -> psycopg.Error:
    message = result.error_message.decode(errors="replace").strip()
    state = result.error_field(67)  # PG_DIAG_SQLSTATE, "C"
    try:
        return (
            errors.lookup(state.decode())(message) if state else psycopg.OperationalError(message)
        )
    except KeyError:
        return psycopg.DatabaseError(message)
