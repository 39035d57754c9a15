"""How reading is measured: the whole log once, then the history of one case, again and again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import NamedTuple

from benchmarks.load import WrongOutcome, percentile

EVENTS_PER_REQUEST = 20


class Reading(NamedTuple):
    """What was measured; a look reads the 20 events of one case."""

    events: int
    all_per_second: float
    looks: int
    look_p50_ms: float
    look_p99_ms: float
    look_events_per_second: float


def request_of(number: int, events: int) -> str:
    """The case that an event belongs to: a case's events lie far apart, as they do in life."""
    return f"case-{number % max(events // EVENTS_PER_REQUEST, 1)}"


def measure(read: Callable[[str | None], int], events: int, looks: int) -> Reading:
    """Times `read`, which reads one case's events, or all for None, and counts them."""
    began = time.perf_counter()
    _check(read(None), events)
    all_seconds = time.perf_counter() - began
    chosen = random.Random(1).choices(range(events), k=looks)
    expected = events // max(events // EVENTS_PER_REQUEST, 1)
    latencies = []
    for number in chosen:
        request = request_of(number, events)
        asked = time.perf_counter()
        found = read(request)
        latencies.append(time.perf_counter() - asked)
        _check(found, expected)
    spent = sum(latencies)
    latencies.sort()
    return Reading(
        events,
        events / all_seconds,
        looks,
        percentile(latencies, 0.50) * 1000,
        percentile(latencies, 0.99) * 1000,
        looks * expected / spent,
    )


def _check(found: int, expected: int) -> None:
    if found != expected:
        raise WrongOutcome(f"{found} events read where {expected} are")
