"""Where a log's signing keys are kept: a file with owner-only rights, or a text from elsewhere.

A line a key, as `Signer.to_secret_text` writes it. All of them sign: while a key is being replaced
the old one and the new one do, so that whoever trusts the old one comes to trust the new one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ledger.durable_file import create_file, is_for_owner_only, replace_file
from ledger.tlog.faults import Malformed
from ledger.tlog.note import Signer

MAX_KEYS = 8
MAX_BYTES = 64 * 1024


class UnusableKeys(Exception):
    """The signing keys cannot be used as they lie there; says why, and repeats none of them."""


@dataclass(frozen=True)
class SigningKeys:
    """Reads the keys anew each time: a rotation takes effect without a restart.

    With `given`, a text of the same lines, the file is not looked at and cannot be changed.
    """

    path: Path
    given: str | None = field(default=None, repr=False)
    variable: str = "MINGZHANG_LOG_KEY"
    """Where `given` was set."""

    def load(self) -> tuple[Signer, ...]:
        """The keys in their order, none where there is no file. Raises `UnusableKeys`."""
        if self.given is not None:
            return _parse(self.given, self.variable)
        if not self.path.exists():
            return ()
        if not is_for_owner_only(self.path):
            raise UnusableKeys(
                f"{self.path} can be read by others: chmod 600 it, or make a new key"
            )
        # What is not UTF-8 is no key: it fails in the parser, which says so.
        text = self.path.read_bytes()[:MAX_BYTES].decode(errors="replace")
        return _parse(text, str(self.path))

    def create(self, name: str) -> Signer:
        """The log's first key: the one that is there, else a new one, durable on return."""
        known = self.load()
        if not known:
            self._changeable()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            create_file(self.path, _lines([Signer.generate(name)]))
            known = self.load()
        if known[0].key.name != name:
            raise UnusableKeys(f"{self.path} holds a key of {known[0].key.name}, not of {name}")
        return known[0]

    def add(self, signer: Signer) -> None:
        """One more key, which signs from now on. Raises `UnusableKeys`."""
        self._changeable()
        replace_file(self.path, _lines([*self.load(), signer]))

    def remove(self, key_id: str) -> bool:
        """Destroys a key (its id in hex); False where there is no such key. The last one stays."""
        self._changeable()
        known = self.load()
        left = [signer for signer in known if signer.key.key_id.hex() != key_id]
        if not left or len(left) == len(known):
            return False
        replace_file(self.path, _lines(left))
        return True

    def _changeable(self) -> None:
        if self.given is not None:
            raise UnusableKeys(
                f"the keys come from {self.variable}: change them where they are set"
            )


def _lines(signers: list[Signer]) -> bytes:
    if len(signers) > MAX_KEYS:
        raise UnusableKeys(f"more than {MAX_KEYS} keys: retire those that were replaced")
    return "".join(f"{signer.to_secret_text()}\n" for signer in signers).encode()


def _parse(text: str, where: str) -> tuple[Signer, ...]:
    try:
        signers = tuple(Signer.parse(line) for line in text.splitlines() if line.strip())
    except Malformed as error:
        raise UnusableKeys(f"{where}: {error}") from None
    if not signers or len(signers) > MAX_KEYS:
        raise UnusableKeys(f"{where} holds {len(signers)} keys, not 1 to {MAX_KEYS}")
    if len({signer.key.name for signer in signers}) > 1:
        raise UnusableKeys(f"{where} holds keys of several logs")
    return signers
