"""`mingzhang disclosure`: the figures of a closed period, to be disclosed and to be kept."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from api.settings import Settings
    from ledger.store.postgres import PostgresStore

app = typer.Typer(
    help="Disclose a closed period: prepare its figures from the log, and keep them to be shown.",
    no_args_is_help=True,
)


@app.command("prepare")
def prepare(
    period: Annotated[str, typer.Option(help="A month, quarter or year: 2026-03, 2026-q1, 2026.")],
    regime: Annotated[
        str,
        typer.Option(help="government_information, party_affairs or residents_affairs."),
    ],
    basis: Annotated[str, typer.Option(help="The article that asks for it.")],
    community: Annotated[
        str | None, typer.Option(help="Whose part it is; the whole town's, if not given.")
    ] = None,
    disclosure: Annotated[
        str | None, typer.Option(help="The disclosure's id, to prepare it anew; else a new one.")
    ] = None,
    formed_on: Annotated[
        datetime | None,
        typer.Option(help="When it was formed or changed; the day after the period, if not given.",
                     formats=["%Y-%m-%d"]),
    ] = None,
) -> None:  # fmt: skip
    """Compute the figures as of the last fixed time, keep them, and print what is to be proposed.

    They follow from the log alone, in a PostgreSQL of its own. Propose the document that is printed
    under the key of a clerk of the discloser; another one reviews it.
    """
    import orjson

    from api.cli.auditing import watching
    from api.fixed_figures import computed
    from ledger.clocks import SHANGHAI
    from ledger.domain.disclosure.disclosures import DisclosurePrepared, Regime, over_on
    from ledger.event import mint_id
    from projections.publisher import position_at, settled

    _check_period(period)
    if regime not in [*Regime]:
        raise typer.BadParameter(f"one of {', '.join(Regime)}", param_hint="--regime")
    with _store() as (settings, url, store):
        size = store.size()
        at = settled(store, size)
        begin = over_on(period)
        if at is None or at.astimezone(SHANGHAI).date() < begin:
            raise typer.BadParameter(
                f"no fixed time from {begin} on has been settled yet", param_hint="--period"
            )
        size = position_at(store, at, size)
        if size == 0:
            raise typer.BadParameter(f"nothing was recorded by {at}", param_hint="--period")
        with watching("Computing the figures") as progress:
            found = computed(store, period, community, size, at, progress)
        _keep(settings, url, found.documents)
    event = DisclosurePrepared(
        disclosure=disclosure or mint_id(),
        regime=Regime(regime),
        basis=basis,
        formed_on=begin if formed_on is None else formed_on.date(),
        community=community,
        period=period,
        **found.figures._asdict(),
    )
    body = event.model_dump(mode="json", exclude_none=True)
    typer.echo(orjson.dumps({"kind": event.kind, "body": body}))


@app.command("keep")
def keep(
    disclosure: Annotated[str, typer.Argument(help="The id of a published disclosure.")],
) -> None:
    """Compute again what was published, and keep it to be shown: after a loss of what was kept.

    Exit code 1 where this version of Mingzhang computes other figures.
    """
    from api.cli.auditing import watching
    from api.disclosure_check import disclosed
    from api.fixed_figures import computed

    with _store() as (settings, url, store):
        found = disclosed(store, disclosure)
        if found is None:
            raise typer.BadParameter(f"{disclosure} is not in this ledger")
        others = 0
        for _, event in found.sets:
            with watching("Computing the figures") as progress:
                again = computed(
                    store, found.period, found.community, event.size, event.as_of, progress
                )
            if again.figures.shown == event.fixed.shown:
                _keep(settings, url, again.documents)
            else:
                others += 1
    typer.echo(f"Kept {len(found.sets) - others} of {len(found.sets)} sets of figures.")
    if others:
        raise typer.Exit(1)


def _check_period(period: str) -> None:
    import re

    from ledger.domain.disclosure.disclosures import PERIOD_PATTERN

    if not re.fullmatch(PERIOD_PATTERN, period):
        raise typer.BadParameter("2026-03, 2026-q1 or 2026", param_hint="--period")


@contextmanager
def _store() -> Iterator[tuple[Settings, str, PostgresStore]]:
    from api.databases import database
    from api.settings import Settings
    from ledger.store.postgres import PostgresStore

    settings = Settings.from_environment(os.environ)
    with database(settings) as url, closing(PostgresStore(url, settings.schema)) as store:
        yield settings, url, store


def _keep(settings: Settings, url: str, documents: Iterable[bytes]) -> None:
    import psycopg

    from ledger.store.connections import connection_string
    from ledger.store.migrations import WRITER
    from projections import kept_figures
    from projections.schema import public_schema

    public = public_schema(settings.schema)
    connection: psycopg.Connection[Any]
    with psycopg.connect(connection_string(url, public, WRITER)) as connection:
        kept_figures.keep(connection, public, documents)
