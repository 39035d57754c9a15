"""Which cells of a table of counts are withheld, so that no small one is told or can be worked out.

The margins of the table are known to everybody. A small cell is withheld, and with it as many
others (complementary suppression) that neither its row nor its column gives it away, nor any
combination of them. Where the margins alone tell a cell, nothing can hide it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

MIN_CASES: Final = 5
"""What counts fewer cases than this might be about somebody whom the reader knows."""

Cell = tuple[str, str]
_Node = tuple[int, str]
"""(0 and a row, or 1 and a column)."""


def suppressed(counts: Mapping[Cell, int], minimum: int = MIN_CASES) -> frozenset[Cell]:
    """The cells (row, column) to withhold; a cell that is not in `counts` counts 0.

    In each row and column with withheld cells these are at least two and count at least `minimum`
    together, or are all that it has; and each small one may have another value without any margin
    or shown cell being another.
    """
    return _Table(counts, minimum).suppressed()


class _Table:
    def __init__(self, counts: Mapping[Cell, int], minimum: int) -> None:
        self._minimum = minimum
        filled = {cell: count for cell, count in counts.items() if count}
        names = ({row for row, _ in filled}, {column for _, column in filled})
        self._counts = {
            (row, column): filled.get((row, column), 0)
            for row in sorted(names[0])
            for column in sorted(names[1])
        }
        self._lines: dict[_Node, list[Cell]] = {}
        for cell in self._counts:
            for axis in (0, 1):
                self._lines.setdefault((axis, cell[axis]), []).append(cell)
        self._hidden = {cell for cell, count in filled.items() if count < minimum}

    def suppressed(self) -> frozenset[Cell]:
        while self._guard_lines() or self._guard_cells():
            pass
        return frozenset(self._hidden)

    def _guard_lines(self) -> bool:
        """Withholds more where a margin would tell; whether there was need to."""
        before = len(self._hidden)
        for line in self._lines.values():
            while not self._is_guarded(line):
                self._hide_one(line)
        return len(self._hidden) > before

    def _is_guarded(self, line: list[Cell]) -> bool:
        hidden = [cell for cell in line if cell in self._hidden]
        if not hidden or len(hidden) == len(line):
            return True
        enough = sum(self._counts[cell] for cell in hidden) >= self._minimum
        has_more = any(self._counts[cell] for cell in line if cell not in self._hidden)
        return len(hidden) > 1 and (enough or not has_more)

    def _guard_cells(self) -> bool:
        """The same where rows and columns together would tell."""
        small = sorted(cell for cell in self._hidden if 0 < self._counts[cell] < self._minimum)
        for cell in small:
            if self._is_told(cell):
                row, column = (self._lines[axis, cell[axis]] for axis in (0, 1))
                # Near to it first; else anywhere, so that it ends with all cells withheld.
                if self._hide_one((*row, *column)) or self._hide_one(self._counts):
                    return True
        return False

    def _hide_one(self, among: Iterable[Cell]) -> bool:
        """Withholds the cell that costs the reader least; False where there is none."""
        shown = [cell for cell in among if cell not in self._hidden]
        if not shown:
            return False
        self._hidden.add(min(shown, key=self._cost))
        return True

    def _cost(self, cell: Cell) -> tuple[bool, int, int, Cell]:
        """Cells that count nothing come last; of the others those whose lines have gaps already."""
        gaps = sum(
            any(other in self._hidden for other in self._lines[axis, cell[axis]]) for axis in (0, 1)
        )
        return self._counts[cell] == 0, -gaps, self._counts[cell], cell

    def _is_told(self, cell: Cell) -> bool:
        """Whether no other value of the cell agrees with everything that is shown.

        A change goes round: what one withheld cell gains another of its row or column loses, and
        so on back to the first. None may fall below 0.
        """
        row, column = (0, cell[0]), (1, cell[1])
        return not self._leads(column, row, cell) and not self._leads(row, column, cell)

    def _leads(self, start: _Node, end: _Node, without: Cell) -> bool:
        """Whether a change goes round from one line of a cell to its other line.

        From a row to a column by a cell that gains, from a column to a row by one that loses.
        """
        seen, left = {start}, [start]
        while left:
            axis, name = left.pop()
            for cell in self._lines[axis, name]:
                if cell not in self._hidden or cell == without:
                    continue
                if axis == 1 and not self._counts[cell]:
                    continue
                node = (1 - axis, cell[1 - axis])
                if node == end:
                    return True
                if node not in seen:
                    seen.add(node)
                    left.append(node)
        return False
