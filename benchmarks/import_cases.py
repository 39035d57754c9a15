"""The import of all the council offices' cases, as an operator runs it: `mingzhang import`.

    python -m benchmarks.import_cases FILE [ROWS]

Everything from the founding to the last durable commit is timed, on an embedded PostgreSQL of its
own. Memory is sampled ten times a second: of the importing process what is resident, of PostgreSQL
the proportional share, so that its shared buffers count once.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import psutil  # type: ignore[import-untyped]  # it ships no annotations

from benchmarks.machine import describe

SOURCE = "nyc-constituent-cases"
SECONDS_TO_REACH = 120.0
MIB_TO_REACH = 1024.0
SAMPLE_SECONDS = 0.1


class Imported(NamedTuple):
    """What was imported, how fast, and what it took. Memory in MiB, at its peak."""

    rows: int
    cases: int
    refused: int
    events: int
    seconds: float
    command_seconds: float
    """With Python's start, initdb, the migration and the stop of the server."""
    cpu_seconds: float
    """Of the importing process alone."""
    importer_mib: float
    postgres_mib: float

    @property
    def events_per_second(self) -> float:
        """Appended, durable."""
        return self.events / self.seconds


class WrongOutcome(RuntimeError):
    """The import failed or its rows do not add up: nothing was measured."""


def measure(file: Path, rows: int | None = None) -> Imported:
    """Imports the file, or its first rows, into a new ledger; raises `WrongOutcome`."""
    with tempfile.TemporaryDirectory(prefix="mingzhang-bench-import-") as scratch:
        directory = Path(scratch)
        command = [sys.executable, "-m", "api.cli.main", "import", SOURCE, str(file)]
        command += ["--report", str(directory / "report")]
        command += [] if rows is None else ["--limit", str(rows)]
        environment = {**os.environ, "MINGZHANG_DATA": str(directory / "data")}
        environment.pop("MINGZHANG_DATABASE_URL", None)
        began = time.perf_counter()
        with subprocess.Popen(command, env=environment, stdout=sys.stderr) as process:
            importer, postgres, cpu = _sample(process, directory / "data" / "postgres" / "pgdata")
        if process.returncode:
            raise WrongOutcome(f"the import ended with {process.returncode}")
        command_seconds = time.perf_counter() - began
        found = json.loads((directory / "report" / "summary.json").read_text())
    if found["rows_read"] != found["cases_accepted"] + found["rows_refused"]:
        raise WrongOutcome(f"the rows do not add up: {found}")
    return Imported(
        found["rows_read"],
        found["cases_accepted"],
        found["rows_refused"],
        found["events_appended"],
        found["seconds"],
        command_seconds,
        cpu,
        importer,
        postgres,
    )


def _sample(process: subprocess.Popen[bytes], data: Path) -> tuple[float, float, float]:
    """Peaks of both memories in MiB and the importer's processor time, until it has ended."""
    importer = psutil.Process(process.pid)
    most_importer = most_postgres = cpu = 0.0
    while process.poll() is None:
        try:
            most_importer = max(most_importer, importer.memory_info().rss / 2**20)
            times = importer.cpu_times()
            cpu = times.user + times.system
            most_postgres = max(most_postgres, _postgres_mib(data))
        except psutil.Error:
            pass  # it ended between two questions
        time.sleep(SAMPLE_SECONDS)
    return most_importer, most_postgres, cpu


def _postgres_mib(data: Path) -> float:
    try:
        postmaster = psutil.Process(int((data / "postmaster.pid").read_text().splitlines()[0]))
    except (OSError, ValueError, IndexError, psutil.Error):
        return 0.0  # not started yet, or stopped
    total = 0
    for one in (postmaster, *postmaster.children(recursive=True)):
        try:
            total += one.memory_full_info().pss
        except psutil.Error:
            continue  # a session that has ended
    return float(total) / 2**20


def main(arguments: list[str] | None = None) -> None:
    """Measures once and prints it; exit code 1 where a figure to reach was not reached."""
    given = sys.argv[1:] if arguments is None else arguments
    if not 1 <= len(given) <= 2:
        raise SystemExit("usage: python -m benchmarks.import_cases FILE [ROWS]")
    one = measure(Path(given[0]), int(given[1]) if len(given) == 2 else None)
    print(json.dumps({**describe(), **one._asdict()}, indent=2))
    print(
        f"{one.cases:,} cases, {one.events:,} events in {one.seconds:.1f} s "
        f"({one.events_per_second:,.0f}/s); importer {one.importer_mib:.0f} MiB, "
        f"PostgreSQL {one.postgres_mib:.0f} MiB"
    )
    memory = one.importer_mib + one.postgres_mib
    if len(given) == 1 and (one.seconds > SECONDS_TO_REACH or memory > MIB_TO_REACH):
        raise SystemExit("not reached: under 120 s with memory under 1 GiB")


if __name__ == "__main__":
    main()
