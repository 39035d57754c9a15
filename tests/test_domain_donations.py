"""Donations as they come: on a receipt, for a purpose, of a donor who may stay unnamed."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from ledger.decision import OrganisationType
from ledger.domain.money.budgets import MAX_AMOUNT_FEN
from ledger.domain.money.donations import (
    MAX_ITEMS,
    MAX_PIECES,
    DonationPurpose,
    DonationReceived,
    DonorType,
    Goods,
    GoodsUnit,
)
from ledger.domain.privacy.consent import Evidence, Purpose
from ledger.domain.town.organisations import OrganisationRegistered
from ledger.event import Commitment
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.donation_acts import DONATION, RICE, SOAP, left, money, received
from tests.privacy_acts import done
from tests.request_acts import refused, town
from tests.town import COMMITTEE, HOTLINE, RESIDENT, SECRETARY, TOWN_CLERK, WATER

OTHER = Proposal(
    OrganisationRegistered(
        organisation="branch-2", type=OrganisationType.COMMUNITY_BRANCH, name="环城路社区党总支"
    ),
    TOWN_CLERK,
)
BY_UNIT: dict[str, Any] = {
    "donor_type": DonorType.ORGANISATION, "donor_organisation": "unit-1",
}  # fmt: skip


def test_money_and_goods_are_there_once_received() -> None:
    paper = town(money(), received(donation="donation-2"))

    assert left(paper) == (100_000, {})
    assert left(paper, "donation-2") == (0, {"rice": 60, "soap": 20})


def test_a_donation_is_found_by_its_receipt() -> None:
    paper = town(received(receipt="61090126-42"))

    assert paper.history[-1].tags == (f"donation:{DONATION}", "donation_receipt:61090126-42")


@pytest.mark.parametrize("actor", [COMMITTEE, SECRETARY, TOWN_CLERK])
def test_communities_and_the_town_receive(actor: Any) -> None:
    assert left(town(received(actor))) == (0, {"rice": 60, "soap": 20})


@pytest.mark.parametrize("actor", [HOTLINE, WATER, RESIDENT])
def test_nobody_else_receives(actor: Any) -> None:
    assert isinstance(refused(town(), received(actor), "office_may_not"), Forbidden)


def test_a_donation_has_an_id_of_its_own() -> None:
    again = received(receipt="another")

    refused(town(received()), again, "donation_exists", "donation")


def test_a_receipt_is_that_of_one_donation() -> None:
    paper = town(received(receipt="receipt-1"))

    refusal = refused(
        paper, money(donation="donation-2", receipt="receipt-1"), "receipt_used", "receipt"
    )

    assert isinstance(refusal, WrongState)
    assert DONATION in refusal.reason


@pytest.mark.parametrize("changes", [{"goods": ()}, {"amount_fen": 1}])
def test_money_or_goods_are_given_and_not_both(changes: dict[str, Any]) -> None:
    refusal = refused(town(), received(**changes), "money_or_goods", "goods")

    assert isinstance(refusal, Unacceptable)


def test_an_item_is_named_once() -> None:
    twice = (RICE, SOAP, RICE.model_copy(update={"quantity": 1}))

    refused(town(), received(goods=twice), "item_twice", "goods")


# Donors


def test_an_organisation_gives_under_its_id() -> None:
    paper = town(received(**BY_UNIT, organisation_shown=True))

    event: Any = paper.history[-1].event
    assert (event.donor_organisation, event.name) == ("unit-1", None)


def test_a_persons_name_is_a_commitment_in_the_record() -> None:
    paper = town(received(name="（捐赠人姓名）"))

    event: Any = paper.history[-1].event
    assert isinstance(event.name, Commitment)
    assert DonationReceived(**received(name="某").event.model_dump()).sealed_under() == (
        f"donation:{DONATION}"
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"donor_type": DonorType.ORGANISATION}, "donor_organisation"),
        ({"donor_organisation": "unit-1"}, "donor_organisation"),
        (
            {"donor_type": DonorType.ANONYMOUS, "donor_organisation": "unit-1"},
            "donor_organisation",
        ),
        ({"organisation_shown": True}, "organisation_shown"),
        ({"donor_type": DonorType.ANONYMOUS, "name": "某"}, "name"),
        ({**BY_UNIT, "name": "某"}, "name"),
    ],
)
def test_a_donor_is_named_as_its_type_is(changes: dict[str, Any], field: str) -> None:
    assert isinstance(refused(town(), received(**changes), "other_donor", field), Unacceptable)


def test_an_organisation_that_gives_is_registered() -> None:
    proposal = received(**{**BY_UNIT, "donor_organisation": "unit-x"})

    refusal = refused(town(), proposal, "unknown_organisation", "donor_organisation")

    assert isinstance(refusal, UnknownReference)


def test_a_donor_agrees_to_be_named_and_no_longer() -> None:
    paper = town(received(name="某"))
    about: dict[str, Any] = {
        "subject": f"donation:{DONATION}", "purpose": Purpose.SHOW_NAME,
        "evidence": Evidence.SIGNED_FORM,
    }  # fmt: skip

    paper.accept(done("consent_given", COMMITTEE, **about))

    refused(paper, done("consent_given", COMMITTEE, **about), "consent_given_already", "purpose")
    paper.accept(done("consent_withdrawn", COMMITTEE, **about))


def test_a_donors_consent_is_taken_down_by_the_community_that_received() -> None:
    paper = town(OTHER, received(TOWN_CLERK, name="某"), received(donation="donation-2", name="某"))
    of_town = done(
        "consent_given", COMMITTEE, subject=f"donation:{DONATION}", purpose=Purpose.SHOW_NAME
    )
    elsewhere = SECRETARY._replace(organisation="branch-2")

    refused(
        paper,
        done("consent_given", elsewhere, "donation:donation-2", purpose=Purpose.SHOW_NAME),
        "no_such_appointment",
    )
    refused(paper, of_town, "foreign_community", "subject")


def test_a_resident_is_nobodys_donor_by_id() -> None:
    paper = town(received(name="某"))
    agreed = done("consent_given", RESIDENT, f"donation:{DONATION}", purpose=Purpose.SHOW_NAME)

    refused(paper, agreed, "not_the_subject", "subject")


# Purposes


@pytest.mark.parametrize("purpose", DonationPurpose)
@pytest.mark.parametrize("field", ["project", "household_category"])
def test_a_detail_goes_with_its_purpose(purpose: DonationPurpose, field: str) -> None:
    own = {"project": DonationPurpose.PROJECT, "household_category": DonationPurpose.HOUSEHOLDS}
    detail: dict[str, Any] = {field: "x-1"}
    proposal = received(purpose=purpose, **detail)

    if own[field] is purpose:
        town(proposal)
    else:
        refused(town(), proposal, "detail_of_another_purpose", field)


# Bad input


@pytest.mark.parametrize("amount", [0, -1, MAX_AMOUNT_FEN + 1, 2**53, 1.5, 1.0, "1", True])
def test_money_is_in_whole_fen_and_bounded(amount: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        money(amount)

    assert {error["loc"] for error in caught.value.errors()} == {("amount_fen",)}


@pytest.mark.parametrize("quantity", [0, -1, MAX_PIECES + 1, 2**53, 0.5, 1.0, "1", True, None])
def test_goods_are_whole_and_bounded(quantity: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        Goods(item="rice", name="大米", unit=GoodsUnit.BAG, quantity=quantity)

    assert {error["loc"] for error in caught.value.errors()} == {("quantity",)}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("receipt", "镇财〔2026〕3号"),
        ("receipt", ""),
        ("receipt", "a" * 65),
        ("purpose", "anything"),
        ("donor_type", "company"),
        ("goods", (RICE,) * (MAX_ITEMS + 1)),
        ("name", ""),
    ],
)
def test_what_does_not_fit_is_refused_by_its_field(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        received(**{field: value})

    assert {error["loc"][0] for error in caught.value.errors()} == {field}
