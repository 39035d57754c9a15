"""Whoever comes for a whistle has a part in its request: in no other office do they judge it."""

from __future__ import annotations

import pytest

from ledger.decision import Office
from ledger.domain.requests.ratings import RatingTarget, Satisfaction, ServiceRated
from ledger.domain.requests.requests import Stage
from ledger.domain.town.people import AppointmentMade
from ledger.event import Actor
from ledger.proposal import Proposal
from tests.paper_ledger import PaperLedger
from tests.request_acts import CASE, acts, brought_to, case, refused
from tests.test_domain_summons import BY_COMMUNITY, BY_DEPARTMENT, before
from tests.town import FOUNDER, HOTLINE, REVIEWER, TOWN_CLERK, URBAN
from tests.whistle_acts import act, blown, whistle_town


def for_urban(kind: str, actor: Actor) -> Proposal:
    """An act of the urban department by somebody who holds another office too."""
    return act(kind, actor=Actor("clerk_b", "dept-urban", actor.principal))


def for_a_request(stage: Stage, *more: Proposal) -> PaperLedger:
    """A request at that stage, with its whistle; some are clerks of the urban department too."""
    appointed = [
        Proposal(
            AppointmentMade(
                principal=actor.principal, organisation="dept-urban", office=Office.CLERK_B
            ),
            FOUNDER,
        )
        for actor in (REVIEWER, HOTLINE, TOWN_CLERK)
    ]
    steps = brought_to(stage, against=None)
    whistle = blown("dept-urban", request=CASE)
    return whistle_town(*appointed, *steps[:1], whistle, *more, *steps[1:])


@pytest.mark.parametrize("kind", BY_DEPARTMENT)
def test_an_act_for_a_department_is_told_of_the_request_too(kind: str) -> None:
    paper = for_a_request(Stage.ACCEPTED, *before(kind))

    paper.accept(act(kind))

    assert f"request:{CASE}" in paper.history[-1].tags
    assert case(paper).handled_by == (URBAN.principal,)


@pytest.mark.parametrize("kind", BY_COMMUNITY)
def test_what_judges_a_department_is_not(kind: str) -> None:
    paper = for_a_request(Stage.ACCEPTED, *before(kind))

    paper.accept(act(kind))

    assert f"request:{CASE}" not in paper.history[-1].tags


@pytest.mark.parametrize("kind", ["answer_accepted", "answer_sent_back"])
def test_whoever_came_for_a_whistle_does_not_review_the_answer(kind: str) -> None:
    paper = for_a_request(Stage.ANSWERED, for_urban("whistle_signed", REVIEWER))

    refused(paper, acts()[kind], "own_answer")


def test_whoever_came_for_a_whistle_does_not_rule_on_the_request() -> None:
    paper = for_a_request(Stage.DISPUTED, for_urban("whistle_signed", TOWN_CLERK))

    refused(paper, acts()["dispute_ruled"], "own_dispute")


def test_whoever_came_for_a_whistle_does_not_rate_the_request() -> None:
    paper = for_a_request(Stage.CLEARED, for_urban("whistle_signed", HOTLINE))
    rating = ServiceRated(
        target_type=RatingTarget.REQUEST, target=CASE, satisfaction=Satisfaction.SATISFIED
    )

    refused(paper, Proposal(rating, HOTLINE), "handler_rates")


def test_who_comes_after_the_request_was_closed_does_not_judge_it_either() -> None:
    paper = for_a_request(Stage.CLEARED)

    paper.accept(act("whistle_signed"))

    assert case(paper).handled_by[-1] == URBAN.principal
