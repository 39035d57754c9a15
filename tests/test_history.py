"""A row event by event, the board as of any moment, and what changed: as the fold itself has it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.event import Recorded
from projections.all import ALL
from projections.folding import fold
from projections.history import (
    Unanswerable,
    Until,
    board_as_of,
    differences,
    key_of,
    known_at,
    moment_at,
    moment_of,
    steps,
    view_of,
)
from tests.test_rebuild import long_life


def history(position: int) -> list[Recorded]:
    return [one for one in long_life().history if one.position <= position]


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_a_row_step_by_step_ends_as_the_fold_has_it(data: st.DataObject) -> None:
    store = long_life().store()
    projection = data.draw(st.sampled_from(ALL))
    position = data.draw(st.integers(1, store.size()))
    folded = fold(projection, history(position))
    for view in projection.rows:
        rows = {**folded.rows.get(view.table, {}), **folded.rows.get(f"{view.table}_withheld", {})}
        if not rows:
            continue
        key = data.draw(st.sampled_from(sorted(rows, key=repr)))

        made = list(steps(store, view, key, Until(position)))

        assert made[-1].after == rows[key]
        assert [one.before for one in made] == [None, *(one.after for one in made[:-1])]
        assert all(one.before != one.after for one in made)


def test_every_row_of_a_life_is_explained_by_its_own_events() -> None:
    """Whoever adds a view whose key names a tag that its events do not carry learns it here."""
    store = long_life().store()
    for projection in ALL:
        folded = fold(projection, long_life().history)
        for view in projection.rows:
            for table in (view.table, f"{view.table}_withheld"):
                for key, row in list(folded.rows.get(table, {}).items())[:8]:
                    made = list(steps(store, view, key, Until(store.size())))
                    assert made, (view.table, key)
                    assert made[-1].after == row, (view.table, key)


@pytest.mark.parametrize("projection", ALL, ids=lambda one: one.name)
def test_the_board_as_of_a_position_is_the_fold_up_to_it(projection: object) -> None:
    store = long_life().store()
    assert projection in ALL
    for position in (1, store.size() // 3, store.size()):
        (one,) = (found for found in ALL if found is projection)

        assert board_as_of(store, one, Until(position)) == fold(one, history(position))


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_differences_lead_from_one_moment_to_the_other(data: st.DataObject) -> None:
    store = long_life().store()
    projection = data.draw(st.sampled_from(ALL))
    earlier = data.draw(st.integers(1, store.size()))
    later = data.draw(st.integers(earlier, store.size()))
    before, after = (fold(projection, history(position)) for position in (earlier, later))

    found = list(differences(store, projection, Until(earlier), Until(later)))

    for view in projection.rows:
        tables = (view.table, f"{view.table}_withheld")
        was, became = (
            {key: row for table in tables for key, row in one.rows.get(table, {}).items()}
            for one in (before, after)
        )
        of_view = [one for one in found if one.view == view.table]
        assert {one.key for one in of_view} == {
            key for key in {*was, *became} if was.get(key) != became.get(key)
        }
        for one in of_view:
            assert (one.before, one.after) == (was.get(one.key), became.get(one.key))
            assert one.positions
            assert all(earlier < position <= later for position in one.positions)


def test_what_is_known_now_of_a_time_leaves_out_what_happened_later() -> None:
    store = long_life().store()
    when = long_life().history[store.size() // 2].occurred_at
    for projection in ALL:
        kept = [one for one in long_life().history if one.occurred_at <= when]

        assert board_as_of(store, projection, known_at(store, when)) == fold(projection, kept)


def test_a_time_stands_for_what_had_been_recorded_by_then() -> None:
    store, events = long_life().store(), long_life().history
    middle = events[store.size() // 2]

    found = moment_at(store, middle.recorded_at)

    assert found.position == max(
        one.position for one in events if one.recorded_at <= middle.recorded_at
    )
    with pytest.raises(Unanswerable, match="nothing had been recorded"):
        moment_at(store, events[0].recorded_at - timedelta(microseconds=1))


def test_what_is_not_there_is_named_with_what_is() -> None:
    store = long_life().store()
    _, account = view_of("points_account")
    _, goods = view_of("donated_goods")

    with pytest.raises(Unanswerable, match="points_account"):
        view_of("points")
    with pytest.raises(Unanswerable, match="donation, item"):
        key_of(goods, ["donation-1"])
    with pytest.raises(Unanswerable, match="invalid literal"):
        key_of(view_of("fund_movement")[1], ["first"])
    with pytest.raises(Unanswerable, match=f"1 to {store.size()}"):
        moment_of(store, store.size() + 1)
    with pytest.raises(Unanswerable):
        moment_of(store, 0)
    assert list(steps(store, account, key_of(account, ["account-unheard-of"]), Until(9))) == []
