"""Points archive (积分档案): what every love-bank account earned and spent, posting by posting.

An account's row keeps all that a decision knows of it, and is folded by the same functions: what
the board says may be spent is what the ledger lets be spent.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from ledger import catalogue
from ledger.domain.love_bank import accounts, objections, points, postings, rewards
from ledger.domain.love_bank.accounts import AccountClosed, AccountOpened, HolderType
from ledger.domain.love_bank.points import LovePointsDonated
from ledger.domain.love_bank.postings import posting
from ledger.domain.love_bank.rewards import LovePointsRedeemed
from ledger.event import Recorded
from projections.lots import lots_kept, lots_of, next_expiry, next_notice
from projections.projection import Contribution, Key, Projection, Rows, Tally
from projections.reference import Reference

_ACCOUNT = "account:"


class Account(NamedTuple):
    """An account under its random id; its balance is the sum of its postings.

    Who holds it is not here, unless a unit does.
    """

    account: str
    holder_type: str
    unit: str | None
    counted_with: str | None
    """The account of the household or unit with which it is counted too."""
    opened_at: datetime
    position: int
    """Of its opening."""
    closed_at: datetime | None = None
    awarded: int = 0
    redeemed: int = 0
    reversed: int = 0
    donated: int = 0
    expired: int = 0
    balance: int = 0
    held: int = 0
    """Of the balance, what is frozen while a deed is contested."""
    posted_at: datetime | None = None
    lots: tuple[str, ...] = ()
    """`projections.lots`: those that end first in front."""
    held_lots: tuple[str, ...] = ()
    contested: tuple[str, ...] = ()
    """`deed objection`, in order."""
    notice_due_on: date | None = None
    """The first day on which points end of which no notice was given."""
    last_day: date | None = None
    """The first day after which points are expired."""


class Posting(NamedTuple):
    """One movement: `points` are signed, `against` is the bank's own account on the other side.

    `award` names the award that was made, reversed or expired, `item` the deed's category, the
    reward or the purpose.
    """

    account: str
    position: int
    kind: str
    points: int
    against: str
    award: str | None
    deed: str | None
    item: str | None
    quantity: int | None
    """Of a reward."""
    posted_at: datetime


class PostingGroup(NamedTuple):
    """By what postings are summed."""

    kind: str
    against: str
    item: str | None


class PostingCounts(NamedTuple):
    """What is summed of postings; points without their sign."""

    postings: int = 0
    points: int = 0


def _account_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return tuple((tag.removeprefix(_ACCOUNT),) for tag in recorded.tags if tag.startswith(_ACCOUNT))


def _apply_account(
    row: Account | None, key: Key, recorded: Recorded, reference: Reference
) -> Account | None:
    event, when = recorded.event, recorded.occurred_at
    if isinstance(event, AccountOpened):
        return Account(
            event.account,
            event.holder_type.value,
            event.unit,
            event.counted_with,
            when,
            recorded.position,
        )
    if row is None:
        return None
    after = catalogue.evolve(_folded(row), f"{_ACCOUNT}{row.account}", recorded)
    row = row._replace(
        balance=after.balance,
        held=after.held_points,
        lots=lots_kept(after.lots),
        held_lots=lots_kept(after.held),
        contested=tuple(sorted(" ".join(one) for one in after.contested)),
        notice_due_on=next_notice(after.lots),
        last_day=next_expiry(after.lots),
    )
    if isinstance(event, AccountClosed):
        return row._replace(closed_at=when)
    posted = posting(event)
    if posted is None:
        return row
    latest = when if row.posted_at is None else max(when, row.posted_at)
    total = {posted.kind.value: getattr(row, posted.kind.value) + abs(posted.points)}
    return row._replace(posted_at=latest, **total)


def _folded(row: Account) -> accounts.Account:
    """The row as decisions fold an account, as far as postings and objections look at it."""
    return accounts.Account(
        "",
        HolderType(row.holder_type),
        row.unit,
        row.opened_at,
        row.posted_at or row.opened_at,
        lots=lots_of(row.lots),
        held=lots_of(row.held_lots),
        balance=row.balance,
        contested=frozenset(_contested(one) for one in row.contested),
    )


def _contested(kept: str) -> tuple[str, str]:
    deed, _, objection = kept.partition(" ")
    return deed, objection


def _posting_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return ((recorded.event.__dict__["account"], recorded.position),)


def _apply_posting(
    row: Posting | None, key: Key, recorded: Recorded, reference: Reference
) -> Posting | None:
    posted = posting(recorded.event)
    if posted is None:
        return row
    fields = recorded.event.__dict__
    return Posting(
        posted.account,
        recorded.position,
        posted.kind.value,
        posted.points,
        posted.against.value,
        fields.get("award"),
        fields.get("deed"),
        _item(recorded),
        fields.get("quantity"),
        recorded.occurred_at,
    )


def _item(recorded: Recorded) -> str | None:
    match recorded.event:
        case points.LovePointsAwarded(deed_category=category):
            return category
        case LovePointsRedeemed(reward=reward):
            return reward
        case LovePointsDonated(purpose=purpose):
            return purpose
    return None


def _contribute(row: Posting) -> Iterable[Contribution]:
    counts = PostingCounts(1, abs(row.points))
    return (Contribution(PostingGroup(row.kind, row.against, row.item), None, counts),)


ACCOUNTS = Rows(
    table="points_account",
    row=Account,
    key=("account",),
    kinds=(
        *accounts.KINDS,
        *points.KINDS,
        rewards.LovePointsRedeemed,
        *objections.KINDS,
    ),
    keys=_account_keys,
    apply=_apply_account,
    indexes=(("counted_with",), ("notice_due_on",), ("last_day",)),
)
POSTINGS = Rows(
    table="points_posting",
    row=Posting,
    key=("account", "position"),
    kinds=postings.KINDS,
    keys=_posting_keys,
    apply=_apply_posting,
    tally=Tally(PostingGroup, PostingCounts, _contribute),
    indexes=(("award",),),
)
PROJECTION = Projection("points_archive", 2, (ACCOUNTS, POSTINGS))
