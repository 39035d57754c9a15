"""Small files that are there whole and for good, or not at all: keys, and what was published."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

OWNER_ONLY = 0o077
"""The rights that others must not have on a file with a secret."""
_DRAFT = ".draft"


def replace_file(path: Path, data: bytes) -> None:
    """Puts the data in the file's place; it is on the disk, under its name, on return."""
    _place(path, data, os.replace)


def create_file(path: Path, data: bytes) -> bool:
    """The same where there is no such file; False where there is, which stays as it is.

    Of two processes that start together one makes the file, and both read that one.
    """
    made = False

    def link(draft: Path, target: Path) -> None:
        nonlocal made
        with suppress(FileExistsError):
            os.link(draft, target)
            made = True

    _place(path, data, link)
    return made


def destroy_drafts(path: Path) -> None:
    """Overwrites and deletes what processes that were killed while they placed the file left.

    Nobody may be placing it meanwhile.
    """
    for draft in path.parent.glob(f".{path.name}.*{_DRAFT}"):
        if not draft.samefile(path):  # killed once it was linked: the file itself
            with draft.open("r+b") as file:
                file.write(os.urandom(draft.stat().st_size))
                file.flush()
                os.fsync(file.fileno())
        draft.unlink()


def is_for_owner_only(path: Path) -> bool:
    """Whether nobody but the file's owner may read or write it."""
    return not path.stat().st_mode & OWNER_ONLY


def _place(path: Path, data: bytes, put: Callable[[Path, Path], None]) -> None:
    # Written whole under a name of its own, with owner-only rights; both content and name are on
    # the disk before anybody relies on them.
    descriptor, name = tempfile.mkstemp(_DRAFT, f".{path.name}.", path.parent)
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        put(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
