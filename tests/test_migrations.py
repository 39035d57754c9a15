"""A database is brought to the schema that the code needs, once, and never past what it knows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ledger.store import migrations
from ledger.store.migrations import Migration, SchemaMismatch, migrate
from ledger.store.postgres import PostgresStore
from tests.harness.log import append, check_log

NEXT_NUMBER = len(migrations.migrations()) + 1


def next_file(text: str) -> Migration:
    return Migration(NEXT_NUMBER, f"{NEXT_NUMBER:04}_next.sql", text)


def execute(url: str, schema: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("set search_path = {}").format(sql.Identifier(schema)))
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def with_a_next_file(
    monkeypatch: pytest.MonkeyPatch, text: str = "create table next (id integer primary key);"
) -> Migration:
    """From now on the code has one more file."""
    known, added = migrations.migrations(), next_file(text)
    monkeypatch.setattr(migrations, "migrations", lambda: [*known, added])
    return added


def test_the_files_are_numbered_from_one_without_gaps() -> None:
    names = sorted(entry.name for entry in files("ledger.store").joinpath("sql").iterdir())

    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    assert all(re.fullmatch(r"\d{4}_[a-z_]+\.sql", name) for name in names)
    assert [migration.name for migration in migrations.migrations()] == names


def test_migrating_twice_applies_nothing_the_second_time(postgres_url: str, schema: str) -> None:
    names = [migration.name for migration in migrations.migrations()]

    assert migrate(postgres_url, schema) == names
    assert migrate(postgres_url, schema) == []
    assert [row[0] for row in execute(postgres_url, schema, "select name from migration")] == names


def test_migrating_keeps_what_is_in_the_log(
    postgres_url: str, postgres_store: PostgresStore
) -> None:
    writer = postgres_store.writer()
    append(writer, ("noted",))
    writer.close()

    migrate(postgres_url, postgres_store.schema)

    assert check_log(postgres_store, 1)


def test_of_several_that_migrate_at_once_one_does_it_and_the_others_wait(
    postgres_url: str, schema: str
) -> None:
    with ThreadPoolExecutor(6) as pool:
        applied = list(pool.map(lambda _: migrate(postgres_url, schema), range(6)))

    assert sorted(map(len, applied)) == [0] * 5 + [len(migrations.migrations())]


def test_several_schemas_are_migrated_at_once(postgres_url: str) -> None:
    names = [f"test_{uuid4().hex[:12]}" for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        applied = list(pool.map(lambda name: migrate(postgres_url, name), names))

    assert all(applied)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        for name in names:
            connection.execute(f"drop schema {name} cascade".encode())


def test_a_new_file_is_applied_to_an_old_database(
    postgres_url: str, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(postgres_url, schema)
    added = with_a_next_file(monkeypatch)

    assert migrate(postgres_url, schema) == [added.name]

    assert execute(postgres_url, schema, "select * from next") == []


def test_a_database_that_lacks_a_file_is_not_used(
    postgres_url: str, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(postgres_url, schema)
    store = PostgresStore(postgres_url, schema)
    added = with_a_next_file(monkeypatch)

    with pytest.raises(SchemaMismatch, match=f"{added.name} is not applied"):
        store.size()

    store.close()


def test_a_file_that_fails_changes_nothing(
    postgres_url: str, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(postgres_url, schema)
    applied = execute(postgres_url, schema, "select name from migration")
    with_a_next_file(monkeypatch, "create table next (); select 1 / 0;")

    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(postgres_url, schema)

    assert execute(postgres_url, schema, "select to_regclass('next')") == [(None,)]
    assert execute(postgres_url, schema, "select name from migration") == applied


def test_a_database_newer_than_the_code_is_refused(
    postgres_url: str, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as future:
        with_a_next_file(future)
        migrate(postgres_url, schema)
    store = PostgresStore(postgres_url, schema)
    writer = store.writer()

    with pytest.raises(SchemaMismatch, match="newer than this code"):
        migrate(postgres_url, schema)
    with pytest.raises(SchemaMismatch, match="newer than this code"):
        store.size()
    with pytest.raises(SchemaMismatch, match="newer than this code"):
        writer.lock(())

    writer.close()
    store.close()


def test_a_file_that_was_edited_after_it_was_applied_is_refused(
    postgres_url: str, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(postgres_url, schema)
    edited = [
        Migration(one.number, one.name, one.text + "-- edited") for one in migrations.migrations()
    ]
    monkeypatch.setattr(migrations, "migrations", lambda: edited)

    with pytest.raises(SchemaMismatch, match="differs from the 0001_log"):
        migrate(postgres_url, schema)


@pytest.mark.parametrize(("first", "second"), [("ledger", "dcb"), ("dcb", "ledger")])
def test_a_schema_serves_one_purpose_for_ever(
    postgres_url: str, schema: str, first: str, second: str
) -> None:
    migrate(postgres_url, schema, first)

    with pytest.raises(SchemaMismatch):
        migrate(postgres_url, schema, second)
    mistaken = PostgresStore(postgres_url, schema, second)
    with pytest.raises(SchemaMismatch, match="a schema of its own"):
        mistaken.size()

    mistaken.close()
    assert migrate(postgres_url, schema, first) == []


@pytest.mark.parametrize(
    "name", ["", "Ledger", "led ger", "led-ger", "1edger", "ledger;", "pg_ledger", "x" * 49, "账"]
)
def test_a_schema_s_name_is_a_plain_lower_case_word(postgres_url: str, name: str) -> None:
    with pytest.raises(ValueError, match="schema"):
        migrate(postgres_url, name)
    with pytest.raises(ValueError, match="schema"):
        PostgresStore(postgres_url, name)


@pytest.fixture
def plain_login(postgres_url: str) -> Iterator[str]:
    """The URL of a database and a login that may create roles, but is no superuser."""
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(postgres_url, autocommit=True) as superuser:
        superuser.execute(f"create role {name} login createrole password 'opens nothing'".encode())
        superuser.execute(f"create database {name} owner {name}".encode())
        # What a first migration by a login of its own would have given it (PostgreSQL 16).
        for role in migrations.ROLES:
            superuser.execute(
                f"grant {role} to {name}".encode()
                + (b" with admin true, set false, inherit false" if _is_16(superuser) else b"")
            )
    try:
        yield make_conninfo(postgres_url, user=name, dbname=name, password="opens nothing")
    finally:
        with psycopg.connect(postgres_url, autocommit=True) as superuser:
            superuser.execute(f"drop database {name} with (force)".encode())
            superuser.execute(f"drop owned by {name} cascade".encode())
            superuser.execute(f"drop role {name}".encode())


def _is_16(connection: psycopg.Connection) -> bool:
    return connection.info.server_version >= 160000


def test_a_login_that_is_no_superuser_migrates_and_appends(
    postgres_url: str, schema: str, plain_login: str
) -> None:
    migrate(postgres_url, schema)

    assert migrate(plain_login, "ledger")

    store = PostgresStore(plain_login)
    writer = store.writer()
    append(writer, ("noted",))
    writer.close()
    assert check_log(store, 1)
    store.close()
