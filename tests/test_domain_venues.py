"""Venues and points: hours, bookings that never overlap, and who inspects."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.requests.ratings import RatingTarget
from ledger.domain.services.venues import InspectionFinding, Opening, Place
from ledger.event import Actor
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.agents_acts import (
    AGENT,
    booked,
    closed_place,
    inspected,
    opened_place,
    rated,
    serving,
)
from tests.bank_acts import earlier
from tests.paper_ledger import PaperLedger
from tests.request_acts import COMMITTEE_2, STRANGER, UNIT, on, refused
from tests.strategies import examples
from tests.town import (
    COMMITTEE,
    COMMITTEE_B,
    COUNTY,
    HOTLINE,
    RESIDENT,
    SECRETARY,
    TOWN_CLERK,
    WATER,
)


def place(paper: PaperLedger) -> Place:
    found: Place = paper.states["place:place-1"]
    return found


def opening(weekday: int, start: int, end: int) -> Opening:
    return Opening(weekday=weekday, start_minute=start, end_minute=end)


# Opening and closing


def test_a_place_is_open_until_it_is_closed() -> None:
    paper = serving(opened_place())
    assert not place(paper).is_closed

    paper.accept(closed_place(SECRETARY))

    assert place(paper).is_closed
    for act in (booked(), inspected(), closed_place()):
        assert isinstance(refused(paper, act, "place_closed", "place"), WrongState)


def test_a_place_is_not_closed_before_the_last_act_there() -> None:
    paper = serving(opened_place())
    paper.at += timedelta(hours=2)
    paper.accept(inspected())

    early = earlier(closed_place(), paper, hours=1)

    refused(paper, early, "precedes_what_it_follows", "occurred_at")


def test_a_place_belongs_to_a_community_and_is_run_by_an_organisation() -> None:
    refused(serving(), opened_place(community="dept-water"), "wrong_organisation_type", "community")
    refused(serving(), opened_place(run_by="nobody"), "unknown_organisation", "run_by")
    refused(serving(), opened_place(COMMITTEE_2), "foreign_community", "community")
    refused(serving(), opened_place(WATER), "office_may_not")
    serving(opened_place(TOWN_CLERK, run_by="unit-1"))


def test_a_place_has_an_id_of_its_own() -> None:
    refused(serving(opened_place()), opened_place(), "place_exists", "place")


@pytest.mark.parametrize(
    "openings",
    [
        (opening(1, 480, 480),),
        (opening(1, 480, 720), opening(1, 700, 800)),
        (opening(2, 600, 700), opening(2, 500, 601)),
    ],
)
def test_hours_do_not_overlap_and_end_after_they_start(openings: tuple[Opening, ...]) -> None:
    refused(serving(), opened_place(openings=openings), "openings_overlap", "openings")


def test_hours_may_touch_and_may_be_those_of_several_days() -> None:
    hours = (opening(2, 0, 1440), opening(1, 480, 720), opening(1, 720, 800))

    serving(opened_place(openings=hours))


def test_what_was_never_opened_is_no_place() -> None:
    for act in (booked(), inspected(), closed_place()):
        refusal = refused(serving(), act, "unknown_place", "place")
        assert isinstance(refusal, UnknownReference)


# Bookings


@pytest.mark.parametrize("actor", [COMMITTEE, SECRETARY, UNIT])
def test_a_place_is_booked_by_the_community_and_its_guests(actor: Actor) -> None:
    paper = serving(opened_place(), booked(actor=actor))

    assert len(place(paper).slots) == 1


def test_residents_book_for_themselves_and_nobody_for_themselves_in_an_office() -> None:
    paper = serving(opened_place())
    for requester in (None, STRANGER.principal):
        other = booked(actor=RESIDENT, requester=requester)
        refused(paper, other, "not_the_requester", "requester")
    own = booked(requester=COMMITTEE.principal)
    refused(paper, own, "serves_oneself", "requester")

    paper.accept(booked(actor=RESIDENT, requester=RESIDENT.principal))


def test_bodies_of_another_community_do_not_book() -> None:
    refused(serving(opened_place()), booked(actor=COMMITTEE_2), "foreign_community", "place")


def test_a_booking_has_an_id_of_its_own() -> None:
    paper = serving(opened_place(), booked())

    refused(paper, booked(on(3, 4, 9), on(3, 4, 10)), "place_booking_exists", "booking")


def test_a_time_is_booked_once_and_the_next_begins_when_it_ends() -> None:
    paper = serving(opened_place(), booked())

    for start, end in (((9, 0), (10, 0)), ((9, 59), (10, 30)), ((8, 0), (9, 1)), ((8, 0), (12, 0))):
        double = booked(on(3, 3, *start), on(3, 3, *end), booking="booking-2")
        assert isinstance(refused(paper, double, "booked_already", "starts_at"), WrongState)

    paper.accept(
        booked(on(3, 3, 10), on(3, 3, 11), booking="booking-2"),
        booked(on(3, 3, 8), on(3, 3, 9), booking="booking-3"),
    )


def test_a_booking_ends_after_it_starts() -> None:
    nothing = booked(on(3, 3, 9), on(3, 3, 9))

    assert isinstance(
        refused(serving(opened_place()), nothing, "ends_before_it_starts", "ends_at"), Unacceptable
    )


def test_a_booking_is_made_before_it_starts() -> None:
    paper = serving(opened_place())
    paper.at = on(3, 3, 9, 30)

    refused(paper, booked(), "starts_in_the_past", "starts_at")
    paper.accept(earlier(booked(), paper, hours=1))


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (on(3, 3, 7, 59), on(3, 3, 9)),
        (on(3, 3, 11), on(3, 3, 12, 1)),
        (on(3, 3, 11), on(3, 3, 15)),
        (on(3, 7, 9), on(3, 7, 10)),
        (on(3, 3, 9), on(3, 4, 9)),
    ],
)
def test_a_booking_lies_within_the_hours(start: Any, end: Any) -> None:
    refused(serving(opened_place()), booked(start, end), "outside_the_hours", "starts_at")


def test_a_booking_may_fill_the_hours_up_to_midnight() -> None:
    paper = serving(opened_place(openings=(opening(2, 1080, 1440),)))

    paper.accept(booked(on(3, 3, 18), on(3, 4, 0)))

    assert len(place(paper).slots) == 1


@examples(50)
@given(st.lists(st.tuples(st.integers(0, 23), st.integers(1, 6)), max_size=10))
def test_no_moment_is_booked_twice(wishes: list[tuple[int, int]]) -> None:
    """Against a plain list of ten-minute cells, from eight to noon."""
    paper, taken = serving(opened_place()), set[int]()

    for number, (first, length) in enumerate(wishes):
        cells = set(range(first, first + length))
        start = on(3, 3, 8) + timedelta(minutes=10 * first)
        end = start + timedelta(minutes=10 * length)
        allowed = not cells & taken and max(cells) < 24
        proposal = booked(start, end, booking=f"booking-{number}")
        assert (paper.propose(proposal) is None) == allowed
        if allowed:
            taken |= cells


# Ratings


def test_a_place_is_rated_by_whoever_was_there_once_and_afterwards() -> None:
    paper = serving(opened_place(), booked(actor=RESIDENT, requester=RESIDENT.principal))
    rating = rated(RatingTarget.SERVICE_POINT, "booking-1")
    refused(paper, rating, "not_over", "target")
    paper.at = on(3, 3, 10)
    paper.accept(rating)

    refused(paper, rating, "already_rated", "target")


def test_a_place_is_not_rated_by_those_whose_it_is() -> None:
    paper = serving(opened_place(), booked(requester=RESIDENT.principal))
    paper.at = on(3, 3, 10)

    own = rated(RatingTarget.SERVICE_POINT, "booking-1", COMMITTEE)
    assert isinstance(refused(paper, own, "host_rates", "target"), Forbidden)
    stranger = rated(RatingTarget.SERVICE_POINT, "booking-1", STRANGER)
    refused(paper, stranger, "not_the_requester", "target")
    paper.accept(rated(RatingTarget.SERVICE_POINT, "booking-1", HOTLINE))


# Inspections


@pytest.mark.parametrize("actor", [TOWN_CLERK, COUNTY, WATER])
def test_a_place_is_inspected_by_those_who_do_not_run_it(actor: Actor) -> None:
    serving(opened_place(), inspected(actor))


@pytest.mark.parametrize("actor", [COMMITTEE, COMMITTEE_B])
def test_whoever_runs_a_place_does_not_inspect_it(actor: Actor) -> None:
    refusal = refused(serving(opened_place()), inspected(actor), "own_place", "place")

    assert isinstance(refusal, Forbidden)


def test_whoever_opened_a_place_does_not_inspect_it() -> None:
    paper = serving(opened_place(run_by="unit-1"))

    refused(paper, inspected(COMMITTEE), "own_place", "place")
    paper.accept(inspected(COMMITTEE_B))


def test_agents_do_not_inspect() -> None:
    refused(serving(opened_place()), inspected(AGENT), "office_may_not")


def test_an_inspection_names_what_is_to_be_put_right_and_nothing_else() -> None:
    paper = serving(opened_place())
    wrong = InspectionFinding.TO_BE_RECTIFIED

    for changes in ({"finding": wrong}, {"issues": ("extinguisher-expired",)}):
        refused(paper, inspected(**changes), "issues_contradict_finding", "issues")

    paper.accept(inspected(finding=wrong, issues=("extinguisher-expired",)))
