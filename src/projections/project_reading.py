"""What the project disclosure shows: who serves, and the subjects in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from projections.dated import in_force
from projections.grid import Unit
from projections.project_disclosure import ServiceBody
from projections.reading import AsOf, Snapshot, snapshot

NAME = "project_disclosure"
_BODIES = """select organisation, type, parent, since, names, communities, dissolved_from, basis,
    online, functions, address, hours, telephone
    from service_body where (%(type)s::text is null or type = %(type)s)
    order by type, organisation limit %(limit)s"""
_UNITS = """select grid_unit, level, name, community, since, until, parents, heads, channels
    from grid_unit where (%(community)s::text is null or community = %(community)s)
    and since <= %(on)s and (until is null or until > %(on)s)
    order by community, level, grid_unit limit %(limit)s"""
# Of the packs whose date of effect has come, the newest is in force, though it lists nothing.
_SUBJECTS = """select code, name, pack_version from listed_subject
    where pack_version = (select max(pack_version) from enacted_pack
        where effective_from <= %(at)s) order by code limit %(limit)s"""
_REASONS = """select list_name, code, name, pack_version from listed_reason
    where pack_version = (select max(pack_version) from enacted_pack
        where effective_from <= %(at)s) order by list_name, code limit %(limit)s"""


@dataclass(frozen=True, slots=True)
class Body:
    """An organisation as of a moment, and how to reach it."""

    organisation: str
    type: str
    name: str
    parent: str | None
    community: str | None
    """The community to which it is assigned."""
    basis: str | None
    """What brings a Party subgroup together."""
    online: bool
    functions: str | None
    address: str | None
    hours: str | None
    telephone: str | None


@dataclass(frozen=True, slots=True)
class GridUnit:
    """A unit of the grid as of a moment."""

    grid_unit: str
    level: str
    name: str
    community: str
    parent: str | None
    offices: tuple[str, ...]
    """The offices of its heads that are held; by whom is not shown."""
    channels: dict[str, str]
    """Platform -> the name of its channel there."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The grid of a community or of all, as of a moment."""

    as_of: AsOf
    on: datetime
    units: tuple[GridUnit, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """An entry of the controlled list in force."""

    code: str
    name: str
    pack_version: int


@dataclass(frozen=True, slots=True)
class Reason:
    """An entry of a closed list in force: pause_reasons, exclusion_reasons or decline_grounds."""

    list_name: str
    code: str
    name: str
    pack_version: int


@dataclass(frozen=True, slots=True)
class ProjectDisclosure:
    """The project disclosure as of one moment."""

    as_of: AsOf
    bodies: tuple[Body, ...]
    subjects: tuple[Subject, ...]
    reasons: tuple[Reason, ...]


async def project(
    connection: AsyncConnection[Any],
    *,
    at: datetime | None = None,
    on: datetime | None = None,
    body_type: str | None = None,
) -> ProjectDisclosure:
    """The bodies (of one type) and the subjects in force at `at`.

    The bodies are those that were there at `on` (None: at `at`), with the names of then.
    """
    tables = ("service_body", "enacted_pack", "listed_subject", "listed_reason")
    async with snapshot(connection, NAME, tables, at) as seen:
        return ProjectDisclosure(
            seen.as_of,
            await _bodies(seen, body_type, on or seen.as_of.at),
            await seen.all(Subject, _SUBJECTS),
            await seen.all(Reason, _REASONS),
        )


async def grid(
    connection: AsyncConnection[Any], *, on: datetime | None = None, community: str | None = None
) -> Grid:
    """The units of the grid that were there at `on` (None: now), as they were then."""
    async with snapshot(connection, NAME, ("grid_unit",), None) as seen:
        moment = on or seen.as_of.at
        found = await seen.all(Unit, _UNITS, {"community": community, "on": moment})
    return Grid(seen.as_of, moment, tuple(_unit(row, moment) for row in found))


async def names(connection: AsyncConnection[Any]) -> dict[str, str]:
    """The name of every organisation by its id, to label figures with."""
    async with snapshot(connection, NAME, ("service_body",), None) as seen:
        found = await seen.all(ServiceBody, _BODIES, {"type": None})
    return {row.organisation: _name(row, seen.as_of.at) for row in found}


async def _bodies(seen: Snapshot, body_type: str | None, moment: datetime) -> tuple[Body, ...]:
    found = await seen.all(ServiceBody, _BODIES, {"type": body_type})
    return tuple(
        Body(
            row.organisation,
            row.type,
            _name(row, moment),
            row.parent,
            in_force(row.communities, moment),
            row.basis,
            row.online,
            row.functions,
            row.address,
            row.hours,
            row.telephone,
        )
        for row in found
        if row.since <= moment and (row.dissolved_from is None or row.dissolved_from > moment)
    )


def _name(row: ServiceBody, moment: datetime) -> str:
    return in_force(row.names, moment) or row.names[0].partition(" ")[2]


def _unit(row: Unit, moment: datetime) -> GridUnit:
    offices = {office: _latest(row.heads, office, moment) for office in _first_words(row.heads)}
    channels = {name: _latest(row.channels, name, moment) for name in _first_words(row.channels)}
    return GridUnit(
        row.grid_unit,
        row.level,
        row.name,
        row.community,
        in_force(row.parents, moment),
        tuple(office for office, state in offices.items() if state == "held"),
        {platform: name for platform, name in channels.items() if name is not None},
    )


def _first_words(entries: Sequence[str]) -> list[str]:
    return sorted({entry.split(" ")[1] for entry in entries})


def _latest(entries: Sequence[str], word: str, moment: datetime) -> str | None:
    """Of the entries whose value begins with the word: what follows it in the one in force."""
    of_it = (entry for entry in entries if entry.split(" ")[1] == word)
    value = in_force(of_it, moment)
    return None if value is None else value.partition(" ")[2]
