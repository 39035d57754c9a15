"""Group commit: one thread decides a batch under the log's lock and appends it in a transaction.

Proposals queue; the sequencer takes up to N, takes the lock, brings its states up to the head,
decides one after the other in memory, stores what was accepted, commits, answers. Nobody retries
on a conflict, and no reader ever sees a gap: positions are given under the lock that the commit
releases.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import uuid_utils
from opentelemetry import trace
from prometheus_client import Counter

from ledger.refusals import (
    Busy,
    IdempotencyConflict,
    Refusal,
    Refused,
    Unacceptable,
    Unavailable,
)
from ledger.states import UNLOADED, Decider, StateCache, View
from ledger.store.contract import (
    Batch,
    Locked,
    OutcomeUnknown,
    Receipt,
    RowRejected,
    Store,
    StoreDown,
)
from ledger.tlog.merkle import Frontier

MAX_CLOCK_DIFFERENCE = timedelta(seconds=5)
STAGE_EVENTS = 16
"""So many accepted events at a time are handed to the database while the others are decided."""
MAX_CATCH_UP_EVENTS = 50_000
"""Behind by more than this, the cache is dropped rather than brought up."""

_log = logging.getLogger(__name__)
_tracer = trace.get_tracer("mingzhang.ledger")
REFUSALS = Counter("mingzhang_refusals", "Refused submissions", ["rule"])
APPENDED = Counter("mingzhang_events_appended", "Events appended")
BATCHES = Counter("mingzhang_batches", "Batches committed")


class Appended(NamedTuple):
    """The answer to an accepted submission: its events stand at `first` to `last`."""

    first: int
    last: int
    recorded_at: datetime | None
    """None when the answer comes from a receipt: the records tell."""
    leaves: tuple[bytes, ...]
    replayed: bool = False
    """Whether this is an earlier answer, found by its receipt."""


@dataclass(slots=True, eq=False)
class Submission:
    """Content that is accepted as a whole or not at all, and where its answer goes."""

    content: Any
    event_count: int
    receipt: Receipt | None
    loop: asyncio.AbstractEventLoop | None
    future: Any
    """An asyncio future of `loop`, or a concurrent future where there is no loop."""


@dataclass(slots=True)
class Limits:
    """Bounds on what is held in memory and on patience."""

    batch_events: int = 1_000
    queue_events: int = 10_000
    cache_bytes: int = 128 * 1024 * 1024
    retry_seconds: float = 10.0
    retry_pause_seconds: float = 0.05
    """The first pause before a retry; each is twice the one before it, up to a second."""


@dataclass(slots=True)
class _Progress:
    """How far the cache has followed the log."""

    size: int | None = None
    frontier: Frontier = field(default_factory=Frontier)


Outcome = Appended | Exception


class Sequencer:
    """Owns one thread, one writer and the folded states; `submit` may be called from any thread."""

    def __init__(self, store: Store, decider: Decider[Any], limits: Limits | None = None) -> None:
        self._store = store
        self._decider = decider
        self._limits = limits or Limits()
        self._writer = store.writer()
        self._cache = StateCache(self._limits.cache_bytes)
        self._progress = _Progress()
        self._queue: deque[Submission] = deque()
        self._queued_events = 0
        self._in_flight: set[bytes] = set()
        # Guards queue, count and in-flight digests; the thread sleeps on it when all is done.
        self._wake = threading.Condition(threading.Lock())
        self._sleeping = False
        self._stopping = False
        self._down = False
        self._others_append = False
        self._held: list[tuple[Submission, Outcome]] = []
        self._thread = threading.Thread(target=self._run, name="sequencer", daemon=True)

    def start(self) -> None:
        """Starts the thread; the database is first asked for with the first submission."""
        self._thread.start()

    def close(self) -> None:
        """Answers what is queued, then ends the thread and its connection."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join()
        self._writer.close()

    def submit(self, submission: Submission) -> None:
        """Queues a submission. Raises `Busy`, `IdempotencyConflict` (in flight) or `Unavailable`.

        A submission larger than the queue's bound is `Refused`: it could never be taken in.
        """
        if submission.event_count > self._limits.batch_events:
            raise Refused(
                Unacceptable(
                    "too_many_in_a_list",
                    f"{submission.event_count} events in one list",
                    f"at most {self._limits.batch_events} events",
                )
            )
        with self._wake:
            if self._stopping:
                raise Unavailable("the ledger is stopping")
            if self._queued_events + submission.event_count > self._limits.queue_events:
                raise Busy
            if submission.receipt is not None:
                digest = submission.receipt.digest
                if digest in self._in_flight:
                    raise IdempotencyConflict(digest.hex(), in_flight=True)
                self._in_flight.add(digest)
            self._queue.append(submission)
            self._queued_events += submission.event_count
            if self._sleeping:
                self._wake.notify()

    async def append(
        self, content: Any, event_count: int, receipt: Receipt | None = None
    ) -> Appended:
        """Submits and awaits the answer; raises what refused or hindered it.

        To cancel the wait does not take the submission back.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Appended] = loop.create_future()
        self.submit(Submission(content, event_count, receipt, loop, future))
        return await future

    def append_sync(
        self, content: Any, event_count: int, receipt: Receipt | None = None
    ) -> Future[Appended]:
        """The same for callers without a loop: a concurrent future with the answer."""
        future: Future[Appended] = Future()
        # From here on it cannot be cancelled: what is queued will be decided.
        future.set_running_or_notify_cancel()
        self.submit(Submission(content, event_count, receipt, None, future))
        return future

    # Everything below runs in the sequencer's thread.

    def _run(self) -> None:
        while self._turn():
            pass

    def _turn(self) -> bool:
        """Takes, decides and answers one batch; False when the thread is to end."""
        taken = self._take()
        if not taken:
            return False
        with _tracer.start_as_current_span("ledger.batch") as span:
            outcomes = self._settle(taken)
            span.set_attribute("ledger.submissions", len(taken))
        self._answer_held()
        self._held = list(zip(taken, outcomes, strict=True))
        if self._others_append or not self._queue:
            self._answer_held()
        self._cache.evict()
        return True

    def _take(self) -> list[Submission]:
        with self._wake:
            while not self._queue and not self._stopping:
                self._sleeping = True
                self._wake.wait()
                self._sleeping = False
            taken, events = [], 0
            while self._queue and (
                events + self._queue[0].event_count <= self._limits.batch_events
            ):
                submission = self._queue.popleft()
                events += submission.event_count
                taken.append(submission)
            self._queued_events -= events
            return taken

    def _answer_held(self) -> None:
        """Gives the answers of the last batch, unless they have been given.

        They are held while the next batch is decided and given once that one is on its way to the
        disk: those who are answered propose anew, and would take the interpreter's lock from this
        thread while the database has nothing to do. Held are answers to what is committed; nothing
        that becomes of the next batch changes them. They are not held for a wait of unknown length:
        for a lock that others have, for a load, or after a failure.
        """
        held, self._held = self._held, []
        if not held:
            return
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Any, Outcome]]] = {}
        with self._wake:
            for submission, _ in held:
                if submission.receipt is not None:
                    self._in_flight.discard(submission.receipt.digest)
        for submission, outcome in held:
            if isinstance(outcome, Refused):
                REFUSALS.labels(outcome.refusal.rule).inc()
            if submission.loop is None:
                _resolve([(submission.future, outcome)])
            else:
                by_loop.setdefault(submission.loop, []).append((submission.future, outcome))
        for loop, answers in by_loop.items():
            with suppress(RuntimeError):  # the loop was closed: nobody waits any more
                loop.call_soon_threadsafe(_resolve, answers)

    def _settle(self, taken: Sequence[Submission]) -> list[Outcome]:
        """The outcome of each submission, whatever happens to the database meanwhile."""
        deadline = time.monotonic() + (0 if self._down else self._limits.retry_seconds)
        pause = self._limits.retry_pause_seconds
        while True:
            try:
                outcomes = self._attempt(taken)
            except RowRejected as error:
                self._answer_held()
                self._forget()
                return self._halves(taken, error)
            except StoreDown as error:
                self._answer_held()
                self._forget()
                if time.monotonic() + pause > deadline or self._stopping:
                    self._down = True
                    return [Unavailable(f"the database is down: {error}") for _ in taken]
                time.sleep(pause)
                pause = min(pause * 2, 1.0)
            except OutcomeUnknown as error:
                self._answer_held()
                self._forget()
                self._down = True
                return [Unavailable(str(error), outcome_unknown=True) for _ in taken]
            except Exception as error:  # noqa: BLE001 - a defect must not end the thread unanswered
                _log.exception("a batch failed")
                self._forget()
                self._writer.rollback()
                return [error for _ in taken]
            else:
                self._down = False
                return outcomes

    def _halves(self, taken: Sequence[Submission], error: RowRejected) -> list[Outcome]:
        """Decides a batch that the database rejected again in halves, down to the culprit."""
        if len(taken) == 1:
            return [
                Refused(
                    Unacceptable(
                        "rejected_by_database", str(error), "values that the database can store"
                    )
                )
            ]
        middle = len(taken) // 2
        return [*self._settle(taken[:middle]), *self._settle(taken[middle:])]

    def _forget(self) -> None:
        self._cache.clear()
        self._progress = _Progress()

    def _attempt(self, taken: Sequence[Submission]) -> list[Outcome]:
        self._catch_up_without_lock()
        digests = [s.receipt.digest for s in taken if s.receipt is not None]
        locked = self._writer.lock(digests, self._answer_held)
        difference = abs(locked.clock - datetime.now(UTC))
        if difference > MAX_CLOCK_DIFFERENCE:
            self._writer.rollback()
            reason = f"the clocks of process and database differ by {difference.total_seconds()} s"
            return [Unavailable(reason) for _ in taken]
        self._catch_up(locked)
        # Never before the batch before it, though the database's clock may have been set back.
        at = max(locked.clock, locked.recorded_at) if locked.recorded_at else locked.clock
        view = View(self._cache, self._decider, self._writer, locked.size, at)
        outcomes: list[Outcome] = []
        receipts: list[tuple[Receipt, int, int]] = []
        view.prefetch = partial(self._prefetch, taken, view)
        staged = 0
        for submission in taken:
            if len(view.accepted) - staged >= STAGE_EVENTS:
                self._writer.stage([event.stored for event in view.accepted[staged:]])
                staged = len(view.accepted)
            outcome = self._decide(submission, view, locked)
            outcomes.append(outcome)
            if isinstance(outcome, Appended) and not outcome.replayed and submission.receipt:
                receipts.append((submission.receipt, outcome.first, outcome.last))
        if view.accepted:
            self._commit(view, receipts)
        else:
            self._writer.rollback()
        return outcomes

    def _decide(self, submission: Submission, view: View, locked: Locked) -> Outcome:
        if submission.receipt is not None:
            found = locked.receipts.get(submission.receipt.digest)
            if found is not None:
                if found.fingerprint != submission.receipt.fingerprint:
                    return IdempotencyConflict(submission.receipt.digest.hex(), in_flight=False)
                return Appended(found.first, found.last, None, (), replayed=True)
        before = len(view.accepted)
        try:
            refusal: Refusal | None = self._decider.decide(submission.content, view)
        except (StoreDown, OutcomeUnknown, RowRejected):
            raise
        except Exception as error:  # noqa: BLE001 - one rule's defect must not fail the batch
            _log.exception("a rule failed")
            view.undo()
            return error
        if refusal is not None:
            view.undo()
            return Refused(refusal)
        view.keep()
        accepted = view.accepted[before:]
        return Appended(
            accepted[0].stored.position,
            accepted[-1].stored.position,
            view.at,
            tuple(event.stored.leaf for event in accepted),
        )

    def _prefetch(self, taken: Sequence[Submission], view: View) -> None:
        """Loads in one query a round what the batch will read and memory lacks."""
        for _ in range(3):  # whistle -> request -> organisation
            missing = {
                tag: None
                for submission in taken
                for tag in self._decider.boundary(submission.content, view.peek)
                if view.peek(tag) is UNLOADED
            }
            if not missing:
                return
            self._answer_held()
            view.load(list(missing))

    def _commit(self, view: View, receipts: list[tuple[Receipt, int, int]]) -> None:
        frontier = self._progress.frontier
        for event in view.accepted:
            frontier.append(event.stored.leaf)
        batch = Batch(
            str(uuid_utils.uuid7()),
            view.at,
            [event.stored for event in view.accepted],
            frontier.to_bytes(),
            [(event.stored.position, value) for event in view.accepted for value in event.sealed],
            receipts,
        )
        try:
            self._writer.commit(batch, self._answer_held)
        except OutcomeUnknown as error:
            self._settle_commit(batch.batch_id, error)
        self._progress.size = view.size
        APPENDED.inc(len(view.accepted))
        BATCHES.inc()

    def _settle_commit(self, batch_id: str, error: OutcomeUnknown) -> None:
        """Returns if the batch is in the log; raises `StoreDown` if it is not, so that it is tried
        again, and `OutcomeUnknown` if the database does not come back in time."""
        deadline = time.monotonic() + self._limits.retry_seconds
        pause = self._limits.retry_pause_seconds
        while True:
            try:
                if self._writer.was_committed(batch_id):
                    return
            except (StoreDown, OutcomeUnknown):
                if time.monotonic() + pause > deadline or self._stopping:
                    raise error from None
                time.sleep(pause)
                pause = min(pause * 2, 1.0)
            else:
                raise StoreDown("the connection was lost before the commit") from error

    def _catch_up_without_lock(self) -> None:
        """Follows the log before the lock is taken, so that under it only the tail is left.

        Only while others append too: alone, this process knows the head.
        """
        if self._others_append and self._progress.size is not None:
            self._follow(self._store.size(), locked=False)

    def _catch_up(self, locked: Locked) -> None:
        self._others_append = not self._is_at(locked)
        if not self._others_append:
            return
        if self._progress.size is not None:
            self._follow(locked.size, locked=True)
            if not self._is_at(locked):
                # A log that was restored or failed over without its last events: what the cache
                # knows of them never was.
                self._cache.clear()
        self._progress = _Progress(
            locked.size,
            Frontier.from_bytes(locked.size, locked.frontier),
        )

    def _is_at(self, locked: Locked) -> bool:
        """Whether what was followed is the log as it stands: the size alone would not tell."""
        progress = self._progress
        return progress.size == locked.size and progress.frontier.to_bytes() == locked.frontier

    def _follow(self, size: int, *, locked: bool) -> None:
        behind = size - (self._progress.size or 0)
        if behind <= 0:
            return
        if behind > MAX_CATCH_UP_EVENTS:
            self._forget()
            return
        events = (
            self._writer.after(self._progress.size or 0)
            if locked
            else self._store.read(after=self._progress.size or 0, until=size)
        )
        for event in events:
            fact = None
            for tag in event.tags:
                if tag in self._cache:
                    fact = self._decider.fact(event) if fact is None else fact
                    self._cache.put(tag, self._decider.evolve(self._cache.get(tag), tag, fact))
            self._progress.frontier.append(event.leaf)
            self._progress.size = event.position


def _resolve(answers: Sequence[tuple[Any, Outcome]]) -> None:
    for future, outcome in answers:
        if future.done():
            continue
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
