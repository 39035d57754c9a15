"""Random acts, valid and not, against a plain model; the domain's invariants after every step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ledger.catalogue import KINDS
from ledger.decision import Office
from ledger.domain.handling import AnswerAccepted
from ledger.domain.organisations import OrganisationRegistered
from ledger.domain.people import AppointmentMade
from ledger.domain.rules import Step
from ledger.domain.supervision import RequestSupervised
from ledger.event import Actor, Event
from ledger.proposal import Proposal
from tests.machine import drafts
from tests.machine.auditor import Auditor
from tests.machine.comparison import Board, dockets_are_full
from tests.machine.drafts import ACCOUNTS, ALONG, AWARDS, ENDINGS, REQUESTS, WHISTLES
from tests.machine.packs import Enactment, calendars, packs
from tests.paper_ledger import PaperLedger
from tests.plain_model.books import Books
from tests.plain_model.clerk import VERDICTS, allows, enter
from tests.plain_model.people import EVERYBODY, MAY, NEW_ORGANISATIONS, NEWCOMERS
from tests.plain_model.rule_book import Act
from tests.plain_model.staff import StaffBook
from tests.replaying import replay, replay_next
from tests.strategies import TORTURE, Form, models
from tests.town import (
    COMMITTEE,
    FOUNDER,
    HOTLINE,
    TIMEKEEPER,
    founding,
)

_POOLS = {
    "request": REQUESTS, "target": REQUESTS, "into": REQUESTS, "whistle": WHISTLES,
    "account": ACCOUNTS, "award": AWARDS,
}  # fmt: skip
LOTS = st.lists(st.integers(0, 2**32), min_size=1, max_size=6)
TRIES = 8
"""How many drafts of a kind are tried for one that may be entered."""
_CLAIMS = (
    None, None, None, None, None,
    timedelta(), timedelta(hours=-1), timedelta(days=-2), timedelta(seconds=30),
    timedelta(seconds=61),
)  # fmt: skip
"""When an act is said to have happened, from when it is entered; None: nothing is said."""


def prepared_town() -> list[Proposal]:
    """The small town with the model's newcomers."""
    first, *rest = founding()
    organisations = [
        OrganisationRegistered(organisation=identity, type=type_, name=identity, parent=parent)
        for identity, type_, parent in NEW_ORGANISATIONS
    ]
    appointments = [
        AppointmentMade(
            principal=actor.principal, organisation=actor.organisation, office=Office(actor.office)
        )
        for actor in NEWCOMERS
    ]
    return [first, *rest, *(Proposal(event, FOUNDER) for event in (*organisations, *appointments))]


class Town(RuleBasedStateMachine):
    """Each rule proposes something to the ledger, and foretells from the books what it answers."""

    prepared: ClassVar[PaperLedger] = PaperLedger()

    def __init__(self) -> None:
        super().__init__()
        if not self.prepared.records:
            self.prepared.accept(*prepared_town())
            assert replay(self.prepared.records) == self.prepared.states
        self.paper = self.prepared.copy()
        self.books = Books(StaffBook(FOUNDER))
        self.seen: Counter[str] = Counter()
        self.replayed: dict[str, Any] = dict(self.paper.states)
        self.auditor = Auditor()
        self.board = Board()
        for recorded in self.paper.history:
            enter(
                self.books, Act(recorded.event, FOUNDER, recorded.recorded_at, recorded.recorded_at)
            )
            self.board.read(recorded)
        self.read = len(self.paper.records)

    def try_(self, event: Event, actor: Actor, claim: timedelta | None = None) -> bool:
        """Proposes; the verdict must be the one that the books give."""
        before = len(self.paper.records)
        at = self.paper.at + timedelta(seconds=1)
        occurred_at = None if claim is None else at + claim
        act = Act(event, actor, occurred_at or at, at)
        foretold = allows(self.books, act)

        refusal = self.paper.propose(Proposal(event, actor, occurred_at))

        assert (refusal is None) == foretold, f"{event!r} by {actor} at {at}: {refusal}"
        assert len(self.paper.records) == before + (refusal is None), "a refusal left a trace"
        if refusal is None:
            enter(self.books, act)
            self.seen[event.kind] += 1
        return refusal is None

    # What is proposed.

    @initialize()
    def begin(self) -> None:
        """A life begins with a request that is dispatched, and with an account in credit."""
        self.try_(drafts.filing(REQUESTS[0], 0), HOTLINE)
        for number, account in enumerate(ACCOUNTS):
            self.try_(drafts.opening(account, number), COMMITTEE)

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
        self.try_(event.model_copy(update=changes), actor, claim)

    @precondition(lambda self: self.books.cases)
    @rule(data=st.data(), lots=LOTS)
    def go_on_with_a_case(self, data: st.DataObject, lots: list[int]) -> None:
        """Acts that the books allow next, so that long lives are lived too."""
        request = data.draw(st.sampled_from(sorted(self.books.cases)))
        self._go_on(ALONG, request, lots)

    @precondition(lambda self: self.books.cases)
    @rule(data=st.data(), lots=LOTS)
    def go_astray_with_a_case(self, data: st.DataObject, lots: list[int]) -> None:
        """The same with all that may happen beside."""
        request = data.draw(st.sampled_from(sorted(self.books.cases)))
        self._go_on([*drafts.OF_CASES], request, lots)

    @rule(whistle=st.sampled_from(WHISTLES), lots=LOTS)
    def go_on_with_a_whistle(self, whistle: str, lots: list[int]) -> None:
        self._go_on([*drafts.OF_WHISTLES], whistle, lots)

    def _go_on(self, kinds: Sequence[str], thing: str, lots: list[int]) -> None:
        """For each lot the first act that is allowed, of what this life has seen the least of."""
        for lot in lots:
            random = Random(f"{lot} {len(self.paper.records)}")
            at = self.paper.at + timedelta(seconds=1)
            turn = {kind: (self.seen[kind] + (kind in ENDINGS), random.random()) for kind in kinds}
            for kind in sorted(kinds, key=turn.__getitem__):
                acts = (self._draft(random, kind, thing, at) for _ in range(TRIES))
                act = next((act for act in acts if allows(self.books, act)), None)
                if act is not None:
                    assert self.try_(act.event, act.actor)
                    break

    @staticmethod
    def _draft(random: Random, kind: str, thing: str, at: datetime) -> Act:
        event = drafts.draft(kind, thing, random.randrange(1_000))
        return Act(event, random.choice(sorted(MAY[kind])), at, at)

    @rule(request=st.sampled_from(REQUESTS), choice=st.integers(0, 99))
    def file(self, request: str, choice: int) -> None:
        event = drafts.filing(request, choice)
        actors = sorted(MAY[event.kind])
        self.try_(event, actors[choice % len(actors)])

    @rule(
        kind=st.sampled_from(drafts.OF_LOVE_BANK),
        account=st.sampled_from(ACCOUNTS),
        choice=st.integers(0, 999),
    )
    def use_the_love_bank(self, kind: str, account: str, choice: int) -> None:
        actors = sorted(MAY[kind])
        self.try_(drafts.posting(kind, account, choice), actors[choice % len(actors)])

    @rule(enacted=packs() | calendars())
    def enact(self, enacted: Enactment) -> None:
        self.try_(enacted(self.books.rules, self.paper.at), FOUNDER)

    @rule(choice=st.integers(0, 999), effect=st.sampled_from(drafts.EFFECTS))
    def change_the_staff(self, choice: int, effect: timedelta | None) -> None:
        effective_from = None if effect is None else self.paper.at + effect
        self.try_(drafts.staffing(choice, effective_from), FOUNDER)

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
        self.try_(AnswerAccepted(request=request, deemed=True), TIMEKEEPER)
        self.try_(RequestSupervised(request=request, overdue=True), TIMEKEEPER)

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
            self.board.says_what_stands_in(self.books)


# Few and short lives in `make test`, many and long ones in `make torture`.
TestTown = pytest.mark.torture(Town.TestCase)
TestTown.settings = settings(
    max_examples=400 if TORTURE else 50,
    stateful_step_count=100 if TORTURE else 40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
