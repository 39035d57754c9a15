"""Regrouping (网格调整): units of the grid are split, or merged into others, as of any moment.

The units that take in what another had stand beside it: they are created first, in the same list.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from ledger.decision import Situation
from ledger.domain.town.effect import Dated, since_when, too_early
from ledger.domain.town.grid import (
    BY_GRID_OFFICE,
    MAX_CHILDREN,
    GridLevel,
    GridUnit,
    of_another_grid,
    open_unit,
    too_many,
    with_children,
)
from ledger.event import Event, EventModel, Folds, Id, Instant, Recorded
from ledger.refusals import Refusal, Unacceptable, WrongState

MAX_PARTS = 20
MAX_MERGED = 10
_CLOSING = (GridLevel.AREA, GridLevel.BUILDING, GridLevel.CLUSTER)


class GridPart(EventModel):
    """One of the units among which another is split, and those of its units that go to it."""

    grid_unit: Id
    """A unit that stands beside the one that is split."""
    children: Annotated[tuple[Id, ...], Field(max_length=MAX_CHILDREN)] = ()
    """The units under the one that is split which go to this part."""


class GridUnitSplit(Event):
    """A unit is split among units that stand beside it, created for that; it closes.

    The units under it are allotted, its households assigned anew.
    """

    kind = "grid_unit_split"
    term = "网格拆分"
    proposers = (BY_GRID_OFFICE,)
    example = {
        "grid_unit": "area-north",
        "parts": [
            {"grid_unit": "area-north-east", "children": ["building-1"]},
            {"grid_unit": "area-north-west", "children": ["building-2", "building-3"]},
        ],
        "effective_from": "2026-06-01T00:00:00+08:00",
    }

    grid_unit: Id
    """The unit that closes."""
    parts: Annotated[tuple[GridPart, ...], Field(min_length=2, max_length=MAX_PARTS)]
    """The units among which it is split; each unit under it goes to one of them."""
    effective_from: Instant | None = None
    """Absent: from the moment at which the split is recorded."""

    @property
    def allotted(self) -> tuple[str, ...]:
        """The units that go to the parts."""
        return tuple(child for part in self.parts for child in part.children)

    def tags(self) -> tuple[str, ...]:
        units = (self.grid_unit, *(part.grid_unit for part in self.parts), *self.allotted)
        return tuple(f"grid_unit:{unit}" for unit in units)

    def concerns(self, situation: Situation) -> tuple[str, ...]:
        """The unit above, which has one less under it."""
        unit: GridUnit = situation.state(f"grid_unit:{self.grid_unit}")
        return (f"grid_unit:{unit.parent}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        units = (self.grid_unit, *(part.grid_unit for part in self.parts))
        return tuple(f"grid_unit:{unit}" for unit in units)

    def decide(self, situation: Situation) -> Refusal | None:
        unit = _closing_unit(situation, self.grid_unit, "grid_unit", self.effective_from)
        if not isinstance(unit, GridUnit):
            return unit
        named = (self.grid_unit, *(part.grid_unit for part in self.parts))
        if len(set(named)) < len(named):
            return _given_twice("parts")
        for part in self.parts:
            beside = _beside(situation, unit, part.grid_unit, "parts", self.effective_from)
            if not isinstance(beside, GridUnit):
                return beside
            if len(beside.children) + len(part.children) > MAX_CHILDREN:
                return too_many(len(beside.children) + len(part.children), "parts")
        if sorted(self.allotted) == sorted(unit.children):
            return None
        return Unacceptable(
            "children_not_allotted",
            f"{self.grid_unit} has {len(unit.children)} units under it",
            f"each of them in one part: {', '.join(sorted(unit.children)[:20]) or 'none'}",
            "parts",
        )


class GridUnitMerged(Event):
    """Units are merged into one that stands beside them; they close.

    The units under them go with them, their households are assigned anew.
    """

    kind = "grid_unit_merged"
    term = "网格合并"
    proposers = (BY_GRID_OFFICE,)
    example = {
        "grid_units": ["area-north", "area-south"],
        "into": "area-riverside",
        "effective_from": "2026-06-01T00:00:00+08:00",
    }

    grid_units: Annotated[tuple[Id, ...], Field(min_length=1, max_length=MAX_MERGED)]
    """The units that close."""
    into: Id
    """The unit that takes them in, of their level and beside them."""
    effective_from: Instant | None = None
    """Absent: from the moment at which the merger is recorded."""

    def tags(self) -> tuple[str, ...]:
        return tuple(f"grid_unit:{unit}" for unit in (*self.grid_units, self.into))

    def concerns(self, situation: Situation) -> tuple[str, ...]:
        """The unit above, which has less under it, and those that move."""
        units: list[GridUnit] = [
            situation.state(f"grid_unit:{identity}") for identity in self.grid_units
        ]
        moving = (child for unit in units for child in unit.children)
        return tuple(f"grid_unit:{one}" for one in (units[0].parent, *moving))

    def boundary(self, state: Any) -> tuple[str, ...]:
        return self.tags()

    def decide(self, situation: Situation) -> Refusal | None:
        named = (*self.grid_units, self.into)
        if len(set(named)) < len(named):
            return _given_twice("grid_units")
        moving = 0
        into: GridUnit | Refusal | None = None
        for identity in self.grid_units:
            unit = _closing_unit(situation, identity, "grid_units", self.effective_from)
            if not isinstance(unit, GridUnit):
                return unit
            into = _beside(situation, unit, self.into, "into", self.effective_from)
            if not isinstance(into, GridUnit):
                return into
            moving += len(unit.children)
        assert isinstance(into, GridUnit)  # at least one unit is merged
        count = len(into.children) + moving
        return too_many(count, "into") if count > MAX_CHILDREN else None


def _closing_unit(
    situation: Situation, identity: str, field: str, effective_from: datetime | None
) -> GridUnit | Refusal:
    """A unit that may close on that day, or why it may not."""
    unit = open_unit(situation, identity, field, *_CLOSING)
    if not isinstance(unit, GridUnit):
        return unit
    since = effective_from or situation.at
    if any(head.until is None or head.until > since for head in unit.heads):
        return WrongState(
            "head_in_office", f"{identity} has a head", "appointment_ended first", field
        )
    return (
        of_another_grid(situation, unit.community, field) or too_early(since, unit.latest) or unit
    )


def _beside(
    situation: Situation,
    unit: GridUnit,
    identity: str,
    field: str,
    effective_from: datetime | None,
) -> GridUnit | Refusal:
    """A unit that stands beside another, and so can take in what is its, or why it does not."""
    found = open_unit(situation, identity, field, unit.level)
    if not isinstance(found, GridUnit):
        return found
    if found.parent != unit.parent:
        return Unacceptable(
            "not_beside",
            f"{identity} stands under {found.parent}",
            f"a unit under {unit.parent}",
            field,
        )
    return too_early(effective_from or situation.at, found.since) or found


def _given_twice(field: str) -> Refusal:
    return Unacceptable(
        "grid_unit_given_twice", "a unit is named twice", "each once, beside the others", field
    )


def evolve_regrouping(state: GridUnit | None, tag: str, recorded: Recorded) -> GridUnit | None:
    """The unit named by the tag, after it or those around it were regrouped."""
    own = tag.partition(":")[2]
    match recorded.event:
        case GridUnitSplit() as event if state:
            return _after_split(state, own, event, since_when(event.effective_from, recorded))
        case GridUnitMerged() as event if state:
            since = since_when(event.effective_from, recorded)
            return _after_merger(state, own, event, recorded.tags, since)
    return state


def _without_children(state: GridUnit, since: datetime, *gone: str) -> GridUnit:
    children = tuple(child for child in state.children if child not in gone)
    return state._replace(children=children, latest=max(state.latest, since))


def _after_split(state: GridUnit, own: str, event: GridUnitSplit, since: datetime) -> GridUnit:
    if own == event.grid_unit:
        return state._replace(until=since, children=())
    for part in event.parts:
        if own == part.grid_unit:
            return with_children(state, since, *part.children)
        if own in part.children:
            moved = (*state.parents, Dated(part.grid_unit, since))
            return state._replace(parents=moved, latest=max(state.latest, since))
    return _without_children(state, since, event.grid_unit)


def _after_merger(
    state: GridUnit, own: str, event: GridUnitMerged, tags: tuple[str, ...], since: datetime
) -> GridUnit:
    if own in event.grid_units:
        return state._replace(until=since, children=())
    if own == event.into:
        # Who moves, only the tags tell: all units of the event but the merged and the one above.
        others = {*event.grid_units, own, state.parent}
        units = (tag.partition(":")[2] for tag in tags if tag.startswith("grid_unit:"))
        return with_children(state, since, *(unit for unit in units if unit not in others))
    if state.parent in event.grid_units:
        moved = (*state.parents, Dated(event.into, since))
        return state._replace(parents=moved, latest=max(state.latest, since))
    return _without_children(state, since, *event.grid_units)


KINDS = (GridUnitSplit, GridUnitMerged)
FOLDS: Folds = {"grid_unit": (evolve_regrouping, KINDS)}
