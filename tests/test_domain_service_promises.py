"""Promises: what is in force, who answers for an area, and who visits whom."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.decision import Office
from ledger.domain.services.service_promises import Published, Responsibility, Visit
from ledger.domain.town.people import AppointmentEnded
from ledger.event import Actor
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, UnknownReference, WrongState
from tests.agents_acts import (
    AGENT,
    HEAD,
    promised,
    responsible,
    serving,
    visit_requested,
    visited,
)
from tests.bank_acts import earlier
from tests.paper_ledger import START, PaperLedger
from tests.request_acts import COMMITTEE_2, STRANGER, refused
from tests.strategies import examples
from tests.town import COMMITTEE, FOUNDER, RESIDENT, SECRETARY, WATER


def promising() -> PaperLedger:
    return serving(promised(), responsible())


def visit(paper: PaperLedger) -> Visit:
    found: Visit = paper.states["visit:visit-1"]
    return found


# Promises


def test_a_promise_holds_until_another_supersedes_it() -> None:
    paper = serving(promised())

    paper.accept(promised("promise-2", SECRETARY, supersedes="promise-1"))

    first: Published = paper.states["promise:promise-1"]
    second: Published = paper.states["promise:promise-2"]
    assert (first.superseded_by, second.superseded_by) == ("promise-2", None)


def test_what_is_superseded_is_not_superseded_again() -> None:
    paper = serving(promised(), promised("promise-2", supersedes="promise-1"))

    again = promised("promise-3", supersedes="promise-1")

    assert isinstance(refused(paper, again, "superseded_already", "supersedes"), WrongState)


@pytest.mark.parametrize("earlier_one", ["promise-x", "promise-2"])
def test_a_promise_supersedes_one_that_was_published_before(earlier_one: str) -> None:
    of_none = promised("promise-2", supersedes=earlier_one)

    refusal = refused(serving(promised()), of_none, "unknown_promise", "supersedes")

    assert isinstance(refusal, UnknownReference)


def test_a_community_supersedes_promises_of_its_own() -> None:
    paper = serving(promised())

    foreign = promised("promise-2", COMMITTEE_2, supersedes="promise-1")

    assert isinstance(refused(paper, foreign, "foreign_community", "supersedes"), Forbidden)


def test_a_promise_is_not_superseded_before_it_was_published() -> None:
    paper = serving(promised())
    paper.at += timedelta(hours=1)
    early = earlier(promised("promise-2", supersedes="promise-1"), paper, hours=2)

    refused(paper, early, "precedes_what_it_follows", "occurred_at")


def test_a_promise_has_an_id_of_its_own() -> None:
    refused(serving(promised()), promised(), "promise_exists", "promise")


@pytest.mark.parametrize("actor", [WATER, RESIDENT, AGENT])
def test_communities_make_promises(actor: Actor) -> None:
    refused(serving(), promised(actor=actor), "office_may_not")


@examples(40)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=8))
def test_of_a_chain_of_promises_the_last_alone_is_in_force(
    wishes: list[tuple[int, int]],
) -> None:
    paper, replaced_by = serving(), dict[int, int | None]()

    for new, old in wishes:
        supersedes = None if old == 0 else f"promise-{old}"
        allowed = new not in replaced_by and (
            old == 0 or (old != new and old in replaced_by and replaced_by[old] is None)
        )
        proposal = promised(f"promise-{new}", supersedes=supersedes)
        assert (paper.propose(proposal) is None) == allowed
        if allowed:
            replaced_by[new] = None
            if old:
                replaced_by[old] = new

    for number, by in replaced_by.items():
        state: Published = paper.states[f"promise:promise-{number}"]
        assert state.superseded_by == (None if by is None else f"promise-{by}")


# Areas


def test_one_principal_after_the_other_answers_for_an_area() -> None:
    paper = promising()
    later = paper.at + timedelta(days=1)

    paper.accept(responsible(principal=AGENT.principal, effective_from=later))

    state: Responsibility = paper.states["responsibility:area-1"]
    assert state.holder_at(START) is None
    assert state.holder_at(paper.at) == HEAD.principal
    assert state.holder_at(later) == AGENT.principal


def test_nobody_is_given_an_area_twice() -> None:
    refused(promising(), responsible(), "already_responsible", "principal")


def test_whoever_answers_for_an_area_holds_an_office_of_the_community() -> None:
    refusal = refused(
        serving(), responsible(principal=WATER.principal), "not_of_the_community", "principal"
    )

    assert isinstance(refusal, UnknownReference)


def test_an_area_is_a_unit_of_the_communitys_grid() -> None:
    for unit, rule in (("area-x", "unknown_grid_unit"), ("grid-1", "wrong_grid_level")):
        refused(serving(), responsible(grid_unit=unit), rule, "grid_unit")
    other = responsible(community="committee-2")
    refused(serving(), other, "grid_unit_of_another", "grid_unit")


def test_another_body_gives_nobody_an_area() -> None:
    refused(serving(), responsible(COMMITTEE_2), "grid_of_another", "grid_unit")


def test_nobody_answers_for_an_area_before_it_is_there() -> None:
    early = responsible(effective_from=START - timedelta(days=1))

    refused(serving(), early, "precedes_what_it_follows", "effective_from")


# Visits


@pytest.mark.parametrize("actor", [RESIDENT, COMMITTEE])
def test_a_visit_is_asked_for_and_made(actor: Actor) -> None:
    paper = promising()

    paper.accept(visit_requested(actor))
    assert not visit(paper).is_made
    paper.accept(visited())

    assert visit(paper).is_made


def test_a_visit_has_an_id_of_its_own() -> None:
    paper = promising()
    paper.accept(visit_requested())

    refused(paper, visit_requested(), "visit_exists", "visit")


def test_a_visit_is_measured_by_a_promise_in_force() -> None:
    paper = promising()
    refused(paper, visit_requested(promise="promise-x"), "unknown_promise", "promise")
    paper.accept(promised("promise-2", supersedes="promise-1"))

    refusal = refused(paper, visit_requested(), "superseded_already", "promise")

    assert "promise-2" in refusal.accepted


def test_a_visit_is_measured_by_a_promise_of_the_community() -> None:
    paper = promising()
    paper.accept(promised("promise-9", COMMITTEE_2), promised("promise-b", SECRETARY))

    foreign = visit_requested(promise="promise-9")

    assert isinstance(refused(paper, foreign, "promise_of_another", "promise"), Forbidden)
    paper.accept(visit_requested(promise="promise-b"))


def test_a_visit_is_asked_for_where_somebody_answers() -> None:
    refusal = refused(
        promising(), visit_requested(grid_unit="area-2"), "nobody_responsible", "grid_unit"
    )

    assert isinstance(refusal, UnknownReference)


def test_a_visit_is_asked_for_in_the_community_of_the_area() -> None:
    paper = promising()
    paper.accept(promised("promise-9", COMMITTEE_2))

    elsewhere = visit_requested(COMMITTEE_2, community="committee-2", promise="promise-9")

    refused(paper, elsewhere, "grid_unit_of_another", "grid_unit")
    refused(paper, visit_requested(COMMITTEE_2), "foreign_community", "community")
    refused(paper, visit_requested(community="hotline"), "wrong_organisation_type", "community")


def test_residents_ask_for_themselves_and_clerks_for_others() -> None:
    refused(promising(), visit_requested(STRANGER), "not_the_requester", "requester")
    own = visit_requested(requester=COMMITTEE.principal)
    refused(promising(), own, "serves_oneself", "requester")


def test_a_visit_is_not_asked_for_before_the_promise() -> None:
    paper = promising()
    paper.at += timedelta(hours=1)

    early = earlier(visit_requested(), paper, hours=2)

    refused(paper, early, "precedes_what_it_follows", "occurred_at")


def test_nobody_visits_where_nobody_asked() -> None:
    refusal = refused(promising(), visited(), "not_requested", "visit")

    assert isinstance(refusal, UnknownReference)


@pytest.mark.parametrize("actor", [COMMITTEE, AGENT, SECRETARY])
def test_whoever_does_not_answer_for_the_area_does_not_visit(actor: Actor) -> None:
    paper = promising()
    paper.accept(visit_requested())

    assert isinstance(refused(paper, visited(actor), "not_responsible", "visit"), Forbidden)


def test_nobody_visits_themselves_or_after_their_office_ended() -> None:
    paper = promising()
    paper.accept(visit_requested(requester=HEAD.principal))
    refused(paper, visited(), "serves_oneself", "visit")
    ended = AppointmentEnded(
        principal=HEAD.principal, organisation="committee-1", office=Office(HEAD.office)
    )
    paper.accept(Proposal(ended, FOUNDER))

    refused(paper, visited(), "no_such_appointment")


def test_a_visit_is_made_once_and_not_before_it_was_asked_for() -> None:
    paper = promising()
    paper.at += timedelta(hours=1)
    paper.accept(visit_requested())

    refused(paper, earlier(visited(), paper, minutes=1), "precedes_what_it_follows", "occurred_at")
    paper.accept(visited())
    assert isinstance(refused(paper, visited(), "visited_already", "visit"), WrongState)
