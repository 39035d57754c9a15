"""The key-encryption key: wraps the vault's data keys, and is never in the database.

Wrapping is AES-256-GCM with the data key's id as associated data: a wrapped key put in another's
place does not come out.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12


class WrongKey(Exception):
    """The key-encryption key is missing, cannot be read, or is not the one that is needed."""


class DamagedKey(Exception):
    """A wrapped data key that does not come out under its key-encryption key."""


class KeyEncryptionKey:
    """One such key; its `id` (8 bytes) tells nothing of it."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise WrongKey(f"a key-encryption key has {KEY_BYTES} bytes, not {len(key)}")
        self.key = key
        self.id = sha256(b"mingzhang key-encryption key\n" + key).digest()[:8]
        self._cipher = AESGCM(key)

    def __repr__(self) -> str:
        return f"KeyEncryptionKey({self.id.hex()})"

    def wrap(self, key_id: str, data_key: bytes) -> bytes:
        """60 bytes: nonce || AES-GCM(data key)."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, data_key, self._bound_to(key_id))

    def unwrap(self, key_id: str, wrapped: bytes) -> bytes:
        """The data key; raises `DamagedKey`."""
        nonce, ciphertext = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, ciphertext, self._bound_to(key_id))
        except (InvalidTag, ValueError) as error:
            raise DamagedKey(f"data key {key_id} does not come out") from error

    def _bound_to(self, key_id: str) -> bytes:
        return self.id + key_id.encode()


class KeyRing:
    """The key under which keys are wrapped now, and, while it is replaced, the one before it."""

    def __init__(self, keys: Sequence[KeyEncryptionKey]) -> None:
        if not 1 <= len(keys) <= 2:
            raise WrongKey(f"there are one or two key-encryption keys, not {len(keys)}")
        self.current = keys[0]
        self.keys = tuple(keys)

    def __contains__(self, key_id: bytes) -> bool:
        return any(one.id == key_id for one in self.keys)

    def find(self, key_id: bytes) -> KeyEncryptionKey:
        """The key of this id; raises `WrongKey`."""
        for one in self.keys:
            if one.id == key_id:
                return one
        raise WrongKey(
            f"the keys are wrapped under key-encryption key {key_id.hex()}, and at hand is "
            + " and ".join(one.id.hex() for one in self.keys)
        )
