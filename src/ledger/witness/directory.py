"""What a witness (C2SP tlog-witness) keeps on disk: its keys, its logs, and what it cosigned last.

One file for each log holds the last checkpoint, as the witness also serves it.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ledger.durable_file import create_file, is_for_owner_only, replace_file
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.cosignature import ED25519_COSIGNATURE, ML_DSA_44, Cosigner, log_verifier
from ledger.tlog.faults import Malformed, Unverified
from ledger.tlog.note import Note, Verifier, VerifierKey

KEY_FILES = {ED25519_COSIGNATURE: "ed25519.key", ML_DSA_44: "ml-dsa-44.key"}
LOGS_FILE = "logs"
CHECKPOINTS = "checkpoints"
MAX_LOGS = 10_000
MAX_KEYS = 8
"""Of one log: those that are in use, and those that were replaced."""


class DamagedRecord(Exception):
    """What the witness knows of a log cannot be read: who went on might cosign a rollback."""


class NoWitness(Exception):
    """The directory is not that of a witness as it should be; says what to do."""


@dataclass(frozen=True, slots=True)
class Record:
    """The last checkpoint cosigned of one log, to whoever holds its lock."""

    path: Path

    def last(self, origin: str, log: Sequence[Verifier]) -> Checkpoint | None:
        """The checkpoint, None where none was ever cosigned. Raises `DamagedRecord`, also where it
        is no longer what a key of the log signed."""
        try:
            note = Note.parse(self.path.read_bytes())
            note.verified_by(log)
            checkpoint = Checkpoint.parse(note.text)
        except FileNotFoundError:
            return None
        except (Malformed, Unverified) as fault:
            raise DamagedRecord(f"{self.path} is damaged: {fault}") from None
        if checkpoint.origin != origin:
            raise DamagedRecord(f"{self.path} is damaged: it is of {checkpoint.origin}")
        return checkpoint

    def keep(self, note: Note) -> None:
        """Puts the checkpoint in the place of the last one; it is on the disk on return."""
        replace_file(self.path, note.to_bytes())


@dataclass(frozen=True, slots=True)
class WitnessDirectory:
    """The files of one witness."""

    path: Path

    def make_key(self, name: str, algorithm: int) -> Cosigner:
        """A new key in a file with owner-only rights.

        Raises `NoWitness` where there is one of this kind, or the witness has another name, and
        `Malformed` for what is no name.
        """
        cosigner = Cosigner.generate(name, algorithm)
        self.path.mkdir(parents=True, exist_ok=True)
        for other in self._key_files():
            known = _read_key(other).key.name
            if known != name:
                raise NoWitness(f"the witness in {self.path} has the name {known}")
        file = self.path / KEY_FILES[algorithm]
        if not create_file(file, f"{cosigner.to_secret_text()}\n".encode()):
            raise NoWitness(f"{file} is there already: it is the witness's key, and stays")
        return cosigner

    def cosigners(self) -> tuple[Cosigner, ...]:
        """All keys of the witness; raises `NoWitness` where one is missing or unsafe."""
        found = tuple(_read_key(file) for file in self._key_files())
        if not found:
            raise NoWitness(f"{self.path} has no key: make one with `mingzhang witness init`")
        return found

    def add_log(self, key: VerifierKey) -> bool:
        """Witnesses what the key signs for the origin of its name, from now on; False where it did
        already. A running witness takes it up. Raises `Malformed` for a key of no log."""
        log_verifier(key)
        self.path.mkdir(parents=True, exist_ok=True)
        with self._lock("logs"):
            known = self._logs()
            if str(key) in known:
                return False
            if len(known) >= MAX_LOGS or len(self.log(key.name)) >= MAX_KEYS:
                raise NoWitness(f"a witness knows {MAX_LOGS} keys at most, {MAX_KEYS} of one log")
            replace_file(self.path / LOGS_FILE, "".join(f"{k}\n" for k in (*known, key)).encode())
        return True

    def log(self, origin: str) -> tuple[Verifier, ...]:
        """The keys of a log, none where it is not one that is witnessed. Raises `DamagedRecord`."""
        lines = [line for line in self._logs() if line.startswith(f"{origin}+")]
        try:
            keys = [VerifierKey.parse(line) for line in lines]
            return tuple(log_verifier(key) for key in keys if key.name == origin)
        except Malformed as fault:
            raise DamagedRecord(f"{self.path / LOGS_FILE} is damaged: {fault}") from None

    @contextmanager
    def locked(self, origin_hash: str) -> Iterator[Record]:
        """The record of one log, to one thread of one process at a time."""
        (self.path / CHECKPOINTS).mkdir(parents=True, exist_ok=True)
        with self._lock(f"{CHECKPOINTS}/{origin_hash}"):
            yield Record(self.path / CHECKPOINTS / origin_hash)

    def read(self, origin_hash: str) -> bytes | None:
        """The last checkpoint of a log as it is served. It needs no lock: a file is replaced
        whole."""
        try:
            return (self.path / CHECKPOINTS / origin_hash).read_bytes()
        except FileNotFoundError:
            return None

    def _logs(self) -> list[str]:
        try:
            return (self.path / LOGS_FILE).read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []

    def _key_files(self) -> list[Path]:
        return [file for name in KEY_FILES.values() if (file := self.path / name).exists()]

    @contextmanager
    def _lock(self, name: str) -> Iterator[None]:
        # The lock is of the open file, so threads exclude each other too; the kernel lets go of
        # it however the process ends. The file stays: who deleted it would split the lock.
        with (self.path / f"{name}.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _read_key(file: Path) -> Cosigner:
    if not is_for_owner_only(file):
        raise NoWitness(f"{file} can be read by others: chmod 600 it, or make a new witness")
    try:
        return Cosigner.parse(file.read_text(encoding="utf-8"))
    except ValueError as fault:
        raise NoWitness(f"{file} is no key of a witness: {fault}") from None
