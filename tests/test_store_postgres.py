"""What only a real server does to the log: end sessions, reject rows, keep a lock, lose NOTIFY."""

from __future__ import annotations

import time
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from ledger.store import connections
from ledger.store.contract import OutcomeUnknown, RowRejected, StoredEvent, StoreDown, Writer
from ledger.store.migrations import SchemaMismatch
from ledger.store.postgres import PostgresStore, PostgresWriter
from tests.harness.log import append, batch, check_log, stored


@pytest.fixture
def writer(postgres_store: PostgresStore) -> Iterator[PostgresWriter]:
    opened = postgres_store.writer()
    yield opened
    opened.close()


@pytest.fixture
def superuser(postgres_url: str, schema: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(sql.SQL("set search_path = {}").format(sql.Identifier(schema)))
        yield connection


def end_session(superuser: psycopg.Connection, writer: PostgresWriter) -> None:
    """As an administrator would, and waits until the session has ended."""
    pid = writer._connected().info.backend_pid
    superuser.execute("select pg_terminate_backend(%s, 5000)", [pid])


@pytest.mark.parametrize("staged", [False, True])
def test_a_session_ended_before_the_commit_has_stored_nothing(
    postgres_store: PostgresStore,
    writer: PostgresWriter,
    superuser: psycopg.Connection,
    staged: bool,
) -> None:
    entry = batch(writer.lock(()), [stored(1), stored(2)])
    if staged:
        writer.stage(entry.events[:1])
    end_session(superuser, writer)

    with pytest.raises((StoreDown, OutcomeUnknown)):
        writer.commit(entry)

    assert not writer.was_committed(entry.batch_id)
    append(writer, ("opened",))
    assert check_log(postgres_store, 1)


def test_a_session_ended_while_it_loads_is_a_store_that_is_down(
    postgres_store: PostgresStore, writer: PostgresWriter, superuser: psycopg.Connection
) -> None:
    writer.lock(())
    end_session(superuser, writer)

    with pytest.raises(StoreDown):
        writer.tagged(["case:1"])

    append(writer, ("opened",))
    assert check_log(postgres_store, 1)


def test_a_session_ended_between_batches_is_told_at_the_lock_and_replaced(
    postgres_store: PostgresStore, writer: PostgresWriter, superuser: psycopg.Connection
) -> None:
    append(writer, ("opened",))
    end_session(superuser, writer)

    with pytest.raises(StoreDown):
        writer.lock(())

    append(writer, ("opened",))
    assert check_log(postgres_store, 2)


def test_a_row_that_the_database_rejects_is_told_apart_from_a_database_that_is_down(
    postgres_store: PostgresStore, writer: PostgresWriter
) -> None:
    append(writer, ("opened",))
    locked = writer.lock(())
    doubled = batch(locked, [stored(1)])

    with pytest.raises(RowRejected, match="event_pkey"):
        writer.commit(doubled)

    assert check_log(postgres_store, 1)


def test_a_batch_that_does_not_follow_the_head_is_rejected(
    postgres_store: PostgresStore, writer: PostgresWriter
) -> None:
    append(writer, ("opened",))
    locked = writer.lock(())
    gapped = batch(locked._replace(size=2, frontier=bytes(32)), [stored(3)])

    with pytest.raises(RowRejected, match="does not follow the head"):
        writer.commit(gapped)

    assert check_log(postgres_store, 1)


@pytest.mark.parametrize(
    "event",
    [
        stored(1, record=bytes(65_536)),
        stored(1, "nul\x00"),
        stored(1, "noted", "nul\x00"),
        stored(1)._replace(leaf=b"short"),
        stored(0),
    ],
)
def test_what_the_door_should_have_refused_is_rejected_by_the_table(
    postgres_store: PostgresStore, writer: PostgresWriter, event: StoredEvent
) -> None:
    entry = batch(writer.lock(()), [event])

    with pytest.raises(RowRejected):
        writer.commit(entry)

    append(writer, ("opened",))
    assert check_log(postgres_store, 1)


def test_a_lock_that_is_never_given_up_is_a_store_that_is_down(
    postgres_store: PostgresStore, writer: PostgresWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connections._TIMEOUTS, "lock_timeout", "200ms")
    impatient = postgres_store.writer()
    writer.lock(())

    with pytest.raises(StoreDown, match="lock timeout"):
        impatient.lock(())

    writer.rollback()
    append(impatient, ("opened",))
    impatient.close()
    assert check_log(postgres_store, 1)


def test_a_writer_that_sleeps_in_its_transaction_loses_the_lock(
    postgres_store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connections._TIMEOUTS, "idle_in_transaction_session_timeout", "100ms")
    sleeper = postgres_store.writer()
    entry = batch(sleeper.lock(()), [stored(1)])

    other = postgres_store.writer()
    append(other, ("opened",))

    with pytest.raises((StoreDown, OutcomeUnknown)):
        sleeper.commit(entry)
    assert not sleeper.was_committed(entry.batch_id)
    assert [event.kind for event in check_log(postgres_store, 1)] == ["opened"]
    other.close()
    sleeper.close()


def test_every_session_of_ours_has_its_limits(
    postgres_store: PostgresStore, writer: PostgresWriter
) -> None:
    names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")

    def settings(connection: psycopg.Connection) -> list[str]:
        rows = [connection.execute(f"show {name}").fetchone() for name in names]
        return [row[0] for row in rows if row is not None]

    assert settings(writer._connected()) == ["10s", "1min", "30s"]
    assert postgres_store.reading(settings) == ["10s", "1min", "30s"]


def test_readers_do_not_notice_that_their_idle_sessions_were_ended(
    postgres_store: PostgresStore, writer: PostgresWriter, superuser: psycopg.Connection
) -> None:
    append(writer, ("opened",))
    assert postgres_store.size() == 1

    superuser.execute(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
        " where application_name = 'mingzhang reader'"
    )

    assert postgres_store.size() == 1
    assert len(list(postgres_store.read())) == 1


def test_a_waiter_hears_of_an_event_though_no_notification_reaches_it(
    postgres_store: PostgresStore, writer: PostgresWriter, superuser: psycopg.Connection
) -> None:
    assert not postgres_store.wait(0, 0.1)
    superuser.execute("select pg_terminate_backend(pid) from pg_stat_activity"
                      " where query like 'listen%' or query like 'LISTEN%'")  # fmt: skip

    append(writer, ("opened",))

    started = time.monotonic()
    assert postgres_store.wait(0, 10.0)
    assert time.monotonic() - started < 5.0


def test_a_long_transaction_elsewhere_stops_nobody(
    postgres_store: PostgresStore, writer: Writer, superuser: psycopg.Connection
) -> None:
    with superuser.transaction():
        superuser.execute("set transaction isolation level repeatable read")
        superuser.execute("select count(*) from event")

        append(writer, ("opened",))
        append(writer, ("noted",))

        assert [event.position for event in postgres_store.read()] == [1, 2]
        row = superuser.execute("select count(*) from event").fetchone()
        assert row == (0,)

    assert check_log(postgres_store, 2)


def test_a_schema_that_was_never_migrated_is_refused_by_name_of_the_cure(
    postgres_url: str, schema: str
) -> None:
    store = PostgresStore(postgres_url, schema)
    writer = store.writer()

    with pytest.raises(SchemaMismatch, match="mingzhang migrate"):
        store.size()
    with pytest.raises(SchemaMismatch, match="mingzhang migrate"):
        writer.lock(())
    with pytest.raises(SchemaMismatch, match="mingzhang migrate"):
        writer.lock(())

    writer.close()
    store.close()


def test_a_server_that_is_not_there_is_a_store_that_is_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ledger.store.connections.CONNECT_TIMEOUT_SECONDS", 1)
    store = PostgresStore(f"postgresql://nobody@127.0.0.1:9/{uuid4().hex}")
    writer = store.writer()

    with pytest.raises(StoreDown):
        writer.lock(())
    with pytest.raises(StoreDown):
        store.size()
    assert not store.wait(0, 0.1)

    writer.close()
    store.close()


def test_the_record_is_shown_as_json_to_whoever_looks_with_psql(
    writer: PostgresWriter, superuser: psycopg.Connection
) -> None:
    record = '{"body":{"name":"城关镇"},"kind":"noted"}'.encode()
    writer.commit(batch(writer.lock(()), [stored(1, "noted", "town:1", record=record)]))

    row = superuser.execute("select kind, tags, record->'body'->>'name' from event_json").fetchone()

    assert row == ("noted", ["town:1"], "城关镇")


def test_a_look_up_by_tag_uses_the_index_though_the_table_has_no_statistics(
    writer: PostgresWriter, superuser: psycopg.Connection
) -> None:
    append(writer, *[("noted", f"case:{place}") for place in range(2_000)])
    superuser.execute("vacuum event")
    queries = {
        "tagged": "select * from event where tags && array['case:7']",
        "condition": "select 1 from event where tags @> array['case:7'] and position > 0 limit 1",
    }

    plans = {
        name: "\n".join(
            row[0] for row in writer._connected().execute(f"explain {query}").fetchall()
        )
        for name, query in queries.items()
    }

    assert all("event_tags" in plan and "Seq Scan" not in plan for plan in plans.values()), plans
