"""A witness for tests: its keys, and what it cosigned last of the log of `tlog_logs`."""

from __future__ import annotations

from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.cosignature import ED25519_COSIGNATURE, ML_DSA_44, Cosigner
from ledger.tlog.note import Note
from ledger.witness.witness import Witness, origin_hash

ED = Cosigner("witness.example/w1", ED25519_COSIGNATURE, b"\1" * 32)
PQ = Cosigner("witness.example/w1", ML_DSA_44, b"\1" * 32)
TIME = 1_679_315_147
ORIGIN = origin_hash("town.example/log")


def size_of(witness: Witness) -> int:
    """The size of the last checkpoint cosigned, as the witness serves it."""
    served = witness.checkpoint(ORIGIN)
    return -1 if served is None else Checkpoint.parse(Note.parse(served).text).size
