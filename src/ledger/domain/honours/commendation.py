"""Commendation (通报表扬, 表彰): by a numbered document, and rescinded for a stated reason.

Persons and households are named by their consent alone: the record has their accounts, and whose
consent is withdrawn is shown no more. Units are named freely.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final, NamedTuple

from pydantic import Field

from ledger.decision import Situation
from ledger.domain.documents.documents import number_digest
from ledger.domain.honours.periods import Period, known_period
from ledger.domain.love_bank.accounts import Account, HolderType
from ledger.domain.privacy.consent import Purpose, has_agreed
from ledger.domain.requests.dispatching import BY_COUNTY
from ledger.domain.requests.requests import BY_COMMUNITY, precedes
from ledger.domain.town.organisations import (
    BY_TOWN_OFFICE,
    COMMUNITIES,
    Organisation,
    foreign_community,
    unknown_organisation,
)
from ledger.event import Event, Folds, Id, Line, Recorded, mint_id
from ledger.refusals import Forbidden, Refusal, Unacceptable, UnknownReference, WrongState

_ISSUERS = (BY_COMMUNITY, BY_TOWN_OFFICE, BY_COUNTY)
MAX_COMMENDED = 25
"""Persons and households, and as many units: a record's tags name them all."""


class Honour(StrEnum):
    """Which form a commendation has."""

    CIRCULAR = "circular"
    """通报表扬: the body's own."""
    AWARD = "award"
    """表彰: with the approval of whoever may approve it."""


class Rescission(StrEnum):
    """Why a commendation is taken back."""

    ISSUED_IN_ERROR = "issued_in_error"
    """发文有误"""
    OBTAINED_BY_FALSEHOOD = "obtained_by_falsehood"
    """弄虚作假"""
    LATER_MISCONDUCT = "later_misconduct"
    """后有严重失信或违纪违法"""
    DECLINED = "declined"
    """本人或单位不愿接受"""


class Commendation(NamedTuple):
    """A commendation as of its history."""

    issued_by: str
    """The organisation."""
    issued_at: datetime
    is_rescinded: bool = False


class CommendationIssued(Event):
    """表扬发文: a body commends persons, households and units, by a document of its own."""

    kind = "commendation_issued"
    term = "通报表扬"
    proposers = _ISSUERS
    creates = ("commendation", "commendation")
    example = {
        "commendation": "commendation-2026-0003",
        "document_number": "镇发〔2026〕12号",
        "honour": "circular",
        "ground": "love-bank-quarter",
        "community": "committee-riverside",
        "accounts": ["93e1b7d4-05c2-4a6e-b1f8-7d2c40a9e635"],
        "units": ["unit-school"],
        "period": "households-2026-q1",
    }

    commendation: Id = Field(default_factory=mint_id)
    """The commendation's id."""
    document_number: Line
    """The number of the document; no two commendations have the same."""
    honour: Honour
    """Which form it has."""
    approval_reference: Line | None = None
    """The document that approves it; an award (表彰) has one."""
    ground: Id
    """For what, in a code of the town's own, such as love-bank-quarter."""
    community: Id | None = None
    """The community within which they are commended, by one of its bodies; absent: the town."""
    accounts: Annotated[tuple[Id, ...], Field(max_length=MAX_COMMENDED)] = ()
    """The accounts of persons and households who agreed to be named, by a masked name at least."""
    units: Annotated[tuple[Id, ...], Field(max_length=MAX_COMMENDED)] = ()
    """Organisations."""
    period: Id | None = None
    """The published ranking that it follows, if any."""

    def tags(self) -> tuple[str, ...]:
        return (
            f"commendation:{self.commendation}",
            self._document_tag(),
            *(f"account:{one}" for one in self.accounts),
            *(f"organisation:{one}" for one in self.units),
            *(() if self.period is None else (f"period:{self.period}",)),
        )

    def _document_tag(self) -> str:
        return f"honour_document:{number_digest(self.document_number)}"

    def boundary(self, state: Any) -> tuple[str, ...]:
        privacy = (f"privacy:account:{one}" for one in self.accounts)
        where = () if self.community is None else (f"organisation:{self.community}",)
        return (*self.tags(), *privacy, *where)

    def decide(self, situation: Situation) -> Refusal | None:
        return (
            self._used_number(situation)
            or self._beyond_powers(situation)
            or self._miscounted()
            or self._unnamed(situation)
            or self._unfit_unit(situation)
            or self._unpublished(situation)
        )

    def _used_number(self, situation: Situation) -> Refusal | None:
        used: str | None = situation.state(self._document_tag())
        if used is None:
            return None
        return WrongState(
            "document_used",
            f"commendation {used} has this number",
            "a number that no commendation has",
            "document_number",
        )

    def _beyond_powers(self, situation: Situation) -> Refusal | None:
        if self.honour is Honour.AWARD and self.approval_reference is None:
            return Unacceptable(
                "approval_missing",
                "an award (表彰) is approved before it is made",
                "the document that approves it, or the honour circular",
                "approval_reference",
            )
        if self.community is not None:
            unknown = unknown_organisation(situation, self.community, "community", *COMMUNITIES)
            if unknown:
                return unknown
            return foreign_community(situation, self.community, "community")
        acting: Organisation = situation.state(f"organisation:{situation.actor.organisation}")
        if acting.type not in COMMUNITIES:
            return None
        return Forbidden(
            "beyond_its_community",
            f"{situation.actor.organisation} commends within its community",
            f"community {situation.actor.organisation}, or a body of the town",
            "community",
        )

    def _miscounted(self) -> Refusal | None:
        for field, named in (("accounts", self.accounts), ("units", self.units)):
            if len(set(named)) < len(named):
                return Unacceptable(
                    "commended_twice", "somebody is named twice", "each of them once", field
                )
        if self.accounts or self.units:
            return None
        return Unacceptable(
            "nobody_commended", "nobody is named", "an account or a unit at least", "accounts"
        )

    def _unnamed(self, situation: Situation) -> Refusal | None:
        for one in self.accounts:
            account: Account | None = situation.state(f"account:{one}")
            if account is None or account.holder_type is HolderType.UNIT:
                return UnknownReference(
                    "no_persons_account",
                    f"{one} is no account of a person or household here",
                    "such accounts; units are named among units",
                    "accounts",
                )
            if account.is_concerned(situation.actor.principal):
                return _self_praise("accounts")
            if not any(has_agreed(situation, f"account:{one}", purpose) for purpose in NAMING):
                return WrongState(
                    "no_consent_to_be_named",
                    f"the holder of {one} has not agreed to be named",
                    f"accounts with consent to {' or '.join(NAMING)}",
                    "accounts",
                )
        return None

    def _unfit_unit(self, situation: Situation) -> Refusal | None:
        for one in self.units:
            unknown = unknown_organisation(situation, one, "units")
            if unknown:
                return unknown
        return _self_praise("units") if situation.actor.organisation in self.units else None

    def _unpublished(self, situation: Situation) -> Refusal | None:
        if self.period is None:
            return None
        period = known_period(situation, self.period)
        if not isinstance(period, Period):
            return period
        if period.is_published and not period.upheld_appeals:
            return None
        return WrongState(
            "period_not_published",
            "its ranking is not published, or an appeal against it is upheld",
            "a period whose ranking is published",
            "period",
        )


class CommendationRescinded(Event):
    """撤销表扬: by the body that issued it, or by one above it; it stays on the record."""

    kind = "commendation_rescinded"
    term = "撤销表扬"
    proposers = _ISSUERS
    example = {"commendation": "commendation-2026-0003", "reason": "obtained_by_falsehood"}

    commendation: Id
    """The commendation."""
    reason: Rescission
    """Why."""

    def tags(self) -> tuple[str, ...]:
        return (f"commendation:{self.commendation}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return self.tags()

    def decide(self, situation: Situation) -> Refusal | None:
        found: Commendation | None = situation.state(f"commendation:{self.commendation}")
        if found is None:
            return UnknownReference(
                "unknown_commendation",
                f"commendation {self.commendation} is not in this ledger",
                "one that was issued",
                "commendation",
            )
        if found.is_rescinded:
            return WrongState(
                "rescinded_already", "it is rescinded", "one that stands", "commendation"
            )
        acting: Organisation = situation.state(f"organisation:{situation.actor.organisation}")
        is_below = acting.type in COMMUNITIES
        if is_below and situation.actor.organisation != found.issued_by:
            return Forbidden(
                "another_bodys_commendation",
                f"{found.issued_by} issued it",
                f"a principal of {found.issued_by}, of the town or of the county",
                "commendation",
            )
        return precedes(found.issued_at) if situation.precedes(found.issued_at) else None


NAMING: Final = (Purpose.SHOW_MASKED_NAME, Purpose.SHOW_NAME)
"""Either of these lets somebody be named."""


def _self_praise(field: str) -> Refusal:
    return Forbidden(
        "own_commendation",
        "nobody commends themselves, their household or their own body",
        "somebody else's commendation",
        field,
    )


def evolve_commendation(
    state: Commendation | None, tag: str, recorded: Recorded
) -> Commendation | None:
    """The commendation after it was issued or rescinded."""
    match recorded.event:
        case CommendationIssued():
            return Commendation(recorded.actor.organisation, recorded.occurred_at)
        case CommendationRescinded() if state:
            return state._replace(is_rescinded=True)
    return state


def evolve_document(state: str | None, tag: str, recorded: Recorded) -> str | None:
    """The commendation that has a number."""
    match recorded.event:
        case CommendationIssued(commendation=commendation):
            return commendation
    return state


KINDS = (CommendationIssued, CommendationRescinded)
FOLDS: Folds = {
    "commendation": (evolve_commendation, KINDS),
    "honour_document": (evolve_document, (CommendationIssued,)),
}
