"""docs/cli.md: every command of `mingzhang`, as typer knows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from api.cli import main
from docs.generator.notice import GENERATED
from ledger.markdown import code, page, table

_INTRODUCTION = """\
Every command reads its [settings](#settings) from the environment and works on the ledger that
`make up` runs on, whether that is running or not. `make up` installs it as `.venv/bin/mingzhang`.
Each command says with `--help` what stands here."""


SETTINGS = {
    "DATA": ("The directory of the keys, the reports and the embedded PostgreSQL.", "`data`"),
    "DATABASE_URL": (
        "A PostgreSQL 15 or newer, as `postgresql://user:password@host/name`.",
        "the embedded one, in the data directory",
    ),
    "SCHEMA": (
        "The database's schema that holds the ledger: several ledgers, one database.",
        "`ledger`",
    ),
    "HOST": ("The address that `up` listens on.", "`127.0.0.1`: this machine alone"),
    "PORT": ("The port that `up` listens on, 0 to 65535; 0 takes a free one.", "`8000`"),
    "QUEUE_EVENTS": (
        "How many events may wait to be written before callers are told to come back (503).",
        "`10000`",
    ),
    "BODY_BYTES": ("The longest body that is taken, in bytes, from 1024 on.", "`4194304` (4 MiB)"),
    "LOG_KEY": (
        "The keys that sign checkpoints, a line each, so that they stand in no file.",
        "those of `log.key` in the data directory",
    ),
    "VAULT_KEY": (
        "The [key-encryption key](privacy.md#the-keys), 64 hexadecimal digits, so in no file.",
        "that of `vault.key` in the data directory",
    ),
    "VAULT_KEY_COMMAND": (
        "A command that prints the same, for a key that a safe of its own keeps.",
        "no command is run",
    ),
    "ACCESS_LOG_KEY": (
        "The same for the checkpoints of the [access log](privacy.md#who-looked).",
        "those of `access-log.key` in the data directory",
    ),
    "WITNESS_POLICY": (
        "A policy file (C2SP tlog-policy) that names the witnesses to ask.",
        "no witness is asked",
    ),
    "PUBLIC_URL": (
        "Where residents reach the board, for the QR codes of receipts: `https://...`.",
        "the address under which they asked",
    ),
}
"""Variable without MINGZHANG_ -> what it sets, and what holds where it is not set."""


def commands_page() -> str:
    """The page."""
    found = list(all_commands())
    contents = [f"- [`{name}`](#{_place(name)}): {_first(command.help)}" for name, command in found]
    return page(
        "# The command `mingzhang`",
        GENERATED,
        _INTRODUCTION,
        "\n".join(contents),
        *(_command(name, command) for name, command in found),
        "## Settings",
        "Environment variables. A value that cannot be used ends the command, with exit code 2.",
        table(("Variable", "What it sets", "Left out"), _settings()),
        "## How a command ends",
        _exit_codes(),
    )


def all_commands() -> Iterator[tuple[str, Any]]:
    """(full name, command) of each command that does something, in the order of the help."""
    yield from _below("mingzhang", typer.main.get_command(main.commands()))


def _below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    subcommands = getattr(command, "commands", None)
    if subcommands is None:
        yield name, command
        return
    for below, subcommand in subcommands.items():
        # In capitals stands what is meant where no subcommand is named.
        yield from _below(name if below.isupper() else f"{name} {below}", subcommand)


def _place(name: str) -> str:
    return name.replace(" ", "-")


def _first(text: str | None) -> str:
    return " ".join((text or "").partition("\n\n")[0].split())


def _command(name: str, command: Any) -> str:
    parameters = [one for one in command.params if not one.hidden]
    arguments = "".join(f" {_argument(one)}" for one in parameters if _is_argument(one))
    options = " [OPTIONS]" if any(not _is_argument(one) for one in parameters) else ""
    return page(
        f"## {name}",
        f"    {name}{arguments}{options}",
        "\n\n".join(" ".join(part.split()) for part in (command.help or "").split("\n\n")),
        table(
            ("Argument or option", "", "What it is", "Left out"),
            ((_names(one), _kind(one), one.help or "", _left_out(one)) for one in parameters),
        ),
    ).rstrip("\n")


def _is_argument(parameter: Any) -> bool:
    return isinstance(parameter, typer.core.TyperArgument)


def _argument(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name.upper())


def _names(parameter: Any) -> str:
    if _is_argument(parameter):
        return code(_argument(parameter))
    return " or ".join(map(code, (*parameter.opts, *parameter.secondary_opts)))


def _kind(parameter: Any) -> str:
    if not _is_argument(parameter) and parameter.is_bool_flag:
        return "switch"
    kind = str(parameter.type_descriptor.annotation)
    if "list" in kind:
        return "text, several"
    if "int" in kind:
        low, high = parameter.min, parameter.max
        return "number" + ("" if low is None else f" from {low}") + (f" to {high}" if high else "")
    return "path" if "Path" in kind else "text"


def _left_out(parameter: Any) -> str:
    if parameter.required:
        return "required"
    match parameter.default:
        case None | "":
            return ""
        case bool(on):
            names = parameter.opts if on else parameter.secondary_opts
            return code(names[0]) if names else ""
    return code(parameter.default)


def _settings() -> Iterator[tuple[str, str, str]]:
    for name, (what, left_out) in SETTINGS.items():
        yield code(f"MINGZHANG_{name}"), what, left_out


def _exit_codes() -> str:
    """From the docstring of the module that gives them."""
    text = (main.__doc__ or "").partition("Exit codes:")[2]
    codes = [" ".join(one.split()).rstrip(".") for one in text.split(";")]
    return table(("Exit code", ""), (one.split(" ", 1) for one in codes))
