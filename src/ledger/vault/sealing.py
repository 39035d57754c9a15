"""One personal value: committed to in the event, sealed beside it (AES-256-GCM, NIST SP 800-38D).

The commitment is SHA-256(salt || value) with 32 random bytes of salt, so that no guess can be
tried against it. Sealed are salt and value, under a key of the value's subject and purpose.
"""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.event import Commitment, HeldFor
from ledger.vault.randomness import Randomness

SALT_BYTES = 32
KEY_BYTES = 32
_NONCE_BYTES = 12


class Place(NamedTuple):
    """Where a value stands: in which field of which event, about whom, held for what.

    It is associated data of the seal: a sealed value moved to another place does not open.
    """

    event_id: str
    field: str
    subject: str
    """The tag under which the value is held, such as `request:…`."""
    held_for: HeldFor

    def __str__(self) -> str:
        return f"{self.field} of event {self.event_id}"


class SealedValue(NamedTuple):
    """One personal value as the vault stores it."""

    place: Place
    key_id: str
    """The UUID of the key that opens it."""
    ciphertext: bytes
    """nonce || AES-GCM(salt || value)."""


class OpenedValue(NamedTuple):
    """What was sealed: whoever has both can compare SHA-256(salt || value) with the record."""

    value: str
    salt: bytes


class DamagedValue(Exception):
    """A sealed value that does not open under its key, or does not match its commitment.

    The message names the event and the field, and nothing of the value.
    """

    def __init__(self, place: Place, reason: str) -> None:
        super().__init__(f"{place} {reason}")
        self.place = place


class DataKey:
    """A random key of 256 bits that seals values of one subject, held for one purpose."""

    def __init__(self, key_id: str, key: bytes) -> None:
        self.id = key_id
        self._cipher = AESGCM(key)

    def seal(
        self, place: Place, value: str, randomness: Randomness
    ) -> tuple[dict[str, str], SealedValue]:
        """The commitment as the record holds it, and the sealed (salt, value) to store with it."""
        random = randomness.take(SALT_BYTES + _NONCE_BYTES)
        plain, nonce = random[:SALT_BYTES] + value.encode(), random[SALT_BYTES:]
        ciphertext = nonce + self._cipher.encrypt(nonce, plain, self._bound_to(place))
        return {"commitment": sha256(plain).hexdigest()}, SealedValue(place, self.id, ciphertext)

    def open(self, sealed: SealedValue, commitment: Commitment) -> OpenedValue:
        """Salt and value; raises `DamagedValue` when they cannot be trusted."""
        place = sealed.place
        nonce, ciphertext = sealed.ciphertext[:_NONCE_BYTES], sealed.ciphertext[_NONCE_BYTES:]
        try:
            plain = self._cipher.decrypt(nonce, ciphertext, self._bound_to(place))
        except (InvalidTag, ValueError) as error:  # ValueError: cut off within the nonce
            raise DamagedValue(place, "does not open") from error
        if sha256(plain).hexdigest() != commitment.commitment:
            raise DamagedValue(place, "does not match its commitment")
        return OpenedValue(plain[SALT_BYTES:].decode(), plain[:SALT_BYTES])

    def _bound_to(self, place: Place) -> bytes:
        return "\x00".join((*place, self.id)).encode()
