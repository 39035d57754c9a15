"""Rebuild: a new generation of views is filled beside the live one and takes its place at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from hashlib import sha256
from itertools import islice
from typing import Any, NamedTuple

import psycopg

from ledger.store.connections import connection_string
from ledger.store.contract import Log, StoredEvent
from ledger.store.migrations import WRITER
from projections import published, publisher, tables
from projections import reference as town
from projections.all import ALL
from projections.folding import Fold
from projections.following import State, apply_all, fold_in, state
from projections.pages import Failure, Page, Pages
from projections.projection import Projection
from projections.published import Publication
from projections.publishing import PROJECTIONS
from projections.reference import Reference
from projections.schema import board_schema, public_schema
from projections.tables import NEXT_SUFFIX

LOCK_ATTEMPTS = 60
LOCK_PAUSE_SECONDS = 0.5


class Limits(NamedTuple):
    """How much a rebuild takes into memory at a time."""

    page_events: int = 10_000
    rows: int = 150_000
    """Folded in memory, about a kilobyte each, before they are written away."""


DEFAULT_LIMITS = Limits()

Connection = psycopg.Connection[Any]
Progress = Callable[[int, int], None]
"""(events read, events there are)."""

# The longest statement is an index on the largest view. A crash in the middle loses nothing: the
# new generation is not in use yet, and the swap is folded again like everything else.
_SESSION = """set synchronous_commit = off; set timezone to 'UTC'; set statement_timeout = '15min';
    set client_min_messages = warning"""
_SHORT_LOCK_TIMEOUT = "set local lock_timeout = '500ms'"
_TRY_LOCK = "select pg_try_advisory_lock(%s)"
# The new generation's number tells a live runner that what it has in memory is of the old one.
_SWAPPED = """update projection set version = %(version)s, generation = generation + 1,
    position = %(position)s, recorded_at = coalesce(%(recorded_at)s, recorded_at),
    tables = %(tables)s, error = null, failed_position = null, failed_at = null
    where name = %(name)s"""


class RebuildRunning(Exception):
    """Another rebuild of this ledger's views is under way."""


class RebuildFailed(Exception):
    """A projection could not apply an event; the live views are untouched."""

    def __init__(self, name: str, failure: Failure) -> None:
        super().__init__(f"{name}: {failure.reason}")
        self.name = name
        self.failure = failure


class Outdated(Exception):
    """The live views have published anew while a rebuild went on."""


class Rebuilt(NamedTuple):
    """What a rebuild did."""

    names: tuple[str, ...]
    position: int
    seconds: float


def rebuild(
    store: Log,
    url: str,
    schema: str = "ledger",
    names: Sequence[str] = (),
    projections: Sequence[Projection] = ALL,
    progress: Progress | None = None,
    limits: Limits = DEFAULT_LIMITS,
    at: datetime | None = None,
) -> Rebuilt:
    """Folds the named projections (none named: all) anew from the log and swaps them in.

    What is published goes with the views that it is made of: it is made anew as of the last fixed
    time that is settled, or as of `at`. Of these projections none is rebuilt alone.

    Readers and the live runner go on meanwhile. Raises `LookupError` for an unknown name,
    `RebuildRunning`, `RebuildFailed`, and psycopg's errors; whatever is raised, the live views
    are as they were. What a killed rebuild leaves behind, the next one removes.
    """
    started = time.monotonic()
    chosen = _chosen(names, projections)
    with _connected(url, schema) as connection:
        tables.drop_leftovers(connection)
        filling = _Filling(store, connection, chosen, progress, limits)
        draft = _Draft(store, url, schema, chosen, at)
        try:
            _fill(connection, filling, chosen, draft)
            _swap(connection, filling, chosen, draft)
        except BaseException:
            with suppress(psycopg.Error):  # of a lost connection; the next rebuild cleans up then
                tables.drop_leftovers(connection)
            raise
    seconds = time.monotonic() - started
    return Rebuilt(tuple(one.name for one in chosen), filling.position, seconds)


def _chosen(names: Sequence[str], projections: Sequence[Projection]) -> tuple[Projection, ...]:
    known = {projection.name: projection for projection in projections}
    unknown = sorted(set(names) - known.keys())
    if unknown:
        raise LookupError(f"no projection {', '.join(unknown)}; there are {', '.join(known)}")
    wanted = {*(names or known)}
    if wanted & {*PROJECTIONS}:
        wanted |= {*PROJECTIONS} & known.keys()
    # In one order everywhere, so that two who lock several never wait for each other.
    return tuple(known[name] for name in sorted(wanted))


@contextmanager
def _connected(url: str, schema: str) -> Iterator[Connection]:
    """A connection of the writer that alone rebuilds this ledger's views."""
    conninfo = connection_string(url, board_schema(schema), WRITER)
    key = int.from_bytes(sha256(f"rebuild {schema}".encode()).digest()[:8], signed=True)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        row = connection.execute(_TRY_LOCK, [key]).fetchone()
        if row is None or not row[0]:
            raise RebuildRunning("another rebuild is under way")
        connection.execute(_SESSION)
        yield connection


def _fill(
    connection: Connection, filling: _Filling, projections: Sequence[Projection], draft: _Draft
) -> None:
    for projection in projections:
        tables.create(connection, projection, NEXT_SUFFIX)
    draft.renew(connection, filling)
    filling.catch_up(draft.bound)
    filling.flush()
    for projection in projections:
        tables.add_indexes(connection, projection, NEXT_SUFFIX)
        tables.analyze(connection, projection, NEXT_SUFFIX)
    # What came in meanwhile, so that little is left for the time of the locks.
    draft.renew(connection, filling)
    filling.catch_up(draft.bound)
    filling.flush()


class _Draft:
    """The publication that goes with the next generation, made on its way there.

    The views never go past a fixed time that is not published: up to `bound` there is none.
    """

    def __init__(
        self,
        store: Log,
        url: str,
        schema: str,
        projections: Sequence[Projection],
        at: datetime | None,
    ) -> None:
        self.bound = 0
        self.public = public_schema(schema)
        self.made: Publication | None = None
        self.works = publisher.is_published(projections)
        self._store = store
        self._url, self._schema = url, schema
        self._projections = [one for one in projections if one.name in PROJECTIONS]
        self._at = at

    def renew(self, connection: Connection, filling: _Filling) -> None:
        """Makes it as of the last fixed time that is settled now, or was published before."""
        head = filling.head()
        due = self._due(connection, head) if self.works else None
        if due is not None and (self.made is None or due > self.made.at):
            filling.catch_up(publisher.position_at(self._store, due, head))
            filling.flush()
            published.make(connection, published.drafts)
            self.made = publisher.draft(
                self._url, self._schema, self._projections, due, filling.position,
                filling.reference,
            )  # fmt: skip
        self.bound = head

    def check(self, connection: Connection) -> None:
        """Raises `Outdated` where a later fixed time has been published meanwhile."""
        last = published.last(connection, self.public) if self.works else None
        if last is not None and (self.made is None or last.at > self.made.at):
            raise Outdated

    def put_in_place(self, connection: Connection) -> None:
        """Publishes it, within the caller's transaction."""
        if self.made is not None:
            published.put_in_place(connection, self.public, self.made)
            tables.drop_leftovers(connection)

    def _due(self, connection: Connection, head: int) -> datetime | None:
        if self._at is not None:
            return self._at
        last = published.last(connection, self.public)
        times = (last and last.at, publisher.settled(self._store, head))
        return max((time for time in times if time is not None), default=None)


class _Filling:
    """The next generation on its way: folds in memory, and tables that take what exceeds it."""

    def __init__(
        self,
        store: Log,
        connection: Connection,
        projections: Sequence[Projection],
        progress: Progress | None,
        limits: Limits,
    ) -> None:
        self.position = 0
        self.recorded_at: datetime | None = None
        self._store = store
        self._connection = connection
        self._progress = progress
        self._limits = limits
        self._folds = [Fold(projection) for projection in projections]
        self._flushed = False
        self.reference: Reference = town.EMPTY
        self._pages = Pages(projections)

    def catch_up(self, until: int) -> None:
        """Applies the log up to a position."""
        for stored in _pages(self._store, self.position, until, self._limits.page_events):
            page = self._pages.page(stored, self.reference)
            for fold in self._folds:
                self._apply(fold, page)
            self.position, self.reference = page.last, page.reference
            self.recorded_at = page.recorded_at(page.last)
            if sum(map(len, self._folds)) > self._limits.rows:
                self.flush()
            if self._progress is not None:
                self._progress(self.position, until)

    def flush(self) -> None:
        """Writes what is in memory to the tables, and forgets it."""
        with self._connection.transaction():
            for fold in self._folds:
                for sheet in fold.sheets:
                    tables.write(self._connection, sheet, NEXT_SUFFIX)
        for fold in self._folds:
            fold.clear()
        self._flushed = True

    def head(self) -> int:
        """The last position of the log."""
        return self._store.size()

    def _apply(self, fold: Fold, page: Page) -> None:
        events, unread = page.of(fold.projection, self.position)
        if self._flushed:
            failure = fold_in(self._connection, fold, events, NEXT_SUFFIX) or unread
        else:  # nothing has been written yet: what is not in memory is not there
            failure = apply_all(fold, events) or unread
        if failure is not None:
            raise RebuildFailed(fold.projection.name, failure)


def _swap(
    connection: Connection, filling: _Filling, projections: Sequence[Projection], draft: _Draft
) -> None:
    """The tail and the exchange in one transaction, in which the live views stand still."""
    for left in reversed(range(LOCK_ATTEMPTS)):
        try:
            with connection.transaction():
                found = _lock(connection, projections, draft.public)
                draft.check(connection)
                # Where the live views are by now there is no other fixed time before either.
                _exchange(connection, filling, projections, found, draft)
                return
        except psycopg.errors.LockNotAvailable:
            # Somebody reads a view for long: others must not queue up behind us meanwhile.
            if not left:
                raise
            time.sleep(LOCK_PAUSE_SECONDS)
        except Outdated:
            if not left:
                raise RebuildRunning("publications come faster than a rebuild ends") from None
            draft.renew(connection, filling)


def _lock(
    connection: Connection, projections: Sequence[Projection], public: str
) -> dict[str, State]:
    """The rows first, then the tables: as the live runner does. Fails before anything is done."""
    connection.execute(_SHORT_LOCK_TIMEOUT)
    found = {projection.name: state(connection, projection.name) for projection in projections}
    tables.lock(connection, (name for row in found.values() for name in row.tables), public)
    return found


def _exchange(
    connection: Connection,
    filling: _Filling,
    projections: Sequence[Projection],
    found: Mapping[str, State],
    draft: _Draft,
) -> None:
    reached = max(found[one.name].position for one in projections)
    filling.catch_up(min(max(draft.bound, reached), filling.head()))
    filling.flush()
    for projection in projections:
        tables.swap(connection, projection, found[projection.name].tables, draft.public)
        connection.execute(
            _SWAPPED,
            {
                "name": projection.name,
                "version": projection.version,
                "position": filling.position,
                "recorded_at": filling.recorded_at,
                "tables": tables.table_names(projection),
            },
        )
    draft.put_in_place(connection)


def _pages(store: Log, after: int, until: int, page_events: int) -> Iterator[list[StoredEvent]]:
    events = store.read(after=after, until=until)
    while page := list(islice(events, page_events)):
        yield page
