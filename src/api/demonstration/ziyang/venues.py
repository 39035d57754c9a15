"""Where the communities meet and serve (阵地, 五小): opened, booked, looked over, closed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final

from api.demonstration import town
from api.demonstration.ziyang.bodies import COMMUNITIES, Community, clerk
from api.demonstration.ziyang.days import CLOSING, at, chance, in_office, working_days
from ledger.decision import Office
from ledger.domain.requests.ratings import RatingTarget, Satisfaction, ServiceRated
from ledger.domain.services.venues import (
    ClosingGround,
    InspectionFinding,
    Opening,
    PlaceBooked,
    PlaceClosed,
    PlaceInspected,
    PlaceOpened,
    PlaceType,
)
from ledger.event import Actor
from ledger.proposal import Proposal

BOOKINGS: Final = 420
_OPENED_AT = at(date(2020, 1, 6), 9)
_NAMES = {
    PlaceType.PARTY_SCHOOL: "社区党校",
    PlaceType.SENIORS_UNIVERSITY: "老年大学",
    PlaceType.MASS_ORGANISATIONS_HOME: "群团之家",
    PlaceType.MEDIATION_ROOM: "调解室",
    PlaceType.VOLUNTEER_CENTRE: "志愿服务中心",
    PlaceType.SHOP: "小商店",
    PlaceType.TUTORING_ROOM: "小辅导室",
    PlaceType.CARE_ROOM: "小照料间",
    PlaceType.FINANCIAL_POINT: "小金融服务点",
    PlaceType.FIRE_POINT: "小消防站",
}
_BOOKED = {
    PlaceType.PARTY_SCHOOL: "party-class",
    PlaceType.SENIORS_UNIVERSITY: "calligraphy-class",
    PlaceType.MASS_ORGANISATIONS_HOME: "handicraft",
    PlaceType.MEDIATION_ROOM: "mediation",
    PlaceType.VOLUNTEER_CENTRE: "volunteer-training",
    PlaceType.TUTORING_ROOM: "homework",
}
_SLOTS = ((8, 30), (10, 0), (14, 30), (16, 0))
_ISSUES = ("extinguisher-expired", "exit-blocked", "hours-not-posted", "wiring-loose")
_HOURS = tuple(
    Opening(weekday=weekday, start_minute=start, end_minute=end)
    for weekday in range(1, 6)
    for start, end in ((480, 720), (840, 1080))
)


def opening() -> Iterator[Proposal]:
    """Nothing: places are opened within the year."""
    return iter(())


def changes() -> Iterator[Proposal]:
    """All ten kinds of place in each community, and a year in them."""
    random = chance("venues")
    for community in COMMUNITIES:
        for number, (type_, name) in enumerate(_NAMES.items(), 1):
            opened = PlaceOpened(
                place=_place(community, type_),
                community=community.committee,
                place_type=type_,
                name=f"{community.name}{name}",
                address=f"{community.name}党群服务中心{number}室",
                run_by=community.committee,
                openings=_HOURS,
            )
            yield Proposal(opened, clerk(community.committee), _OPENED_AT)
            for month in (5, 11):
                yield _inspected(random.random(), community, type_, month)
    shut = PlaceClosed(place=_place(COMMUNITIES[3], PlaceType.SHOP), ground=ClosingGround.UNUSED)
    yield Proposal(shut, clerk(COMMUNITIES[3].committee), at(date(2020, 11, 30), 16))
    yield from _bookings()


def _place(community: Community, type_: PlaceType) -> str:
    return f"place-{community.key}-{type_.value.replace('_', '-')}"


def _inspected(drawn: float, community: Community, type_: PlaceType, month: int) -> Proposal:
    is_fit = drawn < 0.8
    inspected = PlaceInspected(
        place=_place(community, type_),
        finding=InspectionFinding.FIT if is_fit else InspectionFinding.TO_BE_RECTIFIED,
        issues=() if is_fit else (_ISSUES[int(drawn * 100) % len(_ISSUES)],),
    )
    by = clerk("dept-fire") if month == 5 else clerk(community.supervision)
    return Proposal(inspected, by, at(date(2020, month, 12), 9 + int(drawn * 3)))


def _bookings() -> Iterator[Proposal]:
    random = chance("bookings")
    days = [day for day in working_days(date(2020, 1, 20)) if day.isoweekday() <= 5]
    taken: set[tuple[str, datetime]] = set()
    for number in range(BOOKINGS):
        community = random.choice(COMMUNITIES)
        type_ = random.choice(list(_BOOKED))
        day, slot = random.choice(days), random.choice(_SLOTS)
        starts_at = at(day, *slot)
        place = _place(community, type_)
        if (place, starts_at) in taken:
            continue
        taken.add((place, starts_at))
        before = [one for one in working_days() if one < day][-random.randint(1, 5)]
        booking = f"place-booking-2020-{number + 1:03}"
        ends_at = starts_at + timedelta(minutes=90)
        by = _booker(random.random(), community, booking)
        resident = by.principal if by.office == Office.RESIDENT else None
        booked = PlaceBooked(
            place=place,
            booking=booking,
            starts_at=starts_at,
            ends_at=ends_at,
            use=_BOOKED[type_],
            requester=resident,
        )
        yield Proposal(booked, by, in_office(random, before))
        if resident is not None and random.random() < 0.6 and ends_at < CLOSING:
            rated = ServiceRated(
                target_type=RatingTarget.SERVICE_POINT,
                target=booking,
                satisfaction=random.choices(list(Satisfaction), (55, 30, 10, 4, 1))[0],
            )
            yield Proposal(rated, by, ends_at + timedelta(minutes=random.randrange(2, 25)))


def _booker(drawn: float, community: Community, booking: str) -> Actor:
    """A body of the community, or a resident for the time that they are there."""
    if drawn < 0.3:
        return Actor("resident", community.committee, town.random_id(f"books {booking}"))
    return clerk(community.committee) if drawn < 0.8 else clerk(community.branch)
