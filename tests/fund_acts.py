"""The acts on a line of a community's money in the test town, and how the line stands."""

from __future__ import annotations

from itertools import count
from typing import Any

from ledger.domain.documents.attachments import Attachment
from ledger.domain.money.budgets import Budget, BudgetLine, FundAppropriated, FundCommitted
from ledger.domain.money.spending import Finding, FundAudited, FundReturned, FundSpent
from ledger.event import Actor
from ledger.proposal import Proposal
from tests.paper_ledger import PaperLedger
from tests.town import COMMITTEE, COUNTY, SECRETARY, TOWN_CLERK

LINE: dict[str, Any] = {"budget": "budget-1"}
GIVEN: dict[str, Any] = {
    **LINE, "community": "branch-1", "year": 2026, "line": BudgetLine.ACTIVITY,
}  # fmt: skip
_NUMBERS = count(1)
"""Of the documents: each gives once."""
BUDGET = "budget:budget-1"
REPORT = Attachment(digest="e" * 64, size_bytes=1, media_type="application/pdf")


def appropriated(
    amount_fen: int = 1_000_000, actor: Actor = TOWN_CLERK, **changes: Any
) -> Proposal:
    """Money given to the line of the first community."""
    body = {**GIVEN, "document": f"镇财〔2026〕{next(_NUMBERS)}号", **changes}
    return Proposal(FundAppropriated(amount_fen=amount_fen, **body), actor)


def committed(
    amount_fen: int = 300_000, actor: Actor = SECRETARY, commitment: str = "c-1", **changes: Any
) -> Proposal:
    """Money of the line set aside for a project."""
    body = {**LINE, "project": "project-1", "commitment": commitment, **changes}
    return Proposal(FundCommitted(amount_fen=amount_fen, **body), actor)


def spent(
    amount_fen: int = 100_000,
    actor: Actor = COMMITTEE,
    voucher: int = 1,
    commitment: str = "c-1",
    **changes: Any,
) -> Proposal:
    """A payment from a commitment, on a voucher with this number as its digest."""
    attached = Attachment(digest=f"{voucher:064x}", size_bytes=9, media_type="image/jpeg")
    body = {**LINE, "commitment": commitment, "spent_on": "books", "voucher": attached, **changes}
    return Proposal(FundSpent(amount_fen=amount_fen, **body), actor)


def returned(
    amount_fen: int, commitment: str | None = None, actor: Actor = SECRETARY, **changes: Any
) -> Proposal:
    """A rest that goes back: a commitment's to the line, or the line's to the giver."""
    body = {**LINE, "commitment": commitment, **changes}
    return Proposal(FundReturned(amount_fen=amount_fen, **body), actor)


def audited(
    counted_fen: int, finding: Finding = Finding.IN_ORDER, actor: Actor = COUNTY
) -> Proposal:
    """What the county counted of the line."""
    body = {**LINE, "finding": finding, "report": REPORT}
    return Proposal(FundAudited(counted_fen=counted_fen, **body), actor)


def stands(paper: PaperLedger) -> tuple[int, int, int, int, int]:
    """Appropriated, uncommitted, committed, spent and returned, as the ledger folds them."""
    budget: Budget = paper.states[BUDGET]
    return (
        budget.appropriated_fen,
        budget.uncommitted_fen,
        budget.committed_fen,
        budget.spent_fen,
        budget.returned_fen,
    )
