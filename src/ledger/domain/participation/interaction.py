"""Interaction (互动): opinions and the replies to them, and praise for an office, a body or a deed.

What somebody writes is theirs: it is counted, and shown in a reviewed wording alone.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple

from pydantic import Field

from ledger.decision import Office, Situation
from ledger.domain.love_bank.accounts import Account
from ledger.domain.love_bank.deeds import Deed, DeedStage, known_deed
from ledger.domain.requests.requests import (
    BY_COMMUNITY,
    BY_HOTLINE,
    BY_RESIDENT,
    Request,
    not_the_requester,
    precedes,
    unknown_request,
)
from ledger.domain.town.organisations import (
    COMMUNITIES,
    Organisation,
    foreign_community,
    unknown_organisation,
)
from ledger.domain.town.people import Principal
from ledger.event import Event, Folds, Id, PersonalText, Recorded, Text, mint_random_id
from ledger.refusals import Forbidden, Refusal, Unacceptable, UnknownReference, WrongState
from ledger.telling import tells_of_somebody

TAKEN_IN_BY = (BY_RESIDENT, BY_HOTLINE, BY_COMMUNITY)
SHOWN_DEEDS = (DeedStage.IN_PUBLICITY, DeedStage.AWARDED)


class PraiseTarget(StrEnum):
    """What is praised."""

    OFFICE = "office"
    """岗位"""
    ORGANISATION = "organisation"
    """单位"""
    DEED = "deed"
    """善行"""


class Opinion(NamedTuple):
    """An opinion as of its history."""

    community: str
    poster: str
    taken_in_by: str
    """The principal who posted it or took it down: they do not reply."""
    latest: datetime
    is_replied: bool = False


class Praise(NamedTuple):
    """A praise, and with whom it was given."""

    community: str
    """The body with which it was given, the hotline centre too."""
    giver: str


class OpinionPosted(Event):
    """发表意见: a resident says something about the community, or a clerk takes it down."""

    kind = "opinion_posted"
    term = "意见"
    proposers = TAKEN_IN_BY
    creates = ("opinion", "opinion")
    example = {
        "opinion": "5d1f6c0a-9f3e-4b7c-8a52-0c6d4e9b7f13",
        "community": "committee-riverside",
        "topic": "green-space",
        "poster": "a41c7e92-6b0d-4f58-9e3a-27d5c1b8f064",
        "text": "小广场的长椅坏了两条，希望换新",
    }

    opinion: Id = Field(default_factory=mint_random_id)
    """The opinion's id, by which it is replied to."""
    community: Id
    """Whom it is for: a community's Party branch or its residents' committee."""
    topic: Id
    """What it is about, in a code of the town's own, such as green-space."""
    poster: Id = Field(default_factory=mint_random_id)
    """The random id under which the poster stands here alone."""
    text: PersonalText
    """What the poster says; never shown as it is."""

    def tags(self) -> tuple[str, ...]:
        return (f"opinion:{self.opinion}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*self.tags(), f"organisation:{self.community}")

    def decide(self, situation: Situation) -> Refusal | None:
        unknown = unknown_organisation(situation, self.community, "community", *COMMUNITIES)
        if unknown:
            return unknown
        if situation.actor.office == Office.RESIDENT:
            return not_the_requester(situation, self.poster, "poster")
        return foreign_community(situation, self.community, "community")


class OpinionReplied(Event):
    """反馈意见: the community replies, once, and may show both in a wording that was reviewed."""

    kind = "opinion_replied"
    term = "意见反馈"
    proposers = (BY_COMMUNITY,)
    example = {
        "opinion": "5d1f6c0a-9f3e-4b7c-8a52-0c6d4e9b7f13",
        "reply": "您好，两条长椅本周五前换新",
        "public_text": "居民反映小广场长椅损坏",
        "public_reply": "本周五前更换",
        "reviewed_by": "p-riverside-secretary",
    }

    opinion: Id
    """The opinion."""
    reply: PersonalText
    """What the poster is told; never shown as it is."""
    public_text: Text | None = None
    """The opinion as everybody may read it: names nobody. Absent: it is counted alone."""
    public_reply: Text | None = None
    """The reply as everybody may read it: names nobody."""
    reviewed_by: Id | None = None
    """The principal who reviewed the public wording; another one than replies."""

    def tags(self) -> tuple[str, ...]:
        return (f"opinion:{self.opinion}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        known: Opinion | None = state(f"opinion:{self.opinion}")
        whose = () if known is None else (f"organisation:{known.community}",)
        named = () if self.reviewed_by is None else (f"principal:{self.reviewed_by}",)
        return (*self.tags(), *whose, *named)

    def decide(self, situation: Situation) -> Refusal | None:
        opinion: Opinion | None = situation.state(f"opinion:{self.opinion}")
        if opinion is None:
            return UnknownReference(
                "unknown_opinion", f"opinion {self.opinion} is not in this ledger",
                "an opinion that was posted", "opinion",
            )  # fmt: skip
        foreign = foreign_community(situation, opinion.community, "opinion")
        if foreign:
            return foreign
        if opinion.is_replied:
            return WrongState(
                "already_replied", f"opinion {self.opinion} has its reply",
                "one without a reply", "opinion",
            )  # fmt: skip
        if situation.actor.principal in (opinion.poster, opinion.taken_in_by):
            return Forbidden(
                "own_opinion", "nobody replies to what they posted or took down",
                "another principal of the community", "opinion",
            )  # fmt: skip
        if situation.precedes(opinion.latest):
            return precedes(opinion.latest)
        return self._unfit_review(situation, opinion)

    def _unfit_review(self, situation: Situation, opinion: Opinion) -> Refusal | None:
        if self.reviewed_by is None:
            if self.public_text is None and self.public_reply is None:
                return None
            return Unacceptable(
                "wording_not_reviewed", "nobody reviewed what everybody is to read",
                "the principal who reviewed it, or no public wording", "reviewed_by",
            )  # fmt: skip
        for field, text in (("public_text", self.public_text), ("public_reply", self.public_reply)):
            if text is not None and tells_of_somebody(text):
                return Unacceptable(
                    "wording_tells_of_somebody", "a number in it names somebody",
                    "a wording without telephone and identity numbers", field,
                )  # fmt: skip
        reviewer: Principal | None = situation.state(f"principal:{self.reviewed_by}")
        body: Organisation = situation.state(f"organisation:{opinion.community}")
        above = body.community_at(situation.at)
        bodies = (opinion.community, situation.actor.organisation, *filter(None, (above,)))
        others = (situation.actor.principal, opinion.poster, opinion.taken_in_by)
        if (
            reviewer is None
            or self.reviewed_by in others
            or not any(reviewer.serves(body, situation.at) for body in bodies)
        ):
            return Unacceptable(
                "unfit_reviewer", f"{self.reviewed_by} has part in it, or no office here",
                "somebody of the community who neither posted, took down nor replies",
                "reviewed_by",
            )  # fmt: skip
        return None


class PraiseGiven(Event):
    """点赞: for an office or an organisation, for one request or none, or for a deed that is shown.

    What is praised once for a request is not praised for it again, whoever gives it; without a
    request, nobody praises the same twice.
    """

    kind = "praise_given"
    term = "点赞"
    proposers = TAKEN_IN_BY
    creates = ("praise", "praise")
    example = {
        "praise": "c7a0e5d2-31f8-4e6b-b94d-8f2a6c1d7e05",
        "target_type": "office",
        "organisation": "committee-riverside",
        "office": "building_head",
        "giver": "a41c7e92-6b0d-4f58-9e3a-27d5c1b8f064",
        "words": "停水那天挨家挨户送水，辛苦了",
    }

    praise: Id = Field(default_factory=mint_random_id)
    """The praise's id."""
    target_type: PraiseTarget
    """What is praised."""
    organisation: Id | None = None
    """The organisation, or the one of the office; for a deed none."""
    office: Office | None = None
    """The office; for `office` alone."""
    deed: Id | None = None
    """The deed; for `deed` alone."""
    request: Id | None = None
    """The request whose handling is praised; the giver is its requester."""
    giver: Id
    """The id under which the giver acts: of a request its requester, else whoever proposes."""
    words: PersonalText | None = None
    """What the giver says; never shown."""

    def tags(self) -> tuple[str, ...]:
        return (f"praise:{self.praise}", self._once_tag())

    def boundary(self, state: Any) -> tuple[str, ...]:
        deed: Deed | None = None if self.deed is None else state(f"deed:{self.deed}")
        named = (
            ("organisation", self.organisation),
            ("deed", self.deed),
            ("account", None if deed is None else deed.account),
            ("request", self.request),
        )
        return (*self.tags(), *(f"{of}:{one}" for of, one in named if one is not None))

    def decide(self, situation: Situation) -> Refusal | None:
        given = (self.organisation is not None, self.office is not None, self.deed is not None)
        if given != _GIVEN[self.target_type] or self.office in _NO_OFFICES:
            return Unacceptable(
                "not_one_target", f"these fields do not name one {self.target_type}",
                "organisation, organisation and an office of service, or deed", "target_type",
            )  # fmt: skip
        return (
            self._unfit_target(situation)
            or self._unfit_giver(situation)
            or self._own(situation)
            or self._twice(situation)
        )

    def _unfit_target(self, situation: Situation) -> Refusal | None:
        if self.organisation is not None:
            return unknown_organisation(situation, self.organisation, "organisation")
        assert self.deed is not None  # `_GIVEN` says so
        deed = known_deed(situation, self.deed)
        if not isinstance(deed, Deed):
            return deed
        if deed.stage not in SHOWN_DEEDS:
            return WrongState(
                "deed_not_shown", f"deed {self.deed} is {deed.stage}",
                f"a deed that is {' or '.join(SHOWN_DEEDS)}", "deed",
            )  # fmt: skip
        return None

    def _unfit_giver(self, situation: Situation) -> Refusal | None:
        if self.request is None:
            return not_the_requester(situation, self.giver, "giver")
        request: Request | None = situation.state(f"request:{self.request}")
        if request is None:
            return unknown_request(self.request)
        if self.organisation not in (request.community, *request.involved):
            return Unacceptable(
                "had_no_part", f"{self.organisation} had no part in request {self.request}",
                "its community or a handler; for a deed no request", "request",
            )  # fmt: skip
        if situation.actor.office == Office.RESIDENT:
            refusal = not_the_requester(situation, self.giver, "giver")
            if refusal:
                return refusal
        if self.giver == request.requester:
            return None
        return Forbidden(
            "not_the_giver", "the handling of a request is praised by its requester",
            "the requester's random id of that case", "giver",
        )  # fmt: skip

    def _own(self, situation: Situation) -> Refusal | None:
        actor = situation.actor
        unit, field = self.organisation, "organisation"
        if self.deed is not None:
            deed: Deed = situation.state(f"deed:{self.deed}")
            account: Account = situation.state(f"account:{deed.account}")
            unit, field = account.unit, "deed"
            if account.is_concerned(self.giver):
                return _own_praise(field)
        if actor.office == Office.RESIDENT:
            return None
        principal: Principal = situation.state(f"principal:{actor.principal}")
        return _own_praise(field) if principal.serves(unit, situation.at) else None

    def _twice(self, situation: Situation) -> Refusal | None:
        if situation.state(self._once_tag()) is None:
            return None
        return WrongState(
            "already_praised", "this was praised before, by the same giver or for this request",
            "what was not praised yet", "deed" if self.deed is not None else "organisation",
        )  # fmt: skip

    def _once_tag(self) -> str:
        """The history of what is praised once: of a digest, as it is made of several ids."""
        of = (self.giver, self.deed or "", self.organisation or "", self.office or "")
        if self.request is not None:
            of = ("request", self.request, self.organisation or "", "")
        return f"praised_once:{sha256(chr(10).join(of).encode()).hexdigest()}"


_GIVEN = {
    PraiseTarget.OFFICE: (True, True, False),
    PraiseTarget.ORGANISATION: (True, False, False),
    PraiseTarget.DEED: (False, False, True),
}
"""Whether organisation, office and deed are named, by what is praised."""
_NO_OFFICES = (Office.RESIDENT, Office.PUBLIC, Office.TIMEKEEPER)


def _own_praise(field: str) -> Refusal:
    return Forbidden(
        "own_praise", "nobody praises themselves, their household or the body they serve",
        "what others did", field,
    )  # fmt: skip


def evolve_opinion(state: Opinion | None, tag: str, recorded: Recorded) -> Opinion | None:
    """The opinion after it was posted or replied to."""
    when, actor = recorded.occurred_at, recorded.actor
    match recorded.event:
        case OpinionPosted(community=community, poster=poster):
            return Opinion(community, poster, actor.principal, when)
        case OpinionReplied() if state:
            return state._replace(is_replied=True, latest=when)
    return state


def evolve_praise(state: Praise | None, tag: str, recorded: Recorded) -> Praise | None:
    """The praise as it was given, by its id or by what is praised once."""
    match recorded.event:
        case PraiseGiven(giver=giver):
            return state or Praise(recorded.actor.organisation, giver)
    return state


KINDS = (OpinionPosted, OpinionReplied, PraiseGiven)
FOLDS: Folds = {
    "opinion": (evolve_opinion, (OpinionPosted, OpinionReplied)),
    "praise": (evolve_praise, (PraiseGiven,)),
    "praised_once": (evolve_praise, (PraiseGiven,)),
}
