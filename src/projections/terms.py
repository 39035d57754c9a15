"""The term of a case or a summons: which pack governs it, when it ends, how long it has run."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from ledger.clocks import due_at, working_minutes_between
from ledger.domain.rules import Grade, Step, TimeUnit
from projections.reference import Pack, Reference

_MINUTE = timedelta(minutes=1)


class Term(NamedTuple):
    """The end of a term; `due_at` is None where the pack sets none, or no pack was in force."""

    due_at: datetime | None = None
    provisional: bool = False
    pack_version: int | None = None


def term(reference: Reference, step: Step, grade: Grade, start: datetime) -> Term:
    """The term of a step that begins at `start`, under the pack in force at that moment."""
    pack = reference.pack_in_force(start)
    return Term() if pack is None else _term(reference, pack, step, grade, start)


def renewed(term_: Term, reference: Reference, step: Step, grade: Grade, start: datetime) -> Term:
    """A provisional term once more, on the calendars that are in force by now; others stand."""
    if not term_.provisional or term_.pack_version is None:
        return term_
    return _term(reference, reference.packs[term_.pack_version - 1], step, grade, start)


def minutes_taken(
    reference: Reference,
    pack_version: int | None,
    step: Step,
    grade: Grade,
    start: datetime,
    end: datetime,
) -> int:
    """Minutes of the handler's clock: of office time where the term is one of working time."""
    pack = None if pack_version is None else reference.packs[pack_version - 1]
    deadline = None if pack is None else pack.deadlines.get((step, grade))
    if pack is None or deadline is None or deadline.unit is TimeUnit.HOURS:
        return max(0, (end - start) // _MINUTE)
    return working_minutes_between(start, end, pack.office, reference.calendars).minutes


def _term(reference: Reference, pack: Pack, step: Step, grade: Grade, start: datetime) -> Term:
    deadline = pack.deadlines.get((step, grade))
    if deadline is None:
        return Term(pack_version=pack.version)
    due = due_at(start, deadline, pack.office, reference.calendars)
    return Term(due.at, due.provisional, pack.version)
