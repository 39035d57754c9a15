"""The smallest decider that can refuse: tills whose balance never falls below zero."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import orjson

from ledger.refusals import Refusal, WrongState
from ledger.states import View
from ledger.store.contract import StoredEvent, Writer


class Defect(Exception):
    """A bug in a rule, on demand."""


class Move(NamedTuple):
    """An amount into or out of a till; `defective` makes the rule raise instead of deciding."""

    till: str
    amount: int
    note: str = ""
    defective: bool = False

    @property
    def tag(self) -> str:
        return f"till:{self.till}"


class TillDecider:
    """Content is a tuple of moves, accepted all together or not at all."""

    def __init__(self) -> None:
        self.loads: list[list[str]] = []

    def boundary(self, content: tuple[Move, ...], state: Callable[[str], Any]) -> Iterable[str]:
        return [move.tag for move in content]

    def load(self, writer: Writer, tags: list[str]) -> Mapping[str, Any]:
        self.loads.append(tags)
        balances: dict[str, int | None] = dict.fromkeys(tags)
        for event in writer.tagged(tags):
            for tag in event.tags:
                if tag in balances:
                    balances[tag] = self.evolve(balances[tag], tag, self.fact(event))
        return balances

    def fact(self, event: StoredEvent) -> int:
        amount: int = orjson.loads(event.record)["amount"]
        return amount

    def evolve(self, state: int | None, tag: str, fact: int) -> int:
        return (state or 0) + fact

    def decide(self, content: tuple[Move, ...], view: View) -> Refusal | None:
        for move in content:
            if move.defective:
                raise Defect(move.note)
            balance = view.state(move.tag) or 0
            if balance + move.amount < 0:
                return WrongState("beyond_balance", f"{balance} in {move.till}", "less")
            record = orjson.dumps({"amount": move.amount, "note": move.note, "till": move.till})
            view.accept("moved", (move.tag,), record, move.amount)
        return None


def balances(events: Iterable[StoredEvent]) -> dict[str, int]:
    """Each till's balance after all events; raises AssertionError where one was ever negative."""
    found: dict[str, int] = {}
    for event in events:
        entry = orjson.loads(event.record)
        found[entry["till"]] = found.get(entry["till"], 0) + entry["amount"]
        assert found[entry["till"]] >= 0, f"{entry['till']} is below zero at {event.position}"
    return found
