"""Members and reserves: whom a branch admits and nominates, each once, of those known here."""

from __future__ import annotations

import pytest

from ledger.decision import OrganisationType
from ledger.domain.town.members import MemberAdmitted, Programme, ReserveNominated
from ledger.domain.town.organisations import OrganisationDissolved, OrganisationRegistered
from ledger.domain.town.people import PersonEnrolled, Principal
from ledger.event import Actor
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.paper_ledger import PaperLedger
from tests.request_acts import refused, town
from tests.town import COMMITTEE, FOUNDER, HOTLINE, SECRETARY

KINDS = (ReserveNominated, MemberAdmitted)


def about(
    kind: type[ReserveNominated | MemberAdmitted],
    person: str = "p-new",
    branch: str = "branch-1",
    actor: Actor = SECRETARY,
) -> Proposal:
    return Proposal(kind(principal=person, organisation=branch), actor)


def with_person(*proposals: Proposal) -> PaperLedger:
    """The test town with somebody who is enrolled, and a second branch."""
    branch = OrganisationRegistered(
        organisation="branch-2", type=OrganisationType.INDUSTRY_BRANCH, name="商圈党支部"
    )
    enrolled = PersonEnrolled(principal="p-new", name="某人")
    return town(Proposal(branch, FOUNDER), Proposal(enrolled, COMMITTEE), *proposals)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("actor", [SECRETARY, FOUNDER])
def test_a_branch_speaks_for_itself_and_the_town_for_any(
    kind: type[ReserveNominated | MemberAdmitted], actor: Actor
) -> None:
    with_person(about(kind, actor=actor))


@pytest.mark.parametrize("programme", [None, *Programme])
def test_a_member_is_admitted_under_a_programme_or_none(programme: Programme | None) -> None:
    admitted = MemberAdmitted(principal="p-new", organisation="branch-1", programme=programme)
    paper = with_person(Proposal(admitted, SECRETARY))

    person: Principal = paper.states["principal:p-new"]
    assert person.is_admitted


def test_a_member_is_admitted_once() -> None:
    paper = with_person(about(MemberAdmitted))

    again = about(MemberAdmitted, branch="branch-2", actor=FOUNDER)

    assert isinstance(refused(paper, again, "already_admitted", "principal"), WrongState)


def test_a_branch_nominates_a_person_once() -> None:
    paper = with_person(about(ReserveNominated))

    again = refused(paper, about(ReserveNominated), "already_nominated", "principal")

    assert isinstance(again, WrongState)
    paper.accept(about(ReserveNominated, branch="branch-2", actor=FOUNDER))
    person: Principal = paper.states["principal:p-new"]
    assert person.nominated_by == ("branch-1", "branch-2")


@pytest.mark.parametrize("kind", KINDS)
def test_the_person_is_one_of_this_ledger(kind: type[ReserveNominated | MemberAdmitted]) -> None:
    refusal = refused(with_person(), about(kind, "p-unknown"), "unknown_person", "principal")

    assert isinstance(refusal, UnknownReference)


@pytest.mark.parametrize("kind", KINDS)
def test_the_body_is_a_branch_of_this_ledger(
    kind: type[ReserveNominated | MemberAdmitted],
) -> None:
    paper = with_person(Proposal(OrganisationDissolved(organisation="branch-2"), FOUNDER))

    unknown = about(kind, branch="elsewhere", actor=FOUNDER)
    committee = about(kind, branch="committee-1", actor=FOUNDER)
    gone = about(kind, branch="branch-2", actor=FOUNDER)

    refused(paper, unknown, "unknown_organisation", "organisation")
    refusal = refused(paper, committee, "wrong_organisation_type", "organisation")
    assert isinstance(refusal, Unacceptable)
    refused(paper, gone, "organisation_dissolved", "organisation")


@pytest.mark.parametrize("kind", KINDS)
def test_no_branch_speaks_for_another(kind: type[ReserveNominated | MemberAdmitted]) -> None:
    refusal = refused(
        with_person(), about(kind, branch="branch-2"), "for_another_branch", "organisation"
    )

    assert isinstance(refusal, Forbidden)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("actor", [HOTLINE, COMMITTEE])
def test_nobody_else_admits_or_nominates(
    kind: type[ReserveNominated | MemberAdmitted], actor: Actor
) -> None:
    refused(with_person(), about(kind, actor=actor), "office_may_not")
