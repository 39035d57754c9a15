"""Acts on personal data in the test town on paper: who does them, each in a usual form."""

from __future__ import annotations

from typing import Any

from ledger.catalogue import KINDS
from ledger.domain.love_bank.accounts import AccountOpened, HolderType
from ledger.domain.privacy.consent import Evidence, Purpose
from ledger.domain.privacy.erasure import ErasureBasis, HoldBasis
from ledger.domain.privacy.subjects import Consent, Privacy
from ledger.event import Actor, Event
from ledger.proposal import Proposal
from tests.paper_ledger import PaperLedger
from tests.request_acts import CASE
from tests.town import COMMITTEE, HOTLINE, TOWN_CLERK

SUBJECT = f"request:{CASE}"
ACCOUNT = "account:account-1"
HOLDER = Actor("resident", "committee-1", "holder-1")
"""Holds the account of `opened()`."""
IDENTITY = Actor("resident", "hotline", "identity-1")
"""One person under the id that joins the contexts."""
_USUALLY: dict[str, tuple[dict[str, Any], Actor]] = {
    "consent_given": ({"purpose": Purpose.BE_CALLED_BACK, "evidence": Evidence.CALL}, HOTLINE),
    "consent_withdrawn": ({"purpose": Purpose.BE_CALLED_BACK, "evidence": Evidence.CALL}, HOTLINE),
    "access_requested": ({}, HOTLINE),
    "personal_data_corrected": (
        {
            "event": "event-1",
            "of_kind": "request_filed",
            "field": "telephone",
            "contact": "（本人电话）",
        },
        HOTLINE,
    ),
    "personal_data_erased": (
        {"basis": ErasureBasis.REQUEST, "legal_reference": "个人信息保护法第四十七条"},
        TOWN_CLERK,
    ),
    "legal_hold_placed": ({"basis": HoldBasis.ARCHIVES}, TOWN_CLERK),
    "legal_hold_released": ({"basis": HoldBasis.ARCHIVES}, TOWN_CLERK),
}
ALL_ACTS = tuple(_USUALLY)
OF_RESIDENTS = ALL_ACTS[:4]
"""The acts that a subject has itself."""


def done(kind: str, actor: Actor | None = None, subject: str = SUBJECT, **body: Any) -> Proposal:
    """The act, by whoever usually does it; who speaks for themselves brings no evidence."""
    usually, by_whom = _USUALLY[kind]
    who = actor or by_whom
    cls: Any = KINDS[kind]
    said = {name: one for name, one in usually.items() if name != "evidence"}
    event: Event = cls(
        subject=subject, **{**(said if who.office == "resident" else usually), **body}
    )
    return Proposal(event, who)


def opened(**body: Any) -> Proposal:
    """An account of the holder."""
    usually = {"account": "account-1", "holder_type": HolderType.PERSON, "holder": "holder-1"}
    return Proposal(AccountOpened(**{**usually, **body}), COMMITTEE)


def privacy(paper: PaperLedger, subject: str = SUBJECT) -> Privacy:
    """What the ledger has folded about a subject."""
    found: Privacy = paper.states[f"privacy:{subject}"]
    return found


def agreed(paper: PaperLedger, subject: str = SUBJECT) -> list[Consent]:
    """The consents in force that were given by acts of their own."""
    return [consent for consent, _ in privacy(paper, subject).given]
