"""`mingzhang explain`, `mingzhang show` and `mingzhang diff`: where a number comes from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ledger.store.postgres import PostgresStore

View = Annotated[str, typer.Argument(help="A view, by its table's name, such as points_account.")]
KeyText = Annotated[str, typer.Argument(metavar="KEY", help="Its key; several columns by commas.")]
AsOf = Annotated[
    str | None,
    typer.Option(help="What was shown then: a position, a day (2026-03-01) or a time (RFC 3339)."),
]
KnownOf = Annotated[
    str | None, typer.Option(help="What is known now of then: by the claimed time of events.")
]


def explain(
    view: View,
    key: KeyText,
    column: Annotated[str | None, typer.Argument(help="Only events that changed it.")] = None,
    as_of: AsOf = None,
    known_of: KnownOf = None,
) -> None:
    """Show the events that made a row, in order, with what each of them changed."""
    from api.labels import day
    from api.moments import moment
    from projections.history import key_of, steps, view_of
    from projections.plain import plain

    with _store() as store, _answered():
        _, rows = view_of(view)
        values = key_of(rows, key.split(","))
        names = [one.name for one in rows.columns]
        if column is not None and column not in names:
            raise typer.BadParameter(f"{view} has {', '.join(names)}")
        until = moment(store, as_of, known_of)
        row = None
        for step in steps(store, rows, values, until):
            row = step.after
            recorded = step.recorded
            changed = _changed(plain(step.before), plain(step.after), names, column)
            if changed:
                typer.echo(
                    f"{recorded.position:>8}  {day(recorded.occurred_at)}  "
                    f"{recorded.event.term} {recorded.kind}\n          {changed}"
                )
        if row is None:
            typer.echo(f"mingzhang: {view} had no row {key} then", err=True)
            raise typer.Exit(1)
        _print_row(plain(row), [column] if column else names, until.position)


def show(
    view: View,
    key: KeyText,
    as_of: AsOf = None,
    known_of: KnownOf = None,
) -> None:
    """Show a row of a view as of any moment."""
    from api.moments import moment
    from projections.history import key_of, row_as_of, view_of
    from projections.plain import plain

    with _store() as store, _answered():
        _, rows = view_of(view)
        until = moment(store, as_of, known_of)
        row = row_as_of(store, rows, key_of(rows, key.split(",")), until)
        if row is None:
            typer.echo(f"mingzhang: {view} had no row {key} then", err=True)
            raise typer.Exit(1)
        _print_row(plain(row), [one.name for one in rows.columns], until.position)


def diff(
    earlier: Annotated[str, typer.Argument(metavar="FROM", help="A position, a day or a time.")],
    later: Annotated[str | None, typer.Argument(metavar="TO", help="Without it: now.")] = None,
    view: Annotated[list[str] | None, typer.Option(help="Only this view; may be repeated.")] = None,
) -> None:
    """List the rows that differ between two moments, and the events that changed them."""
    from api.moments import moment
    from projections.all import ALL
    from projections.history import differences, view_of
    from projections.plain import plain

    with _store() as store, _answered():
        chosen = tuple(dict.fromkeys(view_of(name)[0] for name in view or ())) or ALL
        first, last = moment(store, earlier, name="from"), moment(store, later, name="to")
        if first.position > last.position:
            raise typer.BadParameter("FROM lies behind TO")
        count = 0
        for projection in chosen:
            for one in differences(store, projection, first, last):
                if view and one.view not in view:
                    continue
                count += 1
                before, after = plain(one.before), plain(one.after)
                changed = _changed(before, after, list(after or before), None)
                positions = ", ".join(map(str, one.positions))
                typer.echo(f"{one.view} {','.join(map(str, one.key))}  (records {positions})")
                typer.echo(f"          {changed}")
        typer.echo(f"{count} rows differ between positions {first.position} and {last.position}")


def _changed(
    before: dict[str, Any] | None, after: dict[str, Any] | None, names: list[str], only: str | None
) -> str:
    told = []
    for name in names if only is None else [only]:
        was, became = before and before[name], after and after[name]
        if was != became and (only or before is not None or became):  # of a new row what it has
            told.append(f"{name}: {_text(became)}" if before is None else
                        f"{name}: {_text(was)} -> {_text(became)}")  # fmt: skip
    return "; ".join(told)


def _text(value: Any) -> str:
    return "-" if value is None else str(value)


def _print_row(row: dict[str, Any], names: list[str], position: int) -> None:
    width = max(map(len, names))
    typer.echo(f"as of position {position}:")
    for name in names:
        typer.echo(f"  {name:<{width}}  {_text(row[name])}")


@contextmanager
def _store() -> Iterator[PostgresStore]:
    from api.databases import database
    from api.settings import Settings
    from ledger.store.postgres import PostgresStore

    settings = Settings.from_environment(os.environ)
    with database(settings) as url, closing(PostgresStore(url, settings.schema)) as store:
        yield store


@contextmanager
def _answered() -> Iterator[None]:
    from projections.history import Unanswerable

    try:
        yield
    except Unanswerable as error:
        typer.echo(f"mingzhang: {error}", err=True)
        raise typer.Exit(1) from error
