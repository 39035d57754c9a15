"""Three lists: nothing is matched that is not there, and nobody speaks for another's resource."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.domain.cooperation.lists import ItemScope, ListType
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.cooperation_acts import (
    UNIT_2,
    contributed,
    delisted,
    left,
    matched,
    need,
    proposed,
    resource,
    revised,
    town,
)
from tests.request_acts import COMMITTEE_2, UNIT, refused
from tests.town import COMMITTEE, HOTLINE, SECRETARY, TOWN_CLERK

# What is listed


def test_an_item_has_an_id_of_its_own() -> None:
    refused(town(need()), resource(list_item="need-1"), "list_item_exists", "list_item")


def test_a_list_is_a_communitys() -> None:
    refusal = refused(town(), need(community="unit-1"), "wrong_organisation_type", "community")

    assert isinstance(refusal, Unacceptable)
    refused(town(), need(community="branch-x"), "unknown_organisation", "community")


def test_a_resource_is_somebodys() -> None:
    refusal = refused(town(), resource(COMMITTEE, provider=None), "provider_missing", "provider")

    assert isinstance(refusal, Unacceptable)
    unheard_of = resource(COMMITTEE, provider="unit-x")
    refused(town(), unheard_of, "unknown_organisation", "provider")


@pytest.mark.parametrize(
    ("list_type", "field", "value"),
    [
        (ListType.NEEDS, "provider", "unit-1"),
        (ListType.PROJECTS, "provider", "unit-1"),
        (ListType.NEEDS, "project", "project-1"),
    ],
)
def test_an_item_has_no_detail_of_another_list(list_type: ListType, field: str, value: str) -> None:
    detail: dict[str, Any] = {"list_type": list_type, field: value}

    refused(town(proposed()), need(**detail), "detail_of_another_list", field)


def test_an_item_of_the_list_of_projects_may_name_one_that_was_proposed() -> None:
    listed: dict[str, Any] = {"list_type": ListType.PROJECTS, "project": "project-1"}

    refusal = refused(town(), need(**listed), "unknown_project", "project")

    assert isinstance(refusal, UnknownReference)
    assert town(proposed(), need(**listed)).history[-1].tags == (
        "list_item:need-1", "project:project-1",
    )  # fmt: skip


def test_a_unit_lists_what_it_offers_itself_and_nothing_else() -> None:
    paper = town()

    for proposal, field in (
        (need(UNIT), "list_type"),
        (resource(UNIT_2), "provider"),
    ):
        assert isinstance(refused(paper, proposal, "not_own_resource", field), Forbidden)
    paper.accept(resource(UNIT), resource(COMMITTEE, list_item="resource-2"))


def test_another_communitys_body_and_the_hotline_have_no_say() -> None:
    paper = town(need(), resource())

    refused(paper, need(COMMITTEE_2, list_item="need-2"), "foreign_community", "community")
    refused(paper, revised(COMMITTEE_2), "foreign_community", "list_item")
    refused(paper, delisted(actor=COMMITTEE_2), "foreign_community", "list_item")
    refused(paper, matched(actor=COMMITTEE_2), "foreign_community", "need")
    refused(paper, need(HOTLINE, list_item="need-2"), "office_may_not")
    paper.accept(revised(TOWN_CLERK), matched(actor=SECRETARY))
    refused(paper, contributed(actor=COMMITTEE_2), "foreign_community", "match")


# What is revised and delisted


def test_a_revision_says_something_anew() -> None:
    refused(town(need()), revised(quantity=None), "nothing_revised", "title")
    paper = town(need(), revised(scope=ItemScope.INDIVIDUAL), revised(title="夜校教师两名"))
    assert left(paper, "need-1") == 4


def test_no_item_is_counted_below_what_is_matched() -> None:
    paper = town(need(), resource(), matched(3))

    refusal = refused(paper, revised(quantity=2), "below_what_is_matched", "quantity")

    assert isinstance(refusal, WrongState)
    paper.accept(revised(quantity=3))
    assert left(paper, "need-1") == 0


def test_what_is_delisted_is_revised_and_matched_no_more() -> None:
    for gone, field in (("need-1", "need"), ("resource-1", "offer")):
        paper = town(need(), resource(), delisted(gone))

        refusal = refused(paper, matched(), "delisted", field)

        assert isinstance(refusal, WrongState)
        refused(paper, delisted(gone), "delisted", "list_item")
        refused(paper, revised(list_item=gone, quantity=9), "delisted", "list_item")


def test_what_was_matched_before_is_still_given() -> None:
    paper = town(need(), resource(), matched(), delisted(), delisted("resource-1", UNIT))

    paper.accept(contributed())


def test_an_item_that_was_never_listed_is_unknown() -> None:
    paper = town(need())

    refused(paper, revised(list_item="need-x", quantity=1), "unknown_list_item", "list_item")
    refused(paper, delisted("need-x"), "unknown_list_item", "list_item")
    refused(paper, matched(offer="resource-x"), "unknown_list_item", "offer")
