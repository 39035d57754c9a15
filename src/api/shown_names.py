"""Names shown by consent (以实名或隐名公示): opened on the record, and gone once the consent is.

They are in the memory of the server alone. In the database a name would lie in the write-ahead log
and in backups, and no erasure of the subject's keys would reach it there.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Final, NamedTuple

import psycopg

from ledger.access.reading import ReadingPurpose
from ledger.domain.privacy.consent import Purpose
from ledger.refusals import Refused, Unavailable
from ledger.store.connections import connection_string
from ledger.store.contract import Store, StoreDown
from ledger.store.migrations import READER
from ledger.timekeeper import Timekeeper
from ledger.vault.key_encryption import WrongKey
from ledger.vault.opening import Opener, Question
from ledger.watch import Watch
from projections.schema import board_schema

LOOK_SECONDS = 30.0
"""After how long it looks though the log has not grown."""
PAUSE_SECONDS = 0.5
"""How long it rests between two looks: the view of consents follows the log meanwhile."""
RETRY_SECONDS = 3_600.0
"""After how long a name is asked for again that could not be read."""
MOST_NAMES = 100_000
MASK: Final = "＊"

_log = logging.getLogger(__name__)
Connection = psycopg.Connection[Any]

_POSITION = "select position from projection where name = 'personal_data'"
_AGREED = """select subject, not %(full)s = any(consents), corrected from data_subject_withheld
    where (%(full)s = any(consents) or %(masked)s = any(consents))
    and not 'identity' = any(erased) and (%(subject)s::text is null or subject = %(subject)s)
    order by subject limit %(limit)s"""


class Agreed(NamedTuple):
    """How a subject lets its name be shown."""

    subject: str
    is_masked: bool
    corrected: int
    """The position of the last correction of who it is; 0 for none."""


def masked(name: str) -> str:
    """The name with all but its first character hidden."""
    return name[:1] + MASK * max(1, len(name) - 1)


class ShownNames(Watch):
    """Keeps the names that are shown to what is agreed to; those of at most `MOST_NAMES`."""

    def __init__(
        self, store: Store, url: str, schema: str, opener: Opener, timekeeper: Timekeeper
    ) -> None:
        super().__init__("shown names")
        self._store = store
        self._conninfo = connection_string(url, board_schema(schema), READER)
        self._opener = opener
        self._timekeeper = timekeeper
        self._names: dict[str, tuple[Agreed, str]] = {}
        self._tried: dict[Agreed, float] = {}

    def of(self, subject: str) -> str | None:
        """The name of a subject as it lets it be shown; None where it does not."""
        found = self._names.get(subject)
        return None if found is None else found[1]

    def refresh(self) -> int:
        """Hides what is no longer agreed to, then shows what is; up to which position of the log.

        Raises psycopg's errors, `StoreDown`, `Unavailable` and `WrongKey`.
        """
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            row = connection.execute(_POSITION).fetchone()
            agreed = _agreed(connection)
            for subject in [one for one in self._names if agreed.get(one) != self._names[one][0]]:
                self._names.pop(subject, None)
            now = time.monotonic()
            self._tried = {one: at for one, at in self._tried.items() if now - at < RETRY_SECONDS}
            for one in agreed.values():
                if self._closing.is_set():
                    break
                if one.subject not in self._names and one not in self._tried:
                    self._show(connection, one)
        return row[0] if row else 0

    def _show(self, connection: Connection, agreed: Agreed) -> None:
        actor = self._timekeeper.actor()
        if actor is None:
            return
        self._tried[agreed] = time.monotonic()
        question = Question(actor, ReadingPurpose.PUBLICATION, agreed.subject, field="name")
        try:
            read = self._opener.read(question)
        except Refused as refused:
            _log.warning("the name of %s is not shown: %s", agreed.subject, refused.refusal.rule)
            return
        names = [one.opened.value for one in read if one.is_current and one.opened is not None]
        if not names:
            return
        # Asked again: a consent that was withdrawn while the name was read shows nothing.
        if _agreed(connection, agreed.subject).get(agreed.subject) == agreed:
            shown = masked(names[-1]) if agreed.is_masked else names[-1]
            self._names[agreed.subject] = (agreed, shown)
        del self._tried[agreed]

    def look_again(self) -> float:
        try:
            shown, self.trouble = self.refresh(), None
        except (psycopg.Error, StoreDown, Unavailable, WrongKey) as error:
            self.trouble = type(error).__name__
            _log.warning("shown names wait: %s", self.trouble)
            return PAUSE_SECONDS
        for _ in range(int(LOOK_SECONDS)):
            if self._closing.is_set() or self._store.wait(shown, 1.0):
                break
        return PAUSE_SECONDS


def _agreed(connection: Connection, subject: str | None = None) -> dict[str, Agreed]:
    values = {
        "full": Purpose.SHOW_NAME.value,
        "masked": Purpose.SHOW_MASKED_NAME.value,
        "subject": subject,
        "limit": MOST_NAMES,
    }
    found = connection.execute(_AGREED, values).fetchall()
    return {row[0]: Agreed(*row) for row in found}
