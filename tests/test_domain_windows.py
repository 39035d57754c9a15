"""Windows: A is never their own B, nobody covers who is not rostered, and each minute once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.rules.rules import OfficeHours
from ledger.domain.services.windows import MAX_LENGTH
from ledger.refusals import Unacceptable, UnknownReference, WrongState
from tests.bank_acts import earlier
from tests.request_acts import COMMITTEE_2, STRANGER, on, refused
from tests.strategies import examples
from tests.town import COMMITTEE_B, HOTLINE, SECRETARY, TOWN_CLERK, WATER
from tests.windows_acts import (
    A,
    B,
    booked,
    covered,
    off_hours,
    opened,
    rostered,
    serving,
    shift,
    window,
)

C = SECRETARY.principal


def hours(*spans: tuple[int, int]) -> tuple[OfficeHours, ...]:
    return tuple(OfficeHours(start_minute=start, end_minute=end) for start, end in spans)


# Windows


def test_a_window_is_opened_once_for_a_community_by_it_or_the_town() -> None:
    paper = serving(opened(TOWN_CLERK, window="window-2"))

    refused(paper, opened(), "window_exists", "window")
    refused(paper, opened(window="x", community="dept-water"), "wrong_organisation_type",
            "community")  # fmt: skip
    refused(paper, opened(COMMITTEE_2, window="x"), "foreign_community", "community")
    refused(paper, opened(HOTLINE, window="x"), "office_may_not")


@pytest.mark.parametrize(
    "spans", [((480, 480),), ((480, 720), (700, 800)), ((840, 1080), (480, 720))]
)
def test_hours_are_in_order_and_end_after_they_start(spans: Any) -> None:
    refused(serving(), opened(window="x", hours=hours(*spans)), "hours_overlap", "hours")


def test_what_was_never_opened_is_no_window() -> None:
    for act in (rostered, covered, off_hours, booked):
        refusal = refused(serving(), act(window="window-9"), "unknown_window", "window")
        assert isinstance(refusal, UnknownReference)


def test_nobody_acts_at_the_window_of_another_community() -> None:
    for act in (rostered, covered, off_hours, booked):
        refused(serving(), act(actor=COMMITTEE_2), "foreign_community", "window")


def test_nothing_happens_at_a_window_before_it_is_open() -> None:
    paper = serving()

    early = earlier(off_hours(), paper, hours=9)

    refused(paper, early, "precedes_what_it_follows", "occurred_at")


# Rosters


def test_a_roster_says_who_mans_the_window_until_another_replaces_it() -> None:
    paper = serving(rostered())
    middle = {"first_day": date(2026, 3, 10), "last_day": date(2026, 3, 11)}

    paper.accept(rostered(SECRETARY, **middle, shifts=(shift(a=B, b=C),)))

    on_days = [window(paper).roster_on(date(2026, 3, day)) for day in (2, 9, 10, 11, 12, 31)]
    assert [one and one.shifts[0].a for one in on_days] == [A, A, B, B, A, A]
    assert window(paper).roster_on(date(2026, 4, 1)) is None


def test_nobody_stands_in_for_themselves() -> None:
    for shifts in ((shift(b=A),), (shift(), shift(840, 1080, B, B))):
        refusal = refused(serving(), rostered(shifts=shifts), "a_is_b", "shifts")
        assert isinstance(refusal, Unacceptable)


@pytest.mark.parametrize("span", [(479, 720), (480, 721), (480, 1080), (720, 840), (0, 1440)])
def test_a_shift_lies_within_the_hours(span: tuple[int, int]) -> None:
    refused(serving(), rostered(shifts=(shift(*span),)), "outside_the_hours", "shifts")


@pytest.mark.parametrize(
    "spans",
    [((600, 600),), ((700, 600),), ((480, 600), (599, 720)), ((840, 1080), (480, 720))],
)
def test_one_mans_the_window_at_a_time(spans: tuple[tuple[int, int], ...]) -> None:
    shifts = tuple(shift(*span) for span in spans)

    refused(serving(), rostered(shifts=shifts), "shifts_overlap", "shifts")
    serving(rostered(shifts=(shift(480, 600), shift(600, 720, B, A))))


@pytest.mark.parametrize("one", ["nobody", STRANGER.principal])
def test_those_who_are_rostered_hold_an_office(one: str) -> None:
    refused(serving(), rostered(shifts=(shift(a=one),)), "not_in_office", "shifts")
    refused(serving(), rostered(shifts=(shift(b=one),)), "not_in_office", "shifts")
    serving(rostered(shifts=(shift(a=WATER.principal),)))


def test_no_roster_is_published_for_days_that_are_over() -> None:
    refused(serving(), rostered(first_day=date(2026, 3, 1)), "roster_of_the_past", "first_day")


@pytest.mark.parametrize("last_day", [date(2026, 3, 1), date(2026, 6, 3), date(9999, 12, 31)])
def test_a_roster_ends_after_it_begins_and_within_a_quarter(last_day: date) -> None:
    refused(serving(), rostered(last_day=last_day), "no_such_term", "last_day")
    serving(rostered(last_day=date(2026, 6, 2)), rostered(last_day=date(2026, 3, 2)))


# B for A


def test_b_stands_in_for_a() -> None:
    paper = serving(rostered(), covered())

    (absence,) = window(paper).absences
    assert (absence.starts_at, absence.ends_at) == (on(3, 2, 9), on(3, 2, 10))


def test_that_nobody_stood_in_is_told_too() -> None:
    paper = serving(rostered(), covered(covered_by=None))

    assert len(window(paper).absences) == 1


@pytest.mark.parametrize("somebody", ["nobody", C, A])
def test_nobody_covers_who_is_not_rostered_to(somebody: str) -> None:
    refusal = refused(
        serving(rostered()), covered(covered_by=somebody), "unrostered_cover", "covered_by"
    )

    assert isinstance(refusal, WrongState)


@pytest.mark.parametrize(
    "changes",
    [
        {"absent": B, "covered_by": A},
        {"starts_at": on(3, 2, 7, 59)},
        {"ends_at": on(3, 2, 12, 1)},
        {"starts_at": on(3, 2, 11), "ends_at": on(3, 2, 15)},
        {"starts_at": on(3, 7, 9), "ends_at": on(3, 7, 10)},
        {"starts_at": on(4, 1, 9), "ends_at": on(4, 1, 10)},
    ],
)
def test_only_who_is_on_duty_is_stood_in_for(changes: dict[str, Any]) -> None:
    refused(serving(rostered()), covered(**changes), "not_on_duty", "absent")
    refused(serving(), covered(), "not_on_duty", "absent")


def test_an_absence_is_told_once() -> None:
    paper = serving(rostered(), covered())

    for start, end in ((9, 10), (8, 12)):
        again = covered(on(3, 2, start), on(3, 2, end), covered_by=None)
        refused(paper, again, "told_already", "starts_at")
    paper.accept(covered(on(3, 2, 10), on(3, 2, 12)), covered(on(3, 3, 9), on(3, 3, 10)))


@pytest.mark.parametrize("act", [covered, off_hours, booked])
@pytest.mark.parametrize("length", [timedelta(), -timedelta(hours=1), MAX_LENGTH * 1.01])
def test_a_time_at_a_window_ends_after_it_starts_and_within_a_day(
    act: Any, length: timedelta
) -> None:
    start = on(3, 2, 9)

    refused(serving(rostered()), act(start, start + length), "no_such_length", "ends_at")


@pytest.mark.parametrize("act", [covered, off_hours, booked])
@pytest.mark.parametrize("away", [93, -93, 365 * 1000])
def test_nothing_is_entered_a_quarter_too_late_or_too_early(act: Any, away: int) -> None:
    start = on(3, 2, 9) + timedelta(days=away)

    far = act(start, start + timedelta(hours=1))

    refused(serving(rostered()), far, "too_far_from_now", "starts_at")


def test_what_nothing_can_refer_to_any_more_is_forgotten() -> None:
    paper = serving(rostered(), covered(), off_hours(), booked())
    paper.at += timedelta(days=200)

    paper.accept(
        rostered(first_day=date(2026, 9, 18), last_day=date(2026, 9, 30), shifts=(shift(),))
    )

    kept = window(paper)
    assert (len(kept.rosters), kept.absences, kept.off_hours, kept.booked) == (1, (), (), ())


# Service outside the hours


def test_a_window_serves_outside_its_hours_at_noon_and_on_days_of_rest() -> None:
    paper = serving(off_hours())
    paper.at = on(3, 2, 20)

    paper.accept(
        off_hours(on(3, 2, 12), on(3, 2, 14)), off_hours(on(3, 2, 18), on(3, 2, 20), COMMITTEE_B)
    )

    assert len(window(paper).off_hours) == 3


def test_what_lies_within_the_hours_is_no_extra_service() -> None:
    paper = serving()
    paper.at = on(3, 2, 20)

    for start, end in (((8, 0), (9, 0)), ((11, 59), (14, 0)), ((13, 0), (14, 1))):
        usual = off_hours(on(3, 2, *start), on(3, 2, *end))
        refused(paper, usual, "within_the_hours", "starts_at")


def test_a_worked_saturday_is_no_day_of_rest() -> None:
    paper = serving()
    paper.at = on(5, 9, 20)

    refused(paper, off_hours(on(5, 9, 9), on(5, 9, 10)), "within_the_hours", "starts_at")
    paper.accept(off_hours(on(5, 4, 9), on(5, 4, 10)))


def test_extra_service_is_told_once_and_afterwards() -> None:
    paper = serving(off_hours())

    refused(paper, off_hours(on(3, 1, 10), on(3, 1, 12)), "told_already", "starts_at")
    later = off_hours(on(3, 2, 12), on(3, 2, 13))
    refused(paper, later, "not_over", "ends_at")


@examples(40)
@given(st.lists(st.tuples(st.integers(0, 28), st.integers(1, 8), st.booleans()), max_size=10))
def test_no_minute_of_a_shift_is_told_twice(wishes: list[tuple[int, int, bool]]) -> None:
    """Against a plain set of ten-minute cells, from eight to noon."""
    paper, told = serving(rostered()), set[int]()

    for first, length, is_covered in wishes:
        cells = set(range(first, first + length))
        start = on(3, 2, 8) + timedelta(minutes=10 * first)
        end = start + timedelta(minutes=10 * length)
        allowed = max(cells) < 24 and not cells & told
        act = covered(start, end, covered_by=B if is_covered else None)
        assert (paper.propose(act) is None) == allowed
        if allowed:
            told |= cells
