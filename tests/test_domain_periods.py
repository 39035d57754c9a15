"""A period is opened before anybody knows who leads, by those whose accounts it ranks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.refusals import Forbidden, Unacceptable
from tests.rating_acts import (
    MEMBER,
    SEALED,
    bank,
    opened,
    published,
    sealed,
)
from tests.request_acts import refused
from tests.town import (
    COUNTY,
    HOTLINE,
    TOWN_CLERK,
)


def test_a_period_has_an_id_of_its_own() -> None:
    refused(bank(opened()), opened(), "period_exists", "period")


@pytest.mark.parametrize(
    ("first", "last"), [("2026-03", "2026-02"), ("2026-02", "2027-02"), ("2026-12", "2028-01")]
)
def test_a_period_has_one_to_twelve_months(first: str, last: str) -> None:
    proposal = opened(first_month=first, last_month=last)

    assert isinstance(refused(bank(), proposal, "no_such_months", "last_month"), Unacceptable)
    bank().accept(opened(first_month="2026-02", last_month="2027-01"))


def test_what_is_ranked_is_said_before_its_last_month_is_over() -> None:
    paper = bank()

    refusal = refused(paper, opened(at=SEALED), "opened_afterwards", "last_month")

    assert isinstance(refusal, Unacceptable)
    assert "2026-03" in refusal.accepted
    paper.accept(opened(at=SEALED - timedelta(hours=11)))  # 23:00 of 28 February in Shanghai


@pytest.mark.parametrize(
    ("community", "rule"),
    [("committee-x", "unknown_organisation"), ("branch-1", "wrong_organisation_type")],
)
def test_a_community_is_named_by_its_residents_committee(community: str, rule: str) -> None:
    refused(bank(), opened(TOWN_CLERK, community=community), rule, "community")


@pytest.mark.parametrize("community", [None, "committee-2"])
def test_a_community_ranks_its_own_accounts_alone(community: str | None) -> None:
    refusal = refused(bank(), opened(community=community), "another_bodys_period", "community")

    assert isinstance(refusal, Forbidden)
    bank().accept(opened(TOWN_CLERK, community=community))


def test_another_community_neither_seals_nor_publishes() -> None:
    paper = bank(opened())

    refused(paper, sealed(actor=MEMBER), "another_bodys_period", "period")
    paper.accept(sealed())
    refused(paper, published(actor=MEMBER), "another_bodys_period", "period")


def test_nobody_else_runs_a_period() -> None:
    for actor in (HOTLINE, COUNTY):
        refused(bank(), opened(actor), "office_may_not")
