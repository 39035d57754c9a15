"""Whistles (社区吹哨): a community summons departments, and they report in (部门报到)."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from ledger.decision import Office, OrganisationType, Situation, standing
from ledger.domain.organisations import unknown_organisation
from ledger.domain.requests import CLERKS, Request, precedes, unknown_request
from ledger.domain.rules import RULES_TAG, WHISTLE_GRADES, Grade, RulesEnacted, rules_in_force
from ledger.event import Event, Folds, Id, PersonalText, Recorded, mint_id
from ledger.refusals import Forbidden, Refusal, Unacceptable, UnknownReference, WrongState


class Ground(StrEnum):
    """Why a community may summon."""

    BEYOND_LOCAL_POWERS = "beyond_local_powers"
    JOINT_ENFORCEMENT = "joint_enforcement"
    EMERGENCY = "emergency"


class Whistle(NamedTuple):
    """A whistle as of its history."""

    community: str
    departments: tuple[str, ...]
    blown_at: datetime
    reported_in: frozenset[str] = frozenset()


class WhistleBlown(Event):
    """吹哨: the community's secretary summons departments, for a request or for none."""

    kind = "whistle_blown"
    term = "社区吹哨"
    proposers = (
        standing(
            Office.SECRETARY, OrganisationType.COMMUNITY_BRANCH, OrganisationType.GENERAL_BRANCH
        ),
    )
    creates = ("whistle", "whistle")

    whistle: Id = Field(default_factory=mint_id)
    request: Id | None = None
    grade: Grade
    ground: Ground
    departments: Annotated[tuple[Id, ...], Field(min_length=1, max_length=20)]
    note: PersonalText | None = None

    def tags(self) -> tuple[str, ...]:
        dockets = tuple(f"docket:{department}" for department in self.departments)
        request = () if self.request is None else (f"request:{self.request}",)
        return (f"whistle:{self.whistle}", *request, *dockets)

    def boundary(self, state: Any) -> tuple[str, ...]:
        summoned = tuple(f"organisation:{department}" for department in self.departments)
        request = () if self.request is None else (f"request:{self.request}",)
        return (f"whistle:{self.whistle}", RULES_TAG, *request, *summoned)

    def decide(self, situation: Situation) -> Refusal | None:
        return (
            self._contradiction()
            or self._summons(situation)
            or self._request(situation)
            or self._entered_late(situation)
        )

    def _contradiction(self) -> Refusal | None:
        if self.grade not in WHISTLE_GRADES:
            return Unacceptable(
                "grade_of_a_request",
                f"{self.grade} is a grade of requests",
                " or ".join(WHISTLE_GRADES),
                "grade",
            )
        if len(set(self.departments)) < len(self.departments):
            return Unacceptable(
                "department_given_twice", "a department is named twice", "each once", "departments"
            )
        return None

    def _summons(self, situation: Situation) -> Refusal | None:
        for department in self.departments:
            unknown = unknown_organisation(
                situation, department, "departments", OrganisationType.DEPARTMENT
            )
            if unknown:
                return unknown
        return None

    def _request(self, situation: Situation) -> Refusal | None:
        if self.request is None:
            return None
        request: Request | None = situation.state(f"request:{self.request}")
        if request is None:
            return unknown_request(self.request)
        if not request.is_open:
            return WrongState(
                "request_cleared",
                f"request {self.request} is cleared",
                "an open request, or none",
                "request",
            )
        if request.against is not None and (
            request.against in self.departments or request.against == situation.actor.organisation
        ):
            return Forbidden(
                "complained_about",
                f"{request.against} is the one complained about",
                "a whistle by and for those whom the complaint does not concern",
                "departments" if request.against in self.departments else "request",
            )
        # An urgent whistle is entered later than it was blown: acts may lie between, no filing.
        return precedes(request.filed_at) if situation.precedes(request.filed_at) else None

    def _entered_late(self, situation: Situation) -> Refusal | None:
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


class DepartmentReportedIn(Event):
    """部门报到: a summoned department is on site."""

    kind = "department_reported_in"
    term = "部门报到"
    proposers = (standing((Office.SECRETARY, *CLERKS), OrganisationType.DEPARTMENT),)

    whistle: Id
    department: Id

    def tags(self) -> tuple[str, ...]:
        return (f"whistle:{self.whistle}", f"docket:{self.department}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (f"whistle:{self.whistle}",)

    def decide(self, situation: Situation) -> Refusal | None:
        whistle: Whistle | None = situation.state(f"whistle:{self.whistle}")
        if whistle is None:
            return UnknownReference(
                "unknown_whistle",
                f"whistle {self.whistle} is not in this ledger",
                "one that was blown",
                "whistle",
            )
        if self.department != situation.actor.organisation:
            return Forbidden(
                "for_another_department",
                "a department reports in for itself",
                f"department: {situation.actor.organisation}",
                "department",
            )
        if self.department not in whistle.departments:
            return Unacceptable(
                "not_summoned",
                f"{self.department} was not summoned",
                f"one of {', '.join(whistle.departments)}",
                "department",
            )
        if self.department in whistle.reported_in:
            return WrongState(
                "already_reported_in",
                f"{self.department} has reported in",
                "a department that has not reported in",
                "department",
            )
        return precedes(whistle.blown_at) if situation.precedes(whistle.blown_at) else None


def evolve_whistle(state: Whistle | None, tag: str, recorded: Recorded) -> Whistle | None:
    """The whistle after one more event of its history."""
    match recorded.event:
        case WhistleBlown() as event:
            community = recorded.actor.organisation
            return Whistle(community, event.departments, recorded.occurred_at)
        case DepartmentReportedIn(department=department) if state:
            return state._replace(reported_in=state.reported_in | {department})
    return state


def evolve_summoned(state: Request | None, tag: str, recorded: Recorded) -> Request | None:
    """The request for which a whistle was blown: the summoned departments handle it too."""
    match recorded.event:
        case WhistleBlown(departments=departments) if state:
            summoned = tuple(d for d in departments if d not in state.handlers)
            return state._replace(handlers=(*state.handlers, *summoned))
    return state


KINDS = (WhistleBlown, DepartmentReportedIn)
FOLDS: Folds = {"whistle": (evolve_whistle, KINDS), "request": (evolve_summoned, (WhistleBlown,))}
