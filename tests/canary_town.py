"""A town on a PostgreSQL of its own whose server is told canaries over HTTP, by real reporters."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
import psycopg

from api.auth import Scope, add_key, mint_token, open_register
from api.databases import prepare
from api.settings import Limits, Settings
from api.submission import OWN_ID
from ledger.domain.log_keys import LogKeyAnnounced
from ledger.event import Actor, personal_fields
from ledger.ledger import Ledger
from ledger.proposal import Proposal
from ledger.store.embedded import EmbeddedPostgres
from ledger.store.postgres import PostgresStore
from tests.api_server import PATIENCE_SECONDS, Server, serving
from tests.canaries import FORWARDED, PEER, USER_AGENT
from tests.canary_history import Step, body_of, groundwork, history
from tests.town import FOUNDER, RESIDENT

ORIGIN = "town.example/ledger"
AUDITOR = Actor("auditor", "town", "p-auditor")
REPORTER = {
    "User-Agent": USER_AGENT,
    "X-Forwarded-For": f"{FORWARDED}, 10.0.0.1",
    "X-Real-IP": FORWARDED,
    "Forwarded": f'for="{FORWARDED}";proto=https',
    "Referer": f"https://{FORWARDED}/",
}
"""What the client of a reporter and the proxies before the server say of it."""
_CLIENTS_OWN = ("httpx", "httpcore")
"""Loggers of the client that the test itself is."""


class Lines(logging.Handler):
    """Keeps every line that the server's side logs, with its traceback, at any level."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith(_CLIENTS_OWN):
            self.seen.append(f"{record.name} {self.format(record)} {record.args!r}")

    @contextmanager
    def listening(self) -> Iterator[None]:
        """At the root, which is made to pass on everything meanwhile."""
        root = logging.getLogger()
        before = root.level
        root.addHandler(self)
        root.setLevel(logging.DEBUG)
        for name in _CLIENTS_OWN:
            logging.getLogger(name).setLevel(logging.WARNING)
        try:
            yield
        finally:
            root.setLevel(before)
            root.removeHandler(self)


@dataclass
class CanaryTown:
    """The running town, and what its server answered so far."""

    directory: Path
    server: Server
    superuser: str
    """The URL of the database for its superuser."""
    lines: Lines
    near: httpx.Client
    """A client on the server's own machine."""
    far: httpx.Client
    """One with an address of its own."""
    planted: set[tuple[str, str]] = field(default_factory=set)
    """(kind, field) of each canary that was accepted."""
    values: int = 0
    """How many of them."""
    answers: list[bytes] = field(default_factory=list)
    """All answers to reporters, with their headers."""
    receipts: list[str] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    turn: int = 0

    @property
    def settings(self) -> Settings:
        return self.server.settings

    def report(self, actor: Actor, document: Any, **headers: str) -> httpx.Response:
        """Proposes as an actor, from a reporter's own address and through a proxy in turn."""
        self.turn += 1
        is_resident = actor.office == "resident" and isinstance(document, dict)
        if is_resident and document.get("kind") not in OWN_ID:
            document = {**document, "resident": actor.principal}
        given = {**REPORTER, "Authorization": f"Bearer {self.token(actor)}", **headers}
        content = document if isinstance(document, bytes) else orjson.dumps(document)
        reporter = self.far if self.turn % 2 else self.near
        answer = reporter.post("/v1/events", content=content, headers=given)
        self.answers.append(whole(answer))
        return answer

    def accept(self, step: Step) -> None:
        """Proposes one act of the history, which must be accepted."""
        event = step.event
        document = {"kind": event.kind, "body": body_of(event)}
        if step.occurred_at is not None:
            document["occurred_at"] = step.occurred_at.isoformat()
        answer = self.report(step.actor, document)
        assert answer.status_code == 201, f"{event.kind}: {answer.text}"
        (told,) = answer.json()["events"]
        self.tags.update(told["tags"])
        if "receipt" in told:
            self.receipts.append(told["receipt"])
        given = {name for name in personal_fields(type(event)) if getattr(event, name) is not None}
        self.planted |= {(event.kind, name) for name in given}
        self.values += len(given)

    def token(self, actor: Actor) -> str:
        """The key of an actor; of any resident, the channel's."""
        return self.server.tokens[role_of(actor)]


def role_of(actor: Actor) -> str:
    """The name under which an actor's key is kept."""
    if actor.office == "resident":
        return f"channel/{actor.organisation}"
    return "/".join(actor)


def client(url: str, address: str | None = None) -> httpx.Client:
    """A client that connects from an address of this machine, where a machine has several."""
    own = address if sys.platform == "linux" else None
    transport = httpx.HTTPTransport(local_address=own, verify=False)
    return httpx.Client(base_url=url, timeout=PATIENCE_SECONDS, transport=transport)


def assert_far(far: httpx.Client) -> None:
    """The server sees the address that is looked for, where a machine has it."""
    if sys.platform == "linux":
        stream = far.get("/healthz").extensions["network_stream"]
        assert stream.get_extra_info("client_addr")[0] == PEER


def whole(answer: httpx.Response) -> bytes:
    """Status line, headers and body."""
    lines = [f"{name}: {value}" for name, value in answer.headers.multi_items()]
    return "\n".join([str(answer.status_code), *lines, ""]).encode() + answer.content


@contextmanager
def founded(directory: Path) -> Iterator[tuple[Settings, str]]:
    """A founded town on an embedded server in the directory: its settings, the superuser's URL."""
    directory.chmod(0o711)  # the account of the database passes through it
    with EmbeddedPostgres(directory / "postgres") as postgres:
        url = postgres.url()
        limits = Limits(min_position_seconds=0.05, retry_seconds=5.0)
        settings = Settings(data=directory / "data", database_url=url, limits=limits)
        prepare(url, settings.schema)
        enter(settings, url)
        yield settings, url


def enter(settings: Settings, url: str) -> None:
    """Founds the town in an empty ledger, with a key that signs its log."""
    with ExitStack() as stack:
        store = stack.enter_context(closing(PostgresStore(url, settings.schema)))
        vault = stack.enter_context(closing(settings.vault(url)))
        vault.cabinet.check()
        ledger = Ledger(store, vault)
        ledger.start()
        stack.callback(ledger.close)
        key = settings.signing_keys().create(ORIGIN).key
        announced = Proposal(LogKeyAnnounced(verifier_key=str(key)), FOUNDER)
        ledger.propose_sync([*groundwork(), announced])


@contextmanager
def canary_town(directory: Path, lines: Lines | None = None) -> Iterator[CanaryTown]:
    """The town with its server running; nothing was told to it yet."""
    with founded(directory) as (settings, url):
        actors = {step.actor for step in history()} | {AUDITOR, RESIDENT, FOUNDER}
        scopes = (Scope.PROPOSE, Scope.FEED, Scope.AUDIT, Scope.OPEN)
        tokens = {role_of(actor): mint_token() for actor in actors}
        with closing(open_register(url, settings.schema)) as register:
            for actor in actors:
                add_key(register, tokens[role_of(actor)], actor, scopes, role_of(actor))
        with (
            serving(settings, tokens) as server,
            client(server.url) as near,
            client(server.url, PEER) as far,
        ):
            assert_far(far)
            yield CanaryTown(directory, server, url, lines or Lines(), near, far)


def superuser(town: CanaryTown) -> psycopg.Connection[Any]:
    """A session that sees and may do everything."""
    return psycopg.connect(town.superuser, autocommit=True)


def flushed(town: CanaryTown) -> None:
    """All that the database holds in memory is in its files, and the log's file is ended."""
    with superuser(town) as connection:
        for table in ("sealed_value", "event"):
            connection.execute(f"analyze {town.settings.schema}.{table}".encode())
        connection.execute("checkpoint")
        connection.execute("select pg_switch_wal()")
        connection.execute("checkpoint")


def dumped(town: CanaryTown) -> bytes:
    """The database as its own pg_dump writes it."""
    target = town.directory / "dump.sql"
    program = EmbeddedPostgres.binary("pg_dump")
    words = [str(program), "--dbname", town.superuser, "--file", str(target)]
    subprocess.run(words, check=True, capture_output=True, env={"PATH": os.defpath, "LC_ALL": "C"})
    try:
        return target.read_bytes()
    finally:
        target.unlink()
