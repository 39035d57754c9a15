"""Resident requests: each act in its stage, by whom it may, about what this ledger holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger.decision import Office, OrganisationType
from ledger.domain.organisations import AppointmentMade, OrganisationRegistered
from ledger.domain.requests import (
    AnswerAccepted,
    Category,
    ProgressPosted,
    RequestAccepted,
    RequestAnswered,
    RequestCleared,
    RequestDispatched,
    RequestEvent,
    RequestFiled,
)
from ledger.domain.rules import Grade, RulesEnacted, Subject
from ledger.event import Actor
from ledger.ledger import Ledger
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.town import (
    COMMITTEE,
    FOUNDER,
    HOTLINE,
    REVIEWER,
    ROADS,
    RULES,
    SECRETARY,
    URBAN,
    WATER,
    accepted,
    all_refused,
    cases,
    filed,
    found,
    handled,
    refused,
)

STAGES = {
    "request-1": "filed",
    "request-2": "accepted",
    "request-3": "dispatched",
    "request-4": "answered",
    "request-5": "answer_accepted",
    "request-6": "cleared",
    "request-7": "in_hand",
}
RESIDENT = Actor("resident", "committee-1", "requester-1")


def acts(request: str) -> dict[str, Proposal]:
    """Every later act on a request, by one who may, by the name of its kind."""
    proposals = [
        *handled(request)[1:],
        Proposal(ProgressPosted(request=request, note="已到场"), WATER),
    ]
    return {proposal.event.kind: proposal for proposal in proposals}


def filing(**changes: Any) -> RequestFiled:
    body = {
        "request": "request-0",
        "community": "committee-1",
        "category": Category.COMPLAINT,
        "subject": "noise",
        **changes,
    }
    return RequestFiled(**body)


def dispatch(request: str = "request-2", **changes: Any) -> Proposal:
    body = {"request": request, "lead": "dept-water", "grade": Grade.ORDINARY, **changes}
    return Proposal(RequestDispatched(**body), HOTLINE)


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


ALLOWED = {
    "request_accepted": {"filed"},
    "request_dispatched": {"accepted"},
    "progress_posted": {"dispatched", "in_hand"},
    "request_answered": {"dispatched", "in_hand"},
    "answer_accepted": {"answered"},
    "request_cleared": {"answer_accepted"},
}


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


# Conflict guard and separation of duties


def test_the_one_complained_about_does_not_handle(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *cases())

    lead = dispatch("request-8", lead="dept-water")
    with_it = dispatch("request-8", lead="town", co_handlers=("dept-water",))

    assert isinstance(refused(memory_ledger, lead, "complained_about", "lead"), Forbidden)
    refused(memory_ledger, with_it, "complained_about", "co_handlers")


@pytest.mark.parametrize("kind", sorted(ALLOWED))
def test_the_one_complained_about_does_nothing_in_the_case(
    memory_ledger: Ledger, kind: str
) -> None:
    found(memory_ledger)
    clerk, reviewer = (
        Actor(office, "committee-2", "p-second") for office in ("clerk_a", "reviewer")
    )
    for actor in (clerk, reviewer):
        appointment = AppointmentMade(
            principal="p-second", organisation="committee-2", office=Office(actor.office)
        )
        accepted(memory_ledger, Proposal(appointment, FOUNDER))
    request_id = "request-0"
    accepted(memory_ledger, Proposal(filing(against="committee-2"), HOTLINE))
    accepted(memory_ledger, *_up_to(kind, request_id))

    by_the_one = Proposal(
        acts(request_id)[kind].event, reviewer if kind == "answer_accepted" else clerk
    )

    assert isinstance(refused(memory_ledger, by_the_one, "complained_about"), Forbidden)
    accepted(memory_ledger, acts(request_id)[kind])


def _up_to(kind: str, request_id: str) -> list[Proposal]:
    """What comes between the filing and an act of this kind."""
    between = []
    for proposal in handled(request_id)[1:]:
        if proposal.event.kind == kind or (
            kind == "progress_posted" and proposal.event.kind == "request_answered"
        ):
            break
        between.append(proposal)
    return between


def test_a_complaint_about_a_department_goes_to_its_superior(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *cases())

    beside, above = (dispatch("request-8", lead=lead) for lead in ("dept-roads", "town"))

    refusal = refused(memory_ledger, beside, "complaint_passes_superior", "lead")
    assert isinstance(refusal, Forbidden)
    assert "town" in refusal.accepted
    accepted(memory_ledger, above)


@pytest.mark.parametrize("against", ["town", "dept-water", "dept-of-county"])
def test_a_complaint_about_the_town_goes_to_the_county_office(
    memory_ledger: Ledger, against: str
) -> None:
    found(memory_ledger)
    for identity, type_ in (
        ("county", OrganisationType.COUNTY_OFFICE),
        ("government", OrganisationType.TOWN_GOVERNMENT),
        ("dept-of-county", OrganisationType.DEPARTMENT),
    ):
        event = OrganisationRegistered(organisation=identity, type=type_, name="机关")
        accepted(memory_ledger, Proposal(event, FOUNDER))
    complaint = Proposal(filing(request="request-1", against=against), HOTLINE)
    accepted(memory_ledger, complaint, Proposal(RequestAccepted(request="request-1"), HOTLINE))

    to_government, to_county = (
        dispatch("request-1", lead=lead) for lead in ("government", "county")
    )

    refusal = refused(memory_ledger, to_government, "complaint_passes_superior", "lead")
    assert "county office" in refusal.accepted
    accepted(memory_ledger, to_county)


def test_a_complaint_about_others_goes_to_any_handler(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    complaint = Proposal(filing(request="request-1", against="unit-1"), HOTLINE)

    accepted(memory_ledger, complaint, *handled("request-1")[1:])


@pytest.mark.parametrize("actor", [URBAN, ROADS])
def test_only_a_handler_posts_progress(memory_ledger: Ledger, actor: Actor) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *cases()[:2], *handled("request-3")[:2])
    accepted(memory_ledger, dispatch("request-3", co_handlers=("dept-urban",)))

    progress = Proposal(ProgressPosted(request="request-3", note="已到场"), actor)

    if actor is URBAN:
        accepted(memory_ledger, progress)
    else:
        assert isinstance(refused(memory_ledger, progress, "not_a_handler"), Forbidden)


def test_only_the_lead_answers(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *handled("request-3")[:2])
    accepted(memory_ledger, dispatch("request-3", co_handlers=("dept-urban",)))

    by_co_handler, by_lead = (
        Proposal(RequestAnswered(request="request-3", answer="已修复"), actor)
        for actor in (URBAN, WATER)
    )

    refused(memory_ledger, by_co_handler, "not_a_handler")
    accepted(memory_ledger, by_lead)


def test_a_summoned_department_posts_progress(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *cases())

    accepted(memory_ledger, Proposal(ProgressPosted(request="request-7", note="已修路"), ROADS))


def test_a_reviewer_is_not_the_preparer(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    both = (
        AppointmentMade(principal=WATER.principal, organisation="hotline", office=Office.REVIEWER),
        FOUNDER,
    )
    accepted(memory_ledger, *handled("request-1")[:4], Proposal(*both))

    own = Proposal(
        AnswerAccepted(request="request-1"), Actor("reviewer", "hotline", WATER.principal)
    )

    assert isinstance(refused(memory_ledger, own, "own_answer"), Forbidden)


def test_nobody_deals_with_a_request_of_their_own(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    own = Proposal(filing(request="request-1", requester=HOTLINE.principal), COMMITTEE)
    accepted(memory_ledger, own)

    by_requester = Proposal(RequestAccepted(request="request-1"), HOTLINE)

    assert isinstance(refused(memory_ledger, by_requester, "own_request"), Forbidden)
    accepted(memory_ledger, Proposal(RequestAccepted(request="request-1"), COMMITTEE))


def test_a_list_says_which_of_its_acts_broke_a_rule(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    proposals = handled("request-1")
    del proposals[4]  # the acceptance of the answer

    all_refused(memory_ledger, proposals, "wrong_stage", "request", index=4)


def test_every_later_act_is_tried_here() -> None:
    assert set(ALLOWED) == {cls.kind for cls in RequestEvent.__subclasses__()}
