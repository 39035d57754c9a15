"""The six steps (六步法) in which a community decides a joint matter, strictly one after another.

Collected, visited, assessed, decided, aimed at and published; a matter may be sent back, with a
reason. Everybody may read the decision and its result; how it was deliberated stays inside.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, NamedTuple

from pydantic import Field

from ledger.clocks import local_day
from ledger.decision import Situation
from ledger.domain.participation.meetings import (
    MAX_MEMBERS,
    MeetingConvened,
    evolve_meeting,
    named_twice,
)
from ledger.domain.requests.requests import BY_COMMUNITY, precedes
from ledger.domain.shapes.steps import Steps, not_earlier, out_of_order
from ledger.domain.town.organisations import (
    BY_TOWN_OFFICE,
    COMMUNITIES,
    foreign_community,
    unknown_organisation,
)
from ledger.domain.town.people import Principal
from ledger.event import Event, Folds, Id, Line, PersonalText, Recorded, Text, mint_id
from ledger.refusals import Forbidden, Refusal, Unacceptable, UnknownReference, WrongState

MAX_COUNT = 100_000
MAX_GOALS = 10
Several = Annotated[tuple[Id, ...], Field(max_length=MAX_MEMBERS)]
Number = Annotated[int, Field(ge=1, le=MAX_COUNT)]


class SixSteps(Steps):
    """The steps, each named as the kind that takes it."""

    OPINIONS_COLLECTED = "opinions_collected"
    """民意收集"""
    VISITS_MADE = "visits_made"
    """调查走访"""
    OPINIONS_ASSESSED = "opinions_assessed"
    """意见研判"""
    DECISION_FORMED = "decision_formed"
    """形成决策"""
    GOALS_SET = "goals_set"
    """明确目标"""
    RESULT_PUBLISHED = "result_published"
    """公开结果"""


class ResultOutcome(StrEnum):
    """What became of the goals."""

    ACHIEVED = "achieved"
    """已完成"""
    PARTLY_ACHIEVED = "partly_achieved"
    """部分完成"""
    NOT_ACHIEVED = "not_achieved"
    """未完成"""


class JointMatter(NamedTuple):
    """A matter as of its history."""

    community: str
    latest: datetime
    """When the last act on it is claimed to have happened."""
    step: SixSteps | None = None
    """The last one taken that still stands; None once sent back to the first."""
    interested: frozenset[str] = frozenset()
    """The principals with an interest in it: they do not decide."""
    interested_organisations: frozenset[str] = frozenset()
    """The organisations with an interest in it: nobody who serves one decides."""


class OfJointMatter(Event):
    """What all acts on a joint matter have in common."""

    joint_matter: Id
    """The matter."""

    def tags(self) -> tuple[str, ...]:
        return (f"joint_matter:{self.joint_matter}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        known: JointMatter | None = state(f"joint_matter:{self.joint_matter}")
        return (*self.tags(), *(() if known is None else (f"organisation:{known.community}",)))

    def matter(self, situation: Situation) -> JointMatter | Refusal:
        """The matter as it stands, or why this actor may do nothing about it now."""
        found: JointMatter | None = situation.state(f"joint_matter:{self.joint_matter}")
        if found is None:
            return UnknownReference(
                "unknown_joint_matter", f"matter {self.joint_matter} is not in this ledger",
                "one for which opinions were collected", "joint_matter",
            )  # fmt: skip
        foreign = foreign_community(situation, found.community, "joint_matter")
        if foreign:
            return foreign
        return precedes(found.latest) if situation.precedes(found.latest) else found


class StepTaken(OfJointMatter):
    """What all six steps have in common."""

    step: ClassVar[SixSteps]

    meeting: Id | None = None
    """The meeting at which it was done; absent: at none."""

    def tags(self) -> tuple[str, ...]:
        own = super().tags()
        return own if self.meeting is None else (*own, f"meeting:{self.meeting}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        convened = None if self.meeting is None else state(f"meeting:{self.meeting}")
        whose = () if convened is None else (f"organisation:{convened}",)
        return (*super().boundary(state), *whose)

    def decide(self, situation: Situation) -> Refusal | None:
        matter = self.matter(situation)
        if not isinstance(matter, JointMatter):
            return matter
        return (
            out_of_order(matter.step, self.step, "joint_matter")
            or self._unknown_meeting(situation)
            or self.unfit(situation, matter)
        )

    def unfit(self, situation: Situation, matter: JointMatter) -> Refusal | None:
        """Why the step cannot be taken so, though it is its turn."""
        return None

    def _unknown_meeting(self, situation: Situation) -> Refusal | None:
        if self.meeting is None:
            return None
        convened: str | None = situation.state(f"meeting:{self.meeting}")
        if convened is None:
            return UnknownReference(
                "unknown_meeting", f"meeting {self.meeting} is not in this ledger",
                "a meeting that was convened", "meeting",
            )  # fmt: skip
        return foreign_community(situation, convened, "meeting")


class Inquiry(StepTaken):
    """A step before the decision: whoever turns out to have an interest is named."""

    interested: Several = ()
    """The principals with an interest in the matter: they do not decide it."""
    interested_organisations: Several = ()
    """The organisations with an interest in it: nobody who serves one decides it."""


class OpinionsCollected(Inquiry):
    """民意收集: the first step, with which a matter begins, or begins again once sent back."""

    kind = "opinions_collected"
    term = "民意收集"
    step = SixSteps.OPINIONS_COLLECTED
    proposers = (BY_COMMUNITY,)
    creates = ("joint_matter", "joint_matter")
    example = {
        "joint_matter": "matter-2026-bicycle-sheds",
        "community": "committee-riverside",
        "title": "三号院增设非机动车充电棚",
        "opinions": 64,
        "interested_organisations": ["unit-charging"],
    }

    joint_matter: Id = Field(default_factory=mint_id)
    """The matter's id; that of one sent back to this step, to go through it again."""
    community: Id
    """Whose matter it is: a community's Party branch or its residents' committee."""
    title: Line
    """What it is about, as everybody reads it with the decision; never a person's name."""
    opinions: Number
    """How many were collected."""
    summary: PersonalText | None = None
    """What they say; never shown."""

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*super().boundary(state), f"organisation:{self.community}")

    def continues(self, existing: Any) -> bool:
        """A matter sent back to this step goes on, in its own community."""
        if not isinstance(existing, JointMatter):
            return False
        return existing.step is None and existing.community == self.community

    def decide(self, situation: Situation) -> Refusal | None:
        refusal = unknown_organisation(
            situation, self.community, "community", *COMMUNITIES
        ) or foreign_community(situation, self.community, "community")
        if refusal:
            return refusal
        known: JointMatter | None = situation.state(f"joint_matter:{self.joint_matter}")
        if known is not None:
            return super().decide(situation)
        return self._unknown_meeting(situation)


class VisitsMade(Inquiry):
    """调查走访: the community goes to see, and asks those concerned."""

    kind = "visits_made"
    term = "调查走访"
    step = SixSteps.VISITS_MADE
    proposers = (BY_COMMUNITY,)
    example = {"joint_matter": "matter-2026-bicycle-sheds", "visits": 22}

    visits: Number
    """How many households and units were visited."""
    findings: PersonalText | None = None
    """What was found; never shown."""


class OpinionsAssessed(Inquiry):
    """意见研判: what was said and seen is weighed."""

    kind = "opinions_assessed"
    term = "意见研判"
    step = SixSteps.OPINIONS_ASSESSED
    proposers = (BY_COMMUNITY,)
    example = {
        "joint_matter": "matter-2026-bicycle-sheds",
        "meeting": "meeting-2026-03",
        "assessment": "多数住户支持，消防通道一侧不宜设棚",
    }

    assessment: PersonalText
    """How it was weighed; never shown."""


class DecisionFormed(StepTaken):
    """形成决策: several decide, and nobody among them who has an interest in the matter."""

    kind = "decision_formed"
    term = "形成决策"
    step = SixSteps.DECISION_FORMED
    proposers = (BY_COMMUNITY,)
    example = {
        "joint_matter": "matter-2026-bicycle-sheds",
        "meeting": "meeting-2026-03",
        "decision": "在三号院东侧增设非机动车充电棚一处，二十个车位",
        "decided_by": ["p-riverside-secretary", "p-riverside-member"],
    }

    decision: Text
    """What was decided, as everybody reads it; never a person's name."""
    decided_by: Annotated[tuple[Id, ...], Field(min_length=2, max_length=MAX_MEMBERS)]
    """The principals who decided."""

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*super().boundary(state), *(f"principal:{one}" for one in self.decided_by))

    def unfit(self, situation: Situation, matter: JointMatter) -> Refusal | None:
        if named_twice(self.decided_by):
            return Unacceptable(
                "named_twice", "somebody is named twice", "each member once", "decided_by"
            )
        for one in dict.fromkeys((*self.decided_by, situation.actor.principal)):
            principal: Principal | None = situation.state(f"principal:{one}")
            if principal is None or not principal.offices_at(situation.at):
                return UnknownReference(
                    "unknown_principal", f"{one} holds no office here",
                    "somebody who holds an office", "decided_by",
                )  # fmt: skip
            if one in matter.interested or any(
                principal.serves(body, situation.at) for body in matter.interested_organisations
            ):
                return Forbidden(
                    "conflicted_member", f"{one}, or whom they serve, has an interest in it",
                    "a decision by members without one, entered by somebody without one",
                    "decided_by",
                )  # fmt: skip
        return None


class GoalsSet(StepTaken):
    """明确目标: who does what of the decision, and until when."""

    kind = "goals_set"
    term = "明确目标"
    step = SixSteps.GOALS_SET
    proposers = (BY_COMMUNITY,)
    example = {
        "joint_matter": "matter-2026-bicycle-sheds",
        "goals": ["完成选址公示", "建成并通过消防验收"],
        "responsible": "committee-riverside",
        "due_on": "2026-06-30",
    }

    goals: Annotated[tuple[Line, ...], Field(min_length=1, max_length=MAX_GOALS)]
    """What is to be reached, one after the other."""
    responsible: Id
    """The organisation that sees to it."""
    due_on: date
    """The last day for it."""

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*super().boundary(state), f"organisation:{self.responsible}")

    def unfit(self, situation: Situation, matter: JointMatter) -> Refusal | None:
        today = local_day(situation.occurred_at)
        if self.due_on < today:
            return Unacceptable(
                "due_in_the_past", f"{self.due_on} lies before the day on which it is set",
                f"a day from {today.isoformat()} on", "due_on",
            )  # fmt: skip
        return unknown_organisation(situation, self.responsible, "responsible")


class ResultPublished(StepTaken):
    """公开结果: what became of the decision is shown to all; the last step."""

    kind = "result_published"
    term = "公开结果"
    step = SixSteps.RESULT_PUBLISHED
    proposers = (BY_COMMUNITY,)
    example = {
        "joint_matter": "matter-2026-bicycle-sheds",
        "outcome": "achieved",
        "result": "充电棚五月二十日建成，当日通过验收并启用",
    }

    outcome: ResultOutcome
    """Whether the goals were reached."""
    result: Text
    """What became of it, as everybody reads it; never a person's name."""


class MatterSentBack(OfJointMatter):
    """退回: a step is to be taken again, with all that followed it; not once a result is shown."""

    kind = "matter_sent_back"
    term = "退回重议"
    proposers = (BY_COMMUNITY, BY_TOWN_OFFICE)
    example = {
        "joint_matter": "matter-2026-bicycle-sheds",
        "to_step": "visits_made",
        "reason": "一楼住户未走访到",
    }

    to_step: SixSteps
    """The step to take again: one that was taken."""
    reason: PersonalText
    """Why; never shown."""

    def decide(self, situation: Situation) -> Refusal | None:
        matter = self.matter(situation)
        if not isinstance(matter, JointMatter):
            return matter
        if matter.step is SixSteps.RESULT_PUBLISHED:
            return WrongState(
                "result_is_published", f"the result of {self.joint_matter} is published",
                "another matter", "joint_matter",
            )  # fmt: skip
        return not_earlier(matter.step, self.to_step, "to_step")


def evolve_matter(state: JointMatter | None, tag: str, recorded: Recorded) -> JointMatter | None:
    """The matter after one more act on it."""
    when, event = recorded.occurred_at, recorded.event
    if isinstance(event, OpinionsCollected):
        state = state or JointMatter(event.community, when)
    if state is None:
        return None
    if isinstance(event, Inquiry):
        state = state._replace(
            interested=state.interested | set(event.interested),
            interested_organisations=(
                state.interested_organisations | set(event.interested_organisations)
            ),
        )
    match event:
        case StepTaken():
            return state._replace(step=event.step, latest=when)
        case MatterSentBack(to_step=step):
            return state._replace(step=step.preceding, latest=when)
    return state


STEPS = (
    OpinionsCollected, VisitsMade, OpinionsAssessed, DecisionFormed, GoalsSet, ResultPublished,
)  # fmt: skip
KINDS = (MeetingConvened, *STEPS, MatterSentBack)
FOLDS: Folds = {
    "joint_matter": (evolve_matter, (*STEPS, MatterSentBack)),
    "meeting": (evolve_meeting, (MeetingConvened,)),
}
