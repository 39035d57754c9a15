"""Opinions, praise, joint matters and pairings in the test town on paper, each in a usual form."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

from ledger.catalogue import KINDS
from ledger.decision import Office, OrganisationType
from ledger.domain.participation.interaction import (
    OpinionPosted,
    OpinionReplied,
    PraiseGiven,
    PraiseTarget,
)
from ledger.domain.participation.meetings import MeetingConvened
from ledger.domain.participation.pairings import (
    EndGround,
    HouseholdType,
    PairingActivityHeld,
    PairingEnded,
    PairingForm,
    PairingFormed,
    PairingTheme,
)
from ledger.domain.participation.six_steps import (
    MatterSentBack,
    ResultOutcome,
    SixSteps,
)
from ledger.domain.town.organisations import OrganisationAssigned, OrganisationRegistered
from ledger.domain.town.people import AppointmentMade
from ledger.event import Actor, Event
from ledger.proposal import Proposal
from tests.paper_ledger import PaperLedger
from tests.request_acts import town
from tests.town import COMMITTEE, FOUNDER, RESIDENT, SECRETARY, TOWN_CLERK

OPINION, MATTER, PAIRING = "opinion-1", "matter-1", "pairing-1"
MEMBER = "p-member"
"""A committee member of the first community's branch."""
POOR: dict[str, Any] = {"household_type": HouseholdType.POOR}
_MORE = (
    ("branch-2", OrganisationType.COMMUNITY_BRANCH),
    ("village-1", OrganisationType.VILLAGE_BRANCH),
    ("village-2", OrganisationType.VILLAGE_BRANCH),
    ("factory-1", OrganisationType.ENTERPRISE),
    ("charity-1", OrganisationType.SOCIAL_ORGANISATION),
    ("mill-1", OrganisationType.VILLAGE_ENTERPRISE),
    ("cooperative-1", OrganisationType.COOPERATIVE),
)


@cache
def _founded() -> PaperLedger:
    paper = town()
    events: list[Event] = [
        OrganisationRegistered(organisation=identity, type=type_, name=identity)
        for identity, type_ in _MORE
    ]
    events += [
        OrganisationAssigned(organisation=one, community="branch-1")
        for one in ("factory-1", "charity-1")
    ]
    member = AppointmentMade(
        principal=MEMBER, organisation="branch-1", office=Office.COMMITTEE_MEMBER
    )
    paper.accept(*(Proposal(event, TOWN_CLERK) for event in events), Proposal(member, FOUNDER))
    return paper


def taking_part(*proposals: Proposal) -> PaperLedger:
    """The test town with villages, enterprises and a committee member, after these acts."""
    paper = _founded().copy()
    paper.accept(*proposals)
    return paper


# Interaction


def posted(actor: Actor = RESIDENT, **changes: Any) -> Proposal:
    """A resident's opinion for the first committee."""
    body: dict[str, Any] = {
        "opinion": OPINION, "community": "committee-1", "topic": "green-space",
        "poster": RESIDENT.principal, "text": "长椅坏了", **changes,
    }  # fmt: skip
    return Proposal(OpinionPosted(**body), actor)


def replied(actor: Actor = COMMITTEE, **changes: Any) -> Proposal:
    """The reply, which shows nothing."""
    body: dict[str, Any] = {"opinion": OPINION, "reply": "本周修好", **changes}
    return Proposal(OpinionReplied(**body), actor)


SHOWN: dict[str, Any] = {
    "public_text": "居民反映长椅损坏", "public_reply": "本周修好",
    "reviewed_by": SECRETARY.principal,
}  # fmt: skip
"""What a reply carries so that everybody may read both."""


def praised(actor: Actor = RESIDENT, **changes: Any) -> Proposal:
    """Praise for the committee as a whole."""
    body: dict[str, Any] = {
        "target_type": PraiseTarget.ORGANISATION, "organisation": "committee-1",
        "giver": actor.principal, **changes,
    }  # fmt: skip
    return Proposal(PraiseGiven(**body), actor)


def praised_office(office: Office, organisation: str, actor: Actor = RESIDENT) -> Proposal:
    """Praise for an office."""
    target = PraiseTarget.OFFICE
    return praised(actor, target_type=target, organisation=organisation, office=office)


def praised_deed(deed: str, actor: Actor = RESIDENT, **changes: Any) -> Proposal:
    """Praise for a deed."""
    return praised(actor, target_type=PraiseTarget.DEED, organisation=None, deed=deed, **changes)


# Six steps

_STEPS: dict[str, dict[str, Any]] = {
    "opinions_collected": {"community": "committee-1", "title": "增设充电棚", "opinions": 64},
    "visits_made": {"visits": 22},
    "opinions_assessed": {"assessment": "多数支持"},
    "decision_formed": {
        "decision": "东侧增设一处", "decided_by": (SECRETARY.principal, MEMBER),
    },
    "goals_set": {
        "goals": ("建成",), "responsible": "committee-1", "due_on": date(2099, 6, 30),
    },
    "result_published": {"outcome": ResultOutcome.ACHIEVED, "result": "五月建成"},
}  # fmt: skip


def step(
    kind: str, actor: Actor = COMMITTEE, joint_matter: str = MATTER, **changes: Any
) -> Proposal:
    """One of the six steps."""
    cls: Any = KINDS[kind]
    return Proposal(cls(joint_matter=joint_matter, **{**_STEPS[kind], **changes}), actor)


def steps_until(kind: str, joint_matter: str = MATTER, **changes: Any) -> list[Proposal]:
    """The steps up to this one, which is included; the changes are the first one's."""
    kinds = [one.value for one in SixSteps]
    wanted = kinds[: kinds.index(kind) + 1]
    return [
        step(one, joint_matter=joint_matter, **(changes if one == kinds[0] else {}))
        for one in wanted
    ]


def sent_back(to_step: SixSteps, actor: Actor = COMMITTEE, **changes: Any) -> Proposal:
    """A matter goes back to a step."""
    body: dict[str, Any] = {"joint_matter": MATTER, "reason": "走访不够", **changes}
    return Proposal(MatterSentBack(to_step=to_step, **body), actor)


def convened(actor: Actor = COMMITTEE, **changes: Any) -> Proposal:
    """A meeting with a unit and a department."""
    body: dict[str, Any] = {
        "meeting": "meeting-1", "participants": ("unit-1", "dept-urban"), **changes,
    }  # fmt: skip
    return Proposal(MeetingConvened(**body), actor)


# Pairings


def paired(actor: Actor = SECRETARY, **changes: Any) -> Proposal:
    """The first community's branch with a village's."""
    body: dict[str, Any] = {
        "pairing": PAIRING, "form": PairingForm.BRANCHES, "organisation": "branch-1",
        "partner": "village-1", **changes,
    }  # fmt: skip
    return Proposal(PairingFormed(**body), actor)


def by_unit(pairing: str, actor: Actor = SECRETARY, **changes: Any) -> Proposal:
    """An enterprise with what the changes name."""
    body: dict[str, Any] = {"organisation": "factory-1", "partner": None, **changes}
    return paired(actor, pairing=pairing, form=PairingForm.UNITS, **body)


def by_member(pairing: str, household: str, **changes: Any) -> Proposal:
    """The committee member with a poor household."""
    body: dict[str, Any] = {"member": MEMBER, "partner": None, **POOR, **changes}
    return paired(pairing=pairing, form=PairingForm.MEMBERS, household=household, **body)


def held(*pairings: str, actor: Actor = SECRETARY, **changes: Any) -> Proposal:
    """A session on the new civic customs."""
    body: dict[str, Any] = {
        "theme": PairingTheme.NEW_CIVIC_CUSTOMS, "participants": 46, **changes,
    }  # fmt: skip
    return Proposal(PairingActivityHeld(pairings=pairings or (PAIRING,), **body), actor)


def ended(pairing: str = PAIRING, actor: Actor = SECRETARY) -> Proposal:
    """The pairing is over."""
    return Proposal(PairingEnded(pairing=pairing, ground=EndGround.GOALS_REACHED), actor)
