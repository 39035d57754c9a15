"""Consent (个人信息同意): what a subject agrees to, for one purpose, until it is withdrawn.

It follows the Personal Information Protection Law (个人信息保护法), articles 13 to 15 and 31.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import ConfigDict, model_validator
from pydantic.config import JsonDict

from ledger.decision import Office, Situation
from ledger.domain.love_bank.accounts import Account
from ledger.domain.privacy.subjects import (
    TAKEN_DOWN_BY,
    Consent,
    FieldName,
    Privacy,
    SubjectEvent,
    subject_erased,
)
from ledger.domain.requests.requests import precedes
from ledger.event import Folds, Id, PersonalName, Recorded
from ledger.refusals import Refusal, Unacceptable, WrongState


class Purpose(StrEnum):
    """What a subject may agree to; whatever is not here needs no consent or is not done."""

    SHOW_MASKED_NAME = "show_masked_name"
    """以隐名公示: the name with all but one character hidden."""
    SHOW_NAME = "show_name"
    """以实名公示"""
    SHOW_FIELD = "show_field"
    """公开一项内容: one field of one event."""
    BE_CALLED_BACK = "be_called_back"
    """接受回访"""
    BE_CONTACTED_BY_HANDLER = "be_contacted_by_handler"
    """由承办单位直接联系"""
    TAKE_PART_IN_RANKING = "take_part_in_ranking"
    """参加排名"""


class Evidence(StrEnum):
    """How an office knows that the subject said so."""

    SIGNED_FORM = "signed_form"
    """书面签字"""
    CALL = "call"
    """电话录音"""
    WINDOW = "window"
    """窗口当面"""


_FIELD_OF_AN_EVENT: JsonDict = {
    "if": {"properties": {"purpose": {"const": "show_field"}}},
    "then": {
        "properties": {"event": {"type": "string"}, "field": {"type": "string"}},
        "required": ["event", "field"],
    },
    "else": {"properties": {"event": {"type": "null"}, "field": {"type": "null"}}},
}
_GUARDIAN_OF_A_CHILD: JsonDict = {
    "if": {"properties": {"under_14": {"const": True}}, "required": ["under_14"]},
    "then": {"properties": {"guardian": {"not": {"type": "null"}}}, "required": ["guardian"]},
    "else": {"properties": {"guardian": {"type": "null"}}},
}


class ConsentEvent(SubjectEvent):
    """What giving and withdrawing have in common."""

    purpose: Purpose
    """What it is about."""
    event: Id | None = None
    """The id of the event whose field may be shown; for `show_field` and for nothing else."""
    field: FieldName | None = None
    """Which field of that event may be shown; for `show_field` and for nothing else."""
    evidence: Evidence | None = None
    """How the office that takes it down knows; none where the subject acts itself."""

    model_config = ConfigDict(json_schema_extra={"allOf": [_FIELD_OF_AN_EVENT]})

    @model_validator(mode="after")
    def _field_of_an_event(self) -> Self:
        wanted = self.purpose is Purpose.SHOW_FIELD
        if (self.event is not None) != wanted or (self.field is not None) != wanted:
            raise ValueError("event and field are given for show_field, and for nothing else")
        return self

    @property
    def consent(self) -> Consent:
        """What is given or withdrawn."""
        return Consent(self.purpose.value, self.event, self.field)

    def agreeable(self, situation: Situation) -> Privacy | Refusal:
        """What holds for the subject, or why nothing can be agreed with it."""
        found = self.privacy(situation)
        if not isinstance(found, Privacy):
            return found
        if found.is_erased:
            return subject_erased(self.subject)
        return self._unproved(situation) or found

    def _unproved(self, situation: Situation) -> Refusal | None:
        if situation.actor.office == Office.RESIDENT:
            if self.evidence is None:
                return None
            return Unacceptable(
                "evidence_of_oneself",
                "whoever speaks for themselves needs no evidence of it",
                "no evidence",
                "evidence",
            )
        if self.evidence is not None:
            return None
        return Unacceptable(
            "evidence_missing",
            "an office says how it knows what the subject wants",
            " or ".join(Evidence),
            "evidence",
        )


class ConsentGiven(ConsentEvent):
    """The subject agrees to one use of its data; silence is no consent.

    For a child under 14 a parent or other guardian agrees.
    """

    kind = "consent_given"
    term = "同意处理个人信息"
    proposers = TAKEN_DOWN_BY
    example = {
        "subject": "request:request-2026-0412",
        "purpose": "be_called_back",
        "evidence": "call",
    }

    under_14: bool = False
    """Whether the subject is a child under 14."""
    guardian: PersonalName | None = None
    """The parent or other guardian who agrees; for a child under 14 and for nobody else."""

    model_config = ConfigDict(
        json_schema_extra={"allOf": [_FIELD_OF_AN_EVENT, _GUARDIAN_OF_A_CHILD]}
    )

    @model_validator(mode="after")
    def _guardian_of_a_child(self) -> Self:
        if (self.guardian is not None) != self.under_14:
            raise ValueError("guardian is given for a child under 14, and for nobody else")
        return self

    def decide(self, situation: Situation) -> Refusal | None:
        found = self.agreeable(situation)
        if not isinstance(found, Privacy):
            return found
        if not _is_in_force(situation, self.subject, self.consent, found):
            return None
        return WrongState(
            "consent_given_already",
            f"{self.subject} has agreed to {self.purpose}",
            "what it has not agreed to, or has withdrawn",
            "purpose",
        )


class ConsentWithdrawn(ConsentEvent):
    """The subject no longer agrees: as easily as it gave the consent, and for no reason.

    What was done before stays lawful; what is shown by this consent is shown no more.
    """

    kind = "consent_withdrawn"
    term = "撤回同意"
    proposers = TAKEN_DOWN_BY
    example = {
        "subject": "account:93e1b7d4-05c2-4a6e-b1f8-7d2c40a9e635",
        "purpose": "take_part_in_ranking",
        "evidence": "window",
    }

    def decide(self, situation: Situation) -> Refusal | None:
        found = self.agreeable(situation)
        if not isinstance(found, Privacy):
            return found
        if not _is_in_force(situation, self.subject, self.consent, found):
            return WrongState(
                "no_such_consent",
                f"{self.subject} has not agreed to {self.purpose}",
                "a consent that is in force",
                "purpose",
            )
        since = dict(found.given).get(self.consent)
        return precedes(since) if since and situation.precedes(since) else None


def has_agreed(situation: Situation, subject: str, purpose: Purpose) -> bool:
    """Whether a subject's consent to a purpose is in force; the boundary has the subject's tag and
    that of its `privacy:`."""
    found: Privacy = situation.state(f"privacy:{subject}") or Privacy()
    return not found.is_erased and _is_in_force(situation, subject, Consent(purpose.value), found)


def _is_in_force(situation: Situation, subject: str, consent: Consent, found: Privacy) -> bool:
    if consent in dict(found.given):
        return True
    if consent in found.withdrawn:
        return False
    known = situation.state(subject)
    return isinstance(known, Account) and consent.purpose in agreed_on_opening(
        masked_name=known.shows_masked_name, ranking=known.takes_part_in_ranking
    )


def agreed_on_opening(*, masked_name: bool, ranking: bool) -> tuple[Purpose, ...]:
    """What the opening of an account gives consent to, by the two answers that it asks for."""
    return (
        *((Purpose.SHOW_MASKED_NAME,) if masked_name else ()),
        *((Purpose.TAKE_PART_IN_RANKING,) if ranking else ()),
    )


def evolve_consent(state: Privacy | None, tag: str, recorded: Recorded) -> Privacy:
    """What holds for a subject after one more consent, or one less."""
    privacy, event = state or Privacy(), recorded.event
    if not isinstance(event, ConsentEvent):
        return privacy
    given = tuple(one for one in privacy.given if one[0] != event.consent)
    withdrawn = tuple(one for one in privacy.withdrawn if one != event.consent)
    if isinstance(event, ConsentGiven):
        given = (*given, (event.consent, recorded.occurred_at))
    else:
        withdrawn = (*withdrawn, event.consent)
    return privacy._replace(given=given, withdrawn=withdrawn)


KINDS = (ConsentGiven, ConsentWithdrawn)
FOLDS: Folds = {"privacy": (evolve_consent, KINDS)}
