"""The figures of a closed period, computed from the log alone: to disclose them, and to check them.

The three disclosures of the board as of one fixed time and all that was recorded by then: the
bodies at the end of the period, and what is published of its month, year, or each of its three
months. Of a community there are its bodies and its rows of the town's tables. Whoever folds the
same log has the same bytes, the canonical JSON (RFC 8785) of each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

import orjson
import psycopg
from eventsourcing.dcb.api import DCBQuery

from api.disclosed import read_project
from api.folded_apart import folded_apart
from api.queries import ProjectQuery
from ledger.audit.report import Progress
from ledger.canonical import canonical_document
from ledger.domain.disclosure.disclosures import Figures, Fixed, months_of, over_on
from ledger.store.contract import Log, StoredEvent
from ledger.tlog.merkle import Frontier
from projections import (
    evaluation_disclosure,
    process_disclosure,
    project_disclosure,
    published_reading,
)
from projections.digest import stored_digest
from projections.documents import YEAR_LENGTH, Part
from projections.reading import one_moment
from projections.tables import plain_tables

VIEWS = (
    project_disclosure.PROJECTION,
    process_disclosure.PROJECTION,
    evaluation_disclosure.PROJECTION,
)


class Computed(NamedTuple):
    """What follows from the log."""

    figures: Figures
    documents: tuple[bytes, bytes, bytes]
    """The figures themselves: of project, process and evaluation."""


class UpTo:
    """The first `size` events of a log."""

    def __init__(self, store: Log, size: int) -> None:
        self._store = store
        self._size = size

    def size(self) -> int:
        """The last position that it shows."""
        return self._size

    def read(
        self,
        query: DCBQuery | None = None,
        *,
        after: int = 0,
        limit: int | None = None,
        until: int | None = None,
    ) -> Iterator[StoredEvent]:
        """As `Log.read`."""
        end = self._size if until is None else min(until, self._size)
        return self._store.read(query, after=after, limit=limit, until=end)


def root_of(store: Log, size: int) -> str:
    """The root of the tree of the first `size` events, in hex."""
    frontier = Frontier()
    for event in store.read(until=size):
        frontier.append(event.leaf)
    return frontier.root().hex()


def computed(
    store: Log,
    period: str,
    community: str | None,
    size: int,
    at: datetime,
    progress: Progress = lambda done, total: None,
) -> Computed:
    """The figures of a period, of a community or the town, from `size` events as of `at`."""
    names = [view.name for view in VIEWS]
    with folded_apart(UpTo(store, size), names, progress, at) as conninfo:
        documents, rows, published = asyncio.run(_read(conninfo, period, community, at))
    fixed = [
        Fixed(version=view.version, rows=of, figures=sha256(document).hexdigest())
        for view, of, document in zip(VIEWS, (rows, published, published), documents, strict=True)
    ]
    return Computed(Figures(at, size, root_of(store, size), *fixed), documents)


async def _read(
    conninfo: str, period: str, community: str | None, at: datetime
) -> tuple[tuple[bytes, bytes, bytes], str, str]:
    """The documents, the digest of the project's rows, and that of the publication."""
    view = project_disclosure.PROJECTION
    tables = [*plain_tables(view), "document", "publication"]
    async with (
        await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection,
        one_moment(connection, tables),
    ):
        last_day = over_on(period) - timedelta(days=1)
        project = await read_project(connection, ProjectQuery(on=last_day), at)
        parts = {
            name: {
                part: await published_reading.document(connection, name, Part("period", part))
                for part in _parts(period)
            }
            for name in ("process", "evaluation")
        }
        now = await read_project(connection, ProjectQuery(), at)
        rows = await stored_digest(connection, view)
        published = await published_reading.last_digest(connection)
    if community is not None:
        project["bodies"] = bodies_of(project["bodies"], community)
        figured = figured_under(now["bodies"], community)
        parts = {
            name: {part: rows_of(document, figured) for part, document in found.items()}
            for name, found in parts.items()
        }
    documents = (_bytes(project), _bytes(parts["process"]), _bytes(parts["evaluation"]))
    return documents, rows, published


def _parts(period: str) -> tuple[str, ...]:
    return (period,) if len(period) == YEAR_LENGTH else months_of(period)


def bodies_of(bodies: list[dict[str, Any]], community: str) -> list[dict[str, Any]]:
    """The community's own body, and those that are assigned to it."""
    return [one for one in bodies if community in (one["organisation"], one["community"])]


def figured_under(bodies: list[dict[str, Any]], community: str) -> str:
    """Under which body the figures count a community: the one to which it is assigned."""
    above = {one["organisation"]: one["community"] for one in bodies}
    while (found := above.get(community)) is not None:
        community = found
    return community


def rows_of(document: dict[str, Any], community: str) -> dict[str, Any]:
    """A community's rows; a year has none, since it is the sum of what months withhold."""
    found: dict[str, Any] = {}
    for table, column in (("by_community", "name"), ("whistling", "community")):
        if table in document:
            rows = document[table] or []
            found[table] = [row for row in rows if row[column] == community]
    return found


def _bytes(document: dict[str, Any]) -> bytes:
    """Without the moment, which the act has: so that the same figures have the same digest."""
    for of in (document, *document.values()):
        for name in ("as_of", "departments_as_of"):
            if isinstance(of, dict):
                of.pop(name, None)
    return canonical_document(orjson.loads(orjson.dumps(document)))
