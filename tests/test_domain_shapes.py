"""What several areas share keeps its word: places, steps, promises."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ledger.clocks import TimeUnit, office_day
from ledger.domain.shapes.places import Places, no_place_for, without_place
from ledger.domain.shapes.promises import Promise, PromiseClock
from ledger.domain.shapes.steps import Steps, not_earlier, out_of_order
from ledger.refusals import Refusal


def names(refusal: Refusal | None, rule: str) -> None:
    """Asserts that it is a refusal under this rule, at the field that was given."""
    assert refusal is not None
    assert (refusal.rule, refusal.field) == (rule, "field")


class Step(Steps):
    """Three of them."""

    FIRST = "first"
    SECOND = "second"
    THIRD = "third"


@given(st.integers(1, 4), st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans())))
def test_claims_never_exceed_places(total: int, wishes: list[tuple[str, bool]]) -> None:
    places, held = Places(total), set[str]()

    for who, claims in wishes:
        if claims:
            refusal = no_place_for(places, who)
            assert (refusal is None) == (who not in held and len(held) < total)
            if refusal is None:
                places, held = places.claimed(who), held | {who}
        else:
            refusal = without_place(places, who)
            assert (refusal is None) == (who in held)
            places, held = places.vacated(who), held - {who}
        assert places == Places(total, frozenset(held))
        assert 0 <= places.free <= total


def test_steps_are_taken_in_their_order() -> None:
    for latest, following in ((None, Step.FIRST), (Step.FIRST, Step.SECOND), (Step.THIRD, None)):
        for wanted in Step:
            assert (out_of_order(latest, wanted) is None) == (wanted is following)


def test_each_step_but_the_first_has_one_before() -> None:
    assert [one.preceding for one in Step] == [None, Step.FIRST, Step.SECOND]


def test_what_was_not_taken_is_not_gone_back_to() -> None:
    assert not_earlier(Step.SECOND, Step.FIRST) is None
    assert not_earlier(Step.SECOND, Step.SECOND) is None
    assert not_earlier(Step.SECOND, Step.THIRD) is not None
    assert not_earlier(None, Step.FIRST) is not None


def test_a_promise_of_working_days_may_be_longer_than_one_of_hours() -> None:
    office = office_day(((480, 720), (840, 1080)))
    friday = datetime(2026, 3, 6, 2, tzinfo=UTC)
    day = Promise(amount=1, unit=TimeUnit.WORKING_DAYS)
    hours = Promise(amount=48, unit=TimeUnit.HOURS)

    assert day.is_longer_than(hours, friday, office, {})
    assert not hours.is_longer_than(day, friday, office, {})


OFFICE = office_day(((480, 720), (840, 1080)))
MONDAY = datetime(2026, 3, 2, 1, tzinfo=UTC)
"""Nine in the morning."""


def test_a_promise_may_outlast_another_at_some_hour_of_the_week() -> None:
    day = Promise(amount=1, unit=TimeUnit.WORKING_DAYS)
    hours = [Promise(amount=amount, unit=TimeUnit.HOURS) for amount in (89, 90, 4, 3)]

    # From Friday's midnight to Monday at six; from just before Monday's midnight to its close.
    assert [day.may_outlast(one, OFFICE) for one in hours] == [True, False, True, True]
    assert not day.may_outlast(day, OFFICE)
    assert hours[0].may_outlast(day, OFFICE)
    assert not hours[2].may_outlast(day, OFFICE)


def test_a_promise_stands_still_while_its_clock_does() -> None:
    hours = Promise(amount=10, unit=TimeUnit.HOURS)
    days = Promise(amount=2, unit=TimeUnit.WORKING_DAYS)
    clock = PromiseClock(MONDAY)
    assert clock.ends(hours, OFFICE, {}) == MONDAY + timedelta(hours=10)

    stopped = clock.stop(MONDAY + timedelta(hours=2)).stop(MONDAY + timedelta(hours=4))
    assert stopped.stopped_since == MONDAY + timedelta(hours=2)
    resumed = stopped.resume(MONDAY + timedelta(days=1, hours=2))

    assert resumed.ends(hours, OFFICE, {}) == MONDAY + timedelta(hours=34)
    # One working day of eight hours later: Wednesday's close became Thursday's.
    assert clock.ends(days, OFFICE, {}) == MONDAY + timedelta(days=2, hours=9)
    assert resumed.ends(days, OFFICE, {}) == MONDAY + timedelta(days=3, hours=9)


def test_a_clock_that_runs_is_not_resumed_and_no_stop_precedes_the_one_before() -> None:
    clock = PromiseClock(MONDAY)
    assert clock.resume(MONDAY) == clock

    once = clock.stop(MONDAY - timedelta(hours=1)).resume(MONDAY + timedelta(hours=1))
    again = once.stop(MONDAY).resume(MONDAY)

    assert once.stopped == ((MONDAY, MONDAY + timedelta(hours=1)),)
    assert again.stopped[1] == (MONDAY + timedelta(hours=1),) * 2


def test_each_refusal_names_rule_and_field() -> None:
    one = Places(1).claimed("a")

    names(no_place_for(one, "a", "field"), "claimed_already")
    names(no_place_for(one, "b", "field"), "full")
    names(without_place(one, "b", "field"), "not_claimed")
    names(out_of_order(Step.FIRST, Step.THIRD, "field"), "out_of_order")
    names(not_earlier(Step.FIRST, Step.THIRD, "field"), "not_taken_yet")
