"""`mingzhang migrate`: the database's schema."""

from __future__ import annotations

import os

import typer


def migrate_command() -> None:
    """Bring the database to the schema of this version; again and again does no harm."""
    from api.databases import database
    from api.settings import Settings
    from ledger.store.migrations import migrate
    from projections.schema import prepare

    settings = Settings.from_environment(os.environ)
    with database(settings) as url:
        applied = migrate(url, settings.schema)
        prepare(url, settings.schema)
    typer.echo(f"Applied {', '.join(applied)}." if applied else "Nothing to apply.")
