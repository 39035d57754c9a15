"""Working calendars: each day once, within its year; what is enacted last for a year holds."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from ledger.clocks import WorkingYear
from ledger.domain.rules.calendars import WorkingCalendarEnacted, calendar_tag
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable
from tests.request_acts import refused, town
from tests.town import CALENDAR_2026, FOUNDER, HOTLINE


def calendar(**changes: Any) -> Proposal:
    """The test town's calendar, with changes."""
    return Proposal(WorkingCalendarEnacted(**{**dict(CALENDAR_2026), **changes}), FOUNDER)


def year(of: int, *proposals: Proposal) -> WorkingYear:
    found: WorkingYear = town(*proposals).states[calendar_tag(of)]
    return found


@pytest.mark.parametrize(
    ("holidays", "workdays", "field"),
    [
        ((date(2026, 5, 1), date(2026, 5, 1)), (), "holidays"),
        ((), (date(2026, 5, 9), date(2026, 5, 9)), "workdays"),
        ((date(2026, 5, 9),), (date(2026, 5, 9),), "workdays"),
    ],
)
def test_a_day_stands_once_in_a_calendar(
    holidays: tuple[date, ...], workdays: tuple[date, ...], field: str
) -> None:
    proposal = calendar(holidays=holidays, workdays=workdays)

    assert isinstance(refused(town(), proposal, "day_given_twice", field), Unacceptable)


@pytest.mark.parametrize("field", ["holidays", "workdays"])
def test_a_day_lies_in_the_calendars_year(field: str) -> None:
    proposal = calendar(**{"holidays": (), "workdays": (), field: (date(2025, 12, 28),)})

    refused(town(), proposal, "day_of_another_year", field)


def test_an_adjusted_workday_is_a_weekend_day() -> None:
    proposal = calendar(holidays=(), workdays=(date(2026, 5, 8),))

    refused(town(), proposal, "workday_on_weekday", "workdays")


def test_a_year_has_at_least_one_working_day() -> None:
    """Else no term of working days would end in it."""
    everyday = tuple(date(2026, 1, 1) + timedelta(days=number) for number in range(365))
    weekdays = tuple(day for day in everyday if day.weekday() < 5)

    for holidays in (everyday, weekdays):
        proposal = calendar(holidays=holidays, workdays=())
        assert isinstance(refused(town(), proposal, "no_working_day", "holidays"), Unacceptable)

    assert len(year(2026, calendar(holidays=weekdays[1:], workdays=())).days) == 1
    assert len(year(2026, calendar(holidays=weekdays, workdays=(date(2026, 5, 9),))).days) == 1


def test_the_calendar_enacted_last_holds_for_its_year_alone() -> None:
    later = calendar(holidays=(date(2026, 3, 2),), workdays=())
    other = calendar(year=2027, holidays=(), workdays=())

    before, after = year(2026), year(2026, later, other)

    monday = date(2026, 3, 2).toordinal()
    assert monday in before.days
    assert monday not in after.days
    assert date(2026, 5, 1).toordinal() in after.days


def test_only_the_towns_secretary_enacts_a_calendar() -> None:
    by_clerk = Proposal(CALENDAR_2026, HOTLINE)

    assert isinstance(refused(town(), by_clerk, "office_may_not"), Forbidden)
