"""The access log's records: canonical JSON (RFC 8785), one kind for each thing that it can say.

The first entry opens the log and names it; a reading is one reading; and the end of a day says how
many there were, so that a day on which nobody read has its entry and its checkpoint too.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final, NamedTuple

import orjson

from ledger.access.reading import DAY, Reading
from ledger.canonical import canonical_json
from ledger.event import mint_id

VERSION: Final = 1
OPENED: Final = "access_log_opened"
READ: Final = "reading_recorded"
DAY_ENDED: Final = "day_ended"
KINDS: Final = (OPENED, READ, DAY_ENDED)


class Opening(NamedTuple):
    """Opens an empty log under its name."""

    id: str
    origin: str


class Entered(NamedTuple):
    """A reading, made ready at the door: its record around one gap, the time."""

    id: str
    tags: tuple[str, ...]
    head: bytes
    tail: bytes

    def record(self, at: str) -> bytes:
        """The record as of the batch's time (`canonical.instant`)."""
        return b"".join((self.head, b',"at":"', at.encode(), b'",', self.tail))


class DayEnd(NamedTuple):
    """Ends a day in Shanghai, which is over."""

    id: str
    day: date


Draft = Opening | Entered | DayEnd
"""What is proposed to the access log."""


class RecordedReading(NamedTuple):
    """A reading as it stands in the log, at `position`, since `at`."""

    position: int
    id: str
    at: datetime
    reading: Reading


def enter(reading: Reading) -> Entered:
    """The draft of a reading, with an id of its own that survives every retry."""
    identity = mint_id()
    actor = reading.actor
    # The keys in order are actor, at, decision and the rest: one gap takes the time.
    head = canonical_json(
        {
            "actor": {
                "office": actor.office,
                "organisation": actor.organisation,
                "principal": actor.principal,
            }
        }
    )
    tail = canonical_json(
        {
            "decision": reading.decision,
            "id": identity,
            "items": reading.items,
            "kind": READ,
            "purpose": reading.purpose,
            "reference": reading.reference,
            "rule": reading.rule,
            "subject": reading.subject,
            "version": VERSION,
        }
    )
    return Entered(identity, reading.tags(), head[:-1], tail[1:])


def opening_record(opening: Opening, at: str) -> bytes:
    """The first record."""
    return canonical_json(
        {"at": at, "id": opening.id, "kind": OPENED, "origin": opening.origin, "version": VERSION}
    )


def day_record(end: DayEnd, at: str, readings: int) -> bytes:
    """The record of a day's end."""
    return canonical_json(
        {
            "at": at,
            "day": end.day.isoformat(),
            "id": end.id,
            "kind": DAY_ENDED,
            "readings": readings,
            "version": VERSION,
        }
    )


def reading_of(position: int, record: bytes) -> RecordedReading:
    """The reading in a record; raises ValueError or LookupError for what is none."""
    document: dict[str, Any] = orjson.loads(record)
    if document.pop("kind") != READ or document.pop("version") != VERSION:
        raise ValueError(f"entry {position} is no reading that this code knows")
    identity, at = document.pop("id"), datetime.fromisoformat(document.pop("at"))
    return RecordedReading(position, identity, at, Reading.model_validate(document, strict=False))


def origin_of(record: bytes) -> str:
    """The name of the log that a first record opens; raises ValueError or LookupError."""
    document = orjson.loads(record)
    if document["kind"] != OPENED:
        raise ValueError(f"the first entry is of the kind {document['kind']}")
    return str(document["origin"])


def time_of(record: bytes) -> datetime:
    """When an entry was recorded; raises ValueError or LookupError."""
    return datetime.fromisoformat(orjson.loads(record)["at"])


def day_tag(day: date) -> str:
    """The tag of all that was recorded on a day."""
    return f"{DAY}:{day.isoformat()}"
