"""Double entry: what each act posts, and that all accounts together sum to nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import catalogue
from ledger.domain.love_bank import postings
from ledger.domain.love_bank.postings import BankAccount, Posting, PostingKind, posting
from ledger.event import Recorded
from ledger.proposal import Proposal
from tests.bank_acts import (
    account,
    award,
    bank,
    claimed,
    donated,
    expired,
    noticed,
    raised,
    redeem,
    reversed_,
    ruled,
    shown,
    verified,
)
from tests.strategies import examples
from tests.town import in_publicity


def posted(history: Iterable[Recorded]) -> Counter[str]:
    """Balances by account, the bank's own among them."""
    books: Counter[str] = Counter()
    for recorded in history:
        found = posting(recorded.event)
        if found is not None:
            for name, points in found.sides:
                books[name] += points
    return books


@pytest.mark.parametrize(
    ("proposal", "kind", "points", "against"),
    [
        (award(5), PostingKind.AWARDED, 5, BankAccount.ISSUED),
        (reversed_(5), PostingKind.REVERSED, -5, BankAccount.ISSUED),
        (redeem(5), PostingKind.REDEEMED, -5, BankAccount.REDEEMED),
        (donated(5), PostingKind.DONATED, -5, BankAccount.DONATED),
        (expired(5), PostingKind.EXPIRED, -5, BankAccount.EXPIRED),
    ],
)
def test_each_act_posts_to_the_account_and_to_one_of_the_banks(
    proposal: Proposal, kind: PostingKind, points: int, against: BankAccount
) -> None:
    found = posting(proposal.event)

    assert found == Posting(kind, "account-1", points, against)
    assert found.sides == (("account-1", points), (against, -points))


@pytest.mark.parametrize(
    "proposal",
    [claimed(), verified(), shown(), raised(), ruled(True), noticed()],
)
def test_what_moves_no_points_posts_nothing(proposal: Proposal) -> None:
    assert posting(proposal.event) is None


def test_every_kind_that_moves_points_is_listed() -> None:
    moving = {cls.kind for cls in postings.KINDS}

    naming = {
        kind
        for kind, cls in catalogue.KINDS.items()
        if {"account", "points"} <= set(cls.model_fields)
    }

    assert naming - moving == {"love_points_expiry_noticed"}
    assert moving < naming


def test_a_towns_postings_sum_to_zero_and_to_its_balances() -> None:
    paper = bank(*in_publicity("deed-9", "account-1", 5), award(), redeem(4), donated(2))

    books = posted(paper.history)

    assert sum(books.values()) == 0
    assert (books["account-1"], books["account-2"]) == (19, 5)
    assert books[BankAccount.ISSUED] == -35
    assert (books[BankAccount.REDEEMED], books[BankAccount.DONATED]) == (9, 2)


_PLAYED = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9)), max_size=20)


@examples(25)
@given(steps=_PLAYED)
def test_a_balance_is_the_sum_of_its_postings_whatever_was_refused(
    steps: list[tuple[int, int]],
) -> None:
    paper = bank(*in_publicity("deed-9", "account-1", 5))
    acts: tuple[Callable[[int], Proposal], ...] = (
        redeem,
        donated,
        lambda points: award(),
        lambda points: reversed_(),
        lambda points: redeem(points, "account-2"),
        lambda points: donated(points, "account-2"),
    )

    for act, points in steps:
        paper.propose(acts[act](points))

    paper.at = datetime(2028, 4, 20, 4, tzinfo=UTC)
    ending = account(paper).lots
    paper.accept(*(noticed(lot.points, date(2028, 5, 20), lot.award) for lot in ending))
    paper.at = datetime(2028, 5, 21, 4, tzinfo=UTC)
    paper.accept(*(expired(lot.points, lot.award) for lot in ending))
    books = posted(paper.history)
    assert sum(books.values()) == 0
    for identity in ("account-1", "account-2"):
        assert books[identity] == account(paper, identity).balance >= 0
    assert books["account-1"] == 0
    assert books[BankAccount.ISSUED] <= 0
