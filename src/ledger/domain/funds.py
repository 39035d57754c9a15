"""The town's money (经费): appropriated to a line of a community's year, committed, spent, audited.

Money is in fen. What is appropriated can be committed to projects, what is committed can be spent
for them on a voucher, and nothing is there twice: appropriated = uncommitted + committed + spent +
returned, and none of them is ever negative, at whatever time one looks.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from ledger.decision import Office, OrganisationType, Situation, standing
from ledger.domain.attachments import Attachment, voucher_tag
from ledger.domain.dispatching import BY_COUNTY
from ledger.domain.organisations import (
    BY_TOWN_OFFICE,
    COMMUNITIES,
    Organisation,
    foreign_community,
    unknown_organisation,
)
from ledger.domain.requests import BY_COMMUNITY, CLERKS, precedes
from ledger.event import MAX_INTEGER, Count, Event, Folds, Id, Line, Recorded, mint_id
from ledger.refusals import Forbidden, Refusal, Unacceptable, UnknownReference, WrongState

MAX_AMOUNT_FEN = 10**12
"""Ten thousand million yuan: more than a town has, and sums of it stay exact."""
AmountFen = Annotated[int, Field(ge=1, le=MAX_AMOUNT_FEN)]
Year = Annotated[int, Field(ge=2000, le=2100)]

_SPENDERS = (BY_COMMUNITY, BY_TOWN_OFFICE)
_AUDITORS = (
    standing(
        (Office.SECRETARY, Office.COMMITTEE_MEMBER, *CLERKS), OrganisationType.RESIDENTS_SUPERVISION
    ),
    BY_TOWN_OFFICE,
    BY_COUNTY,
)


class BudgetLine(StrEnum):
    """What a community's money is for."""

    ACTIVITY = "activity"
    """活动经费"""
    PARTY_WORK = "party_work"
    """党建工作经费"""
    ALLOWANCE = "allowance"
    """专职干部补贴, as a sum: nobody's pay is told."""


class Finding(StrEnum):
    """What an audit came to."""

    IN_ORDER = "in_order"
    """账实相符"""
    IRREGULAR = "irregular"
    """发现问题"""


class Budget(NamedTuple):
    """One line of a community's year; appropriated is the sum of the four that follow it."""

    community: str
    year: int
    line: BudgetLine
    latest: datetime
    """The last posting's claimed time: no money leaves before it."""
    appropriated_fen: int = 0
    uncommitted_fen: int = 0
    committed_fen: int = 0
    """Committed, and neither spent nor returned."""
    spent_fen: int = 0
    returned_fen: int = 0
    appropriated_by: frozenset[str] = frozenset()
    """The principals who appropriated."""
    used_by: frozenset[str] = frozenset()
    """The principals, and their organisations, who committed, spent or returned."""


class Commitment(NamedTuple):
    """What was set aside for a project."""

    budget: str
    project: str
    left_fen: int
    committed_by: str


class BudgetEvent(Event):
    """What all acts on a budget line have in common."""

    budget: Id
    """The line of a community's year, by the id that its first appropriation gave it."""

    def tags(self) -> tuple[str, ...]:
        return (f"budget:{self.budget}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        known: Budget | None = state(f"budget:{self.budget}")
        whose = () if known is None else (f"organisation:{known.community}",)
        return (*self.tags(), *whose)

    def known_budget(self, situation: Situation) -> Budget | Refusal:
        """The line as it stands, or why this actor may take nothing from it."""
        found: Budget | None = situation.state(f"budget:{self.budget}")
        if found is None:
            return UnknownReference(
                "unknown_budget",
                f"budget {self.budget} is not in this ledger",
                "a line to which fund_appropriated gave money",
                "budget",
            )
        return foreign_community(situation, found.community, "budget") or found


class FundAppropriated(BudgetEvent):
    """拨款: money is given to a line of a community's year, by a document, once or again."""

    kind = "fund_appropriated"
    term = "经费拨付"
    proposers = (BY_TOWN_OFFICE, BY_COUNTY)
    creates = ("budget", "budget")
    example = {
        "budget": "budget-riverside-2026-activity",
        "community": "branch-riverside",
        "year": 2026,
        "line": "activity",
        "amount_fen": 1_000_000,
        "document": "镇财〔2026〕3号",
    }

    budget: Id = Field(default_factory=mint_id)
    """The line's id; that of one that is there, to give it more."""
    community: Id
    """Whose budget it is: the body under which its community is counted."""
    year: Year
    """The budget's year."""
    line: BudgetLine
    """What the money is for."""
    amount_fen: AmountFen
    """How much; 10,000 yuan are 1,000,000 fen."""
    document: Line
    """The number of the document that gives it."""

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*self.tags(), f"organisation:{self.community}")

    def continues(self, existing: Any) -> bool:
        """More may be given to the same line of the same community's year."""
        own = (self.community, self.year, self.line)
        return isinstance(existing, Budget) and existing[:3] == own

    def decide(self, situation: Situation) -> Refusal | None:
        unknown = unknown_organisation(situation, self.community, "community", *COMMUNITIES)
        if unknown:
            return unknown
        body: Organisation = situation.state(f"organisation:{self.community}")
        above = body.community_at(situation.at)
        if above is not None:
            return Unacceptable(
                "counted_under_another",
                f"{self.community} is counted under {above}",
                f"{above}, so that the community has one budget",
                "community",
            )
        known: Budget | None = situation.state(f"budget:{self.budget}")
        if known and known.appropriated_fen + self.amount_fen > MAX_INTEGER:
            return Unacceptable(
                "beyond_exact_sums", "the line's sum would not be exact", "less", "amount_fen"
            )
        return None


class FundCommitted(BudgetEvent):
    """列支: money of a line is set aside for a project."""

    kind = "fund_committed"
    term = "经费列支"
    proposers = _SPENDERS
    creates = ("commitment", "commitment")
    example = {
        "commitment": "commitment-2026-0011",
        "budget": "budget-riverside-2026-activity",
        "project": "project-reading-room",
        "amount_fen": 300_000,
    }

    commitment: Id = Field(default_factory=mint_id)
    """The commitment's id, by which it is spent."""
    project: Id
    """What it is set aside for."""
    amount_fen: AmountFen
    """How much, up to what of the line is not committed."""

    def tags(self) -> tuple[str, ...]:
        return (
            f"budget:{self.budget}",
            f"commitment:{self.commitment}",
            f"project:{self.project}",
        )

    def boundary(self, state: Any) -> tuple[str, ...]:
        # No rule looks at the project, whose history has no end.
        read = super().boundary(state)
        return tuple(tag for tag in read if not tag.startswith("project:"))

    def decide(self, situation: Situation) -> Refusal | None:
        budget = self.known_budget(situation)
        if not isinstance(budget, Budget):
            return budget
        return _leaving(situation, budget, self.amount_fen, budget.uncommitted_fen)


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
    proposers = _SPENDERS
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
        return _leaving(situation, budget, self.amount_fen, commitment.left_fen)


class FundReturned(OfCommitment):
    """退回: a commitment's rest goes back to its line, or a line's rest to whoever gave it."""

    kind = "fund_returned"
    term = "经费退回"
    proposers = _SPENDERS
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
            return _leaving(situation, budget, self.amount_fen, budget.uncommitted_fen)
        commitment = self.commitment_of(situation, self.commitment)
        if not isinstance(commitment, Commitment):
            return commitment
        return _leaving(situation, budget, self.amount_fen, commitment.left_fen)


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


def _leaving(situation: Situation, budget: Budget, wanted: int, there: int) -> Refusal | None:
    if wanted > there:
        return WrongState(
            "beyond_what_is_left",
            f"{wanted} fen asked, {there} there",
            f"at most {there} fen" if there else "nothing more: all of it is used",
            "amount_fen",
        )
    return precedes(budget.latest) if situation.precedes(budget.latest) else None


def evolve_budget(state: Budget | None, tag: str, recorded: Recorded) -> Budget | None:
    """The line after one more posting."""
    when, actor = recorded.occurred_at, recorded.actor
    if isinstance(recorded.event, FundAppropriated):
        amount = recorded.event.amount_fen
        event = recorded.event
        budget = state or Budget(event.community, event.year, event.line, when)
        return budget._replace(
            latest=max(budget.latest, when),
            appropriated_fen=budget.appropriated_fen + amount,
            uncommitted_fen=budget.uncommitted_fen + amount,
            appropriated_by=budget.appropriated_by | {actor.principal},
        )
    if state is None:
        return None
    used_by = state.used_by | {actor.principal, actor.organisation}
    left = state._replace(latest=when, used_by=used_by)
    match recorded.event:
        case FundCommitted(amount_fen=amount):
            return left._replace(
                uncommitted_fen=left.uncommitted_fen - amount,
                committed_fen=left.committed_fen + amount,
            )
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
    """The commitment after one more act on it."""
    match recorded.event:
        case FundCommitted() as event:
            by = recorded.actor.principal
            return Commitment(event.budget, event.project, event.amount_fen, by)
        case FundSpent(amount_fen=amount) | FundReturned(amount_fen=amount) if state:
            return state._replace(left_fen=state.left_fen - amount)
    return state


def evolve_payment(state: str | None, tag: str, recorded: Recorded) -> str | None:
    """The payment of a payment's id, and that of a voucher."""
    match recorded.event:
        case FundSpent(payment=payment):
            return payment
    return state


KINDS = (FundAppropriated, FundCommitted, FundSpent, FundReturned, FundAudited)
FOLDS: Folds = {
    "budget": (evolve_budget, (FundAppropriated, FundCommitted, FundSpent, FundReturned)),
    "commitment": (evolve_commitment, (FundCommitted, FundSpent, FundReturned)),
    "payment": (evolve_payment, (FundSpent,)),
    "voucher": (evolve_payment, (FundSpent,)),
}
