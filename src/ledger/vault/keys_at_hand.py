"""Data keys made in advance: durable before anybody seals with them, so that no proposer waits."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict, deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import uuid_utils

from ledger.event import HeldFor
from ledger.store.contract import StoreDown
from ledger.vault.cabinet import Cabinet
from ledger.vault.key_encryption import WrongKey
from ledger.vault.sealing import KEY_BYTES, DataKey

FIRST_MADE = 32
MOST_MADE = 8_192
"""More than one list of proposals may need."""
KEPT_SECONDS = 10.0
"""For how long a key is used again for its subject: an erasure elsewhere is heard of by then."""
MOST_KEPT = 10_000

_Holder = tuple[str, HeldFor]


class NoKeyAtHand(Exception):
    """Keys are to be made first: `KeysAtHand.make`."""


class KeysAtHand:
    """Gives the key for a subject and a purpose: the one used a moment ago, or a new one.

    A key is given to one subject and one purpose for ever. A subject may have several keys: to
    agree on one, proposers of different processes would have to wait for each other, and an
    erasure destroys them all.
    """

    def __init__(self, cabinet: Cabinet, *, waits: bool = False) -> None:
        self._cabinet = cabinet
        self._waits = waits
        self._free: deque[DataKey] = deque()
        self._kept: OrderedDict[_Holder, tuple[float, DataKey]] = OrderedDict()
        self._lock = threading.Lock()
        self._made = FIRST_MADE
        self._makings = 0
        self._failure: Exception | None = None
        self._one_at_a_time = threading.Lock()
        self._maker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="vault keys")
        self._making = False

    def of(self, subject: str, held_for: HeldFor) -> DataKey:
        """The key to seal with; raises `NoKeyAtHand`, unless it may wait for new ones."""
        if self._waits and not self._free:
            self.make()
        holder, now = (subject, held_for), time.monotonic()
        with self._lock:
            kept = self._kept.get(holder)
            if kept is not None and now < kept[0]:
                return kept[1]
            if not self._free:
                raise NoKeyAtHand
            key = self._free.popleft()
            self._kept[holder] = (now + KEPT_SECONDS, key)
            self._kept.move_to_end(holder)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
            if len(self._free) < self._made // 2 and not (self._making or self._waits):
                self._making = True
                self._maker.submit(self._make_in_background)
            return key

    def make(self) -> None:
        """Makes more keys, twice as many as the last time; raises `StoreDown` or `WrongKey`.

        Of those who need keys at the same time one makes them, and the others wait for these.
        """
        makings = self._makings
        with self._one_at_a_time:
            if self._makings != makings:
                if self._failure is not None:
                    raise self._failure  # else each would wait for the database in turn
                return
            self._failure = None
            try:
                self._make()
            except (StoreDown, WrongKey) as error:
                self._failure = error
                raise
            finally:
                self._makings += 1

    def _make(self) -> None:
        count = self._made
        keys = {str(uuid_utils.uuid7()): os.urandom(KEY_BYTES) for _ in range(count)}
        self._cabinet.add(keys)
        made = [DataKey(key_id, key) for key_id, key in keys.items()]
        with self._lock:
            self._free.extend(made)
            self._made = min(count * 2, MOST_MADE)

    def forget(self, subject: str) -> None:
        """Seals no more with the keys of a subject: they are destroyed."""
        with self._lock:
            for holder in [holder for holder in self._kept if holder[0] == subject]:
                del self._kept[holder]

    def close(self) -> None:
        """Ends the thread that makes keys."""
        self._maker.shutdown(cancel_futures=True)

    def _make_in_background(self) -> None:
        try:
            with suppress(StoreDown, WrongKey):  # whoever needs a key will be told
                self.make()
        finally:
            with self._lock:
                self._making = False
