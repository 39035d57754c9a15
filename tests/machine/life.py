"""One life of the town: its ledger on paper, and beside it the plain books that foretell it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from ledger.decision import Office
from ledger.domain.love_bank.points import LovePointsExpired, LovePointsExpiryNoticed
from ledger.domain.town.organisations import OrganisationAssigned, OrganisationRegistered
from ledger.domain.town.people import AppointmentMade
from ledger.event import Actor, Event
from ledger.proposal import Proposal
from ledger.refusals import Refusal
from tests.machine import drafts
from tests.machine.bank_drafts import A_WHOLE_DEED, DEEDS, RARE, bank_act
from tests.paper_ledger import PaperLedger
from tests.plain_model.books import Books
from tests.plain_model.clerk import allows, enter
from tests.plain_model.people import MAY, NEW_ASSIGNMENT, NEW_ORGANISATIONS, NEWCOMERS
from tests.plain_model.rule_book import CHINA, Act
from tests.plain_model.staff import StaffBook
from tests.town import FOUNDER, TIMEKEEPER, founding

TRIES = 8
"""How many drafts of a kind are tried for one that may be entered."""
_FOUNDED = PaperLedger()


def founded() -> PaperLedger:
    """The small town with the model's newcomers, before anything has happened in it."""
    if not _FOUNDED.records:
        organisations = [
            OrganisationRegistered(organisation=identity, type=type_, name=identity, parent=parent)
            for identity, type_, parent in NEW_ORGANISATIONS
        ]
        appointments = [
            AppointmentMade(
                principal=actor.principal,
                organisation=actor.organisation,
                office=Office(actor.office),
            )
            for actor in NEWCOMERS
        ]
        committee, branch = NEW_ASSIGNMENT
        assigned = OrganisationAssigned(organisation=committee, community=branch)
        events = (*organisations, *appointments, assigned)
        later = [Proposal(event, FOUNDER) for event in events]
        _FOUNDED.accept(*founding(), *later)
    return _FOUNDED.copy()


class Life:
    """Whatever is proposed to the ledger is held to the verdict of the books."""

    def __init__(self) -> None:
        self.paper = founded()
        self.books = Books(StaffBook(FOUNDER))
        self.seen: Counter[str] = Counter()
        """How often each kind was accepted."""
        for recorded in self.paper.history:
            at = recorded.recorded_at
            enter(self.books, Act(recorded.event, recorded.actor, recorded.occurred_at, at))

    @property
    def now(self) -> datetime:
        """When the next act is entered."""
        return self.paper.at + timedelta(seconds=1)

    def try_(self, event: Event, actor: Actor, claim: timedelta | None = None) -> bool:
        """Proposes; the verdict must be the one that the books give. A claim says when it happened,
        from when it is entered."""
        before = len(self.paper.records)
        occurred_at = None if claim is None else self.now + claim
        act = Act(event, actor, occurred_at or self.now, self.now)
        foretold = allows(self.books, act)

        refusal = self.paper.propose(Proposal(event, actor, occurred_at))

        assert (refusal is None) == foretold, f"{event!r} by {actor} at {act.at}: {refusal}"
        assert len(self.paper.records) == before + (refusal is None), "a refusal left a trace"
        if refusal is None:
            self._enter(act)
        return refusal is None

    def try_unforetold(
        self, event: Event, actor: Actor, claim: timedelta | None = None
    ) -> Refusal | None:
        """The same for kinds that the books say nothing of; the refusal, if it is refused."""
        occurred_at = None if claim is None else self.now + claim
        act = Act(event, actor, occurred_at or self.now, self.now)
        refusal = self.paper.propose(Proposal(event, actor, occurred_at))
        if refusal is None:
            self._enter(act)
        return refusal

    def go_on(
        self, kinds: Sequence[str], thing: str, lot: int, claim: timedelta | None = None
    ) -> bool:
        """One act that is allowed, of the kind that this life has seen the least of; the lot puts
        them in order. False where none is."""
        found = self._allowed(kinds, thing, lot, claim)
        return found is not None and self.try_(*found, claim)

    def go_on_in_the_bank(self, kinds: Sequence[str], lot: int) -> bool:
        """One act in the love bank that is allowed, as `go_on`; False where none is."""
        random = Random(f"{lot} {len(self.paper.records)}")
        turn = {kind: (self.seen[kind] + RARE.get(kind, 0), random.random()) for kind in kinds}
        for kind in sorted(kinds, key=turn.__getitem__):
            for _ in range(TRIES):
                event = bank_act(kind, random.randrange(1_000), self.books, self.now)
                actor = random.choice(sorted(MAY[kind]))
                if allows(self.books, Act(event, actor, self.now, self.now)):
                    return self.try_(event, actor)
        return False

    def do_a_deed(self, place: int) -> None:
        """A deed from its claim to its points, as far as the books let it come."""
        for kind, actor in A_WHOLE_DEED:
            if kind == "love_points_awarded":
                self.paper.at += timedelta(days=9)
            # Of the drafts for this deed, the first that may be entered.
            for turn in range(TRIES):
                choice = place % len(DEEDS) + turn * len(DEEDS) * 5
                if kind == "account_opened":
                    choice = place % 4 + 5 * turn
                event = bank_act(kind, choice, self.books, self.now)
                if allows(self.books, Act(event, actor, self.now, self.now)):
                    self.try_(event, actor)
                    break

    def look_at_lots(self, off: int = 0) -> None:
        """The timekeeper looks at all points: it tries a notice and the end of each lot."""
        for account, book in sorted(self.books.bank.passbooks.items()):
            for slip in list(book.slips):
                given: dict[str, Any] = {"account": account, "award": slip.award}
                given["points"] = slip.left + off
                days = self.books.rules.in_force(self.now).expiry_notice_days
                told = self.now.astimezone(CHINA).date() + timedelta(days=days)
                last_day = max(slip.ends or told, told)
                self.try_(LovePointsExpiryNoticed(**given, last_day=last_day), TIMEKEEPER)
                self.try_(LovePointsExpired(**given), TIMEKEEPER)

    def go_on_by_others(self, kinds: Sequence[str], thing: str, lot: int) -> None:
        """Others who hold an office for such an act try it one after the other, until it is
        entered: many rules are about who somebody is, and what they did before."""
        found = self._allowed(kinds, thing, lot, None)
        if found is not None:
            event, usual = found
            others = sorted(MAY[event.kind] - {usual})
            Random(lot).shuffle(others)
            for actor in (*others, usual):
                if self.try_(event, actor):
                    return

    def _allowed(
        self, kinds: Sequence[str], thing: str, lot: int, claim: timedelta | None
    ) -> tuple[Event, Actor] | None:
        when = self.now + (claim or timedelta())
        random = Random(f"{lot} {len(self.paper.records)}")
        turn = {
            kind: (self.seen[kind] + (kind in drafts.ENDINGS), random.random()) for kind in kinds
        }
        for kind in sorted(kinds, key=turn.__getitem__):
            for _ in range(TRIES):
                event = drafts.draft(kind, thing, random.randrange(1_000))
                actor = random.choice(sorted(MAY[kind]))
                if allows(self.books, Act(event, actor, when, self.now)):
                    return event, actor
        return None

    def _enter(self, act: Act) -> None:
        enter(self.books, act)
        self.seen[act.kind] += 1
