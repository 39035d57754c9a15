"""A witness of C2SP tlog-witness: cosigns what is consistent with all that it cosigned before."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple, Self

from ledger.tlog.checkpoint import MEDIA_TYPE, Checkpoint, parse_size
from ledger.tlog.cosignature import Cosigner
from ledger.tlog.faults import Malformed, UnreadableSignature, Unverified
from ledger.tlog.merkle import HASH_BYTES
from ledger.tlog.note import MAX_NOTE_BYTES, Note, Verifier, decode_base64
from ledger.tlog.proofs import verify_consistency
from ledger.witness.directory import WitnessDirectory

SIZE_MEDIA_TYPE = "text/x.tlog.size"
MAX_HASHES = 63
MAX_BODY_BYTES = MAX_NOTE_BYTES + 4 * 1024
"""A checkpoint, the old size, and 63 hashes of 45 characters."""
_ORIGIN_HASH = re.compile(r"[0-9a-f]{64}")


class Answer(NamedTuple):
    """What is sent back over HTTP."""

    status: int
    body: str
    media_type: str = MEDIA_TYPE


class NotCosigned(Exception):
    """A checkpoint is refused with a status of the specification."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status

    def answer(self) -> Answer:
        return Answer(self.status, f"{self}\n")


class OtherSize(NotCosigned):
    """The checkpoint starts from another size than the one that was cosigned last."""

    def __init__(self, size: int) -> None:
        super().__init__(409, f"the last checkpoint that was cosigned has the size {size}")
        self.size = size

    def answer(self) -> Answer:
        return Answer(self.status, f"{self.size}\n", SIZE_MEDIA_TYPE)


@dataclass(frozen=True, slots=True)
class Submission:
    """The body of add-checkpoint: a checkpoint, and how it follows from the last one cosigned."""

    old: int
    proof: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Reads a request's body; raises `Malformed`."""
        if len(body) > MAX_BODY_BYTES:
            raise Malformed(f"a submission has at most {MAX_BODY_BYTES} bytes")
        head, blank, rest = body.partition(b"\n\n")
        try:
            first, *lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            raise Malformed("the lines before the checkpoint are ASCII") from None
        if not blank or not first.startswith("old "):
            raise Malformed(
                "a submission is the line `old <size>`, lines of hashes, an empty line and a "
                "checkpoint"
            )
        if len(lines) > MAX_HASHES:
            raise Malformed(f"a consistency proof has at most {MAX_HASHES} hashes")
        proof = tuple(decode_base64(line, "a hash of the consistency proof") for line in lines)
        if any(len(one) != HASH_BYTES for one in proof):
            raise Malformed(f"a hash of the consistency proof has {HASH_BYTES} bytes")
        note = Note.parse(rest)
        old = parse_size(first.removeprefix("old "))
        return cls(old, proof, note, Checkpoint.parse(note.text))


def check_signature(submission: Submission, log: Sequence[Verifier]) -> Note:
    """The checkpoint with one signature of each key of the log; raises `NotCosigned`."""
    if not log:
        raise NotCosigned(404, "this witness knows no log of this origin")
    try:
        keys = {(one.name, one.key_id) for one in submission.note.verified_by(log)}
    except Unverified as fault:
        raise NotCosigned(403, str(fault)) from None
    found = {one[:2]: one for one in submission.note.signatures if one[:2] in keys}
    return Note(submission.note.text, tuple(found.values()))


def check_growth(submission: Submission, recorded: Checkpoint | None) -> None:
    """Raises `NotCosigned` unless the checkpoint follows from the one that was cosigned last.

    The checks stand in the order of the specification: a log that is behind is told the size
    before its proof is looked at.
    """
    old, new = submission.old, submission.checkpoint
    last = 0 if recorded is None else recorded.size
    if old > new.size:
        raise NotCosigned(400, "the old size is larger than the checkpoint's")
    if old != last:
        raise OtherSize(last)
    if not new.is_possible():
        raise NotCosigned(422, "an empty tree has another root")
    if old == 0 or recorded is None:
        if submission.proof:
            raise NotCosigned(422, "from the old size 0 there is no consistency proof")
        return
    try:
        verify_consistency(old, new.size, submission.proof, recorded.root, new.root)
    except Unverified as fault:
        raise NotCosigned(422, str(fault)) from None


class Witness:
    """Answers for a directory; several threads and processes may do so for the same one."""

    def __init__(
        self,
        directory: WitnessDirectory,
        cosigners: Sequence[Cosigner],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._directory = directory
        self._cosigners = tuple(cosigners)
        self._clock = clock

    def add_checkpoint(self, body: bytes) -> Answer:
        """Cosigns a checkpoint, or says why not.

        Raises `DamagedRecord` and OSError where what was cosigned before cannot be read, or what
        is cosigned now cannot be kept: then nothing is cosigned.
        """
        try:
            submission = Submission.parse(body)
            log = self._directory.log(submission.checkpoint.origin)
            return self._cosign(submission, check_signature(submission, log), log)
        except UnreadableSignature as fault:
            return Answer(403, f"{fault}\n")
        except Malformed as fault:
            return Answer(400, f"{fault}\n")
        except NotCosigned as refusal:
            return refusal.answer()

    def checkpoint(self, origin_hash: str) -> bytes | None:
        """The last checkpoint cosigned of the log whose origin has this SHA-256, in hex."""
        if _ORIGIN_HASH.fullmatch(origin_hash) is None:
            return None
        return self._directory.read(origin_hash)

    def _cosign(self, submission: Submission, signed: Note, log: Sequence[Verifier]) -> Answer:
        """Checked and kept under one lock, and answered after it: else a smaller checkpoint that
        was checked first could be kept last, and the log be rolled back."""
        text = submission.note.text
        with self._directory.locked(origin_hash(submission.checkpoint.origin)) as record:
            check_growth(submission, record.last(submission.checkpoint.origin, log))
            now = int(self._clock())
            cosignatures = [one.cosign(text, now) for one in self._cosigners]
            kept = signed.signed_with(*cosignatures)
            if len(kept.to_bytes()) > MAX_NOTE_BYTES:
                raise NotCosigned(400, "the checkpoint is too long to be kept with cosignatures")
            record.keep(kept)
        return Answer(200, "".join(one.line() for one in cosignatures))


def origin_hash(origin: str) -> str:
    """What names a log in a witness's URLs: SHA-256 of its origin, in lowercase hex."""
    return sha256(origin.encode()).hexdigest()
