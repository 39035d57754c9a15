"""What owner, writer and reader may do, tried as each of them; nobody may alter history."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors, sql
from psycopg.conninfo import make_conninfo

from ledger.event import HeldFor
from ledger.store.contract import Receipt
from ledger.store.migrations import OWNER, READER, WRITER, migrate
from ledger.store.postgres import PostgresStore
from ledger.vault.sealing import Place, SealedValue
from tests.harness.log import RECORDED_AT, batch, check_log, stored

As = Callable[[str], AbstractContextManager[psycopg.Connection]]
EVENT = "01980000-0000-7000-8000-000000000000"
REFUSED = errors.InsufficientPrivilege


@pytest.fixture(params=["login", "set role"])
def connected_as(request: pytest.FixtureRequest, postgres_url: str, log: PostgresStore) -> As:
    """A session in a role: logged in as it (the embedded server lets us), or by SET ROLE."""

    @contextmanager
    def connect(role: str) -> Iterator[psycopg.Connection]:
        by_login = request.param == "login"
        conninfo = make_conninfo(postgres_url, user=role) if by_login else postgres_url
        try:
            connection = psycopg.connect(conninfo, autocommit=True)
        except psycopg.OperationalError:
            pytest.skip("this server does not let the roles log in without a password")
        with connection:
            if not by_login:
                connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
            connection.execute(sql.SQL("set search_path = {}").format(sql.Identifier(log.schema)))
            yield connection

    return connect


@pytest.fixture(scope="module")
def log(postgres_url: str) -> Iterator[PostgresStore]:
    """A log with one event, one sealed value and one receipt, for all that is refused."""
    schema = f"test_{uuid4().hex[:12]}"
    migrate(postgres_url, schema)
    store = PostgresStore(postgres_url, schema)
    writer = store.writer()
    entry = batch(
        writer.lock(()),
        [stored(1, "noted", "case:1")],
        sealed=[(1, SealedValue(Place(EVENT, "answer", "s", HeldFor.CONTENT), EVENT, b"x"))],
        receipts=[(Receipt(bytes(16), bytes(32)), 1, 1)],
    )
    writer.commit(entry)
    writer.close()
    yield store
    store.close()
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"drop schema {schema} cascade".encode())


CHANGES = (
    "update event set kind = 'forged'",
    "update event set record = 'forged' where false",
    "update event set leaf = leaf",
    "delete from event",
    "delete from event where false",
    "truncate event",
    "update batch set recorded_at = now()",
    "update batch set last = 2",
    "delete from batch",
    "truncate batch",
    "truncate event, batch",
    "insert into event select * from event on conflict (position) do update set kind = 'forged'",
    "merge into event using (select 1) as one on true when matched then delete",
)


@pytest.mark.parametrize("statement", CHANGES)
@pytest.mark.parametrize("role", [OWNER, WRITER, READER])
def test_nobody_alters_or_removes_an_event_or_a_batch(
    log: PostgresStore, connected_as: As, role: str, statement: str
) -> None:
    before = check_log(log, 1)

    with connected_as(role) as connection, pytest.raises(REFUSED):
        connection.execute(statement.encode())

    assert check_log(log, 1) == before


@pytest.mark.parametrize("statement", CHANGES)
def test_not_even_a_superuser_alters_history_in_passing(
    log: PostgresStore, postgres_url: str, statement: str
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as superuser:
        superuser.execute(sql.SQL("set search_path = {}").format(sql.Identifier(log.schema)))

        with pytest.raises(errors.InsufficientPrivilege, match="append-only"):
            superuser.execute(statement.encode())

    assert check_log(log, 1)


@pytest.mark.parametrize(
    "statement",
    [
        "insert into event values (2, 'noted', '{}', '', repeat('x', 32)::bytea)",
        "insert into batch values (2, 2, now(), gen_random_uuid(), '')",
        "insert into sealed_value select 1, 'f', id, 's', 'h', id, '' from gen_random_uuid() as id",
        "select * from data_key",
        "select * from key_encryption_key",
        "insert into receipt values ('', '', 1, 1, now())",
        "select * from sealed_value",
        "select ciphertext from sealed_value",
        "select * from receipt",
        "delete from receipt",
        "select from event for update",
        "begin; lock table event in access exclusive mode",
        "create table mine ()",
        "alter table event disable trigger all",
        "drop table event cascade",
        "update migration set digest = ''",
        "update purpose set purpose = 'dcb'",
    ],
)
def test_a_reader_neither_writes_nor_sees_what_is_sealed(
    log: PostgresStore, connected_as: As, statement: str
) -> None:
    with connected_as(READER) as connection, pytest.raises(REFUSED):
        connection.execute(statement.encode())


def test_a_reader_reads_events_batches_and_their_json(log: PostgresStore, connected_as: As) -> None:
    with connected_as(READER) as connection:
        events = connection.execute("select position, kind, tags from event").fetchall()
        batches = connection.execute("select first, last, recorded_at from batch").fetchall()
        connection.execute("select position from event_json").fetchall()

    assert events == [(1, "noted", ["case:1"])]
    assert batches == [(1, 1, RECORDED_AT)]


@pytest.mark.parametrize(
    "statement",
    [
        "update sealed_value set ciphertext = ''",
        "delete from sealed_value",
        "truncate sealed_value",
        "update receipt set first = 0",
        "truncate receipt",
        "create table mine ()",
        "create function mine() returns int language sql as 'select 1'",
        "alter table event add column forged text",
        "alter table event disable trigger event_is_append_only",
        "alter table event disable trigger all",
        "drop trigger event_is_append_only on event",
        "drop trigger batch_is_contiguous on batch",
        (
            "create or replace function reject_change() returns trigger language plpgsql"
            " as $$ begin return null; end $$"
        ),
        "drop function reject_change() cascade",
        "alter table event drop constraint event_pkey",
        "drop table event",
        "drop index event_tags",
        "create trigger mine before insert on event execute function reject_change()",
        "create rule mine as on insert to event do instead nothing",
        "set session_replication_role = replica",
        "update migration set digest = ''",
        "insert into migration values (9999, 'forged', '')",
        "update purpose set purpose = 'dcb'",
        "copy event to program 'true'",
    ],
)
def test_a_writer_may_append_and_nothing_else(
    log: PostgresStore, connected_as: As, statement: str
) -> None:
    with connected_as(WRITER) as connection, pytest.raises(REFUSED):
        connection.execute(statement.encode())

    assert check_log(log, 1)


def test_a_writer_forgets_old_receipts(log: PostgresStore, connected_as: As) -> None:
    with connected_as(WRITER) as connection, connection.transaction(force_rollback=True):
        forgotten = connection.execute("delete from receipt").rowcount

    assert forgotten == 1


def test_a_batch_that_leaves_a_gap_is_refused_to_everybody(
    log: PostgresStore, connected_as: As
) -> None:
    with connected_as(WRITER) as connection, pytest.raises(errors.IntegrityConstraintViolation):
        connection.execute("insert into batch values (3, 3, now(), gen_random_uuid(), '')")


def test_our_sessions_have_the_rights_of_their_role_and_not_of_their_login(
    log: PostgresStore,
) -> None:
    writer = log.writer()
    found = [
        row[0]
        for row in (
            writer._connected().execute("select current_user").fetchone(),
            log.reading(lambda connection: connection.execute("select current_user").fetchone()),
        )
        if row is not None
    ]
    writer.close()

    assert found == [WRITER, READER]


@pytest.mark.parametrize("role", [OWNER, WRITER, READER])
def test_no_role_of_ours_is_a_superuser_or_may_make_roles(
    log: PostgresStore, postgres_url: str, role: str
) -> None:
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute(
            "select rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"
            " from pg_roles where rolname = %s",
            [role],
        ).fetchone()

    assert row == (False,) * 5


@pytest.mark.parametrize(
    ("role", "other"), [(READER, WRITER), (READER, OWNER), (WRITER, OWNER), (WRITER, READER)]
)
def test_no_role_of_ours_is_a_member_of_another(
    log: PostgresStore, postgres_url: str, role: str, other: str
) -> None:
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute("select pg_has_role(%s, %s, 'member')", [role, other]).fetchone()

    assert row == (False,)
