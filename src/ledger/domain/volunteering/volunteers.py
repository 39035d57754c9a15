"""Volunteers (党员, 志愿者) as all acts on their service see them, and the rules that these share.

Every act names the person who serves and the organisation as whose they do; they enter it
themselves, or their organisation or the community enters it for them. What is for one community
counts there: its acts carry the tag `volunteering:<community>`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, NamedTuple

from pydantic import Field

from ledger.decision import Office, OrganisationType, Situation, standing
from ledger.domain.requests.requests import BY_COMMUNITY, CLERKS
from ledger.domain.town.organisations import (
    COMMUNITIES,
    Organisation,
    foreign_community,
    unknown_organisation,
)
from ledger.domain.town.people import Principal
from ledger.event import Recorded
from ledger.refusals import Forbidden, Refusal, Unacceptable, UnknownReference

MAX_PLACES = 200
MAX_HOURS = 24
PlaceCount = Annotated[int, Field(ge=1, le=MAX_PLACES)]
Hours = Annotated[int, Field(ge=1, le=MAX_HOURS)]

UNITS = (
    OrganisationType.RESIDENT_UNIT,
    OrganisationType.ENTERPRISE,
    OrganisationType.SOCIAL_ORGANISATION,
    OrganisationType.DEPARTMENT,
    OrganisationType.PARTY_SUBGROUP,
    OrganisationType.GENERAL_BRANCH,
    OrganisationType.INDUSTRY_BRANCH,
)
"""What enters the service of its own people."""
BY_BRANCH = standing((Office.SECRETARY, *CLERKS), OrganisationType.COMMUNITY_BRANCH)
BY_MEMBER = standing((Office.MEMBER, Office.VOLUNTEER), *OrganisationType)
BY_UNIT = standing((Office.SECRETARY, *CLERKS), *UNITS)
SERVERS = (BY_MEMBER, BY_UNIT, BY_COMMUNITY)
_PERSONAL_OFFICES = (Office.MEMBER, Office.VOLUNTEER)


class Claim(NamedTuple):
    """Who has a place, and as whose they have it."""

    member: str
    unit: str


class UnitMember(NamedTuple):
    """The posts of somebody who claimed one as a member of a resident unit (驻区单位)."""

    held: frozenset[str] = frozenset()
    """Claimed and not vacated."""
    served: frozenset[str] = frozenset()
    """Those of which a service was logged: they count whether they are vacated or not."""

    @property
    def has_claim(self) -> bool:
        """Whether a claim of theirs counts."""
        return bool(self.held or self.served)


def unit_of(claims: tuple[Claim, ...], member: str) -> str | None:
    """As whose somebody has a place; None without one."""
    return next((claim.unit for claim in claims if claim.member == member), None)


def community_tag(community: str) -> str:
    """The lineage of what is counted of a community."""
    return f"volunteering:{community}"


def member_tag(member: str) -> str:
    """The history of the claims of a resident unit's member."""
    return f"unit_member:{member}"


def claimant_tags(situation: Situation, member: str) -> tuple[str, ...]:
    """The member's tag, where a claim of theirs as a resident unit's member counts."""
    known: UnitMember | None = situation.state(member_tag(member))
    return (member_tag(member),) if known is not None and known.has_claim else ()


def not_of_unit(
    situation: Situation, member: str, unit: str, field: str = "member"
) -> Refusal | None:
    """Why somebody does not serve as an organisation's: they hold no office of it."""
    unknown = unknown_organisation(situation, unit, "unit")
    if unknown:
        return unknown
    principal: Principal | None = situation.state(f"principal:{member}")
    if principal is None:
        return UnknownReference(
            "unknown_member", f"nobody here is {member}", "somebody who holds an office", field
        )
    if unit not in {held.organisation for held in principal.offices_at(situation.at)}:
        return Unacceptable(
            "not_of_unit",
            f"{member} holds no office of {unit}",
            "an organisation of which they hold one, such as that of a member",
            "unit",
        )
    return None


def not_for_them(
    situation: Situation, member: str, unit: str, community: str, field: str = "member"
) -> Refusal | None:
    """Why this actor enters nothing for somebody: it is neither they, nor theirs, nor the
    community's."""
    actor = situation.actor
    if actor.principal == member:
        return None
    if actor.office in _PERSONAL_OFFICES:
        return Forbidden(
            "other_member",
            f"a {actor.office} acts for themselves alone",
            f"{actor.principal}, or a clerk of their organisation or of the community",
            field,
        )
    if actor.organisation == unit:
        return None
    acting: Organisation = situation.state(f"organisation:{actor.organisation}")
    if acting.type in COMMUNITIES:
        return foreign_community(situation, community, field)
    return Forbidden(
        "other_unit",
        f"{actor.organisation} does not act for those who serve as {unit}'s",
        f"the member, {unit}, or a body of the community",
        field,
    )


def own_service(situation: Situation, served_by: frozenset[str], unit: str) -> Refusal | None:
    """Why this actor confirms nothing: it is what they, or their organisation, did."""
    actor = situation.actor
    if actor.principal in served_by:
        return Forbidden(
            "own_service",
            "nobody confirms what they did, or entered for whoever did it",
            "whom it was done for, or another clerk of the community",
        )
    principal: Principal | None = (
        None if actor.office == Office.RESIDENT else situation.state(f"principal:{actor.principal}")
    )
    if principal is not None and principal.serves(unit, situation.at):
        return Forbidden(
            "own_units_service",
            f"{actor.principal} is of {unit}, whose service it is",
            "whom it was done for, or a clerk who holds no office there",
        )
    return None


def later(latest: datetime, recorded: Recorded) -> datetime:
    """The last claimed time: none of the next acts may precede it."""
    return max(latest, recorded.occurred_at)
