"""Ratings: once for each round of handling, after an answer, by whom the case concerns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ledger.decision import Office
from ledger.domain.organisations import AppointmentMade
from ledger.domain.ratings import RatingTarget, Satisfaction, ServiceRated
from ledger.domain.requests import RequestDispatched
from ledger.domain.rules import Grade
from ledger.event import Actor
from ledger.ledger import Ledger
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, UnknownReference, WrongState
from tests.town import (
    COMMITTEE,
    FOUNDER,
    HOTLINE,
    REVIEWER,
    WATER,
    accepted,
    cases,
    found,
    handled,
    refused,
)

RESIDENT = Actor("resident", "committee-1", "requester-1")


def rated(request: str, actor: Actor = HOTLINE) -> Proposal:
    event = ServiceRated(
        target_type=RatingTarget.REQUEST,
        target=request,
        satisfaction=Satisfaction.VERY_DISSATISFIED,
        resolved=False,
        comment="又漏了",
    )
    return Proposal(event, actor)


@pytest.mark.parametrize("request_id", ["request-4", "request-5"])
def test_what_was_answered_is_rated(memory_ledger: Ledger, request_id: str) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *cases())

    accepted(memory_ledger, rated(request_id))


@pytest.mark.parametrize("request_id", ["request-1", "request-2", "request-3", "request-7"])
def test_nothing_is_rated_before_an_answer(memory_ledger: Ledger, request_id: str) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *cases())

    refusal = refused(memory_ledger, rated(request_id), "not_answered", "target")

    assert isinstance(refusal, WrongState)


def test_one_round_of_handling_is_rated_once(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *cases())

    refusal = refused(memory_ledger, rated("request-6"), "already_rated", "target")

    assert isinstance(refusal, WrongState)


def test_a_rating_stays_when_the_case_goes_on(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    proposals = handled("request-1")

    accepted(memory_ledger, *proposals[:4], rated("request-1"), *proposals[4:])

    refused(memory_ledger, rated("request-1"), "already_rated", "target")


def test_a_request_of_another_town_is_unknown_here(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    refusal = refused(memory_ledger, rated("request-of-x"), "unknown_request", "target")

    assert isinstance(refusal, UnknownReference)


def test_a_rating_does_not_precede_the_answer(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *cases())

    early = rated("request-4")
    early.occurred_at = datetime.now(UTC) - timedelta(hours=1)

    refused(memory_ledger, early, "precedes_what_it_follows", "occurred_at")


def test_the_requester_rates(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *cases(), *_answered_complaint())

    stranger = rated("request-8", RESIDENT._replace(principal="requester-2"))

    assert isinstance(refused(memory_ledger, stranger, "not_the_requester"), Forbidden)
    accepted(memory_ledger, rated("request-8", RESIDENT))


def _answered_complaint() -> list[Proposal]:
    dispatched = RequestDispatched(request="request-8", lead="town", grade=Grade.ORDINARY)
    answered = handled("request-8")[3].event
    return [Proposal(dispatched, HOTLINE), Proposal(answered, FOUNDER)]


def test_a_handler_does_not_rate(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    proposals = handled("request-1")
    proposals[2] = Proposal(
        RequestDispatched(
            request="request-1",
            lead="dept-water",
            co_handlers=("committee-1",),
            grade=Grade.ORDINARY,
        ),
        HOTLINE,
    )
    accepted(memory_ledger, *proposals[:4])

    refusal = refused(memory_ledger, rated("request-1", COMMITTEE), "handler_rates")

    assert isinstance(refusal, Forbidden)


def test_the_one_complained_about_does_not_rate(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    complaint = handled("request-1")[0].event.model_copy(update={"against": "committee-1"})
    accepted(memory_ledger, Proposal(complaint, HOTLINE), *handled("request-1")[1:4])

    refused(memory_ledger, rated("request-1", COMMITTEE), "handler_rates")


def test_who_answered_does_not_rate_in_another_office(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    second = AppointmentMade(
        principal=WATER.principal, organisation="hotline", office=Office.CLERK_B
    )
    accepted(memory_ledger, Proposal(second, FOUNDER), *handled("request-1")[:4])

    own = rated("request-1", Actor("clerk_b", "hotline", WATER.principal))

    refused(memory_ledger, own, "handler_rates")


@pytest.mark.parametrize("actor", [WATER, REVIEWER, FOUNDER])
def test_ratings_come_from_residents_and_the_clerks_whom_they_tell(
    memory_ledger: Ledger, actor: Actor
) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *cases())

    refused(memory_ledger, rated("request-4", actor), "office_may_not")
