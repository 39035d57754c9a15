"""Checks a statement: its figures are computed again from a bundle of the log, and compared.

Needs no ledger and no network: the views are built anew in an embedded PostgreSQL of its own, by
the code that serves them. What it cannot say is whether that code computes what the rules mean;
the rules are in the bundle, and the code is public.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import psycopg
from pydantic import ValidationError

from api.disclosed import DISCLOSURES, Disclosure
from api.folded_apart import folded_apart
from api.queries import Fresh
from api.statements import FORMAT, packs_of
from ledger.audit.report import Fault, Faulty, Progress, Unreadable, shown
from ledger.bundle.store import BundleStore
from ledger.canonical import canonical_document, instant
from ledger.event import MAX_INTEGER
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.faults import Malformed, Unverified
from ledger.tlog.merkle import Frontier
from ledger.tlog.note import Note, Verifier, decode_base64
from ledger.tlog.proofs import verify_consistency
from projections import published_reading
from projections.digest import FORMAT as ROWS_FORMAT
from projections.digest import stored_digest
from projections.fixed_times import is_due
from projections.projection import Projection
from projections.publisher import packs_at, position_at
from projections.reading import one_moment
from projections.tables import plain_tables

MAX_STATEMENT_BYTES = 64 * 1024**2
_MEMBERS = frozenset((
    "at", "checkpoint", "consistency", "disclosure", "figures", "format", "origin", "projections",
    "query", "root", "rows_format", "rule_packs", "size",
))  # fmt: skip


class Statement(NamedTuple):
    """A statement that was read; nothing of it is believed yet."""

    document: dict[str, Any]
    disclosure: Disclosure
    query: Fresh
    size: int
    at: datetime
    root: bytes
    checkpoint: Note
    consistency: tuple[bytes, ...]


def read_statement(data: bytes) -> Statement:
    """Reads a statement; raises `Unreadable` for what is none, or is one of another version."""
    if len(data) > MAX_STATEMENT_BYTES:
        raise Unreadable(f"a statement has at most {MAX_STATEMENT_BYTES} bytes")
    try:
        document = orjson.loads(data)
        if (document["format"], document["rows_format"]) != (FORMAT, ROWS_FORMAT):
            raise Unreadable(f"it is not a statement of the format {FORMAT} with {ROWS_FORMAT}")
        if canonical_document(document) != data.strip():
            raise Unreadable("it is not canonical JSON (RFC 8785) as it was served")
        # Every member is checked: what stood beside them would pass unread under our verdict.
        if document.keys() != _MEMBERS:
            raise Unreadable(f"its members are not {', '.join(sorted(_MEMBERS))}")
        disclosure = DISCLOSURES[document["disclosure"]]
        return Statement(
            document,
            disclosure,
            disclosure.query.model_validate(document["query"]),
            _size(document["size"]),
            _moment(document["at"]),
            decode_base64(document["root"], "a root"),
            Note.parse(document["checkpoint"].encode()),
            tuple(decode_base64(one, "a hash") for one in document["consistency"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, ValidationError) as error:
        raise Unreadable(f"it is no statement: {shown(str(error), quoted=False)}") from None


def _size(value: Any) -> int:
    if type(value) is not int or not 0 < value <= MAX_INTEGER:
        raise ValueError("a size is a number from 1")
    return value


def _moment(text: str) -> datetime:
    """The time that is judged; raises ValueError for any spelling but the one that is served."""
    moment = datetime.fromisoformat(text)
    if not text.endswith("Z") or instant(moment) != text:
        raise ValueError("a time is in UTC, as 2026-03-01T08:00:00.123456Z")
    return moment


def check_statement(
    statement: Statement,
    bundle: Path,
    verifiers: Sequence[Verifier],
    origin: str,
    progress: Progress = lambda done, total: None,
) -> str:
    """One line of verdict; raises `Faulty` at the first thing that differs, and `Unreadable`.

    The bundle must have been verified, and be of the log named `origin`.
    """
    _check_signed(statement, verifiers, origin)
    _check_versions(statement)
    store = BundleStore(bundle, statement.size)
    frontier = Frontier()
    for event in store.read():
        frontier.append(event.leaf)
    _compare("root", statement.root.hex(), frontier.root().hex())
    _compare("rule_packs", statement.document["rule_packs"], packs_of(store, statement.size))
    if statement.disclosure.is_published:
        _check_time(statement, bundle)
    computed = _computed(statement, store, progress)
    for name in ("projections", "figures"):
        _compare(name, statement.document[name], computed[name])
    return (
        f"verified: the figures of {statement.document['disclosure']} follow from the first"
        f" {statement.size:,} events of {origin}, judged at {statement.document['at']}"
    )


def _check_versions(statement: Statement) -> None:
    """Raises `Unreadable` for views that another version of this program computes otherwise."""
    stated = statement.document["projections"]
    for projection in statement.disclosure.projections:
        for one in stated if isinstance(stated, list) else ():
            if not isinstance(one, dict) or one.get("name") != projection.name:
                continue
            if one.get("version") != projection.version:
                raise Unreadable(
                    f"it is of version {shown(one.get('version'))} of {projection.name}, and this"
                    f" computes version {projection.version}: use the Mingzhang of then"
                )


def _check_signed(statement: Statement, verifiers: Sequence[Verifier], origin: str) -> None:
    """The log that the statement speaks of is part of one that was signed."""
    try:
        statement.checkpoint.verified_by(one for one in verifiers if one.key.name == origin)
        checkpoint = Checkpoint.parse(statement.checkpoint.text)
        for named in (checkpoint.origin, statement.document["origin"]):
            if named != origin:
                raise Unverified(f"it is of {shown(named)}, not of {origin}")
        verify_consistency(
            statement.size,
            checkpoint.size,
            statement.consistency,
            statement.root,
            checkpoint.root,
        )
    except (Malformed, Unverified) as error:
        raise Faulty(
            Fault("a checkpoint that has this log", str(error), file="checkpoint")
        ) from None


def _check_time(statement: Statement, bundle: Path) -> None:
    """It is of a fixed time, and of all that was recorded by then: else a town could choose."""
    size, at = statement.size, statement.at
    whole = BundleStore(bundle)
    if not is_due(packs_at(whole, size), at):
        raise Faulty(Fault("a fixed time of the packs", instant(at), file="at"))
    last = position_at(whole, at, whole.size())
    if last != size:
        raise Faulty(Fault(f"{last} events recorded by {instant(at)}", str(size), file="size"))


def _computed(statement: Statement, store: BundleStore, progress: Progress) -> dict[str, Any]:
    names = [projection.name for projection in statement.disclosure.projections]
    at = statement.at if statement.disclosure.is_published else None
    with folded_apart(store, names, progress, at) as conninfo:
        return asyncio.run(_read(statement, conninfo))


async def _read(statement: Statement, conninfo: str) -> dict[str, Any]:
    projections = statement.disclosure.projections
    tables = [name for projection in projections for name in plain_tables(projection)]
    is_published = statement.disclosure.is_published
    if is_published:
        tables = ["document", "publication"]
    async with (
        await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection,
        one_moment(connection, tables),
    ):
        figures = await statement.disclosure.read(connection, statement.query, statement.at)
        described = [await _described(connection, one, is_published) for one in projections]
    return {"figures": orjson.loads(orjson.dumps(figures)), "projections": described}


async def _described(
    connection: psycopg.AsyncConnection[Any], projection: Projection, is_published: bool
) -> dict[str, Any]:
    if is_published:
        rows = await published_reading.last_digest(connection)
    else:
        rows = await stored_digest(connection, projection)
    return {"name": projection.name, "version": projection.version, "rows": rows}


def _compare(place: str, stated: Any, computed: Any) -> None:
    """Raises `Faulty` at the first place where the two documents differ."""
    if canonical_document(stated) == canonical_document(computed):
        return  # as documents, for Python takes 1, 1.0 and True for the same
    if isinstance(stated, dict) and isinstance(computed, dict) and stated.keys() == computed.keys():
        for name in stated:
            _compare(f"{place}.{name}", stated[name], computed[name])
    if isinstance(stated, list) and isinstance(computed, list) and len(stated) == len(computed):
        for number, (one, other) in enumerate(zip(stated, computed, strict=True)):
            _compare(f"{place}[{number}]", one, other)
    raise Faulty(Fault(f"{shown(computed)} from the log", shown(stated), file=place))
