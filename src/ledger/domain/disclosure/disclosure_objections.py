"""Objections (公开异议) to published figures, and reports of leaks (泄密报告)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import Field

from ledger.decision import OrganisationType, Situation
from ledger.domain.disclosure.disclosures import Disclosure, OfDisclosure
from ledger.domain.love_bank.objections import BY_ANYBODY
from ledger.domain.requests.dispatching import BY_COUNTY, BY_TOWN
from ledger.domain.requests.requests import precedes
from ledger.domain.town.organisations import TOWN, Organisation
from ledger.event import Folds, Id, PersonalText, Recorded, mint_random_id
from ledger.refusals import Forbidden, Refusal, UnknownReference, WrongState


class About(StrEnum):
    """Which of the three."""

    PROJECT = "project"
    """项目公开"""
    PROCESS = "process"
    """过程公开"""
    EVALUATION = "evaluation"
    """评价公开"""


class Leak(StrEnum):
    """What should not have gone out."""

    CONFIDENTIAL = "confidential"
    """涉密"""
    PERSONAL = "personal"
    """涉及个人信息"""


class DisclosureObjection(NamedTuple):
    """An objection to a disclosure as of its history."""

    disclosure: str
    raised_by: str
    latest: datetime
    is_open: bool = True


class LeakReport(NamedTuple):
    """A report of a leak as of its history."""

    disclosure: str
    reported_by: str


class OfObjection(OfDisclosure):
    """What the acts on an objection have in common."""

    objection: Id
    """The objection."""

    def tags(self) -> tuple[str, ...]:
        # First whose it is: what is said is sealed, and erased, with the objection.
        return (f"disclosure_objection:{self.objection}", f"disclosure:{self.disclosure}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        found: Disclosure | None = state(f"disclosure:{self.disclosure}")
        whose = () if found is None else (f"organisation:{found.discloser}",)
        return (*self.tags(), *whose)


class DisclosureObjectionRaised(OfObjection):
    """提出异议: anybody says that published figures are wrong."""

    kind = "disclosure_objection_raised"
    term = "公开异议"
    proposers = BY_ANYBODY
    creates = ("disclosure_objection", "objection")
    example = {
        "objection": "0c7a5b92-4d1e-4f63-9a28-5be1c07d3f46",
        "disclosure": "government-2026-02",
        "about": "process",
        "reason": "二月二十七日办结的三件没有计入",
    }

    objection: Id = Field(default_factory=mint_random_id)
    """The objection's id; it tells nothing of who objects."""
    about: About
    """Which of the three disclosures it is about."""
    reason: PersonalText
    """What is wrong."""

    def decide(self, situation: Situation) -> Refusal | None:
        found = self.published(situation)
        if not isinstance(found, Disclosure):
            return found
        if situation.actor.principal not in found.hands:
            return None
        return Forbidden(
            "own_disclosure",
            "nobody objects to what they prepared, reviewed or published",
            "somebody who did not; or a correction",
        )


class DisclosureObjectionDecided(OfObjection):
    """异议处理: by the town on a community's disclosure, by the county on the town's."""

    kind = "disclosure_objection_decided"
    term = "公开异议处理"
    proposers = (BY_TOWN, BY_COUNTY)
    example = {
        "objection": "0c7a5b92-4d1e-4f63-9a28-5be1c07d3f46",
        "disclosure": "government-2026-02",
        "is_upheld": True,
        "reason": "经核对，三件确在二月办结",
    }

    is_upheld: bool
    """True: the figures are to be corrected."""
    reason: PersonalText
    """Why."""

    def decide(self, situation: Situation) -> Refusal | None:
        found: Disclosure | None = situation.state(f"disclosure:{self.disclosure}")
        objection: DisclosureObjection | None = situation.state(self.tags()[0])
        if found is None or objection is None or objection.disclosure != self.disclosure:
            return UnknownReference(
                "unknown_disclosure_objection",
                f"objection {self.objection} was not raised against this disclosure",
                "an objection to this disclosure",
                "objection",
            )
        if not objection.is_open:
            return WrongState(
                "decided_already", "it is decided", "an objection that is open", "objection"
            )
        if situation.precedes(objection.latest):
            return precedes(objection.latest)
        return _partial(situation, found, objection)


def _partial(
    situation: Situation, found: Disclosure, objection: DisclosureObjection
) -> Refusal | None:
    actor = situation.actor
    if actor.principal in found.hands | {objection.raised_by}:
        return Forbidden(
            "own_matter",
            f"{actor.principal} objected, or had a hand in the disclosure",
            "somebody who did neither",
        )
    acting: Organisation = situation.state(f"organisation:{actor.organisation}")
    discloser: Organisation = situation.state(f"organisation:{found.discloser}")
    if discloser.type not in TOWN or acting.type is OrganisationType.COUNTY_OFFICE:
        return None
    return Forbidden(
        "towns_own_disclosure",
        "the town does not decide on objections to its own disclosures",
        "a clerk of the county office",
    )


class LeakReported(OfDisclosure):
    """泄密报告: anybody says that a disclosure tells what it may not; readers see that."""

    kind = "leak_reported"
    term = "泄露报告"
    proposers = BY_ANYBODY
    creates = ("leak", "leak")
    example = {
        "leak": "b2f9d6c1-70e4-4a3b-8d15-c94e2a6f0b87",
        "disclosure": "government-2026-02",
        "leaks": "personal",
        "details": "从附注可以认出一户人家",
    }

    leak: Id = Field(default_factory=mint_random_id)
    """The report's id; it tells nothing of who reports."""
    leaks: Leak
    """What should not have gone out."""
    details: PersonalText | None = None
    """Where it stands."""

    def tags(self) -> tuple[str, ...]:
        return (f"leak:{self.leak}", f"disclosure:{self.disclosure}")

    def decide(self, situation: Situation) -> Refusal | None:
        found: Disclosure | None = situation.state(f"disclosure:{self.disclosure}")
        # What was withdrawn may still lie about somewhere.
        if found is not None and found.is_withdrawn:
            return precedes(found.latest) if situation.precedes(found.latest) else None
        published = self.published(situation)
        return None if isinstance(published, Disclosure) else published


def evolve_objection(
    state: DisclosureObjection | None, tag: str, recorded: Recorded
) -> DisclosureObjection | None:
    """The objection after it was raised or decided."""
    match recorded.event:
        case DisclosureObjectionRaised(disclosure=disclosure):
            who = recorded.actor.principal
            return DisclosureObjection(disclosure, who, recorded.occurred_at)
        case DisclosureObjectionDecided() if state:
            return state._replace(is_open=False, latest=recorded.occurred_at)
    return state


def evolve_leak(state: LeakReport | None, tag: str, recorded: Recorded) -> LeakReport | None:
    """The report of a leak."""
    match recorded.event:
        case LeakReported(disclosure=disclosure):
            return LeakReport(disclosure, recorded.actor.principal)
    return state


def evolve_disclosure(state: Disclosure | None, tag: str, recorded: Recorded) -> Disclosure | None:
    """The disclosure after an objection to it was upheld."""
    match recorded.event:
        case DisclosureObjectionDecided(objection=one, is_upheld=True) if state:
            return state._replace(upheld=state.upheld | {one})
    return state


KINDS = (DisclosureObjectionRaised, DisclosureObjectionDecided, LeakReported)
FOLDS: Folds = {
    "disclosure": (evolve_disclosure, (DisclosureObjectionDecided,)),
    "disclosure_objection": (
        evolve_objection,
        (DisclosureObjectionRaised, DisclosureObjectionDecided),
    ),
    "leak": (evolve_leak, (LeakReported,)),
}
