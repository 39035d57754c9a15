"""Personal data (个人信息): what subjects asked for, counted for everybody and never by name.

The tally is public and knows no subject. Both tables of rows are withheld whole; the one by subject
is for whoever has to know which consent is in force before a name is shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from ledger.domain.love_bank.accounts import AccountOpened
from ledger.domain.privacy.consent import (
    ConsentEvent,
    ConsentGiven,
    ConsentWithdrawn,
    agreed_on_opening,
)
from ledger.domain.privacy.erasure import LegalHoldPlaced, LegalHoldReleased, PersonalDataErased
from ledger.domain.privacy.personal_data import AccessRequested, PersonalDataCorrected
from ledger.domain.privacy.subjects import ALL_PURPOSES, Consent, SubjectEvent
from ledger.event import HeldFor, Recorded
from projections.periods import month
from projections.projection import Contribution, Key, Projection, Rows, Tally
from projections.reference import Reference

NOTHING_MORE = ""
"""What an act is about where its kind says it all."""


class Act(NamedTuple):
    """One act on personal data; whose they are is not here."""

    position: int
    about: str
    """The purpose of a consent, the basis of an erasure or a hold, what a value is kept for."""
    kind: str
    period: str


class ActGroup(NamedTuple):
    """By what the acts are counted."""

    kind: str
    about: str
    period: str


class ActCounts(NamedTuple):
    """What is counted of them."""

    acts: int = 0


class DataSubject(NamedTuple):
    """What holds for the data of one subject."""

    subject: str
    consents: tuple[str, ...] = ()
    """In force: `<purpose>`, or `<purpose> <event> <field>`."""
    holds: tuple[str, ...] = ()
    """Placed and not released: `<basis>`, or `<basis> <last day>`."""
    erased: tuple[str, ...] = ()
    """What cannot be opened any more, by what it was kept for."""
    erased_at: datetime | None = None
    """When it was recorded that the last of it goes."""
    corrected: int = 0
    """The position of the last correction of who it is; 0 for none."""


def _act_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return ((recorded.position, about) for about in _abouts(recorded))


def _abouts(recorded: Recorded) -> tuple[str, ...]:
    match recorded.event:
        case ConsentEvent(purpose=purpose):
            return (purpose.value,)
        case AccountOpened() as event:
            return _on_opening(event)
        case PersonalDataCorrected() as event:
            return tuple(one.value for one in HeldFor if getattr(event, one) is not None)
        case PersonalDataErased(basis=basis):
            return (basis.value,)
        case LegalHoldPlaced(basis=basis) | LegalHoldReleased(basis=basis):
            return (basis.value,)
    return (NOTHING_MORE,)


def _on_opening(event: AccountOpened) -> tuple[str, ...]:
    agreed = agreed_on_opening(masked_name=event.masked_name_consent, ranking=event.ranking_opt_in)
    return tuple(purpose.value for purpose in agreed)


def _apply_act(row: Act | None, key: Key, recorded: Recorded, reference: Reference) -> Act | None:
    position, about = key
    opens = isinstance(recorded.event, AccountOpened)
    kind = ConsentGiven.kind if opens else recorded.kind
    return Act(position, about, kind, month(recorded.occurred_at))


def _contribute(row: Act) -> Iterable[Contribution]:
    return (Contribution(ActGroup(row.kind, row.about, row.period), None, ActCounts(1)),)


def _subject_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    match recorded.event:
        case SubjectEvent(subject=subject):
            return ((subject,),)
        case AccountOpened() as event if _on_opening(event):
            return ((f"account:{event.account}",),)
    return ()


def _apply_subject(
    row: DataSubject | None, key: Key, recorded: Recorded, reference: Reference
) -> DataSubject | None:
    now = row or DataSubject(*key)
    match recorded.event:
        case AccountOpened() as event:
            return now._replace(consents=_on_opening(event))
        case ConsentGiven(consent=consent):
            return now._replace(
                consents=(*_without(now.consents, _entry(consent)), _entry(consent))
            )
        case ConsentWithdrawn(consent=consent):
            return now._replace(consents=_without(now.consents, _entry(consent)))
        case LegalHoldPlaced(basis=basis, until=until):
            return now._replace(holds=(*_not_on(now.holds, basis), _held(basis, until)))
        case LegalHoldReleased(basis=basis):
            return now._replace(holds=_not_on(now.holds, basis))
        case PersonalDataCorrected() as event if event.identity is not None:
            return now._replace(corrected=recorded.position)
        case PersonalDataErased(erases=erases):
            return _erased(now, erases, recorded.recorded_at)
    return now


def _entry(consent: Consent) -> str:
    return " ".join(part for part in consent if part is not None)


def _held(basis: str, until: date | None) -> str:
    return str(basis) if until is None else f"{basis} {until.isoformat()}"


def _not_on(holds: tuple[str, ...], basis: str) -> tuple[str, ...]:
    return tuple(hold for hold in holds if hold.partition(" ")[0] != basis)


def _without(entries: tuple[str, ...], one: str) -> tuple[str, ...]:
    return tuple(entry for entry in entries if entry != one)


def _erased(row: DataSubject, erases: frozenset[HeldFor], when: datetime) -> DataSubject:
    erased = tuple(sorted({*row.erased, *(one.value for one in erases)}))
    consents = () if len(erased) == len(ALL_PURPOSES) else row.consents
    return row._replace(erased=erased, erased_at=when, consents=consents)


_CHANGING = (
    AccountOpened,
    ConsentGiven,
    ConsentWithdrawn,
    LegalHoldPlaced,
    LegalHoldReleased,
    PersonalDataErased,
)
ACTS = Rows(
    table="personal_data_act",
    row=Act,
    key=("position", "about"),
    kinds=(*_CHANGING, AccessRequested, PersonalDataCorrected),
    keys=_act_keys,
    apply=_apply_act,
    tally=Tally(ActGroup, ActCounts, _contribute),
    withheld=lambda row: True,
)
SUBJECTS = Rows(
    table="data_subject",
    row=DataSubject,
    key=("subject",),
    kinds=(*_CHANGING, PersonalDataCorrected),
    keys=_subject_keys,
    apply=_apply_subject,
    withheld=lambda row: True,
)
PROJECTION = Projection("personal_data", 1, (ACTS, SUBJECTS))
