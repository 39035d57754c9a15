"""A year of the love bank, drawn by a seed: the ledger on paper, and plain books beside it."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from random import Random

from ledger.clocks import local_day
from ledger.domain.love_bank.accounts import Account
from ledger.domain.love_bank.points import months_after
from ledger.domain.love_bank.rewards import RewardListed, RewardRestocked, RewardType
from ledger.event import Event
from ledger.proposal import Proposal
from tests.bank_acts import (
    award,
    claimed,
    claiming,
    donated,
    expired,
    noticed,
    opened,
    raised,
    redeem,
    reversed_,
    ruled,
    shown,
    verified,
)
from tests.paper_ledger import PaperLedger
from tests.request_acts import town
from tests.town import COMMITTEE, FOUNDER, OPENED_AT, RULES

YEAR = timedelta(days=365)
MONTHS = 3
"""After how many points end here, so that many do within the year."""
WAITED = timedelta(days=12)
"""How long ago, as claimed, a deed was shown that earns its points now."""
SHELF = 1_000_000


class BankYear:
    """Draws act after act until so many postings were accepted; refusals leave no trace."""

    def __init__(self, postings: int, accounts: int, seed: int) -> None:
        self.random = Random(seed)
        self.paper: PaperLedger = town(*_ground(accounts))
        self.accounts = [f"account-{number}" for number in range(accounts)]
        self.balances: Counter[str] = Counter()
        """By account, as the plain books have it."""
        self.moved: Counter[str] = Counter()
        """Postings by kind."""
        self.refused = 0
        self.awards: list[tuple[str, int, date, str]] = []
        """(account, points, day, deed) of award-0, award-1 …"""
        self._looked = local_day(self.paper.at)
        step = YEAR / postings
        while self.moved.total() < postings:
            before = self.moved.total()
            self._act()
            self.paper.at += step * (self.moved.total() - before)
            if local_day(self.paper.at) >= self._looked + timedelta(days=7):
                self._look()
            self.paper.history.clear()  # the records are the history

    def _act(self) -> None:
        account, die = self.random.choice(self.accounts), self.random.random()
        there = self._state(account).spendable(local_day(self.paper.at))
        wanted = self.random.randint(1, 12)
        if not there or die < 0.35:
            self._earn(account, self.random.randint(1, 20))
        elif die < 0.8:
            self._move(redeem(wanted, account), -wanted)
        elif die < 0.95:
            self._move(donated(wanted, account), -wanted)
        elif self.awards and die < 0.98:
            self._take_back(self.random.randrange(len(self.awards)))
        elif self.awards:
            self._contest(self.random.randrange(len(self.awards)))

    def _earn(self, account: str, points: int) -> None:
        number, now = len(self.awards), self.paper.at
        deed, then = f"deed-{number}", now - WAITED
        done_on, today = local_day(then), local_day(now + timedelta(seconds=4))
        for step in (
            claimed(account, deed=deed, done_on=done_on),
            verified(deed=deed),
            shown(points, deed=deed),
        ):
            self.paper.accept(claiming(step, then))
        ends = months_after(today, MONTHS)
        earned = award(points, account, award=f"award-{number}", deed=deed, expires_on=ends)
        assert self._move(earned, points)
        self.awards.append((account, points, today, deed))

    def _take_back(self, number: int) -> None:
        account, points, day, _ = self.awards[number]
        taken = reversed_(points, identity=account, award=f"award-{number}", awarded_on=day)
        self._move(taken, -points)

    def _contest(self, number: int) -> None:
        deed, objection = self.awards[number][3], f"objection-{len(self.paper.records)}"
        self.paper.accept(raised(objection, deed))
        is_upheld = self.random.random() < 0.5
        self.paper.accept(ruled(is_upheld, objection, deed))
        if is_upheld:
            self._take_back(number)

    def _look(self) -> None:
        """What the timekeeper does once a week: notices in time, and what has ended."""
        self._looked = today = local_day(self.paper.at)
        notice = timedelta(days=RULES.expiry_notice_days)
        for account in self.accounts:
            for lot in self._state(account).lots:
                assert lot.expires_on is not None
                if lot.is_expired(today):
                    self._move(expired(lot.points, lot.award, account), -lot.points)
                elif lot.last_day is None and lot.expires_on <= today + notice:
                    last_day = max(lot.expires_on, today + notice)
                    self.paper.propose(noticed(lot.points, last_day, lot.award, account))

    def _move(self, proposal: Proposal, points: int) -> bool:
        event = proposal.event
        if self.paper.propose(proposal) is not None:
            self.refused += 1
            return False
        self.balances[_account_of(event)] += points
        self.moved[event.kind] += 1
        return True

    def _state(self, account: str) -> Account:
        found: Account = self.paper.states[f"account:{account}"]
        return found


def _account_of(event: Event) -> str:
    return str(event.__dict__["account"])


def _ground(accounts: int) -> list[Proposal]:
    """A pack under which points end soon, the accounts, and a shelf full of soap."""
    pack = RULES.model_copy(
        update={"pack_version": 2, "points_expire_after_months": MONTHS, "retroactive": True}
    )
    soap = RewardListed(reward="soap", name="香皂", reward_type=RewardType.GOODS, points=1)
    return [
        Proposal(pack, FOUNDER),
        *(
            claiming(opened(f"account-{number}", holder=f"person-{number}"), OPENED_AT)
            for number in range(accounts)
        ),
        Proposal(soap, COMMITTEE),
        Proposal(RewardRestocked(reward="soap", quantity=SHELF), COMMITTEE),
    ]
