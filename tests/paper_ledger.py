"""A ledger on paper: the rules on plain dicts, with a clock in hand and every reading noted.

It holds each decision to what the real ledger relies on: a rule reads within its boundary, known
after at most three rounds; commitments in place of values change neither verdict nor state.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ledger import catalogue, decision
from ledger.canonical import instant
from ledger.decision import Situation, StateOf
from ledger.event import Actor, Event, Recorded
from ledger.proposal import Prepared, Proposal, prepare
from ledger.refusals import Refusal
from ledger.vault.vault import Vault
from tests.vaults import memory_vault

MAX_ROUNDS = 3
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


@dataclass
class PaperLedger:
    """`records` and `states` are all that it knows; `at` is the time of the next decision."""

    vault: Vault = field(default_factory=memory_vault)
    at: datetime = START
    records: list[bytes] = field(default_factory=list)
    history: list[Recorded] = field(default_factory=list)
    states: dict[str, Any] = field(default_factory=dict)

    def copy(self) -> PaperLedger:
        """Another ledger with the same past."""
        return PaperLedger(self.vault, self.at, [*self.records], [*self.history], dict(self.states))

    def propose(self, proposal: Proposal) -> Refusal | None:
        """Decides and, if accepted, keeps. Raises `Refused` at the door, beyond a limit."""
        self.at += timedelta(seconds=1)
        prepared = prepare(proposal, self.vault)
        record = prepared.record(instant(self.at))
        stored = catalogue.decode(len(self.records) + 1, record)
        refusal = self._decide(prepared, prepared.event)
        assert refusal == self._decide(prepared, stored.event), "a Personal value was read"
        if refusal is None:
            concerned = prepared.event.concerns(self._situation(prepared, prepared.event))
            assert concerned == stored.event.concerns(self._situation(prepared, stored.event))
            self._keep(prepared.concerning(concerned))
        else:
            _assert_says_what_is_wrong(refusal, prepared.event)
        return refusal

    def accept(self, *proposals: Proposal) -> None:
        """Proposes what must be accepted."""
        for proposal in proposals:
            refusal = self.propose(proposal)
            assert refusal is None, refusal

    def _decide(self, prepared: Prepared, event: Event) -> Refusal | None:
        return decision.decide(event, self._situation(prepared, event), len(self.records))

    def _situation(self, prepared: Prepared, event: Event) -> Situation:
        readable = boundary(event, prepared.actor, self.states.get)

        def state(tag: str) -> Any:
            assert tag in readable or tag == prepared.fresh_tag, f"{tag} read beyond the boundary"
            return None if tag == prepared.fresh_tag else self.states.get(tag)

        occurred_at = prepared.occurred_at or self.at
        return Situation(state, prepared.actor, occurred_at, self.at, len(self.records))

    def _keep(self, prepared: Prepared) -> None:
        record = prepared.record(instant(self.at))
        stored = catalogue.decode(len(self.records) + 1, record)
        clear = prepared.recorded(stored.position, self.at)
        for tag in stored.tags:
            before = self.states.get(tag)
            after = catalogue.evolve(before, tag, stored)
            assert after == catalogue.evolve(before, tag, clear), "a Personal value was folded"
            self.states[tag] = after
        self.records.append(record)
        self.history.append(stored)


def boundary(event: Event, actor: Actor, state: StateOf) -> set[str]:
    """The tags that the sequencer would load before it decides: nothing new after three rounds."""
    loaded: dict[str, Any] = {}
    for _ in range(MAX_ROUNDS):
        for tag in decision.boundary(event, actor, loaded.get):
            loaded[tag] = state(tag)
    named = set(decision.boundary(event, actor, loaded.get))
    assert named <= set(loaded), f"{event.kind}: its boundary grows after {MAX_ROUNDS} rounds"
    return named


ENVELOPE_FIELDS = {"occurred_at"}


def _assert_says_what_is_wrong(refusal: Refusal, event: Event) -> None:
    assert refusal.rule.isidentifier()
    assert refusal.reason
    assert refusal.accepted
    assert refusal.field is None or refusal.field in ENVELOPE_FIELDS | set(type(event).model_fields)
