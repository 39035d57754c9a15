"""Commendations: by a number used once, of persons by consent, and rescinded once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from ledger.decision import OrganisationType
from ledger.domain.honours.appeals import AppealOutcome
from ledger.domain.honours.commendation import MAX_COMMENDED, Honour
from ledger.domain.love_bank.accounts import AccountOpened, HolderType
from ledger.domain.privacy.consent import Evidence, Purpose
from ledger.domain.town.organisations import OrganisationRegistered
from ledger.event import MAX_TAGS
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests import privacy_acts
from tests.paper_ledger import PaperLedger
from tests.rating_acts import (
    PERIOD,
    PUBLISHED,
    bank,
    heard,
    issued,
    opened,
    published,
    rescinded,
    sealed,
)
from tests.request_acts import refused
from tests.town import COMMITTEE, COUNTY, FOUNDER, HOTLINE, OPENED_AT, SECRETARY, TOWN_CLERK

COMMENDATION = "commendation:commendation-1"
NOBODY: dict[str, Any] = {"accounts": (), "units": ()}


def agreed(paper: PaperLedger, kind: str, purpose: Purpose, account: str = "account-1") -> None:
    act = privacy_acts.done(
        kind, COMMITTEE, f"account:{account}", purpose=purpose, evidence=Evidence.WINDOW
    )
    paper.accept(act)


def test_a_commendation_names_whom_it_is_for_and_may_be_taken_back() -> None:
    paper = bank(issued(), rescinded())

    assert paper.states[COMMENDATION].is_rescinded
    assert {"account:account-1", "organisation:unit-1"} < set(paper.history[-2].tags)


def test_a_commendation_has_an_id_of_its_own() -> None:
    again = issued(document_number="镇发〔2026〕13号")

    refused(bank(issued()), again, "commendation_exists", "commendation")


@pytest.mark.parametrize(
    "number",
    [
        "镇发〔2026〕12号",
        "镇发 〔2026〕 12 号",
        "镇发[2026]12号",
        "镇发（2026）12号",
        "镇发〔２０２６〕12号",
    ],
)
def test_a_documents_number_is_used_once_however_it_is_written(number: str) -> None:
    again = issued(commendation="commendation-2", document_number=number)

    refusal = refused(bank(issued()), again, "document_used", "document_number")

    assert isinstance(refusal, WrongState)
    assert "commendation-1" in refusal.reason


def test_a_number_is_used_though_its_commendation_is_rescinded() -> None:
    paper = bank(issued(), rescinded())

    refused(paper, issued(commendation="commendation-2"), "document_used", "document_number")


def test_an_award_has_the_document_that_approves_it() -> None:
    award = issued(honour=Honour.AWARD)

    refusal = refused(bank(), award, "approval_missing", "approval_reference")

    assert isinstance(refusal, Unacceptable)
    bank().accept(issued(honour=Honour.AWARD, approval_reference="县表彰办〔2026〕2号"))


# Scope


def test_a_community_commends_within_its_community() -> None:
    paper = bank()

    refusal = refused(paper, issued(SECRETARY), "beyond_its_community", "community")

    assert isinstance(refusal, Forbidden)
    paper.accept(issued(SECRETARY, community="committee-1"))


def test_a_community_does_not_commend_in_another() -> None:
    proposal = issued(SECRETARY, community="committee-2")

    refused(bank(), proposal, "foreign_community", "community")
    bank().accept(issued(TOWN_CLERK, community="committee-2"))


@pytest.mark.parametrize(
    ("community", "rule"),
    [("branch-x", "unknown_organisation"), ("dept-water", "wrong_organisation_type")],
)
def test_the_scope_is_a_communitys_body(community: str, rule: str) -> None:
    refused(bank(), issued(community=community), rule, "community")


def test_nobody_else_commends() -> None:
    refused(bank(), issued(HOTLINE), "office_may_not")
    refused(bank(issued()), rescinded(HOTLINE), "office_may_not")


# Whom


@pytest.mark.parametrize("purpose", [Purpose.SHOW_MASKED_NAME, Purpose.SHOW_NAME])
def test_persons_are_named_by_their_consent_alone(purpose: Purpose) -> None:
    paper = bank()
    by_name: dict[str, Any] = {"accounts": ("account-1", "account-3")}

    refusal = refused(paper, issued(**by_name), "no_consent_to_be_named", "accounts")

    assert isinstance(refusal, WrongState)
    agreed(paper, "consent_given", purpose, "account-3")
    paper.accept(issued(**by_name))


def test_nobody_is_named_whose_consent_is_withdrawn() -> None:
    paper = bank()
    agreed(paper, "consent_withdrawn", Purpose.SHOW_MASKED_NAME)

    refused(paper, issued(), "no_consent_to_be_named", "accounts")


@pytest.mark.parametrize("account", ["account-x", "unit-account"])
def test_accounts_are_of_persons_and_households(account: str) -> None:
    unit = AccountOpened(
        account="unit-account", holder_type=HolderType.UNIT, unit="unit-1", masked_name_consent=True
    )
    paper = bank(Proposal(unit, COMMITTEE, OPENED_AT))

    refusal = refused(paper, issued(accounts=(account,)), "no_persons_account", "accounts")

    assert isinstance(refusal, UnknownReference)


def test_units_are_named_freely_but_must_be_there() -> None:
    refused(bank(), issued(units=("unit-x",)), "unknown_organisation", "units")
    bank().accept(issued(accounts=(), units=("unit-1", "dept-water")))


@pytest.mark.parametrize(
    ("field", "named"), [("accounts", ("account-1",) * 2), ("units", ("unit-1",) * 2)]
)
def test_nobody_is_named_twice(field: str, named: Any) -> None:
    refused(bank(), issued(**{field: named}), "commended_twice", field)


def test_somebody_is_named() -> None:
    refused(bank(), issued(**NOBODY), "nobody_commended", "accounts")


def test_nobody_commends_their_household_or_their_own_body() -> None:
    own = AccountOpened(
        account="account-9",
        holder_type=HolderType.PERSON,
        household_principals=(TOWN_CLERK.principal,),
        masked_name_consent=True,
    )
    paper = bank(Proposal(own, COMMITTEE, OPENED_AT))

    own_ones: dict[str, Any] = {"accounts": ("account-9",), "units": ("government",)}
    for field, named in own_ones.items():
        refusal = refused(paper, issued(**{field: named}), "own_commendation", field)
        assert isinstance(refusal, Forbidden)
    paper.accept(issued(COUNTY, accounts=("account-9",), units=("government",)))


def test_a_record_names_all_whom_a_commendation_may_name() -> None:
    units = tuple(f"body-{number}" for number in range(MAX_COMMENDED))
    accounts = tuple(f"account-of-{number}" for number in range(MAX_COMMENDED))
    paper = bank(opened(), sealed(), published())
    for unit, account in zip(units, accounts, strict=True):
        body = OrganisationRegistered(
            organisation=unit, type=OrganisationType.ENTERPRISE, name="企业"
        )
        of_person = AccountOpened(
            account=account, holder_type=HolderType.PERSON, masked_name_consent=True
        )
        paper.accept(Proposal(body, FOUNDER), Proposal(of_person, COMMITTEE))

    paper.accept(issued(accounts=accounts, units=units, period=PERIOD))

    assert len(paper.history[-1].tags) <= MAX_TAGS
    with pytest.raises(ValidationError):
        issued(accounts=(*accounts, "one-more"))


# Periods


def test_a_commendation_follows_a_published_ranking() -> None:
    paper = bank(opened(), sealed())
    refused(paper, issued(period="period-x"), "unknown_period", "period")

    refusal = refused(paper, issued(period=PERIOD), "period_not_published", "period")

    assert isinstance(refusal, WrongState)
    paper.accept(published(), issued(period=PERIOD))


def test_a_commendation_follows_no_ranking_against_which_an_appeal_is_upheld() -> None:
    paper = bank(opened(), sealed(), published(), heard(AppealOutcome.UPHELD, at=PUBLISHED))

    refused(paper, issued(period=PERIOD), "period_not_published", "period")


# Rescission


def test_only_what_was_issued_is_rescinded_and_once() -> None:
    refusal = refused(bank(), rescinded(), "unknown_commendation", "commendation")
    assert isinstance(refusal, UnknownReference)

    refused(bank(issued(), rescinded()), rescinded(), "rescinded_already", "commendation")


def test_a_community_rescinds_its_own_and_the_town_any() -> None:
    within: dict[str, Any] = {"community": "branch-1"}
    paper = bank(issued(COMMITTEE, **within))

    refusal = refused(paper, rescinded(SECRETARY), "another_bodys_commendation", "commendation")

    assert isinstance(refusal, Forbidden)
    paper.copy().accept(rescinded(COMMITTEE))
    paper.copy().accept(rescinded(TOWN_CLERK))
    paper.accept(rescinded(COUNTY))


def test_nothing_is_rescinded_before_it_was_issued() -> None:
    paper = bank(issued(at=PUBLISHED))
    early = rescinded(at=PUBLISHED - timedelta(days=1))

    refused(paper, early, "precedes_what_it_follows", "occurred_at")
