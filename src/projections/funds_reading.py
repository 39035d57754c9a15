"""What is shown of the town's money: each line, and appropriation -> commitment -> payment.

The allowance line is sums alone (`projections.funds`): nothing here tells what a person is paid.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from projections.reading import AsOf, bounded, snapshot

NAME = "funds"
_COLUMNS = """budget, community, year, line, position, appropriated_fen, uncommitted_fen,
    committed_fen, spent_fen, returned_fen, payments, audited_at, audited_by, audit_position,
    finding, counted_fen, paid_since_audit"""
_WHERE = """(%(community)s::text is null or community = %(community)s)
    and (%(year)s::bigint is null or year = %(year)s)
    and (%(line)s::text is null or line = %(line)s)"""
_BUDGETS = f"""select {_COLUMNS} from budget where {_WHERE}
    order by year desc, line, community, budget limit %(limit)s"""  # noqa: S608 - constants alone
_BUDGET = f"select {_COLUMNS} from budget where budget = %(budget)s"  # noqa: S608 - constants alone
# Where a part of a sum is not told, the sum is not.
_TOTALS = f"""select year, line, count(*) as budgets,
    sum(appropriated_fen)::bigint as appropriated_fen,
    case when count(*) = count(uncommitted_fen) then sum(uncommitted_fen)::bigint end
        as uncommitted_fen,
    case when count(*) = count(committed_fen) then sum(committed_fen)::bigint end
        as committed_fen,
    case when count(*) = count(spent_fen) then sum(spent_fen)::bigint end as spent_fen,
    case when count(*) = count(returned_fen) then sum(returned_fen)::bigint end as returned_fen
    from budget where {_WHERE}
    group by year, line order by year desc, line limit %(limit)s"""  # noqa: S608 - constants alone
_COMMITMENTS = """select commitment, budget, community, year, line, project, organisation,
    committed_at, position, committed_fen, left_fen, spent_fen, returned_fen, payments
    from fund_commitment
    where (%(budget)s::text is null or budget = %(budget)s)
    and (%(project)s::text is null or project = %(project)s)
    order by position limit %(limit)s"""
# A return names its commitment alone: the project is the commitment's.
_MOVEMENTS = """select m.position, m.budget, m.kind, m.occurred_at, m.organisation, m.amount_fen,
    m.commitment, coalesce(m.project, c.project) as project, m.payment, m.spent_on, m.document,
    m.digest, m.size_bytes, m.media_type, m.finding
    from fund_movement m left join fund_commitment c on c.commitment = m.commitment
    where (%(budget)s::text is null or m.budget = %(budget)s)
    and (%(project)s::text is null or c.project = %(project)s)
    and (%(digest)s::text is null or m.digest = %(digest)s)
    and (%(before)s::bigint is null or m.position < %(before)s)
    order by m.position desc limit %(limit)s"""
_NO_FILTER = {"budget": None, "project": None, "digest": None, "before": None}


@dataclass(frozen=True, slots=True)
class PublicBudget:
    """A line of a community's year, in fen; None for what would tell what a person is paid."""

    budget: str
    community: str
    year: int
    line: str
    position: int
    appropriated_fen: int
    uncommitted_fen: int | None
    committed_fen: int | None
    spent_fen: int | None
    returned_fen: int | None
    payments: int | None
    audited_at: datetime | None
    audited_by: str | None
    audit_position: int | None
    finding: str | None
    counted_fen: int | None
    paid_since_audit: bool

    @property
    def left_fen(self) -> int | None:
        """Neither spent nor returned."""
        if self.uncommitted_fen is None or self.committed_fen is None:
            return None
        return self.uncommitted_fen + self.committed_fen


@dataclass(frozen=True, slots=True)
class LineTotal:
    """A line of a year over all communities that were asked for; None as for one budget."""

    year: int
    line: str
    budgets: int
    appropriated_fen: int
    uncommitted_fen: int | None
    committed_fen: int | None
    spent_fen: int | None
    returned_fen: int | None


@dataclass(frozen=True, slots=True)
class PublicCommitment:
    """What was set aside for a project: committed = spent + returned + left."""

    commitment: str
    budget: str
    community: str
    year: int
    line: str
    project: str
    organisation: str
    committed_at: datetime
    position: int
    committed_fen: int
    left_fen: int
    spent_fen: int
    returned_fen: int
    payments: int


@dataclass(frozen=True, slots=True)
class PublicMovement:
    """One act on a line, with the position of its event; `digest` is the voucher's or report's."""

    position: int
    budget: str
    kind: str
    occurred_at: datetime
    organisation: str
    amount_fen: int
    commitment: str | None
    project: str | None
    payment: str | None
    spent_on: str | None
    document: str | None
    digest: str | None
    size_bytes: int | None
    media_type: str | None
    finding: str | None


@dataclass(frozen=True, slots=True)
class Funds:
    """The lines by year, newest first, and their sums."""

    as_of: AsOf
    totals: tuple[LineTotal, ...]
    budgets: tuple[PublicBudget, ...]


@dataclass(frozen=True, slots=True)
class BudgetRecord:
    """One line, None when there is none, with what it was set aside for and its movements.

    `next` is the `before` of the movements that follow, or None.
    """

    as_of: AsOf
    budget: PublicBudget | None
    commitments: tuple[PublicCommitment, ...]
    movements: tuple[PublicMovement, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class ProjectFunds:
    """What was set aside for a project, from which lines, and every movement of it."""

    as_of: AsOf
    project: str
    commitments: tuple[PublicCommitment, ...]
    movements: tuple[PublicMovement, ...]
    next: int | None

    @property
    def committed_fen(self) -> int:
        """Set aside, whatever became of it."""
        return sum(one.committed_fen for one in self.commitments)

    @property
    def spent_fen(self) -> int:
        """Paid on vouchers."""
        return sum(one.spent_fen for one in self.commitments)

    @property
    def returned_fen(self) -> int:
        """Given back to the lines."""
        return sum(one.returned_fen for one in self.commitments)

    @property
    def left_fen(self) -> int:
        """Set aside, and neither spent nor returned."""
        return sum(one.left_fen for one in self.commitments)


@dataclass(frozen=True, slots=True)
class Proved:
    """What an attachment proves: a payment, or audits whose report it is."""

    as_of: AsOf
    digest: str
    movements: tuple[PublicMovement, ...]


async def funds(
    connection: AsyncConnection[Any],
    *,
    community: str | None = None,
    year: int | None = None,
    line: str | None = None,
    at: datetime | None = None,
) -> Funds:
    """The lines of a community, a year or of one purpose, or all of them."""
    values = {"community": community, "year": year, "line": line}
    async with snapshot(connection, NAME, ("budget",), at) as seen:
        totals = await seen.all(LineTotal, _TOTALS, values)
        return Funds(seen.as_of, totals, await seen.all(PublicBudget, _BUDGETS, values))


async def budget(
    connection: AsyncConnection[Any], identity: str, *, before: int | None = None, limit: int = 50
) -> BudgetRecord:
    """One line with its movements, newest first, before a position."""
    wanted = bounded(limit)
    values = {**_NO_FILTER, "budget": identity, "before": before}
    tables = ("budget", "fund_commitment", "fund_movement")
    async with snapshot(connection, NAME, tables, None) as seen:
        found = await seen.one(PublicBudget, _BUDGET, values)
        commitments = await seen.all(PublicCommitment, _COMMITMENTS, values)
        movements = await seen.all(PublicMovement, _MOVEMENTS, values, wanted)
    following = movements[-1].position if len(movements) == wanted else None
    return BudgetRecord(seen.as_of, found, commitments, movements, following)


async def project_funds(
    connection: AsyncConnection[Any], project: str, *, before: int | None = None, limit: int = 50
) -> ProjectFunds:
    """What a project was given from which lines; nothing for one that was given nothing."""
    wanted = bounded(limit)
    values = {**_NO_FILTER, "project": project, "before": before}
    async with snapshot(connection, NAME, ("fund_commitment", "fund_movement"), None) as seen:
        commitments = await seen.all(PublicCommitment, _COMMITMENTS, values)
        movements = await seen.all(PublicMovement, _MOVEMENTS, values, wanted)
    following = movements[-1].position if len(movements) == wanted else None
    return ProjectFunds(seen.as_of, project, commitments, movements, following)


async def proved_by(connection: AsyncConnection[Any], digest: str) -> Proved:
    """The payment or the audits that name this attachment: from a voucher back to its project."""
    async with snapshot(connection, NAME, ("fund_commitment", "fund_movement"), None) as seen:
        values = {**_NO_FILTER, "digest": digest}
        return Proved(seen.as_of, digest, await seen.all(PublicMovement, _MOVEMENTS, values))
