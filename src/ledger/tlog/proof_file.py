"""Proofs of C2SP tlog-proof: a text that shows offline that an entry is in a log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from ledger.tlog.checkpoint import Checkpoint, parse_size
from ledger.tlog.faults import Malformed, Unverified
from ledger.tlog.merkle import HASH_BYTES
from ledger.tlog.note import (
    MAX_NOTE_BYTES,
    Note,
    Verifier,
    VerifierKey,
    decode_base64,
    encode_base64,
)
from ledger.tlog.proofs import verify_inclusion

HEADER = "c2sp.org/tlog-proof@v1"
MAX_HASHES = 63
MAX_BYTES = MAX_NOTE_BYTES + 100_000
"""A checkpoint, and an extra line that may hold a whole record."""


@dataclass(frozen=True, slots=True)
class ProofFile:
    """The way from one leaf to a checkpoint, and the checkpoint with all its signatures."""

    index: int
    """The leaf's, from 0."""
    hashes: tuple[bytes, ...]
    checkpoint: Note
    extra: bytes | None = None
    """Not covered by any signature; ours is the record, from which the leaf follows."""

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Reads a proof; raises `Malformed`."""
        if len(data) > MAX_BYTES:
            raise Malformed(f"a proof has at most {MAX_BYTES} bytes")
        head, blank, note = data.partition(b"\n\n")
        try:
            first, *lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            raise Malformed("a proof's lines before its checkpoint are ASCII") from None
        if first != HEADER or not blank:
            raise Malformed(f"a proof begins with the line {HEADER}, and ends in a checkpoint")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = decode_base64(lines.pop(0).removeprefix("extra "), "a proof's extra line")
        if not lines or not lines[0].startswith("index "):
            raise Malformed("a proof says the entry's index in a line of its own")
        index = parse_size(lines.pop(0).removeprefix("index "))
        if len(lines) > MAX_HASHES:
            raise Malformed(f"a proof has at most {MAX_HASHES} hashes")
        hashes = tuple(decode_base64(line, "a proof's hash") for line in lines)
        if any(len(one) != HASH_BYTES for one in hashes):
            raise Malformed(f"a proof's hash has {HASH_BYTES} bytes")
        return cls(index, hashes, Note.parse(note), extra)

    def to_bytes(self) -> bytes:
        """The file's content."""
        extra = "" if self.extra is None else f"extra {encode_base64(self.extra)}\n"
        hashes = "".join(f"{encode_base64(one)}\n" for one in self.hashes)
        head = f"{HEADER}\n{extra}index {self.index}\n{hashes}\n"
        return head.encode() + self.checkpoint.to_bytes()

    def verify(
        self, leaf: bytes, origin: str, log: Sequence[Verifier]
    ) -> tuple[Checkpoint, tuple[VerifierKey, ...]]:
        """The checkpoint that has the leaf (its hash, 32 bytes), and the log's keys that signed.

        Raises `Malformed` and `Unverified`. Whether witnesses saw it is asked of a policy.
        """
        signed_by = self.checkpoint.verified_by(log)
        checkpoint = Checkpoint.parse(self.checkpoint.text)
        if checkpoint.origin != origin:
            raise Unverified(f"the checkpoint is of {checkpoint.origin}, not of {origin}")
        verify_inclusion(leaf, self.index, checkpoint.size, self.hashes, checkpoint.root)
        return checkpoint, signed_by
