"""The tree above a bundle's records: its upper tiles, and its root at every size signed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ledger.audit.folder import Folder
from ledger.audit.report import Fault, Faulty
from ledger.audit.stretches import Checked
from ledger.bundle import layout
from ledger.tlog.merkle import EMPTY_ROOT, HASH_BYTES, Frontier
from ledger.tlog.note import encode_base64
from ledger.tlog.proofs import fold
from ledger.tlog.tiles import HEIGHT, WIDTH
from ledger.tlog.tower import Built, Tower


@dataclass(slots=True)
class Cut:
    """A size at which somebody signed a root."""

    size: int
    root: bytes
    source: str
    """Where that is said."""
    is_met: bool = False


class Roots:
    """Takes checked entry bundles in order, and holds the tree above them to files and roots."""

    def __init__(self, folder: Folder, cuts: Sequence[Cut]) -> None:
        """The cuts in order of size."""
        self._folder = folder
        self._cuts: dict[int, list[Cut]] = {}
        self._tiles = Frontier()
        self._tower = Tower()
        self._met = 0
        for cut in cuts:
            self._cuts.setdefault(cut.size, []).append(cut)
        for cut in self._cuts.get(0, ()):
            self._meet(cut, EMPTY_ROOT)

    def take(self, checked: Checked) -> None:
        """The next entry bundle, in which no fault was found; raises `Faulty`."""
        below = _hashes(self._tiles.to_bytes())
        for size, part in checked.cuts:
            root = fold([*below, *_hashes(part)])
            for cut in self._cuts[size]:
                self._meet(cut, root)
        if checked.root is not None:
            self._tiles.append(checked.root)
            self._compare(self._tower.add(checked.root, level=1))

    def finish(self) -> None:
        """After the last one: the tiles that are not full."""
        self._compare(self._tower.partial())

    def _meet(self, cut: Cut, root: bytes) -> None:
        if root != cut.root:
            expected = f"the root {encode_base64(cut.root)} of {cut.source} at size {cut.size}"
            where = f"something of the positions {self._met + 1} to {cut.size} is not what it was"
            found = f"{encode_base64(root)}: {where}"
            raise Faulty(Fault(expected, found, file=layout.CHECKPOINT))
        cut.is_met = True
        self._met = cut.size

    def _compare(self, tiles: Iterable[Built]) -> None:
        for tile, hashes in tiles:
            file = layout.tile_file(tile)
            found = _hashes(self._folder.read(file, len(hashes) * HASH_BYTES))
            for at, expected in enumerate(hashes):
                hash_ = found[at] if at < len(found) else b""
                if hash_ != expected:
                    first = (tile.index * WIDTH + at) << (HEIGHT * tile.level)
                    is_ = f"the hash {expected.hex()} for the events from position {first + 1} on"
                    raise Faulty(Fault(is_, hash_.hex() or "none", first + 1, file))


def _hashes(data: bytes) -> list[bytes]:
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]
