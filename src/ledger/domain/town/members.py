"""Members and reserves (发展党员, 后备干部): whom a branch admits, and whom it brings on."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from ledger.decision import Office, OrganisationType, Situation, standing
from ledger.domain.town.organisations import TOWN, unknown_organisation
from ledger.domain.town.people import Principal
from ledger.event import Event, Folds, Id, Instant, Recorded
from ledger.refusals import Forbidden, Refusal, UnknownReference, WrongState

BRANCHES = (
    OrganisationType.COMMUNITY_BRANCH,
    OrganisationType.GENERAL_BRANCH,
    OrganisationType.INDUSTRY_BRANCH,
    OrganisationType.VILLAGE_BRANCH,
)
BY_BRANCH_OR_TOWN = standing(Office.SECRETARY, *BRANCHES, OrganisationType.TOWN_COMMITTEE)


class Programme(StrEnum):
    """The ways on which a branch brings somebody to the Party."""

    ELITE = "elite"
    """精英入党"""
    SEEDLING = "seedling"
    """青苗"""


class ReserveNominated(Event):
    """A branch names somebody for its reserve of cadres; who they are is never public."""

    kind = "reserve_nominated"
    term = "后备干部推荐"
    proposers = (BY_BRANCH_OR_TOWN,)
    example = {
        "principal": "3c1f6a0e-0d57-4a52-8f0b-9f6f2f1f7a10",
        "organisation": "branch-riverside",
        "effective_from": "2026-03-01T00:00:00+08:00",
    }

    principal: Id
    """Whom the branch names."""
    organisation: Id
    """The branch whose reserve it is."""
    effective_from: Instant | None = None
    """Absent: from the moment at which the nomination is recorded."""

    def tags(self) -> tuple[str, ...]:
        return (f"principal:{self.principal}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*self.tags(), f"organisation:{self.organisation}")

    def decide(self, situation: Situation) -> Refusal | None:
        person = known_person(situation, self.principal, self.organisation)
        if not isinstance(person, Principal):
            return person
        if self.organisation in person.nominated_by:
            return WrongState(
                "already_nominated",
                f"{self.principal} is in the reserve of {self.organisation}",
                "somebody who is not",
                "principal",
            )
        return None


class MemberAdmitted(Event):
    """A branch admits somebody to the Party, once, under a programme or under none."""

    kind = "member_admitted"
    term = "发展党员"
    proposers = (BY_BRANCH_OR_TOWN,)
    example = {
        "principal": "3c1f6a0e-0d57-4a52-8f0b-9f6f2f1f7a10",
        "organisation": "branch-riverside",
        "programme": "seedling",
        "effective_from": "2026-03-01T00:00:00+08:00",
    }

    principal: Id
    """Whom the branch admits."""
    organisation: Id
    """The branch that admits."""
    programme: Programme | None = None
    """The programme under which it happens; absent: none."""
    effective_from: Instant | None = None
    """Absent: from the moment at which the admission is recorded."""

    def tags(self) -> tuple[str, ...]:
        return (f"principal:{self.principal}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*self.tags(), f"organisation:{self.organisation}")

    def decide(self, situation: Situation) -> Refusal | None:
        person = known_person(situation, self.principal, self.organisation)
        if not isinstance(person, Principal):
            return person
        if person.is_admitted:
            return WrongState(
                "already_admitted", f"{self.principal} was admitted", "one who was not", "principal"
            )
        return None


def known_person(situation: Situation, person: str, branch: str) -> Principal | Refusal:
    """The person of whom the actor may say something for the branch, or why not."""
    unknown = unknown_organisation(situation, branch, "organisation", *BRANCHES)
    if unknown:
        return unknown
    actor = situation.actor.organisation
    if actor != branch and situation.state(f"organisation:{actor}").type not in TOWN:
        return Forbidden(
            "for_another_branch",
            f"{actor} speaks for {branch}",
            "your own branch, or the town committee",
            "organisation",
        )
    state: Principal | None = situation.state(f"principal:{person}")
    return state or UnknownReference(
        "unknown_person",
        f"person {person} is not in this ledger",
        "somebody who was enrolled or appointed",
        "principal",
    )


def evolve_member(state: Principal | None, tag: str, recorded: Recorded) -> Principal | None:
    """The person after a nomination or an admission."""
    match recorded.event:
        case ReserveNominated(organisation=branch) if state:
            return state._replace(nominated_by=(*state.nominated_by, branch))
        case MemberAdmitted() if state:
            return state._replace(is_admitted=True)
    return state


KINDS = (ReserveNominated, MemberAdmitted)
FOLDS: Folds = {"principal": (evolve_member, KINDS)}
