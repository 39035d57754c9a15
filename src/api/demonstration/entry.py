"""Enters the demonstration town into an empty ledger, through `propose` like everybody else."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime

from api.demonstration.cases import demonstration as town_as_of
from api.demonstration.town import FOUNDER, ORIGIN
from api.founding import founding_of
from api.settings import Settings
from ledger.domain.log_keys import LogKeyAnnounced
from ledger.ledger import Ledger
from ledger.proposal import Proposal
from ledger.store.postgres import PostgresStore


def enter_town(settings: Settings, *, demonstration: bool = True) -> bool:
    """Whether the ledger is the demonstration's, which an empty one becomes if that is wanted.

    Raises `Refused`, `Unavailable` or `StoreDown`; nothing is ever entered in part.
    """
    assert settings.database_url is not None
    with closing(PostgresStore(settings.database_url, settings.schema)) as store:
        if demonstration and store.size() == 0:
            vault = settings.vault(settings.database_url)
            ledger = Ledger(store, vault)
            ledger.start()
            with closing(vault), closing(ledger):
                log_key = settings.signing_keys().create(ORIGIN).key
                announced = Proposal(LogKeyAnnounced(verifier_key=str(log_key)), FOUNDER)
                ledger.propose_sync([*town_as_of(datetime.now(UTC)), announced])
        founding = founding_of(store)
        return founding is not None and founding.origin == ORIGIN
