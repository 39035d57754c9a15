"""One projection that follows the log: rows and position are written in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg

from projections import tables
from projections.folding import Fold, Given
from projections.pages import Failure, Page, failure
from projections.projection import Projection

Connection = psycopg.Connection[Any]
MAX_ROWS = 50_000
"""How many rows a projection keeps in memory between two pages."""

# The row's lock orders this transaction and a rebuild's swap: what is written goes to the tables
# whose position this is.
_STATE = """select version, generation, position, recorded_at, tables, error from projection
    where name = %s for update"""
_ADVANCE = """update projection set position = %(position)s, recorded_at = %(recorded_at)s,
    error = null, failed_position = null, failed_at = null where name = %(name)s"""
_STOP = """update projection set error = %(error)s, failed_position = %(failed_position)s,
    failed_at = clock_timestamp() where name = %(name)s"""


class State(NamedTuple):
    """A projection's row in the database."""

    version: int
    generation: int
    position: int
    recorded_at: datetime | None
    tables: list[str]
    error: str | None


class Superseded(Exception):
    """The tables are those of another version of the projection: this code must not write them."""


def state(connection: Connection, name: str) -> State:
    """A projection's row, locked for the caller's transaction; LookupError where there is none."""
    row = connection.execute(_STATE, [name]).fetchone()
    if row is None:
        raise LookupError(f"projection {name} is not prepared")
    return State(*row)


def stop(connection: Connection, name: str, failure: Failure) -> None:
    """Keeps what stopped a projection where everybody can see it."""
    connection.execute(
        _STOP, {"name": name, "error": failure.reason, "failed_position": failure.position}
    )


class Follower:
    """One projection's live view. What it has in memory is forgotten when a transaction fails."""

    def __init__(self, projection: Projection) -> None:
        self.projection = projection
        self.position = 0
        self.failure: Failure | None = None
        self._fold = Fold(projection)
        self._generation = 0

    def join(self, connection: Connection) -> State:
        """Learns how far the view is."""
        found = state(connection, self.projection.name)
        self.position = found.position
        return found

    def advance(self, connection: Connection, page: Page) -> int:
        """Applies what is new in the page; how many rows that changed.

        Where an event cannot be applied, everything before it is written, and `failure` says what
        happened. Raises `Superseded`, and psycopg's errors: then nothing was written.
        """
        self.failure = None
        try:
            with connection.transaction():
                written = self._advance(connection, page)
        except BaseException:
            self._fold.clear()
            raise
        self._fold.settle()
        if len(self._fold) > MAX_ROWS:
            self._fold.clear()
        return written

    def _advance(self, connection: Connection, page: Page) -> int:
        name = self.projection.name
        found = state(connection, name)
        if found.version != self.projection.version:
            raise Superseded(f"the view {name} is of version {found.version}")
        if found.generation != self._generation or found.position != self.position:
            self._fold.clear()
        self._generation, self.position = found.generation, found.position
        if found.position >= page.last:
            return 0
        if found.position < page.first - 1:
            raise LookupError(f"the view {name} has gone back to position {found.position}")
        events, unread = page.of(self.projection, found.position)
        self.failure = fold_in(connection, self._fold, events) or unread
        reached = page.last if self.failure is None else self.failure.position - 1
        written = sum(tables.write(connection, sheet) for sheet in self._fold.sheets)
        if reached > found.position:
            self._move(connection, reached, page.recorded_at(reached))
        if self.failure is not None:
            stop(connection, name, self.failure)
        self.position = reached
        return written

    def _move(self, connection: Connection, position: int, recorded_at: datetime) -> None:
        connection.execute(
            _ADVANCE,
            {"name": self.projection.name, "position": position, "recorded_at": recorded_at},
        )


def fold_in(
    connection: Connection, fold: Fold, events: Sequence[Given], suffix: str = ""
) -> Failure | None:
    """Loads the rows that the events touch, and applies the events in order."""
    for sheet, keys in zip(fold.sheets, fold.missing(events), strict=True):
        if keys:
            tables.load(connection, sheet, keys, suffix)
    for sheet in fold.stirred(events):
        tables.load_stirred(connection, sheet, suffix)
    return apply_all(fold, events)


def apply_all(fold: Fold, events: Sequence[Given]) -> Failure | None:
    """Applies events in order, up to the first that fails; what stopped it, or None."""
    position = 0
    try:
        for recorded, reference in events:
            position = recorded.position
            fold.apply(recorded, reference)
    except Exception as error:  # noqa: BLE001 - whatever a projection raises stops it alone
        return failure(position, error)
    return None
