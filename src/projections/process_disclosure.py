"""Process disclosure (服务过程): where each case stands, who has it, until when, and how many."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from ledger.domain.requests.requests import CLOSED
from projections import cases
from projections.cases import Case
from projections.projection import Contribution, Projection, Rows, Tally
from projections.whistles import SUMMONS, WHISTLES

_CLOSED = frozenset(stage.value for stage in CLOSED)


class CaseGroup(NamedTuple):
    """By what cases are counted."""

    community: str
    category: str
    stage: str
    lead: str | None
    holder: str | None
    period: str


class CaseCounts(NamedTuple):
    """What is counted of cases.

    On time is judged of what was cleared with a term and of what is overdue and still open; the
    net figures leave out the cases that a ruling excluded.
    """

    cases: int = 0
    open: int = 0
    overdue: int = 0
    """Open, and not answered when its term ended: counts from that moment on."""
    overdue_net: int = 0
    cleared: int = 0
    cleared_with_term: int = 0
    cleared_with_term_net: int = 0
    cleared_in_time: int = 0
    cleared_in_time_net: int = 0
    dispatched: int = 0
    """Cases that were ever given to a handler."""
    returns: int = 0
    extensions: int = 0
    contested: int = 0
    """Cases that were reopened or disputed after clearing, each once."""
    ever_cleared: int = 0
    """Cases that were cleared at least once, whether it stood or not."""


def _contribute(row: Case) -> Iterable[Contribution]:
    group = CaseGroup(row.community, row.category, row.stage, row.lead, row.holder, row.period)
    contested = int(row.reopened > 0 or row.disputed > 0)
    is_open = row.stage not in _CLOSED
    counted = CaseCounts(
        cases=1,
        open=int(is_open),
        dispatched=int(row.grade is not None),
        returns=row.returns,
        extensions=row.extensions,
        contested=contested,
        ever_cleared=int(contested or row.cleared_at is not None),
    )
    if row.cleared_at is not None and not is_open:
        return (Contribution(group, None, _with_clearing(counted, row)),)
    if not is_open or not is_overdue_after_term(row):
        return (Contribution(group, None, counted),)
    # What is answered at the last moment is in time: overdue begins with the next one.
    assert row.due_at is not None  # it can be overdue
    late = CaseCounts(overdue=1, overdue_net=int(not row.on_time_excluded))
    return (
        Contribution(group, None, counted),
        Contribution(group, row.due_at + datetime.resolution, late),
    )


def is_overdue_after_term(row: Case) -> bool:
    """Whether an open case is overdue once its term has passed: not where it was answered, or its
    clock stood still, by then."""
    if row.due_at is None:
        return False
    stood_still = row.answered_at or row.stopped_since
    return stood_still is None or stood_still > row.due_at


def _with_clearing(counted: CaseCounts, row: Case) -> CaseCounts:
    with_term = row.due_at is not None or row.was_late
    in_time = with_term and not row.is_late
    net = not row.on_time_excluded
    return counted._replace(
        cleared=1,
        cleared_with_term=int(with_term),
        cleared_with_term_net=int(with_term and net),
        cleared_in_time=int(in_time),
        cleared_in_time_net=int(in_time and net),
    )


CASES = Rows(
    table="request_case",
    row=Case,
    key=("request",),
    kinds=cases.KINDS,
    keys=cases.keys,
    apply=cases.apply,
    tally=Tally(CaseGroup, CaseCounts, _contribute),
    withheld=lambda row: row.is_withheld,
    published=True,
    stirred_by=cases.STIRRING,
    stirred_while="clock_runs",
    indexes=(
        ("filed_at", "request"),
        ("stage", "filed_at", "request"),
        ("supervise_at",),
        ("deemed_at",),
    ),
)
PROJECTION = Projection("process_disclosure", 3, (CASES, WHISTLES, SUMMONS))
