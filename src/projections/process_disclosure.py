"""Process disclosure (服务过程): where each case stands, who has it, until when, how long it took.

On time is judged on the handler's clock, which runs from dispatch to the answer that stood and is
measured by the pack in force at dispatch. The requester's runs from filing to the same answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from ledger.domain.requests import (
    AnswerAccepted,
    Category,
    ProgressPosted,
    RequestAccepted,
    RequestAnswered,
    RequestCleared,
    RequestDispatched,
    RequestFiled,
    Stage,
)
from ledger.domain.rules import Grade, Step
from ledger.event import Recorded
from projections.projection import Contribution, Key, Projection, Rows, Tally
from projections.reference import Reference
from projections.terms import Term, minutes_taken, renewed, term
from projections.whistles import SUMMONS, WHISTLES

WITHHELD_CATEGORIES = frozenset({Category.REPORT.value})
"""举报 is shown as counts only: no row of such a case is public."""
_MINUTE = timedelta(minutes=1)


class Case(NamedTuple):
    """One request: its steps, its term, and the two clocks.

    Who asked, and whom a complaint is about, is not here. Times are as claimed (occurred_at).
    The handler's minutes are office minutes where the term is one of working time.
    """

    request: str
    community: str
    category: str
    subject: str
    channel: str
    stage: str
    filed_at: datetime
    grade: str | None = None
    lead: str | None = None
    co_handlers: tuple[str, ...] = ()
    accepted_at: datetime | None = None
    dispatched_at: datetime | None = None
    progressed_at: datetime | None = None
    answered_at: datetime | None = None
    answer_accepted_at: datetime | None = None
    cleared_at: datetime | None = None
    due_at: datetime | None = None
    provisional: bool = False
    pack_version: int | None = None
    requester_minutes: int | None = None
    handler_minutes: int | None = None


class CaseGroup(NamedTuple):
    """By what cases are counted."""

    community: str
    category: str
    stage: str
    lead: str | None


class CaseCounts(NamedTuple):
    """What is counted of cases."""

    cases: int = 0
    open: int = 0
    overdue: int = 0
    """Open, and not answered when its term ended: counts from that moment on."""
    cleared: int = 0
    cleared_with_term: int = 0
    cleared_in_time: int = 0


def _keys(recorded: Recorded) -> Iterable[Key]:
    return ((recorded.event.__dict__["request"],),)


def _apply(row: Case | None, key: Key, recorded: Recorded, reference: Reference) -> Case | None:
    event, when = recorded.event, recorded.occurred_at
    if type(event) is RequestFiled:
        return Case(
            event.request, event.community, event.category.value, event.subject,
            event.channel.value, Stage.FILED.value, when,
        )  # fmt: skip
    if row is None:
        return None
    if type(event) is RequestAccepted:
        return row._replace(stage=Stage.ACCEPTED.value, accepted_at=when)
    if type(event) is RequestDispatched:
        return _dispatched(row, event, when, reference)
    if type(event) is ProgressPosted:
        return row._replace(stage=Stage.IN_HAND.value, progressed_at=when)
    if type(event) is RequestAnswered:
        return row._replace(stage=Stage.ANSWERED.value, answered_at=when)
    if type(event) is AnswerAccepted:
        return _stood(row, when, reference)
    return row._replace(stage=Stage.CLEARED.value, cleared_at=when)


def _dispatched(row: Case, event: RequestDispatched, when: datetime, reference: Reference) -> Case:
    answer = term(reference, Step.REQUEST_ANSWERED, event.grade, when)
    return row._replace(
        stage=Stage.DISPATCHED.value,
        dispatched_at=when,
        grade=event.grade.value,
        lead=event.lead,
        co_handlers=event.co_handlers,
        due_at=answer.due_at,
        provisional=answer.provisional,
        pack_version=answer.pack_version,
    )


def _stood(row: Case, when: datetime, reference: Reference) -> Case:
    """Both clocks have stopped at the answer that is accepted now."""
    stood = row._replace(stage=Stage.ANSWER_ACCEPTED.value, answer_accepted_at=when)
    if row.answered_at is None or row.dispatched_at is None or row.grade is None:
        return stood
    step, grade, dispatched_at = Step.REQUEST_ANSWERED, Grade(row.grade), row.dispatched_at
    answer = renewed(
        Term(row.due_at, row.provisional, row.pack_version), reference, step, grade, dispatched_at
    )
    return stood._replace(
        due_at=answer.due_at,
        provisional=answer.provisional,
        requester_minutes=max(0, (row.answered_at - row.filed_at) // _MINUTE),
        handler_minutes=minutes_taken(
            reference, row.pack_version, step, grade, dispatched_at, row.answered_at
        ),
    )


def _contribute(row: Case) -> Iterable[Contribution]:
    group = CaseGroup(row.community, row.category, row.stage, row.lead)
    due, answered = row.due_at, row.answered_at
    if row.cleared_at is not None:
        in_time = due is not None and answered is not None and answered <= due
        counts = CaseCounts(1, 0, 0, 1, int(due is not None), int(in_time))
        return (Contribution(group, None, counts),)
    standing = Contribution(group, None, CaseCounts(cases=1, open=1))
    if due is None or (answered is not None and answered <= due):
        return (standing,)
    # What is answered at the last moment is in time: overdue begins with the next one.
    late = Contribution(group, due + datetime.resolution, CaseCounts(overdue=1))
    return (standing, late)


def is_withheld(category: str) -> bool:
    """Whether cases of a category are shown as counts only."""
    return category in WITHHELD_CATEGORIES


CASES = Rows(
    table="request_case",
    row=Case,
    key=("request",),
    kinds=(
        RequestFiled,
        RequestAccepted,
        RequestDispatched,
        ProgressPosted,
        RequestAnswered,
        AnswerAccepted,
        RequestCleared,
    ),
    keys=_keys,
    apply=_apply,
    tally=Tally(CaseGroup, CaseCounts, _contribute),
    withheld=lambda row: is_withheld(row.category),
    indexes=(("filed_at", "request"), ("stage", "filed_at", "request")),
)
PROJECTION = Projection("process_disclosure", 1, (CASES, WHISTLES, SUMMONS))
