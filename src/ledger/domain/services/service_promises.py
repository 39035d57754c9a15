"""Promises (服务承诺): what a community undertakes, who answers for which area, and home visits."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from pydantic import Field

from ledger.decision import Office, Situation, standing
from ledger.domain.requests.requests import BY_COMMUNITY, BY_RESIDENT, precedes
from ledger.domain.services.requesters import conflicted
from ledger.domain.shapes.promises import Promise
from ledger.domain.town.effect import Dated, in_force, since_when, too_early
from ledger.domain.town.grid import (
    BY_GRID_OFFICE,
    GridLevel,
    GridUnit,
    of_another_community,
    of_another_grid,
    open_unit,
)
from ledger.domain.town.organisations import (
    COMMUNITIES,
    Organisation,
    foreign_community,
    unknown_organisation,
)
from ledger.domain.town.people import Principal
from ledger.event import (
    Event,
    Folds,
    Id,
    Instant,
    Line,
    PersonalContact,
    PersonalText,
    Recorded,
    mint_id,
    mint_random_id,
)
from ledger.refusals import Forbidden, Refusal, UnknownReference, WrongState

BY_VISITOR = standing(
    (
        Office.SECRETARY,
        Office.COMMITTEE_MEMBER,
        Office.PART_TIME_COMMITTEE_MEMBER,
        Office.RESIDENTS_COMMITTEE_MEMBER,
        Office.AREA_HEAD,
        Office.BUILDING_HEAD,
        Office.CLUSTER_HEAD,
        Office.CLERK_A,
        Office.CLERK_B,
        Office.AGENT,
    ),
    *COMMUNITIES,
)
_LEVELS = (GridLevel.AREA, GridLevel.BUILDING, GridLevel.CLUSTER)


class Published(NamedTuple):
    """A promise as of its history."""

    organisation: str
    published_at: datetime
    superseded_by: str | None = None


class Responsibility(NamedTuple):
    """Who answers for a unit of the grid, as of its history."""

    community: str
    holders: tuple[Dated, ...] = ()

    def holder_at(self, moment: datetime) -> str | None:
        """The principal who answered for it at that moment."""
        return in_force(self.holders, moment)


class Visit(NamedTuple):
    """A home visit as of its history."""

    community: str
    grid_unit: str
    requester: str
    requested_at: datetime
    is_made: bool = False


class PromisePublished(Event):
    """A community says what it does within which time; it may replace an earlier promise."""

    kind = "promise_published"
    term = "公布服务承诺"
    proposers = (BY_COMMUNITY,)
    creates = ("promise", "promise")
    example = {
        "promise": "promise-2026-02",
        "title": "行动不便的居民提出后，两个工作日内上门服务",
        "within": {"amount": 2, "unit": "working_days"},
        "supersedes": "promise-2026-01",
    }

    promise: Id = Field(default_factory=mint_id)
    """The promise's id."""
    title: Line
    """What is promised, as everybody reads it."""
    within: Promise
    """How long it takes at most, from the request on."""
    supersedes: Id | None = None
    """The promise of the same community that ends with this one."""

    def tags(self) -> tuple[str, ...]:
        own = f"promise:{self.promise}"
        return (own,) if self.supersedes is None else (own, f"promise:{self.supersedes}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        if self.supersedes is None:
            return self.tags()
        return (*self.tags(), *_of_its_body(self.supersedes, state))

    def decide(self, situation: Situation) -> Refusal | None:
        if self.supersedes is None:
            return None
        if self.supersedes == self.promise:
            return _unknown_promise(self.supersedes, "supersedes")
        earlier = promise_in_force(situation, self.supersedes, "supersedes")
        if not isinstance(earlier, Published):
            return earlier
        if situation.precedes(earlier.published_at):
            return precedes(earlier.published_at)
        return foreign_community(situation, earlier.organisation, "supersedes")


class AreaResponsibilityAssigned(Event):
    """分片包块: somebody of the community answers for a unit of its grid, from a date of effect."""

    kind = "area_responsibility_assigned"
    term = "分片包块"
    proposers = (BY_GRID_OFFICE,)
    example = {
        "community": "committee-riverside",
        "grid_unit": "area-east",
        "principal": "3c1f6a0e-0d57-4a52-8f0b-9f6f2f1f7a10",
        "effective_from": "2026-03-01T00:00:00+08:00",
    }

    community: Id
    """The community whose grid it is."""
    grid_unit: Id
    """An area, a building or a cluster of it."""
    principal: Id
    """Who answers for it; somebody who holds an office of the community."""
    effective_from: Instant | None = None
    """Absent: from the moment at which it is recorded."""

    def tags(self) -> tuple[str, ...]:
        return (f"responsibility:{self.grid_unit}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        unit, own = f"grid_unit:{self.grid_unit}", f"principal:{self.principal}"
        return (*self.tags(), unit, own)

    def decide(self, situation: Situation) -> Refusal | None:
        unit = open_unit(situation, self.grid_unit, "grid_unit", *_LEVELS)
        if not isinstance(unit, GridUnit):
            return unit
        if unit.community != self.community:
            return of_another_community(self.grid_unit, self.community, "grid_unit")
        since = self.effective_from or situation.at
        return (
            of_another_grid(situation, self.community, "grid_unit")
            or too_early(since, unit.since)
            or self._unfit(situation, since)
        )

    def _unfit(self, situation: Situation, since: datetime) -> Refusal | None:
        principal: Principal = situation.state(f"principal:{self.principal}") or Principal()
        if not principal.serves(self.community, since):
            return UnknownReference(
                "not_of_the_community",
                f"{self.principal} holds no office of {self.community}",
                f"a principal who holds an office of {self.community}",
                "principal",
            )
        known: Responsibility | None = situation.state(f"responsibility:{self.grid_unit}")
        if known is None or known.holder_at(since) != self.principal:
            return None
        return WrongState(
            "already_responsible",
            f"{self.principal} answers for {self.grid_unit}",
            "another principal of the community",
            "principal",
        )


class HomeVisitRequested(Event):
    """A resident asks for a visit under a promise, where somebody answers for the area."""

    kind = "home_visit_requested"
    term = "上门服务申请"
    proposers = (BY_COMMUNITY, BY_RESIDENT)
    creates = ("visit", "visit")
    example = {
        "visit": "visit-2026-0007",
        "community": "committee-riverside",
        "promise": "promise-2026-02",
        "grid_unit": "area-east",
        "requester": "5a0c2b7e-8c1d-4a70-9c39-7f1f0e3d2b15",
        "details": "老人卧床，请上门办理高龄补贴",
    }

    visit: Id = Field(default_factory=mint_random_id)
    """The visit's id; random, so that it tells no time."""
    community: Id
    """Whose promise it is, and whose area: its Party branch or its residents' committee."""
    promise: Id
    """The promise in force by which the time is measured."""
    grid_unit: Id
    """A unit of the grid that somebody answers for; the home itself is under seal."""
    requester: Id = Field(default_factory=mint_random_id)
    """The random id under which the resident stands in this visit alone."""
    address: PersonalContact | None = None
    """Where to come."""
    telephone: PersonalContact | None = None
    """The resident's."""
    details: PersonalText | None = None
    """What the resident needs."""

    def tags(self) -> tuple[str, ...]:
        return (f"promise:{self.promise}", f"visit:{self.visit}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        responsibility = f"responsibility:{self.grid_unit}"
        known: Responsibility | None = state(responsibility)
        bodies = () if known is None else (f"organisation:{known.community}",)
        return (
            f"visit:{self.visit}",
            f"organisation:{self.community}",
            f"promise:{self.promise}",
            responsibility,
            *_of_its_body(self.promise, state),
            *bodies,
        )

    def sealed_under(self) -> str:
        return f"visit:{self.visit}"

    def decide(self, situation: Situation) -> Refusal | None:
        return (
            unknown_organisation(situation, self.community, "community", *COMMUNITIES)
            or foreign_community(situation, self.community, "community")
            or conflicted(situation, self.requester, "requester")
            or self._not_promised(situation)
            or self._nobody_responsible(situation)
        )

    def _not_promised(self, situation: Situation) -> Refusal | None:
        promise = promise_in_force(situation, self.promise, "promise")
        if not isinstance(promise, Published):
            return promise
        if not _of_one_community(situation, promise.organisation, self.community):
            return Forbidden(
                "promise_of_another",
                f"{self.promise} is a promise of {promise.organisation}",
                f"a promise of {self.community}, or of a body of one community with it",
                "promise",
            )
        if situation.precedes(promise.published_at):
            return precedes(promise.published_at)
        return None

    def _nobody_responsible(self, situation: Situation) -> Refusal | None:
        known: Responsibility | None = situation.state(f"responsibility:{self.grid_unit}")
        if known is None or known.holder_at(situation.occurred_at) is None:
            return UnknownReference(
                "nobody_responsible",
                f"nobody answers for {self.grid_unit}",
                "a unit of the grid that area_responsibility_assigned gave to somebody",
                "grid_unit",
            )
        if _of_one_community(situation, known.community, self.community):
            return None
        return of_another_community(self.grid_unit, self.community, "grid_unit")


class HomeVisitMade(Event):
    """上门服务: whoever answers for the area came."""

    kind = "home_visit_made"
    term = "上门服务"
    proposers = (BY_VISITOR,)
    example = {"visit": "visit-2026-0007", "note": "已代为填表，材料带回"}

    visit: Id
    """The visit that was asked for."""
    note: PersonalText | None = None
    """What was done."""

    def tags(self) -> tuple[str, ...]:
        return (f"visit:{self.visit}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        known: Visit | None = state(f"visit:{self.visit}")
        return (*self.tags(), *(() if known is None else (f"responsibility:{known.grid_unit}",)))

    def decide(self, situation: Situation) -> Refusal | None:
        visit: Visit | None = situation.state(f"visit:{self.visit}")
        if visit is None:
            return UnknownReference(
                "not_requested",
                f"nobody asked for visit {self.visit}",
                "a visit that home_visit_requested asked for",
                "visit",
            )
        if visit.is_made:
            return WrongState(
                "visited_already", f"visit {self.visit} was made", "one yet to be made", "visit"
            )
        known: Responsibility = situation.state(f"responsibility:{visit.grid_unit}")
        if known.holder_at(situation.occurred_at) != situation.actor.principal:
            return Forbidden(
                "not_responsible",
                f"{situation.actor.principal} does not answer for {visit.grid_unit}",
                "whoever answers for it at that time",
                "visit",
            )
        conflict = conflicted(situation, visit.requester, "visit")
        if conflict:
            return conflict
        return precedes(visit.requested_at) if situation.precedes(visit.requested_at) else None


def promise_in_force(situation: Situation, promise: str, field: str) -> Published | Refusal:
    """The promise, or why it binds nobody."""
    found: Published | None = situation.state(f"promise:{promise}")
    if found is None:
        return _unknown_promise(promise, field)
    if found.superseded_by is None:
        return found
    return WrongState(
        "superseded_already",
        f"promise {promise} was replaced by {found.superseded_by}",
        f"{found.superseded_by}, or the one that is in force",
        field,
    )


def _unknown_promise(promise: str, field: str) -> Refusal:
    return UnknownReference(
        "unknown_promise", f"promise {promise} is not in this ledger", "a published one", field
    )


def _of_its_body(promise: str, state: Any) -> tuple[str, ...]:
    """The history of whoever gave the promise, once it is known."""
    found: Published | None = state(f"promise:{promise}")
    return () if found is None else (f"organisation:{found.organisation}",)


def _of_one_community(situation: Situation, *bodies: str) -> bool:
    """Whether two bodies are the same, or assigned to one another or to the same."""
    first, second = (_communities(situation, one) for one in bodies)
    return bool(first & second)


def _communities(situation: Situation, body: str) -> set[str]:
    state: Organisation = situation.state(f"organisation:{body}")
    above = state.community_at(situation.at)
    return {body} if above is None else {body, above}


def evolve_promise(state: Published | None, tag: str, recorded: Recorded) -> Published | None:
    """The promise after it was published, or superseded by another."""
    match recorded.event:
        case PromisePublished(promise=promise) if tag == f"promise:{promise}":
            return Published(recorded.actor.organisation, recorded.occurred_at)
        case PromisePublished(promise=promise) if state:
            return state._replace(superseded_by=promise)
    return state


def evolve_responsibility(
    state: Responsibility | None, tag: str, recorded: Recorded
) -> Responsibility | None:
    """Who answers for the unit after one more assignment."""
    match recorded.event:
        case AreaResponsibilityAssigned() as event:
            known = state or Responsibility(event.community)
            since = since_when(event.effective_from, recorded)
            return known._replace(holders=(*known.holders, Dated(event.principal, since)))
    return state


def evolve_visit(state: Visit | None, tag: str, recorded: Recorded) -> Visit | None:
    """The visit after it was asked for, or made."""
    match recorded.event:
        case HomeVisitRequested() as event:
            when = recorded.occurred_at
            return Visit(event.community, event.grid_unit, event.requester, when)
        case HomeVisitMade() if state:
            return state._replace(is_made=True)
    return state


KINDS = (PromisePublished, AreaResponsibilityAssigned, HomeVisitRequested, HomeVisitMade)
FOLDS: Folds = {
    "promise": (evolve_promise, (PromisePublished,)),
    "responsibility": (evolve_responsibility, (AreaResponsibilityAssigned,)),
    "visit": (evolve_visit, (HomeVisitRequested, HomeVisitMade)),
}
