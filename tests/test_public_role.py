"""The role that the board reads with: it sees what everybody may see, and has nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from psycopg import errors, sql

from ledger.store.connections import connection_string
from ledger.store.migrations import OWNER, PUBLIC, READER, WRITER
from ledger.store.postgres import PostgresStore
from projections.all import ALL
from projections.kept_figures import TABLE
from projections.published import NAMES, ROWS
from projections.rebuild import rebuild
from projections.schema import board_schema, prepare, public_schema
from projections.showing import shown
from projections.tables import table_names
from tests.api_server import Server

REFUSED = errors.InsufficientPrivilege


@pytest.fixture
def public(server: Server) -> Iterator[psycopg.Connection]:
    settings = server.settings
    assert settings.database_url is not None
    conninfo = connection_string(settings.database_url, public_schema(settings.schema), PUBLIC)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        yield connection


def tables_of(server: Server, schema: str) -> list[str]:
    assert server.settings.database_url is not None
    with psycopg.connect(server.settings.database_url) as superuser:
        found = superuser.execute(
            "select relname from pg_class join pg_namespace n on n.oid = relnamespace"
            " where nspname = %s and relkind in ('r', 'v') order by 1",
            [schema],
        )
        return [name for (name,) in found]


STANDING = ("publication", "projection", TABLE)
VISIBLE = {*STANDING, *NAMES, *(name for one in ALL for name in shown(one))}


def test_it_reads_all_that_is_in_its_schema(server: Server, public: psycopg.Connection) -> None:
    assert {*tables_of(server, public_schema(server.settings.schema))} == VISIBLE
    for name in VISIBLE:
        public.execute(sql.SQL("select * from {} limit 1").format(sql.Identifier(name)))
    assert public.execute("select count(*) from projection").fetchone() == (len(ALL),)


def test_it_sees_no_other_schema_of_the_database(public: psycopg.Connection) -> None:
    found = public.execute(
        "select nspname from pg_namespace where has_schema_privilege(oid, 'usage')"
        " and nspname not like 'pg\\_%' and nspname not in ('information_schema', 'public')"
        " and nspname = any(select n.nspname from pg_class join pg_namespace n"
        " on n.oid = relnamespace where has_table_privilege(pg_class.oid, 'select')) order by 1"
    ).fetchall()

    assert all(name.endswith("_public") for (name,) in found)


def test_it_reads_no_table_of_the_board(server: Server, public: psycopg.Connection) -> None:
    board = board_schema(server.settings.schema)
    tables = tables_of(server, board)

    assert {*tables} == {"projection", *(name for one in ALL for name in table_names(one))}
    for name in tables:
        with pytest.raises(REFUSED):
            public.execute(sql.SQL("select * from {}").format(sql.Identifier(board, name)))


def test_nothing_made_of_requests_is_in_its_schema_but_publications() -> None:
    of_requests = {
        f"{rows.table}{suffix}"
        for one in ALL
        for rows in one.rows
        if rows.published
        for suffix in ("", "_tally", "_withheld")
    }

    assert of_requests & VISIBLE == {*ROWS}


def test_a_whistle_does_not_tell_whether_it_was_blown_for_a_request(
    public: psycopg.Connection,
) -> None:
    with pytest.raises(errors.UndefinedColumn):
        public.execute("select for_request from whistle")


def test_it_reads_nothing_of_the_ledger_itself(server: Server, public: psycopg.Connection) -> None:
    tables = tables_of(server, server.settings.schema)

    assert {"event", "batch", "sealed_value", "receipt", "api_key", "event_json"} <= {*tables}
    for name in tables:
        place = sql.Identifier(server.settings.schema, name)
        with pytest.raises(REFUSED):
            public.execute(sql.SQL("select * from {} limit 1").format(place))


@pytest.mark.parametrize(
    "statement",
    [
        "update projection set position = 0",
        "delete from request_case",
        "delete from publication",
        "update whistle set stage = 'cleared'",
        "insert into projection (name, version, tables) values ('x', 1, '{}')",
        "create table mine ()",
        "drop table request_case",
        "drop view whistle",
        "set role mingzhang_reader; select * from event",
        "copy request_case to program 'cat'",
    ],
)
def test_it_changes_nothing(public: psycopg.Connection, statement: str) -> None:
    with pytest.raises((REFUSED, errors.UndefinedTable, errors.UndefinedColumn)):
        public.execute(statement.encode())


def test_it_is_no_superuser_and_no_member_of_another_role(public: psycopg.Connection) -> None:
    row = public.execute(
        "select rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"
        " from pg_roles where rolname = current_user"
    ).fetchone()
    member = [
        public.execute("select pg_has_role(current_user, %s, 'member')", [role]).fetchone()
        for role in (OWNER, WRITER, READER)
    ]

    assert row == (False,) * 5
    assert member == [(False,)] * 3


def test_the_board_is_read_with_it(server: Server) -> None:
    server.get("/")
    assert server.settings.database_url is not None
    with psycopg.connect(server.settings.database_url) as superuser:
        roles = superuser.execute(
            "select distinct application_name from pg_stat_activity"
            " where application_name like 'mingzhang %'"
        ).fetchall()

    assert ("mingzhang public",) in roles


def test_a_board_that_was_once_open_to_it_is_shut(
    server: Server, public: psycopg.Connection
) -> None:
    settings = server.settings
    assert settings.database_url is not None
    board = sql.Identifier(board_schema(settings.schema))
    role = sql.Identifier(PUBLIC)
    with psycopg.connect(settings.database_url, autocommit=True) as superuser:
        superuser.execute(sql.SQL("grant usage on schema {} to {}").format(board, role))
        superuser.execute(sql.SQL("grant select on {}.projection to {}").format(board, role))
    look = sql.SQL("select * from {}.projection").format(board)
    public.execute(look)

    prepare(settings.database_url, settings.schema)

    with pytest.raises(REFUSED):
        public.execute(look)


def test_a_rebuild_shows_the_new_tables_and_the_same_publication(
    server: Server, public: psycopg.Connection
) -> None:
    settings = server.settings
    assert settings.database_url is not None
    server.published()
    last = "select digest from publication where at = %s"
    (at, before) = public.execute(
        "select at, digest from publication order by at desc limit 1"
    ).fetchone() or (None, None)

    with closing(PostgresStore(settings.database_url, settings.schema)) as store:
        rebuild(store, settings.database_url, settings.schema)

    assert before
    assert public.execute(last, [at]).fetchone() == (before,)
    for name in VISIBLE:
        public.execute(sql.SQL("select * from {} limit 1").format(sql.Identifier(name)))
