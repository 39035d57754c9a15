"""One personal value, shown by consent: checked against the log without any of the others.

The file holds salt and value, and the proof (C2SP tlog-proof) of the record that commits to them:
SHA-256(salt || value) is what the record says of this field. Of its other fields it holds the
commitments alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple, Self

import orjson

from ledger.canonical import canonical_document
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.faults import Malformed, Unverified
from ledger.tlog.merkle import leaf_hash
from ledger.tlog.note import Verifier
from ledger.tlog.proof_file import MAX_BYTES as MAX_PROOF_BYTES
from ledger.tlog.proof_file import ProofFile

FORMAT: Final = "mingzhang-field/1"
MEDIA_TYPE: Final = "application/json"
MAX_FILE_BYTES = 2 * MAX_PROOF_BYTES + 100_000
SALT_BYTES = 32
_MEMBERS = frozenset(("field", "format", "proof", "salt", "value"))


class ShownField(NamedTuple):
    """A field's salt and value, and the proof whose extra line is the record."""

    field: str
    value: str
    salt: bytes
    proof: ProofFile

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Reads a file; raises `Malformed`."""
        if len(data) > MAX_FILE_BYTES:
            raise Malformed(f"a shown field has at most {MAX_FILE_BYTES} bytes")
        try:
            document = orjson.loads(data)
            if document["format"] != FORMAT or document.keys() != _MEMBERS:
                raise Malformed(f"it is no file of the format {FORMAT}")
            field, value = document["field"], document["value"]
            if not isinstance(field, str) or not isinstance(value, str):
                raise Malformed("field and value are texts")
            salt = bytes.fromhex(document["salt"])
            proof = ProofFile.parse(document["proof"].encode())
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise Malformed(f"it is no file of the format {FORMAT}") from error
        if len(salt) != SALT_BYTES or proof.extra is None:
            raise Malformed(f"a salt has {SALT_BYTES} bytes, and the proof the record in it")
        return cls(field, value, salt, proof)

    def to_bytes(self) -> bytes:
        """The file's content, RFC 8785 canonical JSON."""
        return canonical_document(
            {
                "format": FORMAT,
                "field": self.field,
                "value": self.value,
                "salt": self.salt.hex(),
                "proof": self.proof.to_bytes().decode(),
            }
        )

    def verify(self, verifiers: Sequence[Verifier]) -> tuple[Checkpoint, dict[str, Any]]:
        """The checkpoint that has the record, and the record; raises `Malformed`, `Unverified`."""
        record = self.proof.extra
        assert record is not None  # `parse` takes no other
        name = Checkpoint.parse(self.proof.checkpoint.text).origin
        own = [one for one in verifiers if one.key.name == name]
        checkpoint, _ = self.proof.verify(leaf_hash(record), name, own)
        try:
            document: dict[str, Any] = orjson.loads(record)
            commitment = document["body"][self.field]["commitment"]
        except (KeyError, TypeError, ValueError) as error:
            raise Unverified(f"the record commits to no value of {self.field!r}") from error
        if commitment != sha256(self.salt + self.value.encode()).hexdigest():
            raise Unverified(f"the record commits to another value of {self.field!r}")
        return checkpoint, document
