"""Agents (全程代办): a resident entrusts a matter, an agent sees it through and hands it over.

It costs nothing, goes no further than the resident's scope and term, and ends when they say so.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from ledger.clocks import local_day
from ledger.decision import Office, Situation, standing
from ledger.domain.requests.ratings import ServiceRated
from ledger.domain.requests.requests import BY_COMMUNITY, BY_RESIDENT, precedes
from ledger.domain.services.requesters import conflicted, rated_by
from ledger.domain.town.organisations import COMMUNITIES, foreign_community, unknown_organisation
from ledger.domain.town.people import Principal
from ledger.event import (
    Count,
    Event,
    Folds,
    Id,
    PersonalContact,
    PersonalName,
    PersonalText,
    Recorded,
    mint_random_id,
)
from ledger.refusals import Forbidden, Refusal, Unacceptable, UnknownReference, WrongState

MAX_TERM = timedelta(days=366)
"""How long an entrustment lasts at most."""
BY_AGENT = standing(Office.AGENT, *COMMUNITIES)


class AgentStep(StrEnum):
    """What an agent may do for a resident, in any order and as often as it takes."""

    FORM_FILLED = "form_filled"
    """代填"""
    SUBMITTED = "submitted"
    """代交"""
    FOLLOWED_UP = "followed_up"
    """跟办"""
    FEE_PASSED_ON = "fee_passed_on"
    """代缴: a statutory fee, with the resident's money."""
    COLLECTED = "collected"
    """代领"""


class Delivery(StrEnum):
    """How the result came to the resident."""

    AT_HOME = "at_home"
    """送达上门"""
    AT_WINDOW = "at_window"
    """窗口领取"""
    ONLINE = "online"
    """网上送达"""


class MatterStage(StrEnum):
    """How far an entrusted matter has come."""

    ENTRUSTED = "entrusted"
    """已委托"""
    ASSIGNED = "assigned"
    """已指派"""
    IN_HAND = "in_hand"
    """代办中"""
    COMPLETED = "completed"
    """已办结交付"""
    REVOKED = "revoked"
    """委托已撤销"""


_OPEN = (MatterStage.ENTRUSTED, MatterStage.ASSIGNED, MatterStage.IN_HAND)


class Entrustment(NamedTuple):
    """An entrusted matter as of its history."""

    community: str
    requester: str
    scope: tuple[AgentStep, ...]
    expires_on: date
    latest: datetime
    stage: MatterStage = MatterStage.ENTRUSTED
    agent: str | None = None
    agents: frozenset[str] = frozenset()
    """All who ever were its agent."""
    is_rated: bool = False

    def not_rateable(self, situation: Situation, field: str) -> Refusal | None:
        """Why the actor may not rate it, or not now."""
        if situation.actor.principal in self.agents:
            return Forbidden(
                "agent_rates",
                f"{situation.actor.principal} was the agent of this matter",
                "the resident, or a clerk who was not, on the resident's word",
                field,
            )
        is_over = self.stage is MatterStage.COMPLETED
        return rated_by(
            situation, self.requester, is_over=is_over, is_rated=self.is_rated, field=field
        ) or (precedes(self.latest) if situation.precedes(self.latest) else None)


class OfEntrustment(Event):
    """What the acts on an entrusted matter have in common."""

    entrustment: Id
    """The entrustment."""

    def tags(self) -> tuple[str, ...]:
        return (f"entrustment:{self.entrustment}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (f"entrustment:{self.entrustment}", *of_its_community(self.entrustment, state))

    def matter(self, situation: Situation, *stages: MatterStage) -> Entrustment | Refusal:
        """The matter at one of these stages, or why this actor may do nothing about it."""
        found: Entrustment | None = situation.state(f"entrustment:{self.entrustment}")
        if found is None:
            return UnknownReference(
                "unknown_entrustment",
                f"entrustment {self.entrustment} is not in this ledger",
                "an entrustment that was given",
                "entrustment",
            )
        if found.stage not in stages:
            return WrongState(
                "wrong_stage_of_matter",
                f"the matter is {found.stage}",
                f"{self.kind} while it is {' or '.join(stages)}",
                "entrustment",
            )
        if situation.precedes(found.latest):
            return precedes(found.latest)
        return (
            conflicted(situation, found.requester, "entrustment")
            or foreign_community(situation, found.community, "entrustment")
            or found
        )

    def in_agents_hands(self, situation: Situation, *stages: MatterStage) -> Entrustment | Refusal:
        """The same, where the actor is its agent."""
        found = self.matter(situation, *stages)
        if isinstance(found, Entrustment) and situation.actor.principal != found.agent:
            return Forbidden(
                "not_the_agent",
                f"{situation.actor.principal} is not the agent of this matter",
                "the agent whom agent_assigned named last",
            )
        return found


class AgentEntrusted(Event):
    """委托: a resident leaves a matter to the community, within a scope and until a day."""

    kind = "agent_entrusted"
    term = "委托代办"
    proposers = (BY_COMMUNITY, BY_RESIDENT)
    creates = ("entrustment", "entrustment")
    example = {
        "entrustment": "entrustment-2026-0031",
        "community": "committee-riverside",
        "requester": "b0d0f7a2-5a55-4b0e-9d7c-1f5a8f0e2c11",
        "matter": "pension-certification",
        "scope": ["form_filled", "submitted", "collected"],
        "expires_on": "2026-06-30",
        "details": "行动不便，请代办养老待遇资格认证",
    }

    entrustment: Id = Field(default_factory=mint_random_id)
    """The entrustment's id; random, so that it tells no time."""
    community: Id
    """The community whose agents see to it: its Party branch or its residents' committee."""
    requester: Id = Field(default_factory=mint_random_id)
    """The random id under which the resident stands in this matter alone."""
    matter: Id
    """What it is about, in a code of the town's own, such as pension-certification."""
    scope: Annotated[tuple[AgentStep, ...], Field(min_length=1, max_length=len(AgentStep))]
    """What the agent may do, each once."""
    expires_on: date
    """The last day on which the agent may act, at most 366 days ahead."""
    fee_fen: Count = 0
    """What the resident pays for the service; only 0 is accepted."""
    name: PersonalName | None = None
    """The resident's."""
    telephone: PersonalContact | None = None
    """The resident's."""
    details: PersonalText | None = None
    """What the resident says."""

    def tags(self) -> tuple[str, ...]:
        return (f"entrustment:{self.entrustment}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*self.tags(), f"organisation:{self.community}")

    def decide(self, situation: Situation) -> Refusal | None:
        return (
            unknown_organisation(situation, self.community, "community", *COMMUNITIES)
            or foreign_community(situation, self.community, "community")
            or conflicted(situation, self.requester, "requester")
            or self._unfit(local_day(situation.occurred_at))
        )

    def _unfit(self, today: date) -> Refusal | None:
        if self.fee_fen:
            return Unacceptable(
                "fee_charged", "agents see to matters without a fee", "0 fen", "fee_fen"
            )
        if len(set(self.scope)) < len(self.scope):
            return Unacceptable(
                "given_twice", "the scope has a step twice", "each step once", "scope"
            )
        latest = today + MAX_TERM
        if today <= self.expires_on <= latest:
            return None
        return Unacceptable(
            "no_such_term",
            f"an entrustment of {today} does not end on {self.expires_on}",
            f"a day from {today} to {latest}",
            "expires_on",
        )


class AgentAssigned(OfEntrustment):
    """指派: the community says which agent sees to the matter, or another one from now on."""

    kind = "agent_assigned"
    term = "指派代办员"
    proposers = (BY_COMMUNITY,)
    example = {
        "entrustment": "entrustment-2026-0031",
        "agent": "3c1f6a0e-0d57-4a52-8f0b-9f6f2f1f7a10",
    }

    agent: Id
    """The principal; agent of the organisation that assigns."""

    def tags(self) -> tuple[str, ...]:
        return (*super().tags(), f"agent:{self.agent}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*super().boundary(state), f"principal:{self.agent}")

    def decide(self, situation: Situation) -> Refusal | None:
        matter = self.matter(situation, *_OPEN)
        if not isinstance(matter, Entrustment):
            return matter
        if self.agent == matter.requester:
            return Forbidden(
                "own_agent", "nobody is the agent of their own matter", "somebody else", "agent"
            )
        principal: Principal = situation.state(f"principal:{self.agent}") or Principal()
        organisation = situation.actor.organisation
        if not principal.holds(Office.AGENT, organisation, situation.at):
            return UnknownReference(
                "no_such_agent",
                f"{self.agent} is no agent of {organisation}",
                f"a principal who holds the office {Office.AGENT} of {organisation}",
                "agent",
            )
        if self.agent == matter.agent:
            return WrongState(
                "already_assigned", f"{self.agent} has the matter", "another agent", "agent"
            )
        return _expired(matter, situation)


class AgentStepTaken(OfEntrustment):
    """代办环节: the agent does one thing of those which the resident asked for."""

    kind = "agent_step_taken"
    term = "代办环节"
    proposers = (BY_AGENT,)
    example = {
        "entrustment": "entrustment-2026-0031",
        "step": "submitted",
        "note": "材料已交人社窗口",
    }

    step: AgentStep
    """What was done."""
    note: PersonalText | None = None
    """What there is to say about it."""

    def decide(self, situation: Situation) -> Refusal | None:
        matter = self.in_agents_hands(situation, MatterStage.ASSIGNED, MatterStage.IN_HAND)
        if not isinstance(matter, Entrustment):
            return matter
        if self.step not in matter.scope:
            return Forbidden(
                "outside_the_scope",
                f"the resident did not entrust {self.step}",
                " or ".join(matter.scope),
                "step",
            )
        return _expired(matter, situation)


class MatterCompleted(OfEntrustment):
    """办结交付: the agent hands the result over; that may be later than the last day to act."""

    kind = "matter_completed"
    term = "办结交付"
    proposers = (BY_AGENT,)
    example = {"entrustment": "entrustment-2026-0031", "delivery": "at_home"}

    delivery: Delivery
    """How it came to the resident."""

    def decide(self, situation: Situation) -> Refusal | None:
        matter = self.in_agents_hands(situation, MatterStage.ASSIGNED, MatterStage.IN_HAND)
        if not isinstance(matter, Entrustment):
            return matter
        if matter.stage is MatterStage.IN_HAND:
            return None
        return WrongState(
            "no_step_taken",
            "nothing was done for the resident yet",
            "completion after a step",
            "entrustment",
        )


class EntrustmentRevoked(OfEntrustment):
    """撤销委托: the resident takes the matter back, or a clerk takes that down."""

    kind = "entrustment_revoked"
    term = "撤销委托"
    proposers = (BY_COMMUNITY, BY_RESIDENT)
    example = {"entrustment": "entrustment-2026-0031", "reason": "家人已回来办理"}

    reason: PersonalText | None = None
    """What the resident says about it."""

    def decide(self, situation: Situation) -> Refusal | None:
        matter = self.matter(situation, *_OPEN)
        return None if isinstance(matter, Entrustment) else matter


def of_its_community(entrustment: str, state: Any) -> tuple[str, ...]:
    """The history that tells which community a matter was left to, once it is known."""
    found: Entrustment | None = state(f"entrustment:{entrustment}")
    return () if found is None else (f"organisation:{found.community}",)


def _expired(matter: Entrustment, situation: Situation) -> Refusal | None:
    if local_day(situation.occurred_at) <= matter.expires_on:
        return None
    return WrongState(
        "entrustment_expired",
        f"the entrustment ended with {matter.expires_on}",
        "an act up to that day, or a new entrustment",
        "entrustment",
    )


def evolve_entrustment(
    state: Entrustment | None, tag: str, recorded: Recorded
) -> Entrustment | None:
    """The matter after one more event of its history."""
    when = recorded.occurred_at
    match recorded.event:
        case AgentEntrusted() as event:
            return Entrustment(
                event.community, event.requester, event.scope, event.expires_on, when
            )
        case AgentAssigned(agent=agent) if state:
            is_begun = state.stage is MatterStage.IN_HAND
            return state._replace(
                stage=MatterStage.IN_HAND if is_begun else MatterStage.ASSIGNED,
                agent=agent,
                agents=state.agents | {agent},
                latest=when,
            )
        case AgentStepTaken() if state:
            return state._replace(stage=MatterStage.IN_HAND, latest=when)
        case MatterCompleted() if state:
            return state._replace(stage=MatterStage.COMPLETED, latest=when)
        case EntrustmentRevoked() if state:
            return state._replace(stage=MatterStage.REVOKED, latest=when)
        case ServiceRated() if state:
            return state._replace(is_rated=True, latest=when)
    return state


KINDS = (AgentEntrusted, AgentAssigned, AgentStepTaken, MatterCompleted, EntrustmentRevoked)
FOLDS: Folds = {"entrustment": (evolve_entrustment, (*KINDS, ServiceRated))}
