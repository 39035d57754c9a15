"""Units (单位): the organisations that offer resources to communities and take part in projects."""

from __future__ import annotations

from typing import Any

from ledger.decision import Office, OrganisationType, Situation, standing
from ledger.domain.requests.requests import BY_COMMUNITY, CLERKS
from ledger.domain.town.organisations import BY_TOWN_OFFICE, Organisation

UNITS = (
    OrganisationType.RESIDENT_UNIT,
    OrganisationType.DEPARTMENT,
    OrganisationType.ENTERPRISE,
    OrganisationType.SOCIAL_ORGANISATION,
    OrganisationType.INDUSTRY_BRANCH,
    OrganisationType.VILLAGE_BRANCH,
    OrganisationType.VILLAGE_ENTERPRISE,
    OrganisationType.COOPERATIVE,
)
BY_UNIT = standing((Office.SECRETARY, *CLERKS), *UNITS)
COOPERATORS = (BY_COMMUNITY, BY_UNIT, BY_TOWN_OFFICE)
"""A unit for itself; a community, or the town, also enters what a unit told it."""


def acts_as_unit(situation: Situation) -> bool:
    """Whether the actor speaks for a unit, and so for that one alone."""
    acting: Organisation = situation.state(f"organisation:{situation.actor.organisation}")
    return acting.type in UNITS


def of_organisation(identity: str | None) -> tuple[str, ...]:
    """The history of an organisation, where one is named."""
    return () if identity is None else (f"organisation:{identity}",)


def of_community(tag: str, state: Any) -> tuple[str, ...]:
    """The history that tells of which community a thing is that has one."""
    known = state(tag)
    return () if known is None else (f"organisation:{known.community}",)
