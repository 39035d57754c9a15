"""How a request of the town is handled, from its dispatch to its end, with every side path."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Final, NamedTuple

from api.demonstration import town
from api.demonstration.ziyang import matters
from api.demonstration.ziyang.bodies import Community, clerk, clerk_b
from api.demonstration.ziyang.days import later
from api.demonstration.ziyang.matters import Matter
from api.demonstration.ziyang.whistles import summons
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
from ledger.domain.requests.exclusions import (
    Metric,
    MetricExclusionRequested,
    MetricExclusionRuled,
)
from ledger.domain.requests.handling import (
    AnswerAccepted,
    AnswerSentBack,
    ProgressPosted,
    RequestAnswered,
    RespondentStated,
)
from ledger.domain.requests.ratings import (
    PoorRatingRectified,
    PoorRatingVerified,
    RatingTarget,
    Satisfaction,
    ServiceRated,
)
from ledger.domain.requests.requests import Channel
from ledger.domain.requests.supervision import (
    ClockPaused,
    ClockResumed,
    ExtensionRequested,
    ExtensionRuled,
    RequestSupervised,
    RequestUrged,
)
from ledger.domain.rules.rules import Grade
from ledger.event import Actor, Event
from ledger.proposal import Proposal

_TERM_HOURS: Final = {
    Grade.EMERGENCY: 2.0,
    Grade.UTILITIES: 24.0,
    Grade.ORDINARY: 40.0,
    Grade.COMPLEX: 120.0,
}
"""What the default pack allows: hours of the clock for the first two, office hours for others."""
_ROUND_THE_CLOCK = (Grade.EMERGENCY, Grade.UTILITIES)
_GRADES = (
    Satisfaction.VERY_SATISFIED, Satisfaction.SATISFIED, Satisfaction.FAIRLY_SATISFIED,
    Satisfaction.DISSATISFIED, Satisfaction.VERY_DISSATISFIED,
)  # fmt: skip
_HOTLINE, _REVIEWER = town.HOTLINE, town.REVIEWER


class Case(NamedTuple):
    """A request as it was filed."""

    request: str
    matter: Matter
    community: Community
    filed_at: datetime
    taken_by: Actor
    resident: Actor
    channel: Channel
    against: str | None


class Course:
    """The acts on one case in their order: each at the moment to which the last `after` came."""

    def __init__(self, random: Random, case: Case, moment: datetime) -> None:
        self.random = random
        self.case = case
        self.moment = moment
        self.lead = self._first_lead()
        self.acts: list[Proposal] = []

    def _first_lead(self) -> str:
        lead = self.body(self.case.matter.lead)
        # A complaint about a department goes to its superior, one about another to none of it.
        if self.case.against is not None:
            return "county" if self.case.against.startswith("dept-") else lead
        return lead

    def body(self, name: str) -> str:
        """The organisation of a matter's lead."""
        return self.case.community.committee if name == "committee" else name

    def after(self, low: float, high: float) -> Course:
        """Goes on by so many office hours; where the term runs day and night, by so many hours."""
        hours = self.random.uniform(low, high)
        if self.case.matter.grade in _ROUND_THE_CLOCK:
            self.moment += timedelta(minutes=int(hours * 60))
        else:
            self.moment = later(self.moment, hours)
        return self

    def act(self, event: Event, actor: Actor) -> None:
        """One act."""
        self.acts.append(Proposal(event, actor, self.moment))

    def happens(self, probability: float) -> bool:
        """Whether something that happens now and then does here."""
        return self.random.random() < probability

    def leads(self) -> Actor:
        """Who acts for the lead."""
        return clerk(self.lead)


def handled(random: Random, case: Case, taken_at: datetime) -> Iterator[Proposal]:
    """The acts from the dispatch on, one round or two."""
    course = Course(random, case, taken_at)
    _round(course, is_late=course.happens(0.07))
    _closed(course)
    return iter(course.acts)


def _round(course: Course, *, is_late: bool) -> None:
    """One round of handling, from its dispatch to the answer that stands."""
    request, grade = course.case.request, course.case.matter.grade
    scale = _TERM_HOURS[grade] / 40
    others = [
        body
        for name in course.case.matter.others
        if (body := course.body(name)) not in (course.lead, course.case.against)
    ]
    co_handlers = tuple(others[:1]) if others and course.happens(0.05) else ()
    dispatched = RequestDispatched(
        request=request, lead=course.lead, co_handlers=co_handlers, grade=grade
    )
    course.after(0.05, 0.8 * scale).act(dispatched, _HOTLINE)
    if others and not co_handlers and course.case.against is None and grade is Grade.ORDINARY:
        _returned(course, others)
    others = [one for one in others if one not in (course.lead, *co_handlers)]
    course.after(0.05 * scale, 1.5 * scale).act(OrderSigned(request=request), course.leads())
    if course.case.against is not None and course.happens(0.7):
        stated = RespondentStated(request=request, statement="已核实经过，愿意配合处理")
        course.after(1, 6).act(stated, clerk(course.case.against))
    _in_hand(course, scale, others)
    if is_late:
        course.after(42 * scale, 75 * scale)
        if course.happens(0.5):
            course.act(RequestUrged(request=request), _asker(course))
        if course.happens(0.4):
            course.act(RequestSupervised(request=request), town.TOWN_CLERK)
    _answered(course, scale)


def _returned(course: Course, others: list[str]) -> None:
    """退单: refused, granted and reassigned, or ruled on for good after the second time."""
    request = course.case.request
    if not course.happens(0.06):
        return
    asked = OrderReturnRequested(
        request=request,
        reason=course.random.choice(matters.RETURN_REASONS),
        proposed_owner=others[0],
    )
    course.after(0.5, 3).act(asked, course.leads())
    granted = course.happens(0.7)
    course.after(0.3, 3).act(OrderReturnRuled(request=request, granted=granted), _HOTLINE)
    if not granted:
        return
    first, course.lead = course.lead, others[0]
    reassigned = OrderReassigned(request=request, lead=course.lead)
    course.after(0.05, 0.3).act(reassigned, _HOTLINE)
    if not course.happens(0.3):
        return
    again = OrderReturnRequested(
        request=request,
        reason=course.random.choice(matters.RETURN_REASONS),
        proposed_owner=first,
    )
    course.after(0.5, 3).act(again, course.leads())
    course.lead = first if course.happens(0.5) else course.lead
    ruled = JurisdictionRuled(request=request, lead=course.lead)
    course.after(1, 5).act(ruled, town.TOWN_CLERK)


def _in_hand(course: Course, scale: float, others: list[str]) -> None:
    """Progress, more hands, more time, and clocks that stand still while somebody is waited for."""
    request = course.case.request
    for _ in range(course.random.choices((0, 1, 2), (25, 60, 15))[0]):
        note = course.random.choice(matters.NOTES)
        course.after(0.3 * scale, 6 * scale)
        course.act(ProgressPosted(request=request, note=note), course.leads())
    if others and course.happens(0.03):
        added = CoHandlerAdded(request=request, co_handler=others[0])
        course.after(0.2 * scale, scale).act(added, _HOTLINE)
    if course.happens(0.04):
        course.after(0.2 * scale, 4 * scale).act(RequestUrged(request=request), _asker(course))
    if course.case.against is None and course.happens(0.045):
        summoned = [one for one in (course.lead, *others) if one.startswith("dept-")]
        if summoned:
            course.acts += summons(
                course.random,
                f"{course.case.request}/{len(course.acts)}",
                course.case.community,
                tuple(summoned[: course.random.randint(1, 2)]),
                course.moment,
                request,
            )
    if scale >= 1 and course.happens(0.06):
        asked = ExtensionRequested(
            request=request,
            amount=course.random.randint(1, 4),
            reason=course.random.choice(matters.EXTENSIONS),
        )
        course.after(0.5, 4).act(asked, course.leads())
        ruled = ExtensionRuled(request=request, granted=course.happens(0.75))
        course.after(0.5, 4).act(ruled, _HOTLINE)
    if scale >= 1 and course.happens(0.04):
        reason = course.random.choice(("awaiting-requester", "appraisal", "public-notice"))
        course.after(0.5, 2).act(ClockPaused(request=request, reason=reason), _HOTLINE)
        course.after(6, 30).act(ClockResumed(request=request), _HOTLINE)


def _answered(course: Course, scale: float) -> None:
    """答复: sometimes sent back once, then it stands."""
    request = course.case.request
    answer = course.random.choice(course.case.matter.answered)
    course.after(0.5 * scale, 9 * scale)
    if course.happens(0.05):
        course.act(RequestAnswered(request=request, answer="已处理"), course.leads())
        sent_back = AnswerSentBack(request=request, reason=course.random.choice(matters.SENT_BACK))
        course.after(0.5, 4).act(sent_back, _REVIEWER)
        course.after(1 * scale, 7 * scale)
    course.act(RequestAnswered(request=request, answer=answer), course.leads())
    course.after(0.3, 4).act(AnswerAccepted(request=request), _REVIEWER)
    course.after(0.1, 1.5).act(RequestCleared(request=request), _HOTLINE)


def _closed(course: Course) -> None:
    """After a first clearing: called back, rated, and handled again where it is not solved."""
    request = course.case.request
    is_solved = not course.happens(0.06)
    way = course.random.random()
    if not is_solved and way < 0.35:
        course.after(2, 20).act(
            ClosureDisputed(request=request, reason=course.random.choice(matters.UNSOLVED)),
            _asker(course),
        )
        upheld = course.happens(0.6)
        course.after(4, 30).act(DisputeRuled(request=request, upheld=upheld), town.TOWN_CLERK)
        if upheld:
            _round(course, is_late=False)
        _struck_off(course, is_solved=upheld)
        return
    if not is_solved and way < 0.7:
        unresolved = CalledBack(
            request=request, outcome=CallOutcome.REACHED, resolved=False, satisfied=False
        )
        course.after(3, 30).act(unresolved, clerk_b("hotline"))
        course.after(0.2, 3).act(
            RequestReopened(request=request, reason=course.random.choice(matters.UNSOLVED)),
            _HOTLINE,
        )
        _round(course, is_late=False)
        is_solved = True
    _struck_off(course, is_solved=is_solved)


def _struck_off(course: Course, *, is_solved: bool) -> None:
    """回访, 好差评 and 销号 of the round that stands."""
    request = course.case.request
    if course.happens(0.42):
        _rated(course, is_solved=is_solved)
    if course.happens(0.015):
        _excluded(course)
    is_reached = True
    if course.happens(0.88):
        is_reached = _called_back(course, is_solved=is_solved)
    else:
        return  # still to be called back, or it was forgotten
    if is_solved and is_reached and course.happens(0.9):
        course.after(2, 40).act(RequestStruckOff(request=request), _HOTLINE)


def _called_back(course: Course, *, is_solved: bool) -> bool:
    """Up to three attempts on two days; whether nobody needs to try again."""
    request, caller = course.case.request, clerk_b("hotline")
    course.after(3, 34)
    unanswered = course.random.choices((0, 1, 2, 3), (84, 9, 4, 3))[0]
    for _ in range(unanswered):
        course.act(CalledBack(request=request, outcome=CallOutcome.UNREACHABLE), caller)
        course.moment = later(course.moment, course.random.uniform(9, 12))
    if unanswered == 3:
        return True
    if course.happens(0.03):
        course.act(CalledBack(request=request, outcome=CallOutcome.REFUSED), caller)
        return True
    reached = CalledBack(
        request=request,
        outcome=CallOutcome.REACHED,
        resolved=is_solved,
        satisfied=is_solved and course.happens(0.95),
    )
    course.act(reached, caller)
    return True


def _rated(course: Course, *, is_solved: bool) -> None:
    weights = (52, 33, 11, 3, 1) if is_solved else (0, 5, 15, 50, 30)
    (satisfaction,) = course.random.choices(_GRADES, weights)
    request, target = course.case.request, RatingTarget.REQUEST
    comment = course.random.choice(matters.COMMENTS) if course.happens(0.15) else None
    rated = ServiceRated(
        target_type=target,
        target=request,
        satisfaction=satisfaction,
        resolved=is_solved if course.happens(0.8) else None,
        comment=comment,
    )
    course.after(0.5, 14).act(rated, _asker(course))
    if not satisfaction.is_poor or course.happens(0.1):
        return
    verified = PoorRatingVerified(target_type=target, target=request, founded=course.happens(0.7))
    course.after(1, 12).act(verified, clerk_b("hotline"))
    if course.happens(0.85):
        rectified = PoorRatingRectified(
            target_type=target,
            target=request,
            measures=course.random.choice(matters.MEASURES),
            requester_informed=True,
        )
        course.after(4, 44).act(rectified, course.leads())


def _excluded(course: Course) -> None:
    """申请剔除: a handler asks, the town rules."""
    request = course.case.request
    metric = course.random.choice(list(Metric))
    asked = MetricExclusionRequested(
        request=request,
        metric=metric,
        reason=course.random.choice(("force-majeure", "beyond-legal-powers", "no-legal-ground")),
        explanation=course.random.choice(matters.EXPLANATIONS),
    )
    course.after(1, 10).act(asked, course.leads())
    ruled = MetricExclusionRuled(request=request, metric=metric, granted=course.happens(0.4))
    course.after(2, 30).act(ruled, town.TOWN_CLERK)


def _asker(course: Course) -> Actor:
    """The requester through a channel, or a clerk of the hotline on the requester's word."""
    return course.case.resident if course.case.channel is Channel.ONLINE else clerk_b("hotline")
