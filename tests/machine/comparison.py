"""What the ledger's states and the board's rows say, beside what the plain books say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ledger.domain.rules.rules import Step
from ledger.event import Recorded
from projections import reference as town
from projections.folding import Fold
from projections.process_disclosure import PROJECTION
from tests.plain_model.books import Books
from tests.plain_model.case_file import CaseFile
from tests.plain_model.donations import MONEY

_COUNTED = {
    "returns": "order_return_requested",
    "urged": "request_urged",
    "sent_back": "answer_sent_back",
    "disputed": "closure_disputed",
}
"""Column -> the kind that it counts."""


class Board:
    """The rows of the process disclosure, folded as the log grows."""

    def __init__(self) -> None:
        self._fold = Fold(PROJECTION)
        self._reference = town.EMPTY
        self.cases, self.whistles, self.summons = (sheet.current for sheet in self._fold.sheets)

    def read(self, recorded: Recorded) -> None:
        """Folds in one more record."""
        self._reference = town.evolve(self._reference, recorded)
        if recorded.kind in PROJECTION.kinds:
            self._fold.apply(recorded, self._reference)

    def says_what_stands_in(self, books: Books) -> None:
        """Asserts that every case and every whistle stands where the books have it."""
        for request, file in books.cases.items():
            row = self.cases[(request,)]
            _same_case(row, file)
            if row.clock_runs:
                _same_terms(row, file, books)
        for whistle, paper in books.whistles.items():
            if any(act.kind == "whistle_blown" for act in paper.entries):
                row = self.whistles[(whistle,)]
                assert (row.stage, {*row.departments}) == (paper.stage, {*paper.summoned})


def _same_case(row: Any, file: CaseFile) -> None:
    assert (row.stage, row.handling_round) == (file.stage, file.rounds)
    for column, kind in _COUNTED.items():
        assert getattr(row, column) == sum(act.kind == kind for act in file.entries), column
    if file.stage in ("dispatched", "in_hand", "answered"):
        assert row.lead == file.lead
        assert {row.lead, *row.co_handlers} <= {*file.handlers, None}
        assert row.is_paused == file.is_paused
        asked: Any = file.extension_asked and file.extension_asked.event
        assert row.extension_asked == (asked.amount if asked else 0)
        assert row.extension == sum(file.extensions())


def _same_terms(row: Any, file: CaseFile, books: Books) -> None:
    assert row.due_at == file.due_at(books.rules, None)
    assert row.supervise_at == file.supervised_from(books.rules)
    if file.stage == "answered":
        assert file.answer is not None
        step = Step.ANSWER_DEEMED_ACCEPTED
        assert row.deemed_at == books.rules.step_ends(step, file.answer.at)


def donations_are_left(states: Mapping[str, Any], books: Books) -> None:
    """Asserts that of every donation there is what the books have, and never less than nothing."""
    for donation, gift in books.gifts.items():
        state = states[f"donation:{donation}"]
        left = {MONEY: state.left_fen, **dict(state.left_goods)}
        assert left == gift.left
        assert min(left.values()) >= 0


def dockets_are_full(states: Mapping[str, Any], books: Books) -> None:
    """Asserts that whoever has an open case has it on the docket, and who has one."""
    for request, file in books.cases.items():
        state = states[f"request:{request}"]
        assert {*state.handlers} == file.handlers
        assert file.filing.against not in state.handlers
        if file.is_open:
            for organisation in {*file.handlers, file.filing.community}:
                assert f"request:{request}" in (states.get(f"docket:{organisation}") or ())
    for whistle, paper in books.whistles.items():
        if paper.stage == "blown":
            for organisation in (*paper.summoned, paper.community):
                assert f"whistle:{whistle}" in (states.get(f"docket:{organisation}") or ())
