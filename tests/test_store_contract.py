"""One contract for every store: the log in memory and the log in PostgreSQL answer alike."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.event import HeldFor
from ledger.store.connections import connection_string
from ledger.store.contract import FoundReceipt, Receipt, Store, Writer
from ledger.store.memory import MemoryStore
from ledger.store.migrations import VAULT, migrate
from ledger.store.postgres import PostgresStore
from ledger.tlog.merkle import Frontier
from ledger.vault.sealing import Place, SealedValue
from tests.harness.log import RECORDED_AT, append, batch, check_log, stored

KINDS = ("opened", "closed", "noted")
TAGS = ("case:1", "case:2", "dept:water", "dept:roads", "事项:一")


@pytest.fixture
def writer(store: Store) -> Iterator[Writer]:
    opened = store.writer()
    yield opened
    opened.close()


def query(*items: tuple[tuple[str, ...], tuple[str, ...]]) -> DCBQuery:
    """A query of items (kinds, tags)."""
    return DCBQuery([DCBQueryItem(list(kinds), list(tags)) for kinds, tags in items])


def positions(store: Store, asked: DCBQuery | None = None, **bounds: int) -> list[int]:
    return [event.position for event in store.read(asked, **bounds)]


def test_an_empty_log_has_size_zero_and_no_head(store: Store, writer: Writer) -> None:
    locked = writer.lock((bytes(16),))
    writer.rollback()

    assert (locked.size, locked.recorded_at, locked.frontier) == (0, None, b"")
    assert locked.receipts == {}
    assert abs(locked.clock - datetime.now(UTC)) < timedelta(seconds=5)
    assert store.size() == 0
    assert list(store.read()) == []


def test_what_was_committed_is_read_byte_for_byte(store: Store, writer: Writer) -> None:
    events = [
        stored(1, "opened", "case:1", "事项:一", record=bytes(range(256))),
        stored(2, "noted", record=b""),
        stored(3, "closed", "b", "a", "b", record=bytes(65_535)),
    ]

    writer.commit(batch(writer.lock(()), events))

    assert list(store.read()) == events
    assert store.size() == 3
    check_log(store)


def test_the_head_under_the_lock_is_the_last_batch(store: Store, writer: Writer) -> None:
    append(writer, ("opened",), ("noted",))
    locked = writer.lock(())
    second = batch(locked, [stored(3)], recorded_at=RECORDED_AT + timedelta(microseconds=1))
    writer.commit(second)

    head = writer.lock(())
    writer.rollback()

    assert (head.size, head.recorded_at, head.frontier) == (3, second.recorded_at, second.frontier)
    assert Frontier.from_bytes(3, head.frontier).size == 3
    assert check_log(store, 3)


def test_a_rollback_stores_nothing_and_gives_the_lock_up(store: Store, writer: Writer) -> None:
    writer.lock(())
    writer.rollback()
    writer.rollback()

    other = store.writer()
    append(other, ("opened",))
    other.close()

    assert check_log(store, 1)


def test_staged_events_are_stored_once_by_the_commit(store: Store, writer: Writer) -> None:
    locked = writer.lock(())
    events = [stored(place, "noted", "case:1") for place in range(1, 8)]

    writer.stage(events[:2])
    writer.stage(events[2:5])
    writer.commit(batch(locked, events))
    append(writer, ("noted",))

    assert check_log(store, 8)[:7] == events


def test_staged_events_are_not_yet_history(store: Store, writer: Writer) -> None:
    committed = append(writer, ("opened", "case:1"))
    locked = writer.lock(())
    events = [stored(2, "noted", "case:1"), stored(3, "noted", "case:1")]

    writer.stage(events[:1])
    history = writer.tagged(["case:1"])
    writer.commit(batch(locked, events))

    assert history == committed
    assert check_log(store, 3)[1:] == events


def test_staged_events_vanish_with_a_rollback(store: Store, writer: Writer) -> None:
    writer.lock(())
    writer.stage([stored(1, "noted"), stored(2, "noted")])
    writer.rollback()

    append(writer, ("opened",))

    assert [event.kind for event in check_log(store, 1)] == ["opened"]


def test_nobody_reads_a_batch_before_its_commit(store: Store, writer: Writer) -> None:
    locked = writer.lock(())
    writer.stage([stored(1)])

    seen = (store.size(), list(store.read()), store.wait(0, 0.01))
    writer.commit(batch(locked, [stored(1)]))

    assert seen == (0, [], False)
    assert check_log(store, 1)


def test_a_second_writer_waits_for_the_lock_and_then_sees_the_new_head(
    store: Store, writer: Writer
) -> None:
    locked = writer.lock(())
    sizes: list[int] = []

    def second() -> None:
        other = store.writer()
        sizes.append(other.lock(()).size)
        other.close()

    waiting = threading.Thread(target=second)
    waiting.start()
    waiting.join(timeout=0.2)
    waited = waiting.is_alive()
    writer.commit(batch(locked, [stored(1), stored(2)]))
    waiting.join(timeout=10)

    assert waited
    assert sizes == [2]


def test_a_writer_that_waits_for_the_lock_says_that_it_is_delayed(
    store: Store, writer: Writer
) -> None:
    writer.lock(())
    other, delayed = store.writer(), threading.Event()
    waiting = threading.Thread(target=lambda: other.lock((), delayed.set))
    waiting.start()

    assert delayed.wait(timeout=30)
    assert waiting.is_alive()

    writer.rollback()
    waiting.join(timeout=30)
    assert not waiting.is_alive()
    other.close()


def test_a_commit_says_once_that_it_is_on_its_way(store: Store, writer: Writer) -> None:
    said: list[str] = []

    writer.commit(batch(writer.lock(()), [stored(1)]), lambda: said.append("sent"))

    assert said == ["sent"]


def test_a_closed_writer_gives_the_lock_up(store: Store) -> None:
    first, second = store.writer(), store.writer()
    first.lock(())

    first.close()

    append(second, ("opened",))
    second.close()
    assert check_log(store, 1)


def test_receipts_are_found_under_the_lock_by_their_digest(store: Store, writer: Writer) -> None:
    first, second = Receipt(b"a" * 16, b"A" * 32), Receipt(b"b" * 16, b"B" * 32)
    entry = batch(
        writer.lock(()),
        [stored(1), stored(2), stored(3)],
        receipts=[(first, 1, 2), (second, 3, 3)],
    )
    writer.commit(entry)

    found = writer.lock([second.digest, bytes(16), first.digest]).receipts
    writer.rollback()
    none = writer.lock([bytes(16)]).receipts
    writer.rollback()

    assert found == {
        first.digest: FoundReceipt(first.fingerprint, 1, 2),
        second.digest: FoundReceipt(second.fingerprint, 3, 3),
    }
    assert none == {}


def test_sealed_values_are_stored_with_their_events(store: Store, writer: Writer) -> None:
    value = SealedValue(
        Place(str(uuid4()), "answer", "request:1", HeldFor.CONTENT), str(uuid4()), b"\x00sealed\xff"
    )
    entry = batch(writer.lock(()), [stored(1)], sealed=[(1, value)])

    writer.commit(entry)

    assert _sealed(store, 1, "answer") == value


def _sealed(store: Store, position: int, field: str) -> SealedValue:
    if isinstance(store, MemoryStore):
        return store.sealed[position, field]
    assert isinstance(store, PostgresStore)
    with psycopg.connect(connection_string(store._url, store.schema, VAULT)) as connection:
        found = connection.execute(
            """select event_id::text, field, subject, held_for, data_key::text, ciphertext
                from sealed_value where position = %s and field = %s""",
            [position, field],
        ).fetchone()
    assert found is not None
    event_id, name, subject, held_for, key_id, ciphertext = found
    place = Place(event_id, name, subject, HeldFor(held_for))
    return SealedValue(place, key_id, ciphertext)


def test_a_batch_id_tells_whether_the_batch_was_committed(store: Store, writer: Writer) -> None:
    entry = batch(writer.lock(()), [stored(1)])
    writer.commit(entry)

    assert writer.was_committed(entry.batch_id)
    assert not writer.was_committed(str(uuid4()))
    append(writer, ("opened",))
    assert check_log(store, 2)


def test_the_question_for_a_batch_waits_for_a_commit_in_flight(
    store: Store, writer: Writer
) -> None:
    entry = batch(writer.lock(()), [stored(1)])
    answers: list[bool] = []

    def ask() -> None:
        other = store.writer()
        answers.append(other.was_committed(entry.batch_id))
        other.close()

    asking = threading.Thread(target=ask)
    asking.start()
    asking.join(timeout=0.2)
    waited = asking.is_alive()
    writer.commit(entry)
    asking.join(timeout=10)

    assert waited
    assert answers == [True]


def test_a_writer_reads_histories_by_tag_and_what_follows_a_position(
    store: Store, writer: Writer
) -> None:
    events = append(
        writer,
        ("opened", "case:1"),
        ("noted", "case:2", "case:1"),
        ("closed", "case:3"),
        ("noted",),
    )

    assert writer.tagged(["case:1"]) == events[:2]
    assert writer.tagged(["case:3", "case:2"]) == events[1:3]
    assert writer.tagged(["case:9"]) == []
    assert writer.after(2) == events[2:]
    assert writer.after(4) == []
    assert writer.last_positions(["case:1", "case:3", "case:9"]) == {
        "case:1": 2,
        "case:3": 3,
        "case:9": 0,
    }
    assert writer.matches(query((("noted",), ("case:1",))), 1)
    assert not writer.matches(query((("noted",), ("case:1",))), 2)
    assert writer.matches(DCBQuery(), 3)
    assert not writer.matches(DCBQuery(), 4)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (None, [1, 2, 3, 4, 5]),
        (query(), [1, 2, 3, 4, 5]),
        (query(((), ())), [1, 2, 3, 4, 5]),
        (query((("opened",), ())), [1, 4]),
        (query((("opened", "closed"), ())), [1, 3, 4]),
        (query(((), ("case:1",))), [1, 2, 3]),
        (query(((), ("case:1", "dept:water"))), [2]),
        (query(((), ("dept:water", "case:1"))), [2]),
        (query((("opened",), ("case:1",))), [1]),
        (query((("opened",), ("case:1",)), ((), ("case:2",))), [1, 4, 5]),
        (query((("closed",), ("case:2",))), []),
        (query(((), ("事项:一",))), [5]),
        (query((("opened",), ()), ((), ())), [1, 2, 3, 4, 5]),
    ],
)
def test_a_query_finds_any_item_whose_kind_and_all_of_whose_tags_fit(
    store: Store, writer: Writer, asked: DCBQuery | None, expected: list[int]
) -> None:
    append(
        writer,
        ("opened", "case:1"),
        ("noted", "case:1", "dept:water"),
        ("closed", "case:1"),
        ("opened", "case:2"),
        ("noted", "case:2", "事项:一"),
    )

    assert positions(store, asked) == expected


def test_the_newest_events_come_first_with_a_tag_or_without(store: Store, writer: Writer) -> None:
    append(writer, ("opened", "case:1"), ("opened", "case:2"), ("noted", "case:1", "case:2"))
    append(writer, ("closed", "case:1"))

    def newest(tag: str | None, before: int | None, limit: int) -> list[int]:
        return [one.position for one in store.newest(tag, before=before, limit=limit)]

    assert newest(None, None, 10) == [4, 3, 2, 1]
    assert newest(None, 4, 2) == [3, 2]
    assert newest("case:1", None, 2) == [4, 3]
    assert newest("case:1", 3, 2) == [1]
    assert newest("case:2", 0, 2) == newest("case:3", None, 2) == []
    assert store.newest("case:2", before=3, limit=1) == list(store.read(after=1, until=2))


def test_a_read_keeps_its_bounds(store: Store, writer: Writer) -> None:
    append(writer, *[("noted", "odd" if place % 2 else "even") for place in range(1, 10)])
    odd = query(((), ("odd",)))

    assert positions(store, after=3) == [4, 5, 6, 7, 8, 9]
    assert positions(store, until=3) == [1, 2, 3]
    assert positions(store, after=2, until=5) == [3, 4, 5]
    assert positions(store, limit=2) == [1, 2]
    assert positions(store, limit=0) == []
    assert positions(store, odd, after=1, limit=2) == [3, 5]
    assert positions(store, odd, until=4) == [1, 3]
    assert positions(store, after=9) == []
    assert positions(store, after=100) == []
    assert positions(store, until=100) == list(range(1, 10))


def test_a_long_read_comes_in_pages_without_gaps(
    store: Store, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.store.postgres.PAGE_EVENTS", 7)
    for _ in range(3):
        append(writer, *[("noted", "odd" if place % 2 else "even") for place in range(10)])

    assert positions(store) == list(range(1, 31))
    assert positions(store, limit=15, after=2) == list(range(3, 18))
    assert len(positions(store, query(((), ("odd",))))) == 15
    assert len(positions(store, query(((), ("odd",))), limit=14)) == 14


def test_a_read_that_began_ends_at_the_head_it_saw(store: Store, writer: Writer) -> None:
    append(writer, ("noted",), ("noted",))
    reading = store.read()
    first = next(reading)

    append(writer, ("noted",))

    assert [first.position, *[event.position for event in reading]] == [1, 2]


def test_waiting_ends_with_the_next_event_or_with_the_time(store: Store, writer: Writer) -> None:
    append(writer, ("noted",))

    assert store.wait(0, 5.0)
    started = time.monotonic()
    assert not store.wait(1, 0.1)
    assert time.monotonic() - started < 5.0
    later = threading.Timer(0.2, append, (writer, ("noted",)))
    later.start()
    assert store.wait(1, 10.0)
    later.join()


def test_several_wait_for_the_same_event(store: Store, writer: Writer) -> None:
    heard: list[bool] = []
    waiting = [threading.Thread(target=lambda: heard.append(store.wait(0, 10.0))) for _ in range(5)]
    for one in waiting:
        one.start()

    append(writer, ("noted",))
    for one in waiting:
        one.join()

    assert heard == [True] * 5


def test_closing_a_store_ends_those_who_wait(store: Store) -> None:
    heard: list[bool] = []
    waiting = threading.Thread(target=lambda: heard.append(store.wait(0, 60.0)))
    waiting.start()
    waiting.join(timeout=0.1)

    store.close()
    waiting.join(timeout=10)

    assert heard == [False]


_events = st.lists(
    st.tuples(st.sampled_from(KINDS), st.lists(st.sampled_from(TAGS), unique=True, max_size=4)),
    min_size=1,
    max_size=30,
)
_queries = st.lists(
    st.builds(
        DCBQueryItem,
        types=st.lists(st.sampled_from((*KINDS, "unheard")), max_size=3),
        tags=st.lists(st.sampled_from((*TAGS, "case:9")), max_size=3),
    ),
    max_size=3,
).map(DCBQuery)
_bounds = st.fixed_dictionaries(
    {}, optional={name: st.integers(0, 40) for name in ("after", "limit", "until")}
)


@pytest.fixture(scope="module")
def module_store(postgres_url: str) -> Iterator[PostgresStore]:
    """One log for all examples of the property: the same events lie in memory beside it."""
    schema = f"test_{uuid4().hex[:12]}"
    migrate(postgres_url, schema)
    opened = PostgresStore(postgres_url, schema)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def twin() -> MemoryStore:
    return MemoryStore()


@settings(max_examples=40, deadline=None)
@given(events=_events, asked=st.lists(_queries, min_size=1, max_size=8), bounds=_bounds)
def test_both_stores_answer_every_query_alike(
    module_store: PostgresStore,
    twin: MemoryStore,
    events: list[tuple[str, list[str]]],
    asked: list[DCBQuery],
    bounds: dict[str, int],
) -> None:
    writers: list[Writer] = [module_store.writer(), twin.writer()]
    descriptions = [(kind, *tags) for kind, tags in events]
    base = twin.size()
    for writer in writers:
        append(writer, *descriptions)
    within = {name: value if name == "limit" else value + base for name, value in bounds.items()}

    for one in asked:
        assert list(module_store.read(one, **within)) == list(twin.read(one, **within))
        after = within.get("after", 0)
        assert writers[0].matches(one, after) == writers[1].matches(one, after)
        tags = sorted({tag for item in one.items for tag in item.tags})
        assert writers[0].last_positions(tags) == writers[1].last_positions(tags)
        assert writers[0].tagged(tags) == writers[1].tagged(tags)

    for writer in writers:
        writer.close()
