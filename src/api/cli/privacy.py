"""`mingzhang privacy`: personal data, and who looked at it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from api.settings import Settings
    from ledger.access.entries import RecordedReading
    from ledger.access.log import AccessLog
    from ledger.store.postgres import PostgresStore

app = typer.Typer(help="Personal data: read, shown, erased, and who looked.", no_args_is_help=True)
MAX_READINGS = 1_000


@app.command("who-looked")
def who_looked(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="SUBJECT|RECEIPT-LINK",
            help="Whose values, such as request:… ; or the link of a resident's receipt.",
        ),
    ],
    limit: Annotated[
        int, typer.Option(help="How many, the newest first.", min=1, max=MAX_READINGS)
    ] = 50,
    json: Annotated[bool, typer.Option("--json", help="As JSON, a reading a line.")] = False,
) -> None:
    """List who read a subject's sealed values, when, what for, and whether they were given.

    It names principals: what a subject is shown on the receipt's page names offices alone.
    """
    with with_access_log() as (settings, _, store, access):
        found = access.of_subject(_subject(settings, store, subject), limit=limit)
    for one in found:
        typer.echo(_as_json(one) if json else _as_line(one))
    if not found and not json:
        typer.echo("Nobody looked.")


@app.command("log-key")
def log_key() -> None:
    """Print the public keys of the access log: to give to auditors and witnesses."""
    from api.settings import Settings

    keys = Settings.from_environment(os.environ).access_signing_keys().load()
    for signer in keys:
        typer.echo(signer.key)
    if not keys:
        typer.echo("mingzhang: there is no key yet: `mingzhang up` makes it", err=True)
        raise typer.Exit(1)


@contextmanager
def with_access_log() -> Iterator[tuple[Settings, str, PostgresStore, AccessLog]]:
    """The settings, the database's URL, the ledger's log, and the access log, not started: it can
    be read."""
    from api.access_running import make_access_log
    from api.databases import database
    from api.settings import Settings
    from ledger.access.log import PURPOSE
    from ledger.store.postgres import PostgresStore

    settings = Settings.from_environment(os.environ)
    with ExitStack() as stack:
        url = stack.enter_context(database(settings))
        store = stack.enter_context(closing(PostgresStore(url, settings.schema)))
        entries = PostgresStore(url, settings.access_schema, PURPOSE)
        stack.enter_context(closing(entries))
        yield settings, url, store, make_access_log(settings, entries, store)


def _subject(settings: Settings, store: PostgresStore, given: str) -> str:
    """The subject itself, or that of the request whose receipt is linked."""
    from api.receipt_links import PATH, ReceiptLinks
    from api.resident_receipts import filed_behind

    if PATH in given or ":" not in given:
        link = given.rpartition(PATH)[2].partition("/")[0]
        filed = filed_behind(ReceiptLinks(settings.receipt_key()), store, link)
        if filed is None:
            raise typer.BadParameter("no receipt of this ledger", param_hint="RECEIPT-LINK")
        return f"request:{filed.request}"
    return given


def _as_json(one: RecordedReading) -> str:
    from ledger.canonical import canonical_json, instant

    reading = one.reading
    document: dict[str, Any] = {
        **reading.__dict__,
        "actor": reading.actor._asdict(),
        "at": instant(one.at),
        "id": one.id,
        "position": one.position,
    }
    return canonical_json(document).decode()


def _as_line(one: RecordedReading) -> str:
    from api.labels import day, term

    reading, actor = one.reading, one.reading.actor
    fields = dict.fromkeys(item.field for item in reading.items)
    outcome = "allowed" if reading.rule is None else f"refused ({reading.rule})"
    who = f"{actor.principal} ({actor.office} of {actor.organisation})"
    purpose = f"{reading.purpose.value} {term('reading_purpose', reading.purpose.value)}"
    reference = f"  {reading.reference}" if reading.reference else ""
    return f"{day(one.at)}  {who}  {purpose}  {', '.join(fields)}  {outcome}{reference}"
