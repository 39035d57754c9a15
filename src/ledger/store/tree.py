"""The log's Merkle tree in PostgreSQL: tiles as they are kept, and what follows from them.

A tile is kept once it is complete; the others are computed from the leaves and from the roots of
the tiles below, so that a proof reads O(log size) rows of them, however far the keeper is behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString

import psycopg

from ledger.tlog.merkle import HASH_BYTES
from ledger.tlog.proofs import Node, consistency_proof, inclusion_proof, tree_root
from ledger.tlog.tiles import HEIGHT, WIDTH, Tile, hash_in_tile, split_hashes, subtree_root, tile_of

Connection = psycopg.Connection[Any]
_TILES_AT_ONCE = 64

# Tiles as they are kept, and of the others what there is of them, in one round trip: to wait for
# the server several times is most of what a proof takes. A row is null or too short where the log
# ends before, or where tiles below are not kept yet.
_ROWS = """select wanted.level, wanted.index, coalesce(kept.hashes, case wanted.level
        when 0 then (
            select string_agg(leaf, '' order by position) from event
            where position > wanted.index * 256 and position <= wanted.index * 256 + width)
        else (
            select string_agg(root, '' order by below.index) from tile as below
            where below.level = wanted.level - 1
            and below.index >= wanted.index * 256 and below.index < wanted.index * 256 + width)
        end)
    from unnest(%s::smallint[], %s::bigint[], %s::integer[]) as wanted (level, index, width)
    left join tile as kept on kept.level = wanted.level and kept.index = wanted.index"""
_ROOTS = "select index, root from tile where level = %s and index >= %s and index < %s"
# Tiles of a level are kept in order: the next is the first that is missing.
_NEXT = "select coalesce(max(index) + 1, 0) from tile where level = %s"
# Who else keeps tiles computed the same from the same leaves. In binary (%b): as text a tile would
# be written in hex, escaped, and read again.
_KEEP = """insert into tile (level, index, hashes, root)
    select %s, * from unnest(%s::bigint[], %b::bytea[], %b::bytea[]) on conflict do nothing"""


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
        return self.tiles([tile])[0]

    def tiles(self, tiles: Sequence[Tile]) -> list[list[bytes]]:
        """The same of several, each another one, with one question for all."""
        rows = self._rows(tiles)
        return [rows[tile.level, tile.index][: tile.width] for tile in tiles]

    def _rows(self, tiles: Sequence[Tile]) -> dict[tuple[int, int], list[bytes]]:
        levels, indexes = [tile.level for tile in tiles], [tile.index for tile in tiles]
        found = self._select(_ROWS, [levels, indexes, [tile.width for tile in tiles]])
        rows = {(level, index): hashes for level, index, hashes in found}
        return {
            (tile.level, tile.index): self._complete(tile, rows[tile.level, tile.index] or b"")
            for tile in tiles
        }

    def _complete(self, tile: Tile, hashes: bytes) -> list[bytes]:
        """The hashes of a tile; computed where tiles below it are not kept yet."""
        if len(hashes) >= tile.width * HASH_BYTES:
            return split_hashes(hashes)
        first = tile.index * WIDTH
        last = first + tile.width
        if tile.level == 0:
            raise LookupError(f"the log does not reach {last} events")
        roots = dict(self._select(_ROOTS, [tile.level - 1, first, last]))
        missing = [below for below in range(first, last) if below not in roots]
        rows = self._rows([Tile(tile.level - 1, below) for below in missing])
        roots |= {below: subtree_root(row) for (_, below), row in rows.items()}
        return [roots[below] for below in range(first, last)]

    def _select(self, statement: LiteralString, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        return self._connection.cursor(binary=True).execute(statement, values).fetchall()


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
            rows = tree.tiles([Tile(level, index) for index in indexes])
            roots = [subtree_root(row) for row in rows]
            values = [level, list(indexes), [b"".join(row) for row in rows], roots]
            connection.execute(_KEEP, values)
            kept += len(indexes)
        level += 1
    return kept
