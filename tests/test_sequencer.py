"""Group commit: what is answered to whom, whatever happens to the batch."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from ledger import sequencer as sequencer_module
from ledger.refusals import Busy, IdempotencyConflict, Refused, Unavailable
from ledger.sequencer import Appended, Limits, Sequencer
from ledger.store.contract import Receipt, Store
from ledger.store.memory import MemoryStore
from ledger.store.postgres import PostgresStore
from tests.harness.failing import FailingStore, Fault, ScriptedFaults
from tests.harness.log import check_log
from tests.harness.till import Defect, Move, TillDecider, balances

QUICK = Limits(retry_pause_seconds=0.001)


@contextmanager
def running(store: Store, limits: Limits = QUICK) -> Iterator[Sequencer]:
    sequencer = Sequencer(store, TillDecider(), limits)
    sequencer.start()
    try:
        yield sequencer
    finally:
        sequencer.close()


def submit(sequencer: Sequencer, *moves: Move, receipt: Receipt | None = None) -> Future[Appended]:
    return sequencer.append_sync(moves, len(moves), receipt)


def append(sequencer: Sequencer, *moves: Move, receipt: Receipt | None = None) -> Appended:
    return submit(sequencer, *moves, receipt=receipt).result(timeout=30)


def together(sequencer: Sequencer, *lists: tuple[Move, ...]) -> list[Appended | BaseException]:
    """Submits before the thread starts, so that all of them stand in one batch; then starts it."""
    futures = [submit(sequencer, *moves) for moves in lists]
    sequencer.start()
    return [future.exception(timeout=30) or future.result() for future in futures]


def key(number: int, body: int = 0) -> Receipt:
    return Receipt(number.to_bytes(16), body.to_bytes(32))


def test_a_batch_is_committed_once_and_answered_one_by_one() -> None:
    store = FailingStore(MemoryStore(), ScriptedFaults({}))
    sequencer = Sequencer(store, TillDecider())

    answers = together(sequencer, (Move("a", 5),), (Move("b", 1), Move("b", 2)), (Move("a", -5),))

    sequencer.close()
    assert [(one.first, one.last) for one in answers if isinstance(one, Appended)] == [
        (1, 1),
        (2, 3),
        (4, 4),
    ]
    assert store.commits == 1
    events = check_log(store, 4)
    assert [leaf for one in answers if isinstance(one, Appended) for leaf in one.leaves] == [
        event.leaf for event in events
    ]


def test_a_later_submission_is_decided_on_what_an_earlier_one_of_its_batch_did() -> None:
    sequencer = Sequencer(MemoryStore(), TillDecider())

    answers = together(sequencer, (Move("a", 5),), (Move("a", -3),), (Move("a", -3),))

    sequencer.close()
    assert [type(answer) for answer in answers] == [Appended, Appended, Refused]


def test_a_list_is_accepted_whole_or_not_at_all() -> None:
    store = MemoryStore()
    sequencer = Sequencer(store, TillDecider())

    answers = together(
        sequencer,
        (Move("a", 5),),
        (Move("a", 1), Move("b", 7), Move("a", -7)),  # the last breaks the rule: nothing of it was
        (Move("a", -5),),
        (Move("b", -1),),
    )

    sequencer.close()
    assert [type(answer) for answer in answers] == [Appended, Refused, Appended, Refused]
    assert balances(check_log(store, 2)) == {"a": 0}


def test_a_list_sees_its_own_earlier_events() -> None:
    with running(MemoryStore()) as sequencer:
        answer = append(sequencer, Move("a", 5), Move("a", -5), Move("a", 1), Move("a", -1))

    assert (answer.first, answer.last) == (1, 4)


def test_a_refusal_leaves_no_trace() -> None:
    store = FailingStore(MemoryStore(), ScriptedFaults({}))

    with running(store) as sequencer:
        for _ in range(3):
            with pytest.raises(Refused, match="beyond_balance"):
                append(sequencer, Move("a", 3), Move("a", -4), receipt=key(1))
        accepted = append(sequencer, Move("a", 4), receipt=key(1))

    assert store.commits == 1
    assert (accepted.first, accepted.replayed) == (1, False)
    assert check_log(store, 1)


def test_a_full_queue_says_busy_at_once() -> None:
    sequencer = Sequencer(MemoryStore(), TillDecider(), Limits(batch_events=3, queue_events=4))
    waiting = [submit(sequencer, Move("a", 1), Move("a", 1)) for _ in range(2)]

    started = time.monotonic()
    with pytest.raises(Busy) as busy:
        submit(sequencer, Move("a", 1))

    assert time.monotonic() - started < 0.5
    assert busy.value.retry_after_seconds >= 1
    sequencer.start()
    assert [future.result(timeout=30).last for future in waiting] == [2, 4]
    assert append(sequencer, Move("a", 1)).first == 5
    sequencer.close()


def test_a_busy_answer_does_not_keep_the_idempotency_key() -> None:
    sequencer = Sequencer(MemoryStore(), TillDecider(), Limits(batch_events=1, queue_events=1))
    first = submit(sequencer, Move("a", 1))
    with pytest.raises(Busy):
        submit(sequencer, Move("a", 2), receipt=key(1))

    sequencer.start()
    first.result(timeout=30)

    assert append(sequencer, Move("a", 2), receipt=key(1)).first == 2
    sequencer.close()


def test_a_list_longer_than_a_batch_is_refused_at_once() -> None:
    with running(MemoryStore(), Limits(batch_events=3)) as sequencer:
        with pytest.raises(Refused, match="too_many_in_a_list"):
            submit(sequencer, *[Move("a", 1)] * 4)

        assert append(sequencer, *[Move("a", 1)] * 3).last == 3


def test_no_batch_is_larger_than_its_bound() -> None:
    store = FailingStore(MemoryStore(), ScriptedFaults({}))
    sequencer = Sequencer(store, TillDecider(), Limits(batch_events=4))

    answers = together(sequencer, *[(Move("a", 1), Move("a", 1), Move("a", 1))] * 5)

    sequencer.close()
    assert [one.last for one in answers if isinstance(one, Appended)] == [3, 6, 9, 12, 15]
    assert store.commits == 5


def test_the_same_key_and_body_get_the_first_answer_again() -> None:
    store = MemoryStore()
    with running(store) as sequencer:
        append(sequencer, Move("b", 1))
        first = append(sequencer, Move("a", 1), Move("a", 2), receipt=key(1, body=7))
        again = append(sequencer, Move("a", 1), Move("a", 2), receipt=key(1, body=7))

    assert (again.first, again.last) == (first.first, first.last) == (2, 3)
    assert again.replayed
    assert check_log(store, 3)


def test_the_same_key_with_another_body_is_a_conflict() -> None:
    store = MemoryStore()
    with running(store) as sequencer:
        append(sequencer, Move("a", 1), receipt=key(1, body=7))
        with pytest.raises(IdempotencyConflict) as conflict:
            append(sequencer, Move("a", 2), receipt=key(1, body=8))

    assert not conflict.value.in_flight
    assert check_log(store, 1)


def test_a_key_that_is_being_answered_is_a_conflict_until_it_is() -> None:
    sequencer = Sequencer(MemoryStore(), TillDecider())
    first = submit(sequencer, Move("a", 1), receipt=key(1))

    with pytest.raises(IdempotencyConflict) as conflict:
        submit(sequencer, Move("a", 1), receipt=key(1))

    assert conflict.value.in_flight
    sequencer.start()
    first.result(timeout=30)
    assert append(sequencer, Move("a", 1), receipt=key(1)).replayed
    sequencer.close()


def test_a_key_answered_by_another_process_is_found_under_the_lock() -> None:
    store = MemoryStore()
    with running(store) as ours, running(store) as theirs:
        first = append(theirs, Move("a", 1), receipt=key(1))
        again = append(ours, Move("a", 1), receipt=key(1))

    assert (again.first, again.replayed) == (first.first, True)
    assert check_log(store, 1)


def test_a_rule_that_raises_is_answered_to_its_own_submission_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = MemoryStore()
    sequencer = Sequencer(store, TillDecider())

    answers = together(
        sequencer,
        (Move("a", 1),),
        (Move("a", 1), Move("a", 0, "a bug", defective=True)),
        (Move("a", 1),),
    )

    sequencer.close()
    assert [type(answer) for answer in answers] == [Appended, Defect, Appended]
    assert balances(check_log(store, 2)) == {"a": 2}
    assert "a rule failed" in caplog.text


def test_a_row_that_the_database_rejects_is_answered_to_its_culprit_alone() -> None:
    store = FailingStore(MemoryStore(), ScriptedFaults({}), poison=(b"poison",))
    sequencer = Sequencer(store, TillDecider())
    notes = ["", "", "poison", "", "", "poison", ""]

    answers = together(sequencer, *[(Move("a", 1, note),) for note in notes])

    sequencer.close()
    for note, answer in zip(notes, answers, strict=True):
        if note:
            assert isinstance(answer, Refused)
            assert answer.refusal.rule == "rejected_by_database"
        else:
            assert isinstance(answer, Appended)
    assert balances(check_log(store, 5)) == {"a": 5}


def test_after_a_rejected_row_the_others_are_decided_as_if_it_had_not_been() -> None:
    store = FailingStore(MemoryStore(), ScriptedFaults({}), poison=(b"poison",))
    sequencer = Sequencer(store, TillDecider())

    answers = together(sequencer, (Move("a", 5, "poison"),), (Move("a", -5),), (Move("a", 2),))

    sequencer.close()
    assert [type(answer) for answer in answers] == [Refused, Refused, Appended]
    assert balances(check_log(store, 1)) == {"a": 2}


@pytest.mark.parametrize("seconds", [6, -6])
def test_a_clock_that_is_more_than_5_s_off_stops_appending(seconds: int) -> None:
    store = FailingStore(MemoryStore(), ScriptedFaults({}))
    with running(store) as sequencer:
        append(sequencer, Move("a", 1))
        store.clock_error = timedelta(seconds=seconds)

        with pytest.raises(Unavailable, match="clocks"):
            append(sequencer, Move("a", 1))

        store.clock_error = timedelta(seconds=seconds / 2)
        append(sequencer, Move("a", 1))

    assert check_log(store, 2)


def test_recorded_at_never_goes_back_though_the_database_s_clock_does() -> None:
    store = FailingStore(MemoryStore(), ScriptedFaults({}))
    moments: list[datetime | None] = []
    with running(store) as sequencer:
        for error in (0, 4, -4, 2, -3, 0):
            store.clock_error = timedelta(seconds=error)
            moments.append(append(sequencer, Move("a", 1)).recorded_at)

    assert moments == sorted(moment for moment in moments if moment is not None)
    assert moments[2] == moments[1]


def test_the_clock_is_held_across_processes_and_restarts() -> None:
    ahead = FailingStore(MemoryStore(), ScriptedFaults({}))
    ahead.clock_error = timedelta(seconds=4)
    with running(ahead) as sequencer:
        first = append(sequencer, Move("a", 1)).recorded_at
    with running(ahead.inner) as sequencer:
        second = append(sequencer, Move("a", 1)).recorded_at

    assert first is not None
    assert second == first > datetime.now(UTC)


@pytest.mark.parametrize("cache_bytes", [0, 600, 10_000_000])
def test_a_cache_of_any_size_gives_the_same_decisions(cache_bytes: int, store: Store) -> None:
    moves = [Move(f"till-{(n * 7) % 11}", 3 if n % 3 else -2) for n in range(200)]

    with running(store, Limits(cache_bytes=cache_bytes, batch_events=9)) as sequencer:
        futures = [submit(sequencer, move) for move in moves]
        refused = [number for number, future in enumerate(futures) if future.exception(timeout=30)]
        assert sequencer._cache._bytes <= cache_bytes

    expected: dict[str, int] = {}
    expected_refusals = []
    for number, move in enumerate(moves):
        balance = expected.get(move.till, 0) + move.amount
        if balance < 0:
            expected_refusals.append(number)
        else:
            expected[move.till] = balance
    assert refused == expected_refusals
    assert balances(check_log(store, 200 - len(refused))) == expected


def test_a_state_missing_in_the_middle_of_a_staged_batch_is_loaded_as_of_its_place(
    store: Store,
) -> None:
    with running(store) as sequencer:
        append(sequencer, Move("a", 1))
    sequencer = Sequencer(store, TillDecider(), Limits(batch_events=500))
    lists = [(Move(f"new-{n}", 2), Move("a", -1 if n == 60 else 0)) for n in range(80)]

    # Nothing but the first submission's tags is known when the others are decided.
    sequencer._prefetch = lambda taken, view: None  # type: ignore[method-assign]
    answers = together(sequencer, *lists, (Move("a", -1),), (Move("new-3", -2),))

    sequencer.close()
    assert [type(answer) for answer in answers] == [Appended] * 80 + [Refused, Appended]
    events = check_log(store, 162)
    assert balances(events)["a"] == 0


def test_what_another_process_appended_counts(store: Store) -> None:
    with running(store) as ours, running(store) as theirs:
        append(ours, Move("a", 1))
        append(theirs, Move("a", 5), Move("b", 1))
        append(ours, Move("a", -6))
        with pytest.raises(Refused):
            append(theirs, Move("a", -1))
        append(theirs, Move("b", -1))
        with pytest.raises(Refused):
            append(ours, Move("b", -1))

    assert balances(check_log(store, 5)) == {"a": 0, "b": 0}


@pytest.mark.parametrize("is_far_behind", [False, True])
def test_catching_up_is_right_however_far_behind(
    store: Store, monkeypatch: pytest.MonkeyPatch, is_far_behind: bool
) -> None:
    monkeypatch.setattr(sequencer_module, "MAX_CATCH_UP_EVENTS", 5 if is_far_behind else 500)
    with running(store) as ours, running(store) as theirs:
        append(ours, Move("a", 1))
        for _ in range(3):
            append(theirs, *[Move("a", 1)] * 10)
        append(ours, Move("a", -31))
        append(theirs, Move("a", 2))
        with pytest.raises(Refused):
            append(ours, Move("a", -3))
        append(ours, Move("a", -2))

    assert balances(check_log(store, 34)) == {"a": 0}


def test_a_process_that_follows_loads_nothing_again() -> None:
    store = MemoryStore()
    decider = TillDecider()
    ours = Sequencer(store, decider)
    ours.start()
    with running(store) as theirs:
        append(ours, Move("a", 1))
        for _ in range(5):
            append(theirs, Move("a", 1))
            append(ours, Move("a", 1))

    ours.close()
    assert decider.loads == [["till:a"]]
    assert balances(check_log(store, 11)) == {"a": 11}


def test_a_log_that_was_restored_without_its_last_events_is_noticed() -> None:
    store = MemoryStore()
    with running(store) as ours:
        append(ours, Move("a", 1))
        kept = (list(store.events), store.last_batch)
        append(ours, Move("a", 9))
        store.events, store.last_batch = list(kept[0]), kept[1]
        with pytest.raises(Refused):
            append(ours, Move("a", -10))
        append(ours, Move("a", -1))

    assert balances(check_log(store, 2)) == {"a": 0}


def test_a_log_that_was_restored_and_grew_to_the_same_size_is_noticed() -> None:
    store = MemoryStore()
    with running(store) as ours:
        append(ours, Move("a", 1))
        kept = (list(store.events), store.last_batch)
        append(ours, Move("a", 9))
        store.events, store.last_batch = list(kept[0]), kept[1]
        with running(store) as theirs:
            append(theirs, Move("b", 1))
        with pytest.raises(Refused):
            append(ours, Move("a", -10))
        append(ours, Move("b", -1))

    assert balances(check_log(store, 3)) == {"a": 1, "b": 0}


def test_closing_answers_what_is_queued_and_takes_no_more() -> None:
    store = MemoryStore()
    sequencer = Sequencer(store, TillDecider(), Limits(batch_events=2))
    futures = [submit(sequencer, Move("a", 1)) for _ in range(7)]
    sequencer.start()

    sequencer.close()

    assert [future.result(timeout=0).first for future in futures] == list(range(1, 8))
    with pytest.raises(Unavailable, match="stopping"):
        submit(sequencer, Move("a", 1))
    sequencer.close()
    assert check_log(store, 7)


def test_closing_does_not_wait_for_a_database_that_is_down() -> None:
    store = FailingStore(MemoryStore(), lambda operation: Fault.DOWN)
    sequencer = Sequencer(store, TillDecider())
    future = submit(sequencer, Move("a", 1))
    sequencer.start()

    started = time.monotonic()
    sequencer.close()

    assert time.monotonic() - started < 5
    assert isinstance(future.exception(timeout=0), Unavailable)


def test_a_database_that_is_down_for_a_moment_delays_and_loses_nothing() -> None:
    faults = ScriptedFaults({"lock": [Fault.DOWN] * 3, "load": [Fault.DOWN]})
    store = FailingStore(MemoryStore(), faults)

    with running(store) as sequencer:
        assert append(sequencer, Move("a", 1)).first == 1

    assert check_log(store, 1)


def test_a_database_that_stays_down_is_told_after_the_patience_and_then_at_once() -> None:
    asked: list[str] = []
    is_down = threading.Event()

    def fault(operation: str) -> Fault | None:
        asked.append(operation)
        return Fault.DOWN if is_down.is_set() else None

    store = FailingStore(MemoryStore(), fault)
    is_down.set()
    tries = []
    with running(store, Limits(retry_seconds=0.3, retry_pause_seconds=0.01)) as sequencer:
        for _ in range(2):
            asked.clear()
            with pytest.raises(Unavailable) as unavailable:
                append(sequencer, Move("a", 1))
            tries.append(asked.count("lock"))
            assert not unavailable.value.outcome_unknown
        is_down.clear()
        append(sequencer, Move("a", 1))

    assert tries[0] > 1
    assert tries[1] == 1
    assert check_log(store, 1)


@pytest.mark.parametrize(
    "fault", [Fault.LOST_COMMITTED, Fault.LOST_UNCOMMITTED, Fault.DOWN], ids=lambda f: f.name
)
@pytest.mark.parametrize("asked", [0, 3])
def test_a_commit_of_unknown_outcome_is_settled_by_its_batch_id(fault: Fault, asked: int) -> None:
    faults = ScriptedFaults({"commit": [fault], "was_committed": [Fault.DOWN] * asked})
    store = FailingStore(MemoryStore(), faults)

    with running(store) as sequencer:
        answer = append(sequencer, Move("a", 1), Move("a", 2))
        later = append(sequencer, Move("a", -3))

    assert (answer.first, answer.last, later.first) == (1, 2, 3)
    assert store.commits == 2
    assert check_log(store, 3)[1].leaf == answer.leaves[1]


@pytest.mark.parametrize(
    "fault", [Fault.LOST_COMMITTED, Fault.LOST_UNCOMMITTED], ids=lambda f: f.name
)
def test_an_outcome_that_stays_unknown_is_told_as_such_and_the_key_tells_later(
    fault: Fault,
) -> None:
    faults = ScriptedFaults({"commit": [fault], "was_committed": [Fault.DOWN] * 10_000})
    store = FailingStore(MemoryStore(), faults)

    with running(store, Limits(retry_seconds=0.1, retry_pause_seconds=0.01)) as sequencer:
        with pytest.raises(Unavailable) as unavailable:
            append(sequencer, Move("a", 1), receipt=key(1))
        again = append(sequencer, Move("a", 1), receipt=key(1))

    assert unavailable.value.outcome_unknown
    assert again.replayed is (fault is Fault.LOST_COMMITTED)
    assert check_log(store, 1)


def test_states_are_forgotten_after_a_commit_that_failed() -> None:
    faults = ScriptedFaults({"commit": [None, Fault.DOWN, Fault.DOWN, Fault.LOST_UNCOMMITTED]})
    store = FailingStore(MemoryStore(), faults)

    with running(store) as sequencer:
        append(sequencer, Move("a", 1))
        append(sequencer, Move("a", 2))
        with pytest.raises(Refused):
            append(sequencer, Move("a", -4))
        append(sequencer, Move("a", -3))

    assert balances(check_log(store, 3)) == {"a": 0}


def test_an_answer_does_not_wait_for_a_lock_that_others_have() -> None:
    inner, locks = MemoryStore(), count(1)

    def somebody_takes_the_lock(operation: str) -> None:
        if operation == "lock" and next(locks) == 2:
            inner.append_lock.acquire()

    store = FailingStore(inner, somebody_takes_the_lock)
    sequencer = Sequencer(store, TillDecider(), Limits(batch_events=1))
    first, second = submit(sequencer, Move("a", 1)), submit(sequencer, Move("a", 1))
    sequencer.start()

    assert first.result(timeout=30).first == 1
    assert not second.done()

    inner.append_lock.release()
    assert second.result(timeout=30).first == 2
    sequencer.close()


def test_an_answer_is_not_touched_by_what_becomes_of_the_next_batch() -> None:
    faults = ScriptedFaults({"lock": [None, Fault.DOWN]})
    limits = Limits(batch_events=1, retry_seconds=0)
    sequencer = Sequencer(FailingStore(MemoryStore(), faults), TillDecider(), limits)

    answers = together(sequencer, (Move("a", 1),), (Move("a", 1),))

    sequencer.close()
    assert [type(answer) for answer in answers] == [Appended, Unavailable]


def test_waiting_on_a_loop_is_answered_there() -> None:
    async def scenario(sequencer: Sequencer) -> list[int]:
        answers = await asyncio.gather(*[sequencer.append((Move("a", 1),), 1) for _ in range(50)])
        with pytest.raises(Refused):
            await sequencer.append((Move("a", -51),), 1)
        return [answer.first for answer in answers]

    with running(MemoryStore()) as sequencer:
        assert sorted(asyncio.run(scenario(sequencer))) == list(range(1, 51))


def test_a_cancelled_wait_does_not_take_the_submission_back() -> None:
    store = MemoryStore()
    sequencer = Sequencer(store, TillDecider())

    async def scenario() -> Appended:
        impatient = asyncio.ensure_future(sequencer.append((Move("a", 1),), 1))
        await asyncio.sleep(0)
        impatient.cancel()
        with pytest.raises(asyncio.CancelledError):
            await impatient
        sequencer.start()
        return await sequencer.append((Move("a", -1),), 1)

    assert asyncio.run(scenario()).first == 2
    sequencer.close()
    assert balances(check_log(store, 2)) == {"a": 0}


def test_a_future_without_a_loop_cannot_be_cancelled_under_the_sequencer() -> None:
    sequencer = Sequencer(MemoryStore(), TillDecider())
    future = submit(sequencer, Move("a", 1))

    assert not future.cancel()

    sequencer.start()
    assert future.result(timeout=30).first == 1
    sequencer.close()


def test_a_loop_that_was_closed_while_waiting_disturbs_nobody() -> None:
    store = MemoryStore()
    sequencer = Sequencer(store, TillDecider())
    loop = asyncio.new_event_loop()

    async def leave() -> None:
        waiting = asyncio.ensure_future(sequencer.append((Move("a", 1),), 1))
        await asyncio.sleep(0)
        waiting.cancel()

    loop.run_until_complete(leave())
    loop.close()
    other = submit(sequencer, Move("a", 1))
    sequencer.start()

    assert other.result(timeout=30).first == 2
    assert append(sequencer, Move("a", 1)).first == 3
    sequencer.close()
    assert check_log(store, 3)


def test_many_threads_and_loops_are_served_together(store: Store) -> None:
    def on_a_thread(number: int, sequencer: Sequencer) -> None:
        for _ in range(20):
            append(sequencer, Move(f"thread-{number}", 1))

    def on_a_loop(number: int, sequencer: Sequencer) -> None:
        async def several() -> None:
            await asyncio.gather(
                *[sequencer.append((Move(f"loop-{number}", 1),), 1) for _ in range(20)]
            )

        asyncio.run(several())

    targets: list[Callable[[int, Sequencer], None]] = [on_a_thread, on_a_loop] * 3
    with running(store) as sequencer:
        threads = [
            threading.Thread(target=target, args=(number, sequencer))
            for number, target in enumerate(targets)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert set(balances(check_log(store, 120)).values()) == {20}


def test_a_schema_of_another_purpose_is_told_to_whoever_appends(
    postgres_store: PostgresStore, postgres_url: str
) -> None:
    mistaken = PostgresStore(postgres_url, postgres_store.schema, "dcb")
    sequencer = Sequencer(mistaken, TillDecider())
    sequencer.start()

    with pytest.raises(Exception, match="not for 'dcb'"):
        append(sequencer, Move("a", 1))

    sequencer.close()
    mistaken.close()
