"""The figures as they are published: documents of the whole town, and of each part of it.

A part is one value of one dimension. In a part of one of the dimensions that tell a person
(community, category, month of filing) the figures by another one are cells of a table, and those
that `suppression` withholds are null there. Stage, holder and lead describe the handling.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from projections.evaluation_reading import EvaluationDisclosure
from projections.plain import plain
from projections.process_reading import ProcessDisclosure
from projections.reading import AsOf, Spread
from projections.suppression import MIN_CASES, Cell, suppressed

TELLING = ("community", "category", "period")
"""The dimensions that tell a person, when two of them cross."""
PAIRS = (("community", "category"), ("community", "period"), ("category", "period"))
YEAR_LENGTH = 4
_MINUTES_OF_A_DAY = 1_440


@dataclass(frozen=True, slots=True)
class Masks:
    """The cells that are withheld wherever two telling dimensions cross, and all the values."""

    by_name: Mapping[str, frozenset[Cell]]
    """`<first>_<second>` -> cells."""
    values: Mapping[str, tuple[str, ...]]
    """Telling dimension -> the values that cases have."""
    minimum: int = MIN_CASES

    @classmethod
    def of(cls, counted: Iterable[tuple[str, str, str, int]]) -> Masks:
        """Of cases counted by community, category and month."""
        counts: dict[str, dict[Cell, int]] = {"_".join(pair): {} for pair in PAIRS}
        values: dict[str, set[str]] = {name: set() for name in TELLING}
        for *place, cases in counted:
            named = dict(zip(TELLING, place, strict=True))
            if not cases:
                continue
            for name, value in named.items():
                values[name].add(value)
            for first, second in PAIRS:
                table, cell = counts[f"{first}_{second}"], (named[first], named[second])
                table[cell] = table.get(cell, 0) + cases
        return cls(
            {name: suppressed(table) for name, table in counts.items()},
            {name: tuple(sorted(found)) for name, found in values.items()},
        )

    def across(self, dimension: str, value: str, other: str) -> frozenset[str]:
        """The values of another dimension whose cells with this one are withheld."""
        first, second = sorted((dimension, other), key=TELLING.index)
        cells = self.by_name[f"{first}_{second}"]
        if dimension == first:
            return frozenset(two for one, two in cells if one == value)
        return frozenset(one for one, two in cells if two == value)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the town: one value of one dimension; both '' for the whole."""

    dimension: str = ""
    value: str = ""

    @property
    def is_year(self) -> bool:
        """Whether it is a year, of which a month is a part."""
        return self.dimension == "period" and len(self.value) == YEAR_LENGTH


TOWN = Part()


class Documents:
    """Makes the documents of one publication."""

    def __init__(self, masks: Masks, as_of: AsOf) -> None:
        self._masks = masks
        self._as_of = plain(as_of)

    def process(
        self, part: Part, found: ProcessDisclosure, oldest: dict[str, Any] | None
    ) -> dict[str, Any]:
        """The process disclosure of a part; `oldest` is the listed case longest overdue."""
        document: dict[str, Any] = plain(found)
        self._mask(part, document)
        document["as_of"] = self._as_of
        document["waiting"] = _waiting(part, found.waiting)
        document["oldest_overdue"] = oldest
        if part == TOWN:
            cells = self._masks.by_name["community_category"]
            document["asked"] = self._asked(document["asked"], cells)
        else:  # it is there by category or by community, and the rest is the town's
            del document["asked"], document["departments"]
        return document

    def evaluation(self, part: Part, found: EvaluationDisclosure) -> dict[str, Any]:
        """The evaluation disclosure of a part."""
        document: dict[str, Any] = plain(found)
        self._mask(part, document)
        document["as_of"] = document["departments_as_of"] = self._as_of
        if part.dimension == "period":
            hidden = self._hidden(part, "community")
            for row in document["whistling"]:
                if part.is_year or row["community"] in hidden:
                    _empty(row, "community")
        if part != TOWN:
            del document["departments"], document["departments_as_of"]
        return document

    def _mask(self, part: Part, document: dict[str, Any]) -> None:
        for other in TELLING:
            if part.dimension not in TELLING or other == part.dimension:
                continue
            name = f"by_{other}"
            if part.is_year:  # its cells are sums of the cells of months
                document[name] = None
                continue
            hidden = self._hidden(part, other)
            document[name] = _with_gaps(document[name], hidden, document["totals"])

    def _hidden(self, part: Part, other: str) -> frozenset[str]:
        if part.is_year:
            return frozenset()
        return self._masks.across(part.dimension, part.value, other)

    def _asked(self, rows: list[dict[str, Any]], cells: frozenset[Cell]) -> list[dict[str, Any]]:
        kept = {(row["community"], row["category"]): row["requests"] for row in rows}
        return [
            {
                "community": community,
                "category": category,
                "requests": None if (community, category) in cells else count,
                "suppressed": (community, category) in cells,
            }
            for community, category in sorted({*kept, *cells})
            for count in (kept.get((community, category), 0),)
            if count or (community, category) in cells
        ]


def _with_gaps(
    rows: list[dict[str, Any]], hidden: frozenset[str], shape: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The rows by name, with nulls in those that are withheld, whether they count any or none."""
    by_name = {row["name"]: {**row, "suppressed": False} for row in rows}
    for name in hidden:
        by_name[name] = {**dict.fromkeys(shape), "name": name, "suppressed": True}
    return [by_name[name] for name in sorted(by_name)]


def _empty(row: dict[str, Any], name: str) -> None:
    kept = row[name]
    row.update(dict.fromkeys(row), suppressed=True)
    row[name] = kept


def _waiting(part: Part, spread: Spread) -> dict[str, Any]:
    """Days of waiting, of enough cases. How many of a part are listed would tell of the others."""
    enough = spread.count >= MIN_CASES
    count = spread.count if part == TOWN and enough else None
    return {
        "count": count,
        "median_days": _days(spread.median_minutes) if enough else None,
        "p90_days": _days(spread.p90_minutes) if enough else None,
    }


def _days(minutes: int | None) -> int | None:
    return None if minutes is None else minutes // _MINUTES_OF_A_DAY
