"""The one door of the ledger: propose, read, follow."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import NamedTuple

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from ledger import catalogue
from ledger.decider import ProposalDecider
from ledger.event import Recorded
from ledger.proposal import Prepared, Proposal, prepare
from ledger.refusals import Unavailable
from ledger.sequencer import Appended, Limits, Sequencer
from ledger.store.contract import Receipt, Store, StoredEvent, StoreDown
from ledger.vault.key_encryption import WrongKey
from ledger.vault.keys_at_hand import NoKeyAtHand
from ledger.vault.vault import Vault


class Answer(NamedTuple):
    """What a proposer is told of one appended event, and can hold the ledger to."""

    position: int
    id: str
    kind: str
    tags: tuple[str, ...]
    recorded_at: datetime
    leaf: bytes


class Ledger:
    """Proposals in, recorded events out. Start it once; any thread or loop may use it.

    Every way in raises `Refused` (a rule or limit), `Busy` (queue full), `Unavailable` (no
    database), `IdempotencyConflict`.
    """

    def __init__(self, store: Store, vault: Vault, limits: Limits | None = None) -> None:
        self.store = store
        self.vault = vault
        self._sequencer = Sequencer(store, ProposalDecider(), limits)

    def start(self) -> None:
        """Starts the sequencer's thread."""
        self._sequencer.start()

    def close(self) -> None:
        """Answers what is queued, then stops; the store stays open."""
        self._sequencer.close()

    async def propose(
        self, proposals: Sequence[Proposal], receipt: Receipt | None = None
    ) -> tuple[Answer, ...]:
        """Appends all of the proposals, or none; their answers in order."""
        while (prepared := self._prepared(proposals)) is None:
            await asyncio.to_thread(self._make_keys)
        appended = await self._sequencer.append(prepared, len(prepared), receipt)
        return self._answers(prepared, appended)

    def propose_sync(
        self, proposals: Sequence[Proposal], receipt: Receipt | None = None
    ) -> tuple[Answer, ...]:
        """The same for callers without a loop: blocks until answered."""
        prepared = self._prepare(proposals)
        appended = self._sequencer.append_sync(prepared, len(prepared), receipt).result()
        return self._answers(prepared, appended)

    def submit(
        self, proposals: Sequence[Proposal], receipt: Receipt | None = None
    ) -> Future[Appended]:
        """The same without waiting: for imports, which keep several lists on their way."""
        prepared = self._prepare(proposals)
        return self._sequencer.append_sync(prepared, len(prepared), receipt)

    def read(
        self,
        *,
        after: int = 0,
        limit: int | None = None,
        kinds: Sequence[str] = (),
        tags: Sequence[str] = (),
    ) -> Iterator[StoredEvent]:
        """Events after a position, of any of the kinds and with all of the tags, in order."""
        query = DCBQuery([DCBQueryItem(list(kinds), list(tags))]) if kinds or tags else None
        return self.store.read(query, after=after, limit=limit)

    def follow(self, after: int = 0) -> Iterator[Recorded]:
        """Every event after a position, then each new one as it comes; never ends by itself."""
        while True:
            for event in self.store.read(after=after):
                yield catalogue.decode(event.position, event.record)
                after = event.position
            while not self.store.wait(after, timeout_seconds=60.0):
                pass

    def _prepare(self, proposals: Sequence[Proposal]) -> tuple[Prepared, ...]:
        while (prepared := self._prepared(proposals)) is None:
            self._make_keys()
        return prepared

    def _prepared(self, proposals: Sequence[Proposal]) -> tuple[Prepared, ...] | None:
        """None where the vault has to make keys first, which takes a while."""
        if not proposals:
            raise ValueError("a list of proposals has at least one")
        try:
            return tuple(prepare(proposal, self.vault) for proposal in proposals)
        except NoKeyAtHand:
            return None

    def _make_keys(self) -> None:
        try:
            self.vault.keys.make()
        except (StoreDown, WrongKey) as error:
            raise Unavailable(f"the vault can seal nothing just now: {error}") from error

    def _answers(self, prepared: tuple[Prepared, ...], appended: Appended) -> tuple[Answer, ...]:
        if appended.replayed or appended.recorded_at is None:
            return tuple(
                _answer(catalogue.decode(event.position, event.record), event.leaf)
                for event in self.store.read(after=appended.first - 1, until=appended.last)
            )
        return tuple(
            Answer(
                appended.first + index, one.id, one.event.kind, one.tags, appended.recorded_at, leaf
            )
            for index, (one, leaf) in enumerate(zip(prepared, appended.leaves, strict=True))
        )


def _answer(recorded: Recorded, leaf: bytes) -> Answer:
    return Answer(
        recorded.position, recorded.id, recorded.kind, recorded.tags, recorded.recorded_at, leaf
    )
