"""`mingzhang import`: the records of another system become cases of the ledger."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from threading import Event as Signal
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from api.imports.report import Report, Summary
    from api.imports.source import Source
    from api.settings import Settings

SWITCH_SECONDS = 0.0005
"""The sequencer's thread, back from the database, else waits 5 ms for this one each time."""


def import_command(
    source: Annotated[
        str,
        typer.Argument(
            help="Which mapping reads the file: nyc-constituent-cases or nyc-311 (docs/import.md)."
        ),
    ],
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, readable=True, help=".parquet or .csv")
    ],
    limit: Annotated[
        int | None, typer.Option(min=1, help="Read only so many rows, from the first.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            file_okay=False,
            help="Where summary.json and refused.ndjson go; without it, into the data directory.",
        ),
    ] = None,
) -> None:
    """Import cases; the same command again goes on where the last one ended, without duplicates.

    Exit code 0 when the file was read to its end or the import was stopped by Ctrl-C, refused rows
    or not; 1 and above when it failed.
    """
    from rich.console import Console

    from api.imports.report import Report, Summary
    from api.imports.rows import require_readable
    from api.imports.sources import SOURCES
    from api.settings import Settings

    if source not in SOURCES:
        raise typer.BadParameter(f"{source!r} is none of {', '.join(SOURCES)}")
    settings = Settings.from_environment(os.environ)
    require_readable(file, SOURCES[source]().columns)  # one that is not: one line, and no report
    summary = Summary(source, str(file))
    console = Console()
    directory = report or settings.data / "imports" / f"{source}-{summary.began_at:%Y%m%dT%H%M%SZ}"
    with Report(directory, summary) as written:
        try:
            _import(settings, SOURCES[source](), file, limit, written, console)
        finally:
            _tell(console, summary, written)


def _import(
    settings: Settings,
    source: Source,
    file: Path,
    limit: int | None,
    report: Report,
    console: Console,
) -> None:
    from api.databases import database, prepare
    from api.imports.groundwork import prepare_ground
    from api.imports.importer import LIMITS, Importer
    from api.imports.progress import watching
    from api.imports.rows import count_rows, read_rows
    from ledger.ledger import Ledger
    from ledger.refusals import Unavailable
    from ledger.store.contract import StoreDown
    from ledger.store.postgres import PostgresStore

    total = count_rows(file) if limit is None else min(count_rows(file), limit)
    with ExitStack() as stack:
        stop = stack.enter_context(_stopping())
        url = stack.enter_context(database(settings))
        prepare(url, settings.schema)
        store = stack.enter_context(closing(PostgresStore(url, settings.schema)))
        vault = stack.enter_context(closing(settings.vault(url)))
        vault.cabinet.check()
        ledger = stack.enter_context(closing(Ledger(store, vault, LIMITS)))
        ledger.start()
        stack.enter_context(_quick_switches())
        report.summary.groundwork_events = prepare_ground(ledger, source)
        watcher = stack.enter_context(watching(console, source.name, total))
        try:
            rows = read_rows(file, source.columns)
            Importer(ledger, source, report, watcher, stop).run(rows, limit)
        except Unavailable as error:
            raise StoreDown(str(error)) from error


@contextmanager
def _stopping() -> Iterator[Signal]:
    """A signal that Ctrl-C or SIGTERM sets; a second one interrupts, which is safe as well."""
    stop = Signal()

    def ask(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _quick_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _tell(console: Console, summary: Summary, report: Report) -> None:
    def line(name: str, count: float, more: str = "") -> None:
        console.print(f"  {name:<24}{count:>12,.0f}{more}", highlight=False, markup=False)

    console.print(f"{summary.source}: {summary.ended.replace('_', ' ')}", highlight=False)
    line("rows read", summary.rows_read)
    line("cases accepted", summary.cases_accepted)
    line("already there", summary.cases_already_there)
    line("rows refused", summary.rows_refused)
    for rule, rows in summary.refused.most_common():
        line(f"  {rule}", rows)
    if summary.rows_unsettled:
        line("answer unknown", summary.rows_unsettled)
    line("events appended", summary.events_appended, f"  ({summary.events_per_second:,.0f}/s)")
    line("seconds", summary.seconds)
    console.print(f"  Report: {report.directory}", highlight=False, markup=False, soft_wrap=True)
    if summary.ended in ("stopped", "failed") and summary.rows_read:
        console.print("  To go on: the same command again; what is there stays and is not doubled.")
