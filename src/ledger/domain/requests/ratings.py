"""Ratings (好差评): five grades, once for each round or service, and what becomes of poor ones."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Protocol

from ledger.decision import Office, OrganisationType, Situation, standing
from ledger.domain.cooperation.projects import Project, ProjectStage, known_project
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
from ledger.refusals import Forbidden, Refusal, Unacceptable, UnknownReference, WrongState

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
    """How a request was handled; the target is the request."""
    AGENT = "agent"
    """How an agent saw to a matter; the target is the entrustment."""
    SERVICE_POINT = "service_point"
    """A venue or a point; the target is the booking for which somebody was there."""
    PROJECT = "project"
    """A joint project, once it is completed; any resident rates it, once."""


_TAG_TYPES: Mapping[str, str] = MappingProxyType(
    {RatingTarget.AGENT: "entrustment", RatingTarget.SERVICE_POINT: "place_booking"}
)
"""Target -> the type of the tag that tells its history, where the two differ."""


class Rateable(Protocol):
    """A service that is rated once, as its own area folds it."""

    @property
    def community(self) -> str:
        """The body with which it is."""

    def not_rateable(self, situation: Situation, field: str) -> Refusal | None:
        """Why the actor may not rate it, or not now."""


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
    """Its id."""

    def tags(self) -> tuple[str, ...]:
        return (f"{_TAG_TYPES.get(self.target_type, self.target_type)}:{self.target}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return self.tags()

    def concerns(self, situation: Situation) -> tuple[str, ...]:
        """The dockets of those whose work was rated, but for the one that acts."""
        if self.target_type is not RatingTarget.REQUEST:
            return ()
        request: Request = situation.state(f"request:{self.target}")
        actor = situation.actor.organisation
        return tuple(f"docket:{handler}" for handler in request.handlers if handler != actor)

    def rated(self, situation: Situation) -> Request | Refusal:
        """The request whose present round has a poor rating, or why there is none."""
        if self.target_type is not RatingTarget.REQUEST:
            return Unacceptable(
                "rated_once",
                f"a rating of a {self.target_type} stands as it was given",
                f"the rating of a {RatingTarget.REQUEST}",
                "target_type",
            )
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
        if self.target_type is RatingTarget.REQUEST:
            return (*self.tags(), *community_of(self.target, state))
        service: Rateable | None = state(self.tags()[0])
        own = () if service is None else (f"organisation:{service.community}",)
        return (*self.tags(), *own)

    def decide(self, situation: Situation) -> Refusal | None:
        if self.target_type is RatingTarget.REQUEST:
            return self._of_request(situation)
        service: Rateable | None = situation.state(self.tags()[0])
        if service is None:
            return UnknownReference(
                "unknown_service",
                f"{self.tags()[0]} is not in this ledger",
                f"the id of a service that is rated as {self.target_type}",
                "target",
            )
        if self.target_type is RatingTarget.PROJECT:
            return self._of_project(situation)
        foreign = foreign_community(situation, service.community, "target")
        return foreign or service.not_rateable(situation, "target")

    def _of_project(self, situation: Situation) -> Refusal | None:
        if situation.actor.office != Office.RESIDENT:
            return Forbidden(
                "not_a_resident",
                "a project is rated by residents themselves",
                "a resident, through a channel",
                "target_type",
            )
        # Several residents rate one project: no key is theirs alone under which to seal it.
        if self.comment is not None:
            return Unacceptable(
                "comment_on_a_project",
                "what residents say about a project is not kept with its rating",
                "a rating without a comment",
                "comment",
            )
        project = known_project(situation, self.target, "target")
        if not isinstance(project, Project):
            return project
        if project.stage.place < ProjectStage.COMPLETED.place:
            return WrongState(
                "not_completed",
                f"project {self.target} is {project.stage}",
                "a rating once it is completed",
                "target",
            )
        if situation.actor.principal in project.rated_by:
            return WrongState(
                "rated_by_them", "this resident has rated it", "one rating of each", "target"
            )
        return precedes(project.latest) if situation.precedes(project.latest) else None

    def _of_request(self, situation: Situation) -> Refusal | None:
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


def evolve_project_rating(state: Project | None, tag: str, recorded: Recorded) -> Project | None:
    """The project with one more resident who rated it."""
    if state is None:
        return None
    return state._replace(rated_by=state.rated_by | {recorded.actor.principal})


KINDS = (ServiceRated, PoorRatingVerified, PoorRatingRectified)
FOLDS: Folds = {
    "request": (evolve_rating, KINDS),
    "project": (evolve_project_rating, (ServiceRated,)),
}
