"""The board's two schemas: the views' tables, for those who may see all, and what the public sees.

`<ledger>_board` has the tables, and one that says how far each projection is; only those who may
see every row have a right on it. `<ledger>_public` has views of what the public sees live, and
the tables of the last publication; the public's role sees nothing else in the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import sql

from ledger.store.migrations import OWNER, PUBLIC, READER, WRITER
from projections import kept_figures, published, showing, tables
from projections.all import ALL
from projections.projection import Projection

SCHEMA_SUFFIX = "_board"
PUBLIC_SUFFIX = "_public"
Connection = psycopg.Connection[Any]
_LOCK = 0x6D7A626F617264  # "mzboard": one preparation at a time in a database

# `tables` names what a swap has to drop, which may be another set than this version's.
_PROJECTION = """create table if not exists projection (
    name text primary key,
    version bigint not null,
    generation bigint not null default 1,
    position bigint not null default 0,
    recorded_at timestamptz,
    tables text[] not null,
    failed_position bigint,
    failed_at timestamptz,
    error text)"""
_STANDING = [
    "name", "version", "generation", "position", "recorded_at", "failed_position", "failed_at",
    "error",
]  # fmt: skip
"""What everybody may know of how far a projection is."""
_KNOWN = "select version from projection where name = %s"
_ENTER = "insert into projection (name, version, tables) values (%s, %s, %s)"
_THERE = """select tablename from pg_tables
    where schemaname = current_schema() and tablename = any(%s::text[]) order by 1"""
_VIEWS = "select viewname from pg_views where schemaname = %s"


def board_schema(ledger_schema: str) -> str:
    """The schema in which the views of a ledger lie."""
    return ledger_schema + SCHEMA_SUFFIX


def public_schema(ledger_schema: str) -> str:
    """The schema of what the public may see of them."""
    return ledger_schema + PUBLIC_SUFFIX


def prepare(url: str, ledger_schema: str, projections: Sequence[Projection] = ALL) -> None:
    """Makes what is missing, under a lock; no view that is there is changed.

    `url` is that of a login that may create schemas; the ledger's own migrations, which make the
    roles, come first. New views are empty, at position 0: the live runner fills them.
    """
    board, public = board_schema(ledger_schema), public_schema(ledger_schema)
    with psycopg.connect(url) as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        _make_schemas(connection, board, public)
        # The writer owns the views: it makes and drops them when they are rebuilt.
        connection.execute(_set_role(WRITER))
        published.create(connection, public)
        kept_figures.create(connection, public)
        for projection in projections:
            _make_views(connection, projection, public)


def _make_views(connection: Connection, projection: Projection, public: str) -> None:
    row = connection.execute(_KNOWN, [projection.name]).fetchone()
    if row is None:
        tables.create(connection, projection)
        tables.add_indexes(connection, projection)
        names = tables.table_names(projection)
        connection.execute(_ENTER, [projection.name, projection.version, names])
    elif row[0] != projection.version:
        return  # a rebuild makes them anew, and shows them
    for (name,) in connection.execute(_THERE, [tables.table_names(projection)]).fetchall():
        showing.grant_select(connection, sql.Identifier(name), READER)
    there = {name for (name,) in connection.execute(_VIEWS, [public]).fetchall()}
    for name, names in showing.shown(projection).items():
        if name not in there:
            showing.create_view(connection, public, name, names)


def _make_schemas(connection: Connection, board: str, public: str) -> None:
    connection.execute("set local client_min_messages = warning")
    for name in (board, public):
        connection.execute(
            sql.SQL("create schema if not exists {} authorization {}").format(
                sql.Identifier(name), sql.Identifier(OWNER)
            )
        )
    connection.execute(sql.SQL("set local search_path = {}").format(sql.Identifier(board)))
    connection.execute(_set_role(OWNER))
    connection.execute(_PROJECTION)
    for statement, schema, role in (
        ("grant usage, create on schema {} to {}", board, WRITER),
        ("grant usage, create on schema {} to {}", public, WRITER),
        ("grant usage on schema {} to {}", board, READER),
        ("grant usage on schema {} to {}", public, READER),
        ("grant usage on schema {} to {}", public, PUBLIC),
        # An older version let the public read the board's schema.
        ("revoke all on schema {} from {}", board, PUBLIC),
        ("revoke all on {}.projection from {}", board, PUBLIC),
        ("grant select, insert, update, delete on {}.projection to {}", board, WRITER),
        ("grant select on {}.projection to {}", board, READER),
    ):
        connection.execute(sql.SQL(statement).format(sql.Identifier(schema), sql.Identifier(role)))
    showing.create_view(connection, public, "projection", _STANDING)


def _set_role(role: str) -> sql.Composed:
    return sql.SQL("set local role {}").format(sql.Identifier(role))
