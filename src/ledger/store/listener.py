"""Tells waiters in one process that the log has grown: LISTEN, with a poll behind it."""

from __future__ import annotations

import threading
import time
from typing import Any

import psycopg
from psycopg import sql

HEAD = "select last from batch order by last desc limit 1"
"""The head of the log, for readers."""
POLL_SECONDS = 1.0


class Listener:
    """One connection that LISTENs for all waiters, with a poll behind it: poolers drop LISTEN."""

    def __init__(self, conninfo: str, channel: str) -> None:
        self._conninfo = conninfo
        self._channel = channel
        self._size = 0
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)
        self._thread.start()

    def wait(self, after: int, timeout_seconds: float) -> bool:
        """Blocks until there is an event after the position (True), or the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._size > after or self._closed, timeout_seconds)
            return self._size > after

    def close(self) -> None:
        """Ends the thread; whoever waits is told that nothing came."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def _learn(self, size: int) -> None:
        with self._changed:
            if size > self._size:
                self._size = size
                self._changed.notify_all()

    def _run(self) -> None:
        channel = sql.Identifier(self._channel)
        while not self._closed:
            try:
                with psycopg.connect(self._conninfo, autocommit=True) as connection:
                    connection.execute(sql.SQL("listen {}").format(channel))
                    while not self._closed:
                        row = connection.execute(HEAD).fetchone()
                        self._learn(row[0] if row else 0)
                        self._hear(connection)
            except psycopg.Error:
                time.sleep(min(POLL_SECONDS, 0.2))  # waiters go on waiting until they give up

    def _hear(self, connection: psycopg.Connection[Any]) -> None:
        heard_until = time.monotonic() + POLL_SECONDS
        while not self._closed and (left := heard_until - time.monotonic()) > 0:
            for notification in connection.notifies(timeout=min(left, 0.2), stop_after=1):
                self._learn(int(notification.payload))
