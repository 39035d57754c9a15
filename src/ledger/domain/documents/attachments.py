"""Attachments (附件): a photo or a voucher is named by its digest; the file itself lies beside."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from ledger.event import EventModel

MAX_ATTACHMENT_BYTES = 50_000_000
"""More than a scanned voucher or a photograph needs."""

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 (FIPS 180-4) of a file's bytes, in hex."""


class Attachment(EventModel):
    """A file that proves something: whoever holds it can show that it is this very one."""

    digest: Digest
    """SHA-256 of the file's bytes, in hex."""
    size_bytes: Annotated[int, Field(ge=1, le=MAX_ATTACHMENT_BYTES)]
    """How long the file is."""
    media_type: Annotated[
        str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.+-]{0,39}/[a-z0-9][a-z0-9.+-]{0,79}$")
    ]
    """What kind of file it is (RFC 6838), such as `application/pdf`."""


def voucher_tag(attachment: Attachment) -> str:
    """The history of a voucher: a payment that it has proved already is in it."""
    return f"voucher:{attachment.digest}"
