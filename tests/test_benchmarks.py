"""The benchmarks run, and what they count adds up; how fast it was is never tested."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from benchmarks.figures import figures
from benchmarks.load import Plan, WrongOutcome, run_coroutines, run_threads
from benchmarks.tree import no_hashing
from ledger import states
from ledger.tlog.merkle import Frontier, leaf_hash, node_hash

# One quick run stands behind all of them: seconds alone, more beside other tests.
pytestmark = pytest.mark.timeout(240)

ROOT = Path(__file__).resolve().parent.parent
CONTENDERS = {
    "in_process": {"propose", "door", "door_threads", "library", "library_16"},
    "network": {"http", "validate", "umadb"},
}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results, table and plot of one quick run of everything but the import."""
    out = tmp_path_factory.mktemp("benchmarks")
    paths = [str(ROOT), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    words = [
        "in_process",
        "network",
        "bulk",
        "read",
        "tree",
        "proofs",
        "verification",
        "decide_accounts",
        "--quick",
        "--out",
        str(out),
    ]
    subprocess.run(
        [sys.executable, "-m", "benchmarks", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        check=True,
        timeout=200,
    )
    return out


@pytest.fixture(scope="module")
def results(out: Path) -> Mapping[str, Any]:
    read: Mapping[str, Any] = json.loads((out / "results.json").read_text())
    return read


@pytest.mark.parametrize("name", ["in_process", "network"])
def test_every_contender_stores_with_as_many_clients_as_the_others(
    results: Mapping[str, Any], name: str
) -> None:
    rows = results[name]["rows"]

    contenders = {row["contender"] for row in rows}

    assert contenders == CONTENDERS[name]
    assert [row["clients"] for row in rows] == [4] * len(contenders)
    assert all(row["all_stored"] >= row["stored"] > 0 for row in rows)


@pytest.mark.parametrize("name", ["in_process", "network"])
def test_one_attempt_in_ten_fails_and_the_others_are_stored(
    results: Mapping[str, Any], name: str
) -> None:
    for row in results[name]["rows"]:
        attempts = row["all_stored"] + row["all_refused"]

        share = 0 if row["contender"] == "validate" else attempts / 10

        assert abs(row["all_refused"] - share) <= 1 + row["clients"] / 2


def test_a_proof_is_fast_only_in_a_log_of_the_length_that_was_asked_for() -> None:
    def verdict(size: int, p99_ms: float) -> str:
        rows = [{"contender": "inclusion", "size": size, "p99_ms": p99_ms}]
        found = figures({"proofs": {"rows": rows}})
        return next(one.verdict for one in found if one.name.startswith("inclusion proof"))

    assert verdict(10_000_000, 4.9) == "reached"
    assert verdict(10_000_000, 5.0) == "not reached"
    assert verdict(1_000_000, 1.0) == "not measured"


def test_a_client_that_is_told_the_wrong_thing_ends_the_measurement() -> None:
    plan = Plan(seconds=0.05, warm_up_seconds=0.01)

    async def store(must_fail: bool) -> bool:
        await asyncio.sleep(0)
        return True

    with pytest.raises(WrongOutcome, match="stored what must fail"):
        run_threads([lambda must_fail: True], plan, {})
    with pytest.raises(WrongOutcome, match="refused what must be stored"):
        run_threads([lambda must_fail: False] * 4, plan, {})
    with pytest.RaisesGroup(pytest.RaisesExc(WrongOutcome, match="stored what must fail")):
        run_coroutines([store], plan, {})


def test_bulk_append_and_copy_store_the_same_number_of_events(results: Mapping[str, Any]) -> None:
    rows = results["bulk"]["rows"]

    assert {row["contender"] for row in rows} == {"door", "copy_once", "copy_lists"}
    assert len({row["events"] for row in rows}) == 1


def test_everybody_reads_the_same_log(results: Mapping[str, Any]) -> None:
    rows = results["read"]["rows"]

    assert {row["contender"] for row in rows} == {"store", "door", "library", "umadb"}
    assert {(row["events"], row["looks"]) for row in rows} == {(2_000, 20)}


def test_a_bundle_of_the_size_asked_for_is_verified(results: Mapping[str, Any]) -> None:
    (row,) = results["verification"]["rows"]

    assert (row["contender"], row["events"]) == ("verify", 20_000)
    assert row["seconds"] > 0
    assert row["mib"] > 0


def test_acts_are_decided_on_an_account_with_as_many_postings_as_asked_for(
    results: Mapping[str, Any],
) -> None:
    rows = results["decide_accounts"]["rows"]

    assert {row["contender"] for row in rows} == {"award", "redemption", "reversal", "objection"}
    assert {(row["postings"], row["lots"], row["decisions"]) for row in rows} == {(200, 95, 20)}
    assert all(0 < row["decide_p50_ms"] < row["step_p99_ms"] for row in rows)


def test_a_decision_is_fast_only_on_an_account_of_the_length_that_was_asked_for() -> None:
    def verdict(postings: int, *p99_ms: float) -> str:
        rows = [
            {"contender": name, "postings": postings, "step_p99_ms": taken}
            for name, taken in zip(("award", "redemption"), p99_ms, strict=True)
        ]
        return figures({"decide_accounts": {"rows": rows}})[-1].verdict

    assert verdict(10_000, 0.2, 0.9) == "reached"
    assert verdict(10_000, 0.2, 1.0) == "not reached"
    assert verdict(200, 0.1, 0.1) == "not measured"


def test_the_tree_is_measured_beside_a_log_that_has_none(results: Mapping[str, Any]) -> None:
    rows = results["tree"]["rows"]

    assert {row["contender"] for row in rows} == {"with_tree", "without_notary", "without_tree"}
    assert all(row["stored"] > 0 for row in rows)


def test_hashing_is_back_after_it_was_left_out() -> None:
    with no_hashing():
        without = _two_leaves()

    assert without == (bytes(32), bytes(32))
    leaf = leaf_hash(b"an event")
    assert _two_leaves() == (leaf, node_hash(leaf, leaf))


def _two_leaves() -> tuple[bytes, bytes]:
    """The leaf as the ledger makes it, and the frontier of two of them."""
    frontier, leaf = Frontier(), vars(states)["leaf_hash"](b"an event")
    frontier.append(leaf)
    frontier.append(leaf)
    return leaf, frontier.to_bytes()


def test_proofs_are_made_at_every_size_of_the_long_log(results: Mapping[str, Any]) -> None:
    rows = [row for row in results["proofs"]["rows"] if row["size"]]

    assert {row["size"] for row in rows} == {70, 700, 7_000, 70_000}
    assert {row["contender"] for row in rows} == {"inclusion", "consistency"}
    assert {row["proofs"] for row in rows} == {20}
    assert max(row["hashes"] for row in rows if row["contender"] == "inclusion") == 17
    assert results["proofs"]["filled"]["tiles"] == 70_000 // 256 + 1


def test_the_table_names_every_figure_and_the_plot_is_drawn(out: Path) -> None:
    readme = (out / "README.md").read_text()

    assert readme.count("≥") >= 5
    assert "### A. Appends in process" in readme
    assert "### B. Appends over the network" in readme
    assert "### The tree in an append" in readme
    assert "### Proofs from a log of 70,000 events" in readme
    assert (out / "append.svg").read_text().startswith("<?xml")


def test_a_figure_is_reached_only_by_the_median_of_what_was_measured() -> None:
    rows = [
        {"contender": name, "clients": 64, "repetition": repetition, "stored_per_second": rate}
        for repetition, (ours, theirs) in enumerate(
            [(9_000, 900), (11_000, 1_500), (12_000, 1_600)]
        )
        for name, rate in (("propose", ours), ("library", theirs))
    ]

    rate, ratio, door, *_ = figures({"in_process": {"rows": rows}})

    assert (rate.measured, rate.verdict) == ("11,000/s", "reached")
    assert (ratio.measured, ratio.verdict) == ("7.50", "not reached")
    assert door.verdict == "not measured"
