"""A town's ledger in two processes over a store that fails, step by step as a seed says.

Nothing here runs by itself: the seed decides which process takes its next batch and when, so that
a seed that fails does so every time.
"""

from __future__ import annotations

import copy
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from ledger.event import Recorded
from ledger.ledger import Ledger
from ledger.refusals import Busy, IdempotencyConflict, Refused, Unavailable
from ledger.sequencer import Appended, Limits
from ledger.store.contract import Receipt
from ledger.store.memory import MemoryStore
from tests.harness.failing import FailingStore, SeededFaults
from tests.harness.intents import POISON, Act, intend, proposals
from tests.harness.log import check_log
from tests.harness.replay import replay
from tests.vaults import memory_vault

MAX_STEPS = 20_000


@dataclass
class Attempt:
    """One submission of a wish: the ids that its events would have, and where the answer goes."""

    ids: list[str]
    future: Future[Appended]


@dataclass
class Wish:
    """What a submitter wants, with or without an idempotency key, and what it was told."""

    acts: list[Act]
    receipt: Receipt | None
    attempts: list[Attempt] = field(default_factory=list)
    answers: list[Appended] = field(default_factory=list)
    heard: int = 0
    """Of how many attempts the answers have been taken in."""
    may_be_stored: bool = False
    """An attempt ended without anybody knowing."""
    is_settled: bool = False

    @property
    def in_flight(self) -> list[Attempt]:
        return [attempt for attempt in self.attempts if not attempt.future.done()]


class Simulation:
    """Run it once: `run` raises AssertionError where an invariant does not hold."""

    def __init__(self, founded: MemoryStore, seed: int, wishes: int = 50) -> None:
        self.random = Random(seed)
        self.store = _copy(founded)
        rate = self.random.choice((0.0, 0.02, 0.1, 0.3))
        self.faults = [SeededFaults(self.random, rate) for _ in range(2)]
        self.stores = [
            FailingStore(self.store, faults, (POISON.encode(),)) for faults in self.faults
        ]
        limits = self._limits()
        self.ledgers = [Ledger(store, memory_vault(), limits) for store in self.stores]
        things = self.random.choice((1, 3, 10))
        self.wishes = [self._wish(number, things) for number in range(wishes)]

    def _limits(self) -> Limits:
        choose = self.random.choice
        return Limits(
            batch_events=choose((4, 7, 1_000)),
            queue_events=choose((4, 12, 1_000)),
            cache_bytes=choose((0, 5_000, 10_000_000)),
            # Either patient until the store is back, or answering `Unavailable` at the first fault.
            retry_seconds=choose((0.0, 600.0)),
            retry_pause_seconds=0.0,
        )

    def _wish(self, number: int, things: int) -> Wish:
        keyed = self.random.random() < 0.6
        receipt = Receipt(number.to_bytes(16), bytes(32)) if keyed else None
        return Wish(intend(self.random, things), receipt)

    def run(self) -> list[Recorded]:
        """Steps until every wish is settled, then checks everything; the replayed log."""
        for step in range(MAX_STEPS):
            if step == MAX_STEPS // 2:
                for faults in self.faults:
                    faults.heal()
            if not self._step():
                break
        else:
            raise AssertionError("the simulation does not come to an end")
        for ledger in self.ledgers:
            ledger._sequencer._writer.close()
        return self._check()

    def _step(self) -> bool:
        """One submission or one batch, by chance; False when all is done."""
        queued = [ledger for ledger in self.ledgers if ledger._sequencer._queue]
        waiting = [wish for wish in self.wishes if not wish.is_settled and not wish.in_flight]
        if not queued and not waiting:
            return False
        if queued and (not waiting or self.random.random() < 0.3):
            self._drift()
            self.random.choice(queued)._sequencer._turn()
            for wish in self.wishes:
                self._hear(wish)
        else:
            self._submit(self.random.choice(waiting[:8]))
        return True

    def _drift(self) -> None:
        for store in self.stores:
            store.clock_error = timedelta(seconds=self.random.uniform(-4, 4))

    def _submit(self, wish: Wish) -> None:
        chosen = [self.random.choice(self.ledgers)]
        if wish.receipt is not None and self.random.random() < 0.2:
            chosen = self.ledgers  # sent twice, to both processes at once
        for ledger in chosen:
            attempt = proposals(wish.acts)
            try:
                future = ledger.submit(attempt, wish.receipt)
            except (Busy, IdempotencyConflict):
                continue
            wish.attempts.append(Attempt([proposal.id for proposal in attempt], future))

    def _hear(self, wish: Wish) -> None:
        if wish.is_settled or wish.in_flight or not wish.attempts:
            return
        self._listen(wish)

    def _listen(self, wish: Wish) -> None:
        """Takes in the answers to the latest attempts; without any the wish is submitted again.

        Of two attempts at once one may be refused and the other, a moment later, be stored: where
        its outcome is not known, only asking again under the same key tells.
        """
        is_refused = is_unknown = False
        for attempt in wish.attempts[wish.heard :]:
            error = attempt.future.exception()
            if error is None:
                answer = attempt.future.result()
                if answer not in wish.answers:
                    wish.answers.append(answer)
            elif isinstance(error, Refused):
                is_refused = True
            elif isinstance(error, Unavailable):
                is_unknown |= error.outcome_unknown
            elif not isinstance(error, IdempotencyConflict):
                raise error
        wish.heard = len(wish.attempts)
        wish.may_be_stored |= is_unknown
        lost = wish.may_be_stored and wish.receipt is None
        wish.is_settled = bool(wish.answers) or lost or (is_refused and not is_unknown)

    def _check(self) -> list[Recorded]:
        events = check_log(self.store)
        recorded = replay(events)
        ids = [one.id for one in recorded]
        assert len(set(ids)) == len(ids), "an event stands twice"
        place = {identity: position for position, identity in enumerate(ids, start=1)}
        for wish in self.wishes:
            self._check_wish(wish, place)
        known = {identity for wish in self.wishes for one in wish.attempts for identity in one.ids}
        founded = len(events) - len(known & set(ids))
        assert {*ids[founded:]} <= known, "an event stands that nobody proposed"
        return recorded

    def _check_wish(self, wish: Wish, place: dict[str, int]) -> None:
        stored = [
            [place[identity] for identity in attempt.ids if identity in place]
            for attempt in wish.attempts
        ]
        whole = [positions for positions in stored if positions]
        for positions in whole:
            first = positions[0]
            assert positions == list(range(first, first + len(wish.acts))), "a list stands in part"
        assert len(whole) <= 1, "a wish was stored twice"
        spans = {(answer.first, answer.last) for answer in wish.answers}
        if wish.answers:
            assert len(whole) == 1, "what was acknowledged is not in the log"
            assert spans == {(whole[0][0], whole[0][-1])}, "an answer names other positions"
        elif not wish.may_be_stored or wish.receipt is not None:
            assert not whole, "what was refused is in the log"
        for answer in wish.answers:
            leaves = [event.leaf for event in self.store.events[answer.first - 1 : answer.last]]
            assert answer.replayed or list(answer.leaves) == leaves, "an answer has other leaves"


def _copy(founded: MemoryStore) -> MemoryStore:
    store = MemoryStore()
    store.events = list(founded.events)
    store.batches = dict(founded.batches)
    store.last_batch = copy.copy(founded.last_batch)
    return store
