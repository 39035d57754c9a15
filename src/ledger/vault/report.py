"""What is held on a subject, on which basis, and who saw it; and of the ledger as a whole.

For a subject's request (个人信息保护法, article 45) and for an impact assessment (article 55). No
value is opened for it: it names fields, and each opening is another thing, on the access log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from ledger import catalogue
from ledger.access import entries
from ledger.access.entries import RecordedReading
from ledger.access.log import MAX_PAGE, AccessLog
from ledger.canonical import instant
from ledger.domain.love_bank.accounts import AccountOpened
from ledger.domain.privacy.consent import ConsentGiven, ConsentWithdrawn
from ledger.domain.privacy.erasure import LegalHoldPlaced, LegalHoldReleased, PersonalDataErased
from ledger.domain.privacy.personal_data import (
    AccessRequested,
    ContextsLinked,
    PersonalDataCorrected,
)
from ledger.domain.privacy.subjects import Privacy
from ledger.event import HeldFor, Recorded
from ledger.store.contract import Store
from ledger.vault.cabinet import PostgresCabinet
from ledger.vault.erasing import Erasure
from ledger.vault.opening import Held, history_of

_BY_FIELD = """select kind, field, held_for, count(*), count(distinct subject),
    min(position), max(position)
    from sealed_value join event using (position) group by kind, field, held_for
    order by kind, field"""
_SUBJECTS = """select split_part(subject, ':', 1), count(distinct subject) from sealed_value
    group by 1 order by 1"""
_ERASURES = """select count(*), count(completed_at), coalesce(sum(sealed_values), 0)
    from erasure"""
_PRIVACY_KINDS = (
    ConsentGiven, ConsentWithdrawn, AccessRequested, PersonalDataCorrected, PersonalDataErased,
    LegalHoldPlaced, LegalHoldReleased, ContextsLinked,
)  # fmt: skip


class LegalBasis(StrEnum):
    """Why the ledger may hold a value (个人信息保护法, article 13)."""

    CONSENT = "consent"
    """第十三条第一款第一项：取得个人的同意"""
    STATUTORY_DUTY = "statutory_duty"
    """第十三条第一款第三项：为履行法定职责所必需"""
    EMPLOYMENT = "employment"
    """第十三条第一款第二项：实施人力资源管理所必需"""


class Subject(NamedTuple):
    """All that the ledger has on one subject, values unopened."""

    subject: str
    held: Sequence[Held]
    history: Sequence[Recorded]
    """Every event with the subject's tag or about its data."""
    privacy: Privacy
    erasures: Sequence[Erasure]
    readings: Sequence[RecordedReading]
    """Who looked, newest first."""


def basis_of(kind: str, held_for: HeldFor) -> LegalBasis:
    """On which basis values of this kind of event are held."""
    if kind in (AccountOpened.kind, ConsentGiven.kind):
        return LegalBasis.CONSENT
    if kind == "person_enrolled" or held_for is HeldFor.PROFILE:
        return LegalBasis.EMPLOYMENT
    return LegalBasis.STATUTORY_DUTY


def privacy_of(store: Store, subject: str) -> Privacy:
    """What was agreed to, held and erased of a subject."""
    tag = f"privacy:{subject}"
    found = catalogue.fold(tag, history_of(store, tag))
    return found if isinstance(found, Privacy) else Privacy()


def subject_document(found: Subject) -> dict[str, Any]:
    """The report on one subject, in JSON's types."""
    return {
        "subject": found.subject,
        "held": [_held(one) for one in found.held],
        "events": [
            {
                "position": one.position,
                "kind": one.kind,
                "term": type(one.event).term,
                "recorded_at": instant(one.recorded_at),
            }
            for one in found.history
        ],
        "consents": [
            {**consent._asdict(), "since": instant(since)} for consent, since in found.privacy.given
        ],
        "consents_withdrawn": [consent._asdict() for consent in found.privacy.withdrawn],
        "legal_holds": [
            {
                "basis": hold.basis,
                "placed_by": hold.placed_by,
                "placed_at": instant(hold.placed_at),
                "until": None if hold.until is None else hold.until.isoformat(),
            }
            for hold in found.privacy.holds
        ],
        "erasures": [
            {
                "position": one.position,
                "data_keys": one.data_keys,
                "sealed_values": one.sealed_values,
                "erased_at": instant(one.erased_at),
                "completed_at": _instant(one.completed_at),
            }
            for one in found.erasures
        ],
        "readings": [_reading(one) for one in found.readings],
    }


def overview_document(store: Store, cabinet: PostgresCabinet, access: AccessLog) -> dict[str, Any]:
    """The report on the whole ledger, for an impact assessment; in JSON's types.

    Raises `StoreDown`. Reads every entry of the access log.
    """
    fields = cabinet.working(lambda connection: connection.execute(_BY_FIELD).fetchall())
    subjects = cabinet.working(lambda connection: connection.execute(_SUBJECTS).fetchall())
    erasures = cabinet.working(lambda connection: connection.execute(_ERASURES).fetchone())
    kinds = DCBQuery([DCBQueryItem([cls.kind for cls in _PRIVACY_KINDS], [])])
    acts = Counter(stored.kind for stored in store.read(kinds))
    readings = Counter(
        (one.reading.purpose.value, one.reading.decision.value) for one in _all_readings(access)
    )
    assert erasures is not None  # an aggregate has a row
    return {
        "position": store.size(),
        "held": [
            {
                "kind": kind,
                "field": field,
                "held_for": held_for,
                "basis": basis_of(kind, HeldFor(held_for)).value,
                "values": values,
                "subjects": of,
                "first_position": first,
                "last_position": last,
            }
            for kind, field, held_for, values, of, first, last in fields
        ],
        "subjects": dict(subjects),
        "acts": {cls.kind: acts[cls.kind] for cls in _PRIVACY_KINDS},
        "erasures": {
            "erased": erasures[0],
            "complete": erasures[1],
            "sealed_values": int(erasures[2]),
        },
        "readings": [
            {"purpose": purpose, "decision": decision, "readings": count}
            for (purpose, decision), count in sorted(readings.items())
        ],
    }


def readings_of(access: AccessLog, subject: str) -> list[RecordedReading]:
    """Who looked at a subject's values, newest first, page by page."""
    found: list[RecordedReading] = []
    before = None
    while page := access.of_subject(subject, before=before, limit=MAX_PAGE):
        found += page
        before = page[-1].position
    return found


def _all_readings(access: AccessLog) -> Iterator[RecordedReading]:
    for stored in access.read():
        if stored.kind == entries.READ:
            yield entries.reading_of(stored.position, stored.record)


def _held(one: Held) -> dict[str, Any]:
    return {
        "position": one.position,
        "event": one.place.event_id,
        "kind": one.kind,
        "field": one.place.field,
        "held_for": one.place.held_for.value,
        "basis": basis_of(one.kind, one.place.held_for).value,
        "since": instant(one.recorded_at),
        "corrects": None if one.corrects is None else "/".join(one.corrects),
    }


def _reading(one: RecordedReading) -> dict[str, Any]:
    reading = one.reading
    return {
        "position": one.position,
        "at": instant(one.at),
        "principal": reading.actor.principal,
        "office": reading.actor.office,
        "organisation": reading.actor.organisation,
        "purpose": reading.purpose.value,
        "items": [f"{item.event}/{item.field}" for item in reading.items],
        "decision": reading.decision.value,
        "rule": reading.rule,
        "reference": reading.reference,
    }


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else instant(moment)
