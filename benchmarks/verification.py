"""Offline verification: `mingzhang verify` of a bundle, as an auditor runs it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psutil  # type: ignore[import-untyped]  # it ships no annotations

from benchmarks.database import Database
from ledger import catalogue
from ledger.bundle import export
from ledger.canonical import canonical_json, instant
from ledger.event import Actor, Event, personal_fields
from ledger.store.contract import StoredEvent
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.merkle import Frontier, leaf_hash
from ledger.tlog.note import Note, Signer

KEPT = Path(__file__).parent / "scratch"
ORIGIN = "ledger.town.example/mingzhang"
KINDS = (
    "request_filed",
    "request_accepted",
    "request_dispatched",
    "request_answered",
    "answer_accepted",
    "request_cleared",
)
SAMPLE_SECONDS = 0.05
_SIGNER = Signer(ORIGIN, bytes(range(32)))
_ACTOR = Actor("clerk_a", "hotline", "p-hotline-clerk")
_START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


class VerificationPlan(NamedTuple):
    """How long the log is."""

    events: int


class Verified(NamedTuple):
    """How long the whole command took, and the memory of all its processes at its peak."""

    events: int
    seconds: float
    events_per_second: float
    cpu_seconds: float
    mib: float


class WrongOutcome(RuntimeError):
    """The bundle did not verify: nothing was measured."""


class Town:
    """A log that is made as it is read: requests from filing to clearing, each event's example."""

    def __init__(self, events: int) -> None:
        self._events = events

    def size(self) -> int:
        """How many events there are."""
        return self._events

    def read(self, *, until: int) -> Iterator[StoredEvent]:
        """The first of them, the same every time."""
        for position in range(1, until + 1):
            yield _stored(position)


def _stored(position: int) -> StoredEvent:
    """An event as the ledger would store it, but for ids and commitments that are not random."""
    event = _event(position)
    body = event.model_dump(mode="json")
    for name in personal_fields(type(event)):
        if body[name] is not None:
            body[name] = {"commitment": sha256(b"%s %d" % (name.encode(), position)).hexdigest()}
    moment = instant(_START + timedelta(milliseconds=position))
    tags = tuple(sorted(event.tags()))
    record = canonical_json(
        {
            "actor": _ACTOR._asdict(),
            "body": body,
            "cause": None,
            "id": str(UUID(int=position)),
            "kind": event.kind,
            "occurred_at": moment,
            "recorded_at": moment,
            "tags": tags,
            "version": event.version,
        }
    )
    return StoredEvent(position, event.kind, tags, record, leaf_hash(record))


def _event(position: int) -> Event:
    request, step = divmod(position - 2, len(KINDS))
    kind = "ledger_founded" if position == 1 else KINDS[step]
    body = dict(catalogue.kind_class(kind).example)
    if position > 1:
        body["request"] = f"request-{request}"
    return catalogue.parse(kind, orjson.dumps(body))


def verify(_database: Database, plan: VerificationPlan) -> Verified:
    """Verifies a bundle of so many events, which is made when there is none yet."""
    words = [str(bundle(plan.events)), "--key", str(_SIGNER.key)]
    command = [sys.executable, "-m", "api.cli.main", "verify", *words]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        mib, cpu = _sample(process)
        said = process.communicate()[0]
    seconds = time.perf_counter() - began
    if process.returncode or f"verified: {plan.events:,} events" not in said:
        raise WrongOutcome(f"{words[0]}, which may be deleted to be made anew: {said}")
    return Verified(plan.events, seconds, plan.events / seconds, cpu, mib)


def bundle(events: int) -> Path:
    """The directory, made once and kept for as long as records are written as they are now."""
    sample = b"".join(_stored(position).record for position in range(1, 2 + len(KINDS)))
    directory = KEPT / f"bundle-{events}-{sha256(sample).hexdigest()[:8]}"
    if not directory.exists():
        town, frontier = Town(events), Frontier()
        for event in town.read(until=events):
            frontier.append(event.leaf)
        text = Checkpoint(ORIGIN, events, frontier.root()).to_text()
        export(town, Note(text, (_SIGNER.sign(text),)), (), directory)
    return directory


def _sample(process: subprocess.Popen[str]) -> tuple[float, float]:
    """The peak of resident memory in MiB and the processor time, of parent and workers."""
    parent = psutil.Process(process.pid)
    most, cpu = 0.0, dict[int, float]()
    while process.poll() is None:
        try:
            family = [parent, *parent.children(recursive=True)]
            most = max(most, sum(one.memory_info().rss for one in family) / 2**20)
            for one in family:
                times = one.cpu_times()
                cpu[one.pid] = times.user + times.system
        except psutil.Error:
            pass  # one of them ended between two questions
        time.sleep(SAMPLE_SECONDS)
    return most, sum(cpu.values())


CONTENDERS: Sequence[tuple[str, Any]] = (("verify", verify),)
