"""The frontier gives the tree hashes of RFC 6962, section 2.1."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.tlog.merkle import EMPTY_ROOT, Frontier, leaf_hash, node_hash

# The test vectors of Certificate Transparency's reference implementations: the roots of the trees
# of the first 1 to 8 of these entries.
ENTRIES = tuple(
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
)
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def tree_hash(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, word for word: split at the largest power of two below the size."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + tree_hash(leaves[:split]) + tree_hash(leaves[split:])).digest()


def frontier_of(leaves: list[bytes]) -> Frontier:
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert Frontier().root() == EMPTY_ROOT
    assert Frontier().to_bytes() == b""


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_are_those_of_the_known_vectors(size: int) -> None:
    frontier = frontier_of([leaf_hash(entry) for entry in ENTRIES[:size]])

    assert frontier.root().hex() == ROOTS[size - 1]


def test_every_size_up_to_600_has_the_root_of_the_definition() -> None:
    leaves = [leaf_hash(b"%d" % number) for number in range(600)]
    frontier = Frontier()

    for size in range(601):
        assert frontier.root() == tree_hash(leaves[:size])
        assert frontier.size == size
        assert len(frontier.to_bytes()) == 32 * size.bit_count()
        if size < 600:
            frontier.append(leaves[size])


@given(records=st.lists(st.binary(max_size=40), max_size=70), cut=st.integers(0, 70))
def test_a_frontier_stored_at_any_size_goes_on_as_if_it_had_not_been(
    records: list[bytes], cut: int
) -> None:
    leaves = [leaf_hash(record) for record in records]
    before = frontier_of(leaves[:cut])

    after = Frontier.from_bytes(before.size, before.to_bytes())
    for leaf in leaves[cut:]:
        after.append(leaf)

    assert after.root() == tree_hash(leaves)
    assert after.to_bytes() == frontier_of(leaves).to_bytes()


@given(records=st.lists(st.binary(max_size=8), min_size=1, max_size=40), data=st.data())
def test_one_changed_record_changes_the_root(records: list[bytes], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(records) - 1))
    changed = [*records]
    changed[place] += b"!"

    roots = [
        frontier_of([leaf_hash(record) for record in version]).root()
        for version in (records, changed)
    ]

    assert roots[0] != roots[1]


def test_a_node_cannot_pass_for_a_leaf() -> None:
    left, right = leaf_hash(b"left"), leaf_hash(b"right")

    assert node_hash(left, right) != leaf_hash(left + right)
    assert node_hash(left, right) != node_hash(right, left)


def test_a_copy_is_a_tree_of_its_own() -> None:
    original = frontier_of([leaf_hash(b"1"), leaf_hash(b"2"), leaf_hash(b"3")])

    copied = original.copy()
    copied.append(leaf_hash(b"4"))

    assert (original.size, copied.size) == (3, 4)
    assert original.root() == tree_hash([leaf_hash(b"%d" % n) for n in (1, 2, 3)])


@pytest.mark.parametrize(
    ("size", "data"), [(1, b""), (0, bytes(32)), (3, bytes(32)), (2, bytes(33)), (1, bytes(31))]
)
def test_a_frontier_that_does_not_fit_its_size_is_refused(size: int, data: bytes) -> None:
    with pytest.raises(ValueError, match=r"complete subtrees|32-byte hashes"):
        Frontier.from_bytes(size, data)
