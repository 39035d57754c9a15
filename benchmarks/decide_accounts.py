"""Deciding on an account of the love bank with a long history: how long, under the lock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from benchmarks import workload
from benchmarks.database import Database
from benchmarks.load import percentile
from ledger import decision
from ledger.clocks import TimeUnit, local_day
from ledger.decider import ProposalDecider
from ledger.decision import Office, Situation
from ledger.domain.love_bank.accounts import Account, AccountOpened, HolderType
from ledger.domain.love_bank.deeds import DeedClaimed, DeedVerified
from ledger.domain.love_bank.objections import ObjectionRaised
from ledger.domain.love_bank.points import LovePointsAwarded, LovePointsReversed, months_after
from ledger.domain.love_bank.publicity import PublicityOpened
from ledger.domain.love_bank.rewards import (
    LovePointsRedeemed,
    RewardListed,
    RewardRestocked,
    RewardType,
)
from ledger.domain.rules.rules import EXPIRE_AFTER_MONTHS, Deadline, Step
from ledger.domain.town.people import AppointmentMade
from ledger.event import Actor, Event
from ledger.ledger import Ledger
from ledger.proposal import Prepared, Proposal, prepare
from ledger.states import StateCache, View
from ledger.store.memory import MemoryStore
from ledger.vault.cabinet import MemoryCabinet
from ledger.vault.vault import Vault

CLERK = Actor("clerk_a", "committee-1", "p-clerk")
CLERK_B = Actor("clerk_b", "committee-1", "p-clerk-b")
NEIGHBOUR = Actor("resident", "committee-1", "neighbour")
CACHE_BYTES = 2**30
ACCOUNT, OPENED, SHOWN = "account-1", timedelta(days=90), timedelta(days=60)
"""The account, how long ago it was opened, and how long ago its deeds were shown."""
AWARDED = timedelta(days=30)
TOGETHER = 500
"""Proposals in a list while the history is made."""


class AccountPlan(NamedTuple):
    """How many postings the account has, half of them awards, and how often each act is decided."""

    postings: int
    decisions: int


class Decided(NamedTuple):
    """One act on that account, in milliseconds.

    `decide` is the rules alone, on the folded states. `step` is all that the sequencer does with it
    under its lock: states from its cache, the rules, the record, the leaf, and the folds.
    """

    postings: int
    lots: int
    decisions: int
    decide_p50_ms: float
    decide_p99_ms: float
    step_p50_ms: float
    step_p99_ms: float
    load_ms: float
    """Folding the account from its history, when it is in no cache."""


class WrongOutcome(RuntimeError):
    """An act was refused that should have been accepted: nothing was measured."""


def _measured(act: Callable[[datetime], Proposal]) -> Callable[[Database, AccountPlan], Decided]:
    def run(_database: Database, plan: AccountPlan) -> Decided:
        now = datetime.now(UTC)
        store, vault = MemoryStore(), Vault(MemoryCabinet(), waits=True)
        ledger = Ledger(store, vault)
        ledger.start()
        _propose(ledger, _ground(now))
        _propose(ledger, _history(now, plan.postings))
        ledger.close()
        return _timed(store, prepare(act(now), vault), plan)

    return run


def _propose(ledger: Ledger, proposals: Iterator[Proposal]) -> None:
    given = list(proposals)
    for first in range(0, len(given), TOGETHER):
        ledger.propose_sync(given[first : first + TOGETHER])


def _timed(store: MemoryStore, prepared: Prepared, plan: AccountPlan) -> Decided:
    decider, writer, cache = ProposalDecider(), store.writer(), StateCache(CACHE_BYTES)
    view = View(cache, decider, writer, store.size(), datetime.now(UTC))
    began = time.perf_counter()
    view.load([f"account:{ACCOUNT}"])
    load = time.perf_counter() - began
    account: Account = view.state(f"account:{ACCOUNT}")
    situation = Situation(view.state, prepared.actor, prepared.occurred_at or view.at, view.at)
    size, decides, steps = view.size, list[float](), list[float]()
    for _ in range(plan.decisions + 1):  # the first loads what else is read, and is not counted
        began = time.perf_counter()
        refusal = decision.decide(prepared.event, situation, size)
        decides.append(time.perf_counter() - began)
        began = time.perf_counter()
        refusal = refusal or decider.decide((prepared,), view)
        steps.append(time.perf_counter() - began)
        view.undo()
        if refusal is not None:
            raise WrongOutcome(f"{prepared.event.kind}: {refusal}")
    decides, steps = sorted(decides[1:]), sorted(steps[1:])
    return Decided(
        plan.postings,
        len(account.lots),
        plan.decisions,
        percentile(decides, 0.50) * 1000,
        percentile(decides, 0.99) * 1000,
        percentile(steps, 0.50) * 1000,
        percentile(steps, 0.99) * 1000,
        load * 1000,
    )


# The history


def _ground(now: datetime) -> Iterator[Proposal]:
    """A town with a love bank, an account, soap, and a deed that may be awarded."""
    yield from workload.founding()
    for actor in (CLERK, CLERK_B):
        appointed = AppointmentMade(
            principal=actor.principal,
            organisation=actor.organisation,
            office=Office(actor.office),
        )
        yield Proposal(appointed, workload.FOUNDER)
    rules = workload.rules()
    publicity = Deadline(step=Step.DEED_PUBLICITY, amount=5, unit=TimeUnit.WORKING_DAYS)
    with_publicity = rules.model_copy(
        update={
            "pack_version": 2,
            "deadlines": (*rules.deadlines, publicity),
            "points_per_hour": rules.max_points_per_award,
        }
    )
    yield Proposal(with_publicity, workload.FOUNDER)
    opened = AccountOpened(account=ACCOUNT, holder_type=HolderType.PERSON)
    soap = RewardListed(reward="soap", name="香皂", reward_type=RewardType.GOODS, points=1)
    stock = RewardRestocked(reward="soap", quantity=1_000_000)
    for event in (opened, soap, stock):
        yield Proposal(event, CLERK, now - OPENED)
    yield from _shown("deed-next", now)


def _history(now: datetime, postings: int) -> Iterator[Proposal]:
    """An award and a piece of soap in turn: most lots are still there at the end."""
    for number in range(postings // 2):
        yield from _shown(f"deed-{number}", now)
        yield Proposal(_award(f"award-{number}", f"deed-{number}", now), CLERK, now - AWARDED)
        yield Proposal(_redeemed(), CLERK)


def _shown(deed: str, now: datetime) -> Iterator[Proposal]:
    when = now - SHOWN
    claimed = DeedClaimed(
        deed=deed, account=ACCOUNT, deed_category="help", done_on=local_day(when), hours=1
    )
    verified = DeedVerified(
        deed=deed,
        is_confirmed=True,
        witnesses=(workload.HOTLINE.principal, workload.HANDLER.principal),
        spot_checked_by=workload.STRANGER.principal,
    )
    yield Proposal(claimed, CLERK, when)
    yield Proposal(verified, CLERK_B, when)
    yield Proposal(PublicityOpened(deed=deed, points=20), CLERK, when)


def _award(award: str, deed: str, now: datetime) -> Event:
    return LovePointsAwarded(
        award=award,
        account=ACCOUNT,
        deed=deed,
        deed_category="help",
        points=20,
        expires_on=months_after(local_day(now - AWARDED), EXPIRE_AFTER_MONTHS),
    )


def _redeemed() -> Event:
    return LovePointsRedeemed(account=ACCOUNT, reward="soap", points=1)


# The acts that are measured


def _next_award(now: datetime) -> Proposal:
    return Proposal(_award("award-next", "deed-next", now), CLERK, now - AWARDED)


def _next_redemption(now: datetime) -> Proposal:
    return Proposal(_redeemed(), CLERK)


def _next_reversal(now: datetime) -> Proposal:
    reversed_ = LovePointsReversed(
        account=ACCOUNT,
        award="award-9",
        points=20,
        awarded_on=local_day(now - AWARDED),
        reason="误记",
    )
    return Proposal(reversed_, CLERK_B)


def _next_objection(now: datetime) -> Proposal:
    return Proposal(ObjectionRaised(deed="deed-9", reason="另有其人"), NEIGHBOUR)


CONTENDERS: Sequence[tuple[str, Any]] = (
    ("award", _measured(_next_award)),
    ("redemption", _measured(_next_redemption)),
    ("reversal", _measured(_next_reversal)),
    ("objection", _measured(_next_objection)),
)
