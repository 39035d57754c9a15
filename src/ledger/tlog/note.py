"""Signed notes and their keys, as C2SP signed-note has them: a text, and lines of signatures."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple, Protocol, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.tlog.faults import Malformed, UnreadableSignature, Unverified

ED25519 = 0x01
"""The signature type of a note; cosignatures have types of their own."""
KEY_BYTES = 32
MAX_NOTE_BYTES = 256 * 1024
MAX_SIGNATURES = 64
"""At least 16 must be read; a post-quantum signature takes 3 kB of text."""
_PRIVATE = "PRIVATE+KEY+"
_DASH = "— "


class Signature(NamedTuple):
    """One line below a note: whose it is, and the bytes after the four of the key's id."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        """`— <name> <base64>` with its newline."""
        return f"{_DASH}{self.name} {encode_base64(self.key_id + self.signature)}\n"


class VerifierKey(NamedTuple):
    """A public key under a name: (name, key_id) is what a signature line points to."""

    name: str
    key_id: bytes
    algorithm: int
    """The signature type's byte."""
    public: bytes

    @classmethod
    def of(cls, name: str, algorithm: int, public: bytes) -> Self:
        """The key with the id that the specification recommends; raises `Malformed` for a name."""
        check_name(name)
        material = bytes([algorithm]) + public
        key_id = sha256(name.encode() + b"\n" + material).digest()[:4]
        return cls(name, key_id, algorithm, public)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The key of a vkey, `<name>+<hex of key id>+<base64 of type and key>`.

        Raises `Malformed`, also where the id is not that of name and key.
        """
        parts = text.strip().split("+", 2)
        if len(parts) != 3:
            raise Malformed("a verifier key is written as name+id+key")
        name, key_id, encoded = parts
        material = decode_base64(encoded, "a verifier key")
        if len(material) < 2:
            raise Malformed("a verifier key holds its type and the public key")
        key = cls.of(name, material[0], material[1:])
        if key.key_id.hex() != key_id:
            raise Malformed("the verifier key's id is not that of its name and key")
        return key

    def __str__(self) -> str:
        encoded = encode_base64(bytes([self.algorithm]) + self.public)
        return f"{self.name}+{self.key_id.hex()}+{encoded}"


class Verifier(Protocol):
    """A key that somebody trusts, and how its signatures over a note's text are checked."""

    @property
    def key(self) -> VerifierKey: ...

    def verifies(self, text: bytes, signature: bytes) -> bool:
        """Whether the signature (without key id) is one of the key over the note's text."""


class NoteVerifier:
    """Checks the plain Ed25519 signatures of a key; raises `Malformed` for another kind of key."""

    def __init__(self, key: VerifierKey) -> None:
        if key.algorithm != ED25519 or len(key.public) != KEY_BYTES:
            raise Malformed(f"the key of {key.name} is not one for Ed25519 signatures of a note")
        self.key = key
        self._public = Ed25519PublicKey.from_public_bytes(key.public)

    def verifies(self, text: bytes, signature: bytes) -> bool:
        try:
            self._public.verify(signature, text)
        except InvalidSignature:
            return False
        return True


class Signer:
    """Signs notes with an Ed25519 key under a name."""

    def __init__(self, name: str, secret: bytes) -> None:
        self._secret = Ed25519PrivateKey.from_private_bytes(secret)
        self._seed = secret
        public = self._secret.public_key().public_bytes_raw()
        self.key = VerifierKey.of(name, ED25519, public)

    @classmethod
    def generate(cls, name: str) -> Self:
        """A new key."""
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> Self:
        """A signer from `to_secret_text`; raises `Malformed`, without repeating any of it."""
        name, key_id, algorithm, seed = parse_secret_text(text)
        if algorithm != ED25519:
            raise Malformed("the signing key is not one for Ed25519 signatures of a note")
        signer = cls(name, seed)
        if signer.key.key_id.hex() != key_id:
            raise Malformed("the signing key's id is not that of its name and key")
        return signer

    def to_secret_text(self) -> str:
        """The secret as Go's `note` package writes it: who reads this line can sign."""
        return secret_text(self.key, self._seed)

    def sign(self, text: str) -> Signature:
        """The signature over a note's text, its last newline included."""
        return Signature(self.key.name, self.key.key_id, self._secret.sign(text.encode()))


class Note(NamedTuple):
    """A text, which ends in a newline, and who signed it. Worth nothing before `verified_by`."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Reads a note; raises `Malformed`."""
        if len(data) > MAX_NOTE_BYTES:
            raise Malformed(f"a note has at most {MAX_NOTE_BYTES} bytes")
        try:
            whole = data.decode()
        except UnicodeDecodeError:
            raise Malformed("a note is UTF-8") from None
        if any(character < " " and character != "\n" for character in whole):
            raise Malformed("a note has no control characters but newlines")
        text, blank, lines = whole.rpartition("\n\n")
        if not blank or not lines.endswith("\n"):
            raise Malformed("a note is a text, an empty line, and lines of signatures")
        return cls(text + "\n", parse_signatures(lines))

    def to_bytes(self) -> bytes:
        """The note as it is stored and sent."""
        return f"{self.text}\n{''.join(one.line() for one in self.signatures)}".encode()

    def signed_with(self, *signatures: Signature) -> Self:
        """The same text with more signatures; those that it has already are left out."""
        fresh = [one for one in signatures if one not in self.signatures]
        return self._replace(signatures=(*self.signatures, *fresh))

    def verified_by(self, verifiers: Iterable[Verifier]) -> tuple[VerifierKey, ...]:
        """Those of the trusted keys that signed; raises `Unverified` also where there is none."""
        found = self.signed_by(verifiers)
        if not found:
            raise Unverified("no key that is trusted has signed")
        return found

    def signed_by(self, verifiers: Iterable[Verifier]) -> tuple[VerifierKey, ...]:
        """Those of the trusted keys that signed, perhaps none.

        Signatures of unknown keys are passed over. Raises `Unverified` when a trusted key's
        signature is wrong.
        """
        known = {(one.key.name, one.key.key_id): one for one in verifiers}
        text, found = self.text.encode(), dict[VerifierKey, None]()
        for name, key_id, signature in self.signatures:
            verifier = known.get((name, key_id))
            if verifier is None:
                continue
            if not verifier.verifies(text, signature):
                raise Unverified(f"the signature of {name} is wrong")
            found[verifier.key] = None
        return tuple(found)


def parse_signatures(lines: str) -> tuple[Signature, ...]:
    """The signature lines below a note, at least one, each with its newline; raises `Malformed`."""
    found = [_signature(line) for line in lines.split("\n")[:-1]]
    if not found or not lines.endswith("\n"):
        raise Malformed("a signature line ends in a newline")
    if len(found) > MAX_SIGNATURES:
        raise Malformed(f"a note has at most {MAX_SIGNATURES} signatures")
    return tuple(found)


def _signature(line: str) -> Signature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space:
        raise Malformed("a signature line is an em dash, a name and the signature in base64")
    check_name(name)
    try:
        content = decode_base64(encoded, "a signature")
    except Malformed as fault:
        raise UnreadableSignature(str(fault)) from None
    if len(content) < 5:
        raise Malformed("a signature holds the key's id, four bytes, and more")
    return Signature(name, content[:4], content[4:])


def secret_text(key: VerifierKey, seed: bytes) -> str:
    """`PRIVATE+KEY+<name>+<hex of key id>+<base64 of type and seed>`."""
    encoded = encode_base64(bytes([key.algorithm]) + seed)
    return f"{_PRIVATE}{key.name}+{key.key_id.hex()}+{encoded}"


def parse_secret_text(text: str) -> tuple[str, str, int, bytes]:
    """(name, hex of key id, type, seed of 32 bytes); raises `Malformed`, repeating none of it."""
    text = text.strip()
    parts = text.removeprefix(_PRIVATE).split("+", 2)
    if not text.startswith(_PRIVATE) or len(parts) != 3:
        raise Malformed("a signing key is written as PRIVATE+KEY+name+id+key")
    material = decode_base64(parts[2], "a signing key")
    if len(material) != 1 + KEY_BYTES:
        raise Malformed(f"a signing key holds its type and {KEY_BYTES} bytes")
    return parts[0], parts[1], material[0], material[1:]


def check_name(name: str) -> None:
    """Raises `Malformed` unless a key may have the name."""
    if not name or "+" in name or any(one.isspace() or one < " " for one in name):
        raise Malformed("a key's name has neither spaces nor a plus, and at least one character")


def decode_base64(text: str, what: str) -> bytes:
    """The bytes of standard base64 with padding; raises `Malformed` for any other spelling.

    Of several texts that some decoders take for the same bytes only one is right: else a changed
    proof could pass for itself.
    """
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        data = None
    if data is None or encode_base64(data) != text:
        raise Malformed(f"{what} is standard base64")
    return data


def encode_base64(data: bytes) -> str:
    """Standard base64 with padding (RFC 4648, section 4)."""
    return base64.b64encode(data).decode()
