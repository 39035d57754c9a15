"""The views are the same however they came to be: folded in memory, rebuilt, or followed live."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from random import Random
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.event import Recorded
from ledger.store.connections import connection_string
from ledger.store.contract import Store
from ledger.store.memory import MemoryStore
from ledger.store.migrations import READER, WRITER
from ledger.store.postgres import PostgresStore
from projections import reference as town
from projections.all import ALL
from projections.digest import folded_digest, stored_digest
from projections.folding import fold
from projections.following import Follower
from projections.live import Live
from projections.pages import Pages
from projections.reading import one_moment
from projections.rebuild import Limits, rebuild
from projections.schema import board_schema, prepare
from projections.tables import plain_tables
from tests.histories import ACTS, Diary, Step, on_board, positions
from tests.plain_model.clerk import VERDICTS
from tests.privacy_acts import ALL_ACTS
from tests.strategies import TORTURE

STEPS = st.lists(
    st.tuples(st.integers(0, ACTS - 1), st.integers(0, 5), st.integers(0, 60)), max_size=60
)
MAX_STEPS = 1_500
Fill = Callable[[Store, str, str], None]
"""Makes the views of a log in a schema of a database, whatever was there before."""


def rebuilt(store: Store, url: str, schema: str) -> None:
    rebuild(store, url, schema)


def spilled(store: Store, url: str, schema: str) -> None:
    """Rebuilt with next to no memory: rows are written away and read back all the time."""
    rebuild(store, url, schema, limits=Limits(page_events=7, rows=5))


def followed(store: Store, url: str, schema: str) -> None:
    """Followed from the beginning in pages, by followers that keep what they know."""
    _follow(store, url, schema, page_events=11, pages_between_restarts=1_000)


def followed_anew(store: Store, url: str, schema: str) -> None:
    """The same by followers that forget all after a few pages, as after a restart."""
    _follow(store, url, schema, page_events=5, pages_between_restarts=3)


def _follow(
    store: Store, url: str, schema: str, page_events: int, pages_between_restarts: int
) -> None:
    rebuild(MemoryStore(), url, schema)
    pages, position, reference = Pages(ALL), 0, town.EMPTY
    followers: list[Follower] = []
    with _writer(url, schema) as connection:
        for number in range(store.size()):
            stored = list(store.read(after=position, limit=page_events))
            if not stored:
                break
            if number % pages_between_restarts == 0:
                followers = [Follower(projection) for projection in ALL]
                for follower in followers:
                    follower.join(connection)
            page = pages.page(stored, reference)
            for follower in followers:
                follower.advance(connection, page)
                assert follower.failure is None
            position, reference = page.last, page.reference


FILLS: tuple[Fill, ...] = (rebuilt, spilled, followed, followed_anew)


@contextmanager
def _writer(url: str, schema: str) -> Iterator[psycopg.Connection[Any]]:
    conninfo = connection_string(url, board_schema(schema), WRITER)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("set timezone to 'UTC'")
        yield connection


@pytest.mark.torture
def test_views_equal_a_fold_in_memory_row_by_row(
    postgres_url: str, postgres_store: PostgresStore, schema: str
) -> None:
    prepare(postgres_url, schema)

    @settings(
        max_examples=200 if TORTURE else 6,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(steps=STEPS)
    def every_history(steps: list[Step]) -> None:
        diary = Diary()
        diary.play(steps)
        for fill in FILLS:
            fill(diary.store(), postgres_url, schema)
            same_as_folded(postgres_url, schema, diary.history)

    every_history()


@pytest.mark.parametrize("fill", FILLS)
def test_views_of_a_long_history_equal_a_fold_in_memory(
    postgres_url: str, postgres_store: PostgresStore, schema: str, fill: Fill
) -> None:
    prepare(postgres_url, schema)

    fill(long_life().store(), postgres_url, schema)

    same_as_folded(postgres_url, schema, long_life().history)


def test_the_live_runner_follows_what_is_appended(
    postgres_url: str, postgres_store: PostgresStore, schema: str
) -> None:
    prepare(postgres_url, schema)
    whole, growing = long_life().store(), MemoryStore()
    live = Live(growing, postgres_url, schema)

    live.start()
    for first in range(0, whole.size(), 50):
        with growing.appended:
            growing.events += whole.events[first : first + 50]
            growing.appended.notify_all()
    wait_for(postgres_url, schema, whole.size())
    live.close()

    same_as_folded(postgres_url, schema, long_life().history)


def test_the_long_history_has_every_act() -> None:
    """A history in which little happens would prove little."""
    never = {*VERDICTS, *ALL_ACTS} - {*long_life().life.seen}

    assert never == set()


@cache
def long_life() -> Diary:
    """It goes on until everything has happened that the books know of, or for very long."""
    random = Random(20)
    diary = Diary()
    for number in range(MAX_STEPS):
        thing = random.randrange(6) + number // 12
        diary.play([(random.randrange(ACTS), thing, random.randrange(61))])
        if {*VERDICTS, *ALL_ACTS} <= {*diary.life.seen}:
            break
    return diary


def same_as_folded(url: str, schema: str, history: list[Recorded]) -> None:
    digests = stored_digests(url, schema)
    for projection in ALL:
        folded = fold(projection, history)
        assert on_board(url, schema, projection) == folded, projection.name
        assert digests[projection.name] == folded_digest(projection, folded)
    assert set(positions(url, schema).values()) == {len(history)}


def stored_digests(url: str, schema: str) -> dict[str, str]:
    """The digest of every projection as it is stored."""

    async def read() -> dict[str, str]:
        conninfo = connection_string(url, board_schema(schema), READER)
        async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
            found = {}
            for projection in ALL:
                async with one_moment(connection, plain_tables(projection)):
                    found[projection.name] = await stored_digest(connection, projection)
            return found

    return asyncio.run(read())


def wait_for(url: str, schema: str, position: int) -> None:
    deadline = time.monotonic() + 30
    while set(positions(url, schema).values()) != {position}:
        assert time.monotonic() < deadline, positions(url, schema)
        time.sleep(0.05)
