"""A whistle (社区吹哨) as all acts fold it, and the rules that its acts share."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from ledger.decision import Office, OrganisationType, Situation, standing
from ledger.domain.requests.dispatching import MAX_HANDLERS, too_many_handlers
from ledger.domain.requests.requests import (
    CLERKS,
    Request,
    community_of,
    conflict,
    precedes,
    unknown_request,
)
from ledger.domain.rules.rules import WHISTLE_GRADES, Grade, RulesEnacted, rules_in_force
from ledger.domain.town.organisations import foreign_community, unknown_organisation
from ledger.event import Event, Id
from ledger.refusals import Forbidden, Refusal, Unacceptable, UnknownReference, WrongState

_WHISTLING = (OrganisationType.COMMUNITY_BRANCH, OrganisationType.GENERAL_BRANCH)


BY_SECRETARY = standing(Office.SECRETARY, *_WHISTLING)


BY_BRANCH = standing((Office.SECRETARY, Office.COMMITTEE_MEMBER, *CLERKS), *_WHISTLING)


MAX_DEPARTMENTS = 20
"""Of one whistle, those that it was split among included."""


class Ground(StrEnum):
    """Why a community may summon."""

    BEYOND_LOCAL_POWERS = "beyond_local_powers"
    """超出社区权限"""
    JOINT_ENFORCEMENT = "joint_enforcement"
    """联合执法"""
    EMERGENCY = "emergency"
    """应急处置"""


class WhistleStage(StrEnum):
    """Where a whistle as a whole stands."""

    DRAFTED = "drafted"
    BLOWN = "blown"
    COUNTERMANDED = "countermanded"
    CLEARED = "cleared"


class Summoned(NamedTuple):
    """One department summoned by a whistle, and how far it is."""

    department: str
    latest: datetime
    """When its last act is claimed to have happened, or the whistle was blown."""
    is_signed: bool = False
    is_contacted: bool = False
    is_on_site: bool = False
    is_handled: bool = False
    is_verified: bool = False
    is_released: bool = False
    return_is_asked: bool = False
    return_was_refused: bool = False
    was_rated: bool = False
    has_rated: bool = False

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do for it."""
        return self.is_verified or self.is_released


class Whistle(NamedTuple):
    """A whistle as of its history."""

    stage: WhistleStage
    community: str
    """The branch that drafted or blew it."""
    request: str | None
    summoned: tuple[Summoned, ...]
    blown_at: datetime
    latest: datetime
    called_by: tuple[str, ...] = ()
    """The principals who drafted it, blew it or split it: in no other office do they rate it."""
    handled_by: tuple[str, ...] = ()
    """The principals who ever acted for a department: in no other office do they judge it."""

    def is_open_for(self, organisation: str) -> bool:
        """Whether the organisation still has to do something about it."""
        if self.stage is not WhistleStage.BLOWN:
            return False
        summoned = self.of(organisation)
        return organisation == self.community or (summoned is not None and not summoned.is_done)

    def of(self, department: str) -> Summoned | None:
        """How far a department is, or None where it was not summoned."""
        return next((one for one in self.summoned if one.department == department), None)

    def with_summoned(self, changed: Summoned) -> Whistle:
        """The same with one department further on."""
        summoned = tuple(
            changed if one.department == changed.department else one for one in self.summoned
        )
        return self._replace(summoned=summoned, latest=max(self.latest, changed.latest))

    def with_more(self, departments: tuple[str, ...], when: datetime) -> Whistle:
        """The same with more departments summoned."""
        more = tuple(Summoned(department, when) for department in departments)
        return self._replace(summoned=(*self.summoned, *more), latest=max(self.latest, when))


Departments = Annotated[tuple[Id, ...], Field(min_length=1, max_length=MAX_DEPARTMENTS)]


class SummoningEvent(Event):
    """What drafting, blowing and splitting have in common: departments that are to come."""

    whistle: Id
    """The whistle's id."""
    departments: Departments
    """Who is to come; each once."""
    grade: Grade
    """How pressing it is: ordinary, hard or urgent. It decides the departments' terms."""

    def summons_boundary(self, state: Any, request: str | None) -> tuple[str, ...]:
        """The histories that tell whether the departments may be summoned."""
        case = () if request is None else (f"request:{request}", *community_of(request, state))
        summoned = tuple(f"organisation:{department}" for department in self.departments)
        return (f"whistle:{self.whistle}", *case, *summoned)

    def unfit(self, situation: Situation, request: str | None) -> Refusal | None:
        """The refusal where these departments cannot be summoned, for the request or for none."""
        if len(set(self.departments)) < len(self.departments):
            return Unacceptable(
                "department_given_twice", "a department is named twice", "each once", "departments"
            )
        for department in self.departments:
            unknown = unknown_organisation(
                situation, department, "departments", OrganisationType.DEPARTMENT
            )
            if unknown:
                return unknown
        return None if request is None else self._request(situation, request)

    def _request(self, situation: Situation, identity: str) -> Refusal | None:
        request: Request | None = situation.state(f"request:{identity}")
        if request is None:
            return unknown_request(identity)
        if not request.is_open:
            return WrongState(
                "request_closed",
                f"request {identity} is {request.stage}",
                "an open request, or none",
                "request",
            )
        conflicted = self.conflict(situation, request, "request")
        if conflicted:
            return conflicted
        foreign = foreign_community(situation, request.community, "request")
        if foreign:
            return foreign
        # An urgent whistle is entered later than it was blown: acts may lie between, no filing.
        if situation.precedes(request.filed_at):
            return precedes(request.filed_at)
        return self.too_many(request)

    def entered_late(self, situation: Situation) -> Refusal | None:
        """The refusal of an urgent summons, which goes by phone, that is entered too late."""
        if self.grade is not Grade.URGENT:
            return None
        pack = rules_in_force(situation)
        if not isinstance(pack, RulesEnacted):
            return pack
        if situation.at - situation.occurred_at > timedelta(hours=pack.urgent_entry_hours):
            return Unacceptable(
                "urgent_entered_late",
                f"an urgent whistle is entered within {pack.urgent_entry_hours} h",
                "an urgent whistle of that time, or grade ordinary or hard",
                "occurred_at",
            )
        return None

    def too_many(self, request: Request) -> Refusal | None:
        """The refusal where the request would have more handlers than a record can name."""
        count = len({*request.handlers, *self.departments})
        return too_many_handlers("departments") if count > MAX_HANDLERS else None

    def conflict(self, situation: Situation, request: Request, field: str) -> Refusal | None:
        """The refusal where the one complained about is summoned, or summons, and for whoever may
        do nothing in the case, such as its requester in an office."""
        if request.against is not None and request.against in self.departments:
            return complained_about(request.against, "departments")
        if request.against == situation.actor.organisation:
            return complained_about(request.against, field)
        return conflict(situation, request)


class WhistleEvent(Event):
    """What all acts on a whistle that exists already have in common."""

    whistle: Id
    """The whistle's id."""

    def tags(self) -> tuple[str, ...]:
        return (f"whistle:{self.whistle}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (f"whistle:{self.whistle}",)


def blown(
    situation: Situation, event: WhistleEvent | SummoningEvent, *stages: WhistleStage
) -> Whistle | Refusal:
    """The whistle of an act while it is blown (or in these stages), or why it is not."""
    whistle: Whistle | None = situation.state(f"whistle:{event.whistle}")
    if whistle is None:
        return UnknownReference(
            "unknown_whistle",
            f"whistle {event.whistle} is not in this ledger",
            "one that was blown",
            "whistle",
        )
    wanted = stages or (WhistleStage.BLOWN,)
    if whistle.stage not in wanted:
        return WrongState(
            "wrong_whistle_stage",
            f"whistle {event.whistle} is {whistle.stage}",
            f"{event.kind} while it is {' or '.join(wanted)}",
            "whistle",
        )
    return precedes(whistle.blown_at) if situation.precedes(whistle.blown_at) else whistle


def wrong_grade(grade: Grade) -> Refusal | None:
    """The refusal of a grade that only requests have."""
    if grade in WHISTLE_GRADES:
        return None
    return Unacceptable(
        "grade_of_a_request",
        f"{grade} is a grade of requests",
        " or ".join(WHISTLE_GRADES),
        "grade",
    )


def of_another_community(situation: Situation, whistle: Whistle) -> Refusal | None:
    """The refusal where a branch acts for a whistle that another one blew."""
    if situation.actor.organisation == whistle.community:
        return None
    return Forbidden(
        "whistle_of_another",
        f"the whistle is {whistle.community}'s",
        f"a principal of {whistle.community}",
        "whistle",
    )


def own_summons(situation: Situation, whistle: Whistle) -> Refusal | None:
    """The refusal where somebody who acted for a department judges it in another office."""
    if situation.actor.principal not in whistle.handled_by:
        return None
    return Forbidden(
        "own_summons",
        f"{situation.actor.principal} acted for a department that this whistle summoned",
        "a principal who acted for none of them",
    )


def with_its_request(whistle: str, state: Any) -> tuple[str, ...]:
    """The histories of a whistle and of the request that it was blown for."""
    known: Whistle | None = state(f"whistle:{whistle}")
    request = known and known.request
    return (f"whistle:{whistle}", *(() if request is None else (f"request:{request}",)))


def own_complaint(situation: Situation, whistle: Whistle) -> Refusal | None:
    """The refusal where an authority rules on a whistle for a complaint about itself."""
    if whistle.request is None:
        return None
    request: Request = situation.state(f"request:{whistle.request}")
    if request.against != situation.actor.organisation:
        return None
    return complained_about(request.against, "whistle")


def complained_about(organisation: str, field: str) -> Refusal:
    """The refusal of an act by, or for, the one that the request complains about."""
    return Forbidden(
        "complained_about",
        f"{organisation} is the one complained about",
        "a whistle by and for those whom the complaint does not concern",
        field,
    )
