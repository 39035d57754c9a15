"""Ratings of joint projects: by residents, each once, when there is something to judge."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ledger.domain.requests.ratings import PoorRatingRectified, PoorRatingVerified, RatingTarget
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, WrongState
from tests.cooperation_acts import accepted, completed, in_progress, rated, town
from tests.request_acts import STRANGER, refused
from tests.town import COMMITTEE, HOTLINE, RESIDENT, WATER


def test_each_resident_rates_a_completed_project_once() -> None:
    paper = town(*in_progress(), completed(), rated())

    refusal = refused(paper, rated(), "rated_by_them", "target")

    assert isinstance(refusal, WrongState)
    paper.accept(rated(STRANGER), accepted())
    assert paper.states["project:project-1"].rated_by == {RESIDENT.principal, STRANGER.principal}


def test_a_project_is_rated_once_it_is_completed() -> None:
    paper = town(*in_progress())

    assert isinstance(refused(paper, rated(), "not_completed", "target"), WrongState)
    refused(paper, rated(target="project-x"), "unknown_service", "target")
    paper.accept(completed())
    early = rated()
    early.occurred_at = paper.at - timedelta(days=1)
    refused(paper, early, "precedes_what_it_follows", "occurred_at")


def test_a_project_is_rated_by_residents_themselves_and_without_a_comment() -> None:
    paper = town(*in_progress(), completed())

    by_clerk = refused(paper, rated(COMMITTEE), "not_a_resident", "target_type")
    with_words = rated(comment="很好")
    worded = refused(paper, with_words, "comment_on_a_project", "comment")

    assert isinstance(by_clerk, Forbidden)
    assert isinstance(worded, Unacceptable)


def test_what_comes_of_a_poor_rating_is_told_of_requests_alone() -> None:
    of: dict[str, Any] = {"target_type": RatingTarget.PROJECT, "target": "project-1"}
    paper = town(*in_progress(), completed(), rated())

    for proposal in (
        Proposal(PoorRatingVerified(**of, founded=True), HOTLINE),
        Proposal(PoorRatingRectified(**of, measures="…", requester_informed=True), WATER),
    ):
        refused(paper, proposal, "rated_once", "target_type")
