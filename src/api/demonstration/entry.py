"""Enters the demonstration town into an empty ledger, through `propose` like everybody else."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import closing
from datetime import UTC, datetime
from typing import Final

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from api.demonstration.cases import demonstration as town_as_of
from api.demonstration.town import FOUNDER, ORIGIN
from api.founding import founding_of
from api.settings import Settings
from ledger import catalogue
from ledger.domain.log_keys import LogKeyAnnounced
from ledger.ledger import Ledger
from ledger.proposal import Proposal
from ledger.sequencer import Appended
from ledger.store.postgres import PostgresStore

BATCH: Final = 400
"""How many proposals are one list: all of it is entered, or none."""
LISTS_ON_THEIR_WAY: Final = 4
ONE_LIST: Final = 2_000
"""Up to so many proposals are one list."""


class TornTown(Exception):
    """The ledger holds part of a town, and not of this one."""


def small_town() -> list[Proposal]:
    """A month of a small town, up to now."""
    return town_as_of(datetime.now(UTC))


def enter_town(
    settings: Settings,
    *,
    demonstration: bool = True,
    proposals: Callable[[], Sequence[Proposal]] = small_town,
) -> bool:
    """Whether the ledger is the demonstration's, which an empty one becomes if that is wanted.

    A town whose proposals are the same each time is gone on with where its entering was broken off.
    Raises `Refused`, `Unavailable` or `StoreDown`.
    """
    assert settings.database_url is not None
    with closing(PostgresStore(settings.database_url, settings.schema)) as store:
        if demonstration and not _is_entered(store):
            vault = settings.vault(settings.database_url)
            ledger = Ledger(store, vault)
            ledger.start()
            with closing(vault), closing(ledger):
                log_key = settings.signing_keys().create(ORIGIN).key
                announced = Proposal(LogKeyAnnounced(verifier_key=str(log_key)), FOUNDER)
                enter(ledger, _left([*proposals(), announced], store))
        founding = founding_of(store)
        return founding is not None and founding.origin == ORIGIN


def _is_entered(store: PostgresStore) -> bool:
    """Whether there is nothing left to enter: its key comes last, and another ledger stays as it
    is."""
    founding = founding_of(store)
    if founding is None or founding.origin != ORIGIN:
        return store.size() > 0
    query = DCBQuery([DCBQueryItem([LogKeyAnnounced.kind], [])])
    return next(store.read(query, limit=1), None) is not None


def _left(proposals: Sequence[Proposal], store: PostgresStore) -> Sequence[Proposal]:
    """Those that are not entered yet; what is there must be the first of them."""
    size = store.size()
    for last in store.read(after=size - 1) if size else ():
        if catalogue.decode(last.position, last.record).id != proposals[size - 1].id:
            raise TornTown(f"position {size} is not of the town that is to be entered")
    return proposals[size:]


def enter(ledger: Ledger, proposals: Sequence[Proposal]) -> None:
    """Proposes them in their order, list by list, the next ones made ready meanwhile.

    Few are one list, entered whole or not at all. Raises `Refused` or `Unavailable` as the ledger
    does.
    """
    batch = len(proposals) if len(proposals) <= ONE_LIST else BATCH
    on_their_way: deque[Future[Appended]] = deque()
    for first in range(0, len(proposals), batch or 1):
        on_their_way.append(ledger.submit(proposals[first : first + batch]))
        if len(on_their_way) > LISTS_ON_THEIR_WAY:
            on_their_way.popleft().result()
    for answer in on_their_way:
        answer.result()
