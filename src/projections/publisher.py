"""When a publication is made, and by whom: the live runner at each fixed time, and every rebuild.

A fixed time is settled when no event of then or earlier can still come. The log is recorded in the
order of its clock, which is read under its lock: so it is, once a later event is there, or once
somebody has held the lock at a later time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem
from psycopg import AsyncConnection, sql

from ledger import catalogue
from ledger.domain.rules.rules import Pack, RulesEnacted, pack_of
from ledger.domain.town.organisations import COMMUNITIES
from ledger.store.connections import connection_string
from ledger.store.contract import Log, Store, StoredEvent
from ledger.store.migrations import WRITER
from projections import published
from projections.decoding import recorded_at
from projections.fixed_times import last_due
from projections.projection import Projection
from projections.published import Publication
from projections.publishing import PROJECTIONS, publish
from projections.reference import Reference
from projections.schema import board_schema, public_schema
from projections.tables import NEXT_SUFFIX, table_names

_log = logging.getLogger(__name__)
_PACKS = DCBQuery(items=[DCBQueryItem(types=[RulesEnacted.kind])])
_SESSION = "set synchronous_commit = off; set timezone to 'UTC'; set statement_timeout = '15min'"
_ONE_MOMENT = "set transaction isolation level repeatable read"
# In one order everywhere, so that whoever locks both waits for nobody who does.
_LOCK = """select name, position from projection where name = any(%s::text[])
    order by name for update"""
# The key keeps a fixed time from having two.
_ENTER = "insert into {} (at, position, digest) values (%s, %s, '') on conflict (at) do nothing"
_DIGEST = "update {} set digest = %s where at = %s"


class Apart(Exception):
    """The views that are published together do not show the same log."""


def is_published(projections: Sequence[Projection]) -> bool:
    """Whether the projections have all that a publication is made of."""
    return {*PROJECTIONS} <= {projection.name for projection in projections}


def position_at(store: Log, moment: datetime, size: int) -> int:
    """The last of the first `size` events that was recorded at or before a moment; 0 for none."""
    low, high = 0, size
    while low < high:
        middle = (low + high + 1) // 2
        if _recorded_at(store, middle) <= moment:
            low = middle
        else:
            high = middle - 1
    return low


def packs_at(store: Log, position: int) -> tuple[Pack, ...]:
    """The packs of rules enacted up to a position, by version."""
    packs = []
    for stored in store.read(_PACKS, until=position):
        event = catalogue.decode(stored.position, stored.record).event
        assert isinstance(event, RulesEnacted)  # the query asks for no other kind
        packs.append(pack_of(event))
    return tuple(packs)


def settled(store: Log, size: int) -> datetime | None:
    """The last fixed time before the last of the first `size` events; None where there is none."""
    if size == 0:
        return None
    due = last_due(packs_at(store, size), _recorded_at(store, size) - datetime.resolution)
    while True:  # a pack of after that time has no say in it
        earlier = last_due(packs_at(store, position_at(store, due, size)), due)
        if earlier == due:
            return due
        due = earlier


def _recorded_at(store: Log, position: int) -> datetime:
    (stored,) = store.read(after=position - 1, limit=1)
    return recorded_at(stored.record)


class Publisher:
    """Makes the publications of a ledger as its live views come to each fixed time."""

    def __init__(
        self, store: Store, url: str, schema: str, projections: Sequence[Projection]
    ) -> None:
        self._store = store
        self._url = url
        self._schema = schema
        self._works = is_published(projections)
        self._done: datetime | None = None
        self.trouble: str | None = None
        """Why the last fixed time has none."""

    @property
    def has_published(self) -> bool:
        """Whether there is anything that the public can see."""
        return self._done is not None

    def join(self, connection: psycopg.Connection[Any]) -> Publication | None:
        """Learns what was published last."""
        last = published.last(connection, public_schema(self._schema))
        self._done = None if last is None else last.at
        return last

    def before_due(
        self, events: Sequence[StoredEvent], reference: Reference
    ) -> tuple[Sequence[StoredEvent], datetime | None]:
        """Those of the next events that may be applied now, and what is to be published then.

        Of several fixed times that have passed the newest alone is published.
        """
        due = self._due(reference)
        if due is None or recorded_at(events[-1].record) <= due:
            return events, None
        count = next(n for n, one in enumerate(events) if recorded_at(one.record) > due)
        return events[:count], due

    def due_at_head(self, reference: Reference, position: int) -> datetime | None:
        """What is to be published now that all events are applied, if it is settled."""
        due = self._due(reference)
        if due is None:
            return None
        writer = self._store.writer()
        try:
            locked = writer.lock(())
            writer.rollback()
        finally:
            writer.close()
        return due if locked.size == position and locked.clock > due else None

    def publish(self, at: datetime, position: int, reference: Reference) -> None:
        """Publishes what the views show, which must be as of the position, once for each time.

        What keeps it from being made keeps nothing else: the next fixed time tries again. Raises
        `psycopg.OperationalError` for a database that is gone.
        """
        if last_due(reference.packs, at) != at:
            return  # a pack that has come meanwhile has other times
        self._done = at
        if position and _recorded_at(self._store, position) > at:
            return  # the same: the views have gone past one of its times
        try:
            made = asyncio.run(_publish(self._url, self._schema, at, position, reference))
            self.trouble = None
        except psycopg.OperationalError:
            self._done = None
            raise
        except (psycopg.Error, Apart, ValueError, TypeError, LookupError) as error:
            self.trouble = f"nothing is published of {at.isoformat()}: {error}"
            _log.error("%s", self.trouble)
            return
        if made:
            _log.info("published as of %s, position %s", at.isoformat(), position)

    def _due(self, reference: Reference) -> datetime | None:
        if not self._works:
            return None
        due = last_due(reference.packs, datetime.now(UTC))
        return due if self._done is None or due > self._done else None


async def _publish(
    url: str, schema: str, at: datetime, position: int, reference: Reference
) -> bool:
    """Whether it was this call that made the publication."""
    place = published.places(public_schema(schema))
    async with (
        await _connect(url, schema) as connection,
        connection.transaction(),
    ):
        await connection.execute(_ONE_MOMENT)
        stood = await (await connection.execute(_LOCK, [list(PROJECTIONS)])).fetchall()
        entered = await connection.execute(
            sql.SQL(_ENTER).format(place("publication")), [at, position]
        )
        if entered.rowcount == 0:
            return False
        apart = [f"{name} is at {found}" for name, found in stood if found != position]
        if apart:
            raise Apart(f"{' and '.join(apart)}, not at {position}")
        made = await publish(connection, at, position, community_bodies(reference), place)
        await connection.execute(sql.SQL(_DIGEST).format(place("publication")), [made.digest, at])
    return True


def draft(
    url: str,
    schema: str,
    projections: Sequence[Projection],
    at: datetime,
    position: int,
    reference: Reference,
) -> Publication:
    """Prepares a publication from the next generation of views, which a rebuild has filled up to
    the position, in tables that `published.put_in_place` takes it from."""
    return asyncio.run(_draft(url, schema, projections, at, position, reference))


async def _draft(
    url: str,
    schema: str,
    projections: Sequence[Projection],
    at: datetime,
    position: int,
    reference: Reference,
) -> Publication:
    board, place = board_schema(schema), published.drafts
    async with await _connect(url, schema) as connection:
        # A temporary view comes first on every search path: it stands for the table of its name.
        for name in (name for one in projections for name in table_names(one)):
            await connection.execute(
                sql.SQL("create temporary view {} as select * from {}").format(
                    sql.Identifier(name), sql.Identifier(board, name + NEXT_SUFFIX)
                )
            )
        try:
            async with connection.transaction():
                await connection.execute(_ONE_MOMENT)
                return await publish(connection, at, position, community_bodies(reference), place)
        finally:
            await connection.execute("discard temp")


def community_bodies(reference: Reference) -> frozenset[str]:
    """The organisations by which one knows a community."""
    return frozenset(
        name
        for name, body in reference.organisations.items()
        if body.type in COMMUNITIES or body.communities
    )


async def _connect(url: str, schema: str) -> AsyncConnection[Any]:
    conninfo = connection_string(url, board_schema(schema), WRITER)
    connection = await AsyncConnection.connect(conninfo, autocommit=True)
    await connection.execute(_SESSION)
    return connection
