"""Closed-loop load: clients that each wait for their answer before they ask again, and what of it
is counted.

Every tenth attempt must fail and every other must be stored; a client that sees otherwise ends the
measurement with `WrongOutcome`. Only what ends within the window is counted, after a warm-up.
"""

from __future__ import annotations

import asyncio
import threading
import time
from array import array
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import count
from typing import Any, NamedTuple

import uvloop

from benchmarks.machine import CpuSeconds, busy_cpu

FAIL_EVERY = 10
"""One attempt in so many must fail, by construction."""

Attempt = Callable[[bool], bool]
"""Whether it must fail -> whether it was stored; anything else is raised."""
AsyncAttempt = Callable[[bool], Awaitable[bool]]


class WrongOutcome(AssertionError):
    """An attempt was stored that had to fail, or failed though it had to be stored."""


class Plan(NamedTuple):
    """How long clients warm up and are counted, and whether the other side refuses anything."""

    seconds: float
    warm_up_seconds: float
    refuses: bool = True


@dataclass(slots=True)
class Measured:
    """One measurement; `cpu` in cores by process group, latencies over all answers."""

    clients: int
    seconds: float
    stored: int
    refused: int
    all_stored: int
    """With warm-up and what ended after the window: as many are in the log."""
    all_refused: int
    p50_ms: float
    p99_ms: float
    cpu: dict[str, float]

    @property
    def stored_per_second(self) -> float:
        """Durably stored events a second: what counts."""
        return self.stored / self.seconds

    def as_row(self) -> dict[str, Any]:
        """The measurement as results.json keeps it."""
        return {**asdict(self), "stored_per_second": self.stored_per_second}


@dataclass(slots=True)
class Tally:
    """What one client has seen; nobody else writes to it."""

    stored: int = 0
    refused: int = 0
    counted_stored: int = 0
    counted_refused: int = 0
    latencies: array[float] = field(default_factory=lambda: array("d"))


class Window:
    """When answers are counted; the clients go on until it is over."""

    def __init__(self, plan: Plan, cpu: Mapping[str, CpuSeconds]) -> None:
        self.plan = plan
        self.counting = False
        self.over = False
        self.seconds = 0.0
        self.cores: dict[str, float] = {}
        self._cpu = cpu
        self._began = 0.0
        self._cpu_before: dict[str, float] = {}
        self._busy_before = 0.0

    def begin(self) -> None:
        """From here on answers count."""
        self._cpu_before = {name: seconds() for name, seconds in self._cpu.items()}
        self._busy_before = busy_cpu()
        self._began = time.perf_counter()
        self.counting = True

    def end(self) -> None:
        """From here on they do not, and clients stop."""
        self.counting = False
        self.over = True
        self.seconds = time.perf_counter() - self._began
        busy = (busy_cpu() - self._busy_before) / self.seconds
        for name, seconds in self._cpu.items():
            self.cores[name] = (seconds() - self._cpu_before[name]) / self.seconds
        self.cores["others"] = max(busy - sum(self.cores.values()), 0.0)

    def note(self, tally: Tally, must_fail: bool, stored: bool, latency: float) -> None:
        """Takes in an answer; raises `WrongOutcome`."""
        if stored is (must_fail and self.plan.refuses):
            raise WrongOutcome("stored what must fail" if stored else "refused what must be stored")
        if stored:
            tally.stored += 1
            tally.counted_stored += self.counting
        else:
            tally.refused += 1
            tally.counted_refused += self.counting
        if self.counting:
            tally.latencies.append(latency)


def run_coroutines(
    attempts: Sequence[AsyncAttempt], plan: Plan, cpu: Mapping[str, CpuSeconds]
) -> Measured:
    """Measures with a coroutine a client, all on one uvloop in this thread."""
    return uvloop.run(drive(attempts, plan, cpu))


async def drive(
    attempts: Sequence[AsyncAttempt], plan: Plan, cpu: Mapping[str, CpuSeconds]
) -> Measured:
    """The same on the loop that runs."""
    window = Window(plan, cpu)
    tallies = [Tally() for _ in attempts]
    async with asyncio.TaskGroup() as group:
        for index, (attempt, tally) in enumerate(zip(attempts, tallies, strict=True)):
            group.create_task(_coroutine(attempt, window, tally, index))
        await asyncio.sleep(plan.warm_up_seconds)
        window.begin()
        await asyncio.sleep(plan.seconds)
        window.end()
    return _sum(window, tallies)


def run_threads(attempts: Sequence[Attempt], plan: Plan, cpu: Mapping[str, CpuSeconds]) -> Measured:
    """Measures with a thread a client."""
    window = Window(plan, cpu)
    tallies = [Tally() for _ in attempts]
    errors: list[BaseException] = []
    threads = [
        threading.Thread(target=_thread, args=(attempt, window, tally, index, errors), daemon=True)
        for index, (attempt, tally) in enumerate(zip(attempts, tallies, strict=True))
    ]
    for thread in threads:
        thread.start()
    time.sleep(plan.warm_up_seconds)
    window.begin()
    time.sleep(plan.seconds)
    window.end()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return _sum(window, tallies)


async def _coroutine(attempt: AsyncAttempt, window: Window, tally: Tally, index: int) -> None:
    for number in count(index):
        if window.over:
            return
        must_fail = number % FAIL_EVERY == 0
        asked = time.perf_counter()
        stored = await attempt(must_fail)
        window.note(tally, must_fail, stored, time.perf_counter() - asked)


def _thread(
    attempt: Attempt, window: Window, tally: Tally, index: int, errors: list[BaseException]
) -> None:
    try:
        for number in count(index):
            if window.over:
                return
            must_fail = number % FAIL_EVERY == 0
            asked = time.perf_counter()
            stored = attempt(must_fail)
            window.note(tally, must_fail, stored, time.perf_counter() - asked)
    except BaseException as error:  # noqa: BLE001 - it is raised again where the threads are joined
        window.over = True
        errors.append(error)


def _sum(window: Window, tallies: Sequence[Tally]) -> Measured:
    latencies = sorted(latency for tally in tallies for latency in tally.latencies)
    measured = Measured(
        clients=len(tallies),
        seconds=window.seconds,
        stored=sum(tally.counted_stored for tally in tallies),
        refused=sum(tally.counted_refused for tally in tallies),
        all_stored=sum(tally.stored for tally in tallies),
        all_refused=sum(tally.refused for tally in tallies),
        p50_ms=percentile(latencies, 0.50) * 1000,
        p99_ms=percentile(latencies, 0.99) * 1000,
        cpu=window.cores,
    )
    if window.plan.refuses:
        # Clients are out of step, so that few attempts of many clients fail in the same share as
        # many of few. What each has begun and not ended of a ten adds up to less than half each.
        expected = (measured.all_stored + measured.all_refused) / FAIL_EVERY
        if abs(measured.all_refused - expected) > 1 + len(tallies) / 2:
            raise WrongOutcome(f"{measured.all_refused} failed where {expected:.0f} had to")
    return measured


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value below which that share lies; 0 where there is none."""
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0
