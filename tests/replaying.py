"""Replay (decision 14): stored records through `decide` again, with nothing but the records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ledger import catalogue, decision
from ledger.canonical import canonical_json, instant
from ledger.decision import Situation
from ledger.event import Recorded


def encoded(recorded: Recorded, concerned: Iterable[str] = ()) -> bytes:
    """The record of a decoded event of its kind's present version, by the slow way round.

    `concerned` are the tags that it has beside its own, as the states gave them.
    """
    return canonical_json(
        {
            "actor": recorded.actor._asdict(),
            "body": recorded.event,
            "cause": recorded.cause,
            "id": recorded.id,
            "kind": recorded.kind,
            "occurred_at": instant(recorded.occurred_at),
            "recorded_at": instant(recorded.recorded_at),
            "tags": sorted({*recorded.event.tags(), *concerned}),
            "version": recorded.event.version,
        }
    )


def replay(records: Iterable[bytes]) -> dict[str, Any]:
    """The states by tag after all records; asserts that each is accepted and written the same."""
    states: dict[str, Any] = {}
    for size, record in enumerate(records):
        replay_next(record, size, states)
    return states


def replay_next(record: bytes, size: int, states: dict[str, Any]) -> None:
    """Replays the record after `size` others on the states that these made, and folds it in."""
    recorded = catalogue.decode(size + 1, record)
    when = (recorded.occurred_at, recorded.recorded_at)
    situation = Situation(states.get, recorded.actor, *when, size)
    refusal = decision.decide(recorded.event, situation, size)
    assert refusal is None, f"position {size + 1}: {refusal}"
    concerned = recorded.event.concerns(situation)
    assert encoded(recorded, concerned) == record, f"position {size + 1} is written differently"
    for tag in recorded.tags:
        states[tag] = catalogue.evolve(states.get(tag), tag, recorded)
