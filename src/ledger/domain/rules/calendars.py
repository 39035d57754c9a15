"""The working calendar (工作日历): a year's public holidays and adjusted workdays, as an event."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import Field

from ledger.clocks import WorkingYear, working_year
from ledger.decision import Office, Situation, standing
from ledger.domain.town.organisations import TOWN
from ledger.event import Event, Folds, Line, Recorded
from ledger.refusals import Refusal, Unacceptable


class WorkingCalendarEnacted(Event):
    """The public holidays and adjusted workdays (调休) of one year; supersedes what it follows."""

    kind = "working_calendar_enacted"
    term = "工作日历生效"
    proposers = (standing(Office.SECRETARY, *TOWN),)
    example = {
        "year": 2026,
        "holidays": ["2026-01-01", "2026-01-02", "2026-02-16", "2026-02-17", "2026-05-01"],
        "workdays": ["2026-01-04", "2026-02-14"],
        "source": "国务院办公厅关于2026年部分节假日安排的通知",
    }

    year: Annotated[int, Field(ge=1900, le=2200)]
    """The calendar year of all of its days."""
    holidays: Annotated[tuple[date, ...], Field(max_length=366)]
    """Days on which nobody works though the weekday says so (weekends rest by themselves)."""
    workdays: Annotated[tuple[date, ...], Field(max_length=366)]
    """Weekend days on which work is done in exchange."""
    source: Line
    """The notice that announced it, as the public may look it up."""

    def tags(self) -> tuple[str, ...]:
        return (calendar_tag(self.year),)

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
        if not working_year(self.year, self.holidays, self.workdays).days:
            return Unacceptable(
                "no_working_day",
                f"nobody would work on any day of {self.year}",
                "a calendar that leaves at least one working day",
                "holidays",
            )
        return None


def calendar_tag(year: int) -> str:
    """The history of a year's calendars."""
    return f"calendar:{year}"


def evolve_calendar(state: WorkingYear | None, tag: str, recorded: Recorded) -> WorkingYear | None:
    """The year's working days, by the calendar that was enacted last."""
    match recorded.event:
        case WorkingCalendarEnacted() as event:
            return working_year(event.year, event.holidays, event.workdays)
    return state


KINDS = (WorkingCalendarEnacted,)
FOLDS: Folds = {"calendar": (evolve_calendar, KINDS)}
