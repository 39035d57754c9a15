"""What is shown of money: sums as plain sums over the acts, traced both ways, nobody's pay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import AsyncConnection

from ledger.domain.money.budgets import BudgetLine
from ledger.proposal import Proposal
from ledger.store.contract import StoredEvent
from ledger.store.memory import MemoryStore
from ledger.store.postgres import PostgresStore
from ledger.tlog.merkle import leaf_hash
from projections import funds_reading
from projections.folding import fold
from projections.funds import PAYMENTS_AT_ONCE, PROJECTION
from projections.funds_reading import BudgetRecord, Funds, ProjectFunds
from projections.schema import prepare
from tests.fund_acts import appropriated, audited, committed, returned, spent
from tests.paper_ledger import PaperLedger
from tests.request_acts import town
from tests.test_rebuild import FILLS, same_as_folded
from tests.test_views import board  # noqa: F401 - a fixture
from tests.town import TOWN_CLERK

PAY: dict[str, Any] = {"budget": "budget-pay"}
OTHER: dict[str, Any] = {"budget": "budget-2"}
BUDGETS = ("budget-1", "budget-2", "budget-pay")


def funded(*proposals: Proposal) -> PaperLedger:
    """The test town with 10,000 yuan for activities, 500 for the Party's work and 2,000 for pay."""
    return town(
        appropriated(),
        appropriated(50_000, line=BudgetLine.PARTY_WORK, **OTHER),
        appropriated(200_000, line=BudgetLine.ALLOWANCE, **PAY),
        *proposals,
    )


def paid(count: int, amount_fen: int = 10_000) -> list[Proposal]:
    """So many payments from the allowance line."""
    set_aside = committed(150_000, commitment="c-pay", **PAY)
    vouchers = range(100, 100 + count)
    return [
        set_aside,
        *(spent(amount_fen, commitment="c-pay", voucher=one, **PAY) for one in vouchers),
    ]


async def all_lines(connection: AsyncConnection[Any]) -> Funds:
    return await funds_reading.funds(connection)


def one_line(budget: str, **page: int) -> Any:
    async def read(connection: AsyncConnection[Any]) -> BudgetRecord:
        return await funds_reading.budget(connection, budget, **page)

    return read


def one_project(project: str) -> Any:
    async def read(connection: AsyncConnection[Any]) -> ProjectFunds:
        return await funds_reading.project_funds(connection, project)

    return read


# Sums


def test_a_line_is_told_with_all_that_became_of_its_money(board: Any) -> None:  # noqa: F811
    paper = funded(committed(), spent(), returned(50_000, "c-1"), returned(100_000))
    paper.accept(audited(100_000))

    shown: Funds = board(paper, all_lines)

    (line,) = (one for one in shown.budgets if one.budget == "budget-1")
    assert (line.community, line.year, line.line) == ("branch-1", 2026, "activity")
    assert line.appropriated_fen == 1_000_000
    assert (line.uncommitted_fen, line.committed_fen) == (650_000, 150_000)
    assert (line.spent_fen, line.returned_fen, line.payments) == (100_000, 100_000, 1)
    assert line.left_fen == 800_000
    assert (line.finding, line.counted_fen, line.audited_by) == ("in_order", 100_000, "county")
    assert line.audit_position == len(paper.history)
    assert not line.paid_since_audit


def test_an_audit_says_whether_money_was_paid_after_it(board: Any) -> None:  # noqa: F811
    paper = funded(committed(), spent(), audited(100_000), spent(voucher=2))

    line = board(paper, one_line("budget-1")).budget

    assert line.paid_since_audit


def test_the_lines_of_all_communities_are_summed_by_year_and_line(board: Any) -> None:  # noqa: F811
    paper = funded(
        appropriated(7, budget="budget-3", community="committee-2"),
        appropriated(9, budget="budget-4", community="committee-2", year=2027),
        committed(),
        spent(),
    )

    shown: Funds = board(paper, all_lines)

    assert [(one.year, one.line, one.budgets, one.appropriated_fen) for one in shown.totals] == [
        (2027, "activity", 1, 9),
        (2026, "activity", 2, 1_000_007),
        (2026, "allowance", 1, 200_000),
        (2026, "party_work", 1, 50_000),
    ]
    assert shown.totals[1].spent_fen == 100_000


@pytest.mark.parametrize(
    ("part", "budgets"),
    [
        ({"community": "branch-1"}, [*BUDGETS]),
        ({"community": "committee-2"}, []),
        ({"year": 2027}, []),
        ({"line": "party_work"}, ["budget-2"]),
    ],
)
def test_a_part_has_the_lines_of_it_alone(
    board: Any,  # noqa: F811
    part: dict[str, Any],
    budgets: list[str],
) -> None:
    async def read(connection: AsyncConnection[Any]) -> Funds:
        return await funds_reading.funds(connection, **part)

    shown = board(funded(), read)

    assert sorted(one.budget for one in shown.budgets) == sorted(budgets)
    assert sum(one.budgets for one in shown.totals) == len(budgets)


# Traced both ways


def test_a_line_leads_to_projects_payments_and_vouchers(board: Any) -> None:  # noqa: F811
    paper = funded(committed(), spent(payment="pay-1"), returned(50_000, "c-1"))

    shown: BudgetRecord = board(paper, one_line("budget-1"))

    (commitment,) = shown.commitments
    assert (commitment.project, commitment.committed_fen) == ("project-1", 300_000)
    assert (commitment.spent_fen, commitment.returned_fen) == (100_000, 50_000)
    assert commitment.left_fen == 150_000
    kinds = ["fund_returned", "fund_spent", "fund_committed", "fund_appropriated"]
    assert [one.kind for one in shown.movements] == kinds
    assert [one.project for one in shown.movements] == ["project-1"] * 3 + [None]
    assert (shown.movements[1].payment, shown.movements[1].digest) == ("pay-1", f"{1:064x}")
    assert str(shown.movements[3].document).startswith("镇财〔2026〕")
    for one in shown.movements:
        assert paper.history[one.position - 1].kind == one.kind


def test_a_project_leads_to_all_lines_that_it_was_paid_from(board: Any) -> None:  # noqa: F811
    paper = funded(
        committed(),
        committed(20_000, commitment="c-2", **OTHER),
        committed(1, commitment="c-3", project="project-2"),
        spent(),
        spent(5_000, commitment="c-2", voucher=2, **OTHER),
        returned(15_000, "c-2", **OTHER),
    )

    shown: ProjectFunds = board(paper, one_project("project-1"))

    assert [one.budget for one in shown.commitments] == ["budget-1", "budget-2"]
    assert (shown.committed_fen, shown.spent_fen) == (320_000, 105_000)
    assert (shown.returned_fen, shown.left_fen) == (15_000, 200_000)
    assert len(shown.movements) == 5


def test_a_voucher_leads_to_its_payment_and_the_project(board: Any) -> None:  # noqa: F811
    async def read(connection: AsyncConnection[Any]) -> list[tuple[str | None, str | None]]:
        found = [await funds_reading.proved_by(connection, f"{n:064x}") for n in (1, 100, 7)]
        return [(one.payment, one.project) for proved in found for one in proved.movements]

    paper = funded(committed(), spent(payment="pay-1"), *paid(6))

    assert board(paper, read) == [("pay-1", "project-1")]


def test_movements_come_page_by_page(board: Any) -> None:  # noqa: F811
    paper = funded(committed(), *(spent(1, voucher=one) for one in range(1, 6)))

    async def pages(connection: AsyncConnection[Any]) -> list[int]:
        found: list[int] = []
        before = None
        while True:
            page = await funds_reading.budget(connection, "budget-1", before=before, limit=3)
            found += [one.position for one in page.movements]
            before = page.next
            if before is None:
                return found

    shown = board(paper, pages)

    assert len(shown) == 7
    assert shown == sorted(set(shown), reverse=True)


# Nobody's pay


def test_of_the_allowance_line_nothing_but_sums_is_shown(board: Any) -> None:  # noqa: F811
    paper = funded(*paid(PAYMENTS_AT_ONCE), audited_pay(PAYMENTS_AT_ONCE * 10_000))

    record: BudgetRecord = board(paper, one_line("budget-pay"))
    project: ProjectFunds = board(paper, one_project("project-1"))

    assert record.budget is not None
    assert record.budget.spent_fen == PAYMENTS_AT_ONCE * 10_000
    assert record.budget.finding == "in_order"
    assert record.budget.counted_fen is None
    assert (record.budget.uncommitted_fen, record.budget.committed_fen) == (None, None)
    assert (record.budget.returned_fen, record.budget.left_fen) == (None, None)
    assert record.commitments == ()
    assert [one.kind for one in record.movements] == ["fund_appropriated"]
    assert (project.commitments, project.movements) == ((), ())


@pytest.mark.parametrize(
    ("payments", "told"),
    [(0, None), (1, None), (4, None), (5, 50_000), (6, 50_000), (9, 50_000), (10, 100_000)],
)
def test_the_sum_of_the_allowance_line_grows_by_several_payments_at_once(
    board: Any,  # noqa: F811
    payments: int,
    told: int | None,
) -> None:
    shown: Funds = board(funded(*paid(payments)), all_lines)

    (total,) = (one for one in shown.totals if one.line == "allowance")
    (line,) = (one for one in shown.budgets if one.line == "allowance")
    assert (line.spent_fen, total.spent_fen) == (told, told)


def audited_pay(counted_fen: int) -> Proposal:
    proposal = audited(counted_fen)
    proposal.event = proposal.event.model_copy(update=PAY)
    return proposal


# Any history

_STEPS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 2), st.integers(0, 3), st.integers(1, 60_000)),
    max_size=40,
)
Step = tuple[int, int, int, int]


def played(steps: Sequence[Step]) -> PaperLedger:
    """A history of money; what the rules refuse leaves no trace."""
    paper = funded()
    for number, (act, which, thing, amount) in enumerate(steps):
        budget: dict[str, Any] = {"budget": BUDGETS[which]}
        commitment, project = f"c-{which}-{thing}", f"project-{thing}"
        match act:
            case 0:
                line = (*BudgetLine,)[which]
                proposal = appropriated(amount, line=line, **budget)
            case 1 | 2:
                proposal = committed(amount, commitment=commitment, project=project, **budget)
            case 3 | 4:
                proposal = spent(amount, commitment=commitment, voucher=number, **budget)
            case _:
                back = commitment if thing % 2 else None
                proposal = returned(amount, back, actor=TOWN_CLERK, **budget)
        paper.propose(proposal)
    return paper


@given(steps=_STEPS)
def test_every_row_is_a_plain_sum_over_the_acts(steps: Sequence[Step]) -> None:
    paper = played(steps)
    bodies = [(one.kind, one.event.model_dump()) for one in paper.history]
    of_money = [(kind, body) for kind, body in bodies if kind.startswith("fund_")]

    rows = fold(PROJECTION, paper.history).rows

    def total(*kinds: str, **wanted: Any) -> int:
        return sum(
            int(body["amount_fen"])
            for kind, body in of_money
            if kind in kinds and all(body[name] == value for name, value in wanted.items())
        )

    for (budget,), row in rows["budget"].items():
        given_, paid_ = (
            total("fund_appropriated", budget=budget),
            total("fund_spent", budget=budget),
        )
        assert row.appropriated_fen == given_
        if row.line == "allowance":
            assert (row.spent_fen or 0) + row.untold_fen == paid_
            assert row.untold_payments < PAYMENTS_AT_ONCE
            assert (row.payments or 0) % PAYMENTS_AT_ONCE == 0
            continue
        out = total("fund_returned", budget=budget, commitment=None)
        back = total("fund_returned", budget=budget) - out
        assert (row.spent_fen, row.returned_fen) == (paid_, out)
        assert row.committed_fen == total("fund_committed", budget=budget) - paid_ - back
        assert row.uncommitted_fen + row.committed_fen + paid_ + out == given_
    told = {**rows.get("fund_commitment", {}), **rows.get("fund_commitment_withheld", {})}
    for (commitment,), row in told.items():
        assert row.spent_fen == total("fund_spent", commitment=commitment)
        assert row.returned_fen == total("fund_returned", commitment=commitment)
        assert row.left_fen == row.committed_fen - row.spent_fen - row.returned_fen
    moved = [*rows["fund_movement"], *rows.get("fund_movement_withheld", {})]
    assert len(moved) == len(of_money)
    shown = rows["fund_movement"].values()
    assert not [one for one in shown if one.line == "allowance" and one.kind != "fund_appropriated"]


def test_the_views_are_the_same_rebuilt_and_followed(
    postgres_url: str, postgres_store: PostgresStore, schema: str
) -> None:
    prepare(postgres_url, schema)

    @settings(
        max_examples=5,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(steps=_STEPS)
    def every_history(steps: Sequence[Step]) -> None:
        paper = played(steps)
        for fill in FILLS:
            fill(store_of(paper), postgres_url, schema)
            same_as_folded(postgres_url, schema, paper.history)

    every_history()


def store_of(paper: PaperLedger) -> MemoryStore:
    store = MemoryStore()
    store.events = [
        StoredEvent(one.position, one.kind, one.tags, record, leaf_hash(record))
        for one, record in zip(paper.history, paper.records, strict=True)
    ]
    return store
