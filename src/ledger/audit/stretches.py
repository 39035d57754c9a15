"""Checks a stretch of a bundle, 256 events at a time, by itself: in whatever process, in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from ledger.audit.folder import Folder
from ledger.audit.history import in_order
from ledger.audit.records import Facts, examine
from ledger.audit.report import Fault, Faulty, differing, shown
from ledger.bundle import layout
from ledger.tlog.merkle import HASH_BYTES, Frontier, leaf_hash
from ledger.tlog.tiles import (
    MAX_ENTRY_BYTES,
    WIDTH,
    Tile,
    split_hashes,
    subtree_root,
    tile_width,
)


class Stretch(NamedTuple):
    """Some entry bundles in a row, and what their bundle claims to be."""

    directory: Path
    origin: str
    size: int
    cuts: tuple[int, ...]
    """The sizes at which the tree's root is wanted."""
    first: int
    end: int
    """Indexes of entry bundles: the first, and the one after the last."""


@dataclass(slots=True)
class Checked:
    """One entry bundle: what its surroundings need to know, up to the fault if there is one."""

    index: int
    width: int
    ids: bytearray = field(default_factory=bytearray)
    """16 bytes an event."""
    first_at: datetime | None = None
    last_at: datetime | None = None
    root: bytes | None = None
    """Of the tile, where it is full."""
    cuts: list[tuple[int, bytes]] = field(default_factory=list)
    """(size, the subtree hashes of this tile's leaves up to there)."""
    packs: list[int] = field(default_factory=list)
    """The positions of packs of rules."""
    fault: Fault | None = None

    @property
    def first(self) -> int:
        """The position of the first event."""
        return self.index * WIDTH + 1


def check_stretch(stretch: Stretch) -> list[Checked]:
    """All of it, or what comes before the first fault and the fault."""
    found: list[Checked] = []
    for index in range(stretch.first, stretch.end):
        checked = Checked(index, tile_width(0, index, stretch.size))
        found.append(checked)
        try:
            leaves = _check_events(stretch, checked)
            _add_hashes(stretch, checked, leaves)
        except Faulty as faulty:
            checked.fault = faulty.fault
            break
    return found


def _check_events(stretch: Stretch, checked: Checked) -> bytes:
    """Every event of an entry bundle; the hashes of its leaves."""
    folder, width, first = Folder(stretch.directory), checked.width, checked.first
    tile = layout.tile_file(Tile(0, checked.index, width))
    leaves = folder.read(tile, width * HASH_BYTES, first)
    entries = _Entries(folder, layout.entries_file(checked.index, width), width, first)
    lines = _Lines(folder, layout.index_file(checked.index, width), width, first)
    for position in range(first, first + width):
        record = entries.next(position)
        _check_leaf(position, record, leaves, tile)
        facts = examine(position, record, stretch.origin)
        lines.check(position, facts)
        _take(folder, checked, position, facts)
    entries.end(first + width - 1)
    lines.end(first + width - 1)
    return leaves


class _Entries:
    """Reads the records of an entry bundle one after the other; all of it may be wrong."""

    def __init__(self, folder: Folder, file: str, width: int, first: int) -> None:
        self._data = folder.read(file, width * (2 + MAX_ENTRY_BYTES), first)
        self._file = file
        self._at = 0

    def next(self, position: int) -> bytes:
        """The record of the next position."""
        start = self._at + 2
        length = int.from_bytes(self._data[self._at : start])
        self._at = start + length
        if self._at > len(self._data):
            found = f"the file's end after {len(self._data)}"
            raise Faulty(Fault(f"a record up to byte {self._at}", found, position, self._file))
        return self._data[start : self._at]

    def end(self, last: int) -> None:
        """That nothing follows."""
        left = len(self._data) - self._at
        if left:
            raise Faulty(Fault(f"the end after event {last}", f"{left} more bytes", last,
                               self._file))  # fmt: skip


class _Lines:
    """Compares the lines of an index file with what the records say."""

    def __init__(self, folder: Folder, file: str, width: int, first: int) -> None:
        # A line repeats a part of its record.
        *self._lines, self._rest = folder.read(file, width * MAX_ENTRY_BYTES, first).split(b"\n")
        self._file = file
        self._first = first

    def check(self, position: int, facts: Facts) -> None:
        """That the position's line says what its record says."""
        at = position - self._first
        expected = layout.index_line(facts.kind, facts.tags)
        if at >= len(self._lines):
            raise Faulty(Fault(shown(expected), "the file's end", position, self._file))
        if self._lines[at] != expected:
            both = differing(expected, self._lines[at])
            raise Faulty(Fault(*both, position, self._file))

    def end(self, last: int) -> None:
        """That nothing follows."""
        if self._rest or len(self._lines) != last - self._first + 1:
            found = shown(self._rest or self._lines[last - self._first + 1])
            raise Faulty(Fault(f"the end after event {last}", found, last, self._file))


def _check_leaf(position: int, record: bytes, leaves: bytes, file: str) -> None:
    at = (position - 1) % WIDTH * HASH_BYTES
    said, leaf = leaves[at : at + HASH_BYTES], leaf_hash(record)
    if leaf != said:
        said_there = f"a record with the leaf hash {said.hex() or 'that is missing'}"
        raise Faulty(Fault(said_there, f"one with {leaf.hex()}", position, file))


def _take(folder: Folder, checked: Checked, position: int, facts: Facts) -> None:
    if checked.last_at is None:
        checked.first_at = checked.last_at = facts.recorded_at
    checked.last_at = in_order(position, checked.last_at, facts.recorded_at)
    checked.ids += facts.id
    if facts.kind == layout.PACK_KIND:
        file, expected = layout.pack_file(position), layout.pack_document(facts.body)
        found = folder.read(file, len(expected) + 1, position)
        if found != expected:
            raise Faulty(Fault(*differing(expected, found), position, file))
        checked.packs.append(position)


def _add_hashes(stretch: Stretch, checked: Checked, leaves: bytes) -> None:
    hashes = split_hashes(leaves)
    if checked.width == WIDTH:
        checked.root = subtree_root(hashes)
    before = checked.index * WIDTH
    for size in stretch.cuts:
        if before < size <= before + checked.width:
            part = Frontier()
            for leaf in hashes[: size - before]:
                part.append(leaf)
            checked.cuts.append((size, part.to_bytes()))
