"""Several statements in one message: libpq's pipeline and COPY, through psycopg's `pq`.

An append is two messages, one to lock and look, one to store and commit. Sent statement by
statement through psycopg's cursors the same costs the client more than twice the processor time,
under the lock (benchmarks/README.md). Each wait for the server, too, is one for the interpreter's
lock afterwards: it is not waited for what may as well be read later.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import errors
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGresult

from ledger.store.contract import nothing

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
        self._prepared: dict[bytes, bytes] = {}

    def run(
        self,
        statements: Sequence[tuple[bytes, Sequence[bytes]]],
        sent: Callable[[], None] = nothing,
    ) -> list[PGresult]:
        """The results of statements with their parameters, all in one message in binary format.

        Each is prepared when it first runs. `sent` is called when the message is on its way,
        before the results are waited for. Raises the `psycopg.Error` of the first that fails; the
        rest are not run.
        """
        libpq = self._libpq
        libpq.enter_pipeline_mode()
        try:
            for statement, parameters in statements:
                name = self._prepared.get(statement)
                if name is None:
                    name = self._prepared[statement] = b"mingzhang_%d" % len(self._prepared)
                    libpq.send_prepare(name, statement)
                libpq.send_query_prepared(name, parameters, [1] * len(parameters), 1)
            libpq.pipeline_sync()
            self._flush()
            sent()
            return self._synchronised()
        finally:
            with suppress(psycopg.Error):  # a connection that is lost has no mode to leave
                libpq.exit_pipeline_mode()

    def hears(self, seconds: float) -> bool:
        """Whether the server says something within this time."""
        return bool(self._readable.poll(seconds * 1000))

    def begin_copy(self, statement: bytes) -> None:
        """Runs a `copy … from stdin` up to where the server takes rows."""
        self._libpq.send_query(statement)
        self._flush()
        if self._next(ExecStatus.COPY_IN) is None:
            raise psycopg.OperationalError("the server closed the query before COPY began")

    def feed(self, data: bytes) -> None:
        """Sends rows; the server stores them while the caller goes on."""
        self._put(data)
        self._flush()

    def end_copy(self, data: bytes) -> None:
        """Sends the last rows and waits until the server has stored all of them."""
        self._put(data)  # not flushed: it leaves together with the end
        while self._libpq.put_copy_end() == 0:
            self._poll(self._writable)
        self._flush()
        while self._next(ExecStatus.COMMAND_OK) is not None:
            pass

    def _put(self, data: bytes) -> None:
        while self._libpq.put_copy_data(data) == 0:
            self._poll(self._writable)

    def _next(self, *wanted: ExecStatus) -> PGresult | None:
        result = self._take()
        if result is None or result.status in wanted:
            return result
        error = _error(result)
        while result is not None:  # the connection is ready again once all results are taken
            result = self._take()
        raise error

    def _synchronised(self) -> list[PGresult]:
        """A pipeline's results up to its end; raises what the first failure was."""
        results, error = [], None
        while True:
            result = self._take()
            if result is None:  # between the results of two statements
                continue
            match result.status:
                case ExecStatus.PIPELINE_SYNC:
                    break
                case ExecStatus.TUPLES_OK:
                    results.append(result)
                case ExecStatus.FATAL_ERROR if error is None:
                    error = _error(result)
                    if self._libpq.status != ConnStatus.OK:  # there is no end to come
                        break
        if error is not None:
            raise error
        return results

    def _take(self) -> PGresult | None:
        """The next result; what has arrived already is taken without a wait."""
        if self._libpq.is_busy():
            self._libpq.consume_input()
        while self._libpq.is_busy():
            self._poll(self._readable)
            self._libpq.consume_input()
        return self._libpq.get_result()

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
