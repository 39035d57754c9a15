"""`mingzhang verify`: whether a bundle is what the ledger signed, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from ledger.audit.report import Progress
    from ledger.tlog.note import Verifier

FAULT = 6
"""The exit code for a fault that was found."""
MAX_FILE_BYTES = 2 * 1024**2
"""More than a note or a policy may have."""
Parsed = TypeVar("Parsed")


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
    policy: Annotated[
        Path | None,
        typer.Option(help="A policy (C2SP tlog-policy): witnesses that must have cosigned too."),
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
    from ledger.tlog.note import Note
    from ledger.tlog.policy import Policy

    verifiers = [_verifier(one) for one in key]
    kept = None if since is None else _parsed("--since", since, Note.parse)
    asked = None if policy is None else _parsed("--policy", policy, Policy.parse)
    with _watching() as progress:
        result = verify_bundle(bundle, verifiers, since=kept, policy=asked, progress=progress)
    if report is not None:
        report.write_bytes(result.to_json())
    typer.echo(result.verdict())
    if not result.is_verified:
        raise typer.Exit(FAULT)


def _verifier(text: str) -> Verifier:
    from ledger.audit import Unreadable
    from ledger.tlog.cosignature import ML_DSA_44, log_verifier
    from ledger.tlog.faults import Malformed
    from ledger.tlog.note import ED25519, VerifierKey

    try:
        key = VerifierKey.parse(text)
        if key.algorithm not in (ED25519, ML_DSA_44):
            raise Malformed("a log's key is one for Ed25519 or ML-DSA-44 signatures")
        return log_verifier(key)
    except ValueError as error:  # a point that is not on the curve, too
        raise Unreadable(f"--key: {error}") from None


def _parsed(option: str, path: Path, parse: Callable[[bytes], Parsed]) -> Parsed:
    from ledger.audit import Unreadable
    from ledger.tlog.faults import Malformed

    try:
        with path.open("rb") as file:
            return parse(file.read(MAX_FILE_BYTES))
    except (OSError, Malformed) as error:
        raise Unreadable(f"{option} {path}: {error}") from None


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
