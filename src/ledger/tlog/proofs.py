"""Inclusion and consistency proofs of RFC 6962, verified as RFC 9162 does (2.1.3.2, 2.1.4.2).

A proof is made from the hashes of complete subtrees alone, O(log size) of them, so that whoever
keeps those (as tiles) reads no leaves. Sizes count leaves; an index begins at 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ledger.tlog.faults import Unverified
from ledger.tlog.merkle import EMPTY_ROOT, HASH_BYTES, node_hash

MAX_SIZE = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Node:
    """A complete subtree: the 2**level leaves from index * 2**level on."""

    level: int
    index: int


Hashes = Callable[[Sequence[Node]], Sequence[bytes]]
"""The 32-byte hashes of complete subtrees, in the order in which they are asked for."""
Range = tuple[int, int]
"""Leaves from the first to before the second."""


def inclusion_proof(index: int, size: int, hashes: Hashes) -> list[bytes]:
    """What leads from the leaf at the index to the root of a tree of this size, leaf's sibling
    first. Raises ValueError for a leaf that such a tree does not have."""
    if not 0 <= index < size <= MAX_SIZE:
        raise ValueError(f"a tree of {size} leaves has none at index {index}")
    path: list[Range] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    return _roots(path[::-1], hashes)


def consistency_proof(old: int, new: int, hashes: Hashes) -> list[bytes]:
    """What shows that the tree of size `new` begins with that of size `old`.

    Empty where they are equal. Raises ValueError unless 0 < old <= new: the empty tree, with which
    every tree begins, has no proof.
    """
    if not 0 < old <= new <= MAX_SIZE:
        raise ValueError(f"no proof leads from a tree of {old} leaves to one of {new}")
    path: list[Range] = []
    start, end = 0, new
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    if start > 0:
        path.append((start, end))
    return _roots(path[::-1], hashes)


def tree_root(size: int, hashes: Hashes) -> bytes:
    """The root of a tree of this size, 32 bytes."""
    return _roots([(0, size)], hashes)[0] if size else EMPTY_ROOT


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Raises `Unverified` unless the proof leads from the leaf's hash at the index to the root."""
    _check_hashes((leaf, root, *proof))
    if not 0 <= index < size <= MAX_SIZE:
        raise Unverified(f"a tree of {size} leaves has none at index {index}")
    first, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise Unverified("the inclusion proof is too long")
        if first & 1 or first == last:
            found = node_hash(sibling, found)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        first, last = first >> 1, last >> 1
    if last:
        raise Unverified("the inclusion proof is too short")
    if found != root:
        raise Unverified("the inclusion proof leads to another root")


def verify_consistency(
    old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> None:
    """Raises `Unverified` unless the proof shows that the new tree begins with the old one.

    As RFC 9162 has it no proof starts from an empty tree: whoever accepts one, as a witness does,
    asks for nothing before coming here.
    """
    _check_hashes(proof)
    if not 0 < old <= new <= MAX_SIZE:
        raise Unverified(f"no proof leads from a tree of {old} leaves to one of {new}")
    if old == new:
        if proof:
            raise Unverified("trees of one size are consistent without a proof, or not at all")
        if old_root != new_root:
            raise Unverified("two trees of one size have different roots")
        return
    _check_hashes((old_root, new_root))
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise Unverified("the consistency proof is too short")
    first, last = old - 1, new - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    old_found = new_found = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise Unverified("the consistency proof is too long")
        if first & 1 or first == last:
            old_found = node_hash(sibling, old_found)
            new_found = node_hash(sibling, new_found)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            new_found = node_hash(new_found, sibling)
        first, last = first >> 1, last >> 1
    if last:
        raise Unverified("the consistency proof is too short")
    if old_found != old_root:
        raise Unverified("the consistency proof starts from another old root")
    if new_found != new_root:
        raise Unverified("the consistency proof leads to another new root")


def complete_subtrees(start: int, end: int) -> list[Node]:
    """The largest complete subtrees that the leaves from `start` to before `end` consist of, from
    left to right, where `start` is a multiple of the least power of two that is no less than the
    number of leaves: as it is for every subtree of an RFC 6962 tree."""
    nodes: list[Node] = []
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append(Node(level, start >> level))
        start += 1 << level
    return nodes


def fold(hashes: Iterable[bytes]) -> bytes:
    """The root above complete subtrees, given from left to right, largest first; at least one."""
    *left, root = hashes
    for hash_ in reversed(left):
        root = node_hash(hash_, root)
    return root


def _roots(ranges: Sequence[Range], hashes: Hashes) -> list[bytes]:
    """The root of each range, with one question for all that they consist of."""
    parts = [complete_subtrees(start, end) for start, end in ranges]
    found = iter(hashes([node for nodes in parts for node in nodes]))
    return [fold([next(found) for _ in nodes]) for nodes in parts]


def _split(count: int) -> int:
    """The largest power of two below the count, which is at least 2."""
    return 1 << ((count - 1).bit_length() - 1)


def _check_hashes(hashes: Iterable[bytes]) -> None:
    if any(len(hash_) != HASH_BYTES for hash_ in hashes):
        raise Unverified(f"a hash has {HASH_BYTES} bytes")
