"""No small cell is told by what is shown: found by trying every table that would look the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from projections.suppression import MIN_CASES, Cell, suppressed

ROWS, COLUMNS = "abcd", "wxyz"
COUNTS = st.sampled_from((0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 9))
TABLES = st.tuples(st.integers(1, 4), st.integers(1, 4)).flatmap(
    lambda size: st.fixed_dictionaries(
        dict.fromkeys(product(ROWS[: size[0]], COLUMNS[: size[1]]), COUNTS)
    )
)


def margins(table: Mapping[Cell, int]) -> dict[tuple[int, str], int]:
    sums: dict[tuple[int, str], int] = {}
    for cell, count in table.items():
        for axis in (0, 1):
            sums[axis, cell[axis]] = sums.get((axis, cell[axis]), 0) + count
    return sums


def alike(table: Mapping[Cell, int], hidden: list[Cell]) -> Iterator[dict[Cell, int]]:
    """Every table with the same margins and the same cells but for the hidden ones."""
    shown = {cell: count for cell, count in table.items() if cell not in hidden}
    whole, known = margins(table), margins({**shown, **dict.fromkeys(hidden, 0)})
    left = {line: whole[line] - known[line] for line in whole}
    last = {(axis, cell[axis]): cell for cell in hidden for axis in (0, 1)}

    def fill(number: int, found: dict[Cell, int]) -> Iterator[dict[Cell, int]]:
        if number == len(hidden):
            yield {**shown, **found}
            return
        cell = hidden[number]
        row, column = (0, cell[0]), (1, cell[1])
        room = min(left[row], left[column])
        closing = [left[line] for line in (row, column) if last[line] == cell]
        for count in {*closing} if closing else range(room + 1):
            if count > room or any(count != one for one in closing):
                continue
            left[row] -= count
            left[column] -= count
            yield from fill(number + 1, {**found, cell: count})
            left[row] += count
            left[column] += count

    yield from fill(0, {})


def told(table: Mapping[Cell, int], hidden: list[Cell], cells: list[Cell]) -> set[Cell]:
    """Those of the cells that have one value in every table that would look the same."""
    open_cells = {*cells}
    for other in alike(table, hidden):
        open_cells -= {cell for cell in open_cells if other[cell] != table[cell]}
        if not open_cells:
            break
    return open_cells


@settings(max_examples=300, deadline=None)
@given(table=TABLES)
def test_no_small_cell_is_told_but_by_the_margins_alone(table: dict[Cell, int]) -> None:
    hidden = sorted(suppressed(table))
    small = [cell for cell, count in table.items() if 0 < count < MIN_CASES]
    filled = {cell: n for cell, n in table.items() if margins(table)[0, cell[0]] > 0
              and margins(table)[1, cell[1]] > 0}  # fmt: skip

    assert {*small} <= {*hidden}
    assert told(filled, hidden, small) == told(filled, sorted(filled), small)


@settings(max_examples=300, deadline=None)
@given(table=TABLES)
def test_what_is_withheld_of_a_line_is_two_cells_and_five_cases_or_all_it_has(
    table: dict[Cell, int],
) -> None:
    hidden = suppressed(table)

    for axis, names in ((0, ROWS), (1, COLUMNS)):
        for name in names:
            line = [cell for cell in table if cell[axis] == name]
            gone = [cell for cell in line if cell in hidden]
            kept = [cell for cell in line if cell not in hidden and table[cell]]
            if gone and kept:
                assert len(gone) > 1
                assert sum(table[cell] for cell in gone) >= MIN_CASES


def test_a_table_without_small_cells_is_shown_whole() -> None:
    assert suppressed({("a", "x"): 5, ("a", "y"): 7, ("b", "x"): 0, ("b", "y"): 90}) == frozenset()


def test_two_rings_and_the_bridge_between_them_tell_nothing() -> None:
    """Each row and column has two gaps at least, and still the bridge could be worked out."""
    big = 20
    table = dict.fromkeys(product("abcd", "wxyz"), big)
    for cell in product("ab", "wx"):
        table[cell] = 3
    for cell in product("cd", "yz"):
        table[cell] = 3
    table["b", "y"] = 4

    hidden = sorted(suppressed(table))

    assert told(table, hidden, [cell for cell, n in table.items() if n < MIN_CASES]) == set()


def test_a_small_category_of_one_community_is_hidden_among_communities_without_it() -> None:
    table = {("a", "x"): 3, ("a", "y"): 9, ("b", "x"): 0, ("b", "y"): 8}

    assert told(table, sorted(suppressed(table)), [("a", "x")]) == set()
