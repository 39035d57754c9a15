"""What the superuser changes is found, by a checkpoint that was kept or by a receipt."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import psycopg
import pytest

from ledger.audit import Report
from ledger.audit.kept_tiles import KeptTile
from ledger.audit.live import audit_database
from ledger.audit.rows import BatchRow, audit_rows
from ledger.bundle import export
from ledger.ledger import Ledger
from ledger.store.contract import StoredEvent
from ledger.store.postgres import PostgresStore
from ledger.store.tree import keep_tiles
from ledger.tlog.tiles import Tile
from tests.audit_reports import verified
from tests.audited_log import ORIGIN, batches, log, root_of, signed
from tests.strategies import TORTURE
from tests.superuser import CHECKPOINT, EDITS, EVENTS, Connection, Superuser, put_tiles, tiles
from tests.town import founding, handled
from tests.vaults import memory_vault

TRUSTED = [(CHECKPOINT, root_of(log(EVENTS)[:CHECKPOINT]))]
RECEIPTS = {event.position: event.leaf for event in log(EVENTS)[CHECKPOINT:]}


def batch_rows(events: tuple[StoredEvent, ...]) -> list[BatchRow]:
    return [
        BatchRow(one.events[0].position, one.events[-1].position, one.recorded_at, one.frontier)
        for one in batches(events)
    ]


def audited(
    events: tuple[StoredEvent, ...],
    kept: list[KeptTile] | None = None,
    trusted: list[tuple[int, bytes]] | None = None,
) -> Report:
    """Rows that nobody changed, but for what is given."""
    given = tiles(events) if kept is None else kept
    return audit_rows(events, batch_rows(events), given, trusted or [], {}, origin=ORIGIN)


# Without a database


def test_rows_as_they_were_written_verify() -> None:
    report = audit_rows(log(EVENTS), batch_rows(log(EVENTS)), tiles(log(EVENTS)), TRUSTED, RECEIPTS)

    assert report.is_verified, report.verdict()
    assert (report.origin, report.size, report.root) == (ORIGIN, 600, root_of(log(EVENTS)))
    assert report.compared == (400,)


def test_an_empty_log_verifies_where_nothing_says_that_it_had_events() -> None:
    assert audit_rows((), (), (), [], {}).is_verified
    assert audit_rows((), (), (), [(0, root_of(()))], {}).is_verified
    for trusted, receipts in (([(0, bytes(32))], {}), (TRUSTED, {}), ([], RECEIPTS)):
        assert not audit_rows((), (), (), trusted, receipts).is_verified


def test_tiles_that_are_not_written_yet_are_no_fault_beyond_the_checkpoint() -> None:
    kept = tiles(log(EVENTS))

    assert audited(log(EVENTS), kept[:1], TRUSTED).is_verified
    assert audited(log(EVENTS), []).is_verified
    for given, trusted in ((kept[1:], []), ([], TRUSTED)):
        report = audited(log(EVENTS), given, trusted)
        assert report.fault is not None
        assert (report.fault.position, report.fault.file) == (1, "tile 0/0")


def test_a_tile_that_the_log_does_not_have_is_found() -> None:
    kept = tiles(log(EVENTS))

    for more in (kept[1], kept[0]._replace(tile=Tile(0, 2)), kept[0]._replace(tile=Tile(1, 0))):
        report = audited(log(EVENTS), [*kept, more])
        assert report.fault is not None
        assert report.fault.file == f"tile {more.tile.level}/{more.tile.index}"


def test_a_tile_above_the_leaves_is_compared_too() -> None:
    events = log(256 * 256 + 1)
    kept = tiles(events)
    assert kept[-1].tile == Tile(1, 0)

    good = audited(events, kept)
    bad = audited(events, [*kept[:-1], kept[-1]._replace(hashes=bytes(8192))])

    assert good.is_verified, good.verdict()
    assert bad.fault is not None
    assert (bad.fault.position, bad.fault.file) == (1, "tile 1/0")


# With one


@pytest.fixture
def database(postgres_store: PostgresStore, postgres_url: str) -> Iterator[Connection]:
    """The superuser's connection to a log with its tiles; what it changes is rolled back."""
    writer = postgres_store.writer()
    for batch in batches(log(EVENTS)):
        writer.lock(())
        writer.commit(batch)
    writer.close()
    with psycopg.connect(postgres_url) as connection:
        connection.execute(f"set search_path to {postgres_store.schema}".encode())
        put_tiles(connection, log(EVENTS))
        connection.commit()
        yield connection


def audit(connection: Connection) -> Report:
    return audit_database(connection, TRUSTED, RECEIPTS, origin=ORIGIN)


@pytest.mark.torture
def test_every_edit_by_the_superuser_is_found(
    database: Connection, record_property: Callable[[str, object], None]
) -> None:
    random = Random(20260301)
    assert audit(database).is_verified
    database.rollback()
    count = 10_000 if TORTURE else 153

    for number in range(count):
        database.execute("set local session_replication_role = replica")
        edit = EDITS[number % len(EDITS)]
        expected = edit(Superuser(database, random))
        report = audit(database)
        database.rollback()

        assert report.fault is not None, f"{edit.__name__} went unseen"
        found = report.fault.position
        if expected > 0:
            assert found == expected, (edit.__name__, report.verdict())
        elif expected < 0:
            assert found is None or found >= -expected, (edit.__name__, report.verdict())

    record_property("counts", f"{count} edits")
    assert audit(database).is_verified


def test_a_log_that_was_restored_behind_a_checkpoint_is_told(database: Connection) -> None:
    database.execute("set local session_replication_role = replica")
    database.execute("delete from event where position > 399; delete from batch where last > 399")

    report = audit_database(database, TRUSTED, {})

    assert report.fault is not None
    assert report.fault.line() == (
        "position 400, event: expected the 400 events of a checkpoint; found 399"
    )


def test_what_a_ledger_wrote_verifies_as_a_database_and_as_a_bundle(
    postgres_store: PostgresStore, postgres_url: str, tmp_path: Path
) -> None:
    ledger = Ledger(postgres_store, memory_vault())
    ledger.start()
    ledger.propose_sync(founding())
    for number in range(1, 60):
        ledger.propose_sync(handled(f"request-{number}"))
    ledger.close()
    events = tuple(postgres_store.read())
    answered = {event.position: event.leaf for event in events}

    with psycopg.connect(postgres_url) as connection:
        connection.execute(f"set search_path to {postgres_store.schema}".encode())
        trusted = [(300, root_of(events[:300]))]
        keep_tiles(connection, 300)  # as whoever signs does before
        report = audit_database(connection, trusted, answered, origin=ORIGIN)
    export(postgres_store, signed(events, 370), [signed(events, 300)], tmp_path / "bundle")

    assert report.is_verified, report.verdict()
    assert report.size == len(events) > 370
    assert verified(tmp_path / "bundle", since=signed(events, 300)).is_verified
