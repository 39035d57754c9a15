"""A community's grid of the test town on paper, and the acts by which it changes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ledger.domain.town.grid import GridLevel, GridUnit, GridUnitCreated
from ledger.domain.town.regrouping import GridPart, GridUnitMerged, GridUnitSplit
from ledger.event import Actor
from ledger.proposal import Proposal
from tests.paper_ledger import PaperLedger
from tests.request_acts import town
from tests.town import COMMITTEE

DAY = timedelta(days=1)
LEVELS = {
    "grid": GridLevel.COMMUNITY,
    "area": GridLevel.AREA,
    "building": GridLevel.BUILDING,
    "cluster": GridLevel.CLUSTER,
}
"""Ids tell their level: area-1, building-2."""


def created(unit: str, parent: str | None = None, **changes: Any) -> Proposal:
    """A unit of the first community, by its own clerk."""
    body = {
        "grid_unit": unit,
        "level": LEVELS[unit.partition("-")[0]],
        "name": unit,
        "community": "committee-1",
        "parent": parent,
        **changes,
    }
    return Proposal(GridUnitCreated(**body), COMMITTEE)


def split(
    unit: str, parts: Mapping[str, tuple[str, ...]], since: datetime | None = None
) -> Proposal:
    """The unit, split among these parts: their ids, and the units that go to each."""
    event = GridUnitSplit(
        grid_unit=unit,
        parts=tuple(GridPart(grid_unit=part, children=units) for part, units in parts.items()),
        effective_from=since,
    )
    return Proposal(event, COMMITTEE)


def merged(units: tuple[str, ...], into: str, since: datetime | None = None) -> Proposal:
    """These units, merged into another."""
    return Proposal(GridUnitMerged(grid_units=units, into=into, effective_from=since), COMMITTEE)


def by(proposal: Proposal, actor: Actor) -> Proposal:
    """The same by somebody else."""
    proposal.actor = actor
    return proposal


def grid_town(*proposals: Proposal) -> PaperLedger:
    """The test town with a grid: two areas of two buildings each, one with two clusters."""
    return town(
        created("grid-1"),
        created("area-1", "grid-1"),
        created("area-2", "grid-1"),
        created("building-1", "area-1"),
        created("building-2", "area-1"),
        created("building-3", "area-2"),
        created("building-4", "area-2"),
        created("cluster-1", "building-1"),
        created("cluster-2", "building-1"),
        *proposals,
    )


def unit_of(paper: PaperLedger, unit: str) -> GridUnit:
    """The unit as the ledger has folded it."""
    found: GridUnit = paper.states[f"grid_unit:{unit}"]
    return found
