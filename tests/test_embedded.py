"""The embedded PostgreSQL, with a real server each time."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ledger.store.embedded import EmbeddedPostgres, EmbeddedPostgresError

USES_THE_SERVER = """
import sys, time
from pathlib import Path
from ledger.store.embedded import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1])):
    try:
        print("started", flush=True)
        time.sleep(60)
    except KeyboardInterrupt:
        pass
"""


@pytest.fixture
def directory() -> Iterator[Path]:
    """A folder that leaves room for a socket's path; pytest's own are too deep on some systems."""
    path = Path(tempfile.mkdtemp(prefix="mingzhang-"))
    yield path
    shutil.rmtree(path)


def postmaster_of(directory: Path) -> int:
    return int((directory / "pgdata" / "postmaster.pid").read_text().split()[0])


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    # A dead process keeps its number until its parent, here the init process, has collected it.
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


def ends_soon(pid: int) -> bool:
    deadline = time.monotonic() + 20
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_running(pid)


def ask(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row and row[0]


def begin_in_another_process(directory: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", USES_THE_SERVER, str(directory)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def says_started(other: subprocess.Popen[str]) -> bool:
    assert other.stdout is not None
    return other.stdout.readline() == "started\n"


def use_in_another_process(directory: Path) -> subprocess.Popen[str]:
    other = begin_in_another_process(directory)
    assert says_started(other)
    return other


def test_a_started_server_answers_and_a_stopped_one_is_gone(directory: Path) -> None:
    server = EmbeddedPostgres(directory)

    server.start()
    pid = postmaster_of(directory)
    version = ask(server.url(), "show server_version_num")
    server.stop()

    assert str(version).startswith("18")
    assert ends_soon(pid)
    with pytest.raises(EmbeddedPostgresError, match="no server is started"):
        server.url()


def test_what_makes_a_commit_durable_stays_on_and_no_tcp_port_is_open(directory: Path) -> None:
    expected = {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "data_checksums": "on",
        "listen_addresses": "",
        "unix_socket_permissions": "0700",
        "TimeZone": "UTC",
        "shared_buffers": "256MB",
        "max_connections": "100",
    }

    with EmbeddedPostgres(directory) as server:
        found = {name: ask(server.url(), f"show {name}") for name in expected}

    assert found == expected


def test_nobody_but_the_owner_can_reach_the_files(directory: Path) -> None:
    with EmbeddedPostgres(directory):
        data = directory / "pgdata"

        modes = [data.stat().st_mode & 0o777, (data / ".s.PGSQL.5432").stat().st_mode & 0o777]

    assert modes == [0o700, 0o700]


def test_a_second_handle_joins_and_the_last_to_leave_stops_the_server(directory: Path) -> None:
    first, second = EmbeddedPostgres(directory), EmbeddedPostgres(directory)
    first.start()
    pid = postmaster_of(directory)

    second.start()
    joined = postmaster_of(directory)
    first.stop()
    answer_after_the_first_left = ask(second.url(), "select 1")
    second.stop()

    assert joined == pid
    assert answer_after_the_first_left == 1
    assert ends_soon(pid)


def test_another_process_joins_and_its_killing_counts_as_leaving(directory: Path) -> None:
    with EmbeddedPostgres(directory) as server:
        pid = postmaster_of(directory)
        other = use_in_another_process(directory)

        other.kill()
        other.communicate()

        assert ask(server.url(), "select 1") == 1
    assert ends_soon(pid)


def test_the_server_outlives_the_process_that_started_it_while_another_uses_it(
    directory: Path,
) -> None:
    other = use_in_another_process(directory)
    pid = postmaster_of(directory)
    with EmbeddedPostgres(directory) as server:
        other.send_signal(signal.SIGINT)
        other.communicate(timeout=30)

        assert ask(server.url(), "select 1") == 1
        assert postmaster_of(directory) == pid
    assert ends_soon(pid)


def test_ctrl_c_in_the_terminal_reaches_our_process_but_not_the_server(directory: Path) -> None:
    other = use_in_another_process(directory)
    pid = postmaster_of(directory)

    same_session = os.getsid(pid) == os.getsid(other.pid)
    os.killpg(other.pid, signal.SIGINT)
    other.communicate(timeout=30)

    assert not same_session
    assert other.returncode == 0
    assert ends_soon(pid)
    assert "database system is shut down" in "".join(
        path.read_text() for path in (directory / "pgdata" / "log").iterdir()
    )


def test_data_outlive_a_restart(directory: Path) -> None:
    with EmbeddedPostgres(directory) as server, psycopg.connect(server.url()) as connection:
        connection.execute("create table kept as select 42 as answer")

    with EmbeddedPostgres(directory) as server:
        answer = ask(server.url(), "select answer from kept")

    assert answer == 42


def test_after_a_kill_of_the_postmaster_the_next_start_recovers_what_was_committed(
    directory: Path,
) -> None:
    killed = EmbeddedPostgres(directory)
    killed.start()
    pid = postmaster_of(directory)
    with psycopg.connect(killed.url()) as connection:
        connection.execute("create table kept as select 42 as answer")
    os.kill(pid, signal.SIGKILL)
    assert ends_soon(pid)

    with EmbeddedPostgres(directory) as server:
        answer = ask(server.url(), "select answer from kept")
        killed.start()
        answer_of_the_old_handle = ask(killed.url(), "select answer from kept")
        killed.stop()

    assert answer == answer_of_the_old_handle == 42


def test_a_session_that_outlives_a_killed_postmaster_is_waited_for(directory: Path) -> None:
    killed = EmbeddedPostgres(directory)
    killed.start()
    pid = postmaster_of(directory)
    connection = psycopg.connect(killed.url(), autocommit=True)
    backend = connection.info.backend_pid
    os.kill(backend, signal.SIGSTOP)
    os.kill(pid, signal.SIGKILL)
    assert ends_soon(pid)
    other = begin_in_another_process(directory)

    time.sleep(1)
    launched_beside_it = postmaster_of(directory) != pid
    os.kill(backend, signal.SIGCONT)
    started = says_started(other)
    other.send_signal(signal.SIGINT)
    other.communicate(timeout=30)
    connection.close()
    killed.stop()

    assert started
    assert not launched_beside_it


def test_a_stale_pid_file_that_names_a_living_stranger_does_not_prevent_a_start(
    directory: Path,
) -> None:
    with EmbeddedPostgres(directory):
        pid_file = directory / "pgdata" / "postmaster.pid"
        _, *rest = pid_file.read_text().splitlines(keepends=True)
    stranger = subprocess.Popen(["sleep", "60"])
    pid_file.write_text("".join([f"{stranger.pid}\n", *rest]))

    with EmbeddedPostgres(directory) as server:
        answer = ask(server.url(), "select 1")
    stranger_lives = stranger.poll() is None
    stranger.terminate()
    stranger.wait()

    assert answer == 1
    assert stranger_lives


def test_an_interrupted_first_start_is_begun_anew(directory: Path) -> None:
    (directory / "pgdata.partial").mkdir()
    (directory / "pgdata.partial" / "PG_VERSION").write_text("18\n")

    with EmbeddedPostgres(directory) as server:
        answer = ask(server.url(), "select 1")

    assert answer == 1
    assert not (directory / "pgdata.partial").exists()


def test_a_path_too_long_for_a_socket_with_spaces_and_chinese_still_works(directory: Path) -> None:
    deep = directory / ("社区 的 账'本 " * 8) / "data"

    with EmbeddedPostgres(deep) as server:
        sockets = Path(str(ask(server.url(), "show unix_socket_directories")))
        mode = sockets.stat().st_mode & 0o777

    assert mode == 0o700
    assert not sockets.exists()


def test_environment_variables_of_postgresql_do_not_redirect_us(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("PGOPTIONS", "-c fsync=off")

    with EmbeddedPostgres(directory) as server:
        monkeypatch.delenv("PGOPTIONS")
        answer = ask(server.url(), "show fsync")

    assert answer == "on"


def test_a_server_that_cannot_start_says_why_in_its_own_words(directory: Path) -> None:
    with EmbeddedPostgres(directory):
        pass
    with (directory / "pgdata" / "postgresql.conf").open("a") as settings:
        settings.write("no_such_setting = 1\n")

    with pytest.raises(EmbeddedPostgresError, match="no_such_setting"):
        EmbeddedPostgres(directory).start()


def test_stop_without_start_and_a_second_stop_are_harmless(directory: Path) -> None:
    server = EmbeddedPostgres(directory)
    server.stop()
    server.start()
    server.start()

    server.stop()
    server.stop()

    assert not (directory / "pgdata" / "postmaster.pid").exists()


def test_stop_after_the_directory_was_deleted_does_not_bring_it_back(directory: Path) -> None:
    doomed = directory / "doomed"
    server = EmbeddedPostgres(doomed)
    server.start()
    pid = postmaster_of(doomed)
    shutil.rmtree(doomed)

    server.stop()
    came_back = doomed.exists()
    os.kill(pid, signal.SIGINT)

    assert not came_back
    assert ends_soon(pid)


def test_the_bundled_programs_are_of_the_servers_version_and_a_missing_one_is_named() -> None:
    version = subprocess.run(
        [EmbeddedPostgres.binary("pg_dump"), "--version"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert "PostgreSQL) 18" in version
    with pytest.raises(EmbeddedPostgresError, match="pg_nonsense"):
        EmbeddedPostgres.binary("pg_nonsense")


def test_the_fixture_gives_a_superuser_of_a_real_server(postgres_url: str) -> None:
    superuser = ask(postgres_url, "select rolsuper from pg_roles where rolname = current_user")

    assert superuser is True
