"""Whistles (社区吹哨): a community summons departments, and clears the whistle when all is done."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ledger.decision import Situation
from ledger.domain.requests.dispatching import BY_COUNTY, BY_TOWN
from ledger.domain.requests.requests import (
    Request,
    precedes,
)
from ledger.domain.rules.rules import RULES_TAG, Grade
from ledger.domain.whistles.whistles import (
    _WHISTLING,
    BY_BRANCH,
    BY_SECRETARY,
    MAX_DEPARTMENTS,
    Ground,
    Summoned,
    SummoningEvent,
    Whistle,
    WhistleEvent,
    WhistleStage,
    blown,
    of_another_community,
    own_complaint,
    own_summons,
    with_its_request,
    wrong_grade,
)
from ledger.event import Folds, Id, PersonalText, Recorded, mint_id
from ledger.refusals import Forbidden, Refusal, Unacceptable, WrongState


class WhistleDrafted(SummoningEvent):
    """拟哨: whoever sees the need prepares a whistle, for the secretary to blow."""

    kind = "whistle_drafted"
    term = "拟哨"
    proposers = (BY_BRANCH,)
    creates = ("whistle", "whistle")
    example = {
        "whistle": "whistle-2026-031",
        "request": "request-2026-0412",
        "grade": "ordinary",
        "ground": "joint_enforcement",
        "departments": ["dept-urban"],
        "note": "占道经营反复，需联合执法",
    }

    whistle: Id = Field(default_factory=mint_id)
    """The whistle's id, which it keeps when it is blown."""
    request: Id | None = None
    """The open request that it is drafted for; absent: none."""
    grade: Grade
    """How pressing it is: ordinary, hard or urgent."""
    ground: Ground
    """Why the community cannot settle it alone."""
    note: PersonalText | None = None
    """What the departments are needed for."""

    def tags(self) -> tuple[str, ...]:
        return (f"whistle:{self.whistle}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return self.summons_boundary(state, self.request)

    def decide(self, situation: Situation) -> Refusal | None:
        return wrong_grade(self.grade) or self.unfit(situation, self.request)


class WhistleBlown(SummoningEvent):
    """吹哨: the community's secretary summons departments, for a request or for none."""

    kind = "whistle_blown"
    term = "社区吹哨"
    proposers = (BY_SECRETARY,)
    creates = ("whistle", "whistle")
    example = {
        "whistle": "whistle-2026-031",
        "request": "request-2026-0412",
        "grade": "ordinary",
        "ground": "joint_enforcement",
        "departments": ["dept-urban"],
        "note": "占道经营反复，需联合执法",
    }

    whistle: Id = Field(default_factory=mint_id)
    """The whistle's id, that of a draft where one was made."""
    request: Id | None = None
    """The open request that it is blown for; absent: none."""
    grade: Grade
    """How pressing it is: ordinary, hard or urgent. It decides the departments' terms."""
    ground: Ground
    """Why the community cannot settle it alone."""
    note: PersonalText | None = None
    """What the departments are needed for."""

    def tags(self) -> tuple[str, ...]:
        dockets = tuple(f"docket:{department}" for department in self.departments)
        request = () if self.request is None else (f"request:{self.request}",)
        return (f"whistle:{self.whistle}", *request, *dockets)

    def boundary(self, state: Any) -> tuple[str, ...]:
        own = self.summons_boundary(state, self.request)
        return (*own, RULES_TAG) if self.grade is Grade.URGENT else own

    def continues(self, existing: Any) -> bool:
        """A draft of the same whistle may be blown."""
        return isinstance(existing, Whistle) and existing.stage is WhistleStage.DRAFTED

    def decide(self, situation: Situation) -> Refusal | None:
        return (
            wrong_grade(self.grade)
            or self._unfit_draft(situation)
            or self.unfit(situation, self.request)
            or self.entered_late(situation)
        )

    def concerns(self, situation: Situation) -> tuple[str, ...]:
        """The docket of the branch itself: until it is cleared, the whistle is its work."""
        return (f"docket:{situation.actor.organisation}",)

    def _unfit_draft(self, situation: Situation) -> Refusal | None:
        draft: Whistle | None = situation.state(f"whistle:{self.whistle}")
        if draft is None:
            return None
        if draft.community == situation.actor.organisation:
            return precedes(draft.latest) if situation.precedes(draft.latest) else None
        return Forbidden(
            "draft_of_another",
            f"whistle {self.whistle} was drafted by {draft.community}",
            "a whistle of your own branch",
            "whistle",
        )


class WhistleSplit(SummoningEvent):
    """分哨: an authority summons more departments for the same whistle."""

    kind = "whistle_split"
    term = "分哨"
    proposers = (BY_TOWN, BY_COUNTY)
    example = {
        "whistle": "whistle-2026-031",
        "departments": ["dept-roads"],
        "grade": "ordinary",
    }

    grade: Grade
    """Of what these departments are summoned for; their terms run from the split on."""

    def tags(self) -> tuple[str, ...]:
        dockets = tuple(f"docket:{department}" for department in self.departments)
        return (f"whistle:{self.whistle}", *dockets)

    def concerns(self, situation: Situation) -> tuple[str, ...]:
        whistle: Whistle = situation.state(f"whistle:{self.whistle}")
        request = () if whistle.request is None else (f"request:{whistle.request}",)
        return (f"docket:{whistle.community}", *request)

    def boundary(self, state: Any) -> tuple[str, ...]:
        whistle: Whistle | None = state(f"whistle:{self.whistle}")
        own = self.summons_boundary(state, whistle and whistle.request)
        return (*own, RULES_TAG) if self.grade is Grade.URGENT else own

    def decide(self, situation: Situation) -> Refusal | None:
        whistle = blown(situation, self)
        if not isinstance(whistle, Whistle):
            return whistle
        wrong = wrong_grade(self.grade)
        if wrong:
            return wrong
        known = {one.department for one in whistle.summoned}
        if not known.isdisjoint(self.departments):
            return Unacceptable(
                "department_given_twice",
                "a department is summoned by this whistle already",
                "departments that are not",
                "departments",
            )
        if len(known) + len(self.departments) > MAX_DEPARTMENTS:
            return Unacceptable(
                "too_many_departments",
                f"the whistle would summon {len(known) + len(self.departments)} departments",
                f"at most {MAX_DEPARTMENTS} in all",
                "departments",
            )
        return self._for_its_request(situation, whistle) or self.entered_late(situation)

    def _for_its_request(self, situation: Situation, whistle: Whistle) -> Refusal | None:
        unfit = self.unfit(situation, None)
        if unfit or whistle.request is None:
            return unfit
        # Whom the complaint concerns stays out of it after the request has been closed, too.
        request: Request = situation.state(f"request:{whistle.request}")
        conflicted = self.conflict(situation, request, "whistle")
        if conflicted or not request.is_open:
            return conflicted
        return self.too_many(request)


class EndingWhistleEvent(WhistleEvent):
    """An act after which the whistle is nobody's work any more."""

    def concerns(self, situation: Situation) -> tuple[str, ...]:
        whistle: Whistle = situation.state(f"whistle:{self.whistle}")
        bodies = (whistle.community, *(one.department for one in whistle.summoned))
        return tuple(f"docket:{body}" for body in bodies)


class WhistleCleared(EndingWhistleEvent):
    """销哨: every department is verified or released; the community closes the whistle."""

    kind = "whistle_cleared"
    term = "销哨"
    proposers = (BY_BRANCH,)
    example = {"whistle": "whistle-2026-031"}

    def decide(self, situation: Situation) -> Refusal | None:
        whistle = blown(situation, self)
        if not isinstance(whistle, Whistle):
            return whistle
        foreign = of_another_community(situation, whistle)
        if foreign:
            return foreign
        waiting = [one.department for one in whistle.summoned if not one.is_done]
        if waiting:
            return WrongState(
                "departments_not_done",
                f"{', '.join(waiting)} not yet verified or released",
                "a whistle whose departments are all verified or released",
                "whistle",
            )
        return precedes(whistle.latest) if situation.precedes(whistle.latest) else None


class WhistleCountermanded(EndingWhistleEvent):
    """撤哨: nobody needs to come; only while nobody is on site."""

    kind = "whistle_countermanded"
    term = "撤哨"
    proposers = (BY_SECRETARY, BY_TOWN, BY_COUNTY)
    example = {"whistle": "whistle-2026-032", "reason": "当事人已自行拆除"}

    reason: PersonalText
    """Why nobody is needed after all."""

    def boundary(self, state: Any) -> tuple[str, ...]:
        return with_its_request(self.whistle, state)

    def decide(self, situation: Situation) -> Refusal | None:
        whistle = blown(situation, self, WhistleStage.DRAFTED, WhistleStage.BLOWN)
        if not isinstance(whistle, Whistle):
            return whistle
        organisation = situation.state(f"organisation:{situation.actor.organisation}")
        refusal = own_summons(situation, whistle) or (
            of_another_community(situation, whistle)
            if organisation.type in _WHISTLING
            else own_complaint(situation, whistle)
        )
        if refusal:
            return refusal
        if any(one.is_on_site for one in whistle.summoned):
            return WrongState(
                "department_on_site",
                "a department has reported in",
                "a whistle to which nobody has come yet",
                "whistle",
            )
        return precedes(whistle.latest) if situation.precedes(whistle.latest) else None


def evolve_whistle(state: Whistle | None, tag: str, recorded: Recorded) -> Whistle | None:
    """The whistle after one more event of its history as a whole."""
    event, when = recorded.event, recorded.occurred_at
    match event:
        case WhistleDrafted() | WhistleBlown():
            summoned = tuple(Summoned(department, when) for department in event.departments)
            stage = WhistleStage.BLOWN if type(event) is WhistleBlown else WhistleStage.DRAFTED
            community, called_by = recorded.actor.organisation, _called_by(state, recorded)
            return Whistle(stage, community, event.request, summoned, when, when, called_by)
        case WhistleSplit(departments=departments) if state:
            more = state.with_more(departments, when)
            return more._replace(called_by=_called_by(state, recorded))
        case WhistleCleared() if state:
            return state._replace(stage=WhistleStage.CLEARED, latest=when)
        case WhistleCountermanded() if state:
            return state._replace(stage=WhistleStage.COUNTERMANDED, latest=when)
    return state


def _called_by(state: Whistle | None, recorded: Recorded) -> tuple[str, ...]:
    """Those who have called the departments, after one more act that calls them."""
    before = state.called_by if state else ()
    return tuple(dict.fromkeys((*before, recorded.actor.principal)))


def evolve_summoned(state: Request | None, tag: str, recorded: Recorded) -> Request | None:
    """The request for which a whistle was blown: the summoned departments handle it too, unless it
    has been closed meanwhile."""
    if state is None or not state.is_open:
        return state
    match recorded.event:
        case WhistleBlown(departments=departments) | WhistleSplit(departments=departments):
            return state.with_handlers(*departments)
    return state


KINDS = (WhistleDrafted, WhistleBlown, WhistleSplit, WhistleCleared, WhistleCountermanded)


FOLDS: Folds = {
    "whistle": (evolve_whistle, KINDS),
    "request": (evolve_summoned, (WhistleBlown, WhistleSplit)),
}
