"""Checkpoints of C2SP tlog-checkpoint: the size and the root of a log, as a note's text."""

from __future__ import annotations

import re
from typing import NamedTuple, Self

from ledger.tlog.faults import Malformed
from ledger.tlog.merkle import EMPTY_ROOT, HASH_BYTES
from ledger.tlog.note import decode_base64, encode_base64
from ledger.tlog.proofs import MAX_SIZE

MEDIA_TYPE = "text/plain; charset=utf-8"
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


class Checkpoint(NamedTuple):
    """What a log says of itself: its name, how many leaves it has, and their root (32 bytes)."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()
    """More lines, which we never write."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads a note's text; raises `Malformed`."""
        *lines, rest = text.split("\n")
        if rest or len(lines) < 3 or "" in lines:
            raise Malformed("a checkpoint is the lines origin, size and root, none of them empty")
        origin, size, root, *extensions = lines
        digest = decode_base64(root, "a checkpoint's root")
        if len(digest) != HASH_BYTES:
            raise Malformed(f"a checkpoint's root has {HASH_BYTES} bytes")
        return cls(origin, parse_size(size), digest, tuple(extensions))

    def to_text(self) -> str:
        """The text that is signed."""
        lines = (self.origin, str(self.size), encode_base64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)

    def is_possible(self) -> bool:
        """Whether an empty tree has its only root."""
        return self.size > 0 or self.root == EMPTY_ROOT


def parse_size(text: str) -> int:
    """A tree's size in decimal without leading zeros, below 2**63; raises `Malformed`."""
    if _SIZE.fullmatch(text) is None or int(text) > MAX_SIZE:
        raise Malformed("a size is a decimal number without leading zeros, below 2**63")
    return int(text)
