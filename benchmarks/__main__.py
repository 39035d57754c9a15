"""`make bench`: measures, and writes results.json, the table in README.md and append.svg."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import figures, machine, report, suite
from benchmarks.database import Database
from benchmarks.suite import FULL, QUICK, Bench

HERE = Path(__file__).resolve().parent
SCRATCH = HERE / "scratch"
CASES_VARIABLE = "MINGZHANG_BENCH_CASES"


def main(arguments: list[str]) -> None:
    """Runs what is named, all by default; what is not run keeps the results that it has."""
    given = _parsed(arguments)
    names = given.names or [one for one in suite.BENCHMARKS if one != "import" or given.cases]
    effort = QUICK if given.quick else FULL
    if given.seconds is not None:
        effort = effort._replace(seconds=given.seconds)
    out: Path = given.out or (SCRATCH if given.quick else HERE)
    out.mkdir(parents=True, exist_ok=True)
    results = _known(out / "results.json")
    with tempfile.TemporaryDirectory(prefix="mingzhang-bench-") as folder:
        scratch = Path(folder)
        scratch.chmod(0o711)  # the account of the database passes through it
        with Database(scratch / "postgres").started() as database:
            bench = Bench(database, effort, scratch, given.cases, _say)
            for name in names:
                _say(f"== {name}")
                results[name] = {
                    "machine": machine.describe(),
                    "database": database.settings,
                    "command": _command(given),
                    "effort": effort._asdict(),
                    **suite.BENCHMARKS[name](bench),
                }
                # After each, so that what was measured is kept if the next one fails.
                _write(out, results)
    for figure in figures.figures(results):
        _say(f"{figure.name}: {figure.measured} ({figure.verdict})")


def _parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(suite.BENCHMARKS))
    parser.add_argument("--seconds", type=float, help="how long each load is counted (5)")
    parser.add_argument("--quick", action="store_true", help="only shows that all of it runs")
    parser.add_argument("--out", type=Path, help="where results, table and plot go")
    parser.add_argument(
        "--cases",
        type=Path,
        default=os.environ.get(CASES_VARIABLE) or None,
        help=f"the file of the real cases, for the import; or {CASES_VARIABLE}",
    )
    given = parser.parse_args(arguments)
    unknown = set(given.names) - suite.BENCHMARKS.keys()
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    if given.cases is not None and not given.cases.is_file():
        parser.error(f"there is no file {given.cases}")
    if "import" in given.names and given.cases is None:
        parser.error(f"the import needs --cases or {CASES_VARIABLE}")
    if given.seconds is not None and not 0.05 <= given.seconds <= 600:
        parser.error("--seconds is 0.05 to 600")
    return given


def _command(given: argparse.Namespace) -> str:
    """The command without the places of this machine's files."""
    words = ["python -m benchmarks", *given.names]
    words += ["--quick"] if given.quick else []
    words += [] if given.seconds is None else [f"--seconds {given.seconds:g}"]
    words += [] if given.cases is None else [f"--cases {given.cases.name}"]
    return " ".join(words)


def _known(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    known: dict[str, Any] = json.loads(path.read_text())
    return known


def _write(out: Path, results: dict[str, Any]) -> None:
    (out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    readme = out / "README.md"
    if not readme.exists():
        shutil.copy(HERE / "README.md", readme)
    readme.write_text(report.inserted(readme.read_text(), report.section(results)))
    if {"in_process", "network"} & results.keys():
        from benchmarks import plot  # noqa: PLC0415 - matplotlib takes its time to import

        plot.draw(results, out / "append.svg")


def _say(text: str) -> None:
    print(time.strftime("%H:%M:%S"), text, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
