"""Ends each day in the access log, so that it says of every day how many read, if nobody did too.

What is not signed today cannot be put among the entries of yesterday tomorrow: each end of a day
is an entry, hence a checkpoint, hence what witnesses have seen.
"""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime

from ledger.access.log import AccessLog, AnotherLog, NoLedger
from ledger.clocks import local_day
from ledger.refusals import Refused, Unavailable
from ledger.store.contract import StoreDown
from ledger.store.migrations import SchemaMismatch
from ledger.watch import Watch

LOOK_SECONDS = 60.0

_log = logging.getLogger(__name__)


class DayEnds(Watch):
    """Looks every `look_seconds`, in a thread of its own, until it is closed.

    Several may be at work, in any processes, and it may be late: a day ends once.
    """

    def __init__(self, access: AccessLog, look_seconds: float = LOOK_SECONDS) -> None:
        super().__init__("day ends")
        self._access = access
        self._look_seconds = look_seconds
        self._looked_on: date | None = None

    def look(self, now: datetime) -> int:
        """Ends what is over, once a day; how many days that were. Raises as `AccessLog` does."""
        today = local_day(now)
        if self._looked_on == today:
            return 0
        ended = self._access.end_days(now)
        self._looked_on = today
        return ended

    def look_again(self) -> float:
        try:
            self.look(datetime.now(UTC))
            self.trouble = None
        except NoLedger:
            self.trouble = None  # nothing is wrong: it is not founded yet
        except (AnotherLog, Refused, SchemaMismatch, StoreDown, Unavailable) as error:
            if self.trouble != str(error):
                _log.warning("no day is ended in the access log: %s", error)
            self.trouble = str(error)
        return self._look_seconds
