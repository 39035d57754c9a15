"""Corrections and withdrawals: seen by readers, for a stated reason, reviewed like the first."""

from __future__ import annotations

from datetime import date

import pytest

from ledger.domain.disclosure.corrections import Ground
from ledger.event import Actor
from ledger.refusals import Forbidden, Unacceptable, WrongState
from tests.disclosure_acts import (
    COMMITTEE_2,
    LATER,
    corrected,
    decided,
    disclosing,
    figures,
    objected,
    of_community,
    out,
    prepared,
    published,
    reviewed,
    second_draft,
    state,
    withdrawn,
)
from tests.request_acts import refused
from tests.town import COMMITTEE, COMMITTEE_B, COUNTY, TOWN_CLERK


def test_a_correction_takes_the_place_of_what_was_published() -> None:
    paper = disclosing(*out(), *second_draft(), corrected())

    assert state(paper).published == corrected().event.fixed  # type: ignore[attr-defined]
    assert state(paper).draft is None


def test_a_correction_is_reviewed_like_the_first() -> None:
    paper = disclosing(*out())
    refused(paper, corrected(), "not_reviewed", "disclosure")
    paper.accept(second_draft()[0])

    refused(paper, corrected(), "not_reviewed", "disclosure")


def test_other_figures_than_the_reviewed_ones_correct_nothing() -> None:
    paper = disclosing(*out(), *second_draft())

    refused(paper, corrected(**figures("third")), "not_as_reviewed", "project")


def test_the_same_figures_correct_nothing() -> None:
    paper = disclosing(*out(), prepared(at=LATER, size=6), reviewed(at=LATER))

    refusal = refused(paper, corrected(**figures(size=6)), "nothing_changed", "evaluation")

    assert isinstance(refusal, Unacceptable)


def test_what_is_not_published_is_neither_corrected_nor_withdrawn() -> None:
    paper = disclosing(prepared(), reviewed())

    for act in (corrected(), withdrawn()):
        assert isinstance(refused(paper, act, "not_published", "disclosure"), WrongState)


def test_an_upheld_objection_is_a_ground() -> None:
    paper = disclosing(*out(), objected(), decided(), *second_draft())

    of_none = corrected(ground=Ground.OBJECTION_UPHELD)
    refused(paper, of_none, "objection_not_upheld", "objection")
    of_another = corrected(ground=Ground.OBJECTION_UPHELD, objection="objection-2")
    assert refused(paper, of_another, "objection_not_upheld", "objection").accepted == "objection-1"
    unsaid = corrected(objection="objection-1")
    refused(paper, unsaid, "objection_without_its_ground", "objection")
    paper.accept(corrected(ground=Ground.OBJECTION_UPHELD, objection="objection-1"))


def test_an_objection_that_was_dismissed_is_no_ground() -> None:
    paper = disclosing(*out(), objected(), decided(is_upheld=False), *second_draft())

    of_it = corrected(ground=Ground.OBJECTION_UPHELD, objection="objection-1")
    refused(paper, of_it, "objection_not_upheld", "objection")


@pytest.mark.parametrize("actor", [COMMITTEE, TOWN_CLERK, COUNTY])
def test_the_discloser_the_town_and_the_county_withdraw(actor: Actor) -> None:
    paper = disclosing(of_community(), reviewed(COMMITTEE_B), published(COMMITTEE))

    assert isinstance(refused(paper, withdrawn(COMMITTEE_2), "another_bodys_disclosure"), Forbidden)
    paper.accept(withdrawn(actor))

    assert state(paper).is_withdrawn


def test_only_the_discloser_corrects() -> None:
    paper = disclosing(of_community(), reviewed(COMMITTEE_B), published(COMMITTEE))
    paper.accept(
        of_community(at=LATER, **figures("second"), formed_on=date(2026, 3, 3)),
        reviewed(COMMITTEE_B, at=LATER),
    )

    refused(paper, corrected(TOWN_CLERK), "another_bodys_disclosure")
    paper.accept(corrected(COMMITTEE))
