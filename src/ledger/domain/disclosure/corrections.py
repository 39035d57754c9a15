"""Corrections and withdrawals of a disclosure: what was fixed stays on the record beside them."""

from __future__ import annotations

from enum import StrEnum

from ledger.decision import OrganisationType, Situation
from ledger.domain.disclosure.disclosures import (
    BY_DISCLOSER,
    Disclosure,
    DisclosurePrepared,
    OfDisclosure,
    WithFigures,
    of_another_body,
)
from ledger.domain.requests.dispatching import BY_COUNTY
from ledger.domain.town.organisations import Organisation
from ledger.event import Folds, Id, Line, Recorded
from ledger.refusals import Refusal, Unacceptable


class Ground(StrEnum):
    """Why published figures are corrected."""

    OBJECTION_UPHELD = "objection_upheld"
    """异议成立"""
    ERROR_FOUND = "error_found"
    """自行发现错误"""
    RECORDED_LATER = "recorded_later"
    """补录: what belongs to the period came into the log after its figures were made."""


class Withdrawal(StrEnum):
    """Why readers see the figures no more."""

    CONFIDENTIAL = "confidential"
    """涉密"""
    PERSONAL = "personal"
    """涉及个人信息"""
    ISSUED_IN_ERROR = "issued_in_error"
    """误发"""


class DisclosureCorrected(WithFigures):
    """更正: other figures, reviewed like the first, stand beside those that were published."""

    kind = "disclosure_corrected"
    term = "公开更正"
    proposers = (BY_DISCLOSER,)
    example = {
        **{name: DisclosurePrepared.example[name] for name in WithFigures.model_fields},
        "ground": "objection_upheld",
        "objection": "0c7a5b92-4d1e-4f63-9a28-5be1c07d3f46",
        "changed": "补计二月二十七日办结的三件诉求",
    }

    ground: Ground
    """Why."""
    objection: Id | None = None
    """The objection that was upheld, where that is the ground."""
    changed: Line
    """What changed, for readers."""

    def decide(self, situation: Situation) -> Refusal | None:
        found = self.published(situation)
        if not isinstance(found, Disclosure):
            return found
        return (
            of_another_body(situation, found)
            or self._without_ground(found)
            or self.not_as_reviewed(found)
            or self._unchanged(found)
        )

    def _without_ground(self, found: Disclosure) -> Refusal | None:
        if self.ground is not Ground.OBJECTION_UPHELD:
            if self.objection is None:
                return None
            return Unacceptable(
                "objection_without_its_ground",
                f"an objection is named, and the ground is {self.ground}",
                f"no objection, or the ground {Ground.OBJECTION_UPHELD}",
                "objection",
            )
        if self.objection in found.upheld:
            return None
        return Unacceptable(
            "objection_not_upheld",
            "no objection of this id was upheld against it",
            " or ".join(sorted(found.upheld)) or f"another ground than {self.ground}",
            "objection",
        )

    def _unchanged(self, found: Disclosure) -> Refusal | None:
        # Of another moment the rows differ always: what readers are told are the figures.
        if found.published is None or self.fixed.shown != found.published.shown:
            return None
        return Unacceptable(
            "nothing_changed",
            "the figures are those that are published",
            "figures of which one differs",
            "evaluation",
        )


class DisclosureWithdrawn(OfDisclosure):
    """撤回: the figures are shown no more; that they were, and their digests, stay."""

    kind = "disclosure_withdrawn"
    term = "公开撤回"
    proposers = (BY_DISCLOSER, BY_COUNTY)
    example = {"disclosure": "government-2026-02", "reason": "personal"}

    reason: Withdrawal
    """Why."""

    def decide(self, situation: Situation) -> Refusal | None:
        found = self.published(situation)
        if not isinstance(found, Disclosure):
            return found
        acting: Organisation = situation.state(f"organisation:{situation.actor.organisation}")
        if acting.type is OrganisationType.COUNTY_OFFICE:
            return None
        return of_another_body(situation, found, town_may=True)


def evolve_disclosure(state: Disclosure | None, tag: str, recorded: Recorded) -> Disclosure | None:
    """The disclosure after it was corrected or withdrawn."""
    if state is None:
        return None
    hands, when = state.hands | {recorded.actor.principal}, recorded.occurred_at
    match recorded.event:
        case DisclosureCorrected() as event:
            return state._replace(latest=when, draft=None, published=event.fixed, hands=hands)
        case DisclosureWithdrawn():
            return state._replace(latest=when, draft=None, is_withdrawn=True)
    return state


KINDS = (DisclosureCorrected, DisclosureWithdrawn)
FOLDS: Folds = {"disclosure": (evolve_disclosure, KINDS)}
