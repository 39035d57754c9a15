"""Ratings (好差评): five grades, once for each round of handling, and what becomes of poor ones."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from ledger.decision import Office, OrganisationType, Situation, standing
from ledger.domain.requests.dispatching import BY_HANDLER
from ledger.domain.requests.handling import own_answer
from ledger.domain.requests.requests import (
    BY_HOTLINE,
    BY_RESIDENT,
    CLERKS,
    Rating,
    Request,
    Stage,
    community_of,
    conflict,
    precedes,
    unknown_request,
)
from ledger.domain.town.organisations import foreign_community
from ledger.event import Event, Folds, Id, PersonalText, Recorded
from ledger.refusals import Forbidden, Refusal, Unacceptable, WrongState

RATEABLE = frozenset(
    {
        Stage.ANSWER_ACCEPTED,
        Stage.CLEARED,
        Stage.DISPUTED,
        Stage.STRUCK_OFF,
    }
)


class RatingTarget(StrEnum):
    """What is rated."""

    REQUEST = "request"


class Satisfaction(StrEnum):
    """The five grades of a rating (好差评)."""

    VERY_SATISFIED = "very_satisfied"
    """很满意"""
    SATISFIED = "satisfied"
    """满意"""
    FAIRLY_SATISFIED = "fairly_satisfied"
    """基本满意"""
    DISSATISFIED = "dissatisfied"
    """不满意: a poor rating (差评)."""
    VERY_DISSATISFIED = "very_dissatisfied"
    """非常不满意: a poor rating (差评)."""

    @property
    def is_poor(self) -> bool:
        """Whether it is a poor rating (差评), which has to be looked into."""
        return self in (Satisfaction.DISSATISFIED, Satisfaction.VERY_DISSATISFIED)


class RatingEvent(Event):
    """What all acts on the rating of a request have in common."""

    target_type: RatingTarget
    """What the target is."""
    target: Id
    """The request's id."""

    def tags(self) -> tuple[str, ...]:
        return (f"{self.target_type}:{self.target}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (f"request:{self.target}",)

    def concerns(self, situation: Situation) -> tuple[str, ...]:
        """The dockets of those whose work was rated, but for the one that acts."""
        request: Request = situation.state(f"request:{self.target}")
        actor = situation.actor.organisation
        return tuple(f"docket:{handler}" for handler in request.handlers if handler != actor)

    def rated(self, situation: Situation) -> Request | Refusal:
        """The request whose present round has a poor rating, or why there is none."""
        request: Request | None = situation.state(f"request:{self.target}")
        if request is None:
            return unknown_request(self.target, "target")
        rating = request.rating
        if rating is None or rating.handling_round != request.handling_round or not rating.is_poor:
            return WrongState(
                "no_poor_rating",
                f"request {self.target} has no poor rating of its present round",
                "a request that was rated dissatisfied or very dissatisfied",
                "target",
            )
        if situation.precedes(rating.latest):
            return precedes(rating.latest)
        return conflict(situation, request) or request


class ServiceRated(RatingEvent):
    """The requester judges how a request was handled."""

    kind = "service_rated"
    term = "服务评价"
    proposers = (
        BY_RESIDENT,
        standing(CLERKS, OrganisationType.HOTLINE_CENTRE, OrganisationType.RESIDENTS_COMMITTEE),
    )
    example = {
        "target_type": "request",
        "target": "request-2026-0412",
        "satisfaction": "satisfied",
        "resolved": True,
        "comment": "来得很快",
    }

    satisfaction: Satisfaction
    """The grade that the requester gives."""
    resolved: bool | None = None
    """Asked separately; None when it was not asked."""
    comment: PersonalText | None = None
    """What the requester says about it."""

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*super().boundary(state), *community_of(self.target, state))

    def decide(self, situation: Situation) -> Refusal | None:
        request: Request | None = situation.state(f"request:{self.target}")
        if request is None:
            return unknown_request(self.target, "target")
        if request.stage not in RATEABLE:
            return WrongState(
                "not_answered",
                f"request {self.target} is {request.stage}",
                "a rating once an answer stands",
                "target",
            )
        if request.rating is not None and request.rating.handling_round == request.handling_round:
            return WrongState(
                "already_rated",
                "this round of handling has been rated",
                "one rating for each round of handling",
                "target",
            )
        if situation.precedes(request.latest):
            return precedes(request.latest)
        return (
            conflict(situation, request)
            or foreign_community(situation, request.community, "target")
            or self._by_handler(situation, request)
        )

    def _by_handler(self, situation: Situation, request: Request) -> Refusal | None:
        actor = situation.actor
        handled_by = (request.closing.answered_by, *request.handled_by)
        if actor.office == Office.RESIDENT or (
            actor.organisation not in request.involved and actor.principal not in handled_by
        ):
            return None
        return Forbidden(
            "handler_rates",
            f"{actor.principal} of {actor.organisation} handled this request",
            "the requester, or a clerk who did not handle it, on the requester's word",
        )


class PoorRatingVerified(RatingEvent):
    """差评核实: the hotline finds out whether a poor rating has its reason in the service."""

    kind = "poor_rating_verified"
    term = "差评核实"
    proposers = (BY_HOTLINE,)
    example = {"target_type": "request", "target": "request-2026-0412", "founded": True}

    founded: bool
    """Whether the service gave reason for it; the rating counts in either case."""

    def decide(self, situation: Situation) -> Refusal | None:
        request = self.rated(situation)
        if not isinstance(request, Request):
            return request
        assert request.rating is not None  # `rated` says so
        if request.rating.is_verified:
            return WrongState(
                "already_verified", "this rating was verified", "one not yet verified", "target"
            )
        return own_answer(situation, request)


class PoorRatingRectified(RatingEvent):
    """差评整改: the handler has put right what was rated poorly, and told the requester so."""

    kind = "poor_rating_rectified"
    term = "差评整改"
    proposers = (BY_HANDLER,)
    example = {
        "target_type": "request",
        "target": "request-2026-0412",
        "measures": "已更换整段管道，并上门说明",
        "requester_informed": True,
    }

    measures: PersonalText
    """What was put right."""
    requester_informed: bool
    """Whether the requester was told of it; only true is accepted."""

    def decide(self, situation: Situation) -> Refusal | None:
        request = self.rated(situation)
        if not isinstance(request, Request):
            return request
        assert request.rating is not None  # `rated` says so
        if not request.rating.is_verified or request.rating.is_rectified:
            return WrongState(
                "nothing_to_rectify",
                "this rating is not verified yet, or rectified already",
                "a verified one, once",
                "target",
            )
        if situation.actor.organisation not in request.handlers:
            return Forbidden(
                "not_a_handler",
                f"{situation.actor.organisation} is not a handler of this request",
                "a handler of this request",
            )
        if not self.requester_informed:
            return Unacceptable(
                "requester_not_informed",
                "the requester does not know of it",
                "true, once the requester has been told",
                "requester_informed",
            )
        return None


def evolve_rating(state: Request | None, tag: str, recorded: Recorded) -> Request | None:
    """The request after one more event on its rating; its stage is what it was."""
    when = recorded.occurred_at
    if state is None:
        return None
    match recorded.event:
        case ServiceRated(satisfaction=satisfaction):
            rating = Rating(state.handling_round, satisfaction.is_poor, when)
            return state._replace(rating=rating)
        case PoorRatingVerified() if state.rating:
            verified = state.rating._replace(is_verified=True, latest=when)
            return state._replace(rating=verified)
        case PoorRatingRectified() if state.rating:
            rectified = state.rating._replace(is_rectified=True, latest=when)
            return state._replace(rating=rectified).by_handler(recorded)
    return state


KINDS = (ServiceRated, PoorRatingVerified, PoorRatingRectified)
FOLDS: Folds = {"request": (evolve_rating, KINDS)}
