"""The access log as it runs beside the ledger: its store, its notary, and the ends of its days."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from api.founding import founding_of
from api.settings import Settings
from ledger.access import entries
from ledger.access.days import DayEnds
from ledger.access.log import ORIGIN_SUFFIX, PURPOSE, AccessLog
from ledger.signing.keys import UnusableKeys
from ledger.signing.notary import Notary
from ledger.signing.signer import CheckpointSigner, Nobody
from ledger.signing.witnesses import Witnessing
from ledger.store.contract import Store
from ledger.store.postgres import PostgresStore
from ledger.tlog.policy import Policy

SIGN_SECONDS = 600.0
"""How old its last checkpoint may become while readings come: a day's end is signed with it."""


@dataclass(frozen=True)
class AccessRunning:
    """Everything of the access log that has a thread or a connection."""

    store: PostgresStore
    log: AccessLog
    days: DayEnds
    notary: Notary

    def start(self) -> None:
        """Starts the threads; the database is asked for by those who need it."""
        self.log.start()
        self.days.start()
        self.notary.start()

    def close(self) -> None:
        """Those that record stop first, then the log, then its store."""
        self.days.close()
        self.notary.close()
        self.log.close()
        self.store.close()


def access_name(ledger_origin: str) -> str:
    """The origin of the access log of a ledger."""
    return ledger_origin + ORIGIN_SUFFIX


def make_access(
    settings: Settings, url: str, ledger: Store, policy: Policy | None
) -> AccessRunning:
    """The access log of the ledger in the store, on the same database; nothing connects yet."""
    store = PostgresStore(url, settings.access_schema, PURPOSE)
    log = make_access_log(settings, store, ledger)
    notary = Notary(store, make_access_signer(settings, url, policy), SIGN_SECONDS)
    return AccessRunning(store, log, DayEnds(log), notary)


def make_access_log(settings: Settings, store: Store, ledger: Store) -> AccessLog:
    """The access log; its first key is made when it is opened, with the ledger founded."""

    def ledger_origin() -> str | None:
        founding = founding_of(ledger)
        if founding is None:
            return None
        # Readings are recorded all the same: that nothing is signed is the notary's to say.
        with suppress(UnusableKeys):
            settings.access_signing_keys().create(access_name(founding.origin))
        return founding.origin

    return AccessLog(store, ledger_origin)


def make_access_signer(settings: Settings, url: str, policy: Policy | None) -> CheckpointSigner:
    """What signs the access log's checkpoints, with keys of its own, and asks the witnesses."""
    witnesses = Nobody() if policy is None else Witnessing(policy)
    keys, mark = settings.access_signing_keys(), settings.access_mark()
    return CheckpointSigner(url, settings.access_schema, keys, mark, witnesses, entries.origin_of)
