"""People and offices (队伍): rights are folds of appointments, as of any moment."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from ledger.decision import Office, Situation, standing
from ledger.domain.founding import LedgerFounded
from ledger.domain.town.effect import lasts, since_when, too_early
from ledger.domain.town.grid import (
    GridLevel,
    GridUnit,
    of_another_community,
    open_unit,
    wrong_level,
)
from ledger.domain.town.organisations import (
    BY_TOWN_OFFICE,
    COMMUNITIES,
    SINGLE_OFFICES,
    TOWN,
    Holder,
    Organisation,
    unknown_organisation,
)
from ledger.event import (
    Commitment,
    Event,
    Folds,
    HeldFor,
    Id,
    Instant,
    Line,
    PersonalField,
    PersonalName,
    Recorded,
    mint_random_id,
)
from ledger.refusals import Forbidden, Refusal, Unacceptable, UnknownReference, WrongState

HEADS = {
    Office.AREA_HEAD: GridLevel.AREA,
    Office.BUILDING_HEAD: GridLevel.BUILDING,
    Office.CLUSTER_HEAD: GridLevel.CLUSTER,
}
"""The offices that may be held for a unit of the grid, and the unit's level."""
BY_SECRETARY_OF_TOWN = standing(Office.SECRETARY, *TOWN)


class AppointmentOrigin(StrEnum):
    """How a person came into an office."""

    SELECTED = "selected"
    """选派"""
    CROSS_REGION = "cross_region"
    """跨区域任职"""
    EXCHANGE = "exchange"
    """交流任职"""
    ELECTED = "elected"
    """选举"""


class Education(StrEnum):
    """The highest level that somebody completed."""

    PRIMARY = "primary"
    """小学"""
    JUNIOR_SECONDARY = "junior_secondary"
    """初中"""
    SENIOR_SECONDARY = "senior_secondary"
    """高中, 中专"""
    JUNIOR_COLLEGE = "junior_college"
    """大专"""
    BACHELOR = "bachelor"
    """本科"""
    POSTGRADUATE = "postgraduate"
    """研究生"""


class Held(NamedTuple):
    """One office of a principal, from its date of effect to its end."""

    office: Office
    organisation: str
    since: datetime
    grid_unit: str | None = None
    until: datetime | None = None

    def is_open_at(self, moment: datetime) -> bool:
        """Whether it has not ended by the moment, begun or not."""
        return self.until is None or self.until > moment

    def fits(self, event: AppointmentEvent) -> bool:
        """Whether the event is about this very office."""
        return (self.office, self.organisation, self.grid_unit) == (
            event.office,
            event.organisation,
            event.grid_unit,
        )


class Principal(NamedTuple):
    """Somebody who acts, with the offices held."""

    held: tuple[Held, ...] = ()
    is_enrolled: bool = False
    nominated_by: tuple[str, ...] = ()
    """The branches whose reserve the person is."""
    is_admitted: bool = False
    """Whether this ledger tells when the person became a Party member."""

    def holds(self, office: str, organisation: str, moment: datetime) -> bool:
        """Whether the office is held for the organisation at that moment."""
        return any(
            held.office == office
            and held.organisation == organisation
            and lasts(held.since, held.until, moment)
            for held in self.held
        )

    def serves(self, organisation: str | None, moment: datetime) -> bool:
        """Whether any office is held for the organisation, at that moment or from a later one."""
        return any(
            held.organisation == organisation and held.is_open_at(moment) for held in self.held
        )

    def offices_at(self, moment: datetime) -> tuple[Held, ...]:
        """The offices held at that moment."""
        return tuple(held for held in self.held if lasts(held.since, held.until, moment))


class PersonEnrolled(Event):
    """A person who serves is entered: once, before or after the first appointment."""

    kind = "person_enrolled"
    term = "人员登记"
    proposers = (
        BY_TOWN_OFFICE,
        standing((Office.SECRETARY, Office.CLERK_A, Office.CLERK_B), *COMMUNITIES),
    )
    creates = ("principal", "principal")
    example = {
        "principal": "3c1f6a0e-0d57-4a52-8f0b-9f6f2f1f7a10",
        "name": "（本人姓名）",
        "education": "junior_college",
        "work_number": "HD-012",
    }

    principal: Id = Field(default_factory=mint_random_id)
    """The id by which appointments and records name the person."""
    name: PersonalName
    """The person's."""
    education: Annotated[Education | Commitment, PersonalField(HeldFor.PROFILE)] | None = None
    """The highest level completed."""
    work_number: Line | None = None
    """Public: what a clerk is known by at the window."""

    def tags(self) -> tuple[str, ...]:
        return (f"principal:{self.principal}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return self.tags()

    def continues(self, existing: Any) -> bool:
        """Whoever was appointed, but not yet enrolled, may be."""
        return isinstance(existing, Principal) and not existing.is_enrolled

    def decide(self, situation: Situation) -> Refusal | None:
        return None


class AppointmentEvent(Event):
    """What making and ending an appointment have in common."""

    principal: Id
    """The id of the person, or of the program, that holds it."""
    organisation: Id
    """The organisation for which the office is held."""
    office: Office
    """The office, which gives its rights within that organisation alone."""
    grid_unit: Id | None = None
    """The unit whose head the person is, of the heads of areas, buildings and clusters."""

    def tags(self) -> tuple[str, ...]:
        own = (f"principal:{self.principal}", f"organisation:{self.organisation}")
        return own if self.grid_unit is None else (*own, f"grid_unit:{self.grid_unit}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        return self.tags()


class AppointmentMade(AppointmentEvent):
    """A principal may act in an office for an organisation, from a date of effect.

    An appointment may be older than the ledger.
    """

    kind = "appointment_made"
    term = "任职"
    proposers = (BY_SECRETARY_OF_TOWN,)
    example = {
        "principal": "3c1f6a0e-0d57-4a52-8f0b-9f6f2f1f7a10",
        "organisation": "committee-riverside",
        "office": "building_head",
        "grid_unit": "building-1",
        "origin": "elected",
        "effective_from": "2026-03-01T00:00:00+08:00",
    }

    origin: AppointmentOrigin | None = None
    """How the person came into the office; absent: not told."""
    effective_from: Instant | None = None
    """Absent: from the moment at which the appointment is recorded."""

    def concerns(self, situation: Situation) -> tuple[str, ...]:
        """The founder, whose office passes on."""
        organisation: Organisation = situation.state(f"organisation:{self.organisation}")
        return tuple(
            f"principal:{holder.principal}"
            for holder in organisation.holders
            if holder.by_founding and holder.until is None and holder.office == self.office
        )

    def decide(self, situation: Situation) -> Refusal | None:
        unknown = unknown_organisation(situation, self.organisation, "organisation")
        if unknown:
            return unknown
        if self.office in (Office.RESIDENT, Office.PUBLIC):
            return Unacceptable(
                "not_by_appointment",
                f"nobody is appointed {self.office}",
                "an office that is held by appointment",
                "office",
            )
        since = self.effective_from or situation.at
        organisation: Organisation = situation.state(f"organisation:{self.organisation}")
        if self._is_taken(organisation.holders, since):
            return self._held_by_another(self.organisation, "office")
        principal: Principal = situation.state(f"principal:{self.principal}") or Principal()
        if any(held.fits(self) and held.is_open_at(since) for held in principal.held):
            return WrongState(
                "already_appointed",
                f"{self.principal} holds the office {self.office} of {self.organisation}",
                "an appointment that is not yet made",
                "principal",
            )
        return None if self.grid_unit is None else self._unfit(situation, self.grid_unit, since)

    def _is_taken(self, holders: tuple[Holder, ...], since: datetime) -> bool:
        """Whether an office of which there is one has a holder on that day or later."""
        return any(
            holder.office == self.office
            and not holder.by_founding
            and (holder.until is None or holder.until > since)
            for holder in holders
        )

    def _held_by_another(self, where: str, field: str) -> Refusal:
        return WrongState(
            "office_is_held",
            f"the office {self.office} of {where} has a holder",
            "an office without a holder, or one from the day on which its holder's ends",
            field,
        )

    def _unfit(self, situation: Situation, identity: str, since: datetime) -> Refusal | None:
        """The refusal where the office is none of that unit of the grid."""
        level = HEADS.get(self.office)
        if level is None:
            return wrong_level(
                f"{self.office} is no office of a grid unit", " or ".join(HEADS), "grid_unit"
            )
        unit = open_unit(situation, identity, "grid_unit", level)
        if not isinstance(unit, GridUnit):
            return unit
        if unit.community != self.organisation:
            return of_another_community(identity, self.organisation, "grid_unit")
        if self._is_taken(unit.heads, since):
            return self._held_by_another(identity, "grid_unit")
        return too_early(since, unit.since)


class AppointmentEnded(AppointmentEvent):
    """An appointment ends: from then on the office gives no right."""

    kind = "appointment_ended"
    term = "免职"
    proposers = (BY_SECRETARY_OF_TOWN,)
    example = {
        "principal": "3c1f6a0e-0d57-4a52-8f0b-9f6f2f1f7a10",
        "organisation": "committee-riverside",
        "office": "building_head",
        "grid_unit": "building-1",
        "effective_from": "2026-12-31T16:00:00Z",
    }

    effective_from: Instant | None = None
    """The end, which is excluded. Absent: the moment at which it is recorded."""

    def decide(self, situation: Situation) -> Refusal | None:
        principal: Principal = situation.state(f"principal:{self.principal}") or Principal()
        spans = [held for held in principal.held if held.fits(self)]
        if not spans:
            return UnknownReference(
                "never_appointed",
                f"{self.principal} was never appointed {self.office} of {self.organisation}",
                "an appointment that was made",
                "principal",
            )
        latest = spans[-1]
        if latest.until is not None:
            return WrongState(
                "already_ended",
                f"that appointment ends at {latest.until.isoformat()}",
                "an appointment without an end",
                "principal",
            )
        until = self.effective_from or situation.at
        return too_early(until, latest.since) or self._leaves_nobody(situation, until)

    def _leaves_nobody(self, situation: Situation, until: datetime) -> Refusal | None:
        # Without anybody who may appoint, no appointment could ever be made again.
        own = (self.office, self.organisation, self.principal) == situation.actor
        if not own or until > situation.at:
            return None
        return Forbidden(
            "leaves_nobody_to_appoint",
            "whoever appoints does not end their own office at once",
            "an end yet to come, so that a successor is appointed from then on",
            "effective_from",
        )


def evolve_principal(state: Principal | None, tag: str, recorded: Recorded) -> Principal | None:
    """The principal's offices, after one more event of the history."""
    known = state or Principal()
    match recorded.event:
        case LedgerFounded(town=town):
            return Principal((Held(Office.SECRETARY, town, recorded.recorded_at),))
        case PersonEnrolled():
            return known._replace(is_enrolled=True)
        case AppointmentMade() as event if tag == f"principal:{event.principal}":
            since = since_when(event.effective_from, recorded)
            held = Held(event.office, event.organisation, since, event.grid_unit)
            return known._replace(held=(*known.held, held))
        case AppointmentMade() | AppointmentEnded() as event:
            return _ended(known, event, since_when(event.effective_from, recorded))
    return state


def _ended(principal: Principal, event: AppointmentEvent, until: datetime) -> Principal:
    held = tuple(
        one._replace(until=until) if one.fits(event) and one.until is None else one
        for one in principal.held
    )
    return principal._replace(held=held)


def evolve_holders(state: Organisation | None, tag: str, recorded: Recorded) -> Organisation | None:
    """The organisation with the holders of its single offices, after one more appointment."""
    event = recorded.event
    if state is None or not isinstance(event, AppointmentEvent):
        return state
    if event.office not in SINGLE_OFFICES:
        return state
    return state._replace(holders=_held_after(state.holders, event, recorded))


def evolve_heads(state: GridUnit | None, tag: str, recorded: Recorded) -> GridUnit | None:
    """The unit of the grid with its heads, after one more appointment."""
    event = recorded.event
    if state is None or not isinstance(event, AppointmentEvent):
        return state
    return state._replace(heads=_held_after(state.heads, event, recorded))


def _held_after(
    holders: tuple[Holder, ...], event: AppointmentEvent, recorded: Recorded
) -> tuple[Holder, ...]:
    match event:
        case AppointmentMade(office=office, principal=principal):
            since = since_when(event.effective_from, recorded)
            before = tuple(
                holder._replace(until=min(holder.until or since, since))
                if holder.by_founding and holder.office == office
                else holder
                for holder in holders
            )
            return (*before, Holder(office, principal, since))
        case AppointmentEnded(office=office, principal=principal):
            until = since_when(event.effective_from, recorded)
            return tuple(
                holder._replace(until=until)
                if (holder.office, holder.principal, holder.until) == (office, principal, None)
                else holder
                for holder in holders
            )
    return holders


KINDS = (PersonEnrolled, AppointmentMade, AppointmentEnded)
_APPOINTMENTS = (AppointmentMade, AppointmentEnded)
FOLDS: Folds = {
    "principal": (evolve_principal, (LedgerFounded, *KINDS)),
    "organisation": (evolve_holders, _APPOINTMENTS),
    "grid_unit": (evolve_heads, _APPOINTMENTS),
}
