"""Acts of the love bank in the test town on paper: who does them, each in a usual form."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from ledger.clocks import local_day
from ledger.decision import Office
from ledger.domain.love_bank.accounts import (
    Account,
    AccountClosed,
    AccountOpened,
    Closing,
    HolderType,
)
from ledger.domain.love_bank.deeds import DeedClaimed, DeedVerified
from ledger.domain.love_bank.objections import ObjectionAppealed, ObjectionRaised, ObjectionRuled
from ledger.domain.love_bank.points import (
    LovePointsAwarded,
    LovePointsDonated,
    LovePointsExpired,
    LovePointsExpiryNoticed,
    LovePointsReversed,
)
from ledger.domain.love_bank.publicity import PublicityOpened
from ledger.domain.love_bank.rewards import LovePointsRedeemed
from ledger.domain.town.people import AppointmentMade
from ledger.event import Actor
from ledger.proposal import Proposal
from tests.paper_ledger import PaperLedger
from tests.request_acts import town
from tests.town import (
    AWARDED_AT,
    COMMITTEE,
    COMMITTEE_B,
    FOUNDER,
    HOTLINE,
    REVIEWER,
    SECRETARY,
    TIMEKEEPER,
    TOWN_CLERK,
    accounts,
)

HOLDER = Actor("resident", "committee-1", "holder-1")
"""Holds the account of `opened()`."""
NEIGHBOUR = Actor("resident", "committee-1", "holder-2")
"""A resident whom no deed concerns."""
TODAY = date(2026, 3, 2)
"""The day in Shanghai on which the test town on paper begins."""
ENDS_ON = date(2028, 2, 2)
"""When the points of `accounts()` are to end."""
BAD_POINTS: tuple[Any, ...] = (0, -1, 2**53, 2**64, 1.5, 1.0, 1e300, "1", True, None)
"""None, fewer, too many, parts of one, and what is no number."""


@cache
def _banking() -> PaperLedger:
    return town(*accounts())


def bank(*proposals: Proposal) -> PaperLedger:
    """The test town with the accounts of `accounts()`, after these acts: account-1 with 20 points,
    account-2 with 5 left of 10, account-unit with none, and 995 pieces of soap for a point each."""
    paper = _banking().copy()
    paper.accept(*proposals)
    return paper


def account(paper: PaperLedger, identity: str = "account-1") -> Account:
    """The account as the ledger has folded it."""
    found: Account = paper.states[f"account:{identity}"]
    return found


def spendable(paper: PaperLedger, identity: str = "account-1") -> int:
    """The points that may leave the account now."""
    return account(paper, identity).spendable(local_day(paper.at))


def contested(paper: PaperLedger, deed: str = "deed-1") -> tuple[int, int]:
    """How many objections to a deed are open, and upheld."""
    found = paper.states[f"deed:{deed}"]
    return len(found.open), len(found.upheld)


def claiming(proposal: Proposal, at: datetime) -> Proposal:
    """The same, said to have happened then."""
    proposal.occurred_at = at
    return proposal


def earlier(proposal: Proposal, paper: PaperLedger, **before: int) -> Proposal:
    """The same, said to have happened so long before now."""
    return claiming(proposal, paper.at - timedelta(**before))


def opened(identity: str = "account-9", actor: Actor = COMMITTEE, **changes: Any) -> Proposal:
    """An account of the holder."""
    body = {"holder_type": HolderType.PERSON, "holder": HOLDER.principal, **changes}
    return Proposal(AccountOpened(account=identity, **body), actor)


def closed(identity: str, actor: Actor = COMMITTEE) -> Proposal:
    """The end of an account."""
    return Proposal(AccountClosed(account=identity, ground=Closing.AT_REQUEST), actor)


def claimed(identity: str = "account-1", actor: Actor = COMMITTEE, **changes: Any) -> Proposal:
    """An hour of help on the day before, as deed-9."""
    body = {
        "deed": "deed-9",
        "deed_category": "help",
        "done_on": TODAY - timedelta(days=1),
        "hours": 1,
        **changes,
    }
    return Proposal(DeedClaimed(account=identity, **body), actor)


def verified(actor: Actor = COMMITTEE_B, **changes: Any) -> Proposal:
    """Found true, with two witnesses and a spot check."""
    body = {
        "deed": "deed-9",
        "is_confirmed": True,
        "witnesses": (SECRETARY.principal, HOTLINE.principal),
        "spot_checked_by": REVIEWER.principal,
        **changes,
    }
    return Proposal(DeedVerified(**body), actor)


def shown(points: int = 5, actor: Actor = COMMITTEE, deed: str = "deed-9") -> Proposal:
    """Publicity of what it is to earn."""
    return Proposal(PublicityOpened(deed=deed, points=points), actor)


def award(
    points: int = 5, identity: str = "account-1", actor: Actor = COMMITTEE, **changes: Any
) -> Proposal:
    """award-9 for deed-9, on the day on which the town begins."""
    body = {
        "award": "award-9",
        "deed": "deed-9",
        "deed_category": "help",
        "expires_on": date(2028, 3, 2),
        **changes,
    }
    return Proposal(LovePointsAwarded(account=identity, points=points, **body), actor)


def raised(
    objection: str = "objection-1", deed: str = "deed-1", actor: Actor = NEIGHBOUR
) -> Proposal:
    """Somebody objects."""
    return Proposal(ObjectionRaised(objection=objection, deed=deed, reason="另有其人"), actor)


def ruled(
    is_upheld: bool,
    objection: str = "objection-1",
    deed: str = "deed-1",
    actor: Actor = TOWN_CLERK,
) -> Proposal:
    """The town's ruling."""
    event = ObjectionRuled(objection=objection, deed=deed, is_upheld=is_upheld, reason="已核对")
    return Proposal(event, actor)


def appealed(
    objection: str = "objection-1", deed: str = "deed-1", actor: Actor = NEIGHBOUR
) -> Proposal:
    """The one appeal."""
    return Proposal(ObjectionAppealed(objection=objection, deed=deed, reason="并非本人"), actor)


def reversed_(
    points: int = 20, actor: Actor = COMMITTEE_B, identity: str = "account-1", **changes: Any
) -> Proposal:
    """award-1 is taken back."""
    body = {
        "award": "award-1",
        "awarded_on": local_day(AWARDED_AT),
        "reason": "误记",
        **changes,
    }
    return Proposal(LovePointsReversed(account=identity, points=points, **body), actor)


def donated(points: int, identity: str = "account-1", actor: Actor = COMMITTEE) -> Proposal:
    """Points for the lonely old."""
    event = LovePointsDonated(account=identity, points=points, purpose="lonely-elders")
    return Proposal(event, actor)


def redeem(
    points: int, identity: str = "account-1", actor: Actor = COMMITTEE, **changes: Any
) -> Proposal:
    """Soap for so many points."""
    body = {"reward": "soap", "quantity": points, "points": points, **changes}
    return Proposal(LovePointsRedeemed(account=identity, **body), actor)


def noticed(
    points: int = 20,
    last_day: date = ENDS_ON,
    award: str = "award-1",
    identity: str = "account-1",
    actor: Actor = TIMEKEEPER,
) -> Proposal:
    """The holder is told when award-1 ends."""
    event = LovePointsExpiryNoticed(account=identity, award=award, points=points, last_day=last_day)
    return Proposal(event, actor)


def expired(
    points: int = 20,
    award: str = "award-1",
    identity: str = "account-1",
    actor: Actor = TIMEKEEPER,
) -> Proposal:
    """What is left of award-1 has ended."""
    return Proposal(LovePointsExpired(account=identity, award=award, points=points), actor)


def member_of(unit: str, actor: Actor = COMMITTEE_B) -> Proposal:
    """The same person serves a unit too."""
    event = AppointmentMade(principal=actor.principal, organisation=unit, office=Office.MEMBER)
    return Proposal(event, FOUNDER)
