"""`mingzhang verify`: whether a bundle is what the ledger signed, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ledger.audit.report import Progress
    from ledger.tlog.note import Note, NoteVerifier

FAULT = 6
"""The exit code for a fault that was found."""
MAX_NOTE_BYTES = 256 * 1024


def verify(
    bundle: Annotated[Path, typer.Argument(help="The directory that `mingzhang export` wrote.")],
    key: Annotated[
        list[str],
        typer.Option(
            help="The ledger's public key (name+id+key), had from elsewhere than the bundle; may"
            " be repeated, for a ledger that changed its key.",
        ),
    ],
    since: Annotated[
        Path | None,
        typer.Option(help="A checkpoint kept from an earlier time: nothing under it has changed."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Where to write the report, as JSON.")
    ] = None,
) -> None:
    """Verify a bundle offline: every record, tile, root, signature and file; no database.

    Ends in one line. Exit code 0 verified; 6 a fault was found: the first one is told, by position
    or file, with what was expected and found; 1 the bundle, a key or the kept checkpoint cannot be
    read, so that nothing is said of the bundle.
    """
    from ledger.audit import verify_bundle

    verifiers = [_verifier(one) for one in key]
    kept = None if since is None else _note(since)
    with _watching() as progress:
        result = verify_bundle(bundle, verifiers, since=kept, progress=progress)
    if report is not None:
        report.write_bytes(result.to_json())
    typer.echo(result.verdict())
    if not result.is_verified:
        raise typer.Exit(FAULT)


def _verifier(text: str) -> NoteVerifier:
    from ledger.audit import Unreadable
    from ledger.tlog.faults import Malformed
    from ledger.tlog.note import NoteVerifier, VerifierKey

    try:
        return NoteVerifier(VerifierKey.parse(text))
    except (Malformed, ValueError) as error:
        raise Unreadable(f"--key: {error}") from None


def _note(path: Path) -> Note:
    from ledger.audit import Unreadable
    from ledger.tlog.faults import Malformed
    from ledger.tlog.note import Note

    try:
        with path.open("rb") as file:
            return Note.parse(file.read(MAX_NOTE_BYTES + 1))
    except (OSError, Malformed) as error:
        raise Unreadable(f"--since {path}: {error}") from None


@contextmanager
def _watching() -> Iterator[Progress]:
    """A bar on a terminal; else nothing until the verdict."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True)
    with Progress(
        "Verifying", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, transient=True, disable=not console.is_terminal,
    ) as bar:  # fmt: skip
        task = bar.add_task("events", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
