"""Bookings (预约): a time at a window is one resident's alone, and is kept, missed or cancelled."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import Field

from ledger.decision import Office, Situation
from ledger.domain.requests.requests import BY_COMMUNITY, BY_HOTLINE, BY_RESIDENT, precedes
from ledger.domain.services.items import ServiceItem, known_item
from ledger.domain.services.requesters import conflicted
from ledger.domain.services.venues import Slot
from ledger.domain.services.windows import TimeAtWindow, Window, of_its_community
from ledger.domain.town.organisations import COMMUNITIES, Organisation, foreign_community
from ledger.event import (
    Event,
    Folds,
    Id,
    PersonalContact,
    PersonalName,
    Recorded,
    mint_random_id,
)
from ledger.refusals import Forbidden, Refusal, Unacceptable, UnknownReference, WrongState

MAX_AHEAD = timedelta(days=60)


class BookingOutcome(StrEnum):
    """What became of a booking."""

    KEPT = "kept"
    """已到场"""
    MISSED = "missed"
    """爽约"""
    CANCELLED = "cancelled"
    """已取消"""


class WindowBooking(NamedTuple):
    """A booked time at a window, as of its history."""

    window: str
    community: str
    requester: str
    slot: Slot
    booked_at: datetime
    outcome: BookingOutcome | None = None


class BookingMade(TimeAtWindow):
    """窗口预约: a resident books a time at a window."""

    kind = "booking_made"
    term = "窗口预约"
    proposers = (BY_RESIDENT, BY_COMMUNITY, BY_HOTLINE)
    creates = ("window_booking", "booking")
    example = {
        "window": "window-riverside-1",
        "starts_at": "2026-03-04T09:00:00+08:00",
        "ends_at": "2026-03-04T09:20:00+08:00",
        "booking": "5b0c9c2e-4d0f-4c5a-9f0e-2f4a7c1d8e90",
        "community": "committee-riverside",
        "item": "item-riverside-residence-proof",
        "requester": "b0d0f7a2-5a55-4b0e-9d7c-1f5a8f0e2c11",
        "telephone": "（本人电话）",
    }

    booking: Id = Field(default_factory=mint_random_id)
    """The booking's id; random, so that it tells no time."""
    community: Id
    """The community whose window it is."""
    item: Id | None = None
    """The service item for which the resident comes."""
    requester: Id = Field(default_factory=mint_random_id)
    """The random id under which the resident stands in this booking alone."""
    name: PersonalName | None = None
    """The resident's."""
    telephone: PersonalContact | None = None
    """The resident's."""

    def tags(self) -> tuple[str, ...]:
        return (f"window:{self.window}", f"window_booking:{self.booking}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        item = () if self.item is None else (f"service_item:{self.item}",)
        return (*super().boundary(state), *self.tags(), *item)

    def sealed_under(self) -> str:
        return f"window_booking:{self.booking}"

    def decide(self, situation: Situation) -> Refusal | None:
        window = self.own_window(situation)
        if not isinstance(window, Window):
            return window
        if self.community != window.community:
            return Unacceptable(
                "window_of_another_community",
                f"window {self.window} belongs to {window.community}",
                window.community,
                "community",
            )
        return (
            conflicted(situation, self.requester, "requester")
            or self.no_such_time(situation)
            or self._unfit_item(situation)
            or self._unfit_time(situation, window)
            or self._taken(window)
        )

    def _unfit_item(self, situation: Situation) -> Refusal | None:
        if self.item is None:
            return None
        item = known_item(situation, self.item)
        return item.not_served(self.window, "item") if isinstance(item, ServiceItem) else item

    def _unfit_time(self, situation: Situation, window: Window) -> Refusal | None:
        earliest, latest = situation.occurred_at, situation.occurred_at + MAX_AHEAD
        if not earliest <= self.starts_at <= latest:
            return Unacceptable(
                "not_to_be_booked",
                "the time has begun, or lies too far ahead",
                f"a time from {earliest.isoformat()} to {latest.isoformat()}",
                "starts_at",
            )
        if window.is_open_for(self.slot, self.calendars(situation)):
            return None
        return Unacceptable(
            "outside_the_hours",
            f"window {self.window} is not open for all of that time",
            "a time within one span of its hours, on a working day",
            "starts_at",
        )

    def _taken(self, window: Window) -> Refusal | None:
        for _, slot in window.booked:
            if slot.overlaps(self.slot):
                return WrongState(
                    "booked_already",
                    f"booked from {slot.starts_at.isoformat()} to {slot.ends_at.isoformat()}",
                    "a time that has no moment in common with another booking",
                    "starts_at",
                )
        return None


class BookingClosed(Event):
    """A booking is kept, missed, or cancelled before it begins."""

    kind = "booking_closed"
    term = "预约了结"
    proposers = (BY_RESIDENT, BY_COMMUNITY, BY_HOTLINE)
    example = {"booking": "5b0c9c2e-4d0f-4c5a-9f0e-2f4a7c1d8e90", "outcome": "kept"}

    booking: Id
    """The booking."""
    outcome: BookingOutcome
    """What became of it; the resident and the hotline cancel alone."""

    def tags(self) -> tuple[str, ...]:
        return (f"window_booking:{self.booking}",)

    def concerns(self, situation: Situation) -> tuple[str, ...]:
        """The window, whose time a cancelled booking gives back."""
        booking: WindowBooking = situation.state(f"window_booking:{self.booking}")
        return (f"window:{booking.window}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        known: WindowBooking | None = state(f"window_booking:{self.booking}")
        if known is None:
            return self.tags()
        window = f"window:{known.window}"
        return (*self.tags(), window, *of_its_community(known.window, state))

    def decide(self, situation: Situation) -> Refusal | None:
        booking: WindowBooking | None = situation.state(f"window_booking:{self.booking}")
        if booking is None:
            return UnknownReference(
                "unknown_booking",
                f"booking {self.booking} is not in this ledger",
                "one that was made",
                "booking",
            )
        if booking.outcome is not None:
            return WrongState(
                "booking_over", f"the booking is {booking.outcome}", "an open one", "booking"
            )
        if situation.precedes(booking.booked_at):
            return precedes(booking.booked_at)
        return (
            conflicted(situation, booking.requester, "booking")
            or foreign_community(situation, booking.community, "booking")
            or self._unfit(situation, booking)
        )

    def _unfit(self, situation: Situation, booking: WindowBooking) -> Refusal | None:
        is_cancelled = self.outcome is BookingOutcome.CANCELLED
        actor = situation.actor
        acting: Organisation = situation.state(f"organisation:{actor.organisation}")
        is_at_window = actor.office != Office.RESIDENT and acting.type in COMMUNITIES
        if not is_cancelled and not is_at_window:
            return Forbidden(
                "said_at_the_window",
                "whether somebody came is said at the window",
                f"{BookingOutcome.CANCELLED}, or the community",
                "outcome",
            )
        begins = booking.slot.starts_at
        if is_cancelled and situation.occurred_at >= begins:
            return WrongState(
                "begun_already",
                f"the booked time began at {begins.isoformat()}",
                f"{BookingOutcome.KEPT} or {BookingOutcome.MISSED}",
                "outcome",
            )
        if not is_cancelled and situation.occurred_at < begins:
            return WrongState(
                "not_begun",
                f"the booked time begins at {begins.isoformat()}",
                f"{BookingOutcome.CANCELLED}, or an act from then on",
                "outcome",
            )
        return None


def evolve_booking(
    state: WindowBooking | None, tag: str, recorded: Recorded
) -> WindowBooking | None:
    """The booking as it was made, and what became of it."""
    match recorded.event:
        case BookingMade() as event:
            slot, when = event.slot, recorded.occurred_at
            return WindowBooking(event.window, event.community, event.requester, slot, when)
        case BookingClosed(outcome=outcome) if state:
            return state._replace(outcome=outcome)
    return state


def evolve_booked(state: Window | None, tag: str, recorded: Recorded) -> Window | None:
    """The window with the times that are taken."""
    match recorded.event:
        case BookingMade() as event if state:
            kept = state.without(recorded.recorded_at)
            return kept._replace(booked=(*kept.booked, (event.booking, event.slot)))
        case BookingClosed(booking=booking, outcome=BookingOutcome.CANCELLED) if state:
            left = tuple(one for one in state.booked if one[0] != booking)
            return state._replace(booked=left)
    return state


KINDS = (BookingMade, BookingClosed)
FOLDS: Folds = {"window_booking": (evolve_booking, KINDS), "window": (evolve_booked, KINDS)}
