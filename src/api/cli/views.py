"""`mingzhang status` and `mingzhang rebuild`: the log, and the views that are folded from it."""

from __future__ import annotations

import asyncio
import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from projections.reading import ProjectionStatus


def status(
    digests: Annotated[
        bool, typer.Option("--digests", help="Also a digest of all that each view shows.")
    ] = False,
) -> None:
    """Show how far the log and each view are; exit code 1 when a view has stopped."""
    from api.databases import database
    from api.settings import Settings
    from ledger.store.postgres import PostgresStore

    settings = Settings.from_environment(os.environ)
    with database(settings) as url:
        with closing(PostgresStore(url, settings.schema)) as store:
            size = store.size()
        views, last = asyncio.run(_views(url, settings.schema))
        told = asyncio.run(_digests(url, settings.schema)) if digests else {}
    typer.echo(f"log: {size} events")
    for view in views:
        typer.echo(_line(view, size))
        if view.name in told:
            typer.echo(f"    {told[view.name]}")
    typer.echo(f"published: {last}")
    if any(view.error is not None for view in views):
        raise typer.Exit(1)


async def _views(url: str, schema: str) -> tuple[tuple[ProjectionStatus, ...], str]:
    """How each view stands, and in words what was published last."""
    import psycopg

    from api.labels import SHANGHAI
    from ledger.store.connections import connection_string
    from ledger.store.migrations import READER
    from projections import published_reading, reading
    from projections.schema import board_schema, public_schema

    path = f"{board_schema(schema)},{public_schema(schema)}"
    conninfo = connection_string(url, path, READER)
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        views = await reading.status(connection)
        try:
            async with published_reading.publication(connection) as seen:
                at = seen.as_of.at.astimezone(SHANGHAI)
                return views, f"as of {at:%Y-%m-%d %H:%M}, position {seen.as_of.position}"
        except reading.NotPrepared:
            return views, "nothing yet"


async def _digests(url: str, schema: str) -> dict[str, str]:
    """Name of a projection -> position and digest of its tables, of one moment each."""
    import psycopg

    from ledger.store.connections import connection_string
    from ledger.store.migrations import READER
    from projections import reading
    from projections.all import ALL
    from projections.digest import stored_digest
    from projections.projection import TALLY_SUFFIX
    from projections.schema import board_schema

    conninfo = connection_string(url, board_schema(schema), READER)
    told = {}
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        for projection in ALL:
            names = [rows.table for rows in projection.rows]
            names += [one.table + TALLY_SUFFIX for one in projection.rows if one.tally is not None]
            async with reading.snapshot(connection, projection.name, tuple(names), None) as seen:
                digest = await stored_digest(connection, projection)
                told[projection.name] = f"position {seen.as_of.position}  sha256 {digest}"
    return told


def _line(view: ProjectionStatus, size: int) -> str:
    if view.error is not None:
        stopped = f"stopped at event {view.failed_position}" if view.failed_position else "stopped"
        return f"{view.name}: {stopped}: {view.error}"
    behind = size - view.position
    return f"{view.name}: at {view.position}" + (f", {behind} behind" if behind > 0 else "")


def rebuild(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Views; without any, all.")
    ] = None,
    segments: Annotated[
        Path | None,
        typer.Option(
            help="Sealed segments to read first; if not given, those of `mingzhang seal`."
        ),
    ] = None,
) -> None:
    """Fold views anew from the log, beside the live ones, which they then replace at once.

    What is sealed in segments is read from them, the rest from the database.
    """
    from rich.progress import Progress

    from api.databases import database
    from api.founding import founding_of
    from api.settings import Settings
    from ledger.segments.reading import SegmentLog
    from ledger.store.postgres import PostgresStore
    from projections.all import ALL
    from projections.rebuild import rebuild as rebuild_views

    known = [projection.name for projection in ALL]
    for name in names or ():
        if name not in known:
            raise typer.BadParameter(f"{name!r} is none of {', '.join(known)}")
    settings = Settings.from_environment(os.environ)
    with (
        database(settings) as url,
        closing(PostgresStore(url, settings.schema)) as store,
        Progress(transient=True) as bar,
    ):
        task = bar.add_task("Rebuilding", total=None)
        founding = founding_of(store)
        place = segments or settings.segments()
        is_sealed = founding is not None and (segments is not None or place.is_dir())
        log = SegmentLog(place, store, founding.origin) if founding and is_sealed else store
        rebuilt = rebuild_views(
            log,
            url,
            settings.schema,
            names or (),
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    typer.echo(
        f"Rebuilt {', '.join(rebuilt.names)} up to position {rebuilt.position} "
        f"in {rebuilt.seconds:.1f} s."
    )
