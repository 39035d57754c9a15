"""One digest of all that a projection shows: whoever folds the same log has the same one.

SHA-256 over lines of RFC 8785 JSON, each ended by a newline: for every table, in the order
of their names, `{"columns":[…],"table":…}`, and then a row a line as an array of its columns. Rows
come in the order of their keys, as bytes of UTF-8 and as numbers; those of a tally in the order of
their lines. Withheld rows are in the tallies alone, and hidden columns nowhere. Of a publication,
the documents come as they are stored, a line each behind the line of their disclosure, dimension
and value, in that order.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from psycopg import AsyncConnection, sql

from ledger.canonical import canonical_json
from projections.folding import Folded
from projections.projection import (
    EFFECTIVE_FROM,
    TALLY_SUFFIX,
    Column,
    Projection,
    Rows,
    columns,
)
from projections.published import DOCUMENT, NAMES, ROWS, Place

FORMAT = "mingzhang-rows/1"
_ROWS_AT_ONCE = 2_000


async def stored_digest(connection: AsyncConnection[Any], projection: Projection) -> str:
    """The digest, in hex, of the tables as a connection sees them: within one transaction."""
    digest = sha256()
    for name, rows, is_tally in _tables(projection):
        names = _columns(rows, is_tally)
        digest.update(_head(name, names))
        if is_tally:
            lines = [line async for line in _stored(connection, name, names, ())]
            digest.update(b"".join(sorted(lines)))
            continue
        key = [column for column in rows.columns if column.name in rows.key]
        async for line in _stored(connection, name, names, key):
            digest.update(line)
    return digest.hexdigest()


async def published_digest(connection: AsyncConnection[Any], place: Place) -> str:
    """The digest of a publication: of its documents and rows, within one transaction."""
    digest = sha256()
    for name in NAMES:
        if name == "document":
            digest.update(_head(name, DOCUMENT))
            statement = sql.SQL(
                """select disclosure, dimension, value, document from {}
                order by disclosure collate "C", dimension collate "C", value collate "C" """
            ).format(place(name))
            async for *part, document in _streamed(connection, statement):
                digest.update(_line(part) + document.encode() + b"\n")
            continue
        names = [column.name for column in columns(ROWS[name])]
        digest.update(_head(name, names))
        statement = sql.SQL("select {} from {} order by number").format(
            sql.SQL(", ").join(map(sql.Identifier, names)), place(name)
        )
        async for row in _streamed(connection, statement):
            digest.update(_line(row))
    return digest.hexdigest()


def folded_digest(projection: Projection, folded: Folded) -> str:
    """The same of a fold in memory."""
    digest = sha256()
    for name, rows, is_tally in _tables(projection):
        digest.update(_head(name, _columns(rows, is_tally)))
        if is_tally:
            sums = folded.tallies[rows.table].items()
            lines = [_line((*group, since, *measures)) for (group, since), measures in sums]
            digest.update(b"".join(sorted(lines)))
            continue
        kept = folded.rows.get(name, {})
        names = _columns(rows, is_tally)
        for key in sorted(kept):
            digest.update(_line(getattr(kept[key], column) for column in names))
    return digest.hexdigest()


def _tables(projection: Projection) -> Iterable[tuple[str, Rows[Any], bool]]:
    """(name, view, whether it is the view's tally), in the order of their names."""
    found = [(rows.table, rows, False) for rows in projection.rows]
    found += [(r.table + TALLY_SUFFIX, r, True) for r in projection.rows if r.tally is not None]
    return sorted(found, key=lambda one: one[0])


def _columns(rows: Rows[Any], is_tally: bool) -> list[str]:
    if not is_tally or rows.tally is None:
        return [column.name for column in rows.columns if column.name not in rows.hidden]
    group = [column.name for column in columns(rows.tally.group)]
    return [*group, EFFECTIVE_FROM, *(column.name for column in columns(rows.tally.measures))]


def _head(name: str, names: Sequence[str]) -> bytes:
    return canonical_json({"columns": list(names), "table": name}) + b"\n"


def _line(row: Iterable[Any]) -> bytes:
    return canonical_json([_in_utc(value) for value in row]) + b"\n"


def _in_utc(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value


async def _stored(
    connection: AsyncConnection[Any], name: str, names: Sequence[str], key: Sequence[Column]
) -> AsyncIterator[bytes]:
    statement = sql.SQL("select {} from {}").format(
        sql.SQL(", ").join(map(sql.Identifier, names)), sql.Identifier(name)
    )
    if key:
        # By bytes, as everybody sorts who knows no collations.
        order = sql.SQL(", ").join(
            sql.SQL('{} collate "C"' if column.sql_type == "text" else "{}").format(
                sql.Identifier(column.name)
            )
            for column in key
        )
        statement += sql.SQL(" order by ") + order
    async for row in _streamed(connection, statement):
        yield _line(row)


async def _streamed(
    connection: AsyncConnection[Any], statement: sql.Composed
) -> AsyncIterator[tuple[Any, ...]]:
    async with connection.cursor(name="digest") as cursor:
        cursor.itersize = _ROWS_AT_ONCE
        await cursor.execute(statement)
        async for row in cursor:
            yield row
