"""A bundle read as a store: for whoever folds its events again, without a ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from eventsourcing.dcb.api import DCBQuery

from ledger import catalogue
from ledger.audit.folder import Folder
from ledger.audit.report import Unreadable
from ledger.bundle import layout
from ledger.store.contract import StoredEvent, matches
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.faults import Malformed
from ledger.tlog.merkle import leaf_hash
from ledger.tlog.note import MAX_NOTE_BYTES, Note
from ledger.tlog.tiles import MAX_ENTRY_BYTES, WIDTH, decode_entries, tile_width

_BUNDLE_BYTES = WIDTH * (MAX_ENTRY_BYTES + 2)


class BundleStore:
    """The first `size` events of a bundle (all of them by default), page by page from its files.

    It reads and never appends, and it believes what it reads: verify the bundle before. Raises
    `Unreadable` for files that are not there or cannot be read.
    """

    def __init__(self, directory: Path, size: int | None = None) -> None:
        self._folder = Folder(directory)
        try:
            note = Note.parse(self._folder.read(layout.CHECKPOINT, MAX_NOTE_BYTES))
            self._whole = Checkpoint.parse(note.text).size
        except Malformed as error:
            raise Unreadable(f"{layout.CHECKPOINT}: {error}") from None
        self._size = self._whole if size is None else size
        if not 0 <= self._size <= self._whole:
            raise Unreadable(f"the bundle has {self._whole} events, not {self._size}")

    def size(self) -> int:
        """The last position that it shows."""
        return self._size

    def read(
        self,
        query: DCBQuery | None = None,
        *,
        after: int = 0,
        limit: int | None = None,
        until: int | None = None,
    ) -> Iterator[StoredEvent]:
        """As `Store.read`."""
        end = self._size if until is None else min(until, self._size)
        left = end if limit is None else limit
        for index in range(after // WIDTH, -(-end // WIDTH)):
            for position, record in self._records(index):
                if left <= 0:
                    return
                if not after < position <= end:
                    continue
                recorded = catalogue.decode(position, record)
                if matches(query, recorded.kind, set(recorded.tags)):
                    left -= 1
                    yield StoredEvent(
                        position, recorded.kind, recorded.tags, record, leaf_hash(record)
                    )

    def _records(self, index: int) -> Iterator[tuple[int, bytes]]:
        file = layout.entries_file(index, tile_width(0, index, self._whole))
        try:
            records = decode_entries(self._folder.read(file, _BUNDLE_BYTES))
        except Malformed as error:
            raise Unreadable(f"{file}: {error}") from None
        return iter(enumerate(records, index * WIDTH + 1))
