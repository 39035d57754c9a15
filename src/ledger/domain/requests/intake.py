"""Resident requests (群众诉求): filing, and how they are taken in."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field

from ledger.decision import Office, Situation
from ledger.domain.requests.requests import (
    AT_HANDLERS,
    BY_COMMUNITY,
    BY_HOTLINE,
    BY_RESIDENT,
    Category,
    Channel,
    EndingEvent,
    Request,
    RequestEvent,
    Stage,
    community_of,
    not_the_requester,
    own_request,
    precedes,
    unknown_request,
)
from ledger.domain.rules.rules import RULES_TAG, RulesEnacted, not_listed, rules_in_force
from ledger.domain.town.organisations import COMMUNITIES, foreign_community, unknown_organisation
from ledger.event import (
    Event,
    Folds,
    Id,
    PersonalContact,
    PersonalName,
    PersonalText,
    Recorded,
    mint_random_id,
)
from ledger.refusals import Forbidden, Refusal, Unacceptable, WrongState


class RequestFiled(Event):
    """A resident asks; the requester is known by a random id that belongs to this case alone."""

    kind = "request_filed"
    term = "诉求登记"
    proposers = (BY_HOTLINE, BY_COMMUNITY, BY_RESIDENT)
    creates = ("request", "request")
    example = {
        "request": "request-2026-0412",
        "community": "committee-riverside",
        "category": "help",
        "subject": "water-supply",
        "channel": "hotline",
        "requester": "6f8e1c52-6d0b-4c39-9a3e-3f1a0f6b7d21",
        "details": "三单元从早上起停水",
    }

    request: Id = Field(default_factory=mint_random_id)
    """The request's id, by which every later act names it; random, so that it tells no time."""
    community: Id
    """Where it belongs: a community's Party branch or its residents' committee."""
    category: Category
    """What the resident wants; a report (举报) is counted and never listed."""
    subject: Id
    """A code of the subjects of the pack in force."""
    channel: Channel = Channel.HOTLINE
    """How it came in."""
    requester: Id = Field(default_factory=mint_random_id)
    """The random id under which the requester stands in this case alone."""
    against: Id | None = None
    """The organisation complained about."""
    name: PersonalName | None = None
    """The requester's."""
    telephone: PersonalContact | None = None
    """The requester's."""
    address: PersonalContact | None = None
    """Where the requester lives, or where the matter is."""
    details: PersonalText | None = None
    """What the resident says."""

    def tags(self) -> tuple[str, ...]:
        return (f"request:{self.request}", f"docket:{self.community}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        own = (f"request:{self.request}", f"organisation:{self.community}", RULES_TAG)
        return own if self.against is None else (*own, f"organisation:{self.against}")

    def decide(self, situation: Situation) -> Refusal | None:
        unknown = unknown_organisation(situation, self.community, "community", *COMMUNITIES)
        if unknown is None and self.against is not None:
            unknown = unknown_organisation(situation, self.against, "against")
        if unknown:
            return unknown
        pack = rules_in_force(situation)
        if not isinstance(pack, RulesEnacted):
            return pack
        if pack.subjects:
            not_there = not_listed(pack.subjects, self.subject, "unknown_subject", "subject")
            if not_there:
                return not_there
        if situation.actor.office == Office.RESIDENT:
            return not_the_requester(situation, self.requester, "requester")
        if situation.actor.organisation == self.against:
            return Forbidden(
                "complained_about",
                "the one complained about does not take the complaint down",
                "the hotline centre, or the resident",
                "against",
            )
        return foreign_community(situation, self.community, "community")


class RequestAccepted(RequestEvent):
    """受理: the request is one that the town deals with."""

    kind = "request_accepted"
    term = "受理"
    proposers = (BY_HOTLINE, BY_COMMUNITY)
    example = {"request": "request-2026-0412"}

    def decide(self, situation: Situation) -> Refusal | None:
        case = self.case(situation, Stage.FILED)
        return None if isinstance(case, Request) else case


class RequestDeclined(EndingEvent):
    """不予受理: the request is none that the town deals with, on a legal ground of the pack."""

    kind = "request_declined"
    term = "不予受理"
    proposers = (BY_HOTLINE, BY_COMMUNITY)
    example = {"request": "request-2026-0413", "ground": "before-a-court"}

    ground: Id
    """A code of the decline_grounds of the pack in force."""

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*super().boundary(state), RULES_TAG)

    def decide(self, situation: Situation) -> Refusal | None:
        case = self.case(situation, Stage.FILED)
        if not isinstance(case, Request):
            return case
        pack = rules_in_force(situation)
        if not isinstance(pack, RulesEnacted):
            return pack
        return not_listed(pack.decline_grounds, self.ground, "unknown_ground", "ground")


class Elsewhere(StrEnum):
    """Who deals with what is not the town's."""

    POLICE = "police"
    """110"""
    PETITIONS = "petitions"
    """信访"""
    RECONSIDERATION = "reconsideration"
    """行政复议"""
    ARBITRATION = "arbitration"
    """仲裁"""
    DISCIPLINE = "discipline"
    """纪检监察"""


class RequestRedirected(EndingEvent):
    """转送: another procedure deals with it; the requester is told which."""

    kind = "request_redirected"
    term = "转送"
    proposers = (BY_HOTLINE, BY_COMMUNITY)
    example = {"request": "request-2026-0414", "to": "petitions"}

    to: Elsewhere
    """Who deals with it instead."""

    def decide(self, situation: Situation) -> Refusal | None:
        case = self.case(situation, Stage.FILED, Stage.ACCEPTED)
        return None if isinstance(case, Request) else case


class RequestMerged(EndingEvent):
    """合并: the same matter is dealt with in another request, which goes on."""

    kind = "request_merged"
    term = "合并办理"
    proposers = (BY_HOTLINE, BY_COMMUNITY)
    example = {"request": "request-2026-0415", "into": "request-2026-0412"}

    into: Id
    """The request that goes on."""

    def tags(self) -> tuple[str, ...]:
        return (f"request:{self.request}", f"request:{self.into}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        both = (self.request, self.into)
        return (*self.tags(), *(tag for one in both for tag in community_of(one, state)))

    def decide(self, situation: Situation) -> Refusal | None:
        case = self.case(situation, Stage.FILED, Stage.ACCEPTED)
        if not isinstance(case, Request):
            return case
        if self.into == self.request:
            return Unacceptable(
                "merged_into_itself", "a request is not merged into itself", "another one", "into"
            )
        other: Request | None = situation.state(f"request:{self.into}")
        if other is None:
            return unknown_request(self.into, "into")
        if not other.is_open:
            return WrongState(
                "request_closed", f"request {self.into} is {other.stage}", "an open one", "into"
            )
        if case.against != other.against:
            return Forbidden(
                "complained_about",
                "the two requests do not complain about the same organisation",
                "a request about the same organisation, or about none",
                "into",
            )
        if situation.precedes(other.filed_at):
            return precedes(other.filed_at)
        return own_request(situation, other) or foreign_community(
            situation, other.community, "into"
        )


class RequestWithdrawn(EndingEvent):
    """撤回: the requester no longer asks."""

    kind = "request_withdrawn"
    term = "撤回诉求"
    proposers = (BY_HOTLINE, BY_COMMUNITY, BY_RESIDENT)
    example = {"request": "request-2026-0416"}

    def decide(self, situation: Situation) -> Refusal | None:
        case = self.case(
            situation, Stage.FILED, Stage.ACCEPTED, *AT_HANDLERS, Stage.ANSWERED, Stage.REOPENED
        )
        return None if isinstance(case, Request) else case


def evolve_intake(state: Request | None, tag: str, recorded: Recorded) -> Request | None:
    """The request after one more event of its taking in."""
    event, when = recorded.event, recorded.occurred_at
    if type(event) is RequestFiled:
        return Request(Stage.FILED, event.community, event.requester, event.against, when, when)
    if state is None:
        return None
    if type(event) is RequestMerged and tag != f"request:{event.request}":
        return state  # the one that goes on
    return state.to(_STAGE_AFTER[type(event)], recorded)


_STAGE_AFTER = {
    RequestAccepted: Stage.ACCEPTED,
    RequestDeclined: Stage.DECLINED,
    RequestRedirected: Stage.REDIRECTED,
    RequestMerged: Stage.MERGED,
    RequestWithdrawn: Stage.WITHDRAWN,
}


KINDS = (
    RequestFiled,
    RequestAccepted,
    RequestDeclined,
    RequestRedirected,
    RequestMerged,
    RequestWithdrawn,
)


FOLDS: Folds = {"request": (evolve_intake, KINDS)}
