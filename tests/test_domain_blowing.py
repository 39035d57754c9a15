"""Whistles: who may blow them for whom, how late they may be entered, how they end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from ledger.domain.requests.dispatching import MAX_HANDLERS
from ledger.domain.requests.requests import Request, Stage
from ledger.domain.rules.rules import Grade
from ledger.domain.whistles.blowing import WhistleBlown
from ledger.domain.whistles.whistles import MAX_DEPARTMENTS, Ground, WhistleStage
from ledger.event import Actor
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.paper_ledger import PaperLedger
from tests.request_acts import CASE, acts, case, pack, refused
from tests.request_acts import brought_to as request_brought_to
from tests.town import (
    COMMITTEE,
    FOUNDER,
    HOTLINE,
    SECRETARY,
    TOWN_CLERK,
    URBAN,
    WATER,
    founding,
)
from tests.whistle_acts import (
    BRANCH_CLERK,
    SECRETARY_2,
    WHISTLE,
    act,
    blown,
    countermanded,
    drafted,
    filed,
    many_departments,
    split,
    whistle,
    whistle_town,
)

HOUR = timedelta(hours=1)


# Drafting and blowing


def test_a_whistle_is_blown_for_a_request_or_for_none() -> None:
    paper = whistle_town(
        filed(), blown(request="request-0"), blown("dept-water", whistle="whistle-1")
    )

    assert [stored.tags for stored in paper.history[-2:]] == [
        ("docket:branch-1", "docket:dept-urban", "request:request-0", "whistle:whistle-0"),
        ("docket:branch-1", "docket:dept-water", "whistle:whistle-1"),
    ]
    assert whistle(paper).stage is WhistleStage.BLOWN


def test_those_whom_a_whistle_summons_handle_its_request() -> None:
    paper = whistle_town(filed(), blown("dept-urban", "dept-roads", request="request-0"))

    assert case(paper).handlers == ("dept-urban", "dept-roads")


@pytest.mark.parametrize("actor", [BRANCH_CLERK, COMMITTEE, HOTLINE, WATER, FOUNDER])
def test_only_the_secretary_of_a_branch_blows(actor: Actor) -> None:
    refusal = refused(whistle_town(), blown(actor=actor), "office_may_not")

    assert isinstance(refusal, Forbidden)


@pytest.mark.parametrize("actor", [BRANCH_CLERK, SECRETARY])
def test_a_draft_summons_nobody(actor: Actor) -> None:
    paper = whistle_town(filed(), drafted(actor, request="request-0"))

    assert whistle(paper).stage is WhistleStage.DRAFTED
    assert paper.history[-1].tags == ("whistle:whistle-0",)
    assert case(paper).handlers == ()
    refused(paper, act("whistle_signed"), "wrong_whistle_stage", "whistle")


@pytest.mark.parametrize("actor", [COMMITTEE, URBAN, HOTLINE])
def test_only_a_branch_drafts(actor: Actor) -> None:
    refused(whistle_town(), drafted(actor), "office_may_not")


def test_a_draft_is_blown_as_its_secretary_decides() -> None:
    paper = whistle_town(drafted(), blown("dept-roads", grade=Grade.HARD))

    assert whistle(paper).stage is WhistleStage.BLOWN
    assert [one.department for one in whistle(paper).summoned] == ["dept-roads"]


def test_a_draft_is_blown_by_its_own_branch_alone() -> None:
    paper = whistle_town(drafted())

    by_another = blown(actor=SECRETARY_2)

    assert isinstance(refused(paper, by_another, "draft_of_another", "whistle"), Forbidden)


def test_a_draft_is_not_blown_before_it_was_made() -> None:
    paper = whistle_town(drafted())

    early = blown(at=paper.at - HOUR)

    refused(paper, early, "precedes_what_it_follows", "occurred_at")


@pytest.mark.parametrize(
    ("before", "proposal"),
    [
        (drafted(), drafted()),
        (blown(), drafted()),
        (blown(), blown()),
        (countermanded(), blown()),
    ],
    ids=["drafted twice", "drafted after it was blown", "blown twice", "blown when countermanded"],
)
def test_a_whistle_is_drafted_and_blown_once(before: Proposal, proposal: Proposal) -> None:
    paper = whistle_town()
    if before.event.kind == "whistle_countermanded":
        paper.accept(drafted())
    paper.accept(before)

    assert isinstance(refused(paper, proposal, "whistle_exists", "whistle"), WrongState)


@pytest.mark.parametrize("make", [blown, drafted], ids=["blown", "drafted"])
def test_departments_of_this_ledger_alone_are_summoned(make: Any) -> None:
    paper = whistle_town()

    foreign = make(departments=("dept-water", "dept-of-x"))
    unit = make(departments=("unit-1",))
    twice = make(departments=("dept-water", "dept-urban", "dept-water"))

    refusal = refused(paper, foreign, "unknown_organisation", "departments")
    assert isinstance(refusal, UnknownReference)
    refusal = refused(paper, unit, "wrong_organisation_type", "departments")
    assert isinstance(refusal, Unacceptable)
    refused(paper, twice, "department_given_twice", "departments")


@pytest.mark.parametrize(
    "changes",
    [
        {"departments": ()},
        {"departments": tuple(f"dept-{number}" for number in range(MAX_DEPARTMENTS + 1))},
        {"grade": "grave"},
        {"ground": "convenience"},
        {"ground": None},
    ],
    ids=["nobody", "too many", "no such grade", "no such ground", "no ground"],
)
def test_a_whistle_summons_somebody_on_a_ground(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        blown(**changes)


@pytest.mark.parametrize("ground", Ground)
@pytest.mark.parametrize("grade", [Grade.ORDINARY, Grade.HARD, Grade.URGENT])
def test_every_grade_goes_with_every_ground(grade: Grade, ground: Ground) -> None:
    whistle_town(blown(grade=grade, ground=ground))


@pytest.mark.parametrize("grade", [Grade.EMERGENCY, Grade.UTILITIES, Grade.COMPLEX])
def test_a_grade_of_requests_does_not_fit_a_whistle(grade: Grade) -> None:
    paper = whistle_town()

    assert isinstance(
        refused(paper, blown(grade=grade), "grade_of_a_request", "grade"), Unacceptable
    )
    refused(paper, drafted(grade=grade), "grade_of_a_request", "grade")
    paper.accept(blown())
    refused(paper, split("dept-roads", grade=grade), "grade_of_a_request", "grade")


# The request


@pytest.mark.parametrize("make", [blown, drafted], ids=["blown", "drafted"])
def test_a_request_of_another_town_is_unknown_here(make: Any) -> None:
    refusal = refused(whistle_town(), make(request="request-of-x"), "unknown_request", "request")

    assert isinstance(refusal, UnknownReference)


@pytest.mark.parametrize("stage", [Stage.CLEARED, Stage.WITHDRAWN, Stage.DECLINED, Stage.MERGED])
def test_no_whistle_is_blown_for_a_request_that_is_closed(stage: Stage) -> None:
    paper = whistle_town(*request_brought_to(stage))

    whistle = blown(request="request-0")

    assert isinstance(refused(paper, whistle, "request_closed", "request"), WrongState)


def test_the_department_complained_about_is_not_summoned() -> None:
    paper = whistle_town(filed(against="dept-water"))

    for proposal in (
        blown("dept-urban", "dept-water", request="request-0"),
        drafted(departments=("dept-water",), request="request-0"),
    ):
        refusal = refused(paper, proposal, "complained_about", "departments")
        assert isinstance(refusal, Forbidden)

    paper.accept(blown("dept-urban", request="request-0"))


def test_the_branch_complained_about_does_not_blow() -> None:
    paper = whistle_town(filed(against="branch-1"))

    refused(paper, blown(request="request-0"), "complained_about", "request")
    refused(paper, drafted(request="request-0"), "complained_about", "request")


@pytest.mark.parametrize("make", [blown, drafted])
def test_nobody_summons_for_a_request_of_their_own(make: Any) -> None:
    paper = whistle_town(filed(requester=SECRETARY.principal))

    own = make(actor=SECRETARY, request=CASE)

    assert isinstance(refused(paper, own, "own_request"), Forbidden)


def test_nobody_splits_a_whistle_for_a_request_of_their_own() -> None:
    paper = whistle_town(filed(requester=FOUNDER.principal), blown(request=CASE))

    refused(paper, split("dept-roads"), "own_request")

    paper.accept(split("dept-roads", actor=TOWN_CLERK))


def test_a_whistle_does_not_precede_the_request_that_it_is_for() -> None:
    paper = whistle_town(filed())

    early = blown(request="request-0", at=paper.at - HOUR)

    refused(paper, early, "precedes_what_it_follows", "occurred_at")


def test_a_whistle_may_be_entered_after_later_acts_on_its_request() -> None:
    paper = whistle_town(filed())
    by_phone = blown(request="request-0", grade=Grade.URGENT, at=paper.at + HOUR)
    paper.at += 3 * HOUR

    paper.accept(acts()["request_accepted"], by_phone)


def test_a_request_is_handled_by_as_many_as_a_record_can_name() -> None:
    paper = whistle_town(filed())
    names = many_departments(paper, MAX_HANDLERS + 1)
    paper.accept(
        blown(*names[:20], request="request-0"),
        blown(*names[20:MAX_HANDLERS], whistle="whistle-1", request="request-0"),
    )

    one_more = blown(names[-1], whistle="whistle-2", request="request-0")

    refused(paper, one_more, "too_many_handlers", "departments")
    paper.accept(blown(names[0], whistle="whistle-2", request="request-0"))


# Urgent ones


@pytest.mark.parametrize("hours", [0, 23.9])
def test_an_urgent_whistle_is_entered_within_a_day(hours: float) -> None:
    paper = whistle_town()
    whistled = paper.at
    paper.at += hours * HOUR

    paper.accept(blown(grade=Grade.URGENT, ground=Ground.EMERGENCY, at=whistled))


def test_an_urgent_whistle_is_not_entered_later() -> None:
    paper = whistle_town()
    whistled = paper.at
    paper.at += 24 * HOUR

    late = blown(grade=Grade.URGENT, ground=Ground.EMERGENCY, at=whistled)

    refusal = refused(paper, late, "urgent_entered_late", "occurred_at")
    assert isinstance(refusal, Unacceptable)
    assert "24 h" in refusal.reason


@pytest.mark.parametrize("grade", [Grade.ORDINARY, Grade.HARD])
def test_other_whistles_may_be_entered_later(grade: Grade) -> None:
    paper = whistle_town()

    paper.accept(blown(grade=grade, at=paper.at - 30 * 24 * HOUR))


def test_the_pack_says_how_late_an_urgent_whistle_may_be() -> None:
    paper = whistle_town(pack(urgent_entry_hours=1))
    paper.at += 3 * HOUR

    late = blown(grade=Grade.URGENT, at=paper.at - 1.1 * HOUR)

    refused(paper, late, "urgent_entered_late", "occurred_at")


def test_an_urgent_split_is_not_entered_later_either() -> None:
    paper = whistle_town(blown())
    whistled = paper.at
    paper.at += 24 * HOUR

    late = split("dept-roads", grade=Grade.URGENT, at=whistled)

    refused(paper, late, "urgent_entered_late", "occurred_at")
    paper.accept(split("dept-roads", grade=Grade.URGENT))


def test_an_urgent_whistle_needs_rules_in_force() -> None:
    paper = PaperLedger()
    paper.accept(*founding()[:-2])

    refused(paper, blown(grade=Grade.URGENT), "no_rules_in_force")
    paper.accept(blown(grade=Grade.HARD))


def test_the_id_of_a_whistle_is_minted_where_none_is_given() -> None:
    body = {name: value for name, value in blown().event if name != "whistle"}
    paper = whistle_town(Proposal(WhistleBlown(**body), SECRETARY))

    assert any(tag.startswith("whistle:") and tag != f"whistle:{WHISTLE}" for tag in paper.states)
    assert not isinstance(paper.states.get(f"whistle:{WHISTLE}"), Request)
