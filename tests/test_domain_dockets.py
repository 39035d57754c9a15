"""Dockets: what concerns whom, and the open work of an organisation that is folded from it."""

from __future__ import annotations

import pytest

from ledger.domain.requests.dockets import Docket
from ledger.domain.requests.requests import Stage
from ledger.domain.rules.rules import Grade
from ledger.domain.whistles.blowing import WhistleBlown, WhistleCountermanded, WhistleSplit
from ledger.domain.whistles.whistles import Ground
from ledger.proposal import Proposal
from tests.paper_ledger import PaperLedger
from tests.request_acts import (
    CASE,
    STAGES,
    acts,
    brought_to,
    case,
    dispatch,
    ready_for,
    town,
)
from tests.town import COMMITTEE, SECRETARY, TOWN_CLERK

OPEN = frozenset({f"request:{CASE}"})
NOTHING: Docket = frozenset()
COMMUNITY, LEAD, CO_HANDLER, NEXT = "committee-1", "dept-water", "dept-urban", "dept-roads"


def docket(paper: PaperLedger, organisation: str) -> Docket:
    found: Docket | None = paper.states.get(f"docket:{organisation}")
    return found or NOTHING


def concerned(paper: PaperLedger) -> set[str]:
    """Whose dockets the latest event is on."""
    tags = paper.history[-1].tags
    return {tag.removeprefix("docket:") for tag in tags if tag.startswith("docket:")}


# Concerned


def test_a_filing_concerns_its_community() -> None:
    paper = town(*brought_to(Stage.FILED))

    assert concerned(paper) == {COMMUNITY}


def test_a_dispatch_concerns_those_who_are_to_handle() -> None:
    paper = town(*brought_to(Stage.DISPATCHED))

    assert concerned(paper) == {LEAD, CO_HANDLER}


ENDING = {
    "request_withdrawn": Stage.IN_HAND,
    "request_cleared": Stage.ANSWER_ACCEPTED,
    "request_reopened": Stage.CLEARED,
    "closure_disputed": Stage.CLEARED,
    "dispute_ruled": Stage.DISPUTED,
    "request_struck_off": Stage.CLEARED,
}


@pytest.mark.parametrize("kind", sorted(ENDING))
def test_an_ending_act_concerns_the_community_and_all_who_handled(kind: str) -> None:
    paper = town(*brought_to(ENDING[kind]), *ready_for(kind))

    paper.accept(acts()[kind])

    assert concerned(paper) == {COMMUNITY, LEAD, CO_HANDLER}


@pytest.mark.parametrize("kind", ["request_declined", "request_redirected", "request_merged"])
def test_what_ends_before_its_dispatch_concerns_the_community(kind: str) -> None:
    paper = town(*brought_to(Stage.FILED), *ready_for(kind), acts()[kind])

    assert concerned(paper) == {COMMUNITY}


def test_an_ending_act_concerns_the_one_that_acts_too() -> None:
    """Its own docket must lose the case."""
    paper = town(*brought_to(Stage.ACCEPTED), dispatch(COMMUNITY, co_handlers=()))

    paper.accept(Proposal(acts()["request_withdrawn"].event, COMMITTEE))

    assert concerned(paper) == {COMMUNITY}
    assert docket(paper, COMMUNITY) == NOTHING


NEW = {"jurisdiction_ruled", "order_reassigned", "co_handler_added"}
AT_WORK = sorted(
    kind
    for kind, stages in STAGES.items()
    if Stage.IN_HAND in stages and kind not in ENDING and kind != "respondent_stated"
)


@pytest.mark.parametrize("kind", AT_WORK)
def test_an_act_concerns_those_who_handle_but_not_the_one_that_acts(kind: str) -> None:
    paper = town(*brought_to(Stage.IN_HAND), *ready_for(kind))

    paper.accept(acts()[kind])

    actor = acts()[kind].actor.organisation
    assert concerned(paper) == {LEAD, CO_HANDLER, *({NEXT} if kind in NEW else ())} - {actor}


def test_those_whom_a_whistle_summoned_are_concerned_too() -> None:
    paper = town(*brought_to(Stage.DISPATCHED), whistle(NEXT, request=CASE))

    paper.accept(acts()["progress_posted"])

    assert concerned(paper) == {CO_HANDLER, NEXT}


# Folded


def test_a_filed_request_is_open_work_of_its_community() -> None:
    paper = town(*brought_to(Stage.FILED))

    assert docket(paper, COMMUNITY) == OPEN
    assert case(paper).is_open_for(COMMUNITY)


def test_a_dispatched_request_is_open_work_of_its_handlers() -> None:
    paper = town(*brought_to(Stage.DISPATCHED))

    for organisation in (COMMUNITY, LEAD, CO_HANDLER):
        assert docket(paper, organisation) == OPEN
        assert case(paper).is_open_for(organisation)
    assert docket(paper, NEXT) == NOTHING


@pytest.mark.parametrize("kind", sorted(NEW))
def test_who_comes_in_later_has_open_work(kind: str) -> None:
    paper = town(*brought_to(Stage.DISPATCHED), *ready_for(kind))

    paper.accept(acts()[kind])

    assert docket(paper, NEXT) == OPEN
    assert case(paper).is_open_for(NEXT)


def test_what_has_gone_to_others_may_be_on_a_docket_and_is_open_work_no_more() -> None:
    paper = town(*brought_to(Stage.DISPATCHED), acts()["order_reassigned"])

    assert docket(paper, LEAD) == OPEN
    assert not case(paper).is_open_for(LEAD)


CLOSED = (
    Stage.DECLINED,
    Stage.REDIRECTED,
    Stage.MERGED,
    Stage.WITHDRAWN,
    Stage.CLEARED,
    Stage.STRUCK_OFF,
)


@pytest.mark.parametrize("stage", CLOSED)
def test_what_is_closed_is_nobodys_open_work(stage: Stage) -> None:
    paper = town(*brought_to(stage))

    for organisation in (COMMUNITY, LEAD, CO_HANDLER):
        assert docket(paper, organisation).isdisjoint(OPEN)
        assert not case(paper).is_open_for(organisation)


def test_a_merged_request_leaves_the_docket_and_the_other_stays() -> None:
    paper = town(*brought_to(Stage.MERGED))

    assert docket(paper, COMMUNITY) == {"request:request-1"}


@pytest.mark.parametrize("stage", [Stage.REOPENED, Stage.DISPUTED])
def test_what_is_disputed_or_begins_again_is_its_communitys_work_again(stage: Stage) -> None:
    paper = town(*brought_to(stage))

    assert docket(paper, COMMUNITY) == OPEN
    assert case(paper).is_open_for(COMMUNITY)
    assert case(paper).is_open_for(LEAD) == (stage is Stage.DISPUTED)


@pytest.mark.parametrize("upheld", [True, False])
def test_a_ruling_on_a_dispute_opens_the_case_again_or_closes_it(*, upheld: bool) -> None:
    ruled = acts()["dispute_ruled"].event.model_copy(update={"upheld": upheld})
    paper = town(*brought_to(Stage.DISPUTED))

    paper.accept(Proposal(ruled, TOWN_CLERK))

    assert docket(paper, COMMUNITY) == (OPEN if upheld else NOTHING)
    assert case(paper).is_open_for(COMMUNITY) is upheld


def test_no_open_work_is_missing_from_a_docket() -> None:
    """At every stage: what a case says is somebody's open work is on their docket."""
    for stage in Stage:
        paper = town(*brought_to(stage))
        for organisation in (COMMUNITY, LEAD, CO_HANDLER, NEXT):
            if case(paper).is_open_for(organisation):
                assert docket(paper, organisation) >= OPEN, (stage, organisation)


# Whistles


def whistle(*departments: str, request: str | None = None) -> Proposal:
    event = WhistleBlown(
        whistle="whistle-1",
        request=request,
        grade=Grade.HARD,
        ground=Ground.JOINT_ENFORCEMENT,
        departments=departments,
    )
    return Proposal(event, SECRETARY)


def test_a_whistle_is_open_work_of_those_whom_it_summons_until_it_is_countermanded() -> None:
    paper = town(whistle(LEAD))
    assert docket(paper, LEAD) == {"whistle:whistle-1"}
    paper.accept(
        Proposal(
            WhistleSplit(whistle="whistle-1", departments=(NEXT,), grade=Grade.HARD), TOWN_CLERK
        ),
    )
    assert docket(paper, NEXT) == {"whistle:whistle-1"}

    paper.accept(
        Proposal(WhistleCountermanded(whistle="whistle-1", reason="已自行拆除"), SECRETARY)
    )

    assert docket(paper, LEAD) == docket(paper, NEXT) == NOTHING


def test_requests_and_whistles_stand_side_by_side_on_a_docket() -> None:
    paper = town(whistle(LEAD), *brought_to(Stage.DISPATCHED))

    assert docket(paper, LEAD) == {"whistle:whistle-1", f"request:{CASE}"}


def test_a_whistle_for_a_request_gives_those_whom_it_summons_both() -> None:
    paper = town(*brought_to(Stage.DISPATCHED), whistle(NEXT, request=CASE))

    assert docket(paper, NEXT) == {"whistle:whistle-1", f"request:{CASE}"}
    assert case(paper).is_open_for(NEXT)
