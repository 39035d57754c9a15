"""Random bytes of the operating system, drawn in blocks."""

from __future__ import annotations

import os
import threading


class Randomness:
    """Gives out random bytes: no byte is ever given out twice.

    A system call for each value would give the interpreter's lock away each time, in the middle
    of a burst of proposals. A forked child draws anew: a nonce given twice would break the seal.
    """

    _BLOCK_BYTES = 4_096

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._block = b""
        self._taken = 0

    def take(self, count: int) -> bytes:
        """`count` bytes, at most a block."""
        with self._lock:
            if self._taken + count > len(self._block) or self._process != os.getpid():
                self._process = os.getpid()
                self._block, self._taken = os.urandom(self._BLOCK_BYTES), 0
            start, self._taken = self._taken, self._taken + count
            return self._block[start : self._taken]
