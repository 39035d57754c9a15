"""The fold itself, in memory: live, rebuilt and as of any moment, rows are made here alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple

from ledger.event import Recorded
from projections import reference as town
from projections.projection import Key, Projection, Rows, Tally
from projections.reference import Reference

Given = tuple[Recorded, Reference]
"""An event, and the reference as of it."""
Change = tuple[Key, Any, Any]
"""(key, the row before or None, the row after or None)."""
Group = tuple[tuple[Any, ...], datetime | None]
"""A tally's row: the group, and when its measures take effect (None: always)."""


class Sheet:
    """What is known of one view: `current` rows by key, and the `base` of those that changed."""

    def __init__(self, rows: Rows[Any]) -> None:
        self.rows = rows
        self.current: dict[Key, Any] = {}
        self.base: dict[Key, Any] = {}

    def changes(self) -> list[Change]:
        """The rows that differ from what they were when `Fold.settle` was last called."""
        return [
            (key, old, new) for key, old in self.base.items() if (new := self.current[key]) != old
        ]


class Fold:
    """The rows of one projection.

    A key that is not in memory counts as absent: whoever keeps rows elsewhere asks `missing` and
    fills them into `Sheet.current` before.
    """

    def __init__(self, projection: Projection) -> None:
        self.projection = projection
        self.sheets = tuple(Sheet(rows) for rows in projection.rows)
        self._sheets_of: dict[str, tuple[Sheet, ...]] = {
            kind: tuple(
                sheet for sheet in self.sheets if any(cls.kind == kind for cls in sheet.rows.kinds)
            )
            for kind in projection.kinds
        }
        self._stirred_by: dict[str, tuple[Sheet, ...]] = {
            kind: tuple(sheet for sheet in self.sheets if kind in sheet.rows.stirring)
            for kind in projection.kinds
        }

    def __len__(self) -> int:
        return sum(len(sheet.current) for sheet in self.sheets)

    def missing(self, events: Iterable[Given]) -> tuple[set[Key], ...]:
        """For each view the keys that the events touch and that are not in memory.

        Ends before an event whose keys cannot be told: `apply` fails on that one.
        """
        wanted: dict[int, set[Key]] = {id(sheet): set() for sheet in self.sheets}
        with suppress(Exception):
            for recorded, reference in events:
                for sheet in self._sheets_of.get(recorded.event.kind, ()):
                    keys = wanted[id(sheet)]
                    named = sheet.rows.keys(recorded, reference)
                    keys.update(key for key in named if key not in sheet.current)
        return tuple(wanted[id(sheet)] for sheet in self.sheets)

    def stirred(self, events: Iterable[Given]) -> tuple[Sheet, ...]:
        """The views of which the events may stir rows that they do not name: all of those that can
        be stirred must be in memory."""
        found = {
            id(sheet): sheet
            for recorded, _ in events
            for sheet in self._stirred_by.get(recorded.event.kind, ())
        }
        return tuple(found.values())

    def apply(self, recorded: Recorded, reference: Reference) -> None:
        """Folds one event in: into every view, or, where one raises, into none."""
        changes = [
            (sheet, key, old, sheet.rows.apply(old, key, recorded, reference))
            for sheet in self._stirred_by.get(recorded.event.kind, ())
            for key, old in sheet.current.items()
            if sheet.rows.is_stirred(old)
        ]
        changes += [
            (sheet, key, old, sheet.rows.apply(old, key, recorded, reference))
            for sheet in self._sheets_of.get(recorded.event.kind, ())
            for key in sheet.rows.keys(recorded, reference)
            for old in (sheet.current.get(key),)
        ]
        for sheet, key, old, new in changes:
            if new is not old:
                sheet.base.setdefault(key, old)
                sheet.current[key] = new

    def settle(self) -> None:
        """What changed is kept elsewhere now: changes are counted from here on."""
        for sheet in self.sheets:
            sheet.base.clear()

    def clear(self) -> None:
        """Forgets every row."""
        for sheet in self.sheets:
            sheet.base.clear()
            sheet.current.clear()


def tally_deltas(tally: Tally[Any], changes: Iterable[Change]) -> dict[Group, tuple[int, ...]]:
    """What the changed rows add to the tally and take from it; groups that come out even are left
    out."""
    sums: dict[Group, tuple[int, ...]] = {}
    for _, old, new in changes:
        before = () if old is None else tuple(tally.contribute(old))
        after = () if new is None else tuple(tally.contribute(new))
        if before == after:
            continue
        for sign, contributions in ((-1, before), (1, after)):
            for group, effective_from, measures in contributions:
                place = (tuple(group), effective_from)
                known = sums.get(place)
                added = tuple(sign * measure for measure in measures)
                sums[place] = (
                    added
                    if known is None
                    else tuple(a + b for a, b in zip(known, added, strict=True))
                )
    return {place: measures for place, measures in sums.items() if any(measures)}


class Folded(NamedTuple):
    """The views of a projection from scratch: rows by table and key, tallies by table and group."""

    rows: Mapping[str, Mapping[Key, Any]]
    tallies: Mapping[str, Mapping[Group, tuple[int, ...]]]


def fold(projection: Projection, history: Iterable[Recorded]) -> Folded:
    """Folds a whole history from its first event, all in memory."""
    reference = town.EMPTY
    folding = Fold(projection)
    for recorded in history:
        reference = town.evolve(reference, recorded)
        folding.apply(recorded, reference)
    return folded(folding)


def folded(folding: Fold) -> Folded:
    """What a fold from scratch has made so far."""
    rows: dict[str, dict[Key, Any]] = {}
    tallies: dict[str, Mapping[Group, tuple[int, ...]]] = {}
    for sheet in folding.sheets:
        for key, row in sheet.current.items():
            table = sheet.rows.table_of(row)
            if table is not None:
                rows.setdefault(table, {})[key] = row
        if sheet.rows.tally is not None:
            tallies[sheet.rows.table] = tally_deltas(sheet.rows.tally, sheet.changes())
    return Folded(rows, tallies)
