"""The grid (四级网格, 双网): units with their parents, heads' offices and channels, dated."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from ledger.domain.town.effect import since_when
from ledger.domain.town.grid import GridUnitCreated, OnlineChannelLinked
from ledger.domain.town.people import AppointmentEnded, AppointmentMade
from ledger.domain.town.regrouping import GridUnitMerged, GridUnitSplit
from ledger.event import Recorded
from projections.dated import entry
from projections.projection import Key, Rows
from projections.reference import Reference

_TAG = "grid_unit:"


class Unit(NamedTuple):
    """A unit of a community's grid, with what held since when; who its heads are is not here."""

    grid_unit: str
    level: str
    name: str
    community: str
    since: datetime
    until: datetime | None = None
    """When it was split, or merged into another."""
    parents: tuple[str, ...] = ()
    """Dated: the unit above."""
    heads: tuple[str, ...] = ()
    """Dated by office: `<office> held` or `<office> vacant`."""
    channels: tuple[str, ...] = ()
    """Dated by platform: `<platform> <name>`."""


def _keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    event = recorded.event
    if isinstance(event, GridUnitCreated):
        return ((event.grid_unit,),)  # the one above only has one more under it
    return tuple((tag.removeprefix(_TAG),) for tag in recorded.tags if tag.startswith(_TAG))


def _apply(row: Unit | None, key: Key, recorded: Recorded, reference: Reference) -> Unit | None:
    event = recorded.event
    if isinstance(event, GridUnitCreated):
        since = since_when(event.effective_from, recorded)
        parents = () if event.parent is None else (entry(since, event.parent),)
        return Unit(
            event.grid_unit, event.level.value, event.name, event.community, since, None, parents
        )
    return None if row is None else _changed(row, recorded)


def _changed(row: Unit, recorded: Recorded) -> Unit:
    match recorded.event:
        case OnlineChannelLinked(platform=platform, name=name) as event:
            since = since_when(event.effective_from, recorded)
            linked = entry(since, f"{platform.value} {name}")
            return row._replace(channels=(*row.channels, linked))
        case AppointmentMade(office=office) as event:
            since = since_when(event.effective_from, recorded)
            return row._replace(heads=(*row.heads, entry(since, f"{office.value} held")))
        case AppointmentEnded(office=office) as event:
            until = since_when(event.effective_from, recorded)
            return row._replace(heads=(*row.heads, entry(until, f"{office.value} vacant")))
        case GridUnitSplit() as event:
            since = since_when(event.effective_from, recorded)
            if row.grid_unit == event.grid_unit:
                return row._replace(until=since)
            for part in event.parts:
                if row.grid_unit in part.children:
                    return row._replace(parents=(*row.parents, entry(since, part.grid_unit)))
        case GridUnitMerged() as event:
            since = since_when(event.effective_from, recorded)
            if row.grid_unit in event.grid_units:
                return row._replace(until=since)
            if row.parents and row.parents[-1].partition(" ")[2] in event.grid_units:
                return row._replace(parents=(*row.parents, entry(since, event.into)))
    return row


UNITS = Rows(
    table="grid_unit",
    row=Unit,
    key=("grid_unit",),
    kinds=(
        GridUnitCreated,
        OnlineChannelLinked,
        AppointmentMade,
        AppointmentEnded,
        GridUnitSplit,
        GridUnitMerged,
    ),
    keys=_keys,
    apply=_apply,
    indexes=(("community", "grid_unit"),),
)
