"""Thousands of short lives of a ledger whose store fails before, during and after its commits."""

from __future__ import annotations

import os

import pytest

from ledger.ledger import Ledger
from ledger.refusals import Unavailable
from ledger.store.memory import MemoryStore
from tests.harness.log import LogDamaged, check_log
from tests.harness.replay import RuleBroken, replay
from tests.harness.simulation import Simulation
from tests.town import found
from tests.vaults import memory_vault

FULL = os.environ.get("MINGZHANG_TORTURE") == "full"
BLOCK = 100 if FULL else 10
BLOCKS = 100 if FULL else 8


@pytest.fixture(scope="module")
def founded() -> MemoryStore:
    """A founded town; every simulation begins with a copy."""
    store = MemoryStore()
    ledger = Ledger(store, memory_vault())
    ledger.start()
    found(ledger)
    ledger.close()
    return store


@pytest.mark.torture
@pytest.mark.parametrize("block", range(BLOCKS))
def test_whatever_fails_nothing_is_lost_doubled_or_against_a_rule(
    founded: MemoryStore, block: int
) -> None:
    for seed in range(block * BLOCK, (block + 1) * BLOCK):
        try:
            Simulation(founded, seed).run()
        except Exception as error:
            error.add_note(f"seed {seed}")
            raise


def test_the_simulation_meets_every_kind_of_answer(founded: MemoryStore) -> None:
    """A simulation in which nothing ever failed would prove nothing."""
    answers: set[str] = set()

    for seed in range(40):
        simulation = Simulation(founded, seed)
        simulation.run()
        for wish in simulation.wishes:
            for attempt in wish.attempts:
                error = attempt.future.exception()
                name = type(error).__name__ if error else "Appended"
                if isinstance(error, Unavailable) and error.outcome_unknown:
                    name = "outcome unknown"
                if error is None and attempt.future.result().replayed:
                    name = "replayed"
                answers.add(name)

    assert answers == {"Appended", "replayed", "Refused", "Unavailable", "outcome unknown"}


def test_the_same_seed_is_the_same_life(founded: MemoryStore) -> None:
    def life(seed: int) -> list[tuple[str, tuple[str, ...]]]:
        recorded = Simulation(founded, seed).run()
        return [(one.kind, tuple(tag for tag in one.tags if len(tag) < 25)) for one in recorded]

    assert life(11) == life(11)
    assert life(11) != life(12)


def test_the_check_notices_a_lost_event(founded: MemoryStore) -> None:
    simulation = Simulation(founded, 7)
    simulation.run()

    lost = simulation.store.events.pop()

    with pytest.raises((AssertionError, LogDamaged)):
        simulation._check()
    simulation.store.events.append(lost)
    simulation._check()


def test_the_check_notices_an_event_that_the_rules_forbid(founded: MemoryStore) -> None:
    simulation = Simulation(founded, 7)
    simulation.run()
    events = check_log(simulation.store)
    doubled = next(event for event in events if event.kind == "organisation_registered")

    again = doubled._replace(position=doubled.position + 1)

    with pytest.raises(RuleBroken, match="organisation_exists"):
        replay([*events[: doubled.position], again])
