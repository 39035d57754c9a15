"""What is shown of service items and windows: what may be had, when, how fast; if it was manned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from psycopg import AsyncConnection

from ledger.clocks import SHANGHAI, Calendars, Span, working_year
from projections.manning import Manned, Minutes, RosterOf, manned
from projections.reading import AsOf, Rate, Snapshot, Spread, snapshot
from projections.suppression import MIN_CASES

NAME = "windows"
_OF_COMMUNITY = "(%(community)s::text is null or community = %(community)s)"
# A promise is judged while it runs: at the decision, at the stop that lasts, or now.
_JUDGED = "coalesce(decided_at, stopped_since, %(at)s)"
_FIGURES = f"""select item, count(*) as filed, count(decided_at) as decided,
    count(*) filter (where {_JUDGED} > promise_due_at and decided_at is null) as overdue,
    count(*) filter (where decided_at <= promise_due_at) as in_time,
    count(*) filter (where decided_at is not null and promise_due_at is null) as without_term,
    count(*) filter (where {_JUDGED} > statutory_due_at) as beyond_statutory,
    count(*) filter (where stopped_since is not null) as waiting,
    count(*) filter (where supplement_requests > 0) as supplemented,
    percentile_disc(0.5) within group (order by elapsed_minutes)::bigint as median_minutes,
    percentile_disc(0.9) within group (order by elapsed_minutes)::bigint as p90_minutes
    from service_application where {_OF_COMMUNITY}
    group by item having count(*) >= {MIN_CASES} limit %(limit)s"""  # noqa: S608 - constants alone
_ITEMS = f"""select * from service_item
    where {_OF_COMMUNITY} and (%(item)s::text is null or item = %(item)s)
    order by community, title, item limit %(limit)s"""  # noqa: S608 - constants alone
_WINDOWS = f"""select service_window.*, array(select item from service_item
        where service_window.window = any(windows) order by title, item) as items
    from service_window
    where {_OF_COMMUNITY} order by community, name, "window" limit %(limit)s
    """.replace("service_window.window", 'service_window."window"')  # noqa: S608 - constants alone
_ROSTERS = """select * from duty_roster where first_day <= %(last)s and last_day >= %(first)s
    order by position limit %(limit)s"""
_TIMES = """select * from window_time where starts_at < %(until)s and ends_at > %(since)s
    order by position limit %(limit)s"""
_YEARS = "select * from calendar_year order by year limit %(limit)s"
_TABLES = ("service_item", "service_application")
_WINDOW_TABLES = ("service_item", "service_window", "duty_roster", "window_time", "calendar_year")


@dataclass(frozen=True, slots=True)
class Figures:
    """The applications for an item; the durations are those from filing to the decision.

    A promise stands still from when a material is asked for until it comes, and so does the law's
    limit.
    """

    item: str
    filed: int
    decided: int
    overdue: int
    """Open, though the promise has ended."""
    in_time: int
    """Decided within the promise."""
    without_term: int
    """Decided without rules in force that would measure the promise."""
    beyond_statutory: int
    """Decided or open beyond the law's limit."""
    waiting: int
    """Open, and waiting for a material."""
    supplemented: int
    """Of which a material was asked for at least once."""
    median_minutes: int | None
    p90_minutes: int | None

    @property
    def on_time(self) -> Rate:
        """Decided in time, of what was decided and of what is overdue: never of what was decided
        alone, which shows 100 % while somebody still waits."""
        return Rate(self.in_time, self.decided - self.without_term + self.overdue)

    @property
    def elapsed(self) -> Spread:
        """How long it took to decide."""
        return Spread(self.decided, self.median_minutes, self.p90_minutes)


@dataclass(frozen=True, slots=True)
class PublicItem:
    """A service item, as it was published last."""

    item: str
    community: str
    title: str
    basis: str
    conditions: list[str]
    materials: list[str]
    promise_amount: int
    promise_unit: str
    statutory_amount: int | None
    statutory_unit: str | None
    fee_fen: int
    fee_basis: str | None
    windows: list[str]
    is_online: bool
    published_at: datetime
    position: int


class ItemOnShow(NamedTuple):
    """An item with its figures, None of fewer than `MIN_CASES` applications."""

    item: PublicItem
    figures: Figures | None


@dataclass(frozen=True, slots=True)
class ItemsPage:
    """Service items, by community and title."""

    as_of: AsOf
    items: tuple[ItemOnShow, ...]


@dataclass(frozen=True, slots=True)
class PublicWindow:
    """A window, its hours as `start-end` in minutes from midnight, and how it was booked."""

    window: str
    community: str
    name: str
    address: str | None
    hours: list[str]
    opened_at: datetime
    position: int
    bookings: int
    kept: int
    missed: int
    cancelled: int
    items: list[str]


class WindowOnShow(NamedTuple):
    """A window in a time: how it was manned, and its service outside the hours."""

    window: PublicWindow
    manned: Manned
    uncovered: Rate
    """Minutes of its hours in which nobody was there, of all of them."""
    off_hours_minutes: int
    off_hours_served: int


@dataclass(frozen=True, slots=True)
class WindowsPage:
    """Windows, by community and name, in a month up to the moment of the answer."""

    as_of: AsOf
    month: str
    windows: tuple[WindowOnShow, ...]


@dataclass(frozen=True, slots=True)
class _Roster:
    window: str
    position: int
    first_day: date
    last_day: date
    shifts: list[str]
    published_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class _Time:
    window: str
    position: int
    starts_at: datetime
    ends_at: datetime
    is_covered: bool | None
    people_served: int | None


@dataclass(frozen=True, slots=True)
class _Year:
    year: int
    holidays: list[str]
    workdays: list[str]


async def items(
    connection: AsyncConnection[Any],
    *,
    community: str | None = None,
    item: str | None = None,
    at: datetime | None = None,
) -> ItemsPage:
    """The service items of a community, of all, or the one of that id."""
    async with snapshot(connection, NAME, _TABLES, at) as seen:
        found = await seen.all(PublicItem, _ITEMS, {"community": community, "item": item})
        figures = await seen.all(Figures, _FIGURES, {"community": community})
    of_items = {one.item: one for one in figures}
    shown = (ItemOnShow(one, of_items.get(one.item)) for one in found)
    return ItemsPage(seen.as_of, tuple(shown))


async def windows(
    connection: AsyncConnection[Any],
    *,
    community: str | None = None,
    month: str | None = None,
    at: datetime | None = None,
) -> WindowsPage:
    """The windows of a community, or of all, in a month (`YYYY-MM`): in the present one, unless
    another is named."""
    async with snapshot(connection, NAME, _WINDOW_TABLES, at) as seen:
        moment = seen.as_of.at
        named = month or f"{moment.astimezone(SHANGHAI):%Y-%m}"
        since, until = _of_month(named)
        found = await seen.all(PublicWindow, _WINDOWS, {"community": community})
        span = (since, max(since, min(until, moment)))
        shown = await _manned(seen, found, span)
    return WindowsPage(seen.as_of, named, shown)


async def _manned(
    seen: Snapshot, found: tuple[PublicWindow, ...], span: Span
) -> tuple[WindowOnShow, ...]:
    days = {
        "first": span[0].astimezone(SHANGHAI).date(),
        "last": span[1].astimezone(SHANGHAI).date(),
    }
    rosters = await seen.all(_Roster, _ROSTERS, days)
    times = await seen.all(_Time, _TIMES, {"since": span[0], "until": span[1]})
    calendars = {
        one.year: working_year(one.year, _days(one.holidays), _days(one.workdays))
        for one in await seen.all(_Year, _YEARS)
    }
    return tuple(
        _window_on_show(
            window,
            [one for one in rosters if one.window == window.window],
            [one for one in times if one.window == window.window],
            calendars,
            span,
        )
        for window in found
    )


def _window_on_show(
    window: PublicWindow,
    rosters: list[_Roster],
    times: list[_Time],
    calendars: Calendars,
    span: Span,
) -> WindowOnShow:
    within = (max(span[0], window.opened_at), span[1])
    of_days = [RosterOf(one.first_day, one.last_day, _spans(one.shifts)) for one in rosters]
    absences = [
        ((one.starts_at, one.ends_at), one.is_covered)
        for one in times
        if one.is_covered is not None
    ]
    off_hours = [one for one in times if one.people_served is not None]
    was = manned(_spans(window.hours), of_days, absences, calendars, within)
    lasted = sum(
        int((min(one.ends_at, span[1]) - max(one.starts_at, span[0])).total_seconds() // 60)
        for one in off_hours
    )
    served = sum(one.people_served or 0 for one in off_hours)
    return WindowOnShow(window, was, Rate(was.uncovered_minutes, was.open_minutes), lasted, served)


def _of_month(month: str) -> Span:
    year, number = (int(part) for part in month.split("-"))
    following = (year + 1, 1) if number == 12 else (year, number + 1)
    starts = (datetime(*one, 1, tzinfo=SHANGHAI) for one in ((year, number), following))
    since, until = (one.astimezone(UTC) for one in starts)
    return since, until


def _spans(texts: list[str]) -> tuple[Minutes, ...]:
    parts = (text.partition("-") for text in texts)
    return tuple((int(start), int(end)) for start, _, end in parts)


def _days(texts: list[str]) -> tuple[date, ...]:
    return tuple(map(date.fromisoformat, texts))
