"""One row a request: its steps, its term and both clocks, folded from all acts on it.

On time is judged on the handler's clock, which runs from dispatch to the answer that stood and is
measured by the pack that governs the case. The requester's runs from filing to the same answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ledger.domain.requests.closing import (
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
from ledger.domain.requests.exclusions import Metric, MetricExclusionRuled
from ledger.domain.requests.handling import (
    AnswerAccepted,
    AnswerSentBack,
    ProgressPosted,
    RequestAnswered,
    RequestAnsweredDirectly,
)
from ledger.domain.requests.intake import (
    RequestAccepted,
    RequestDeclined,
    RequestFiled,
    RequestMerged,
    RequestRedirected,
    RequestWithdrawn,
)
from ledger.domain.requests.requests import Category, Stage
from ledger.domain.requests.supervision import (
    ClockPaused,
    ClockResumed,
    ExtensionRequested,
    ExtensionRuled,
    RequestSupervised,
    RequestUrged,
)
from ledger.domain.rules.calendars import WorkingCalendarEnacted
from ledger.domain.rules.rules import Grade, RulesEnacted, in_force, successive
from ledger.domain.rules.rules import Step as DeadlineStep
from ledger.domain.rules.terms import (
    HandlerClock,
    handler_term,
    handler_time,
    open_handler_term,
    step_term,
    supervision_due,
)
from ledger.event import Event, Recorded
from projections.periods import month
from projections.projection import Key
from projections.reference import Reference

_MINUTE = timedelta(minutes=1)


class Case(NamedTuple):
    """One request. Who asked, and whom a complaint is about, is not here.

    Times are as claimed (occurred_at). The handler's minutes are office minutes where the term is
    one of working time. What belongs to a round of handling is of the last one.
    """

    request: str
    community: str
    """The body to which that of the filing was assigned when it was filed, or that one."""
    category: str
    subject: str
    channel: str
    period: str
    """The month of filing, `YYYY-MM`."""
    stage: str
    filed_at: datetime
    is_withheld: bool
    """Counted, and shown to nobody: 举报, or a sensitive subject of the pack in force."""
    taken_in_by: str
    """The organisation that took it in, and later the one that dispatched it."""
    holder: str | None
    """The organisation that has to do the next thing; None where the town has, or nobody."""
    grade: str | None = None
    lead: str | None = None
    co_handlers: tuple[str, ...] = ()
    handling_round: int = 1
    accepted_at: datetime | None = None
    dispatched_at: datetime | None = None
    signed_at: datetime | None = None
    progressed_at: datetime | None = None
    answered_at: datetime | None = None
    answer_recorded_at: datetime | None = None
    """From when on a reviewer could rule on the answer, whatever time is claimed for it."""
    answer_accepted_at: datetime | None = None
    cleared_at: datetime | None = None
    ended_at: datetime | None = None
    """When it was struck off, declined, redirected, merged or withdrawn."""
    clock_runs: bool = False
    """Whether the round has a clock and no answer that stands yet."""
    extension: int = 0
    """What was granted beyond the term, in the term's unit."""
    extension_asked: int = 0
    stopped: tuple[str, ...] = ()
    """While the clock stood still: ISO 8601 intervals."""
    stopped_since: datetime | None = None
    is_paused: bool = False
    due_at: datetime | None = None
    provisional: bool = False
    pack_version: int | None = None
    supervise_at: datetime | None = None
    """From when it is so much overdue that it is supervised, if it is still open."""
    supervised_at: datetime | None = None
    deemed_at: datetime | None = None
    """When the answer counts as accepted if no reviewer rules on it; None where no pack says so."""
    requester_minutes: int | None = None
    handler_minutes: int | None = None
    was_late: bool = False
    """Whether an earlier round was answered after its term."""
    returns: int = 0
    extensions: int = 0
    urged: int = 0
    sent_back: int = 0
    reopened: int = 0
    disputed: int = 0
    on_time_excluded: bool = False
    """Left out of the net rate by a ruling of the town."""

    @property
    def is_late(self) -> bool:
        """Whether the answer of this round, or of one before it, came after the term."""
        due, answered = self.due_at, self.answered_at
        return self.was_late or (due is not None and answered is not None and answered > due)


Step = Callable[[Case, Any, Recorded, Reference], Case]


def is_withheld(event: RequestFiled, reference: Reference, moment: datetime) -> bool:
    """Whether the case is shown as a count only (举报, and what the pack calls sensitive)."""
    if event.category is Category.REPORT:
        return True
    pack = in_force(reference.packs, moment)
    return pack is not None and event.subject in pack.sensitive_subjects


def keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    """The case of an act."""
    return ((recorded.event.__dict__["request"],),)


def apply(row: Case | None, key: Key, recorded: Recorded, reference: Reference) -> Case | None:
    """The case after one more event: an act on it, or a pack or calendar that moves its term."""
    event = recorded.event
    if type(event) is RequestFiled:
        return _filed(event, recorded, reference)
    step = _STEPS.get(type(event))
    return row if row is None or step is None else step(row, event, recorded, reference)


def _filed(event: RequestFiled, recorded: Recorded, reference: Reference) -> Case:
    when, taken_in_by = recorded.occurred_at, recorded.actor.organisation
    return Case(
        event.request,
        reference.community_of(event.community, recorded.recorded_at),
        event.category.value,
        event.subject,
        event.channel.value,
        month(when),
        Stage.FILED.value,
        when,
        is_withheld(event, reference, recorded.recorded_at),
        taken_in_by,
        taken_in_by,
    )


def clock_of(row: Case) -> HandlerClock | None:
    """The handler's clock of the present round; None before it is dispatched."""
    if row.dispatched_at is None or row.grade is None:
        return None
    spans = tuple(
        (datetime.fromisoformat(start), datetime.fromisoformat(end))
        for start, _, end in (span.partition("/") for span in row.stopped)
    )
    return HandlerClock(
        row.dispatched_at, Grade(row.grade), row.extension, spans, row.stopped_since
    )


def _timed(row: Case, clock: HandlerClock, reference: Reference) -> Case:
    """The case with this clock, and the term that it has while it is open."""
    packs, calendars = reference.packs, reference.calendars
    term = open_handler_term(clock, packs, calendars)
    return row._replace(
        extension=clock.extension,
        stopped=tuple(f"{start.isoformat()}/{end.isoformat()}" for start, end in clock.stopped),
        stopped_since=clock.stopped_since,
        due_at=term.due_at,
        provisional=term.provisional,
        pack_version=term.pack_version,
        supervise_at=supervision_due(clock, packs, calendars),
    )


def _retimed(row: Case, recorded: Recorded, reference: Reference, change: str) -> Case:
    """The case after its clock was stopped or resumed."""
    clock = clock_of(row)
    if clock is None:
        return row
    moved = clock.stop if change == "stop" else clock.resume
    return _timed(row, moved(recorded.occurred_at), reference)


def _stirred(row: Case, event: Event, recorded: Recorded, reference: Reference) -> Case:
    clock = clock_of(row)
    return row if clock is None else _timed(_deemed(row, reference), clock, reference)


def _deemed(row: Case, reference: Reference) -> Case:
    """The case with the moment at which its answer counts as accepted, as `decide` has it."""
    since = row.answer_recorded_at
    if since is None or row.stage != Stage.ANSWERED.value:
        return row
    step = DeadlineStep.ANSWER_DEEMED_ACCEPTED
    term = step_term(reference.packs, reference.calendars, step, since)
    return row._replace(deemed_at=term.due_at)


def _accepted(row: Case, event: Event, recorded: Recorded, reference: Reference) -> Case:
    return row._replace(stage=Stage.ACCEPTED.value, accepted_at=recorded.occurred_at)


def _dispatched(
    row: Case, event: RequestDispatched, recorded: Recorded, reference: Reference
) -> Case:
    when = recorded.occurred_at
    dispatched = row._replace(
        stage=Stage.DISPATCHED.value,
        taken_in_by=recorded.actor.organisation,
        holder=event.lead,
        grade=event.grade.value,
        lead=event.lead,
        co_handlers=event.co_handlers,
        dispatched_at=when,
        signed_at=None,
        progressed_at=None,
        answered_at=None,
        answer_accepted_at=None,
        clock_runs=True,
        extension_asked=0,
        is_paused=False,
        supervised_at=None,
        requester_minutes=None,
        handler_minutes=None,
    )
    return _timed(dispatched, HandlerClock(when, event.grade), reference)


def _signed(row: Case, event: Event, recorded: Recorded, reference: Reference) -> Case:
    return row._replace(stage=Stage.IN_HAND.value, signed_at=recorded.occurred_at)


def _return_requested(row: Case, event: Event, recorded: Recorded, reference: Reference) -> Case:
    return row._replace(returns=row.returns + 1, holder=row.taken_in_by)


def _return_ruled(
    row: Case, event: OrderReturnRuled, recorded: Recorded, reference: Reference
) -> Case:
    if not event.granted:
        return row._replace(holder=row.lead)
    return row._replace(
        stage=Stage.DISPATCHED.value,
        lead=None,
        signed_at=None,
        extension_asked=0,
        holder=row.taken_in_by,
    )


def _lead_named(
    row: Case,
    event: JurisdictionRuled | OrderReassigned,
    recorded: Recorded,
    reference: Reference,
) -> Case:
    others = tuple(one for one in row.co_handlers if one != event.lead)
    return row._replace(
        stage=Stage.DISPATCHED.value,
        lead=event.lead,
        holder=event.lead,
        co_handlers=others,
        signed_at=None,
        extension_asked=0,  # what the former lead has asked for lapses
    )


def _co_handler(row: Case, event: CoHandlerAdded, recorded: Recorded, reference: Reference) -> Case:
    return row._replace(co_handlers=(*row.co_handlers, event.co_handler))


def _progressed(row: Case, event: Event, recorded: Recorded, reference: Reference) -> Case:
    return row._replace(stage=Stage.IN_HAND.value, progressed_at=recorded.occurred_at)


def _answered(row: Case, event: Event, recorded: Recorded, reference: Reference) -> Case:
    when = recorded.occurred_at
    answered = row._replace(
        stage=Stage.ANSWERED.value,
        answered_at=when,
        answer_recorded_at=recorded.recorded_at,
        is_paused=False,
        holder=row.taken_in_by,
    )
    answered = _deemed(answered, reference)
    clock = clock_of(row)
    if clock is None:
        return answered
    # The reviewer's time is the reviewer's. Where one pack rules the case and nothing has stopped
    # its clock before, the end of its term stays what it is.
    has_one_pack = len(successive(reference.packs, clock.started_at)) < 2
    if has_one_pack and not clock.stopped and clock.stopped_since is None:
        stopped = clock.stop(when)
        return answered._replace(stopped_since=stopped.stopped_since, supervise_at=None)
    return _timed(answered, clock.resume(when).stop(when), reference)


def _answered_directly(row: Case, event: Event, recorded: Recorded, reference: Reference) -> Case:
    when = recorded.occurred_at
    return row._replace(
        stage=Stage.ANSWER_ACCEPTED.value,
        answered_at=when,
        answer_accepted_at=when,
        requester_minutes=max(0, (when - row.filed_at) // _MINUTE),
    )


def _stood(row: Case, event: Event, recorded: Recorded, reference: Reference) -> Case:
    """Both clocks have stopped at the answer that is accepted now."""
    stood = row._replace(
        stage=Stage.ANSWER_ACCEPTED.value,
        answer_accepted_at=recorded.occurred_at,
        clock_runs=False,
        supervise_at=None,
        deemed_at=None,
    )
    clock, answered_at = clock_of(row), row.answered_at
    if clock is None or answered_at is None:
        return stood
    packs, calendars = reference.packs, reference.calendars
    term = handler_term(clock, packs, calendars, answered_at)
    return stood._replace(
        due_at=term.due_at,
        provisional=term.provisional,
        pack_version=term.pack_version,
        requester_minutes=max(0, (answered_at - row.filed_at) // _MINUTE),
        handler_minutes=handler_time(clock, packs, calendars, answered_at).minutes,
    )


def _sent_back(row: Case, event: Event, recorded: Recorded, reference: Reference) -> Case:
    back = row._replace(
        stage=Stage.IN_HAND.value,
        answered_at=None,
        deemed_at=None,
        sent_back=row.sent_back + 1,
        holder=row.lead,
    )
    return _retimed(back, recorded, reference, "resume")


def _extension_requested(
    row: Case, event: ExtensionRequested, recorded: Recorded, reference: Reference
) -> Case:
    return row._replace(extension_asked=event.amount)


def _extension_ruled(
    row: Case, event: ExtensionRuled, recorded: Recorded, reference: Reference
) -> Case:
    clock = clock_of(row)
    ruled = row._replace(extension_asked=0, extensions=row.extensions + event.granted)
    if clock is None or not event.granted:
        return ruled
    longer = clock._replace(extension=clock.extension + row.extension_asked)
    return _timed(ruled, longer, reference)


def _paused(row: Case, event: Event, recorded: Recorded, reference: Reference) -> Case:
    return _retimed(row._replace(is_paused=True), recorded, reference, "stop")


def _resumed(row: Case, event: Event, recorded: Recorded, reference: Reference) -> Case:
    return _retimed(row._replace(is_paused=False), recorded, reference, "resume")


def _urged(row: Case, event: Event, recorded: Recorded, reference: Reference) -> Case:
    return row._replace(urged=row.urged + 1)


def _supervised(row: Case, event: Event, recorded: Recorded, reference: Reference) -> Case:
    return row._replace(supervised_at=recorded.occurred_at)


def _cleared(row: Case, event: Event, recorded: Recorded, reference: Reference) -> Case:
    return row._replace(stage=Stage.CLEARED.value, cleared_at=recorded.occurred_at, holder=None)


def _reopened(row: Case, event: Event, recorded: Recorded, reference: Reference) -> Case:
    """A new round: what the answer was, it is no more."""
    return row._replace(
        stage=Stage.REOPENED.value,
        holder=row.taken_in_by,
        handling_round=row.handling_round + 1,
        reopened=row.reopened + 1,
        was_late=row.is_late,
        dispatched_at=None,
        answered_at=None,
        answer_accepted_at=None,
        cleared_at=None,
        due_at=None,
        provisional=False,
        stopped=(),
        stopped_since=None,
        extension=0,
        requester_minutes=None,
        handler_minutes=None,
    )


def _disputed(row: Case, event: Event, recorded: Recorded, reference: Reference) -> Case:
    return row._replace(stage=Stage.DISPUTED.value, disputed=row.disputed + 1, holder=None)


def _dispute_ruled(
    row: Case, event: DisputeRuled, recorded: Recorded, reference: Reference
) -> Case:
    if event.upheld:
        return _reopened(row, event, recorded, reference)
    return row._replace(stage=Stage.CLEARED.value)


def _ended(stage: Stage) -> Step:
    def step(row: Case, event: Any, recorded: Recorded, reference: Reference) -> Case:
        return row._replace(
            stage=stage.value,
            ended_at=recorded.occurred_at,
            holder=None,
            clock_runs=False,
            supervise_at=None,
            deemed_at=None,
        )

    return step


def _excluded(
    row: Case, event: MetricExclusionRuled, recorded: Recorded, reference: Reference
) -> Case:
    return row._replace(on_time_excluded=event.granted) if event.metric is Metric.ON_TIME else row


_STEPS: Mapping[type[Event], Step] = {
    RulesEnacted: _stirred,
    WorkingCalendarEnacted: _stirred,
    RequestAccepted: _accepted,
    RequestDispatched: _dispatched,
    OrderSigned: _signed,
    OrderReturnRequested: _return_requested,
    OrderReturnRuled: _return_ruled,
    JurisdictionRuled: _lead_named,
    OrderReassigned: _lead_named,
    CoHandlerAdded: _co_handler,
    ProgressPosted: _progressed,
    RequestAnswered: _answered,
    RequestAnsweredDirectly: _answered_directly,
    AnswerAccepted: _stood,
    AnswerSentBack: _sent_back,
    ExtensionRequested: _extension_requested,
    ExtensionRuled: _extension_ruled,
    ClockPaused: _paused,
    ClockResumed: _resumed,
    RequestUrged: _urged,
    RequestSupervised: _supervised,
    RequestCleared: _cleared,
    RequestReopened: _reopened,
    ClosureDisputed: _disputed,
    DisputeRuled: _dispute_ruled,
    RequestStruckOff: _ended(Stage.STRUCK_OFF),
    RequestDeclined: _ended(Stage.DECLINED),
    RequestRedirected: _ended(Stage.REDIRECTED),
    RequestMerged: _ended(Stage.MERGED),
    RequestWithdrawn: _ended(Stage.WITHDRAWN),
    MetricExclusionRuled: _excluded,
}
KINDS: tuple[type[Event], ...] = (
    RequestFiled,
    *(cls for cls in _STEPS if cls not in (RulesEnacted, WorkingCalendarEnacted)),
)
"""The kinds that name a case."""
STIRRING = (RulesEnacted, WorkingCalendarEnacted)
"""The kinds that may move the term of every case whose clock runs."""
