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
        try:
            note = self.note()
            return note and Checkpoint.parse(note.text)
        except Malformed as error:
            raise Inconsistent(
                f"{self.path} cannot be read ({error}): it says what was published last. Put a copy"
                " of the last published checkpoint in its place"
            ) from None

    def note(self) -> Note | None:
        """The checkpoint as it was signed; raises `Malformed` for a damaged file."""
        return Note.parse(self.path.read_bytes()) if self.path.exists() else None

    def write(self, note: Note | None) -> None:
        """Remembers a checkpoint, durably; None forgets the first one."""
        if note is None:
            self.path.unlink(missing_ok=True)
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(self.path, note.to_bytes())
