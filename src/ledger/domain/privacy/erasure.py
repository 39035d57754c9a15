"""Erasure (个人信息删除): keys are destroyed, unless a legal hold (依法留存) keeps the data.

It follows the Personal Information Protection Law (个人信息保护法), article 47.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from ledger.clocks import local_day
from ledger.decision import Office, OrganisationType, Situation, standing
from ledger.domain.privacy.subjects import (
    ALL_PURPOSES,
    Hold,
    Privacy,
    SubjectEvent,
    subject_erased,
)
from ledger.domain.requests.requests import BY_HOTLINE, CLERKS, ENDED, Request, Stage, precedes
from ledger.domain.town.organisations import BY_TOWN_OFFICE, Organisation
from ledger.domain.town.people import Principal
from ledger.domain.whistles.whistles import Whistle, WhistleStage
from ledger.event import Folds, HeldFor, Line, Recorded
from ledger.refusals import Forbidden, Refusal, Unacceptable, WrongState

BY_COUNTY = standing((Office.SECRETARY, *CLERKS), OrganisationType.COUNTY_OFFICE)
_OF_THE_HOTLINE = ("request:", "identity:")
"""The subjects whose data the hotline centre took in and may erase; of the others, the town."""


class ErasureBasis(StrEnum):
    """Why data are erased."""

    REQUEST = "request"
    """本人要求"""
    WITHDRAWAL = "withdrawal"
    """撤回同意或诉求"""
    RETENTION_OVER = "retention_over"
    """保存期限届满"""


class PersonalDataErased(SubjectEvent):
    """The keys of a subject are destroyed: the records stay and prove, the values never open again.

    What a case still needs is kept until it has ended: by request of the subject its name may go
    before, how to reach it and what it said only once the case is withdrawn.
    """

    kind = "personal_data_erased"
    term = "删除个人信息"
    proposers = (BY_TOWN_OFFICE, BY_HOTLINE)
    example = {
        "subject": "request:request-2026-0416",
        "basis": "request",
        "legal_reference": "个人信息保护法第四十七条第一款",
        "purposes": ["contact", "identity"],
    }

    basis: ErasureBasis
    """Why."""
    legal_reference: Line
    """The article, or the entry of the table of retention, on which it rests."""
    purposes: Annotated[tuple[HeldFor, ...], Field(max_length=len(HeldFor))] = ()
    """Which of the subject's keys: by what they are kept for, each once; none named: all."""

    @property
    def erases(self) -> frozenset[HeldFor]:
        """What cannot be opened from here on."""
        return frozenset(self.purposes) or ALL_PURPOSES

    def decide(self, situation: Situation) -> Refusal | None:
        if len(set(self.purposes)) < len(self.purposes):
            return Unacceptable(
                "purpose_given_twice", "a purpose is named twice", "each once", "purposes"
            )
        found = self.privacy(situation)
        if not isinstance(found, Privacy):
            return found
        return (
            self._not_theirs(situation, found)
            or self._kept(situation, found)
            or self._needed(situation)
            or self._unfounded(situation, found)
        )

    def _not_theirs(self, situation: Situation, found: Privacy) -> Refusal | None:
        actor = situation.actor
        acting: Organisation = situation.state(f"organisation:{actor.organisation}")
        at_hotline = acting.type is OrganisationType.HOTLINE_CENTRE
        if at_hotline and not self.subject.startswith(_OF_THE_HOTLINE):
            return Forbidden(
                "not_the_hotlines",
                f"{actor.organisation} did not take in what is kept of {self.subject}",
                "an office of the town",
                "subject",
            )
        if actor.principal in found.released_by:
            return Forbidden(
                "released_its_hold",
                f"{actor.principal} released a hold on these data",
                "a principal who did not",
            )
        return None

    def _kept(self, situation: Situation, found: Privacy) -> Refusal | None:
        hold = found.hold_at(situation.at)
        if hold is not None:
            return WrongState(
                "legal_hold",
                f"{self.subject} is held: {hold.basis}",
                "once legal_hold_released or its last day has ended the hold",
                "subject",
            )
        if self.erases <= found.erased:
            return WrongState(
                "already_erased",
                f"this was erased of {self.subject} before",
                "what is still kept",
                "purposes",
            )
        return None

    def _needed(self, situation: Situation) -> Refusal | None:
        known = situation.state(self.subject)
        if isinstance(known, Request) and known.stage not in ENDED:
            return self._needed_by_the_case(known.stage)
        if isinstance(known, Whistle) and known.stage in (WhistleStage.DRAFTED, WhistleStage.BLOWN):
            return _case_open(self.subject, known.stage)
        serves = isinstance(known, Principal) and any(
            held.is_open_at(situation.at) for held in known.held
        )
        if not serves or HeldFor.IDENTITY not in self.erases:
            return None
        return WrongState(
            "still_in_office",
            f"{self.subject} holds an office",
            "once appointment_ended ended each, or without identity",
            "purposes",
        )

    def _needed_by_the_case(self, stage: Stage) -> Refusal | None:
        if self.basis is not ErasureBasis.REQUEST:
            return _case_open(self.subject, stage)
        if not self.erases & {HeldFor.CONTACT, HeldFor.CONTENT}:
            return None
        return WrongState(
            "needed_by_the_case",
            f"{self.subject} is {stage}: how to reach the requester and what was said are needed",
            "once the case has ended, such as by request_withdrawn, or neither of the two",
            "purposes",
        )

    def _unfounded(self, situation: Situation, found: Privacy) -> Refusal | None:
        known = situation.state(self.subject)
        is_withdrawn = isinstance(known, Request) and known.stage is Stage.WITHDRAWN
        if self.basis is not ErasureBasis.WITHDRAWAL or found.withdrawn or is_withdrawn:
            return None
        return WrongState(
            "nothing_withdrawn",
            f"{self.subject} has withdrawn neither a consent nor a request",
            "another basis, or once consent_withdrawn or request_withdrawn is there",
            "basis",
        )


def _case_open(subject: str, stage: str) -> Refusal:
    return WrongState("case_open", f"{subject} is {stage}", "once the case has ended", "subject")


class HoldBasis(StrEnum):
    """Why data must be kept, whoever asks for their erasure."""

    ARCHIVES = "archives"
    """归档"""
    DISPUTE = "dispute"
    """争议处理"""
    AUDIT = "audit"
    """审计监督"""
    COURT = "court"
    """司法程序"""


class HoldEvent(SubjectEvent):
    """What placing and releasing a hold have in common."""

    basis: HoldBasis
    """Why the data must be kept."""


class LegalHoldPlaced(HoldEvent):
    """Nothing of the subject is erased until the hold is released or has run out."""

    kind = "legal_hold_placed"
    term = "依法留存"
    proposers = (BY_TOWN_OFFICE, BY_COUNTY)
    example = {
        "subject": "request:request-2026-0412",
        "basis": "court",
        "until": "2027-12-31",
    }

    until: date | None = None
    """The last day of the hold, in Shanghai; none: until it is released."""

    def decide(self, situation: Situation) -> Refusal | None:
        found = self.privacy(situation)
        if not isinstance(found, Privacy):
            return found
        if found.is_erased:
            return subject_erased(self.subject)
        if found.hold_at(situation.at, self.basis):
            return WrongState(
                "held_already",
                f"{self.subject} is held: {self.basis}",
                "one hold for each basis",
                "basis",
            )
        if self.until is not None and self.until < local_day(situation.at):
            return Unacceptable(
                "hold_is_over",
                f"the last day of the hold, {self.until}, has passed",
                f"a day from {local_day(situation.at)} on, or none",
                "until",
            )
        return None


class LegalHoldReleased(HoldEvent):
    """The ground is gone. Whoever releases a hold does not erase what it held."""

    kind = "legal_hold_released"
    term = "解除留存"
    proposers = (BY_TOWN_OFFICE, BY_COUNTY)
    example = {"subject": "request:request-2026-0412", "basis": "court"}

    def decide(self, situation: Situation) -> Refusal | None:
        found = self.privacy(situation)
        if not isinstance(found, Privacy):
            return found
        hold = found.hold_at(situation.at, self.basis)
        if hold is None:
            return WrongState(
                "not_held",
                f"{self.subject} is not held: {self.basis}",
                "a hold that is in force",
                "basis",
            )
        if situation.precedes(hold.placed_at):
            return precedes(hold.placed_at)
        actor = situation.actor
        acting: Organisation = situation.state(f"organisation:{actor.organisation}")
        is_county = acting.type is OrganisationType.COUNTY_OFFICE
        if is_county or hold.placed_by == actor.organisation:
            return None
        return Forbidden(
            "hold_of_another",
            f"the hold is {hold.placed_by}'s",
            f"{hold.placed_by}, or the county office",
        )


def evolve_privacy(state: Privacy | None, tag: str, recorded: Recorded) -> Privacy:
    """What holds for a subject after one more hold, release or erasure."""
    privacy, actor = state or Privacy(), recorded.actor
    match recorded.event:
        case LegalHoldPlaced(basis=basis, until=until):
            placed = Hold(basis.value, actor.organisation, recorded.occurred_at, until)
            return privacy._replace(holds=(*_without(privacy, basis), placed))
        case LegalHoldReleased(basis=basis):
            released_by = tuple(dict.fromkeys((*privacy.released_by, actor.principal)))
            return privacy._replace(holds=_without(privacy, basis), released_by=released_by)
        case PersonalDataErased(erases=erases):
            erased = privacy.erased | erases
            return privacy._replace(
                erased=erased, given=() if erased == ALL_PURPOSES else privacy.given
            )
    return privacy


def _without(privacy: Privacy, basis: HoldBasis) -> tuple[Hold, ...]:
    return tuple(hold for hold in privacy.holds if hold.basis != basis)


KINDS = (PersonalDataErased, LegalHoldPlaced, LegalHoldReleased)
FOLDS: Folds = {"privacy": (evolve_privacy, KINDS)}
