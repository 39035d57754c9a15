"""How far the log is signed, and who has seen it: for /readyz and for the board."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.concurrency import run_in_threadpool

from ledger.canonical import instant
from ledger.signing.notary import Notary
from ledger.store import checkpoints
from ledger.store.checkpoints import Published
from ledger.store.postgres import PostgresStore
from ledger.tlog.cosignature import verifier_for
from ledger.tlog.policy import Policy


@dataclass(frozen=True, slots=True)
class Signed:
    """The last checkpoint; size 0 and no time before the first."""

    size: int
    signed_at: datetime | None
    signatures: tuple[str, ...]
    """The names of all keys that signed, the log's first."""
    witnesses: Mapping[str, bool]
    """Of each witness of the policy, by its key's name, whether it has cosigned."""
    has_quorum: bool | None
    """Whether they suffice; None where there is no policy."""
    trouble: str | None
    """Why nothing is signed just now."""
    failures: Mapping[str, str]
    """Why a witness did not cosign when it was last asked."""

    def document(self, position: int) -> dict[str, Any]:
        """For /readyz, of a log that has come to the position."""
        document: dict[str, Any] = {"size": self.size, "lag": max(0, position - self.size)}
        if self.signed_at is not None:
            document["signed_at"] = instant(self.signed_at)
            document["signatures"] = list(self.signatures)
        if self.has_quorum is not None:
            document["quorum"] = self.has_quorum
        if self.trouble is not None:
            document["trouble"] = self.trouble
        if self.failures:
            document["witnesses"] = dict(self.failures)
        return document


class Signatures:
    """Reads the last checkpoint, and what the policy makes of it."""

    def __init__(self, store: PostgresStore, notary: Notary, policy: Policy | None) -> None:
        self._store = store
        self._notary = notary
        self._policy = policy

    async def last(self) -> Signed:
        """As of now; raises `StoreDown` and `SchemaMismatch`."""
        published = await run_in_threadpool(self._store.reading, checkpoints.latest)
        witnesses, has_quorum = self._seen_by(published)
        return Signed(
            published.size if published else 0,
            published.signed_at if published else None,
            tuple(one.name for one in published.note.signatures) if published else (),
            witnesses,
            has_quorum,
            self._notary.trouble,
            self._notary.failures,
        )

    def _seen_by(self, published: Published | None) -> tuple[dict[str, bool], bool | None]:
        if self._policy is None:
            return {}, None
        verifiers = [verifier_for(witness.key) for witness in self._policy.witnesses]
        keys = published.note.signed_by(verifiers) if published else ()
        witnesses = {witness.key.name: witness.key in keys for witness in self._policy.witnesses}
        return witnesses, self._policy.satisfied_by(keys)
