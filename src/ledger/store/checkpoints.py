"""Checkpoints as they were signed and published, with what witnesses added to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, LiteralString, NamedTuple

import psycopg

from ledger.tlog.note import Note, Signature

Connection = psycopg.Connection[Any]

_CHECKPOINT = "select size, root, signed_at, note from checkpoint"
_LATEST = f"{_CHECKPOINT} order by size desc limit 1"
_COVERING = f"{_CHECKPOINT} where size >= %s order by size limit 1"
# One a day, the last: enough for an auditor who comes back, however often we sign.
_LAST_OF_DAYS = """select distinct on (signed_at::date) size, root, signed_at, note
    from checkpoint where size < %s order by signed_at::date desc, size desc limit %s"""
_COSIGNATURES = """select name, key_id, signature from cosignature
    where size = %s order by taken_at, name, key_id"""
_ADD = "insert into checkpoint (size, root, signed_at, note) values (%s, %s, %s, %s)"
# Another process may have asked the same witness meanwhile.
_COSIGN = """insert into cosignature (size, name, key_id, signature)
    values (%s, %s, %s, %s) on conflict do nothing"""


class Published(NamedTuple):
    """A checkpoint of the log as anybody may read it."""

    size: int
    root: bytes
    signed_at: datetime
    note: Note
    """With all cosignatures so far."""


def latest(connection: Connection) -> Published | None:
    """The one of the greatest size; None before the first."""
    return _one(connection, _LATEST)


def covering(connection: Connection, size: int) -> Published | None:
    """The smallest that has the first `size` events; None before it is signed."""
    return _one(connection, _COVERING, [size])


def last_of_days(connection: Connection, before: int, limit: int) -> list[Published]:
    """The last of each day, of those smaller than `before`: the newest `limit`, in order."""
    rows = connection.execute(_LAST_OF_DAYS, [before, limit]).fetchall()
    return [_published(connection, row) for row in reversed(rows)]


def add(
    connection: Connection, published: Published, cosignatures: Iterable[Signature] = ()
) -> None:
    """Publishes a checkpoint with its first cosignatures, in the caller's transaction."""
    bare = published.note.to_bytes()
    connection.execute(_ADD, [published.size, published.root, published.signed_at, bare])
    add_cosignatures(connection, published.size, cosignatures)


def add_cosignatures(connection: Connection, size: int, cosignatures: Iterable[Signature]) -> None:
    """Adds what witnesses signed of a checkpoint that is published."""
    for name, key_id, signature in cosignatures:
        connection.execute(_COSIGN, [size, name, key_id, signature])


def _one(
    connection: Connection, statement: LiteralString, values: Sequence[Any] = ()
) -> Published | None:
    row = connection.execute(statement, values).fetchone()
    return None if row is None else _published(connection, row)


def _published(connection: Connection, row: tuple[Any, ...]) -> Published:
    size, root, signed_at, note = row
    found = connection.execute(_COSIGNATURES, [size])
    cosignatures = [Signature(*one) for one in found]
    bare = Note.parse(bytes(note))
    return Published(size, root, signed_at.astimezone(UTC), bare.signed_with(*cosignatures))
