"""Resident requests (群众诉求): filed, accepted, dispatched, answered, cleared."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from ledger.decision import Office, OrganisationType, Situation, standing
from ledger.domain.organisations import TOWN, Organisation, unknown_organisation
from ledger.domain.rules import REQUEST_GRADES, RULES_TAG, Grade, RulesEnacted, rules_in_force
from ledger.event import Event, Folds, Id, PersonalText, Recorded, mint_id, mint_random_id
from ledger.refusals import Forbidden, Refusal, Unacceptable, UnknownReference, WrongState

COMMUNITIES = (OrganisationType.COMMUNITY_BRANCH, OrganisationType.RESIDENTS_COMMITTEE)
CLERKS = (Office.CLERK_A, Office.CLERK_B)
HANDLERS = (
    OrganisationType.DEPARTMENT,
    OrganisationType.RESIDENTS_COMMITTEE,
    OrganisationType.COMMUNITY_BRANCH,
    *TOWN,
    OrganisationType.COUNTY_OFFICE,
    OrganisationType.RESIDENT_UNIT,
    OrganisationType.SOCIAL_ORGANISATION,
)
_HOTLINE = standing(CLERKS, OrganisationType.HOTLINE_CENTRE)
_COMMUNITY = standing((Office.SECRETARY, *CLERKS), *COMMUNITIES)
_HANDLER = standing((Office.SECRETARY, *CLERKS), *HANDLERS)


class Category(StrEnum):
    """What a resident wants: 咨询, 求助, 投诉, 举报, 建议, 表扬."""

    INQUIRY = "inquiry"
    HELP = "help"
    COMPLAINT = "complaint"
    REPORT = "report"
    SUGGESTION = "suggestion"
    PRAISE = "praise"


class Channel(StrEnum):
    """How a request came in."""

    HOTLINE = "hotline"
    WINDOW = "window"
    ONLINE = "online"
    VISIT = "visit"


class Stage(StrEnum):
    """Where a request stands."""

    FILED = "filed"
    ACCEPTED = "accepted"
    DISPATCHED = "dispatched"
    IN_HAND = "in_hand"
    ANSWERED = "answered"
    ANSWER_ACCEPTED = "answer_accepted"
    CLEARED = "cleared"


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
    answered_by: str | None = None
    handling_round: int = 1
    rated_round: int = 0

    @property
    def is_open(self) -> bool:
        """Whether it still awaits clearing."""
        return self.stage is not Stage.CLEARED


class RequestEvent(Event):
    """What all acts on a request that exists already have in common."""

    request: Id

    def tags(self) -> tuple[str, ...]:
        return (f"request:{self.request}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (f"request:{self.request}",)

    def case(self, situation: Situation, *stages: Stage) -> Request | Refusal:
        """The request in one of these stages, or why this act is refused for every kind."""
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
        if situation.actor.organisation == request.against:
            return Forbidden(
                "complained_about",
                f"{situation.actor.organisation} is the one complained about",
                "any other organisation",
            )
        if situation.actor.principal == request.requester:
            return Forbidden(
                "own_request",
                f"{situation.actor.principal} is the requester of this case",
                "a principal whom the request does not concern",
            )
        return request


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


class RequestFiled(Event):
    """A resident asks; the requester is known by a random id that belongs to this case alone."""

    kind = "request_filed"
    term = "诉求登记"
    proposers = (
        _HOTLINE,
        _COMMUNITY,
        standing(Office.RESIDENT, OrganisationType.HOTLINE_CENTRE, *COMMUNITIES),
    )
    creates = ("request", "request")

    request: Id = Field(default_factory=mint_id)
    community: Id
    category: Category
    subject: Id
    channel: Channel = Channel.HOTLINE
    requester: Id = Field(default_factory=mint_random_id)
    against: Id | None = None
    """The organisation complained about."""
    name: PersonalText | None = None
    telephone: PersonalText | None = None
    address: PersonalText | None = None
    details: PersonalText | None = None

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
        if pack.subjects and all(entry.code != self.subject for entry in pack.subjects):
            return Unacceptable(
                "unknown_subject",
                f"{self.subject} is not on the list of subjects of pack {pack.pack_version}",
                "a code of that list",
                "subject",
            )
        if situation.actor.office == Office.RESIDENT:
            return not_the_requester(situation, self.requester, "requester")
        if situation.actor.organisation == self.against:
            return Forbidden(
                "complained_about",
                "the one complained about does not take the complaint down",
                "the hotline centre, or the resident",
                "against",
            )
        return None


class RequestAccepted(RequestEvent):
    """受理: the request is one that the town deals with."""

    kind = "request_accepted"
    term = "受理"
    proposers = (_HOTLINE, _COMMUNITY)

    def decide(self, situation: Situation) -> Refusal | None:
        case = self.case(situation, Stage.FILED)
        return None if isinstance(case, Request) else case


class RequestDispatched(RequestEvent):
    """派单: one department leads (首接牵头), others may handle with it."""

    kind = "request_dispatched"
    term = "派单"
    proposers = (_HOTLINE, _COMMUNITY)

    lead: Id
    co_handlers: Annotated[tuple[Id, ...], Field(max_length=20)] = ()
    grade: Grade

    def tags(self) -> tuple[str, ...]:
        handlers = (self.lead, *self.co_handlers)
        return (f"request:{self.request}", *(f"docket:{handler}" for handler in handlers))

    def boundary(self, state: Any) -> tuple[str, ...]:
        request: Request | None = state(f"request:{self.request}")
        concerned = [self.lead, *self.co_handlers]
        if request is not None and request.against is not None:
            concerned.append(request.against)
        return (f"request:{self.request}", *(f"organisation:{one}" for one in concerned))

    def decide(self, situation: Situation) -> Refusal | None:
        case = self.case(situation, Stage.ACCEPTED)
        if not isinstance(case, Request):
            return case
        if self.grade not in REQUEST_GRADES:
            return Unacceptable(
                "grade_of_a_whistle",
                f"{self.grade} is a grade of whistles",
                " or ".join(REQUEST_GRADES),
                "grade",
            )
        handlers = (self.lead, *self.co_handlers)
        if len(set(handlers)) < len(handlers):
            return Unacceptable(
                "handler_given_twice", "a handler is named twice", "each once", "co_handlers"
            )
        if case.against in handlers:
            return Forbidden(
                "complained_about",
                f"{case.against} is the one complained about",
                "a handler that the complaint does not concern",
                "lead" if case.against == self.lead else "co_handlers",
            )
        for field, handler in (
            ("lead", self.lead),
            *(("co_handlers", other) for other in self.co_handlers),
        ):
            unknown = unknown_organisation(situation, handler, field, *HANDLERS)
            if unknown:
                return unknown
        return None if case.against is None else self._superior_leads(situation, case.against)

    def _superior_leads(self, situation: Situation, against: str) -> Refusal | None:
        """A complaint about the town goes to the county office, about a department to its superior.

        The county office supervises the departments too.
        """
        concerned: Organisation = situation.state(f"organisation:{against}")
        lead: Organisation = situation.state(f"organisation:{self.lead}")
        if concerned.type not in (*TOWN, OrganisationType.DEPARTMENT):
            return None
        superior = concerned.parent if concerned.type is OrganisationType.DEPARTMENT else None
        if lead.type is OrganisationType.COUNTY_OFFICE or self.lead == superior:
            return None
        return Forbidden(
            "complaint_passes_superior",
            f"a complaint about {against} goes to its superior",
            "a county office" if superior is None else f"{superior}, or a county office",
            "lead",
        )


class ProgressPosted(RequestEvent):
    """A handler says what has been done; the text is shown only after review."""

    kind = "progress_posted"
    term = "进展"
    proposers = (_HANDLER,)

    note: PersonalText

    def decide(self, situation: Situation) -> Refusal | None:
        case = self.case(situation, Stage.DISPATCHED, Stage.IN_HAND)
        if not isinstance(case, Request):
            return case
        return _only(case.handlers, situation, "a handler of this request")


class RequestAnswered(RequestEvent):
    """The lead answers the requester."""

    kind = "request_answered"
    term = "答复"
    proposers = (_HANDLER,)

    answer: PersonalText | None = None

    def decide(self, situation: Situation) -> Refusal | None:
        case = self.case(situation, Stage.DISPATCHED, Stage.IN_HAND)
        if not isinstance(case, Request):
            return case
        return _only((case.lead,), situation, "the lead of this request")


class AnswerAccepted(RequestEvent):
    """A reviewer, who is not the preparer, lets the answer stand."""

    kind = "answer_accepted"
    term = "答复通过"
    proposers = (
        standing((Office.REVIEWER, *CLERKS), OrganisationType.HOTLINE_CENTRE),
        standing(Office.REVIEWER, *COMMUNITIES),
    )

    def decide(self, situation: Situation) -> Refusal | None:
        case = self.case(situation, Stage.ANSWERED)
        if not isinstance(case, Request):
            return case
        if situation.actor.principal == case.answered_by:
            return Forbidden(
                "own_answer", "a reviewer is not the preparer", "a reviewer who did not answer"
            )
        return None


class RequestCleared(RequestEvent):
    """办结: an accepted answer stands; the case is closed."""

    kind = "request_cleared"
    term = "办结"
    proposers = (_HOTLINE, _COMMUNITY)

    def decide(self, situation: Situation) -> Refusal | None:
        case = self.case(situation, Stage.ANSWER_ACCEPTED)
        return None if isinstance(case, Request) else case


def _only(organisations: tuple[str | None, ...], situation: Situation, who: str) -> Refusal | None:
    if situation.actor.organisation in organisations:
        return None
    return Forbidden("not_a_handler", f"{situation.actor.organisation} is not {who}", who)


_STAGE_AFTER = {
    RequestAccepted: Stage.ACCEPTED,
    ProgressPosted: Stage.IN_HAND,
    AnswerAccepted: Stage.ANSWER_ACCEPTED,
    RequestCleared: Stage.CLEARED,
}


def evolve_request(state: Request | None, tag: str, recorded: Recorded) -> Request | None:
    """The request after one more event of its history."""
    event, when = recorded.event, recorded.occurred_at
    if type(event) is RequestFiled:
        return Request(Stage.FILED, event.community, event.requester, event.against, when, when)
    if state is None:
        return None
    if type(event) is RequestDispatched:
        handlers = (event.lead, *event.co_handlers)
        if state.handlers:  # summoned by a whistle before: they handle the request still
            handlers += tuple(one for one in state.handlers if one not in handlers)
        return state._replace(
            stage=Stage.DISPATCHED, latest=when, lead=event.lead, handlers=handlers
        )
    if type(event) is RequestAnswered:
        who = recorded.actor.principal
        return state._replace(stage=Stage.ANSWERED, latest=when, answered_by=who)
    return state._replace(stage=_STAGE_AFTER[type(event)], latest=when)


KINDS = (
    RequestFiled,
    RequestAccepted,
    RequestDispatched,
    ProgressPosted,
    RequestAnswered,
    AnswerAccepted,
    RequestCleared,
)
FOLDS: Folds = {"request": (evolve_request, KINDS)}
