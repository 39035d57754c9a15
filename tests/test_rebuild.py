"""A rebuild fills a new generation and swaps it; until then, and if it fails, nothing changes."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.ledger import Ledger
from ledger.personal import Vault
from ledger.store.memory import MemoryStore
from ledger.store.postgres import PostgresStore
from projections.all import ALL
from projections.folding import fold
from projections.rebuild import rebuild
from projections.schema import prepare
from tests.histories import Diary, Step, on_board, positions, recorded

STEPS = st.lists(st.tuples(st.integers(0, 13), st.integers(0, 7), st.integers(0, 60)), max_size=120)


def test_rebuilt_views_equal_a_fold_in_memory(
    postgres_url: str, postgres_store: PostgresStore, schema: str
) -> None:
    prepare(postgres_url, schema)

    @settings(
        max_examples=15,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(steps=STEPS)
    def every_history(steps: list[Step]) -> None:
        store = MemoryStore()
        with_ledger(store, steps)

        rebuild(store, postgres_url, schema)

        for projection in ALL:
            assert on_board(postgres_url, schema, projection) == fold(projection, recorded(store))
        assert set(positions(postgres_url, schema).values()) == {store.size()}

    every_history()


def with_ledger(store: MemoryStore, steps: list[Step]) -> None:
    ledger = Ledger(store, Vault(bytes(32)))
    ledger.start()
    try:
        Diary(ledger).play(steps)
    finally:
        ledger.close()
