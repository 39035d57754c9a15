"""The figures to reach, computed from the results; a ratio is taken within each round."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

CASES = 267_093
"""How many cases the real file has, a row each."""
VERIFIED_EVENTS = 1_000_000

LONG_ACCOUNT = 10_000
"""How many postings the account has on which is decided."""

LONG_LOG = 10_000_000
"""How many events the log has from which proofs are made."""

Row = Mapping[str, Any]


class Figure(NamedTuple):
    """One figure to reach: as text, and whether it was reached (None: not measured)."""

    name: str
    wanted: str
    measured: str
    reached: bool | None

    @property
    def verdict(self) -> str:
        """For readers."""
        return {True: "reached", False: "not reached", None: "not measured"}[self.reached]


def figures(results: Mapping[str, Any]) -> list[Figure]:
    """All of them, in the order in which they are set."""
    inside, network = _rows(results, "in_process"), _rows(results, "network")
    bulk, imported = _rows(results, "bulk"), _rows(results, "import")
    return [
        _rate("`propose`, 64 clients", 10_000, rates(inside, "propose", 64)),
        _ratio(
            "`propose` ÷ the library's recorder (its better pool), 64 clients",
            8.0,
            ratios(inside, ("propose",), ("library", "library_16"), 64),
        ),
        _rate("plain door, 256 clients", 20_000, rates(inside, "door", 256)),
        _ratio(
            "bulk append ÷ one binary COPY",
            0.8,
            ratios(bulk, ("door",), ("copy_once",), None, "events_per_second"),
        ),
        _ratio(
            "HTTP append ÷ validating route, 64 connections",
            0.4,
            ratios(network, ("http",), ("validate",), 64),
        ),
        _import_seconds(imported),
        _import_memory(imported),
        *_verification(_rows(results, "verification")),
        _ratio(
            "`propose` with the tree ÷ without, 64 clients",
            0.9,
            ratios(_rows(results, "tree"), ("with_tree",), ("without_tree",), 64),
        ),
        _proof(_rows(results, "proofs")),
        _decisions(_rows(results, "decide_accounts")),
    ]


def rates(rows: Iterable[Row], contender: str, clients: int | None) -> list[float]:
    """Events stored a second, a figure a repetition."""
    return [
        row["stored_per_second"]
        for row in rows
        if row["contender"] == contender and row.get("clients") == clients
    ]


def ratios(
    rows: Iterable[Row],
    upper: tuple[str, ...],
    lower: tuple[str, ...],
    clients: int | None,
    key: str = "stored_per_second",
) -> list[float]:
    """Pair by pair within a round; of several contenders the best of that round."""
    rounds: dict[int, dict[str, float]] = {}
    for row in rows:
        if row.get("clients") == clients:
            rounds.setdefault(row["repetition"], {})[row["contender"]] = row[key]
    pairs = (
        (
            max((found[name] for name in upper if name in found), default=0.0),
            max((found[name] for name in lower if name in found), default=0.0),
        )
        for found in rounds.values()
    )
    return [above / below for above, below in pairs if above and below]


def _rows(results: Mapping[str, Any], name: str) -> list[Row]:
    rows: list[Row] = results.get(name, {}).get("rows", [])
    return rows


def _rate(name: str, wanted: int, found: list[float]) -> Figure:
    if not found:
        return Figure(name, f"≥ {wanted:,}/s", "–", None)
    median = statistics.median(found)
    return Figure(name, f"≥ {wanted:,}/s", f"{median:,.0f}/s", median >= wanted)


def _ratio(name: str, wanted: float, found: list[float]) -> Figure:
    if not found:
        return Figure(name, f"≥ {wanted:g}", "–", None)
    median = statistics.median(found)
    return Figure(name, f"≥ {wanted:g}", f"{median:.2f}", median >= wanted)


def _import_seconds(rows: list[Row]) -> Figure:
    name, wanted = f"import of {CASES:,} cases", "< 120 s"
    seconds = [row["seconds"] for row in rows if row["rows"] == CASES]
    if not seconds:
        return Figure(name, wanted, "–", None)
    median = statistics.median(seconds)
    return Figure(name, wanted, f"{median:.0f} s", median < 120)


def _import_memory(rows: list[Row]) -> Figure:
    name, wanted = "its memory, PostgreSQL's included", "< 1 GiB"
    peaks = [
        (row["importer_mib"] + row["postgres_mib"]) / 1024 for row in rows if row["rows"] == CASES
    ]
    if not peaks:
        return Figure(name, wanted, "–", None)
    return Figure(name, wanted, f"{max(peaks):.2f} GiB", max(peaks) < 1)


def _verification(rows: list[Row]) -> list[Figure]:
    """Seconds by the median, memory by the greatest of what was measured."""
    name = f"offline verification of {VERIFIED_EVENTS:,} events"
    whole = [row for row in rows if row["events"] == VERIFIED_EVENTS]
    if not whole:
        return [
            Figure(name, "< 15 s", "–", None),
            Figure("its memory, all processes", "< 500 MiB", "–", None),
        ]
    seconds = statistics.median(row["seconds"] for row in whole)
    most = max(row["mib"] for row in whole)
    return [
        Figure(name, "< 15 s", f"{seconds:.1f} s", seconds < 15),
        Figure("its memory, all processes", "< 500 MiB", f"{most:.0f} MiB", most < 500),
    ]


def _proof(rows: list[Row]) -> Figure:
    name, wanted = f"inclusion proof in {LONG_LOG:,} events, p99", "< 5 ms"
    found = [
        row["p99_ms"] for row in rows if (row["contender"], row["size"]) == ("inclusion", LONG_LOG)
    ]
    if not found:
        return Figure(name, wanted, "–", None)
    median = statistics.median(found)
    return Figure(name, wanted, f"{median:.2f} ms", median < 5)


def _decisions(rows: list[Row]) -> Figure:
    """The slower of an award and a redemption, folds and record included."""
    name = f"award or redemption on an account of {LONG_ACCOUNT:,} postings, p99"
    found: dict[str, list[float]] = {}
    for row in rows:
        if row["postings"] == LONG_ACCOUNT and row["contender"] in ("award", "redemption"):
            found.setdefault(row["contender"], []).append(row["step_p99_ms"])
    if not found:
        return Figure(name, "< 1 ms", "–", None)
    slowest = max(statistics.median(taken) for taken in found.values())
    return Figure(name, "< 1 ms", f"{slowest:.2f} ms", slowest < 1)
