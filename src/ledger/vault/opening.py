"""Opens sealed values for whoever may read them, once the reading is in the access log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from ledger import catalogue
from ledger.access.log import AccessLog
from ledger.access.reading import EVERY, MAX_ITEMS, Item, Reading, ReadingDecision, ReadingPurpose
from ledger.decision import Situation
from ledger.domain.privacy.personal_data import PersonalDataCorrected
from ledger.event import Actor, Commitment, HeldFor, Recorded
from ledger.refusals import Refusal, Refused, Unacceptable, UnknownReference
from ledger.store.connections import Connection
from ledger.store.contract import Store
from ledger.telling import tells_of_somebody
from ledger.vault.cabinet import PostgresCabinet
from ledger.vault.reading_rules import Wanted, may_read, released
from ledger.vault.sealing import OpenedValue, Place, SealedValue
from ledger.vault.vault import open_each

_OF_SUBJECT = """select position, record, field, event_id::text, subject, held_for, data_key::text,
    ciphertext from sealed_value join event using (position) where subject = %s
    order by position, field limit %s"""

MOST_VALUES = 10_000
"""Of one subject; more than a case can have."""


class Question(NamedTuple):
    """What somebody wants to read, and what for."""

    actor: Actor
    purpose: ReadingPurpose
    subject: str
    event: str | None = None
    """The event's id; None for all of the subject's."""
    field: str | None = None
    """The field's name; None for all of them."""
    reference: str | None = None
    """The number of the document that asks for it."""


class Held(NamedTuple):
    """One sealed value of a subject, unopened."""

    position: int
    kind: str
    sealed: SealedValue
    commitment: Commitment
    recorded_at: datetime
    corrects: tuple[str, str] | None = None
    """The event and field whose value this one puts right."""

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.sealed.place

    @property
    def stands_for(self) -> tuple[str, str]:
        """The event and field that it is a value of."""
        return self.corrects or (self.place.event_id, self.place.field)


class Read(NamedTuple):
    """One value as it was read; `problem` says why there is none."""

    held: Held
    opened: OpenedValue | None
    problem: str | None
    is_current: bool
    """Whether no later correction puts it right."""


class Opener:
    """Answers questions about sealed values; nothing is opened before it is on the access log."""

    def __init__(self, store: Store, cabinet: PostgresCabinet, log: AccessLog) -> None:
        self._store = store
        self._cabinet = cabinet
        self._log = log

    def read(self, question: Question) -> tuple[Read, ...]:
        """The values asked for, corrections with them, in the log's order.

        Raises `Refused` (which is on the access log too), and `Unavailable`, `StoreDown` or
        `WrongKey`: then nothing was opened.
        """
        for name, given in (("subject", question.subject), ("reference", question.reference)):
            if given is not None and tells_of_somebody(given):
                # Not recorded: the access log is for ever too.
                raise Refused(
                    Unacceptable(
                        "telling_number", f"a number that names somebody stands in {name}",
                        "the tag of a subject; the number of a document", name,
                    )
                )  # fmt: skip
        held = self._asked_for(question)
        refusal = self.refusal(question, held)
        self._log.record(_reading(question, held, refusal))
        if refusal is not None:
            raise Refused(refusal)
        return self._opened(held)

    def held(self, subject: str) -> tuple[Held, ...]:
        """All that is kept of a subject, unopened; raises `StoreDown`."""

        def rows(connection: Connection) -> list[Any]:
            return connection.execute(_OF_SUBJECT, [subject, MOST_VALUES]).fetchall()

        return tuple(map(_held, self._cabinet.working(rows)))

    def refusal(self, question: Question, held: Sequence[Held]) -> Refusal | None:
        """Why the actor may not read these values; None where they may be read."""
        if not held:
            return UnknownReference(
                "nothing_held",
                f"nothing of that is kept of {question.subject}",
                "a subject, event and field of which a value is sealed",
                "subject",
            )
        state = _States(self._store)
        now = datetime.now(UTC)
        wanted = [Wanted(one.place.event_id, one.place.field, one.place.held_for) for one in held]
        return may_read(
            Situation(state, question.actor, now, now),
            question.purpose,
            question.subject,
            wanted,
            question.reference,
            released(state.history(question.subject), state),
        )

    def _asked_for(self, question: Question) -> tuple[Held, ...]:
        return tuple(
            one
            for one in self.held(question.subject)
            if question.event in (None, one.stands_for[0])
            and question.field in (None, one.stands_for[1])
        )

    def _opened(self, held: Sequence[Held]) -> tuple[Read, ...]:
        last = {one.stands_for: one.position for one in held}
        opened = open_each(self._cabinet, [(one.sealed, one.commitment) for one in held])
        return tuple(
            Read(
                one,
                value if isinstance(value, OpenedValue) else None,
                None if isinstance(value, OpenedValue) else str(value),
                one.position == last[one.stands_for],
            )
            for one, value in zip(held, opened, strict=True)
        )


class _States:
    """The states of tags as their histories fold, each read once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, Any] = {}
        self._histories: dict[str, list[Recorded]] = {}

    def __call__(self, tag: str) -> Any:
        if tag not in self._known:
            self._known[tag] = catalogue.fold(tag, self.history(tag))
        return self._known[tag]

    def history(self, tag: str) -> list[Recorded]:
        """The events with the tag, in order."""
        if tag not in self._histories:
            self._histories[tag] = history_of(self._store, tag)
        return self._histories[tag]


def history_of(store: Store, tag: str) -> list[Recorded]:
    """Every event with a tag, in order; raises `StoreDown`."""
    query = DCBQuery([DCBQueryItem([], [tag])])
    return [catalogue.decode(one.position, one.record) for one in store.read(query)]


def _held(row: Sequence[Any]) -> Held:
    position, record, field, event_id, subject, held_for, key_id, ciphertext = row
    recorded = catalogue.decode(position, record)
    event = recorded.event
    sealed = SealedValue(Place(event_id, field, subject, HeldFor(held_for)), key_id, ciphertext)
    corrects = (event.event, event.field) if isinstance(event, PersonalDataCorrected) else None
    return Held(
        position, recorded.kind, sealed, getattr(event, field), recorded.recorded_at, corrects
    )


def _reading(question: Question, held: Sequence[Held], refusal: Refusal | None) -> Reading:
    items = tuple(Item(event=one.place.event_id, field=one.place.field) for one in held)
    if not 1 <= len(items) <= MAX_ITEMS:
        items = (Item(event=question.event or EVERY, field=question.field or EVERY),)
    return Reading(
        actor=question.actor,
        purpose=question.purpose,
        subject=question.subject,
        items=items,
        decision=ReadingDecision.ALLOWED if refusal is None else ReadingDecision.REFUSED,
        rule=None if refusal is None else refusal.rule,
        reference=question.reference,
    )
