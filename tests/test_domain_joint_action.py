"""Joint action: at least two organisations, told by the community, its association or the town."""

from __future__ import annotations

import pytest

from ledger.domain.volunteering.joint_action import Strand
from ledger.event import Actor
from ledger.refusals import Forbidden, Unacceptable
from tests.request_acts import COMMITTEE_2, refused
from tests.town import COMMITTEE, TOWN_CLERK, WATER
from tests.volunteering_acts import ASSOCIATION, joint, town


@pytest.mark.parametrize("strand", Strand)
def test_organisations_act_together_in_each_strand(strand: Strand) -> None:
    paper = town(joint(strand=strand, joint_action="joint-1"))

    assert paper.history[-1].tags == ("joint_action:joint-1", "volunteering:branch-1")


def test_one_organisation_alone_is_no_joint_action() -> None:
    refusal = refused(town(), joint("unit-1"), "acts_alone", "participants")

    assert isinstance(refusal, Unacceptable)


def test_an_organisation_named_twice_is_not_two() -> None:
    refused(town(), joint("unit-1", "unit-1"), "participant_twice", "participants")


def test_participants_and_community_are_of_this_ledger() -> None:
    refused(town(), joint("unit-1", "elsewhere"), "unknown_organisation", "participants")
    refused(town(), joint(community="elsewhere"), "unknown_organisation", "community")
    refused(town(), joint(community="committee-1"), "wrong_organisation_type", "community")


def test_a_joint_action_is_told_once() -> None:
    paper = town(joint(joint_action="joint-1"))

    refused(paper, joint(joint_action="joint-1"), "joint_action_exists", "joint_action")


@pytest.mark.parametrize("actor", [COMMITTEE, ASSOCIATION, TOWN_CLERK])
def test_the_community_its_association_or_the_town_tells_of_it(actor: Actor) -> None:
    assert town(joint(actor=actor)).history[-1].actor == actor


def test_another_community_or_a_department_does_not() -> None:
    refused(town(), joint(actor=COMMITTEE_2), "foreign_community", "community")
    assert isinstance(refused(town(), joint(actor=WATER), "office_may_not"), Forbidden)
