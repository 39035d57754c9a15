"""Who looked: every reading stands in a log of its own before anything is shown."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from psycopg import sql
from pydantic import ValidationError

from ledger.access import entries
from ledger.access.audit import examine_entry, examiner
from ledger.access.days import DayEnds
from ledger.access.entries import DayEnd, Entered, Opening, day_tag
from ledger.access.log import LIMITS, PURPOSE, AccessLog, AnotherLog
from ledger.access.reading import Item, Reading, ReadingDecision, ReadingPurpose
from ledger.audit.live import audit_database
from ledger.audit.report import Fault, Faulty
from ledger.clocks import local_day
from ledger.event import Actor, mint_id
from ledger.ledger import Ledger
from ledger.refusals import Refused, Unavailable
from ledger.sequencer import Limits
from ledger.signing.keys import SigningKeys
from ledger.signing.mark import Mark
from ledger.signing.signer import CheckpointSigner, Nobody
from ledger.store.connections import connection_string
from ledger.store.contract import Store, StoredEvent
from ledger.store.memory import MemoryStore
from ledger.store.migrations import OWNER, READER, WRITER, SchemaMismatch, migrate
from ledger.store.postgres import PostgresStore
from ledger.store.tree import Tree, keep_tiles
from ledger.tlog.merkle import leaf_hash
from ledger.tlog.note import NoteVerifier
from ledger.tlog.proof_file import ProofFile
from tests.api_server import wait_for
from tests.harness.failing import FailingStore
from tests.harness.failing import Fault as Failure
from tests.harness.log import batch, check_log
from tests.readings import CLERK, EVENT, LEDGER, ORIGIN, REVIEWER, reading, readings
from tests.vaults import memory_vault

IMPATIENT = Limits(retry_seconds=0.1)


def log_on(store: Store, limits: Limits = LIMITS, ledger: str | None = LEDGER) -> AccessLog:
    return AccessLog(store, lambda: ledger, limits)


@pytest.fixture
def access_schema(postgres_url: str, schema: str) -> str:
    migrate(postgres_url, schema, PURPOSE)
    return schema


@pytest.fixture
def access_store(postgres_url: str, access_schema: str) -> Iterator[PostgresStore]:
    """An empty access log in a schema of its own."""
    store = PostgresStore(postgres_url, access_schema, PURPOSE)
    yield store
    store.close()


@pytest.fixture(params=["memory", "postgres"])
def either(request: pytest.FixtureRequest) -> Store:
    """An empty access log in memory and in PostgreSQL."""
    if request.param == "memory":
        return MemoryStore()
    found: PostgresStore = request.getfixturevalue("access_store")
    return found


@pytest.fixture
def access(either: Store) -> Iterator[AccessLog]:
    running = log_on(either)
    running.start()
    yield running
    running.close()
    check_log(either)


@pytest.fixture
def kept(access_store: PostgresStore) -> Iterator[AccessLog]:
    """The same in PostgreSQL alone."""
    running = log_on(access_store)
    running.start()
    yield running
    running.close()


def kinds(access: AccessLog) -> list[str]:
    return [entry.kind for entry in access.read()]


def test_an_entry_is_canonical_json_that_names_who_what_whose_and_why() -> None:
    entered = entries.enter(reading("request:r1", "telephone", reference="京社〔2026〕3号"))

    record = entered.record("2026-03-01T08:00:00Z")

    assert (
        record
        == (
            '{"actor":{"office":"clerk_a","organisation":"water-bureau",'
            '"principal":"principal-water"},"at":"2026-03-01T08:00:00Z","decision":"allowed",'
            f'"id":"{entered.id}","items":[{{"event":"{EVENT}","field":"telephone"}}],'
            '"kind":"reading_recorded","purpose":"handling","reference":"京社〔2026〕3号",'
            '"rule":null,"subject":"request:r1","version":1}'
        ).encode()
    )


@given(readings())
def test_every_record_is_canonical_and_says_what_was_asked(asked: Reading) -> None:
    record = entries.enter(asked).record("2026-03-01T08:00:00.000001Z")

    found = entries.reading_of(1, record)

    assert found.reading == asked
    assert found.at == datetime(2026, 3, 1, 8, 0, 0, 1, tzinfo=UTC)
    assert rfc8785.dumps(orjson.loads(record)) == record
    assert examine_entry(2, record, ORIGIN).tags == sorted([*asked.tags(), "day:2026-03-01"])


def test_the_largest_reading_fits_in_a_record() -> None:
    asked = Reading(
        actor=Actor("o" * 64, "o" * 64, "p" * 64),
        purpose=ReadingPurpose.SUBJECT_ACCESS,
        subject="request:" + "x" * 120,
        items=tuple(Item(event="e" * 64, field="f" * 64) for _ in range(256)),
        reference="号" * 64,
    )

    assert len(entries.enter(asked).record("2026-03-01T08:00:00.123456Z")) <= 65_535


@pytest.mark.parametrize(
    "change",
    [
        {"actor": Actor("clerk_a", "water bureau", "p")},
        {"actor": Actor("clerk_a", "water", "王五")},
        {"actor": Actor("", "water", "p")},
        {"subject": "王五"},
        {"subject": "reader:p"},
        {"subject": "day:2026-03-01"},
        {"subject": "request:" + "x" * 121},
        {"items": ()},
        {"items": (Item(event="*", field="*"),) * 257},
        {"decision": ReadingDecision.REFUSED},
        {"rule": "not_yours"},
        {"reference": "王五 13900001111"},
        {"reference": "x" * 65},
        {"purpose": "curiosity"},
        {"value": "13900001111"},
    ],
)
def test_what_is_no_reading_is_refused(change: dict[str, Any]) -> None:
    good = reading().__dict__

    with pytest.raises(ValidationError) as refused:
        Reading(**{**good, **change})

    assert "13900001111" not in str(refused.value)


def test_every_purpose_has_its_term() -> None:
    assert all(purpose.term for purpose in ReadingPurpose)


def test_the_first_entry_opens_the_log_under_the_ledgers_name(access: AccessLog) -> None:
    assert access.record(reading()) == 2

    first, second = access.read()
    assert entries.origin_of(first.record) == ORIGIN
    assert kinds(access) == [entries.OPENED, entries.READ]
    assert "request:r1" in second.tags
    assert "reader:principal-water" in second.tags
    assert access.open() == ORIGIN


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(asked=readings())
def test_what_is_recorded_is_what_is_read(kept: AccessLog, asked: Reading) -> None:
    before = datetime.now(UTC)

    position = kept.record(asked)

    (found,) = kept.of_subject(asked.subject, limit=1)
    assert (found.position, found.reading) == (position, asked)
    assert before - timedelta(seconds=1) < found.at < before + timedelta(seconds=60)
    assert kept.of_principal(asked.actor.principal, limit=1) == [found]


def test_a_refused_reading_is_recorded_with_its_rule(access: AccessLog) -> None:
    access.record(reading(rule="not_your_case"))

    (found,) = access.of_subject("request:r1")
    assert found.reading.decision is ReadingDecision.REFUSED
    assert found.reading.rule == "not_your_case"


def test_readings_are_told_newest_first_in_pages_and_of_one_subject_alone(
    access: AccessLog,
) -> None:
    for number in range(5):
        access.record(reading("request:r1", f"field_{number}"))
        access.record(reading("request:r10", "name", actor=REVIEWER))

    page = access.of_subject("request:r1", limit=2)
    rest = access.of_subject("request:r1", before=page[-1].position, limit=10)

    fields = [one.reading.items[0].field for one in (*page, *rest)]
    assert fields == ["field_4", "field_3", "field_2", "field_1", "field_0"]
    assert {one.reading.subject for one in (*page, *rest)} == {"request:r1"}
    assert len(access.of_principal(REVIEWER.principal)) == 5
    assert access.of_subject("request:r") == []


def test_several_readings_are_recorded_together(access: AccessLog) -> None:
    positions = access.record_all([reading("request:r1"), reading("request:r2")])

    assert positions == (2, 3)
    assert [one.position for one in access.of_subject("request:r2")] == [3]


def test_an_event_loop_records_too(access: AccessLog) -> None:
    async def both() -> list[int]:
        return list(await asyncio.gather(*(access.record_async(reading()) for _ in range(20))))

    assert sorted(asyncio.run(both())) == list(range(2, 22))


def test_many_at_once_in_two_processes_lose_nothing(access_store: PostgresStore) -> None:
    logs = [log_on(access_store), log_on(access_store)]
    for one in logs:
        one.start()

    with ThreadPoolExecutor(16) as pool:
        asked = [(logs[number % 2], reading(f"request:r{number % 7}")) for number in range(200)]
        positions = list(pool.map(lambda each: each[0].record(each[1]), asked))
    for one in logs:
        one.close()

    assert sorted(positions) == list(range(2, 202))
    stored = {event.position: event for event in check_log(access_store, 201)}
    for position, (_, what) in zip(positions, asked, strict=True):
        assert entries.reading_of(position, stored[position].record).reading == what


def test_before_there_is_a_ledger_nothing_can_be_read(either: Store) -> None:
    access = log_on(either, ledger=None)
    access.start()

    with pytest.raises(Unavailable, match="no ledger"):
        access.record(reading())
    with pytest.raises(Unavailable, match="no ledger"):
        asyncio.run(access.record_async(reading()))
    access.close()
    assert either.size() == 0


def test_the_access_log_of_another_ledger_is_not_written_to(access: AccessLog) -> None:
    access.open()
    other = log_on(access.store, ledger="another.example/ledger")
    other.start()

    with pytest.raises(AnotherLog):
        other.record(reading())
    other.close()
    assert kinds(access) == [entries.OPENED]


def test_a_log_that_was_emptied_is_not_gone_on_with(access: AccessLog) -> None:
    """A reading alone in an empty log would have no name above it."""
    with pytest.raises(Refused):
        access._append((entries.enter(reading()),))


@pytest.mark.parametrize("operation", ["lock", "commit"])
def test_without_a_database_nothing_is_recorded_and_nobody_is_shown_anything(
    operation: str,
) -> None:
    down = False

    def next_fault(asked: str) -> Failure | None:
        return Failure.DOWN if down and asked == operation else None

    access = log_on(FailingStore(MemoryStore(), next_fault), IMPATIENT)
    access.start()
    access.record(reading())
    down = True

    with pytest.raises(Unavailable):
        access.record(reading())
    with pytest.raises(Unavailable):
        asyncio.run(access.record_async(reading()))

    down = False
    access.record(reading())
    access.close()
    assert len(access.of_subject("request:r1")) >= 2


def test_a_log_that_was_closed_records_nothing(either: Store) -> None:
    access = log_on(either)
    access.start()
    access.record(reading())
    access.close()

    with pytest.raises(Unavailable):
        access.record(reading())


_KILLED = """
import os, signal, sys
from ledger.access.log import AccessLog
from ledger.store.postgres import PostgresStore, PostgresWriter
from tests.vaults import memory_vault
from tests.readings import LEDGER, reading

url, schema, when = sys.argv[1:]
access = AccessLog(PostgresStore(url, schema, "access"), lambda: LEDGER)
access.start()
access.record(reading("request:before"))
commit = PostgresWriter.commit

def killed(self, batch, sent=lambda: None):
    if when == "after":
        commit(self, batch, sent)
    os.kill(os.getpid(), signal.SIGKILL)

PostgresWriter.commit = killed
access.record(reading("request:killed"))
print("shown")
"""


@pytest.mark.parametrize(("when", "recorded"), [("before", 0), ("after", 1)])
def test_killed_between_record_and_answer_the_reading_stands_and_nothing_was_shown(
    postgres_url: str, kept: AccessLog, when: str, recorded: int
) -> None:
    store = kept.store
    assert isinstance(store, PostgresStore)
    command = [sys.executable, "-c", _KILLED, postgres_url, store.schema, when]

    ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (ended.returncode, ended.stdout) == (-signal.SIGKILL, ""), ended.stderr
    assert len(kept.of_subject("request:killed")) == recorded
    kept.record(reading("request:afterwards"))
    check_log(store, 3 + recorded)


# Days.


def opened_on(store: Store, at: datetime, *more: Entered) -> None:
    """A log that was opened at a time that is past, with readings of then."""
    tags = (day_tag(local_day(at)),)
    stamp = at.isoformat().replace("+00:00", "Z")
    first = entries.opening_record(Opening(mint_id(), ORIGIN), stamp)
    records: list[tuple[str, tuple[str, ...], bytes]] = [(entries.OPENED, tags, first)]
    records += [
        (entries.READ, tuple(sorted((*one.tags, *tags))), one.record(stamp)) for one in more
    ]
    writer = store.writer()
    locked = writer.lock(())
    stored = [
        StoredEvent(position, kind, tags_, record, leaf_hash(record))
        for position, (kind, tags_, record) in enumerate(records, 1)
    ]
    writer.commit(batch(locked, stored, recorded_at=at))
    writer.close()


def ends(access: AccessLog) -> list[tuple[str, int]]:
    found = [orjson.loads(one.record) for one in access.read() if one.kind == entries.DAY_ENDED]
    return [(one["day"], one["readings"]) for one in found]


def days_ago(count: int) -> datetime:
    """Noon in Shanghai of a day that is past."""
    day = local_day(datetime.now(UTC)) - timedelta(days=count)
    return datetime(day.year, day.month, day.day, 4, tzinfo=UTC)


def test_every_day_ends_with_its_count_and_an_idle_one_too(access: AccessLog) -> None:
    opened_on(access.store, days_ago(3), *(entries.enter(reading()) for _ in range(2)))
    access.record(reading())

    ended = access.end_days(datetime.now(UTC))

    days = [days_ago(count).date().isoformat() for count in (3, 2, 1)]
    assert ended == 3
    assert ends(access) == list(zip(days, (2, 0, 0), strict=True))
    assert access.end_days(datetime.now(UTC)) == 0


def test_a_day_ends_once_however_many_look(either: Store) -> None:
    opened_on(either, days_ago(2))
    logs = [log_on(either) for _ in range(3)]
    for one in logs:
        one.start()

    with ThreadPoolExecutor(3) as pool:
        ended = list(pool.map(lambda one: DayEnds(one).look(datetime.now(UTC)), logs))

    assert sum(ended) == 2
    assert [count for _, count in ends(logs[0])] == [0, 0]
    for one in logs:
        one.close()


@pytest.mark.parametrize(
    ("back", "rule"),
    [(0, "day_not_over"), (-1, "day_not_over"), (1, "day_before_not_ended"), (4, None)],
)
def test_days_end_in_order_and_not_before_they_are_over(
    access: AccessLog, back: int, rule: str | None
) -> None:
    opened_on(access.store, days_ago(4))
    day = local_day(datetime.now(UTC)) - timedelta(days=back)

    def end() -> None:
        access._append((DayEnd(mint_id(), day),))

    if rule is None:
        end()
        rule = "day_has_ended"
    with pytest.raises(Refused) as refused:
        end()
    assert refused.value.refusal.rule == rule


def test_the_thread_ends_days_by_itself(access: AccessLog) -> None:
    opened_on(access.store, days_ago(1))
    thread = DayEnds(access, look_seconds=0.05)
    thread.start()
    try:
        wait_for(lambda: len(ends(access)) == 1)
    finally:
        thread.close()
    assert thread.trouble is None


def test_an_end_that_is_made_up_is_found() -> None:
    end = DayEnd(mint_id(), date(2026, 3, 1))
    record = entries.day_record(end, "2026-03-01T15:59:59Z", 0)  # the day is not over yet

    with pytest.raises(Exception, match="an entry of an access log"):
        examine_entry(7, record, None)


# The same tree, the same checkpoints, the same audit.


def signer_of(url: str, schema: str, path: Path) -> tuple[CheckpointSigner, NoteVerifier]:
    keys = SigningKeys(path / "access-log.key")
    key = keys.create(ORIGIN).key
    signer = CheckpointSigner(
        url, schema, keys, Mark(path / "access.checkpoint"), Nobody(), entries.origin_of
    )
    return signer, NoteVerifier(key)


def test_the_proof_of_an_entry_verifies_as_any_other(
    postgres_url: str, kept: AccessLog, tmp_path: Path
) -> None:
    positions = kept.record_all([reading(f"request:r{number}") for number in range(300)])
    store = kept.store
    assert isinstance(store, PostgresStore)
    signer, verifier = signer_of(postgres_url, store.schema, tmp_path)

    published = signer.sign()

    at = positions[123]
    hashes = store.reading(lambda c: Tree(c).inclusion_proof(at - 1, published.size))
    proof = ProofFile(at - 1, tuple(hashes), published.note, None)
    (entry,) = store.read(after=at - 1, until=at)
    checkpoint, _ = proof.verify(leaf_hash(entry.record), ORIGIN, [verifier])
    assert checkpoint.size == 301


def audited(url: str, schema: str, trusted: list[tuple[int, bytes]] | None = None) -> Fault | None:
    with psycopg.connect(connection_string(url, schema, READER)) as connection:
        connection.execute("set transaction isolation level repeatable read, read only")
        report = audit_database(connection, trusted or [], {}, origin=ORIGIN, examined=examiner())
    return report.fault


def forged(record: bytes) -> bytes:
    return record.replace(b'"water-bureau"', b'"green-bureau"')


def rewrites(connection: psycopg.Connection[Any]) -> None:
    """Another reader, with the leaf that goes with it."""
    row = connection.execute("select record from event where position = 5").fetchone()
    assert row is not None
    record = forged(bytes(row[0]))
    values = [record, leaf_hash(record)]
    connection.execute("update event set record = %s, leaf = %s where position = 5", values)


EDITS: tuple[str | Callable[[psycopg.Connection[Any]], None], ...] = (
    "delete from event where position = 9",
    "delete from event where position = 300",
    "delete from event where position > 290; delete from batch where last > 290",
    "update event set tags = '{request:other}' where position = 5",
    "update event set tags = tags[2:] where position = 5",
    "update event set kind = 'day_ended' where position = 5",
    "update event set leaf = sha256(leaf) where position = 5",
    "update batch set recorded_at = recorded_at - interval '1 hour' where last = 300",
    "update tile set root = sha256(root)",
    "delete from tile",
    rewrites,
)


@pytest.mark.parametrize("edit", EDITS)
def test_what_a_superuser_alters_is_found(
    postgres_url: str, kept: AccessLog, tmp_path: Path,
    edit: str | Callable[[psycopg.Connection[Any]], None],
) -> None:  # fmt: skip
    kept.record_all([reading(f"request:r{number}") for number in range(299)])
    store = kept.store
    assert isinstance(store, PostgresStore)
    published = signer_of(postgres_url, store.schema, tmp_path)[0].sign()
    trusted = [(published.size, published.root)]
    assert audited(postgres_url, store.schema, trusted) is None

    with psycopg.connect(postgres_url) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(sql.SQL("set search_path = {}").format(sql.Identifier(store.schema)))
        if isinstance(edit, str):
            connection.execute(edit.encode())
        else:
            edit(connection)

    assert audited(postgres_url, store.schema, trusted) is not None


def test_a_whole_log_with_days_is_found_sound(postgres_url: str, kept: AccessLog) -> None:
    store = kept.store
    assert isinstance(store, PostgresStore)
    opened_on(store, days_ago(3))
    kept.record(reading())
    kept.end_days(datetime.now(UTC))
    kept.record(reading(rule="not_your_case"))

    assert audited(postgres_url, store.schema) is None


def test_an_audit_holds_the_days_to_their_counts_and_their_order(
    postgres_url: str, kept: AccessLog
) -> None:
    store = kept.store
    assert isinstance(store, PostgresStore)
    opened_on(store, days_ago(3), *(entries.enter(reading()) for _ in range(2)))
    stamp = days_ago(0).isoformat().replace("+00:00", "Z")
    first, second = (days_ago(count).date() for count in (3, 2))

    def found(*said: tuple[date, int]) -> str:
        examined = examiner()
        for entry in store.read():
            examined(entry.position, entry.record, ORIGIN)
        try:
            for position, (day, count) in enumerate(said, 4):
                record = entries.day_record(DayEnd(mint_id(), day), stamp, count)
                examined(position, record, ORIGIN)
        except Faulty as faulty:
            return faulty.fault.line()
        return "sound"

    assert found((first, 2), (second, 0)) == "sound"
    assert f"position 4: expected 2 readings on {first}; found 1 said" in found((first, 1))
    assert f"position 4: expected the end of {first}; found that of {second}" in found((second, 0))
    assert f"position 5: expected the end of {second}" in found((first, 2), (first, 0))


# What the schema is for, and who may do what there.


def test_the_ledger_and_the_plain_door_refuse_the_schema(
    postgres_url: str, access_schema: str
) -> None:
    for purpose in ("ledger", "dcb"):
        with pytest.raises(SchemaMismatch):
            migrate(postgres_url, access_schema, purpose)
        store = PostgresStore(postgres_url, access_schema, purpose)
        with pytest.raises(SchemaMismatch):
            store.size()
        store.close()


def test_the_access_log_refuses_the_ledgers_schema(postgres_store: PostgresStore) -> None:
    ledger = Ledger(postgres_store, memory_vault())
    store = PostgresStore(postgres_store._url, postgres_store.schema, PURPOSE)
    access = log_on(store, IMPATIENT)
    access.start()

    with pytest.raises(Unavailable, match="not for 'access'"):
        access.record(reading())

    access.close()
    store.close()
    assert ledger.store.size() == 0


@pytest.mark.parametrize("role", [OWNER, WRITER, READER])
@pytest.mark.parametrize(
    "statement",
    [
        "update event set kind = 'forged'",
        "delete from event",
        "truncate event",
        "update batch set last = 9",
        "delete from batch",
        "update checkpoint set size = 1",
        "delete from tile",
    ],
)
def test_nobody_alters_the_access_log(
    postgres_url: str, kept: AccessLog, role: str, statement: str
) -> None:
    kept.record(reading())
    store = kept.store
    assert isinstance(store, PostgresStore)

    with (
        psycopg.connect(connection_string(postgres_url, store.schema, role)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())

    check_log(store, 2)


def test_the_reader_reads_and_does_not_write(postgres_url: str, kept: AccessLog) -> None:
    kept.record(reading())
    store = kept.store
    assert isinstance(store, PostgresStore)

    with psycopg.connect(connection_string(postgres_url, store.schema, READER)) as connection:
        assert connection.execute("select count(*) from event").fetchone() == (2,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("insert into event select * from event")


def test_tiles_are_kept_as_the_ledgers_are(postgres_url: str, kept: AccessLog) -> None:
    kept.record_all([reading() for _ in range(600)])
    store = kept.store
    assert isinstance(store, PostgresStore)

    with psycopg.connect(
        connection_string(postgres_url, store.schema, WRITER), autocommit=True
    ) as connection:
        assert keep_tiles(connection, store.size()) == 2
    assert CLERK.principal in {one.reading.actor.principal for one in kept.of_subject("request:r1")}


def test_the_documentation_names_every_purpose_with_its_term() -> None:
    page = (Path(__file__).parents[1] / "docs" / "privacy.md").read_text(encoding="utf-8")

    for purpose in ReadingPurpose:
        assert f"| `{purpose.value}` | {purpose.term}" in page
