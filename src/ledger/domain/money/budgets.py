"""Budgets (经费): money is appropriated to a line of a community's year and set aside for projects.

Money is in fen. What is appropriated can be committed to projects, what is committed can be spent
for them on a voucher, and nothing is there twice: appropriated = uncommitted + committed + spent +
returned, and none of them is ever negative, at whatever time one looks.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from ledger.decision import Situation
from ledger.domain.documents.documents import number_digest
from ledger.domain.requests.dispatching import BY_COUNTY
from ledger.domain.requests.requests import BY_COMMUNITY, precedes
from ledger.domain.town.organisations import (
    BY_TOWN_OFFICE,
    COMMUNITIES,
    Organisation,
    foreign_community,
    unknown_organisation,
)
from ledger.event import MAX_INTEGER, Event, Folds, Id, Line, Recorded, mint_id
from ledger.refusals import Refusal, Unacceptable, UnknownReference, WrongState

MAX_AMOUNT_FEN = 10**12
"""Ten thousand million yuan: more than a town has, and sums of it stay exact."""
AmountFen = Annotated[int, Field(ge=1, le=MAX_AMOUNT_FEN)]
FIRST_YEAR, LAST_YEAR = 2000, 2100
Year = Annotated[int, Field(ge=FIRST_YEAR, le=LAST_YEAR)]

SPENDERS = (BY_COMMUNITY, BY_TOWN_OFFICE)


class BudgetLine(StrEnum):
    """What a community's money is for."""

    ACTIVITY = "activity"
    """活动经费"""
    PARTY_WORK = "party_work"
    """党建工作经费"""
    ALLOWANCE = "allowance"
    """专职干部补贴, as a sum: nobody's pay is told."""


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
    version = 2
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
    upcasts = {1: lambda body: body}  # the tag of the document alone is new

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
    """The number of the document that gives it (发文字号); it gives to a line of a community's year
    once, and the digest of its number with these is a tag."""

    def tags(self) -> tuple[str, ...]:
        return (f"budget:{self.budget}", self._document_tag())

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*self.tags(), f"organisation:{self.community}")

    def _document_tag(self) -> str:
        line = (self.community, str(self.year), self.line)
        return f"fund_document:{number_digest(self.document, *line)}"

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
        named: str | None = situation.state(self._document_tag())
        if named is not None:
            return WrongState(
                "document_used",
                f"this document has given to this line, as budget {named}",
                "the number of a document that has given nothing to this line yet",
                "document",
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
    proposers = SPENDERS
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
        return leaving(situation, budget, self.amount_fen, budget.uncommitted_fen)


def leaving(situation: Situation, budget: Budget, wanted: int, there: int) -> Refusal | None:
    """Why so much may not leave: it is not there, or it would leave before it came."""
    if wanted > there:
        return WrongState(
            "beyond_what_is_left",
            f"{wanted} fen asked, {there} there",
            f"at most {there} fen" if there else "nothing more: all of it is used",
            "amount_fen",
        )
    return precedes(budget.latest) if situation.precedes(budget.latest) else None


def evolve_budget(state: Budget | None, tag: str, recorded: Recorded) -> Budget | None:
    """The line after money was given to it, or set aside."""
    when, actor = recorded.occurred_at, recorded.actor
    match recorded.event:
        case FundAppropriated(amount_fen=amount) as event:
            budget = state or Budget(event.community, event.year, event.line, when)
            return budget._replace(
                latest=max(budget.latest, when),
                appropriated_fen=budget.appropriated_fen + amount,
                uncommitted_fen=budget.uncommitted_fen + amount,
                appropriated_by=budget.appropriated_by | {actor.principal},
            )
        case FundCommitted(amount_fen=amount) if state:
            return used(state, recorded)._replace(
                uncommitted_fen=state.uncommitted_fen - amount,
                committed_fen=state.committed_fen + amount,
            )
    return state


def used(state: Budget, recorded: Recorded) -> Budget:
    """The line after a posting by somebody who uses it."""
    actor = recorded.actor
    by = state.used_by | {actor.principal, actor.organisation}
    return state._replace(latest=recorded.occurred_at, used_by=by)


def evolve_commitment(state: Commitment | None, tag: str, recorded: Recorded) -> Commitment | None:
    """The commitment as it was made."""
    match recorded.event:
        case FundCommitted() as event:
            by = recorded.actor.principal
            return Commitment(event.budget, event.project, event.amount_fen, by)
    return state


def evolve_document(state: str | None, tag: str, recorded: Recorded) -> str | None:
    """The budget to which a document gave money of a line."""
    match recorded.event:
        case FundAppropriated(budget=budget):
            return state or budget
    return state


KINDS = (FundAppropriated, FundCommitted)
FOLDS: Folds = {
    "budget": (evolve_budget, (FundAppropriated, FundCommitted)),
    "fund_document": (evolve_document, (FundAppropriated,)),
    "commitment": (evolve_commitment, (FundCommitted,)),
}
