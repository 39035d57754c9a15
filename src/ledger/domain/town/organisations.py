"""Organisations (组织体系): the tree, its communities, names and ends, as of any moment."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from ledger.decision import Office, OrganisationType, Situation, standing
from ledger.domain.founding import LedgerFounded
from ledger.domain.town.effect import Dated, in_force, lasts, since_when, too_early
from ledger.event import Event, Folds, Id, Instant, Line, Recorded
from ledger.refusals import Forbidden, Refusal, Unacceptable, UnknownReference, WrongState

TOWN = (OrganisationType.TOWN_COMMITTEE, OrganisationType.TOWN_GOVERNMENT)
AUTHORITIES = (*TOWN, OrganisationType.COUNTY_OFFICE)
COMMUNITIES = (OrganisationType.COMMUNITY_BRANCH, OrganisationType.RESIDENTS_COMMITTEE)
LOCAL_BODIES = (
    *COMMUNITIES,
    OrganisationType.RESIDENTS_SUPERVISION,
    OrganisationType.GENERAL_BRANCH,
)
"""What acts for one community, and for no other."""
SINGLE_OFFICES = frozenset({Office.SECRETARY})
BY_TOWN_OFFICE = standing((Office.SECRETARY, Office.CLERK_A, Office.CLERK_B), *TOWN)


class SubgroupBasis(StrEnum):
    """What brings the members of a Party subgroup together."""

    FUNCTIONAL = "functional"
    INDUSTRY = "industry"
    SITE_BUILDING = "site_building"
    """楼宇"""
    SITE_STREET = "site_street"
    """街巷"""
    SITE_ESTATE = "site_estate"
    """小区"""
    AFFINITY_PLACE = "affinity_place"
    """地缘"""
    AFFINITY_ASPIRATION = "affinity_aspiration"
    """志缘"""
    AFFINITY_INTEREST = "affinity_interest"
    """趣缘"""
    AFFINITY_TRADE = "affinity_trade"
    """业缘"""


class Holder(NamedTuple):
    """Who holds an office of which there is one."""

    office: Office
    principal: str
    since: datetime
    until: datetime | None = None
    by_founding: bool = False
    """Held from the ledger's first event on: it passes on to whoever is appointed first."""


class Organisation(NamedTuple):
    """An organisation as of its history."""

    type: OrganisationType
    parent: str | None
    since: datetime
    names: tuple[Dated, ...]
    communities: tuple[Dated, ...] = ()
    """The communities to which it was assigned."""
    holders: tuple[Holder, ...] = ()
    """Of its single offices."""
    grid_unit: str | None = None
    """The root of the grid, of a community's body."""
    dissolved_from: datetime | None = None

    def is_dissolved(self, moment: datetime) -> bool:
        """Whether it had come to its end by the moment."""
        return self.dissolved_from is not None and self.dissolved_from <= moment

    def has_passed_on(self, office: str, principal: str, moment: datetime) -> bool:
        """Whether a single office was not, or no longer, the principal's at that moment."""
        return office in SINGLE_OFFICES and not any(
            holder.office == office
            and holder.principal == principal
            and lasts(holder.since, holder.until, moment)
            for holder in self.holders
        )

    def name_at(self, moment: datetime) -> str | None:
        """Its name at that moment, None before it was there."""
        return in_force(self.names, moment)

    def community_at(self, moment: datetime) -> str | None:
        """The community to which it was assigned at that moment, if any."""
        return in_force(self.communities, moment)


class Case(Protocol):
    """A request or a whistle, as far as it is somebody's work."""

    def is_open_for(self, organisation: str) -> bool:
        """Whether the organisation still has to do something about it."""


def unknown_organisation(
    situation: Situation, organisation: str, field: str, *types: OrganisationType
) -> Refusal | None:
    """The refusal where an id is no organisation of this ledger, not of these types, or dissolved.

    From the record of a dissolution on it takes in nothing new, even where its end is yet to come.
    """
    state: Organisation | None = situation.state(f"organisation:{organisation}")
    wanted = " or ".join(types) if types else "organisation"
    if state is None:
        return UnknownReference(
            "unknown_organisation",
            f"organisation {organisation} is not in this ledger",
            f"the id of a registered {wanted}",
            field,
        )
    if types and state.type not in types:
        return Unacceptable(
            "wrong_organisation_type",
            f"{organisation} is a {state.type}",
            f"the id of a registered {wanted}",
            field,
        )
    if state.dissolved_from is not None:
        return WrongState(
            "organisation_dissolved",
            f"{organisation} is dissolved from {state.dissolved_from.isoformat()} on",
            f"the id of an active {wanted}",
            field,
        )
    return None


def foreign_community(situation: Situation, community: str, field: str) -> Refusal | None:
    """The refusal where a body of another community than this body's acts.

    Two bodies are of one community where they are the same, one is assigned to the other, or both
    to the same. A resident's channel belongs to a body, and speaks for the resident alone.
    """
    actor = situation.actor
    acting: Organisation = situation.state(f"organisation:{actor.organisation}")
    if actor.office == Office.RESIDENT or acting.type not in LOCAL_BODIES:
        return None
    concerned: Organisation = situation.state(f"organisation:{community}")
    own = {actor.organisation, acting.community_at(situation.at)}
    theirs = {community, concerned.community_at(situation.at)}
    if (own & theirs) - {None}:
        return None
    return Forbidden(
        "foreign_community",
        f"{actor.organisation} and {community} are not bodies of one community",
        f"{community}, or a body that organisation_assigned made one community with it",
        field,
    )


class OrganisationRegistered(Event):
    """An organisation of the method takes its place in the tree."""

    kind = "organisation_registered"
    term = "组织登记"
    proposers = (BY_TOWN_OFFICE,)
    creates = ("organisation", "organisation")
    example = {
        "organisation": "committee-riverside",
        "type": "residents_committee",
        "name": "河堤路社区居民委员会",
        "parent": "branch-riverside",
        "functions": "民政、计生、社保等公共服务",
        "address": "河堤路 1 号",
        "hours": "周一至周五 8:00-12:00，14:00-18:00",
        "telephone": "0915-0000000",
        "effective_from": "2019-03-01T00:00:00+08:00",
    }

    organisation: Id
    """The id by which every other event names it."""
    type: OrganisationType
    """Which body of the method it is: that decides what its offices may do."""
    name: Line
    """Its name, as it is shown."""
    parent: Id | None = None
    """The organisation directly above it; absent: none."""
    basis: SubgroupBasis | None = None
    """Of a Party subgroup."""
    online: bool = False
    """Whether its members meet online (网络党支部, 网络党小组)."""
    functions: Line | None = None
    """What it does for residents."""
    address: Line | None = None
    """Where residents find it."""
    hours: Line | None = None
    """When it is open to residents, in words; no term is reckoned from it."""
    telephone: Line | None = None
    """The number that residents call."""
    effective_from: Instant | None = None
    """Absent: from the moment at which the registration is recorded."""

    def tags(self) -> tuple[str, ...]:
        own = f"organisation:{self.organisation}"
        return (own,) if self.parent is None else (own, f"organisation:{self.parent}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        return self.tags()

    def decide(self, situation: Situation) -> Refusal | None:
        if self.basis is not None and self.type is not OrganisationType.PARTY_SUBGROUP:
            return Unacceptable(
                "not_a_subgroup",
                f"a {self.type} has no basis of a Party subgroup",
                f"no basis, or a {OrganisationType.PARTY_SUBGROUP}",
                "basis",
            )
        if self.parent is None:
            return None
        if self.parent == self.organisation:
            return _cycle("another organisation", "parent")
        above = _parents_of(self.type)
        return unknown_organisation(situation, self.parent, "parent", *above)


class OrganisationAssigned(Event):
    """An organisation belongs to a community from a date of effect on.

    What can stand above a community in the tree is assigned to none, and of a community's own two
    bodies the committee alone, to a branch: so no chain of parents and communities closes.
    """

    kind = "organisation_assigned"
    term = "划归社区"
    proposers = (BY_TOWN_OFFICE,)
    example = {
        "organisation": "unit-school",
        "community": "committee-riverside",
        "effective_from": "2026-03-01T00:00:00+08:00",
    }

    organisation: Id
    """The organisation that belongs to it."""
    community: Id
    """The community's Party branch or its residents' committee."""
    effective_from: Instant | None = None
    """Absent: from the moment at which the assignment is recorded."""

    def tags(self) -> tuple[str, ...]:
        return (f"organisation:{self.organisation}", f"organisation:{self.community}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        return self.tags()

    def decide(self, situation: Situation) -> Refusal | None:
        if self.community == self.organisation:
            return _cycle("a community that is another organisation", "community")
        unknown = unknown_organisation(situation, self.organisation, "organisation", *_ASSIGNABLE)
        if unknown:
            return unknown
        organisation: Organisation = situation.state(f"organisation:{self.organisation}")
        is_committee = organisation.type is OrganisationType.RESIDENTS_COMMITTEE
        bodies = (OrganisationType.COMMUNITY_BRANCH,) if is_committee else COMMUNITIES
        since = self.effective_from or situation.at
        return (
            unknown_organisation(situation, self.community, "community", *bodies)
            or too_early(since, organisation.since)
            or self._assigned_already(organisation, since)
        )

    def _assigned_already(self, organisation: Organisation, since: datetime) -> Refusal | None:
        if organisation.community_at(since) != self.community:
            return None
        return WrongState(
            "already_assigned",
            f"{self.organisation} belongs to {self.community}",
            "another community",
            "community",
        )


class OrganisationRenamed(Event):
    """An organisation has another name from a date of effect on; it stays what it is."""

    kind = "organisation_renamed"
    term = "组织更名"
    proposers = (BY_TOWN_OFFICE,)
    example = {
        "organisation": "dept-urban",
        "name": "城市管理综合执法局",
        "effective_from": "2026-03-01T00:00:00+08:00",
    }

    organisation: Id
    """The organisation that is renamed."""
    name: Line
    """Its new name."""
    effective_from: Instant | None = None
    """Absent: from the moment at which the new name is recorded."""

    def tags(self) -> tuple[str, ...]:
        return (f"organisation:{self.organisation}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return self.tags()

    def decide(self, situation: Situation) -> Refusal | None:
        unknown = unknown_organisation(situation, self.organisation, "organisation")
        if unknown:
            return unknown
        organisation: Organisation = situation.state(f"organisation:{self.organisation}")
        since = self.effective_from or situation.at
        early = too_early(since, organisation.since)
        if early:
            return early
        if organisation.name_at(since) == self.name:
            return WrongState(
                "same_name", f"{self.organisation} has that name", "another name", "name"
            )
        return None


class OrganisationDissolved(Event):
    """An organisation comes to its end: it must have no work open."""

    kind = "organisation_dissolved"
    term = "组织撤销"
    proposers = (standing(Office.SECRETARY, *TOWN),)
    example = {
        "organisation": "group-market",
        "effective_from": "2026-12-31T16:00:00Z",
    }

    organisation: Id
    """The organisation that ends."""
    effective_from: Instant | None = None
    """Absent: from the moment at which the dissolution is recorded."""

    def tags(self) -> tuple[str, ...]:
        return (f"organisation:{self.organisation}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        docket = f"docket:{self.organisation}"
        return (f"organisation:{self.organisation}", docket, *(state(docket) or ()))

    def decide(self, situation: Situation) -> Refusal | None:
        unknown = unknown_organisation(situation, self.organisation, "organisation")
        if unknown:
            return unknown
        if self.organisation == situation.actor.organisation:
            return Forbidden(
                "own_dissolution",
                "nobody dissolves the organisation for which they act",
                "another body of the town",
                "organisation",
            )
        organisation: Organisation = situation.state(f"organisation:{self.organisation}")
        since = self.effective_from or situation.at
        return too_early(since, organisation.since) or self._open_work(situation)

    def _open_work(self, situation: Situation) -> Refusal | None:
        listed: Iterable[str] = situation.state(f"docket:{self.organisation}") or ()
        # Sorted: a set of texts has another order in each process, and the reason names some.
        cases: list[tuple[str, Case]] = [(tag, situation.state(tag)) for tag in sorted(listed)]
        waiting = [tag for tag, case in cases if case.is_open_for(self.organisation)]
        if not waiting:
            return None
        return WrongState(
            "work_is_open",
            f"{self.organisation} has {len(waiting)} open: {', '.join(waiting[:5])}",
            "an organisation whose requests and whistles are done, or are others'",
            "organisation",
        )


_ASSIGNABLE = tuple(
    type_
    for type_ in OrganisationType
    if type_ not in (*AUTHORITIES, OrganisationType.COMMUNITY_BRANCH)
)


def _parents_of(type_: OrganisationType) -> tuple[OrganisationType, ...]:
    """The types of organisation under which one stands in the tree; none given: any."""
    if type_ in AUTHORITIES:
        return AUTHORITIES
    if type_ in COMMUNITIES:
        return (*AUTHORITIES, OrganisationType.COMMUNITY_BRANCH)
    return ()


def _cycle(accepted: str, field: str) -> Refusal:
    return Unacceptable(
        "parent_cycle", "an organisation does not stand under itself", accepted, field
    )


def evolve_organisation(
    state: Organisation | None, tag: str, recorded: Recorded
) -> Organisation | None:
    """The organisation named by the tag, after one more event of its history."""
    match recorded.event:
        case LedgerFounded(town_name=name, founder=founder):
            since = recorded.recorded_at
            holder = Holder(Office.SECRETARY, founder, since, by_founding=True)
            names = (Dated(name, since),)
            return Organisation(
                OrganisationType.TOWN_COMMITTEE, None, since, names, holders=(holder,)
            )
        case OrganisationRegistered() as event if tag == f"organisation:{event.organisation}":
            since = since_when(event.effective_from, recorded)
            return Organisation(event.type, event.parent, since, (Dated(event.name, since),))
        case OrganisationAssigned() as event if (
            state and tag == f"organisation:{event.organisation}"
        ):
            assigned = Dated(event.community, since_when(event.effective_from, recorded))
            return state._replace(communities=(*state.communities, assigned))
        case OrganisationRenamed() as event if state:
            named = Dated(event.name, since_when(event.effective_from, recorded))
            return state._replace(names=(*state.names, named))
        case OrganisationDissolved() as event if state:
            return state._replace(dissolved_from=since_when(event.effective_from, recorded))
    return state


KINDS = (OrganisationRegistered, OrganisationAssigned, OrganisationRenamed, OrganisationDissolved)
FOLDS: Folds = {"organisation": (evolve_organisation, (LedgerFounded, *KINDS))}
