"""How a window was manned (窗口在岗): minutes of its hours that nobody manned, by its rosters.

All of it is derived: the hours and the calendar say when the window is open, the rosters who was to
be there, and the absences when nobody was. Of rosters that share a day the one published last
holds; a working day without a roster is uncovered as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from ledger.clocks import SHANGHAI, Calendars, Span, local_day

Minutes = tuple[int, int]
"""A span of a day, in minutes from midnight; the end is excluded."""
_DAY = timedelta(days=1)


class RosterOf(NamedTuple):
    """Who was to be there on the working days of a time, in the order of publication."""

    first_day: date
    last_day: date
    shifts: tuple[Minutes, ...]


class Manned(NamedTuple):
    """Minutes of a window's hours: rostered ones are manned by A, by B for A, or by nobody."""

    open_minutes: int = 0
    unrostered_minutes: int = 0
    """No roster names anybody."""
    covered_minutes: int = 0
    """A was away, and B stood in."""
    absent_minutes: int = 0
    """A was away, and nobody stood in."""

    @property
    def uncovered_minutes(self) -> int:
        """Nobody manned the window, neither A nor B."""
        return self.unrostered_minutes + self.absent_minutes


def manned(
    hours: Sequence[Minutes],
    rosters: Sequence[RosterOf],
    absences: Iterable[tuple[Span, bool]],
    calendars: Calendars,
    within: Span,
) -> Manned:
    """How a window was manned within a time; each absence with whether B stood in."""
    covered = [span for span, is_covered in absences if is_covered]
    uncovered = [span for span, is_covered in absences if not is_covered]
    total = Manned()
    day, last = local_day(within[0]), local_day(within[1])
    while day <= last:
        if _is_worked(day, calendars):
            total = _added(total, _of_day(day, hours, rosters, (covered, uncovered), within))
        day += _DAY
    return total


def _of_day(
    day: date,
    hours: Sequence[Minutes],
    rosters: Sequence[RosterOf],
    absences: tuple[Sequence[Span], Sequence[Span]],
    within: Span,
) -> Manned:
    is_open = _common(_moments(day, hours), (within,))
    in_force = (one for one in reversed(rosters) if one.first_day <= day <= one.last_day)
    roster = next(in_force, None)
    rostered = _common(is_open, _moments(day, roster.shifts if roster else ()))
    open_minutes = _minutes(is_open)
    covered, uncovered = (_minutes(_common(rostered, of_kind)) for of_kind in absences)
    return Manned(open_minutes, open_minutes - _minutes(rostered), covered, uncovered)


def _added(one: Manned, other: Manned) -> Manned:
    return Manned(*(mine + theirs for mine, theirs in zip(one, other, strict=True)))


def _moments(day: date, spans: Iterable[Minutes]) -> tuple[Span, ...]:
    midnight = datetime.combine(day, time(), SHANGHAI)
    return tuple(
        (midnight + timedelta(minutes=start), midnight + timedelta(minutes=end))
        for start, end in spans
    )


def _common(some: Iterable[Span], others: Iterable[Span]) -> tuple[Span, ...]:
    """What two lists of spans have in common; within each list no two overlap."""
    both = [
        (max(one[0], other[0]), min(one[1], other[1])) for one in some for other in tuple(others)
    ]
    return tuple(span for span in both if span[0] < span[1])


def _minutes(spans: Iterable[Span]) -> int:
    lasted = sum((end - start for start, end in spans), timedelta())
    return lasted // timedelta(minutes=1)


def _is_worked(day: date, calendars: Calendars) -> bool:
    year = calendars.get(day.year)
    if year is None:
        return day.isoweekday() <= 5
    index = day.toordinal() - year.first
    return year.before[index + 1] > year.before[index]
