"""How far an import has come: a bar with rate and estimate on a terminal, else plain lines."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

PLAIN_LINE_SECONDS = 5.0


class Watcher(Protocol):
    """Is told now and then how many rows are settled."""

    def __call__(self, rows_settled: int) -> None: ...


class _RateColumn(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed or 0:,.0f} rows/s")


@contextmanager
def watching(console: Console, title: str, total_rows: int) -> Iterator[Watcher]:
    """A watcher that shows on the console what it is told."""
    if not console.is_terminal:
        yield _PlainLines(console, title, total_rows)
        return
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _RateColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
    ) as bar:
        task = bar.add_task(title, total=total_rows)
        yield lambda rows_settled: bar.update(task, completed=rows_settled)


class _PlainLines:
    """A line every few seconds: for logs, and for whoever pipes the output."""

    def __init__(self, console: Console, title: str, total_rows: int) -> None:
        self._console = console
        self._title = title
        self._total = total_rows
        self._began = self._told = time.monotonic()

    def __call__(self, rows_settled: int) -> None:
        now = time.monotonic()
        if now - self._told < PLAIN_LINE_SECONDS:
            return
        self._told = now
        rate = rows_settled / (now - self._began)
        left = max(self._total - rows_settled, 0) / rate if rate else 0
        self._console.print(
            f"{self._title}: {rows_settled:,} of {self._total:,} rows, "
            f"{rate:,.0f} rows/s, about {left:.0f} s left",
            highlight=False,
        )
