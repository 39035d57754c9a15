"""Double entry (复式记账): what each act posts, to an account and to one of the bank's own.

The bank's own accounts are where points come from and go to. Over all accounts, the bank's own
included, the postings sum to zero.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from ledger.domain.love_bank.points import (
    LovePointsAwarded,
    LovePointsDonated,
    LovePointsExpired,
    LovePointsReversed,
)
from ledger.domain.love_bank.rewards import LovePointsRedeemed
from ledger.event import Event


class BankAccount(StrEnum):
    """The bank's own accounts: the other side of every posting."""

    ISSUED = "issued"
    """发放: below zero by as many points as were awarded and not reversed."""
    REDEEMED = "redeemed"
    """兑换"""
    DONATED = "donated"
    """公益"""
    EXPIRED = "expired"
    """到期"""


class PostingKind(StrEnum):
    """What a posting is, as the archive names it."""

    AWARDED = "awarded"
    """入账"""
    REVERSED = "reversed"
    """冲正"""
    REDEEMED = "redeemed"
    """兑换"""
    DONATED = "donated"
    """捐赠"""
    EXPIRED = "expired"
    """到期"""


class Posting(NamedTuple):
    """Both sides of one movement: `points` to the account, as many with the other sign to the
    bank's own."""

    kind: PostingKind
    account: str
    points: int
    """Signed: below zero where points leave the account."""
    against: BankAccount

    @property
    def sides(self) -> tuple[tuple[str, int], tuple[BankAccount, int]]:
        """(account, points) of both; they sum to zero."""
        return (self.account, self.points), (self.against, -self.points)


def posting(event: Event) -> Posting | None:
    """What an act posts; None where it moves no points."""
    match event:
        case LovePointsAwarded(account=account, points=points):
            return Posting(PostingKind.AWARDED, account, points, BankAccount.ISSUED)
        case LovePointsReversed(account=account, points=points):
            return Posting(PostingKind.REVERSED, account, -points, BankAccount.ISSUED)
        case LovePointsRedeemed(account=account, points=points):
            return Posting(PostingKind.REDEEMED, account, -points, BankAccount.REDEEMED)
        case LovePointsDonated(account=account, points=points):
            return Posting(PostingKind.DONATED, account, -points, BankAccount.DONATED)
        case LovePointsExpired(account=account, points=points):
            return Posting(PostingKind.EXPIRED, account, -points, BankAccount.EXPIRED)
    return None


KINDS = (
    LovePointsAwarded,
    LovePointsReversed,
    LovePointsRedeemed,
    LovePointsDonated,
    LovePointsExpired,
)
"""The kinds that move points."""
