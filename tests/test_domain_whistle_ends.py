"""What becomes of a whistle: split among more departments, cleared, or countermanded."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.domain.requests.dispatching import MAX_HANDLERS
from ledger.domain.whistles.whistles import MAX_DEPARTMENTS, WhistleStage
from ledger.event import Actor
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, UnknownReference, WrongState
from tests.request_acts import acts, case, refused
from tests.town import COMMITTEE, COUNTY, FOUNDER, HOTLINE, SECRETARY, TOWN_CLERK, URBAN
from tests.whistle_acts import (
    BRANCH_CLERK,
    SECRETARY_2,
    act,
    blown,
    brought_to,
    countermanded,
    drafted,
    filed,
    many_departments,
    split,
    whistle,
    whistle_town,
)

HOUR = timedelta(hours=1)


def cleared(actor: Actor = BRANCH_CLERK) -> Proposal:
    return act("whistle_cleared", None, actor)


# Splitting


@pytest.mark.parametrize("actor", [FOUNDER, TOWN_CLERK, COUNTY])
def test_an_authority_summons_more_departments(actor: Actor) -> None:
    paper = whistle_town(filed(), blown(request="request-0"))

    paper.accept(split("dept-roads", actor=actor))

    assert [one.department for one in whistle(paper).summoned] == ["dept-urban", "dept-roads"]
    assert paper.history[-1].tags == (
        "docket:branch-1",
        "docket:dept-roads",
        "request:request-0",
        "whistle:whistle-0",
    )
    assert case(paper).handlers == ("dept-urban", "dept-roads")


@pytest.mark.parametrize("actor", [SECRETARY, URBAN, HOTLINE, COMMITTEE])
def test_nobody_else_splits(actor: Actor) -> None:
    refused(whistle_town(blown()), split("dept-roads", actor=actor), "office_may_not")


def test_a_whistle_is_split_among_other_departments_of_this_ledger() -> None:
    paper = whistle_town(blown())

    refused(paper, split("dept-roads", "dept-urban"), "department_given_twice", "departments")
    refused(paper, split("dept-roads", "dept-roads"), "department_given_twice", "departments")
    refused(paper, split("unit-1"), "wrong_organisation_type", "departments")
    refused(paper, split("dept-of-x"), "unknown_organisation", "departments")


def test_a_whistle_summons_so_many_departments_in_all() -> None:
    paper = whistle_town()
    names = many_departments(paper, MAX_DEPARTMENTS + 1)
    paper.accept(blown(*names[: MAX_DEPARTMENTS - 1]))

    refused(paper, split(*names[-2:]), "too_many_departments", "departments")
    paper.accept(split(names[-2]))


def test_a_split_adds_no_more_handlers_than_a_record_can_name() -> None:
    paper = whistle_town(filed())
    names = many_departments(paper, MAX_HANDLERS + 1)
    paper.accept(
        blown(*names[:10], request="request-0"),
        blown(*names[10:30], whistle="whistle-1", request="request-0"),
    )

    both = split(*names[30:40])
    paper.accept(both)

    third = blown(names[0], whistle="whistle-2", request="request-0")
    paper.accept(third)
    refused(
        paper,
        act("whistle_split", None, whistle="whistle-2", departments=(names[-1],)),
        "too_many_handlers",
        "departments",
    )


@pytest.mark.parametrize("is_closed", [False, True], ids=["open", "closed"])
@pytest.mark.parametrize(
    ("against", "department", "field"),
    [("dept-water", "dept-water", "departments"), ("government", "dept-roads", "whistle")],
)
def test_whom_the_request_complains_about_neither_splits_nor_comes_by_a_split(
    against: str, department: str, field: str, *, is_closed: bool
) -> None:
    paper = whistle_town(filed(against=against), blown(request="request-0"))
    if is_closed:
        paper.accept(acts()["request_withdrawn"])

    refusal = refused(paper, split(department, actor=TOWN_CLERK), "complained_about", field)

    assert isinstance(refusal, Forbidden)
    paper.accept(split("dept-roads", actor=COUNTY))


def test_a_split_does_not_precede_the_whistle() -> None:
    paper = whistle_town(blown())

    early = split("dept-roads")
    early.occurred_at = paper.at - HOUR

    refused(paper, early, "precedes_what_it_follows", "occurred_at")


# Clearing


@pytest.mark.parametrize("actor", [BRANCH_CLERK, SECRETARY])
def test_a_whistle_is_cleared_when_every_department_is_verified_or_released(actor: Actor) -> None:
    paper = whistle_town(blown("dept-urban", "dept-roads"), *brought_to("whistle_verified"))
    paper.accept(
        act("whistle_return_requested", "dept-roads"), act("whistle_return_ruled", "dept-roads")
    )

    paper.accept(cleared(actor))

    assert whistle(paper).stage is WhistleStage.CLEARED
    assert paper.history[-1].tags == (
        "docket:branch-1",
        "docket:dept-roads",
        "docket:dept-urban",
        "whistle:whistle-0",
    )


@pytest.mark.parametrize(
    "kind",
    [None, "whistle_signed", "department_contacted", "department_reported_in", "whistle_handled"],
)
def test_a_whistle_is_not_cleared_before_each_department_is_done(kind: str | None) -> None:
    paper = whistle_town(blown("dept-urban", "dept-roads"))
    paper.accept(*brought_to("whistle_verified", "dept-roads"))
    paper.accept(*([] if kind is None else brought_to(kind)))

    refusal = refused(paper, cleared(), "departments_not_done", "whistle")

    assert isinstance(refusal, WrongState)
    assert "dept-urban" in refusal.reason
    assert "dept-roads" not in refusal.reason


def test_a_whistle_that_was_split_waits_for_those_who_came_later() -> None:
    paper = whistle_town(blown(), *brought_to("whistle_verified"), split("dept-roads"))

    refused(paper, cleared(), "departments_not_done", "whistle")


def test_no_other_branch_clears_a_whistle() -> None:
    paper = whistle_town(blown(), *brought_to("whistle_verified"))

    refusal = refused(paper, cleared(SECRETARY_2), "whistle_of_another", "whistle")

    assert isinstance(refusal, Forbidden)


def test_a_whistle_is_not_cleared_before_its_last_act() -> None:
    paper = whistle_town(blown(), *brought_to("whistle_verified"))

    early = cleared()
    early.occurred_at = paper.at - timedelta(seconds=1)

    refused(paper, early, "precedes_what_it_follows", "occurred_at")


# Countermanding


@pytest.mark.parametrize("actor", [SECRETARY, FOUNDER, TOWN_CLERK, COUNTY])
@pytest.mark.parametrize("kind", ["whistle_signed", "department_contacted"])
def test_a_whistle_is_countermanded_while_nobody_is_on_site(kind: str, actor: Actor) -> None:
    paper = whistle_town(blown(), *brought_to(kind), countermanded(actor))

    assert whistle(paper).stage is WhistleStage.COUNTERMANDED
    assert paper.history[-1].tags == ("docket:branch-1", "docket:dept-urban", "whistle:whistle-0")


def test_a_draft_is_countermanded() -> None:
    paper = whistle_town(drafted(), countermanded())

    assert whistle(paper).stage is WhistleStage.COUNTERMANDED


def test_a_whistle_to_which_somebody_came_is_not_countermanded() -> None:
    paper = whistle_town(blown("dept-urban", "dept-roads"), act("department_reported_in"))

    refusal = refused(paper, countermanded(), "department_on_site", "whistle")

    assert isinstance(refusal, WrongState)


def test_no_other_branch_countermands_a_whistle() -> None:
    refused(whistle_town(blown()), countermanded(SECRETARY_2), "whistle_of_another", "whistle")


@pytest.mark.parametrize("actor", [BRANCH_CLERK, URBAN, HOTLINE])
def test_a_secretary_or_an_authority_countermands(actor: Actor) -> None:
    refused(whistle_town(blown()), countermanded(actor), "office_may_not")


def test_an_authority_countermands_no_whistle_about_itself() -> None:
    paper = whistle_town(filed(against="government"), blown(request="request-0"))

    refusal = refused(paper, countermanded(TOWN_CLERK), "complained_about", "whistle")

    assert isinstance(refusal, Forbidden)
    paper.accept(countermanded(COUNTY))


def test_a_whistle_is_not_countermanded_before_its_last_act() -> None:
    paper = whistle_town(blown(), act("whistle_signed"))

    early = countermanded()
    early.occurred_at = paper.at - timedelta(seconds=1)

    refused(paper, early, "precedes_what_it_follows", "occurred_at")


# Whatever the act


@pytest.mark.parametrize(
    "proposal",
    [split("dept-roads"), cleared(), countermanded(), act("whistle_signed")],
    ids=lambda proposal: proposal.event.kind,
)
def test_a_whistle_that_has_ended_or_is_not_there_takes_no_act(proposal: Proposal) -> None:
    unknown = refused(whistle_town(), proposal, "unknown_whistle", "whistle")
    ended = whistle_town(drafted(), countermanded())

    assert isinstance(unknown, UnknownReference)
    refusal = refused(ended, proposal, "wrong_whistle_stage", "whistle")
    assert isinstance(refusal, WrongState)
    assert "countermanded" in refusal.reason
