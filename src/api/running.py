"""What runs beside the routes, for as long as the application does: made, started and stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from api.access_running import AccessRunning, make_access
from api.readers import Readers
from api.receipts import sweep_for_ever
from api.settings import Settings, WrongSetting
from api.shown_names import ShownNames
from ledger.ledger import Ledger
from ledger.sequencer import Limits as QueueLimits
from ledger.signing.notary import Notary
from ledger.signing.signer import CheckpointSigner, Nobody
from ledger.signing.witnesses import Witnessing
from ledger.store.migrations import PUBLIC, READER
from ledger.store.postgres import PostgresStore
from ledger.timekeeper import Timekeeper
from ledger.tlog.faults import Malformed
from ledger.tlog.policy import Policy
from ledger.vault.cabinet import PostgresCabinet
from ledger.vault.erasing import Eraser
from ledger.vault.opening import Opener
from ledger.vault.vault import Vault
from projections.dues import Dues
from projections.live import Live
from projections.schema import board_schema, public_schema

FIRST_SECONDS = 3.0
"""How long the application waits at most for its first publication."""


@dataclass(frozen=True)
class Running:
    """Everything that has a thread or a connection; nothing connects before it is asked for."""

    settings: Settings
    url: str
    store: PostgresStore
    ledger: Ledger
    vault: Vault
    readers: Readers
    """Of the ledger's schema, for API keys."""
    board_readers: Readers
    """Of the board's schema, in a role that sees every row."""
    public_readers: Readers
    """Of the public's schema, in the role that sees nothing else."""
    live: Live
    timekeeper: Timekeeper
    notary: Notary
    opener: Opener
    """Opens sealed values for whoever may read them."""
    eraser: Eraser
    names: ShownNames
    """Keeps the names that are shown to what is agreed to."""
    access: AccessRunning
    """Who looked at sealed data."""
    policy: Policy | None
    """Which witnesses are asked, and how many of them suffice."""

    @asynccontextmanager
    async def lifespan(self, _: object) -> AsyncIterator[None]:
        """From the start of the application to its end."""
        pools = (self.readers.pool, self.board_readers.pool, self.public_readers.pool)
        # In the order in which they stop: those that propose or record before what they need.
        working = (self.names, self.timekeeper, self.notary, self.eraser, self.access)
        threads = (*working, self.ledger, self.live)
        for pool in pools:
            await pool.open()
        for thread in reversed(threads):
            thread.start()
        # Else the first pages of a new ledger would come before there is anything to show.
        await run_in_threadpool(self.live.settled.wait, FIRST_SECONDS)
        days = self.settings.limits.receipt_days
        sweeper = asyncio.create_task(sweep_for_ever(self.url, self.settings.schema, days))
        try:
            yield
        finally:
            sweeper.cancel()
            with suppress(asyncio.CancelledError):
                await sweeper
            for thread in threads:
                await run_in_threadpool(thread.close)
            await run_in_threadpool(self.vault.close)
            for pool in reversed(pools):
                await pool.close()
            await run_in_threadpool(self.store.close)


def make_running(settings: Settings) -> Running:
    """All of it on the database of `settings.database_url`; raises `WrongSetting`."""
    if settings.database_url is None:
        raise WrongSetting("the application needs the URL of a database that runs")
    url, schema = settings.database_url, settings.schema
    store = PostgresStore(url, schema)
    limits = QueueLimits(
        queue_events=settings.queue_events, retry_seconds=settings.limits.retry_seconds
    )
    policy = witness_policy(settings)
    access = make_access(settings, url, store, policy)
    source = settings.vault_key_source()
    cabinet = PostgresCabinet(url, schema, source)
    vault = Vault(cabinet)
    ledger = Ledger(store, vault, limits)
    timekeeper = Timekeeper(ledger, Dues(url, schema))
    opener = Opener(store, cabinet, access.log)
    return Running(
        settings,
        url,
        store,
        ledger,
        vault,
        readers=Readers(url, schema, READER),
        board_readers=Readers(url, board_schema(schema), READER),
        public_readers=Readers(url, public_schema(schema), PUBLIC),
        live=Live(store, url, schema),
        timekeeper=timekeeper,
        notary=Notary(store, make_signer(settings, url, policy)),
        opener=opener,
        names=ShownNames(store, url, schema, opener, timekeeper),
        eraser=Eraser(store, cabinet, source, vault.keys, settings.exports()),
        access=access,
        policy=policy,
    )


def make_signer(settings: Settings, url: str, policy: Policy | None) -> CheckpointSigner:
    """What signs checkpoints of the database at the URL, and asks the policy's witnesses."""
    witnesses = Nobody() if policy is None else Witnessing(policy)
    keys, mark = settings.signing_keys(), settings.mark()
    return CheckpointSigner(url, settings.schema, keys, mark, witnesses)


def witness_policy(settings: Settings) -> Policy | None:
    """The policy that the settings name, or None; raises `WrongSetting`."""
    if settings.witness_policy is None:
        return None
    try:
        return Policy.parse(settings.witness_policy.read_bytes())
    except (OSError, Malformed) as error:
        raise WrongSetting(f"MINGZHANG_WITNESS_POLICY: {error}") from error
