"""Bookings at windows: one resident a time, within the hours, and closed once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.services.bookings import MAX_AHEAD, BookingOutcome, WindowBooking
from ledger.event import Actor
from ledger.refusals import Forbidden, UnknownReference, WrongState
from tests.bank_acts import earlier
from tests.paper_ledger import PaperLedger
from tests.request_acts import COMMITTEE_2, STRANGER, on, refused
from tests.strategies import examples
from tests.town import COMMITTEE, HOTLINE, RESIDENT, SECRETARY, TOWN_CLERK, WATER
from tests.windows_acts import booked, closed, opened, published, serving, window

KEPT, MISSED, CANCELLED = BookingOutcome


def booking(paper: PaperLedger) -> WindowBooking:
    found: WindowBooking = paper.states["window_booking:booking-1"]
    return found


@pytest.mark.parametrize("actor", [RESIDENT, COMMITTEE, SECRETARY, HOTLINE])
def test_a_time_is_booked_by_the_resident_or_for_them(actor: Actor) -> None:
    paper = serving(booked(actor=actor))

    assert len(window(paper).booked) == 1


@pytest.mark.parametrize("actor", [WATER, TOWN_CLERK])
def test_others_book_nothing(actor: Actor) -> None:
    refused(serving(), booked(actor=actor), "office_may_not")


def test_residents_book_for_themselves_and_nobody_for_themselves_in_an_office() -> None:
    refused(serving(), booked(actor=STRANGER), "not_the_requester", "requester")
    refused(serving(), booked(requester=COMMITTEE.principal), "serves_oneself", "requester")


def test_a_booking_has_an_id_of_its_own_and_names_whose_window_it_is() -> None:
    again = booked(on(3, 4, 9), on(3, 4, 10))
    refused(serving(booked()), again, "window_booking_exists", "booking")
    other = booked(community="committee-2")
    refused(serving(), other, "window_of_another_community", "community")


def test_a_time_is_booked_once_and_is_free_again_when_it_is_cancelled() -> None:
    paper = serving(booked())
    again: dict[str, Any] = {"booking": "booking-2"}

    for start, end in (((9, 0), (9, 30)), ((9, 29), (10, 0)), ((8, 0), (12, 0))):
        double = booked(on(3, 3, *start), on(3, 3, *end), **again)
        assert isinstance(refused(paper, double, "booked_already", "starts_at"), WrongState)

    paper.accept(booked(on(3, 3, 9, 30), on(3, 3, 10), booking="booking-3"))
    paper.accept(closed(), booked(**again))


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (on(3, 3, 7, 59), on(3, 3, 9)),
        (on(3, 3, 11), on(3, 3, 12, 1)),
        (on(3, 3, 11), on(3, 3, 15)),
        (on(3, 7, 9), on(3, 7, 10)),
        (on(5, 1, 9), on(5, 1, 10)),
    ],
)
def test_a_booking_lies_within_the_hours_of_a_working_day(start: Any, end: Any) -> None:
    refused(serving(), booked(start, end), "outside_the_hours", "starts_at")


def test_a_booking_is_made_before_it_begins_and_not_too_far_ahead() -> None:
    paper = serving()
    begun, far = on(3, 2, 9), on(3, 2, 9) + MAX_AHEAD + timedelta(days=4)

    for start in (begun, far):
        late = booked(start, start + timedelta(hours=1))
        refused(paper, late, "not_to_be_booked", "starts_at")


def test_a_booking_is_for_an_item_that_the_window_serves() -> None:
    paper = serving(opened(window="window-2"), published(windows=("window-1",)))

    refused(paper, booked(item="item-9"), "unknown_service_item", "item")
    elsewhere = booked(window="window-2", item="item-1")
    refused(paper, elsewhere, "not_at_this_window", "item")
    paper.accept(booked(item="item-1"))


# How it ends


def test_whether_somebody_came_is_said_once_it_has_begun() -> None:
    paper = serving(booked())
    for outcome in (KEPT, MISSED):
        refused(paper, closed(outcome), "not_begun", "outcome")
    paper.at = on(3, 3, 9)

    paper.accept(closed(MISSED))

    assert booking(paper).outcome is MISSED


def test_a_booking_is_cancelled_before_it_begins() -> None:
    paper = serving(booked())
    paper.accept(closed(actor=RESIDENT))
    assert (booking(paper).outcome, window(paper).booked) == (CANCELLED, ())

    begun = serving(booked())
    begun.at = on(3, 3, 9)
    refused(begun, closed(), "begun_already", "outcome")


@pytest.mark.parametrize("actor", [RESIDENT, HOTLINE])
def test_whether_somebody_came_is_said_at_the_window_alone(actor: Actor) -> None:
    paper = serving(booked())
    paper.at = on(3, 3, 9)

    for outcome in (KEPT, MISSED):
        refusal = refused(paper, closed(outcome, actor), "said_at_the_window", "outcome")
        assert isinstance(refusal, Forbidden)


def test_a_booking_is_closed_once_by_those_whom_it_concerns() -> None:
    paper = serving(booked())
    refused(paper, closed(actor=STRANGER), "not_the_requester", "booking")
    refused(paper, closed(actor=COMMITTEE_2), "foreign_community", "booking")
    unknown = refused(paper, closed(booking="booking-9"), "unknown_booking", "booking")
    assert isinstance(unknown, UnknownReference)

    paper.accept(closed())

    refused(paper, closed(), "booking_over", "booking")


def test_nobody_in_an_office_closes_a_booking_of_their_own() -> None:
    paper = serving(booked(actor=HOTLINE, requester=COMMITTEE.principal))

    refused(paper, closed(), "serves_oneself", "booking")


def test_a_booking_is_not_closed_before_it_was_made() -> None:
    paper = serving(booked())

    refused(paper, earlier(closed(), paper, hours=1), "precedes_what_it_follows", "occurred_at")


@examples(50)
@given(
    st.lists(st.tuples(st.integers(0, 23), st.integers(1, 6), st.booleans()), max_size=12),
)
def test_no_moment_of_a_window_is_booked_twice(wishes: list[tuple[int, int, bool]]) -> None:
    """Against a plain dict of ten-minute cells, from eight to noon; some bookings are cancelled."""
    paper, taken = serving(), dict[int, str]()

    for number, (first, length, is_cancelled) in enumerate(wishes):
        identity, cells = f"booking-{number}", set(range(first, first + length))
        start = on(3, 3, 8) + timedelta(minutes=10 * first)
        allowed = not cells & taken.keys() and max(cells) < 24
        act = booked(start, start + timedelta(minutes=10 * length), booking=identity)
        assert (paper.propose(act) is None) == allowed
        if allowed:
            taken |= dict.fromkeys(cells, identity)
        if allowed and is_cancelled:
            paper.accept(closed(booking=identity))
            taken = {cell: one for cell, one in taken.items() if one != identity}
    assert {one for one, _ in window(paper).booked} == set(taken.values())
