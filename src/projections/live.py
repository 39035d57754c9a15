"""The live views: one runner follows the log, woken by NOTIFY, and keeps every projection up."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import psycopg
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from ledger.store.connections import connection_string
from ledger.store.contract import Store, StoreDown
from ledger.store.migrations import WRITER, SchemaMismatch
from projections import reference as town
from projections.all import ALL
from projections.following import Follower, Superseded, state, stop
from projections.pages import Failure, Page, Pages
from projections.projection import Projection
from projections.publisher import Publisher, is_published
from projections.publishing import PROJECTIONS
from projections.rebuild import RebuildFailed, RebuildRunning, rebuild
from projections.reference import Reference
from projections.schema import board_schema

PAGE_EVENTS = 5_000
WAIT_SECONDS = 1.0
"""How long it sleeps at most before it looks again: for a closing, a swap, a freed lock."""
FAR_BEHIND_EVENTS = 200_000
"""A projection that lacks more than this at the start is rebuilt, and holds nobody up."""

_log = logging.getLogger(__name__)
Connection = psycopg.Connection[Any]
# What is lost with the last transactions of a crash is folded again.
_SESSION = "set synchronous_commit = off; set timezone to 'UTC'"
_TRY_LOCK = "select pg_try_advisory_lock(%s)"
_REFERENCE_KINDS = DCBQuery(items=[DCBQueryItem(types=[cls.kind for cls in town.KINDS])])


class Live:
    """Applies new events to all projections, in a thread of its own.

    Any number may be started on one ledger: one works, the others stand by. A projection that
    fails stops alone and says why in the `projection` table; it is tried again at the next start
    and after a rebuild.
    """

    def __init__(
        self,
        store: Store,
        url: str,
        schema: str = "ledger",
        projections: Sequence[Projection] = ALL,
    ) -> None:
        self._store = store
        self._url = url
        self._schema = schema
        self._projections = tuple(projections)
        self._pages = Pages(self._projections)
        self._publisher = Publisher(store, url, schema, self._projections)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live projections", daemon=True)
        self._next_look = 0.0
        self.working = False
        """Whether this runner has the lock and works; another one stands by."""
        self.settled = threading.Event()
        """Set once something is published, or it is known why nothing is."""
        self.trouble: str | None = None
        """Why it cannot work just now, such as a database that is down; None while it can."""

    @property
    def unpublished(self) -> str | None:
        """Why the last fixed time has no publication; None where it has one."""
        return self._publisher.trouble

    def start(self) -> None:
        """Starts the thread; the views must have been prepared."""
        self._thread.start()

    def close(self) -> None:
        """Stops after the page at hand; harmless when it was never started."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                with self._connected() as connection:
                    if self._locked(connection):
                        self._follow(connection)
            except (psycopg.Error, StoreDown, SchemaMismatch, RebuildRunning, LookupError) as error:
                self.trouble = str(error).strip()
                _log.warning("the live projections wait: %s", self.trouble)
            finally:
                self.working = False
                self.settled.set()
            self._closing.wait(WAIT_SECONDS)

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        conninfo = connection_string(self._url, board_schema(self._schema), WRITER)
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(_SESSION)
            yield connection

    def _locked(self, connection: Connection) -> bool:
        """Waits until this runner is the one that works; False when it is closed before."""
        key = int.from_bytes(sha256(f"live {self._schema}".encode()).digest()[:8], signed=True)
        while not self._closing.is_set():
            row = connection.execute(_TRY_LOCK, [key]).fetchone()
            if row is not None and row[0]:
                self.working, self.trouble = True, None
                return True
            self.settled.set()
            self._closing.wait(WAIT_SECONDS)
        return False

    def _follow(self, connection: Connection) -> None:
        """Follows until it is closed, or until a projection that had stopped may go on."""
        self._rebuild_stale(connection)
        self._publish_first(connection)
        running = [Follower(projection) for projection in self._projections]
        stopped: list[Follower] = []
        position = min(follower.join(connection).position for follower in running)
        reference = self._reference_at(position)
        due = self._publisher.due_at_head(reference, position)
        if due is not None:
            self._publisher.publish(due, position, reference)
        if self._publisher.has_published:
            self.settled.set()
        while not self._closing.is_set() and not self._may_go_on(connection, stopped):
            if not self._store.wait(position, WAIT_SECONDS):
                due = self._publisher.due_at_head(reference, position)
            elif stored := list(self._store.read(after=position, limit=PAGE_EVENTS)):
                applicable, due = self._publisher.before_due(stored, reference)
                if applicable:
                    page = self._pages.page(applicable, reference)
                    for follower in tuple(running):
                        if not self._advance(connection, follower, page):
                            running.remove(follower)
                            stopped.append(follower)
                    position, reference = page.last, page.reference
            else:
                continue
            if due is not None:
                self._publisher.publish(due, position, reference)
            if self._publisher.has_published:
                self.settled.set()

    def _rebuild_stale(self, connection: Connection) -> None:
        head = self._store.size()
        for projection in self._projections:
            with connection.transaction():
                found = state(connection, projection.name)
            far = head - found.position > FAR_BEHIND_EVENTS
            if found.version == projection.version and not far:
                continue
            self._rebuild(connection, [projection.name])

    def _rebuild(self, connection: Connection, names: Sequence[str]) -> None:
        try:
            rebuild(self._store, self._url, self._schema, names, self._projections)
        except RebuildFailed as error:
            with connection.transaction():
                state(connection, error.name)
                stop(connection, error.name, error.failure)

    def _publish_first(self, connection: Connection) -> None:
        """Views that are already beyond the fixed time cannot show it: they are folded anew."""
        if self._publisher.join(connection) is not None or not is_published(self._projections):
            return
        with connection.transaction():
            begun = any(state(connection, name).position for name in PROJECTIONS)
        if begun:
            self._rebuild(connection, PROJECTIONS)
            self._publisher.join(connection)

    def _reference_at(self, position: int) -> Reference:
        reference = town.EMPTY
        for stored in self._store.read(_REFERENCE_KINDS, until=position):
            reference = self._pages.page([stored], reference).reference
        return reference

    def _may_go_on(self, connection: Connection, stopped: Sequence[Follower]) -> bool:
        """Whether a rebuild has mended what had stopped; asked about once a second."""
        if not stopped or time.monotonic() < self._next_look:
            return False
        self._next_look = time.monotonic() + WAIT_SECONDS
        for follower in stopped:
            with connection.transaction():
                found = state(connection, follower.projection.name)
            if found.error is None and found.version == follower.projection.version:
                return True
        return False

    def _advance(self, connection: Connection, follower: Follower, page: Page) -> bool:
        """Whether the projection goes on. A database that is gone is nobody's fault: it raises."""
        name = follower.projection.name
        try:
            follower.advance(connection, page)
            failure = follower.failure
        except psycopg.OperationalError:
            raise
        except Superseded as error:
            failure = Failure(page.first, str(error))
        except (psycopg.Error, ValueError, TypeError) as error:
            failure = Failure(page.first, f"events {page.first} to {page.last}: {error}"[:1000])
            with connection.transaction():
                state(connection, name)
                stop(connection, name, failure)
        if failure is None:
            return True
        _log.error("projection %s has stopped: %s", name, failure.reason)
        return False
