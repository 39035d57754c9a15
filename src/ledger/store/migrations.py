"""Brings a database to the schema that this code needs: numbered SQL files, append-only."""

from __future__ import annotations

import re
from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple

import psycopg
from psycopg import sql

OWNER = "mingzhang_owner"
WRITER = "mingzhang_writer"
READER = "mingzhang_reader"
VAULT = "mingzhang_vault"
"""Reads and destroys what is sealed, and the wrapped keys; the key to these is in no database."""
PUBLIC = "mingzhang_public"
"""Sees what the board shows to everybody, and nothing of the ledger's own schema."""
ROLES = (OWNER, WRITER, READER, VAULT, PUBLIC)
NO_LEDGER = "the database has no ledger yet: run `mingzhang migrate`"
_LOCK = 0x6D696E677A68616E  # "mingzhan": one migration at a time in a database


class Migration(NamedTuple):
    """One numbered SQL file."""

    number: int
    name: str
    text: str

    @property
    def digest(self) -> str:
        """SHA-256 of the text, hex: an applied file must never be edited."""
        return sha256(self.text.encode()).hexdigest()


class SchemaMismatch(Exception):
    """The database has another schema than this code can work with; nothing was changed."""


def migrations() -> list[Migration]:
    """All SQL files in order, numbered from 1 without gaps."""
    names = sorted(f.name for f in files(__package__).joinpath("sql").iterdir())
    folder = files(__package__).joinpath("sql")
    return [
        Migration(int(name[:4]), name, folder.joinpath(name).read_text())
        for name in names
        if name.endswith(".sql")
    ]


def migrate(url: str, schema: str = "ledger", purpose: str = "ledger") -> list[str]:
    """Applies what is missing, under a lock; the names of the applied files.

    `url` is that of a login that may create roles and schemas. `purpose` says what the schema is
    for, once and for all: `ledger`, or `dcb` for the plain door. Raises `SchemaMismatch` where the
    database is newer than the code, an applied file was edited, or the purpose differs.
    """
    check_name(schema)
    with psycopg.connect(url) as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        _make_roles(connection)
        _make_schema(connection, schema, purpose)
        applied = _applied(connection)
        known = migrations()
        _check(applied, known)
        fresh = known[len(applied) :]
        for migration in fresh:
            connection.execute(_with_roles(migration.text).encode())
            connection.execute(
                "insert into migration (number, name, digest) values (%s, %s, %s)",
                [migration.number, migration.name, migration.digest],
            )
        return [migration.name for migration in fresh]


def check_name(schema: str) -> None:
    """Raises ValueError unless the name means the same quoted, unquoted and in a channel's name."""
    if not re.fullmatch(r"(?!pg_)[a-z_][a-z0-9_]{0,47}", schema):
        raise ValueError(
            f"{schema!r} cannot be a schema: a name has up to 48 of a-z, 0-9 and _,"
            " begins with a letter, and not with pg_"
        )


def check_schema(connection: psycopg.Connection, purpose: str) -> None:
    """Raises `SchemaMismatch` unless the search path's schema is migrated and of this purpose."""
    row = connection.execute("select to_regclass('migration'), to_regclass('purpose')").fetchone()
    if row is None or None in row:
        raise SchemaMismatch(NO_LEDGER)
    _check(_applied(connection), migrations(), complete=True)
    found = connection.execute("select purpose from purpose").fetchone()
    if found is None or found[0] != purpose:
        raise SchemaMismatch(
            f"this schema is for {found[0] if found else 'nothing'!r}, not for {purpose!r}: "
            "the plain door works only on a store in a schema of its own"
        )


def _make_roles(connection: psycopg.Connection) -> None:
    for role in ROLES:
        exists = connection.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone()
        if exists is None:
            connection.execute(sql.SQL("create role {} login").format(sql.Identifier(role)))
        # From PostgreSQL 16 on, whoever makes a role may hand it out, but not yet become it.
        right = "set" if connection.info.server_version >= 160000 else "member"
        member = connection.execute(
            "select pg_has_role(current_user, %s, %s)", [role, right]
        ).fetchone()
        if member is None or not member[0]:
            connection.execute(sql.SQL("grant {} to current_user").format(sql.Identifier(role)))


def _make_schema(connection: psycopg.Connection, schema: str, purpose: str) -> None:
    name = sql.Identifier(schema)
    connection.execute(
        sql.SQL("create schema if not exists {} authorization {}").format(
            name, sql.Identifier(OWNER)
        )
    )
    connection.execute(sql.SQL("set local search_path = {}").format(name))
    connection.execute(sql.SQL("set local role {}").format(sql.Identifier(OWNER)))
    connection.execute(
        sql.SQL("grant usage on schema {} to {}, {}, {}").format(
            name, *map(sql.Identifier, (WRITER, READER, VAULT))
        )
    )
    connection.execute("set local client_min_messages = warning")
    connection.execute(
        """create table if not exists migration (
            number integer primary key, name text not null, digest text not null,
            applied_at timestamptz not null default clock_timestamp())"""
    )
    connection.execute(
        """create table if not exists purpose (
            purpose text not null, single boolean primary key default true check (single))"""
    )
    connection.execute(
        "insert into purpose (purpose) values (%s) on conflict do nothing", [purpose]
    )
    connection.execute(f"grant select on migration, purpose to {WRITER}, {READER}")
    found = connection.execute("select purpose from purpose").fetchone()
    if found is None or found[0] != purpose:
        raise SchemaMismatch(f"schema {schema!r} is not for {purpose!r}")


def _with_roles(text: str) -> str:
    for name, role in (("{reader}", READER), ("{writer}", WRITER), ("{vault}", VAULT)):
        text = text.replace(name, role)
    return text


def _applied(connection: psycopg.Connection) -> list[tuple[int, str, str]]:
    return connection.execute(
        "select number, name, digest from migration order by number"
    ).fetchall()


def _check(
    applied: list[tuple[int, str, str]], known: list[Migration], *, complete: bool = False
) -> None:
    if len(applied) > len(known):
        raise SchemaMismatch(
            f"the database is newer than this code: it has {applied[-1][1]}, "
            f"the code ends with {known[-1].name}; install a newer version"
        )
    for (_, name, digest), migration in zip(applied, known, strict=False):
        if (name, digest) != (migration.name, migration.digest):
            raise SchemaMismatch(f"{migration.name} differs from the {name} that was applied")
    if complete and len(applied) < len(known):
        raise SchemaMismatch(
            f"{known[len(applied)].name} is not applied yet: run `mingzhang migrate`"
        )
