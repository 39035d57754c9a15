"""`mingzhang up`: database, demonstration town, API, live projections and board, until Ctrl-C."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from api.settings import Settings

GRACE_SECONDS = 5
"""How long requests under way may take once the server has been asked to stop."""


class AlreadyRunning(Exception):
    """The data directory or the port is in use."""


class HalfATown(Exception):
    """The ledger holds part of another demonstration town than this version's."""


def up(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one.", min=0)] = None,
    demonstration: Annotated[
        bool, typer.Option(help="Enter the demonstration town into an empty ledger.")
    ] = True,
) -> None:
    """Start everything; Ctrl-C stops everything. A second start goes on where the first ended."""
    from api.databases import database, prepare
    from api.settings import Settings

    given = Settings.from_environment(os.environ)
    settings = replace(given, host=host or given.host, port=given.port if port is None else port)
    signal.signal(signal.SIGTERM, interrupt)
    try:
        with ExitStack() as stack:
            stack.callback(_finish_undisturbed)
            stack.enter_context(_alone(settings.data))
            listener = stack.enter_context(listening(settings.host, settings.port))
            typer.echo("Starting the ledger ...")
            url = stack.enter_context(database(settings))
            stack.callback(_finish_undisturbed)
            prepare(url, settings.schema)
            settings = replace(settings, database_url=url)
            check_vault(settings, url)
            tokens = _enter_town(settings, demonstration=demonstration)
            _serve(settings, listener, tokens)
    except KeyboardInterrupt:
        pass
    typer.echo("Stopped.")


def check_vault(settings: Settings, url: str) -> None:
    """Raises `WrongKey` unless the key at hand opens the vault: nothing is started without it."""
    with closing(settings.vault(url)) as vault:
        vault.cabinet.check()


def interrupt(_number: int, _frame: FrameType | None) -> None:
    """Ends a command on a signal as Ctrl-C does."""
    raise KeyboardInterrupt


def _finish_undisturbed() -> None:
    """From here on everything stops, in seconds: a second Ctrl-C must not leave a server behind."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """The only `up` on this data directory; the kernel lets go of the lock however we end."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / "up.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(f"`mingzhang up` is running already on {data}") from None
        yield


@contextmanager
def listening(host: str, port: int, remedy: str = "set MINGZHANG_PORT") -> Iterator[socket.socket]:
    """A bound socket, before anything is started that would have to be stopped again.

    Raises `AlreadyRunning`, with the remedy, where the port is taken.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise AlreadyRunning(f"port {port} is taken: stop what uses it, or {remedy}") from None
        raise AlreadyRunning(f"cannot listen on {host}:{port}: {error}") from None
    with listener:
        yield listener


def _enter_town(settings: Settings, *, demonstration: bool) -> dict[str, str]:
    """The demonstration's keys, if this ledger is the demonstration's; enters it where it is empty.

    However this ends, the next start enters what is left of the town. Raises `HalfATown` where the
    ledger holds part of another one.
    """
    from api.auth import open_register
    from api.demonstration.entry import TornTown, enter_town
    from api.demonstration.keys import enter_keys
    from api.demonstration.ziyang.script import script

    assert settings.database_url is not None
    try:
        if not enter_town(settings, demonstration=demonstration, proposals=script):
            return {}
    except TornTown as torn:
        raise HalfATown(f"{torn}: start with another MINGZHANG_DATA") from None
    with open_register(settings.database_url, settings.schema) as register:
        return enter_keys(register, settings.data)


def _serve(settings: Settings, listener: socket.socket, tokens: dict[str, str]) -> None:
    import uvicorn

    from api.app import create_app

    # A connection that fails is told of in our own words, on /readyz.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host

    class Announcing(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            typer.echo(_announcement(f"http://{shown}:{port}", settings, tokens))

    config = uvicorn.Config(
        create_app(settings),
        log_config=None,
        access_log=False,  # an address and a time would tell who reported something
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        limit_concurrency=2_000,
    )
    Announcing(config).run(sockets=[listener])


def _announcement(url: str, settings: Settings, tokens: dict[str, str]) -> str:
    from api.demonstration.keys import FILE_NAME, ROLES
    from ledger.signing.keys import UnusableKeys

    lines = ["", f"  明账 Mingzhang is running on {url}   (Ctrl-C stops it)", ""]
    if tokens:
        lines += [f"  Demonstration keys, also in {settings.data / FILE_NAME}:"]
        lines += [f"    {role.name:<18}{tokens[role.name]}  {role.term}" for role in ROLES]
    else:
        lines += ["  Make an API key with `mingzhang keys create --help`."]
    try:
        is_signed = bool(settings.signing_keys().load())
    except UnusableKeys as error:
        lines += ["", f"  Nothing is signed: {error}."]
    else:
        if not is_signed:
            lines += ["", "  Nothing is signed: make a key with `mingzhang log-key create`."]
    return "\n".join([*lines, ""])
