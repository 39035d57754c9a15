"""Acts of service in the test town on paper: who does them, each in a usual form."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

from ledger.decision import Office, OrganisationType
from ledger.domain.town.organisations import OrganisationAssigned, OrganisationRegistered
from ledger.domain.town.people import AppointmentMade
from ledger.domain.volunteering.assistance import (
    HelpCategory,
    HelpConfirmed,
    HelpGiven,
    OutreachHeld,
    Theme,
)
from ledger.domain.volunteering.joint_action import JointActionHeld, Strand
from ledger.domain.volunteering.orders import (
    OrderChosen,
    OrderClaimed,
    OrderConfirmed,
    OrderDelivered,
    OrderDrafted,
    OrderReleased,
)
from ledger.domain.volunteering.posts import PostClaimed, PostOpened, PostVacated, ServiceLogged
from ledger.event import Actor, Event
from ledger.proposal import Proposal
from tests.paper_ledger import PaperLedger
from tests.request_acts import town as bare_town
from tests.town import COMMITTEE, FOUNDER, RESIDENT, SECRETARY

SECRETARY_2 = Actor("secretary", "branch-2", "p-secretary-2")
UNIT_CLERK = Actor("clerk_a", "unit-1", "p-unit")
UNIT_2_CLERK = Actor("clerk_a", "unit-2", "p-unit-2")
MEMBERS = tuple(Actor("member", f"unit-{1 + n % 2}", f"p-member-{n}") for n in range(4))
"""Members of the two resident units, in turn."""
MEMBER, MEMBER_1, MEMBER_2, MEMBER_3 = MEMBERS
VOLUNTEER = Actor("volunteer", "group-1", "p-volunteer")
"""Of a Party subgroup, and so no resident unit's member."""
CONFLICTED = Actor("clerk_b", "branch-1", "p-member-2")
"""Who is of a unit, and a clerk of the community too."""
_ORGANISATIONS = (
    ("branch-2", OrganisationType.COMMUNITY_BRANCH),
    ("unit-2", OrganisationType.RESIDENT_UNIT),
    ("group-1", OrganisationType.PARTY_SUBGROUP),
    ("village-1", OrganisationType.VILLAGE_BRANCH),
    ("association-1", OrganisationType.COMMUNITY_ASSOCIATION),
)
ASSOCIATION = Actor("clerk_a", "association-1", "p-association")
_APPOINTED = (SECRETARY_2, UNIT_2_CLERK, *MEMBERS, VOLUNTEER, CONFLICTED, ASSOCIATION)


@cache
def _founded() -> PaperLedger:
    events: list[Event] = [
        OrganisationRegistered(organisation=identity, type=type_, name=identity, parent="town")
        for identity, type_ in _ORGANISATIONS
    ]
    events.append(OrganisationAssigned(organisation="committee-2", community="branch-2"))
    events += [
        AppointmentMade(
            principal=actor.principal, organisation=actor.organisation, office=Office(actor.office)
        )
        for actor in _APPOINTED
    ]
    return bare_town(*(Proposal(event, FOUNDER) for event in events))


def town(*proposals: Proposal) -> PaperLedger:
    """The test town with two units, their members, and a village, after these acts."""
    paper = _founded().copy()
    paper.accept(*proposals)
    return paper


# Orders


def drafted(places: int = 1, actor: Actor = SECRETARY, order: str = "order-1") -> Proposal:
    """A haircut at home."""
    event = OrderDrafted(order=order, title="上门理发", order_category="care", places=places)
    return Proposal(event, actor)


def chosen(actor: Actor = COMMITTEE, order: str = "order-1", **changes: Any) -> Proposal:
    """A clerk enters that a resident wants it."""
    body: dict[str, Any] = {"order": order, "chosen_by": RESIDENT.principal, **changes}
    return Proposal(OrderChosen(**body), actor)


def claimed(who: Actor = MEMBER, by: Actor | None = None, order: str = "order-1") -> Proposal:
    """A member of a unit takes it on."""
    event = OrderClaimed(order=order, member=who.principal, unit=who.organisation)
    return Proposal(event, by or who)


def released(who: Actor = MEMBER, by: Actor | None = None, order: str = "order-1") -> Proposal:
    """A member gives it up."""
    return Proposal(OrderReleased(order=order, member=who.principal), by or who)


def delivered(who: Actor = MEMBER, by: Actor | None = None, order: str = "order-1") -> Proposal:
    """A member says that it is done."""
    return Proposal(OrderDelivered(order=order, member=who.principal, hours=2), by or who)


def confirmed(
    actor: Actor = SECRETARY, is_confirmed: bool = True, order: str = "order-1"
) -> Proposal:
    """A clerk hears from the resident that it is."""
    return Proposal(OrderConfirmed(order=order, is_confirmed=is_confirmed), actor)


# Posts


def opened(places: int = 2, actor: Actor = SECRETARY, post: str = "post-1") -> Proposal:
    """A patrol along the river."""
    event = PostOpened(post=post, title="河堤巡护", post_category="patrol", places=places)
    return Proposal(event, actor)


def taken(who: Actor = MEMBER, by: Actor | None = None, post: str = "post-1") -> Proposal:
    """A member claims a place."""
    event = PostClaimed(post=post, member=who.principal, unit=who.organisation)
    return Proposal(event, by or who)


def vacated(who: Actor = MEMBER, by: Actor | None = None, post: str = "post-1") -> Proposal:
    """A member gives the place up."""
    return Proposal(PostVacated(post=post, member=who.principal), by or who)


def logged(
    who: Actor = MEMBER, by: Actor | None = None, post: str = "post-1", **changes: Any
) -> Proposal:
    """A member served for two hours on the last day of February."""
    body: dict[str, Any] = {"served_on": date(2026, 2, 28), "hours": 2, **changes}
    return Proposal(ServiceLogged(post=post, member=who.principal, **body), by or who)


# Assistance, outreach and joint action


def helped(who: Actor = MEMBER, by: Actor | None = None, **changes: Any) -> Proposal:
    """A member helped somebody who is ill."""
    body: dict[str, Any] = {
        "help": "help-1",
        "community": "branch-1",
        "helper": who.principal,
        "unit": who.organisation,
        "beneficiary": "beneficiary-1",
        "beneficiary_category": "lonely-elders",
        "help_category": HelpCategory.MEDICAL,
        "matter": "matter-1",
        **changes,
    }
    return Proposal(HelpGiven(**body), by or who)


def help_confirmed(
    actor: Actor = COMMITTEE, is_confirmed: bool = True, identity: str = "help-1"
) -> Proposal:
    """A clerk hears that it was given."""
    return Proposal(HelpConfirmed(help=identity, is_confirmed=is_confirmed), actor)


def outreach(*units: str, actor: Actor = UNIT_CLERK, **changes: Any) -> Proposal:
    """A talk on policy in the village."""
    body: dict[str, Any] = {
        "units": units or ("unit-1",),
        "village": "village-1",
        "theme": Theme.POLICY,
        **changes,
    }
    return Proposal(OutreachHeld(**body), actor)


def joint(*participants: str, actor: Actor = SECRETARY, **changes: Any) -> Proposal:
    """The committee and a unit clean up."""
    body: dict[str, Any] = {
        "community": "branch-1",
        "strand": Strand.ENVIRONMENT,
        "participants": participants or ("committee-1", "unit-1"),
        **changes,
    }
    return Proposal(JointActionHeld(**body), actor)
