"""Closing a request: cleared (办结), called back (回访), reopened, disputed, struck off (销号)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from pydantic import ConfigDict, model_validator

from ledger.clocks import local_date
from ledger.decision import Situation
from ledger.domain.requests.dispatching import BY_COUNTY, BY_TOWN
from ledger.domain.requests.requests import (
    BY_COMMUNITY,
    BY_HOTLINE,
    BY_RESIDENT,
    Closing,
    EndingEvent,
    Order,
    Request,
    RequestEvent,
    Stage,
)
from ledger.domain.rules.rules import RULES_TAG, RulesEnacted, Step, rules_in_force
from ledger.domain.rules.terms import calendar_tags, calendars_of, packs_of, step_term
from ledger.event import Folds, PersonalText, Recorded
from ledger.refusals import Forbidden, Refusal, Unacceptable, WrongState


class RequestCleared(EndingEvent):
    """办结: an accepted answer stands; the case is closed."""

    kind = "request_cleared"
    term = "办结"
    proposers = (BY_HOTLINE, BY_COMMUNITY)
    example = {"request": "request-2026-0412"}

    def decide(self, situation: Situation) -> Refusal | None:
        case = self.case(situation, Stage.ANSWER_ACCEPTED)
        return None if isinstance(case, Request) else case


class CallOutcome(StrEnum):
    """How an attempt to call back ended."""

    REACHED = "reached"
    """The requester answered."""
    UNREACHABLE = "unreachable"
    """Nobody answered; it may be tried again, as often as the pack says."""
    REFUSED = "refused"
    """The requester would not answer."""


class CalledBack(RequestEvent):
    """回访: the hotline asks the requester whether it was solved, and how satisfied they are.

    The two are asked separately. After the pack's number of attempts the requester counts as
    unreachable.
    """

    kind = "called_back"
    term = "回访"
    proposers = (BY_HOTLINE,)
    example = {
        "request": "request-2026-0412",
        "outcome": "reached",
        "resolved": True,
        "satisfied": True,
    }
    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"outcome": {"const": "reached"}}},
            "else": {"properties": {"resolved": {"type": "null"}, "satisfied": {"type": "null"}}},
        }
    )

    outcome: CallOutcome
    """Whether the requester was reached, and would answer."""
    resolved: bool | None = None
    """Whether it was solved, of those reached; None where the requester did not say."""
    satisfied: bool | None = None
    """Whether the requester is satisfied, of those reached; None where they did not say."""

    @model_validator(mode="after")
    def _answers_of_those_reached(self) -> Self:
        answers = (self.resolved, self.satisfied)
        if self.outcome is not CallOutcome.REACHED and answers != (None, None):
            raise ValueError("resolved and satisfied are told by those who were reached alone")
        return self

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (f"request:{self.request}", RULES_TAG)

    def decide(self, situation: Situation) -> Refusal | None:
        case = self.case(situation, Stage.CLEARED)
        if not isinstance(case, Request):
            return case
        pack = rules_in_force(situation)
        if not isinstance(pack, RulesEnacted):
            return pack
        if case.closing.is_called_back:
            return WrongState(
                "already_called_back", "the requester was reached", "one not yet reached", "request"
            )
        calls = len(case.closing.calls)
        if calls >= pack.call_back_attempts:
            return WrongState(
                "attempts_used_up",
                f"{calls} attempts were made",
                f"at most {pack.call_back_attempts}",
                "request",
            )
        return self._on_enough_days(situation, case, pack)

    def _on_enough_days(
        self, situation: Situation, case: Request, pack: RulesEnacted
    ) -> Refusal | None:
        days = {local_date(call) for call in case.closing.calls}
        days.add(local_date(situation.occurred_at))
        left = pack.call_back_attempts - len(case.closing.calls) - 1
        if self.outcome is not CallOutcome.UNREACHABLE or len(days) + left >= pack.call_back_days:
            return None
        return Unacceptable(
            "attempts_on_one_day",
            f"{len(case.closing.calls) + 1} attempts on {len(days)} day",
            f"{pack.call_back_attempts} attempts on at least {pack.call_back_days} days",
            "occurred_at",
        )


class RequestReopened(EndingEvent):
    """重办: what was cleared is not solved, and is handled in a new round."""

    kind = "request_reopened"
    term = "重办"
    proposers = (BY_HOTLINE, BY_COMMUNITY)
    example = {"request": "request-2026-0412", "reason": "回访时仍未恢复供水"}

    reason: PersonalText
    """What is not solved."""

    def decide(self, situation: Situation) -> Refusal | None:
        case = self.case(situation, Stage.CLEARED)
        return None if isinstance(case, Request) else case


class ClosureDisputed(EndingEvent):
    """办结异议: the requester holds that it is not solved, within the pack's term, once a round."""

    kind = "closure_disputed"
    term = "办结异议"
    proposers = (BY_HOTLINE, BY_COMMUNITY, BY_RESIDENT)
    example = {"request": "request-2026-0412", "reason": "只修了一个单元"}

    reason: PersonalText
    """Why the requester holds that it is not solved."""

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*super().boundary(state), *_closing_boundary(self.request, state))

    def decide(self, situation: Situation) -> Refusal | None:
        case = self.case(situation, Stage.CLEARED)
        if not isinstance(case, Request):
            return case
        if case.closing.disputed_by is not None:
            return WrongState(
                "already_disputed", "its closure was disputed", "once a round", "request"
            )
        until = disputable_until(situation, case)
        if until is None or situation.occurred_at <= until:
            return None
        return WrongState(
            "dispute_too_late",
            f"it could be disputed until {until.isoformat()}",
            "a dispute by then, or a new request",
            "request",
        )


class DisputeRuled(EndingEvent):
    """异议裁定: upheld, the request is handled in a new round; else its closure stands."""

    kind = "dispute_ruled"
    term = "异议裁定"
    proposers = (BY_TOWN, BY_COUNTY)
    example = {"request": "request-2026-0412", "upheld": True}

    upheld: bool
    """True: the request is handled anew. False: its closure stands."""

    def decide(self, situation: Situation) -> Refusal | None:
        case = self.case(situation, Stage.DISPUTED)
        if not isinstance(case, Request):
            return case
        actor, closing = situation.actor, case.closing
        concerned = (closing.answered_by, closing.cleared_by, closing.disputed_by)
        if actor.organisation in case.involved or actor.principal in (*concerned, *case.handled_by):
            return Forbidden(
                "own_dispute",
                f"{actor.principal} of {actor.organisation} handled, cleared or disputed it",
                "an authority that did not handle it, and a principal who did none of these",
            )
        return None


class RequestStruckOff(EndingEvent):
    """销号: nothing is left to do: the requester was called back and did not say that it is not
    solved, or may no longer dispute it."""

    kind = "request_struck_off"
    term = "销号"
    proposers = (BY_HOTLINE, BY_COUNTY)
    example = {"request": "request-2026-0412"}

    def boundary(self, state: Any) -> tuple[str, ...]:
        return _closing_boundary(self.request, state)

    def decide(self, situation: Situation) -> Refusal | None:
        case = self.case(situation, Stage.CLEARED)
        if not isinstance(case, Request):
            return case
        pack = rules_in_force(situation)
        if not isinstance(pack, RulesEnacted):
            return pack
        closing = case.closing
        until = disputable_until(situation, case)
        if until is not None and situation.at > until:
            return None
        if closing.is_unresolved and closing.disputed_by is None:
            return WrongState(
                "said_unresolved",
                "the requester said that it is not solved, and may still dispute it",
                "request_reopened"
                if until is None
                else f"request_reopened, or a time after {until.isoformat()}",
                "request",
            )
        if closing.is_called_back or len(closing.calls) >= pack.call_back_attempts:
            return None
        return WrongState(
            "not_called_back",
            "the requester was not called back and may still dispute it",
            "a call back first"
            if until is None
            else f"a call back first, or a time after {until.isoformat()}",
            "request",
        )


def _closing_boundary(request: str, state: Any) -> tuple[str, ...]:
    case: Request | None = state(f"request:{request}")
    since = case and case.closing.clearing_recorded_at
    calendars = calendar_tags(since) if since else ()
    return (f"request:{request}", RULES_TAG, *calendars)


def disputable_until(situation: Situation, case: Request) -> datetime | None:
    """Until when the closure of a cleared request may be disputed; None where no pack says."""
    # Not from the claimed time: a clearing entered late cuts nobody's right to dispute it.
    since = case.closing.clearing_recorded_at
    assert since is not None  # it stands at CLEARED
    calendars = calendars_of(situation.state, calendar_tags(since))
    packs = packs_of(situation.state)
    return step_term(packs, calendars, Step.CLOSURE_DISPUTED, since).due_at


def evolve_closing(state: Request | None, tag: str, recorded: Recorded) -> Request | None:
    """The request after one more event of its closing."""
    event, when = recorded.event, recorded.occurred_at
    if state is None:
        return None
    closing = state.closing
    if type(event) is RequestCleared:
        cleared = closing._replace(
            clearing_recorded_at=recorded.recorded_at, cleared_by=recorded.actor.principal
        )
        return state.to(Stage.CLEARED, recorded, closing=cleared)
    match event:
        case CalledBack(outcome=outcome, resolved=resolved):
            called = closing._replace(
                calls=(*closing.calls, when),
                is_unresolved=resolved is False,
                is_called_back=outcome is not CallOutcome.UNREACHABLE,
            )
            return state._replace(closing=called, latest=when)
        case RequestReopened():
            return _new_round(state, recorded)
        case ClosureDisputed():
            disputed = closing._replace(disputed_by=recorded.actor.principal)
            return state.to(Stage.DISPUTED, recorded)._replace(closing=disputed)
        case DisputeRuled(upheld=upheld):
            return _new_round(state, recorded) if upheld else state.to(Stage.CLEARED, recorded)
        case RequestStruckOff():
            return state.to(Stage.STRUCK_OFF, recorded)
    return state


def _new_round(state: Request, recorded: Recorded) -> Request:
    """Nobody handles it until it is dispatched again, or a whistle summons somebody."""
    return state.to(Stage.REOPENED, recorded)._replace(
        lead=None,
        handlers=(),
        handling_round=state.handling_round + 1,
        clock=None,
        order=Order(),
        closing=Closing(),
    )


KINDS = (
    RequestCleared,
    CalledBack,
    RequestReopened,
    ClosureDisputed,
    DisputeRuled,
    RequestStruckOff,
)
FOLDS: Folds = {"request": (evolve_closing, KINDS)}
