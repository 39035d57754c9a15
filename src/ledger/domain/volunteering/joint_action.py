"""Joint action (四社联动): several organisations of a community act together, strand by strand."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from ledger.decision import Office, OrganisationType, Situation, standing
from ledger.domain.requests.requests import BY_COMMUNITY, CLERKS
from ledger.domain.town.organisations import (
    BY_TOWN_OFFICE,
    foreign_community,
    unknown_organisation,
)
from ledger.domain.volunteering.volunteers import community_tag
from ledger.event import Event, Folds, Id, Recorded, mint_id
from ledger.refusals import Refusal, Unacceptable

MAX_PARTICIPANTS = 50
BY_ASSOCIATION = standing(
    (Office.SECRETARY, *CLERKS),
    OrganisationType.COMMUNITY_ASSOCIATION,
    OrganisationType.JOINT_CONFERENCE,
)


class Strand(StrEnum):
    """In what they act together."""

    ORGANISATION = "organisation"
    """组织联动"""
    MEMBERS = "members"
    """党员联管"""
    ACTIVITIES = "activities"
    """活动联抓"""
    RESOURCES = "resources"
    """资源联用"""
    SERVICES = "services"
    """服务联办"""
    CIVILITY = "civility"
    """文明联创"""
    ENVIRONMENT = "environment"
    """环境联治"""
    SECURITY = "security"
    """治安联防"""
    ASSOCIATION_MEETING = "association_meeting"
    """联合会会议"""


class JointActionHeld(Event):
    """四社联动: at least two organisations acted together, or met in their association."""

    kind = "joint_action_held"
    term = "四社联动"
    proposers = (BY_COMMUNITY, BY_ASSOCIATION, BY_TOWN_OFFICE)
    creates = ("joint_action", "joint_action")
    example = {
        "joint_action": "joint-2026-009",
        "community": "branch-riverside",
        "strand": "environment",
        "participants": ["committee-riverside", "unit-school"],
    }

    joint_action: Id = Field(default_factory=mint_id)
    """The id of the action."""
    community: Id
    """The Party branch of the community."""
    strand: Strand
    """In what they acted together."""
    participants: Annotated[tuple[Id, ...], Field(min_length=1, max_length=MAX_PARTICIPANTS)]
    """The organisations that took part, each once; at least two."""

    def tags(self) -> tuple[str, ...]:
        return (f"joint_action:{self.joint_action}",)

    def concerns(self, situation: Situation) -> tuple[str, ...]:
        """The community."""
        return (community_tag(self.community),)

    def boundary(self, state: Any) -> tuple[str, ...]:
        named = (f"organisation:{one}" for one in (self.community, *self.participants))
        return (*self.tags(), *named)

    def decide(self, situation: Situation) -> Refusal | None:
        different = set(self.participants)
        if len(different) < len(self.participants):
            return Unacceptable(
                "participant_twice",
                "an organisation is named twice",
                "each organisation once",
                "participants",
            )
        if len(different) < 2:
            return Unacceptable(
                "acts_alone",
                "one organisation alone is no joint action",
                "at least two different organisations",
                "participants",
            )
        branch = OrganisationType.COMMUNITY_BRANCH
        unknown = (
            unknown_organisation(situation, one, "participants") for one in self.participants
        )
        return (
            unknown_organisation(situation, self.community, "community", branch)
            or next(filter(None, unknown), None)
            or foreign_community(situation, self.community, "community")
        )


def evolve_joint_action(state: bool | None, tag: str, recorded: Recorded) -> bool:
    """That it was held."""
    return True


KINDS = (JointActionHeld,)
FOLDS: Folds = {"joint_action": (evolve_joint_action, KINDS)}
