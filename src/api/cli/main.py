"""`mingzhang`: the commands, and how they end.

Exit codes: 0 done or stopped as asked; 1 refused or failed, said in one line; 2 wrong usage;
3 the database cannot be reached; 4 the database's schema is not this code's; 5 already running, or
the port is taken; 6 a fault was found by `verify`.
"""

from __future__ import annotations

import logging
import os
import sys

import psycopg
import typer

from api.cli import (
    attachments,
    auditing,
    calendars,
    cases,
    database,
    disclosing,
    exporting,
    founding,
    history,
    keys,
    log_keys,
    privacy,
    sealed_data,
    sealing,
    serving,
    views,
    witnessing,
)
from api.garbage import collect_seldom
from api.settings import WrongSetting
from ledger.store.contract import StoreDown
from ledger.store.migrations import SchemaMismatch
from ledger.vault.key_encryption import WrongKey

_CODES: tuple[tuple[type[Exception], int], ...] = (
    (WrongSetting, 2),
    (StoreDown, 3),
    (psycopg.OperationalError, 3),
    (SchemaMismatch, 4),
    (WrongKey, 6),
    (serving.AlreadyRunning, 5),
    (serving.HalfATown, 5),
)


def commands() -> typer.Typer:
    """All commands; their modules import what they need when they run."""
    from api.cli.importing import import_command

    app = typer.Typer(
        name="mingzhang",
        help="Mingzhang 明账: a ledger of what a community was promised, and what was done.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",  # else a docstring's line breaks break the help's lines too
    )
    app.command("up")(serving.up)
    app.command("init")(founding.init)
    app.command("migrate")(database.migrate_command)
    app.command("import")(import_command)
    app.command("case")(cases.case)
    app.command("status")(views.status)
    app.command("rebuild")(views.rebuild)
    app.command("seal")(sealing.seal)
    app.command("explain")(history.explain)
    app.command("show")(history.show)
    app.command("diff")(history.diff)
    app.command("export")(exporting.export)
    app.command("attachment")(attachments.attachment)
    app.add_typer(auditing.app, name="verify")
    app.add_typer(keys.app, name="keys")
    app.add_typer(log_keys.app, name="log-key")
    sealed_data.add_to(privacy.app)
    app.add_typer(privacy.app, name="privacy")
    app.add_typer(calendars.app, name="calendar")
    app.add_typer(disclosing.app, name="disclosure")
    app.add_typer(witnessing.app, name="witness")
    return app


def main() -> None:
    """Runs a command; an error becomes one line on stderr and an exit code, never a traceback.

    With MINGZHANG_TRACEBACK set the traceback is shown: for whoever mends the code.
    """
    collect_seldom()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        commands()()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # the last place that can say it in one line
        if os.environ.get("MINGZHANG_TRACEBACK"):
            raise
        sys.stderr.write(f"mingzhang: {_line(error)}\n")
        sys.exit(next((code for kind, code in _CODES if isinstance(error, kind)), 1))


def _line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 500 else f"{text[:499]}…"


if __name__ == "__main__":
    main()
