"""What the ledger itself wrote of a subject in clear, for the subject: it goes with an erasure."""

from __future__ import annotations

import os
import shutil
from hashlib import sha256
from pathlib import Path


class Exports:
    """A folder, for its owner alone, with one folder a subject."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, subject: str, name: str) -> Path:
        """Where a file about the subject goes; the folder is made."""
        folder = self._of(subject)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder.chmod(0o700)
        return folder / name

    def write(self, subject: str, name: str, data: bytes) -> Path:
        """Writes a file that its owner alone can read; the path."""
        path = self.path(subject, name)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
            file.write(data)
        return path

    def delete(self, subject: str) -> None:
        """Deletes all that was written of the subject; raises OSError where that fails."""
        folder = self._of(subject)
        if folder.exists():
            shutil.rmtree(folder)

    def _of(self, subject: str) -> Path:
        # A digest: a subject is a tag, which may hold what a file system does not.
        return self._folder / sha256(subject.encode()).hexdigest()[:32]
