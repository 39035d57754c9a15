"""What the points archive and the rankings show, by account id, the holder's pseudonym."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from psycopg import AsyncConnection

from ledger.clocks import local_day
from projections.lots import lots_of
from projections.reading import AsOf, bounded, snapshot

ARCHIVE = "points_archive"
RANKINGS = "rankings"
_ACCOUNT = """select account, holder_type, unit, counted_with, opened_at, position, closed_at,
    awarded, redeemed, reversed, donated, expired, balance, held, posted_at, lots, held_lots
    from points_account where account = %(account)s"""
_MEMBERS = """select count(*)::bigint as accounts,
    coalesce(sum(awarded - reversed), 0)::bigint as earned,
    coalesce(sum(balance), 0)::bigint as balance
    from points_account where counted_with = %(account)s"""
_POSTINGS = """select position, kind, points, against, award, deed, item, quantity, posted_at
    from points_posting where account = %(account)s
    and (%(before)s::bigint is null or position < %(before)s)
    order by position desc limit %(limit)s"""
_TOTALS = """select kind, item, sum(postings)::bigint as postings, sum(points)::bigint as points
    from points_posting_tally group by kind, item order by kind, item limit %(limit)s"""
_BANK = """select against as account,
    sum(case when kind = 'awarded' then -points else points end)::bigint as points
    from points_posting_tally group by against order by against limit %(limit)s"""
_IN_ACCOUNTS = """select count(*)::bigint as accounts,
    coalesce(sum(balance), 0)::bigint as balance, coalesce(sum(held), 0)::bigint as held
    from points_account"""
_EARNING = """select pack_version, points_per_hour, max_points_per_award,
    points_expire_after_months, expiry_notice_days from enacted_pack
    where effective_from <= %(at)s order by pack_version desc limit 1"""
# Ties share a rank, and the next rank counts them all. The condition on the page comes after the
# ranks are made.
_RANKINGS = """select rank, account, holder_type, unit, earned from (
    select rank() over (order by earned desc) as rank, account, holder_type, unit, earned
    from points_standing where %(holder_type)s::text is null or holder_type = %(holder_type)s
    ) as ranked
    where %(after)s::text is null or (-earned, account)
        > (select -earned, account from points_standing where account = %(after)s)
    order by rank, account limit %(limit)s"""


@dataclass(frozen=True, slots=True)
class LotFigures:
    """What is left of an award; `last_day` once the holder was told that it ends."""

    award: str
    deed: str
    points: int
    expires_on: date | None
    last_day: date | None
    held: bool
    """Frozen, because the deed is contested."""
    expired: bool
    """Past its last day: it can be spent no more, whether its expiry is recorded or not."""


@dataclass(frozen=True, slots=True)
class AccountFigures:
    """What an account earned and spent: balance = awarded - reversed - redeemed - donated -
    expired = the points of its lots."""

    account: str
    holder_type: str
    unit: str | None
    counted_with: str | None
    opened_at: datetime
    position: int
    """Of its opening."""
    closed_at: datetime | None
    awarded: int
    redeemed: int
    reversed: int
    donated: int
    expired: int
    balance: int
    held: int
    posted_at: datetime | None
    lots: tuple[LotFigures, ...]

    @property
    def spendable(self) -> int:
        """What may be spent: neither held nor past its last day."""
        return sum(lot.points for lot in self.lots if not lot.held and not lot.expired)


@dataclass(frozen=True, slots=True)
class _AccountRow:
    account: str
    holder_type: str
    unit: str | None
    counted_with: str | None
    opened_at: datetime
    position: int
    closed_at: datetime | None
    awarded: int
    redeemed: int
    reversed: int
    donated: int
    expired: int
    balance: int
    held: int
    posted_at: datetime | None
    lots: list[str]
    held_lots: list[str]


@dataclass(frozen=True, slots=True)
class Members:
    """The accounts of persons that are counted with a household's or a unit's, together."""

    accounts: int
    earned: int
    balance: int


@dataclass(frozen=True, slots=True)
class Movement:
    """One posting; `points` are signed, `against` is the bank's own account on the other side;
    `item` is a deed's category, a reward or a purpose."""

    position: int
    kind: str
    points: int
    against: str
    award: str | None
    deed: str | None
    item: str | None
    quantity: int | None
    posted_at: datetime


@dataclass(frozen=True, slots=True)
class PointsArchive:
    """An account with its newest postings; `next` is the `before` of the page that follows."""

    as_of: AsOf
    account: AccountFigures | None
    members: Members | None
    """For a household or unit."""
    postings: tuple[Movement, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class PostingFigures:
    """Postings of a kind and item in the whole town; points without their sign."""

    kind: str
    item: str | None
    postings: int
    points: int


@dataclass(frozen=True, slots=True)
class BankFigure:
    """One of the bank's own accounts; below zero is what it issued."""

    account: str
    points: int


@dataclass(frozen=True, slots=True)
class InAccounts:
    """What lies in all accounts together."""

    accounts: int
    balance: int
    held: int


@dataclass(frozen=True, slots=True)
class Earning:
    """How points are earned and when they end, by the pack in force."""

    pack_version: int
    points_per_hour: int
    max_points_per_award: int
    points_expire_after_months: int | None
    expiry_notice_days: int


@dataclass(frozen=True, slots=True)
class PointsTotals:
    """The whole love bank: every posting, and both sides of the books, which sum to zero."""

    as_of: AsOf
    totals: tuple[PostingFigures, ...]
    bank: tuple[BankFigure, ...]
    in_accounts: InAccounts
    earning: Earning | None
    """None before the first pack is in force."""

    @property
    def difference(self) -> int:
        """All accounts and the bank's own together: 0, or the books do not balance."""
        return self.in_accounts.balance + sum(one.points for one in self.bank)


@dataclass(frozen=True, slots=True)
class Ranked:
    """An opted-in account in the ranking; ties share a rank."""

    rank: int
    account: str
    holder_type: str
    unit: str | None
    earned: int


@dataclass(frozen=True, slots=True)
class Rankings:
    """A page of the ranking; `next` is the `after` of the page that follows, or None."""

    as_of: AsOf
    ranked: tuple[Ranked, ...]
    next: str | None


async def points(
    connection: AsyncConnection[Any], account: str, *, before: int | None = None, limit: int = 50
) -> PointsArchive:
    """One account, None when unknown, with postings before a position, newest first."""
    wanted = bounded(limit)
    tables = ("points_account", "points_posting")
    async with snapshot(connection, ARCHIVE, tables, None) as seen:
        values = {"account": account, "before": before}
        found = await seen.all(Movement, _POSTINGS, values, wanted)
        row = await seen.one(_AccountRow, _ACCOUNT, values)
        members = await seen.one(Members, _MEMBERS, values)
    following = found[-1].position if len(found) == wanted else None
    is_person = row is None or row.holder_type == "person"
    figures = None if row is None else _figures(row, local_day(seen.as_of.at))
    return PointsArchive(seen.as_of, figures, None if is_person else members, found, following)


def _figures(row: _AccountRow, today: date) -> AccountFigures:
    lots = [
        LotFigures(*lot, held=False, expired=lot.is_expired(today)) for lot in lots_of(row.lots)
    ]
    held = [LotFigures(*lot, held=True, expired=False) for lot in lots_of(row.held_lots)]
    given = {one.name: getattr(row, one.name) for one in fields(row) if one.name != "held_lots"}
    return AccountFigures(**{**given, "lots": (*lots, *held)})


async def points_totals(connection: AsyncConnection[Any]) -> PointsTotals:
    """The sums of all postings by kind and item, and the balance of the books."""
    tables = ("points_posting_tally", "points_account", "enacted_pack")
    async with snapshot(connection, ARCHIVE, tables, None) as seen:
        in_accounts = await seen.one(InAccounts, _IN_ACCOUNTS, {})
        assert in_accounts is not None  # an aggregate has a row
        return PointsTotals(
            seen.as_of,
            await seen.all(PostingFigures, _TOTALS),
            await seen.all(BankFigure, _BANK),
            in_accounts,
            await seen.one(Earning, _EARNING, {}),
        )


async def rankings(
    connection: AsyncConnection[Any],
    *,
    holder_type: str | None = None,
    after: str | None = None,
    limit: int = 50,
    at: datetime | None = None,
) -> Rankings:
    """The opted-in accounts (of one type of holder), best first, after the account `after`."""
    wanted = bounded(limit)
    async with snapshot(connection, RANKINGS, ("points_standing",), at) as seen:
        values = {"holder_type": holder_type, "after": after}
        found = await seen.all(Ranked, _RANKINGS, values, wanted)
    return Rankings(seen.as_of, found, found[-1].account if len(found) == wanted else None)
