"""The handler's term: extensions (延期), pauses, urging (催办) and supervision (督办)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from ledger.decision import Office, Situation
from ledger.domain.requests.dispatching import (
    BY_COUNTY,
    BY_DISPATCHER,
    BY_HANDLER,
    BY_TOWN,
    OrderEvent,
    led_case,
    own_ruling,
    rules_of_order,
)
from ledger.domain.requests.handling import BY_TIMEKEEPER
from ledger.domain.requests.requests import (
    AT_HANDLERS,
    BY_COMMUNITY,
    BY_HOTLINE,
    BY_RESIDENT,
    HandlingEvent,
    Request,
    RequestEvent,
    Stage,
)
from ledger.domain.rules.rules import RULES_TAG, RulesEnacted, Step, governing, not_listed
from ledger.domain.rules.terms import (
    Term,
    calendar_tags,
    calendars_of,
    handler_term,
    packs_of,
    supervision_due,
)
from ledger.event import Folds, Id, PersonalText, Recorded
from ledger.refusals import Forbidden, Refusal, Unacceptable, WrongState


def term_boundary(request: str, state: Any) -> tuple[str, ...]:
    """The histories that tell when the handler's term of a request ends."""
    case: Request | None = state(f"request:{request}")
    clock = case and case.clock
    calendars = calendar_tags(clock.started_at, case.latest) if case and clock else ()
    return (f"request:{request}", RULES_TAG, *calendars)


def term_of(situation: Situation, case: Request) -> Term:
    """When the handler's term ends, as of this decision."""
    assert case.clock is not None  # it has been dispatched
    calendars = calendars_of(situation.state, calendar_tags(case.clock.started_at, case.latest))
    return handler_term(case.clock, packs_of(situation.state), calendars, situation.at)


def _expired(situation: Situation, case: Request) -> Refusal | None:
    assert case.clock is not None  # it has been dispatched
    # No term ends while the clock stands still.
    moment = case.clock.stopped_since or situation.occurred_at
    due = term_of(situation, case).due_at
    if due is None or moment <= due:
        return None
    return WrongState(
        "term_expired",
        f"the term ended at {due.isoformat()}",
        "an extension or a pause before the term has ended",
        "request",
    )


class ExtensionRequested(HandlingEvent):
    """申请延期: the lead asks for more time, before the term ends and within the pack's limits."""

    kind = "extension_requested"
    term = "申请延期"
    proposers = (BY_HANDLER,)
    example = {"request": "request-2026-0412", "amount": 3, "reason": "需更换进口阀门"}

    amount: Annotated[int, Field(ge=1, le=1000)]
    """How much longer, in the unit of the term: hours, or working days."""
    reason: PersonalText
    """Why the term is not enough."""

    def boundary(self, state: Any) -> tuple[str, ...]:
        return term_boundary(self.request, state)

    def decide(self, situation: Situation) -> Refusal | None:
        case = led_case(self, situation)
        if not isinstance(case, Request):
            return case
        if case.order.extension_asked:
            return WrongState(
                "extension_not_ruled",
                "an extension is asked for",
                "extension_ruled first",
                "request",
            )
        return _expired(situation, case) or self._beyond_limit(situation, case)

    def _beyond_limit(self, situation: Situation, case: Request) -> Refusal | None:
        assert case.clock is not None  # it is at its handlers
        rules = rules_of_order(situation, case)
        if not isinstance(rules, RulesEnacted):
            return rules
        if case.order.extensions >= rules.max_extensions:
            return WrongState(
                "extensions_used_up",
                f"{case.order.extensions} extensions were granted",
                f"at most {rules.max_extensions}",
                "request",
            )
        pack = governing(packs_of(situation.state), case.clock.started_at, situation.at)
        deadline = pack and pack.deadline(Step.REQUEST_ANSWERED, case.clock.grade)
        if deadline is None:
            return WrongState(
                "no_term", "this request has no term", "a request with one", "request"
            )
        left = deadline.amount - case.clock.extension
        if self.amount > left:
            return Unacceptable(
                "extension_too_long",
                f"{self.amount} {deadline.unit} on a term of {deadline.amount}",
                f"at most {left} {deadline.unit}: never more than the original term",
                "amount",
            )
        return None


class ExtensionRuled(OrderEvent):
    """延期审批: the dispatcher grants what was asked for, or refuses it."""

    kind = "extension_ruled"
    term = "延期审批"
    proposers = BY_DISPATCHER
    example = {"request": "request-2026-0412", "granted": True}

    granted: bool
    """True: the term is longer by the amount asked for. False: it stays."""

    def decide(self, situation: Situation) -> Refusal | None:
        case = self.dispatched_case(situation)
        if not isinstance(case, Request):
            return case
        if not case.order.extension_asked or case.lead is None:
            return WrongState(
                "no_extension_asked", "nobody has asked for one", "one asked for", "request"
            )
        return own_ruling(situation, case, (case.lead,), "own_extension")


class ClockPaused(OrderEvent):
    """暂停计时: the handler's clock stands still, for a listed reason, as the dispatcher grants."""

    kind = "clock_paused"
    term = "暂停计时"
    proposers = BY_DISPATCHER
    example = {"request": "request-2026-0412", "reason": "awaiting-requester"}

    reason: Id
    """A code of the pause_reasons of the pack that governs the case."""

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*super().boundary(state), *term_boundary(self.request, state))

    def decide(self, situation: Situation) -> Refusal | None:
        case = self.dispatched_case(situation)
        if not isinstance(case, Request):
            return case
        if case.order.is_paused:
            return WrongState("clock_is_paused", "the clock is paused", "clock_resumed", "request")
        own = own_ruling(situation, case, (case.lead,), "own_pause")
        if own:
            return own
        pack = rules_of_order(situation, case)
        if not isinstance(pack, RulesEnacted):
            return pack
        unlisted = not_listed(pack.pause_reasons, self.reason, "unknown_pause_reason", "reason")
        return unlisted or _expired(situation, case)


class ClockResumed(OrderEvent):
    """恢复计时: the handler's clock runs again."""

    kind = "clock_resumed"
    term = "恢复计时"
    proposers = BY_DISPATCHER
    example = {"request": "request-2026-0412"}

    def decide(self, situation: Situation) -> Refusal | None:
        case = self.dispatched_case(situation)
        if not isinstance(case, Request):
            return case
        if not case.order.is_paused:
            return WrongState("clock_runs", "the clock is not paused", "a paused one", "request")
        return None


class RequestUrged(RequestEvent):
    """催办: the requester, or whoever took the request in, asks when it will be answered."""

    kind = "request_urged"
    term = "催办"
    proposers = (BY_HOTLINE, BY_COMMUNITY, BY_RESIDENT)
    example = {"request": "request-2026-0412"}

    def decide(self, situation: Situation) -> Refusal | None:
        case = self.case(situation, *AT_HANDLERS, Stage.REOPENED)
        return None if isinstance(case, Request) else case


class RequestSupervised(RequestEvent):
    """督办: an authority takes the request under its eye, once; the timekeeper, when overdue."""

    kind = "request_supervised"
    term = "督办"
    proposers = (BY_TOWN, BY_COUNTY, BY_TIMEKEEPER)
    example = {"request": "request-2026-0412", "overdue": True}

    overdue: bool = False
    """Whether it is because the request is overdue by the pack's measure."""

    def boundary(self, state: Any) -> tuple[str, ...]:
        if not self.overdue:
            return (f"request:{self.request}",)
        return term_boundary(self.request, state)

    def decide(self, situation: Situation) -> Refusal | None:
        case = self.case(situation, *AT_HANDLERS)
        if not isinstance(case, Request):
            return case
        if case.order.is_supervised:
            return WrongState(
                "already_supervised", "it is under supervision", "one that is not", "request"
            )
        by_time = situation.actor.office == Office.TIMEKEEPER
        if not by_time and situation.actor.organisation in case.handlers:
            return Forbidden(
                "handler_supervises",
                f"{situation.actor.organisation} handles this request",
                "an authority that does not",
            )
        if not self.overdue:
            return overdue_alone() if by_time else None
        due = supervised_at(situation, case)
        if due is not None and due <= situation.at:
            return None
        return WrongState(
            "not_yet_overdue",
            "the request is not overdue by the pack's measure",
            "overdue: false" if due is None else f"overdue: true from {due.isoformat()} on",
            "overdue",
        )


def overdue_alone() -> Refusal:
    """The refusal of supervision by the timekeeper for any other reason."""
    return Forbidden("overdue_alone", "time causes nothing else", "overdue: true", "overdue")


def supervised_at(situation: Situation, case: Request) -> datetime | None:
    """From when a request is so much overdue that it is supervised; None where it never is."""
    assert case.clock is not None  # it has been dispatched
    calendars = calendars_of(situation.state, calendar_tags(case.clock.started_at, case.latest))
    return supervision_due(case.clock, packs_of(situation.state), calendars)


def evolve_term(state: Request | None, tag: str, recorded: Recorded) -> Request | None:
    """The request after one more event that concerns its term."""
    when = recorded.occurred_at
    if state is None:
        return None
    if state.clock is None:  # urged before it was dispatched again
        return state._replace(latest=when)
    order, clock = state.order, state.clock
    match recorded.event:
        case ExtensionRequested(amount=amount):
            order = order._replace(extension_asked=amount)
            state = state.by_handler(recorded)
        case ExtensionRuled(granted=granted):
            if granted:
                clock = clock._replace(extension=clock.extension + order.extension_asked)
            order = order._replace(extension_asked=0, extensions=order.extensions + granted)
        case ClockPaused():
            order, clock = order._replace(is_paused=True), clock.stop(when)
        case ClockResumed():
            order, clock = order._replace(is_paused=False), clock.resume(when)
        case RequestSupervised():
            order = order._replace(is_supervised=True)
    return state._replace(order=order, clock=clock, latest=when)


KINDS = (
    ExtensionRequested,
    ExtensionRuled,
    ClockPaused,
    ClockResumed,
    RequestUrged,
    RequestSupervised,
)
FOLDS: Folds = {"request": (evolve_term, KINDS)}
