"""`mingzhang export`: the ledger up to a checkpoint as a bundle for auditors."""

from __future__ import annotations

import os
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from api.settings import Settings
    from ledger.store.checkpoints import Published
    from ledger.store.postgres import PostgresStore

MAX_EARLIER = 1_000
"""How many earlier checkpoints go in: the last of each day, the newest."""


def export(
    bundle: Annotated[Path, typer.Argument(help="The directory to make; it must not exist.")],
    to: Annotated[
        int | None,
        typer.Option(
            help="The position up to which events are wanted: the bundle goes to the first"
            " checkpoint that has it. All of the log, if not given: it is signed now.",
            min=1,
        ),
    ] = None,
) -> None:
    """Write a bundle: tiles, entries, checkpoints, proofs, packs, schemas, and a README.

    It holds commitments and never personal values in clear, but is not for the public: give it to
    auditors. `mingzhang verify BUNDLE` checks it anywhere.
    """
    from api.cli.auditing import watching
    from api.databases import database
    from api.settings import Settings
    from ledger import bundle as bundles
    from ledger.store import checkpoints
    from ledger.store.postgres import PostgresStore

    settings = Settings.from_environment(os.environ)
    with ExitStack() as stack:
        url = stack.enter_context(database(settings))
        store = stack.enter_context(closing(PostgresStore(url, settings.schema)))
        published = published_with(settings, url, store, to)
        earlier = store.reading(
            lambda connection: checkpoints.last_of_days(connection, published.size, MAX_EARLIER)
        )
        with watching("Exporting") as progress:
            notes = [one.note for one in earlier]
            bundles.export(store, published.note, notes, bundle, progress)
        keys = _announced(store, published.size)
    signing = [str(signer.key) for signer in settings.signing_keys().load()]
    typer.echo(f"Exported {published.size:,} events to {bundle}.")
    words = "".join(f" --key {key}" for key in dict.fromkeys([*keys, *signing]))
    typer.echo(f"  mingzhang verify {bundle}{words}")


def _announced(store: PostgresStore, size: int) -> list[str]:
    """All keys that the log was ever signed with: checkpoints of before a rotation have the old
    one's signature alone, and without it an honest bundle would be called faulty."""
    from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

    from ledger import catalogue
    from ledger.domain.log_keys import LogKeyAnnounced

    query = DCBQuery(items=[DCBQueryItem(types=[LogKeyAnnounced.kind])])
    events = (catalogue.decode(one.position, one.record).event
              for one in store.read(query, until=size))  # fmt: skip
    return [event.verifier_key for event in events if isinstance(event, LogKeyAnnounced)]


def published_with(settings: Settings, url: str, store: PostgresStore, to: int | None) -> Published:
    """The checkpoint to go to; one is signed where none has the position yet."""
    from api.running import make_signer, witness_policy
    from ledger.store import checkpoints

    if to is not None:
        found = store.reading(lambda connection: checkpoints.covering(connection, to))
        if found is not None:
            return found
        if to > store.size():
            raise typer.BadParameter(f"the log has {store.size()} events", param_hint="--to")
    return make_signer(settings, url, witness_policy(settings)).sign()
