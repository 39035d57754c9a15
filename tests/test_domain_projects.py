"""Joint projects: each step in its order, and nobody rules on what they did themselves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ledger.domain.cooperation.projects import MAX_UNITS, Project, ProjectStage
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.cooperation_acts import (
    UNIT_2,
    accepted,
    approved,
    completed,
    in_progress,
    joined,
    progressed,
    proposed,
    town,
)
from tests.fund_acts import appropriated, committed, spent
from tests.paper_ledger import PaperLedger
from tests.request_acts import COMMITTEE_2, UNIT, refused
from tests.town import COMMITTEE, COMMITTEE_B, HOTLINE, SECRETARY, TOWN_CLERK


def project(paper: PaperLedger) -> Project:
    """The project as the ledger has folded it."""
    found: Project = paper.states["project:project-1"]
    return found


def test_a_project_goes_from_its_proposal_to_its_acceptance() -> None:
    paper = town(*in_progress(), progressed(90), completed(), accepted())

    assert project(paper).stage is ProjectStage.ACCEPTED
    assert project(paper).units.taken == {"unit-1"}


def test_money_names_a_project_that_nobody_proposed_and_one_that_somebody_did() -> None:
    paper = town(appropriated(), committed(), spent())

    paper.accept(proposed(), committed(commitment="c-2"))

    assert project(paper).stage is ProjectStage.PROPOSED


# Proposed


def test_a_project_has_an_id_of_its_own() -> None:
    refused(town(proposed()), proposed(), "project_exists", "project")


def test_a_project_is_in_a_community_and_its_bodies_propose_it() -> None:
    paper = town()

    refused(paper, proposed(community="unit-1"), "wrong_organisation_type", "community")
    refused(paper, proposed(COMMITTEE_2), "foreign_community", "community")
    refused(paper, proposed(HOTLINE), "office_may_not")
    paper.accept(proposed(UNIT))


def test_a_project_that_nobody_proposed_is_unknown() -> None:
    for proposal in (joined(), approved(), progressed(), completed(), accepted()):
        refusal = refused(town(), proposal, "unknown_project", "project")
        assert isinstance(refusal, UnknownReference)


# Joined


def test_several_units_share_a_project_and_each_joins_once() -> None:
    paper = town(proposed(), joined(), joined("unit-2", UNIT_2))

    assert project(paper).units.taken == {"unit-1", "unit-2"}
    refused(paper, joined(), "claimed_already", "unit")


def test_no_more_units_join_than_there_are_places() -> None:
    paper = town(proposed(places=1), joined())

    assert isinstance(refused(paper, joined("unit-2", UNIT_2), "full", "unit"), WrongState)


@pytest.mark.parametrize("places", [0, -1, MAX_UNITS + 1, 1.5, "1"])
def test_places_are_counted_and_bounded(places: object) -> None:
    with pytest.raises(ValidationError):
        proposed(places=places)


def test_a_unit_joins_for_itself_and_the_community_enters_what_it_was_told() -> None:
    paper = town(proposed())

    refusal = refused(paper, joined("unit-2", UNIT), "joins_for_another", "unit")

    assert isinstance(refusal, Forbidden)
    paper.accept(joined("unit-2", COMMITTEE))
    wrong = refused(paper, joined("committee-1", COMMITTEE), "wrong_organisation_type", "unit")
    assert isinstance(wrong, Unacceptable)


def test_nobody_joins_what_is_over() -> None:
    paper = town(*in_progress(), completed())

    refused(paper, joined("unit-2", UNIT_2), "project_over", "project")
    paper.accept(accepted(False), joined("unit-2", UNIT_2))


# Approved


def test_who_proposed_does_not_approve() -> None:
    paper = town(proposed(SECRETARY), joined())

    refusal = refused(paper, approved(), "own_project", "project")

    assert isinstance(refusal, Forbidden)
    paper.accept(approved(actor=TOWN_CLERK))


def test_a_unit_and_the_committee_approve_nothing() -> None:
    paper = town(proposed(), joined())

    refused(paper, approved(actor=UNIT), "office_may_not")
    refused(paper, approved(actor=COMMITTEE_B), "office_may_not")


def test_a_joint_project_is_approved_once_a_unit_takes_part() -> None:
    paper = town(proposed())

    assert isinstance(refused(paper, approved(), "nobody_joined", "project"), WrongState)
    paper.accept(joined(), approved())


def test_nothing_follows_where_it_was_not_approved() -> None:
    paper = town(proposed(), approved(False))

    for proposal in (joined(), approved(), progressed(), completed(), accepted()):
        refused(paper, proposal, "project_refused", "project")


# Progress, completion, acceptance


def test_a_project_is_accepted_after_it_is_completed() -> None:
    paper = town(*in_progress())

    refusal = refused(paper, accepted(), "out_of_order", "project")

    assert isinstance(refusal, WrongState)
    assert refusal.accepted == "completed"


def test_the_steps_are_taken_in_their_order() -> None:
    paper = town(proposed(), joined())

    for proposal in (progressed(), completed(), accepted()):
        refused(paper, proposal, "out_of_order", "project")
    paper.accept(approved())
    refused(paper, approved(), "out_of_order", "project")
    refused(paper, completed(), "out_of_order", "project")


def test_those_who_take_part_and_the_community_tell_of_progress() -> None:
    paper = town(proposed(), joined(), approved())

    for proposal in (progressed(actor=UNIT_2), progressed(actor=COMMITTEE_2)):
        rule = "not_claimed" if proposal.actor is UNIT_2 else "foreign_community"
        assert refused_rule(paper, proposal) == rule
    paper.accept(progressed(actor=COMMITTEE), progressed())
    refused(paper, completed(UNIT_2), "not_claimed", "project")


def test_who_completed_does_not_accept() -> None:
    paper = town(*in_progress(), completed(COMMITTEE))

    for actor in (COMMITTEE, COMMITTEE_B):
        refusal = refused(paper, accepted(actor=actor), "own_completion", "project")
        assert isinstance(refusal, Forbidden)
    refused(paper, accepted(actor=UNIT), "office_may_not")
    paper.accept(accepted(actor=SECRETARY))


def test_what_is_not_accepted_goes_on() -> None:
    paper = town(*in_progress(), completed(), accepted(False))

    refused(paper, accepted(), "out_of_order", "project")
    paper.accept(progressed(95), completed(), accepted())
    refused(paper, accepted(), "out_of_order", "project")


def test_nothing_happens_before_what_it_follows() -> None:
    paper = town(*in_progress())

    for proposal in (joined("unit-2", UNIT_2), progressed(), completed()):
        proposal.occurred_at = paper.at - timedelta(days=1)
        refused(paper, proposal, "precedes_what_it_follows", "occurred_at")


def refused_rule(paper: PaperLedger, proposal: Proposal) -> str:
    """The rule under which it is refused."""
    refusal = paper.propose(proposal)
    assert refusal is not None
    return refusal.rule


# Any order


@given(st.lists(st.sampled_from("jJaAnpcvr"), max_size=25))
def test_a_project_stands_where_a_plain_model_says(acts: str) -> None:
    """Against a table of what may follow what, and the set of those who joined."""
    paper, stage, units = town(proposed()), "proposed", set[str]()
    moves = {
        "a": (approved(), {"proposed": "approved"}),
        "n": (approved(False), {"proposed": "refused"}),
        "p": (progressed(), {"approved": "in_progress", "in_progress": "in_progress"}),
        "c": (completed(), {"in_progress": "completed"}),
        "v": (accepted(), {"completed": "accepted"}),
        "r": (accepted(False), {"completed": "in_progress"}),
    }

    for act in acts:
        if act in "jJ":
            proposal, unit = (joined(), "unit-1") if act == "j" else (
                joined("unit-2", UNIT_2), "unit-2",
            )  # fmt: skip
            fits = unit not in units and stage in ("proposed", "approved", "in_progress")
            units |= {unit} if fits else set()
            assert (paper.propose(proposal) is None) == fits
        elif act in moves:
            proposal, following = moves[act]
            fits = stage in following and (act not in "pc" or "unit-1" in units)
            fits = fits and (act != "a" or bool(units))
            assert (paper.propose(proposal) is None) == fits
            stage = following[stage] if fits else stage
        seen = project(paper)
        assert ("refused" if seen.is_refused else seen.stage.value) == stage
        assert seen.units.taken == units
