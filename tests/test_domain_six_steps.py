"""Joint matters go through the six steps one after another, and nobody decides their own."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ledger.domain.participation.six_steps import JointMatter, SixSteps
from ledger.event import Commitment
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.paper_ledger import START, PaperLedger
from tests.participation_acts import (
    MATTER,
    MEMBER,
    convened,
    sent_back,
    step,
    steps_until,
    taking_part,
)
from tests.request_acts import COMMITTEE_2, UNIT, refused
from tests.strategies import examples
from tests.town import COMMITTEE, HOTLINE, RESIDENT, SECRETARY, TOWN_CLERK, WATER

ALL = tuple(SixSteps)


def matter(paper: PaperLedger, identity: str = MATTER) -> JointMatter:
    found: JointMatter = paper.states[f"joint_matter:{identity}"]
    return found


def test_a_matter_goes_through_all_six_steps() -> None:
    paper = taking_part(*steps_until("result_published"))

    assert matter(paper).step is SixSteps.RESULT_PUBLISHED


def test_steps_are_taken_at_meetings_and_outside() -> None:
    paper = taking_part(convened(), step("opinions_collected", meeting="meeting-1"))

    paper.accept(step("visits_made", SECRETARY), step("opinions_assessed", meeting="meeting-1"))

    assert paper.history[-1].tags == (f"joint_matter:{MATTER}", "meeting:meeting-1")


def test_the_deliberation_is_a_commitment_in_the_record() -> None:
    steps = steps_until("opinions_assessed", summary="六成赞成")
    paper = taking_part(*steps, sent_back(SixSteps.VISITS_MADE))

    told = [recorded.event.__dict__ for recorded in paper.history[-4:]]
    for body, field in zip(told, ("summary", "findings", "assessment", "reason"), strict=True):
        assert isinstance(body[field], Commitment) or body[field] is None
    assert isinstance(told[-1]["reason"], Commitment)


@pytest.mark.parametrize("actor", [HOTLINE, WATER, RESIDENT, TOWN_CLERK])
def test_only_a_community_takes_steps_and_convenes(actor: Any) -> None:
    for proposal in (step("opinions_collected", actor), convened(actor)):
        assert isinstance(refused(taking_part(), proposal, "office_may_not"), Forbidden)


@pytest.mark.parametrize("taken", [None, *ALL])
@pytest.mark.parametrize("wanted", ALL[1:])
def test_a_step_out_of_order_is_refused(taken: SixSteps | None, wanted: SixSteps) -> None:
    paper = taking_part(*([] if taken is None else steps_until(taken.value)))
    if taken is not None and taken.following is wanted:
        paper.accept(step(wanted.value))
        assert matter(paper).step is wanted
        return

    rule = "unknown_joint_matter" if taken is None else "out_of_order"
    refused(paper, step(wanted.value), rule, "joint_matter")


def test_a_matter_that_began_does_not_begin_again() -> None:
    paper = taking_part(step("opinions_collected"))

    refused(paper, step("opinions_collected"), "joint_matter_exists", "joint_matter")


def test_what_is_not_there_is_not_worked_on() -> None:
    refusal = refused(taking_part(), step("visits_made"), "unknown_joint_matter", "joint_matter")
    assert isinstance(refusal, UnknownReference)
    refused(
        taking_part(), step("opinions_collected", meeting="meeting-9"), "unknown_meeting", "meeting"
    )
    refused(
        taking_part(), step("opinions_collected", community="dept-water"),
        "wrong_organisation_type", "community",
    )  # fmt: skip


def test_another_community_has_no_part_in_it() -> None:
    paper = taking_part(step("opinions_collected"), convened(COMMITTEE_2))

    refused(paper, step("visits_made", COMMITTEE_2), "foreign_community", "joint_matter")
    refused(paper, step("visits_made", meeting="meeting-1"), "foreign_community", "meeting")
    refused(
        paper, step("opinions_collected", COMMITTEE_2, "matter-2"), "foreign_community", "community"
    )


def test_a_step_follows_the_one_before() -> None:
    paper = taking_part(step("opinions_collected"))
    before = Proposal(step("visits_made").event, COMMITTEE, START - timedelta(days=1))

    refused(paper, before, "precedes_what_it_follows", "occurred_at")


# Meetings


def test_a_meeting_has_an_id_of_its_own() -> None:
    refused(taking_part(convened()), convened(), "meeting_exists", "meeting")


@pytest.mark.parametrize(
    "participants", [("unit-1", "unit-1"), ("committee-1",), ("unit-1", "committee-1")]
)
def test_a_meeting_is_of_several_bodies_each_named_once(participants: tuple[str, ...]) -> None:
    proposal = convened(participants=participants)

    refused(taking_part(), proposal, "participant_twice", "participants")


def test_nobody_meets_alone_or_with_who_is_not_there() -> None:
    with pytest.raises(ValidationError):
        convened(participants=())
    refused(
        taking_part(), convened(participants=("nowhere",)), "unknown_organisation", "participants"
    )


# Decisions


def deciding(*members: str, **interests: Any) -> tuple[PaperLedger, Proposal]:
    paper = taking_part(*steps_until("opinions_assessed", **interests))
    return paper, step("decision_formed", decided_by=members)


def test_a_member_with_an_interest_does_not_decide() -> None:
    paper, proposal = deciding(MEMBER, SECRETARY.principal, interested=(MEMBER,))

    refusal = refused(paper, proposal, "conflicted_member", "decided_by")

    assert isinstance(refusal, Forbidden)


def test_an_interest_told_at_any_step_before_counts() -> None:
    for kind in ("visits_made", "opinions_assessed"):
        paper = taking_part(step("opinions_collected"))
        for one in ("visits_made", "opinions_assessed"):
            told: dict[str, Any] = {"interested": (MEMBER,)} if one == kind else {}
            paper.accept(step(one, **told))

        refused(paper, step("decision_formed"), "conflicted_member", "decided_by")


def test_who_serves_an_interested_organisation_does_not_decide() -> None:
    paper, proposal = deciding(
        SECRETARY.principal, UNIT.principal, interested_organisations=("unit-1",)
    )

    refused(paper, proposal, "conflicted_member", "decided_by")
    paper.accept(step("decision_formed", decided_by=(SECRETARY.principal, MEMBER)))


def test_who_enters_the_decision_has_no_interest_in_it_either() -> None:
    paper, proposal = deciding(SECRETARY.principal, MEMBER, interested=(COMMITTEE.principal,))

    refused(paper, proposal, "conflicted_member", "decided_by")


def test_an_interest_outlasts_being_sent_back() -> None:
    paper, proposal = deciding(MEMBER, SECRETARY.principal, interested=(MEMBER,))
    paper.accept(sent_back(SixSteps.OPINIONS_COLLECTED), *steps_until("opinions_assessed"))

    refused(paper, proposal, "conflicted_member", "decided_by")


def test_several_who_hold_offices_decide_each_once() -> None:
    paper, twice = deciding(MEMBER, MEMBER)

    refused(paper, twice, "named_twice", "decided_by")
    stranger = step("decision_formed", decided_by=(MEMBER, "p-nobody"))
    refused(paper, stranger, "unknown_principal", "decided_by")
    with pytest.raises(ValidationError):
        step("decision_formed", decided_by=(MEMBER,))


def test_goals_lie_ahead_and_an_organisation_sees_to_them() -> None:
    paper = taking_part(*steps_until("decision_formed"))
    late = step("goals_set", due_on=date(2026, 3, 1))

    assert isinstance(refused(paper, late, "due_in_the_past", "due_on"), Unacceptable)
    nobodys = step("goals_set", responsible="nowhere")
    refused(paper, nobodys, "unknown_organisation", "responsible")
    paper.accept(step("goals_set", due_on=date(2026, 3, 2)))


# Sending back


def test_a_step_sent_back_to_is_taken_again() -> None:
    paper = taking_part(*steps_until("decision_formed"), sent_back(SixSteps.VISITS_MADE))

    refused(paper, step("goals_set"), "out_of_order", "joint_matter")
    paper.accept(step("visits_made"), step("opinions_assessed"))

    assert matter(paper).step is SixSteps.OPINIONS_ASSESSED


def test_a_matter_sent_back_to_the_first_step_begins_again_in_its_community() -> None:
    paper = taking_part(*steps_until("goals_set"), sent_back(SixSteps.OPINIONS_COLLECTED))
    elsewhere = step("opinions_collected", COMMITTEE_2, community="committee-2")

    refused(paper, elsewhere, "joint_matter_exists", "joint_matter")
    paper.accept(step("opinions_collected"))

    assert matter(paper).step is SixSteps.OPINIONS_COLLECTED


def test_the_town_may_send_a_matter_back() -> None:
    paper = taking_part(*steps_until("goals_set"), sent_back(SixSteps.GOALS_SET, TOWN_CLERK))

    assert matter(paper).step is SixSteps.DECISION_FORMED


def test_what_was_not_taken_is_not_sent_back_to() -> None:
    paper = taking_part(*steps_until("visits_made"))

    refused(paper, sent_back(SixSteps.OPINIONS_ASSESSED), "not_taken_yet", "to_step")


def test_a_published_result_stands() -> None:
    paper = taking_part(*steps_until("result_published"))

    refusal = refused(paper, sent_back(SixSteps.GOALS_SET), "result_is_published", "joint_matter")

    assert isinstance(refusal, WrongState)


def test_only_the_community_and_the_town_send_back_what_is_there() -> None:
    refused(taking_part(), sent_back(SixSteps.VISITS_MADE), "unknown_joint_matter", "joint_matter")
    paper = taking_part(*steps_until("visits_made"))
    back = sent_back(SixSteps.VISITS_MADE, COMMITTEE_2)
    refused(paper, back, "foreign_community", "joint_matter")


@examples(40)
@given(st.lists(st.tuples(st.sampled_from(ALL), st.booleans()), max_size=25))
def test_the_steps_are_those_of_a_plain_list(wishes: list[tuple[SixSteps, bool]]) -> None:
    order = [one.value for one in ALL]
    paper, began, done = taking_part(), False, list[str]()

    for wanted, back in wishes:
        if back:
            allowed = began and len(done) < len(order) and wanted.value in done
            proposal = sent_back(wanted)
        else:
            allowed = order[: len(done) + 1] == [*done, wanted.value]
            proposal = step(wanted.value)
        assert (paper.propose(proposal) is None) == allowed
        if allowed:
            began = True
            done = done[: done.index(wanted.value)] if back else [*done, wanted.value]

    latest = matter(paper).step if began else None
    assert (latest.value if latest else None) == (done[-1] if done else None)
