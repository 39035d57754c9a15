"""The handler's clock (办理时限): when a term ends, and how much of it has run.

It runs from dispatch to the answer that stood. It stands still while it is paused for a listed
reason and while a reviewer has the answer; signing, return and reassignment never restart it. All
of this is pure: the same functions serve decisions and views.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from ledger.clocks import (
    Calendars,
    Span,
    Worked,
    due_at,
    put_off,
    time_of,
)
from ledger.decision import StateOf
from ledger.domain.rules.calendars import calendar_tag
from ledger.domain.rules.rules import (
    RULES_TAG,
    Deadline,
    Grade,
    Pack,
    Rules,
    Step,
    governing,
    successive,
)

_NONE = timedelta()


class HandlerClock(NamedTuple):
    """One round of handling, as its term is measured."""

    started_at: datetime
    grade: Grade
    extension: int = 0
    """What was granted beyond the term, in the term's unit."""
    stopped: tuple[Span, ...] = ()
    """While it stood still, in order."""
    stopped_since: datetime | None = None
    """Since when it stands still, None while it runs."""

    def stop(self, moment: datetime) -> HandlerClock:
        """It stands still from the moment on; as it was where it does already.

        A moment by a proposer's clock that ran ahead may lie before the one that it follows: the
        spans stay in order all the same, and none is counted twice.
        """
        if self.stopped_since is not None:
            return self
        earliest = self.stopped[-1][1] if self.stopped else self.started_at
        return self._replace(stopped_since=max(moment, earliest))

    def resume(self, moment: datetime) -> HandlerClock:
        """It runs again; as it was where it never stood still."""
        if self.stopped_since is None:
            return self
        span = (self.stopped_since, max(moment, self.stopped_since))
        return self._replace(stopped=(*self.stopped, span), stopped_since=None)


class Term(NamedTuple):
    """The end of a term; `due_at` is None where the pack sets none, or no pack was in force."""

    due_at: datetime | None = None
    provisional: bool = False
    pack_version: int | None = None


def step_term(
    packs: Sequence[Pack],
    calendars: Calendars,
    step: Step,
    start: datetime,
    grade: Grade | None = None,
) -> Term:
    """The term of a step that begins at `start`, under the pack that is in force then."""
    return _in_succession(
        successive(packs, start, start),
        start,
        lambda pack: _step(pack, calendars, step, start, grade),
    )


def open_step_term(
    packs: Sequence[Pack],
    calendars: Calendars,
    step: Step,
    start: datetime,
    grade: Grade | None = None,
) -> Term:
    """The same by all packs so far: those that apply to open cases move the end, as they do that of
    a handler's term."""
    return _in_succession(
        successive(packs, start), start, lambda pack: _step(pack, calendars, step, start, grade)
    )


def handler_term(
    clock: HandlerClock, packs: Sequence[Pack], calendars: Calendars, until: datetime
) -> Term:
    """When the handler's term ends, by the packs that have governed it up to `until`.

    It ends with the first moment at which all of it has run. While the clock stands still: when it
    would end if it ran on. A pack that applies to open cases moves the end from its own date of
    effect on: it ends no term before that date, and none that has ended by then begins anew.
    """
    return _term_under(clock, successive(packs, clock.started_at, until), calendars)


def open_handler_term(clock: HandlerClock, packs: Sequence[Pack], calendars: Calendars) -> Term:
    """The same for a case that is still open, by all packs so far, those still to come into force
    among them: what is answered by then is answered in time."""
    return _term_under(clock, successive(packs, clock.started_at), calendars)


def supervision_due(
    clock: HandlerClock, packs: Sequence[Pack], calendars: Calendars
) -> datetime | None:
    """From when an open case is so much overdue that it is taken under supervision (督办); None
    where the pack gives no measure, or while the clock stands still."""
    if clock.stopped_since is not None:
        return None
    term = open_handler_term(clock, packs, calendars)
    if term.due_at is None:
        return None
    return step_term(packs, calendars, Step.REQUEST_SUPERVISED, term.due_at, clock.grade).due_at


def handler_time(
    clock: HandlerClock, packs: Sequence[Pack], calendars: Calendars, until: datetime
) -> Worked:
    """How much of its term the handler has used by `until`: office time where the term is one of
    working time, else time as it passes."""
    pack = governing(packs, clock.started_at, until)
    deadline = None if pack is None else pack.deadline(Step.REQUEST_ANSWERED, clock.grade)
    end = until if clock.stopped_since is None else min(until, clock.stopped_since)
    whole = _measured([(clock.started_at, end)], pack, deadline, calendars)
    still = _measured(_before(clock.stopped, end), pack, deadline, calendars)
    used = max(whole.time - still.time, timedelta())
    return Worked(used, whole.provisional or still.provisional)


def calendar_tags(start: datetime, until: datetime | None = None) -> tuple[str, ...]:
    """The tags of the calendars on which a term that began at `start` is measured up to `until`; it
    may reach into the year after."""
    last = max(start, until or start).year + 1
    return tuple(calendar_tag(year) for year in range(max(start.year, last - 10), last + 1))


def calendars_of(state: StateOf, tags: Iterable[str]) -> Calendars:
    """The calendars that these tags' histories have enacted, by year."""
    found = {int(tag.partition(":")[2]): state(tag) for tag in tags}
    return {year: calendar for year, calendar in found.items() if calendar is not None}


def packs_of(state: StateOf) -> tuple[Pack, ...]:
    """All packs so far, ready for the clocks."""
    rules: Rules | None = state(RULES_TAG)
    return rules.packs if rules else ()


def _in_succession(
    packs: Iterable[Pack],
    started_at: datetime,
    term_under: Callable[[Pack], Term],
    stopped_since: datetime | None = None,
) -> Term:
    """The term under packs that rule one after the other, each from its date of effect on."""
    term = Term()
    for pack in packs:
        if pack.effective_from <= started_at:
            term = term_under(pack)
            continue
        ended_at = term.due_at
        if stopped_since is not None and ended_at is not None and stopped_since <= ended_at:
            ended_at = None  # it has not: the clock stands still
        if ended_at is not None and ended_at < pack.effective_from:
            break
        term = term_under(pack)
        if term.due_at is not None:
            term = term._replace(due_at=max(term.due_at, pack.effective_from))
    return term


def _step(
    pack: Pack, calendars: Calendars, step: Step, start: datetime, grade: Grade | None
) -> Term:
    deadline = pack.deadline(step, grade)
    if deadline is None:
        return Term(pack_version=pack.version)
    due = due_at(start, deadline.amount, deadline.unit, pack.office, calendars)
    return Term(due.at, due.provisional, pack.version)


def _term_under(clock: HandlerClock, packs: Iterable[Pack], calendars: Calendars) -> Term:
    return _in_succession(
        packs,
        clock.started_at,
        lambda pack: _handler_term(clock, pack, calendars),
        clock.stopped_since,
    )


def _handler_term(clock: HandlerClock, pack: Pack, calendars: Calendars) -> Term:
    deadline = pack.deadline(Step.REQUEST_ANSWERED, clock.grade)
    if deadline is None:
        return Term(pack_version=pack.version)
    amount = deadline.amount + clock.extension
    due = due_at(clock.started_at, amount, deadline.unit, pack.office, calendars)
    due = put_off(due, clock.stopped, deadline.unit, pack.office, calendars)
    return Term(due.at, due.provisional, pack.version)


def _before(spans: Iterable[Span], end: datetime) -> Iterator[Span]:
    return ((start, min(stop, end)) for start, stop in spans if start < end)


def _measured(
    spans: Iterable[Span], pack: Pack | None, deadline: Deadline | None, calendars: Calendars
) -> Worked:
    """How much time the spans are, on the term's measure."""
    if pack is None or deadline is None:
        return Worked(sum((max(end - start, _NONE) for start, end in spans), _NONE), False)
    return time_of(spans, deadline.unit, pack.office, calendars)
