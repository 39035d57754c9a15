"""`mingzhang` as a user has it: started, stopped, started again, and wrong in every way."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import httpx
import orjson
import psycopg
import pytest
from psycopg import sql

from api.demonstration.keys import FILE_NAME
from ledger.domain.rules.calendars import WorkingCalendarEnacted
from projections.all import ALL
from tests.api_server import filed, wait_for

COMMAND = (sys.executable, "-m", "api.cli.main")
PATIENCE_SECONDS = 60


def environment(**given: str) -> dict[str, str]:
    """This process's environment with nothing of ours but what is given."""
    kept = {name: value for name, value in os.environ.items() if "MINGZHANG" not in name}
    return {**kept, **{f"MINGZHANG_{name}": value for name, value in given.items()}}


def run(*words: str, **given: str) -> subprocess.CompletedProcess[str]:
    """A command to its end."""
    return subprocess.run(
        [*COMMAND, *words], env=environment(**given), capture_output=True, text=True,
        timeout=PATIENCE_SECONDS, check=False,
    )  # fmt: skip


class Up:
    """A running `mingzhang up`."""

    def __init__(self, data: Path, *words: str) -> None:
        self.log = data.with_name(f"{data.name}.log")
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "up", "--port", "0", *words], stdout=log, stderr=log,
                env=environment(DATA=str(data), DATABASE_URL=""),
                preexec_fn=_with_signals,  # noqa: PLW1509 - it sets a signal and nothing else
            )  # fmt: skip
        wait_for(lambda: self.url is not None or self.process.poll() is not None)
        assert self.url is not None, self.log.read_text()

    @property
    def url(self) -> str | None:
        """Where it says that it runs."""
        said = re.search(r"running on (http://\S+)", self.log.read_text())
        return said[1] if said else None

    @property
    def keys(self) -> dict[str, str]:
        """The keys that it prints, by role."""
        return dict(re.findall(r"^ +([a-z-]+) +(mz_\S+)", self.log.read_text(), re.MULTILINE))

    def post(self, role: str, document: object) -> httpx.Response:
        """Proposes with a printed key."""
        headers = {"Authorization": f"Bearer {self.keys[role]}"}
        return httpx.post(f"{self.url}/v1/events", json=document, headers=headers, timeout=30)

    def stop(self, how: signal.Signals) -> int:
        """Signals it and waits until it has ended."""
        self.process.send_signal(how)
        return self.process.wait(PATIENCE_SECONDS)


def _with_signals() -> None:
    """As from a terminal: where the tests run SIGINT may be ignored, and children inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def up(data: Path, *words: str) -> Iterator[Up]:
    running = Up(data, *words)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.stop(signal.SIGTERM)


def test_up_stops_on_ctrl_c_and_goes_on_where_it_ended(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with up(data) as first:
        answer = first.post("hotline-clerk", filed(request="r-first"))
        keys = first.keys
        page = httpx.get(f"{first.url}/").text
        postmaster = int((data / "postgres/pgdata/postmaster.pid").read_text().split()[0])
        stopped = first.stop(signal.SIGINT)
        log = first.log.read_text()

    with up(data) as second:
        again = second.post("hotline-clerk", filed(request="r-first"))
        later = second.post("hotline-clerk", filed())
        ended = second.stop(signal.SIGTERM)
        second_keys = second.keys

    assert answer.status_code == 201
    assert "三公开" in page
    assert (stopped, ended) == (0, 0)
    assert log.endswith("Stopped.\n")
    assert "Traceback" not in log
    assert not _runs(postmaster)
    assert (again.status_code, again.json()["rule"]) == (409, "request_exists")
    assert later.json()["events"][0]["position"] > answer.json()["events"][0]["position"]
    assert second_keys == keys == orjson.loads((data / FILE_NAME).read_bytes())
    assert {"roads-clerk", "town-clerk", "county-clerk"} <= keys.keys()


def test_a_second_up_at_the_same_time_is_told_so_and_disturbs_nobody(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with up(data) as first:
        second = run("up", "--port", "0", DATA=str(data))

        assert second.returncode == 5
        assert second.stderr.startswith("mingzhang: `mingzhang up` is running already")
        assert first.post("hotline-clerk", filed()).status_code == 201


def test_a_port_that_is_taken_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        refused = run("up", "--port", str(port), DATA=str(tmp_path))

    assert refused.returncode == 5
    assert refused.stderr == (
        f"mingzhang: port {port} is taken: stop what uses it, or set MINGZHANG_PORT\n"
    )
    assert not (tmp_path / "postgres").exists()


def test_up_without_the_demonstration_leaves_the_ledger_empty(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with up(data, "--no-demonstration") as running:
        ready = httpx.get(f"{running.url}/readyz").json()
        keys = running.keys
        page = httpx.get(f"{running.url}/")
        told = running.log.read_text()

    assert ready["position"] == 0
    assert "Nothing is signed: make a key with `mingzhang log-key create`." in told
    assert keys == {}
    assert not (data / FILE_NAME).exists()
    assert page.status_code == 200


FOUNDING = ("--origin", "town.example/ledger", "--town-name", "城关镇党委", "--founder", "p-1")


def test_init_founds_an_empty_ledger_once_and_says_what_to_do_next(
    postgres_url: str, schema: str, tmp_path: Path
) -> None:
    given = {"DATABASE_URL": postgres_url, "SCHEMA": schema, "DATA": str(tmp_path)}

    first = run("init", *FOUNDING, **given)
    second = run("init", *FOUNDING, "--town", "elsewhere", **given)
    (next_step,) = re.findall(r"^ +mingzhang (keys create .*)$", first.stdout, re.MULTILINE)
    key = run(*next_step.split(), **given)

    assert first.returncode == 0, first.stderr
    assert "Founded town.example/ledger for 城关镇党委 (town): 11 events." in first.stdout
    assert "2020 to 2026" in first.stdout
    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr == (
        "mingzhang: this ledger was founded already, as town.example/ledger for 城关镇党委 by p-1: "
        "nothing was changed\n"
    )
    assert key.stdout.startswith("mz_")
    assert run("status", **given).stdout.startswith("log: 11 events\n")
    assert {path.name for path in tmp_path.glob("*.key")} == {
        "receipt.key",
        "vault.key",
        "fingerprint.key",
        "log.key",
        "access-log.key",
    }


def test_one_of_two_inits_at_once_founds_the_ledger(
    postgres_url: str, schema: str, tmp_path: Path
) -> None:
    given = {"DATABASE_URL": postgres_url, "SCHEMA": schema, "DATA": str(tmp_path)}
    run("migrate", **given)

    with ThreadPoolExecutor() as pool:
        codes = pool.map(lambda _: run("init", *FOUNDING, **given).returncode, range(2))

    assert sorted(codes) == [0, 1]
    assert run("status", **given).stdout.startswith("log: 11 events\n")


def test_a_second_rebuild_has_the_same_digests_from_segments_too(
    postgres_url: str, schema: str, tmp_path: Path
) -> None:
    given = {"DATABASE_URL": postgres_url, "SCHEMA": schema, "DATA": str(tmp_path)}
    run("init", *FOUNDING, **given)

    seen = []
    for is_sealed in (False, True):
        if is_sealed:
            assert "positions 1 to 11" in run("seal", **given).stdout
        assert run("rebuild", **given).returncode == 0
        seen.append(run("status", "--digests", **given).stdout)

    assert seen[0] == seen[1]
    assert len(re.findall(r"^    position 11  sha256 [0-9a-f]{64}$", seen[0], re.M)) == len(ALL)
    assert "sha256" not in run("status", **given).stdout


@pytest.mark.parametrize(
    ("option", "value"),
    [("--origin", "https://town.example"), ("--founder", "Somebody"), ("--town-name", "")],
)
def test_a_founding_that_has_no_shape_is_wrong_usage(option: str, value: str) -> None:
    refused = run("init", *FOUNDING, option, value)

    assert refused.returncode == 2
    assert f"Invalid value for {option}" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_calendar_is_drafted_as_the_body_to_propose() -> None:
    drafted = run("calendar", "draft", "2026")

    body = WorkingCalendarEnacted.model_validate_json(drafted.stdout)
    assert drafted.returncode == 0
    assert date(2026, 2, 16) in body.holidays
    assert date(2026, 2, 14) in body.workdays
    assert "compare it with" in drafted.stderr


def test_a_year_that_is_not_announced_is_said_to_be_so() -> None:
    refused = run("calendar", "draft", "2150")

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("mingzhang: the holidays of 2150 are not announced yet")
    assert len(refused.stderr.splitlines()) == 1


def test_migrate_again_and_again_does_no_harm(
    postgres_url: str, schema: str, tmp_path: Path
) -> None:
    given = {"DATABASE_URL": postgres_url, "SCHEMA": schema, "DATA": str(tmp_path)}

    first = run("migrate", **given)
    second = run("migrate", **given)
    status = run("status", **given)

    assert (first.returncode, second.returncode, status.returncode) == (0, 0, 0)
    assert first.stdout.startswith("Applied 0001_")
    assert second.stdout == "Nothing to apply.\n"
    assert status.stdout.startswith("log: 0 events\n")


def test_a_database_newer_than_the_code_is_refused_in_one_line(
    postgres_url: str, schema: str, tmp_path: Path
) -> None:
    given = {"DATABASE_URL": postgres_url, "SCHEMA": schema, "DATA": str(tmp_path)}
    run("migrate", **given)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("insert into {}.migration values (99, '0099_future.sql', '')").format(
                sql.Identifier(schema)
            )
        )

    for command in ("migrate", "keys list", "status"):
        refused = run(*command.split(), **given)

        assert refused.returncode == 4
        assert "newer than this code" in refused.stderr
        assert len(refused.stderr.splitlines()) == 1


def test_keys_are_made_listed_and_revoked(postgres_url: str, schema: str, tmp_path: Path) -> None:
    given = {"DATABASE_URL": postgres_url, "SCHEMA": schema, "DATA": str(tmp_path)}
    run("migrate", **given)
    who = ("--principal", "p-1", "--office", "clerk_a", "--organisation", "hotline")

    made = run("keys", "create", *who, "--scope", "propose", "--label", "desk", **given)
    listed = run("keys", "list", **given).stdout
    identity = listed.split()[0]
    revoked = run("keys", "revoke", identity, **given)
    again = run("keys", "revoke", identity, **given)

    assert re.fullmatch(r"mz_[\w-]{43}\n", made.stdout)
    assert "p-1 (clerk_a of hotline)  desk" in listed
    assert made.stdout.strip() not in listed
    assert (revoked.returncode, again.returncode) == (0, 1)
    assert "revoked" in run("keys", "list", **given).stdout


@pytest.mark.parametrize(
    ("option", "value"),
    [("--office", "emperor"), ("--scope", "everything"), ("--principal", "Not An Id")],
)
def test_a_key_that_could_never_work_is_not_made(option: str, value: str) -> None:
    words = {
        "--principal": "p-1", "--office": "clerk_a", "--organisation": "hotline",
        "--scope": "propose", option: value,
    }  # fmt: skip

    refused = run("keys", "create", *(word for pair in words.items() for word in pair))

    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr


def test_views_are_rebuilt_to_the_same_figures(
    postgres_url: str, schema: str, tmp_path: Path
) -> None:
    given = {"DATABASE_URL": postgres_url, "SCHEMA": schema, "DATA": str(tmp_path)}
    run("migrate", **given)

    rebuilt = run("rebuild", "rankings", **given)
    unknown = run("rebuild", "weather", **given)

    assert rebuilt.returncode == 0, rebuilt.stderr
    assert "Rebuilt rankings" in rebuilt.stdout
    assert unknown.returncode == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "eighty"), ("PORT", "70000"), ("SCHEMA", "a; drop"), ("QUEUE_EVENTS", "0")],
)
def test_a_setting_that_cannot_be_used_is_named(name: str, value: str) -> None:
    refused = run("migrate", **{name: value})

    assert refused.returncode == 2
    assert refused.stderr.startswith(f"mingzhang: MINGZHANG_{name} is ")


def test_help_lists_the_commands() -> None:
    said = run("--help")

    assert said.returncode == 0
    for command in (
        "up", "init", "migrate", "import", "keys", "calendar", "rebuild", "status",
    ):  # fmt: skip
        assert re.search(rf"^\W*{command}\s", said.stdout, re.MULTILINE)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_logs_key_is_shown_replaced_and_retired(
    postgres_url: str, schema: str, tmp_path: Path
) -> None:
    given = {"DATABASE_URL": postgres_url, "SCHEMA": schema, "DATA": str(tmp_path)}
    run("init", *FOUNDING, **given)
    first = run("log-key", "show", **given).stdout.strip()

    rotated = run("log-key", "rotate", **given)
    both = run("log-key", "show", **given).stdout.split()
    retired = run("log-key", "retire", first.split("+")[1], **given)
    last = run("log-key", "show", **given).stdout.strip()
    refused = run("log-key", "retire", last.split("+")[1], **given)

    assert rotated.returncode == 0, rotated.stderr
    assert both == [first, rotated.stdout.strip()]
    assert (retired.returncode, last) == (0, both[1])
    assert refused.returncode == 1
    assert "not one of several keys" in refused.stderr
    assert run("status", **given).stdout.startswith("log: 12 events\n")


def test_an_export_names_every_key_that_its_checkpoints_may_need(
    postgres_url: str, schema: str, tmp_path: Path
) -> None:
    """Those of days before a rotation are signed with the old key alone."""
    given = {"DATABASE_URL": postgres_url, "SCHEMA": schema, "DATA": str(tmp_path / "data")}
    run("init", *FOUNDING, **given)
    run("export", str(tmp_path / "first"), **given)
    old = run("log-key", "show", **given).stdout.strip()
    new = run("log-key", "rotate", **given).stdout.strip()
    run("log-key", "retire", old.split("+")[1], **given)
    bundle = tmp_path / "bundle"

    exported = run("export", str(bundle), **given)

    (line,) = re.findall(r"^  mingzhang (verify .*)$", exported.stdout, re.MULTILINE)
    assert line == f"verify {bundle} --key {old} --key {new}"
    verified = run(*line.split())
    assert verified.returncode == 0, verified.stdout


def test_a_key_whose_secret_is_lost_is_replaced_all_the_same(
    postgres_url: str, schema: str, tmp_path: Path
) -> None:
    given = {"DATABASE_URL": postgres_url, "SCHEMA": schema, "DATA": str(tmp_path)}
    run("init", *FOUNDING, **given)
    (tmp_path / "log.key").unlink()

    made = run("log-key", "create", **given)
    rotated = run("log-key", "rotate", **given)

    assert made.returncode == rotated.returncode == 0, made.stderr + rotated.stderr
    assert run("status", **given).stdout.startswith("log: 13 events\n")


def test_a_key_that_cannot_be_announced_is_not_kept(
    postgres_url: str, schema: str, tmp_path: Path
) -> None:
    given = {"DATABASE_URL": postgres_url, "SCHEMA": schema, "DATA": str(tmp_path)}
    run("init", *FOUNDING, **given)
    before = (tmp_path / "log.key").read_text()

    refused = run("log-key", "rotate", "--principal", "nobody", **given)

    assert refused.returncode == 1
    assert "no_such_appointment" in refused.stderr
    assert (tmp_path / "log.key").read_text() == before


def test_a_ledger_that_is_not_founded_has_no_key(
    postgres_url: str, schema: str, tmp_path: Path
) -> None:
    given = {"DATABASE_URL": postgres_url, "SCHEMA": schema, "DATA": str(tmp_path)}
    run("migrate", **given)

    assert "not founded yet" in run("log-key", "create", **given).stderr
    assert "log-key create" in run("log-key", "show", **given).stderr
    assert not (tmp_path / "log.key").exists()
