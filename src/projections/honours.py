"""Honours (通报表扬, 表彰): the commendations, and who of those commended agreed to be named."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from ledger.domain.honours.commendation import NAMING, CommendationIssued, CommendationRescinded
from ledger.domain.love_bank.accounts import AccountOpened
from ledger.domain.privacy.consent import ConsentGiven, ConsentWithdrawn, Purpose
from ledger.domain.privacy.erasure import PersonalDataErased
from ledger.domain.privacy.subjects import SubjectEvent
from ledger.event import HeldFor, Recorded
from projections.projection import Key, Projection, Rows
from projections.reference import Reference


class Commendation(NamedTuple):
    """A commendation, with units by id; persons and households are counted."""

    commendation: str
    document_number: str
    honour: str
    approval_reference: str | None
    ground: str
    community: str | None
    issued_by: str
    issued_at: datetime
    issued_recorded_at: datetime
    position: int
    accounts: int
    units: tuple[str, ...]
    period: str | None
    rescinded_for: str | None = None
    rescinded_by: str | None = None
    rescinded_at: datetime | None = None
    rescission_position: int | None = None


class Honoured(NamedTuple):
    """An account with its commendations: seen by all while its holder agrees to be named."""

    account: str
    holder_type: str
    naming: tuple[str, ...]
    """The consents in force to be named."""
    commendations: tuple[str, ...] = ()


def _commendation_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return ((recorded.event.__dict__["commendation"],),)


def _apply_commendation(
    row: Commendation | None, key: Key, recorded: Recorded, reference: Reference
) -> Commendation | None:
    organisation, when = recorded.actor.organisation, recorded.occurred_at
    match recorded.event:
        case CommendationIssued() as event:
            return Commendation(
                event.commendation,
                event.document_number,
                event.honour.value,
                event.approval_reference,
                event.ground,
                event.community,
                organisation,
                when,
                recorded.recorded_at,
                recorded.position,
                len(event.accounts),
                event.units,
                event.period,
            )
        case CommendationRescinded(reason=reason) if row:
            return row._replace(
                rescinded_for=reason.value,
                rescinded_by=organisation,
                rescinded_at=when,
                rescission_position=recorded.position,
            )
    return row


def _account_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    event = recorded.event
    if isinstance(event, CommendationIssued):
        return tuple((account,) for account in event.accounts)
    if not isinstance(event, SubjectEvent):
        return ((event.__dict__["account"],),)
    of, _, identity = event.subject.partition(":")
    return ((identity,),) if of == "account" else ()


def _apply_account(
    row: Honoured | None, key: Key, recorded: Recorded, reference: Reference
) -> Honoured | None:
    event = recorded.event
    if isinstance(event, AccountOpened):
        naming = (Purpose.SHOW_MASKED_NAME.value,) if event.masked_name_consent else ()
        return Honoured(event.account, event.holder_type.value, naming)
    if row is None:
        return None
    match event:
        case CommendationIssued(commendation=commendation):
            return row._replace(commendations=(*row.commendations, commendation))
        case ConsentGiven(purpose=purpose) if purpose in NAMING:
            return row._replace(naming=(*_without(row.naming, purpose), purpose.value))
        case ConsentWithdrawn(purpose=purpose) if purpose in NAMING:
            return row._replace(naming=_without(row.naming, purpose))
        case PersonalDataErased(erases=erases) if HeldFor.IDENTITY in erases:
            # No name is left to show.
            return row._replace(naming=())
    return row


def _without(naming: tuple[str, ...], purpose: Purpose) -> tuple[str, ...]:
    return tuple(one for one in naming if one != purpose.value)


COMMENDATIONS = Rows(
    table="commendation",
    row=Commendation,
    key=("commendation",),
    kinds=(CommendationIssued, CommendationRescinded),
    keys=_commendation_keys,
    apply=_apply_commendation,
    indexes=(("position",),),
)
HONOURED = Rows(
    table="honoured_account",
    row=Honoured,
    key=("account",),
    kinds=(AccountOpened, CommendationIssued, ConsentGiven, ConsentWithdrawn, PersonalDataErased),
    keys=_account_keys,
    apply=_apply_account,
    withheld=lambda row: not (row.naming and row.commendations),
)
PROJECTION = Projection("honours", 1, (COMMENDATIONS, HONOURED))
