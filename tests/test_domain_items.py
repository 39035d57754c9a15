"""Service items: never slower than the law, never dearer than a document says, had somewhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from ledger.clocks import TimeUnit
from ledger.domain.services.items import MAX_FEE_FEN, Material, ServiceItem
from ledger.domain.shapes.promises import Promise
from ledger.event import Actor
from ledger.refusals import Unacceptable
from tests.bank_acts import earlier
from tests.paper_ledger import PaperLedger
from tests.request_acts import COMMITTEE_2, refused
from tests.town import COMMITTEE, COMMITTEE_B, SECRETARY, TOWN_CLERK, WATER, founding
from tests.windows_acts import days, opened, published, serving

HOURS, WORKING_HOURS = TimeUnit.HOURS, TimeUnit.WORKING_HOURS


def item(paper: PaperLedger) -> ServiceItem:
    found: ServiceItem = paper.states["service_item:item-1"]
    return found


@pytest.mark.parametrize("actor", [COMMITTEE_B, SECRETARY, TOWN_CLERK])
def test_an_item_is_published_by_the_community_and_the_town(actor: Actor) -> None:
    paper = serving(published(actor, item="item-2"))

    assert paper.states["service_item:item-2"].community == "committee-1"


def test_an_item_is_published_anew_by_its_own_community_alone() -> None:
    paper = serving(published(materials=(), online=False))
    assert item(paper).materials == ()

    other = published(COMMITTEE_2, community="committee-2", windows=())
    refused(paper, other, "service_item_exists", "item")


def test_an_item_is_not_published_before_what_it_replaces() -> None:
    paper = serving()

    early = earlier(published(), paper, hours=1)

    refused(paper, early, "precedes_what_it_follows", "occurred_at")


def test_an_item_belongs_to_a_community() -> None:
    new: dict[str, Any] = {"item": "item-2", "windows": ()}
    wrong = published(**new, community="dept-water")
    refused(serving(), wrong, "wrong_organisation_type", "community")
    refused(serving(), published(**new, community="nobody"), "unknown_organisation", "community")
    refused(serving(), published(COMMITTEE_2, **new), "foreign_community", "community")
    refused(serving(), published(WATER, **new), "office_may_not")


@pytest.mark.parametrize(
    ("promise", "statutory"),
    [
        (days(16), days(15)),
        (days(25, HOURS), days(24, HOURS)),
        (days(1), days(24, HOURS)),  # from a Friday on it takes until Monday
        (days(9, WORKING_HOURS), days(1)),
        (days(16, HOURS), days(1, WORKING_HOURS)),
    ],
)
def test_no_promise_is_longer_than_the_law_allows(promise: Promise, statutory: Promise) -> None:
    slow = published(promise=promise, statutory=statutory)

    refusal = refused(serving(), slow, "longer_than_statutory", "promise")

    assert isinstance(refusal, Unacceptable)


@pytest.mark.parametrize(
    ("promise", "statutory"),
    [
        (days(15), days(15)),
        (days(1000), None),
        (days(1, TimeUnit.MINUTES), days(1)),
        (days(2), days(24 * 7, HOURS)),
    ],
)
def test_a_promise_as_long_as_the_law_allows_is_none_too_long(
    promise: Promise, statutory: Promise | None
) -> None:
    serving(published(promise=promise, statutory=statutory))


def test_a_promise_under_a_law_needs_the_rules_that_measure_it() -> None:
    paper = PaperLedger()
    paper.accept(*founding()[:-2], opened())  # the pack and the calendar are enacted last

    refused(paper, published(), "no_rules_in_force")
    paper.accept(published(statutory=None))
    paper.accept(founding()[-2], published())


@pytest.mark.parametrize("fee", [-1, -(10**9), MAX_FEE_FEN + 1, 1.5, "1", True, None])
def test_a_fee_is_a_whole_number_of_fen_and_never_negative(fee: Any) -> None:
    with pytest.raises(ValidationError):
        published(fee_fen=fee, fee_basis="《收费目录》")


def test_a_fee_needs_the_document_that_sets_it() -> None:
    refused(serving(), published(fee_fen=1), "fee_without_basis", "fee_basis")
    serving(published(fee_fen=1, fee_basis="《收费目录》"), published())


def test_materials_and_windows_are_named_once() -> None:
    card = Material(code="identity-card", name="身份证")
    refused(serving(), published(materials=(card, card)), "given_twice", "materials")
    refused(serving(), published(windows=("window-1", "window-1")), "given_twice", "windows")


def test_an_item_can_be_had_somewhere() -> None:
    refused(serving(), published(windows=(), online=False), "served_nowhere", "windows")
    serving(published(windows=()), published(online=False))


def test_an_item_is_served_at_windows_of_its_own_community() -> None:
    of_other = opened(COMMITTEE_2, window="window-2", community="committee-2")
    paper = serving(of_other)
    paper.at += timedelta(minutes=1)

    refused(paper, published(windows=("window-9",)), "unknown_window", "windows")
    foreign = published(windows=("window-1", "window-2"))
    refused(paper, foreign, "window_of_another_community", "windows")
    assert COMMITTEE.organisation == item(paper).community
