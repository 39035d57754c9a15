"""The board's schema: the table that says how far each projection is, and its views' tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import sql

from ledger.store.migrations import OWNER, PUBLIC, WRITER
from projections import tables
from projections.all import ALL
from projections.projection import Projection

SCHEMA_SUFFIX = "_board"
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
_KNOWN = "select 1 from projection where name = %s"
_ENTER = "insert into projection (name, version, tables) values (%s, %s, %s)"


def board_schema(ledger_schema: str) -> str:
    """The schema in which the views of a ledger lie."""
    return ledger_schema + SCHEMA_SUFFIX


def prepare(url: str, ledger_schema: str, projections: Sequence[Projection] = ALL) -> None:
    """Makes what is missing, under a lock; no view that is there is changed.

    `url` is that of a login that may create schemas; the ledger's own migrations, which make the
    roles, come first. New views are empty, at position 0: the live runner fills them.
    """
    with psycopg.connect(url) as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        _make_schema(connection, board_schema(ledger_schema))
        # The writer owns the views: it makes and drops them when they are rebuilt.
        connection.execute(_set_role(WRITER))
        for projection in projections:
            if connection.execute(_KNOWN, [projection.name]).fetchone() is None:
                tables.create(connection, projection)
                tables.add_indexes(connection, projection)
                names = tables.table_names(projection)
                connection.execute(_ENTER, [projection.name, projection.version, names])
            tables.publish(connection, projection)


def _make_schema(connection: psycopg.Connection[Any], name: str) -> None:
    schema = sql.Identifier(name)
    connection.execute("set local client_min_messages = warning")
    connection.execute(
        sql.SQL("create schema if not exists {} authorization {}").format(
            schema, sql.Identifier(OWNER)
        )
    )
    connection.execute(sql.SQL("set local search_path = {}").format(schema))
    connection.execute(_set_role(OWNER))
    connection.execute(
        sql.SQL("grant usage on schema {} to {}").format(schema, sql.Identifier(PUBLIC))
    )
    connection.execute(
        sql.SQL("grant usage, create on schema {} to {}").format(schema, sql.Identifier(WRITER))
    )
    connection.execute(_PROJECTION)
    connection.execute(sql.SQL("grant select on projection to {}").format(sql.Identifier(PUBLIC)))
    connection.execute(
        sql.SQL("grant select, insert, update, delete on projection to {}").format(
            sql.Identifier(WRITER)
        )
    )


def _set_role(role: str) -> sql.Composed:
    return sql.SQL("set local role {}").format(sql.Identifier(role))
