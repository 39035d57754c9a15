"""Exclusions: who asks that a case be left out of a metric, for which reasons, and who rules."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.domain.requests.exclusions import Metric, MetricExclusionRequested, MetricExclusionRuled
from ledger.domain.requests.requests import Exclusion, Stage
from ledger.event import Actor
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, WrongState
from tests.request_acts import (
    CASE,
    STAGES,
    Cast,
    acts,
    brought_to,
    case,
    on,
    pack,
    refused,
    second,
    town,
)
from tests.town import COUNTY, FOUNDER, HOTLINE, ROADS, TOWN_CLERK, URBAN, WATER


def asked(
    metric: Metric = Metric.ON_TIME, actor: Actor = WATER, reason: str = "force-majeure"
) -> Proposal:
    event = MetricExclusionRequested(
        request=CASE, metric=metric, reason=reason, explanation="当日暴雨"
    )
    return Proposal(event, actor)


def ruled(
    metric: Metric = Metric.ON_TIME, actor: Actor = TOWN_CLERK, *, granted: bool = True
) -> Proposal:
    event = MetricExclusionRuled(request=CASE, metric=metric, granted=granted)
    return Proposal(event, actor)


@pytest.mark.parametrize("actor", [WATER, URBAN])
def test_a_handler_asks_and_the_case_stays_what_it_is(actor: Actor) -> None:
    paper = town(*brought_to(Stage.CLEARED))
    before = case(paper)

    paper.accept(asked(actor=actor))

    after = case(paper)
    assert after.exclusions == (Exclusion("on_time", actor.organisation, paper.at),)
    assert (after.stage, after.latest, after.closing) == (
        before.stage,
        before.latest,
        before.closing,
    )


def test_who_handled_a_case_once_may_still_ask() -> None:
    paper = town(*brought_to(Stage.DISPATCHED), acts()["order_reassigned"])

    paper.accept(asked(actor=WATER))


def test_nobody_else_asks() -> None:
    paper = town(*brought_to(Stage.CLEARED))

    refusal = refused(paper, asked(actor=ROADS), "not_a_handler")

    assert isinstance(refusal, Forbidden)
    refused(paper, asked(actor=HOTLINE), "office_may_not")


@pytest.mark.parametrize("stage", sorted(STAGES["metric_exclusion_requested"]))
def test_an_exclusion_is_asked_for_and_ruled_whatever_the_stage(stage: Stage) -> None:
    paper = town(*brought_to(stage))

    paper.accept(asked(), ruled())

    assert case(paper).stage is stage


def test_a_case_without_handlers_is_left_out_of_nothing() -> None:
    paper = town(*brought_to(Stage.ACCEPTED))

    refused(paper, asked(), "wrong_stage", "request")
    refused(paper, ruled(), "wrong_stage", "request")


def test_a_reason_is_one_that_the_pack_in_force_lists() -> None:
    paper = town(*brought_to(Stage.CLEARED))

    refusal = refused(paper, asked(reason="busy"), "unknown_exclusion_reason", "reason")

    assert isinstance(refusal, Unacceptable)
    assert "force-majeure" in refusal.accepted


def test_nothing_is_excluded_where_the_pack_lists_no_reason() -> None:
    paper = town(*brought_to(Stage.CLEARED), pack(exclusion_reasons=()))
    paper.at = on(3, 2, 10)

    assert "none" in refused(paper, asked(), "unknown_exclusion_reason", "reason").accepted


@pytest.mark.parametrize("then", [[], [ruled(granted=False)], [ruled(granted=True)]])
def test_an_exclusion_is_asked_for_once_for_each_metric(then: list[Proposal]) -> None:
    paper = town(*brought_to(Stage.CLEARED), asked(), *then)

    refusal = refused(paper, asked(actor=URBAN), "exclusion_asked", "metric")

    assert isinstance(refusal, WrongState)
    paper.accept(asked(Metric.SATISFACTION))


@pytest.mark.parametrize("granted", [True, False])
@pytest.mark.parametrize("actor", [TOWN_CLERK, FOUNDER])
def test_the_town_rules_on_what_was_asked_for(actor: Actor, *, granted: bool) -> None:
    paper = town(*brought_to(Stage.CLEARED), asked(), asked(Metric.RESOLUTION))

    paper.accept(ruled(actor=actor, granted=granted))

    on_time, resolution = case(paper).exclusions
    assert (on_time.is_ruled, on_time.is_granted) == (True, granted)
    assert not resolution.is_ruled


@pytest.mark.parametrize("actor", [HOTLINE, WATER, COUNTY])
def test_nobody_else_rules(actor: Actor) -> None:
    paper = town(*brought_to(Stage.CLEARED), asked())

    refused(paper, ruled(actor=actor), "office_may_not")


def test_an_exclusion_is_ruled_once_asked_for() -> None:
    paper = town(*brought_to(Stage.CLEARED), asked(Metric.SATISFACTION))

    refusal = refused(paper, ruled(), "no_exclusion_asked", "metric")

    assert isinstance(refusal, WrongState)
    paper.accept(ruled(Metric.SATISFACTION))
    refused(paper, ruled(Metric.SATISFACTION), "no_exclusion_asked", "metric")


def test_who_handled_the_case_does_not_rule_though_it_is_the_town() -> None:
    cast = Cast(lead=TOWN_CLERK)
    paper = town(
        *brought_to(Stage.DISPATCHED, cast), acts()["order_reassigned"], asked(actor=ROADS)
    )

    own = ruled(actor=second(TOWN_CLERK))

    assert isinstance(refused(paper, own, "own_exclusion"), Forbidden)
    paper.accept(ruled(actor=FOUNDER))


def test_who_asked_does_not_rule_in_another_office() -> None:
    paper = town(*brought_to(Stage.CLEARED), asked(actor=second(WATER)))

    refused(paper, ruled(actor=second(TOWN_CLERK)), "own_exclusion")

    paper.accept(ruled())


def test_the_town_complained_about_rules_on_no_exclusion() -> None:
    cast = Cast(lead=COUNTY)
    paper = town(*brought_to(Stage.CLEARED, cast, against="government"), asked(actor=COUNTY))

    refused(paper, ruled(), "complained_about")


def test_an_exclusion_is_not_asked_for_before_the_request_nor_ruled_before_it_is_asked_for() -> (
    None
):
    paper = town(*brought_to(Stage.CLEARED))
    before_the_request, before_it_is_asked_for = asked(), ruled()
    before_the_request.occurred_at = case(paper).filed_at - timedelta(microseconds=1)

    refused(paper, before_the_request, "precedes_what_it_follows", "occurred_at")
    paper.accept(asked())
    before_it_is_asked_for.occurred_at = paper.at - timedelta(microseconds=1)

    refused(paper, before_it_is_asked_for, "precedes_what_it_follows", "occurred_at")
