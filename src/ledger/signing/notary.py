"""The notary: has checkpoints signed while the log grows, and for whoever asks for one."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime
from typing import Any, Final

import psycopg

from ledger.signing.mark import Inconsistent
from ledger.signing.signer import CheckpointSigner, NothingSigned
from ledger.store import checkpoints
from ledger.store.checkpoints import Published
from ledger.store.contract import StoreDown
from ledger.store.migrations import SchemaMismatch
from ledger.store.postgres import PostgresStore
from ledger.watch import Watch

SIGN_SECONDS: Final = 60.0
"""How old the last checkpoint may become while the log grows."""
REQUEST_SECONDS: Final = 2.0
"""How old it must be before a request alone makes another."""
LOOK_SECONDS = 1.0
TROUBLE_SECONDS = 5.0
"""How long it waits after it could not sign: witnesses are asked each time."""
AT_ONCE = ("disclosure_published",)
"""Kinds after which a checkpoint is signed at once."""

_log = logging.getLogger(__name__)
_AWAITED = """select exists
    (select from event where position > %s and position <= %s and kind = any(%s::text[]))"""


class Notary(Watch):
    """Looks every second, in a thread of its own, until it is closed."""

    def __init__(
        self, store: PostgresStore, signer: CheckpointSigner, sign_seconds: float = SIGN_SECONDS
    ) -> None:
        super().__init__("notary")
        self._store = store
        self._signer = signer
        self._sign_seconds = sign_seconds
        self._last: Published | None = None
        self._looked_at = 0
        self._asked_at = self._tried_at = datetime.min.replace(tzinfo=UTC)
        self._has_asked = False
        self._one_at_a_time = threading.Lock()

    @property
    def failures(self) -> dict[str, str]:
        """Why a witness, by name, did not sign when it was last asked."""
        return dict(self._signer.failures)

    def covering(self, size: int) -> Published | None:
        """The newest checkpoint, if it has the first `size` events or can be made to on request.

        None while the last one is too young, or the next one is being signed: ask again in
        `REQUEST_SECONDS`. Raises `StoreDown`, `NothingSigned` and `Inconsistent`.
        """
        last = self._store.reading(checkpoints.latest)
        if last is not None and last.size >= size:
            return last
        if last is not None and _age_seconds(last.signed_at) < REQUEST_SECONDS:
            return None
        if _age_seconds(self._tried_at) < REQUEST_SECONDS:
            return None  # whatever came of it: else every request would ask all witnesses anew
        # Who waited here would hold a thread of the server for as long as a witness stalls.
        if not self._one_at_a_time.acquire(blocking=False):
            return None
        try:
            signed = self._sign()
        finally:
            self._one_at_a_time.release()
        return signed if signed.size >= size else None

    def sign(self) -> Published:
        """A checkpoint of the whole log, now; raises as `CheckpointSigner.sign` does."""
        with self._one_at_a_time:
            return self._sign()

    def _sign(self) -> Published:
        self._tried_at = datetime.now(UTC)
        self._last = self._signer.sign()
        self._asked_at = datetime.now(UTC)
        return self._last

    def look_again(self) -> float:
        try:
            self._look()
            self.trouble = None
            return LOOK_SECONDS
        except NothingSigned as error:
            self.trouble = str(error)
        except (psycopg.Error, StoreDown, SchemaMismatch, Inconsistent, OSError) as error:
            if self.trouble != str(error):
                _log.error("no checkpoint is signed: %s", error)
            self.trouble = str(error)
        return TROUBLE_SECONDS

    def _look(self) -> None:
        size = self._store.size()
        if size and self._is_due(size):
            self.sign()
        elif size and (
            not self._has_asked
            or (self._signer.failures and _age_seconds(self._asked_at) >= self._sign_seconds)
        ):
            # At the start too: witnesses may be new, and an idle log has nothing else to send them.
            self._has_asked = True
            with self._one_at_a_time:
                self._asked_at = datetime.now(UTC)
                self._signer.ask_again()

    def _is_due(self, size: int) -> bool:
        last = self._last
        if last is None:
            return True  # at the start: an older database than the published log is told of
        if size < last.size:
            return True  # restored meanwhile: signing says so
        if size == last.size:
            return False
        if _age_seconds(last.signed_at) >= self._sign_seconds:
            return True
        after = max(self._looked_at, last.size)
        self._looked_at = size
        return self._store.reading(lambda connection: _awaited(connection, after, size))


def _awaited(connection: psycopg.Connection[Any], after: int, until: int) -> bool:
    row = connection.execute(_AWAITED, [after, until, list(AT_ONCE)]).fetchone()
    return bool(row and row[0])


def _age_seconds(moment: datetime) -> float:
    """How far away it is. A moment that lies ahead was read from a clock that has been set back
    since: nobody waits for that time to come."""
    return abs((datetime.now(UTC) - moment).total_seconds())
