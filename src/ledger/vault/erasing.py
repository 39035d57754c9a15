"""Erases what personal_data_erased events name: keys, sealed values, and what was exported.

Follows the log, so that it may be late, doubled or killed: an event whose erasure is recorded is
done, and every other is done in one transaction. The tombstone is the event itself.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import psycopg
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from ledger import catalogue
from ledger.clocks import SHANGHAI
from ledger.domain.privacy.erasure import PersonalDataErased
from ledger.store.connections import Connection
from ledger.store.contract import Store, StoredEvent, StoreDown
from ledger.store.migrations import SchemaMismatch
from ledger.vault.cabinet import PostgresCabinet
from ledger.vault.exports import Exports
from ledger.vault.key_encryption import WrongKey
from ledger.vault.key_source import KeySource
from ledger.vault.keys_at_hand import KeysAtHand
from ledger.vault.rotation import Rotated, RotationRunning, rotate
from ledger.watch import Watch

LOOK_SECONDS = 30.0
"""After how long it looks though the log has not grown."""
PAUSE_SECONDS = 1.0
"""How long it rests between two looks, however fast the log grows."""
ROTATION_HOUR = 3
"""In Shanghai: the key-encryption key is replaced then if erasures wait for it."""

_log = logging.getLogger(__name__)
_ERASURES = DCBQuery(items=[DCBQueryItem(types=[PersonalDataErased.kind])])
_LAST = "select coalesce(max(position), 0) from erasure"
# While it is held no rotation brings in another key, under which a key that is destroyed here could
# be wrapped meanwhile without being recorded: the erasure would be called complete too early.
_HOLD_CURRENT = "select from key_encryption_key where retired_at is null for share"
# One statement: what is purged and what is recorded are never apart. Keys are locked in the order
# of their ids, as a rotation locks them: in any other the two could wait for each other.
_ERASE = """with purged as (
        delete from sealed_value where subject = %(subject)s and position < %(position)s
            and (held_for = any(%(held_for)s::text[]) or %(held_for)s::text[] = '{}')
        returning data_key),
    locked as materialized (
        select id from data_key where id in (select data_key from purged) order by id for update),
    destroyed as (
        delete from data_key where id in (select id from locked) returning id)
    insert into erasure
        (position, subject, held_for, data_keys, sealed_values, wrapped_under)
    select %(position)s, %(subject)s, %(held_for)s, (select count(*) from destroyed),
        (select count(*) from purged),
        (select coalesce(array_agg(id), '{}') from key_encryption_key where destroyed_at is null)
    on conflict (position) do nothing
    returning position, subject, data_keys, sealed_values, erased_at, completed_at"""
_ALL = """select position, subject, data_keys, sealed_values, erased_at, completed_at
    from erasure where %(subject)s::text is null or subject = %(subject)s order by position"""
_WAITING = "select min(erased_at) from erasure where completed_at is null"


class Erasure(NamedTuple):
    """What became of one personal_data_erased event."""

    position: int
    """Of the event."""
    subject: str
    data_keys: int
    """How many keys were destroyed."""
    sealed_values: int
    """How many values they had sealed."""
    erased_at: datetime
    completed_at: datetime | None
    """From when on nothing opens what backups still hold; None until the key-encryption key has
    been replaced."""


class Eraser(Watch):
    """Looks for erasures whenever the log grows, in a thread of its own, until it is closed."""

    def __init__(
        self,
        store: Store,
        cabinet: PostgresCabinet,
        source: KeySource,
        keys: KeysAtHand,
        exports: Exports,
    ) -> None:
        super().__init__("eraser")
        self._store = store
        self._cabinet = cabinet
        self._source = source
        self._keys = keys
        self._exports = exports
        self._searched: int | None = None
        """Up to which position the log was searched for erasures; None before the first time."""

    def erase(self) -> tuple[Erasure, ...]:
        """Does what the log asks for and is not done; raises `StoreDown` or OSError.

        The log is read once: erasures are done in its order, so that after a start those are
        looked for that come after the last one recorded, and then what is new.
        """
        size = self._store.size()
        if self._searched is None:
            self._searched = self._cabinet.working(_last_recorded)
        found = list(self._store.read(_ERASURES, after=self._searched, until=size))
        done = self._erased(found) if found else ()
        # Backwards too: a log that was restored comes to the same positions again.
        self._searched = size
        return done

    def erasures(self, subject: str | None = None) -> tuple[Erasure, ...]:
        """All that was ever erased, or what was of a subject; raises `StoreDown`."""
        rows = self._cabinet.working(
            lambda connection: connection.execute(_ALL, {"subject": subject}).fetchall()
        )
        return tuple(Erasure(*row) for row in rows)

    def complete(self) -> Rotated:
        """Replaces the key-encryption key, whereby erasures are complete; raises as `rotate`."""
        return rotate(self._cabinet, self._source)

    def complete_if_due(self, now: datetime) -> Rotated | None:
        """The same, once a night and only where erasures wait for it and the key is ours."""
        if not self._source.is_file:
            return None
        row = self._cabinet.working(lambda connection: connection.execute(_WAITING).fetchone())
        if row is None or row[0] is None or row[0] >= _last_night(now):
            return None
        return self.complete()

    def _erased(self, found: Sequence[StoredEvent]) -> tuple[Erasure, ...]:
        done = []
        with closing(self._cabinet.session()) as connection:
            for stored in found:
                event = catalogue.decode(stored.position, stored.record).event
                assert isinstance(event, PersonalDataErased)  # the query asks for no other kind
                self._keys.forget(event.subject)
                # Before it is recorded: a crash in between has it looked for again.
                self._exports.delete(event.subject)
                held_for = [one.value for one in event.purposes]
                asked = {"subject": event.subject, "held_for": held_for}
                row = _purge(connection, {**asked, "position": stored.position})
                if row is not None:  # else another process was faster
                    done.append(Erasure(*row))
        return tuple(done)

    def look_again(self) -> float:
        try:
            # Before it looks: what comes meanwhile is looked for at once.
            size = self._store.size()
            self.erase()
            self.complete_if_due(datetime.now(UTC))
            self.trouble = None
        except RotationRunning:
            return PAUSE_SECONDS
        except (StoreDown, WrongKey, SchemaMismatch, OSError, psycopg.Error) as error:
            self.trouble = " ".join(str(error).split())
            _log.warning("the eraser waits: %s", self.trouble)
            return PAUSE_SECONDS
        for _ in range(int(LOOK_SECONDS)):
            if self._closing.is_set() or self._store.wait(size, 1.0):
                break
        return PAUSE_SECONDS


def _last_recorded(connection: Connection) -> int:
    row = connection.execute(_LAST).fetchone()
    assert row is not None  # an aggregate has a row
    return int(row[0])


def _purge(connection: Connection, asked: dict[str, Any]) -> Any:
    with connection.transaction():
        # Twice: who waited for a rotation finds the former key retired. An empty vault has none.
        for _ in range(2):
            if connection.execute(_HOLD_CURRENT).fetchone() is not None:
                break
        return connection.execute(_ERASE, asked).fetchone()


def _last_night(now: datetime) -> datetime:
    """The last time that it was the hour of rotation."""
    local = now.astimezone(SHANGHAI)
    night = local.replace(hour=ROTATION_HOUR, minute=0, second=0, microsecond=0)
    return night if night <= local else night - timedelta(days=1)
