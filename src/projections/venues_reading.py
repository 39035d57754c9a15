"""What is shown of venues and points: hours, use, rating, inspections, and when they are taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from ledger.domain.services.venues import PlaceType
from projections.reading import AsOf, Rate, snapshot

NAME = "venues"
_PLACES = """select place, community, place_type, name, address, run_by, hours, opened_at, position,
    inspections, finding, issues, inspected_at, closed_at, closed_for,
    coalesce(uses, 0) as uses, coalesce(used_minutes, 0) as used_minutes,
    coalesce(rated, 0) as rated, coalesce(satisfied, 0) as satisfied
    from service_place
    left join (select place, sum(uses)::bigint as uses, sum(used_minutes)::bigint as used_minutes
        from place_booking_tally where effective_from <= %(at)s group by place) as use using (place)
    left join (select place, count(*) as rated, count(*) filter (where satisfaction in
        ('very_satisfied', 'satisfied', 'fairly_satisfied')) as satisfied
        from place_booking where satisfaction is not null group by place) as judged using (place)
    where (%(place)s::text is null or place = %(place)s)
    and (%(community)s::text is null or community = %(community)s)
    and (%(place_type)s::text is null or place_type = %(place_type)s)
    order by closed_at is not null, community, place_type, name, place limit %(limit)s"""
_AHEAD = """select starts_at, ends_at, use from place_booking
    where place = %(place)s and ends_at > %(at)s order by starts_at limit %(limit)s"""
MAX_AHEAD = 100


@dataclass(frozen=True, slots=True)
class PublicPlace:
    """A place; `hours` are `weekday start end` in minutes from midnight, Monday being 1.

    What was booked counts as use once its time is over.
    """

    place: str
    community: str
    place_type: str
    name: str
    address: str | None
    run_by: str
    hours: list[str]
    opened_at: datetime
    position: int
    inspections: int
    finding: str | None
    issues: list[str]
    inspected_at: datetime | None
    closed_at: datetime | None
    closed_for: str | None
    uses: int
    used_minutes: int
    rated: int
    satisfied: int

    @property
    def satisfaction(self) -> Rate:
        """Those who were satisfied at all, of those who said so or not."""
        return Rate(self.satisfied, self.rated)


@dataclass(frozen=True, slots=True)
class Taken:
    """A time at which a place is somebody's."""

    starts_at: datetime
    ends_at: datetime
    use: str


@dataclass(frozen=True, slots=True)
class PlacesPage:
    """The places, those that are open first."""

    as_of: AsOf
    places: tuple[PublicPlace, ...]


@dataclass(frozen=True, slots=True)
class PlaceRecord:
    """One place, None when there is none of this id, and the times ahead that are taken."""

    as_of: AsOf
    place: PublicPlace | None
    ahead: tuple[Taken, ...]


_TABLES = ("service_place", "place_booking", "place_booking_tally")


async def places(
    connection: AsyncConnection[Any],
    *,
    community: str | None = None,
    place_type: PlaceType | None = None,
    at: datetime | None = None,
) -> PlacesPage:
    """The places of a community or of one type, or all."""
    values = {"place": None, "community": community, "place_type": place_type}
    async with snapshot(connection, NAME, _TABLES, at) as seen:
        found = await seen.all(PublicPlace, _PLACES, values)
    return PlacesPage(seen.as_of, found)


async def place(
    connection: AsyncConnection[Any], identity: str, *, at: datetime | None = None
) -> PlaceRecord:
    """One place with what is booked there from now on."""
    values = {"place": identity, "community": None, "place_type": None}
    async with snapshot(connection, NAME, _TABLES, at) as seen:
        found = await seen.one(PublicPlace, _PLACES, values)
        ahead = await seen.all(Taken, _AHEAD, {"place": identity}, MAX_AHEAD)
    return PlaceRecord(seen.as_of, found, ahead)
