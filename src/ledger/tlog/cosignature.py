"""Cosignatures of C2SP tlog-cosignature: what a witness saw of a log, and when it saw it."""

from __future__ import annotations

from typing import Protocol, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.faults import Malformed
from ledger.tlog.note import (
    ED25519,
    NoteVerifier,
    Signature,
    Verifier,
    VerifierKey,
    parse_secret_text,
    secret_text,
)

ED25519_COSIGNATURE = 0x04
"""The type of a timestamped Ed25519 signature of a checkpoint."""
ML_DSA_44 = 0x06
"""The type of a timestamped ML-DSA-44 signature of a checkpoint, as logs too may make it."""
PUBLIC_BYTES = {ED25519_COSIGNATURE: 32, ML_DSA_44: 1312}
SIGNATURE_BYTES = {ED25519_COSIGNATURE: 64, ML_DSA_44: 2420}
TIME_BYTES = 8
MAX_TIME = 2**63 - 1
MAX_NAME_BYTES = 255
"""Of a cosigner and of an origin: an ML-DSA message says their lengths in one byte."""
_SUBTREE_LABEL = b"subtree/v1\n\0"


class Cosigner:
    """Signs checkpoints as a witness does; raises `Malformed` for another kind of key or name."""

    def __init__(self, name: str, algorithm: int, seed: bytes) -> None:
        self._secret: Ed25519PrivateKey | MLDSA44PrivateKey
        match algorithm:
            case 0x04:
                self._secret = Ed25519PrivateKey.from_private_bytes(seed)
            case 0x06:
                self._secret = MLDSA44PrivateKey.from_seed_bytes(seed)
            case _:
                raise Malformed("a cosigner's key is one for Ed25519 or ML-DSA-44 cosignatures")
        if len(name.encode()) > MAX_NAME_BYTES:
            raise Malformed(f"a cosigner's name has at most {MAX_NAME_BYTES} bytes")
        self._seed = seed
        self.key = VerifierKey.of(name, algorithm, self._secret.public_key().public_bytes_raw())

    @classmethod
    def generate(cls, name: str, algorithm: int) -> Self:
        """A new key."""
        if algorithm == ML_DSA_44:
            return cls(name, algorithm, MLDSA44PrivateKey.generate().private_bytes_raw())
        return cls(name, algorithm, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> Self:
        """A cosigner from `to_secret_text`; raises `Malformed`, without repeating any of it."""
        name, key_id, algorithm, seed = parse_secret_text(text)
        cosigner = cls(name, algorithm, seed)
        if cosigner.key.key_id.hex() != key_id:
            raise Malformed("the cosigner's key has an id that is not that of its name and key")
        return cosigner

    def to_secret_text(self) -> str:
        """The secret, in the form of a note's signing key: who reads this line can cosign."""
        return secret_text(self.key, self._seed)

    def cosign(self, text: str, time: int) -> Signature:
        """The cosignature over a checkpoint's text at a time in POSIX seconds.

        Raises `Malformed` for a text that is no checkpoint, and for a time before 1.
        """
        if not 1 <= time <= MAX_TIME:
            raise Malformed("a witness says the time, in seconds since 1970 and below 2**63")
        Checkpoint.parse(text)
        signature = self._secret.sign(cosigned_message(self.key, text.encode(), time))
        return Signature(self.key.name, self.key.key_id, time.to_bytes(TIME_BYTES) + signature)


class CosignatureVerifier:
    """Checks cosignatures of a key; raises `Malformed` for another kind of key.

    `timeless` accepts the time 0, by which an ML-DSA signer leaves open whether it knows a larger
    tree: a log may sign its own checkpoints so, a witness may not.
    """

    def __init__(self, key: VerifierKey, *, timeless: bool = False) -> None:
        if len(key.public) != PUBLIC_BYTES.get(key.algorithm):
            raise Malformed(f"the key of {key.name} is not one for cosignatures")
        self.key = key
        self._first_time = 0 if timeless and key.algorithm == ML_DSA_44 else 1
        self._public: Ed25519PublicKey | MLDSA44PublicKey
        if key.algorithm == ML_DSA_44:
            self._public = MLDSA44PublicKey.from_public_bytes(key.public)
        else:
            self._public = Ed25519PublicKey.from_public_bytes(key.public)

    def verifies(self, text: bytes, signature: bytes) -> bool:
        if len(signature) != TIME_BYTES + SIGNATURE_BYTES[self.key.algorithm]:
            return False
        time = int.from_bytes(signature[:TIME_BYTES])
        if not self._first_time <= time <= MAX_TIME:
            return False
        try:
            message = cosigned_message(self.key, text, time)
            self._public.verify(signature[TIME_BYTES:], message)
        except (InvalidSignature, ValueError):
            return False
        return True


class Timed(Protocol):
    """What carries the bytes of a cosignature."""

    @property
    def signature(self) -> bytes: ...


def cosigned_at(cosignature: Timed) -> int:
    """When it was made, in POSIX seconds, as the cosigner says."""
    return int.from_bytes(cosignature.signature[:TIME_BYTES])


def verifier_for(key: VerifierKey) -> Verifier:
    """Checks the signatures of a log's (0x01) or a witness's (0x04, 0x06) key.

    Raises `Malformed` for a key of another kind.
    """
    return NoteVerifier(key) if key.algorithm == ED25519 else CosignatureVerifier(key)


def log_verifier(key: VerifierKey) -> Verifier:
    """Checks what a log signs itself with such a key: an ML-DSA signature may be without time."""
    if key.algorithm == ED25519:
        return NoteVerifier(key)
    return CosignatureVerifier(key, timeless=True)


def cosigned_message(key: VerifierKey, text: bytes, time: int) -> bytes:
    """What is signed for a checkpoint's text: the whole of it, or (ML-DSA) what its three lines
    say, with the cosigner's name. Raises ValueError where an ML-DSA message cannot say it."""
    if key.algorithm == ED25519_COSIGNATURE:
        return b"cosignature/v1\ntime %d\n%s" % (time, text)
    checkpoint = Checkpoint.parse(text.decode())
    parts = (
        _SUBTREE_LABEL,
        _counted(key.name),
        time.to_bytes(8),
        _counted(checkpoint.origin),
        (0).to_bytes(8),
        checkpoint.size.to_bytes(8),
        checkpoint.root,
    )
    return b"".join(parts)


def _counted(name: str) -> bytes:
    data = name.encode()
    if len(data) > MAX_NAME_BYTES:
        raise Malformed(f"a name in an ML-DSA cosignature has at most {MAX_NAME_BYTES} bytes")
    return bytes([len(data)]) + data
