"""Objections to a disclosure are decided by others, and whoever sees a leak can say so."""

from __future__ import annotations

from datetime import timedelta

from ledger.refusals import Forbidden, UnknownReference, WrongState
from tests.disclosure_acts import (
    LATER,
    OTHER_RESIDENT,
    PREPARED,
    TOWN_CLERK_B,
    decided,
    disclosing,
    leak,
    objected,
    of_community,
    out,
    prepared,
    published,
    reviewed,
    state,
    withdrawn,
)
from tests.request_acts import refused
from tests.town import COMMITTEE, COMMITTEE_B, COUNTY, FOUNDER, SECRETARY, TOWN_CLERK


def test_an_objection_that_is_upheld_stays_with_the_disclosure() -> None:
    paper = disclosing(*out(), objected(), decided())

    assert state(paper).upheld == {"objection-1"}


def test_one_that_is_dismissed_does_not() -> None:
    paper = disclosing(*out(), objected(), decided(is_upheld=False))

    assert state(paper).upheld == frozenset()


def test_only_what_is_published_is_objected_to() -> None:
    paper = disclosing(prepared(), reviewed())

    refused(paper, objected(), "not_published", "disclosure")
    refused(paper, leak(), "not_published", "disclosure")


def test_nobody_objects_to_what_they_had_a_hand_in() -> None:
    paper = disclosing(*out())

    for actor in (TOWN_CLERK, TOWN_CLERK_B):
        assert isinstance(refused(paper, objected(actor), "own_disclosure"), Forbidden)


def test_an_id_of_an_objection_is_taken_once() -> None:
    paper = disclosing(*out(), objected())

    again = objected(SECRETARY)
    refused(paper, again, "disclosure_objection_exists", "objection")


def test_whoever_objects_does_not_decide() -> None:
    paper = disclosing(*out(), objected(COUNTY))

    assert isinstance(refused(paper, decided(COUNTY), "own_matter"), Forbidden)


def test_whoever_published_does_not_decide() -> None:
    paper = disclosing(of_community(), reviewed(TOWN_CLERK), published(COMMITTEE), objected())

    refused(paper, decided(TOWN_CLERK), "own_matter")
    paper.accept(decided(TOWN_CLERK_B))


def test_the_county_decides_on_the_towns_own() -> None:
    paper = disclosing(*out(), objected())

    refused(paper, decided(FOUNDER), "towns_own_disclosure")
    paper.accept(decided(COUNTY))


def test_the_town_decides_on_a_communitys() -> None:
    paper = disclosing(of_community(), reviewed(COMMITTEE_B), published(COMMITTEE), objected())

    paper.accept(decided(TOWN_CLERK))


def test_an_objection_is_decided_once() -> None:
    paper = disclosing(*out(), objected(), decided())

    assert isinstance(refused(paper, decided(), "decided_already", "objection"), WrongState)


def test_no_decision_precedes_its_objection() -> None:
    paper = disclosing(*out(), objected())

    early = decided(at=LATER - timedelta(hours=1))
    refused(paper, early, "precedes_what_it_follows", "occurred_at")


def test_only_an_objection_to_this_disclosure_is_decided() -> None:
    paper = disclosing(*out())
    paper.accept(
        prepared(disclosure="disclosure-2"),
        reviewed(disclosure="disclosure-2"),
        published(disclosure="disclosure-2"),
        objected(disclosure="disclosure-2"),
    )

    for act in (decided(), decided(objection="objection-2")):
        refusal = refused(paper, act, "unknown_disclosure_objection", "objection")
        assert isinstance(refusal, UnknownReference)


def test_anybody_reports_a_leak_also_after_a_withdrawal() -> None:
    paper = disclosing(*out(), leak())
    refused(paper, leak(), "leak_exists", "leak")
    paper.accept(leak(OTHER_RESIDENT, leak="leak-2", details="可以认出一户人家"), withdrawn())

    early = leak(leak="leak-3", at=PREPARED)
    refused(paper, early, "precedes_what_it_follows", "occurred_at")
    paper.accept(leak(leak="leak-3", at=None))

    assert paper.states["leak:leak-2"].reported_by == OTHER_RESIDENT.principal
