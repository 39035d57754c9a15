"""Spending: many at once to the last point, and a year of postings replayed to the same bytes."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from ledger import catalogue
from ledger.domain.love_bank.accounts import Account
from ledger.domain.love_bank.postings import posting
from ledger.domain.love_bank.rewards import (
    LovePointsRedeemed,
    RewardListed,
    RewardRestocked,
    RewardType,
)
from ledger.ledger import Ledger
from ledger.proposal import Proposal
from ledger.refusals import Refusal, Refused, WrongState
from ledger.store.migrations import migrate
from ledger.store.postgres import PostgresStore
from tests.bank_acts import claiming, opened
from tests.harness.bank_year import BankYear
from tests.replaying import replay
from tests.torture_report import COUNTS, SEED
from tests.town import COMMITTEE, COMMITTEE_B, OPENED_AT, accepted, awarding, found
from tests.vaults import memory_vault

FULL = os.environ.get("MINGZHANG_TORTURE") == "full"
CLIENTS = 64
POINTS = 100
PRICES = range(1, 8)
STOCK = 100
"""Of each reward: enough for all points to go into the cheapest one."""
POSTINGS = 100_000 if FULL else 5_000


# Many at once


@pytest.fixture(params=[1, 2], ids=["one-door", "two-doors"])
def doors(request: pytest.FixtureRequest, postgres_url: str, schema: str) -> Iterator[list[Ledger]]:
    """Running ledgers on one log in PostgreSQL, as one server has and as two would."""
    migrate(postgres_url, schema)
    stores = [PostgresStore(postgres_url, schema) for _ in range(request.param)]
    ledgers = [Ledger(store, memory_vault()) for store in stores]
    for ledger in ledgers:
        ledger.start()
    yield ledgers
    for ledger in ledgers:
        ledger.close()
    for store in stores:
        store.close()


def with_100_points(ledger: Ledger) -> None:
    found(ledger)
    accepted(ledger, claiming(opened(), OPENED_AT))
    for number in range(POINTS // 20):
        accepted(ledger, *awarding(f"award-{number}", "account-9", 20, f"deed-{number}"))
    for price in PRICES:
        reward = f"reward-{price}"
        goods = RewardListed(reward=reward, name=reward, reward_type=RewardType.GOODS, points=price)
        stock = RewardRestocked(reward=reward, quantity=STOCK)
        accepted(ledger, *(Proposal(one, COMMITTEE, OPENED_AT) for one in (goods, stock)))


def spend(ledger: Ledger, price: int, client: int) -> Refusal | None:
    """One piece of the reward of this price; the refusal where the points do not reach."""
    event = LovePointsRedeemed(account="account-9", reward=f"reward-{price}", points=price)
    actor = COMMITTEE if client % 2 else COMMITTEE_B
    try:
        ledger.propose_sync([Proposal(event, actor)])
    except Refused as refused:
        return refused.refusal
    return None


def spend_all(ledger: Ledger, client: int, start: threading.Barrier) -> tuple[int, list[Refusal]]:
    """What one client spends: in its own order of prices, the cheapest last, until even one point
    is refused."""
    prices = Random(SEED + client).sample(PRICES[1:], len(PRICES) - 1)
    spent, refusals = 0, list[Refusal]()
    start.wait(timeout=30)
    for price in (*prices, *[1] * (POINTS + 1)):
        refusal = spend(ledger, price, client)
        if refusal is None:
            spent += price
            continue
        refusals.append(refusal)
        if price == 1:
            return spent, refusals
    raise AssertionError("more than all points were spent")


def test_64_who_spend_at_once_leave_nothing_and_take_no_more(doors: list[Ledger]) -> None:
    with_100_points(doors[0])
    start = threading.Barrier(CLIENTS)

    with ThreadPoolExecutor(CLIENTS) as clients:
        ended = list(
            clients.map(
                lambda client: spend_all(doors[client % len(doors)], client, start), range(CLIENTS)
            )
        )

    refusals = [refusal for _, of_client in ended for refusal in of_client]
    assert sum(spent for spent, _ in ended) == POINTS
    assert len(refusals) >= CLIENTS
    assert {(type(one), one.rule, one.field) for one in refusals} == {
        (WrongState, "beyond_balance", "points")
    }
    assert "at most 0 points" in {one.accepted for one in refusals}
    check_account(doors[-1], sum(spent for spent, _ in ended))


def check_account(ledger: Ledger, spent: int) -> None:
    """The log tells the same: by its postings, by the shelf, and decided once more."""
    history = list(ledger.read())
    states = replay(stored.record for stored in history)
    account: Account = states["account:account-9"]
    assert (account.balance, account.lots, account.held) == (0, (), ())
    books, handed_out = Counter[str](), Counter[str]()
    for stored in history:
        event = catalogue.decode(stored.position, stored.record).event
        moved = posting(event)
        for name, points in () if moved is None else moved.sides:
            books[name] += points
        if isinstance(event, LovePointsRedeemed):
            handed_out[event.reward] += event.quantity
    assert (books["account-9"], books["redeemed"], books["issued"]) == (0, spent, -POINTS)
    for price in PRICES:
        reward = f"reward-{price}"
        assert states[f"reward:{reward}"].stock == STOCK - handed_out[reward]


# A year


@pytest.mark.torture
def test_a_year_of_postings_replays_to_the_same_bytes(
    record_property: Callable[[str, object], None],
) -> None:
    """Each is decided again from the records alone; so is the balance of every account."""
    year = BankYear(POSTINGS, accounts=max(20, POSTINGS // 100), seed=SEED)

    states = replay(year.paper.records)

    record_property(COUNTS, f"{len(year.paper.records):,} records, {dict(year.moved)}")
    assert states == year.paper.states
    assert year.moved.total() >= POSTINGS
    assert len(year.moved) == 5
    assert year.refused > POSTINGS / 100
    balances = {name: states[f"account:{name}"].balance for name in year.accounts}
    assert balances == {name: year.balances[name] for name in year.accounts}
    assert min(balances.values()) >= 0
