"""What the sequencer relies on, over random histories: boundaries, purity, and total folds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import catalogue
from ledger.decision import OrganisationType, Situation, Standing, standing
from ledger.domain.requests.requests import CLERKS
from ledger.event import Actor, Event, Id, PersonalText, Recorded
from ledger.proposal import Proposal
from ledger.refusals import Refusal, Refused, Unacceptable
from tests.paper_ledger import START, PaperLedger, boundary
from tests.strategies import Form, events, examples, instants, proposals
from tests.town import HOTLINE, cases, founding

TOWN = PaperLedger()


@pytest.fixture(autouse=True, scope="module")
def _town() -> Iterator[None]:
    TOWN.accept(*founding(), *cases())
    yield
    TOWN.records.clear()
    TOWN.states.clear()


@examples(60)
@given(st.data())
def test_a_decision_reads_within_its_boundary_and_no_personal_value(data: st.DataObject) -> None:
    paper = TOWN.copy()

    for _ in range(3):
        with suppress(Refused):
            paper.propose(data.draw(proposals(paper.at)))


HOTLINE_CLERKS = (standing(CLERKS, OrganisationType.HOTLINE_CENTRE),)


class Greedy(Event):
    """Reads what its boundary does not name."""

    kind: ClassVar[str] = "greedy"
    proposers: ClassVar[tuple[Standing, ...]] = HOTLINE_CLERKS
    request: Id

    def tags(self) -> tuple[str, ...]:
        return (f"request:{self.request}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return ()

    def decide(self, situation: Situation) -> Refusal | None:
        situation.state(f"request:{self.request}")
        return None


class Curious(Greedy):
    """Decides by a personal value."""

    kind: ClassVar[str] = "curious"
    note: PersonalText

    def decide(self, situation: Situation) -> Refusal | None:
        if self.note == "secret":
            return Unacceptable("secret", "the note is secret", "another", "note")
        return None


class Endless(Greedy):
    """Names one tag more each time that it is asked."""

    kind: ClassVar[str] = "endless"

    def boundary(self, state: Any) -> tuple[str, ...]:
        known = 0
        while state(f"request:request-{known + 1}") is not None:
            known += 1
        return tuple(f"request:request-{number}" for number in range(1, known + 2))


def test_the_paper_ledger_catches_a_rule_that_reads_beyond_its_boundary(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(catalogue, "KINDS", {**catalogue.KINDS, "greedy": Greedy})

    with pytest.raises(AssertionError, match="read beyond the boundary"):
        TOWN.copy().propose(Proposal(Greedy(request="request-1"), HOTLINE))


def test_the_paper_ledger_catches_a_rule_that_reads_a_personal_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(catalogue, "KINDS", {**catalogue.KINDS, "curious": Curious})

    with pytest.raises(AssertionError, match="a Personal value was read"):
        TOWN.copy().propose(Proposal(Curious(request="request-1", note="secret"), HOTLINE))


def test_the_paper_ledger_catches_a_boundary_without_end() -> None:
    with pytest.raises(AssertionError, match="its boundary grows"):
        boundary(Endless(request="request-1"), HOTLINE, TOWN.states.get)


@examples(50)
@given(
    st.lists(
        st.tuples(events(Form.LIFELIKE) | events(Form.RECORDED), instants(), instants()),
        max_size=6,
    )
)
def test_folds_never_fail_whatever_was_stored(
    history: list[tuple[Event, Any, Any]],
) -> None:
    """Even histories that no rule would accept: a fold is total, for what is stored is stored."""
    states: dict[str, Any] = dict(TOWN.states)
    empty: dict[str, Any] = {}
    for position, (event, occurred_at, recorded_at) in enumerate(history, start=1):
        recorded = Recorded(
            position, "event", event, event.tags(), occurred_at, recorded_at, HOTLINE, None
        )
        for tag in recorded.tags:
            for known in (states, empty):
                known[tag] = catalogue.evolve(known.get(tag), tag, recorded)


@examples(30)
@given(st.data())
def test_a_decision_is_the_same_each_time_and_changes_no_state(data: st.DataObject) -> None:
    proposal = data.draw(proposals(START))
    first, second = TOWN.copy(), TOWN.copy()
    before = dict(TOWN.states)

    verdicts = []
    for paper in (first, second):
        try:
            verdicts.append(paper.propose(proposal))
        except Refused as refused:
            verdicts.append(refused.refusal)

    assert verdicts[0] == verdicts[1]
    assert first.states == second.states
    assert before == TOWN.states


def test_states_are_frozen_through_and_through() -> None:
    for tag, state in TOWN.states.items():
        if state is not None:
            assert hash(state) is not None, tag


def test_a_resident_is_read_in_no_history_of_its_own() -> None:
    resident = Actor("resident", "committee-1", "requester-1")

    read = boundary(cases()[0].event, resident, TOWN.states.get)

    assert "principal:requester-1" not in read
