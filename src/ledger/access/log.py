"""The access log: no sealed value is shown before its reading is recorded here, durably.

It is a log of the same code as the ledger's (`Sequencer`, store, tiles, checkpoints) in a schema of
its own, so that whoever verifies the one can verify the other.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Final

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from ledger.access import entries
from ledger.access.decider import ALREADY_OPENED, DAY_HAS_ENDED, AccessDecider
from ledger.access.entries import DayEnd, Draft, Opening, RecordedReading, day_tag
from ledger.access.reading import Reading, reader_tag
from ledger.clocks import local_day
from ledger.event import mint_id
from ledger.refusals import Busy, Refused, Unavailable
from ledger.sequencer import Appended, Limits, Sequencer
from ledger.store.contract import Store, StoredEvent, StoreDown
from ledger.store.migrations import SchemaMismatch

PURPOSE: Final = "access"
"""The purpose of its schema, which the ledger and the plain door refuse."""
SCHEMA_SUFFIX: Final = "_access"
ORIGIN_SUFFIX: Final = "/access"
MAX_PAGE = 1_000
LIMITS: Final = Limits(retry_seconds=3.0)
"""Somebody waits before an open page: patience is shorter than for what would be lost."""


class AnotherLog(Exception):
    """The schema holds the access log of another ledger."""


class NoLedger(Unavailable):
    """The ledger whose readings would be recorded is not founded yet."""


class AccessLog:
    """Records readings and tells of them. Start it once; any thread or loop may use it.

    `ledger_origin` names the ledger whose log it is, None before that is founded.
    """

    def __init__(
        self, store: Store, ledger_origin: Callable[[], str | None], limits: Limits = LIMITS
    ) -> None:
        self.store = store
        self._ledger_origin = ledger_origin
        self._limits = limits
        self._sequencer = Sequencer(store, AccessDecider(), limits)
        self._opening = threading.Lock()
        self._first: tuple[str, date] | None = None

    def start(self) -> None:
        """Starts the sequencer's thread."""
        self._sequencer.start()

    def close(self) -> None:
        """Answers what is queued, then stops; the store stays open."""
        self._sequencer.close()

    def record(self, reading: Reading) -> int:
        """Records one reading; its position, once it is durable.

        Blocks until then, and is not for an event loop's thread. Raises `Unavailable` where it
        is not recorded, or not for certain: then nothing is shown to anybody.
        """
        return self.record_all([reading])[0]

    def record_all(self, readings: Sequence[Reading]) -> tuple[int, ...]:
        """The same for several readings, recorded all together or not at all."""
        drafts = tuple(map(entries.enter, readings))
        self.open()
        with _or_unavailable():
            return _positions(self._append(drafts))

    async def record_async(self, reading: Reading) -> int:
        """As `record`, for an event loop."""
        return (await self.record_all_async([reading]))[0]

    async def record_all_async(self, readings: Sequence[Reading]) -> tuple[int, ...]:
        """As `record_all`, for an event loop."""
        drafts = tuple(map(entries.enter, readings))
        if self._first is None:
            await asyncio.to_thread(self.open)
        with _or_unavailable():
            return _positions(await self._sequencer.append(drafts, len(drafts)))

    def open(self) -> str:
        """Opens the log where it is empty; its name.

        Raises `Unavailable` while there is no ledger or no database, and `AnotherLog`.
        """
        return self._opened()[0]

    def of_subject(
        self, subject: str, *, before: int | None = None, limit: int = 50
    ) -> list[RecordedReading]:
        """Who looked at a subject's values, the newest first; raises `StoreDown`."""
        return self._newest(subject, before, limit)

    def of_principal(
        self, principal: str, *, before: int | None = None, limit: int = 50
    ) -> list[RecordedReading]:
        """What a principal looked at, the newest first; raises `StoreDown`."""
        return self._newest(reader_tag(principal), before, limit)

    def read(
        self, *, after: int = 0, limit: int | None = None, subject: str | None = None
    ) -> Iterator[StoredEvent]:
        """Entries of all kinds as they are stored, in order; those of a subject, if given."""
        query = None if subject is None else DCBQuery([DCBQueryItem([], [subject])])
        return self.store.read(query, after=after, limit=limit)

    def end_days(self, now: datetime) -> int:
        """Ends every day in Shanghai that is over and has no end yet; how many that were.

        Raises `Unavailable`, `StoreDown` and `AnotherLog`.
        """
        _, first = self._opened()
        missing: list[date] = []
        day = local_day(now) - timedelta(days=1)
        while day >= first and not self._has_ended(day):
            missing.append(day)
            day -= timedelta(days=1)
        drafts: list[Draft] = [DayEnd(mint_id(), one) for one in reversed(missing)]
        try:
            for start in range(0, len(drafts), self._limits.batch_events):
                self._append(tuple(drafts[start : start + self._limits.batch_events]))
        except Refused as refused:
            if refused.refusal.rule != DAY_HAS_ENDED:
                raise
            return 0  # another process was quicker
        return len(drafts)

    def _append(self, drafts: tuple[Draft, ...]) -> Appended:
        return self._sequencer.append_sync(drafts, len(drafts)).result()

    def _newest(self, tag: str, before: int | None, limit: int) -> list[RecordedReading]:
        found = self.store.newest(tag, before=before, limit=min(limit, MAX_PAGE))
        return [entries.reading_of(one.position, one.record) for one in found]

    def _has_ended(self, day: date) -> bool:
        # Whatever is recorded on a day stands before its end.
        last = self.store.newest(day_tag(day), before=None, limit=1)
        return bool(last) and last[0].kind == entries.DAY_ENDED

    def _opened(self) -> tuple[str, date]:
        """The log's name, and the day on which it was opened."""
        with self._opening:
            if self._first is None:
                with _or_unavailable():
                    self._first = self._find_first()
            return self._first

    def _find_first(self) -> tuple[str, date]:
        ledger = self._ledger_origin()
        if ledger is None:
            raise NoLedger("there is no ledger yet whose readings could be recorded")
        origin = ledger + ORIGIN_SUFFIX
        first = next(self.store.read(limit=1), None)
        if first is None:
            try:
                self._append((Opening(mint_id(), origin),))
            except Refused as refused:
                if refused.refusal.rule != ALREADY_OPENED:  # else another process was quicker
                    raise
            first = next(self.store.read(limit=1))
        found = entries.origin_of(first.record)
        if found != origin:
            raise AnotherLog(f"this is the access log {found}, and not {origin}")
        return found, local_day(entries.time_of(first.record))


@contextmanager
def _or_unavailable() -> Iterator[None]:
    """Whatever keeps a reading from being recorded means the same to who wants to read."""
    try:
        yield
    except (Busy, Refused, StoreDown, SchemaMismatch) as error:
        raise Unavailable(f"no reading can be recorded just now: {error}") from error


def _positions(appended: Appended) -> tuple[int, ...]:
    return tuple(range(appended.first, appended.last + 1))
