"""Tiles and entry bundles of C2SP tlog-tiles: which there are, what they hold, their names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ledger.tlog.faults import Malformed
from ledger.tlog.merkle import HASH_BYTES, node_hash
from ledger.tlog.proofs import Node

HEIGHT = 8
WIDTH = 1 << HEIGHT
"""How many hashes a full tile holds: those of 256 subtrees side by side."""
MAX_LEVEL = 63
MAX_ENTRY_BYTES = 65_535

_INDEX = re.compile(r"(?:x\d{3}/)*\d{3}", re.ASCII)
_NUMBER = re.compile(r"0|[1-9]\d{0,17}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Tile:
    """The hashes of `width` subtrees of 256**level leaves each, from index * 256 on."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def is_full(self) -> bool:
        """Whether it will never grow."""
        return self.width == WIDTH

    @property
    def path(self) -> str:
        """`<L>/<N>[.p/<W>]`, as it follows `tile/`."""
        return f"{self.level}/{index_path(self.index, self.width)}"


def index_path(index: int, width: int = WIDTH) -> str:
    """`<N>[.p/<W>]`: 1234067 is `x001/x234/067`."""
    groups = [f"{index % 1000:03d}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03d}")
    return "/".join(reversed(groups)) + ("" if width == WIDTH else f".p/{width}")


def parse_index(text: str) -> tuple[int, int]:
    """(index, width) of `<N>[.p/<W>]`; raises `Malformed` for what `index_path` never writes."""
    number, mark, width_text = text.partition(".p/")
    if _INDEX.fullmatch(number) is None or number.startswith("x000/") or len(number) > 30:
        raise Malformed("a tile's index is written as x001/x234/067")
    width = WIDTH
    if mark:
        width = _number(width_text, "a partial tile's width")
        if not 1 <= width < WIDTH:
            raise Malformed("a partial tile's width is 1 to 255")
    return int(number.replace("/", "").replace("x", "")), width


def parse_path(text: str) -> Tile:
    """The tile of `<L>/<N>[.p/<W>]`; raises `Malformed`."""
    level_text, _, rest = text.partition("/")
    level = _number(level_text, "a tile's level")
    if level > MAX_LEVEL:
        raise Malformed("a tile's level is 0 to 63")
    return Tile(level, *parse_index(rest))


def tile_width(level: int, index: int, size: int) -> int:
    """How many hashes a tile has in a tree of this size: 0 where there is none."""
    return max(0, min(WIDTH, (size >> (HEIGHT * level)) - index * WIDTH))


def tiles_of(size: int) -> Iterator[Tile]:
    """All tiles of a tree of this size, level by level from the leaves up; none is empty."""
    level = 0
    while hashes := size >> (HEIGHT * level):
        for index in range(-(-hashes // WIDTH)):
            yield Tile(level, index, tile_width(level, index, size))
        level += 1


def tile_of(node: Node) -> tuple[int, int]:
    """(level, index) of the tile from whose hashes that of a complete subtree follows."""
    height = node.level % HEIGHT
    return node.level // HEIGHT, node.index >> (HEIGHT - height)


def hash_in_tile(node: Node, hashes: Sequence[bytes]) -> bytes:
    """The hash of a complete subtree from the hashes of its tile (`tile_of`)."""
    height = node.level % HEIGHT
    first = (node.index << height) % WIDTH
    row = list(hashes[first : first + (1 << height)])
    if len(row) != 1 << height:
        raise ValueError(f"the tile has {len(hashes)} hashes: too few for {node}")
    return subtree_root(row)


def subtree_root(row: Sequence[bytes]) -> bytes:
    """The root above 2**n hashes that stand side by side."""
    while len(row) > 1:
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    return row[0]


def split_hashes(tile: bytes) -> list[bytes]:
    """The hashes of a tile's bytes; raises `Malformed` unless there are 1 to 256 whole ones."""
    if not tile or len(tile) % HASH_BYTES or len(tile) > WIDTH * HASH_BYTES:
        raise Malformed(f"a tile is 1 to {WIDTH} hashes of {HASH_BYTES} bytes")
    return [tile[i : i + HASH_BYTES] for i in range(0, len(tile), HASH_BYTES)]


def encode_entries(records: Iterable[bytes]) -> bytes:
    """An entry bundle: each record behind its length, a big-endian uint16."""
    return b"".join(len(record).to_bytes(2) + record for record in records)


def decode_entries(bundle: bytes) -> list[bytes]:
    """The records of an entry bundle; raises `Malformed` where it ends in the middle of one."""
    records: list[bytes] = []
    at, end = 0, len(bundle)
    while at < end:
        start = at + 2
        at = start + int.from_bytes(bundle[at:start])
        if at > end:
            raise Malformed(f"the entry bundle ends within its entry {len(records)}")
        records.append(bundle[start:at])
    return records


def _number(text: str, what: str) -> int:
    if _NUMBER.fullmatch(text) is None:
        raise Malformed(f"{what} is a decimal number without leading zeros")
    return int(text)
