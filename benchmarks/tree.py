"""What the Merkle tree costs an append, and what a proof from it costs in a long log.

The long log is filled by COPY, since ten million appends would take an hour. Its records are made
up; leaves, frontier and tiles are real, and every proof is verified against the frontier's root.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch
from uuid import uuid4

import psycopg

from benchmarks import in_process
from benchmarks.database import Database
from benchmarks.load import Measured, Plan, WrongOutcome, percentile
from benchmarks.workload import ORIGIN
from ledger import states
from ledger.signing.keys import SigningKeys
from ledger.signing.mark import Mark
from ledger.signing.notary import Notary
from ledger.signing.signer import CheckpointSigner, Nobody
from ledger.store import binary_copy
from ledger.store.connections import connection_string
from ledger.store.contract import StoredEvent
from ledger.store.migrations import WRITER
from ledger.store.postgres import PostgresStore
from ledger.store.tree import Tree, keep_tiles
from ledger.tlog.merkle import HASH_BYTES, Frontier, leaf_hash
from ledger.tlog.proofs import verify_consistency, verify_inclusion

SIGN_SECONDS = 1.0
"""Sixty times as often as in production: over a window of seconds the notary's cost would else be
met once or not at all."""
KIND = "progress_posted"
ROWS_PER_MESSAGE = 5_000
ROWS_PER_TRANSACTION = 500_000

_COPY = "copy event (position, kind, tags, record, leaf) from stdin (format binary)"
_BATCH = """insert into batch (first, last, recorded_at, batch_id, frontier)
    values (1, %s, clock_timestamp(), %s, %s)"""


def with_tree(database: Database, clients: int, plan: Plan) -> Measured:
    """`propose` as in production: leaves, frontier, and a notary beside it that keeps tiles and
    signs. At the end it must sign what is stored, and so find every leaf under the frontier."""
    with database.schema("ledger") as store, tempfile.TemporaryDirectory() as folder:
        notary = Notary(store, _signer(database, store, Path(folder)), SIGN_SECONDS)
        with closing(notary):
            measured = in_process.proposing(database, store, clients, plan, notary.start)
        if notary.trouble is not None:
            raise WrongOutcome(f"the notary signs nothing: {notary.trouble}")
        if notary.sign().size != store.size():
            raise WrongOutcome("the last checkpoint is not of the whole log")
        return measured


def without_notary(database: Database, clients: int, plan: Plan) -> Measured:
    """Leaves and frontier, but nobody who keeps tiles or signs."""
    with database.schema("ledger") as store:
        return in_process.proposing(database, store, clients, plan)


def without_tree(database: Database, clients: int, plan: Plan) -> Measured:
    """Neither: every leaf and every frontier is a constant of the same size."""
    with no_hashing(), database.schema("ledger") as store:
        return in_process.proposing(database, store, clients, plan)


@contextmanager
def no_hashing() -> Iterator[None]:
    """Replaces leaf hashes and the frontier's work by constants; only a benchmark may: what is
    appended meanwhile is no log."""
    nothing = bytes(HASH_BYTES)

    def append(frontier: Frontier, _: bytes) -> None:
        frontier.size += 1

    def to_bytes(frontier: Frontier) -> bytes:
        return nothing * frontier.size.bit_count()

    with (
        patch.object(states, "leaf_hash", lambda _: nothing),
        patch.object(Frontier, "append", append),
        patch.object(Frontier, "to_bytes", to_bytes),
    ):
        yield


def _signer(database: Database, store: PostgresStore, folder: Path) -> CheckpointSigner:
    keys = SigningKeys(folder / "log.key")
    keys.create(ORIGIN)
    mark = Mark(folder / "published.checkpoint")
    return CheckpointSigner(database.url, store.schema, keys, mark, Nobody())


class Filled(NamedTuple):
    """How the long log came about."""

    events: int
    copied_per_second: float
    tiles: int
    leaves_per_second: float
    """Through `keep_tiles`, all levels together."""


class Proved(NamedTuple):
    """Proofs from a tree of one size, the times those of the caller."""

    contender: str
    size: int
    proofs: int
    hashes: int
    """The longest proof."""
    p50_ms: float
    p99_ms: float


class LongLog:
    """A log whose events were never decided, and the roots that its frontier had on the way."""

    def __init__(self, store: PostgresStore, filled: Filled, roots: dict[int, bytes]) -> None:
        self._store = store
        self._roots = roots
        self.filled = filled

    def proved(self, proofs: int, seed: int) -> list[Proved]:
        """As many inclusion and consistency proofs at each size, the sizes taking turns; and of
        a question that asks for nothing, size 0: what the machine adds to each just now."""
        chance = random.Random(seed)
        seconds: dict[tuple[str, int], list[float]] = {}
        hashes: dict[tuple[str, int], int] = {}
        for _ in range(proofs):
            seconds.setdefault(("nothing", 0), []).append(self._nothing())
            for size in self._roots:
                for name, proof, took in (
                    ("inclusion", *self._inclusion(chance.randrange(size), size)),
                    ("consistency", *self._consistency(chance.randrange(1, size), size)),
                ):
                    seconds.setdefault((name, size), []).append(took)
                    hashes[name, size] = max(hashes.get((name, size), 0), len(proof))
        return [
            Proved(
                *place,
                len(all_),
                hashes.get(place, 0),
                percentile(sorted(all_), 0.50) * 1000,
                percentile(sorted(all_), 0.99) * 1000,
            )
            for place, all_ in seconds.items()
        ]

    def _nothing(self) -> float:
        began = time.perf_counter()
        self._store.reading(lambda c: c.execute("select 1").fetchone())
        return time.perf_counter() - began

    def _inclusion(self, index: int, size: int) -> tuple[list[bytes], float]:
        began = time.perf_counter()
        proof = self._store.reading(lambda c: Tree(c).inclusion_proof(index, size))
        took = time.perf_counter() - began
        verify_inclusion(leaf_hash(_record(index + 1)), index, size, proof, self._roots[size])
        return proof, took

    def _consistency(self, old: int, new: int) -> tuple[list[bytes], float]:
        began = time.perf_counter()
        proof = self._store.reading(lambda c: Tree(c).consistency_proof(old, new))
        took = time.perf_counter() - began
        old_root = self._store.reading(lambda c: Tree(c).root(old))
        verify_consistency(old, new, proof, old_root, self._roots[new])
        return proof, took


@contextmanager
def long_log(database: Database, events: int) -> Iterator[LongLog]:
    """A log of so many events in a schema of its own, with all of its tiles; dropped at the end."""
    sizes = [events // 10**power for power in (3, 2, 1, 0)]
    with database.schema("ledger") as store:
        conninfo = connection_string(database.url, store.schema, WRITER)
        with psycopg.connect(conninfo, autocommit=True) as connection:
            began = time.perf_counter()
            roots = _fill(connection, events, sizes)
            copied = time.perf_counter()
            tiles = keep_tiles(connection, events)
            kept = time.perf_counter()
        filled = Filled(events, events / (copied - began), tiles, events / (kept - copied))
        # Now, or the server does it by itself while something is measured.
        database.vacuum(store.schema)
        database.checkpoint()
        yield LongLog(store, filled, roots)


def _fill(
    connection: psycopg.Connection[Any], events: int, sizes: Sequence[int]
) -> dict[int, bytes]:
    """Stores the events and one batch row; the frontier's root at each size."""
    frontier, roots, next_position = Frontier(), {}, 1
    while next_position <= events:
        end = min(next_position + ROWS_PER_TRANSACTION, events + 1)
        with connection.cursor().copy(_COPY) as copy:
            copy.write(binary_copy.HEADER)
            for first in range(next_position, end, ROWS_PER_MESSAGE):
                rows = [_event(n) for n in range(first, min(first + ROWS_PER_MESSAGE, end))]
                copy.write(binary_copy.event_rows(rows))
                for row in rows:
                    frontier.append(row.leaf)
                    if frontier.size in sizes:
                        roots[frontier.size] = frontier.root()
            copy.write(binary_copy.TRAILER)
        next_position = end
    connection.execute(_BATCH, [events, uuid4(), frontier.to_bytes()])
    return roots


def _event(position: int) -> StoredEvent:
    record = _record(position)
    return StoredEvent(position, KIND, (), record, leaf_hash(record))


def _record(position: int) -> bytes:
    return b'{"body":{"note":"made up"},"id":"%d","kind":"progress_posted"}' % position


CONTENDERS: Sequence[tuple[str, Any]] = (
    ("without_notary", without_notary),
    ("with_tree", with_tree),
    ("without_tree", without_tree),
)
