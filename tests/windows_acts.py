"""Acts at service windows in the test town on paper, each in a usual form."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from typing import Any

from ledger.clocks import TimeUnit
from ledger.domain.rules.rules import OfficeHours
from ledger.domain.services.applications import (
    Application,
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
    DutyCovered,
    DutyRosterPublished,
    OffHoursServed,
    Shift,
    Window,
    WindowOpened,
)
from ledger.domain.shapes.promises import Promise
from ledger.event import Actor
from ledger.proposal import Proposal
from tests.paper_ledger import PaperLedger
from tests.request_acts import on, town
from tests.town import COMMITTEE, COMMITTEE_B, RESIDENT

A, B = COMMITTEE.principal, COMMITTEE_B.principal
"""Who mans the window of `opened()`, and who stands in."""
HOURS = (
    OfficeHours(start_minute=480, end_minute=720),
    OfficeHours(start_minute=840, end_minute=1080),
)
APPLICATION = "application-1"


def days(amount: int, unit: TimeUnit = TimeUnit.WORKING_DAYS) -> Promise:
    """So many working days."""
    return Promise(amount=amount, unit=unit)


@cache
def _served() -> PaperLedger:
    return town(opened(), published())


def serving(*proposals: Proposal) -> PaperLedger:
    """The test town with a window and an item of the first community, after these acts; it is the
    morning of Monday, 2 March 2026."""
    paper = _served().copy()
    paper.accept(*proposals)
    return paper


def window(paper: PaperLedger, identity: str = "window-1") -> Window:
    """The window as the ledger has folded it."""
    found: Window = paper.states[f"window:{identity}"]
    return found


def application(paper: PaperLedger, identity: str = APPLICATION) -> Application:
    """The application as the ledger has folded it."""
    found: Application = paper.states[f"application:{identity}"]
    return found


def opened(actor: Actor = COMMITTEE, **changes: Any) -> Proposal:
    """A window of the first community, open in office hours."""
    body: dict[str, Any] = {
        "window": "window-1",
        "community": "committee-1",
        "name": "综合窗口",
        "hours": HOURS,
        **changes,
    }
    return Proposal(WindowOpened(**body), actor)


def published(actor: Actor = COMMITTEE, **changes: Any) -> Proposal:
    """An item within three working days, where the law allows fifteen; with two materials."""
    body: dict[str, Any] = {
        "item": "item-1",
        "community": "committee-1",
        "title": "居住证明",
        "basis": "《居住证暂行条例》第九条",
        "materials": (
            Material(code="identity-card", name="身份证"),
            Material(code="lease", name="租房合同"),
        ),
        "statutory": days(15),
        "promise": days(3),
        "windows": ("window-1",),
        "online": True,
        **changes,
    }
    return Proposal(ServiceItemPublished(**body), actor)


def shift(start: int = 480, end: int = 720, a: str = A, b: str = B) -> Shift:
    """A morning, unless other minutes are given."""
    return Shift(start_minute=start, end_minute=end, a=a, b=b)


def rostered(actor: Actor = COMMITTEE, **changes: Any) -> Proposal:
    """The mornings of March by the clerk, the afternoons by the other one."""
    body: dict[str, Any] = {
        "window": "window-1",
        "first_day": date(2026, 3, 2),
        "last_day": date(2026, 3, 31),
        "shifts": (shift(), shift(840, 1080, B, A)),
        **changes,
    }
    return Proposal(DutyRosterPublished(**body), actor)


def covered(
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    actor: Actor = COMMITTEE,
    **changes: Any,
) -> Proposal:
    """The clerk is away from nine to ten on that Monday, and the other one stands in."""
    body: dict[str, Any] = {
        "window": "window-1",
        "starts_at": starts_at or on(3, 2, 9),
        "ends_at": ends_at or on(3, 2, 10),
        "absent": A,
        "covered_by": B,
        **changes,
    }
    return Proposal(DutyCovered(**body), actor)


def off_hours(
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    actor: Actor = COMMITTEE,
    **changes: Any,
) -> Proposal:
    """The Sunday before, from nine to eleven."""
    body: dict[str, Any] = {
        "window": "window-1",
        "starts_at": starts_at or on(3, 1, 9),
        "ends_at": ends_at or on(3, 1, 11),
        "people_served": 4,
        **changes,
    }
    return Proposal(OffHoursServed(**body), actor)


def booked(
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    actor: Actor = COMMITTEE,
    **changes: Any,
) -> Proposal:
    """The Tuesday after, from nine to half past."""
    body: dict[str, Any] = {
        "window": "window-1",
        "booking": "booking-1",
        "community": "committee-1",
        "starts_at": starts_at or on(3, 3, 9),
        "ends_at": ends_at or on(3, 3, 9, 30),
        "requester": RESIDENT.principal,
        **changes,
    }
    return Proposal(BookingMade(**body), actor)


def closed(
    outcome: BookingOutcome = BookingOutcome.CANCELLED,
    actor: Actor = COMMITTEE,
    booking: str = "booking-1",
) -> Proposal:
    """What became of the booking."""
    return Proposal(BookingClosed(booking=booking, outcome=outcome), actor)


def _applying(changes: dict[str, Any]) -> dict[str, Any]:
    return {
        "application": APPLICATION,
        "item": "item-1",
        "community": "committee-1",
        "requester": RESIDENT.principal,
        **changes,
    }


def prechecked(actor: Actor = COMMITTEE, **changes: Any) -> Proposal:
    """A look at what the resident has."""
    return Proposal(ApplicationPrechecked(**_applying(changes)), actor)


def filed(actor: Actor = COMMITTEE, **changes: Any) -> Proposal:
    """An application of the resident, online."""
    return Proposal(ApplicationFiled(**_applying(changes)), actor)


def asked(*materials: str, actor: Actor = COMMITTEE, **changes: Any) -> Proposal:
    """The materials that are missing; the lease, unless others are named."""
    body: dict[str, Any] = {"application": APPLICATION, **changes}
    return Proposal(SupplementRequested(materials=materials or ("lease",), **body), actor)


def received(*materials: str, actor: Actor = COMMITTEE, **changes: Any) -> Proposal:
    """The materials that came; the lease, unless others are named."""
    body: dict[str, Any] = {"application": APPLICATION, **changes}
    return Proposal(SupplementReceived(materials=materials or ("lease",), **body), actor)


def decided(actor: Actor = COMMITTEE, **changes: Any) -> Proposal:
    """The decision: granted, unless it is said otherwise."""
    body: dict[str, Any] = {"application": APPLICATION, "is_granted": True, **changes}
    return Proposal(ApplicationDecided(**body), actor)


def signed(actor: Actor = RESIDENT, **changes: Any) -> Proposal:
    """The resident's signature for it."""
    body: dict[str, Any] = {"application": APPLICATION, **changes}
    return Proposal(ApplicationSigned(**body), actor)
