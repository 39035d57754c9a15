"""Builds the tiles of a growing tree (C2SP tlog-tiles) in order, with one row a level in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ledger.tlog.tiles import WIDTH, Tile, subtree_root


class Built(NamedTuple):
    """A tile and its hashes, as many as its width."""

    tile: Tile
    hashes: list[bytes]

    def to_bytes(self) -> bytes:
        """The tile as it is served."""
        return b"".join(self.hashes)


class Tower:
    """Takes hashes from left to right; a full tile's root goes to the level above by itself.

    Mutable and owned by one thread. Whoever has the roots of full tiles adds those at level 1
    alone.
    """

    def __init__(self) -> None:
        self._rows: list[list[bytes]] = []
        self._full: list[int] = []

    def add(self, hash_: bytes, level: int = 0) -> list[Built]:
        """The tiles that the next hash of a level makes full, lowest first: mostly none."""
        built: list[Built] = []
        while True:
            while len(self._rows) <= level:
                self._rows.append([])
                self._full.append(0)
            row = self._rows[level]
            row.append(hash_)
            if len(row) < WIDTH:
                return built
            built.append(Built(Tile(level, self._full[level]), row))
            self._rows[level] = []
            self._full[level] += 1
            hash_, level = subtree_root(row), level + 1

    def partial(self) -> Iterator[Built]:
        """The tiles that are not full yet, lowest first."""
        for level, row in enumerate(self._rows):
            if row:
                yield Built(Tile(level, self._full[level], len(row)), row)
