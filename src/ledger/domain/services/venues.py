"""Venues and points (阵地, 五小): where a community's people meet and are served, and for whom."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from ledger.clocks import SHANGHAI
from ledger.decision import Office, OrganisationType, Situation, principal_tag, standing
from ledger.domain.requests.dispatching import BY_COUNTY
from ledger.domain.requests.ratings import ServiceRated
from ledger.domain.requests.requests import BY_COMMUNITY, BY_RESIDENT, CLERKS, precedes
from ledger.domain.services.requesters import conflicted, rated_by
from ledger.domain.town.organisations import (
    BY_TOWN_OFFICE,
    COMMUNITIES,
    Organisation,
    foreign_community,
    unknown_organisation,
)
from ledger.domain.town.people import Principal
from ledger.event import (
    Event,
    EventModel,
    Folds,
    Id,
    Instant,
    Line,
    PersonalContact,
    Recorded,
    mint_id,
)
from ledger.refusals import Forbidden, Refusal, Unacceptable, UnknownReference, WrongState

MAX_OPENINGS = 28
"""Spans of a week: four on each of its days."""
MAX_ISSUES = 20
BY_GUEST = standing(
    (Office.SECRETARY, *CLERKS),
    OrganisationType.GENERAL_BRANCH,
    OrganisationType.INDUSTRY_BRANCH,
    OrganisationType.PARTY_SUBGROUP,
    OrganisationType.RESIDENT_UNIT,
    OrganisationType.ENTERPRISE,
    OrganisationType.SOCIAL_ORGANISATION,
)
_INSPECTORS = (
    BY_TOWN_OFFICE,
    BY_COUNTY,
    BY_COMMUNITY,
    standing(
        (Office.SECRETARY, Office.COMMITTEE_MEMBER, *CLERKS), OrganisationType.RESIDENTS_SUPERVISION
    ),
    standing(CLERKS, OrganisationType.DEPARTMENT),
)


class PlaceType(StrEnum):
    """What a place is: the first five are venues (阵地), the others the five points (五小)."""

    PARTY_SCHOOL = "party_school"
    """社区党校"""
    SENIORS_UNIVERSITY = "seniors_university"
    """老年大学"""
    MASS_ORGANISATIONS_HOME = "mass_organisations_home"
    """群团之家"""
    MEDIATION_ROOM = "mediation_room"
    """调解室"""
    VOLUNTEER_CENTRE = "volunteer_centre"
    """志愿服务中心"""
    SHOP = "shop"
    """小商店"""
    TUTORING_ROOM = "tutoring_room"
    """小辅导室"""
    CARE_ROOM = "care_room"
    """小照料间"""
    FINANCIAL_POINT = "financial_point"
    """小金融服务点"""
    FIRE_POINT = "fire_point"
    """小消防站"""


class InspectionFinding(StrEnum):
    """What an inspection came to."""

    FIT = "fit"
    """合格"""
    TO_BE_RECTIFIED = "to_be_rectified"
    """限期整改"""


class ClosingGround(StrEnum):
    """Why a place is closed."""

    MOVED = "moved"
    """迁址"""
    MERGED = "merged"
    """合并"""
    UNUSED = "unused"
    """使用率低"""
    UNFIT = "unfit"
    """不合格"""


class Opening(EventModel):
    """A span of a weekday on which a place is open, in Shanghai; the end is excluded."""

    weekday: Annotated[int, Field(ge=1, le=7)]
    """1 is Monday."""
    start_minute: Annotated[int, Field(ge=0, le=1440)]
    """When it begins, in minutes from midnight."""
    end_minute: Annotated[int, Field(ge=0, le=1440)]
    """When it ends; 1440 is midnight."""

    def covers(self, starts_at: datetime, ends_at: datetime) -> bool:
        """Whether a time from its start to its end, of one day, lies within the span."""
        start, end = (moment.astimezone(SHANGHAI) for moment in (starts_at, ends_at))
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
        minutes = [(moment - midnight).total_seconds() / 60 for moment in (start, end)]
        return (
            start.isoweekday() == self.weekday
            and self.start_minute <= minutes[0]
            and minutes[1] <= self.end_minute
        )


class Slot(NamedTuple):
    """A booked time; the end is excluded."""

    starts_at: datetime
    ends_at: datetime

    def overlaps(self, other: Slot) -> bool:
        """Whether the two have a moment in common."""
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


class Place(NamedTuple):
    """A place as of its history."""

    community: str
    run_by: str
    opened_by: str
    """The principal who entered it."""
    openings: tuple[Opening, ...]
    opened_at: datetime
    latest: datetime
    slots: tuple[Slot, ...] = ()
    is_closed: bool = False


class Booking(NamedTuple):
    """A booked time as of its history."""

    place: str
    organisation: str
    """The body that booked, or whose channel the resident used."""
    requester: str | None
    slot: Slot
    is_rated: bool = False

    @property
    def community(self) -> str:
        """The body with which it is."""
        return self.organisation

    def not_rateable(self, situation: Situation, field: str) -> Refusal | None:
        """Why the actor may not rate it, or not now."""
        actor: Organisation = situation.state(f"organisation:{situation.actor.organisation}")
        if situation.actor.office != Office.RESIDENT and actor.type in COMMUNITIES:
            return Forbidden(
                "host_rates",
                f"{situation.actor.organisation} does not rate a community's place",
                "the resident who was there, or the hotline on their word",
                field,
            )
        is_over = situation.occurred_at >= self.slot.ends_at
        return rated_by(
            situation, self.requester, is_over=is_over, is_rated=self.is_rated, field=field
        )


class OfPlace(Event):
    """What the acts at a place have in common."""

    place: Id
    """The place."""

    def tags(self) -> tuple[str, ...]:
        return (f"place:{self.place}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        known: Place | None = state(f"place:{self.place}")
        bodies = () if known is None else (f"organisation:{known.community}",)
        return (*self.tags(), *bodies)

    def open_place(self, situation: Situation) -> Place | Refusal:
        """The place, or why this actor may do nothing there."""
        found: Place | None = situation.state(f"place:{self.place}")
        if found is None:
            return UnknownReference(
                "unknown_place", f"place {self.place} is not in this ledger", "an opened one",
                "place",
            )  # fmt: skip
        if found.is_closed:
            return WrongState(
                "place_closed", f"place {self.place} is closed", "a place that is open", "place"
            )
        if situation.precedes(found.opened_at):
            return precedes(found.opened_at)
        return foreign_community(situation, found.community, "place") or found


class PlaceOpened(Event):
    """A community opens a venue or a point, and says when it is open and who runs it."""

    kind = "place_opened"
    term = "阵地启用"
    proposers = (BY_COMMUNITY, BY_TOWN_OFFICE)
    creates = ("place", "place")
    example = {
        "place": "place-riverside-university",
        "community": "committee-riverside",
        "place_type": "seniors_university",
        "name": "河堤路社区老年大学",
        "address": "河堤路 1 号 2 楼",
        "run_by": "committee-riverside",
        "openings": [{"weekday": 1, "start_minute": 480, "end_minute": 720}],
    }

    place: Id = Field(default_factory=mint_id)
    """The place's id."""
    community: Id
    """The community that it serves: its Party branch or its residents' committee."""
    place_type: PlaceType
    """What it is."""
    name: Line
    """Its name, as it is shown."""
    address: Line | None = None
    """Where residents find it."""
    run_by: Id
    """The organisation that runs it, which does not inspect it."""
    openings: Annotated[tuple[Opening, ...], Field(min_length=1, max_length=MAX_OPENINGS)]
    """When it is open; it can be booked within one of them."""

    def tags(self) -> tuple[str, ...]:
        return (f"place:{self.place}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*self.tags(), f"organisation:{self.community}", f"organisation:{self.run_by}")

    def decide(self, situation: Situation) -> Refusal | None:
        return (
            unknown_organisation(situation, self.community, "community", *COMMUNITIES)
            or unknown_organisation(situation, self.run_by, "run_by")
            or foreign_community(situation, self.community, "community")
            or self._openings_overlap()
        )

    def _openings_overlap(self) -> Refusal | None:
        latest = (0, 0)
        for one in sorted(self.openings, key=lambda one: (one.weekday, one.start_minute)):
            start = (one.weekday, one.start_minute)
            if start < latest or one.end_minute <= one.start_minute:
                return Unacceptable(
                    "openings_overlap",
                    "hours overlap or end before they start",
                    "spans that each end after they start, and have no minute in common",
                    "openings",
                )
            latest = (one.weekday, one.end_minute)
        return None


class PlaceBooked(OfPlace):
    """阵地预约: a time at a place is somebody's alone."""

    kind = "place_booked"
    term = "阵地预约"
    proposers = (BY_COMMUNITY, BY_GUEST, BY_RESIDENT)
    creates = ("place_booking", "booking")
    example = {
        "place": "place-riverside-university",
        "booking": "place-booking-0012",
        "starts_at": "2026-03-09T08:30:00+08:00",
        "ends_at": "2026-03-09T10:00:00+08:00",
        "use": "calligraphy-class",
        "telephone": "（本人电话）",
    }

    booking: Id = Field(default_factory=mint_id)
    """The booking's id."""
    starts_at: Instant
    """From when on."""
    ends_at: Instant
    """Until when; excluded, so that the next booking may begin then."""
    use: Id
    """What for, in a code of the town's own, such as calligraphy-class."""
    requester: Id | None = None
    """The random id of the resident for whom it is; absent: for the organisation that books."""
    telephone: PersonalContact | None = None
    """Where whoever comes is reached."""

    def tags(self) -> tuple[str, ...]:
        return (f"place:{self.place}", f"place_booking:{self.booking}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*super().boundary(state), f"place_booking:{self.booking}")

    def sealed_under(self) -> str:
        return f"place_booking:{self.booking}"

    def decide(self, situation: Situation) -> Refusal | None:
        place = self.open_place(situation)
        if not isinstance(place, Place):
            return place
        return (
            conflicted(situation, self.requester, "requester")
            or self._unfit(situation, place)
            or self._taken(place)
        )

    def _unfit(self, situation: Situation, place: Place) -> Refusal | None:
        if self.ends_at <= self.starts_at:
            return Unacceptable(
                "ends_before_it_starts",
                "the booked time ends before it starts",
                f"a time after {self.starts_at.isoformat()}",
                "ends_at",
            )
        if self.starts_at < situation.occurred_at:
            return Unacceptable(
                "starts_in_the_past",
                "the booked time has begun",
                f"a time from {situation.occurred_at.isoformat()} on",
                "starts_at",
            )
        if any(one.covers(self.starts_at, self.ends_at) for one in place.openings):
            return None
        return Unacceptable(
            "outside_the_hours",
            f"place {self.place} is not open for all of that time",
            "a time within one span of the place's hours",
            "starts_at",
        )

    def _taken(self, place: Place) -> Refusal | None:
        own = Slot(self.starts_at, self.ends_at)
        for slot in place.slots:
            if slot.overlaps(own):
                return WrongState(
                    "booked_already",
                    f"booked from {slot.starts_at.isoformat()} to {slot.ends_at.isoformat()}",
                    "a time that has no moment in common with another booking",
                    "starts_at",
                )
        return None


class PlaceInspected(OfPlace):
    """阵地检查: somebody who does not run a place looks whether it is fit."""

    kind = "place_inspected"
    term = "阵地检查"
    proposers = _INSPECTORS
    example = {
        "place": "place-riverside-university",
        "finding": "to_be_rectified",
        "issues": ["extinguisher-expired"],
    }

    finding: InspectionFinding
    """What it came to."""
    issues: Annotated[tuple[Id, ...], Field(max_length=MAX_ISSUES)] = ()
    """What is to be put right, in codes of the town's own; none where the place is fit."""

    def decide(self, situation: Situation) -> Refusal | None:
        place = self.open_place(situation)
        if not isinstance(place, Place):
            return place
        actor = situation.actor
        principal: Principal = situation.state(principal_tag(actor))
        if (
            actor.organisation == place.run_by
            or actor.principal == place.opened_by
            or principal.serves(place.run_by, situation.at)
        ):
            return Forbidden(
                "own_place",
                f"{actor.principal} or {actor.organisation} runs or opened this place",
                f"somebody who has nothing to do with {place.run_by}",
                "place",
            )
        if bool(self.issues) is (self.finding is InspectionFinding.TO_BE_RECTIFIED):
            return None
        return Unacceptable(
            "issues_contradict_finding",
            f"{len(self.issues)} issues of a place that is {self.finding}",
            "issues where something is to be rectified, and none where the place is fit",
            "issues",
        )


class PlaceClosed(OfPlace):
    """A place is given up; what was booked from then on lapses."""

    kind = "place_closed"
    term = "阵地停用"
    proposers = (BY_COMMUNITY, BY_TOWN_OFFICE)
    example = {"place": "place-riverside-university", "ground": "moved"}

    ground: ClosingGround
    """Why."""

    def decide(self, situation: Situation) -> Refusal | None:
        place = self.open_place(situation)
        if not isinstance(place, Place):
            return place
        return precedes(place.latest) if situation.precedes(place.latest) else None


def evolve_place(state: Place | None, tag: str, recorded: Recorded) -> Place | None:
    """The place after one more event of its history."""
    when = recorded.occurred_at
    match recorded.event:
        case PlaceOpened() as event:
            return Place(
                event.community, event.run_by, recorded.actor.principal, event.openings, when, when
            )
        case PlaceBooked(starts_at=starts_at, ends_at=ends_at) if state:
            slot = Slot(starts_at, ends_at)
            return state._replace(slots=(*state.slots, slot), latest=max(state.latest, when))
        case PlaceInspected() if state:
            return state._replace(latest=max(state.latest, when))
        case PlaceClosed() if state:
            return state._replace(is_closed=True, latest=when)
    return state


def evolve_booking(state: Booking | None, tag: str, recorded: Recorded) -> Booking | None:
    """The booked time, and whether somebody said how it was."""
    match recorded.event:
        case PlaceBooked() as event:
            slot = Slot(event.starts_at, event.ends_at)
            return Booking(event.place, recorded.actor.organisation, event.requester, slot)
        case ServiceRated() if state:
            return state._replace(is_rated=True)
    return state


KINDS = (PlaceOpened, PlaceBooked, PlaceInspected, PlaceClosed)
FOLDS: Folds = {
    "place": (evolve_place, KINDS),
    "place_booking": (evolve_booking, (PlaceBooked, ServiceRated)),
}
