"""History: a row event by event, the views as of any moment, and what changed between two.

Nothing here reads a view's table: rows are folded from the log by the same code that keeps the
views up, so that what is explained is what is shown. A row's events are found by its tag where its
key is one, and by the view's kinds where it is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from ledger import catalogue
from ledger.event import Recorded
from ledger.store.contract import Log
from projections import reference as town
from projections.all import ALL
from projections.folding import Fold, Folded, folded
from projections.projection import Key, Projection, Rows
from projections.publisher import position_at
from projections.reference import Reference

_REFERENCE = frozenset(cls.kind for cls in town.KINDS)


class Unanswerable(LookupError):
    """There is no such view, key, column or moment; it says what there is."""


class Until(NamedTuple):
    """A moment of history: the log up to a position, or what happened by a claimed time."""

    position: int
    occurred_at: datetime | None = None
    """With it: of the events up to `position` those that are claimed to have happened by then."""

    def holds(self, recorded: Recorded) -> bool:
        """Whether the event is part of the history at this moment."""
        return self.occurred_at is None or recorded.occurred_at <= self.occurred_at


class Step(NamedTuple):
    """An event that made a row what it is: the row before (None: there was none) and after."""

    recorded: Recorded
    before: Any
    after: Any


class Difference(NamedTuple):
    """A row that two moments show differently, and the positions of the events that changed it."""

    view: str
    key: Key
    before: Any
    after: Any
    positions: tuple[int, ...]


def view_of(name: str, projections: Sequence[Projection] = ALL) -> tuple[Projection, Rows[Any]]:
    """The view of this table's name, and its projection; raises `Unanswerable`."""
    for projection in projections:
        for rows in projection.rows:
            if rows.table == name:
                return projection, rows
    known = ", ".join(sorted(rows.table for one in projections for rows in one.rows))
    raise Unanswerable(f"no view {name}; there are {known}")


def key_of(rows: Rows[Any], values: Sequence[str]) -> Key:
    """The key that texts name, in the order of the key's columns; raises `Unanswerable`."""
    wanted = [column for column in rows.columns if column.name in rows.key]
    if len(values) != len(wanted):
        names = ", ".join(column.name for column in wanted)
        raise Unanswerable(
            f"a row of {rows.table} is named by {names}, not by {len(values)} values"
        )
    try:
        return tuple(
            _value(column.sql_type, value) for column, value in zip(wanted, values, strict=True)
        )
    except ValueError as error:
        raise Unanswerable(f"no key of {rows.table}: {error}") from error


def moment_at(store: Log, when: datetime) -> Until:
    """What had been recorded by a time (aware); raises `Unanswerable` before the first event."""
    position = position_at(store, when, store.size())
    if not position:
        raise Unanswerable("nothing had been recorded by then")
    return Until(position)


def moment_of(store: Log, position: int) -> Until:
    """The log up to a position; raises `Unanswerable` where it has none such."""
    size = store.size()
    if not 1 <= position <= size:
        raise Unanswerable(f"the log has positions 1 to {size}")
    return Until(position)


def known_at(store: Log, when: datetime) -> Until:
    """What is known now of a time (aware): all events that are claimed to have happened by then."""
    return Until(store.size(), when)


def steps(store: Log, rows: Rows[Any], key: Key, until: Until) -> Iterator[Step]:
    """The events that changed a row, in order, with its value before and after each."""
    reference, row = town.EMPTY, None
    kinds = frozenset(cls.kind for cls in rows.kinds)
    for recorded in _events(store, _lineage(rows, key), until):
        kind = recorded.event.kind
        if kind in _REFERENCE:
            reference = town.evolve(reference, recorded)
        after = row
        if kind in rows.stirring and rows.is_stirred(after):
            after = rows.apply(after, key, recorded, reference)
        if kind in kinds and key in rows.keys(recorded, reference):
            after = rows.apply(after, key, recorded, reference)
        if after != row:
            yield Step(recorded, row, after)
            row = after


def row_as_of(store: Log, rows: Rows[Any], key: Key, until: Until) -> Any:
    """A row as of a moment; None where there was none."""
    row = None
    for step in steps(store, rows, key, until):
        row = step.after
    return row


def board_as_of(store: Log, projection: Projection, until: Until) -> Folded:
    """All rows and tallies of a projection as of a moment, folded in memory."""
    fold = Fold(projection)
    for recorded, reference in _given(store, projection, until):
        fold.apply(recorded, reference)
    return folded(fold)


def differences(
    store: Log, projection: Projection, earlier: Until, later: Until
) -> Iterator[Difference]:
    """The rows that differ between two positions, with the events that changed them."""
    fold = Fold(projection)
    causes: dict[tuple[str, Key], list[int]] = {}
    settled = False
    for recorded, reference in _given(store, projection, later):
        if not settled and recorded.position > earlier.position:
            fold.settle()
            settled = True
        before = _touched(fold, recorded, reference) if settled else {}
        fold.apply(recorded, reference)
        for (table, key), old in before.items():
            sheet = next(one for one in fold.sheets if one.rows.table == table)
            if sheet.current.get(key) != old:
                causes.setdefault((table, key), []).append(recorded.position)
    if not settled:
        return
    for sheet in fold.sheets:
        for key, old, new in sheet.changes():
            positions = tuple(causes.get((sheet.rows.table, key), ()))
            yield Difference(sheet.rows.table, key, old, new, positions)


def _touched(fold: Fold, recorded: Recorded, reference: Reference) -> dict[tuple[str, Key], Any]:
    """The rows that an event may change, as they are before it."""
    kind, found = recorded.event.kind, {}
    for sheet in fold.sheets:
        rows = sheet.rows
        if kind in rows.stirring:
            stirred = ((key, row) for key, row in sheet.current.items() if rows.is_stirred(row))
            found.update({(rows.table, key): row for key, row in stirred})
        if any(cls.kind == kind for cls in rows.kinds):
            for key in rows.keys(recorded, reference):
                found[rows.table, key] = sheet.current.get(key)
    return found


def _given(
    store: Log, projection: Projection, until: Until
) -> Iterator[tuple[Recorded, Reference]]:
    """The events of a projection's kinds up to a moment, each with the reference as of it."""
    reference = town.EMPTY
    wanted = DCBQuery(items=[DCBQueryItem(types=sorted(projection.kinds | _REFERENCE))])
    for recorded in _events(store, wanted, until):
        if recorded.event.kind in _REFERENCE:
            reference = town.evolve(reference, recorded)
        if recorded.event.kind in projection.kinds:
            yield recorded, reference


def _events(store: Log, query: DCBQuery, until: Until) -> Iterator[Recorded]:
    for stored in store.read(query, until=until.position):
        recorded = catalogue.decode(stored.position, stored.record)
        if until.holds(recorded):
            yield recorded


def _lineage(rows: Rows[Any], key: Key) -> DCBQuery:
    """What finds all events that may have touched a row."""
    kinds = sorted(cls.kind for cls in rows.kinds)
    # The first column of most keys is the id of what the row is about, and names its tag.
    tag_type = rows.key[0]
    tags = [f"{tag_type}:{key[0]}"] if tag_type in catalogue.FOLDED else []
    own = DCBQueryItem(types=kinds, tags=tags)
    return DCBQuery(items=[own, DCBQueryItem(types=sorted(_REFERENCE | rows.stirring))])


def _value(sql_type: str, text: str) -> Any:
    match sql_type:
        case "bigint":
            return int(text)
        case "date":
            return date.fromisoformat(text)
        case "timestamptz":
            return datetime.fromisoformat(text)
    return text
