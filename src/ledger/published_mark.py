"""The last checkpoint that was published, kept apart from the database: it tells of a restore."""

from __future__ import annotations

from pathlib import Path

from ledger.durable_file import replace_file
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.faults import Malformed
from ledger.tlog.note import Note


class Inconsistent(Exception):
    """What would be signed contradicts what was published: nothing is signed until it is mended."""


class Mark:
    """A file with a checkpoint, written before anybody else sees that."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Checkpoint | None:
        """The checkpoint, or None before the first. Raises `Inconsistent` for a damaged file."""
        if not self.path.exists():
            return None
        try:
            return Checkpoint.parse(Note.parse(self.path.read_bytes()).text)
        except Malformed as error:
            raise Inconsistent(
                f"{self.path} cannot be read ({error}): it says what was published last. Put a copy"
                " of the last published checkpoint in its place"
            ) from None

    def write(self, note: Note) -> None:
        """Remembers a checkpoint, durably."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(self.path, note.to_bytes())
