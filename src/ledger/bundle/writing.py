"""Writes the tree of a bundle: hash tiles, entry bundles and their index, 256 events at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import orjson

from ledger.bundle import layout
from ledger.store.contract import StoredEvent
from ledger.tlog.merkle import Frontier
from ledger.tlog.proofs import Node
from ledger.tlog.tiles import (
    WIDTH,
    Tile,
    encode_entries,
    hash_in_tile,
    split_hashes,
    tile_of,
    tile_width,
)
from ledger.tlog.tower import Built, Tower


class TreeWriter:
    """Takes events in order; `finish` writes what is not full."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._tower = Tower()
        self._frontier = Frontier()
        self._events: list[StoredEvent] = []
        self._folders: set[Path] = set()
        self.packs: dict[str, bytes] = {}
        """The packs of rules among the events, by file."""

    @property
    def size(self) -> int:
        """How many events it has taken."""
        return self._frontier.size

    @property
    def root(self) -> bytes:
        """The tree hash of all of them."""
        return self._frontier.root()

    def add(self, event: StoredEvent) -> None:
        """Takes in the next event."""
        self._events.append(event)
        self._frontier.append(event.leaf)
        if event.kind == layout.PACK_KIND:
            body = orjson.loads(event.record)["body"]
            self.packs[layout.pack_file(event.position)] = layout.pack_document(body)
        built = self._tower.add(event.leaf)
        if built:
            self._write_tiles(built)
            self._write_entries(built[0].tile.index)

    def finish(self) -> None:
        """Writes the partial tiles; nothing can be added after it."""
        self._write_tiles(self._tower.partial())
        if self._events:
            self._write_entries(self.size // WIDTH)

    def hashes(self, nodes: Sequence[Node]) -> list[bytes]:
        """The hashes of complete subtrees, read from the tiles written; only after `finish`."""
        return [hash_in_tile(node, self._tile(*tile_of(node))) for node in nodes]

    def _tile(self, level: int, index: int) -> list[bytes]:
        tile = Tile(level, index, tile_width(level, index, self.size))
        return split_hashes((self._directory / layout.tile_file(tile)).read_bytes())

    def _write_tiles(self, tiles: Iterable[Built]) -> None:
        for built in tiles:
            self._write(layout.tile_file(built.tile), built.to_bytes())

    def _write_entries(self, index: int) -> None:
        events, width = self._events, len(self._events)
        entries = encode_entries(event.record for event in events)
        lines = [layout.index_line(event.kind, event.tags) + b"\n" for event in events]
        self._write(layout.entries_file(index, width), entries)
        self._write(layout.index_file(index, width), b"".join(lines))
        self._events = []

    def _write(self, file: str, data: bytes) -> None:
        path = self._directory / file
        if path.parent not in self._folders:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._folders.add(path.parent)
        path.write_bytes(data)
