"""What a database's superuser may do to a log, past its triggers, and where it should be found."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

import orjson
import psycopg

from ledger.audit.kept_tiles import KeptTile
from ledger.canonical import canonical_json
from ledger.store.contract import StoredEvent
from ledger.tlog.merkle import Frontier, leaf_hash
from ledger.tlog.tiles import subtree_root
from ledger.tlog.tower import Tower
from tests.audited_log import log

EVENTS = 600
CHECKPOINT = 400
"""What the auditor kept; above it proposers have receipts."""

Connection = psycopg.Connection[Any]


class Superuser(NamedTuple):
    """Changes the log past its triggers, once."""

    connection: Connection
    random: Random

    def run(self, statement: str, *values: object) -> None:
        cursor = self.connection.execute(statement.encode(), values)
        assert cursor.rowcount != 0, statement

    def position(self) -> int:
        return self.random.randint(1, EVENTS)

    def stored(self, position: int) -> StoredEvent:
        return log(EVENTS)[position - 1]


def changes_kind(one: Superuser) -> int:
    at = one.position()
    other = "request_urged" if one.stored(at).kind != "request_urged" else "request_filed"
    one.run("update event set kind = %s where position = %s", other, at)
    return at


def changes_tags(one: Superuser) -> int:
    at = one.position()
    tags: list[str | None] = list(one.stored(at).tags)
    changed = one.random.choice([tags[1:], [*tags, "x:y"], [*tags, None], [f"{tags[0]}x"], []])
    if changed == tags:
        changed = ["x:y"]
    one.run("update event set tags = %s::text[] where position = %s", changed, at)
    return at


def changes_leaf(one: Superuser) -> int:
    at = one.position()
    one.run("update event set leaf = %s where position = %s", one.random.randbytes(32), at)
    return at


def flips_a_bit(one: Superuser) -> int:
    at = one.position()
    record = bytearray(one.stored(at).record)
    record[one.random.randrange(len(record))] ^= 1 << one.random.randrange(8)
    changed = bytes(record)
    if one.random.random() < 0.5:
        one.run("update event set record = %s where position = %s", changed, at)
    else:
        leaf = leaf_hash(changed)
        statement = "update event set record = %s, leaf = %s where position = %s"
        one.run(statement, changed, leaf, at)
    return -at  # the batch or the checkpoint may be what tells


def deletes(one: Superuser) -> int:
    at = one.position()
    one.run("delete from event where position = %s", at)
    return at


def deletes_and_closes_the_gap(one: Superuser) -> int:
    at = one.position()
    one.run("delete from event where position = %s", at)
    if at < EVENTS:
        one.run("update event set position = position + 100000 where position > %s", at)
        one.run("update event set position = position - 100001 where position > 100000")
    return -at


def inserts(one: Superuser) -> int:
    at = one.random.randint(1, EVENTS + 1)
    kind, tags, record, leaf = one.stored(one.position())[1:]
    if at <= EVENTS:
        one.run("update event set position = position + 100000 where position >= %s", at)
        one.run("update event set position = position - 99999 where position > 100000")
    one.run("insert into event values (%s, %s, %s, %s, %s)", at, kind, list(tags), record, leaf)
    return -at


def swaps_two(one: Superuser) -> int:
    first, second = sorted(one.random.sample(range(1, EVENTS + 1), 2))
    one.run("update event set position = 100000 where position = %s", first)
    one.run("update event set position = %s where position = %s", first, second)
    one.run("update event set position = %s where position = 100000", second)
    return -first


def truncates(one: Superuser) -> int:
    if one.random.random() < 0.3:
        one.run("truncate event")
        return 1
    at = one.position()
    one.run("delete from event where position >= %s", at)
    return at


def truncates_batches_too(one: Superuser) -> int:
    kept = one.random.randrange(EVENTS // 7 + 1) * 7
    one.run("delete from event where position > %s", kept)
    one.run("delete from batch where last > %s", kept)
    rehash(one, log(EVENTS)[:kept])
    return kept + 1


def changes_a_batch(one: Superuser) -> int:
    at = one.position()
    change = one.random.choice([
        "recorded_at = recorded_at + interval '1 microsecond'", "recorded_at = 'infinity'",
        "frontier = substr(frontier, 2)", "frontier = sha256(frontier)", "frontier = ''",
        "first = first - 1", "first = first + 1", "last = last + 1000",
    ])  # fmt: skip
    if "first + 1" in change:
        one.run("alter table batch drop constraint batch_check")
    statement = f"update batch set {change} where first <= %s and last >= %s"  # noqa: S608 - ours
    one.run(statement, at, at)
    return 0


def deletes_a_batch(one: Superuser) -> int:
    at = one.position()
    one.run("delete from batch where first <= %s and last >= %s", at, at)
    return (at - 1) // 7 * 7 + 1


def joins_two_batches(one: Superuser) -> int:
    at = one.random.randrange(1, EVENTS // 7) * 7
    one.run("delete from batch where last = %s", at)
    one.run("update batch set first = first - 7 where first = %s", at + 1)
    return at - 6


def changes_a_tile(one: Superuser) -> int:
    index, at = one.random.randrange(2), one.random.randrange(8192)
    if one.random.random() < 0.3:
        one.run("update tile set root = sha256(root) where index = %s", index)
        return index * 256 + 1
    by = one.random.randrange(1, 256)
    change = "hashes = set_byte(hashes, %s, get_byte(hashes, %s) # %s)"
    one.run(f"update tile set {change} where index = %s", at, at, by, index)  # noqa: S608 - ours
    return index * 256 + at // 32 + 1


def deletes_a_tile(one: Superuser) -> int:
    one.run("delete from tile where level = 0 and index = 0")
    return 1


def rewrites_everything(one: Superuser) -> int:
    """A record of another content, and every hash that follows from it anew."""
    at = one.position()
    event = one.stored(at)
    document = orjson.loads(event.record)
    document["cause"] = "another"
    document["tags"] = sorted([*document["tags"], "x:y"])
    record = canonical_json(document)
    forged = event._replace(tags=tuple(document["tags"]), record=record, leaf=leaf_hash(record))
    events = (*log(EVENTS)[: at - 1], forged, *log(EVENTS)[at:])
    one.run(
        "update event set tags = %s, record = %s, leaf = %s where position = %s",
        list(forged.tags), forged.record, forged.leaf, at,
    )  # fmt: skip
    rehash(one, events)
    return at if at > CHECKPOINT else 0


def swaps_and_rehashes(one: Superuser) -> int:
    """Two events of one batch, so that no time goes back."""
    first = one.random.randrange(EVENTS // 7) * 7 + 1
    events = list(log(EVENTS))
    a, b = one.random.sample(range(max(first, 2), first + 7), 2)
    for to, of in ((a, b), (b, a)):
        kind, tags, record, leaf = one.stored(of)[1:]
        one.run(
            "update event set kind = %s, tags = %s, record = %s, leaf = %s where position = %s",
            kind, list(tags), record, leaf, to,
        )  # fmt: skip
        events[to - 1] = one.stored(of)._replace(position=to)
    rehash(one, tuple(events))
    return min(a, b) if min(a, b) > CHECKPOINT else 0


def rehash(one: Superuser, events: tuple[StoredEvent, ...]) -> None:
    frontier, rows = Frontier(), []
    for event in events:
        frontier.append(event.leaf)
        if event.position % 7 == 0 or event.position == EVENTS:
            rows.append((frontier.to_bytes(), event.position))
    one.connection.cursor().executemany("update batch set frontier = %s where last = %s", rows)
    one.run("truncate tile")
    put_tiles(one.connection, events)


EDITS: tuple[Callable[[Superuser], int], ...] = (
    changes_kind, changes_tags, changes_leaf, flips_a_bit, deletes, deletes_and_closes_the_gap,
    inserts, swaps_two, truncates, truncates_batches_too, changes_a_batch, deletes_a_batch,
    joins_two_batches, changes_a_tile, deletes_a_tile, rewrites_everything, swaps_and_rehashes,
)  # fmt: skip
"""Each returns the position at which the fault is; negative: there or later; 0: somewhere."""


def tiles(events: tuple[StoredEvent, ...]) -> list[KeptTile]:
    """All full tiles, sorted."""
    tower = Tower()
    built = [one for event in events for one in tower.add(event.leaf)]
    kept = [KeptTile(one.tile, one.to_bytes(), subtree_root(one.hashes)) for one in built]
    return sorted(kept, key=lambda one: (one.tile.level, one.tile.index))


def put_tiles(connection: Connection, events: tuple[StoredEvent, ...]) -> None:
    rows = [(one.tile.level, one.tile.index, one.hashes, one.root) for one in tiles(events)]
    connection.cursor().executemany("insert into tile values (%s, %s, %s, %s)", rows)
