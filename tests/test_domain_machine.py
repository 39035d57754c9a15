"""Random acts, valid and not, against a plain model; the domain's invariants after every step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ledger.catalogue import KINDS
from ledger.domain.requests.handling import AnswerAccepted
from ledger.domain.requests.supervision import RequestSupervised
from ledger.domain.rules.rules import Step
from tests.machine import drafts
from tests.machine.auditor import Auditor
from tests.machine.bank_drafts import (
    ACCOUNTS,
    AWARDS,
    DEEDS,
    OBJECTIONS,
    OF_DEEDS,
    OF_LOVE_BANK,
    REWARDS,
    bank_act,
    opening,
)
from tests.machine.comparison import Board, dockets_are_full, donations_are_left
from tests.machine.drafts import ALONG, REQUESTS, WHISTLES
from tests.machine.gift_drafts import GIFTS, giving
from tests.machine.life import Life
from tests.machine.packs import enacted
from tests.plain_model.clerk import VERDICTS
from tests.plain_model.people import EVERYBODY, MAY
from tests.replaying import replay_next
from tests.strategies import TORTURE, Form, models
from tests.town import COMMITTEE, FOUNDER, HOTLINE, TIMEKEEPER

_POOLS = {
    "request": REQUESTS, "target": REQUESTS, "into": REQUESTS, "whistle": WHISTLES,
    "account": ACCOUNTS, "award": AWARDS, "deed": DEEDS, "objection": OBJECTIONS,
    "reward": REWARDS, "donation": GIFTS,
}  # fmt: skip
LOT = st.integers(0, 2**32)
LOTS = st.lists(LOT, min_size=1, max_size=6)
_CLAIMS = (
    None, None, None, None, None,
    timedelta(), timedelta(hours=-1), timedelta(days=-2), timedelta(seconds=30),
    timedelta(seconds=61),
)  # fmt: skip
"""When an act is said to have happened, from when it is entered; None: nothing is said."""


class Town(RuleBasedStateMachine):
    """Each rule proposes something to the ledger, and foretells from the books what it answers."""

    def __init__(self) -> None:
        super().__init__()
        self.life = Life()
        self.paper, self.books = self.life.paper, self.life.books
        self.replayed: dict[str, Any] = dict(self.paper.states)
        self.auditor = Auditor()
        self.board = Board()
        for recorded in self.paper.history:
            self.board.read(recorded)
        self.read = len(self.paper.records)

    # What is proposed.

    @initialize()
    def begin(self) -> None:
        """A life begins with a request that is on its way, and with accounts."""
        self.life.try_(drafts.filing(REQUESTS[0], 0), HOTLINE)
        for lot in range(2):
            self.life.go_on(ALONG, REQUESTS[0], lot)
        for number, account in enumerate(ACCOUNTS):
            self.life.try_(opening(account, number), COMMITTEE)

    @rule(
        data=st.data(),
        kind=st.sampled_from([*VERDICTS, *["request_filed"] * 5]),
        claim=st.sampled_from(_CLAIMS),
    )
    def propose_anything(self, data: st.DataObject, kind: str, claim: timedelta | None) -> None:
        """Whatever the model of a kind admits, mostly by somebody who may."""
        event = data.draw(models(KINDS[kind], Form.LIFELIKE))
        changes = {
            name: data.draw(st.sampled_from(pool))
            for name, pool in _POOLS.items()
            if getattr(event, name, None) is not None
        }
        fitting = st.sampled_from(sorted(MAY[kind]))
        actor = data.draw(st.one_of(fitting, fitting, fitting, st.sampled_from(EVERYBODY)))
        self.life.try_(event.model_copy(update=changes), actor, claim)

    @precondition(lambda self: self.books.cases)
    @rule(data=st.data(), lots=LOTS)
    def go_on_with_a_case(self, data: st.DataObject, lots: list[int]) -> None:
        """Acts that the books allow next, so that long lives are lived too."""
        request = data.draw(st.sampled_from(sorted(self.books.cases)))
        for lot in lots:
            self.life.go_on(ALONG, request, lot)

    @precondition(lambda self: self.books.cases)
    @rule(data=st.data(), lots=LOTS)
    def go_astray_with_a_case(self, data: st.DataObject, lots: list[int]) -> None:
        """The same with all that may happen beside."""
        request = data.draw(st.sampled_from(sorted(self.books.cases)))
        for lot in lots:
            self.life.go_on([*drafts.OF_CASES], request, lot)

    @precondition(lambda self: self.books.cases)
    @rule(data=st.data(), lots=LOTS)
    def let_others_go_on_with_a_case(self, data: st.DataObject, lots: list[int]) -> None:
        """Whoever has a like office tries, also those who may not."""
        request = data.draw(st.sampled_from(sorted(self.books.cases)))
        for lot in lots:
            self.life.go_on_by_others(ALONG, request, lot)

    @rule(whistle=st.sampled_from(WHISTLES), lots=LOTS)
    def let_others_go_on_with_a_whistle(self, whistle: str, lots: list[int]) -> None:
        for lot in lots:
            self.life.go_on_by_others([*drafts.OF_WHISTLES], whistle, lot)

    @rule(whistle=st.sampled_from(WHISTLES), lots=LOTS)
    def go_on_with_a_whistle(self, whistle: str, lots: list[int]) -> None:
        for lot in lots:
            self.life.go_on([*drafts.OF_WHISTLES], whistle, lot)

    @rule(request=st.sampled_from(REQUESTS), choice=st.integers(0, 99))
    def file(self, request: str, choice: int) -> None:
        event = drafts.filing(request, choice)
        actors = sorted(MAY[event.kind])
        self.life.try_(event, actors[choice % len(actors)])

    @rule(kind=st.sampled_from(OF_LOVE_BANK), choice=st.integers(0, 9_999))
    def use_the_love_bank(self, kind: str, choice: int) -> None:
        actors = sorted(MAY[kind])
        event = bank_act(kind, choice, self.books, self.life.now)
        self.life.try_(event, actors[choice % len(actors)])

    @rule(lots=LOTS)
    def go_on_in_the_love_bank(self, lots: list[int]) -> None:
        for lot in lots:
            self.life.go_on_in_the_bank(OF_LOVE_BANK, lot)

    @rule(lots=LOTS)
    def do_good(self, lots: list[int]) -> None:
        """Deeds come to their points, as far as time lets them."""
        for lot in lots:
            self.life.go_on_in_the_bank(OF_DEEDS, lot)

    @rule(gift=st.sampled_from(GIFTS), choice=st.integers(0, 999), claim=st.sampled_from(_CLAIMS))
    def give(self, gift: str, choice: int, claim: timedelta | None) -> None:
        """A donation comes and is taken from, as far as its purpose and what is left let it."""
        for event, actor in giving(gift, choice):
            self.life.try_(event, actor, claim)

    @rule(lot=LOT)
    def enact(self, lot: int) -> None:
        self.life.try_(enacted(lot, self.books.rules, self.life.now), FOUNDER)

    @rule(choice=st.integers(0, 999), effect=st.sampled_from(drafts.EFFECTS))
    def change_the_staff(self, choice: int, effect: timedelta | None) -> None:
        effective_from = None if effect is None else self.paper.at + effect
        self.life.try_(drafts.staffing(choice, effective_from), FOUNDER)

    # Time.

    @rule(passed=st.sampled_from([5, 60, 180, 1_440, 4_320, 12_960, 23_040]))
    def let_time_pass(self, passed: int) -> None:
        """Minutes to days: a term ends, and what is late is refused."""
        self.paper.at += timedelta(minutes=passed)

    @precondition(lambda self: self.books.cases)
    @rule(data=st.data(), off=st.sampled_from([-2, -1, 0]))
    def come_to_the_end_of_a_term(self, data: st.DataObject, off: int) -> None:
        """To the very second, and to the ones beside it."""
        request = data.draw(st.sampled_from(sorted(self.books.cases)))
        ends = [one for one in self._ends(request) if one > self.paper.at + timedelta(seconds=3)]
        if ends:
            end = data.draw(st.sampled_from(ends)).astimezone(UTC)
            self.paper.at = end + timedelta(seconds=off)
            self._look(request)

    def _ends(self, request: str) -> list[datetime]:
        file, rules = self.books.cases[request], self.books.rules
        ends: list[datetime | None] = []
        if file.stage in ("dispatched", "in_hand"):
            ends = [file.due_at(rules, self.paper.at), file.supervised_from(rules)]
        elif file.stage == "answered" and file.answer:
            ends = [rules.step_ends(Step.ANSWER_DEEMED_ACCEPTED, file.answer.at)]
        elif file.stage == "cleared":
            ends = [file.disputable_until(rules)]
        return [one for one in ends if one is not None]

    @rule()
    def the_timekeeper_looks(self) -> None:
        for request, file in sorted(self.books.cases.items()):
            if file.stage in ("dispatched", "in_hand", "answered"):
                self._look(request)

    def _look(self, request: str) -> None:
        self.life.try_(AnswerAccepted(request=request, deemed=True), TIMEKEEPER)
        self.life.try_(RequestSupervised(request=request, overdue=True), TIMEKEEPER)

    # The invariants of the domain, read from the stored records.

    @invariant()
    def what_is_stored_stands(self) -> None:
        for size in range(self.read, len(self.paper.records)):
            replay_next(self.paper.records[size], size, self.replayed)
            self.auditor.read(self.paper.history[size])
            self.board.read(self.paper.history[size])
        if self.read < len(self.paper.records):
            self.read = len(self.paper.records)
            assert self.replayed == self.paper.states
            dockets_are_full(self.paper.states, self.books)
            donations_are_left(self.paper.states, self.books)
            self.board.says_what_stands_in(self.books)


# Few and short lives in `make test`, many and long ones in `make torture`.
TestTown = pytest.mark.torture(Town.TestCase)
TestTown.settings = settings(
    max_examples=400 if TORTURE else 50,
    stateful_step_count=100 if TORTURE else 40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
