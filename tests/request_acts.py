"""A case of the test town on paper: who acts in it, each act, and how it comes to each stage."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Any, NamedTuple

from ledger.catalogue import KINDS
from ledger.clocks import Calendars
from ledger.decision import Office
from ledger.domain.requests.closing import (
    CalledBack,
    CallOutcome,
    ClosureDisputed,
    DisputeRuled,
    RequestCleared,
    RequestReopened,
    RequestStruckOff,
)
from ledger.domain.requests.dispatching import (
    CoHandlerAdded,
    JurisdictionRuled,
    OrderReassigned,
    OrderReturnRequested,
    OrderReturnRuled,
    OrderSigned,
    RequestDispatched,
)
from ledger.domain.requests.exclusions import Metric, MetricExclusionRequested, MetricExclusionRuled
from ledger.domain.requests.handling import (
    AnswerAccepted,
    AnswerSentBack,
    ProgressPosted,
    RequestAnswered,
    RequestAnsweredDirectly,
    RespondentStated,
)
from ledger.domain.requests.intake import (
    Elsewhere,
    RequestAccepted,
    RequestDeclined,
    RequestFiled,
    RequestMerged,
    RequestRedirected,
    RequestWithdrawn,
)
from ledger.domain.requests.requests import AT_HANDLERS, Category, Request, Stage
from ledger.domain.requests.supervision import (
    ClockPaused,
    ClockResumed,
    ExtensionRequested,
    ExtensionRuled,
    RequestSupervised,
    RequestUrged,
)
from ledger.domain.rules.rules import Grade, Pack, RulesEnacted
from ledger.domain.rules.terms import Term, calendars_of, handler_term, handler_time, packs_of
from ledger.domain.town.people import AppointmentMade
from ledger.event import Actor, Event
from ledger.proposal import Proposal
from ledger.refusals import Refusal
from tests.paper_ledger import START, PaperLedger
from tests.town import (
    FOUNDER,
    HOTLINE,
    ORGANISATIONS,
    RESIDENT,
    REVIEWER,
    RULES,
    TOWN_CLERK,
    WATER,
    founding,
)

CASE = "request-0"
"""The request of which all is told here."""
STRANGER = RESIDENT._replace(principal="requester-2")
"""A resident, but not the requester of the case."""
UNIT = Actor("clerk_a", "unit-1", "p-unit")
"""Acts for the one that the request complains about."""
COMMITTEE_2 = Actor("clerk_a", "committee-2", "p-committee-2")
REVIEWER_1 = Actor("reviewer", "committee-1", "p-reviewer-1")
REVIEWER_2 = Actor("reviewer", "committee-2", "p-committee-2")
SECOND = "p-second"
"""A principal who is clerk_b of several organisations and a reviewer: `second(…)`."""
_OF_SECOND = ("hotline", "committee-1", "dept-water", "unit-1", "government", "county")


UNFIT = (
    ("elsewhere", "unknown_organisation"),
    ("hotline", "wrong_organisation_type"),
    ("dept-roads", "organisation_dissolved"),
)
"""(organisation, rule): who cannot handle, once the roads department is dissolved, and why."""


class Cast(NamedTuple):
    """Who plays which part in the case."""

    dispatcher: Actor = HOTLINE
    lead: Actor = WATER
    reviewer: Actor = REVIEWER
    authority: Actor = TOWN_CLERK


CAST = Cast()


def second(actor: Actor) -> Actor:
    """The same part, played by the one who holds several offices."""
    office = actor.office if actor.office == Office.REVIEWER else Office.CLERK_B.value
    return Actor(office, actor.organisation, SECOND)


@cache
def _founded() -> PaperLedger:
    held = [UNIT, COMMITTEE_2, REVIEWER_1, REVIEWER_2, second(REVIEWER)]
    held += [Actor("clerk_b", organisation, SECOND) for organisation in _OF_SECOND]
    paper = PaperLedger()
    paper.accept(*founding())
    for office, organisation, principal in held:
        appointment = AppointmentMade(
            principal=principal, organisation=organisation, office=Office(office)
        )
        paper.accept(Proposal(appointment, FOUNDER))
    return paper


def town(*proposals: Proposal) -> PaperLedger:
    """The test town on paper, after these acts; it is the morning of Monday, 2 March 2026."""
    paper = _founded().copy()
    paper.accept(*proposals)
    return paper


def pack(version: int = 2, **changes: Any) -> Proposal:
    """A later pack of the test town, in force from ten o'clock of that Monday on."""
    body = {
        **dict(RULES),
        "pack_version": version,
        "effective_from": START + timedelta(hours=1),
        "retroactive": False,
        **changes,
    }
    return Proposal(RulesEnacted(**body), FOUNDER)


def on(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of 2026 in Shanghai, in UTC."""
    return datetime(2026, month, day, hour, minute, tzinfo=timezone(timedelta(hours=8))).astimezone(
        UTC
    )


def case(paper: PaperLedger, request: str = CASE) -> Request:
    """The request as the ledger has folded it."""
    found: Request = paper.states[f"request:{request}"]
    return found


def refused(paper: PaperLedger, proposal: Proposal, rule: str, field: str | None = None) -> Refusal:
    """Asserts that the proposal is refused under this rule, at this field, and leaves no trace."""
    before = (list(paper.records), dict(paper.states))
    refusal = paper.propose(proposal)
    assert refusal is not None, f"{proposal.event!r} was accepted"
    assert (refusal.rule, refusal.field) == (rule, field), refusal
    assert (paper.records, paper.states) == before
    return refusal


def may(kind: str, actor: Actor) -> bool:
    """Whether the office may propose the kind."""
    types = {organisation: type_ for organisation, type_, _ in ORGANISATIONS}
    return any(
        actor.office in offices and types[actor.organisation] in organisations
        for offices, organisations in KINDS[kind].proposers
    )


def filing(**changes: Any) -> RequestFiled:
    """A complaint about a unit of the community, by a resident."""
    body = {
        "request": CASE,
        "community": "committee-1",
        "category": Category.COMPLAINT,
        "subject": "noise",
        "requester": RESIDENT.principal,
        "against": "unit-1",
        **changes,
    }
    return RequestFiled(**body)


def dispatch(lead: str = "dept-water", actor: Actor = HOTLINE, **changes: Any) -> Proposal:
    """The order to a lead and to the urban department with it, unless the changes say otherwise."""
    body = {
        "request": CASE,
        "lead": lead,
        "co_handlers": ("dept-urban",),
        "grade": Grade.ORDINARY,
        **changes,
    }
    return Proposal(RequestDispatched(**body), actor)


def acts(cast: Cast = CAST, request: str = CASE) -> dict[str, Proposal]:
    """Every later act on a request, by one who may, by the name of its kind."""
    of: dict[str, Any] = {"request": request}
    dispatcher, lead, reviewer, authority = cast
    by: Iterable[tuple[Event, Actor]] = (
        (RequestAccepted(**of), dispatcher),
        (RequestDeclined(**of, ground="before-a-court"), dispatcher),
        (RequestRedirected(**of, to=Elsewhere.PETITIONS), dispatcher),
        (RequestMerged(**of, into="request-1"), dispatcher),
        (RequestWithdrawn(**of), dispatcher),
        (RequestAnsweredDirectly(**of, answer="可在三号窗口补办"), dispatcher),
        (dispatch(lead.organisation, **of).event, dispatcher),
        (OrderSigned(**of), lead),
        (OrderReturnRequested(**of, reason="不属管辖", proposed_owner="dept-roads"), lead),
        (OrderReturnRuled(**of, granted=False), dispatcher),
        (JurisdictionRuled(**of, lead="dept-roads"), authority),
        (OrderReassigned(**of, lead="dept-roads"), dispatcher),
        (CoHandlerAdded(**of, co_handler="dept-roads"), dispatcher),
        (ExtensionRequested(**of, amount=2, reason="等待配件"), lead),
        (ExtensionRuled(**of, granted=True), dispatcher),
        (ClockPaused(**of, reason="awaiting-requester"), dispatcher),
        (ClockResumed(**of), dispatcher),
        (RequestUrged(**of), dispatcher),
        (RequestSupervised(**of), authority),
        (ProgressPosted(**of, note="已到场"), lead),
        (RespondentStated(**of, statement="设备已停用"), UNIT),
        (RequestAnswered(**of, answer="已修复"), lead),
        (AnswerAccepted(**of), reviewer),
        (AnswerSentBack(**of, reason="未说明何时恢复"), reviewer),
        (RequestCleared(**of), dispatcher),
        (CalledBack(**of, outcome=CallOutcome.REACHED, resolved=True, satisfied=True), HOTLINE),
        (RequestReopened(**of, reason="仍未恢复"), dispatcher),
        (ClosureDisputed(**of, reason="只修了一个单元"), dispatcher),
        (DisputeRuled(**of, upheld=True), authority),
        (RequestStruckOff(**of), HOTLINE),
        (MetricExclusionRequested(**of, metric=Metric.ON_TIME, reason="force-majeure"), lead),
        (MetricExclusionRuled(**of, metric=Metric.ON_TIME, granted=True), authority),
    )
    return {event.kind: Proposal(event, actor) for event, actor in by}


def ready_for(kind: str, cast: Cast = CAST, **filed: Any) -> list[Proposal]:
    """What an act needs beside the stage, such as something to rule on."""
    if kind == "request_merged":
        return [Proposal(filing(**{**filed, "request": "request-1"}), cast.dispatcher)]
    return [acts(cast)[before] for before in _NEEDS.get(kind, ())]


_RETURNED = ("order_return_requested", "order_return_ruled")
_NEEDS = {
    "order_return_ruled": _RETURNED[:1],
    "jurisdiction_ruled": (*_RETURNED, *_RETURNED),
    "extension_ruled": ("extension_requested",),
    "clock_resumed": ("clock_paused",),
    "request_struck_off": ("called_back",),
    "metric_exclusion_ruled": ("metric_exclusion_requested",),
}


def brought_to(stage: Stage, cast: Cast = CAST, **filed: Any) -> list[Proposal]:
    """All acts of a case from its filing until it stands there."""
    if stage in _MAIN:
        return [
            Proposal(filing(**filed), cast.dispatcher),
            *(acts(cast)[kind] for kind in _TO_CLEARING[: _MAIN.index(stage)]),
        ]
    after, kind = _SIDE[stage]
    return [*brought_to(after, cast, **filed), *ready_for(kind, cast, **filed), acts(cast)[kind]]


_MAIN = (
    Stage.FILED,
    Stage.ACCEPTED,
    Stage.DISPATCHED,
    Stage.IN_HAND,
    Stage.ANSWERED,
    Stage.ANSWER_ACCEPTED,
    Stage.CLEARED,
)
_TO_CLEARING = (
    "request_accepted",
    "request_dispatched",
    "progress_posted",
    "request_answered",
    "answer_accepted",
    "request_cleared",
)
_SIDE = {
    Stage.DECLINED: (Stage.FILED, "request_declined"),
    Stage.REDIRECTED: (Stage.FILED, "request_redirected"),
    Stage.MERGED: (Stage.FILED, "request_merged"),
    Stage.WITHDRAWN: (Stage.FILED, "request_withdrawn"),
    Stage.REOPENED: (Stage.CLEARED, "request_reopened"),
    Stage.DISPUTED: (Stage.CLEARED, "closure_disputed"),
    Stage.STRUCK_OFF: (Stage.CLEARED, "request_struck_off"),
}

_TAKEN_IN = frozenset({Stage.FILED, Stage.ACCEPTED})
_AT_HANDLERS = frozenset(AT_HANDLERS)
_ONCE_DISPATCHED = _AT_HANDLERS | {
    Stage.ANSWERED,
    Stage.ANSWER_ACCEPTED,
    Stage.CLEARED,
    Stage.REOPENED,
    Stage.DISPUTED,
    Stage.STRUCK_OFF,
}
STAGES: dict[str, frozenset[Stage]] = {
    "request_accepted": frozenset({Stage.FILED}),
    "request_declined": frozenset({Stage.FILED}),
    "request_redirected": _TAKEN_IN,
    "request_merged": _TAKEN_IN,
    "request_withdrawn": _TAKEN_IN | _AT_HANDLERS | {Stage.ANSWERED, Stage.REOPENED},
    "request_answered_directly": _TAKEN_IN,
    "request_dispatched": frozenset({Stage.ACCEPTED, Stage.REOPENED}),
    "order_signed": _AT_HANDLERS,
    "order_return_requested": _AT_HANDLERS,
    "order_return_ruled": _AT_HANDLERS,
    "jurisdiction_ruled": _AT_HANDLERS,
    "order_reassigned": _AT_HANDLERS,
    "co_handler_added": _AT_HANDLERS,
    "extension_requested": _AT_HANDLERS,
    "extension_ruled": _AT_HANDLERS,
    "clock_paused": _AT_HANDLERS,
    "clock_resumed": _AT_HANDLERS,
    "request_urged": _AT_HANDLERS | {Stage.REOPENED},
    "request_supervised": _AT_HANDLERS,
    "progress_posted": _AT_HANDLERS,
    "respondent_stated": (_ONCE_DISPATCHED | _TAKEN_IN) - {Stage.CLEARED, Stage.STRUCK_OFF},
    "request_answered": _AT_HANDLERS,
    "answer_accepted": frozenset({Stage.ANSWERED}),
    "answer_sent_back": frozenset({Stage.ANSWERED}),
    "request_cleared": frozenset({Stage.ANSWER_ACCEPTED}),
    "called_back": frozenset({Stage.CLEARED}),
    "request_reopened": frozenset({Stage.CLEARED}),
    "closure_disputed": frozenset({Stage.CLEARED}),
    "dispute_ruled": frozenset({Stage.DISPUTED}),
    "request_struck_off": frozenset({Stage.CLEARED}),
    "metric_exclusion_requested": _ONCE_DISPATCHED,
    "metric_exclusion_ruled": _ONCE_DISPATCHED,
}
"""Kind -> the stages in which it may come; in every other it is refused."""


def term(paper: PaperLedger, request: str = CASE) -> Term:
    """When the handler's term of a request ends, as of now."""
    clock = case(paper, request).clock
    assert clock is not None, "it has not been dispatched"
    return handler_term(clock, *_rules(paper), paper.at)


def used_minutes(paper: PaperLedger, until: datetime, request: str = CASE) -> int:
    """How much of its term the handler of a request has used by then."""
    clock = case(paper, request).clock
    assert clock is not None, "it has not been dispatched"
    return handler_time(clock, *_rules(paper), until).minutes


def _rules(paper: PaperLedger) -> tuple[tuple[Pack, ...], Calendars]:
    return packs_of(paper.states.get), calendars_of(paper.states.get, ["calendar:2026"])
