"""Venues and points (阵地, 五小): where they are, when they are open, and how they are used."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from ledger.domain.requests.ratings import RatingTarget, ServiceRated
from ledger.domain.services.venues import (
    Opening,
    PlaceBooked,
    PlaceClosed,
    PlaceInspected,
    PlaceOpened,
)
from ledger.event import Recorded
from projections.projection import Contribution, Key, Projection, Rows, Tally
from projections.reference import Reference

_MINUTE = timedelta(minutes=1)


class Place(NamedTuple):
    """A place; `hours` are `weekday start end`, in minutes from midnight, Monday being 1."""

    place: str
    community: str
    place_type: str
    name: str
    address: str | None
    run_by: str
    hours: tuple[str, ...]
    opened_at: datetime
    position: int
    inspections: int = 0
    finding: str | None = None
    """Of the latest inspection."""
    issues: tuple[str, ...] = ()
    inspected_at: datetime | None = None
    closed_at: datetime | None = None
    closed_for: str | None = None


class PlaceBooking(NamedTuple):
    """A booked time, the end excluded; for whom it is, nobody is told."""

    booking: str
    place: str
    starts_at: datetime
    ends_at: datetime
    use: str
    satisfaction: str | None = None


class UseGroup(NamedTuple):
    """By what use is summed."""

    place: str


class UseCounts(NamedTuple):
    """What is summed of bookings: each counts from its end on."""

    uses: int = 0
    used_minutes: int = 0


def _place_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return ((recorded.event.__dict__["place"],),)


def _apply_place(
    row: Place | None, key: Key, recorded: Recorded, reference: Reference
) -> Place | None:
    when = recorded.occurred_at
    match recorded.event:
        case PlaceOpened() as event:
            return Place(
                event.place,
                reference.community_of(event.community, recorded.recorded_at),
                event.place_type.value,
                event.name,
                event.address,
                event.run_by,
                tuple(map(_written, event.openings)),
                when,
                recorded.position,
            )
        case PlaceInspected() as event if row:
            return row._replace(
                inspections=row.inspections + 1,
                finding=event.finding.value,
                issues=event.issues,
                inspected_at=when,
            )
        case PlaceClosed(ground=ground) if row:
            return row._replace(closed_at=when, closed_for=ground.value)
    return row


def _written(opening: Opening) -> str:
    return f"{opening.weekday} {opening.start_minute:04} {opening.end_minute:04}"


def _booking_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    event = recorded.event
    if isinstance(event, ServiceRated):
        return ((event.target,),) if event.target_type is RatingTarget.SERVICE_POINT else ()
    return ((event.__dict__["booking"],),)


def _apply_booking(
    row: PlaceBooking | None, key: Key, recorded: Recorded, reference: Reference
) -> PlaceBooking | None:
    match recorded.event:
        case PlaceBooked() as event:
            return PlaceBooking(
                event.booking, event.place, event.starts_at, event.ends_at, event.use
            )
        case ServiceRated(satisfaction=satisfaction) if row:
            return row._replace(satisfaction=satisfaction.value)
    return row


def _contribute(row: PlaceBooking) -> Iterable[Contribution]:
    minutes = (row.ends_at - row.starts_at) // _MINUTE
    return (Contribution(UseGroup(row.place), row.ends_at, UseCounts(1, minutes)),)


PLACES = Rows(
    table="service_place",
    row=Place,
    key=("place",),
    kinds=(PlaceOpened, PlaceInspected, PlaceClosed),
    keys=_place_keys,
    apply=_apply_place,
)
BOOKINGS = Rows(
    table="place_booking",
    row=PlaceBooking,
    key=("booking",),
    kinds=(PlaceBooked, ServiceRated),
    keys=_booking_keys,
    apply=_apply_booking,
    tally=Tally(UseGroup, UseCounts, _contribute),
    hidden=("booking",),
    indexes=(("place", "starts_at"),),
)
PROJECTION = Projection("venues", 1, (PLACES, BOOKINGS))
