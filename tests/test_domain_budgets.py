"""Budgets: a line has what was given to it, once a document, and no more is set aside."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.decision import OrganisationType
from ledger.domain.money.budgets import MAX_AMOUNT_FEN, BudgetLine
from ledger.domain.town.organisations import OrganisationRegistered
from ledger.event import MAX_INTEGER
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.fund_acts import (
    BUDGET,
    appropriated,
    committed,
    returned,
    stands,
)
from tests.request_acts import refused, town
from tests.town import COUNTY, SECRETARY, TOWN_CLERK

# Appropriation


def test_a_line_is_given_to_twice() -> None:
    paper = town(appropriated(), appropriated(5, COUNTY))

    assert stands(paper)[:2] == (1_000_005, 1_000_005)


def test_a_community_gives_itself_nothing() -> None:
    assert isinstance(refused(town(), appropriated(actor=SECRETARY), "office_may_not"), Forbidden)


@pytest.mark.parametrize(
    ("community", "rule"),
    [("branch-x", "unknown_organisation"), ("dept-water", "wrong_organisation_type")],
)
def test_money_goes_to_a_community(community: str, rule: str) -> None:
    refused(town(), appropriated(community=community), rule, "community")


def test_a_community_of_two_bodies_has_one_budget() -> None:
    proposal = appropriated(community="committee-1")

    refusal = refused(town(), proposal, "counted_under_another", "community")

    assert isinstance(refusal, Unacceptable)
    assert "branch-1" in refusal.accepted


@pytest.mark.parametrize(
    "changes", [{"year": 2027}, {"line": BudgetLine.ALLOWANCE}, {"community": "branch-2"}]
)
def test_a_budget_is_of_one_line_of_one_community_and_year(changes: dict[str, Any]) -> None:
    refused(town(appropriated()), appropriated(**changes), "budget_exists", "budget")


def test_a_lines_sum_stays_exact() -> None:
    budget = town(appropriated())
    near = budget.states[BUDGET]._replace(appropriated_fen=MAX_INTEGER - 5)
    budget.states[BUDGET] = near

    refused(budget, appropriated(6), "beyond_exact_sums", "amount_fen")
    budget.accept(appropriated(5))


@pytest.mark.parametrize(
    "again", ["镇财〔2026〕3号", "镇财[2026]3号", "镇财【2026】3 号", " 镇财（２０２６）３号"]
)
@pytest.mark.parametrize("changes", [{}, {"budget": "budget-2"}])
def test_a_document_gives_to_a_line_once_however_it_is_written(
    again: str, changes: dict[str, Any]
) -> None:
    paper = town(appropriated(document="镇财〔2026〕3号"))

    refusal = refused(paper, appropriated(document=again, **changes), "document_used", "document")

    assert isinstance(refusal, WrongState)
    assert "budget-1" in refusal.reason
    paper.accept(appropriated(document="镇财〔2026〕13号"))


def test_one_document_gives_to_several_lines_and_years() -> None:
    paper = town(appropriated(document="镇财〔2026〕3号"))

    for budget, changes in (("party", {"line": BudgetLine.PARTY_WORK}), ("next", {"year": 2027})):
        paper.accept(appropriated(document="镇财〔2026〕3号", budget=budget, **changes))


# Commitments


@pytest.mark.parametrize("amount", [1_000_001, MAX_AMOUNT_FEN])
def test_no_more_is_committed_than_there_is(amount: int) -> None:
    refusal = refused(town(appropriated()), committed(amount), "beyond_what_is_left", "amount_fen")

    assert isinstance(refusal, WrongState)
    assert "1000000" in refusal.accepted


def test_what_is_committed_is_not_there_again() -> None:
    paper = town(appropriated(), committed(1_000_000))

    refused(paper, committed(1, commitment="c-2"), "beyond_what_is_left", "amount_fen")


def test_only_what_was_given_is_committed() -> None:
    for proposal in (committed(budget="budget-x"), returned(1, budget="budget-x")):
        refusal = refused(town(appropriated()), proposal, "unknown_budget", "budget")
        assert isinstance(refusal, UnknownReference)


def test_a_commitment_has_an_id_of_its_own() -> None:
    paper = town(appropriated(), committed())

    refused(paper, committed(1), "commitment_exists", "commitment")


def test_a_community_commits_its_own_money() -> None:
    other = OrganisationRegistered(
        organisation="branch-2", type=OrganisationType.COMMUNITY_BRANCH, name="环城路社区党总支"
    )
    of_other: dict[str, Any] = {"budget": "budget-2"}
    given_ = appropriated(community="branch-2", **of_other)
    paper = town(Proposal(other, TOWN_CLERK), given_)

    refusal = refused(paper, committed(**of_other), "foreign_community", "budget")

    assert isinstance(refusal, Forbidden)
    paper.accept(committed(actor=TOWN_CLERK, **of_other))
