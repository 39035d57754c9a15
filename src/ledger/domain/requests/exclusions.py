"""Exclusions (考核剔除): a case left out of a metric, for a listed reason, by a ruling of the town.

The case stays visible and the raw figure counts it: only the net figure beside it does not.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from ledger.decision import Situation
from ledger.domain.requests.dispatching import BY_HANDLER, BY_TOWN, own_ruling
from ledger.domain.requests.requests import (
    Exclusion,
    Request,
    RequestEvent,
    conflict,
    precedes,
    unknown_request,
)
from ledger.domain.rules.rules import RULES_TAG, RulesEnacted, not_listed, rules_in_force
from ledger.event import Folds, Id, PersonalText, Recorded
from ledger.refusals import Forbidden, Refusal, WrongState


class Metric(StrEnum):
    """The rates that a case may be left out of."""

    ON_TIME = "on_time"
    """按时办结率"""
    RESOLUTION = "resolution"
    """解决率"""
    SATISFACTION = "satisfaction"
    """满意率, 好评率"""


class ExclusionEvent(RequestEvent):
    """What asking and ruling have in common."""

    metric: Metric
    """What the case is left out of; its other figures stay."""

    def excludable(self, situation: Situation) -> Request | Refusal:
        """The request, whatever its stage, once it has a handler."""
        request: Request | None = situation.state(f"request:{self.request}")
        if request is None:
            return unknown_request(self.request)
        if not request.involved:
            return WrongState(
                "wrong_stage",
                f"request {self.request} is {request.stage}",
                f"{self.kind} once it was dispatched",
                "request",
            )
        if situation.precedes(request.filed_at):
            return precedes(request.filed_at)
        return conflict(situation, request) or request


def asked(request: Request, metric: Metric) -> Exclusion | None:
    """What was last asked for a metric."""
    for exclusion in reversed(request.exclusions):
        if exclusion.metric == metric:
            return exclusion
    return None


class MetricExclusionRequested(ExclusionEvent):
    """申请剔除: a handler asks that the case be left out of a metric, for a listed reason."""

    kind = "metric_exclusion_requested"
    term = "申请剔除"
    proposers = (BY_HANDLER,)
    example = {
        "request": "request-2026-0412",
        "metric": "on_time",
        "reason": "force-majeure",
        "explanation": "当日暴雨，全市停水",
    }

    reason: Id
    """A code of the exclusion_reasons of the pack in force."""
    explanation: PersonalText | None = None
    """What happened, for whoever rules on it."""

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (f"request:{self.request}", RULES_TAG)

    def decide(self, situation: Situation) -> Refusal | None:
        request = self.excludable(situation)
        if not isinstance(request, Request):
            return request
        if situation.actor.organisation not in request.involved:
            return Forbidden(
                "not_a_handler",
                f"{situation.actor.organisation} did not handle this request",
                "one that handled this request",
            )
        if asked(request, self.metric) is not None:
            return WrongState(
                "exclusion_asked",
                f"the exclusion from {self.metric} was asked for",
                "one request for each case and metric",
                "metric",
            )
        pack = rules_in_force(situation)
        if not isinstance(pack, RulesEnacted):
            return pack
        reasons = pack.exclusion_reasons
        return not_listed(reasons, self.reason, "unknown_exclusion_reason", "reason")


class MetricExclusionRuled(ExclusionEvent):
    """剔除裁定: the town grants or refuses it; never who handled the case."""

    kind = "metric_exclusion_ruled"
    term = "剔除裁定"
    proposers = (BY_TOWN,)
    example = {"request": "request-2026-0412", "metric": "on_time", "granted": True}

    granted: bool
    """True: the net rate leaves the case out. False: it counts as before."""

    def decide(self, situation: Situation) -> Refusal | None:
        request = self.excludable(situation)
        if not isinstance(request, Request):
            return request
        found = asked(request, self.metric)
        if found is None or found.is_ruled:
            return WrongState(
                "no_exclusion_asked",
                f"no exclusion from {self.metric} waits for a ruling",
                "one asked for",
                "metric",
            )
        if situation.precedes(found.asked_at):
            return precedes(found.asked_at)
        return own_ruling(situation, request, request.involved, "own_exclusion")


def evolve_exclusion(state: Request | None, tag: str, recorded: Recorded) -> Request | None:
    """The request after one more event on its exclusions."""
    if state is None:
        return None
    match recorded.event:
        case MetricExclusionRequested(metric=metric):
            actor, when = recorded.actor, recorded.occurred_at
            fresh = Exclusion(metric.value, actor.organisation, when)
            asked_for = state._replace(exclusions=(*state.exclusions, fresh))
            return asked_for.by_handler(recorded)
        case MetricExclusionRuled(metric=metric, granted=granted):
            ruled = tuple(
                one._replace(is_ruled=True, is_granted=granted) if one.metric == metric else one
                for one in state.exclusions
            )
            return state._replace(exclusions=ruled)
    return state


KINDS = (MetricExclusionRequested, MetricExclusionRuled)
FOLDS: Folds = {"request": (evolve_exclusion, KINDS)}
