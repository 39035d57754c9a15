"""Disclosures on paper: the figures of February 2026, prepared, reviewed and published."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

from ledger.decision import Office
from ledger.domain.disclosure.corrections import (
    DisclosureCorrected,
    DisclosureWithdrawn,
    Ground,
    Withdrawal,
)
from ledger.domain.disclosure.disclosure_objections import (
    About,
    DisclosureObjectionDecided,
    DisclosureObjectionRaised,
    Leak,
    LeakReported,
)
from ledger.domain.disclosure.disclosures import (
    Disclosure,
    DisclosurePrepared,
    DisclosurePublished,
    DisclosureReviewed,
    Fixed,
    Regime,
)
from ledger.domain.town.people import AppointmentMade
from ledger.event import Actor
from ledger.proposal import Proposal
from tests.paper_ledger import PaperLedger
from tests.request_acts import town
from tests.town import COMMITTEE, COUNTY, FOUNDER, RESIDENT, SECRETARY, TOWN_CLERK

DISCLOSURE = "disclosure-1"
AS_OF = datetime(2026, 2, 28, 16, tzinfo=UTC)
"""Midnight in Shanghai: the first moment after February."""
PREPARED = datetime(2026, 3, 2, 2, tzinfo=UTC)
LATER = PREPARED + timedelta(days=1)
LAST = PREPARED + timedelta(days=2)
TOWN_CLERK_B = Actor("clerk_b", "government", "p-town-clerk-b")
OTHER_RESIDENT = RESIDENT._replace(principal="requester-9")
Body = dict[str, Any]


def digest(text: str) -> str:
    """Some digest that differs for every text."""
    return sha256(text.encode()).hexdigest()


def figures(text: str = "first", **changes: Any) -> Body:
    """What is fixed: figures that differ for every text, of a log of five events."""
    body: Body = {
        "period": "2026-02",
        "as_of": AS_OF,
        "size": 5,
        "root": digest("root"),
        **{
            name: Fixed(version=1, rows=digest(f"{name} rows {text}"), figures=digest(name + text))
            for name in ("project", "process", "evaluation")
        },
    }
    return {**body, **changes}


@cache
def _town() -> PaperLedger:
    office = AppointmentMade(
        principal=TOWN_CLERK_B.principal, organisation="government", office=Office.CLERK_B
    )
    head = AppointmentMade(principal="p-head-2", organisation="committee-2", office=Office.CLERK_A)
    paper = town(Proposal(office, FOUNDER), Proposal(head, FOUNDER))
    # Late enough for all that the tests claim.
    paper.at = datetime(2026, 4, 20, 2, tzinfo=UTC)
    return paper


COMMITTEE_2 = Actor("clerk_a", "committee-2", "p-head-2")


def disclosing(*proposals: Proposal) -> PaperLedger:
    """The town on paper, with a second clerk of the government, after these acts."""
    paper = _town().copy()
    paper.accept(*proposals)
    return paper


def prepared(actor: Actor = TOWN_CLERK, at: datetime | None = PREPARED, **changes: Any) -> Proposal:
    body: Body = {
        "disclosure": DISCLOSURE,
        "regime": Regime.GOVERNMENT_INFORMATION,
        "basis": "政府信息公开条例第二十条",
        "formed_on": date(2026, 3, 1),
        **figures(),
    }
    return Proposal(DisclosurePrepared(**{**body, **changes}), actor, at)


def of_community(actor: Actor = COMMITTEE, **changes: Any) -> Proposal:
    """The same by the committee of a community, about its part."""
    body: Body = {"regime": Regime.RESIDENTS_AFFAIRS, "community": "committee-1"}
    return prepared(actor, **{**body, **changes})


def reviewed(
    actor: Actor = TOWN_CLERK_B, at: datetime | None = PREPARED, **changes: Any
) -> Proposal:
    body: Body = {
        "disclosure": DISCLOSURE,
        "confidentiality_cleared": True,
        "privacy_cleared": True,
    }
    return Proposal(DisclosureReviewed(**{**body, **changes}), actor, at)


def published(
    actor: Actor = TOWN_CLERK, at: datetime | None = PREPARED, **changes: Any
) -> Proposal:
    body: Body = {"disclosure": DISCLOSURE, **figures()}
    return Proposal(DisclosurePublished(**{**body, **changes}), actor, at)


def corrected(actor: Actor = TOWN_CLERK, at: datetime | None = LAST, **changes: Any) -> Proposal:
    body: Body = {
        "disclosure": DISCLOSURE,
        "ground": Ground.ERROR_FOUND,
        "changed": "补计三件诉求",
        **figures("second"),
    }
    return Proposal(DisclosureCorrected(**{**body, **changes}), actor, at)


def withdrawn(actor: Actor = TOWN_CLERK, at: datetime | None = LAST, **changes: Any) -> Proposal:
    body: Body = {"disclosure": DISCLOSURE, "reason": Withdrawal.PERSONAL}
    return Proposal(DisclosureWithdrawn(**{**body, **changes}), actor, at)


def objected(
    actor: Actor = OTHER_RESIDENT, at: datetime | None = LATER, **changes: Any
) -> Proposal:
    body: Body = {
        "objection": "objection-1",
        "disclosure": DISCLOSURE,
        "about": About.PROCESS,
        "reason": "少计三件",
    }
    return Proposal(DisclosureObjectionRaised(**{**body, **changes}), actor, at)


def decided(actor: Actor = COUNTY, at: datetime | None = LATER, **changes: Any) -> Proposal:
    body: Body = {
        "objection": "objection-1",
        "disclosure": DISCLOSURE,
        "is_upheld": True,
        "reason": "属实",
    }
    return Proposal(DisclosureObjectionDecided(**{**body, **changes}), actor, at)


def leak(actor: Actor = SECRETARY, at: datetime | None = LATER, **changes: Any) -> Proposal:
    body: Body = {"leak": "leak-1", "disclosure": DISCLOSURE, "leaks": Leak.PERSONAL}
    return Proposal(LeakReported(**{**body, **changes}), actor, at)


def out() -> list[Proposal]:
    """A disclosure from its preparation to its publication."""
    return [prepared(), reviewed(), published()]


def second_draft() -> list[Proposal]:
    """Other figures for the same, prepared and reviewed."""
    anew = prepared(at=LATER, **figures("second"), formed_on=date(2026, 3, 3))
    return [anew, reviewed(at=LATER)]


def state(paper: PaperLedger) -> Disclosure:
    found: Disclosure = paper.states[f"disclosure:{DISCLOSURE}"]
    return found
