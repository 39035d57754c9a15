"""Summons: what each department does for a whistle, and how both sides judge it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from ledger.decision import Office
from ledger.domain.requests.ratings import Satisfaction
from ledger.domain.town.organisations import OrganisationDissolved
from ledger.domain.town.people import AppointmentMade
from ledger.domain.whistles.whistles import Summoned
from ledger.event import Actor
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.paper_ledger import PaperLedger
from tests.request_acts import filing, refused
from tests.town import COMMITTEE, COUNTY, FOUNDER, HOTLINE, ROADS, SECRETARY, TOWN_CLERK, URBAN
from tests.whistle_acts import (
    BRANCH_CLERK,
    GRID,
    SECRETARY_2,
    STAGES,
    act,
    blown,
    brought_to,
    countermanded,
    drafted,
    summoned,
    whistle_town,
)

BY_DEPARTMENT = (
    "whistle_signed",
    "department_contacted",
    "department_reported_in",
    "whistle_return_requested",
    "whistle_handled",
    "whistle_rated_by_department",
)
BY_COMMUNITY = ("whistle_verified", "department_rated")
NEEDS = {
    "whistle_handled": "department_reported_in",
    "whistle_verified": "whistle_handled",
    "whistle_rated_by_department": "department_reported_in",
    "department_rated": "whistle_verified",
}
"""What an act on a department follows; every other follows the whistle alone."""


def before(kind: str) -> list[Proposal]:
    """What comes before an act, in the usual order."""
    return brought_to(NEEDS[kind]) if kind in NEEDS else []


def flags(one: Summoned) -> set[str]:
    return {name for name, value in one._asdict().items() if value is True}


# One department's way


def test_a_department_goes_its_way_from_signing_to_its_verification() -> None:
    paper = whistle_town(blown("dept-urban", "dept-roads"))

    passed = []
    for proposal in brought_to("whistle_verified"):
        paper.accept(proposal)
        passed.append(flags(summoned(paper)))

    names = ("is_signed", "is_contacted", "is_on_site", "is_handled", "is_verified")
    assert passed == [set(names[:count]) for count in range(1, len(names) + 1)]
    assert summoned(paper).is_done
    assert flags(summoned(paper, "dept-roads")) == set()


@pytest.mark.parametrize("kind", STAGES)
def test_each_step_is_recorded_once(kind: str) -> None:
    rule = {
        "whistle_signed": "already_signed",
        "department_contacted": "already_contacted",
        "department_reported_in": "already_reported_in",
        "whistle_handled": "already_handled",
        "whistle_verified": "already_verified",
    }[kind]
    paper = whistle_town(blown(), *brought_to(kind))

    refusal = paper.propose(act(kind))

    assert isinstance(refusal, WrongState)
    assert (refusal.rule, refusal.field) == (rule, "department")


def test_a_note_is_taken_of_a_whistle_once() -> None:
    paper = whistle_town(blown(), act("whistle_signed"))

    refused(paper, act("whistle_signed"), "already_signed", "department")


def test_a_department_contacts_the_community_once() -> None:
    paper = whistle_town(blown(), act("department_contacted"))

    refused(paper, act("department_contacted"), "already_contacted", "department")


def test_a_department_reports_in_once() -> None:
    paper = whistle_town(blown(), act("department_reported_in"))

    refused(paper, act("department_reported_in"), "already_reported_in", "department")


def test_a_department_is_done_once() -> None:
    paper = whistle_town(blown(), *brought_to("whistle_handled"))

    refused(paper, act("whistle_handled"), "already_handled", "department")


def test_what_is_verified_is_not_verified_again() -> None:
    paper = whistle_town(blown(), *brought_to("whistle_verified"))

    refused(paper, act("whistle_verified"), "already_verified", "department")


def test_in_an_emergency_a_department_is_on_site_before_it_signs() -> None:
    paper = whistle_town(blown(), act("department_reported_in"))

    paper.accept(act("whistle_signed"), act("department_contacted"), act("whistle_handled"))


def test_nothing_is_done_by_who_has_not_come() -> None:
    paper = whistle_town(blown(), *brought_to("department_contacted"))

    refusal = refused(paper, act("whistle_handled"), "not_reported_in", "department")

    assert isinstance(refusal, WrongState)


def test_nothing_is_verified_of_who_is_not_done() -> None:
    paper = whistle_town(blown(), *brought_to("department_reported_in"))

    refusal = refused(paper, act("whistle_verified"), "not_handled", "department")

    assert isinstance(refusal, WrongState)


def test_what_is_not_done_on_site_is_done_again() -> None:
    paper = whistle_town(blown(), *brought_to("whistle_handled"))

    paper.accept(act("whistle_verified", done=False))

    assert not summoned(paper).is_handled
    assert not summoned(paper).is_done
    refused(paper, act("whistle_verified"), "not_handled", "department")
    paper.accept(act("whistle_handled"), act("whistle_verified"))
    assert summoned(paper).is_done


# Who acts, and for whom


@pytest.mark.parametrize("kind", BY_DEPARTMENT)
def test_a_department_acts_for_itself(kind: str) -> None:
    paper = whistle_town(blown("dept-urban", "dept-roads"), *before(kind))

    for_another = act(kind, "dept-urban", ROADS)

    refusal = refused(paper, for_another, "for_another_department", "department")
    assert isinstance(refusal, Forbidden)


@pytest.mark.parametrize("kind", BY_DEPARTMENT)
@pytest.mark.parametrize("actor", [SECRETARY, HOTLINE, FOUNDER, COUNTY, COMMITTEE])
def test_nobody_else_acts_for_a_department(kind: str, actor: Actor) -> None:
    paper = whistle_town(blown(), *before(kind))

    refused(paper, act(kind, "dept-urban", actor), "office_may_not")


@pytest.mark.parametrize("office", [Office.MEMBER, Office.REVIEWER])
def test_a_departments_clerks_and_secretary_act_for_it(office: Office) -> None:
    appointment = AppointmentMade(principal="p-member", organisation="dept-urban", office=office)
    paper = whistle_town(blown(), Proposal(appointment, FOUNDER))

    by_member = act("department_reported_in", actor=Actor(office, "dept-urban", "p-member"))

    refused(paper, by_member, "office_may_not")


@pytest.mark.parametrize("kind", BY_COMMUNITY)
def test_the_community_that_blew_judges(kind: str) -> None:
    paper = whistle_town(blown(), *before(kind))

    by_another = act(kind, actor=SECRETARY_2)

    refusal = refused(paper, by_another, "whistle_of_another", "whistle")
    assert isinstance(refusal, Forbidden)


@pytest.mark.parametrize("kind", BY_COMMUNITY)
@pytest.mark.parametrize("actor", [URBAN, COMMITTEE, FOUNDER])
def test_nobody_else_judges(kind: str, actor: Actor) -> None:
    refused(whistle_town(blown(), *before(kind)), act(kind, actor=actor), "office_may_not")


@pytest.mark.parametrize("kind", [*BY_DEPARTMENT, *BY_COMMUNITY, "whistle_return_ruled"])
def test_there_is_no_act_on_a_department_that_was_not_summoned(kind: str) -> None:
    paper = whistle_town(blown())

    refusal = refused(paper, act(kind, "dept-roads"), "not_summoned", "department")

    assert isinstance(refusal, Unacceptable)
    assert "dept-urban" in refusal.accepted


@pytest.mark.parametrize("kind", [*BY_DEPARTMENT, *BY_COMMUNITY, "whistle_return_ruled"])
def test_there_is_no_act_on_a_whistle_of_another_town(kind: str) -> None:
    refusal = refused(whistle_town(), act(kind), "unknown_whistle", "whistle")

    assert isinstance(refusal, UnknownReference)


@pytest.mark.parametrize("kind", [*BY_DEPARTMENT, *BY_COMMUNITY, "whistle_return_ruled"])
def test_there_is_no_act_on_a_department_that_was_released(kind: str) -> None:
    paper = whistle_town(
        blown("dept-urban", "dept-roads"),
        act("whistle_return_requested"),
        act("whistle_return_ruled"),
    )

    refusal = refused(paper, act(kind), "department_released", "department")

    assert isinstance(refusal, WrongState)


@pytest.mark.parametrize("kind", [*BY_DEPARTMENT, *BY_COMMUNITY])
def test_no_act_precedes_what_it_follows(kind: str) -> None:
    paper = whistle_town(blown(), *before(kind))
    last = paper.at

    for moment in (last - timedelta(hours=1), last - timedelta(seconds=1)):
        early = act(kind, at=moment)
        refused(paper, early, "precedes_what_it_follows", "occurred_at")

    paper.accept(act(kind, at=last))


@pytest.mark.parametrize(
    ("kind", "dockets"),
    [
        *((kind, {"branch-1", "dept-urban"}) for kind in BY_DEPARTMENT),
        *((kind, {"dept-urban"}) for kind in BY_COMMUNITY),
    ],
)
def test_an_act_concerns_the_department_and_the_branch_if_it_did_not_act(
    kind: str, dockets: set[str]
) -> None:
    paper = whistle_town(blown("dept-urban", "dept-roads"), *before(kind), act(kind))

    tags = {f"docket:{body}" for body in dockets}
    assert set(paper.history[-1].tags) == {"whistle:whistle-0", *tags}


# Nobody judges in a whistle what they did for a department, nor answers their own whistle


def with_second_office(actor: Actor, *proposals: Proposal) -> PaperLedger:
    """The town where a principal is a clerk of the urban department beside their own office."""
    appointment = AppointmentMade(
        principal=actor.principal, organisation="dept-urban", office=Office.CLERK_B
    )
    return whistle_town(Proposal(appointment, FOUNDER), *proposals)


def for_urban(kind: str, actor: Actor) -> Proposal:
    """An act of the urban department by somebody who holds another office too."""
    return act(kind, actor=Actor("clerk_b", "dept-urban", actor.principal))


@pytest.mark.parametrize(
    ("kind", "worked"),
    [
        ("whistle_verified", "whistle_handled"),
        ("whistle_verified", "whistle_signed"),
        ("department_rated", "whistle_handled"),
    ],
)
def test_whoever_acted_for_a_department_does_not_judge_it_for_the_community(
    kind: str, worked: str
) -> None:
    steps = [
        for_urban(one, SECRETARY) if one == worked else act(one)
        for one in STAGES[: STAGES.index(NEEDS[kind]) + 1]
    ]
    paper = with_second_office(SECRETARY, blown(), *steps)

    refusal = refused(paper, act(kind, actor=SECRETARY), "own_summons")

    assert isinstance(refusal, Forbidden)


def test_whoever_asked_for_a_return_does_not_rule_on_it_in_another_office() -> None:
    paper = with_second_office(FOUNDER, blown(), for_urban("whistle_return_requested", FOUNDER))

    refusal = refused(paper, act("whistle_return_ruled", actor=FOUNDER), "own_summons")

    assert isinstance(refusal, Forbidden)
    paper.accept(act("whistle_return_ruled", actor=TOWN_CLERK))


def test_whoever_acted_for_a_department_does_not_countermand_in_another_office() -> None:
    paper = with_second_office(FOUNDER, blown(), for_urban("whistle_signed", FOUNDER))

    refused(paper, countermanded(FOUNDER), "own_summons")

    paper.accept(countermanded(TOWN_CLERK))


@pytest.mark.parametrize("before_it", [[blown()], [drafted(SECRETARY), blown()]])
def test_whoever_blew_a_whistle_does_not_rate_it_for_a_department(
    before_it: list[Proposal],
) -> None:
    paper = with_second_office(SECRETARY, *before_it, act("department_reported_in"))

    own = for_urban("whistle_rated_by_department", SECRETARY)

    assert isinstance(refused(paper, own, "own_whistle"), Forbidden)
    paper.accept(act("whistle_rated_by_department"))


def test_whoever_drafted_a_whistle_does_not_rate_it_for_a_department() -> None:
    paper = with_second_office(
        BRANCH_CLERK, drafted(BRANCH_CLERK), blown(), act("department_reported_in")
    )

    refused(paper, for_urban("whistle_rated_by_department", BRANCH_CLERK), "own_whistle")


# Returns


def test_a_department_whose_return_is_granted_is_released() -> None:
    paper = whistle_town(blown(), act("whistle_return_requested"))
    assert summoned(paper).return_is_asked

    paper.accept(act("whistle_return_ruled"))

    assert flags(summoned(paper)) == {"is_released"}
    assert summoned(paper).is_done
    assert set(paper.history[-1].tags) == {
        "docket:branch-1",
        "docket:dept-urban",
        "whistle:whistle-0",
    }


def test_a_department_whose_return_is_refused_has_to_come() -> None:
    paper = whistle_town(
        blown(), act("whistle_return_requested"), act("whistle_return_ruled", granted=False)
    )

    again = refused(paper, act("whistle_return_requested"), "return_not_open", "department")

    assert isinstance(again, WrongState)
    paper.accept(*brought_to("whistle_verified"))


def test_a_return_is_asked_for_once_and_before_anybody_has_come() -> None:
    asked = whistle_town(blown(), act("whistle_return_requested"))
    on_site = whistle_town(blown(), act("department_reported_in"))

    refused(asked, act("whistle_return_requested"), "return_not_open", "department")
    refused(on_site, act("whistle_return_requested"), "return_not_open", "department")


def test_who_comes_after_all_asks_for_no_return_any_more() -> None:
    paper = whistle_town(blown(), act("whistle_return_requested"), act("department_reported_in"))

    assert not summoned(paper).return_is_asked
    refused(paper, act("whistle_return_ruled"), "no_return_asked", "department")
    paper.accept(act("whistle_handled"))


def test_a_return_names_another_department_as_the_owner() -> None:
    paper = whistle_town(blown())

    def asked(owner: str) -> Proposal:
        return act("whistle_return_requested", proposed_owner=owner)

    itself = refused(paper, asked("dept-urban"), "not_an_owner", "proposed_owner")
    unknown = refused(paper, asked("dept-of-x"), "unknown_organisation", "proposed_owner")
    unit = refused(paper, asked("unit-1"), "wrong_organisation_type", "proposed_owner")
    paper.accept(Proposal(OrganisationDissolved(organisation="dept-roads"), FOUNDER))
    gone = refused(paper, asked("dept-roads"), "organisation_dissolved", "proposed_owner")

    assert [type(one) for one in (itself, unknown, unit, gone)] == [
        Unacceptable,
        UnknownReference,
        Unacceptable,
        WrongState,
    ]


@pytest.mark.parametrize("missing", ["reason", "proposed_owner"])
def test_a_return_has_a_reason_and_an_owner(missing: str) -> None:
    with pytest.raises(ValidationError):
        act("whistle_return_requested", **{missing: None})


def test_a_return_that_nobody_asked_for_is_not_ruled() -> None:
    refusal = refused(
        whistle_town(blown()), act("whistle_return_ruled"), "no_return_asked", "department"
    )

    assert isinstance(refusal, WrongState)


@pytest.mark.parametrize("actor", [FOUNDER, TOWN_CLERK, COUNTY])
def test_the_town_and_the_county_rule_on_returns(actor: Actor) -> None:
    whistle_town(blown(), act("whistle_return_requested"), act("whistle_return_ruled", actor=actor))


@pytest.mark.parametrize("actor", [SECRETARY, URBAN, ROADS, HOTLINE])
def test_nobody_else_rules_on_a_return(actor: Actor) -> None:
    paper = whistle_town(blown(), act("whistle_return_requested"))

    refused(paper, act("whistle_return_ruled", actor=actor), "office_may_not")


@pytest.mark.parametrize("actor", [FOUNDER, TOWN_CLERK])
def test_the_county_rules_on_the_returns_of_its_own_departments(actor: Actor) -> None:
    paper = whistle_town(blown("dept-grid"), act("whistle_return_requested", "dept-grid", GRID))

    by_town = act("whistle_return_ruled", "dept-grid", actor)

    assert isinstance(refused(paper, by_town, "county_rules", "department"), Forbidden)
    paper.accept(act("whistle_return_ruled", "dept-grid", COUNTY))


def test_an_authority_rules_on_no_return_in_a_case_about_itself() -> None:
    complaint = filing(against="government")
    paper = whistle_town(
        Proposal(complaint, HOTLINE),
        blown(request="request-0"),
        act("whistle_return_requested"),
    )

    by_itself = act("whistle_return_ruled", actor=TOWN_CLERK)

    assert isinstance(refused(paper, by_itself, "complained_about", "whistle"), Forbidden)
    paper.accept(act("whistle_return_ruled", actor=COUNTY))


# Ratings


@pytest.mark.parametrize("satisfaction", Satisfaction)
def test_the_two_sides_rate_each_other(satisfaction: Satisfaction) -> None:
    paper = whistle_town(blown(), *brought_to("whistle_verified"))

    paper.accept(
        act("department_rated", satisfaction=satisfaction),
        act("whistle_rated_by_department", satisfaction=satisfaction, justified=False),
    )

    assert {"was_rated", "has_rated"} <= flags(summoned(paper))


def test_both_may_be_rated_once_the_whistle_is_cleared() -> None:
    paper = whistle_town(
        blown(), *brought_to("whistle_verified"), act("whistle_cleared", None, BRANCH_CLERK)
    )

    paper.accept(act("department_rated"), act("whistle_rated_by_department"))


def test_a_department_is_rated_once() -> None:
    paper = whistle_town(blown(), *brought_to("whistle_verified"), act("department_rated"))

    again = refused(paper, act("department_rated"), "department_already_rated", "department")

    assert isinstance(again, WrongState)


def test_a_whistle_is_rated_once_by_each_department() -> None:
    paper = whistle_town(
        blown("dept-urban", "dept-roads"),
        *brought_to("department_reported_in"),
        *brought_to("department_reported_in", "dept-roads"),
        act("whistle_rated_by_department"),
    )

    again = act("whistle_rated_by_department")

    refused(paper, again, "whistle_already_rated", "department")
    paper.accept(act("whistle_rated_by_department", "dept-roads"))


def test_only_what_is_verified_is_rated() -> None:
    paper = whistle_town(blown(), *brought_to("whistle_handled"))

    refusal = refused(paper, act("department_rated"), "not_verified", "department")

    assert isinstance(refusal, WrongState)


def test_only_who_has_come_rates_the_whistle() -> None:
    paper = whistle_town(blown(), *brought_to("department_contacted"))

    refused(paper, act("whistle_rated_by_department"), "not_reported_in", "department")


def test_a_clerk_of_the_branch_does_not_rate() -> None:
    paper = whistle_town(blown(), *brought_to("whistle_verified"))

    refused(paper, act("department_rated", actor=BRANCH_CLERK), "office_may_not")


@pytest.mark.parametrize("kind", ["department_rated", "whistle_rated_by_department"])
def test_a_rating_has_one_of_five_grades(kind: str) -> None:
    wrong: dict[str, Any] = {"satisfaction": "excellent"}

    with pytest.raises(ValidationError):
        act(kind, **wrong)


def test_a_countermanded_whistle_is_not_rated() -> None:
    paper = whistle_town(blown(), act("whistle_countermanded", None))

    refused(paper, act("whistle_rated_by_department"), "wrong_whistle_stage", "whistle")
