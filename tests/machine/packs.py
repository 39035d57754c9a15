"""Packs of rules and calendars that the town may enact while its cases are open."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random

from ledger.clocks import TimeUnit
from ledger.domain.rules.calendars import WorkingCalendarEnacted
from ledger.domain.rules.rules import Deadline, Grade, OfficeHours, RulesEnacted, Step, Subject
from ledger.event import Event
from tests.plain_model.rule_book import RuleBook
from tests.town import CALENDAR_2026, RULES


def _deadline(step: Step, grade: Grade | None, amount: int, unit: TimeUnit) -> Deadline:
    return Deadline(step=step, grade=grade, amount=amount, unit=unit)


_DEADLINES = (
    RULES.deadlines,
    RULES.deadlines[4:],  # no term for an answer
    (
        _deadline(Step.REQUEST_ANSWERED, None, 3, TimeUnit.WORKING_DAYS),
        _deadline(Step.REQUEST_ANSWERED, Grade.EMERGENCY, 90, TimeUnit.MINUTES),
        _deadline(Step.REQUEST_SUPERVISED, None, 4, TimeUnit.WORKING_HOURS),
        _deadline(Step.DEED_PUBLICITY, None, 2, TimeUnit.WORKING_DAYS),
    ),
    (
        _deadline(Step.REQUEST_ANSWERED, None, 20, TimeUnit.WORKING_HOURS),
        _deadline(Step.ANSWER_DEEMED_ACCEPTED, None, 30, TimeUnit.HOURS),
        _deadline(Step.CLOSURE_DISPUTED, None, 3, TimeUnit.WORKING_DAYS),
        _deadline(Step.DEED_PUBLICITY, None, 30, TimeUnit.HOURS),
        _deadline(Step.OBJECTION_APPEALED, None, 30, TimeUnit.HOURS),
    ),
    (_deadline(Step.REQUEST_ANSWERED, Grade.HARD, 3, TimeUnit.WORKING_DAYS),),  # a whistle's grade
    (*RULES.deadlines, RULES.deadlines[0]),  # one twice
)
_HOURS = (
    RULES.office_hours,
    (OfficeHours(start_minute=9 * 60, end_minute=17 * 60),),
    (OfficeHours(start_minute=14 * 60, end_minute=18 * 60), RULES.office_hours[0]),  # no order
)


_SPRING = (date(2026, 4, 4), date(2026, 4, 6))
_MOVED = (date(2026, 3, 7), date(2026, 3, 14), date(2026, 4, 26))
_ALL_OF_2026 = tuple(date(2026, 1, 1) + timedelta(days=number) for number in range(365))
_HOLIDAYS = ((), _SPRING, (*_SPRING, *CALENDAR_2026.holidays), _MOVED[:1], _ALL_OF_2026)
_WORKDAYS = ((), _MOVED, _MOVED[1:], (date(2026, 3, 9),))  # the last is no weekend


def enacted(lot: int, book: RuleBook, now: datetime) -> Event:
    """A pack that comes after those in the book, or a calendar; some contradict themselves."""
    random = Random(lot)
    return _calendar(random) if random.random() < 0.3 else _pack(random, book, now)


def _pack(random: Random, book: RuleBook, now: datetime) -> RulesEnacted:
    effect = timedelta(hours=random.choice([-100, -1, 0, 1, 30, 200]))
    noise = Subject(code="noise", name="噪音", sensitive=random.random() < 0.5)
    changes = {
        "pack_version": len(book.packs) + (random.random() < 0.8),
        "effective_from": now + effect,
        "retroactive": random.random() < 0.5,
        "applies_to_open_cases": random.random() < 0.5,
        "deadlines": random.choice((*_DEADLINES[:4], *_DEADLINES[:4], *_DEADLINES)),
        "office_hours": random.choice((*_HOURS[:2], *_HOURS)),
        "max_returns": random.randrange(4),
        "max_extensions": random.randrange(3),
        "call_back_attempts": random.randint(1, 3),
        "call_back_days": random.randint(1, 3),
        "subjects": random.choice(((), (noise,))),
        "pause_reasons": random.choice((RULES.pause_reasons, ())),
        "points_per_hour": random.choice((1, 20)),
        "points_expire_after_months": random.choice((None, 1, 1, 24)),
        "expiry_notice_days": random.choice((1, 30)),
    }
    return RULES.model_copy(update=changes)


def _calendar(random: Random) -> WorkingCalendarEnacted:
    return WorkingCalendarEnacted(
        year=random.choice([2026, 2026, 2026, 2027]),
        holidays=random.choice(_HOLIDAYS),
        workdays=random.choice(_WORKDAYS),
        source="test calendar",
    )
