"""The tables of a projection's views: made, filled, read by key, changed, swapped, dropped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
import psycopg
from psycopg import sql

from ledger.store.migrations import READER
from projections.folding import Change, Group, Sheet, tally_deltas
from projections.projection import (
    EFFECTIVE_FROM,
    TALLY_SUFFIX,
    WITHHELD_SUFFIX,
    Column,
    Key,
    Projection,
    Rows,
    Tally,
    columns,
)
from projections.showing import grant_select, hide, show

Connection = psycopg.Connection[Any]
NEXT_SUFFIX = "__next"
"""The generation that a rebuild fills, beside the live one."""

# Rows travel as one JSON document a statement, which the table's own row type reads: every type is
# PostgreSQL's, and there is one round trip however many rows there are.
_LOAD = sql.SQL("""select {columns} from {table} as kept
    join json_populate_recordset(null::{table}, %s::json) as wanted on {same_key}""")
_LOAD_STIRRED = sql.SQL("select {columns} from {table} as kept where {flag}")
_UPDATE = sql.SQL("""update {table} as kept set {assignments}
    from json_populate_recordset(null::{table}, %s::json) as wanted where {same_key}""")
_DELETE = sql.SQL("""delete from {table} as kept
    using json_populate_recordset(null::{table}, %s::json) as wanted where {same_key}""")
_COPY = sql.SQL("copy {table} ({columns}) from stdin (format binary)")
# A group whose measures have all come back to 0 is as if it had never been: its row goes, so that
# a rebuild has the same rows. Found by its place, because null groups have no usable equality.
_MERGE = sql.SQL("""with merged as (
    insert into {table} as kept ({columns})
    select {columns} from json_populate_recordset(null::{table}, %s::json)
    on conflict ({group}) do update set {sums} returning kept.ctid as place, {is_even} as is_even)
    select place::text from merged where is_even""")
_DELETE_PLACES = sql.SQL("delete from {table} where ctid = any(%s::tid[])")
_VIEWS = "select viewname from pg_views where schemaname = %s"
_LEFTOVERS = """select tablename from pg_tables
    where schemaname = current_schema() and right(tablename, 6) = '__next' order by 1"""


def table_names(projection: Projection) -> list[str]:
    """All tables of a projection, in the order of their names: the order in which to lock them."""
    names = []
    for rows in projection.rows:
        names.append(rows.table)
        if rows.withheld is not None:
            names.append(rows.table + WITHHELD_SUFFIX)
        if rows.tally is not None:
            names.append(rows.table + TALLY_SUFFIX)
    return sorted(names)


def plain_tables(projection: Projection) -> list[str]:
    """Those of them that hold no withheld rows: what digests are taken over."""
    return [name for name in table_names(projection) if not name.endswith(WITHHELD_SUFFIX)]


def create(connection: Connection, projection: Projection, suffix: str = "") -> None:
    """Makes the tables, readable for those who may see all of them."""
    for rows in projection.rows:
        _create_table(connection, rows.table + suffix, rows.columns, rows.key)
        if rows.withheld is not None:
            _create_table(connection, rows.table + WITHHELD_SUFFIX + suffix, rows.columns, rows.key)
        if rows.tally is not None:
            _create_tally(connection, rows.table + TALLY_SUFFIX + suffix, rows.tally)
    for name in table_names(projection):
        grant_select(connection, sql.Identifier(name + suffix), READER)


def add_indexes(connection: Connection, projection: Projection, suffix: str = "") -> None:
    """Makes the indexes that readers need: after a bulk load, for that is faster."""
    statement = sql.SQL("create index on {} ({})")
    for rows in projection.rows:
        for names in rows.indexes:
            table = sql.Identifier(rows.table + suffix)
            connection.execute(statement.format(table, _identifiers(names)))


def drop(connection: Connection, names: Iterable[str]) -> None:
    """Drops the tables that are there."""
    for name in sorted(names):
        connection.execute(sql.SQL("drop table if exists {}").format(sql.Identifier(name)))


def drop_leftovers(connection: Connection) -> list[str]:
    """Drops what an interrupted rebuild left behind; the names of the tables."""
    names = [row[0] for row in connection.execute(_LEFTOVERS).fetchall()]
    drop(connection, names)
    return names


def analyze(connection: Connection, projection: Projection, suffix: str = "") -> None:
    """Tells the planner what is in the tables."""
    for name in table_names(projection):
        connection.execute(sql.SQL("analyze {}").format(sql.Identifier(name + suffix)))


def lock(connection: Connection, names: Iterable[str], public: str) -> None:
    """Keeps everybody from the tables until the transaction ends; in order, as readers lock.

    Where the public has a view of a table, the view is locked, which locks the table after it: as
    the public's readers do, or the two would wait for each other.
    """
    seen = {row[0] for row in connection.execute(_VIEWS, [public]).fetchall()}
    identifiers = sql.SQL(", ").join(
        sql.Identifier(public, name) if name in seen else sql.Identifier(name)
        for name in sorted(names)
    )
    connection.execute(sql.SQL("lock table {} in access exclusive mode").format(identifiers))


def swap(connection: Connection, projection: Projection, old: Iterable[str], public: str) -> None:
    """Puts the next generation in the place of the old one, within the caller's transaction.

    `public` is the schema whose views show the tables: they go with the old ones and come anew.
    """
    hide(connection, projection, public)
    drop(connection, old)
    for name in table_names(projection):
        connection.execute(
            sql.SQL("alter table {} rename to {}").format(
                sql.Identifier(name + NEXT_SUFFIX), sql.Identifier(name)
            )
        )
    show(connection, projection, public)


def load(connection: Connection, sheet: Sheet, keys: Iterable[Key], suffix: str = "") -> None:
    """Fills the rows of these keys into the sheet; None for those that are not there."""
    rows = sheet.rows
    wanted = list(keys)
    document = _document(rows.key, wanted)
    sheet.current.update(dict.fromkeys(wanted))
    for name in _names(rows):
        statement = _LOAD.format(
            columns=_kept(rows), table=sql.Identifier(name + suffix), same_key=_same_key(rows.key)
        )
        _take(sheet, connection.execute(statement, [document]).fetchall())


def load_stirred(connection: Connection, sheet: Sheet, suffix: str = "") -> None:
    """Fills the rows that a stirring event may change into the sheet, but for those it has."""
    rows = sheet.rows
    for name in _names(rows):
        statement = _LOAD_STIRRED.format(
            columns=_kept(rows),
            table=sql.Identifier(name + suffix),
            flag=sql.Identifier("kept", rows.stirred_while),
        )
        _take(sheet, connection.execute(statement).fetchall())


def _names(rows: Rows[Any]) -> list[str]:
    return [rows.table] if rows.withheld is None else [rows.table, rows.table + WITHHELD_SUFFIX]


def _kept(rows: Rows[Any]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier("kept", column.name) for column in rows.columns)


def _take(sheet: Sheet, found: Iterable[Sequence[Any]]) -> None:
    rows = sheet.rows
    arrays = [index for index, column in enumerate(rows.columns) if column.is_array]
    key_length = len(rows.key)
    for values in found:
        row = list(values)
        for index in arrays:
            row[index] = tuple(row[index])
        key = tuple(row[:key_length])
        if sheet.current.get(key) is None:  # what is in memory may be further on
            sheet.current[key] = rows.row(*row)


def write(connection: Connection, sheet: Sheet, suffix: str = "") -> int:
    """Writes what changed in the sheet, rows and tally; how many rows that were."""
    rows, changes = sheet.rows, sheet.changes()
    inserts: dict[str, list[Any]] = {}
    updates: dict[str, list[Any]] = {}
    deletes: dict[str, list[Key]] = {}
    for key, old, new in changes:
        before, after = rows.table_of(old), rows.table_of(new)
        if after is not None:
            (updates if before == after else inserts).setdefault(after, []).append(new)
        if before is not None and before != after:
            deletes.setdefault(before, []).append(key)
    for name, keys in deletes.items():
        _run(connection, _DELETE, name + suffix, rows, _document(rows.key, keys))
    for name, changed in updates.items():
        document = _document([column.name for column in rows.columns], changed)
        _run(connection, _UPDATE, name + suffix, rows, document)
    for name, fresh in inserts.items():
        _copy(connection, name + suffix, rows.columns, fresh)
    if rows.tally is not None:
        _merge(connection, rows.table + TALLY_SUFFIX + suffix, rows.tally, changes)
    return len(changes)


def _create_table(
    connection: Connection, name: str, of: Sequence[Column], key: Sequence[str]
) -> None:
    connection.execute(
        sql.SQL("create table {} ({}, primary key ({}))").format(
            sql.Identifier(name), _definitions(of), _identifiers(key)
        )
    )


def _create_tally(connection: Connection, name: str, tally: Tally[Any]) -> None:
    group = [column.name for column in columns(tally.group)]
    connection.execute(
        sql.SQL("create table {} ({}, {} timestamptz, {}, unique nulls not distinct ({}))").format(
            sql.Identifier(name),
            _definitions(columns(tally.group)),
            sql.Identifier(EFFECTIVE_FROM),
            _definitions(columns(tally.measures)),
            _identifiers([*group, EFFECTIVE_FROM]),
        )
    )


def _copy(connection: Connection, name: str, of: Sequence[Column], rows: Iterable[Any]) -> None:
    statement = _COPY.format(
        table=sql.Identifier(name), columns=_identifiers([column.name for column in of])
    )
    arrays = [index for index, column in enumerate(of) if column.is_array]
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types([column.sql_type for column in of])
        for row in rows:
            if not arrays:
                copy.write_row(row)
                continue
            values = list(row)
            for index in arrays:
                values[index] = list(values[index])
            copy.write_row(values)


def _merge(connection: Connection, name: str, tally: Tally[Any], changes: Iterable[Change]) -> None:
    deltas = tally_deltas(tally, changes)
    if not deltas:
        return
    group = [*(column.name for column in columns(tally.group)), EFFECTIVE_FROM]
    measures = [column.name for column in columns(tally.measures)]
    table = sql.Identifier(name)
    add = sql.SQL("{0} = kept.{0} + excluded.{0}")
    even = sql.SQL("kept.{} = 0")
    statement = _MERGE.format(
        table=table,
        columns=_identifiers([*group, *measures]),
        group=_identifiers(group),
        sums=sql.SQL(", ").join(add.format(sql.Identifier(one)) for one in measures),
        is_even=sql.SQL(" and ").join(even.format(sql.Identifier(one)) for one in measures),
    )
    document = _document([*group, *measures], _tally_rows(deltas))
    places = [row[0] for row in connection.execute(statement, [document]).fetchall()]
    if places:
        connection.execute(_DELETE_PLACES.format(table=table), [places])


def _tally_rows(deltas: Mapping[Group, tuple[int, ...]]) -> Iterable[tuple[Any, ...]]:
    return ((*group, effective, *measures) for (group, effective), measures in deltas.items())


def _run(
    connection: Connection, statement: sql.SQL, name: str, rows: Rows[Any], document: str
) -> None:
    others = [column.name for column in rows.columns if column.name not in rows.key]
    assign = sql.SQL("{0} = wanted.{0}")
    connection.execute(
        statement.format(
            table=sql.Identifier(name),
            same_key=_same_key(rows.key),
            assignments=sql.SQL(", ").join(assign.format(sql.Identifier(one)) for one in others),
        ),
        [document],
    )


def _document(names: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> str:
    # Short of a row's last columns, the names end early: keys stand first.
    return orjson.dumps([dict(zip(names, row, strict=False)) for row in rows]).decode()


def _definitions(of: Sequence[Column]) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.SQL("{} {}{}").format(
            sql.Identifier(column.name),
            sql.SQL(_TYPE_NAMES[column.sql_type]),
            sql.SQL("" if column.nullable else " not null"),
        )
        for column in of
    )


_TYPE_NAMES = {
    name: name for name in ("text", "bigint", "boolean", "timestamptz", "date", "text[]")
}


def _identifiers(names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _same_key(key: Sequence[str]) -> sql.Composed:
    return sql.SQL(" and ").join(
        sql.SQL("kept.{0} = wanted.{0}").format(sql.Identifier(name)) for name in key
    )
