"""The role that the board reads with: it sees what everybody may see, and has nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors, sql

from ledger.store.migrations import OWNER, PUBLIC, READER, WRITER
from ledger.store.postgres import connection_string
from projections.all import ALL
from projections.schema import board_schema, prepare
from projections.tables import public_tables, table_names
from tests.api_server import Server, filed

REFUSED = errors.InsufficientPrivilege


@pytest.fixture
def public(server: Server) -> Iterator[psycopg.Connection]:
    settings = server.settings
    assert settings.database_url is not None
    conninfo = connection_string(settings.database_url, board_schema(settings.schema), PUBLIC)
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


def test_it_reads_every_public_view(public: psycopg.Connection) -> None:
    for projection in ALL:
        for name in public_tables(projection):
            public.execute(sql.SQL("select * from {} limit 1").format(sql.Identifier(name)))
    assert public.execute("select count(*) from projection").fetchone() == (len(ALL),)


def test_it_reads_no_view_that_is_withheld(server: Server, public: psycopg.Connection) -> None:
    withheld = {
        name
        for projection in ALL
        for name in {*table_names(projection)} - {*public_tables(projection)}
    }
    server.post("hotline-clerk", filed(category="report"))

    assert withheld
    assert {*tables_of(server, board_schema(server.settings.schema))} == {
        *withheld,
        *(name for projection in ALL for name in public_tables(projection)),
        "projection",
    }
    for name in withheld:
        with pytest.raises(REFUSED):
            public.execute(sql.SQL("select * from {}").format(sql.Identifier(name)))


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
        "insert into projection (name, version, tables) values ('x', 1, '{}')",
        "create table mine ()",
        "drop table request_case",
        "set role mingzhang_reader; select * from event",
        "copy request_case to program 'cat'",
    ],
)
def test_it_changes_nothing(public: psycopg.Connection, statement: str) -> None:
    with pytest.raises((REFUSED, errors.UndefinedTable)):
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


def test_a_board_made_before_the_role_was_there_is_opened_to_it(
    server: Server, public: psycopg.Connection
) -> None:
    settings = server.settings
    assert settings.database_url is not None
    with psycopg.connect(settings.database_url, autocommit=True) as superuser:
        schema = sql.Identifier(board_schema(settings.schema))
        superuser.execute(sql.SQL("set search_path = {}").format(schema))
        role = sql.Identifier(PUBLIC)
        superuser.execute(sql.SQL("revoke select on request_case from {}").format(role))
    with pytest.raises(REFUSED):
        public.execute("select * from request_case")

    prepare(settings.database_url, settings.schema)

    public.execute("select * from request_case")
