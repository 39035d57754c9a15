"""`mingzhang attachment` and `mingzhang verify attachment`: a file, and the digest of it."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ledger.domain.documents.attachments import Attachment

_UNKNOWN_TYPE = "application/octet-stream"
_AT_ONCE_BYTES = 1024 * 1024

AttachedFile = Annotated[Path, typer.Argument(help="The file: a scanned voucher, a photograph.")]
FileDigest = Annotated[
    str, typer.Argument(help="SHA-256 in hex, as the event or the public page of a line has it.")
]


def attachment(
    file: AttachedFile,
    media_type: Annotated[
        str | None,
        typer.Option(help="What kind of file it is (RFC 6838); guessed from its name without it."),
    ] = None,
) -> None:
    """Print what names a file in an event: digest, size and media type, as JSON.

    The file itself stays where it is; whoever is shown it later checks it with `mingzhang verify
    attachment`.
    """
    from ledger.canonical import canonical_json

    typer.echo(canonical_json(attachment_of(file, media_type).model_dump()).decode())


def verify_attachment(file: AttachedFile, digest: FileDigest) -> None:
    """Verify offline that a file is the one that a digest names. Exit codes as for a bundle."""
    from pydantic import TypeAdapter, ValidationError

    from api.cli.auditing import FAULT
    from ledger.audit import Unreadable
    from ledger.domain.documents.attachments import Digest

    try:
        wanted = TypeAdapter(Digest).validate_python(digest.strip().lower())
    except ValidationError:
        raise Unreadable("DIGEST: a digest is 64 hex characters") from None
    found = attachment_of(file, _UNKNOWN_TYPE)
    if found.digest != wanted:
        typer.echo(f"fault: {file} is another file: its digest is {found.digest}, not {wanted}")
        raise typer.Exit(FAULT)
    typer.echo(f"verified: {file} is the file of {found.size_bytes:,} bytes with digest {wanted}")


def attachment_of(file: Path, media_type: str | None) -> Attachment:
    """What names a file; raises `Unreadable` for one that cannot be read or attached."""
    from pydantic import ValidationError

    from ledger.audit import Unreadable
    from ledger.domain.documents.attachments import Attachment

    digest, size_bytes = _read(file)
    given = media_type or mimetypes.guess_type(file.name)[0] or _UNKNOWN_TYPE
    try:
        return Attachment(digest=digest, size_bytes=size_bytes, media_type=given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise Unreadable(f"{file}: {first['loc'][0]}: {first['msg']}") from None


def _read(file: Path) -> tuple[str, int]:
    """(digest, size) of the file, of which no more is read than an attachment may have."""
    from hashlib import sha256

    from ledger.audit import Unreadable
    from ledger.domain.documents.attachments import MAX_ATTACHMENT_BYTES

    digest, size_bytes = sha256(), 0
    try:
        with file.open("rb") as opened:
            while part := opened.read(_AT_ONCE_BYTES):
                digest.update(part)
                size_bytes += len(part)
                if size_bytes > MAX_ATTACHMENT_BYTES:
                    raise Unreadable(
                        f"{file}: an attachment has at most {MAX_ATTACHMENT_BYTES:,} bytes"
                    )
    except OSError as error:
        raise Unreadable(f"{file}: {error.strerror}") from None
    return digest.hexdigest(), size_bytes
