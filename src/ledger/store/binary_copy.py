"""Rows and arrays in PostgreSQL's binary formats (documentation: COPY, "Binary Format").

Written by hand because it is on the path of every append: a third of the time of psycopg's
adaptation row by row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from struct import pack

from ledger.store.contract import Receipt, StoredEvent
from ledger.vault.sealing import SealedValue

HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = b"\xff\xff"
_BYTEA_OID, _BIGINT_OID, _TEXT_OID, _UUID_OID = 17, 20, 25, 2950
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def moment(microseconds: bytes) -> datetime:
    """The inverse of `bigint(microseconds(…))`: a timestamptz as PostgreSQL sends it."""
    return _EPOCH + timedelta(microseconds=int.from_bytes(microseconds, signed=True))


def microseconds(moment: datetime) -> int:
    """A timestamptz as PostgreSQL stores it: microseconds since 2000-01-01 UTC."""
    span = moment - _EPOCH
    return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds


def event_rows(events: Iterable[StoredEvent]) -> bytes:
    """(position bigint, kind text, tags text[], record bytea, leaf bytea): no header or trailer."""
    parts: list[bytes] = []
    for position, kind, tags, record, leaf in events:
        name, array = kind.encode(), _array(_TEXT_OID, [tag.encode() for tag in tags])
        parts += (
            pack(">hiqi", 5, 8, position, len(name)),
            name,
            pack(">i", len(array)),
            array,
            pack(">i", len(record)),
            record,
            pack(">i", len(leaf)),
            leaf,
        )
    return b"".join(parts)


def sealed_columns(sealed: Sequence[tuple[int, SealedValue]]) -> list[bytes]:
    """position bigint[], field text[], event_id uuid[], subject text[], held_for text[],
    data_key uuid[], ciphertext bytea[]."""
    places = [value.place for _, value in sealed]
    return [
        _bigints([position for position, _ in sealed]),
        _array(_TEXT_OID, [place.field.encode() for place in places]),
        _array(_UUID_OID, [_uuid(place.event_id) for place in places]),
        _array(_TEXT_OID, [place.subject.encode() for place in places]),
        _array(_TEXT_OID, [place.held_for.value.encode() for place in places]),
        _array(_UUID_OID, [_uuid(value.key_id) for _, value in sealed]),
        _array(_BYTEA_OID, [value.ciphertext for _, value in sealed]),
    ]


def _uuid(text: str) -> bytes:
    return bytes.fromhex(text.replace("-", ""))


def receipt_columns(receipts: Sequence[tuple[Receipt, int, int]]) -> list[bytes]:
    """digest bytea[], fingerprint bytea[], first bigint[], last bigint[]."""
    return [
        _array(_BYTEA_OID, [receipt.digest for receipt, _, _ in receipts]),
        _array(_BYTEA_OID, [receipt.fingerprint for receipt, _, _ in receipts]),
        _bigints([first for _, first, _ in receipts]),
        _bigints([last for _, _, last in receipts]),
    ]


def bigint(number: int) -> bytes:
    """A bigint, or the microseconds of a timestamptz."""
    return pack(">q", number)


def bytea_array(items: Sequence[bytes]) -> bytes:
    """A bytea[]."""
    return _array(_BYTEA_OID, items)


def _array(oid: int, items: Sequence[bytes]) -> bytes:
    if not items:
        return pack(">iii", 0, 0, oid)
    parts = [pack(">iiiii", 1, 0, oid, len(items), 1)]
    for item in items:
        parts += (pack(">i", len(item)), item)
    return b"".join(parts)


def _bigints(numbers: Sequence[int]) -> bytes:
    return _array(_BIGINT_OID, [pack(">q", number) for number in numbers])
