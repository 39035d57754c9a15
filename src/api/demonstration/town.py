"""The demonstration town's organisations and offices, and what it begins with: all comes first."""

from __future__ import annotations

from typing import Final
from uuid import NAMESPACE_URL, uuid5

from api.defaults import opening as defaults
from ledger.decision import Office, OrganisationType
from ledger.domain.founding import LedgerFounded
from ledger.domain.rules.rules import RulesEnacted
from ledger.domain.town.organisations import OrganisationAssigned, OrganisationRegistered
from ledger.domain.town.people import AppointmentMade
from ledger.event import Actor, Event

ORIGIN: Final = "mingzhang.example/demonstration"

FOUNDER = Actor("secretary", "town", "p-town-secretary")
HOTLINE = Actor("clerk_a", "hotline", "p-hotline-clerk")
REVIEWER = Actor("reviewer", "hotline", "p-reviewer")
SECRETARY = Actor("secretary", "branch-riverside", "p-riverside-secretary")
SECRETARY_OLD_TOWN = Actor("secretary", "branch-oldtown", "p-oldtown-secretary")
COMMITTEE = Actor("clerk_a", "committee-riverside", "p-riverside-clerk")
COMMITTEE_B = Actor("clerk_b", "committee-riverside", "p-riverside-clerk-b")
COMMITTEE_OLD_TOWN = Actor("clerk_a", "committee-oldtown", "p-oldtown-clerk")
SUPERVISION = Actor("clerk_a", "supervision-riverside", "p-supervision")
WATER = Actor("clerk_a", "dept-water", "p-water-clerk")
URBAN = Actor("clerk_a", "dept-urban", "p-urban-clerk")
ROADS = Actor("clerk_a", "dept-roads", "p-roads-clerk")
COUNTY = Actor("clerk_a", "county", "p-county-clerk")
TOWN_CLERK = Actor("clerk_a", "government", "p-town-clerk")
AGENT = Actor("agent", "committee-riverside", "p-riverside-agent")
AUDITOR = Actor("auditor", "town", "p-auditor")
CHANNEL = Actor("resident", "hotline", "p-mini-program")
"""A channel: the actor of its events is the resident's random id of that case."""

_APPOINTED = (
    HOTLINE, REVIEWER, SECRETARY, SECRETARY_OLD_TOWN, COMMITTEE, COMMITTEE_B,
    COMMITTEE_OLD_TOWN, SUPERVISION, WATER, URBAN, ROADS, COUNTY, TOWN_CLERK, AGENT, AUDITOR,
)  # fmt: skip

_ORGANISATIONS = (
    ("county", OrganisationType.COUNTY_OFFICE, "示范县委督查室", None),
    ("government", OrganisationType.TOWN_GOVERNMENT, "示范镇人民政府", "town"),
    ("hotline", OrganisationType.HOTLINE_CENTRE, "示范镇便民热线中心", "town"),
    ("branch-riverside", OrganisationType.COMMUNITY_BRANCH, "河堤路社区党总支", "town"),
    ("committee-riverside", OrganisationType.RESIDENTS_COMMITTEE, "河堤路社区居委会", "town"),
    ("supervision-riverside", OrganisationType.RESIDENTS_SUPERVISION, "河堤路社区居务监督委员会",
     "town"),
    ("branch-oldtown", OrganisationType.COMMUNITY_BRANCH, "老城社区党总支", "town"),
    ("committee-oldtown", OrganisationType.RESIDENTS_COMMITTEE, "老城社区居委会", "town"),
    ("dept-water", OrganisationType.DEPARTMENT, "水务局", "county"),
    ("dept-urban", OrganisationType.DEPARTMENT, "城市管理局", "county"),
    ("dept-roads", OrganisationType.DEPARTMENT, "交通运输局", "county"),
    ("unit-school", OrganisationType.RESIDENT_UNIT, "驻区单位（示范小学）", "town"),
)  # fmt: skip
_OF_ONE_COMMUNITY = (
    ("committee-riverside", "branch-riverside"),
    ("supervision-riverside", "branch-riverside"),
    ("committee-oldtown", "branch-oldtown"),
)


def random_id(name: str) -> str:
    """What stands for a random id here: the same at every start, and nobody's."""
    return str(uuid5(NAMESPACE_URL, f"{ORIGIN}/{name}"))


def opening() -> list[Event]:
    """Founding, organisations, communities and offices, then what every new ledger begins with."""
    return [
        LedgerFounded(
            origin=ORIGIN, town="town", town_name="示范镇党委", founder=FOUNDER.principal
        ),
        *(
            OrganisationRegistered(organisation=identity, type=type_, name=name, parent=parent)
            for identity, type_, name, parent in _ORGANISATIONS
        ),
        *(
            OrganisationAssigned(organisation=organisation, community=community)
            for organisation, community in _OF_ONE_COMMUNITY
        ),
        *(
            AppointmentMade(
                principal=actor.principal,
                organisation=actor.organisation,
                office=Office(actor.office),
            )
            for actor in _APPOINTED
        ),
        *(_shown_at_once(event) for event in defaults.opening("town")),
    ]


def _shown_at_once(event: Event) -> Event:
    """The demonstration publishes each minute, so that whoever tries it sees what becomes of it; a
    town does not (`publish_every_minutes` of the default pack)."""
    if isinstance(event, RulesEnacted):
        return event.model_copy(update={"publish_every_minutes": 1})
    return event
