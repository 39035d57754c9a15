"""Writers in several processes, readers in others, and somebody who ends sessions and processes.

Every submission carries an idempotency key, and every answer goes into a journal before the next
is asked for. A killed process starts again, goes on where its journal ends, and asks with the same
keys. Afterwards the journals, what the readers saw and the log itself must tell the same story.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, Protocol

import orjson
import psycopg

from ledger.ledger import Ledger
from ledger.refusals import Busy, IdempotencyConflict, Refused, Unavailable
from ledger.store.contract import Receipt, StoredEvent, StoreDown
from ledger.store.migrations import migrate
from ledger.store.postgres import PostgresStore
from tests.harness.intents import intend, proposals
from tests.harness.log import LogDamaged, check_log
from tests.harness.replay import RuleBroken, replay
from tests.harness.sequence import CREATE, SequenceAppender, SequenceStore
from tests.town import found
from tests.vaults import memory_vault

MAX_ATTEMPTS = 10_000
START_SECONDS = 120.0
REST_SECONDS = 5.0
"""How long sessions are left alone where nothing has been answered since one was ended."""
_SPAWN = multiprocessing.get_context("spawn")  # a forked process would share its parent's sessions

# Only writers' sessions, only in this database; the query column shows what was interrupted.
_VICTIMS = """select pid from pg_stat_activity
    where datname = current_database() and application_name = 'mingzhang writer' order by pid"""


class Plan(NamedTuple):
    """One run, as every process of it is told."""

    url: str
    directory: Path
    seed: int
    processes: int
    writers: int
    """Coroutines in each process."""
    submissions: int
    """Of all writers together; rounded up so that each has the same number."""
    things: int
    """About how many requests, whistles and accounts they contend."""
    readers: int = 2
    is_broken: bool = False
    """Whether the log under test is the one with a plain sequence."""

    @property
    def each(self) -> int:
        return -(-self.submissions // (self.processes * self.writers))

    def journal(self, process: int) -> Path:
        return self.directory / f"journal-{process}"

    def seen(self, reader: int) -> Path:
        return self.directory / f"seen-{reader}"

    @property
    def end(self) -> Path:
        """Written when all writers have ended: the size of the log."""
        return self.directory / "end"


class Readable(Protocol):
    """As much of a store as a reader needs."""

    def size(self) -> int: ...
    def read(self, *, after: int = 0) -> Iterator[StoredEvent]: ...
    def wait(self, after: int, timeout_seconds: float) -> bool: ...
    def close(self) -> None: ...


def open_readable(plan: Plan) -> Readable:
    """The log under test."""
    return SequenceStore(plan.url) if plan.is_broken else PostgresStore(plan.url)


@dataclass
class Verdict:
    """What a run came to; without `problems` the log stood."""

    submissions: int = 0
    accepted: int = 0
    refused: int = 0
    replayed: int = 0
    """Answers that were told from a receipt."""
    events: int = 0
    sessions_ended: int = 0
    processes_killed: int = 0
    seen: list[int] = field(default_factory=list)
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    def counts(self) -> str:
        """What happened, for whoever reads the result."""
        found = f"{len(self.problems)} problems found" if self.problems else "no problem found"
        return (
            f"{self.submissions:,} proposals answered: {self.accepted:,} accepted,"
            f" {self.refused:,} refused or rolled back, {self.replayed:,} told again from a"
            f" receipt; {self.events:,} events, seen by readers: {self.seen};"
            f" {self.sessions_ended} sessions ended by force,"
            f" {self.processes_killed} process killed; {found}"
        )


# What a writing process does.


def write(plan: Plan, process: int) -> None:
    """The entry of a writing process: its writers' submissions, but for those in its journal."""
    journal = os.open(plan.journal(process), os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    answered = {entry["key"] for entry in read_journal(plan.journal(process))}

    def note(entry: dict[str, Any]) -> None:
        os.write(journal, orjson.dumps(entry) + b"\n")  # one call a line: a kill leaves it whole

    work = _write_broken if plan.is_broken else _write_ledger
    asyncio.run(work(plan, process, answered, note))


def read_journal(path: Path) -> list[dict[str, Any]]:
    """The answers that a process was given, in the order in which it heard them."""
    if not path.exists():
        return []
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


Note = Callable[[dict[str, Any]], None]


async def _write_ledger(plan: Plan, process: int, answered: set[str], note: Note) -> None:
    store = PostgresStore(plan.url)
    ledger = Ledger(store, memory_vault())
    ledger.start()

    async def one(writer: int) -> None:
        for number in range(plan.each):
            key = f"{process}-{writer}-{number}"
            random = Random(f"{plan.seed}-{key}")
            acts = intend(random, plan.things)
            if key not in answered:
                digest = sha256(key.encode()).digest()
                receipt = Receipt(digest[:16], sha256(repr(acts).encode()).digest())
                note({"key": key, "acts": len(acts), **await _ask(ledger, acts, receipt)})

    await asyncio.gather(*[one(writer) for writer in range(plan.writers)])
    ledger.close()
    store.close()


async def _ask(ledger: Ledger, acts: list[Any], receipt: Receipt) -> dict[str, Any]:
    """Asks with the same key until there is an answer."""
    asked_at = datetime.now(UTC)
    for _ in range(MAX_ATTEMPTS):
        try:
            answers = await ledger.propose(proposals(acts), receipt)
        except (Busy, Unavailable, IdempotencyConflict, StoreDown):
            await asyncio.sleep(0.02)
        except Refused as error:
            return {"refused": error.refusal.rule}
        else:
            first, last = answers[0].position, answers[-1].position
            leaves = [answer.leaf.hex() for answer in answers]
            # What was recorded before it was asked for is an earlier answer, told again.
            replayed = answers[0].recorded_at < asked_at
            return {"first": first, "last": last, "leaves": leaves, "replayed": replayed}
    raise AssertionError("no answer in all that time")


async def _write_broken(plan: Plan, process: int, answered: set[str], note: Note) -> None:
    appender = SequenceAppender(plan.url, Random(f"{plan.seed}-{process}"))
    await appender.open()

    async def one(writer: int) -> None:
        for number in range(plan.each):
            key = f"{process}-{writer}-{number}"
            answer = await appender.append(key.encode())
            if answer is None:
                note({"key": key, "acts": 1, "refused": "rolled_back"})
            else:
                position, leaf = answer
                note({"key": key, "acts": 1, "first": position, "last": position,
                      "leaves": [leaf.hex()], "replayed": False})  # fmt: skip

    await asyncio.gather(*[one(writer) for writer in range(plan.writers)])
    await appender.close()


# What a reading process does.


def follow(plan: Plan, reader: int) -> None:
    """The entry of a reading process: follows by position and keeps every position it was given."""
    log = open_readable(plan)
    seen, after = array("q"), 0
    while True:
        try:
            for event in log.read(after=after):
                after = event.position
                seen.append(after)
            if plan.end.exists() and after >= int(plan.end.read_text()):
                break
            log.wait(after, 0.2)
        except StoreDown:
            time.sleep(0.05)
    plan.seen(reader).write_bytes(seen.tobytes())
    log.close()


# What the harness does meanwhile.


def run(plan: Plan) -> Verdict:
    """One run from the empty database to the verdict."""
    started = time.monotonic()
    verdict = Verdict()
    _prepare(plan)
    readers = [_start(follow, plan, number) for number in range(plan.readers)]
    writers = [_start(write, plan, number) for number in range(plan.processes)]
    try:
        with _idle_transaction(plan):
            _disturb_until_done(plan, writers, verdict)
        log = open_readable(plan)
        plan.end.with_suffix(".draft").write_text(str(log.size()))
        plan.end.with_suffix(".draft").rename(plan.end)
        log.close()
        for reader in readers:
            reader.join(START_SECONDS)
    finally:
        for child in (*readers, *writers):
            child.kill()
            child.join()
    judge(plan, verdict)
    verdict.seconds = time.monotonic() - started
    return verdict


def _prepare(plan: Plan) -> None:
    if plan.is_broken:
        with psycopg.connect(plan.url) as connection:
            connection.execute(CREATE)
        return
    migrate(plan.url)
    store = PostgresStore(plan.url)
    ledger = Ledger(store, memory_vault())
    ledger.start()
    found(ledger)
    ledger.close()
    store.close()


def _start(entry: Callable[[Plan, int], None], plan: Plan, number: int) -> BaseProcess:
    child = _SPAWN.Process(target=entry, args=(plan, number), daemon=True)
    child.start()
    return child


@contextmanager
def _idle_transaction(plan: Plan) -> Iterator[None]:
    """An old snapshot, open all along: what a forgotten session or a long report holds."""
    with psycopg.connect(plan.url) as idle:
        idle.execute("set transaction isolation level repeatable read")
        idle.execute("select count(*) from pg_class")
        yield
        idle.rollback()


def _disturb_until_done(plan: Plan, writers: list[BaseProcess], verdict: Verdict) -> None:
    """Ends writers' sessions all along, and kills one process when a third has been answered."""
    random = Random(plan.seed)
    with psycopg.connect(plan.url, autocommit=True) as administrator:
        answered, ended_at = -1, 0.0
        while any(writer.is_alive() for writer in writers):
            time.sleep(random.uniform(0.05, 0.5))
            if plan.is_broken:
                continue
            # Where each session is ended before it has done anything, a slow machine never is done.
            is_going_on = _answered(plan) > answered or time.monotonic() > ended_at + REST_SECONDS
            victims = administrator.execute(_VICTIMS).fetchall() if is_going_on else []
            if victims:
                answered, ended_at = _answered(plan), time.monotonic()
                administrator.execute("select pg_terminate_backend(%s)", random.choice(victims))
                verdict.sessions_ended += 1
            if not verdict.processes_killed and _answered(plan) > plan.submissions / 3:
                number = random.randrange(plan.processes)
                if writers[number].is_alive():
                    writers[number].kill()
                    writers[number].join()
                    writers[number] = _start(write, plan, number)
                    verdict.processes_killed += 1
    failed = [writer.exitcode for writer in writers if writer.exitcode]
    verdict.problems += [f"a writing process ended with {code}" for code in failed]


def _answered(plan: Plan) -> int:
    total = 0
    for number in range(plan.processes):
        with suppress(FileNotFoundError):
            total += plan.journal(number).read_bytes().count(b"\n")
    return total


# What must be true afterwards.


def judge(plan: Plan, verdict: Verdict) -> None:
    """Compares journals, log and readers; what does not fit goes to the problems."""
    journal = [
        entry for number in range(plan.processes) for entry in read_journal(plan.journal(number))
    ]
    log = open_readable(plan)
    events = list(log.read())
    _judge_log(plan, log, verdict)
    log.close()
    verdict.events = len(events)
    verdict.submissions = len(journal)
    expected = plan.processes * plan.writers * plan.each
    if len(journal) != expected or len({entry["key"] for entry in journal}) != expected:
        verdict.problems.append(f"{len(journal)} answers to {expected} submissions")
    _judge_answers(events, journal, verdict)
    positions = [event.position for event in events]
    for reader in range(plan.readers):
        _judge_reader(plan, reader, positions, verdict)


def _judge_log(plan: Plan, log: Readable, verdict: Verdict) -> None:
    if isinstance(log, PostgresStore):
        try:
            replay(check_log(log))
        except (LogDamaged, RuleBroken) as error:
            verdict.problems.append(str(error))
        return
    positions = [event.position for event in log.read()]
    if positions != list(range(1, len(positions) + 1)):
        verdict.problems.append(f"gaps: {log.size() - len(positions)} positions are missing")


def _judge_answers(
    events: list[StoredEvent], journal: list[dict[str, Any]], verdict: Verdict
) -> None:
    """Every event but the founding's belongs to one accepted submission, and the other way."""
    leaves = {event.position: event.leaf.hex() for event in events}
    claimed: dict[int, str] = {}
    for entry in journal:
        if "refused" in entry:
            verdict.refused += 1
            continue
        verdict.accepted += 1
        verdict.replayed += entry["replayed"]
        span = range(entry["first"], entry["last"] + 1)
        if len(span) != entry["acts"]:
            verdict.problems.append(f"{entry['key']}: {len(span)} events for {entry['acts']}")
        if [leaves.get(position) for position in span] != entry["leaves"]:
            verdict.problems.append(f"{entry['key']}: accepted, and not in the log")
        for position in span:
            if position in claimed:
                verdict.problems.append(f"{position} is {claimed[position]}'s and {entry['key']}'s")
            claimed[position] = entry["key"]
    unclaimed = sorted(set(leaves) - set(claimed))
    founding = list(range(1, len(unclaimed) + 1))
    if unclaimed != founding:
        strays = sorted(set(unclaimed) - set(founding))
        verdict.problems.append(f"{len(strays)} events that nobody was told of: {strays[:5]}")


def _judge_reader(plan: Plan, reader: int, positions: list[int], verdict: Verdict) -> None:
    path = plan.seen(reader)
    if not path.exists():
        verdict.problems.append(f"reader {reader} did not come to the end")
        return
    seen = array("q")
    seen.frombytes(path.read_bytes())
    verdict.seen.append(len(seen))
    skipped = sorted(set(positions) - set(seen))
    if skipped:
        verdict.problems.append(f"reader {reader} skipped {len(skipped)} events: {skipped[:5]}")
    elif seen.tolist() != positions:
        verdict.problems.append(f"reader {reader} saw events twice or out of order")
