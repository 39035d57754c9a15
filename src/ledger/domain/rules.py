"""Rules and the working calendar (规则): events with a date of effect, never code."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from ledger.decision import Office, Situation, standing
from ledger.domain.organisations import TOWN
from ledger.event import Event, EventModel, Folds, Id, Instant, Line, Recorded
from ledger.refusals import Refusal, Unacceptable, WrongState

RULES_TAG = "rules:pack"
_ENACTS = (standing(Office.SECRETARY, *TOWN),)


class Grade(StrEnum):
    """How pressing a request or a whistle is; each grade has its deadlines in the pack."""

    EMERGENCY = "emergency"
    UTILITIES = "utilities"
    ORDINARY = "ordinary"
    COMPLEX = "complex"
    URGENT = "urgent"
    HARD = "hard"


REQUEST_GRADES = (Grade.EMERGENCY, Grade.UTILITIES, Grade.ORDINARY, Grade.COMPLEX)
WHISTLE_GRADES = (Grade.ORDINARY, Grade.HARD, Grade.URGENT)


class Step(StrEnum):
    """What a deadline is for."""

    REQUEST_ANSWERED = "request_answered"
    WHISTLE_SIGNED = "whistle_signed"
    WHISTLE_CONTACTED = "whistle_contacted"
    WHISTLE_REPORTED_IN = "whistle_reported_in"
    WHISTLE_HANDLED = "whistle_handled"


class TimeUnit(StrEnum):
    """Hours run day and night; working hours and days run on the working calendar in force."""

    HOURS = "hours"
    WORKING_HOURS = "working_hours"
    WORKING_DAYS = "working_days"


class Deadline(EventModel):
    """How long a step may take for a grade."""

    step: Step
    grade: Grade
    amount: Annotated[int, Field(ge=1, le=1000)]
    unit: TimeUnit


class OfficeHours(EventModel):
    """A span of a working day in minutes from midnight, Asia/Shanghai; the end is excluded."""

    start_minute: Annotated[int, Field(ge=0, le=1440)]
    end_minute: Annotated[int, Field(ge=0, le=1440)]


class Subject(EventModel):
    """An entry of the controlled list that names what a request is about."""

    code: Id
    name: Line


class RulesEnacted(Event):
    """A pack of rules comes into force and replaces the one before it."""

    kind = "rules_enacted"
    term = "规则生效"
    proposers = _ENACTS

    pack_version: Annotated[int, Field(ge=1, le=1_000_000)]
    effective_from: Instant
    retroactive: bool = False
    office_hours: Annotated[tuple[OfficeHours, ...], Field(min_length=1, max_length=4)]
    deadlines: Annotated[tuple[Deadline, ...], Field(max_length=100)]
    subjects: Annotated[tuple[Subject, ...], Field(max_length=1000)] = ()
    """Empty: any subject code is taken."""
    max_points_per_award: Annotated[int, Field(ge=1, le=1_000_000)]
    urgent_entry_hours: Annotated[int, Field(ge=1, le=1000)] = 24
    """Within how many hours an urgent whistle that went by phone must be entered."""

    def tags(self) -> tuple[str, ...]:
        return (RULES_TAG,)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return self.tags()

    def decide(self, situation: Situation) -> Refusal | None:
        packs: Rules = situation.state(RULES_TAG) or Rules()
        if self.pack_version != len(packs.enacted) + 1:
            return WrongState(
                "wrong_pack_version",
                f"the latest pack has version {len(packs.enacted)}",
                f"version {len(packs.enacted) + 1}",
                "pack_version",
            )
        if self.effective_from < situation.at and not self.retroactive:
            return Unacceptable(
                "retroactive_effect",
                "the date of effect lies in the past",
                "a date of effect that is still to come, or retroactive: true",
                "effective_from",
            )
        return self._contradiction()

    def _contradiction(self) -> Refusal | None:
        ends = [0]
        for span in self.office_hours:
            if span.start_minute < ends[-1] or span.end_minute <= span.start_minute:
                return Unacceptable(
                    "office_hours_overlap",
                    "office hours overlap or end before they start",
                    "spans in order, each ending after it starts",
                    "office_hours",
                )
            ends.append(span.end_minute)
        for deadline in self.deadlines:
            grades = REQUEST_GRADES if deadline.step is Step.REQUEST_ANSWERED else WHISTLE_GRADES
            if deadline.grade not in grades:
                return Unacceptable(
                    "grade_of_another_step",
                    f"{deadline.step} has no grade {deadline.grade}",
                    " or ".join(grades),
                    "deadlines",
                )
        steps = [(deadline.step, deadline.grade) for deadline in self.deadlines]
        codes = [subject.code for subject in self.subjects]
        for field, several in (("deadlines", steps), ("subjects", codes)):
            if len(set(several)) < len(several):
                return Unacceptable(
                    "given_twice", f"{field} has an entry twice", "each entry once", field
                )
        return None


class WorkingCalendarEnacted(Event):
    """The public holidays and adjusted workdays (调休) of one year; supersedes what it follows."""

    kind = "working_calendar_enacted"
    term = "工作日历生效"
    proposers = _ENACTS

    year: Annotated[int, Field(ge=1900, le=2200)]
    holidays: Annotated[tuple[date, ...], Field(max_length=366)]
    """Days on which nobody works though the weekday says so (weekends rest by themselves)."""
    workdays: Annotated[tuple[date, ...], Field(max_length=366)]
    """Weekend days on which work is done in exchange."""
    source: Line

    def tags(self) -> tuple[str, ...]:
        return (f"calendar:{self.year}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return ()

    def decide(self, situation: Situation) -> Refusal | None:
        days = (*self.holidays, *self.workdays)
        if len(set(days)) < len(days):
            return Unacceptable(
                "day_given_twice",
                "a day stands twice in the calendar",
                "each day once, as a holiday or as a workday",
                "workdays" if len(set(self.holidays)) == len(self.holidays) else "holidays",
            )
        if any(day.year != self.year for day in days):
            return Unacceptable(
                "day_of_another_year",
                f"a day does not lie in {self.year}",
                "days of that year",
                "workdays" if all(day.year == self.year for day in self.holidays) else "holidays",
            )
        if any(day.weekday() < 5 for day in self.workdays):
            return Unacceptable(
                "workday_on_weekday",
                "an adjusted workday falls on Monday to Friday",
                "Saturdays and Sundays that are worked",
                "workdays",
            )
        return None


class Rules(NamedTuple):
    """All packs so far, by version."""

    enacted: tuple[RulesEnacted, ...] = ()

    def in_force(self, moment: datetime) -> RulesEnacted | None:
        """The latest pack whose date of effect has come by `moment`, or None."""
        for pack in reversed(self.enacted):
            if pack.effective_from <= moment:
                return pack
        return None


def rules_in_force(situation: Situation) -> RulesEnacted | Refusal:
    """The pack in force as the batch is recorded, or the refusal where there is none."""
    rules: Rules | None = situation.state(RULES_TAG)
    pack = rules.in_force(situation.at) if rules else None
    return pack or WrongState(
        "no_rules_in_force", "no pack of rules is in force", "rules_enacted first"
    )


def evolve_rules(state: Rules | None, tag: str, recorded: Recorded) -> Rules | None:
    """The packs after one more event."""
    match recorded.event:
        case RulesEnacted() as pack:
            return Rules((*state.enacted, pack) if state else (pack,))
    return state


KINDS = (RulesEnacted, WorkingCalendarEnacted)
FOLDS: Folds = {"rules": (evolve_rules, (RulesEnacted,))}
