"""Organisations and the people who act for them: what is registered, appointed and refused."""

from __future__ import annotations

import pytest

from ledger.decision import Office, OrganisationType
from ledger.domain.organisations import AppointmentMade, OrganisationRegistered
from ledger.event import Actor
from ledger.ledger import Ledger
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.town import FOUNDER, HOTLINE, SECRETARY, accepted, found, refused


def registered(organisation: str, parent: str | None) -> Proposal:
    event = OrganisationRegistered(
        organisation=organisation,
        type=OrganisationType.PARTY_SUBGROUP,
        name="党小组",
        parent=parent,
    )
    return Proposal(event, FOUNDER)


def appointed(principal: str, office: Office, organisation: str = "hotline") -> Proposal:
    event = AppointmentMade(principal=principal, organisation=organisation, office=office)
    return Proposal(event, FOUNDER)


def test_an_organisation_takes_its_place_in_the_tree(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    accepted(memory_ledger, registered("group-1", "branch-1"), registered("group-2", "group-1"))

    stored = list(memory_ledger.read(tags=["organisation:group-1"]))
    assert [event.tags for event in stored] == [
        ("organisation:branch-1", "organisation:group-1"),
        ("organisation:group-1", "organisation:group-2"),
    ]


def test_an_organisation_may_stand_beside_the_tree(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    accepted(memory_ledger, registered("group-1", None))


def test_a_parent_is_an_organisation_of_this_ledger(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    refusal = refused(
        memory_ledger, registered("group-1", "elsewhere"), "unknown_organisation", "parent"
    )

    assert isinstance(refusal, UnknownReference)


def test_no_organisation_is_its_own_parent(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    refusal = refused(memory_ledger, registered("group-1", "group-1"), "parent_cycle", "parent")

    assert isinstance(refusal, Unacceptable)


def test_a_cycle_of_two_cannot_be_registered(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, registered("group-1", None), registered("group-2", "group-1"))

    refused(memory_ledger, registered("group-1", "group-2"), "organisation_exists", "organisation")


@pytest.mark.parametrize("actor", [HOTLINE, SECRETARY])
def test_the_town_alone_registers_and_appoints(memory_ledger: Ledger, actor: Actor) -> None:
    found(memory_ledger)

    for proposal in (registered("group-1", None), appointed("p-new", Office.CLERK_B)):
        proposal.actor = actor

        assert isinstance(refused(memory_ledger, proposal, "office_may_not"), Forbidden)


def test_an_appointment_is_to_an_organisation_of_this_ledger(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    refusal = refused(
        memory_ledger,
        appointed("p-new", Office.CLERK_A, "elsewhere"),
        "unknown_organisation",
        "organisation",
    )

    assert isinstance(refusal, UnknownReference)


@pytest.mark.parametrize("office", [Office.RESIDENT, Office.PUBLIC])
def test_nobody_is_appointed_a_resident(memory_ledger: Ledger, office: Office) -> None:
    found(memory_ledger)

    refusal = refused(memory_ledger, appointed("p-new", office), "not_by_appointment", "office")

    assert isinstance(refusal, Unacceptable)


def test_a_single_office_has_one_holder(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    second = appointed("p-new", Office.SECRETARY, "branch-1")

    assert isinstance(refused(memory_ledger, second, "office_is_held", "office"), WrongState)


def test_a_single_office_that_is_promised_has_a_holder(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, appointed("p-first", Office.SECRETARY, "town"))

    by_successor = appointed("p-second", Office.SECRETARY, "town")
    by_successor.actor = Actor("secretary", "town", "p-first")

    refused(memory_ledger, by_successor, "office_is_held", "office")


def test_an_office_for_several_has_several_holders(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    accepted(memory_ledger, appointed("p-one", Office.MEMBER), appointed("p-two", Office.MEMBER))


def test_one_person_holds_different_offices(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    accepted(
        memory_ledger,
        appointed("p-one", Office.MEMBER),
        appointed("p-one", Office.MEMBER, "branch-1"),
        appointed("p-one", Office.REVIEWER),
    )


def test_an_appointment_is_not_made_twice(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    again = appointed(HOTLINE.principal, Office.CLERK_A)

    assert isinstance(refused(memory_ledger, again, "already_appointed", "principal"), WrongState)
