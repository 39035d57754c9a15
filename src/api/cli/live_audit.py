"""The audit of the database that the settings name, against all that was kept outside of it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import closing
from typing import Any, LiteralString

import psycopg

from api.databases import database
from api.founding import founding_of
from api.settings import Settings
from ledger.audit.live import audit_database
from ledger.audit.report import Progress, Report, Unreadable
from ledger.store import checkpoints
from ledger.store.migrations import READER, check_schema
from ledger.store.postgres import PostgresStore, connection_string
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.faults import Malformed, Unverified
from ledger.tlog.note import Note, NoteVerifier, Verifier

_ONE_MOMENT: LiteralString = "set transaction isolation level repeatable read, read only"
_RECEIPT = re.compile(r"([1-9][0-9]{0,15}):([0-9a-f]{64})")


def audit(
    verifiers: Sequence[Verifier], since: Note | None, receipts: Sequence[str], progress: Progress
) -> Report:
    """Audits the log as of one moment; raises `Unreadable`, `StoreDown` and `SchemaMismatch`."""
    settings = Settings.from_environment(os.environ)
    keys = list(verifiers) or [NoteVerifier(one.key) for one in settings.signing_keys().load()]
    held = dict(map(_receipt, receipts))
    with database(settings) as url, closing(PostgresStore(url, settings.schema)) as store:
        founding = founding_of(store)
        if founding is None and settings.mark().read() is None and not held:
            raise Unreadable("the ledger is empty, and nothing was kept that says otherwise")
        conninfo = connection_string(url, settings.schema, READER)
        with psycopg.connect(conninfo) as connection:
            connection.execute(_ONE_MOMENT)
            check_schema(connection, "ledger")
            trusted = _trusted(connection, settings, keys, since)
            origin = founding.origin if founding else None
            return audit_database(connection, trusted, held, origin=origin, progress=progress)


def _trusted(
    connection: psycopg.Connection[Any],
    settings: Settings,
    keys: Sequence[Verifier],
    since: Note | None,
) -> list[tuple[int, bytes]]:
    """(size, root) of what was signed: kept by the auditor, published, and in the database."""
    found = {}
    mark = settings.mark().read()
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
