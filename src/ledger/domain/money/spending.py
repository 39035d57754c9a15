"""Spending (经费支出): committed money is paid on vouchers, its rest returned, all of it audited.

No posting takes more than `ledger.domain.money.budgets` says is there.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from ledger.decision import Office, OrganisationType, Situation, standing
from ledger.domain.documents.attachments import Attachment, voucher_tag
from ledger.domain.money.budgets import (
    SPENDERS,
    AmountFen,
    Budget,
    BudgetEvent,
    Commitment,
    leaving,
    used,
)
from ledger.domain.requests.dispatching import BY_COUNTY
from ledger.domain.requests.requests import CLERKS, precedes
from ledger.domain.town.organisations import BY_TOWN_OFFICE
from ledger.event import Count, Folds, Id, Recorded, mint_id
from ledger.refusals import Forbidden, Refusal, Unacceptable, UnknownReference, WrongState

_AUDITORS = (
    standing(
        (Office.SECRETARY, Office.COMMITTEE_MEMBER, *CLERKS), OrganisationType.RESIDENTS_SUPERVISION
    ),
    BY_TOWN_OFFICE,
    BY_COUNTY,
)


class Finding(StrEnum):
    """What an audit came to."""

    IN_ORDER = "in_order"
    """账实相符"""
    IRREGULAR = "irregular"
    """发现问题"""


class OfCommitment(BudgetEvent):
    """What spending and returning have in common."""

    def commitment_of(self, situation: Situation, identity: str) -> Commitment | Refusal:
        """The commitment, or the refusal where it is none of this line."""
        found: Commitment | None = situation.state(f"commitment:{identity}")
        if found is None or found.budget != self.budget:
            return UnknownReference(
                "unknown_commitment",
                f"commitment {identity} is none of this line",
                "a commitment of this budget line",
                "commitment",
            )
        return found


class FundSpent(OfCommitment):
    """支出: committed money is paid on a voucher, by somebody else than who committed it."""

    kind = "fund_spent"
    term = "经费支出"
    proposers = SPENDERS
    creates = ("payment", "payment")
    example = {
        "payment": "payment-2026-0017",
        "budget": "budget-riverside-2026-activity",
        "commitment": "commitment-2026-0011",
        "amount_fen": 120_000,
        "spent_on": "books",
        "voucher": {
            "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "size_bytes": 48_213,
            "media_type": "application/pdf",
        },
    }

    payment: Id = Field(default_factory=mint_id)
    """The payment's id."""
    commitment: Id
    """The commitment from which it is paid."""
    amount_fen: AmountFen
    """How much, up to what is left of the commitment."""
    spent_on: Id
    """What was paid for, in a code of the town's own, such as books."""
    voucher: Attachment
    """The voucher that proves it; one voucher proves one payment."""

    def tags(self) -> tuple[str, ...]:
        return (
            f"budget:{self.budget}",
            f"commitment:{self.commitment}",
            f"payment:{self.payment}",
            voucher_tag(self.voucher),
        )

    def concerns(self, situation: Situation) -> tuple[str, ...]:
        """The project for which it was set aside."""
        commitment: Commitment = situation.state(f"commitment:{self.commitment}")
        return (f"project:{commitment.project}",)

    def decide(self, situation: Situation) -> Refusal | None:
        budget = self.known_budget(situation)
        if not isinstance(budget, Budget):
            return budget
        commitment = self.commitment_of(situation, self.commitment)
        if not isinstance(commitment, Commitment):
            return commitment
        if situation.actor.principal == commitment.committed_by:
            return Forbidden(
                "own_commitment",
                "nobody pays from their own commitment",
                "another principal of the office",
            )
        proved: str | None = situation.state(voucher_tag(self.voucher))
        if proved is not None:
            return WrongState(
                "voucher_used",
                f"this voucher proves payment {proved}",
                "a voucher that no payment has named",
                "voucher",
            )
        return leaving(situation, budget, self.amount_fen, commitment.left_fen)


class FundReturned(OfCommitment):
    """退回: a commitment's rest goes back to its line, or a line's rest to whoever gave it."""

    kind = "fund_returned"
    term = "经费退回"
    proposers = SPENDERS
    example = {
        "budget": "budget-riverside-2026-activity",
        "commitment": "commitment-2026-0011",
        "amount_fen": 180_000,
    }

    commitment: Id | None = None
    """Whose rest goes back to the line; absent: the line's rest goes back to the giver."""
    amount_fen: AmountFen
    """How much, up to what is left there."""

    def tags(self) -> tuple[str, ...]:
        own = (f"budget:{self.budget}",)
        return own if self.commitment is None else (*own, f"commitment:{self.commitment}")

    def decide(self, situation: Situation) -> Refusal | None:
        budget = self.known_budget(situation)
        if not isinstance(budget, Budget):
            return budget
        if self.commitment is None:
            return leaving(situation, budget, self.amount_fen, budget.uncommitted_fen)
        commitment = self.commitment_of(situation, self.commitment)
        if not isinstance(commitment, Commitment):
            return commitment
        return leaving(situation, budget, self.amount_fen, commitment.left_fen)


class FundAudited(BudgetEvent):
    """审计: somebody who had no hand in a line counts its payments and says what they found."""

    kind = "fund_audited"
    term = "经费审计"
    proposers = _AUDITORS
    example = {
        "budget": "budget-riverside-2026-activity",
        "counted_fen": 120_000,
        "finding": "in_order",
        "report": {
            "digest": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
            "size_bytes": 20_480,
            "media_type": "application/pdf",
        },
    }

    counted_fen: Count
    """What the vouchers that were looked at add up to."""
    finding: Finding
    """In order only where the ledger has spent what was counted."""
    report: Attachment
    """The report."""

    def decide(self, situation: Situation) -> Refusal | None:
        budget = self.known_budget(situation)
        if not isinstance(budget, Budget):
            return budget
        actor = situation.actor
        if {actor.principal, actor.organisation} & budget.used_by or (
            actor.principal in budget.appropriated_by
        ):
            return Forbidden(
                "own_accounts",
                f"{actor.principal} or {actor.organisation} had a hand in this line",
                "a body that neither committed nor spent, and somebody who gave nothing to it",
            )
        if situation.precedes(budget.latest):
            return precedes(budget.latest)
        if self.finding is Finding.IN_ORDER and self.counted_fen != budget.spent_fen:
            return Unacceptable(
                "counts_differ",
                f"{self.counted_fen} fen counted, {budget.spent_fen} fen spent",
                f"{budget.spent_fen} fen, or the finding {Finding.IRREGULAR}",
                "counted_fen",
            )
        return None


def evolve_budget(state: Budget | None, tag: str, recorded: Recorded) -> Budget | None:
    """The line after a payment or a return."""
    if state is None:
        return None
    left = used(state, recorded)
    match recorded.event:
        case FundSpent(amount_fen=amount):
            return left._replace(
                committed_fen=left.committed_fen - amount, spent_fen=left.spent_fen + amount
            )
        case FundReturned(amount_fen=amount, commitment=None):
            return left._replace(
                uncommitted_fen=left.uncommitted_fen - amount,
                returned_fen=left.returned_fen + amount,
            )
        case FundReturned(amount_fen=amount):
            return left._replace(
                committed_fen=left.committed_fen - amount,
                uncommitted_fen=left.uncommitted_fen + amount,
            )
    return state


def evolve_commitment(state: Commitment | None, tag: str, recorded: Recorded) -> Commitment | None:
    """What is left of the commitment after a payment or a return."""
    match recorded.event:
        case FundSpent(amount_fen=amount) | FundReturned(amount_fen=amount) if state:
            return state._replace(left_fen=state.left_fen - amount)
    return state


def evolve_payment(state: str | None, tag: str, recorded: Recorded) -> str | None:
    """The payment of a payment's id, and that of a voucher."""
    match recorded.event:
        case FundSpent(payment=payment):
            return payment
    return state


KINDS = (FundSpent, FundReturned, FundAudited)
FOLDS: Folds = {
    "budget": (evolve_budget, (FundSpent, FundReturned)),
    "commitment": (evolve_commitment, (FundSpent, FundReturned)),
    "payment": (evolve_payment, (FundSpent,)),
    "voucher": (evolve_payment, (FundSpent,)),
}
