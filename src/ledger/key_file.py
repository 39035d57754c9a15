"""A secret key of our own in a file: made at first, with owner-only rights."""

from __future__ import annotations

import os
from pathlib import Path

from ledger.durable_file import create_file

KEY_BYTES = 32


def load_or_make_key(path: Path) -> bytes:
    """The 32-byte key in the file, made where the file is absent.

    Raises ValueError for a file of another length: a wrong key must stop the start, not garble.
    """
    if not path.exists():
        # On the disk before anybody relies on it: a key lost with the power would take with it
        # what was made under it.
        create_file(path, os.urandom(KEY_BYTES))
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise ValueError(f"{path} is not a key of {KEY_BYTES} bytes")
    return key
