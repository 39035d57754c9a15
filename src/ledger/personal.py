"""Personal data: committed to in the event, sealed beside the log (AES-256-GCM, NIST SP 800-38D).

For now one key file seals all; a key per subject is its own piece of work. The commitment is
SHA-256(salt || value) with 32 random bytes of salt, so that no guess can be tried against it.
"""

from __future__ import annotations

import os
import threading
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.durable_file import create_file
from ledger.event import Commitment

SALT_BYTES = 32
_NONCE_BYTES = 12
KEY_BYTES = 32


class SealedValue(NamedTuple):
    """One personal value as the vault stores it; `ciphertext` is nonce || AES-GCM(salt || value).

    The event's id, the field and the subject are associated data: a sealed value moved to another
    place does not open.
    """

    event_id: str
    field: str
    subject: str
    ciphertext: bytes


class DamagedValue(Exception):
    """A sealed value that does not open under the key, or does not match its commitment."""


class Randomness:
    """Random bytes of the operating system, drawn in blocks: no byte is ever given out twice.

    A system call for each value would give the interpreter's lock away each time, in the middle
    of a burst of proposals. A forked child draws anew: a nonce given twice would break the seal.
    """

    _BLOCK_BYTES = 4096

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


class Vault:
    """Seals and opens personal values under one 256-bit key, which is never in the database."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"the vault's key has {KEY_BYTES} bytes, not {len(key)}")
        self._cipher = AESGCM(key)
        self._randomness = Randomness()

    def seal(
        self, event_id: str, field: str, subject: str, value: str
    ) -> tuple[dict[str, str], SealedValue]:
        """The commitment as the record holds it, and the sealed (salt, value) to store with it."""
        random = self._randomness.take(SALT_BYTES + _NONCE_BYTES)
        plain, nonce = random[:SALT_BYTES] + value.encode(), random[SALT_BYTES:]
        ciphertext = nonce + self._cipher.encrypt(nonce, plain, _place(event_id, field, subject))
        commitment = {"commitment": sha256(plain).hexdigest()}
        return commitment, SealedValue(event_id, field, subject, ciphertext)

    def open(self, sealed: SealedValue, commitment: Commitment) -> str:
        """The value; raises `DamagedValue`, naming event and field, when it cannot be trusted."""
        place = _place(sealed.event_id, sealed.field, sealed.subject)
        nonce, ciphertext = sealed.ciphertext[:_NONCE_BYTES], sealed.ciphertext[_NONCE_BYTES:]
        try:
            plain = self._cipher.decrypt(nonce, ciphertext, place)
        except (InvalidTag, ValueError) as error:  # ValueError: cut off within the nonce
            raise DamagedValue(f"{sealed.event_id} {sealed.field}: does not open") from error
        if sha256(plain).hexdigest() != commitment.commitment:
            raise DamagedValue(f"{sealed.event_id} {sealed.field}: does not match its commitment")
        return plain[SALT_BYTES:].decode()


def _place(event_id: str, field: str, subject: str) -> bytes:
    return f"{event_id}\x00{field}\x00{subject}".encode()


def load_or_make_key(path: Path) -> bytes:
    """The 32-byte key in the file, made with owner-only rights where the file is absent.

    Raises ValueError for a file of another length: a wrong key must stop the start, not garble.
    """
    if not path.exists():
        # On the disk before anything is sealed: a key lost with the power would take every value
        # with it.
        create_file(path, os.urandom(KEY_BYTES))
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise ValueError(f"{path} is not a key of {KEY_BYTES} bytes")
    return key
