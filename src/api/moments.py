"""Moments of history as people write them: a position, a day in Shanghai, or a time."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from api.labels import SHANGHAI
from ledger.store.contract import Log
from projections.history import Unanswerable, Until, known_at, moment_at, moment_of


def moment(
    store: Log, as_of: str | None, known_of: str | None = None, name: str = "as_of"
) -> Until:
    """What had been recorded by `as_of`, or is known now of `known_of`; the head for neither.

    A day counts to its end in Shanghai. Raises `Unanswerable` for what is no moment, lies before
    the first event or in the future, or where both are given.
    """
    if as_of is not None and known_of is not None:
        raise Unanswerable("either as_of or known_of: what was shown then, or is known now of then")
    if known_of is not None:
        return known_at(store, _time(known_of, "known_of"))
    if as_of is None:
        return Until(store.size())
    if as_of.isdecimal() and len(as_of) < 16:
        return moment_of(store, int(as_of))
    return moment_at(store, _time(as_of, name))


def _time(text: str, name: str) -> datetime:
    try:
        if len(text) == 10:
            day = datetime.combine(date.fromisoformat(text), datetime.min.time(), SHANGHAI)
            # The end of today lies ahead, and means now.
            return min(day + timedelta(days=1, microseconds=-1), _after_today(day))
        when = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise Unanswerable(
            f"{name}={text} is no moment: a position, a day (2026-03-01) or a time with its zone"
        ) from None
    if when.tzinfo is None:
        raise Unanswerable(f"{name}={text} has no zone: such as +08:00 or Z")
    if when > datetime.now(SHANGHAI):
        raise Unanswerable(f"{name}={text} lies in the future")
    return when


def _after_today(day: datetime) -> datetime:
    now = datetime.now(SHANGHAI)
    if day > now:
        raise Unanswerable(f"{day.date()} lies in the future")
    return now
