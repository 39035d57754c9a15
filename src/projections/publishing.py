"""A publication: all that the public sees of requests, as of one fixed time.

It is a function of the log up to that time, and of the time: whoever folds the same log makes the
same one. Until the next it does not change, so that no act shows by a change of a figure.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection, sql

from ledger.canonical import canonical_json
from projections import evaluation_reading, process_reading
from projections.digest import published_digest
from projections.documents import TELLING, TOWN, YEAR_LENGTH, Documents, Masks, Part
from projections.projection import columns
from projections.published import NAMES, ROWS, Place, Publication
from projections.published_rows import CASES, JUDGEMENTS, OLDEST
from projections.reading import AsOf, Snapshot
from projections.whistle_reading import departments

PROJECTIONS = (evaluation_reading.NAME, process_reading.NAME)
"""What is published at one position, in the order of their names."""
NOTHING = Part("nothing")
"""The part that has no case: what is answered of a value that none has."""

_COUNTED = """select community, category, period, sum(cases)::bigint from request_case_tally
    where effective_from is null group by 1, 2, 3"""
# A lead keeps what it was judged for when the case has gone to another.
_LEADS = """select lead from request_case_tally where lead is not null
    union select lead from judged_request_tally where lead is not null order by 1"""
_HOLDERS = "select distinct holder from request_case_tally where holder is not null order by 1"
_DOCUMENT = "insert into {} (disclosure, dimension, value, document) values (%s, %s, %s, %s)"


async def publish(
    connection: AsyncConnection[Any],
    at: datetime,
    position: int,
    community_bodies: Iterable[str],
    place: Place,
) -> Publication:
    """Fills the tables of a publication, within the caller's transaction.

    The views that the connection sees must be as of the position; `community_bodies` are the
    organisations that are of one community each.
    """
    for name in NAMES:
        await connection.execute(sql.SQL("delete from {}").format(place(name)))
    masks = Masks.of(await _rows(connection, _COUNTED))
    await _fill_lists(connection, at, masks, sorted(community_bodies), place)
    fill = sql.SQL(_DOCUMENT).format(place("document"))
    async with connection.cursor() as cursor:
        async for disclosure, part, document in _documents(
            connection, AsOf(position, None, at), masks, place
        ):
            text = canonical_json(document).decode()
            await cursor.execute(fill, [disclosure, part.dimension, part.value, text])
    return Publication(at, position, await published_digest(connection, place))


async def _fill_lists(
    connection: AsyncConnection[Any],
    at: datetime,
    masks: Masks,
    bodies: Sequence[str],
    place: Place,
) -> None:
    values: dict[str, Any] = {"at": at, "bodies": list(bodies), "few": masks.minimum}
    for name, cells in masks.by_name.items():
        pairs = sorted(cells)
        values[f"{name}_first"] = [first for first, _ in pairs]
        values[f"{name}_second"] = [second for _, second in pairs]
    for name, statement in (("request_case", CASES), ("judged_request", JUDGEMENTS)):
        names = sql.SQL(", ").join(sql.Identifier(column.name) for column in columns(ROWS[name]))
        fill = sql.SQL("insert into {place} ({names}) select {names} from (").format(
            place=place(name), names=names
        )
        await connection.execute(fill + sql.SQL(statement + ") as made"), values)


async def _documents(
    connection: AsyncConnection[Any], as_of: AsOf, masks: Masks, place: Place
) -> AsyncIterator[tuple[str, Part, dict[str, Any]]]:
    """(disclosure, part, document) of the whole town, of its parts, and of what has no case."""
    seen, documents = Snapshot(connection, as_of), Documents(masks, as_of)
    responses = await departments(seen)
    oldest = await _oldest(connection, place)
    for part in (TOWN, *await _parts(connection, masks), NOTHING):
        # No case has the community '', so that this counts none.
        given: Any = {} if part == TOWN else {part.dimension: part.value}
        given = {"community": ""} if part == NOTHING else given
        cases = await process_reading.figures(seen, given)
        yield "process", part, documents.process(part, cases, oldest.get(part))
        if part.dimension != "holder":
            judged = await evaluation_reading.figures(seen, given, as_of, responses)
            yield "evaluation", part, documents.evaluation(part, judged)


async def _parts(connection: AsyncConnection[Any], masks: Masks) -> list[Part]:
    parts = [Part(name, value) for name in TELLING for value in masks.values[name]]
    years = sorted({month[:YEAR_LENGTH] for month in masks.values["period"]})
    parts += [Part("period", year) for year in years]
    for dimension, statement in (("lead", _LEADS), ("holder", _HOLDERS)):
        parts += [Part(dimension, value) for (value,) in await _rows(connection, statement)]
    return parts


async def _rows(connection: AsyncConnection[Any], statement: str) -> list[Any]:
    return await (await connection.execute(statement.encode())).fetchall()


async def _oldest(connection: AsyncConnection[Any], place: Place) -> dict[Part, dict[str, Any]]:
    """Of each part the listed case that has been overdue for longest: one look for all parts."""
    found = {}
    for dimension, statement in OLDEST.items():
        cursor = await connection.execute(sql.SQL(statement).format(place("request_case")))
        names = [column.name for column in cursor.description or ()]
        name = "period" if dimension in ("month", "year") else dimension
        for value, *row in await cursor.fetchall():
            found[Part(name, value)] = dict(zip(names[1:], row, strict=True))
    return found
