"""Where the key-encryption key comes from: a file, the environment, or a command that prints it."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

from ledger.durable_file import create_file, destroy_drafts, is_for_owner_only, replace_file
from ledger.vault.key_encryption import KEY_BYTES, KeyEncryptionKey, KeyRing, WrongKey

COMMAND_TIMEOUT_SECONDS = 30
FORM = "64 hexadecimal digits; while keys are replaced the new one, a comma, the one before it"


class KeySource:
    """One of three: `text` where it is given, else what `command` prints, else the file.

    The file has 32 bytes, or 64 while keys are replaced (the new one first), and owner-only
    rights. Only a key in a file is made and replaced by us.
    """

    def __init__(self, path: Path, text: str | None = None, command: str | None = None) -> None:
        self._path = path
        self._text = text
        self._command = command

    def __str__(self) -> str:
        if self._text is not None:
            return "the environment"
        return str(self._path) if self._command is None else "a command"

    @property
    def is_file(self) -> bool:
        """Whether the key lies in our file."""
        return self._text is None and self._command is None

    def load(self) -> KeyRing:
        """The keys as they are now; raises `WrongKey`, in whose message there is no key."""
        if self._text is not None:
            return _parsed(self._text, "MINGZHANG_VAULT_KEY")
        if self._command is not None:
            return _parsed(_printed(self._command), "the command of MINGZHANG_VAULT_KEY_COMMAND")
        return self._read()

    def make(self) -> None:
        """Makes a key where there is none: only for a vault that is empty."""
        if self.is_file:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            create_file(self._path, os.urandom(KEY_BYTES))

    def replace(self, ring: KeyRing) -> None:
        """Writes these keys into the file; they are on the disk on return.

        What the file held before is overwritten in its place first, as far as a file system lets
        anybody do that.
        """
        if not self.is_file:
            raise WrongKey("only a key-encryption key in a file is replaced by the ledger")
        former = os.open(self._path, os.O_RDWR | os.O_NOFOLLOW)
        try:
            replace_file(self._path, b"".join(one.key for one in ring.keys))
            size = os.fstat(former).st_size
            os.pwrite(former, os.urandom(size), 0)
            os.fsync(former)
            # A replacement that was killed may have left keys that are to be destroyed.
            destroy_drafts(self._path)
        finally:
            os.close(former)

    def _read(self) -> KeyRing:
        try:
            if not is_for_owner_only(self._path):
                raise WrongKey(f"{self._path} can be read by others: chmod 600 {self._path}")
            data = self._path.read_bytes()
        except FileNotFoundError:
            raise WrongKey(f"there is no key-encryption key in {self._path}") from None
        except OSError as error:
            raise WrongKey(f"{self._path}: {error.strerror}") from None
        if len(data) not in (KEY_BYTES, 2 * KEY_BYTES):
            raise WrongKey(f"{self._path} is not a key of {KEY_BYTES} bytes")
        return KeyRing(
            [
                KeyEncryptionKey(data[start : start + KEY_BYTES])
                for start in range(0, len(data), KEY_BYTES)
            ]
        )


def _printed(command: str) -> str:
    try:
        words = shlex.split(command)
        done = subprocess.run(  # noqa: S603 - the operator's own command
            words, capture_output=True, timeout=COMMAND_TIMEOUT_SECONDS, check=False
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise WrongKey(f"MINGZHANG_VAULT_KEY_COMMAND: {type(error).__name__}") from None
    if done.returncode != 0:
        raise WrongKey(f"MINGZHANG_VAULT_KEY_COMMAND ended with {done.returncode}")
    return done.stdout.decode("ascii", "replace")


def _parsed(text: str, source: str) -> KeyRing:
    keys = []
    for part in text.strip().split(","):
        try:
            key = bytes.fromhex(part.strip())
        except ValueError:
            key = b""
        if len(key) != KEY_BYTES:
            raise WrongKey(f"{source} gives no key: {FORM}")
        keys.append(KeyEncryptionKey(key))
    if len(keys) > 2:
        raise WrongKey(f"{source} gives {len(keys)} keys: {FORM}")
    return KeyRing(keys)
