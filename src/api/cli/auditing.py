"""`mingzhang verify`: whether a bundle, a figure, a proof or a database is what was signed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from api.cli.attachments import verify_attachment

if TYPE_CHECKING:
    from ledger.audit.report import Progress, Report
    from ledger.tlog.note import Note, Verifier

FAULT = 6
"""The exit code for a fault that was found."""
BUNDLE = "BUNDLE"
"""The name of the command that is meant where none is named."""
MAX_FILE_BYTES = 64 * 1024**2
MAX_POLICY_BYTES = 256 * 1024
Parsed = TypeVar("Parsed")

Keys = Annotated[
    list[str],
    typer.Option(
        help="The ledger's public key (name+id+key), had from elsewhere than what is verified; may"
        " be repeated, for a ledger that changed its key.",
    ),
]
PolicyFile = Annotated[
    Path | None,
    typer.Option(help="A policy (C2SP tlog-policy): witnesses that must have cosigned too."),
]
Since = Annotated[
    Path | None,
    typer.Option(help="A checkpoint kept from an earlier time: nothing under it has changed."),
]
ReportFile = Annotated[
    Path | None, typer.Option(dir_okay=False, help="Where to write the report, as JSON.")
]


class _Verify(typer.core.TyperGroup):
    """`mingzhang verify DIRECTORY` is the bundle's command, whatever the directory is called."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] != "--help":
            args = [BUNDLE, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_Verify,
    help="Whether a bundle (a directory), a figure, a proof or the database is what the ledger"
    " signed, and a file the one that an event names. Ends in one line; exit code 0 verified, 6 a"
    " fault was found, 1 nothing can be said.",
    no_args_is_help=True,
)


@app.command(BUNDLE)
def verify(
    bundle: Annotated[Path, typer.Argument(help="The directory that `mingzhang export` wrote.")],
    key: Keys,
    since: Since = None,
    policy: PolicyFile = None,
    report: ReportFile = None,
) -> None:
    """Verify a bundle offline: every record, tile, root, signature and file; no database.

    Ends in one line. Exit code 0 verified; 6 a fault was found: the first one is told, by position
    or file, with what was expected and found; 1 the bundle, a key or the kept checkpoint cannot be
    read, so that nothing is said of the bundle.
    """
    from ledger.audit import verify_bundle
    from ledger.tlog.note import Note
    from ledger.tlog.policy import Policy

    verifiers = _verifiers(key)
    kept = None if since is None else _parsed("--since", since, Note.parse)
    asked = None if policy is None else _parsed("--policy", policy, Policy.parse, MAX_POLICY_BYTES)
    with watching("Verifying") as progress:
        result = verify_bundle(bundle, verifiers, since=kept, policy=asked, progress=progress)
    _conclude(result, report)


@app.command("figure")
def figure(
    statement: Annotated[Path, typer.Argument(help="A file of /v1/statements/….")],
    bundle: Annotated[Path, typer.Argument(help="A bundle that reaches as far, or further.")],
    key: Keys,
) -> None:
    """Compute a published figure again from a bundle, and compare: nothing was left out.

    Verifies the bundle first. Then folds its events into the same views, in a PostgreSQL of its
    own, and compares the digest of all rows, and every figure. Exit codes as for a bundle.
    """
    from api.figure_check import check_statement, read_statement
    from ledger.audit import verify_bundle
    from ledger.audit.report import Faulty

    verifiers = _verifiers(key)
    stated = _parsed("STATEMENT", statement, read_statement)
    with watching("Verifying the bundle") as progress:
        result = verify_bundle(bundle, verifiers, progress=progress)
    if not result.is_verified or result.origin is None:
        _conclude(result, None)
        return
    try:
        with watching("Computing the figures") as progress:
            typer.echo(check_statement(stated, bundle, verifiers, result.origin, progress))
    except Faulty as faulty:
        typer.echo(f"fault: {faulty.fault.line()}")
        raise typer.Exit(FAULT) from None


@app.command("disclosure")
def disclosure(
    bundle: Annotated[Path, typer.Argument(help="A bundle that has its publication.")],
    identity: Annotated[str, typer.Argument(metavar="DISCLOSURE", help="The disclosure's id.")],
    key: Keys,
) -> None:
    """Compute what a disclosure fixed, and every correction, again from a bundle, and compare.

    Verifies the bundle first. Then takes from it the size and root, the fixed time, and of each of
    the three disclosures the digests of rows and figures. Exit codes as for a bundle.
    """
    from api.disclosure_check import check_disclosure
    from ledger.audit import verify_bundle
    from ledger.audit.report import Faulty

    verifiers = _verifiers(key)
    with watching("Verifying the bundle") as progress:
        result = verify_bundle(bundle, verifiers, progress=progress)
    if not result.is_verified or result.origin is None:
        _conclude(result, None)
        return
    try:
        with watching("Computing the figures") as progress:
            typer.echo(check_disclosure(bundle, identity, result.origin, progress))
    except Faulty as faulty:
        typer.echo(f"fault: {faulty.fault.line()}")
        raise typer.Exit(FAULT) from None


@app.command("proof")
def proof(
    file: Annotated[Path, typer.Argument(help="A .tlog-proof, such as a resident's receipt.")],
    key: Keys,
    record: Annotated[
        Path | None,
        typer.Option(help="The record, byte for byte; a receipt has it in its extra line."),
    ] = None,
    leaf: Annotated[
        str | None,
        typer.Option(help="Or its leaf hash in hex, as the answer to the proposal told it."),
    ] = None,
    policy: PolicyFile = None,
) -> None:
    """Verify that a record is in the log, from a proof alone. Exit codes as for a bundle."""
    from ledger.tlog.checkpoint import Checkpoint
    from ledger.tlog.faults import Malformed, Unverified
    from ledger.tlog.policy import Policy
    from ledger.tlog.proof_file import ProofFile

    verifiers = _verifiers(key)
    asked = None if policy is None else _parsed("--policy", policy, Policy.parse, MAX_POLICY_BYTES)
    given = _parsed("FILE", file, ProofFile.parse)
    hash_ = _leaf(given.extra, record, leaf)
    try:
        # A key speaks for the log of its name alone, and not for the others whose keys are given.
        name = Checkpoint.parse(given.checkpoint.text).origin
        own = [one for one in verifiers if one.key.name == name]
        checkpoint, _ = given.verify(hash_, name, own)
        if asked is not None:
            asked.verify(given.checkpoint, [one.key for one in own])
    except (Malformed, Unverified) as error:
        typer.echo(f"fault: {error}")
        raise typer.Exit(FAULT) from None
    typer.echo(
        f"verified: position {given.index + 1} of the {checkpoint.size:,} events of"
        f" {checkpoint.origin}, leaf {hash_.hex()}"
    )


@app.command("field")
def field(
    file: Annotated[Path, typer.Argument(help="What `mingzhang privacy show` wrote.")],
    key: Keys,
) -> None:
    """Verify that a value shown by consent is what a record of the log commits to. Exit codes as
    for a bundle."""
    from ledger.audit.shown_field import MAX_FILE_BYTES as MOST_BYTES
    from ledger.audit.shown_field import ShownField
    from ledger.tlog.faults import Malformed, Unverified

    shown_field = _parsed("FILE", file, ShownField.parse, MOST_BYTES)
    try:
        checkpoint, record = shown_field.verify(_verifiers(key))
    except (Malformed, Unverified) as error:
        typer.echo(f"fault: {error}")
        raise typer.Exit(FAULT) from None
    typer.echo(
        f"verified: position {shown_field.proof.index + 1} of the {checkpoint.size:,} events of"
        f" {checkpoint.origin}, {record['kind']}, {shown_field.field}:"
    )
    typer.echo(shown_field.value)


app.command("attachment")(verify_attachment)


@app.command("database")
def database(
    key: Annotated[
        list[str],
        typer.Option(help="The ledger's public key; its own, where none is given."),
    ] = [],  # noqa: B006 - typer's way to several options
    since: Since = None,
    receipt: Annotated[
        list[str],
        typer.Option(help="POSITION:LEAF from the answer to a proposal; may be repeated."),
    ] = [],  # noqa: B006
    report: ReportFile = None,
) -> None:
    """Audit the live database: every row of the log, its columns, batches and tiles.

    What was rewritten consistently, leaves and roots and all, is found by what was kept outside:
    the last published checkpoint in the data directory, --since and --receipt.
    """
    from api.cli.live_audit import audit

    with watching("Auditing") as progress:
        result = audit(_verifiers(key), _kept(since), receipt, progress)
    _conclude(result, report)


@app.command("access-log")
def access_log(
    key: Annotated[
        list[str],
        typer.Option(help="The access log's public key; its own, where none is given."),
    ] = [],  # noqa: B006 - typer's way to several options
    since: Since = None,
    report: ReportFile = None,
) -> None:
    """Audit the live log of who looked at sealed data, as `verify database` audits the ledger.

    Every entry, its columns, batches and tiles, against the last published checkpoint in the data
    directory and --since.
    """
    from api.cli.live_audit import audit_access

    with watching("Auditing") as progress:
        result = audit_access(_verifiers(key), _kept(since), progress)
    _conclude(result, report)


def _conclude(result: Report, report: Path | None) -> None:
    if report is not None:
        report.write_bytes(result.to_json())
    typer.echo(result.verdict())
    if not result.is_verified:
        raise typer.Exit(FAULT)


def _kept(since: Path | None) -> Note | None:
    from ledger.tlog.note import Note

    return None if since is None else _parsed("--since", since, Note.parse)


def _leaf(extra: bytes | None, record: Path | None, leaf: str | None) -> bytes:
    from ledger.audit import Unreadable
    from ledger.tlog.merkle import HASH_BYTES, leaf_hash

    if leaf is not None:
        try:
            hash_ = bytes.fromhex(leaf)
        except ValueError:
            hash_ = b""
        if len(hash_) != HASH_BYTES:
            raise Unreadable("--leaf: a leaf hash is 64 hex characters")
        return hash_
    if record is not None:
        return leaf_hash(_parsed("--record", record, bytes))
    if extra is None:
        raise Unreadable("the proof has no record in it: give --record or --leaf")
    return leaf_hash(extra)


def _verifiers(keys: list[str]) -> list[Verifier]:
    return [_verifier(one) for one in keys]


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


def _parsed(
    option: str, path: Path, parse: Callable[[bytes], Parsed], most_bytes: int = MAX_FILE_BYTES
) -> Parsed:
    from ledger.audit import Unreadable
    from ledger.tlog.faults import Malformed

    try:
        with path.open("rb") as file:
            return parse(file.read(most_bytes + 1))
    except (OSError, Malformed) as error:
        raise Unreadable(f"{option} {path}: {error}") from None


@contextmanager
def watching(what: str) -> Iterator[Progress]:
    """A bar on a terminal; else nothing until the end."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True)
    with Progress(
        what, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, transient=True, disable=not console.is_terminal,
    ) as bar:  # fmt: skip
        task = bar.add_task("events", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
