"""A log for audits: the town's founding, and then requests and rules enough to fill tiles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from uuid import UUID

from ledger.bundle import export
from ledger.canonical import instant
from ledger.proposal import Proposal, prepare
from ledger.store.contract import Batch, StoredEvent
from ledger.store.memory import MemoryStore
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.merkle import Frontier, leaf_hash
from ledger.tlog.note import Note, Signer
from ledger.vault.vault import Vault
from tests.paper_ledger import START
from tests.town import COMMITTEE, FOUNDER, RULES, awarded, founding, handled
from tests.vaults import memory_vault

ORIGIN = "town.example/ledger"
SIGNER = Signer(ORIGIN, bytes(range(32)))
BATCH_EVENTS = 7


def proposals(count: int) -> Iterator[Proposal]:
    """So many, the same each time; what the rules would say of them is not asked."""
    own: list[Proposal] = founding()
    number = 0
    while len(own) < count:
        number += 1
        own += handled(f"request-{number}")
        own.append(
            Proposal(awarded(f"award-{number}", "account-1", 3, f"deed-{number}"), COMMITTEE)
        )
        if number % 40 == 0:
            pack = RULES.model_copy(update={"pack_version": 1 + number // 40})
            own.append(Proposal(pack, FOUNDER))
    yield from own[:count]


@cache
def log(count: int) -> tuple[StoredEvent, ...]:
    """The log's first events."""
    vault = memory_vault()
    return tuple(stored(position, one, vault) for position, one in enumerate(proposals(count), 1))


def stored(position: int, proposal: Proposal, vault: Vault) -> StoredEvent:
    """A proposal as the ledger would store it, with an id that follows from the position."""
    proposal.id = str(UUID(int=(7 << 76) | (2 << 62) | position))
    prepared = prepare(proposal, vault)
    record = prepared.record(instant(recorded_at(position)))
    return StoredEvent(position, prepared.event.kind, prepared.tags, record, leaf_hash(record))


def recorded_at(position: int) -> datetime:
    """The same for all events of a batch."""
    return START + timedelta(minutes=(position - 1) // BATCH_EVENTS)


def batches(events: Sequence[StoredEvent]) -> Iterator[Batch]:
    """The events as transactions."""
    frontier = Frontier()
    for first in range(0, len(events), BATCH_EVENTS):
        part = events[first : first + BATCH_EVENTS]
        for event in part:
            frontier.append(event.leaf)
        identity = str(UUID(int=first))
        at = recorded_at(part[0].position)
        yield Batch(identity, at, part, frontier.to_bytes(), (), ())


def memory_store(events: Sequence[StoredEvent]) -> MemoryStore:
    """A store that has just these."""
    store = MemoryStore()
    store.events.extend(events)
    return store


def root_of(events: Sequence[StoredEvent]) -> bytes:
    """Their tree hash."""
    frontier = Frontier()
    for event in events:
        frontier.append(event.leaf)
    return frontier.root()


def signed(
    events: Sequence[StoredEvent], size: int, signer: Signer = SIGNER, origin: str = ORIGIN
) -> Note:
    """The checkpoint of the first events."""
    text = Checkpoint(origin, size, root_of(events[:size])).to_text()
    return Note(text, (signer.sign(text),))


def bundle_of(events: Sequence[StoredEvent], directory: Path, earlier: Sequence[int] = ()) -> Path:
    """A bundle of all the events."""
    notes = [signed(events, size) for size in earlier]
    export(memory_store(events), signed(events, len(events)), notes, directory)
    return directory
