"""Replaces the key-encryption key: every data key is wrapped anew, and the old one destroyed.

A destroyed data key survives in the write-ahead log, in dead rows and in base backups, wrapped
under the key-encryption key of its time. Only when that one is gone does nothing open any more.
No sealed value is touched. A rotation that was interrupted goes on where it ended.
"""

from __future__ import annotations

import os
from contextlib import closing
from datetime import datetime
from typing import NamedTuple

from ledger.store.connections import Connection
from ledger.vault.cabinet import PostgresCabinet
from ledger.vault.key_encryption import KEY_BYTES, DamagedKey, KeyEncryptionKey, KeyRing, WrongKey
from ledger.vault.key_source import KeySource

BATCH_KEYS = 10_000
_LOCK = 0x6D7A726F74617465  # "mzrotate": one rotation at a time in a database

_TRY_LOCK = "select pg_try_advisory_lock(%s)"
_UNLOCK = "select pg_advisory_unlock(%s)"
# In this order: the index allows one current key. Whoever adds keys holds the row of the current
# one until its commit, so that this waits for all that is being wrapped under the old key.
_RETIRE = """update key_encryption_key set retired_at = clock_timestamp()
    where retired_at is null and id <> %s"""
_INTRODUCE = "insert into key_encryption_key (id) values (%s) on conflict (id) do nothing"
_IS_RETIRED = "select retired_at is not null from key_encryption_key where id = %s"
_NEXT = """select id::text, wrapped_under, wrapped from data_key
    where wrapped_under <> %s and id > %s::uuid order by id limit %s for update"""
_WRAP_ANEW = """update data_key set wrapped_under = %s, wrapped = anew.wrapped
    from unnest(%s::uuid[], %s::bytea[]) as anew (id, wrapped) where data_key.id = anew.id"""
_FIRST = "00000000-0000-0000-0000-000000000000"
# Sealed with an erased key by somebody who had not heard of the erasure: nothing opens it.
_SWEEP = """delete from sealed_value where subject in
    (select subject from erasure where completed_at is null)
    and not exists (select from data_key where id = sealed_value.data_key)"""
_DESTROYED = """update key_encryption_key set destroyed_at = clock_timestamp()
    where destroyed_at is null and retired_at is not null and not id = any(%s::bytea[])"""
_COMPLETE = """update erasure set completed_at = clock_timestamp()
    where completed_at is null and not exists (select from key_encryption_key
        where id = any(erasure.wrapped_under) and destroyed_at is null)
    returning position, subject, completed_at"""


class RotationRunning(Exception):
    """Another process replaces the key-encryption key just now."""


class Completed(NamedTuple):
    """An erasure of which nothing is left that could ever be opened."""

    position: int
    subject: str
    at: datetime


class Rotated(NamedTuple):
    """What a rotation did."""

    wrapped_anew: int
    damaged: tuple[str, ...]
    """Ids of data keys that do not come out under their key: what they sealed is lost."""
    old_key_destroyed: bool
    """False while the old key is still at hand where it is not ours to destroy."""
    completed: tuple[Completed, ...]


def rotate(cabinet: PostgresCabinet, source: KeySource) -> Rotated:
    """Replaces the key in our file by a new one; elsewhere the operator gives new and old key
    together first, and the new one alone afterwards.

    Raises `WrongKey`, `RotationRunning` or `StoreDown`; whatever is raised, every value opens.
    """
    with closing(cabinet.session()) as connection:
        row = connection.execute(_TRY_LOCK, [_LOCK]).fetchone()
        if row is None or not row[0]:
            raise RotationRunning("the key-encryption key is being replaced by another process")
        try:
            return _rotate(cabinet, connection, source)
        finally:
            connection.execute(_UNLOCK, [_LOCK])


def _rotate(cabinet: PostgresCabinet, connection: Connection, source: KeySource) -> Rotated:
    cabinet.check()
    ring = source.load()
    if source.is_file and len(ring.keys) == 1:
        ring = KeyRing([KeyEncryptionKey(os.urandom(KEY_BYTES)), ring.current])
        # On the disk before anything is wrapped under it.
        source.replace(ring)
    _introduce(connection, ring.current)
    wrapped_anew, damaged = _wrap_anew(connection, ring)
    if source.is_file:
        source.replace(KeyRing([ring.current]))
    left = source.load()
    with connection.transaction():
        connection.execute(_SWEEP)
        connection.execute(_DESTROYED, [[one.id for one in left.keys]])
        completed = connection.execute(_COMPLETE).fetchall()
    return Rotated(
        wrapped_anew,
        damaged,
        len(left.keys) == 1,
        tuple(Completed(*row) for row in completed),
    )


def _introduce(connection: Connection, key: KeyEncryptionKey) -> None:
    with connection.transaction():
        row = connection.execute(_IS_RETIRED, [key.id]).fetchone()
        if row is not None and row[0]:
            raise WrongKey(f"key-encryption key {key.id.hex()} was replaced before: give a new one")
        connection.execute(_RETIRE, [key.id])
        connection.execute(_INTRODUCE, [key.id])


def _wrap_anew(connection: Connection, ring: KeyRing) -> tuple[int, tuple[str, ...]]:
    current, last = ring.current, _FIRST
    wrapped_anew = 0
    damaged: list[str] = []
    while True:
        with connection.transaction():
            rows = connection.execute(_NEXT, [current.id, last, BATCH_KEYS]).fetchall()
            if not rows:
                return wrapped_anew, tuple(damaged)
            anew: dict[str, bytes] = {}
            for key_id, wrapped_under, wrapped in rows:
                try:
                    data_key = ring.find(wrapped_under).unwrap(key_id, wrapped)
                except DamagedKey:
                    damaged.append(key_id)
                else:
                    anew[key_id] = current.wrap(key_id, data_key)
            connection.execute(_WRAP_ANEW, [current.id, list(anew), list(anew.values())])
        wrapped_anew, last = wrapped_anew + len(anew), rows[-1][0]
