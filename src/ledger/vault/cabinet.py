"""Where data keys lie, wrapped: in the ledger's database, and in memory under the same contract."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple, Protocol, TypeVar

import psycopg

from ledger.store.connections import Connection, Connections, connection_string, unreachable
from ledger.store.migrations import VAULT
from ledger.vault.key_encryption import DamagedKey, KeyRing, WrongKey
from ledger.vault.key_source import KeySource

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
_RELOAD_PAUSES_SECONDS = (0.0, 0.1, 0.5)
"""A file of keys is replaced while others read it: a key that does not fit is looked for again."""

_CURRENT = "select id from key_encryption_key where retired_at is null"
_WRAPPING = """select kek.id from key_encryption_key as kek where destroyed_at is null
    and (retired_at is null or exists (select from data_key where wrapped_under = kek.id))"""
_INTRODUCE = "insert into key_encryption_key (id) values (%s) on conflict do nothing"
# The shared lock keeps a rotation from retiring the key between the check and the commit: a data
# key wrapped under a destroyed one would take every value with it.
_HOLD_CURRENT = "select id from key_encryption_key where retired_at is null for share"
_ADD = """insert into data_key (id, wrapped_under, wrapped)
    select id, %s, wrapped from unnest(%s::uuid[], %s::bytea[]) as made (id, wrapped)"""
_FIND = """select data_key.id::text, wrapped_under, wrapped, destroyed_at is not null
    from data_key join key_encryption_key as wrapping on wrapping.id = wrapped_under
    where data_key.id = any(%s::uuid[])"""


class _Work(Protocol[T_co]):
    def __call__(self, connection: Connection, *, ring: KeyRing) -> T_co: ...


class FoundKeys(NamedTuple):
    """The data keys that were asked for, by id; those that were destroyed are in neither."""

    keys: Mapping[str, bytes]
    damaged: frozenset[str]


class Cabinet(Protocol):
    """Keeps data keys. Each method raises `StoreDown` or `WrongKey`, and then has done nothing."""

    def check(self) -> None:
        """Raises `WrongKey` unless the key-encryption key at hand is the one that is needed."""

    def add(self, keys: Mapping[str, bytes]) -> None:
        """Stores new keys by their ids (UUIDs), wrapped; they are durable on return."""

    def find(self, ids: Sequence[str]) -> FoundKeys:
        """The keys of these ids that are there."""

    def close(self) -> None:
        """Gives up every connection."""


class MemoryCabinet:
    """Keys for as long as the process lives."""

    def __init__(self) -> None:
        self._keys: dict[str, bytes] = {}

    def check(self) -> None:
        pass

    def add(self, keys: Mapping[str, bytes]) -> None:
        self._keys.update(keys)

    def find(self, ids: Sequence[str]) -> FoundKeys:
        return FoundKeys({one: self._keys[one] for one in ids if one in self._keys}, frozenset())

    def close(self) -> None:
        pass


class PostgresCabinet:
    """Keys in the database of the ledger, wrapped under a key that comes from elsewhere."""

    def __init__(self, url: str, schema: str, source: KeySource) -> None:
        self._source = source
        self._ring: KeyRing | None = None
        self._conninfo = connection_string(url, schema, VAULT)
        self._connections = Connections(self._conninfo, most=3)

    def check(self) -> None:
        """In a vault that is empty a key is made (in a file) and introduced; in any other a missing
        key is an error, for a new one would open nothing.
        """
        self.working(self._check)

    def _check(self, connection: Connection) -> None:
        if connection.execute(_CURRENT).fetchone() is None:
            self._source.make()
            connection.execute(_INTRODUCE, [self._source.load().current.id])
        ring = self._source.load()
        for (needed,) in connection.execute(_WRAPPING).fetchall():
            ring.find(needed)
        self._ring = ring

    def add(self, keys: Mapping[str, bytes]) -> None:
        self._with_keys(partial(_add, keys=keys))

    def find(self, ids: Sequence[str]) -> FoundKeys:
        return self._with_keys(partial(_find, ids=ids))

    def close(self) -> None:
        self._connections.close()

    def working(self, work: Callable[[Connection], T]) -> T:
        """What the work returns, done on a connection in the vault's role; raises `StoreDown`."""
        return self._connections.working(work)

    def session(self) -> Connection:
        """A connection of the vault's role for work that takes long; raises `StoreDown`."""
        try:
            connection = psycopg.connect(self._conninfo, autocommit=True)
        except psycopg.OperationalError as error:
            raise unreachable(self._conninfo, error) from error
        connection.execute("set statement_timeout = '15min'; set lock_timeout = '60s'")
        return connection

    def _with_keys(self, work: _Work[T]) -> T:
        for pause in _RELOAD_PAUSES_SECONDS:
            time.sleep(pause)
            try:
                return self.working(partial(work, ring=self._keys()))
            except WrongKey:
                self._ring = None  # it may have been replaced since it was read
        return self.working(partial(work, ring=self._keys()))

    def _keys(self) -> KeyRing:
        if self._ring is None:
            self.working(self._check)
            assert self._ring is not None  # the check sets it, or raises
        return self._ring


def _add(connection: Connection, *, keys: Mapping[str, bytes], ring: KeyRing) -> None:
    with connection.transaction():
        row = connection.execute(_HOLD_CURRENT).fetchone()
        if row is None:  # between a rotation's two statements, or in a vault that was emptied
            raise WrongKey("no key-encryption key is the current one")
        current = ring.find(row[0])
        wrapped = [current.wrap(key_id, key) for key_id, key in keys.items()]
        connection.execute(_ADD, [current.id, list(keys), wrapped])


def _find(connection: Connection, *, ids: Sequence[str], ring: KeyRing) -> FoundKeys:
    keys: dict[str, bytes] = {}
    damaged: set[str] = set()
    found = connection.execute(_FIND, [list(ids)]).fetchall()
    for key_id, wrapped_under, wrapped, is_destroyed in found:
        if is_destroyed:  # a rotation could not wrap it anew
            damaged.add(key_id)
            continue
        try:
            keys[key_id] = ring.find(wrapped_under).unwrap(key_id, wrapped)
        except DamagedKey:
            damaged.add(key_id)
    return FoundKeys(keys, frozenset(damaged))
