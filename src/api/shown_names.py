"""Names shown by consent (以实名或隐名公示): opened on the record, and gone once the consent is.

The only personal values that ever stand outside of the vault: the public's table holds the name as
it is shown, masked where the subject agreed to no more, and nothing of anybody who did not agree.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Final, NamedTuple

import psycopg

from ledger.access.reading import ReadingPurpose
from ledger.domain.consent import Purpose
from ledger.refusals import Refused, Unavailable
from ledger.store.connections import connection_string
from ledger.store.contract import Store, StoreDown
from ledger.store.migrations import WRITER
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
MASK: Final = "＊"
NAMES_AT_A_TIME = 1_000

_log = logging.getLogger(__name__)
Connection = psycopg.Connection[Any]

_POSITION = "select position from projection where name = 'personal_data'"
# What nobody agrees to any more goes first, in one statement, whatever becomes of the rest.
_WITHDRAW = """delete from shown_name as shown where not exists (
    select from data_subject_withheld as agreed where agreed.subject = shown.subject
    and not 'identity' = any(erased)
    and (%(full)s = any(consents) or (%(masked)s = any(consents) and shown.is_masked)))
"""
_MISSING = """select agreed.subject, not %(full)s = any(consents), corrected
    from data_subject_withheld as agreed
    left join shown_name as shown using (subject)
    where (%(full)s = any(consents) or %(masked)s = any(consents))
    and not 'identity' = any(erased)
    and (shown.subject is null or shown.as_of < corrected
        or shown.is_masked <> (not %(full)s = any(consents)))
    order by agreed.subject limit %(limit)s"""
# Asked again as it is written: a consent that was withdrawn while the name was read shows nothing.
_SHOW = """insert into shown_name (subject, name, is_masked, as_of)
    select subject, %(name)s, %(is_masked)s, %(as_of)s from data_subject_withheld
    where subject = %(subject)s and not 'identity' = any(erased)
    and (%(full)s = any(consents) or (%(masked)s = any(consents) and %(is_masked)s))
    on conflict (subject) do update
    set name = excluded.name, is_masked = excluded.is_masked, as_of = excluded.as_of"""
_PURPOSES = {"full": Purpose.SHOW_NAME.value, "masked": Purpose.SHOW_MASKED_NAME.value}


class _Missing(NamedTuple):
    """A name that is to be shown and is not, or not as it should be."""

    subject: str
    is_masked: bool
    corrected: int
    """The position of the last correction of who it is; 0 for none."""


def masked(name: str) -> str:
    """The name with all but its first character hidden."""
    return name[:1] + MASK * max(1, len(name) - 1)


class ShownNames(Watch):
    """Keeps the table of shown names to what is agreed to, in a thread of its own.

    Any number may run on one ledger: each statement says for itself what may be shown.
    """

    def __init__(
        self, store: Store, url: str, schema: str, opener: Opener, timekeeper: Timekeeper
    ) -> None:
        super().__init__("shown names")
        self._store = store
        self._conninfo = connection_string(url, board_schema(schema), WRITER)
        self._opener = opener
        self._timekeeper = timekeeper
        self._tried: dict[_Missing, float] = {}

    def refresh(self) -> int:
        """Hides what is no longer agreed to, then shows what is; up to which position of the log.

        Raises psycopg's errors, `StoreDown`, `Unavailable` and `WrongKey`.
        """
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            row = connection.execute(_POSITION).fetchone()
            connection.execute(_WITHDRAW, _PURPOSES)
            for missing in self._missing(connection):
                self._show(connection, missing)
        return row[0] if row else 0

    def _missing(self, connection: Connection) -> list[_Missing]:
        values = {**_PURPOSES, "limit": NAMES_AT_A_TIME}
        found = connection.execute(_MISSING, values).fetchall()
        now = time.monotonic()
        self._tried = {one: at for one, at in self._tried.items() if now - at < RETRY_SECONDS}
        return [one for one in map(_Missing._make, found) if one not in self._tried]

    def _show(self, connection: Connection, missing: _Missing) -> None:
        actor = self._timekeeper.actor()
        if actor is None or self._closing.is_set():
            return
        self._tried[missing] = time.monotonic()
        as_of = self._store.size()
        question = Question(actor, ReadingPurpose.PUBLICATION, missing.subject, field="name")
        try:
            read = self._opener.read(question)
        except Refused as refused:
            _log.warning("the name of %s is not shown: %s", missing.subject, refused.refusal.rule)
            return
        names = [one.opened.value for one in read if one.is_current and one.opened is not None]
        if not names:
            return
        values = {
            **_PURPOSES,
            **missing._asdict(),
            "name": masked(names[-1]) if missing.is_masked else names[-1],
            "as_of": as_of,
        }
        del self._tried[missing]
        connection.execute(_SHOW, values)

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
