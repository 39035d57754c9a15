"""The demonstration's taking part: opinions and praise, a joint matter, pairings with a village."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from api.demonstration import town
from ledger.clocks import local_day
from ledger.decision import Office, OrganisationType
from ledger.domain.participation.interaction import (
    OpinionPosted,
    OpinionReplied,
    PraiseGiven,
    PraiseTarget,
)
from ledger.domain.participation.meetings import MeetingConvened
from ledger.domain.participation.pairings import (
    HouseholdType,
    PairingActivityHeld,
    PairingForm,
    PairingFormed,
    PairingTheme,
)
from ledger.domain.participation.six_steps import (
    DecisionFormed,
    GoalsSet,
    OpinionsAssessed,
    OpinionsCollected,
    ResultOutcome,
    ResultPublished,
    VisitsMade,
)
from ledger.domain.town.organisations import OrganisationAssigned, OrganisationRegistered
from ledger.event import Actor, Event
from ledger.proposal import Proposal

_Act = tuple[float, Event, Actor]
"""Days ago, what, by whom."""
_VILLAGE = (
    ("village-hill", OrganisationType.VILLAGE_BRANCH, "山前村党支部（演示）"),
    ("village-spring", OrganisationType.VILLAGE_BRANCH, "泉水村党支部（演示）"),
    ("cooperative-tea", OrganisationType.COOPERATIVE, "山前茶叶合作社（演示）"),
    ("enterprise-tea", OrganisationType.ENTERPRISE, "茶业公司（演示）"),
)
_RIVERSIDE = "committee-riverside"
_CLERK, _SECRETARY = town.COMMITTEE, town.SECRETARY


def participation(now: datetime) -> Iterator[Proposal]:
    """All who took part by `now` (aware)."""
    for days_ago, event, actor in (*_talk(), *_joint_matter(now), *_pairings()):
        yield Proposal(event, actor, now - timedelta(days=days_ago))


def _resident(name: str) -> Actor:
    return town.CHANNEL._replace(principal=town.random_id(name))


def _talk() -> Iterator[_Act]:
    for number, topic in enumerate(("green-space", "parking", "culture"), 1):
        poster = _resident(f"poster-{number}")
        posted = OpinionPosted(
            opinion=town.random_id(f"opinion-{number}"),
            community=_RIVERSIDE,
            topic=topic,
            poster=poster.principal,
            text="（演示数据，不涉及真实个人）",
        )
        yield 21 - number, posted, poster
    replied = OpinionReplied(
        opinion=town.random_id("opinion-1"),
        reply="（演示）已安排更换",
        public_text="居民反映小广场长椅损坏",
        public_reply="已于本周更换两条长椅",
        reviewed_by=_SECRETARY.principal,
    )
    yield 17, replied, _CLERK
    for number, target in enumerate(("dept-water", _RIVERSIDE), 1):
        giver = _resident(f"giver-{number}")
        given = PraiseGiven(
            praise=town.random_id(f"praise-{number}"),
            target_type=PraiseTarget.OFFICE,
            organisation=target,
            office=Office.CLERK_A,
            giver=giver.principal,
        )
        yield 12 - number, given, giver


def _joint_matter(now: datetime) -> Iterator[_Act]:
    matter, meeting = "matter-charging-sheds", "meeting-001"
    yield 26, MeetingConvened(meeting=meeting, participants=("unit-school", "dept-urban")), _CLERK
    collected = OpinionsCollected(
        joint_matter=matter, community=_RIVERSIDE, title="三号院增设非机动车充电棚", opinions=64
    )
    yield 25, collected, _CLERK
    yield 23, VisitsMade(joint_matter=matter, visits=22), _CLERK
    assessed = OpinionsAssessed(joint_matter=matter, assessment="（演示）多数住户支持")
    yield 20, assessed, _CLERK
    decided = DecisionFormed(
        joint_matter=matter,
        decision="在三号院东侧增设非机动车充电棚一处",
        decided_by=(_SECRETARY.principal, town.COMMITTEE_B.principal),
    )
    yield 18, decided, _CLERK
    due_on = local_day(now)
    goals = GoalsSet(
        joint_matter=matter, goals=("建成并通过验收",), responsible=_RIVERSIDE, due_on=due_on
    )
    yield 17.5, goals, _CLERK
    result = ResultPublished(
        joint_matter=matter, outcome=ResultOutcome.ACHIEVED, result="充电棚建成，通过验收并启用"
    )
    yield 3, result, _CLERK


def _pairings() -> Iterator[_Act]:
    clerk = town.TOWN_CLERK
    for identity, type_, name in _VILLAGE:
        registered = OrganisationRegistered(organisation=identity, type=type_, name=name)
        yield 29, registered, clerk
    assigned = OrganisationAssigned(
        organisation="enterprise-tea", community=_SECRETARY.organisation
    )
    yield 28.9, assigned, clerk
    branches, units = PairingForm.BRANCHES, PairingForm.UNITS
    one: dict[str, Any] = {"organisation": _SECRETARY.organisation}
    tea: dict[str, Any] = {"organisation": "enterprise-tea"}
    for pairing, partner in (("pairing-001", "village-hill"), ("pairing-002", "village-spring")):
        formed = PairingFormed(pairing=pairing, form=branches, partner=partner, **one)
        yield 28, formed, _SECRETARY
    formed = PairingFormed(pairing="pairing-003", form=units, partner="cooperative-tea", **tea)
    yield 27, formed, _SECRETARY
    for number in (1, 2, 3):
        formed = PairingFormed(
            pairing=f"pairing-00{3 + number}",
            form=units,
            household=town.random_id(f"household-{number}"),
            household_type=HouseholdType.POOR,
            **tea,
        )
        yield 27, formed, _SECRETARY
    customs, industry = PairingTheme.NEW_CIVIC_CUSTOMS, PairingTheme.INDUSTRY
    for number, (days_ago, theme, pairings) in enumerate(
        (
            (19, customs, ("pairing-001", "pairing-002")),
            (13, industry, ("pairing-003",)),
            (6, customs, ("pairing-001",)),
        ),
        1,
    ):
        held = PairingActivityHeld(
            activity=f"activity-{number:03}", pairings=pairings, theme=theme, participants=40
        )
        yield days_ago, held, _SECRETARY
