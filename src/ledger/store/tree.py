"""The log's Merkle tree in PostgreSQL: tiles as they are kept, and what follows from them.

A tile is kept once it is complete; the others are computed from the leaves and from the roots of
the tiles below, so that a proof reads O(log size) rows of them, however far the keeper is behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from ledger.tlog.merkle import HASH_BYTES
from ledger.tlog.proofs import Node, consistency_proof, inclusion_proof, tree_root
from ledger.tlog.tiles import HEIGHT, WIDTH, Tile, hash_in_tile, split_hashes, subtree_root, tile_of

Connection = psycopg.Connection[Any]
_TILES_AT_ONCE = 64

_KEPT = """select level, index, hashes from tile
    where (level, index) in (select * from unnest(%s::smallint[], %s::bigint[]))"""
_LEAVES = "select leaf from event where position > %s and position <= %s order by position"
_ROOTS = "select index, root from tile where level = %s and index >= %s and index < %s"
# Tiles of a level are kept in order: the next is the first that is missing.
_NEXT = "select coalesce(max(index) + 1, 0) from tile where level = %s"
# Who else keeps tiles computed the same from the same leaves.
_KEEP = """insert into tile (level, index, hashes, root)
    select %s, * from unnest(%s::bigint[], %s::bytea[], %s::bytea[]) on conflict do nothing"""


class Tree:
    """Reads the tree on one connection; raises LookupError for what the log does not reach."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def inclusion_proof(self, index: int, size: int) -> list[bytes]:
        """As `proofs.inclusion_proof`, of the stored log."""
        return inclusion_proof(index, size, self.hashes)

    def consistency_proof(self, old: int, new: int) -> list[bytes]:
        """As `proofs.consistency_proof`, of the stored log."""
        return consistency_proof(old, new, self.hashes)

    def root(self, size: int) -> bytes:
        """The root of the first `size` leaves."""
        return tree_root(size, self.hashes)

    def hashes(self, nodes: Sequence[Node]) -> list[bytes]:
        """The hashes of complete subtrees, in the order in which they are asked for."""
        widths: dict[tuple[int, int], int] = {}
        for node in nodes:
            level, index = tile_of(node)
            end = ((node.index + 1) << node.level % HEIGHT) - index * WIDTH
            widths[level, index] = max(end, widths.get((level, index), 0))
        rows = self._rows([Tile(*place, width) for place, width in widths.items()])
        return [hash_in_tile(node, rows[tile_of(node)]) for node in nodes]

    def tile(self, tile: Tile) -> list[bytes]:
        """The hashes of one tile, as many as its width."""
        return self._rows([tile])[tile.level, tile.index][: tile.width]

    def _rows(self, tiles: Sequence[Tile]) -> dict[tuple[int, int], list[bytes]]:
        places = ([tile.level for tile in tiles], [tile.index for tile in tiles])
        found = self._connection.cursor(binary=True).execute(_KEPT, places)
        rows = {(level, index): split_hashes(hashes) for level, index, hashes in found}
        for tile in tiles:
            if (tile.level, tile.index) not in rows:
                rows[tile.level, tile.index] = self._computed(tile)
        return rows

    def _computed(self, tile: Tile) -> list[bytes]:
        first = tile.index * WIDTH
        last = first + tile.width
        if tile.level == 0:
            return self.leaves(first, last)
        found = dict(self._select(_ROOTS, [tile.level - 1, first, last]))
        return [
            found.get(below) or subtree_root(self.tile(Tile(tile.level - 1, below)))
            for below in range(first, last)
        ]

    def leaves(self, first: int, last: int) -> list[bytes]:
        """The leaves from index `first` to before `last`."""
        leaves = [leaf for (leaf,) in self._select(_LEAVES, [first, last])]
        if len(leaves) != last - first:
            raise LookupError(f"the log does not reach {last} events")
        return leaves

    def _select(self, statement: str, values: Sequence[int]) -> list[tuple[Any, ...]]:
        cursor = self._connection.cursor(binary=True)
        return cursor.execute(statement.encode(), values).fetchall()


def keep_tiles(connection: Connection, size: int) -> int:
    """Keeps all complete tiles of the first `size` leaves; how many were new.

    Durable on return where the connection is in autocommit. From the leaves up: a tile's hashes
    are the roots of those below it.
    """
    tree, kept, level = Tree(connection), 0, 0
    while complete := size >> (HEIGHT * (level + 1)):
        row = connection.execute(_NEXT, [level]).fetchone()
        assert row is not None  # an aggregate has a row
        for first in range(row[0], complete, _TILES_AT_ONCE):
            indexes = range(first, min(first + _TILES_AT_ONCE, complete))
            rows = _hashes_of(tree, level, indexes)
            roots = [subtree_root(row) for row in rows]
            values = [level, list(indexes), [b"".join(row) for row in rows], roots]
            connection.cursor(binary=True).execute(_KEEP, values)
            kept += len(indexes)
        level += 1
    return kept


def _hashes_of(tree: Tree, level: int, indexes: range) -> list[list[bytes]]:
    """The hashes of complete tiles side by side, with one look at the leaves for all of them."""
    if level:
        return [tree.tile(Tile(level, index)) for index in indexes]
    leaves = tree.leaves(indexes.start * WIDTH, indexes.stop * WIDTH)
    return [leaves[start : start + WIDTH] for start in range(0, len(leaves), WIDTH)]


def to_bytes(hashes: Sequence[bytes]) -> bytes:
    """A tile as it is served."""
    assert all(len(one) == HASH_BYTES for one in hashes)
    return b"".join(hashes)
