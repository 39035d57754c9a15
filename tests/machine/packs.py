"""Packs of rules and calendars that the town may enact while its cases are open."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from hypothesis import strategies as st

from ledger.clocks import TimeUnit
from ledger.domain.calendars import WorkingCalendarEnacted
from ledger.domain.rules import Deadline, Grade, OfficeHours, RulesEnacted, Step, Subject
from ledger.event import Event
from tests.plain_model.rule_book import RuleBook
from tests.town import CALENDAR_2026, RULES

Enactment = Callable[[RuleBook, datetime], Event]
"""(what is in force, now) -> what is enacted."""


def _deadline(step: Step, grade: Grade | None, amount: int, unit: TimeUnit) -> Deadline:
    return Deadline(step=step, grade=grade, amount=amount, unit=unit)


_DEADLINES = (
    RULES.deadlines,
    RULES.deadlines[4:],  # no term for an answer
    (
        _deadline(Step.REQUEST_ANSWERED, None, 3, TimeUnit.WORKING_DAYS),
        _deadline(Step.REQUEST_ANSWERED, Grade.EMERGENCY, 90, TimeUnit.MINUTES),
        _deadline(Step.REQUEST_SUPERVISED, None, 4, TimeUnit.WORKING_HOURS),
    ),
    (
        _deadline(Step.REQUEST_ANSWERED, None, 20, TimeUnit.WORKING_HOURS),
        _deadline(Step.ANSWER_DEEMED_ACCEPTED, None, 30, TimeUnit.HOURS),
        _deadline(Step.CLOSURE_DISPUTED, None, 3, TimeUnit.WORKING_DAYS),
    ),
    (_deadline(Step.REQUEST_ANSWERED, Grade.HARD, 3, TimeUnit.WORKING_DAYS),),  # a whistle's grade
    (*RULES.deadlines, RULES.deadlines[0]),  # one twice
)
_HOURS = (
    RULES.office_hours,
    (OfficeHours(start_minute=9 * 60, end_minute=17 * 60),),
    (OfficeHours(start_minute=14 * 60, end_minute=18 * 60), RULES.office_hours[0]),  # no order
)


@st.composite
def packs(draw: st.DrawFn) -> Enactment:
    """What makes a pack for the moment at which it is enacted."""
    changes = {
        "deadlines": draw(st.sampled_from(_DEADLINES)),
        "office_hours": draw(st.sampled_from((*_HOURS[:2], *_HOURS))),
        "applies_to_open_cases": draw(st.booleans()),
        "retroactive": draw(st.booleans()),
        "max_returns": draw(st.integers(0, 3)),
        "max_extensions": draw(st.integers(0, 2)),
        "call_back_attempts": draw(st.integers(1, 3)),
        "call_back_days": draw(st.integers(1, 3)),
        "subjects": draw(st.sampled_from(((), (Subject(code="noise", name="噪音"),)))),
        "pause_reasons": draw(st.sampled_from((RULES.pause_reasons, ()))),
    }
    effect = timedelta(hours=draw(st.sampled_from([-100, -1, 0, 1, 30, 200])))
    is_next = draw(st.sampled_from([True, True, True, False]))

    def pack(book: RuleBook, now: datetime) -> RulesEnacted:
        version = len(book.packs) + is_next
        return RULES.model_copy(
            update={**changes, "pack_version": version, "effective_from": now + effect}
        )

    return pack


def calendars() -> st.SearchStrategy[Enactment]:
    """Calendars of the years in which the machine's lives are lived, and some that are none."""
    spring = (date(2026, 4, 4), date(2026, 4, 6))
    moved = (date(2026, 3, 7), date(2026, 3, 14), date(2026, 4, 26))
    return st.builds(
        WorkingCalendarEnacted,
        year=st.sampled_from([2026, 2026, 2026, 2027]),
        holidays=st.sampled_from([(), spring, (*spring, *CALENDAR_2026.holidays), moved[:1]]),
        workdays=st.sampled_from([(), moved, moved[1:], (date(2026, 3, 9),)]),
        source=st.just("test calendar"),
    ).map(lambda calendar: lambda book, now: calendar)
