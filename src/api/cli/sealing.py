"""`mingzhang seal`: the log in Parquet files that stay, for rebuilds, DuckDB or a cluster."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer


def seal(
    directory: Annotated[
        Path | None,
        typer.Argument(
            help="Where the segments lie; `segments` in the data directory if not given."
        ),
    ] = None,
) -> None:
    """Write what the log has gained to sealed segments (Parquet, zstd), each under a Merkle root.

    Records are as stored, with commitments and never a personal value in clear. `mingzhang rebuild`
    reads segments where there are any.
    """
    from rich.progress import Progress

    from api.databases import database
    from api.founding import founding_of
    from api.settings import Settings
    from ledger.segments import sealing
    from ledger.store.postgres import PostgresStore

    settings = Settings.from_environment(os.environ)
    place = directory or settings.segments()
    with (
        database(settings) as url,
        closing(PostgresStore(url, settings.schema)) as store,
        Progress(transient=True) as bar,
    ):
        founding = founding_of(store)
        if founding is None:
            typer.echo("mingzhang: this ledger has not been founded: nothing to seal", err=True)
            raise typer.Exit(1)
        task = bar.add_task("Sealing", total=None)
        done = sealing.seal(
            store,
            founding.origin,
            place,
            lambda position, size: bar.update(task, completed=position, total=size),
        )
    size_bytes = sum(path.stat().st_size for path in place.glob("*.parquet"))
    typer.echo(
        f"{place}: positions 1 to {done.size:,}, {size_bytes:,} bytes"
        f" ({size_bytes / max(1, done.size):.0f} an event); {done.segments} segments written."
    )
