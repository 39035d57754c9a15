"""What the points archive and the rankings show, by account id, the holder's pseudonym."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from projections.reading import AsOf, bounded, snapshot

ARCHIVE = "points_archive"
RANKINGS = "rankings"
_ACCOUNT = """select account, holder_type, unit, opened_at, awarded, redeemed, reversed, balance,
    posted_at from points_account where account = %(account)s"""
_POSTINGS = """select position, kind, points, award, item, posted_at from points_posting
    where account = %(account)s and (%(before)s::bigint is null or position < %(before)s)
    order by position desc limit %(limit)s"""
_TOTALS = """select kind, item, sum(postings)::bigint as postings, sum(points)::bigint as points
    from points_posting_tally group by kind, item order by kind, item limit %(limit)s"""
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
class AccountFigures:
    """What an account earned and spent; balance = awarded - redeemed - reversed."""

    account: str
    holder_type: str
    unit: str | None
    opened_at: datetime
    awarded: int
    redeemed: int
    reversed: int
    balance: int
    posted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Movement:
    """One posting; `points` are signed, `item` is a deed's category or a reward."""

    position: int
    kind: str
    points: int
    award: str | None
    item: str | None
    posted_at: datetime


@dataclass(frozen=True, slots=True)
class PointsArchive:
    """An account with its newest postings; `next` is the `before` of the page that follows."""

    as_of: AsOf
    account: AccountFigures | None
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
class PointsTotals:
    """What the whole love bank has awarded, redeemed and reversed."""

    as_of: AsOf
    totals: tuple[PostingFigures, ...]


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
        figures = await seen.one(AccountFigures, _ACCOUNT, values)
    following = found[-1].position if len(found) == wanted else None
    return PointsArchive(seen.as_of, figures, found, following)


async def points_totals(connection: AsyncConnection[Any]) -> PointsTotals:
    """The sums of all postings by kind and item."""
    async with snapshot(connection, ARCHIVE, ("points_posting_tally",), None) as seen:
        return PointsTotals(seen.as_of, await seen.all(PostingFigures, _TOTALS))


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
