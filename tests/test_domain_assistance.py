"""Assistance and outreach: confirmed by others than the helper, once a matter, without a name."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.event import Actor
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.paper_ledger import START
from tests.request_acts import COMMITTEE_2, refused
from tests.town import COMMITTEE, COMMITTEE_B, RESIDENT, SECRETARY, TOWN_CLERK
from tests.volunteering_acts import (
    CONFLICTED,
    MEMBER,
    MEMBER_1,
    MEMBER_2,
    UNIT_2_CLERK,
    UNIT_CLERK,
    help_confirmed,
    helped,
    opened,
    outreach,
    taken,
    town,
    vacated,
)

BENEFICIARY = RESIDENT._replace(principal="beneficiary-1")


# Help


def test_help_is_told_once() -> None:
    refused(town(helped()), helped(matter="matter-2"), "help_exists", "help")


def test_help_is_for_a_community_of_the_town() -> None:
    refused(town(), helped(community="elsewhere"), "unknown_organisation", "community")
    refusal = refused(
        town(), helped(community="committee-1"), "wrong_organisation_type", "community"
    )
    assert isinstance(refusal, Unacceptable)


def test_help_names_somebody_of_an_organisation() -> None:
    nobody, other = MEMBER._replace(principal="p-no"), MEMBER._replace(organisation="unit-2")

    refused(town(), helped(nobody, UNIT_CLERK), "unknown_member", "helper")
    refused(town(), helped(other, MEMBER), "not_of_unit", "unit")


def test_help_is_entered_by_the_helper_their_unit_or_the_community() -> None:
    refused(town(), helped(by=MEMBER_1), "other_member", "helper")
    refused(town(), helped(by=UNIT_2_CLERK), "other_unit", "helper")
    refused(town(), helped(by=COMMITTEE_2), "foreign_community", "helper")
    for actor in (MEMBER, UNIT_CLERK, COMMITTEE):
        assert town(helped(by=actor)).states["help:help-1"].helper == MEMBER.principal


def test_several_help_in_one_matter_each_once() -> None:
    paper = town(helped(), helped(MEMBER_1, help="help-2"))

    refusal = refused(paper, helped(help="help-3"), "helped_already", "matter")

    assert isinstance(refusal, WrongState)
    assert paper.states["matter:matter-1"].helpers == {MEMBER.principal, MEMBER_1.principal}


def test_a_matter_is_one_persons() -> None:
    other = helped(MEMBER_1, help="help-2", beneficiary="beneficiary-2")

    refusal = refused(town(helped()), other, "matter_of_another", "matter")

    assert isinstance(refusal, Unacceptable)


# Confirming


def test_help_that_nobody_gave_is_not_confirmed() -> None:
    refusal = refused(town(), help_confirmed(), "unknown_help", "help")

    assert isinstance(refusal, UnknownReference)


@pytest.mark.parametrize("actor", [CONFLICTED, COMMITTEE_B])
def test_neither_the_helper_nor_whoever_entered_it_confirms(actor: Actor) -> None:
    paper = town(helped(MEMBER_2, by=COMMITTEE_B))

    assert isinstance(refused(paper, help_confirmed(actor), "own_service"), Forbidden)
    paper.accept(help_confirmed(COMMITTEE))


def test_nobody_confirms_help_of_their_own_unit() -> None:
    refusal = refused(town(helped()), help_confirmed(CONFLICTED), "own_units_service")

    assert isinstance(refusal, Forbidden)


def test_the_person_helped_confirms_or_a_body_of_the_community() -> None:
    refused(town(helped()), help_confirmed(RESIDENT), "not_the_requester", "help")
    refused(town(helped()), help_confirmed(COMMITTEE_2), "foreign_community", "help")
    for actor in (BENEFICIARY, COMMITTEE, SECRETARY):
        assert town(helped(), help_confirmed(actor)).states["help:help-1"].is_ruled


@pytest.mark.parametrize("is_confirmed", [True, False])
def test_help_is_ruled_on_once(is_confirmed: bool) -> None:
    paper = town(helped(), help_confirmed(is_confirmed=is_confirmed))

    assert isinstance(refused(paper, help_confirmed(), "help_ruled", "help"), WrongState)


def test_help_is_not_confirmed_before_it_was_given() -> None:
    early = Proposal(help_confirmed().event, COMMITTEE, START - timedelta(days=1))

    refused(town(helped()), early, "precedes_what_it_follows", "occurred_at")


def test_a_confirmation_tells_the_matter_the_person_and_the_member_with_a_claim() -> None:
    common = {"help:help-1", "volunteering:branch-1"}
    of_deed = {*common, "matter:matter-1", "beneficiary:beneficiary-1"}
    for before, is_confirmed, tags in (
        ((), False, common),
        ((), True, of_deed),
        ((opened(), taken()), True, {*of_deed, f"unit_member:{MEMBER.principal}"}),
        ((opened(), taken(), vacated()), True, of_deed),
    ):
        paper = town(*before, helped(), help_confirmed(is_confirmed=is_confirmed))

        assert set(paper.history[-1].tags) == tags


# Outreach


def test_a_talk_is_told_once() -> None:
    paper = town(outreach(outreach="talk-1"))

    refused(paper, outreach(outreach="talk-1"), "outreach_exists", "outreach")


def test_a_talk_names_each_unit_once_and_units_alone() -> None:
    refused(town(), outreach("unit-1", "unit-1"), "unit_twice", "units")
    refused(town(), outreach("unit-1", "elsewhere"), "unknown_organisation", "units")
    refused(town(), outreach("unit-1", "town"), "wrong_organisation_type", "units")


def test_a_talk_is_held_in_a_village() -> None:
    refused(town(), outreach(village="elsewhere"), "unknown_organisation", "village")
    refused(town(), outreach(village="branch-1"), "wrong_organisation_type", "village")


def test_a_unit_tells_of_no_talk_of_others() -> None:
    paper = town()

    refusal = refused(paper, outreach("unit-2"), "others_outreach", "units")

    assert isinstance(refusal, Forbidden)
    paper.accept(outreach("unit-2", "unit-1"))
    paper.accept(*(outreach("unit-2", actor=actor) for actor in (COMMITTEE, TOWN_CLERK, MEMBER_1)))
