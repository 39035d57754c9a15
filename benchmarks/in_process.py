"""Appends in process: our plain door, our full `propose`, and the library's recorder.

Clients, the code that decides and PostgreSQL share the machine; the library's recorder decides in
the database, so that its clients are threads with a connection each.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from eventsourcing.dcb.api import DCBRecorder
from eventsourcing.dcb.postgres_tt import PostgresDCBRecorderTT
from eventsourcing.persistence import IntegrityError
from eventsourcing.postgres import PostgresDatastore

from benchmarks import load, machine, workload
from benchmarks.database import Database
from benchmarks.load import Measured, Plan
from benchmarks.machine import CpuSeconds
from ledger.ledger import Ledger
from ledger.refusals import Refused
from ledger.store.contract import Receipt, Store, nothing
from ledger.store.dcb import DCBDoor
from ledger.store.postgres import PostgresStore
from ledger.vault.cabinet import PostgresCabinet
from ledger.vault.key_source import KeySource
from ledger.vault.vault import Vault

POOL_PATIENCE_SECONDS = 60.0
LIBRARY_TABLE = "dcb_events_tt_main"


class DoorClient:
    """Appends to a case of its own, knowing the position of the case's last event."""

    def __init__(self, recorder: DCBRecorder, index: int, last: int) -> None:
        self._recorder = recorder
        self._request = f"request-{index}"
        self._last = last
        self._number = index

    def attempt(self, must_fail: bool) -> bool:
        """Through the library's synchronous contract."""
        events, condition = self._next(must_fail)
        try:
            self._last = self._recorder.append(events, condition)
        except IntegrityError:
            return False
        return True

    async def attempt_async(self, must_fail: bool) -> bool:
        """The same through the door of coroutines."""
        assert isinstance(self._recorder, DCBDoor)
        events, condition = self._next(must_fail)
        try:
            self._last = await self._recorder.append_async(events, condition)
        except IntegrityError:
            return False
        return True

    def _next(self, must_fail: bool) -> tuple[list[Any], Any]:
        self._number += 1
        # A client that has not seen the case's last event: its condition must fail.
        after = self._last - 1 if must_fail else self._last
        event = workload.plain_event(self._request, self._number)
        return [event], workload.unless_changed(self._request, after)


def door(database: Database, clients: int, plan: Plan) -> Measured:
    """Our plain door, coroutines as clients."""
    with _door(database) as (opened, store):
        attempts = [client.attempt_async for client in _clients(opened, clients)]
        measured = load.run_coroutines(attempts, plan, _cpu(database))
        check_stored(store.size() - clients, measured)
        return measured


def door_threads(database: Database, clients: int, plan: Plan) -> Measured:
    """Our plain door, threads as clients."""
    with _door(database) as (opened, store):
        attempts = [client.attempt for client in _clients(opened, clients)]
        measured = load.run_threads(attempts, plan, _cpu(database))
        check_stored(store.size() - clients, measured)
        return measured


def propose(database: Database, clients: int, plan: Plan) -> Measured:
    """Our full way in: rules, seal, receipt, record, leaf and tree; coroutines as clients."""
    with database.schema("ledger") as store:
        return proposing(database, store, clients, plan)


def proposing(
    database: Database,
    store: PostgresStore,
    clients: int,
    plan: Plan,
    founded: Callable[[], None] = nothing,
) -> Measured:
    """The same in a schema that is there; `founded` is called before the clients begin."""
    source = KeySource(Path(), text=os.urandom(32).hex())
    cabinet = PostgresCabinet(database.url, store.schema, source)
    with closing(Vault(cabinet)) as vault, running_ledger(store, vault) as ledger:
        founded()
        before = store.size()

        async def attempt(request: str, must_fail: bool) -> bool:
            proposal = workload.progress(request, must_fail=must_fail)
            try:
                await ledger.propose([proposal], Receipt(os.urandom(16), bytes(32)))
            except Refused:
                return False
            return True

        def client(request: str) -> load.AsyncAttempt:
            return lambda must_fail: attempt(request, must_fail)

        attempts = [client(request) for request in workload.request_ids()[:clients]]
        measured = load.run_coroutines(attempts, plan, _cpu(database))
        check_stored(store.size() - before, measured)
        return measured


def library(database: Database, clients: int, plan: Plan) -> Measured:
    """The library's PostgresDCBRecorderTT, a connection a thread."""
    return _library(database, clients, plan, min(clients, database.max_clients))


def library_16(database: Database, clients: int, plan: Plan) -> Measured:
    """The same with at most 16 connections, for which the threads wait."""
    return _library(database, clients, plan, min(clients, 16))


def _library(database: Database, clients: int, plan: Plan, connections: int) -> Measured:
    with library_recorder(database, connections) as (recorder, address):
        attempts = [client.attempt for client in _clients(recorder, clients)]
        measured = load.run_threads(attempts, plan, _cpu(database))
        check_stored(library_size(address) - clients, measured)
        return measured


def _clients(recorder: DCBRecorder, clients: int) -> list[DoorClient]:
    """As many clients, each with a case that has one event: a condition can be stale at once."""
    first = [workload.plain_event(f"request-{index}", index) for index in range(clients)]
    end = recorder.append(first)
    return [DoorClient(recorder, index, end - clients + 1 + index) for index in range(clients)]


@contextmanager
def _door(database: Database) -> Iterator[tuple[DCBDoor, Store]]:
    with database.schema("dcb") as store:
        opened = DCBDoor(store)
        opened.start()
        with closing(opened):
            yield opened, store


@contextmanager
def running_ledger(store: Store, vault: Vault) -> Iterator[Ledger]:
    """A founded ledger with open requests."""
    ledger = Ledger(store, vault)
    ledger.start()
    with closing(ledger):
        ledger.propose_sync(workload.founding())
        opening = [
            ledger.submit(workload.dispatched(request)) for request in workload.request_ids()
        ]
        for appended in opening:
            appended.result()
        yield ledger


@contextmanager
def library_recorder(
    database: Database, connections: int
) -> Iterator[tuple[PostgresDCBRecorderTT, Mapping[str, Any]]]:
    """The library's recorder in a database of its own: it works in schema `public` alone."""
    with database.database() as address:
        datastore = PostgresDatastore(
            address["dbname"],
            address["host"],
            address["port"],
            address["user"],
            "",
            connect_timeout=POOL_PATIENCE_SECONDS,
            pool_size=connections,
        )
        with closing(datastore):
            datastore.pool.open(wait=True, timeout=POOL_PATIENCE_SECONDS)
            recorder = PostgresDCBRecorderTT(datastore)
            recorder.create_table()
            yield recorder, address


def library_size(address: Mapping[str, Any]) -> int:
    """How many events the library has stored."""
    with psycopg.connect(**address) as connection:
        row = connection.execute(f"select count(*) from {LIBRARY_TABLE}").fetchone()  # noqa: S608 - a constant
    assert row is not None
    return int(row[0])


def check_stored(found: int, measured: Measured) -> None:
    """What the clients were told is stored is in the log, no more and no less."""
    if found != measured.all_stored:
        raise load.WrongOutcome(f"{found} events in the log, {measured.all_stored} acknowledged")


def _cpu(database: Database) -> dict[str, CpuSeconds]:
    return {"process": machine.own_cpu, "postgresql": machine.tree_cpu(database.pid)}


CONTENDERS: Sequence[tuple[str, Any]] = (
    ("propose", propose),
    ("library", library),
    ("door", door),
    ("library_16", library_16),
    ("door_threads", door_threads),
)
