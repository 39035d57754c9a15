"""The clocks of the working calendar, against a slow walk over the minutes, and by example."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.defaults.opening import working_calendars
from ledger.clocks import (
    Due,
    TimeUnit,
    Worked,
    after_working_time,
    due_at,
    local_date,
    office_day,
    working_time_between,
    working_year,
)
from tests import slow_clocks
from tests.slow_clocks import SHANGHAI, Days, Town
from tests.strategies import examples

ANNOUNCED = {
    calendar.year: Days(frozenset(calendar.holidays), frozenset(calendar.workdays))
    for calendar in working_calendars()
}
HOURS = ((8 * 60, 12 * 60), (14 * 60, 18 * 60))
TOWN = Town(HOURS, ANNOUNCED)
OFFICE, CALENDARS = TOWN.office, TOWN.calendars
SECOND = timedelta(seconds=1)

INTERESTING = (
    (2019, 12, 20), (2020, 1, 16), (2020, 12, 24), (2024, 2, 1), (2024, 2, 26), (2024, 4, 24),
    (2025, 9, 24), (2025, 12, 22), (2026, 2, 10), (2026, 9, 15), (2026, 12, 18), (2027, 12, 25),
)  # fmt: skip
"""Days before adjusted workdays, a 29 February, ends of years, and years without a calendar."""


def shanghai(month: int, day: int, hour: int = 0, minute: int = 0, year: int = 2026) -> datetime:
    """A moment in Shanghai."""
    return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI)


@st.composite
def office_hours(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    """One to three spans; they may meet, begin at midnight, and end with it."""
    cuts = st.one_of(st.sampled_from((0, 480, 720, 840, 1080, 1440)), st.integers(0, 1440))
    marks = sorted(draw(st.sets(cuts, min_size=2, max_size=6)))
    spans = tuple(zip(marks[::2], marks[1::2], strict=False))
    if len(spans) > 1 and draw(st.booleans()):
        spans = ((spans[0][0], spans[1][0]), *spans[1:])  # the first two meet
    return spans


@st.composite
def towns(draw: st.DrawFn) -> Town:
    """Towns with the calendars that were announced, or with some of their own, or with none."""
    years = dict(ANNOUNCED)
    for year in draw(st.sets(st.sampled_from((2019, 2020, 2024, 2026, 2027, 2028)))):
        if draw(st.booleans()):
            years.pop(year, None)
            continue
        days = draw(st.sets(st.dates(date(year, 1, 1), date(year, 12, 31)), max_size=8))
        edges = {date(year, 1, 1), date(year, 12, 31)} if draw(st.booleans()) else set()
        weekend = {day for day in days | edges if day.weekday() >= 5}
        years[year] = Days(frozenset((days | edges) - weekend), frozenset(weekend))
    return Town(draw(office_hours()), years)


@st.composite
def moments(draw: st.DrawFn, town: Town) -> datetime:
    """Moments around interesting days; most at, just before or just after a change of the hours."""
    first = datetime(*draw(st.sampled_from(INTERESTING)), tzinfo=SHANGHAI)
    day = first + timedelta(days=draw(st.integers(0, 13)))
    edges = st.sampled_from([minute for span in town.hours for minute in span] + [0, 1439])
    minute = draw(st.one_of(edges, edges, st.integers(0, 1439)))
    moment = day + timedelta(minutes=minute)
    shift = st.sampled_from((0, 0, -1, 1, 29_999_999))
    return (moment + timedelta(microseconds=draw(shift))).astimezone(UTC)


UNITS = st.one_of(
    st.tuples(st.just(TimeUnit.MINUTES), st.integers(1, 3000)),
    st.tuples(st.just(TimeUnit.HOURS), st.integers(1, 100)),
    st.tuples(st.just(TimeUnit.WORKING_HOURS), st.integers(1, 20)),
    st.tuples(st.just(TimeUnit.WORKING_DAYS), st.integers(1, 30)),
)


@examples(100)
@given(st.data(), towns(), UNITS)
def test_a_term_ends_as_a_walk_over_the_minutes_says(
    data: st.DataObject, town: Town, term: tuple[TimeUnit, int]
) -> None:
    start = data.draw(moments(town))
    unit, amount = term

    due = due_at(start, amount, unit, town.office, town.calendars)

    assert due == slow_clocks.due_at(town, start, amount, unit)
    assert due.at.tzinfo is UTC


@examples(40)
@given(st.data(), towns(), st.integers(0, 4 * 1440), st.sampled_from((0, 1, 29_999_999)))
def test_the_working_time_between_two_moments_is_that_of_the_open_minutes(
    data: st.DataObject, town: Town, minutes: int, microseconds: int
) -> None:
    start = data.draw(moments(town))
    other = data.draw(moments(town))
    within_days = abs(other - start) < timedelta(days=20)
    span = timedelta(minutes=minutes, microseconds=microseconds)
    end = other if within_days else start + span

    worked = working_time_between(start, end, town.office, town.calendars)

    assert worked == slow_clocks.working_time_between(town, start, end)


@examples(40)
@given(st.data(), towns(), st.integers(0, 24 * 60), st.sampled_from((0, 1, 29_999_999)))
def test_so_much_working_time_has_passed_when_a_walk_says_so(
    data: st.DataObject, town: Town, minutes: int, microseconds: int
) -> None:
    start = data.draw(moments(town))
    shortest = town.office.length // 60_000_000  # a walk of 15 working days at most
    time = timedelta(minutes=min(minutes, 15 * shortest), microseconds=microseconds)

    due = after_working_time(start, time, town.office, town.calendars)

    assert due == slow_clocks.after_working_time(town, start, time)
    back = working_time_between(start, due.at, town.office, town.calendars)
    assert back.time == time


@examples(100)
@given(st.data(), towns())
def test_working_time_adds_up(data: st.DataObject, town: Town) -> None:
    first, middle, last = sorted(data.draw(moments(town)) for _ in range(3))

    def worked(start: datetime, end: datetime) -> timedelta:
        return working_time_between(start, end, town.office, town.calendars).time

    assert worked(first, last) == worked(first, middle) + worked(middle, last)


@pytest.mark.parametrize(
    ("start", "amount", "end"),
    [
        # The Spring Festival of 2026: off from the 15th to the 23rd, Saturdays 14 and 28 worked.
        (shanghai(2, 13, 9), 1, shanghai(2, 14, 18)),
        (shanghai(2, 13, 9), 2, shanghai(2, 24, 18)),
        (shanghai(2, 24, 9), 4, shanghai(2, 28, 18)),
        (shanghai(2, 24, 9), 5, shanghai(3, 2, 18)),
        (shanghai(2, 13, 9), 15, shanghai(3, 12, 18)),
        # Labour Day: off from 1 to 5 May, Saturday the 9th worked.
        (shanghai(4, 30, 16, 30), 1, shanghai(5, 6, 18)),
        (shanghai(4, 30, 16, 30), 5, shanghai(5, 11, 18)),
        # The day of the start is not counted, however early, late or free it is.
        (shanghai(3, 2, 0, 0), 1, shanghai(3, 3, 18)),
        (shanghai(3, 2, 23, 59), 1, shanghai(3, 3, 18)),
        (shanghai(3, 7, 12), 1, shanghai(3, 9, 18)),
    ],
)
def test_working_days_are_counted_from_the_next_one_over_adjusted_workdays(
    start: datetime, amount: int, end: datetime
) -> None:
    due = due_at(start, amount, TimeUnit.WORKING_DAYS, OFFICE, CALENDARS)

    assert due == Due(end, provisional=False)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        (shanghai(3, 2, 9), 3, shanghai(3, 2, 12)),
        (shanghai(3, 2, 11, 30), 1, shanghai(3, 2, 14, 30)),
        (shanghai(3, 2, 12), 1, shanghai(3, 2, 15)),
        (shanghai(3, 2, 13, 59), 1, shanghai(3, 2, 15)),
        (shanghai(3, 2, 17, 30), 1, shanghai(3, 3, 8, 30)),
        (shanghai(3, 2, 18), 8, shanghai(3, 3, 18)),
        (shanghai(3, 6, 17, 15), 1, shanghai(3, 9, 8, 15)),
        (shanghai(5, 8, 17, 30), 1, shanghai(5, 9, 8, 30)),  # a Saturday that is worked
        (shanghai(5, 9, 17, 30), 1, shanghai(5, 11, 8, 30)),
    ],
)
def test_working_hours_stand_still_at_lunch_at_night_and_on_free_days(
    start: datetime, hours: int, end: datetime
) -> None:
    due = due_at(start, hours, TimeUnit.WORKING_HOURS, OFFICE, CALENDARS)

    assert due == Due(end, provisional=False)


def test_hours_run_through_the_night_and_the_holidays() -> None:
    due = due_at(shanghai(2, 16, 22, 30), 24, TimeUnit.HOURS, OFFICE, CALENDARS)

    assert due == Due(shanghai(2, 17, 22, 30), provisional=False)


def test_a_weekend_day_worked_in_exchange_counts_to_the_minute() -> None:
    # Saturday 14 February is worked; the holidays begin on the Sunday.
    start, end = shanghai(2, 13, 17, 59), shanghai(2, 24, 8, 1)

    worked = working_time_between(start, end, OFFICE, CALENDARS)

    assert worked == Worked(timedelta(hours=8, minutes=2), provisional=False)
    assert worked.minutes == 482


def test_a_longer_holiday_announced_late_moves_the_term() -> None:
    # The notice of 27 January 2020 prolonged the Spring Festival up to Sunday, 2 February.
    before = Days(
        ANNOUNCED[2020].holidays - {date(2020, 1, 31)},
        ANNOUNCED[2020].workdays | {date(2020, 2, 1)},
    )
    start = shanghai(1, 22, 9, year=2020)

    def due(days: Days) -> datetime:
        calendars = {2020: working_year(2020, *days)}
        return due_at(start, 2, TimeUnit.WORKING_DAYS, OFFICE, calendars).at

    assert due(before) == shanghai(1, 31, 18, year=2020)
    assert due(ANNOUNCED[2020]) == shanghai(2, 3, 18, year=2020)


@pytest.mark.parametrize(
    ("start", "amount", "provisional"),
    [
        (shanghai(12, 25, 9), 4, False),  # up to Thursday, 31 December 2026
        (shanghai(12, 25, 9), 5, True),
        (shanghai(12, 31, 23), 1, True),
        (shanghai(1, 1, 9, year=2027), 1, True),
        (shanghai(12, 31, 9, year=2019), 1, False),  # the next day lies in 2020
        (shanghai(12, 30, 9, year=2019), 1, True),
    ],
)
def test_a_term_that_reaches_into_a_year_without_a_calendar_is_provisional(
    start: datetime, amount: int, provisional: bool
) -> None:
    due = due_at(start, amount, TimeUnit.WORKING_DAYS, OFFICE, CALENDARS)

    assert due.provisional is provisional


def test_hours_are_never_provisional() -> None:
    for unit in (TimeUnit.HOURS, TimeUnit.MINUTES):
        assert not due_at(shanghai(12, 31, 23), 500, unit, OFFICE, {}).provisional


def test_time_up_to_the_midnight_of_new_year_takes_nothing_from_the_new_one() -> None:
    start, midnight = shanghai(12, 31, 9), shanghai(1, 1, year=2027)

    up_to = working_time_between(start, midnight, OFFICE, CALENDARS)
    beyond = working_time_between(start, midnight + SECOND, OFFICE, CALENDARS)

    assert up_to == Worked(timedelta(hours=7), provisional=False)
    assert beyond == Worked(timedelta(hours=7), provisional=True)


def test_offices_that_are_open_day_and_night_close_at_midnight() -> None:
    open_always = office_day(((0, 1440),))
    start = shanghai(3, 2, 9)

    due = due_at(start, 1, TimeUnit.WORKING_DAYS, open_always, CALENDARS)
    worked = working_time_between(start, due.at, open_always, CALENDARS)

    assert due.at == shanghai(3, 4)
    assert worked.time == timedelta(hours=39)


def test_a_day_begins_at_midnight_in_shanghai() -> None:
    midnight = datetime(2026, 3, 1, 16, tzinfo=UTC)

    assert local_date(midnight) == date(2026, 3, 2)
    assert local_date(midnight - datetime.resolution) == date(2026, 3, 1)


@pytest.mark.parametrize("year", sorted(ANNOUNCED))
def test_the_calendars_that_are_enacted_are_those_of_another_source_too(year: int) -> None:
    """Two packages that know nothing of each other, `chinesecalendar` by which these were drafted
    and `holidays`, have the same working days in 2020 to 2026, the extension of 27 January 2020
    included; the State Council's notices have them too. Were they to differ, the notice decides."""
    other = holidays.country_holidays("CN", years=year)
    first = date(year, 1, 1)
    days = [first + timedelta(offset) for offset in range(366)]

    enacted = {day for day in days if day.year == year and TOWN.is_working_day(day)}

    assert enacted == {day for day in days if day.year == year and other.is_working_day(day)}


def test_only_what_the_weekday_does_not_say_stands_in_a_calendar() -> None:
    for days in ANNOUNCED.values():
        assert all(day.weekday() < 5 for day in days.holidays)
        assert all(day.weekday() >= 5 for day in days.workdays)
