"""The grid (四级网格) of a community, its households, and the channels beside it (双网)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import Field

from ledger.decision import Office, Situation, standing
from ledger.domain.town.effect import Dated, in_force, lasts, since_when, too_early
from ledger.domain.town.organisations import (
    COMMUNITIES,
    TOWN,
    Holder,
    Organisation,
    unknown_organisation,
)
from ledger.event import (
    Event,
    Folds,
    Id,
    Instant,
    Line,
    Recorded,
    mint_id,
    mint_random_id,
)
from ledger.refusals import Forbidden, Refusal, Unacceptable, UnknownReference, WrongState

MAX_CHILDREN = 40
"""Units directly under one: a record that moves them names them all."""
BY_GRID_OFFICE = standing((Office.SECRETARY, Office.CLERK_A, Office.CLERK_B), *TOWN, *COMMUNITIES)


class GridLevel(StrEnum):
    """How high a unit stands: each level directly under the one before it."""

    COMMUNITY = "community"
    """社区"""
    AREA = "area"
    """片区"""
    BUILDING = "building"
    """楼栋, 院"""
    CLUSTER = "cluster"
    """中心户"""

    @property
    def above(self) -> GridLevel | None:
        """The level directly above, None for the highest."""
        levels = list(GridLevel)
        place = levels.index(self)
        return levels[place - 1] if place else None


_OF_HOUSEHOLDS = (GridLevel.BUILDING, GridLevel.CLUSTER)


class Platform(StrEnum):
    """Where an online channel of a unit is."""

    WECHAT_GROUP = "wechat_group"
    """微信群"""
    OFFICIAL_ACCOUNT = "official_account"
    """公众号"""
    MINI_PROGRAM = "mini_program"
    """小程序"""
    QQ_GROUP = "qq_group"
    """QQ群"""


class GridUnit(NamedTuple):
    """A unit of the grid as of its history."""

    level: GridLevel
    community: str
    since: datetime
    latest: datetime
    """The latest date of effect of what belongs to it: it is not closed before."""
    parents: tuple[Dated, ...] = ()
    children: tuple[str, ...] = ()
    """The units under it that are not closed."""
    heads: tuple[Holder, ...] = ()
    channels: tuple[tuple[Platform, Dated], ...] = ()
    until: datetime | None = None
    """When it was split, or merged into another."""

    def is_active(self, moment: datetime) -> bool:
        """Whether it was part of the grid at that moment."""
        return lasts(self.since, self.until, moment)

    def parent_at(self, moment: datetime) -> str | None:
        """The unit under which it stood at that moment."""
        return in_force(self.parents, moment)

    def channel_at(self, platform: Platform, moment: datetime) -> str | None:
        """The name of its channel on a platform at that moment."""
        return in_force((name for on, name in self.channels if on is platform), moment)

    @property
    def parent(self) -> str | None:
        """The unit under which it was put last."""
        return self.parents[-1].value if self.parents else None


class Household(NamedTuple):
    """A household, under a random id, as of its history."""

    units: tuple[Dated, ...] = ()

    def unit_at(self, moment: datetime) -> str | None:
        """The unit to which it belonged at that moment."""
        return in_force(self.units, moment)


def open_unit(
    situation: Situation, identity: str, field: str, *levels: GridLevel
) -> GridUnit | Refusal:
    """A unit that is not closed, of one of these levels if any are given, or why it is not."""
    unit: GridUnit | None = situation.state(f"grid_unit:{identity}")
    if unit is None:
        return UnknownReference(
            "unknown_grid_unit",
            f"grid unit {identity} is not in this ledger",
            "the id of a unit that was created",
            field,
        )
    if unit.until is not None:
        return WrongState(
            "grid_unit_closed",
            f"grid unit {identity} is closed from {unit.until.isoformat()} on",
            "a unit that was neither split nor merged into another",
            field,
        )
    if levels and unit.level not in levels:
        return wrong_level(f"{identity} is of level {unit.level}", " or ".join(levels), field)
    return unit


def wrong_level(reason: str, accepted: str, field: str) -> Refusal:
    """The refusal of a unit whose level does not fit."""
    return Unacceptable("wrong_grid_level", reason, accepted, field)


def of_another_community(unit: str, community: str, field: str) -> Refusal:
    """The refusal of a unit that is not the community's."""
    return Forbidden(
        "grid_unit_of_another",
        f"grid unit {unit} is not of {community}",
        f"a unit of {community}",
        field,
    )


def too_many(count: int, field: str) -> Refusal:
    """The refusal of more units directly under one than a record can name."""
    return Unacceptable(
        "too_many_grid_units",
        f"there would be {count} units directly under one",
        f"at most {MAX_CHILDREN}",
        field,
    )


def of_another_grid(situation: Situation, community: str, field: str) -> Refusal | None:
    """The refusal where a community's body changes the grid of another; the town may."""
    actor: Organisation = situation.state(f"organisation:{situation.actor.organisation}")
    if actor.type in TOWN or situation.actor.organisation == community:
        return None
    return Forbidden(
        "grid_of_another",
        f"the grid is {community}'s",
        f"a principal of {community}, or of the town",
        field,
    )


class GridUnitCreated(Event):
    """A unit joins a community's grid: the community itself, or one directly under another."""

    kind = "grid_unit_created"
    term = "网格设立"
    proposers = (BY_GRID_OFFICE,)
    creates = ("grid_unit", "grid_unit")
    example = {
        "grid_unit": "area-north",
        "level": "area",
        "name": "北片区",
        "community": "committee-riverside",
        "parent": "grid-riverside",
        "effective_from": "2026-03-01T00:00:00+08:00",
    }

    grid_unit: Id = Field(default_factory=mint_id)
    """The unit's id."""
    level: GridLevel
    """How high it stands; the unit above is of the level before."""
    name: Line
    """As residents know it."""
    community: Id
    """The body of the community whose grid it is."""
    parent: Id | None = None
    """The unit above; absent for the community's own alone."""
    effective_from: Instant | None = None
    """Absent: from the moment at which the creation is recorded."""

    def tags(self) -> tuple[str, ...]:
        above = f"organisation:{self.community}"
        if self.parent is not None:
            above = f"grid_unit:{self.parent}"
        return (f"grid_unit:{self.grid_unit}", above)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*self.tags(), f"organisation:{self.community}")

    def decide(self, situation: Situation) -> Refusal | None:
        refusal = unknown_organisation(
            situation, self.community, "community", *COMMUNITIES
        ) or of_another_grid(situation, self.community, "community")
        if refusal:
            return refusal
        if (self.parent is None) != (self.level is GridLevel.COMMUNITY):
            return wrong_level(
                f"a unit of level {self.level} {'without' if self.parent is None else 'under'}"
                " another",
                "a community under none, any other level under a unit",
                "parent",
            )
        if self.parent is None:
            return self._second_root(situation)
        return self._unfit_parent(situation, self.parent)

    def _second_root(self, situation: Situation) -> Refusal | None:
        community: Organisation = situation.state(f"organisation:{self.community}")
        if community.grid_unit is None:
            return None
        return WrongState(
            "community_has_grid",
            f"{self.community} has the grid under {community.grid_unit}",
            "an area under that unit",
            "community",
        )

    def _unfit_parent(self, situation: Situation, parent: str) -> Refusal | None:
        above = self.level.above
        assert above is not None  # the community's own level has no parent
        unit = open_unit(situation, parent, "parent", above)
        if not isinstance(unit, GridUnit):
            return unit
        if unit.community != self.community:
            return of_another_community(parent, self.community, "parent")
        if len(unit.children) >= MAX_CHILDREN:
            return too_many(len(unit.children) + 1, "parent")
        return too_early(self.effective_from or situation.at, unit.since)


class HouseholdAssigned(Event):
    """A household, under a random id, belongs to a building or a cluster from a date on."""

    kind = "household_assigned"
    term = "住户入格"
    proposers = (BY_GRID_OFFICE,)
    example = {
        "household": "0b9d3f4e-58a7-4f0e-9c2d-7d1e6a5b4c32",
        "grid_unit": "cluster-7",
        "effective_from": "2026-03-01T00:00:00+08:00",
    }

    household: Id = Field(default_factory=mint_random_id)
    """The random id by which the household is known; not an address."""
    grid_unit: Id
    """The building or cluster."""
    effective_from: Instant | None = None
    """Absent: from the moment at which the assignment is recorded."""

    def tags(self) -> tuple[str, ...]:
        return (f"household:{self.household}", f"grid_unit:{self.grid_unit}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        return self.tags()

    def decide(self, situation: Situation) -> Refusal | None:
        unit = open_unit(situation, self.grid_unit, "grid_unit", *_OF_HOUSEHOLDS)
        if not isinstance(unit, GridUnit):
            return unit
        since = self.effective_from or situation.at
        refusal = of_another_grid(situation, unit.community, "grid_unit") or too_early(
            since, unit.since
        )
        if refusal:
            return refusal
        household: Household = situation.state(f"household:{self.household}") or Household()
        if household.unit_at(since) == self.grid_unit:
            return WrongState(
                "already_assigned",
                f"the household belongs to {self.grid_unit}",
                "another unit",
                "grid_unit",
            )
        return None


class OnlineChannelLinked(Event):
    """双网: a unit has a channel on a platform; a later one takes its place."""

    kind = "online_channel_linked"
    term = "线上渠道关联"
    proposers = (BY_GRID_OFFICE,)
    example = {
        "grid_unit": "building-1",
        "platform": "wechat_group",
        "name": "一号楼居民群",
        "effective_from": "2026-03-01T00:00:00+08:00",
    }

    grid_unit: Id
    """The unit that has the channel."""
    platform: Platform
    """Where the channel is."""
    name: Line
    """The channel's name on the platform."""
    effective_from: Instant | None = None
    """Absent: from the moment at which the link is recorded."""

    def tags(self) -> tuple[str, ...]:
        return (f"grid_unit:{self.grid_unit}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return self.tags()

    def decide(self, situation: Situation) -> Refusal | None:
        unit = open_unit(situation, self.grid_unit, "grid_unit")
        if not isinstance(unit, GridUnit):
            return unit
        since = self.effective_from or situation.at
        refusal = of_another_grid(situation, unit.community, "grid_unit") or too_early(
            since, unit.since
        )
        if refusal:
            return refusal
        if unit.channel_at(self.platform, since) == self.name:
            return WrongState(
                "channel_linked",
                f"{self.grid_unit} has that channel",
                "another platform or name",
                "name",
            )
        return None


def evolve_unit(state: GridUnit | None, tag: str, recorded: Recorded) -> GridUnit | None:
    """The unit named by the tag, after one more event of its history."""
    own, event = tag.partition(":")[2], recorded.event
    match event:
        case GridUnitCreated(grid_unit=created) if created == own:
            since = since_when(event.effective_from, recorded)
            parents = () if event.parent is None else (Dated(event.parent, since),)
            return GridUnit(event.level, event.community, since, since, parents)
        case _ if state is None:
            return None
        case GridUnitCreated(grid_unit=created):
            since = since_when(event.effective_from, recorded)
            return with_children(state, since, created)
        case OnlineChannelLinked(platform=platform, name=name):
            since = since_when(event.effective_from, recorded)
            return state._replace(
                channels=(*state.channels, (platform, Dated(name, since))),
                latest=max(state.latest, since),
            )
        case HouseholdAssigned():
            since = since_when(event.effective_from, recorded)
            return state._replace(latest=max(state.latest, since))
    return state


def with_children(state: GridUnit, since: datetime, *more: str) -> GridUnit:
    """The same with more units directly under it, from a date of effect on."""
    children = (*state.children, *more)
    return state._replace(children=children, latest=max(state.latest, since))


def evolve_household(state: Household | None, tag: str, recorded: Recorded) -> Household | None:
    """The household after one more event of its history."""
    match recorded.event:
        case HouseholdAssigned(grid_unit=unit) as event:
            assigned = Dated(unit, since_when(event.effective_from, recorded))
            return Household((*(state.units if state else ()), assigned))
    return state


def evolve_root(state: Organisation | None, tag: str, recorded: Recorded) -> Organisation | None:
    """The community's body, once its grid has a root."""
    match recorded.event:
        case GridUnitCreated(grid_unit=unit) if state:
            return state._replace(grid_unit=unit)
    return state


KINDS = (
    GridUnitCreated,
    HouseholdAssigned,
    OnlineChannelLinked,
)
FOLDS: Folds = {
    "grid_unit": (evolve_unit, KINDS),
    "household": (evolve_household, (HouseholdAssigned,)),
    "organisation": (evolve_root, (GridUnitCreated,)),
}
