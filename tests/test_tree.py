"""The stored tree: whatever tiles are kept, hashes and proofs are those of the leaves."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from ledger.store.connections import connection_string
from ledger.store.migrations import WRITER, migrate
from ledger.store.postgres import PostgresStore
from ledger.store.tree import Tree, keep_tiles
from ledger.tlog.proofs import verify_consistency, verify_inclusion
from ledger.tlog.tiles import Tile, tiles_of
from tests.harness.log import batch, stored
from tests.tlog_trees import tree_hash

Tall = tuple[psycopg.Connection, list[bytes]]
SIZE = 66_000
"""A full tile of the second level, and a beginning of the third."""


@pytest.fixture(scope="module")
def tall(postgres_url: str) -> Iterator[Tall]:
    """A connection of the writer to a log of `SIZE` events, and its leaves."""
    schema = f"test_{uuid4().hex[:12]}"
    migrate(postgres_url, schema)
    store = PostgresStore(postgres_url, schema)
    writer = store.writer()
    events = [stored(position) for position in range(1, SIZE + 1)]
    writer.commit(batch(writer.lock(()), events))
    writer.close()
    store.close()
    with psycopg.connect(
        connection_string(postgres_url, schema, WRITER), autocommit=True
    ) as connection:
        yield connection, [event.leaf for event in events]
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"drop schema {schema} cascade")


def check(connection: psycopg.Connection, leaves: list[bytes]) -> None:
    """Every kind of proof at sizes around the edges of tiles."""
    tree = Tree(connection)
    roots = {}
    for size in (1, 2, 255, 256, 257, 511, 65_535, 65_536, 65_537, SIZE):
        roots[size] = tree.root(size)
        assert roots[size] == tree_hash(leaves[:size]), size
        for index in {0, size // 3, size - 1}:
            proof = tree.inclusion_proof(index, size)
            verify_inclusion(leaves[index], index, size, proof, roots[size])
        for old, root in roots.items():
            verify_consistency(old, size, tree.consistency_proof(old, size), root, roots[size])


def test_a_tile_that_is_missing_beside_one_that_is_kept_is_computed(tall: Tall) -> None:
    connection, leaves = tall

    with connection.transaction(force_rollback=True):
        connection.execute(
            """insert into tile select 0, 9, string_agg(leaf, '' order by position), %s from event
            where position > 2304 and position <= 2560 on conflict do nothing""",
            [tree_hash(leaves[2_304:2_560])],
        )
        check(connection, leaves)


def test_proofs_are_the_same_whatever_tiles_are_kept(tall: Tall) -> None:
    connection, leaves = tall
    check(connection, leaves)

    assert keep_tiles(connection, 1_000) == 3
    check(connection, leaves)

    assert keep_tiles(connection, SIZE) == SIZE // 256 + 1 - 3
    check(connection, leaves)
    assert keep_tiles(connection, SIZE) == 0


def test_every_tile_holds_what_the_specification_says(tall: Tall) -> None:
    connection, leaves = tall
    tree = Tree(connection)

    for tile in tiles_of(SIZE):
        step = 256**tile.level
        first = tile.index * 256 * step
        expected = [
            tree_hash(leaves[start : start + step])
            for start in range(first, first + tile.width * step, step)
        ]
        assert tree.tile(tile) == expected, tile


def test_a_partial_tile_is_the_beginning_of_the_full_one(tall: Tall) -> None:
    connection, leaves = tall

    assert Tree(connection).tile(Tile(0, 3, 5)) == leaves[768:773]


def test_what_the_log_does_not_reach_is_said(tall: Tall) -> None:
    connection, _ = tall

    with pytest.raises(LookupError, match="does not reach"):
        Tree(connection).root(SIZE + 1)
