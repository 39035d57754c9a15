"""Assistance and outreach (帮扶, 宣讲): help for persons in need, and talks in the villages.

No pairing is needed. A beneficiary is a person, never a household, under one random id in this
context alone, with a category and without a name. Several who help in one matter say so by its
id: a matter is one good deed (好事实事), counted once, as soon as help in it is confirmed.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from ledger.decision import Office, OrganisationType, Situation
from ledger.domain.requests.requests import (
    BY_COMMUNITY,
    BY_RESIDENT,
    not_the_requester,
    precedes,
)
from ledger.domain.town.organisations import (
    BY_TOWN_OFFICE,
    foreign_community,
    unknown_organisation,
)
from ledger.domain.volunteering.volunteers import (
    BY_MEMBER,
    BY_UNIT,
    SERVERS,
    UNITS,
    claimant_tags,
    community_tag,
    member_tag,
    not_for_them,
    not_of_unit,
    own_service,
)
from ledger.event import Event, Folds, Id, Recorded, mint_id, mint_random_id
from ledger.refusals import Forbidden, Refusal, Unacceptable, UnknownReference, WrongState

MAX_UNITS = 20


class HelpCategory(StrEnum):
    """What was done for somebody."""

    VISIT = "visit"
    """走访慰问"""
    CARE = "care"
    """生活照料"""
    MEDICAL = "medical"
    """就医陪护"""
    STUDY = "study"
    """助学"""
    WORK = "work"
    """就业帮扶"""
    REPAIR = "repair"
    """维修"""
    PAPERWORK = "paperwork"
    """办事协助"""
    OTHER = "other"
    """其他"""


class Theme(StrEnum):
    """What a talk is about; those under a pairing have themes of their own."""

    POLICY = "policy"
    """政策"""
    SCIENCE = "science"
    """科普"""


class Help(NamedTuple):
    """Help as of its history."""

    community: str
    helper: str
    unit: str
    given_by: str
    """The principal who entered it."""
    beneficiary: str
    matter: str
    given_at: datetime
    is_ruled: bool = False
    """Whether somebody said that it was given, or was not."""


class Matter(NamedTuple):
    """What somebody needed, and who helped in it."""

    beneficiary: str
    helpers: frozenset[str] = frozenset()


class HelpGiven(Event):
    """帮扶: somebody helped a person in need."""

    kind = "help_given"
    term = "帮扶"
    proposers = SERVERS
    creates = ("help", "help")
    example = {
        "help": "help-2026-088",
        "community": "branch-riverside",
        "helper": "p-member",
        "unit": "unit-school",
        "beneficiary": "5c0f7b6e-2f0e-4a94-8a5c-6f5d5f1b8f02",
        "beneficiary_category": "lonely-elders",
        "help_category": "medical",
        "matter": "matter-2026-088",
    }

    help: Id = Field(default_factory=mint_id)
    """The id of this help."""
    community: Id
    """The Party branch of the community for which it was given."""
    helper: Id
    """The principal who helped."""
    unit: Id
    """The organisation of which they hold an office, and as whose they helped."""
    beneficiary: Id = Field(default_factory=mint_random_id)
    """The random id under which the person is helped, the same whoever helps."""
    beneficiary_category: Id
    """Of a person in need (困难群众), in a code of the town's own, such as lonely-elders."""
    help_category: HelpCategory
    """What was done."""
    matter: Id = Field(default_factory=mint_id)
    """What it was for: whoever helps in the same matter names the same id. It may be that of an
    order, which is one good deed with it."""

    def tags(self) -> tuple[str, ...]:
        return (f"help:{self.help}", f"matter:{self.matter}", f"beneficiary:{self.beneficiary}")

    def concerns(self, situation: Situation) -> tuple[str, ...]:
        """The community."""
        return (community_tag(self.community),)

    def boundary(self, state: Any) -> tuple[str, ...]:
        organisations = (f"organisation:{self.community}", f"organisation:{self.unit}")
        known = (f"help:{self.help}", f"matter:{self.matter}")
        return (*known, *organisations, f"principal:{self.helper}")

    def decide(self, situation: Situation) -> Refusal | None:
        branch = OrganisationType.COMMUNITY_BRANCH
        return (
            unknown_organisation(situation, self.community, "community", branch)
            or not_of_unit(situation, self.helper, self.unit, "helper")
            or not_for_them(situation, self.helper, self.unit, self.community, "helper")
            or self._unfit_matter(situation)
        )

    def _unfit_matter(self, situation: Situation) -> Refusal | None:
        matter: Matter | None = situation.state(f"matter:{self.matter}")
        if matter is None:
            return None
        if matter.beneficiary != self.beneficiary:
            return Unacceptable(
                "matter_of_another",
                f"matter {self.matter} is another person's",
                "a matter of this beneficiary, or none: the ledger mints one",
                "matter",
            )
        if self.helper in matter.helpers:
            return WrongState(
                "helped_already",
                f"{self.helper} has told of their help in {self.matter}",
                "another matter, or another helper",
                "matter",
            )
        return None


class HelpConfirmed(Event):
    """帮扶确认: the person helped, or a clerk of the community, says whether it was given."""

    kind = "help_confirmed"
    term = "帮扶确认"
    proposers = (BY_RESIDENT, BY_COMMUNITY)
    example = {"help": "help-2026-088", "is_confirmed": True}

    help: Id
    """The help."""
    is_confirmed: bool
    """False: it was not given, and counts nowhere."""

    def tags(self) -> tuple[str, ...]:
        return (f"help:{self.help}",)

    def concerns(self, situation: Situation) -> tuple[str, ...]:
        """The community; where it is confirmed, the good deed, the person who was helped, and the
        helper, if they have a claim as a resident unit's member."""
        given: Help = situation.state(f"help:{self.help}")
        if not self.is_confirmed:
            return (community_tag(given.community),)
        return (
            community_tag(given.community),
            f"matter:{given.matter}",
            f"beneficiary:{given.beneficiary}",
            *claimant_tags(situation, given.helper),
        )

    def boundary(self, state: Any) -> tuple[str, ...]:
        given: Help | None = state(f"help:{self.help}")
        if given is None:
            return self.tags()
        return (*self.tags(), f"organisation:{given.community}", member_tag(given.helper))

    def decide(self, situation: Situation) -> Refusal | None:
        given: Help | None = situation.state(f"help:{self.help}")
        if given is None:
            return UnknownReference(
                "unknown_help", f"help {self.help} is not in this ledger", "help given", "help"
            )
        if given.is_ruled:
            return WrongState(
                "help_ruled", f"help {self.help} is ruled on", "help that is not", "help"
            )
        if situation.precedes(given.given_at):
            return precedes(given.given_at)
        if situation.actor.office == Office.RESIDENT:
            return not_the_requester(situation, given.beneficiary, "help")
        served_by = frozenset({given.helper, given.given_by})
        return foreign_community(situation, given.community, "help") or own_service(
            situation, served_by, given.unit
        )


class OutreachHeld(Event):
    """宣讲: units speak in a village, on policy or science; talks under a pairing are none."""

    kind = "outreach_held"
    term = "宣讲"
    proposers = (BY_MEMBER, BY_UNIT, BY_COMMUNITY, BY_TOWN_OFFICE)
    creates = ("outreach", "outreach")
    example = {
        "outreach": "outreach-2026-004",
        "units": ["unit-school"],
        "village": "village-north",
        "theme": "policy",
    }

    outreach: Id = Field(default_factory=mint_id)
    """The id of the talk."""
    units: Annotated[tuple[Id, ...], Field(min_length=1, max_length=MAX_UNITS)]
    """The organisations that held it, each once."""
    village: Id
    """The branch of the village."""
    theme: Theme
    """What it was about."""

    def tags(self) -> tuple[str, ...]:
        return (f"outreach:{self.outreach}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        named = (f"organisation:{one}" for one in (*self.units, self.village))
        return (*self.tags(), *named)

    def decide(self, situation: Situation) -> Refusal | None:
        if len(set(self.units)) < len(self.units):
            return Unacceptable(
                "unit_twice", "an organisation is named twice", "each organisation once", "units"
            )
        unknown = (unknown_organisation(situation, one, "units", *UNITS) for one in self.units)
        return (
            next(filter(None, unknown), None)
            or unknown_organisation(
                situation, self.village, "village", OrganisationType.VILLAGE_BRANCH
            )
            or self._of_others(situation)
        )

    def _of_others(self, situation: Situation) -> Refusal | None:
        acting = situation.actor.organisation
        if acting in self.units or situation.state(f"organisation:{acting}").type not in UNITS:
            return None
        return Forbidden(
            "others_outreach",
            f"{acting} is not among those who held it",
            "one of these units, a body of a community, or the town",
            "units",
        )


def evolve_help(state: Help | None, tag: str, recorded: Recorded) -> Help | None:
    """The help after one more event."""
    match recorded.event:
        case HelpGiven() as event:
            return Help(
                event.community,
                event.helper,
                event.unit,
                recorded.actor.principal,
                event.beneficiary,
                event.matter,
                recorded.occurred_at,
            )
        case HelpConfirmed() if state:
            return state._replace(is_ruled=True)
    return state


def evolve_matter(state: Matter | None, tag: str, recorded: Recorded) -> Matter | None:
    """Whose matter it is, and who helped in it."""
    match recorded.event:
        case HelpGiven(beneficiary=beneficiary, helper=helper):
            matter = state or Matter(beneficiary)
            return matter._replace(helpers=matter.helpers | {helper})
    return state


def evolve_outreach(state: bool | None, tag: str, recorded: Recorded) -> bool:
    """That it was held."""
    return True


KINDS = (HelpGiven, HelpConfirmed, OutreachHeld)
FOLDS: Folds = {
    "help": (evolve_help, (HelpGiven, HelpConfirmed)),
    "matter": (evolve_matter, (HelpGiven,)),
    "outreach": (evolve_outreach, (OutreachHeld,)),
}
