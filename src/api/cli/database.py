"""`mingzhang migrate`: the database's schema."""

from __future__ import annotations

import os

import typer


def migrate_command() -> None:
    """Bring the database to the schema of this version; again and again does no harm."""
    from api.databases import database, prepare
    from api.settings import Settings

    settings = Settings.from_environment(os.environ)
    with database(settings) as url:
        applied = prepare(url, settings.schema)
    typer.echo(f"Applied {', '.join(applied)}." if applied else "Nothing to apply.")
