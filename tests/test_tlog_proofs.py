"""Proofs are those of RFC 6962, and only they are accepted."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.tlog.faults import Unverified
from ledger.tlog.merkle import EMPTY_ROOT
from ledger.tlog.proofs import (
    Node,
    complete_subtrees,
    consistency_proof,
    inclusion_proof,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from tests.strategies import TORTURE
from tests.tlog_trees import consistency_path, inclusion_path, leaves, subtrees, tree_hash

VECTORS = Path(__file__).parents[2] / "shared" / "vectors"
LEAVES = leaves(300)
MUTATIONS = 10_000 if TORTURE else 500


def vectors(name: str) -> list[dict[str, Any]]:
    path = VECTORS / name
    if not path.exists():
        pytest.skip(f"{path} is not here: the vectors are not part of the project")
    return [json.loads(line) for line in path.read_text().splitlines()]


def decoded(vector: dict[str, Any], field: str) -> bytes:
    return base64.b64decode(vector[field] or "")


def is_refused(verify: Any, *arguments: Any) -> bool:
    try:
        verify(*arguments)
    except Unverified:
        return True
    return False


def test_every_inclusion_vector_of_rfc_6962_is_judged_as_it_says() -> None:
    found = vectors("rfc6962-inclusion.ndjson")

    assert len(found) == 98
    for vector in found:
        proof = [base64.b64decode(one) for one in vector["proof"] or ()]
        leaf, root = decoded(vector, "leafHash"), decoded(vector, "root")
        arguments = (leaf, vector["leafIdx"], vector["treeSize"], proof, root)
        assert is_refused(verify_inclusion, *arguments) == vector["wantErr"], vector["name"]


def test_every_consistency_vector_of_rfc_6962_is_judged_as_it_says() -> None:
    found = vectors("rfc6962-consistency.ndjson")

    assert len(found) == 98
    for vector in found:
        proof = [base64.b64decode(one) for one in vector["proof"] or ()]
        roots = decoded(vector, "root1"), decoded(vector, "root2")
        arguments = (vector["size1"], vector["size2"], proof, *roots)
        assert is_refused(verify_consistency, *arguments) == vector["wantErr"], vector["name"]


@pytest.mark.parametrize("size", range(1, 34))
def test_every_inclusion_proof_of_small_trees_is_that_of_the_rfc(size: int) -> None:
    tree = LEAVES[:size]

    for index in range(size):
        proof = inclusion_proof(index, size, subtrees(tree))

        assert proof == inclusion_path(index, tree)
        verify_inclusion(tree[index], index, size, proof, tree_hash(tree))


@pytest.mark.parametrize("new", range(1, 34))
def test_every_consistency_proof_of_small_trees_is_that_of_the_rfc(new: int) -> None:
    tree = LEAVES[:new]

    for old in range(1, new + 1):
        proof = consistency_proof(old, new, subtrees(tree))

        assert proof == consistency_path(old, tree)
        verify_consistency(old, new, proof, tree_hash(tree[:old]), tree_hash(tree))


@given(st.integers(1, len(LEAVES)), st.data())
def test_proofs_of_larger_trees_are_those_of_the_rfc(new: int, data: st.DataObject) -> None:
    tree, old = LEAVES[:new], data.draw(st.integers(1, new))

    assert tree_root(new, subtrees(tree)) == tree_hash(tree)
    assert inclusion_proof(old - 1, new, subtrees(tree)) == inclusion_path(old - 1, tree)
    assert consistency_proof(old, new, subtrees(tree)) == consistency_path(old, tree)


def test_the_empty_tree_has_its_root_and_no_proofs() -> None:
    assert tree_root(0, subtrees([])) == EMPTY_ROOT
    for old, new in ((0, 0), (0, 5), (-1, 5), (6, 5), (1, 2**63)):
        with pytest.raises(ValueError, match="no proof leads"):
            consistency_proof(old, new, subtrees(LEAVES[:5]))
    for index, size in ((0, 0), (5, 5), (-1, 5), (0, 2**63)):
        with pytest.raises(ValueError, match="has none at index"):
            inclusion_proof(index, size, subtrees(LEAVES[:5]))


def test_proofs_in_the_largest_tree_ask_for_few_subtrees() -> None:
    asked: list[Node] = []

    def hashes(nodes: Any) -> list[bytes]:
        asked.extend(nodes)
        return [bytes(32)] * len(nodes)

    size = 2**63 - 1
    assert len(inclusion_proof(size // 3, size, hashes)) <= 63
    assert len(consistency_proof(size // 3, size, hashes)) <= 64
    assert len(asked) <= 63 * 4


def test_subtrees_are_complete_and_in_order() -> None:
    assert complete_subtrees(8, 15) == [Node(2, 2), Node(1, 6), Node(0, 14)]
    assert complete_subtrees(3, 3) == []


@pytest.mark.torture
def test_no_changed_inclusion_proof_is_accepted() -> None:
    random = Random(6962)
    for _ in range(MUTATIONS):
        size = random.randint(1, len(LEAVES))
        index = random.randrange(size)
        tree = LEAVES[:size]
        root, proof = tree_hash(tree), inclusion_path(index, tree)
        truth = (tree[index], index, size, tuple(proof), root)

        changed = mutated_inclusion(random, *truth)

        if same_claim(changed, truth):
            continue
        assert is_refused(verify_inclusion, *changed), (truth, changed)


@pytest.mark.torture
def test_no_changed_consistency_proof_is_accepted() -> None:
    random = Random(9162)
    for _ in range(MUTATIONS):
        new = random.randint(1, len(LEAVES))
        old = random.randint(1, new)
        tree = LEAVES[:new]
        proof = consistency_path(old, tree)
        truth = (old, new, tuple(proof), tree_hash(tree[:old]), tree_hash(tree))

        changed = mutated_consistency(random, *truth)

        if same_claim(changed, truth):
            continue
        assert is_refused(verify_consistency, *changed), (truth, changed)


def same_claim(changed: tuple[Any, ...], truth: tuple[Any, ...]) -> bool:
    return changed == truth


def mutated_inclusion(
    random: Random, leaf: bytes, index: int, size: int, proof: tuple[bytes, ...], root: bytes
) -> tuple[Any, ...]:
    match random.randrange(5):
        case 0:
            return flipped(random, leaf), index, size, proof, root
        case 1:
            return leaf, random.randrange(-1, size + 3), size, proof, root
        case 2 if len(proof) > 0:
            # Trees of other sizes may have the very same path to a leaf: the root tells them apart,
            # and so it is changed with the size.
            other = random.randint(1, len(LEAVES))
            return leaf, index, other, proof, root if other == size else tree_hash(LEAVES[:other])
        case 3:
            return leaf, index, size, proof, flipped(random, root)
    return leaf, index, size, mutated_path(random, proof), root


def mutated_consistency(
    random: Random, old: int, new: int, proof: tuple[bytes, ...], old_root: bytes, new_root: bytes
) -> tuple[Any, ...]:
    match random.randrange(5):
        case 0:
            other = random.randint(1, new)
            return other, new, proof, old_root, new_root
        case 1:
            return old, new, proof, flipped(random, old_root), new_root
        case 2:
            return old, new, proof, old_root, flipped(random, new_root)
        case 3:
            return old, random.randint(0, old), proof, old_root, new_root
    return old, new, mutated_path(random, proof), old_root, new_root


def mutated_path(random: Random, proof: tuple[bytes, ...]) -> tuple[bytes, ...]:
    path = list(proof)
    match random.randrange(5):
        case 0:
            path.insert(random.randint(0, len(path)), random.randbytes(32))
        case 1 if path:
            path.pop(random.randrange(len(path)))
        case 2 if len(path) > 1:
            path.reverse()
        case 3 if path:
            number = random.randrange(len(path))
            path[number] = path[number][: random.randrange(32)]
        case _ if path:
            number = random.randrange(len(path))
            path[number] = flipped(random, path[number])
    return tuple(path)


def flipped(random: Random, hash_: bytes) -> bytes:
    bit = random.randrange(len(hash_) * 8)
    return bytes(
        byte ^ (1 << bit % 8) if number == bit // 8 else byte for number, byte in enumerate(hash_)
    )
