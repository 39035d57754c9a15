"""The conflict guard and the separation of duties in requests: who may not act, and why."""

from __future__ import annotations

import pytest

from ledger.decision import Office, OrganisationType
from ledger.domain.organisations import AppointmentMade, OrganisationRegistered
from ledger.domain.requests import (
    AnswerAccepted,
    ProgressPosted,
    RequestAccepted,
    RequestAnswered,
)
from ledger.domain.rules import Grade
from ledger.domain.whistles import Ground, WhistleBlown
from ledger.event import Actor
from ledger.ledger import Ledger
from ledger.proposal import Proposal
from ledger.refusals import Forbidden
from tests.request_acts import ALLOWED, acts, dispatch, filing
from tests.town import (
    COMMITTEE,
    FOUNDER,
    HOTLINE,
    ROADS,
    SECRETARY,
    URBAN,
    WATER,
    accepted,
    cases,
    found,
    handled,
    refused,
)


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


def test_a_department_summoned_before_the_dispatch_handles_the_request_too(
    memory_ledger: Ledger,
) -> None:
    found(memory_ledger)
    whistle = WhistleBlown(
        request="request-2",
        grade=Grade.HARD,
        ground=Ground.JOINT_ENFORCEMENT,
        departments=("dept-roads", "dept-water"),
    )
    accepted(memory_ledger, *handled("request-2")[:2], Proposal(whistle, SECRETARY), dispatch())

    by_summoned, by_another = (
        Proposal(ProgressPosted(request="request-2", note="已修路"), actor)
        for actor in (ROADS, URBAN)
    )

    accepted(memory_ledger, by_summoned)
    refused(memory_ledger, by_another, "not_a_handler")


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
