"""Organisations (组织体系) and who acts for them (队伍)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from ledger.decision import Office, OrganisationType, Situation, standing
from ledger.domain.founding import LedgerFounded
from ledger.event import Event, Folds, Id, Instant, Line, Recorded
from ledger.refusals import Refusal, Unacceptable, UnknownReference, WrongState

TOWN = (OrganisationType.TOWN_COMMITTEE, OrganisationType.TOWN_GOVERNMENT)
SINGLE_OFFICES = frozenset({Office.SECRETARY})


class AppointmentOrigin(StrEnum):
    """How a person came into an office."""

    SELECTED = "selected"
    CROSS_REGION = "cross_region"
    EXCHANGE = "exchange"
    ELECTED = "elected"


class Holder(NamedTuple):
    """Who holds a single office of an organisation."""

    office: Office
    principal: str
    effective_from: datetime


class Organisation(NamedTuple):
    """An organisation as of its history."""

    type: OrganisationType
    name: str
    parent: str | None
    holders: tuple[Holder, ...] = ()
    """Appointed to single offices. The founder was not: that office passes on once."""

    def has_passed_on(self, office: str, principal: str, moment: datetime) -> bool:
        """Whether a single office had gone from the principal to another by that moment."""
        for holder in self.holders:
            if holder.office == office and holder.principal != principal:
                return holder.effective_from <= moment
        return False


class Held(NamedTuple):
    """One office that a principal holds."""

    office: Office
    organisation: str
    effective_from: datetime


class Principal(NamedTuple):
    """Somebody who acts, with the offices held."""

    held: tuple[Held, ...] = ()

    def holds(self, office: str, organisation: str, moment: datetime) -> bool:
        """Whether the office is held for the organisation at that moment."""
        return any(
            held.office == office
            and held.organisation == organisation
            and held.effective_from <= moment
            for held in self.held
        )

    def serves(self, organisation: str | None) -> bool:
        """Whether any office is held for the organisation, now or from a date to come."""
        return any(held.organisation == organisation for held in self.held)


def unknown_organisation(
    situation: Situation, organisation: str, field: str, *types: OrganisationType
) -> Refusal | None:
    """The refusal where an id is not an organisation of this ledger, or not of these types."""
    state = situation.state(f"organisation:{organisation}")
    wanted = " or ".join(types) if types else "organisation"
    if state is None:
        return UnknownReference(
            "unknown_organisation",
            f"organisation {organisation} is not in this ledger",
            f"the id of a registered {wanted}",
            field,
        )
    if types and state.type not in types:
        return Unacceptable(
            "wrong_organisation_type",
            f"{organisation} is a {state.type}",
            f"the id of a registered {wanted}",
            field,
        )
    return None


class OrganisationRegistered(Event):
    """An organisation of the method takes its place in the tree."""

    kind = "organisation_registered"
    term = "组织登记"
    proposers = (standing((Office.SECRETARY, Office.CLERK_A, Office.CLERK_B), *TOWN),)
    creates = ("organisation", "organisation")

    organisation: Id
    type: OrganisationType
    name: Line
    parent: Id | None = None
    functions: Line | None = None
    address: Line | None = None
    hours: Line | None = None
    telephone: Line | None = None

    def tags(self) -> tuple[str, ...]:
        own = f"organisation:{self.organisation}"
        return (own,) if self.parent is None else (own, f"organisation:{self.parent}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        return self.tags()

    def decide(self, situation: Situation) -> Refusal | None:
        if self.parent is None:
            return None
        if self.parent == self.organisation:
            return Unacceptable(
                "parent_cycle",
                "an organisation cannot be its own parent",
                "another organisation",
                "parent",
            )
        return unknown_organisation(situation, self.parent, "parent")


class AppointmentMade(Event):
    """A principal may act in an office for an organisation, from a date of effect."""

    kind = "appointment_made"
    term = "任职"
    proposers = (standing(Office.SECRETARY, *TOWN),)

    principal: Id
    organisation: Id
    office: Office
    origin: AppointmentOrigin | None = None
    effective_from: Instant | None = None
    """Absent: from the moment at which the appointment is recorded."""

    def tags(self) -> tuple[str, ...]:
        return (f"principal:{self.principal}", f"organisation:{self.organisation}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        return self.tags()

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
        organisation: Organisation = situation.state(f"organisation:{self.organisation}")
        if any(holder.office == self.office for holder in organisation.holders):
            return WrongState(
                "office_is_held",
                f"the office {self.office} of {self.organisation} has a holder",
                "an office without a holder",
                "office",
            )
        principal = situation.state(f"principal:{self.principal}") or Principal()
        if any(
            h.office == self.office and h.organisation == self.organisation for h in principal.held
        ):
            return WrongState(
                "already_appointed",
                f"{self.principal} holds the office {self.office} of {self.organisation}",
                "an appointment that is not yet made",
                "principal",
            )
        return None


def evolve_organisation(
    state: Organisation | None, tag: str, recorded: Recorded
) -> Organisation | None:
    """The organisation named by the tag, after one more event of its history."""
    match recorded.event:
        case LedgerFounded(town_name=name):
            return Organisation(OrganisationType.TOWN_COMMITTEE, name, None)
        case OrganisationRegistered() as event if tag == f"organisation:{event.organisation}":
            return Organisation(event.type, event.name, event.parent)
        case AppointmentMade() as event if state and event.office in SINGLE_OFFICES:
            since = event.effective_from or recorded.recorded_at
            holder = Holder(event.office, event.principal, since)
            return state._replace(holders=(*state.holders, holder))
    return state


def evolve_principal(state: Principal | None, tag: str, recorded: Recorded) -> Principal | None:
    """The principal's offices, after one more event of the history."""
    match recorded.event:
        case LedgerFounded(town=town):
            return Principal((Held(Office.SECRETARY, town, recorded.recorded_at),))
        case AppointmentMade() as event:
            since = event.effective_from or recorded.recorded_at
            held = state.held if state else ()
            return Principal((*held, Held(event.office, event.organisation, since)))
    return state


KINDS = (OrganisationRegistered, AppointmentMade)
FOLDS: Folds = {
    "organisation": (evolve_organisation, (LedgerFounded, *KINDS)),
    "principal": (evolve_principal, (LedgerFounded, AppointmentMade)),
}
