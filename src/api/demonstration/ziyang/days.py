"""The town's time: its closing date, the working days of its year, and the rhythm of its offices.

All times are claimed (`occurred_at`): the records are made whenever the town is entered.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import cache
from random import Random
from typing import Final

from api.defaults.opening import default_pack, working_calendars
from ledger.clocks import (
    SHANGHAI,
    Calendars,
    OfficeDay,
    after_working_time,
    office_day,
    working_year,
)

SEED: Final = "1144"
OPENING: Final = datetime(2020, 1, 2, 9, tzinfo=SHANGHAI)
"""When the ledger's organisations, offices and rules are entered, as claimed."""
CLOSING: Final = datetime(2020, 12, 25, 18, tzinfo=SHANGHAI)
"""The closing date: nothing is claimed to have happened after it."""
FIRST_DAY: Final = date(2020, 1, 2)
LAST_DAY: Final = date(2020, 12, 25)
TWO_YEARS_BEFORE: Final = datetime(2018, 12, 25, 18, tzinfo=SHANGHAI)
"""From here to the closing date members admitted and reserves nominated are counted."""


def chance(area: str) -> Random:
    """An area's own source of chance: what another area draws changes nothing in it."""
    return Random(f"{SEED}/{area}")  # noqa: S311 - seeded on purpose: the same town each time


@cache
def calendars() -> Calendars:
    """The working calendars that were announced, by year."""
    return {
        one.year: working_year(one.year, one.holidays, one.workdays) for one in working_calendars()
    }


@cache
def office() -> OfficeDay:
    """The office hours of the default pack."""
    spans = default_pack().office_hours
    return office_day((span.start_minute, span.end_minute) for span in spans)


@cache
def working_days(first: date = FIRST_DAY, last: date = LAST_DAY) -> tuple[date, ...]:
    """The working days from one day to another, both counted."""
    known = calendars()
    ordinals = (day for year in range(first.year, last.year + 1) for day in known[year].days)
    return tuple(
        date.fromordinal(day) for day in ordinals if first.toordinal() <= day <= last.toordinal()
    )


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """A time of day in Shanghai."""
    return datetime.combine(day, time(hour, minute), SHANGHAI)


def in_office(random: Random, day: date) -> datetime:
    """Some time of a working day's office hours; mornings are busier."""
    if random.random() < 0.58:
        return at(day, 8) + timedelta(minutes=random.randrange(5, 235))
    return at(day, 14) + timedelta(minutes=random.randrange(5, 235))


def later(moment: datetime, hours: float) -> datetime:
    """So many office hours later, to the minute: nights, weekends and holidays do not count."""
    due = after_working_time(moment, timedelta(hours=hours), office(), calendars())
    return due.at.astimezone(SHANGHAI).replace(second=0, microsecond=0)


def spread(random: Random, count: int, first: date, last: date) -> list[datetime]:
    """So many moments in office hours, in order, over the working days from one to another."""
    days = working_days(first, last)
    return sorted(in_office(random, random.choice(days)) for _ in range(count))
