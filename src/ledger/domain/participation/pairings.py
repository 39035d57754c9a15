"""Pairings (1+x 结对): two ends that stand by each other, what they do together, and the end of it.

A "1" with several "x" is a pairing with each. A household is an end under a random id alone.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from ledger.decision import Office, OrganisationType, Situation
from ledger.domain.requests.requests import BY_COMMUNITY, precedes
from ledger.domain.town.organisations import (
    BY_TOWN_OFFICE,
    COMMUNITIES,
    foreign_community,
    unknown_organisation,
)
from ledger.domain.town.people import Principal
from ledger.event import Event, Folds, Id, Recorded, mint_id
from ledger.refusals import Refusal, Unacceptable, UnknownReference, WrongState

MAX_PAIRINGS = 20
"""Of one activity: a session for all whom one end stands by."""
MAX_PARTICIPANTS = 100_000
PAIRED_BY = (BY_COMMUNITY, BY_TOWN_OFFICE)
COMMITTEE_OFFICES = (
    Office.SECRETARY,
    Office.COMMITTEE_MEMBER,
    Office.PART_TIME_COMMITTEE_MEMBER,
    Office.RESIDENTS_COMMITTEE_MEMBER,
)


class PairingForm(StrEnum):
    """Who stands by whom."""

    BRANCHES = "branches"
    """社区党总支与村党支部"""
    UNITS = "units"
    """企业、社会组织与村办企业、合作社、能人大户、贫困户"""
    MEMBERS = "members"
    """委员与贫困户"""


class HouseholdType(StrEnum):
    """What kind of household it is."""

    POOR = "poor"
    """贫困户"""
    ABLE = "able"
    """能人大户"""


class PairingTheme(StrEnum):
    """What an activity is about."""

    NEW_CIVIC_CUSTOMS = "new_civic_customs"
    """新民风"""
    PARTY_BUILDING = "party_building"
    """党建联建"""
    INDUSTRY = "industry"
    """产业帮扶"""
    EMPLOYMENT = "employment"
    """就业帮扶"""
    VISIT = "visit"
    """走访慰问"""
    OTHER = "other"
    """其他"""


class EndGround(StrEnum):
    """Why a pairing ends."""

    GOALS_REACHED = "goals_reached"
    """目标完成"""
    AGREED = "agreed"
    """双方协商"""
    PARTNER_GONE = "partner_gone"
    """一方撤销或迁离"""
    FORMED_IN_ERROR = "formed_in_error"
    """登记有误"""


class Pairing(NamedTuple):
    """A pairing as of its history."""

    organisation: str
    form: PairingForm
    household: str | None
    latest: datetime
    is_ended: bool = False


class PairingFormed(Event):
    """结对: two ends stand by each other from now on."""

    kind = "pairing_formed"
    term = "结对"
    proposers = PAIRED_BY
    creates = ("pairing", "pairing")
    example = {
        "pairing": "pairing-riverside-hill",
        "form": "branches",
        "organisation": "branch-riverside",
        "partner": "branch-hill-village",
    }

    pairing: Id = Field(default_factory=mint_id)
    """The pairing's id."""
    form: PairingForm
    """Who stands by whom: it says what the ends may be."""
    organisation: Id
    """The "1": a community's branch, an enterprise or a social organisation; of a committee member
    the body whose committee it is."""
    member: Id | None = None
    """The committee member, a principal; for `members` alone."""
    partner: Id | None = None
    """The other end where it is an organisation."""
    household: Id | None = None
    """The other end where it is a household, under a random id."""
    household_type: HouseholdType | None = None
    """What kind of household; with a household alone."""

    def tags(self) -> tuple[str, ...]:
        own = (f"pairing:{self.pairing}", self._pair_tag())
        return own if self.household is None else (*own, f"household:{self.household}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        before: str | None = state(self._pair_tag())
        named = (
            ("organisation", self.organisation),
            ("organisation", self.partner),
            ("principal", self.member),
            ("pairing", before),
        )
        # No rule looks at the household, which needs no place in the grid.
        return (
            f"pairing:{self.pairing}", self._pair_tag(),
            *(f"{of}:{one}" for of, one in named if one is not None),
        )  # fmt: skip

    def decide(self, situation: Situation) -> Refusal | None:
        return (
            self._wrong_ends()
            or self._unfit_organisations(situation)
            or self._no_committee_member(situation)
            or foreign_community(situation, self.organisation, "organisation")
            or self._paired(situation)
        )

    def _wrong_ends(self) -> Refusal | None:
        given = (self.member is not None, self.partner is not None, self.household is not None)
        fits = given in _ENDS[self.form]
        if self.household is None:
            fits = fits and self.household_type is None
        else:
            fits = fits and self.household_type in _HOUSEHOLDS[self.form]
        if fits:
            return None
        return Unacceptable(
            "wrong_ends", f"these are no ends of a pairing of {self.form}", _WANTED[self.form],
            "household" if self.household is not None else "partner",
        )  # fmt: skip

    def _unfit_organisations(self, situation: Situation) -> Refusal | None:
        ones, others = _TYPES[self.form]
        unknown = unknown_organisation(situation, self.organisation, "organisation", *ones)
        if unknown or self.partner is None:
            return unknown
        return unknown_organisation(situation, self.partner, "partner", *others)

    def _no_committee_member(self, situation: Situation) -> Refusal | None:
        if self.member is None:
            return None
        member: Principal | None = situation.state(f"principal:{self.member}")
        if member is not None and any(
            member.holds(office, self.organisation, situation.at) for office in COMMITTEE_OFFICES
        ):
            return None
        return Unacceptable(
            "no_committee_member", f"{self.member} is no committee member of {self.organisation}",
            "a secretary or a member of its committee", "member",
        )  # fmt: skip

    def _paired(self, situation: Situation) -> Refusal | None:
        before: str | None = situation.state(self._pair_tag())
        if before is None:
            return None
        pairing: Pairing = situation.state(f"pairing:{before}")
        if pairing.is_ended:
            return precedes(pairing.latest) if situation.precedes(pairing.latest) else None
        return WrongState(
            "already_paired", f"these two are paired, as {before}",
            "two ends that are not, or the end of that pairing first",
            "household" if self.household is not None else "partner",
        )  # fmt: skip

    def _pair_tag(self) -> str:
        """The history of two ends, under a digest, as it is made of both."""
        one = self.member or self.organisation
        ends = (one, self.partner or "", self.household or "")
        return f"pair:{sha256(chr(10).join(ends).encode()).hexdigest()}"


class PairingActivityHeld(Event):
    """结对活动: one session of those who are paired; with several of them at once, it is one."""

    kind = "pairing_activity_held"
    term = "结对活动"
    proposers = PAIRED_BY
    creates = ("pairing_activity", "activity")
    example = {
        "activity": "activity-2026-017",
        "pairings": ["pairing-riverside-hill"],
        "theme": "new_civic_customs",
        "participants": 46,
    }

    activity: Id = Field(default_factory=mint_id)
    """The activity's id."""
    pairings: Annotated[tuple[Id, ...], Field(min_length=1, max_length=MAX_PAIRINGS)]
    """The pairings under which it was held."""
    theme: PairingTheme
    """What it was about."""
    participants: Annotated[int, Field(ge=1, le=MAX_PARTICIPANTS)]
    """How many people came."""

    def tags(self) -> tuple[str, ...]:
        of = dict.fromkeys(self.pairings)
        return (f"pairing_activity:{self.activity}", *(f"pairing:{one}" for one in of))

    def boundary(self, state: Any) -> tuple[str, ...]:
        of = (one for pairing in self.pairings for one in _of_its_body(pairing, state))
        return (*self.tags(), *of)

    def decide(self, situation: Situation) -> Refusal | None:
        if len(set(self.pairings)) < len(self.pairings):
            return Unacceptable(
                "pairing_named_twice", "a pairing is named twice", "each once", "pairings"
            )
        for one in self.pairings:
            pairing = active_pairing(situation, one, "pairings")
            if not isinstance(pairing, Pairing):
                return pairing
        return None


class PairingEnded(Event):
    """解除结对: from now on the two ends are free to pair again."""

    kind = "pairing_ended"
    term = "解除结对"
    proposers = PAIRED_BY
    example = {"pairing": "pairing-riverside-hill", "ground": "goals_reached"}

    pairing: Id
    """The pairing."""
    ground: EndGround
    """Why it ends."""

    def tags(self) -> tuple[str, ...]:
        return (f"pairing:{self.pairing}",)

    def concerns(self, situation: Situation) -> tuple[str, ...]:
        """The household that was its end."""
        pairing: Pairing = situation.state(f"pairing:{self.pairing}")
        return () if pairing.household is None else (f"household:{pairing.household}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*self.tags(), *_of_its_body(self.pairing, state))

    def decide(self, situation: Situation) -> Refusal | None:
        pairing = active_pairing(situation, self.pairing, "pairing")
        return None if isinstance(pairing, Pairing) else pairing


def active_pairing(situation: Situation, identity: str, field: str) -> Pairing | Refusal:
    """The pairing, or why this actor may do nothing under it."""
    found: Pairing | None = situation.state(f"pairing:{identity}")
    if found is None:
        return UnknownReference(
            "unknown_pairing", f"pairing {identity} is not in this ledger",
            "one that was formed", field,
        )  # fmt: skip
    foreign = foreign_community(situation, found.organisation, field)
    if foreign:
        return foreign
    if found.is_ended:
        return WrongState(
            "pairing_is_ended", f"pairing {identity} is ended", "one that is not", field
        )
    return precedes(found.latest) if situation.precedes(found.latest) else found


_ONE_OTHER, _HOUSEHOLD, _OF_MEMBER = (
    (False, True, False), (False, False, True), (True, False, True),
)  # fmt: skip
_ENDS = {
    PairingForm.BRANCHES: (_ONE_OTHER,),
    PairingForm.UNITS: (_ONE_OTHER, _HOUSEHOLD),
    PairingForm.MEMBERS: (_OF_MEMBER,),
}
"""Whether member, partner and household are named."""
_HOUSEHOLDS: dict[PairingForm, tuple[HouseholdType, ...]] = {
    PairingForm.BRANCHES: (),
    PairingForm.UNITS: tuple(HouseholdType),
    PairingForm.MEMBERS: (HouseholdType.POOR,),
}
_TYPES: dict[PairingForm, tuple[tuple[OrganisationType, ...], tuple[OrganisationType, ...]]] = {
    PairingForm.BRANCHES: (
        (OrganisationType.COMMUNITY_BRANCH,),
        (OrganisationType.VILLAGE_BRANCH,),
    ),
    PairingForm.UNITS: (
        (OrganisationType.ENTERPRISE, OrganisationType.SOCIAL_ORGANISATION),
        (OrganisationType.VILLAGE_ENTERPRISE, OrganisationType.COOPERATIVE),
    ),
    PairingForm.MEMBERS: (COMMUNITIES, ()),
}
"""Of the organisation, and of the partner."""
_WANTED = {
    PairingForm.BRANCHES: "a partner, and neither a member nor a household",
    PairingForm.UNITS: "a partner, or a household with its type, and no member",
    PairingForm.MEMBERS: "a member and a poor household, and no partner",
}


def _of_its_body(pairing: str, state: Any) -> tuple[str, ...]:
    """The history that tells of which community a pairing is."""
    known: Pairing | None = state(f"pairing:{pairing}")
    return () if known is None else (f"organisation:{known.organisation}",)


def evolve_pairing(state: Pairing | None, tag: str, recorded: Recorded) -> Pairing | None:
    """The pairing after it was formed, lived or ended."""
    when = recorded.occurred_at
    match recorded.event:
        case PairingFormed() as event:
            return Pairing(event.organisation, event.form, event.household, when)
        case PairingActivityHeld() if state:
            return state._replace(latest=max(state.latest, when))
        case PairingEnded() if state:
            return state._replace(is_ended=True, latest=when)
    return state


def evolve_pair(state: str | None, tag: str, recorded: Recorded) -> str | None:
    """The last pairing of two ends."""
    match recorded.event:
        case PairingFormed(pairing=pairing):
            return pairing
    return state


def evolve_activity(state: str | None, tag: str, recorded: Recorded) -> str | None:
    """Who entered the activity."""
    match recorded.event:
        case PairingActivityHeld():
            return recorded.actor.organisation
    return state


KINDS = (PairingFormed, PairingActivityHeld, PairingEnded)
FOLDS: Folds = {
    "pairing": (evolve_pairing, KINDS),
    "pair": (evolve_pair, (PairingFormed,)),
    "pairing_activity": (evolve_activity, (PairingActivityHeld,)),
}
