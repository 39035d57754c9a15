"""The public's views of the tables that it may see live: without hidden columns, in its schema."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from ledger.store.migrations import PUBLIC
from projections.projection import EFFECTIVE_FROM, TALLY_SUFFIX, Projection, columns

Connection = psycopg.Connection[Any]


def shown(projection: Projection) -> dict[str, list[str]]:
    """The tables of a projection that the public sees live, with the columns that it sees."""
    found: dict[str, list[str]] = {}
    for rows in projection.rows:
        if rows.published:
            continue
        names = [column.name for column in rows.columns]
        found[rows.table] = [name for name in names if name not in rows.hidden]
        if rows.tally is not None:
            group = [column.name for column in columns(rows.tally.group)]
            measures = [column.name for column in columns(rows.tally.measures)]
            found[rows.table + TALLY_SUFFIX] = [*group, EFFECTIVE_FROM, *measures]
    return found


def show(connection: Connection, projection: Projection, public: str) -> None:
    """Makes the views, which read as their owner: the public has no right on the tables."""
    for name, names in shown(projection).items():
        create_view(connection, public, name, names)


def hide(connection: Connection, projection: Projection, public: str) -> None:
    """Drops the views that are there, in the order of their names: as readers lock them."""
    for name in sorted(shown(projection)):
        connection.execute(sql.SQL("drop view if exists {}").format(sql.Identifier(public, name)))


def create_view(connection: Connection, public: str, name: str, names: list[str]) -> None:
    """Makes one view of a table on the search path, or leaves it as it is."""
    view = sql.Identifier(public, name)
    connection.execute(
        sql.SQL("create or replace view {} with (security_barrier) as select {} from {}").format(
            view, sql.SQL(", ").join(map(sql.Identifier, names)), sql.Identifier(name)
        )
    )
    grant_select(connection, view, PUBLIC)


def grant_select(connection: Connection, table: sql.Identifier, role: str) -> None:
    """Lets a role read a table or a view."""
    connection.execute(sql.SQL("grant select on {} to {}").format(table, sql.Identifier(role)))
