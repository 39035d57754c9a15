"""The embedded PostgreSQL 18: one data directory, reached through a unix socket and no TCP port.

Several processes may use one directory. Every handle holds a shared lock on `handles.lock`, and the
server itself inherits one on `server.lock`; the kernel drops both when their holder dies, however
it dies, so neither a process id nor a list on disk is ever trusted.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import hashlib
import os
import shlex
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self
from urllib.parse import quote

from ledger.store import bundled
from ledger.store.bundled import PATIENCE_SECONDS, Account, EmbeddedPostgresError

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError"]

# Written once, by initdb, into postgresql.conf: an operator may change them there afterwards.
# fsync, synchronous_commit and full_page_writes keep their defaults, which are on. The build has
# no lz4, and pglz costs more time than it saves: wal_compression stays off.
_SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # One file a weekday, overwritten a week later: the log cannot fill the disk for ever.
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
}
_WAITING = ("-w", "-t", str(int(PATIENCE_SECONDS)))
_SOCKET_NAME = ".s.PGSQL.5432"
_SOCKET_PATH_BYTES = 103  # what the strictest kernel (macOS) leaves of sun_path


class EmbeddedPostgres:
    """One handle on the server of a directory, which is created when it is missing.

    The first handle starts the server and the last one to leave stops it. A process that is killed
    leaves too. Handles are not thread-safe and do not survive a fork.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory.absolute()
        self._data = self._directory / "pgdata"
        self._handle: int | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Returns when the server accepts connections; starts it unless it already runs.

        Calling it again makes sure that the server is still there. Raises EmbeddedPostgresError.
        """
        with bundled.error_of_our_own():
            self._directory.mkdir(parents=True, exist_ok=True)
        with bundled.error_of_our_own(), self._gate():
            account = bundled.server_account(self._data)
            self._initialise(account)
            self._join_or_launch(account)
            if self._handle is None:
                self._handle = self._open_lock("handles.lock")
                fcntl.flock(self._handle, fcntl.LOCK_SH)
                atexit.register(self.stop)

    def stop(self) -> None:
        """Leaves; the last to leave stops the server and waits until all of it has ended.

        Open sessions are ended, what was committed stays. Harmless on a handle that never started.
        """
        if self._handle is None:
            return
        if not self._directory.exists():
            # Somebody deleted it; PostgreSQL notices within a minute and ends by itself.
            os.close(self._handle)
            self._handle = None
            return
        with bundled.error_of_our_own(), self._gate():
            # Taking the lock for ourselves alone succeeds only if no other handle shares it.
            last = _lock_at_once(self._handle)
            os.close(self._handle)
            self._handle = None
            atexit.unregister(self.stop)
            if last and self._server_lock_is_held():
                self._shut_down(bundled.server_account(self._data))

    def url(self, user: str = "postgres", database: str = "postgres") -> str:
        """The libpq URI for `user` over the unix socket; only a started handle has one."""
        socket_directory = self._socket_directory_in_use()
        if self._handle is None or socket_directory is None:
            raise EmbeddedPostgresError(f"no server is started on {self._directory}")
        host = quote(str(socket_directory), safe="")
        return f"postgresql://{quote(user)}@/{quote(database)}?host={host}&port=5432"

    @staticmethod
    def binary(name: str) -> Path:
        """The bundled program of that name, of the server's own version: psql, pg_dump, ..."""
        return bundled.binary(name)

    def _initialise(self, account: Account | None) -> None:
        """Makes the data directory beside its place and renames it: it is there whole or not."""
        if self._data.exists():
            return
        partial = self._directory / "pgdata.partial"
        if partial.exists():
            shutil.rmtree(partial)
        partial.mkdir(mode=0o700)
        if account is not None:
            os.chown(partial, account.uid, account.gid)
            bundled.let_traverse(partial)
            bundled.let_traverse(bundled.binary("initdb"))
        # C.UTF-8 is built in: no order of text depends on the machine's locales.
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        # Whoever reaches the socket, which is ours alone, could read the files as well.
        access = ["-U", "postgres", "--auth-local=trust", "--auth-host=reject"]
        settings = [word for item in _SETTINGS.items() for word in ("-c", "=".join(item))]
        words = ["-E", "UTF8", *locale, *access, *settings]
        bundled.run(account, "initdb", "-D", partial, *words)
        partial.rename(self._data)
        # Without it a power cut could undo the rename and with it every commit made since.
        directory = os.open(self._directory, os.O_RDONLY)
        os.fsync(directory)
        os.close(directory)

    def _join_or_launch(self, account: Account | None) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (answer := self._ask()) != "ready":
            # A killed server's last sessions may live on for a moment: no other beside them.
            if answer == "silent" and not self._server_lock_is_held():
                self._launch(account)
                return
            bundled.wait(deadline, f"the server of {self._directory} neither answers nor ends")

    def _launch(self, account: Account | None) -> None:
        sockets = self._socket_directory(account)
        # Their holder is dead, as the free lock and the silent socket show, but its number may be
        # another process's by now, or a zombie's, and PostgreSQL would take that for a server.
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        (sockets / f"{_SOCKET_NAME}.lock").unlink(missing_ok=True)
        if account is not None:
            bundled.let_traverse(self._data)
            bundled.let_traverse(bundled.binary("postgres"))
        first_words = self._data / "start.log"
        first_words.unlink(missing_ok=True)
        inherited = self._open_lock("server.lock")
        try:
            fcntl.flock(inherited, fcntl.LOCK_SH)
            options = f"-k {shlex.quote(str(sockets))}"
            # pg_ctl gives the server a session of its own: Ctrl-C in the terminal misses it.
            start: list[str | Path] = ["-D", self._data, "-l", first_words, "-o", options, "start"]
            bundled.run(account, "pg_ctl", *_WAITING, *start, inherited=inherited)
        except EmbeddedPostgresError as error:
            raise EmbeddedPostgresError(f"{error}\n{self._last_words()}") from error
        finally:
            os.close(inherited)

    def _last_words(self) -> str:
        """The ends of the newest logs: before and after the server's own collector took over."""
        logs = [*self._data.glob("start.log"), *self._data.glob("log/*")]
        newest = sorted(logs, key=lambda log: log.stat().st_mtime)[-2:]
        return "\n".join(log.read_text(errors="replace")[-2000:].strip() for log in newest)

    def _shut_down(self, account: Account | None) -> None:
        sockets = self._socket_directory_in_use()
        if self._ask() != "silent":
            bundled.run(account, "pg_ctl", *_WAITING, "-D", self._data, "-m", "fast", "stop")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._server_lock_is_held():
            bundled.wait(deadline, f"processes of the server of {self._directory} do not end")
        if sockets is not None and sockets != self._data:
            shutil.rmtree(sockets, ignore_errors=True)

    def _ask(self) -> str:
        """`ready`, `busy` (starting or stopping) or `silent`, as bundled.ask says."""
        sockets = self._socket_directory_in_use()
        return "silent" if sockets is None else bundled.ask(sockets / _SOCKET_NAME)

    def _socket_directory(self, account: Account | None) -> Path:
        """The data directory, or, where that is too long for a socket, a private one in /tmp."""
        if len(os.fsencode(self._data / _SOCKET_NAME)) <= _SOCKET_PATH_BYTES:
            return self._data
        digest = hashlib.sha256(os.fsencode(self._data)).hexdigest()[:16]
        short = Path("/tmp") / f"mingzhang-{os.geteuid()}-{digest}"  # noqa: S108 - checked below
        owner = os.geteuid() if account is None else account.uid
        with contextlib.suppress(FileExistsError):
            short.mkdir(mode=0o700)
            os.chown(short, owner, -1)
        found = short.lstat()
        # The name can be guessed: a folder that a stranger made first would show him every session.
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
            raise EmbeddedPostgresError(f"{short} is not ours alone: remove it and start again")
        return short

    def _socket_directory_in_use(self) -> Path | None:
        """Where postmaster.pid says that the socket is; line 5, PostgreSQL's miscadmin.h."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return None
        return Path(lines[4]) if len(lines) > 4 and lines[4] else None

    @contextlib.contextmanager
    def _gate(self) -> Iterator[None]:
        """One process at a time starts or stops: two servers never race for one directory."""
        gate = self._open_lock("gate.lock")
        try:
            deadline = time.monotonic() + 2 * PATIENCE_SECONDS
            while not _lock_at_once(gate):
                bundled.wait(deadline, f"another process is starting or stopping {self._directory}")
            yield
        finally:
            os.close(gate)

    def _server_lock_is_held(self) -> bool:
        probe = self._open_lock("server.lock")
        try:
            return not _lock_at_once(probe)
        finally:
            os.close(probe)

    def _open_lock(self, name: str) -> int:
        return os.open(self._directory / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _lock_at_once(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
