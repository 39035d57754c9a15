"""Signs checkpoints of the stored log: of what is durable, never against what was published."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Protocol

import psycopg

from ledger import catalogue
from ledger.domain.founding import LedgerFounded
from ledger.signing.keys import SigningKeys, UnusableKeys
from ledger.signing.mark import Inconsistent, Mark
from ledger.signing.witnesses import Cosigned, Proof, WitnessAhead
from ledger.store import checkpoints
from ledger.store.checkpoints import Published
from ledger.store.connections import connection_string
from ledger.store.contract import StoreDown
from ledger.store.migrations import WRITER
from ledger.store.tree import Tree, keep_tiles
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.faults import Unverified
from ledger.tlog.merkle import Frontier
from ledger.tlog.note import Note, Signature
from ledger.tlog.proofs import verify_consistency

Connection = psycopg.Connection[Any]
_LOCK = "select pg_advisory_xact_lock(%s)"
_HEAD = "select last, frontier from batch order by last desc limit 1"
_FIRST = "select record from event where position = 1"


def founded_as(record: bytes) -> str:
    """The origin in a ledger's first record; raises LookupError, ValueError or `UnknownKind`."""
    founding = catalogue.decode(1, record).event
    if not isinstance(founding, LedgerFounded):
        raise ValueError(f"the first event is of the kind {founding.kind}")
    return founding.origin


class NothingSigned(Exception):
    """There is nothing to sign yet, or nobody to sign it; says what is missing."""


class Witnesses(Protocol):
    """Those who are asked to sign that the log has only grown."""

    def cosign(self, note: Note, proof: Proof) -> Cosigned:
        """Asks all of them at once and comes back within seconds; `proof(old size)` leads from a
        tree that a witness knows to this one."""


class Nobody:
    """The witnesses of a ledger that has none."""

    def cosign(self, note: Note, proof: Proof) -> Cosigned:
        return Cosigned((), {}, ())


class CheckpointSigner:
    """Makes checkpoints; any number of them may be at work, in any processes.

    `origin` finds the log's name in its first record.
    """

    def __init__(
        self,
        url: str,
        schema: str,
        keys: SigningKeys,
        mark: Mark,
        witnesses: Witnesses,
        origin: Callable[[bytes], str] = founded_as,
    ) -> None:
        self._conninfo = connection_string(url, schema, WRITER)
        self._keys = keys
        self._mark = mark
        self._witnesses = witnesses
        self._origin = origin
        self._lock_key = int.from_bytes(sha256(f"sign {schema}".encode()).digest()[:8], signed=True)
        self.failures: Mapping[str, str] = {}
        """Why a witness, by name, did not sign when it was last asked."""

    def sign(self) -> Published:
        """A checkpoint of the whole log: a new one, or the last where nothing came after it.

        Raises `NothingSigned`, `Inconsistent` and `StoreDown`.
        """
        with self._connected() as connection, _sound():
            head = connection.execute(_HEAD).fetchone()
            if head is None:
                raise NothingSigned("the ledger is empty")
            size, frontier = head
            keep_tiles(connection, size)  # durable before a signature stands on them
            with connection.transaction():
                # Two that sign at once could publish two histories.
                connection.execute(_LOCK, [self._lock_key])
                return self._sign(connection, size, Frontier.from_bytes(size, frontier).root())

    def ask_again(self) -> None:
        """Asks for what the last checkpoint lacks of cosignatures.

        Raises `Inconsistent` and `StoreDown`.
        """
        with self._connected() as connection, _sound(), connection.transaction():
            # Else a witness that has just seen the next one would seem to know of a lost one.
            connection.execute(_LOCK, [self._lock_key])
            last = checkpoints.latest(connection)
            if last is not None:
                missing = self._cosigned(connection, last.note, last.size)
                checkpoints.add_cosignatures(connection, last.size, missing)

    def _sign(self, connection: Connection, size: int, root: bytes) -> Published:
        origin = self._origin(_first_record(connection))
        tree, last = Tree(connection), checkpoints.latest(connection)
        if last is not None and last.size > size:  # somebody was quicker
            return last
        checkpoint = Checkpoint(origin, size, root)
        if tree.root(size) != root:
            raise Inconsistent(
                f"the leaves do not lead to the root that was stored with event {size}: somebody "
                "altered the log. `mingzhang verify database` says where"
            )
        known = [self._mark.read(), last and Checkpoint(origin, last.size, last.root)]
        _check_grown(tree, checkpoint, (one for one in known if one is not None), self._mark)
        if last is not None and last.size == size:
            return last
        note, before = self._signed(checkpoint), self._mark.note()
        self._mark.write(note)
        try:
            cosigned = self._cosigned(connection, note, size)
        except Inconsistent:
            self._mark.write(before)  # nobody took it: the right database goes on from there
            raise
        checkpoints.add(connection, Published(size, root, datetime.now(UTC), note), cosigned)
        added = checkpoints.latest(connection)
        assert added is not None  # just now
        return added

    def _signed(self, checkpoint: Checkpoint) -> Note:
        try:
            signers = self._keys.load()
        except UnusableKeys as error:
            raise NothingSigned(str(error)) from error
        if not signers:
            raise NothingSigned("there is no key to sign with: `mingzhang log-key create` makes it")
        if signers[0].key.name != checkpoint.origin:
            raise NothingSigned(
                f"the keys are those of {signers[0].key.name}, and this is {checkpoint.origin}"
            )
        text = checkpoint.to_text()
        return Note(text, tuple(signer.sign(text) for signer in signers))

    def _cosigned(self, connection: Connection, note: Note, size: int) -> Sequence[Signature]:
        tree = Tree(connection)
        answer = self._witnesses.cosign(note, lambda old: tree.consistency_proof(old, size))
        self.failures = answer.failures
        if answer.is_rolled_back:
            raise Inconsistent(_contradicted(size, answer.ahead))
        return answer.signatures

    def _connected(self) -> Connection:
        try:
            return psycopg.connect(self._conninfo, autocommit=True)
        except psycopg.Error as error:
            raise StoreDown(str(error).strip()) from error


@contextmanager
def _sound() -> Iterator[None]:
    """Says of rows that cannot be read what they are: damaged, by somebody or something else."""
    try:
        yield
    except (LookupError, ValueError, catalogue.UnknownKind) as error:
        raise Inconsistent(
            f"what the database holds of the log is damaged ({error}): `mingzhang verify database`"
            " says where. Restore the database as it was"
        ) from error


def _first_record(connection: Connection) -> bytes:
    row = connection.execute(_FIRST).fetchone()
    if row is None:
        raise LookupError("there is no first event")
    return bytes(row[0])


def _check_grown(
    tree: Tree, checkpoint: Checkpoint, known: Iterable[Checkpoint], mark: Mark
) -> None:
    """Raises `Inconsistent` unless the checkpoint's tree begins with all that was published."""
    for published in known:
        if published.origin != checkpoint.origin:
            raise Inconsistent(f"{mark.path} is of {published.origin}, not {checkpoint.origin}")
        if published.size > checkpoint.size:
            raise Inconsistent(_rolled_back(checkpoint.size, published.size, str(mark.path)))
        proof = tree.consistency_proof(published.size, checkpoint.size)
        try:
            verify_consistency(
                published.size, checkpoint.size, proof, published.root, checkpoint.root
            )
        except Unverified:
            raise Inconsistent(
                f"the log does not begin with the {published.size} events of the checkpoint that "
                f"was published ({mark.path} has the last): it was restored from an older state "
                "and went on, or somebody altered it. Restore the database that has them"
            ) from None


def _contradicted(size: int, ahead: Sequence[WitnessAhead]) -> str:
    seen = ", ".join(f"{one.witness} cosigned {one.size}" for one in ahead)
    most = max(one.size for one in ahead)
    if most > size:
        return _rolled_back(size, most, seen)
    return (
        f"the log does not go on from what the witnesses saw ({seen}): it was restored from an"
        " older state and went on, or somebody altered it. Restore the database that has it"
    )


def _rolled_back(size: int, published: int, source: str) -> str:
    return (
        f"the database holds {size} events, but a checkpoint of {published} was published"
        f" ({source}): it was restored from an older state. Stop appending, and restore a backup"
        f" or a replica that has the events {size + 1} to {published}. Where they are lost for"
        " good, found a new ledger under another origin and say in public what was lost"
    )
