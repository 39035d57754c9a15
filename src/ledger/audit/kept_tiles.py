"""Compares the tiles that a database keeps with those that follow from its records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ledger.audit.report import Fault, Faulty
from ledger.tlog.merkle import HASH_BYTES
from ledger.tlog.tiles import HEIGHT, WIDTH, Tile, subtree_root
from ledger.tlog.tower import Built

TABLE = "tile"


class KeptTile(NamedTuple):
    """A row of `tile`: a full one, and the root above it."""

    tile: Tile
    hashes: bytes
    root: bytes


class KeptTiles:
    """Takes full tiles as the tree grows; kept ones come sorted by level, then index.

    The tiles above the leaves, 1/256 of all hashes, wait in memory for `finish`. A tile may be
    missing at the end of its level: it is written after the events. But not one of a size that was
    signed, for those are written before.
    """

    def __init__(self, kept: Iterable[KeptTile], signed_size: int) -> None:
        self._kept = iter(kept)
        self._next = next(self._kept, None)
        self._signed_size = signed_size
        self._waiting: dict[int, list[Built]] = {}
        self._missing: Tile | None = None

    def meet(self, built: Built) -> None:
        """The next full tile of its level; raises `Faulty`."""
        if built.tile.level == 0:
            self._compare(built)
        else:
            self._waiting.setdefault(built.tile.level, []).append(built)

    def finish(self) -> None:
        """After all events; raises `Faulty`, also for a tile that the log does not have."""
        for level in sorted(self._waiting):
            for built in self._waiting[level]:
                self._compare(built)
        if self._next is not None:
            raise _fault(self._next.tile, "no such tile in a log of this size", "one")

    def _compare(self, built: Built) -> None:
        tile, kept = built.tile, self._next
        if kept is None or kept.tile != tile:
            if tile.index < self._signed_size >> (HEIGHT * (tile.level + 1)):
                raise _fault(tile, "a tile of a size that was signed", "none")
            self._missing = tile
            return
        if self._missing is not None and self._missing.level == tile.level:
            raise _fault(self._missing, "a tile, as those after it are kept", "none")
        root = subtree_root(built.hashes)
        if built.to_bytes() != kept.hashes:
            raise _differing(built, kept.hashes)
        if root != kept.root:
            raise _fault(tile, f"the root {root.hex()}", kept.root.hex())
        self._next = next(self._kept, None)


def _differing(built: Built, found: bytes) -> Faulty:
    """The first hash that is another."""
    for at, expected in enumerate(built.hashes):
        hash_ = found[at * HASH_BYTES : (at + 1) * HASH_BYTES]
        if hash_ != expected:
            return _fault(built.tile, f"the hash {expected.hex()}", hash_.hex() or "none", at)
    return _fault(built.tile, f"{WIDTH} hashes", "more")


def _fault(tile: Tile, expected: str, found: str, at: int = 0) -> Faulty:
    """At the first event below the hash."""
    first = ((tile.index * WIDTH + at) << (HEIGHT * tile.level)) + 1
    return Faulty(Fault(expected, found, first, f"{TABLE} {tile.level}/{tile.index}"))
