"""Where a resident's receipt lies: a link that tells nothing and cannot be guessed.

It is the event's position sealed under a key of this machine (AES-SIV, RFC 5297). So the same
answer has the same link, and there is no table of links that could leak.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

PATH: Final = "/receipts/"
LINK_PATTERN: Final = r"^[A-Za-z0-9_-]{32}$"
_FOR = [b"mingzhang resident receipt"]


class ReceiptLinks:
    """Makes links, and reads them back. The key has 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESSIV(key)

    def path(self, position: int) -> str:
        """`/receipts/` and 32 characters of 192 bits."""
        sealed = self._cipher.encrypt(position.to_bytes(8), _FOR)
        return PATH + base64.urlsafe_b64encode(sealed).decode()

    def position(self, link: str) -> int | None:
        """The position of a link's last part; None for one that was not made here."""
        try:
            return int.from_bytes(self._cipher.decrypt(base64.urlsafe_b64decode(link), _FOR))
        except (InvalidTag, binascii.Error, ValueError):
            return None
