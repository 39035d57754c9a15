"""Decides the domain's proposals on folded states: what the sequencer runs for the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ledger import catalogue, decision
from ledger.decision import Situation
from ledger.event import Recorded
from ledger.proposal import Prepared
from ledger.refusals import Refusal
from ledger.states import UNLOADED, View
from ledger.store.contract import StoredEvent, Writer


class ProposalDecider:
    """Content is a tuple of prepared proposals, accepted all together or not at all."""

    def boundary(self, content: tuple[Prepared, ...], state: Callable[[str], Any]) -> Iterable[str]:
        def known(tag: str) -> Any:
            found = state(tag)
            return None if found is UNLOADED else found

        for prepared in content:
            for tag in decision.boundary(prepared.event, prepared.actor, known):
                if tag != prepared.fresh_tag:
                    yield tag

    def load(self, writer: Writer, tags: list[str]) -> Mapping[str, Any]:
        states: dict[str, Any] = dict.fromkeys(tags)
        for event in writer.tagged(tags):
            recorded = self.fact(event)
            for tag in event.tags:
                if tag in states:
                    states[tag] = catalogue.evolve(states[tag], tag, recorded)
        return states

    def fact(self, event: StoredEvent) -> Recorded:
        return catalogue.decode(event.position, event.record)

    def evolve(self, state: Any, tag: str, fact: Recorded) -> Any:
        return catalogue.evolve(state, tag, fact)

    def decide(self, content: tuple[Prepared, ...], view: View) -> Refusal | None:
        for index, prepared in enumerate(content):
            refusal = self._decide_one(prepared, view)
            if refusal is not None:
                return refusal.at_index(index) if len(content) > 1 else refusal
        return None

    def _decide_one(self, prepared: Prepared, view: View) -> Refusal | None:
        fresh_tag = prepared.fresh_tag

        def state(tag: str) -> Any:
            return None if tag == fresh_tag else view.state(tag)

        occurred_at = prepared.occurred_at or view.at
        situation = Situation(state, prepared.actor, occurred_at, view.at, view.size)
        refusal = decision.decide(prepared.event, situation, view.size)
        if refusal is not None:
            return refusal
        prepared = prepared.concerning(prepared.event.concerns(situation))
        view.accept(
            prepared.event.kind,
            prepared.tags,
            prepared.record(view.stamp),
            prepared.recorded(view.size + 1, view.at),
            sealed=prepared.sealed,
            fresh_tag=fresh_tag,
        )
        return None
