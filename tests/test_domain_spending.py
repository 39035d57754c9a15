"""Spending: no line is ever negative, no voucher proves twice, and nobody pays themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ledger.domain.documents.attachments import MAX_ATTACHMENT_BYTES, Attachment
from ledger.domain.money.budgets import MAX_AMOUNT_FEN, BudgetLine
from ledger.domain.money.spending import Finding
from ledger.refusals import Forbidden, Unacceptable, WrongState
from tests.fund_acts import (
    BUDGET,
    REPORT,
    appropriated,
    audited,
    committed,
    returned,
    spent,
    stands,
)
from tests.request_acts import refused, town
from tests.town import COUNTY, HOTLINE, SECRETARY, TOWN_CLERK


def test_money_goes_from_the_line_to_the_project_to_the_voucher() -> None:
    paper = town(appropriated(), committed(), spent(), returned(200_000, "c-1"), returned(900_000))

    assert stands(paper) == (1_000_000, 0, 0, 100_000, 900_000)


def test_a_payment_is_found_by_its_project_and_by_its_voucher() -> None:
    paper = town(appropriated(), committed(), spent())

    tags = paper.history[-1].tags
    assert {"project:project-1", "commitment:c-1", BUDGET, f"voucher:{1:064x}"} < set(tags)


# Payments


def test_no_more_is_paid_than_was_committed() -> None:
    paper = town(appropriated(), committed(), spent(250_000))

    refusal = refused(paper, spent(50_001, voucher=2), "beyond_what_is_left", "amount_fen")

    assert isinstance(refusal, WrongState)
    paper.accept(spent(50_000, voucher=2))
    assert stands(paper) == (1_000_000, 700_000, 0, 300_000, 0)


def test_nobody_pays_from_their_own_commitment() -> None:
    paper = town(appropriated(), committed())

    assert isinstance(refused(paper, spent(actor=SECRETARY), "own_commitment"), Forbidden)


def test_a_voucher_proves_one_payment() -> None:
    paper = town(appropriated(), committed(), spent(payment="pay-1"))

    refusal = refused(paper, spent(1), "voucher_used", "voucher")

    assert isinstance(refusal, WrongState)
    assert "pay-1" in refusal.reason


def test_a_payment_has_an_id_of_its_own() -> None:
    paper = town(appropriated(), committed(), spent(payment="pay-1"))

    refused(paper, spent(1, voucher=2, payment="pay-1"), "payment_exists", "payment")


def test_a_commitment_belongs_to_its_line() -> None:
    party_work: dict[str, Any] = {"budget": "budget-2"}
    other = appropriated(line=BudgetLine.PARTY_WORK, **party_work)
    paper = town(appropriated(), committed(), other)

    for proposal in (
        spent(commitment="c-x"),
        spent(**party_work),
        returned(1, "c-x"),
        returned(1, "c-1", **party_work),
    ):
        refused(paper, proposal, "unknown_commitment", "commitment")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("digest", "f" * 63),
        ("digest", "F" * 64),
        ("digest", "sha256:" + "f" * 57),
        ("digest", ""),
        ("size_bytes", 0),
        ("size_bytes", MAX_ATTACHMENT_BYTES + 1),
        ("media_type", "pdf"),
        ("media_type", "text/html; charset=utf-8"),
    ],
)
def test_a_voucher_is_named_by_a_digest(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        Attachment(**{**REPORT.model_dump(), field: value})

    assert [error["loc"] for error in caught.value.errors()] == [(field,)]


@pytest.mark.parametrize("amount", [0, -1, MAX_AMOUNT_FEN + 1, 1.5, 1.0, "1", True, None])
@pytest.mark.parametrize("draft", [appropriated, committed, spent, returned])
def test_money_is_in_whole_fen_and_bounded(draft: Any, amount: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        draft(amount)

    assert {error["loc"] for error in caught.value.errors()} == {("amount_fen",)}


# Returns


def test_no_more_is_returned_than_is_left() -> None:
    paper = town(appropriated(), committed(), spent())

    refused(paper, returned(200_001, "c-1"), "beyond_what_is_left", "amount_fen")
    refused(paper, returned(700_001), "beyond_what_is_left", "amount_fen")
    paper.accept(returned(200_000, "c-1"), returned(900_000))
    refused(paper, returned(1), "beyond_what_is_left", "amount_fen")


def test_money_does_not_leave_before_it_came() -> None:
    paper = town(appropriated())

    for proposal in (committed(), returned(1), audited(0)):
        proposal.occurred_at = paper.at - timedelta(days=1)
        refused(paper, proposal, "precedes_what_it_follows", "occurred_at")


# Audits


def test_an_audit_counts_what_was_spent() -> None:
    paper = town(appropriated(), committed(), spent())

    refusal = refused(paper, audited(99_999), "counts_differ", "counted_fen")

    assert isinstance(refusal, Unacceptable)
    paper.accept(audited(99_999, Finding.IRREGULAR), audited(100_000))
    assert stands(paper) == (1_000_000, 700_000, 200_000, 100_000, 0)


def test_nobody_audits_what_they_gave_or_used() -> None:
    paper = town(appropriated(), committed(actor=TOWN_CLERK), spent())
    by_county = appropriated(actor=COUNTY)

    refused(paper, audited(100_000, actor=TOWN_CLERK), "own_accounts")
    paper.accept(audited(100_000), by_county)
    refused(paper, audited(100_000), "own_accounts")
    refused(paper, audited(100_000, actor=HOTLINE), "office_may_not")


# Any order


_PLAYED = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2), st.integers(1, 9)), max_size=30)


@given(steps=_PLAYED)
def test_no_line_is_ever_negative(steps: list[tuple[int, int, int]]) -> None:
    """Against a plain model: a purse for the line, and one for each commitment."""
    paper, purse, purses, out = town(appropriated(20)), 20, dict[str, int](), 0

    for number, (act, which, amount) in enumerate(steps):
        name = f"c-{which}"
        match act:
            case 0:
                proposal, fits = appropriated(amount), True
            case 1:
                proposal = committed(amount, commitment=name)
                fits = name not in purses and amount <= purse
            case 2:
                proposal = spent(amount, commitment=name, voucher=number)
                fits = amount <= purses.get(name, 0)
            case 3:
                proposal = returned(amount, name)
                fits = amount <= purses.get(name, 0)
            case _:
                proposal, fits = returned(amount), amount <= purse
        assert (paper.propose(proposal) is None) == fits
        if fits:
            purse += {0: amount, 1: -amount, 3: amount, 4: -amount}.get(act, 0)
            out += amount if act in (2, 4) else 0
            if act in (1, 2, 3):
                purses[name] = purses.get(name, 0) + (amount if act == 1 else -amount)
        given_, uncommitted, committed_, spent_, back = stands(paper)
        assert (uncommitted, committed_, spent_ + back) == (purse, sum(purses.values()), out)
        assert given_ == uncommitted + committed_ + spent_ + back
