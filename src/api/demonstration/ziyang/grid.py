"""The four-level grid of each community, its heads, its households, and its online channels."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Final

from api.demonstration import town
from api.demonstration.ziyang.bodies import COMMUNITIES, SINCE, Community, clerk, numeral
from api.demonstration.ziyang.days import OPENING, at, chance
from ledger.decision import Office
from ledger.domain.town.grid import (
    GridLevel,
    GridUnitCreated,
    HouseholdAssigned,
    OnlineChannelLinked,
    Platform,
)
from ledger.domain.town.people import AppointmentEnded, AppointmentMade, PersonEnrolled
from ledger.domain.town.regrouping import GridPart, GridUnitMerged, GridUnitSplit
from ledger.proposal import Proposal

AREAS: Final = 3
BUILDINGS: Final = 4
"""Of each area."""
CLUSTERS: Final = 2
"""Of each building."""
HOUSEHOLDS: Final = 3
"""Of each cluster, as far as they are entered by the closing date."""
_HEADS = {
    GridLevel.AREA: (Office.AREA_HEAD, "片区长"),
    GridLevel.BUILDING: (Office.BUILDING_HEAD, "楼栋长"),
    GridLevel.CLUSTER: (Office.CLUSTER_HEAD, "中心户长"),
}


def opening() -> Iterator[Proposal]:
    """All units from the top down, each with its head, then channels and households."""
    for community in COMMUNITIES:
        root = f"grid-{community.key}"
        yield _created(community, root, GridLevel.COMMUNITY, community.name, None)
        for area in range(1, AREAS + 1):
            above = f"{root}-{area}"
            name = f"{community.name}第{numeral(area)}片区"
            yield _created(community, above, GridLevel.AREA, name, root)
            yield from _headed(community, above, GridLevel.AREA)
            for building in range(1, BUILDINGS + 1):
                yield from _building(community, above, (area - 1) * BUILDINGS + building)


def _building(community: Community, area: str, number: int) -> Iterator[Proposal]:
    building = f"{area}-{number:02}"
    yield _created(community, building, GridLevel.BUILDING, f"{numeral(number)}号楼院", area)
    yield from _headed(community, building, GridLevel.BUILDING)
    linked = OnlineChannelLinked(
        grid_unit=building,
        platform=Platform.WECHAT_GROUP,
        name=f"{community.name}{numeral(number)}号楼院居民群",
        effective_from=SINCE,
    )
    yield Proposal(linked, clerk(community.committee), OPENING)
    for cluster in range(1, CLUSTERS + 1):
        unit = f"{building}-{cluster}"
        name = f"{numeral(number)}号楼院第{numeral(cluster)}中心户"
        yield _created(community, unit, GridLevel.CLUSTER, name, building)
        yield from _headed(community, unit, GridLevel.CLUSTER)
        for household in range(HOUSEHOLDS):
            assigned = HouseholdAssigned(
                household=town.random_id(f"household/{unit}/{household}"),
                grid_unit=unit,
                effective_from=SINCE,
            )
            yield Proposal(assigned, clerk(community.committee), OPENING)


def _created(
    community: Community, unit: str, level: GridLevel, name: str, parent: str | None
) -> Proposal:
    created = GridUnitCreated(
        grid_unit=unit,
        level=level,
        name=name,
        community=community.committee,
        parent=parent,
        effective_from=SINCE,
    )
    return Proposal(created, clerk(community.committee), OPENING)


def head(unit: str) -> str:
    """The id of a unit's head."""
    return town.random_id(f"head/{unit}")


def _headed(community: Community, unit: str, level: GridLevel) -> Iterator[Proposal]:
    office, term = _HEADS[level]
    enrolled = PersonEnrolled(principal=head(unit), name=f"（演示{term}）")
    yield Proposal(enrolled, town.FOUNDER, OPENING)
    appointed = AppointmentMade(
        principal=head(unit),
        organisation=community.committee,
        office=office,
        grid_unit=unit,
        effective_from=SINCE,
    )
    yield Proposal(appointed, town.FOUNDER, OPENING)


def buildings(community: Community) -> list[str]:
    """The ids of a community's buildings at the closing date."""
    return [
        f"grid-{community.key}-{(number - 1) // BUILDINGS + 1}-{number:02}"
        for number in range(1, AREAS * BUILDINGS + 1)
    ]


def changes() -> Iterator[Proposal]:
    """A crowded area is split, a cluster merged; households move in and about through the year."""
    yield from _split()
    yield from _merged()
    random = chance("grid")
    for number in range(120):
        moved = random.choice(COMMUNITIES)
        day = date(2020, 1 + number // 11, 1 + random.randrange(28))
        when = at(day, 9 + number % 3)
        assigned = HouseholdAssigned(
            household=town.random_id(f"household/moved/{number}"),
            grid_unit=f"{random.choice(buildings(moved))}-1",
            effective_from=when,
        )
        yield Proposal(assigned, clerk(moved.committee), when)


def _split() -> Iterator[Proposal]:
    when = at(date(2020, 9, 7), 10)
    community = COMMUNITIES[0]
    root, old = f"grid-{community.key}", f"grid-{community.key}-3"
    for side, name in (("east", "东"), ("west", "西")):
        created = GridUnitCreated(
            grid_unit=f"{old}-{side}",
            level=GridLevel.AREA,
            name=f"{community.name}第三片区{name}",
            community=community.committee,
            parent=root,
            effective_from=when,
        )
        yield Proposal(created, clerk(community.committee), when)
    yield _without_head(community, old, Office.AREA_HEAD, when)
    children = tuple(unit for unit in buildings(community) if unit.startswith(f"{old}-"))
    split = GridUnitSplit(
        grid_unit=old,
        parts=(
            GridPart(grid_unit=f"{old}-east", children=children[:2]),
            GridPart(grid_unit=f"{old}-west", children=children[2:]),
        ),
        effective_from=when,
    )
    yield Proposal(split, clerk(community.committee), when)


def _merged() -> Iterator[Proposal]:
    """Two clusters of a building become one."""
    when = at(date(2020, 10, 12), 10)
    community = COMMUNITIES[1]
    building = buildings(community)[-1]
    yield _without_head(community, f"{building}-2", Office.CLUSTER_HEAD, when)
    merged = GridUnitMerged(
        grid_units=(f"{building}-2",), into=f"{building}-1", effective_from=when
    )
    yield Proposal(merged, clerk(community.committee), when)


def _without_head(community: Community, unit: str, office: Office, when: datetime) -> Proposal:
    ended = AppointmentEnded(
        principal=head(unit),
        organisation=community.committee,
        office=office,
        grid_unit=unit,
        effective_from=when,
    )
    return Proposal(ended, town.FOUNDER, when)
