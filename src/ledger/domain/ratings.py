"""Ratings (好差评): five grades, once for each round of handling."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from ledger.decision import Office, OrganisationType, Situation, standing
from ledger.domain.requests import (
    CLERKS,
    COMMUNITIES,
    Request,
    Stage,
    not_the_requester,
    precedes,
    unknown_request,
)
from ledger.event import Event, Folds, Id, PersonalText, Recorded
from ledger.refusals import Forbidden, Refusal, WrongState

RATEABLE = (Stage.ANSWERED, Stage.ANSWER_ACCEPTED, Stage.CLEARED)


class RatingTarget(StrEnum):
    """What is rated."""

    REQUEST = "request"


class Satisfaction(StrEnum):
    """很满意, 满意, 基本满意, 不满意, 非常不满意."""

    VERY_SATISFIED = "very_satisfied"
    SATISFIED = "satisfied"
    FAIRLY_SATISFIED = "fairly_satisfied"
    DISSATISFIED = "dissatisfied"
    VERY_DISSATISFIED = "very_dissatisfied"


class ServiceRated(Event):
    """The requester judges how a request was handled."""

    kind = "service_rated"
    term = "服务评价"
    proposers = (
        standing(
            Office.RESIDENT,
            OrganisationType.HOTLINE_CENTRE,
            *COMMUNITIES,
        ),
        standing(CLERKS, OrganisationType.HOTLINE_CENTRE, OrganisationType.RESIDENTS_COMMITTEE),
    )

    target_type: RatingTarget
    target: Id
    satisfaction: Satisfaction
    resolved: bool | None = None
    """Asked separately; None when it was not asked."""
    comment: PersonalText | None = None

    def tags(self) -> tuple[str, ...]:
        return (f"{self.target_type}:{self.target}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return self.tags()

    def decide(self, situation: Situation) -> Refusal | None:
        request: Request | None = situation.state(f"request:{self.target}")
        if request is None:
            return unknown_request(self.target, "target")
        if request.stage not in RATEABLE:
            return WrongState(
                "not_answered",
                f"request {self.target} is {request.stage}",
                "a rating once it has been answered",
                "target",
            )
        if request.rated_round == request.handling_round:
            return WrongState(
                "already_rated",
                "this round of handling has been rated",
                "one rating for each round of handling",
                "target",
            )
        if situation.precedes(request.latest):
            return precedes(request.latest)
        if situation.actor.office == Office.RESIDENT:
            return not_the_requester(situation, request.requester)
        actor = situation.actor
        if (
            actor.organisation in (*request.handlers, request.against)
            or actor.principal == request.answered_by
        ):
            return Forbidden(
                "handler_rates",
                f"{actor.principal} of {actor.organisation} handled this request,"
                " or is complained about",
                "the requester, or a clerk who did not handle it, on the requester's word",
            )
        return None


def evolve_rated(state: Request | None, tag: str, recorded: Recorded) -> Request | None:
    """The request: its present round of handling has been rated."""
    if state is not None and isinstance(recorded.event, ServiceRated):
        return state._replace(rated_round=state.handling_round)
    return state


KINDS = (ServiceRated,)
FOLDS: Folds = {"request": (evolve_rated, KINDS)}
