"""The town's money (经费): lines of a year, what was set aside for which project, every movement.

Of the allowance line sums alone are shown, and they grow by several payments at once: whoever
compared them from day to day would else read what one person is paid.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from ledger.domain.documents.attachments import Attachment
from ledger.domain.money import budgets, spending
from ledger.domain.money.budgets import BudgetLine, FundAppropriated, FundCommitted
from ledger.domain.money.spending import FundAudited, FundReturned, FundSpent
from ledger.event import Event, Recorded
from projections.projection import Key, Projection, Rows
from projections.reference import Reference
from projections.suppression import MIN_CASES

PAYMENTS_AT_ONCE = MIN_CASES
"""By how many payments the sum of an allowance line grows at least: as small cells are."""


class Budget(NamedTuple):
    """A line of a community's year: appropriated = uncommitted + committed + spent + returned.

    Of the allowance line only what was appropriated and spent is told, and of the latter what is
    made of whole groups of payments.
    """

    budget: str
    community: str
    year: int
    line: str
    position: int
    """Of its first appropriation."""
    appropriated_fen: int = 0
    uncommitted_fen: int | None = None
    committed_fen: int | None = None
    """Committed, and neither spent nor returned."""
    spent_fen: int | None = None
    returned_fen: int | None = None
    payments: int | None = None
    audited_at: datetime | None = None
    """When the last audit was made; all that follows is of it."""
    audited_by: str | None = None
    audit_position: int | None = None
    finding: str | None = None
    counted_fen: int | None = None
    paid_since_audit: bool = False
    untold_fen: int = 0
    """Spent of the allowance line, and not told yet."""
    untold_payments: int = 0


class FundCommitment(NamedTuple):
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
    spent_fen: int = 0
    returned_fen: int = 0
    payments: int = 0


class FundMovement(NamedTuple):
    """One act on a line, with the position of its event."""

    position: int
    budget: str
    line: str
    kind: str
    occurred_at: datetime
    organisation: str
    amount_fen: int
    """What was counted, of an audit."""
    commitment: str | None = None
    project: str | None = None
    payment: str | None = None
    spent_on: str | None = None
    document: str | None = None
    digest: str | None = None
    """SHA-256 of the voucher, or of the audit's report, in hex."""
    size_bytes: int | None = None
    media_type: str | None = None
    finding: str | None = None


def _budget_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return ((recorded.event.__dict__["budget"],),)


def _apply_budget(
    row: Budget | None, key: Key, recorded: Recorded, reference: Reference
) -> Budget | None:
    event = recorded.event
    if isinstance(event, FundAppropriated):
        row = row or _opened(event, recorded.position)
        given = row._replace(appropriated_fen=row.appropriated_fen + event.amount_fen)
        return given if _is_allowance(row) else _moved(given, uncommitted=event.amount_fen)
    if row is None:
        return None
    if isinstance(event, FundAudited):
        return row._replace(
            audited_at=recorded.occurred_at,
            audited_by=recorded.actor.organisation,
            audit_position=recorded.position,
            finding=event.finding.value,
            counted_fen=None if _is_allowance(row) else event.counted_fen,
            paid_since_audit=False,
        )
    if isinstance(event, FundSpent):
        row = row._replace(paid_since_audit=row.audited_at is not None)
    if _is_allowance(row):
        return _told_by_groups(row, event)
    match event:
        case FundCommitted(amount_fen=amount):
            return _moved(row, uncommitted=-amount, committed=amount)
        case FundSpent(amount_fen=amount):
            return _moved(row, committed=-amount, spent=amount, payments=1)
        case FundReturned(amount_fen=amount, commitment=None):
            return _moved(row, uncommitted=-amount, returned=amount)
        case FundReturned(amount_fen=amount):
            return _moved(row, committed=-amount, uncommitted=amount)
    return row


def _opened(event: FundAppropriated, position: int) -> Budget:
    row = Budget(event.budget, event.community, event.year, event.line.value, position)
    if _is_allowance(row):
        return row
    return row._replace(uncommitted_fen=0, committed_fen=0, spent_fen=0, returned_fen=0, payments=0)


def _moved(
    row: Budget,
    *,
    uncommitted: int = 0,
    committed: int = 0,
    spent: int = 0,
    returned: int = 0,
    payments: int = 0,
) -> Budget:
    return row._replace(
        uncommitted_fen=(row.uncommitted_fen or 0) + uncommitted,
        committed_fen=(row.committed_fen or 0) + committed,
        spent_fen=(row.spent_fen or 0) + spent,
        returned_fen=(row.returned_fen or 0) + returned,
        payments=(row.payments or 0) + payments,
    )


def _told_by_groups(row: Budget, event: Event) -> Budget:
    if not isinstance(event, FundSpent):
        return row
    untold, payments = row.untold_fen + event.amount_fen, row.untold_payments + 1
    if payments < PAYMENTS_AT_ONCE:
        return row._replace(untold_fen=untold, untold_payments=payments)
    told = (row.spent_fen or 0) + untold
    return row._replace(
        spent_fen=told,
        payments=(row.payments or 0) + payments,
        untold_fen=0,
        untold_payments=0,
    )


def _is_allowance(row: Budget | FundCommitment | FundMovement) -> bool:
    return row.line == BudgetLine.ALLOWANCE.value


def _commitment_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    commitment = recorded.event.__dict__["commitment"]
    return () if commitment is None else ((commitment,),)


def _apply_commitment(
    row: FundCommitment | None, key: Key, recorded: Recorded, reference: Reference
) -> FundCommitment | None:
    match recorded.event:
        case FundCommitted(amount_fen=amount) as event:
            of = reference.fund_lines[event.budget]
            return FundCommitment(
                event.commitment,
                event.budget,
                of.community,
                of.year,
                of.line,
                event.project,
                recorded.actor.organisation,
                recorded.occurred_at,
                recorded.position,
                committed_fen=amount,
                left_fen=amount,
            )
        case FundSpent(amount_fen=amount) if row:
            return row._replace(
                left_fen=row.left_fen - amount,
                spent_fen=row.spent_fen + amount,
                payments=row.payments + 1,
            )
        case FundReturned(amount_fen=amount) if row:
            return row._replace(
                left_fen=row.left_fen - amount, returned_fen=row.returned_fen + amount
            )
    return row


def _movement_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return ((recorded.position,),)


def _apply_movement(
    row: FundMovement | None, key: Key, recorded: Recorded, reference: Reference
) -> FundMovement | None:
    event = recorded.event
    fields = event.__dict__
    movement = FundMovement(
        recorded.position,
        fields["budget"],
        reference.fund_lines[fields["budget"]].line,
        event.kind,
        recorded.occurred_at,
        recorded.actor.organisation,
        fields["counted_fen"] if isinstance(event, FundAudited) else fields["amount_fen"],
        commitment=fields.get("commitment"),
        project=_project(recorded),
        payment=fields.get("payment"),
        spent_on=fields.get("spent_on"),
        document=fields.get("document"),
    )
    match event:
        case FundSpent(voucher=voucher):
            return _proved(movement, voucher)
        case FundAudited(report=report, finding=finding):
            return _proved(movement, report)._replace(finding=finding.value)
    return movement


def _proved(movement: FundMovement, by: Attachment) -> FundMovement:
    return movement._replace(digest=by.digest, size_bytes=by.size_bytes, media_type=by.media_type)


def _project(recorded: Recorded) -> str | None:
    """Of what a payment is for only the record's tags tell."""
    of = (tag for tag in recorded.tags if tag.startswith("project:"))
    return next(of, "").removeprefix("project:") or None


def _tells_of_pay(row: FundMovement) -> bool:
    return _is_allowance(row) and row.kind != FundAppropriated.kind


KINDS: tuple[type[Event], ...] = (*budgets.KINDS, *spending.KINDS)
BUDGETS = Rows(
    table="budget",
    row=Budget,
    key=("budget",),
    kinds=KINDS,
    keys=_budget_keys,
    apply=_apply_budget,
    hidden=("untold_fen", "untold_payments"),
)
COMMITMENTS = Rows(
    table="fund_commitment",
    row=FundCommitment,
    key=("commitment",),
    kinds=(FundCommitted, FundSpent, FundReturned),
    keys=_commitment_keys,
    apply=_apply_commitment,
    withheld=_is_allowance,
    indexes=(("budget",), ("project",)),
)
MOVEMENTS = Rows(
    table="fund_movement",
    row=FundMovement,
    key=("position",),
    kinds=KINDS,
    keys=_movement_keys,
    apply=_apply_movement,
    withheld=_tells_of_pay,
    indexes=(("budget", "position"), ("commitment",), ("digest",)),
)
PROJECTION = Projection("funds", 1, (BUDGETS, COMMITMENTS, MOVEMENTS))
