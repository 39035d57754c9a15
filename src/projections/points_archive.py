"""Points archive (积分档案): what every love-bank account earned and spent, posting by posting."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from ledger.domain.love_bank import (
    AccountOpened,
    LovePointsAwarded,
    LovePointsRedeemed,
    LovePointsReversed,
)
from ledger.event import Recorded
from projections.projection import Contribution, Key, Projection, Rows, Tally
from projections.reference import Reference


class Account(NamedTuple):
    """An account under its random id; its balance is the sum of its postings.

    Who holds it is not here, unless a unit does.
    """

    account: str
    holder_type: str
    unit: str | None
    opened_at: datetime
    awarded: int = 0
    redeemed: int = 0
    reversed: int = 0
    balance: int = 0
    posted_at: datetime | None = None


class Posting(NamedTuple):
    """One movement: `kind` is awarded, redeemed or reversed, `points` are signed.

    `award` names the award that was made or reversed, `item` the deed's category or the reward.
    """

    account: str
    position: int
    kind: str
    points: int
    award: str | None
    item: str | None
    posted_at: datetime


class PostingGroup(NamedTuple):
    """By what postings are summed."""

    kind: str
    item: str | None


class PostingCounts(NamedTuple):
    """What is summed of postings; points without their sign."""

    postings: int = 0
    points: int = 0


def _account_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return ((recorded.event.__dict__["account"],),)


def _apply_account(
    row: Account | None, key: Key, recorded: Recorded, reference: Reference
) -> Account | None:
    when = recorded.occurred_at
    match recorded.event:
        case AccountOpened() as event:
            return Account(event.account, event.holder_type.value, event.unit, when)
        case LovePointsAwarded(points=points) if row:
            return _posted(row, when, points)._replace(awarded=row.awarded + points)
        case LovePointsRedeemed(points=points) if row:
            return _posted(row, when, -points)._replace(redeemed=row.redeemed + points)
        case LovePointsReversed(points=points) if row:
            return _posted(row, when, -points)._replace(reversed=row.reversed + points)
    return row


def _posted(row: Account, when: datetime, points: int) -> Account:
    latest = when if row.posted_at is None else max(when, row.posted_at)
    return row._replace(balance=row.balance + points, posted_at=latest)


def _posting_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return ((recorded.event.__dict__["account"], recorded.position),)


def _apply_posting(
    row: Posting | None, key: Key, recorded: Recorded, reference: Reference
) -> Posting | None:
    account, position = key
    when = recorded.occurred_at
    match recorded.event:
        case LovePointsAwarded() as event:
            points, item = event.points, event.deed_category
            return Posting(account, position, "awarded", points, event.award, item, when)
        case LovePointsRedeemed() as event:
            return Posting(account, position, "redeemed", -event.points, None, event.reward, when)
        case LovePointsReversed() as event:
            return Posting(account, position, "reversed", -event.points, event.award, None, when)
    return row


def _contribute(row: Posting) -> Iterable[Contribution]:
    counts = PostingCounts(1, abs(row.points))
    return (Contribution(PostingGroup(row.kind, row.item), None, counts),)


_POSTINGS = (LovePointsAwarded, LovePointsRedeemed, LovePointsReversed)
ACCOUNTS = Rows(
    table="points_account",
    row=Account,
    key=("account",),
    kinds=(AccountOpened, *_POSTINGS),
    keys=_account_keys,
    apply=_apply_account,
)
POSTINGS = Rows(
    table="points_posting",
    row=Posting,
    key=("account", "position"),
    kinds=_POSTINGS,
    keys=_posting_keys,
    apply=_apply_posting,
    tally=Tally(PostingGroup, PostingCounts, _contribute),
)
PROJECTION = Projection("points_archive", 1, (ACCOUNTS, POSTINGS))
