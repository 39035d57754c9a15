"""Figures that were disclosed, kept as they were: canonical JSON under its SHA-256.

No view: what is here follows from the log by more than a fold, and anybody computes it again
(`mingzhang disclosure keep`). What is not named by a published disclosure is never read.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

import psycopg
from psycopg import AsyncConnection, sql

from ledger.store.migrations import PUBLIC, READER
from projections.showing import grant_select

TABLE = "kept_figures"
_CREATE = """create table if not exists {} (digest text primary key, document text not null,
    kept_at timestamptz not null default clock_timestamp())"""
_KEEP = "insert into {} (digest, document) values (%s, %s) on conflict (digest) do nothing"
# What does not come to its digest is not what was disclosed.
_KEPT = "select digest, document from kept_figures where digest = any(%s::text[])"


def create(connection: psycopg.Connection[Any], public: str) -> None:
    """Makes the table where it is missing, and lets the public read it."""
    table = sql.Identifier(public, TABLE)
    connection.execute(sql.SQL(_CREATE).format(table))
    for role in (PUBLIC, READER):
        grant_select(connection, table, role)


def keep(connection: psycopg.Connection[Any], public: str, documents: Iterable[bytes]) -> None:
    """Keeps documents, each under its digest."""
    statement = sql.SQL(_KEEP).format(sql.Identifier(public, TABLE))
    for document in documents:
        connection.execute(statement, [sha256(document).hexdigest(), document.decode()])


async def kept(connection: AsyncConnection[Any], digests: Iterable[str]) -> dict[str, str]:
    """Digest -> document, of those that are kept and come to their digest."""
    cursor = await connection.execute(_KEPT, [list(digests)])
    return {
        digest: document
        for digest, document in await cursor.fetchall()
        if sha256(document.encode()).hexdigest() == digest
    }
