"""Summons (部门报到): a department signs, contacts, reports in, handles; the community judges."""

from __future__ import annotations

from typing import Any

from ledger.decision import Office, OrganisationType, Situation, standing
from ledger.domain.requests.dispatching import BY_COUNTY, BY_TOWN
from ledger.domain.requests.ratings import Satisfaction
from ledger.domain.requests.requests import CLERKS, Request, precedes
from ledger.domain.town.organisations import Organisation, unknown_organisation
from ledger.domain.whistles.whistles import (
    BY_BRANCH,
    BY_SECRETARY,
    Summoned,
    Whistle,
    WhistleEvent,
    WhistleStage,
    blown,
    of_another_community,
    own_complaint,
    own_summons,
    with_its_request,
)
from ledger.event import Folds, Id, PersonalText, Recorded
from ledger.refusals import Forbidden, Refusal, Unacceptable, WrongState

BY_DEPARTMENT = standing((Office.SECRETARY, *CLERKS), OrganisationType.DEPARTMENT)
_JUDGED = (WhistleStage.BLOWN, WhistleStage.CLEARED)


class SummonsEvent(WhistleEvent):
    """What all acts on one summoned department have in common."""

    department: Id
    """The summoned department that it is about."""

    def tags(self) -> tuple[str, ...]:
        return (f"whistle:{self.whistle}", f"docket:{self.department}")

    def concerns(self, situation: Situation) -> tuple[str, ...]:
        """The docket of the branch unless it acts itself, and, of an act of the department itself,
        the request that the whistle was blown for: whoever acts for it has a part in that too."""
        whistle: Whistle = situation.state(f"whistle:{self.whistle}")
        actor = situation.actor.organisation
        docket = () if whistle.community == actor else (f"docket:{whistle.community}",)
        if whistle.request is None or self.department != actor:
            return docket
        return (*docket, f"request:{whistle.request}")

    def summoned(self, situation: Situation, *stages: WhistleStage) -> Summoned | Refusal:
        """The department as the whistle summoned it, or why it cannot act or be judged."""
        whistle = blown(situation, self, *stages)
        if not isinstance(whistle, Whistle):
            return whistle
        found = whistle.of(self.department)
        if found is None:
            return Unacceptable(
                "not_summoned",
                f"{self.department} was not summoned",
                f"one of {', '.join(one.department for one in whistle.summoned)}",
                "department",
            )
        if found.is_released:
            return WrongState(
                "department_released",
                f"{self.department} was released",
                "a department that is still summoned",
                "department",
            )
        return precedes(found.latest) if situation.precedes(found.latest) else found

    def by_itself(self, situation: Situation) -> Summoned | Refusal:
        """The same for acts of the department itself."""
        if self.department != situation.actor.organisation:
            return Forbidden(
                "for_another_department",
                "a department acts for itself",
                f"department: {situation.actor.organisation}",
                "department",
            )
        return self.summoned(situation)

    def by_community(self, situation: Situation, *stages: WhistleStage) -> Summoned | Refusal:
        """The same for acts of the community that blew the whistle."""
        found = self.summoned(situation, *stages)
        if not isinstance(found, Summoned):
            return found
        whistle: Whistle = situation.state(f"whistle:{self.whistle}")
        refusal = of_another_community(situation, whistle) or own_summons(situation, whistle)
        return refusal or found


class WhistleSigned(SummonsEvent):
    """签收: the department has taken note of the whistle."""

    kind = "whistle_signed"
    term = "签收哨令"
    proposers = (BY_DEPARTMENT,)
    example = {"whistle": "whistle-2026-031", "department": "dept-urban"}

    def decide(self, situation: Situation) -> Refusal | None:
        found = self.by_itself(situation)
        if not isinstance(found, Summoned):
            return found
        return done_already(self, "already_signed") if found.is_signed else None


class DepartmentContacted(SummonsEvent):
    """响应: the department has spoken with the community about what is needed."""

    kind = "department_contacted"
    term = "部门响应"
    proposers = (BY_DEPARTMENT,)
    example = {"whistle": "whistle-2026-031", "department": "dept-urban"}

    def decide(self, situation: Situation) -> Refusal | None:
        found = self.by_itself(situation)
        if not isinstance(found, Summoned):
            return found
        return done_already(self, "already_contacted") if found.is_contacted else None


class DepartmentReportedIn(SummonsEvent):
    """部门报到: a summoned department is on site; it no longer asks for its return, if it did."""

    kind = "department_reported_in"
    term = "部门报到"
    proposers = (BY_DEPARTMENT,)
    example = {"whistle": "whistle-2026-031", "department": "dept-urban"}

    def decide(self, situation: Situation) -> Refusal | None:
        found = self.by_itself(situation)
        if not isinstance(found, Summoned):
            return found
        return done_already(self, "already_reported_in") if found.is_on_site else None


class WhistleReturnRequested(SummonsEvent):
    """申请退哨: the department holds that another one is to come, says why and which."""

    kind = "whistle_return_requested"
    term = "申请退哨"
    proposers = (BY_DEPARTMENT,)
    example = {
        "whistle": "whistle-2026-031",
        "department": "dept-urban",
        "reason": "该路段由交通部门管养",
        "proposed_owner": "dept-roads",
    }

    reason: PersonalText
    """Why the department is not the right one."""
    proposed_owner: Id
    """The department that is to come instead."""

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (f"whistle:{self.whistle}", f"organisation:{self.proposed_owner}")

    def decide(self, situation: Situation) -> Refusal | None:
        found = self.by_itself(situation)
        if not isinstance(found, Summoned):
            return found
        if found.return_is_asked or found.return_was_refused or found.is_on_site:
            return WrongState(
                "return_not_open",
                f"{self.department} is on site, or has asked for its return before",
                "a return asked for once, before reporting in",
                "department",
            )
        if self.proposed_owner == self.department:
            return Unacceptable(
                "not_an_owner", "the department itself", "another department", "proposed_owner"
            )
        return unknown_organisation(
            situation, self.proposed_owner, "proposed_owner", OrganisationType.DEPARTMENT
        )


class WhistleReturnRuled(SummonsEvent):
    """退哨审核: granted, the department is released; for those of the county, by its office."""

    kind = "whistle_return_ruled"
    term = "退哨审核"
    proposers = (BY_TOWN, BY_COUNTY)
    example = {"whistle": "whistle-2026-031", "department": "dept-urban", "granted": False}

    granted: bool
    """True: the department is released. False: it has to come."""

    def boundary(self, state: Any) -> tuple[str, ...]:
        department: Organisation | None = state(f"organisation:{self.department}")
        superior = department and department.parent
        return (
            *with_its_request(self.whistle, state),
            f"organisation:{self.department}",
            *(() if superior is None else (f"organisation:{superior}",)),
        )

    def decide(self, situation: Situation) -> Refusal | None:
        found = self.summoned(situation)
        if not isinstance(found, Summoned):
            return found
        if not found.return_is_asked:
            return WrongState(
                "no_return_asked",
                f"{self.department} has not asked for its return",
                "a return that was asked for",
                "department",
            )
        whistle: Whistle = situation.state(f"whistle:{self.whistle}")
        own = own_complaint(situation, whistle) or own_summons(situation, whistle)
        if own:
            return own
        actor: Organisation = situation.state(f"organisation:{situation.actor.organisation}")
        if actor.type is not OrganisationType.COUNTY_OFFICE and self._is_of_county(situation):
            return Forbidden(
                "county_rules",
                f"{self.department} is a department of the county",
                "a county office",
                "department",
            )
        return None

    def _is_of_county(self, situation: Situation) -> bool:
        department: Organisation = situation.state(f"organisation:{self.department}")
        if department.parent is None:
            return False
        superior: Organisation = situation.state(f"organisation:{department.parent}")
        return superior.type is OrganisationType.COUNTY_OFFICE


class WhistleHandled(SummonsEvent):
    """办理完毕: the department has done on site what it was summoned for."""

    kind = "whistle_handled"
    term = "办理完毕"
    proposers = (BY_DEPARTMENT,)
    example = {
        "whistle": "whistle-2026-031",
        "department": "dept-urban",
        "result": "占道物品已清理，设置隔离桩",
    }

    result: PersonalText | None = None
    """What was done on site."""

    def decide(self, situation: Situation) -> Refusal | None:
        found = self.by_itself(situation)
        if not isinstance(found, Summoned):
            return found
        if found.is_handled:
            return done_already(self, "already_handled")
        if not found.is_on_site:
            return WrongState(
                "not_reported_in",
                f"{self.department} has not reported in",
                "department_reported_in first",
                "department",
            )
        return None


class WhistleVerified(SummonsEvent):
    """现场核实: the community has seen on site that it is done, or is to be done again."""

    kind = "whistle_verified"
    term = "现场核实"
    proposers = (BY_BRANCH,)
    example = {"whistle": "whistle-2026-031", "department": "dept-urban"}

    done: bool = True
    """False sends the department back to its work."""

    def decide(self, situation: Situation) -> Refusal | None:
        found = self.by_community(situation)
        if not isinstance(found, Summoned):
            return found
        if found.is_verified:
            return done_already(self, "already_verified")
        if not found.is_handled:
            return WrongState(
                "not_handled",
                f"{self.department} has not said that it is done",
                "whistle_handled first",
                "department",
            )
        return None


class DepartmentRated(SummonsEvent):
    """评哨: the community's secretary rates how the department answered the whistle, once."""

    kind = "department_rated"
    term = "评哨"
    proposers = (BY_SECRETARY,)
    example = {
        "whistle": "whistle-2026-031",
        "department": "dept-urban",
        "satisfaction": "very_satisfied",
    }

    satisfaction: Satisfaction
    """The grade that the community gives."""
    comment: PersonalText | None = None
    """What the community says about it."""

    def decide(self, situation: Situation) -> Refusal | None:
        found = self.by_community(situation, *_JUDGED)
        if not isinstance(found, Summoned):
            return found
        if found.was_rated:
            return done_already(self, "department_already_rated")
        if not found.is_verified:
            return WrongState(
                "not_verified",
                f"what {self.department} did is not verified",
                "whistle_verified first",
                "department",
            )
        return None


class WhistleRatedByDepartment(SummonsEvent):
    """部门评哨: the department rates the whistle: was it needed, was it prepared."""

    kind = "whistle_rated_by_department"
    term = "部门评哨"
    proposers = (BY_DEPARTMENT,)
    example = {
        "whistle": "whistle-2026-031",
        "department": "dept-urban",
        "satisfaction": "satisfied",
        "justified": True,
    }

    satisfaction: Satisfaction
    """The grade that the department gives."""
    justified: bool
    """Whether the ground for the whistle was there."""
    comment: PersonalText | None = None
    """What the department says about it."""

    def decide(self, situation: Situation) -> Refusal | None:
        if self.department != situation.actor.organisation:
            return Forbidden(
                "for_another_department",
                "a department acts for itself",
                f"department: {situation.actor.organisation}",
                "department",
            )
        found = self.summoned(situation, *_JUDGED)
        if not isinstance(found, Summoned):
            return found
        if found.has_rated:
            return done_already(self, "whistle_already_rated")
        if not found.is_on_site:
            return WrongState(
                "not_reported_in",
                f"{self.department} has not reported in",
                "department_reported_in first",
                "department",
            )
        return self._own_whistle(situation)

    def _own_whistle(self, situation: Situation) -> Refusal | None:
        whistle: Whistle = situation.state(f"whistle:{self.whistle}")
        if situation.actor.principal not in whistle.called_by:
            return None
        return Forbidden(
            "own_whistle",
            f"{situation.actor.principal} drafted, blew or split this whistle",
            "a principal who did none of these",
        )


def done_already(event: SummonsEvent, rule: str) -> Refusal:
    """The refusal of what is done for the department already."""
    return WrongState(
        rule,
        f"{event.kind} is recorded for {event.department}",
        f"{event.kind} once for each department",
        "department",
    )


def evolve_summons(state: Whistle | None, tag: str, recorded: Recorded) -> Whistle | None:
    """The whistle after one more act on a department that it summoned."""
    event = recorded.event
    if state is None or not isinstance(event, SummonsEvent):
        return state
    found = state.of(event.department)
    if found is None:
        return state
    match event:
        case WhistleSigned():
            changed = found._replace(is_signed=True)
        case DepartmentContacted():
            changed = found._replace(is_contacted=True)
        case DepartmentReportedIn():
            changed = found._replace(is_on_site=True, return_is_asked=False)
        case WhistleReturnRequested():
            changed = found._replace(return_is_asked=True)
        case WhistleReturnRuled(granted=granted):
            changed = found._replace(
                return_is_asked=False, return_was_refused=not granted, is_released=granted
            )
        case WhistleHandled():
            changed = found._replace(is_handled=True)
        case WhistleVerified(done=done):
            changed = found._replace(is_verified=done, is_handled=done)
        case DepartmentRated():
            changed = found._replace(was_rated=True)
        case WhistleRatedByDepartment():
            changed = found._replace(has_rated=True)
        case _:
            changed = found
    after = state.with_summoned(changed._replace(latest=recorded.occurred_at))
    principal = recorded.actor.principal
    if recorded.actor.organisation != event.department or principal in state.handled_by:
        return after
    return after._replace(handled_by=(*state.handled_by, principal))


def evolve_request(state: Request | None, tag: str, recorded: Recorded) -> Request | None:
    """The request after an act of a department that a whistle for it summoned: whoever acted rules
    on the request in no other office, also where it was closed meanwhile."""
    return None if state is None else state.by_handler(recorded)


KINDS = (
    WhistleSigned,
    DepartmentContacted,
    DepartmentReportedIn,
    WhistleReturnRequested,
    WhistleReturnRuled,
    WhistleHandled,
    WhistleVerified,
    DepartmentRated,
    WhistleRatedByDepartment,
)
_BY_DEPARTMENTS = tuple(kind for kind in KINDS if BY_DEPARTMENT in kind.proposers)
FOLDS: Folds = {
    "whistle": (evolve_summons, KINDS),
    "request": (evolve_request, _BY_DEPARTMENTS),
}
