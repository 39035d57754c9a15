"""The last result of `make torture`, as docs/torture.md states it."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

PATH = Path(__file__).parents[1] / "docs" / "torture.md"
SEED = int(os.environ.get("MINGZHANG_TORTURE_SEED", "20260301"))
COUNTS = "counts"
"""The property under which a test says what it did."""


def write_report(reports: Iterable[pytest.TestReport], ended: datetime) -> None:
    """Writes the result of the tests that ran, a row a test whatever its parameters."""
    machine = f"{os.cpu_count()} cores, {_memory_gib()} GiB, {platform.system()}"
    tests: dict[str, list[pytest.TestReport]] = {}
    for report in reports:
        tests.setdefault(report.nodeid.partition("[")[0], []).append(report)
    lines = [
        "# The long tests, in full",
        "",
        "Written by `make torture`, never by hand: what the long tests did when they last ran at",
        "their full counts. `make test` runs a seeded sample of the same tests.",
        "",
        f"- Command: `MINGZHANG_TORTURE_SEED={SEED} make torture`",
        f"- Ended: {ended:%Y-%m-%d %H:%M} UTC",
        f"- Machine: {machine}, Python {platform.python_version()}",
        "",
        "| test | passed | failed | seconds | counts |",
        "|---|---:|---:|---:|---|",
        *(_row(name, of) for name, of in sorted(tests.items())),
        "",
    ]
    PATH.write_text("\n".join(lines))


def _row(name: str, reports: Sequence[pytest.TestReport]) -> str:
    passed = sum(report.passed for report in reports)
    seconds = sum(report.duration for report in reports)
    counts = " ".join(str(dict(report.user_properties).get(COUNTS, "")) for report in reports)
    shown = name.removeprefix("tests/")
    return f"| {shown} | {passed} | {len(reports) - passed} | {seconds:.0f} | {counts.strip()} |"


def _memory_gib() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)


def now() -> datetime:
    """When the run ended."""
    return datetime.now(UTC)
