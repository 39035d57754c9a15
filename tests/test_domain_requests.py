"""Resident requests: each act in its stage, about what this ledger holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ledger.domain.requests import (
    AnswerAccepted,
    RequestCleared,
    RequestEvent,
)
from ledger.domain.rules import Grade, RulesEnacted, Subject
from ledger.event import Actor
from ledger.ledger import Ledger
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.request_acts import ALLOWED, RESIDENT, STAGES, acts, dispatch, filing
from tests.town import (
    COMMITTEE,
    FOUNDER,
    HOTLINE,
    REVIEWER,
    RULES,
    SECRETARY,
    accepted,
    all_refused,
    cases,
    filed,
    found,
    handled,
    refused,
)


def test_a_request_goes_from_filing_to_clearing(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    accepted(memory_ledger, *handled("request-1"))

    kinds = [event.kind for event in memory_ledger.read(tags=["request:request-1"])]
    assert kinds == [
        "request_filed",
        "request_accepted",
        "request_dispatched",
        "request_answered",
        "answer_accepted",
        "request_cleared",
    ]


@pytest.mark.parametrize("request_id", sorted(STAGES))
@pytest.mark.parametrize("kind", sorted(ALLOWED))
def test_an_act_has_its_stages(memory_ledger: Ledger, kind: str, request_id: str) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *cases())

    act = acts(request_id)[kind]

    if STAGES[request_id] in ALLOWED[kind]:
        accepted(memory_ledger, act)
    else:
        refusal = refused(memory_ledger, act, "wrong_stage", "request")
        assert isinstance(refusal, WrongState)
        assert all(stage in refusal.accepted for stage in ALLOWED[kind])


def test_a_request_is_cleared_with_an_accepted_answer_alone(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *handled("request-1")[:4])

    early = Proposal(RequestCleared(request="request-1"), HOTLINE)

    refused(memory_ledger, early, "wrong_stage", "request")
    accepted(memory_ledger, Proposal(AnswerAccepted(request="request-1"), REVIEWER), early)


@pytest.mark.parametrize("kind", sorted(ALLOWED))
def test_a_request_of_another_town_is_unknown_here(memory_ledger: Ledger, kind: str) -> None:
    found(memory_ledger)

    act = acts("request-of-x")[kind]

    refusal = refused(memory_ledger, act, "unknown_request", "request")
    assert isinstance(refusal, UnknownReference)


@pytest.mark.parametrize("kind", sorted(ALLOWED))
def test_no_act_precedes_the_one_that_it_follows(memory_ledger: Ledger, kind: str) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *cases())
    request_id = next(one for one, stage in STAGES.items() if stage in ALLOWED[kind])

    act = acts(request_id)[kind]
    act.occurred_at = datetime.now(UTC) - timedelta(hours=1)

    refusal = refused(memory_ledger, act, "precedes_what_it_follows", "occurred_at")
    assert isinstance(refusal, Unacceptable)


def test_a_case_may_be_entered_after_it_happened(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    proposals = handled("request-1")
    for hour, proposal in enumerate(proposals):
        proposal.occurred_at = yesterday + timedelta(hours=hour)

    accepted(memory_ledger, *proposals)


def test_acts_of_one_moment_do_not_precede_each_other(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    moment = datetime.now(UTC) - timedelta(days=1)
    proposals = handled("request-1")
    for proposal in proposals:
        proposal.occurred_at = moment

    accepted(memory_ledger, *proposals)


# Filing


@pytest.mark.parametrize("actor", [HOTLINE, COMMITTEE, SECRETARY])
def test_hotline_and_communities_take_requests_down(memory_ledger: Ledger, actor: Actor) -> None:
    found(memory_ledger)

    accepted(memory_ledger, Proposal(filing(), actor))


def test_a_resident_files_under_the_random_id_of_the_case(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    accepted(memory_ledger, Proposal(filing(requester=RESIDENT.principal), RESIDENT))


def test_a_resident_does_not_file_for_another(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    other = Proposal(filing(requester="requester-2"), RESIDENT)

    assert isinstance(refused(memory_ledger, other, "not_the_requester", "requester"), Forbidden)


def test_a_request_belongs_to_a_community_of_this_ledger(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    foreign, unit = (
        Proposal(filing(community=identity), HOTLINE) for identity in ("elsewhere", "dept-water")
    )

    assert isinstance(
        refused(memory_ledger, foreign, "unknown_organisation", "community"), UnknownReference
    )
    refusal = refused(memory_ledger, unit, "wrong_organisation_type", "community")
    assert isinstance(refusal, Unacceptable)
    assert "residents_committee" in refusal.accepted


def test_the_one_complained_about_is_of_this_ledger(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    complaint = Proposal(filing(against="elsewhere"), HOTLINE)

    refused(memory_ledger, complaint, "unknown_organisation", "against")


def test_the_one_complained_about_does_not_take_the_complaint_down(
    memory_ledger: Ledger,
) -> None:
    found(memory_ledger)
    complaint = filing(against="committee-1", requester=RESIDENT.principal)

    by_clerk, by_resident = Proposal(complaint, COMMITTEE), Proposal(complaint, RESIDENT)

    assert isinstance(refused(memory_ledger, by_clerk, "complained_about", "against"), Forbidden)
    accepted(memory_ledger, by_resident)


def test_a_subject_is_of_the_controlled_list(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    body = {
        **dict(RULES),
        "pack_version": 2,
        "subjects": (Subject(code="noise", name="噪音"),),
    }
    accepted(memory_ledger, Proposal(RulesEnacted(**body), FOUNDER), filed("request-1", "noise"))

    refusal = refused(memory_ledger, filed("request-2", "parking"), "unknown_subject", "subject")

    assert isinstance(refusal, Unacceptable)


# Dispatching


def test_handlers_are_organisations_of_this_ledger_that_handle(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *cases())

    refused(memory_ledger, dispatch(lead="elsewhere"), "unknown_organisation", "lead")
    refused(memory_ledger, dispatch(lead="hotline"), "wrong_organisation_type", "lead")
    refused(
        memory_ledger, dispatch(co_handlers=("elsewhere",)), "unknown_organisation", "co_handlers"
    )
    refused(
        memory_ledger, dispatch(co_handlers=("hotline",)), "wrong_organisation_type", "co_handlers"
    )


@pytest.mark.parametrize(
    "co_handlers", [("dept-water",), ("dept-urban", "dept-roads", "dept-urban")]
)
def test_a_handler_is_named_once(memory_ledger: Ledger, co_handlers: tuple[str, ...]) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *cases())

    twice = dispatch(co_handlers=co_handlers)

    refusal = refused(memory_ledger, twice, "handler_given_twice", "co_handlers")
    assert isinstance(refusal, Unacceptable)


@pytest.mark.parametrize("grade", [Grade.HARD, Grade.URGENT])
def test_a_grade_of_whistles_does_not_fit_a_request(memory_ledger: Ledger, grade: Grade) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *cases())

    refusal = refused(memory_ledger, dispatch(grade=grade), "grade_of_a_whistle", "grade")

    assert isinstance(refusal, Unacceptable)


def test_a_list_says_which_of_its_acts_broke_a_rule(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    proposals = handled("request-1")
    del proposals[4]  # the acceptance of the answer

    all_refused(memory_ledger, proposals, "wrong_stage", "request", index=4)


def test_every_later_act_is_tried_here() -> None:
    assert set(ALLOWED) == {cls.kind for cls in RequestEvent.__subclasses__()}
