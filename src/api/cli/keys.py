"""`mingzhang keys`: who may call the API."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import psycopg

app = typer.Typer(help="API keys: each is a principal in an office of an organisation.",
                  no_args_is_help=True)  # fmt: skip
ID_LENGTH = 12
"""How many hex characters of a key's digest name it in lists."""


@app.command("create")
def create(
    principal: Annotated[str, typer.Option(help="The principal's id, as appointment_made has it.")],
    office: Annotated[str, typer.Option(help="The office, such as clerk_a or resident.")],
    organisation: Annotated[str, typer.Option(help="The organisation's id.")],
    scope: Annotated[list[str], typer.Option(help="propose, feed or audit; may be repeated.")],
    label: Annotated[str, typer.Option(help="What the key is for.")] = "",
) -> None:
    """Make a key and show it, once: only its digest is kept."""
    from api.auth import Scope, add_key, mint_token
    from ledger.decision import Office
    from ledger.event import ID_PATTERN, Actor

    for name, value in (("principal", principal), ("organisation", organisation)):
        if not re.match(ID_PATTERN, value):
            raise typer.BadParameter(f"{value!r} is not an id: a-z, 0-9 and -", param_hint=name)
    if office not in list(Office):
        raise typer.BadParameter(f"one of {', '.join(Office)}", param_hint="office")
    unknown = set(scope) - set(Scope)
    if unknown:
        raise typer.BadParameter(f"one of {', '.join(Scope)}", param_hint="scope")
    if len(label) > 200:
        raise typer.BadParameter("at most 200 characters", param_hint="label")
    token = mint_token()
    with _register() as register:
        actor = Actor(office, organisation, principal)
        add_key(register, token, actor, [Scope(name) for name in scope], label)
    typer.echo(token)


@app.command("list")
def list_() -> None:
    """List all keys ever made, those revoked too; tokens are not kept."""
    from api.auth import list_keys

    with _register() as register:
        found = list_keys(register)
    for key in found:
        state = f"revoked {key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else "in force"
        scopes = ",".join(key.scopes)
        who = f"{key.principal} ({key.office} of {key.organisation})"
        typer.echo(f"{key.digest[:ID_LENGTH]}  {state:<24}{scopes:<14}{who}  {key.label}")
    if not found:
        typer.echo("There are no keys.")


@app.command("revoke")
def revoke(
    key: Annotated[str, typer.Argument(help="The key's id from `mingzhang keys list`.")],
) -> None:
    """Revoke a key; servers honour it within seconds."""
    from api.auth import revoke_key

    if not re.match(r"^[0-9a-fA-F]{8,64}$", key):
        raise typer.BadParameter("8 to 64 hex characters, as `mingzhang keys list` shows them")
    with _register() as register:
        revoked = revoke_key(register, key)
    if not revoked:
        typer.echo(f"mingzhang: no one key in force has the id {key}", err=True)
        raise typer.Exit(1)
    typer.echo("Revoked.")


@contextmanager
def _register() -> Iterator[psycopg.Connection[Any]]:
    from api.auth import open_register
    from api.databases import database
    from api.settings import Settings
    from ledger.store.migrations import check_schema

    settings = Settings.from_environment(os.environ)
    with database(settings) as url, open_register(url, settings.schema) as register:
        check_schema(register, "ledger")
        yield register
