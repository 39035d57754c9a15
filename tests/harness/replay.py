"""Replays a whole log through the rules, as an auditor does: what stands must have been allowed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ledger import catalogue
from ledger.domain.love_bank.accounts import Account
from ledger.event import Recorded
from ledger.store.contract import StoredEvent
from tests.replaying import replay_next


class RuleBroken(AssertionError):
    """An event stands in the log that `decide` refuses at its place."""


def replay(events: Iterable[StoredEvent]) -> list[Recorded]:
    """Every event in its envelope; raises `RuleBroken` at the first that should not stand."""
    states: dict[str, Any] = {}
    replayed: list[Recorded] = []
    before: datetime | None = None
    for stored in events:
        try:
            replay_next(stored.record, stored.position - 1, states)
        except AssertionError as error:
            raise RuleBroken(f"{stored.kind}: {error}") from error
        recorded = catalogue.decode(stored.position, stored.record)
        if recorded.tags != stored.tags or recorded.kind != stored.kind:
            raise RuleBroken(f"{stored.position}: the columns are not what the record says")
        if before is not None and recorded.recorded_at < before:
            raise RuleBroken(f"{stored.position}: recorded before the event before it")
        before = recorded.recorded_at
        for tag in recorded.tags:
            if isinstance(states[tag], Account) and states[tag].balance < 0:
                raise RuleBroken(f"{stored.position}: {tag} is below zero")
        replayed.append(recorded)
    return replayed
