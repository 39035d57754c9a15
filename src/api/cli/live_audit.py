"""The audit of the database that the settings name, against all that was kept outside of it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from typing import Any, LiteralString, NamedTuple

import psycopg

from api.access_running import access_name
from api.databases import database
from api.founding import founding_of
from api.settings import Settings
from ledger.access.audit import examiner
from ledger.access.log import PURPOSE
from ledger.audit.live import audit_database
from ledger.audit.records import Examine, examine
from ledger.audit.report import Progress, Report, Unreadable
from ledger.signing.keys import SigningKeys
from ledger.signing.mark import Mark
from ledger.store import checkpoints
from ledger.store.connections import connection_string
from ledger.store.migrations import READER, check_schema
from ledger.store.postgres import PostgresStore
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.faults import Malformed, Unverified
from ledger.tlog.note import Note, NoteVerifier, Verifier

_ONE_MOMENT: LiteralString = "set transaction isolation level repeatable read, read only"
_RECEIPT = re.compile(r"([1-9][0-9]{0,15}):([0-9a-f]{64})")


class _Log(NamedTuple):
    """One of the two logs that are kept, and what is kept of it outside of the database."""

    schema: str
    purpose: str
    keys: SigningKeys
    mark: Mark
    examined: Examine


def audit(
    verifiers: Sequence[Verifier], since: Note | None, receipts: Sequence[str], progress: Progress
) -> Report:
    """Audits the ledger as of one moment; raises `Unreadable`, `StoreDown` and `SchemaMismatch`."""
    settings = Settings.from_environment(os.environ)
    log = _Log(settings.schema, "ledger", settings.signing_keys(), settings.mark(), examine)
    held = dict(map(_receipt, receipts))
    with database(settings) as url, closing(PostgresStore(url, settings.schema)) as store:
        founding = founding_of(store)
        if founding is None and log.mark.read() is None and not held:
            raise Unreadable("the ledger is empty, and nothing was kept that says otherwise")
        origin = founding.origin if founding else None
        return _audit(url, log, origin, held, verifiers, since, progress)


def audit_access(verifiers: Sequence[Verifier], since: Note | None, progress: Progress) -> Report:
    """The same of the access log."""
    settings = Settings.from_environment(os.environ)
    log = _Log(
        settings.access_schema,
        PURPOSE,
        settings.access_signing_keys(),
        settings.access_mark(),
        examiner(),
    )
    with ExitStack() as stack:
        url = stack.enter_context(database(settings))
        store = stack.enter_context(closing(PostgresStore(url, settings.schema)))
        entries = PostgresStore(url, settings.access_schema, PURPOSE)
        stack.enter_context(closing(entries))
        founding = founding_of(store)
        if entries.size() == 0 and log.mark.read() is None:
            raise Unreadable("the access log is empty, and nothing was kept that says otherwise")
        origin = access_name(founding.origin) if founding else None
        return _audit(url, log, origin, {}, verifiers, since, progress)


def _audit(
    url: str,
    log: _Log,
    origin: str | None,
    held: Mapping[int, bytes],
    verifiers: Sequence[Verifier],
    since: Note | None,
    progress: Progress,
) -> Report:
    keys = list(verifiers) or [NoteVerifier(one.key) for one in log.keys.load()]
    with psycopg.connect(connection_string(url, log.schema, READER)) as connection:
        connection.execute(_ONE_MOMENT)
        check_schema(connection, log.purpose)
        trusted = _trusted(connection, log.mark, keys, since)
        return audit_database(
            connection, trusted, held, origin=origin, examined=log.examined, progress=progress
        )


def _trusted(
    connection: psycopg.Connection[Any],
    kept: Mark,
    keys: Sequence[Verifier],
    since: Note | None,
) -> list[tuple[int, bytes]]:
    """(size, root) of what was signed: kept by the auditor, published, and in the database."""
    found = {}
    mark = kept.read()
    if mark is not None:
        found[mark.size] = mark.root
    last = checkpoints.latest(connection)
    if last is not None and keys:
        checkpoint = _checked("the last checkpoint in the database", last.note, keys)
        found[checkpoint.size] = checkpoint.root
    if since is not None:
        if not keys:
            raise Unreadable("--since: no key to check it with: give --key")
        checkpoint = _checked("--since", since, keys)
        found[checkpoint.size] = checkpoint.root
    return sorted(found.items())


def _checked(what: str, note: Note, keys: Sequence[Verifier]) -> Checkpoint:
    try:
        note.verified_by(keys)
        return Checkpoint.parse(note.text)
    except (Malformed, Unverified) as error:
        raise Unreadable(f"{what}: {error}") from None


def _receipt(text: str) -> tuple[int, bytes]:
    match = _RECEIPT.fullmatch(text)
    if match is None:
        raise Unreadable(f"--receipt {text[:90]!r}: it is written as POSITION:LEAF")
    return int(match[1]), bytes.fromhex(match[2])
