"""The handler's term, against a slow walk over the minutes, and by example."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.clocks import TimeUnit, office_day
from ledger.domain.rules.rules import Deadline, Grade, Pack, Step, governing, successive
from ledger.domain.rules.terms import (
    HandlerClock,
    Term,
    calendar_tags,
    handler_term,
    handler_time,
    open_handler_term,
    open_step_term,
    step_term,
    supervision_due,
)
from tests import slow_clocks
from tests.slow_clocks import Terms, Town
from tests.strategies import examples
from tests.test_clocks import CALENDARS, HOURS, TOWN, moments, office_hours, shanghai, towns

SINCE = datetime(2000, 1, 1, tzinfo=UTC)
DAYS, HOURLY = TimeUnit.WORKING_DAYS, TimeUnit.HOURS


def pack(
    amount: int,
    unit: TimeUnit = DAYS,
    *,
    version: int = 1,
    since: datetime = SINCE,
    open_cases: bool = False,
    hours: tuple[tuple[int, int], ...] = HOURS,
) -> Pack:
    """A pack with one term for all grades, which is supervised a working day past it."""
    deadlines = (
        Deadline(step=Step.REQUEST_ANSWERED, amount=amount, unit=unit),
        Deadline(step=Step.REQUEST_SUPERVISED, amount=1, unit=DAYS),
        Deadline(step=Step.WHISTLE_HANDLED, amount=amount, unit=unit),
    )
    return Pack(version, since, open_cases, deadlines, office_day(hours))


def clock(start: datetime, *stopped: tuple[datetime, datetime]) -> HandlerClock:
    """A running clock that stood still in these spans."""
    return HandlerClock(start, Grade.ORDINARY, stopped=stopped)


def due(one: HandlerClock, *packs: Pack) -> datetime | None:
    """When the open term ends."""
    return open_handler_term(one, packs, CALENDARS).due_at


TERMS = st.one_of(
    st.tuples(st.integers(1, 60), st.just(TimeUnit.HOURS)),
    st.tuples(st.integers(1, 12), st.just(TimeUnit.WORKING_HOURS)),
    st.tuples(st.integers(1, 4), st.just(TimeUnit.WORKING_DAYS)),
)


@st.composite
def clocks(draw: st.DrawFn, town: Town) -> HandlerClock:
    """Clocks that stood still up to three times, before or after the term had run."""
    one = HandlerClock(draw(moments(town)), Grade.ORDINARY, draw(st.integers(0, 2)))
    at = one.started_at
    for _ in range(draw(st.integers(0, 3))):
        for act in (HandlerClock.stop, HandlerClock.resume):
            after = draw(st.one_of(st.integers(0, 90), st.integers(0, 2 * 1440)))
            at += timedelta(minutes=after, microseconds=draw(st.sampled_from((0, 0, 1))))
            one = act(one, at)
    return one


@examples(40)
@given(st.data(), towns(), TERMS)
def test_a_handlers_term_ends_with_the_first_minute_at_which_all_of_it_has_run(
    data: st.DataObject, town: Town, term: tuple[int, TimeUnit]
) -> None:
    one = data.draw(clocks(town))
    rules = pack(*term, hours=town.hours)

    found = open_handler_term(one, (rules,), town.calendars)

    slow = slow_clocks.handler_term(town, one, (Terms(*term, town.hours, SINCE),))
    assert found.due_at == slow
    assert found.provisional is _is_provisional(town, one, term[1], slow)
    assert found.pack_version == 1
    assert handler_term(one, (rules,), town.calendars, data.draw(moments(town))) == found


def _is_provisional(town: Town, one: HandlerClock, unit: TimeUnit, end: datetime) -> bool:
    """Whether a day that tells lies in a year without a calendar."""
    if not unit.is_working_time:
        return False
    counted_from = one.started_at + (slow_clocks.DAY if unit is DAYS else timedelta())
    spans = [(counted_from, end), *(span for span in one.stopped if span[0] < end)]
    return any(
        town.is_guessed(
            *slow_clocks.days_between(slow_clocks.day_of(start), slow_clocks.last_day_of(stop))
        )
        for start, stop in spans
    )


@examples(40)
@given(st.data(), towns(), TERMS)
def test_what_a_handler_has_used_is_what_ran_minute_by_minute(
    data: st.DataObject, town: Town, term: tuple[int, TimeUnit]
) -> None:
    one = data.draw(clocks(town))
    until = one.started_at + timedelta(minutes=data.draw(st.integers(0, 4 * 1440)))
    if data.draw(st.booleans()):
        one = one.stop(until - timedelta(minutes=data.draw(st.integers(0, 1440))))
    rules = pack(*term, hours=town.hours)

    used = handler_time(one, (rules,), town.calendars, until)

    assert used.time == slow_clocks.handler_time(town, one, term[1], until)


@st.composite
def successions(draw: st.DrawFn, start: datetime) -> list[Terms]:
    """One to three packs, the first in force at the start, the others from dates after it."""
    packs, since = [Terms(*draw(TERMS), draw(office_hours()), SINCE)], start
    for _ in range(draw(st.integers(0, 2))):
        since += timedelta(minutes=draw(st.integers(1, 3 * 1440)))
        packs.append(Terms(*draw(TERMS), draw(office_hours()), since))
    return packs


@examples(25)
@given(st.data(), towns())
def test_packs_that_apply_to_open_cases_end_a_term_as_each_rules_in_its_time(
    data: st.DataObject, town: Town
) -> None:
    one = data.draw(clocks(town))
    terms = data.draw(successions(one.started_at))
    packs = tuple(
        pack(
            each.amount,
            each.unit,
            version=index + 1,
            since=each.effective_from,
            open_cases=True,
            hours=each.hours,
        )
        for index, each in enumerate(terms)
    )

    end = due_under(one, packs, town)

    assert end == slow_clocks.handler_term(town, one, terms)


def due_under(one: HandlerClock, packs: tuple[Pack, ...], town: Town) -> datetime | None:
    """When the open term ends, in that town."""
    return open_handler_term(one, packs, town.calendars).due_at


@examples(100)
@given(st.data(), towns())
def test_an_answer_is_in_time_by_the_packs_of_its_day_if_it_is_by_all_that_follow(
    data: st.DataObject, town: Town
) -> None:
    start = data.draw(moments(town))
    packs = tuple(
        pack(
            each.amount,
            each.unit,
            version=index + 1,
            since=each.effective_from,
            open_cases=data.draw(st.booleans()),
            hours=each.hours,
        )
        for index, each in enumerate(data.draw(successions(start)))
    )
    answered_at = start + timedelta(minutes=data.draw(st.integers(0, 6 * 1440)))
    answered = clock(start).stop(answered_at)

    then = handler_term(answered, packs, town.calendars, answered_at).due_at
    open_, running = due_under(answered, packs, town), due_under(clock(start), packs, town)

    assert then is not None
    assert open_ is not None
    assert running is not None
    assert (answered_at <= then) is (answered_at <= open_) is (answered_at <= running)


def test_a_pause_over_an_adjusted_weekend_moves_the_end_to_the_minute() -> None:
    # Dispatched on Wednesday, 11 February; Saturday 14 is worked, free days from 15 to 23.
    start = shanghai(2, 11, 10)
    paused = (shanghai(2, 13, 16, 45), shanghai(2, 24, 9, 20))

    assert due(clock(start), pack(3)) == shanghai(2, 14, 18)
    # Still for 1:15 on Friday, 8:00 on Saturday and 1:20 on Tuesday the 24th.
    assert due(clock(start, paused), pack(3)) == shanghai(2, 25, 10, 35)


def test_a_term_in_hours_stands_still_as_time_passes() -> None:
    paused = (shanghai(3, 2, 10), shanghai(3, 3, 11, 30))

    assert due(clock(shanghai(3, 2, 9), paused), pack(24, HOURLY)) == shanghai(3, 4, 10, 30)


def test_a_pause_outside_the_office_hours_moves_nothing() -> None:
    night = (shanghai(3, 3, 18), shanghai(3, 4, 8))

    assert due(clock(shanghai(3, 2, 9), night), pack(3)) == shanghai(3, 5, 18)


def test_the_reviewers_time_does_not_end_a_term_that_has_ended() -> None:
    start = shanghai(3, 2, 9)
    in_time = (shanghai(3, 4, 17), shanghai(3, 6, 17))
    late = (shanghai(3, 5, 9), shanghai(3, 9, 9))

    assert due(clock(start), pack(2)) == shanghai(3, 4, 18)
    # An answer an hour before the end is sent back after two days: an hour is left.
    assert due(clock(start, in_time), pack(2)) == shanghai(3, 6, 18)
    # An answer after the end is sent back: it has been late since the end.
    assert due(clock(start, late), pack(2)) == shanghai(3, 4, 18)


def test_an_extension_is_added_before_the_pauses() -> None:
    start, paused = shanghai(3, 2, 9), (shanghai(3, 3, 14), shanghai(3, 3, 16))

    longer = clock(start, paused)._replace(extension=2)

    assert due(longer, pack(2)) == shanghai(3, 9, 10)


def test_a_clock_that_stands_still_uses_nothing_and_is_not_supervised() -> None:
    start, packs = shanghai(3, 2, 9), (pack(2),)
    stopped = clock(start).stop(shanghai(3, 3, 9))

    used = handler_time(stopped, packs, CALENDARS, shanghai(3, 20, 9))

    assert used.time == timedelta(hours=8)
    assert supervision_due(stopped, packs, CALENDARS) is None
    assert supervision_due(clock(start), packs, CALENDARS) == shanghai(3, 5, 18)


def test_a_clock_stopped_or_resumed_again_is_as_it_was() -> None:
    start = shanghai(3, 2, 9)
    stopped = clock(start).stop(shanghai(3, 2, 10))

    assert clock(start).resume(shanghai(3, 2, 10)) == clock(start)
    assert stopped.stop(shanghai(3, 2, 11)) == stopped


def test_times_by_a_clock_that_ran_ahead_leave_the_spans_in_order() -> None:
    start, minute = shanghai(3, 2, 9), timedelta(minutes=1)

    one = clock(start).stop(start - minute).resume(start + 2 * minute)
    one = one.stop(start + minute).resume(start)

    assert one.stopped == (
        (start, start + 2 * minute),
        (start + 2 * minute, start + 2 * minute),
    )


def test_a_case_keeps_the_pack_under_which_it_was_dispatched() -> None:
    start, later = shanghai(3, 2, 9), shanghai(3, 4, 0)
    packs = (pack(5), pack(1, version=2, since=later))

    term = open_handler_term(clock(start), packs, CALENDARS)

    assert term == Term(shanghai(3, 9, 18), provisional=False, pack_version=1)
    assert open_handler_term(clock(later), packs, CALENDARS).pack_version == 2


@pytest.mark.parametrize(
    ("amount", "end"),
    [
        (10, shanghai(3, 16, 18)),  # longer from now on
        (3, shanghai(3, 5, 18)),  # shorter, and still to come
        (1, shanghai(3, 4, 12)),  # shorter than what has passed: it ends with the date of effect
    ],
)
def test_a_pack_for_open_cases_rules_from_its_date_of_effect_on(amount: int, end: datetime) -> None:
    start, later = shanghai(3, 2, 9), shanghai(3, 4, 12)
    packs = (pack(5), pack(amount, version=2, since=later, open_cases=True))
    before, after = later - timedelta(seconds=1), later + timedelta(days=30)

    assert due(clock(start), *packs) == end
    assert handler_term(clock(start), packs, CALENDARS, after).due_at == end
    assert handler_term(clock(start), packs, CALENDARS, before).due_at == shanghai(3, 9, 18)


def test_a_term_that_has_ended_does_not_begin_anew_under_a_longer_one() -> None:
    start, later = shanghai(3, 2, 9), shanghai(3, 9)
    packs = (pack(2), pack(30, version=2, since=later, open_cases=True))

    term = handler_term(clock(start), packs, CALENDARS, later + timedelta(days=1))

    assert term == Term(shanghai(3, 4, 18), provisional=False, pack_version=1)


def test_a_clock_that_stands_still_as_a_pack_comes_into_force_has_not_ended() -> None:
    start, later = shanghai(3, 2, 9), shanghai(3, 9)
    packs = (pack(2), pack(10, version=2, since=later, open_cases=True))

    stopped = clock(start).stop(shanghai(3, 4, 12))

    assert open_handler_term(stopped, packs, CALENDARS).pack_version == 2


def test_a_pack_that_was_replaced_before_its_date_of_effect_never_rules() -> None:
    start = shanghai(3, 2, 9)
    replaced = pack(1, version=2, since=shanghai(3, 10), open_cases=True)
    packs = (pack(15), replaced, pack(3, version=3, since=shanghai(3, 5)))

    assert successive(packs, start) == packs[:1]
    assert governing(packs, start, shanghai(3, 20)) == packs[0]


def test_a_later_version_with_an_earlier_date_of_effect_replaces_the_one_before() -> None:
    packs = (pack(5), pack(4, version=2, since=shanghai(3, 1)), pack(3, version=3, since=SINCE))

    assert successive(packs, shanghai(3, 2)) == packs[2:]


def test_without_a_pack_there_is_no_term_and_time_is_counted_as_it_passes() -> None:
    start = shanghai(3, 2, 9)
    to_come = (pack(5, since=shanghai(4, 1)),)

    assert open_handler_term(clock(start), to_come, CALENDARS) == Term()
    assert step_term(to_come, CALENDARS, Step.WHISTLE_HANDLED, start) == Term()
    assert supervision_due(clock(start), to_come, CALENDARS) is None
    used = handler_time(clock(start), to_come, CALENDARS, start + timedelta(days=2))
    assert used.time == timedelta(days=2)


def test_a_pack_for_open_cases_gives_a_term_to_what_had_none() -> None:
    start, later = shanghai(3, 2, 9), shanghai(3, 9)
    packs = (pack(3, version=1, since=later, open_cases=True),)

    assert due(clock(start), *packs) == later


def test_a_step_for_which_the_pack_sets_no_term_has_none() -> None:
    term = step_term((pack(3),), CALENDARS, Step.CALLED_BACK, shanghai(3, 2, 9))

    assert term == Term(pack_version=1)


def test_an_open_step_follows_the_packs_as_a_handlers_term_does() -> None:
    start = shanghai(3, 2, 9)
    packs = (pack(5), pack(1, version=2, since=shanghai(3, 4, 12), open_cases=True))

    open_ = open_step_term(packs, CALENDARS, Step.WHISTLE_HANDLED, start)
    begun = step_term(packs, CALENDARS, Step.WHISTLE_HANDLED, start)

    assert (open_.due_at, open_.pack_version) == (shanghai(3, 4, 12), 2)
    assert (begun.due_at, begun.pack_version) == (shanghai(3, 9, 18), 1)


def test_the_deadline_of_the_grade_comes_before_the_one_for_all() -> None:
    both = pack(5)._replace(
        deadlines=(
            Deadline(step=Step.RETURN_RULED, amount=1, unit=DAYS),
            Deadline(
                step=Step.RETURN_RULED, grade=Grade.EMERGENCY, amount=30, unit=TimeUnit.MINUTES
            ),
        )
    )
    start = shanghai(3, 2, 9)

    def ruled(grade: Grade) -> datetime | None:
        return step_term((both,), CALENDARS, Step.RETURN_RULED, start, grade).due_at

    assert ruled(Grade.EMERGENCY) == shanghai(3, 2, 9, 30)
    assert ruled(Grade.ORDINARY) == shanghai(3, 3, 18)


def test_a_decision_reads_the_calendars_that_the_whole_of_a_term_may_reach() -> None:
    new_year = shanghai(1, 1, 7).astimezone(UTC)  # 2025 still

    assert calendar_tags(new_year) == ("calendar:2025", "calendar:2026")
    assert calendar_tags(new_year, shanghai(5, 1, year=2027).astimezone(UTC)) == tuple(
        f"calendar:{year}" for year in range(2025, 2029)
    )


def test_the_town_of_these_tests_has_the_announced_calendars() -> None:
    assert sorted(TOWN.years) == list(range(2020, 2027))
