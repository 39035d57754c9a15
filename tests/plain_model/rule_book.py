"""The packs of rules and the calendars on the shelf, and how a clerk counts days with them.

Slow and obvious on purpose: days are counted one after the other, on the fingers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from typing import NamedTuple

from ledger.clocks import TimeUnit
from ledger.domain.rules.calendars import WorkingCalendarEnacted
from ledger.domain.rules.rules import Deadline, Grade, RulesEnacted, Step
from ledger.event import Actor, Event

CHINA = timezone(timedelta(hours=8))
Span = tuple[datetime, datetime]


class Act(NamedTuple):
    """One line of the books: what was done, by whom, when it happened by their word, and when it
    was entered."""

    event: Event
    actor: Actor
    when: datetime
    at: datetime

    @property
    def kind(self) -> str:
        return self.event.kind

    def follows(self, earlier: datetime) -> bool:
        """Whether it did not happen before the other; what is entered as it happens never did."""
        return self.when >= min(earlier, self.at)


@dataclass
class RuleBook:
    """Everything that was enacted, in order."""

    packs: list[RulesEnacted] = field(default_factory=list)
    calendars: dict[int, WorkingCalendarEnacted] = field(default_factory=dict)

    def in_force(self, moment: datetime) -> RulesEnacted:
        """The pack that was enacted last of those in effect; this town always has one."""
        return [pack for pack in self.packs if pack.effective_from <= moment][-1]

    def ruling(self, started_at: datetime, until: datetime | None) -> list[RulesEnacted]:
        """The packs that rule what began then, one after the other: later ones only where they say
        so; those that are yet to take effect too where no end is given."""
        later = {pack.effective_from for pack in self.packs if pack.effective_from > started_at}
        turns = [self.in_force(moment) for moment in sorted(later)]
        return [self.in_force(started_at)] + [
            pack
            for pack in turns
            if pack.applies_to_open_cases and (until is None or pack.effective_from <= until)
        ]

    def is_working_day(self, day: date) -> bool:
        """By the calendar of the year; where there is none, from Monday to Friday."""
        calendar = self.calendars.get(day.year)
        if calendar is not None and day in calendar.workdays:
            return True
        if calendar is not None and day in calendar.holidays:
            return False
        return day.weekday() < 5

    def office_spans(self, since: datetime, pack: RulesEnacted) -> Iterator[Span]:
        """The office hours of every working day from that day on, for ever."""
        day = since.astimezone(CHINA).date()
        while True:
            if self.is_working_day(day):
                midnight = datetime.combine(day, time(), CHINA)
                for hours in pack.office_hours:
                    yield (
                        midnight + timedelta(minutes=hours.start_minute),
                        midnight + timedelta(minutes=hours.end_minute),
                    )
            day += timedelta(days=1)

    def office_time(self, start: datetime, end: datetime, pack: RulesEnacted) -> timedelta:
        """How long the offices were open between two moments."""
        total = timedelta()
        for opens, closes in self.office_spans(start, pack):
            if opens >= end:
                return total
            total += max(timedelta(), min(closes, end) - max(opens, start))
        raise AssertionError("the offices open again")

    def after_office_time(self, start: datetime, left: timedelta, pack: RulesEnacted) -> datetime:
        """When the offices have been open so long from a moment on."""
        if not left:
            return start
        for opens, closes in self.office_spans(start, pack):
            here = max(timedelta(), closes - max(opens, start))
            if left <= here:
                return max(opens, start) + left
            left -= here
        raise AssertionError("the offices open again")

    def ends(self, start: datetime, deadline: Deadline, more: int, pack: RulesEnacted) -> datetime:
        """When a term is over that begins then: the day on which it begins is not counted."""
        amount = deadline.amount + more
        match deadline.unit:
            case TimeUnit.MINUTES:
                return start + timedelta(minutes=amount)
            case TimeUnit.HOURS:
                return start + timedelta(hours=amount)
            case TimeUnit.WORKING_HOURS:
                return self.after_office_time(start, timedelta(hours=amount), pack)
        day = start.astimezone(CHINA).date()
        while amount:
            day += timedelta(days=1)
            amount -= self.is_working_day(day)
        closing = timedelta(minutes=pack.office_hours[-1].end_minute)
        return datetime.combine(day, time(), CHINA) + closing

    def step_ends(self, step: Step, start: datetime, grade: Grade | None = None) -> datetime | None:
        """When a step that begins then is over; None where the pack gives no measure."""
        pack = self.in_force(start)
        deadline = deadline_of(pack, step, grade)
        return None if deadline is None else self.ends(start, deadline, 0, pack)


def deadline_of(pack: RulesEnacted, step: Step, grade: Grade | None) -> Deadline | None:
    """The deadline for the grade, else the one for every grade."""
    for wanted in (grade, None):
        for deadline in pack.deadlines:
            if (deadline.step, deadline.grade) == (step, wanted):
                return deadline
    return None


def rules_enacted(book: RuleBook, act: Act, pack: RulesEnacted) -> bool:
    """Whether the town may enact this pack now."""
    minutes = [m for span in pack.office_hours for m in (span.start_minute, span.end_minute)]
    lists = (pack.subjects, pack.pause_reasons, pack.exclusion_reasons, pack.decline_grounds)
    measures = [(deadline.step, deadline.grade) for deadline in pack.deadlines]
    return (
        pack.pack_version == len(book.packs) + 1
        and (pack.retroactive or pack.effective_from >= act.at)
        and all(span.start_minute < span.end_minute for span in pack.office_hours)
        and minutes == sorted(minutes)
        and all(len({one.code for one in entries}) == len(entries) for entries in lists)
        and len(set(measures)) == len(measures)
        and all(grade is None or grade in GRADES_OF.get(step, ()) for step, grade in measures)
        and pack.call_back_days <= pack.call_back_attempts
    )


def working_calendar_enacted(book: RuleBook, act: Act, calendar: WorkingCalendarEnacted) -> bool:
    """Whether the town may enact this calendar."""
    days = [*calendar.holidays, *calendar.workdays]
    return (
        len(set(days)) == len(days)
        and all(day.year == calendar.year for day in days)
        and all(day.weekday() >= 5 for day in calendar.workdays)
        and _has_a_working_day(calendar)
    )


def _has_a_working_day(calendar: WorkingCalendarEnacted) -> bool:
    day = date(calendar.year, 1, 1)
    while day.year == calendar.year:
        if day in calendar.workdays or (day.weekday() < 5 and day not in calendar.holidays):
            return True
        day += timedelta(days=1)
    return False


REQUEST_GRADES = (Grade.EMERGENCY, Grade.UTILITIES, Grade.ORDINARY, Grade.COMPLEX)
WHISTLE_GRADES = (Grade.ORDINARY, Grade.HARD, Grade.URGENT)
GRADES_OF: dict[Step, tuple[Grade, ...]] = {
    Step.REQUEST_ANSWERED: REQUEST_GRADES,
    Step.REQUEST_SUPERVISED: REQUEST_GRADES,
    Step.RETURN_RULED: REQUEST_GRADES,
    Step.WHISTLE_SIGNED: WHISTLE_GRADES,
    Step.WHISTLE_CONTACTED: WHISTLE_GRADES,
    Step.WHISTLE_REPORTED_IN: WHISTLE_GRADES,
    Step.WHISTLE_HANDLED: WHISTLE_GRADES,
}
