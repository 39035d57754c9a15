"""The benchmarks by name: who is measured, how often, and in which order."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import (
    bulk,
    decide_accounts,
    importing,
    in_process,
    machine,
    network,
    reading,
    tree,
    verification,
)
from benchmarks.bulk import BulkPlan
from benchmarks.database import Database
from benchmarks.decide_accounts import AccountPlan
from benchmarks.importing import ImportPlan
from benchmarks.load import Measured, Plan
from benchmarks.reading import ReadingPlan
from benchmarks.verification import VerificationPlan

Contenders = Sequence[tuple[str, Any]]
Say = Callable[[str], None]


class Effort(NamedTuple):
    """How long and how often; `QUICK` shows that all of it runs, and no more."""

    seconds: float
    repetitions: int
    clients: tuple[int, ...]
    bulk_events: int
    read_events: int
    looks: int
    calibration_seconds: float
    import_rows: int | None
    tree_rounds: int
    tree_clients: int
    long_log_events: int
    proofs: int
    verified_events: int
    account_postings: int
    decisions: int

    @property
    def plan(self) -> Plan:
        """The window of a load, after a warm-up of a fifth."""
        return Plan(self.seconds, self.seconds / 5)


FULL = Effort(
    5.0,
    3,
    (1, 16, 64, 256),
    100_000,
    100_000,
    1_000,
    0.3,
    None,
    tree_rounds=15,
    tree_clients=64,
    long_log_events=10_000_000,
    proofs=1_000,
    verified_events=1_000_000,
    account_postings=10_000,
    decisions=10_000,
)
QUICK = Effort(0.2, 1, (4,), 4_000, 2_000, 20, 0.02, 200, 1, 4, 70_000, 20, 20_000, 200, 20)


class Bench(NamedTuple):
    """What every benchmark is given."""

    database: Database
    effort: Effort
    scratch: Path
    cases: Path | None
    """The file of the real cases, where there is one."""
    say: Say


def _appends(contenders: Contenders) -> Callable[[Bench], dict[str, Any]]:
    """Every contender at each number of clients, one after the other: A B C, A B C, A B C."""

    def run(bench: Bench) -> dict[str, Any]:
        results: dict[str, Any] = {"calibrations": [], "rows": []}
        for repetition in range(bench.effort.repetitions):
            for clients in bench.effort.clients:
                place = {"clients": clients, "repetition": repetition}
                results["calibrations"].append(_calibrated(bench, place))
                for name, contender in contenders:
                    gc.collect()
                    measured: Measured = contender(bench.database, clients, bench.effort.plan)
                    results["rows"].append(
                        {"contender": name, "repetition": repetition, **measured.as_row()}
                    )
                    bench.say(
                        f"{name}, {clients} clients: {measured.stored_per_second:,.0f} stored/s"
                    )
        return results

    return run


def _once_each(
    contenders: Contenders, plan: Callable[[Bench], Any], shown: str
) -> Callable[[Bench], dict[str, Any]]:
    """Every contender in turn, again and again."""

    def run(bench: Bench) -> dict[str, Any]:
        results: dict[str, Any] = {"calibrations": [], "rows": []}
        for repetition in range(bench.effort.repetitions):
            results["calibrations"].append(_calibrated(bench, {"repetition": repetition}))
            for name, contender in contenders:
                gc.collect()
                row = contender(bench.database, plan(bench))._asdict()
                results["rows"].append({"contender": name, "repetition": repetition, **row})
                bench.say(f"{name}: {row[shown]:,.{1 if row[shown] >= 10 else 3}f} {shown}")
        return results

    return run


def _tree(bench: Bench) -> dict[str, Any]:
    """More and shorter rounds than others: the tree costs less than the machine changes by from
    one window to the next, and it changes the less the nearer they are."""
    given = bench.effort
    effort = given._replace(
        seconds=given.seconds * 0.6, repetitions=given.tree_rounds, clients=(given.tree_clients,)
    )
    measured = _appends(tree.CONTENDERS)(bench._replace(effort=effort))
    for row in measured["rows"]:
        cores = row["cpu"]["process"] + row["cpu"]["postgresql"]
        row["cpu_us_per_event"] = cores * 1e6 / row["stored_per_second"]
    return {"effort": effort._asdict(), **measured}


def _proofs(bench: Bench) -> dict[str, Any]:
    """All from one log, which takes longer to fill than to ask."""
    results: dict[str, Any] = {"calibrations": [], "rows": []}
    with tree.long_log(bench.database, bench.effort.long_log_events) as log:
        results["filled"] = log.filled._asdict()
        bench.say(f"filled: {results['filled']}")
        for repetition in range(bench.effort.repetitions):
            results["calibrations"].append(_calibrated(bench, {"repetition": repetition}))
            gc.collect()
            for proved in log.proved(bench.effort.proofs, repetition):
                results["rows"].append({"repetition": repetition, **proved._asdict()})
                bench.say(f"{proved.contender} in {proved.size:,}: {proved.p99_ms:.2f} ms p99")
    return results


def _calibrated(bench: Bench, place: dict[str, int]) -> dict[str, float]:
    return {**place, **machine.calibrate(bench.scratch, bench.effort.calibration_seconds)}


def _import_plan(bench: Bench) -> ImportPlan:
    assert bench.cases is not None
    return ImportPlan(bench.cases, bench.effort.import_rows)


BENCHMARKS: dict[str, Callable[[Bench], dict[str, Any]]] = {
    "in_process": _appends(in_process.CONTENDERS),
    "network": _appends(network.CONTENDERS),
    "bulk": _once_each(
        bulk.CONTENDERS, lambda bench: BulkPlan(bench.effort.bulk_events), "events_per_second"
    ),
    "read": _once_each(
        reading.CONTENDERS,
        lambda bench: ReadingPlan(bench.effort.read_events, bench.effort.looks),
        "all_per_second",
    ),
    "tree": _tree,
    "proofs": _proofs,
    "import": _once_each(importing.CONTENDERS, _import_plan, "seconds"),
    "verification": _once_each(
        verification.CONTENDERS,
        lambda bench: VerificationPlan(bench.effort.verified_events),
        "events_per_second",
    ),
    "decide_accounts": _once_each(
        decide_accounts.CONTENDERS,
        lambda bench: AccountPlan(bench.effort.account_postings, bench.effort.decisions),
        "step_p99_ms",
    ),
}
