"""`mingzhang privacy open, show, report, erase, erasures, rotate`: what is sealed, and its end."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.privacy import with_access_log

if TYPE_CHECKING:
    from api.settings import Settings
    from ledger.access.log import AccessLog
    from ledger.event import Actor
    from ledger.store.postgres import PostgresStore
    from ledger.vault.cabinet import PostgresCabinet
    from ledger.vault.erasing import Eraser, Erasure
    from ledger.vault.exports import Exports
    from ledger.vault.opening import Opener, Read
    from ledger.vault.rotation import Rotated
    from ledger.vault.vault import Vault

REPORT_FILE = "report.json"

SubjectOf = Annotated[
    str, typer.Argument(metavar="SUBJECT", help="Whose values, such as request:…")
]
ActingAs = Annotated[
    str,
    typer.Option(
        "--as",
        metavar="PRINCIPAL/OFFICE/ORGANISATION",
        help="Who reads or acts, such as p-1/clerk_a/hotline: as appointment_made has it.",
    ),
]
Event = Annotated[str | None, typer.Option(help="The id of one event; all, if not given.")]
FieldOf = Annotated[str | None, typer.Option("--field", help="One field; all, if not given.")]
Reference = Annotated[
    str | None, typer.Option(help="The number of the document that asks for it (文号).")
]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


def add_to(app: typer.Typer) -> None:
    """Adds the commands to `mingzhang privacy`."""
    for name, command in (
        ("open", open_),
        ("show", show),
        ("report", report),
        ("erase", erase),
        ("erasures", erasures),
        ("rotate", rotate),
    ):
        app.command(name)(command)


@dataclass(frozen=True)
class Sealed:
    """A ledger's vault with all that opens, erases and records."""

    settings: Settings
    url: str
    store: PostgresStore
    cabinet: PostgresCabinet
    vault: Vault
    access: AccessLog
    exports: Exports
    opener: Opener
    eraser: Eraser


def open_(
    subject: SubjectOf,
    purpose: Annotated[str, typer.Option(help="What for: handling, callback, supervision, …")],
    acting_as: ActingAs,
    event: Event = None,
    field: FieldOf = None,
    reference: Reference = None,
    json: AsJson = False,
) -> None:
    """Read sealed values. Who reads, whose, which and what for goes on the access log first."""
    from ledger.vault.opening import Question

    actor = _actor(acting_as)
    with _sealed() as sealed:
        question = Question(actor, _purpose(purpose), subject, event, field, reference)
        found = sealed.opener.read(question)
    for one in found:
        typer.echo(_as_json(one) if json else _as_line(one))
    if any(one.opened is None for one in found):
        raise typer.Exit(1)


def show(
    subject: SubjectOf,
    event: Annotated[str, typer.Option(help="The id of the event.")],
    field: Annotated[str, typer.Option(help="The one field that is shown.")],
    acting_as: ActingAs,
    file: Annotated[Path, typer.Option("--to", help="The file to write; must not exist.")],
    reference: Reference = None,
) -> None:
    """Write one value with its proof, where the subject has agreed that this field is shown.

    Anybody checks it with `mingzhang verify field FILE`, and learns nothing of the other fields.
    """
    from api.cli.exporting import published_with
    from ledger.access.reading import ReadingPurpose
    from ledger.audit.shown_field import ShownField
    from ledger.store.tree import Tree
    from ledger.tlog.proof_file import ProofFile
    from ledger.vault.opening import Question

    actor = _actor(acting_as)
    with _sealed() as sealed:
        question = Question(actor, ReadingPurpose.DISCLOSURE, subject, event, field, reference)
        read = next(one for one in sealed.opener.read(question) if one.is_current)
        if read.opened is None:
            typer.echo(f"mingzhang: {read.problem}", err=True)
            raise typer.Exit(1)
        position = read.held.position
        published = published_with(sealed.settings, sealed.url, sealed.store, position)
        hashes = sealed.store.reading(
            lambda connection: Tree(connection).inclusion_proof(position - 1, published.size)
        )
        (stored,) = sealed.store.read(after=position - 1, until=position)
    proof = ProofFile(position - 1, tuple(hashes), published.note, stored.record)
    shown = ShownField(read.held.place.field, read.opened.value, read.opened.salt, proof)
    # It is the subject's to say who else sees it: whoever runs this hands it on.
    descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as output:
        output.write(shown.to_bytes())
    typer.echo(f"Wrote {file}. Anybody can check it: mingzhang verify field {file} --key …")


def report(
    subject: Annotated[
        str | None, typer.Argument(help="Whose data; of the whole ledger, if not given.")
    ] = None,
    keep: Annotated[
        bool,
        typer.Option(help="Keep it in the data directory too, until the subject is erased."),
    ] = False,
) -> None:
    """Tell as JSON what is held, on which basis, and who saw it: no value is opened for it."""
    from ledger.canonical import canonical_document
    from ledger.vault import report as reports
    from ledger.vault.opening import history_of

    with _sealed() as sealed:
        if subject is None:
            document = reports.overview_document(sealed.store, sealed.cabinet, sealed.access)
        else:
            found = reports.Subject(
                subject,
                sealed.opener.held(subject),
                history_of(sealed.store, subject),
                reports.privacy_of(sealed.store, subject),
                sealed.eraser.erasures(subject),
                reports.readings_of(sealed.access, subject),
            )
            if not found.history and not found.erasures:
                typer.echo(f"mingzhang: nothing in this ledger has the tag {subject}", err=True)
                raise typer.Exit(1)
            document = reports.subject_document(found)
        data = canonical_document(document)
        if keep and subject is not None:
            path = sealed.exports.write(subject, REPORT_FILE, data)
            typer.echo(f"Kept in {path}.", err=True)
    typer.echo(_indented(document))


def erase(
    subject: SubjectOf,
    basis: Annotated[str, typer.Option(help="request, withdrawal or retention_over.")],
    legal_reference: Annotated[str, typer.Option(help="The article on which it rests.")],
    acting_as: ActingAs,
    purpose: Annotated[
        list[str],
        typer.Option(help="contact, identity, content or profile; may be repeated. None: all."),
    ] = [],  # noqa: B006 - typer's way to several options
    complete: Annotated[
        bool, typer.Option(help="Replace the key-encryption key at once, not in the night.")
    ] = False,
) -> None:
    """Erase what is sealed of a subject: its keys and values are destroyed, its records stay.

    The erasure is complete once the key-encryption key has been replaced: until then a backup
    and that key together would open it.
    """
    from ledger.domain.privacy.erasure import ErasureBasis, PersonalDataErased
    from ledger.event import HeldFor
    from ledger.ledger import Ledger
    from ledger.proposal import Proposal

    event = PersonalDataErased(
        subject=subject,
        basis=_one_of(ErasureBasis, basis, "--basis"),
        legal_reference=legal_reference,
        purposes=tuple(_one_of(HeldFor, one, "--purpose") for one in purpose),
    )
    actor = _actor(acting_as)
    with _sealed() as sealed:
        ledger = Ledger(sealed.store, sealed.vault)
        ledger.start()
        with closing(ledger):
            (answer,) = ledger.propose_sync([Proposal(event, actor)])
        sealed.eraser.erase()
        rotated = sealed.eraser.complete() if complete else None
        found = sealed.eraser.erasures(subject)
    _tell_rotated(rotated)
    for one in found:
        if one.position == answer.position:
            typer.echo(_erasure_line(one))


def erasures() -> None:
    """List what was erased, and whether it is complete; exit code 1 while one is not."""
    with _sealed() as sealed:
        sealed.eraser.erase()
        found = sealed.eraser.erasures()
    for one in found:
        typer.echo(_erasure_line(one))
    if not found:
        typer.echo("Nothing was erased.")
    if any(one.completed_at is None for one in found):
        raise typer.Exit(1)


def rotate() -> None:
    """Replace the key-encryption key, whereby erasures are complete. No sealed value is touched.

    A key in a file is made anew and the old one destroyed. One kept elsewhere is replaced by its
    keeper: give the new and the old one, run this, then give the new one alone and run it again.
    """
    with _sealed() as sealed:
        sealed.eraser.erase()
        rotated = sealed.eraser.complete()
    _tell_rotated(rotated)
    if not rotated.old_key_destroyed:
        typer.echo(
            "Now take the old key away where it is kept, and run this again: until then no"
            " erasure is complete."
        )
        raise typer.Exit(1)


@contextmanager
def _sealed() -> Iterator[Sealed]:
    from ledger.vault.cabinet import PostgresCabinet
    from ledger.vault.erasing import Eraser
    from ledger.vault.opening import Opener
    from ledger.vault.vault import Vault

    with ExitStack() as stack:
        settings, url, store, access = stack.enter_context(with_access_log())
        source, exports = settings.vault_key_source(), settings.exports()
        cabinet = PostgresCabinet(url, settings.schema, source)
        cabinet.check()
        vault = stack.enter_context(closing(Vault(cabinet)))
        access.start()
        stack.enter_context(closing(access))
        eraser = Eraser(store, cabinet, source, vault.keys, exports)
        opener = Opener(store, cabinet, access)
        yield Sealed(settings, url, store, cabinet, vault, access, exports, opener, eraser)


def _actor(text: str) -> Actor:
    from ledger.decision import Office
    from ledger.event import ID_PATTERN, Actor

    principal, _, rest = text.partition("/")
    office, _, organisation = rest.partition("/")
    if not (re.match(ID_PATTERN, principal) and re.match(ID_PATTERN, organisation)):
        raise typer.BadParameter("principal/office/organisation", param_hint="--as")
    return Actor(_one_of(Office, office, "--as").value, organisation, principal)


def _purpose(text: str) -> Any:
    from ledger.access.reading import ReadingPurpose

    return _one_of(ReadingPurpose, text, "--purpose")


def _one_of(options: Any, text: str, option: str) -> Any:
    try:
        return options(text)
    except ValueError:
        raise typer.BadParameter(f"one of {', '.join(options)}", param_hint=option) from None


def _as_line(one: Read) -> str:
    held = one.held
    note = "" if one.is_current else "  (corrected since)"
    value = f"[{one.problem}]" if one.opened is None else one.opened.value
    return f"{held.position}  {held.kind}  {held.stands_for[1]}  {value}{note}"


def _as_json(one: Read) -> str:
    from ledger.canonical import canonical_document

    document = {
        "position": one.held.position,
        "kind": one.held.kind,
        "event": one.held.stands_for[0],
        "field": one.held.stands_for[1],
        "value": None if one.opened is None else one.opened.value,
        "problem": one.problem,
        "current": one.is_current,
    }
    return canonical_document(document).decode()


def _erasure_line(one: Erasure) -> str:
    state = (
        "not complete: the key-encryption key is still the one of before"
        if one.completed_at is None
        else f"complete since {one.completed_at:%Y-%m-%d %H:%M} UTC"
    )
    return (
        f"position {one.position}  {one.subject}  {one.sealed_values} values,"
        f" {one.data_keys} keys destroyed {one.erased_at:%Y-%m-%d %H:%M} UTC; {state}"
    )


def _tell_rotated(rotated: Rotated | None) -> None:
    if rotated is None:
        return
    typer.echo(f"Wrapped {rotated.wrapped_anew:,} keys anew.")
    for key_id in rotated.damaged:
        typer.echo(f"Data key {key_id} is damaged: what it sealed is lost.", err=True)
    if rotated.old_key_destroyed:
        typer.echo("The old key-encryption key is destroyed.")
    for one in rotated.completed:
        typer.echo(f"Complete: the erasure of {one.subject} at position {one.position}.")


def _indented(document: dict[str, Any]) -> str:
    import orjson

    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode()
