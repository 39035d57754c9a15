"""Matches: nothing is matched that is not there, and no more is given than was matched."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.cooperation.lists import ListType
from ledger.domain.cooperation.matches import Match
from ledger.refusals import WrongState
from tests.cooperation_acts import (
    UNIT_2,
    contributed,
    delisted,
    left,
    matched,
    need,
    resource,
    revised,
    town,
)
from tests.request_acts import UNIT, refused
from tests.town import COMMITTEE


def test_a_need_is_matched_with_a_resource_and_met_in_kind() -> None:
    paper = town(need(), resource(), matched(2), contributed(), contributed())

    assert (left(paper, "need-1"), left(paper, "resource-1")) == (2, 1)
    match: Match = paper.states["match:match-1"]
    assert (match.quantity, match.contributed) == (2, 2)


def test_a_contribution_is_found_by_the_need_and_by_the_resource() -> None:
    paper = town(need(), resource(), matched(), contributed())

    assert {"list_item:need-1", "list_item:resource-1", "match:match-1"} < set(
        paper.history[-1].tags
    )


# What is matched


def test_nothing_is_matched_beyond_what_is_left() -> None:
    paper = town(need(), resource(), matched(3))

    refusal = refused(paper, matched(match="match-2"), "exhausted", "offer")

    assert isinstance(refusal, WrongState)
    paper.accept(resource(list_item="resource-2"))
    refused(paper, matched(2, match="match-2", offer="resource-2"), "exhausted", "need")
    paper.accept(matched(1, match="match-2", offer="resource-2"))


def test_a_need_is_matched_with_no_need() -> None:
    paper = town(need(), need(list_item="need-2"), resource())

    refused(paper, matched(offer="need-2"), "wrong_list", "offer")
    refused(paper, matched(need="resource-1"), "wrong_list", "need")
    refused(paper, matched(offer="need-1"), "wrong_list", "offer")


def test_a_need_may_be_met_by_a_project() -> None:
    listed = need(list_item="item-1", list_type=ListType.PROJECTS)

    paper = town(need(), listed, matched(offer="item-1"))

    refused(paper, contributed(), "not_own_resource", "match")
    paper.accept(contributed(actor=COMMITTEE))


def test_a_unit_matches_and_gives_what_it_offers_itself() -> None:
    paper = town(need(), resource())

    refused(paper, matched(actor=UNIT_2), "not_own_resource", "offer")
    refused(paper, revised(UNIT_2, list_item="resource-1", quantity=9), "not_own_resource",
            "list_item")  # fmt: skip
    paper.accept(matched(actor=UNIT))
    refused(paper, contributed(actor=UNIT_2), "not_own_resource", "match")


def test_a_match_and_a_contribution_have_ids_of_their_own() -> None:
    paper = town(need(), resource(), matched(2), contributed(contribution="c-1"))

    refused(paper, matched(), "match_exists", "match")
    refused(paper, contributed(contribution="c-1"), "contribution_exists", "contribution")
    refused(paper, contributed(match="match-x"), "unknown_match", "match")


def test_no_more_is_given_than_was_matched() -> None:
    paper = town(need(), resource(), matched(2), contributed())

    refused(paper, contributed(2), "beyond_what_is_matched", "quantity")
    paper.accept(contributed())
    refused(paper, contributed(), "beyond_what_is_matched", "quantity")


def test_nothing_happens_before_what_it_follows() -> None:
    paper = town(need(), resource(), matched())

    for proposal in (revised(), delisted(), matched(match="match-2"), contributed()):
        proposal.occurred_at = paper.at - timedelta(days=1)
        refused(paper, proposal, "precedes_what_it_follows", "occurred_at")


# Any order


_PLAYED = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 1), st.integers(0, 1), st.integers(1, 3)),
    max_size=25,
)


@given(steps=_PLAYED)
def test_nothing_is_matched_or_given_twice(steps: list[tuple[int, int, int, int]]) -> None:
    """Against a plain model: what is left of each item, and owed under each match."""
    items = {"need-0": 4, "need-1": 4, "resource-0": 3, "resource-1": 3}
    needs = [need(list_item=f"need-{number}") for number in (0, 1)]
    paper = town(*needs, *(resource(list_item=f"resource-{number}") for number in (0, 1)))
    gone, owed = set[str](), dict[str, int]()

    for number, (act, first, second, quantity) in enumerate(steps):
        wanted, offer, name = f"need-{first}", f"resource-{second}", f"match-{number}"
        kept = f"match-{first}"
        match act:
            case 0 | 1:
                proposal = matched(quantity, match=name, need=wanted, offer=offer)
                fits = not {wanted, offer} & gone and quantity <= min(items[wanted], items[offer])
            case 2:
                proposal = contributed(quantity, match=kept)
                fits = quantity <= owed.get(kept, 0)
            case _:
                proposal, fits = delisted(offer), offer not in gone and quantity == 3
                if quantity != 3:
                    continue
        assert (paper.propose(proposal) is None) == fits
        if fits and act in (0, 1):
            items[wanted] -= quantity
            items[offer] -= quantity
            owed[name] = quantity
        elif fits and act == 2:
            owed[kept] -= quantity
        elif fits:
            gone.add(offer)
        assert {name: left(paper, name) for name in items} == items
        assert min(items.values()) >= 0
