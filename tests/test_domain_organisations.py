"""Organisations: the tree, its communities and names as of any day, and what ends with one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.decision import Office, OrganisationType
from ledger.domain.love_bank.accounts import AccountOpened, HolderType
from ledger.domain.requests.requests import Stage
from ledger.domain.rules.rules import Grade
from ledger.domain.town.organisations import (
    Organisation,
    OrganisationAssigned,
    OrganisationDissolved,
    OrganisationRegistered,
    OrganisationRenamed,
    SubgroupBasis,
)
from ledger.domain.town.people import AppointmentMade
from ledger.domain.whistles.blowing import WhistleBlown
from ledger.domain.whistles.whistles import Ground
from ledger.event import Actor
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.paper_ledger import START, PaperLedger
from tests.request_acts import acts, brought_to, dispatch, filing, refused, town
from tests.strategies import examples
from tests.town import COMMITTEE, FOUNDER, HOTLINE, ORGANISATIONS, SECRETARY, TOWN_CLERK, WATER

DAY = timedelta(days=1)


def registered(organisation: str, parent: str | None = None, **changes: Any) -> Proposal:
    body = {
        "organisation": organisation,
        "type": OrganisationType.PARTY_SUBGROUP,
        "name": "党小组",
        "parent": parent,
        **changes,
    }
    return Proposal(OrganisationRegistered(**body), FOUNDER)


def assigned(organisation: str, community: str, since: datetime | None = None) -> Proposal:
    event = OrganisationAssigned(
        organisation=organisation, community=community, effective_from=since
    )
    return Proposal(event, TOWN_CLERK)


def renamed(organisation: str, name: str, since: datetime | None = None) -> Proposal:
    event = OrganisationRenamed(organisation=organisation, name=name, effective_from=since)
    return Proposal(event, TOWN_CLERK)


def dissolved(organisation: str, since: datetime | None = None) -> Proposal:
    return Proposal(OrganisationDissolved(organisation=organisation, effective_from=since), FOUNDER)


def state(paper: PaperLedger, organisation: str) -> Organisation:
    found: Organisation = paper.states[f"organisation:{organisation}"]
    return found


# The tree


def test_an_organisation_takes_its_place_in_the_tree() -> None:
    paper = town(registered("group-1", "branch-1"), registered("group-2", "group-1"))

    assert (state(paper, "group-1").parent, state(paper, "group-2").parent) == (
        "branch-1",
        "group-1",
    )
    assert paper.history[-1].tags == ("organisation:group-1", "organisation:group-2")


def test_an_organisation_may_stand_beside_the_tree() -> None:
    paper = town(registered("group-1"))

    assert state(paper, "group-1").parent is None


def test_a_parent_is_an_organisation_of_this_ledger() -> None:
    refusal = refused(town(), registered("group-1", "elsewhere"), "unknown_organisation", "parent")

    assert isinstance(refusal, UnknownReference)


def test_no_organisation_is_its_own_parent() -> None:
    refusal = refused(town(), registered("group-1", "group-1"), "parent_cycle", "parent")

    assert isinstance(refusal, Unacceptable)


def test_a_cycle_of_two_cannot_be_registered() -> None:
    paper = town(registered("group-1"), registered("group-2", "group-1"))

    refused(paper, registered("group-1", "group-2"), "organisation_exists", "organisation")


@pytest.mark.parametrize(
    ("type_", "parent"),
    [
        (OrganisationType.TOWN_GOVERNMENT, "branch-1"),
        (OrganisationType.COUNTY_OFFICE, "unit-1"),
        (OrganisationType.COMMUNITY_BRANCH, "unit-1"),
        (OrganisationType.RESIDENTS_COMMITTEE, "committee-2"),
    ],
)
def test_an_authority_and_a_community_stand_under_none_of_their_own(
    type_: OrganisationType, parent: str
) -> None:
    wrong = registered("x-1", parent, type=type_)

    assert isinstance(refused(town(), wrong, "wrong_organisation_type", "parent"), Unacceptable)


def test_a_committee_may_stand_under_its_branch() -> None:
    committee = registered("committee-9", "branch-1", type=OrganisationType.RESIDENTS_COMMITTEE)

    assert state(town(committee), "committee-9").parent == "branch-1"


@pytest.mark.parametrize("basis", SubgroupBasis)
def test_a_subgroup_says_what_brings_it_together(basis: SubgroupBasis) -> None:
    town(registered("group-1", "branch-1", basis=basis, online=True))


def test_no_other_body_has_a_subgroups_basis() -> None:
    branch = registered(
        "x-1", type=OrganisationType.INDUSTRY_BRANCH, basis=SubgroupBasis.FUNCTIONAL
    )

    assert isinstance(refused(town(), branch, "not_a_subgroup", "basis"), Unacceptable)


@pytest.mark.parametrize("actor", [HOTLINE, SECRETARY, COMMITTEE])
def test_the_town_alone_changes_the_tree(actor: Actor) -> None:
    for proposal in (
        registered("group-1"),
        assigned("unit-1", "committee-1"),
        renamed("unit-1", "驻区单位"),
        dissolved("unit-1"),
    ):
        proposal.actor = actor

        assert isinstance(refused(town(), proposal, "office_may_not"), Forbidden)


# Communities


def test_an_organisation_belongs_to_a_community_from_a_day_on() -> None:
    paper = town(registered("x-1", type=OrganisationType.ENTERPRISE, effective_from=START - DAY))

    paper.accept(
        assigned("x-1", "committee-1", START), assigned("x-1", "committee-2", START + 5 * DAY)
    )

    moments = (START - DAY, START, START + 4 * DAY, START + 5 * DAY)
    assert [state(paper, "x-1").community_at(moment) for moment in moments] == [
        None,
        "committee-1",
        "committee-1",
        "committee-2",
    ]


def test_what_was_assigned_earlier_but_told_later_is_told_of_its_own_time() -> None:
    paper = town(registered("x-1", type=OrganisationType.ENTERPRISE, effective_from=START - DAY))

    paper.accept(
        assigned("x-1", "committee-2", START + 5 * DAY), assigned("x-1", "committee-1", START)
    )

    assert state(paper, "x-1").community_at(START + DAY) == "committee-1"
    assert state(paper, "x-1").community_at(START + 5 * DAY) == "committee-2"


def test_a_community_is_a_branch_or_a_committee_of_this_ledger() -> None:
    paper = town()

    refused(paper, assigned("unit-1", "elsewhere"), "unknown_organisation", "community")
    refused(paper, assigned("elsewhere", "branch-1"), "unknown_organisation", "organisation")
    refused(paper, assigned("unit-1", "dept-water"), "wrong_organisation_type", "community")


def test_no_community_is_its_own() -> None:
    refused(town(), assigned("committee-1", "committee-1"), "parent_cycle", "community")


@pytest.mark.parametrize("organisation", ["town", "government", "county", "branch-1"])
def test_what_may_stand_above_a_community_belongs_to_none(organisation: str) -> None:
    refused(
        town(), assigned(organisation, "committee-1"), "wrong_organisation_type", "organisation"
    )


def test_a_committee_belongs_to_a_branch_alone() -> None:
    paper = town(assigned("committee-2", "branch-1"))

    refused(paper, assigned("committee-2", "committee-1"), "wrong_organisation_type", "community")


def test_an_organisation_is_assigned_to_another_community_alone() -> None:
    paper = town(assigned("unit-1", "committee-1"))

    again = assigned("unit-1", "committee-1")

    assert isinstance(refused(paper, again, "already_assigned", "community"), WrongState)


@examples(60)
@given(st.data())
def test_whatever_is_registered_and_assigned_the_tree_has_no_cycle(data: st.DataObject) -> None:
    paper = town()
    bodies = ["town", *(identity for identity, *_ in ORGANISATIONS), "x-1", "x-2", "x-3"]
    pool = st.sampled_from(bodies)

    for _ in range(12):
        if data.draw(st.booleans()):
            type_ = data.draw(st.sampled_from(OrganisationType))
            paper.propose(registered(data.draw(pool), data.draw(st.none() | pool), type=type_))
        else:
            paper.propose(assigned(data.draw(pool), data.draw(pool)))

    edges = {
        body: {known.parent, *(one.value for one in known.communities)} - {None}
        for body in bodies
        if (known := paper.states.get(f"organisation:{body}")) is not None
    }
    while edges:
        ends = {body for body, above in edges.items() if not above & set(edges)}
        assert ends, f"a cycle among {sorted(edges)}"
        edges = {body: above for body, above in edges.items() if body not in ends}


# Names


def test_a_name_holds_until_the_next_takes_effect() -> None:
    paper = town()
    since = paper.at

    paper.accept(renamed("dept-urban", "城市管理综合执法局", since + 3 * DAY))

    names = [state(paper, "dept-urban").name_at(since + days * DAY) for days in (-9, 0, 3)]
    assert names == [None, "城市管理局", "城市管理综合执法局"]


def test_a_new_name_is_another_one() -> None:
    paper = town(renamed("dept-urban", "城管局"))

    assert isinstance(
        refused(paper, renamed("dept-urban", "城管局"), "same_name", "name"), WrongState
    )
    refused(paper, renamed("elsewhere", "城管局"), "unknown_organisation", "organisation")


@pytest.mark.parametrize(
    "early",
    [
        assigned("unit-1", "committee-1", START - DAY),
        renamed("unit-1", "单位", START - DAY),
        dissolved("unit-1", START - DAY),
    ],
    ids=["assigned", "renamed", "dissolved"],
)
def test_nothing_becomes_of_an_organisation_before_it_was_there(early: Proposal) -> None:
    refusal = refused(town(), early, "precedes_what_it_follows", "effective_from")

    assert isinstance(refusal, Unacceptable)


# The end


def test_a_dissolved_organisation_was_there_until_its_end() -> None:
    paper = town()
    end = paper.at + 5 * DAY

    paper.accept(dissolved("unit-1", end))

    unit = state(paper, "unit-1")
    assert [unit.is_dissolved(moment) for moment in (end - DAY, end)] == [False, True]


def test_who_acts_for_an_organisation_acts_until_its_end() -> None:
    paper = town()
    paper.accept(dissolved("committee-2", paper.at + DAY))
    by_committee = Proposal(
        AccountOpened(account="account-1", holder_type=HolderType.PERSON),
        Actor("clerk_a", "committee-2", "p-committee-2"),
    )
    by_resident = Proposal(
        filing(request="request-2", requester="r-2"), Actor("resident", "committee-2", "r-2")
    )
    paper.copy().accept(by_committee, by_resident)

    paper.at += DAY

    for proposal in (by_committee, by_resident):
        refusal = refused(paper, proposal, "actor_organisation_dissolved")
        assert isinstance(refusal, Forbidden)


DISSOLVING = "dept-roads"


@pytest.mark.parametrize(
    ("proposal", "field"),
    [
        (dispatch("dept-roads"), "lead"),
        (dispatch(co_handlers=(DISSOLVING,)), "co_handlers"),
        (Proposal(filing(request="request-1", against=DISSOLVING), HOTLINE), "against"),
        (
            Proposal(
                WhistleBlown(grade=Grade.HARD, ground=Ground.EMERGENCY, departments=(DISSOLVING,)),
                SECRETARY,
            ),
            "departments",
        ),
        (
            Proposal(
                AppointmentMade(principal="p-new", organisation=DISSOLVING, office=Office.CLERK_B),
                FOUNDER,
            ),
            "organisation",
        ),
        (registered("group-1", DISSOLVING), "parent"),
        (assigned(DISSOLVING, "committee-1"), "organisation"),
        (renamed(DISSOLVING, "路政局"), "organisation"),
        (dissolved(DISSOLVING), "organisation"),
    ],
    ids=lambda value: value.event.kind if isinstance(value, Proposal) else value,
)
def test_from_the_word_of_its_end_on_an_organisation_takes_in_nothing(
    proposal: Proposal, field: str
) -> None:
    paper = town(*brought_to(Stage.ACCEPTED))
    paper.accept(dissolved(DISSOLVING, paper.at + 30 * DAY))

    refusal = refused(paper, proposal, "organisation_dissolved", field)

    assert isinstance(refusal, WrongState)


def test_nothing_is_assigned_to_a_community_that_ends() -> None:
    paper = town(dissolved("committee-2"))

    refused(paper, assigned("unit-1", "committee-2"), "organisation_dissolved", "community")


def test_nobody_dissolves_the_organisation_for_which_they_act() -> None:
    refusal = refused(town(), dissolved("town"), "own_dissolution", "organisation")

    assert isinstance(refusal, Forbidden)


def test_what_is_not_there_is_not_dissolved() -> None:
    refused(town(), dissolved("elsewhere"), "unknown_organisation", "organisation")


@pytest.mark.parametrize("organisation", ["committee-1", "dept-water", "dept-urban"])
def test_an_organisation_with_an_open_request_is_not_dissolved(organisation: str) -> None:
    paper = town(*brought_to(Stage.IN_HAND))

    refusal = refused(paper, dissolved(organisation), "work_is_open", "organisation")

    assert isinstance(refusal, WrongState)
    assert "request:request-0" in refusal.reason


@pytest.mark.parametrize(
    ("stage", "organisations"),
    [
        (Stage.REOPENED, ("committee-1",)),
        (Stage.DISPUTED, ("committee-1", "dept-water", "dept-urban")),
    ],
)
def test_a_request_that_opens_again_is_open_work_again(
    stage: Stage, organisations: tuple[str, ...]
) -> None:
    paper = town(*brought_to(stage))

    for organisation in organisations:
        refused(paper, dissolved(organisation), "work_is_open", "organisation")


def test_an_organisation_whose_work_is_done_is_dissolved() -> None:
    paper = town(*brought_to(Stage.CLEARED))

    paper.accept(dissolved("committee-1"), dissolved("dept-water"), dissolved("dept-urban"))


def test_an_organisation_whose_work_has_gone_to_another_is_dissolved() -> None:
    paper = town(*brought_to(Stage.DISPATCHED), acts()["order_reassigned"])

    paper.accept(dissolved("dept-water"))

    refused(paper, dissolved("dept-roads"), "work_is_open", "organisation")


def test_a_whistle_is_the_work_of_its_branch_and_its_departments() -> None:
    blown = WhistleBlown(
        grade=Grade.HARD, ground=Ground.EMERGENCY, departments=("dept-urban", "dept-roads")
    )
    paper = town(Proposal(blown, SECRETARY))

    for organisation in ("branch-1", "dept-urban", "dept-roads"):
        refused(paper, dissolved(organisation), "work_is_open", "organisation")
    paper.accept(dissolved("dept-water"))


def test_who_acts_for_the_dissolved_is_told_so_before_anything_else() -> None:
    paper = town(dissolved("dept-water"))

    refused(paper, Proposal(filing(), WATER), "actor_organisation_dissolved")
