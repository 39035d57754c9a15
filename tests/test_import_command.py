"""`mingzhang import` as a process: killed, interrupted, started again, beside another one."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
from psycopg import sql

from ledger.store.postgres import PostgresStore

SOURCE = "nyc-constituent-cases"
COLUMNS = ("unique_key", "account", "opendate", "closedate", "complaint_type", "community_board")
ROWS = 6_000


def write(path: Path, rows: int = ROWS) -> Path:
    """Closed cases, and at the end a key given twice."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number in (*range(rows - 1), 0):
            closed = f"2019-08-{1 + number % 28:02d}"
            writer.writerow((f"K{number}", "NYCC06", "2019-07-01", closed, "Parks", "07 Manhattan"))
    return path


class Command:
    """The command on a schema of its own in the tests' server."""

    def __init__(self, url: str, schema: str, directory: Path) -> None:
        self.url = url
        self.schema = schema
        self.directory = directory
        self._environment = {
            **os.environ,
            "MINGZHANG_DATABASE_URL": url,
            "MINGZHANG_SCHEMA": schema,
            "MINGZHANG_DATA": str(directory / "data"),
        }

    def start(self, file: Path, *more: str) -> subprocess.Popen[str]:
        """A process of its own, with its output in pipes."""
        return subprocess.Popen(
            [sys.executable, "-m", "api.cli.main", "import", SOURCE, str(file), *more],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, file: Path, *more: str) -> tuple[int, str, str]:
        """Exit code, output, errors."""
        with self.start(file, *more) as process:
            output, errors = process.communicate(timeout=110)
            return process.returncode, output, errors

    def size(self) -> int:
        """The events that the ledger has, 0 before there is one."""
        with psycopg.connect(self.url) as connection:
            row = connection.execute("select to_regclass(%s)", [f"{self.schema}.batch"]).fetchone()
            if row is None or row[0] is None:
                return 0
            query = sql.SQL("select max(last) from {}.batch").format(sql.Identifier(self.schema))
            head = connection.execute(query).fetchone()
            return int(head[0] or 0) if head else 0

    def await_size(self, process: subprocess.Popen[str], events: int) -> None:
        """Returns once the running import has appended so many."""
        while self.size() < events:
            assert process.poll() is None, "the import ended before it was to be disturbed"
            time.sleep(0.02)

    def kinds(self) -> Counter[str]:
        """How many events of each kind there are; every case has each of its six once."""
        store = PostgresStore(self.url, self.schema)
        try:
            requests = [
                (event.kind, orjson.loads(event.record)["body"]["request"])
                for event in store.read()
                if event.kind.startswith(("request_", "answer_"))
            ]
        finally:
            store.close()
        assert len(set(requests)) == len(requests)
        return Counter(kind for kind, _ in requests)


@pytest.fixture
def command(postgres_url: str, schema: str, tmp_path: Path) -> Command:
    return Command(postgres_url, schema, tmp_path)


def summary(directory: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((directory / "summary.json").read_text())
    assert found["rows_read"] == (
        found["cases_accepted"] + found["cases_already_there"] + found["rows_refused"]
    )
    return found


def test_an_import_killed_in_the_middle_goes_on_without_loss_or_double(
    command: Command, tmp_path: Path
) -> None:
    file = write(tmp_path / "a.csv")
    process = command.start(file)
    command.await_size(process, 5_000)
    process.send_signal(signal.SIGKILL)
    process.communicate()

    code, output, errors = command.run(file, "--report", str(tmp_path / "report"))

    assert process.returncode == -signal.SIGKILL
    assert code == 0, errors
    found = summary(tmp_path / "report")
    assert found["cases_already_there"] > 0
    assert found["cases_accepted"] > 0
    assert found["cases_already_there"] + found["cases_accepted"] == ROWS - 1
    assert found["refused_by_rule"] == {"key_given_twice": 1}
    assert set(command.kinds().values()) == {ROWS - 1}
    assert "complete" in output


def test_an_interrupted_import_ends_in_good_order_and_says_how_to_go_on(
    command: Command, tmp_path: Path
) -> None:
    file = write(tmp_path / "a.csv")
    process = command.start(file, "--report", str(tmp_path / "first"))
    command.await_size(process, 2_000)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)

    code, _, _ = command.run(file, "--report", str(tmp_path / "second"))

    assert process.returncode == 0, errors
    first = summary(tmp_path / "first")
    assert first["ended"] == "stopped"
    assert "the same command again" in output
    second = summary(tmp_path / "second")
    assert code == 0
    assert second["cases_already_there"] == first["cases_accepted"] < ROWS
    assert set(command.kinds().values()) == {ROWS - 1}


def test_two_processes_may_import_one_file_at_once(command: Command, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", 1_500)
    processes = [command.start(file, "--report", str(tmp_path / name)) for name in ("a", "b")]

    ended = [process.communicate(timeout=110) for process in processes]

    assert [process.returncode for process in processes] == [0, 0], ended
    found = [summary(tmp_path / name) for name in ("a", "b")]
    assert sum(one["cases_accepted"] for one in found) == 1_499
    assert set(command.kinds().values()) == {1_499}


def test_the_output_without_a_terminal_is_plain_and_names_the_report(
    command: Command, tmp_path: Path
) -> None:
    file = write(tmp_path / "a.csv", 20)

    code, output, errors = command.run(file)

    assert code == 0, errors
    assert "\x1b" not in output
    (directory,) = (tmp_path / "data" / "imports").iterdir()
    assert str(directory) in output
    row = json.loads((directory / "refused.ndjson").read_text())
    assert (row["line"], row["key"], row["rule"]) == (21, "K0", "key_given_twice")
    assert summary(directory)["events_appended"] == 19 * 6


@pytest.mark.parametrize(
    ("content", "said"), [("a,b\n1,2\n", "no column unique_key"), ("", "no column")]
)
def test_a_file_of_another_kind_fails_before_anything_is_founded(
    command: Command, tmp_path: Path, content: str, said: str
) -> None:
    (tmp_path / "a.csv").write_text(content)

    code, output, errors = command.run(tmp_path / "a.csv")

    assert code == 1
    assert said in errors
    assert output == ""
    assert not (tmp_path / "data" / "imports").exists()
    assert command.size() == 0


def test_an_unknown_source_is_wrong_usage(command: Command, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", 2)
    process = subprocess.run(
        [sys.executable, "-m", "api.cli.main", "import", "elsewhere", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert process.returncode == 2
    assert "nyc-311" in process.stderr
