"""Service items, windows, who manned them, and applications against what was promised."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import NamedTuple

from ledger.clocks import TimeUnit
from ledger.domain.rules.calendars import WorkingCalendarEnacted
from ledger.domain.rules.rules import RulesEnacted, in_force
from ledger.domain.services.applications import (
    ApplicationDecided,
    ApplicationFiled,
    ApplicationSigned,
    SupplementReceived,
    SupplementRequested,
)
from ledger.domain.services.bookings import BookingClosed, BookingMade, BookingOutcome
from ledger.domain.services.items import ServiceItemPublished
from ledger.domain.services.windows import (
    DutyCovered,
    DutyRosterPublished,
    OffHoursServed,
    WindowOpened,
)
from ledger.domain.shapes.promises import Promise, PromiseClock
from ledger.event import Recorded
from projections.projection import Key, Projection, Rows
from projections.reference import Reference


class Item(NamedTuple):
    """A service item, as it was published last."""

    item: str
    community: str
    title: str
    basis: str
    conditions: tuple[str, ...]
    materials: tuple[str, ...]
    """Their names."""
    promise_amount: int
    promise_unit: str
    statutory_amount: int | None
    statutory_unit: str | None
    fee_fen: int
    fee_basis: str | None
    windows: tuple[str, ...]
    is_online: bool
    published_at: datetime
    position: int


class Window(NamedTuple):
    """A window, and how often it was booked."""

    window: str
    community: str
    name: str
    address: str | None
    hours: tuple[str, ...]
    """`start-end` in minutes from midnight."""
    opened_at: datetime
    position: int
    bookings: int = 0
    kept: int = 0
    missed: int = 0
    cancelled: int = 0


class Roster(NamedTuple):
    """When somebody was to man a window, never who."""

    window: str
    position: int
    first_day: date
    last_day: date
    shifts: tuple[str, ...]
    """`start-end` in minutes from midnight."""
    published_at: datetime
    recorded_at: datetime
    """Where this is much later, it was entered afterwards."""


class TimeOf(NamedTuple):
    """A time at a window: A was away, or it was open outside its hours. Never who it was."""

    window: str
    position: int
    starts_at: datetime
    ends_at: datetime
    is_covered: bool | None = None
    """Whether B stood in; None of service outside the hours."""
    people_served: int | None = None


class CalendarYear(NamedTuple):
    """A year's working calendar."""

    year: int
    holidays: tuple[str, ...]
    workdays: tuple[str, ...]


class Application(NamedTuple):
    """An application against what was promised when it was filed; never whose it is."""

    application: str
    item: str
    community: str
    filed_at: datetime
    position: int
    promise_amount: int
    promise_unit: str
    statutory_amount: int | None
    statutory_unit: str | None
    is_open: bool = True
    stopped: tuple[str, ...] = ()
    """While it waited for a material, as `start/end`."""
    stopped_since: datetime | None = None
    supplements: tuple[str, ...] = ()
    """What was asked for and has not come."""
    supplement_requests: int = 0
    promise_due_at: datetime | None = None
    statutory_due_at: datetime | None = None
    decided_at: datetime | None = None
    signed_at: datetime | None = None
    elapsed_minutes: int | None = None
    """From filing to the decision, as time passes."""


def _key_of(
    field: str, *, numbered: bool = False
) -> Callable[[Recorded, Reference], Iterable[Key]]:
    """The key that a field names, and the position where there are several of it."""

    def keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
        identity = recorded.event.__dict__[field]
        return ((identity, recorded.position) if numbered else (identity,),)

    return keys


def _apply_item(
    row: Item | None, key: Key, recorded: Recorded, reference: Reference
) -> Item | None:
    event = recorded.event
    if not isinstance(event, ServiceItemPublished):
        return row
    return Item(
        event.item,
        reference.community_of(event.community, recorded.recorded_at),
        event.title,
        event.basis,
        event.conditions,
        tuple(one.name for one in event.materials),
        *_terms(event.promise, event.statutory),
        event.fee_fen,
        event.fee_basis,
        event.windows,
        event.online,
        recorded.occurred_at,
        recorded.position,
    )


def _terms(promise: Promise, statutory: Promise | None) -> tuple[int, str, int | None, str | None]:
    own = (promise.amount, promise.unit.value)
    if statutory is None:
        return (*own, None, None)
    return (*own, statutory.amount, statutory.unit.value)


def _window_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    # A closed booking names its window by its tag alone.
    tags = (tag.partition(":") for tag in recorded.tags)
    return tuple((identity,) for tag_type, _, identity in tags if tag_type == "window")


def _apply_window(
    row: Window | None, key: Key, recorded: Recorded, reference: Reference
) -> Window | None:
    event = recorded.event
    if isinstance(event, WindowOpened):
        hours = tuple(f"{span.start_minute}-{span.end_minute}" for span in event.hours)
        community = reference.community_of(event.community, recorded.recorded_at)
        opened = (community, event.name, event.address, hours)
        return Window(event.window, *opened, recorded.occurred_at, recorded.position)
    if row is None:
        return None
    match event:
        case BookingMade():
            return row._replace(bookings=row.bookings + 1)
        case BookingClosed(outcome=BookingOutcome.KEPT):
            return row._replace(kept=row.kept + 1)
        case BookingClosed(outcome=BookingOutcome.MISSED):
            return row._replace(missed=row.missed + 1)
        case BookingClosed():
            return row._replace(cancelled=row.cancelled + 1)
    return row


def _apply_roster(
    row: Roster | None, key: Key, recorded: Recorded, reference: Reference
) -> Roster | None:
    event = recorded.event
    if not isinstance(event, DutyRosterPublished):
        return row
    shifts = tuple(f"{shift.start_minute}-{shift.end_minute}" for shift in event.shifts)
    days = (event.first_day, event.last_day)
    times = (recorded.occurred_at, recorded.recorded_at)
    return Roster(event.window, recorded.position, *days, shifts, *times)


def _apply_time(
    row: TimeOf | None, key: Key, recorded: Recorded, reference: Reference
) -> TimeOf | None:
    position = recorded.position
    match recorded.event:
        case DutyCovered() as event:
            is_covered = event.covered_by is not None
            return TimeOf(event.window, position, event.starts_at, event.ends_at, is_covered)
        case OffHoursServed() as event:
            told = (event.window, position, event.starts_at, event.ends_at)
            return TimeOf(*told, people_served=event.people_served)
    return row


def _apply_year(
    row: CalendarYear | None, key: Key, recorded: Recorded, reference: Reference
) -> CalendarYear | None:
    event = recorded.event
    if not isinstance(event, WorkingCalendarEnacted):
        return row
    holidays, workdays = (
        tuple(day.isoformat() for day in days) for days in (event.holidays, event.workdays)
    )
    return CalendarYear(event.year, holidays, workdays)


def _apply_application(
    row: Application | None, key: Key, recorded: Recorded, reference: Reference
) -> Application | None:
    event, when = recorded.event, recorded.occurred_at
    if isinstance(event, ApplicationFiled):
        terms = reference.service_items[event.item]
        community = reference.community_of(event.community, recorded.recorded_at)
        begun = Application(
            event.application, event.item, community, when, recorded.position, *_terms(*terms)
        )
        return _timed(begun, PromiseClock(when), reference)
    if row is None:
        return None
    match event:
        case SupplementRequested(materials=materials):
            asked = row._replace(
                supplements=(*row.supplements, *materials),
                supplement_requests=row.supplement_requests + 1,
            )
            return _timed(asked, _clock_of(row).stop(when), reference)
        case SupplementReceived(materials=materials):
            left = tuple(one for one in row.supplements if one not in materials)
            clock = _clock_of(row) if left else _clock_of(row).resume(when)
            return _timed(row._replace(supplements=left), clock, reference)
        case RulesEnacted() | WorkingCalendarEnacted():
            return _timed(row, _clock_of(row), reference)
        case ApplicationDecided():
            elapsed = int((when - row.filed_at).total_seconds() // 60)
            return row._replace(is_open=False, decided_at=when, elapsed_minutes=max(elapsed, 0))
        case ApplicationSigned():
            return row._replace(signed_at=when)
    return row


def _clock_of(row: Application) -> PromiseClock:
    spans = tuple(
        (datetime.fromisoformat(start), datetime.fromisoformat(end))
        for start, _, end in (span.partition("/") for span in row.stopped)
    )
    return PromiseClock(row.filed_at, spans, row.stopped_since)


def _timed(row: Application, clock: PromiseClock, reference: Reference) -> Application:
    """The application with this clock, and when what was promised and what the law allows ends."""
    return row._replace(
        stopped=tuple(f"{start.isoformat()}/{end.isoformat()}" for start, end in clock.stopped),
        stopped_since=clock.stopped_since,
        promise_due_at=_due(clock, row.promise_amount, row.promise_unit, reference),
        statutory_due_at=_due(clock, row.statutory_amount, row.statutory_unit, reference),
    )


def _due(
    clock: PromiseClock, amount: int | None, unit: str | None, reference: Reference
) -> datetime | None:
    pack = in_force(reference.packs, clock.started_at)
    if amount is None or unit is None or pack is None:
        return None
    promise = Promise(amount=amount, unit=TimeUnit(unit))
    return clock.ends(promise, pack.office, reference.calendars)


ITEMS = Rows(
    table="service_item",
    row=Item,
    key=("item",),
    kinds=(ServiceItemPublished,),
    keys=_key_of("item"),
    apply=_apply_item,
)
WINDOWS = Rows(
    table="service_window",
    row=Window,
    key=("window",),
    kinds=(WindowOpened, BookingMade, BookingClosed),
    keys=_window_keys,
    apply=_apply_window,
)
ROSTERS = Rows(
    table="duty_roster",
    row=Roster,
    key=("window", "position"),
    kinds=(DutyRosterPublished,),
    keys=_key_of("window", numbered=True),
    apply=_apply_roster,
    indexes=(("last_day",),),
)
TIMES = Rows(
    table="window_time",
    row=TimeOf,
    key=("window", "position"),
    kinds=(DutyCovered, OffHoursServed),
    keys=_key_of("window", numbered=True),
    apply=_apply_time,
    indexes=(("ends_at",),),
)
YEARS = Rows(
    table="calendar_year",
    row=CalendarYear,
    key=("year",),
    kinds=(WorkingCalendarEnacted,),
    keys=_key_of("year"),
    apply=_apply_year,
)
APPLICATIONS = Rows(
    table="service_application",
    row=Application,
    key=("application",),
    kinds=(
        ApplicationFiled,
        SupplementRequested,
        SupplementReceived,
        ApplicationDecided,
        ApplicationSigned,
    ),
    keys=_key_of("application"),
    apply=_apply_application,
    stirred_by=(RulesEnacted, WorkingCalendarEnacted),
    stirred_while="is_open",
    hidden=("application",),
    indexes=(("item",),),
)
PROJECTION = Projection("windows", 1, (ITEMS, WINDOWS, ROSTERS, TIMES, YEARS, APPLICATIONS))
