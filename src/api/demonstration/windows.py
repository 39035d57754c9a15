"""The demonstration's windows: items, rosters, bookings and applications."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from api.demonstration import town
from ledger.clocks import (
    SHANGHAI,
    TimeUnit,
    local_day,
    office_day,
    working_time_between,
    working_year,
)
from ledger.domain.rules.calendars import WorkingCalendarEnacted
from ledger.domain.rules.rules import OfficeHours
from ledger.domain.services.applications import (
    ApplicationDecided,
    ApplicationFiled,
    ApplicationPrechecked,
    ApplicationSigned,
    SupplementReceived,
    SupplementRequested,
)
from ledger.domain.services.bookings import BookingClosed, BookingMade, BookingOutcome
from ledger.domain.services.items import Material, ServiceItemPublished
from ledger.domain.services.windows import (
    DutyRosterPublished,
    OffHoursServed,
    Shift,
    WindowOpened,
)
from ledger.domain.shapes.promises import Promise
from ledger.event import Actor, Event
from ledger.proposal import Proposal

_RIVERSIDE = "committee-riverside"
_WINDOW, _ITEM = "window-riverside-1", "item-residence-proof"
_A, _B = town.COMMITTEE.principal, town.COMMITTEE_B.principal
_SPANS = ((480, 720), (840, 1080))
_OFFICE = office_day(_SPANS)
_DAYS = TimeUnit.WORKING_DAYS


class _Applied(NamedTuple):
    """An application of so many days ago: hours until a material was asked for, until it came, and
    until it was decided; None where that has not happened."""

    days_ago: int
    asked: float | None = None
    received: float | None = None
    decided: float | None = None


_APPLICATIONS = (
    _Applied(24, decided=26),
    _Applied(22, decided=50),
    _Applied(19, 3, 95, 120),
    _Applied(17, decided=29),
    _Applied(14, decided=170),
    _Applied(12, decided=5),
    _Applied(9),
    _Applied(2, 4),
)


def windows(now: datetime) -> Iterator[Iterator[Proposal]]:
    """All of it by `now` (aware), each matter apart."""
    opened = now - timedelta(days=27)
    yield _opened(opened)
    for index, applied in enumerate(_APPLICATIONS, 1):
        yield _application(f"application-{index:03}", applied, now)
    yield _at_noon(now)
    for days_ago, hour in ((6, 10), (-2, 11)):
        yield _booked(
            f"window-booking-{hour}", _working_day(now - timedelta(days=days_ago)), hour, now
        )


def _opened(when: datetime) -> Iterator[Proposal]:
    hours = tuple(OfficeHours(start_minute=start, end_minute=end) for start, end in _SPANS)
    people = ((_A, _B), (_B, _A))
    shifts = tuple(
        Shift(start_minute=start, end_minute=end, a=a, b=b)
        for (start, end), (a, b) in zip(_SPANS, people, strict=True)
    )
    first = local_day(when)
    begun: tuple[Event, ...] = (
        WindowOpened(
            window=_WINDOW,
            community=_RIVERSIDE,
            name="综合窗口",
            address="便民服务大厅",
            hours=hours,
        ),
        _item(_ITEM, "居住证明", ("身份证", "租房合同"), Promise(amount=3, unit=_DAYS)),
        _item("item-old-age-card", "老年人优待证", ("身份证",), Promise(amount=1, unit=_DAYS)),
        DutyRosterPublished(
            window=_WINDOW, first_day=first, last_day=first + timedelta(days=60), shifts=shifts
        ),
    )
    for event in begun:
        yield Proposal(event, town.COMMITTEE, when)


def _item(
    item: str, title: str, materials: tuple[str, ...], promise: Promise
) -> ServiceItemPublished:
    return ServiceItemPublished(
        item=item,
        community=_RIVERSIDE,
        title=title,
        basis="示范县社区服务事项目录",
        materials=tuple(
            Material(code=f"material-{number}", name=name)
            for number, name in enumerate(materials, 1)
        ),
        statutory=Promise(amount=10, unit=_DAYS),
        promise=promise,
        windows=(_WINDOW,),
        online=True,
    )


def _application(application: str, applied: _Applied, now: datetime) -> Iterator[Proposal]:
    filed = now - timedelta(days=applied.days_ago)
    resident = town.random_id(application)
    of_item: dict[str, Any] = {"item": _ITEM, "community": _RIVERSIDE, "requester": resident}
    clerk, material = town.COMMITTEE, ("material-2",)
    steps: tuple[tuple[Event, Actor, float | None], ...] = (
        (ApplicationPrechecked(application=application, **of_item), clerk, -1),
        (ApplicationFiled(application=application, **of_item), clerk, 0),
        (SupplementRequested(application=application, materials=material), clerk, applied.asked),
        (SupplementReceived(application=application, materials=material), clerk, applied.received),
        (ApplicationDecided(application=application, is_granted=True), clerk, applied.decided),
        (
            ApplicationSigned(application=application),
            town.CHANNEL._replace(principal=resident),
            None if applied.decided is None else applied.decided + 2,
        ),
    )
    for event, actor, hours in steps:
        if hours is not None:
            yield Proposal(event, actor, filed + timedelta(hours=hours))


def _at_noon(now: datetime) -> Iterator[Proposal]:
    for days_ago in (20, 13, 6):
        noon = (now - timedelta(days=days_ago)).astimezone(SHANGHAI)
        noon = noon.replace(hour=12, minute=15, second=0, microsecond=0)
        until = noon + timedelta(minutes=75)
        event = OffHoursServed(
            window=_WINDOW, starts_at=noon, ends_at=until, people_served=days_ago // 3
        )
        yield Proposal(event, town.COMMITTEE_B, until)


def _working_day(around: datetime) -> datetime:
    """The first working day from a moment on, by the calendars that the town begins with."""
    calendars = {
        event.year: working_year(event.year, event.holidays, event.workdays)
        for event in town.opening()
        if isinstance(event, WorkingCalendarEnacted)
    }
    day = around.astimezone(SHANGHAI).replace(hour=8, minute=0, second=0, microsecond=0)
    while not working_time_between(day, day + timedelta(hours=1), _OFFICE, calendars).time:
        day += timedelta(days=1)
    return day


def _booked(booking: str, day: datetime, hour: int, now: datetime) -> Iterator[Proposal]:
    start = day.replace(hour=hour)
    resident = town.random_id(booking)
    made = BookingMade(
        window=_WINDOW, booking=booking, community=_RIVERSIDE, item=_ITEM, requester=resident,
        starts_at=start, ends_at=start + timedelta(minutes=20),
    )  # fmt: skip
    yield Proposal(made, town.COMMITTEE, min(start, now) - timedelta(days=3))
    kept = BookingClosed(booking=booking, outcome=BookingOutcome.KEPT)
    yield Proposal(kept, town.COMMITTEE, start + timedelta(minutes=5))
