"""`mingzhang log-key`: the keys that sign the log's checkpoints."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from api.settings import Settings
    from ledger.domain.founding import LedgerFounded
    from ledger.ledger import Ledger
    from ledger.tlog.note import VerifierKey

app = typer.Typer(help="The keys that sign checkpoints: what everybody checks the ledger with.",
                  no_args_is_help=True)  # fmt: skip
Acting = Annotated[
    str | None,
    typer.Option(help="The secretary of the town who announces it; the founder, if not given."),
]


@app.command("show")
def show() -> None:
    """Print the public keys that sign now, one a line: to give to auditors and witnesses."""
    from api.settings import Settings

    keys = Settings.from_environment(os.environ).signing_keys().load()
    for signer in keys:
        typer.echo(signer.key)
    if not keys:
        typer.echo("mingzhang: there is no key: `mingzhang log-key create` makes one", err=True)
        raise typer.Exit(1)


@app.command("create")
def create(principal: Acting = None) -> None:
    """Make and announce the first key of a ledger that was founded without one."""
    with _founded() as (settings, ledger, founding):
        key = settings.signing_keys().create(founding.origin).key
        _announce(ledger, founding, principal, key, _last_announced(ledger))
    typer.echo(key)


@app.command("rotate")
def rotate(principal: Acting = None) -> None:
    """Make and announce a new key. Both sign until the old one is retired."""
    from ledger.tlog.note import Signer

    with _founded() as (settings, ledger, founding):
        keys = settings.signing_keys()
        known = keys.load()
        if not known:
            raise typer.BadParameter("there is no key to replace: mingzhang log-key create")
        signer = Signer.generate(founding.origin)
        keys.add(signer)  # first, so that no key is announced that nobody has
        try:
            _announce(ledger, founding, principal, signer.key, _last_announced(ledger))
        except BaseException:
            keys.remove(signer.key.key_id.hex())
            raise
    typer.echo(signer.key)
    typer.echo(
        "Both keys sign from now on. Once auditors and witnesses have the new one: "
        f"mingzhang log-key retire {known[-1].key.key_id.hex()}",
        err=True,
    )


@app.command("retire")
def retire(
    key_id: Annotated[str, typer.Argument(help="The key's id: eight hex characters of its line.")],
) -> None:
    """Destroy a key that was replaced. What it signed stays true."""
    from api.settings import Settings

    if not Settings.from_environment(os.environ).signing_keys().remove(key_id):
        typer.echo(f"mingzhang: {key_id} is not one of several keys that sign here", err=True)
        raise typer.Exit(1)
    typer.echo("Retired.")


def _last_announced(ledger: Ledger) -> VerifierKey | None:
    """The key that the next one replaces: whoever announced it, and wherever its secret is."""
    from ledger import catalogue
    from ledger.domain.log_keys import LogKeyAnnounced
    from ledger.tlog.note import VerifierKey

    last = None
    for stored in ledger.read(kinds=[LogKeyAnnounced.kind]):
        event = catalogue.decode(stored.position, stored.record).event
        assert isinstance(event, LogKeyAnnounced)  # no other kind was asked for
        last = VerifierKey.parse(event.verifier_key)
    return last


@contextmanager
def _founded() -> Iterator[tuple[Settings, Ledger, LedgerFounded]]:
    from api.databases import database
    from api.founding import founding_of
    from api.settings import Settings
    from ledger.ledger import Ledger
    from ledger.store.postgres import PostgresStore

    settings = Settings.from_environment(os.environ)
    with ExitStack() as stack:
        url = stack.enter_context(database(settings))
        store = stack.enter_context(closing(PostgresStore(url, settings.schema)))
        founding = founding_of(store)
        if founding is None:
            typer.echo("mingzhang: the ledger is not founded yet: `mingzhang init`", err=True)
            raise typer.Exit(1)
        vault = stack.enter_context(closing(settings.vault(url)))
        ledger = stack.enter_context(closing(Ledger(store, vault)))
        ledger.start()
        yield settings, ledger, founding


def _announce(
    ledger: Ledger,
    founding: LedgerFounded,
    principal: str | None,
    key: VerifierKey,
    supersedes: VerifierKey | None,
) -> None:
    from api.founding import founder_of
    from ledger.domain.log_keys import LogKeyAnnounced
    from ledger.proposal import Proposal
    from ledger.refusals import Refused

    founder = founder_of(founding)
    actor = founder if principal is None else founder._replace(principal=principal)
    event = LogKeyAnnounced(
        verifier_key=str(key), supersedes=None if supersedes is None else str(supersedes)
    )
    try:
        ledger.propose_sync([Proposal(event, actor)])
    except Refused as refused:
        if refused.refusal.rule != "log_key_exists":  # an earlier run was interrupted after it
            raise
