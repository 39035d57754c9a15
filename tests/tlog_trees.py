"""Trees for tests: leaves that are told apart, and the hashes of their subtrees, the slow way."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from ledger.tlog.merkle import leaf_hash
from ledger.tlog.proofs import Hashes, Node


def leaves(count: int) -> list[bytes]:
    return [leaf_hash(b"entry %d" % number) for number in range(count)]


def tree_hash(hashes: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962, word for word: split at the largest power of two below the size."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    left, right = tree_hash(hashes[:split]), tree_hash(hashes[split:])
    return sha256(b"\x01" + left + right).digest()


def inclusion_path(index: int, hashes: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 6962, section 2.1.1, word for word."""
    if len(hashes) <= 1:
        return []
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    if index < split:
        return [*inclusion_path(index, hashes[:split]), tree_hash(hashes[split:])]
    return [*inclusion_path(index - split, hashes[split:]), tree_hash(hashes[:split])]


def consistency_path(old: int, hashes: Sequence[bytes], whole: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962, section 2.1.2, word for word."""
    if old == len(hashes):
        return [] if whole else [tree_hash(hashes)]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    if old <= split:
        return [*consistency_path(old, hashes[:split], whole), tree_hash(hashes[split:])]
    return [*consistency_path(old - split, hashes[split:], False), tree_hash(hashes[:split])]


def subtrees(hashes: Sequence[bytes]) -> Hashes:
    """Complete subtrees of these leaves; one that they do not have is an error."""

    def of(nodes: Sequence[Node]) -> list[bytes]:
        found = []
        for node in nodes:
            first = node.index << node.level
            row = hashes[first : first + (1 << node.level)]
            assert len(row) == 1 << node.level, f"{node} is not complete"
            found.append(tree_hash(row))
        return found

    return of
