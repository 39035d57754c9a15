"""Times as a source writes them, on the clock of its place, brought to UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from api.imports.source import Row, Unmappable

_ACCEPTED = "a date or a time in ISO 8601"


def time_of(
    row: Row, column: str, zone: ZoneInfo, not_before: datetime | None = None
) -> datetime | None:
    """The time in UTC of a column, or None where it is empty.

    A date without a time is the start of that day in the zone. An hour that the clock showed twice
    is its first pass, or its second where the first lies before `not_before`. Raises `Unmappable`
    for what is no time, or was never on that clock.
    """
    value = row.get(column)
    if isinstance(value, str):
        value = value.strip()
        if not value:
            return None
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise _unreadable(value, column) from None
    if value is None:
        return None
    try:
        if isinstance(value, datetime):
            return _of_clock(value, zone, column, not_before)
        if isinstance(value, date):
            return _start_of_day(value, zone, column)
    except OverflowError:  # the first and last day of the calendar, moved out of it
        raise _unreadable(value, column) from None
    raise _unreadable(value, column)


def required_time_of(row: Row, column: str, zone: ZoneInfo) -> datetime:
    """The same for a time that a case cannot do without: `missing_date` where it is empty."""
    moment = time_of(row, column, zone)
    if moment is None:
        raise Unmappable("missing_date", f"{column} is empty", _ACCEPTED, column)
    return moment


@lru_cache(maxsize=4096)
def _start_of_day(day: date, zone: ZoneInfo, column: str) -> datetime:
    return _of_clock(datetime.combine(day, time()), zone, column, None)


def _of_clock(
    moment: datetime, zone: ZoneInfo, column: str, not_before: datetime | None
) -> datetime:
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    first = moment.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) != moment:
        raise Unmappable(
            "no_such_local_time",
            f"{column} {moment.isoformat()} was never on the clocks of {zone.key}",
            "a time outside the hour that was left out when the clocks went forward",
            column,
        )
    if not_before is None or first >= not_before:
        return first
    second = moment.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return second if second >= not_before else first


def _unreadable(value: object, column: str) -> Unmappable:
    return Unmappable(
        "unreadable_date", f"{column} is {str(value)[:60]!r}, not a date", _ACCEPTED, column
    )
