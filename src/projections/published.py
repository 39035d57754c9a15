"""What a publication holds: cases and judgements as the public may see them, and the documents.

A row gives days where the views have moments, the week of filing, and a number of its own, which
says nothing: it counts the rows in the order of what they show.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from ledger.store.migrations import PUBLIC, READER
from projections.projection import Column, columns
from projections.showing import grant_select

Connection = psycopg.Connection[Any]
Place = Callable[[str], sql.Identifier]
"""Where a table of a publication lies, by its name."""


class PublishedCase(NamedTuple):
    """A case in a list of everybody's; None for what would tell too few people apart."""

    number: int
    """Of its place in this publication; the next one counts anew."""
    filed_week: date
    """The Monday of the week of filing, in Shanghai."""
    community: str | None
    category: str | None
    subject: str | None
    stage: str
    holder: str | None
    grade: str | None
    lead: str | None
    co_handlers: tuple[str, ...]
    handling_round: int
    accepted_on: date | None
    dispatched_on: date | None
    signed_on: date | None
    progressed_on: date | None
    answered_on: date | None
    answer_accepted_on: date | None
    cleared_on: date | None
    ended_on: date | None
    due_on: date | None
    provisional: bool
    pack_version: int | None
    is_paused: bool
    extensions: int
    returns: int
    urged: int
    sent_back: int
    reopened: int
    disputed: int
    supervised_on: date | None
    requester_days: int | None
    """Whole days from filing to the answer that stood."""
    handler_hours: int | None
    """Whole hours of the handler's clock."""
    on_time_excluded: bool
    overdue: bool
    """At the time of the publication."""
    figures: tuple[str, ...]
    """The figures behind which it stands."""


class PublishedJudgement(NamedTuple):
    """How a case was judged, in a list of everybody's."""

    number: int
    filed_week: date
    community: str | None
    category: str | None
    subject: str | None
    lead: str | None
    is_cleared: bool
    call_outcome: str | None
    call_attempts: int
    resolved: bool | None
    satisfied: bool | None
    satisfaction: str | None
    rated_resolved: bool | None
    rated_on: date | None
    poor_verified_on: date | None
    poor_founded: bool | None
    rectify_due_on: date | None
    rectified_on: date | None
    reopened: int
    disputed: int
    disputes_upheld: int
    resolution_excluded: bool
    satisfaction_excluded: bool
    figures: tuple[str, ...]


class Publication(NamedTuple):
    """One of them: what stood in the log at its time."""

    at: datetime
    """The fixed time."""
    position: int
    """The last event that was recorded by then."""
    digest: str
    """Of all that it holds (`projections.digest`)."""


ROWS: dict[str, type[tuple[Any, ...]]] = {
    "judged_request": PublishedJudgement,
    "request_case": PublishedCase,
}
DOCUMENT = ("disclosure", "dimension", "value", "document")
NAMES = ("document", *ROWS)
"""The tables of a publication, in the order of their names."""

# When it was made is for operators; it is in no answer and in no digest.
_PUBLICATION = """create table if not exists {} (at timestamptz primary key,
    position bigint not null, digest text not null,
    made_at timestamptz not null default clock_timestamp())"""
_DOCUMENT = """create table if not exists {} (disclosure text, dimension text, value text,
    document text not null, primary key (disclosure, dimension, value))"""
_LAST = "select at, position, digest from {} order by at desc limit 1"


def create(connection: Connection, public: str) -> None:
    """Makes the tables that are missing, and lets the public read them."""
    place = places(public)
    connection.execute(sql.SQL(_PUBLICATION).format(place("publication")))
    make(connection, place)
    for name in ("publication", *NAMES):
        for role in (PUBLIC, READER):
            grant_select(connection, place(name), role)


def make(connection: Connection, place: Place) -> None:
    """Makes the tables of one publication where they are missing."""
    connection.execute(sql.SQL(_DOCUMENT).format(place("document")))
    for name, row in ROWS.items():
        connection.execute(
            sql.SQL("create table if not exists {} ({}, primary key (number))").format(
                place(name), sql.SQL(", ").join(map(_definition, columns(row)))
            )
        )


def places(public: str) -> Place:
    """Where the public reads."""
    return lambda name: sql.Identifier(public, name)


def drafts(name: str) -> sql.Identifier:
    """Where a rebuild prepares what it will put in place: in the board's schema."""
    return sql.Identifier(f"published_{name}__next")


def put_in_place(connection: Connection, public: str, made: Publication) -> None:
    """Replaces what is published by the drafts, and enters the publication, or its new digest."""
    place = places(public)
    for name in NAMES:
        connection.execute(sql.SQL("delete from {}").format(place(name)))
        connection.execute(
            sql.SQL("insert into {} select * from {}").format(place(name), drafts(name))
        )
    connection.execute(
        sql.SQL("""insert into {} (at, position, digest) values (%s, %s, %s)
            on conflict (at) do update
            set position = excluded.position, digest = excluded.digest""").format(
            place("publication")
        ),
        made,
    )


def last(connection: Connection, public: str) -> Publication | None:
    """The newest publication, or None before the first."""
    row = connection.execute(sql.SQL(_LAST).format(places(public)("publication"))).fetchone()
    return None if row is None else Publication(*row)


def _definition(column: Column) -> sql.Composed:
    return sql.SQL("{} {}{}").format(
        sql.Identifier(column.name),
        sql.SQL(column.sql_type),
        sql.SQL("" if column.nullable else " not null"),
    )
