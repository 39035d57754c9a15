"""Handling a request: progress, the statement of the one complained about, answer and review."""

from __future__ import annotations

from typing import Any

from ledger.decision import Office, OrganisationType, Situation, standing
from ledger.domain.requests.dispatching import BY_HANDLER, led_case, only
from ledger.domain.requests.requests import (
    AT_HANDLERS,
    BY_COMMUNITY,
    BY_HOTLINE,
    CLERKS,
    Closing,
    HandlingEvent,
    Request,
    RequestEvent,
    Stage,
    own_request,
    precedes,
    unknown_request,
)
from ledger.domain.rules.rules import RULES_TAG, Step
from ledger.domain.rules.terms import calendar_tags, calendars_of, packs_of, step_term
from ledger.domain.town.organisations import COMMUNITIES, TOWN
from ledger.event import Folds, PersonalText, Recorded
from ledger.refusals import Forbidden, Refusal, WrongState

BY_REVIEWER = (
    standing((Office.REVIEWER, *CLERKS), OrganisationType.HOTLINE_CENTRE),
    standing(Office.REVIEWER, *COMMUNITIES),
)
BY_TIMEKEEPER = standing(Office.TIMEKEEPER, *TOWN)
BY_RESPONDENT = standing((Office.SECRETARY, *CLERKS), *OrganisationType)


class ProgressPosted(HandlingEvent):
    """A handler says what has been done; the text is shown only after review."""

    kind = "progress_posted"
    term = "进展"
    proposers = (BY_HANDLER,)
    example = {"request": "request-2026-0412", "note": "抢修人员已到场"}

    note: PersonalText
    """What has been done so far."""

    def decide(self, situation: Situation) -> Refusal | None:
        case = self.case(situation, *AT_HANDLERS)
        if not isinstance(case, Request):
            return case
        return only(case.handlers, situation, "a handler of this request")


class RespondentStated(HandlingEvent):
    """被诉方陈述: the one complained about says its side, the only act that it has in the case."""

    kind = "respondent_stated"
    term = "被诉方陈述"
    proposers = (BY_RESPONDENT,)
    example = {"request": "request-2026-0417", "statement": "当日因管道爆裂无法按时供水"}

    statement: PersonalText
    """What the one complained about has to say."""

    def decide(self, situation: Situation) -> Refusal | None:
        request: Request | None = situation.state(f"request:{self.request}")
        if request is None:
            return unknown_request(self.request)
        if situation.actor.organisation != request.against:
            return Forbidden(
                "not_the_respondent",
                f"{situation.actor.organisation} is not complained about",
                "the organisation that the request complains about",
            )
        if not request.is_open:
            return WrongState(
                "wrong_stage",
                f"request {self.request} is {request.stage}",
                "a statement while it is open",
                "request",
            )
        if situation.precedes(request.latest):
            return precedes(request.latest)
        if situation.actor.principal in request.handled_by:
            return Forbidden(
                "handler_states",
                f"{situation.actor.principal} acted for a handler of this request",
                "a principal who did not handle it",
            )
        return own_request(situation, request)


class RequestAnsweredDirectly(RequestEvent):
    """直接答复: whoever takes the request in knows the answer, which stands at once."""

    kind = "request_answered_directly"
    term = "直接答复"
    proposers = (BY_HOTLINE, BY_COMMUNITY)
    example = {"request": "request-2026-0418", "answer": "社保卡可在便民服务中心三号窗口补办"}

    answer: PersonalText | None = None
    """What the requester is told."""

    def decide(self, situation: Situation) -> Refusal | None:
        case = self.case(situation, Stage.FILED, Stage.ACCEPTED)
        return None if isinstance(case, Request) else case


class RequestAnswered(HandlingEvent):
    """The lead answers the requester."""

    kind = "request_answered"
    term = "答复"
    proposers = (BY_HANDLER,)
    example = {"request": "request-2026-0412", "answer": "阀门已更换，恢复供水"}

    answer: PersonalText | None = None
    """What the requester is told."""

    def decide(self, situation: Situation) -> Refusal | None:
        case = led_case(self, situation)
        return None if isinstance(case, Request) else case


class AnswerAccepted(RequestEvent):
    """A reviewer, who is not the preparer, lets the answer stand.

    Where nobody has ruled on it within the pack's term, it is deemed accepted.
    """

    kind = "answer_accepted"
    term = "答复通过"
    proposers = (*BY_REVIEWER, BY_TIMEKEEPER)
    example = {"request": "request-2026-0412"}

    deemed: bool = False
    """Whether time alone has let the answer stand."""

    def boundary(self, state: Any) -> tuple[str, ...]:
        own = super().boundary(state)
        if not self.deemed:
            return own
        case: Request | None = state(f"request:{self.request}")
        since = case and case.closing.answer_recorded_at
        return (*own, RULES_TAG, *(calendar_tags(since) if since else ()))

    def decide(self, situation: Situation) -> Refusal | None:
        case = self.case(situation, Stage.ANSWERED)
        if not isinstance(case, Request):
            return case
        if self.deemed != (situation.actor.office == Office.TIMEKEEPER):
            return Forbidden(
                "deemed_by_time_alone",
                "an answer is deemed accepted by the timekeeper, and reviewed by nobody else",
                "deemed: true by the timekeeper, or false by a reviewer",
                "deemed",
            )
        return self._too_early(situation, case) if self.deemed else own_answer(situation, case)

    def _too_early(self, situation: Situation, case: Request) -> Refusal | None:
        # Not from the claimed time: nobody could rule on it before it was recorded.
        since = case.closing.answer_recorded_at
        assert since is not None  # it stands at ANSWERED
        due = step_term(
            packs_of(situation.state),
            calendars_of(situation.state, calendar_tags(since)),
            Step.ANSWER_DEEMED_ACCEPTED,
            since,
        ).due_at
        if due is not None and due <= situation.at:
            return None
        return WrongState(
            "not_yet_deemed_accepted",
            "no term has passed after which the answer counts as accepted",
            "a reviewer" if due is None else f"the timekeeper from {due.isoformat()} on",
            "request",
        )


class AnswerSentBack(RequestEvent):
    """退回: a reviewer does not let the answer stand; it counts as never given."""

    kind = "answer_sent_back"
    term = "答复退回"
    proposers = BY_REVIEWER
    example = {"request": "request-2026-0412", "reason": "未说明恢复供水的时间"}

    reason: PersonalText
    """What is wrong with the answer, for whoever prepares the next."""

    def decide(self, situation: Situation) -> Refusal | None:
        case = self.case(situation, Stage.ANSWERED)
        return own_answer(situation, case) if isinstance(case, Request) else case


def own_answer(situation: Situation, case: Request) -> Refusal | None:
    """The refusal where somebody who prepared an answer, or handled the case, judges it."""
    if situation.actor.principal not in (case.closing.answered_by, *case.handled_by):
        return None
    return Forbidden(
        "own_answer",
        f"{situation.actor.principal} answered or handled this request",
        "a reviewer who did neither",
    )


def evolve_handling(state: Request | None, tag: str, recorded: Recorded) -> Request | None:
    """The request after one more event of its handling."""
    event, when = recorded.event, recorded.occurred_at
    if state is None:
        return None
    if type(event) is RequestAnswered:
        closing = _answer(recorded)
        # The reviewer's time is the reviewer's; whoever answers is no longer paused.
        clock = state.clock and state.clock.resume(when).stop(when)
        order = state.order._replace(is_paused=False) if state.order.is_paused else state.order
        answered = state.to(Stage.ANSWERED, recorded, closing=closing, clock=clock, order=order)
        return answered.by_handler(recorded)
    if type(event) is AnswerAccepted:
        return state.to(Stage.ANSWER_ACCEPTED, recorded)
    match event:
        case ProgressPosted():
            return state.to(Stage.IN_HAND, recorded).by_handler(recorded)
        case RequestAnsweredDirectly():
            direct = state.to(Stage.ANSWER_ACCEPTED, recorded)
            return direct._replace(closing=_answer(recorded))
        case AnswerSentBack():
            clock = state.clock and state.clock.resume(when)
            return state.to(Stage.IN_HAND, recorded)._replace(closing=Closing(), clock=clock)
        case RespondentStated():
            spoken_by = tuple(dict.fromkeys((*state.spoken_by, recorded.actor.principal)))
            return state._replace(spoken_by=spoken_by, latest=when)
    return state


def _answer(recorded: Recorded) -> Closing:
    return Closing(recorded.occurred_at, recorded.recorded_at, recorded.actor.principal)


KINDS = (
    ProgressPosted,
    RespondentStated,
    RequestAnsweredDirectly,
    RequestAnswered,
    AnswerAccepted,
    AnswerSentBack,
)
FOLDS: Folds = {"request": (evolve_handling, KINDS)}
