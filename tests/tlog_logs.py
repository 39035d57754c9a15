"""Small logs for tests of witnesses: their checkpoints, signed, and what leads to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.note import Note, Signer, encode_base64
from tests.tlog_trees import consistency_path, leaves, tree_hash

SIGNER = Signer("town.example/log", bytes(range(32)))
LEAVES = leaves(64)


@dataclass(frozen=True)
class SmallLog:
    """A log of a few leaves."""

    signer: Signer = SIGNER
    leaves: Sequence[bytes] = tuple(LEAVES)

    def note(self, size: int | None = None) -> Note:
        """The signed checkpoint of this size, or of all leaves."""
        some = self.leaves if size is None else self.leaves[:size]
        text = Checkpoint(self.signer.key.name, len(some), tree_hash(some)).to_text()
        return Note(text, (self.signer.sign(text),))

    def proof(self, old: int, size: int | None = None) -> list[bytes]:
        """The consistency proof, of RFC 6962's own words; empty where there is none."""
        some = self.leaves if size is None else self.leaves[:size]
        return consistency_path(old, some) if 0 < old <= len(some) else []

    def submission(self, old: int, size: int) -> bytes:
        """The body of add-checkpoint."""
        return submission(old, self.proof(old, size), self.note(size))


def submission(old: int | str, proof: Sequence[bytes], note: Note) -> bytes:
    lines = "".join(f"{encode_base64(one)}\n" for one in proof)
    return f"old {old}\n{lines}\n".encode() + note.to_bytes()


LOG = SmallLog()
REWRITTEN = SmallLog(leaves=(*LEAVES[:3], *leaves(100)[70:90], *LEAVES[23:]))
"""The same log after its past was changed, signed with the same key."""
