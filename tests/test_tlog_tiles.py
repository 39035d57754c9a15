"""Tiles have the names and the hashes that C2SP tlog-tiles gives them."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.tlog.faults import Malformed
from ledger.tlog.proofs import Node
from ledger.tlog.tiles import (
    Tile,
    decode_entries,
    encode_entries,
    hash_in_tile,
    index_path,
    parse_index,
    parse_path,
    split_hashes,
    tile_of,
    tile_width,
    tiles_of,
)
from tests.tlog_trees import leaves, tree_hash


def test_a_tree_of_70_000_has_the_tiles_that_the_specification_counts() -> None:
    tiles = list(tiles_of(70_000))

    assert Counter((tile.level, tile.width) for tile in tiles) == {
        (0, 256): 273,
        (0, 112): 1,
        (1, 256): 1,
        (1, 17): 1,
        (2, 1): 1,
    }


def test_a_tree_of_256_has_a_full_tile_and_a_partial_one_above_it() -> None:
    assert list(tiles_of(256)) == [Tile(0, 0), Tile(1, 0, 1)]
    assert list(tiles_of(0)) == []


def test_an_index_is_written_in_groups_of_three() -> None:
    assert index_path(1_234_067) == "x001/x234/067"
    assert index_path(0, 5) == "000.p/5"
    assert Tile(63, 1_000, 255).path == "63/x001/000.p/255"


@given(st.integers(0, 63), st.integers(0, 2**55), st.integers(1, 256))
def test_every_path_is_read_as_it_was_written(level: int, index: int, width: int) -> None:
    tile = Tile(level, index, width)

    assert parse_path(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "", "0", "0/", "0/1", "0/0001", "0/x001", "0/x000/001", "0/001/002", "0/x1234/067",
        "00/001", "64/001", "-1/001", "+1/001", "0x1/001", "٣/001", "0/٠٠١",
        "0/001.p/0", "0/001.p/256", "0/001.p/01", "0/001.p/", "0/001.p/-1", "0/001.p/5/",
        "0/001/", "/0/001", "0/X001/234", "0/001.p/5.p/5", "0/001\n", "entries/001",
        "0/" + "x999/" * 30 + "999", "9" * 5000 + "/001",
    ],
)  # fmt: skip
def test_other_spellings_are_refused(path: str) -> None:
    with pytest.raises(Malformed):
        parse_path(path)


def test_an_index_alone_is_read_for_entries() -> None:
    assert parse_index("x001/x234/067") == (1_234_067, 256)
    assert parse_index("001.p/7") == (1, 7)


@pytest.mark.parametrize("size", [1, 255, 256, 257, 511, 512, 70_000, 2**24, 2**24 + 300])
def test_the_width_of_a_tile_is_what_the_specification_says(size: int) -> None:
    for level in range(4):
        full, rest = divmod(size // 256**level, 256)
        assert tile_width(level, full, size) == rest
        assert tile_width(level, full + 1, size) == 0
        assert full == 0 or tile_width(level, full - 1, size) == 256


@pytest.mark.parametrize("level", range(10))
def test_the_hash_of_a_subtree_follows_from_its_tile(level: int) -> None:
    tree = leaves(3 * 256)
    node = Node(level, 1)

    first = node.index << level
    tile_level, tile_index = tile_of(node)
    step = 256**tile_level
    row = [
        tree_hash(tree[i * step : (i + 1) * step])
        for i in range(tile_index * 256, min((tile_index + 1) * 256, len(tree) // step))
    ]

    if first + (1 << level) <= len(tree):
        assert hash_in_tile(node, row) == tree_hash(tree[first : first + (1 << level)])
    else:
        with pytest.raises(ValueError, match="too few"):
            hash_in_tile(node, row)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_entries_are_read_as_they_were_written(records: list[bytes]) -> None:
    assert decode_entries(encode_entries(records)) == records


def test_an_entry_has_its_length_before_it() -> None:
    assert encode_entries([b"ab", b"", b"c" * 300]) == b"\x00\x02ab\x00\x00\x01\x2c" + b"c" * 300


@pytest.mark.parametrize(
    "bundle", [b"\x00", b"\x00\x02a", b"\x00\x01ab", b"\xff\xff" + b"a" * 65_534]
)
def test_an_entry_that_ends_too_early_is_malformed(bundle: bytes) -> None:
    with pytest.raises(Malformed, match="ends within"):
        decode_entries(bundle)


@pytest.mark.parametrize("count", [0, 1, 31, 33, 257 * 32])
def test_a_tile_is_whole_hashes(count: int) -> None:
    with pytest.raises(Malformed):
        split_hashes(bytes(count))
