"""The love bank against plain books: deeds, objections, lots that end, and the shelf."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ledger.domain.love_bank.accounts import Account, AccountOpened, HolderType
from projections import points_archive, rewards
from projections import reference as town
from projections.folding import Fold
from tests.machine.auditor import Auditor
from tests.machine.bank_drafts import AWARDS, DEEDS, OF_DEEDS, OF_LOVE_BANK, bank_act
from tests.machine.life import Life
from tests.plain_model.love_bank import Passbook
from tests.plain_model.people import MAY
from tests.plain_model.rule_book import CHINA
from tests.replaying import replay_next
from tests.strategies import TORTURE
from tests.town import COMMITTEE, FOUNDER, RULES, in_publicity

LOTS = st.lists(st.integers(0, 2**32), min_size=1, max_size=6)
OF_OBJECTIONS = ("objection_raised", "objection_ruled", "objection_appealed")
OF_SPENDING = ("love_points_redeemed", "love_points_donated", "love_points_reversed")


class LoveBank(RuleBasedStateMachine):
    """Two accounts with points in lots, while time passes and neighbours object."""

    def __init__(self) -> None:
        super().__init__()
        self.life = Life()
        self.paper, self.books = self.life.paper, self.life.books
        self.replayed: dict[str, Any] = dict(self.paper.states)
        self.auditor = Auditor()
        self.folds = [Fold(points_archive.PROJECTION), Fold(rewards.PROJECTION)]
        self.reference = town.EMPTY
        for recorded in self.paper.history:
            self.reference = town.evolve(self.reference, recorded)
        self.read = len(self.paper.records)

    @initialize(months=st.sampled_from([1, 2, None]), notice=st.sampled_from([1, 10, 30]))
    def begin(self, months: int | None, notice: int) -> None:
        """A short-lived pack, a shelf, and deeds that have been shown for long enough."""
        pack = RULES.model_copy(
            update={
                "pack_version": 2,
                "effective_from": self.life.now,
                "points_expire_after_months": months,
                "expiry_notice_days": notice,
            }
        )
        assert self.life.try_(pack, FOUNDER)
        for account in ("account-1", "account-2"):
            opened = AccountOpened(
                account=account, holder_type=HolderType.PERSON, holder=f"holder-of-{account}"
            )
            assert self.life.try_(opened, COMMITTEE)
        for place, deed in enumerate(DEEDS[:8]):
            for proposal in in_publicity(deed, f"account-{1 + place % 2}", 1 + place):
                assert self.life.try_(proposal.event, proposal.actor)
        for lot in range(4):
            self.life.go_on_in_the_bank(("reward_listed", "reward_restocked"), lot)
        self.paper.at += timedelta(days=12)
        self.award([0, 1, 2, 3])

    @rule(lots=LOTS)
    def award(self, lots: list[int]) -> None:
        for lot in lots:
            self.life.go_on_in_the_bank(("love_points_awarded",), lot)

    @rule(lots=LOTS)
    def spend(self, lots: list[int]) -> None:
        for lot in lots:
            self.life.go_on_in_the_bank(OF_SPENDING, lot)

    @rule(lots=LOTS)
    def contest(self, lots: list[int]) -> None:
        for lot in lots:
            self.life.go_on_in_the_bank(OF_OBJECTIONS, lot)

    @rule(lots=LOTS)
    def go_on(self, lots: list[int]) -> None:
        for lot in lots:
            self.life.go_on_in_the_bank((*OF_DEEDS, "reward_restocked", "account_closed"), lot)

    @rule(
        kind=st.sampled_from(OF_LOVE_BANK),
        choice=st.integers(0, 9_999),
        claim=st.sampled_from([None, None, timedelta(hours=-3), timedelta(days=-2)]),
    )
    def try_anything(self, kind: str, choice: int, claim: timedelta | None) -> None:
        actors = sorted(MAY[kind])
        event = bank_act(kind, choice, self.books, self.life.now)
        self.life.try_(event, actors[choice % len(actors)], claim)

    @rule(days=st.sampled_from([1, 1, 3, 10, 29, 31]))
    def let_days_pass(self, days: int) -> None:
        self.paper.at += timedelta(days=days)

    @rule(off=st.sampled_from([0, 0, 0, 1]))
    def the_timekeeper_looks(self, off: int) -> None:
        """It proposes what it thinks is due, at times for the wrong points."""
        self.life.look_at_lots(off)

    @invariant()
    def the_books_agree(self) -> None:
        for size in range(self.read, len(self.paper.records)):
            recorded = self.paper.history[size]
            replay_next(self.paper.records[size], size, self.replayed)
            self.auditor.read(recorded)
            self.reference = town.evolve(self.reference, recorded)
            for fold in self.folds:
                if recorded.kind in fold.projection.kinds:
                    fold.apply(recorded, self.reference)
        self.read = len(self.paper.records)
        for account, book in self.books.bank.passbooks.items():
            self._same_account(account, book)
        for reward, shelf in self.books.bank.shelves.items():
            row: Any = self.folds[1].sheets[0].current[(reward,)]
            assert (row.stock, row.points) == (shelf.stock, shelf.price)

    def _same_account(self, account: str, book: Passbook) -> None:
        bank, state = self.books.bank, self.paper.states[f"account:{account}"]
        assert isinstance(state, Account)
        today = self.life.now.astimezone(CHINA).date()
        slips = {(one.award, one.left, one.ends, one.last_day) for one in book.slips}
        lots = (*state.lots, *state.held)
        assert {(lot.award, lot.points, lot.expires_on, lot.last_day) for lot in lots} == slips
        assert {lot.award for lot in state.held} == {
            slip.award for slip in book.slips if bank.is_contested(slip.deed)
        }
        assert state.balance == book.balance == sum(lot.points for lot in lots)
        assert state.balance == self.auditor.balances[account]
        assert state.spendable(today) == bank.spendable(account, today) >= 0
        row: Any = self.folds[0].sheets[0].current[(account,)]
        assert row.balance == row.awarded - row.reversed - row.redeemed - row.donated - row.expired
        assert (row.balance, row.held) == (state.balance, state.held_points)
        assert sum(points for _, points in state.earned) == _earned(self, account)


def _earned(machine: LoveBank, account: str) -> int:
    """Awards less reversals."""
    bank = machine.books.bank
    earned = 0
    for award in AWARDS:
        made: Any = award in bank.awards and bank.awards[award].event
        if made and made.account == account:
            expired = bank.expired.get(award, 0)
            earned += expired if award in bank.reversed else made.points
    return earned


# Few and short lives in `make test`, many and long ones in `make torture`.
TestLoveBank = pytest.mark.torture(LoveBank.TestCase)
TestLoveBank.settings = settings(
    max_examples=400 if TORTURE else 40,
    stateful_step_count=100 if TORTURE else 40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
