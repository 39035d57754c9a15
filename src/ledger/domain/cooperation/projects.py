"""Joint projects (共驻共建): proposed, joined by units, approved, and accepted once completed.

Money and donations name a project by its id, as they did before projects had a history of their
own: one that nobody proposed may have been given something all the same.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from ledger.decision import Office, OrganisationType, Situation, standing
from ledger.domain.cooperation.units import (
    COOPERATORS,
    UNITS,
    acts_as_unit,
    of_community,
    of_organisation,
)
from ledger.domain.requests.dispatching import BY_TOWN
from ledger.domain.requests.requests import BY_COMMUNITY, precedes
from ledger.domain.shapes.places import Places, no_place_for, without_place
from ledger.domain.shapes.steps import Steps, out_of_order
from ledger.domain.town.organisations import COMMUNITIES, foreign_community, unknown_organisation
from ledger.event import Event, Folds, Id, Line, Recorded, mint_id
from ledger.refusals import Forbidden, Refusal, UnknownReference, WrongState

MAX_UNITS = 200
"""That take part in one project: its row names them all."""

APPROVERS = (BY_TOWN, standing(Office.SECRETARY, OrganisationType.COMMUNITY_BRANCH))
ACCEPTORS = (BY_TOWN, BY_COMMUNITY)


class ProjectType(StrEnum):
    """What a joint project is for."""

    ASSISTANCE = "assistance"
    """帮扶项目: helps people in need, or a village"""
    SERVICE = "service"
    """便民服务"""
    ENVIRONMENT = "environment"
    """环境整治"""
    CULTURE = "culture"
    """文明文化"""
    SAFETY = "safety"
    """平安建设"""


class ProjectStage(Steps):
    """The steps of a project; progress is told as often as there is some."""

    PROPOSED = "proposed"
    """已提出"""
    APPROVED = "approved"
    """已立项"""
    IN_PROGRESS = "in_progress"
    """实施中"""
    COMPLETED = "completed"
    """已完成，待验收"""
    ACCEPTED = "accepted"
    """已验收"""


class Author(NamedTuple):
    """Who did something, and for whom: neither rules on it."""

    principal: str
    organisation: str


class Project(NamedTuple):
    """A project as of its history."""

    community: str
    units: Places
    proposed_by: Author
    latest: datetime
    """The last act's claimed time."""
    stage: ProjectStage = ProjectStage.PROPOSED
    is_refused: bool = False
    completed_by: Author | None = None
    rated_by: frozenset[str] = frozenset()
    """The random ids of the residents who rated it."""

    @property
    def takes_in(self) -> bool:
        """Whether units may still join."""
        return not self.is_refused and self.stage.place < ProjectStage.COMPLETED.place


class OfProject(Event):
    """What the acts on a project have in common."""

    project: Id
    """The project."""

    def tags(self) -> tuple[str, ...]:
        return (f"project:{self.project}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        tag = f"project:{self.project}"
        return (*self.tags(), *of_community(tag, state))

    def own_project(self, situation: Situation) -> Project | Refusal:
        """The project, not refused, or why this actor has nothing to do with it."""
        found = known_project(situation, self.project)
        if not isinstance(found, Project):
            return found
        if found.is_refused:
            return WrongState(
                "project_refused",
                f"project {self.project} was not approved",
                "a project that was, or is still to be",
                "project",
            )
        foreign = foreign_community(situation, found.community, "project")
        if foreign is None and situation.precedes(found.latest):
            return precedes(found.latest)
        return foreign or found

    def step(
        self, situation: Situation, wanted: ProjectStage, *, is_of_members: bool = False
    ) -> Project | Refusal:
        """The project, of which the wanted step is next; the units among its members take it."""
        project = self.own_project(situation)
        if not isinstance(project, Project):
            return project
        early = out_of_order(project.stage, wanted, "project")
        if early is None and is_of_members:
            return _not_a_member(situation, project) or project
        return early or project


class ProjectProposed(Event):
    """提出项目: a community, a unit or the town says what could be done together."""

    kind = "project_proposed"
    term = "共建项目提出"
    proposers = COOPERATORS
    creates = ("project", "project")
    example = {
        "project": "project-reading-room",
        "community": "branch-riverside",
        "title": "社区阅览室共建",
        "project_type": "service",
    }

    project: Id = Field(default_factory=mint_id)
    """The project's id, by which money and donations name it too."""
    community: Id
    """Where it is: a community's Party branch or its residents' committee."""
    title: Line
    """What it is called, for everybody to read; it names no person."""
    project_type: ProjectType
    """What it is for."""
    places: Annotated[int, Field(ge=1, le=MAX_UNITS)] = MAX_UNITS
    """How many units may take part."""

    def tags(self) -> tuple[str, ...]:
        return (f"project:{self.project}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*self.tags(), f"organisation:{self.community}")

    def decide(self, situation: Situation) -> Refusal | None:
        unknown = unknown_organisation(situation, self.community, "community", *COMMUNITIES)
        return unknown or foreign_community(situation, self.community, "community")


class ProjectJoined(OfProject):
    """参与项目: a unit takes part; a community or the town enters what a unit told it."""

    kind = "project_joined"
    term = "单位参与项目"
    proposers = COOPERATORS
    example = {
        "project": "project-reading-room",
        "unit": "unit-school",
        "brings": "图书 300 册，周末志愿者",
    }

    unit: Id
    """The unit; several may take part in one project, and one in several."""
    brings: Line | None = None
    """What it brings, for everybody to read; it names no person."""

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*super().boundary(state), *of_organisation(self.unit))

    def decide(self, situation: Situation) -> Refusal | None:
        project = self.own_project(situation)
        if not isinstance(project, Project):
            return project
        if not project.takes_in:
            return WrongState(
                "project_over",
                f"project {self.project} is {project.stage}",
                "a project that is not completed",
                "project",
            )
        return (
            unknown_organisation(situation, self.unit, "unit", *UNITS)
            or self._for_another(situation)
            or no_place_for(project.units, self.unit, "unit")
        )

    def _for_another(self, situation: Situation) -> Refusal | None:
        own = situation.actor.organisation
        if not acts_as_unit(situation) or self.unit == own:
            return None
        return Forbidden(
            "joins_for_another", f"{own} does not speak for {self.unit}", f"unit {own}", "unit"
        )


class ProjectApproved(OfProject):
    """立项: the town or the community's branch rules on what somebody else proposed."""

    kind = "project_approved"
    term = "项目立项"
    proposers = APPROVERS
    example = {"project": "project-reading-room", "is_approved": True}

    is_approved: bool
    """Whether it is to be done; where not, it ends."""

    def decide(self, situation: Situation) -> Refusal | None:
        project = self.step(situation, ProjectStage.APPROVED)
        if not isinstance(project, Project):
            return project
        if _is_by(situation, project.proposed_by):
            return Forbidden(
                "own_project",
                "who proposed a project does not approve it",
                "another principal, of another organisation",
                "project",
            )
        if self.is_approved and not project.units.taken:
            return WrongState(
                "nobody_joined",
                f"no unit takes part in {self.project}",
                "a project that a unit has joined",
                "project",
            )
        return None


class ProjectProgressed(OfProject):
    """推进: one of those who take part, or the community, tells how far it has come."""

    kind = "project_progressed"
    term = "项目进展"
    proposers = COOPERATORS
    example = {
        "project": "project-reading-room",
        "progress_percent": 60,
        "achieved": "书架安装完毕，图书编目过半",
    }

    progress_percent: Annotated[int, Field(ge=0, le=100)]
    """How much of it is done."""
    achieved: Line
    """What was done, for everybody to read; it names no person."""

    def decide(self, situation: Situation) -> Refusal | None:
        project = self.own_project(situation)
        if not isinstance(project, Project):
            return project
        if project.stage is ProjectStage.IN_PROGRESS:
            return _not_a_member(situation, project)
        begun = self.step(situation, ProjectStage.IN_PROGRESS, is_of_members=True)
        return None if isinstance(begun, Project) else begun


class ProjectCompleted(OfProject):
    """完成: one of those who take part, or the community, says that it is done."""

    kind = "project_completed"
    term = "项目完成"
    proposers = COOPERATORS
    example = {"project": "project-reading-room", "result": "阅览室建成开放"}

    result: Line
    """What has come of it, for everybody to read; it names no person."""

    def decide(self, situation: Situation) -> Refusal | None:
        project = self.step(situation, ProjectStage.COMPLETED, is_of_members=True)
        return None if isinstance(project, Project) else project


class ProjectAccepted(OfProject):
    """验收: the community or the town looks whether it is done, or sends it back."""

    kind = "project_accepted"
    term = "项目验收"
    proposers = ACCEPTORS
    example = {"project": "project-reading-room", "is_accepted": True}

    is_accepted: bool
    """Whether it is done; where not, it goes on."""

    def decide(self, situation: Situation) -> Refusal | None:
        project = self.step(situation, ProjectStage.ACCEPTED)
        if not isinstance(project, Project):
            return project
        if project.completed_by is None or not _is_by(situation, project.completed_by):
            return None
        return Forbidden(
            "own_completion",
            "who completed a project does not accept it",
            "another principal, of another organisation",
            "project",
        )


def known_project(situation: Situation, project: str, field: str = "project") -> Project | Refusal:
    """The project, or the refusal where nobody proposed it."""
    found: Project | None = situation.state(f"project:{project}")
    return found or UnknownReference(
        "unknown_project",
        f"project {project} was not proposed in this ledger",
        "the id that project_proposed gave",
        field,
    )


def unknown_project(situation: Situation, project: str, field: str = "project") -> Refusal | None:
    """The refusal where nobody proposed the project."""
    found = known_project(situation, project, field)
    return None if isinstance(found, Project) else found


def _not_a_member(situation: Situation, project: Project) -> Refusal | None:
    if not acts_as_unit(situation):
        return None
    return without_place(project.units, situation.actor.organisation, "project")


def _is_by(situation: Situation, author: Author) -> bool:
    actor = situation.actor
    return actor.principal == author.principal or actor.organisation == author.organisation


def evolve_project(state: Project | None, tag: str, recorded: Recorded) -> Project | None:
    """The project after one more event of its history; money that names it changes nothing."""
    when, actor = recorded.occurred_at, recorded.actor
    author = Author(actor.principal, actor.organisation)
    if isinstance(recorded.event, ProjectProposed):
        event = recorded.event
        return Project(event.community, Places(event.places), author, when)
    if state is None:
        return None
    state = state._replace(latest=max(state.latest, when))
    match recorded.event:
        case ProjectJoined(unit=unit):
            return state._replace(units=state.units.claimed(unit))
        case ProjectApproved(is_approved=False):
            return state._replace(is_refused=True)
        case ProjectApproved():
            return state._replace(stage=ProjectStage.APPROVED)
        case ProjectProgressed():
            return state._replace(stage=ProjectStage.IN_PROGRESS)
        case ProjectCompleted():
            return state._replace(stage=ProjectStage.COMPLETED, completed_by=author)
        case ProjectAccepted(is_accepted=is_accepted):
            stage = ProjectStage.ACCEPTED if is_accepted else ProjectStage.IN_PROGRESS
            return state._replace(stage=stage)
    return state


KINDS = (
    ProjectProposed,
    ProjectJoined,
    ProjectApproved,
    ProjectProgressed,
    ProjectCompleted,
    ProjectAccepted,
)
FOLDS: Folds = {"project": (evolve_project, KINDS)}
