"""A resident request (群众诉求) as all acts fold it, and the rules that its acts share."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from ledger.decision import Office, OrganisationType, Situation, standing
from ledger.domain.rules.terms import HandlerClock
from ledger.domain.town.organisations import COMMUNITIES, foreign_community
from ledger.event import Event, Id, Recorded
from ledger.refusals import Forbidden, Refusal, Unacceptable, UnknownReference, WrongState

CLERKS = (Office.CLERK_A, Office.CLERK_B)


BY_HOTLINE = standing(CLERKS, OrganisationType.HOTLINE_CENTRE)


BY_COMMUNITY = standing((Office.SECRETARY, *CLERKS), *COMMUNITIES)


BY_RESIDENT = standing(Office.RESIDENT, OrganisationType.HOTLINE_CENTRE, *COMMUNITIES)


class Category(StrEnum):
    """What a resident wants."""

    INQUIRY = "inquiry"
    """咨询"""
    HELP = "help"
    """求助"""
    COMPLAINT = "complaint"
    """投诉"""
    REPORT = "report"
    """举报: counted, never listed."""
    SUGGESTION = "suggestion"
    """建议"""
    PRAISE = "praise"
    """表扬"""


class Channel(StrEnum):
    """How a request came in."""

    HOTLINE = "hotline"
    """热线"""
    WINDOW = "window"
    """窗口"""
    ONLINE = "online"
    """网络"""
    VISIT = "visit"
    """走访"""


class Stage(StrEnum):
    """Where a request stands."""

    FILED = "filed"
    ACCEPTED = "accepted"
    DISPATCHED = "dispatched"
    IN_HAND = "in_hand"
    ANSWERED = "answered"
    ANSWER_ACCEPTED = "answer_accepted"
    CLEARED = "cleared"
    REOPENED = "reopened"
    DISPUTED = "disputed"
    STRUCK_OFF = "struck_off"
    DECLINED = "declined"
    REDIRECTED = "redirected"
    MERGED = "merged"
    WITHDRAWN = "withdrawn"


ENDED = frozenset(
    {Stage.STRUCK_OFF, Stage.DECLINED, Stage.REDIRECTED, Stage.MERGED, Stage.WITHDRAWN}
)
"""Nothing follows."""


CLOSED = ENDED | {Stage.CLEARED}
"""Nobody has it in hand; what is cleared may still be reopened or disputed."""


AT_HANDLERS = (Stage.DISPATCHED, Stage.IN_HAND)


class Order(NamedTuple):
    """The order (派单) of one round, as dispatcher and lead deal with it."""

    is_signed: bool = False
    returns: int = 0
    """How often its return was requested."""
    return_asked_by: str | None = None
    """The organisation whose request for return waits for its ruling."""
    is_bound: bool = False
    """Jurisdiction has been ruled: it cannot be returned any more."""
    extensions: int = 0
    """How many were granted."""
    extension_asked: int = 0
    """What is asked for and waits for its ruling, in the term's unit."""
    is_paused: bool = False
    is_supervised: bool = False


class Closing(NamedTuple):
    """What happens once a round has its answer."""

    answered_at: datetime | None = None
    answer_recorded_at: datetime | None = None
    """From when on a reviewer could rule on it, whatever time is claimed for it."""
    answered_by: str | None = None
    """The principal who prepared the answer."""
    clearing_recorded_at: datetime | None = None
    """From when on the requester could dispute it, whatever time is claimed for it."""
    cleared_by: str | None = None
    calls: tuple[datetime, ...] = ()
    """The attempts to call the requester back."""
    is_called_back: bool = False
    """The requester was reached, or did not want to say anything."""
    is_unresolved: bool = False
    """The requester said, when called back, that it is not solved."""
    disputed_by: str | None = None
    """The principal who disputed it, or entered the dispute for the requester."""


class Rating(NamedTuple):
    """How the requester rated a round, and what became of a poor rating."""

    handling_round: int
    is_poor: bool
    latest: datetime
    """When it was given, verified or rectified, as claimed."""
    is_verified: bool = False
    is_rectified: bool = False


class Exclusion(NamedTuple):
    """A request to leave the case out of a metric."""

    metric: str
    asked_by: str
    """The organisation that asks."""
    asked_at: datetime
    is_ruled: bool = False
    is_granted: bool = False


class Request(NamedTuple):
    """A request as of its history."""

    stage: Stage
    community: str
    requester: str
    against: str | None
    filed_at: datetime
    latest: datetime
    """When the last act is claimed to have happened: none of the next may precede it."""
    lead: str | None = None
    handlers: tuple[str, ...] = ()
    """The lead, its co-handlers, and the departments that a whistle summoned."""
    involved: tuple[str, ...] = ()
    """All who ever were handlers."""
    handled_by: tuple[str, ...] = ()
    """The principals who ever acted for a handler, or for a department that a whistle for the
    request summoned: in no other office do they rule on the case."""
    spoken_by: tuple[str, ...] = ()
    """The principals who spoke for the one complained about: they do nothing else in the case."""
    dispatcher: str | None = None
    """The organisation that dispatched it: it rules on returns, extensions and pauses."""
    handling_round: int = 1
    clock: HandlerClock | None = None
    order: Order = Order()
    closing: Closing = Closing()
    rating: Rating | None = None
    exclusions: tuple[Exclusion, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do something about it."""
        return self.stage not in CLOSED

    def is_open_for(self, organisation: str) -> bool:
        """Whether it is open work of an organisation: of its community, or of a handler."""
        return self.is_open and organisation in (self.community, *self.handlers)

    def to(self, stage: Stage, recorded: Recorded, **changes: Any) -> Request:
        """The same at another stage, as of that act, with these changes."""
        return self._replace(stage=stage, latest=recorded.occurred_at, **changes)

    def with_handlers(self, *more: str) -> Request:
        """The same with more who handle it."""
        fresh = tuple(one for one in dict.fromkeys(more) if one not in self.handlers)
        known = tuple(one for one in fresh if one not in self.involved)
        return self._replace(handlers=(*self.handlers, *fresh), involved=(*self.involved, *known))

    def by_handler(self, recorded: Recorded) -> Request:
        """The same after an act of a handler."""
        principal = recorded.actor.principal
        if principal in self.handled_by:
            return self
        return self._replace(handled_by=(*self.handled_by, principal))


class RequestEvent(Event):
    """What all acts on a request that exists already have in common."""

    request: Id
    """The request's id."""

    def tags(self) -> tuple[str, ...]:
        return (f"request:{self.request}",)

    def concerns(self, situation: Situation) -> tuple[str, ...]:
        """The dockets of those who handle the request and did not act themselves."""
        request: Request = situation.state(f"request:{self.request}")
        actor = situation.actor.organisation
        return tuple(f"docket:{handler}" for handler in request.handlers if handler != actor)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (f"request:{self.request}", *community_of(self.request, state))

    def foreign(self, situation: Situation, request: Request) -> Refusal | None:
        """The refusal for a body of another community than the request's."""
        return foreign_community(situation, request.community, "request")

    def case(self, situation: Situation, *stages: Stage) -> Request | Refusal:
        """The request in one of these stages, or why this act is refused for every kind.

        Residents act in a case of their own, everybody else in none of their own, nobody for an
        organisation that the case complains about, and no community's body in another's case.
        """
        request: Request | None = situation.state(f"request:{self.request}")
        if request is None:
            return unknown_request(self.request)
        if request.stage not in stages:
            return WrongState(
                "wrong_stage",
                f"request {self.request} is {request.stage}",
                f"{self.kind} while it is {' or '.join(stages)}",
                "request",
            )
        if situation.precedes(request.latest):
            return precedes(request.latest)
        return conflict(situation, request) or self.foreign(situation, request) or request


class HandlingEvent(RequestEvent):
    """An act for one whom the case itself names, of whichever community: a handler, or the one
    complained about."""

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (f"request:{self.request}",)

    def foreign(self, situation: Situation, request: Request) -> Refusal | None:
        return None


class EndingEvent(RequestEvent):
    """An act after which nobody has the request in hand: it concerns all who had to do with it."""

    def concerns(self, situation: Situation) -> tuple[str, ...]:
        request: Request = situation.state(f"request:{self.request}")
        return tuple(f"docket:{one}" for one in (request.community, *request.handlers))


def community_of(request: str, state: Any) -> tuple[str, ...]:
    """The history that tells to which community a request belongs, once it is known."""
    found: Request | None = state(f"request:{request}")
    return () if found is None else (f"organisation:{found.community}",)


def conflict(situation: Situation, request: Request) -> Refusal | None:
    """The refusal for whoever may do nothing in a case, whatever the act (domain: conflict guard).

    The timekeeper acts for nobody: each of its acts is decided by the time alone.
    """
    actor = situation.actor
    if actor.office == Office.RESIDENT:
        return not_the_requester(situation, request.requester)
    if actor.office == Office.TIMEKEEPER:
        return None
    if actor.organisation == request.against:
        return Forbidden(
            "complained_about",
            f"{actor.organisation} is the one complained about",
            "any other organisation",
        )
    if actor.principal in request.spoken_by:
        return Forbidden(
            "complained_about",
            f"{actor.principal} spoke for the one complained about",
            "a principal who did not",
        )
    return own_request(situation, request)


def own_request(situation: Situation, request: Request) -> Refusal | None:
    """The refusal for a requester who acts in an office in the case of their own."""
    if situation.actor.principal != request.requester:
        return None
    return Forbidden(
        "own_request",
        f"{situation.actor.principal} is the requester of this case",
        "a principal whom the request does not concern",
    )


def unknown_request(request: str, field: str = "request") -> Refusal:
    """The refusal for an id that is no request of this ledger."""
    return UnknownReference(
        "unknown_request", f"request {request} is not in this ledger", "a filed one", field
    )


def precedes(latest: datetime) -> Refusal:
    """The refusal for a time before what the act follows."""
    return Unacceptable(
        "precedes_what_it_follows",
        "occurred_at lies before the act that this one follows",
        f"a time from {latest.isoformat()} on",
        "occurred_at",
    )


def not_the_requester(
    situation: Situation, requester: str, field: str | None = None
) -> Refusal | None:
    """The refusal where a resident acts in a case under another id than the case's requester."""
    if situation.actor.principal == requester:
        return None
    return Forbidden(
        "not_the_requester",
        "a resident acts in a case under the random id of its requester",
        "the requester of this case",
        field,
    )
