"""The plain door keeps the library's DCB contract, on both stores."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem
from eventsourcing.dcb.tests import DCBRecorderTestCase
from eventsourcing.persistence import (
    DataError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
)

from ledger.sequencer import Limits
from ledger.store.contract import Store
from ledger.store.dcb import EVENT_BYTES, MAX_APPEND_EVENTS, DCBDoor
from ledger.store.memory import MemoryStore
from ledger.store.migrations import SchemaMismatch, migrate
from ledger.store.postgres import PostgresStore
from ledger.tlog.merkle import Frontier, leaf_hash


@pytest.fixture(params=["memory", "postgres"])
def dcb_store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """An empty log for the plain door, in memory and in a schema of its own."""
    if request.param == "memory":
        yield MemoryStore()
        return
    url: str = request.getfixturevalue("postgres_url")
    schema: str = request.getfixturevalue("schema")
    migrate(url, schema, "dcb")
    store = PostgresStore(url, schema, "dcb")
    yield store
    store.close()


@pytest.fixture
def door(dcb_store: Store) -> Iterator[DCBDoor]:
    opened = DCBDoor(dcb_store)
    opened.start()
    yield opened
    opened.close()


@pytest.fixture
def memory_door() -> Iterator[DCBDoor]:
    opened = DCBDoor(MemoryStore())
    opened.start()
    yield opened
    opened.close()


def event(kind: str = "noted", *tags: str, data: bytes = b"{}") -> DCBEvent:
    return DCBEvent(kind, data, list(tags))


def unless(*items: DCBQueryItem, after: int | None = None) -> DCBAppendCondition:
    return DCBAppendCondition(DCBQuery(list(items)), after)


def test_the_door_passes_the_library_s_own_test_of_appending_and_reading(door: DCBDoor) -> None:
    DCBRecorderTestCase()._test_append_read(door)


def test_the_door_passes_the_library_s_own_test_of_subscribing(door: DCBDoor) -> None:
    DCBRecorderTestCase()._test_append_subscribe(door)


def test_the_library_s_test_passes_again_where_the_log_is_not_empty(door: DCBDoor) -> None:
    position = door.append([event("other", "x")])

    with door.subscribe(after=position) as subscription:
        DCBRecorderTestCase()._test_append_subscribe(door, initial_position=position)
        followed = [next(subscription).position for _ in range(2)]

    assert followed == [2, 3]


def test_the_record_is_the_event_s_data_and_the_tree_covers_it(
    door: DCBDoor, dcb_store: Store
) -> None:
    data = [b"\x00\xff not json", b"", bytes(65_535)]

    door.append([event("noted", "b", "a", "b", data=one) for one in data])

    stored = list(dcb_store.read())
    assert [one.record for one in stored] == data
    assert [one.leaf for one in stored] == [leaf_hash(one) for one in data]
    assert stored[0].tags == ("b", "a", "b")
    expected = Frontier()
    for one in data:
        expected.append(leaf_hash(one))
    writer = dcb_store.writer()
    assert writer.lock(()).frontier == expected.to_bytes()
    writer.close()


def test_a_condition_on_one_tag_fails_only_for_events_after_its_position(door: DCBDoor) -> None:
    first = door.append([event("noted", "case:1")])
    last = door.append([event("noted", "case:1", "case:2")])
    case = DCBQueryItem(tags=["case:1"])

    with pytest.raises(IntegrityError):
        door.append([event()], unless(case, after=first))
    accepted = door.append([event("noted", "case:1")], unless(case, after=last))

    assert accepted == last + 1


@pytest.mark.parametrize(
    ("item", "fails"),
    [
        (DCBQueryItem(tags=["a", "b"]), True),
        (DCBQueryItem(tags=["a", "c"]), False),
        (DCBQueryItem(types=["opened"], tags=["a"]), True),
        (DCBQueryItem(types=["closed"], tags=["a"]), False),
        (DCBQueryItem(types=["closed"]), True),
        (DCBQueryItem(types=["unheard"]), False),
        (DCBQueryItem(types=["closed", "opened"], tags=["b", "a"]), True),
        (DCBQueryItem(), True),
    ],
)
def test_a_condition_looks_at_kinds_and_at_all_of_its_tags(
    door: DCBDoor, item: DCBQueryItem, fails: bool
) -> None:
    door.append([event("opened", "a", "b"), event("closed", "c"), event("closed", "b")])

    if fails:
        with pytest.raises(IntegrityError):
            door.append([event()], unless(item))
    else:
        assert door.append([event()], unless(item)) == 4

    assert door.append([event()], unless(item, after=4)) >= 4


def test_a_failed_condition_stores_nothing_of_its_list(door: DCBDoor, dcb_store: Store) -> None:
    door.append([event("noted", "a")])

    with pytest.raises(IntegrityError):
        door.append([event(), event(), event()], unless(DCBQueryItem(tags=["a"])))

    assert dcb_store.size() == 1


@pytest.mark.parametrize(
    "item",
    [
        DCBQueryItem(tags=["seat:1"]),
        DCBQueryItem(types=["taken"], tags=["seat:1"]),
        DCBQueryItem(types=["taken"]),
        DCBQueryItem(tags=["seat:1", "hall:1"]),
    ],
)
def test_conditions_see_the_earlier_events_of_their_own_batch(
    door: DCBDoor, dcb_store: Store, item: DCBQueryItem
) -> None:
    async def take_at_once() -> list[int | BaseException]:
        takers = [
            door.append_async([event("taken", "hall:1", "seat:1")], unless(item)) for _ in range(50)
        ]
        return await asyncio.gather(*takers, return_exceptions=True)

    answers = asyncio.run(take_at_once())

    assert sorted(type(answer).__name__ for answer in answers) == ["IntegrityError"] * 49 + ["int"]
    assert dcb_store.size() == 1


def test_a_condition_sees_what_another_process_appended(dcb_store: Store) -> None:
    ours, theirs = DCBDoor(dcb_store), DCBDoor(dcb_store)
    ours.start()
    theirs.start()
    mine = DCBQueryItem(tags=["case:1"])

    first = ours.append([event("noted", "case:1")], unless(mine))
    second = theirs.append([event("noted", "case:1")], unless(mine, after=first))

    with pytest.raises(IntegrityError):
        ours.append([event()], unless(mine, after=first))
    assert ours.append([event()], unless(mine, after=second)) == second + 1
    ours.close()
    theirs.close()


def test_a_list_up_to_the_limit_is_appended_whole(memory_door: DCBDoor) -> None:
    last = memory_door.append([event("bulk", "b")] * MAX_APPEND_EVENTS)

    assert last == MAX_APPEND_EVENTS


@pytest.mark.parametrize(
    ("events", "error"),
    [
        ([], ProgrammingError),
        ([event()] * (MAX_APPEND_EVENTS + 1), DataError),
        ([event(data=bytes(65_535))] * (MAX_APPEND_EVENTS * EVENT_BYTES // 65_535 + 1), DataError),
        ([event(data=bytes(65_536))], DataError),
        ([event("k" * 256)], DataError),
        ([event("a\x00b")], DataError),
        ([event("noted", "t" * 129)], DataError),
        ([event("noted", "事" * 43)], DataError),
        ([event("noted", "a\x00b")], DataError),
        ([event("noted", "\ud800")], DataError),
        ([event("noted", *[f"t{n}" for n in range(65)])], DataError),
        ([DCBEvent("noted", "text")], DataError),  # type: ignore[arg-type]
        ([DCBEvent("noted", b"", [1])], DataError),  # type: ignore[list-item]
    ],
)
def test_what_is_beyond_a_limit_is_refused_at_the_door(
    memory_door: DCBDoor, events: list[DCBEvent], error: type[Exception]
) -> None:
    with pytest.raises(error):
        memory_door.append(events)

    assert memory_door.append([event()]) == 1


@pytest.mark.parametrize(
    "item",
    [
        DCBQueryItem(tags=["a\x00"]),
        DCBQueryItem(types=["\ud800"]),
        DCBQueryItem(tags=["t" * 129]),
        DCBQueryItem(types=["k"] * 257),
        DCBQueryItem(tags=["t"] * 65),
    ],
)
def test_a_query_beyond_a_limit_is_refused_at_the_door(
    memory_door: DCBDoor, item: DCBQueryItem
) -> None:
    query = DCBQuery([item])

    with pytest.raises(DataError):
        memory_door.append([event()], DCBAppendCondition(query))
    with pytest.raises(DataError):
        memory_door.read(query)
    with pytest.raises(DataError):
        memory_door.subscribe(query)
    with pytest.raises(DataError):
        memory_door.read(DCBQuery([DCBQueryItem(tags=["a"])] * 257))


def test_a_full_queue_is_an_operational_error_at_once() -> None:
    door = DCBDoor(MemoryStore(), Limits(batch_events=5, queue_events=5))
    waiting = threading.Thread(target=door.append, args=([event()] * 5,))
    waiting.start()
    while not door._sequencer._queue:
        pass

    with pytest.raises(OperationalError, match="full"):
        door.append([event()])

    door.start()
    waiting.join()
    assert door.append([event()]) == 6
    door.close()
    with pytest.raises(OperationalError, match="stopping"):
        door.append([event()])


def test_a_subscription_with_a_query_gets_what_matches_and_nothing_else(door: DCBDoor) -> None:
    query = DCBQuery([DCBQueryItem(tags=["a"])])
    door.append([event("one", "a"), event("two", "b"), event("three", "a")])

    with door.subscribe(query) as subscription:
        received = [next(subscription).event.type for _ in range(2)]
        door.append([event("four", "b")])
        door.append([event("five", "a")])
        received.append(next(subscription).event.type)

    assert received == ["one", "three", "five"]


def test_a_subscription_gets_more_than_one_page_in_order(memory_door: DCBDoor) -> None:
    memory_door.append([event("noted", "even" if n % 2 else "odd") for n in range(2_001)])

    with memory_door.subscribe(DCBQuery([DCBQueryItem(tags=["odd"])])) as subscription:
        positions = [next(subscription).position for _ in range(1_001)]

    assert positions == list(range(1, 2_002, 2))


def test_a_subscription_that_waits_ends_when_it_is_stopped(door: DCBDoor) -> None:
    subscription = door.subscribe()
    received: list[int] = []
    waiting = threading.Thread(target=lambda: received.extend(one.position for one in subscription))
    waiting.start()

    subscription.stop()
    waiting.join(timeout=10)

    assert not waiting.is_alive()
    assert received == []


def test_the_head_of_a_read_is_the_log_s_or_under_a_limit_the_last_event_s(door: DCBDoor) -> None:
    door.append([event("one", "a"), event("two", "b"), event("three", "a")])
    tagged = DCBQuery([DCBQueryItem(tags=["b"])])

    unlimited = door.read(tagged)
    limited = door.read(limit=2)

    assert unlimited.head == 3
    assert [one.position for one in unlimited] == [2]
    assert limited.head is None
    assert [one.position for one in limited] == [1, 2]
    assert limited.head == 2


def test_a_read_does_not_return_what_was_appended_after_it_began(door: DCBDoor) -> None:
    door.append([event("one")])
    read = door.read()

    door.append([event("two")])

    assert [one.event.type for one in read] == ["one"]
    assert read.head == 1


def test_the_ledger_s_own_schema_refuses_the_plain_door(postgres_url: str, schema: str) -> None:
    migrate(postgres_url, schema, "ledger")

    with pytest.raises(SchemaMismatch):
        migrate(postgres_url, schema, "dcb")
    with pytest.raises(SchemaMismatch):
        DCBDoor(PostgresStore(postgres_url, schema, "ledger"))
    pretender = PostgresStore(postgres_url, schema, "dcb")
    door = DCBDoor(pretender)
    door.start()
    with pytest.raises(SchemaMismatch):
        door.append([event()])
    with pytest.raises(SchemaMismatch):
        door.read()
    door.close()
    pretender.close()
