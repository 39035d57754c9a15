"""How a proposal is decided: what a rule may look at, and the rules that every kind shares."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from ledger.event import Actor, Event
from ledger.refusals import Forbidden, Refusal, Unacceptable, UnknownReference, WrongState

CLOCK_TOLERANCE = timedelta(seconds=60)
"""How far ahead of the ledger's clock a proposer's claimed time may lie."""
MAX_NOTICE = timedelta(days=3653)
"""How far ahead of its record a date of effect may lie: ten years. Until it comes, it holds up what
is to follow; terms begin on it, and beyond the year 9999 no clock can count."""

StateOf = Callable[[str], Any]
"""tag -> the folded state of that tag's history, or None where there is none."""


class OrganisationType(StrEnum):
    """The bodies of the method; which one it is decides what its offices may do."""

    COUNTY_OFFICE = "county_office"
    """县级督办机构"""
    TOWN_COMMITTEE = "town_committee"
    """镇党委"""
    TOWN_GOVERNMENT = "town_government"
    """镇政府"""
    HOTLINE_CENTRE = "hotline_centre"
    """热线中心"""
    COMMUNITY_BRANCH = "community_branch"
    """社区党总支"""
    RESIDENTS_COMMITTEE = "residents_committee"
    """居民委员会"""
    RESIDENTS_SUPERVISION = "residents_supervision"
    """居务监督委员会"""
    GENERAL_BRANCH = "general_branch"
    """党总支"""
    INDUSTRY_BRANCH = "industry_branch"
    """行业党支部"""
    PARTY_SUBGROUP = "party_subgroup"
    """党小组"""
    JOINT_CONFERENCE = "joint_conference"
    """联席会"""
    COMMUNITY_ASSOCIATION = "community_association"
    """社区联合会"""
    DEPARTMENT = "department"
    """部门"""
    RESIDENT_UNIT = "resident_unit"
    """驻区单位"""
    ENTERPRISE = "enterprise"
    """企业"""
    SOCIAL_ORGANISATION = "social_organisation"
    """社会组织"""
    VILLAGE_BRANCH = "village_branch"
    """村党支部"""
    VILLAGE_ENTERPRISE = "village_enterprise"
    """村办企业"""
    COOPERATIVE = "cooperative"
    """合作社"""


class Office(StrEnum):
    """The offices in which a principal acts for an organisation."""

    SECRETARY = "secretary"
    """Heads the organisation; it is the one office that a single person holds at a time."""
    COMMITTEE_MEMBER = "committee_member"
    """委员"""
    PART_TIME_COMMITTEE_MEMBER = "part_time_committee_member"
    """兼职委员"""
    RESIDENTS_COMMITTEE_MEMBER = "residents_committee_member"
    """居委会委员"""
    AREA_HEAD = "area_head"
    """片区长"""
    BUILDING_HEAD = "building_head"
    """楼栋长, 院长"""
    CLUSTER_HEAD = "cluster_head"
    """中心户长"""
    CLERK_A = "clerk_a"
    """经办员: does the daily work of the organisation."""
    CLERK_B = "clerk_b"
    """经办员: stands in for the first, with the same rights."""
    AGENT = "agent"
    """代办员"""
    REVIEWER = "reviewer"
    """审核员: lets answers stand, or sends them back."""
    MEMBER = "member"
    """党员"""
    VOLUNTEER = "volunteer"
    """志愿者"""
    RESIDENT = "resident"
    """诉求人: acts in cases of their own alone; held without appointment."""
    AUDITOR = "auditor"
    """审计员: reads all, writes nothing."""
    TIMEKEEPER = "timekeeper"
    """Proposes what time alone causes, such as supervision of what is overdue."""
    PUBLIC = "public"
    """Everybody; held without appointment."""


class Standing(NamedTuple):
    """Offices that may propose a kind, and the types of organisation in which they may."""

    offices: frozenset[Office]
    organisations: frozenset[OrganisationType]


def standing(offices: Office | tuple[Office, ...], *organisations: OrganisationType) -> Standing:
    """Shorthand for one row of a kind's `proposers`."""
    several = offices if isinstance(offices, tuple) else (offices,)
    return Standing(frozenset(several), frozenset(organisations))


class Situation(NamedTuple):
    """All that a rule may look at when it decides."""

    state: StateOf
    actor: Actor
    occurred_at: datetime
    at: datetime
    """The batch's recorded_at."""
    size: int = 0
    """How many events stand in the log before this one."""

    def precedes(self, moment: datetime | None) -> bool:
        """Whether the act is claimed to have happened before `moment`.

        What happens as it is recorded never does: an earlier proposer's clock, which may run ahead
        by the tolerance, must not hold up the next act.
        """
        return moment is not None and self.occurred_at < moment and self.occurred_at < self.at


def principal_tag(actor: Actor) -> str:
    """The history that tells an actor's appointments."""
    return f"principal:{actor.principal}"


def boundary(event: Event, actor: Actor, state: StateOf) -> tuple[str, ...]:
    """Every tag whose history the decision on `event` reads, as far as `state` lets it know."""
    return (
        f"organisation:{actor.organisation}",
        *(() if actor.office == Office.RESIDENT else (principal_tag(actor),)),
        *event.boundary(state),
    )


def decide(event: Event, situation: Situation, size: int) -> Refusal | None:
    """None when the event is accepted as the one after `size` others; else the rule it breaks."""
    if size == 0 or event.kind == "ledger_founded":
        return _founding(event, situation, size)
    return (
        _time(situation)
        or _effect(event, situation)
        or _standing(event, situation)
        or _novelty(event, situation)
        or event.decide(situation)
    )


def _founding(event: Event, situation: Situation, size: int) -> Refusal | None:
    if size:
        return WrongState(
            "already_founded", "this ledger has been founded", "any kind but ledger_founded"
        )
    if event.kind != "ledger_founded":
        return WrongState(
            "not_founded",
            f"{event.kind} before the ledger is founded",
            "ledger_founded, first of all",
        )
    return _time(situation) or event.decide(situation)


def _time(situation: Situation) -> Refusal | None:
    if situation.occurred_at > situation.at + CLOCK_TOLERANCE:
        return Unacceptable(
            "occurred_in_the_future",
            f"occurred_at {situation.occurred_at.isoformat()} lies ahead of the ledger's clock",
            f"a time up to {situation.at.isoformat()}",
            "occurred_at",
        )
    return None


def _effect(event: Event, situation: Situation) -> Refusal | None:
    # Of most kinds the field is not there, and a model takes long to say so.
    since: datetime | None = event.__dict__.get("effective_from")
    if since is None or since <= situation.at + MAX_NOTICE:
        return None
    return Unacceptable(
        "effect_too_far",
        "the date of effect lies more than ten years ahead",
        f"a date of effect up to {(situation.at + MAX_NOTICE).isoformat()}",
        "effective_from",
    )


def _standing(event: Event, situation: Situation) -> Refusal | None:
    return unfit(event.proposers, f"propose {event.kind}", situation)


def unfit(proposers: tuple[Standing, ...], what: str, situation: Situation) -> Refusal | None:
    """The refusal where the actor does not hold one of these offices, for an act named `what`."""
    actor = situation.actor
    organisation = situation.state(f"organisation:{actor.organisation}")
    if organisation is None:
        return UnknownReference(
            "unknown_actor_organisation",
            f"organisation {actor.organisation} is not in this ledger",
            "a key of an organisation registered here",
        )
    if organisation.is_dissolved(situation.at):
        return Forbidden(
            "actor_organisation_dissolved",
            f"organisation {actor.organisation} is dissolved",
            "a key of an organisation that is not",
        )
    for offices, types in proposers:
        if actor.office in offices and organisation.type in types:
            break
    else:
        return Forbidden(
            "office_may_not",
            f"{actor.office} of a {organisation.type} may not {what}",
            describe(proposers),
        )
    if actor.office == Office.RESIDENT:
        return None
    principal = situation.state(principal_tag(actor))
    if (
        principal is None
        or not principal.holds(actor.office, actor.organisation, situation.at)
        or organisation.has_passed_on(actor.office, actor.principal, situation.at)
    ):
        return Forbidden(
            "no_such_appointment",
            f"{actor.principal} does not hold the office {actor.office} of {actor.organisation}",
            "an office to which appointment_made appointed the principal, from its date of effect",
        )
    return None


def _novelty(event: Event, situation: Situation) -> Refusal | None:
    if event.creates is None:
        return None
    tag_type, field = event.creates
    identity = getattr(event, field)
    existing = situation.state(f"{tag_type}:{identity}")
    if existing is None or event.continues(existing):
        return None
    is_required = type(event).model_fields[field].is_required()
    minted = "" if is_required else ", or none: the ledger mints one"
    return WrongState(
        f"{tag_type}_exists",
        f"{tag_type} {identity} is already in this ledger",
        f"an id that is not taken{minted}",
        field,
    )


def describe(proposers: tuple[Standing, ...]) -> str:
    """`clerk_a or clerk_b of hotline_centre; …` for messages and documentation."""
    return "; ".join(
        f"{' or '.join(sorted(offices))} of {' or '.join(sorted(types))}"
        for offices, types in proposers
    )
