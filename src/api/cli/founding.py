"""`mingzhang init`: a ledger of its own for a town, ready for its first case."""

from __future__ import annotations

import os
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from api.settings import Settings
    from ledger.domain.founding import LedgerFounded


def init(
    origin: Annotated[
        str,
        typer.Option(
            help="The log's name for ever: a domain and path of yours, such as town.example/ledger."
        ),
    ],
    town_name: Annotated[str, typer.Option(help="The town committee's name, as it is shown.")],
    founder: Annotated[
        str, typer.Option(help="The id of the principal who acts as its secretary.")
    ],
    town: Annotated[str, typer.Option(help="The town committee's id.")] = "town",
) -> None:
    """Found an empty ledger: the default rules, the working calendars announced, a timekeeper.

    All of it is one list, so an interrupted run has founded nothing, or everything. Exit code 1 on
    a ledger that is founded already, which stays as it is.
    """
    from api.settings import Settings

    founding = _founding(origin, town, town_name, founder)
    settings = Settings.from_environment(os.environ)
    events = _found(settings, founding)
    typer.echo(_summary(settings, founding, events))


def _founding(origin: str, town: str, town_name: str, founder: str) -> LedgerFounded:
    from pydantic import ValidationError

    from ledger.domain.founding import LedgerFounded

    try:
        return LedgerFounded(origin=origin, town=town, town_name=town_name, founder=founder)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        option = f"--{first['loc'][0]}".replace("_", "-")
        raise typer.BadParameter(first["msg"], param_hint=option) from error


def _found(settings: Settings, founding: LedgerFounded) -> int:
    from api.access_running import access_name
    from api.databases import database, prepare
    from api.founding import found
    from ledger.ledger import Ledger
    from ledger.refusals import Unavailable
    from ledger.store.contract import StoreDown
    from ledger.store.postgres import PostgresStore

    with ExitStack() as stack:
        url = stack.enter_context(database(settings))
        prepare(url, settings.schema)
        store = stack.enter_context(closing(PostgresStore(url, settings.schema)))
        settings.fingerprint_key()
        settings.receipt_key()
        vault = stack.enter_context(closing(settings.vault(url)))
        vault.cabinet.check()  # the key is made now, so that all can be copied at once
        ledger = stack.enter_context(closing(Ledger(store, vault)))
        ledger.start()
        try:
            events = found(ledger, founding, settings.signing_keys())
        except Unavailable as error:
            raise StoreDown(str(error)) from error
        settings.access_signing_keys().create(access_name(founding.origin))
        return events


def _summary(settings: Settings, founding: LedgerFounded, events: int) -> str:
    from api.defaults.opening import default_pack, working_calendars
    from ledger.timekeeper import PRINCIPAL

    log_key = settings.signing_keys().load()[0].key
    pack, years = default_pack(), [calendar.year for calendar in working_calendars()]
    act_as = f"--principal {founding.founder} --office secretary --organisation {founding.town}"
    return f"""
  Founded {founding.origin} for {founding.town_name} ({founding.town}): {events} events.

    secretary   {founding.founder}
    timekeeper  {PRINCIPAL}
    rules       pack {pack.pack_version}, the default: {len(pack.deadlines)} deadlines, \
{len(pack.subjects)} subjects
    calendars   {years[0]} to {years[-1]}; deadlines in other years are provisional (暂定)
    keys        {settings.data}/vault.key, log.key, access-log.key, receipt.key and
                fingerprint.key: keep copies apart from the database's. Without the first
                nobody reads personal data again; whoever has the second can sign in the
                town's name
    log key     {log_key}
                give it to auditors and witnesses: it is what they check checkpoints with

  Next: an API key for the secretary, who registers organisations and makes appointments.

    mingzhang keys create {act_as} --scope propose
    mingzhang up

  How to enact rules and a calendar of your own: docs/rules.md.
"""
