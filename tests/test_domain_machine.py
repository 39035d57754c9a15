"""Random acts, valid and not, against a plain model; the domain's invariants after every step."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ledger.domain.love_bank import (
    AccountOpened,
    HolderType,
    LovePointsAwarded,
    LovePointsRedeemed,
    LovePointsReversed,
)
from ledger.domain.ratings import RatingTarget, Satisfaction, ServiceRated
from ledger.domain.requests import (
    AnswerAccepted,
    Category,
    ProgressPosted,
    RequestAccepted,
    RequestAnswered,
    RequestCleared,
    RequestDispatched,
    RequestEvent,
    RequestFiled,
)
from ledger.domain.rules import Grade
from ledger.domain.whistles import DepartmentReportedIn, Ground, WhistleBlown
from ledger.event import Actor, Event
from ledger.proposal import Proposal
from tests.paper_ledger import PaperLedger
from tests.plain_model import (
    ACCOUNTS,
    AWARDS,
    DEPARTMENTS,
    FOLLOWS,
    MAY,
    REQUESTS,
    RESIDENT,
    WHISTLES,
    Case,
    Model,
    who,
)
from tests.replaying import replay, replay_next
from tests.strategies import TORTURE
from tests.town import (
    COMMITTEE,
    COMMITTEE_B,
    HOTLINE,
    SECRETARY,
    WATER,
    founding,
)


class Town(RuleBasedStateMachine):
    """Each rule proposes something to the ledger, and foretells from the model what it answers."""

    prepared: ClassVar[PaperLedger] = PaperLedger()

    def __init__(self) -> None:
        super().__init__()
        if not self.prepared.records:
            self.prepared.accept(*founding())
        self.paper = self.prepared.copy()
        self.model = Model()
        self.replayed: dict[str, Any] = replay(self.paper.records)
        self.replayed_size = len(self.paper.records)

    def try_(self, event: Event, actor: Actor, *, allowed: bool, late: bool = False) -> bool:
        """Proposes; the verdict must be the model's. A late act is claimed of an hour ago."""
        before = len(self.paper.records)
        occurred_at = self.paper.at - timedelta(hours=1) if late else None
        foretold = allowed and actor in MAY[event.kind]

        refusal = self.paper.propose(Proposal(event, actor, occurred_at))

        assert (refusal is None) == foretold, f"{event!r} by {actor}: {refusal}"
        assert len(self.paper.records) == before + (refusal is None), "a refusal left a trace"
        return refusal is None

    @rule(
        request=st.sampled_from(REQUESTS),
        actor=who("request_filed"),
        requester=st.sampled_from(["requester-1", "requester-2", WATER.principal]),
        against=st.sampled_from([None, None, "unit-1", "committee-1", "dept-water", "elsewhere"]),
    )
    def file(self, request: str, actor: Actor, requester: str, against: str | None) -> None:
        event = RequestFiled(
            request=request,
            community="committee-1",
            category=Category.COMPLAINT,
            subject="noise",
            requester=requester,
            against=against,
            details="夜间施工",
        )
        allowed = (
            request not in self.model.cases
            and against != "elsewhere"
            and (actor != RESIDENT or requester == RESIDENT.principal)
            and actor.organisation != against
        )
        if self.try_(event, actor, allowed=allowed):
            self.model.cases[request] = Case(requester, against, [(event.kind, actor)])

    @rule(
        request=st.sampled_from(REQUESTS),
        actor=who("request_accepted", "request_answered", "answer_accepted"),
        cls=st.sampled_from([RequestAccepted, AnswerAccepted, RequestCleared, RequestAnswered]),
        late=st.sampled_from([False, False, False, True]),
    )
    def act(self, request: str, actor: Actor, cls: type[RequestEvent], *, late: bool) -> None:
        case = self.model.cases.get(request)
        allowed = self._in_order(case, cls.kind, actor) and not late
        if case is not None and cls.kind == "request_answered":
            allowed = allowed and actor.organisation == case.lead
        if case is not None and cls.kind == "answer_accepted":
            allowed = allowed and actor.principal != case.answerer()
        if self.try_(cls(request=request), actor, allowed=allowed, late=late) and case:
            case.acts.append((cls.kind, actor))

    @initialize(
        against=st.sampled_from([None, None, "unit-1", "dept-water"]),
        departments=st.lists(st.sampled_from(DEPARTMENTS[1:]), min_size=1, unique=True),
        points=st.integers(1, 20),
    )
    def begin(self, against: str | None, departments: list[str], points: int) -> None:
        """A life begins with a request that is whistled for, and with an account in credit."""
        self.file(REQUESTS[0], HOTLINE, "requester-1", against)
        self.blow(WHISTLES[0], REQUESTS[0], SECRETARY, departments, Grade.ORDINARY, late=False)
        for account in ACCOUNTS[1:]:
            self.open(account, COMMITTEE)
        self.award(AWARDS[0], ACCOUNTS[1], "deed-1", points, COMMITTEE_B)

    @precondition(lambda self: self.model.cases)
    @rule(data=st.data(), acts=st.integers(1, 3))
    def act_in_turn(self, data: st.DataObject, acts: int) -> None:
        """The next acts of a case by those who may, so that long lives are lived too."""
        request = data.draw(st.sampled_from(sorted(self.model.cases)))
        case = self.model.cases[request]
        for _ in range(acts):
            after = [kind for kind, before in FOLLOWS.items() if case.acts[-1][0] in before]
            if after:
                self._next(data, request, data.draw(st.sampled_from(sorted(after))))

    def _next(self, data: st.DataObject, request: str, kind: str) -> None:
        case = self.model.cases[request]
        actors = MAY[kind]
        if kind == "request_answered":
            actors = {actor for actor in actors if actor.organisation == case.lead} or actors
        actor = data.draw(st.sampled_from(sorted(actors)))
        if kind == "request_dispatched":
            lead = "town" if case.against in DEPARTMENTS else "dept-water"
            self.dispatch(request, actor, lead, "dept-urban", Grade.ORDINARY)
        elif kind == "progress_posted":
            self.progress(request, actor)
        else:
            cls = {one.kind: one for one in (RequestAccepted, AnswerAccepted, RequestCleared)}
            self.act(request, actor, cls.get(kind, RequestAnswered), late=False)

    def _in_order(self, case: Case | None, kind: str, actor: Actor) -> bool:
        return (
            case is not None
            and case.acts[-1][0] in FOLLOWS[kind]
            and actor.organisation != case.against
            and actor.principal != case.requester
        )

    @rule(
        request=st.sampled_from(REQUESTS),
        actor=who("request_dispatched"),
        lead=st.sampled_from(["dept-water", "committee-1", "town", "hotline", "elsewhere"]),
        co_handler=st.sampled_from(["dept-urban", "dept-water"]),
        grade=st.sampled_from([Grade.ORDINARY, Grade.COMPLEX, Grade.URGENT]),
    )
    def dispatch(
        self, request: str, actor: Actor, lead: str, co_handler: str, grade: Grade
    ) -> None:
        case = self.model.cases.get(request)
        event = RequestDispatched(
            request=request, lead=lead, co_handlers=(co_handler,), grade=grade
        )
        allowed = (
            self._in_order(case, event.kind, actor)
            and lead not in ("hotline", "elsewhere", co_handler)
            and case is not None
            and case.against not in (lead, co_handler)
            and (case.against not in DEPARTMENTS or lead == "town")
            and grade is not Grade.URGENT
        )
        if self.try_(event, actor, allowed=allowed) and case:
            case.acts.append((event.kind, actor))
            case.lead, case.handlers = lead, {*case.handlers, lead, co_handler}

    @rule(request=st.sampled_from(REQUESTS), actor=who("progress_posted"))
    def progress(self, request: str, actor: Actor) -> None:
        case = self.model.cases.get(request)
        event = ProgressPosted(request=request, note="已到场")
        allowed = self._in_order(case, event.kind, actor)
        if case is not None:
            allowed = allowed and actor.organisation in case.handlers
        if self.try_(event, actor, allowed=allowed) and case:
            case.acts.append((event.kind, actor))

    @rule(request=st.sampled_from(REQUESTS), actor=who("service_rated"))
    def rate(self, request: str, actor: Actor) -> None:
        case = self.model.cases.get(request)
        event = ServiceRated(
            target_type=RatingTarget.REQUEST,
            target=request,
            satisfaction=Satisfaction.DISSATISFIED,
        )
        allowed = case is not None and not case.rated and case.answerer() is not None
        if case is not None and actor == RESIDENT:
            allowed = allowed and case.requester == actor.principal
        elif case is not None:
            allowed = allowed and actor.organisation not in {*case.handlers, case.against}
        if self.try_(event, actor, allowed=allowed) and case:
            case.rated = True

    @rule(
        whistle=st.sampled_from(WHISTLES),
        request=st.none() | st.sampled_from(REQUESTS),
        actor=who("whistle_blown"),
        departments=st.lists(st.sampled_from([*DEPARTMENTS, "unit-1"]), min_size=1, max_size=3),
        grade=st.sampled_from([Grade.ORDINARY, Grade.URGENT, Grade.COMPLEX]),
        late=st.booleans(),
    )
    def blow(
        self,
        whistle: str,
        request: str | None,
        actor: Actor,
        departments: list[str],
        grade: Grade,
        *,
        late: bool,
    ) -> None:
        event = WhistleBlown(
            whistle=whistle,
            request=request,
            grade=grade,
            ground=Ground.EMERGENCY,
            departments=tuple(departments),
            note="请到场",
        )
        allowed = (
            whistle not in self.model.whistles
            and grade is not Grade.COMPLEX
            and len(set(departments)) == len(departments)
            and "unit-1" not in departments
        )
        case = None if request is None else self.model.cases.get(request)
        if request is not None:
            allowed = (
                allowed
                and case is not None
                and not late
                and case.acts[-1][0] != "request_cleared"
                and case.against not in departments
            )
        if self.try_(event, actor, allowed=allowed, late=late):
            self.model.whistles[whistle] = set(departments)
            if case is not None:
                case.handlers |= set(departments)

    @rule(
        whistle=st.sampled_from(WHISTLES),
        department=st.sampled_from(DEPARTMENTS),
        actor=who("department_reported_in"),
    )
    def report_in(self, whistle: str, department: str, actor: Actor) -> None:
        event = DepartmentReportedIn(whistle=whistle, department=department)
        allowed = (
            department in self.model.whistles.get(whistle, ())
            and department == actor.organisation
            and (whistle, department) not in self.model.reported
        )
        if self.try_(event, actor, allowed=allowed):
            self.model.reported.add((whistle, department))

    @rule(account=st.sampled_from(ACCOUNTS), actor=who("account_opened"))
    def open(self, account: str, actor: Actor) -> None:
        is_unit = account == "account-unit"
        event = AccountOpened(
            account=account,
            holder_type=HolderType.UNIT if is_unit else HolderType.PERSON,
            unit="committee-1" if is_unit else None,
            name="某某",
        )
        if self.try_(event, actor, allowed=account not in self.model.postings):
            self.model.postings[account] = []

    @rule(
        award=st.sampled_from(AWARDS),
        account=st.sampled_from(ACCOUNTS),
        deed=st.sampled_from(["deed-1", "deed-2"]),
        points=st.integers(1, 22),
        actor=who("love_points_awarded"),
    )
    def award(self, award: str, account: str, deed: str, points: int, actor: Actor) -> None:
        event = LovePointsAwarded(
            award=award, account=account, deed=deed, deed_category="help", points=points
        )
        allowed = (
            award not in self.model.awards
            and account in self.model.postings
            and account != "account-unit"  # the unit of all who award here
            and (deed, account) not in self.model.deeds
            and points <= 20
        )
        if self.try_(event, actor, allowed=allowed):
            self.model.postings[account].append(points)
            self.model.awards[award] = (account, points, actor)
            self.model.deeds.add((deed, account))

    @rule(
        account=st.sampled_from(ACCOUNTS),
        points=st.integers(1, 25),
        actor=who("love_points_redeemed"),
        late=st.booleans(),
    )
    def redeem(self, account: str, points: int, actor: Actor, *, late: bool) -> None:
        event = LovePointsRedeemed(account=account, reward="soap", points=points)
        allowed = points <= sum(self.model.postings.get(account, [])) and not late
        if self.try_(event, actor, allowed=allowed, late=late):
            self.model.postings[account].append(-points)

    @rule(
        award=st.sampled_from(AWARDS),
        account=st.sampled_from(ACCOUNTS),
        points=st.integers(1, 20) | st.none(),
        actor=who("love_points_reversed"),
    )
    def reverse(self, award: str, account: str, points: int | None, actor: Actor) -> None:
        of, worth, by = self.model.awards.get(award, (None, 1, None))
        event = LovePointsReversed(
            award=award, account=account, points=points or worth, reason="误记"
        )
        allowed = (
            of == account
            and award not in self.model.reversed
            and event.points == worth
            and actor != by
            and worth <= sum(self.model.postings.get(account, []))
        )
        if self.try_(event, actor, allowed=allowed):
            self.model.postings[account].append(-worth)
            self.model.reversed.add(award)

    # The invariants of the domain, read from the stored records and not from the states.

    @invariant()
    def records_replay_to_the_same_bytes_and_states(self) -> None:
        for record in self.paper.records[self.replayed_size :]:
            replay_next(record, self.replayed_size, self.replayed)
            self.replayed_size += 1
        assert self.replayed == self.paper.states

    @invariant()
    def balances_are_the_sums_of_their_postings(self) -> None:
        sums: Counter[str] = Counter()
        reversals: list[str] = []
        for recorded in self.paper.history:
            match recorded.event:
                case LovePointsAwarded(account=account, points=points):
                    sums[account] += points
                case LovePointsRedeemed(account=account, points=points):
                    sums[account] -= points
                case LovePointsReversed(account=account, points=points, award=award):
                    sums[account] -= points
                    reversals.append(award)
                    assert self.model.awards[award][:2] == (account, points)
            assert all(balance >= 0 for balance in sums.values())
        assert len(set(reversals)) == len(reversals)
        for account, postings in self.model.postings.items():
            assert self.paper.states[f"account:{account}"].balance == sum(postings)
            assert sums[account] == sum(postings)

    @invariant()
    def what_was_cleared_has_an_accepted_answer(self) -> None:
        accepted: set[str] = set()
        for recorded in self.paper.history:
            match recorded.event:
                case AnswerAccepted(request=request):
                    accepted.add(request)
                case RequestCleared(request=request):
                    assert request in accepted

    @invariant()
    def nobody_acts_in_two_conflicting_roles_in_a_case(self) -> None:
        for request, case in self.model.cases.items():
            by_kind: dict[str, set[str]] = {}
            for recorded in self.paper.history:
                if f"request:{request}" not in recorded.tags:
                    continue
                by_kind.setdefault(recorded.kind, set()).add(recorded.actor.principal)
                if recorded.kind not in ("request_filed", "service_rated"):
                    assert recorded.actor.organisation != case.against
                    assert recorded.actor.principal != case.requester
            answered = by_kind.get("request_answered", set())
            assert answered.isdisjoint(by_kind.get("answer_accepted", set()))
            assert answered.isdisjoint(by_kind.get("service_rated", set()))
            assert case.against not in case.handlers

    @invariant()
    def departments_report_in_once_and_when_summoned(self) -> None:
        seen: set[tuple[str, str]] = set()
        for recorded in self.paper.history:
            if isinstance(recorded.event, DepartmentReportedIn):
                pair = (recorded.event.whistle, recorded.event.department)
                assert pair not in seen
                assert pair[1] in self.model.whistles[pair[0]]
                seen.add(pair)


# Few and short lives in `make test`, many and long ones in `make torture`.
TestTown = pytest.mark.torture(Town.TestCase)
TestTown.settings = settings(
    max_examples=2_000 if TORTURE else 50,
    stateful_step_count=150 if TORTURE else 40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
