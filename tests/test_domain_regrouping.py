"""Regrouping: what becomes of the units around one that is split or merged, as of any day."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.decision import Office
from ledger.domain.town.grid import MAX_CHILDREN, GridLevel, GridUnit, HouseholdAssigned
from ledger.domain.town.people import AppointmentEnded, AppointmentMade
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Refused, Unacceptable, UnknownReference, WrongState
from tests.grid_town import DAY, LEVELS, by, created, grid_town, merged, split, unit_of
from tests.paper_ledger import PaperLedger
from tests.request_acts import COMMITTEE_2, refused
from tests.strategies import examples
from tests.town import COMMITTEE, FOUNDER

PARTS = {"area-3": ("building-1",), "area-4": ("building-2",)}


def tree(paper: PaperLedger, moment: datetime) -> dict[str, str | None]:
    """Each unit that was there at the moment, and the unit above it."""
    units = {
        tag.removeprefix("grid_unit:"): state
        for tag, state in paper.states.items()
        if tag.startswith("grid_unit:") and isinstance(state, GridUnit)
    }
    return {
        unit: state.parent_at(moment) for unit, state in units.items() if state.is_active(moment)
    }


def new_areas() -> list[Proposal]:
    return [created("area-3", "grid-1"), created("area-4", "grid-1")]


# Splits


def test_the_parts_of_a_unit_take_in_what_stood_under_it() -> None:
    paper = grid_town(*new_areas(), split("area-1", PARTS))

    assert tree(paper, paper.at) == {
        "grid-1": None,
        "area-2": "grid-1",
        "area-3": "grid-1",
        "area-4": "grid-1",
        "building-1": "area-3",
        "building-2": "area-4",
        "building-3": "area-2",
        "building-4": "area-2",
        "cluster-1": "building-1",
        "cluster-2": "building-1",
    }
    assert unit_of(paper, "grid-1").children == ("area-2", "area-3", "area-4")
    assert unit_of(paper, "area-3").children == ("building-1",)


def test_before_the_day_of_the_split_the_grid_is_as_it_was() -> None:
    paper = grid_town(*new_areas())
    day = paper.at + 10 * DAY

    paper.accept(split("area-1", PARTS, day))

    before, after = tree(paper, day - DAY), tree(paper, day)
    assert before["area-1"] == "grid-1"
    assert (before["building-1"], after["building-1"]) == ("area-1", "area-3")
    assert "area-1" not in after


def test_a_unit_is_split_between_units_beside_it() -> None:
    paper = grid_town(*new_areas(), created("building-5", "area-2"))

    not_beside = split("building-1", {"building-2": ("cluster-1",), "building-5": ("cluster-2",)})
    lower = split("area-1", {"area-3": PARTS["area-3"], "building-3": PARTS["area-4"]})
    unknown = split("area-1", {"area-3": PARTS["area-3"], "area-9": PARTS["area-4"]})

    assert isinstance(refused(paper, not_beside, "not_beside", "parts"), Unacceptable)
    refused(paper, lower, "wrong_grid_level", "parts")
    assert isinstance(refused(paper, unknown, "unknown_grid_unit", "parts"), UnknownReference)


@pytest.mark.parametrize(
    "parts",
    [
        {"area-3": (), "area-4": ("building-2",)},
        {"area-3": ("building-1", "building-2"), "area-4": ("building-2",)},
        {"area-3": ("building-1",), "area-4": ("building-2", "building-3")},
        {"area-3": ("building-1",), "area-4": ("building-9",)},
    ],
    ids=["left out", "twice", "another's", "unknown"],
)
def test_each_unit_under_the_split_one_goes_to_one_part(
    parts: dict[str, tuple[str, ...]],
) -> None:
    refusal = refused(
        grid_town(*new_areas()), split("area-1", parts), "children_not_allotted", "parts"
    )

    assert isinstance(refusal, Unacceptable)
    assert "building-1, building-2" in refusal.accepted


def test_a_unit_is_no_part_of_itself() -> None:
    itself = split("area-1", {"area-1": ("building-1",), "area-2": ("building-2",)})

    refused(grid_town(), itself, "grid_unit_given_twice", "parts")


# Mergers


def test_what_stood_under_merged_units_stands_under_the_one_that_takes_them_in() -> None:
    paper = grid_town(created("area-3", "grid-1"), merged(("area-1", "area-2"), "area-3"))

    buildings = ("building-1", "building-2", "building-3", "building-4")
    now = tree(paper, paper.at)
    assert {now[building] for building in buildings} == {"area-3"}
    assert set(unit_of(paper, "area-3").children) == set(buildings)
    assert unit_of(paper, "grid-1").children == ("area-3",)
    assert not {"area-1", "area-2"} & now.keys()


def test_before_the_day_of_the_merger_the_grid_is_as_it_was() -> None:
    paper = grid_town()
    before = tree(paper, paper.at)
    day = paper.at + 10 * DAY

    paper.accept(merged(("area-1",), "area-2", day))

    assert tree(paper, day - DAY) == before
    assert tree(paper, day)["building-1"] == "area-2"


def test_what_was_merged_and_then_split_is_told_of_each_time() -> None:
    paper = grid_town()
    merger, parting = paper.at + 10 * DAY, paper.at + 20 * DAY
    paper.accept(merged(("area-1",), "area-2", merger), *new_areas())

    paper.accept(
        split(
            "area-2",
            {"area-3": ("building-1", "building-3"), "area-4": ("building-2", "building-4")},
            parting,
        )
    )

    above = [tree(paper, day)["building-2"] for day in (merger - DAY, merger, parting)]
    assert above == ["area-1", "area-2", "area-4"]


def test_units_are_merged_into_one_beside_them() -> None:
    paper = grid_town()

    not_beside = merged(("building-1",), "building-3")
    higher = merged(("building-1",), "area-2")
    unknown = merged(("area-1",), "area-9")
    not_all = merged(("building-1", "building-3"), "building-2")

    assert isinstance(refused(paper, not_beside, "not_beside", "into"), Unacceptable)
    refused(paper, higher, "wrong_grid_level", "into")
    refused(paper, unknown, "unknown_grid_unit", "into")
    refused(paper, not_all, "not_beside", "into")


@pytest.mark.parametrize(
    ("units", "into"), [(("area-1", "area-1"), "area-2"), (("area-1", "area-2"), "area-2")]
)
def test_a_unit_is_merged_once_and_not_into_itself(units: tuple[str, ...], into: str) -> None:
    refused(grid_town(), merged(units, into), "grid_unit_given_twice", "grid_units")


def test_a_unit_that_takes_others_in_keeps_to_its_number() -> None:
    paper = grid_town()
    paper.accept(*(created(f"building-{n}", "area-2") for n in range(10, MAX_CHILDREN + 7)))
    assert len(unit_of(paper, "area-2").children) == MAX_CHILDREN - 1

    both = merged(("area-1",), "area-2")
    parts = split("area-1", {"area-2": ("building-1", "building-2"), "area-3": ()})

    refused(paper, both, "too_many_grid_units", "into")
    paper.accept(created("area-3", "grid-1"))
    refused(paper, parts, "too_many_grid_units", "parts")


def test_as_many_units_move_as_a_record_can_name() -> None:
    paper = grid_town()
    paper.accept(*(created(f"building-{n}", "area-1") for n in range(10, MAX_CHILDREN + 6)))
    assert len(unit_of(paper, "area-1").children) == MAX_CHILDREN - 2

    paper.accept(merged(("area-1",), "area-2"))

    assert len(unit_of(paper, "area-2").children) == MAX_CHILDREN


# What both have in common


@pytest.mark.parametrize(
    ("proposal", "field"),
    [
        (split("grid-1", {"area-3": (), "area-4": ()}), "grid_unit"),
        (merged(("grid-1",), "area-2"), "grid_units"),
    ],
    ids=["split", "merged"],
)
def test_a_community_is_neither_split_nor_merged_here(proposal: Proposal, field: str) -> None:
    refused(grid_town(*new_areas()), proposal, "wrong_grid_level", field)


@pytest.mark.parametrize(
    ("proposal", "field"),
    [
        (split("area-1", PARTS), "grid_unit"),
        (merged(("area-1",), "area-3"), "grid_units"),
        (merged(("area-3",), "area-1"), "into"),
        (created("building-9", "area-1"), "parent"),
    ],
    ids=["split", "merged", "into", "created"],
)
def test_from_the_word_of_its_end_on_a_unit_takes_in_nothing(
    proposal: Proposal, field: str
) -> None:
    paper = grid_town(*new_areas())
    paper.accept(merged(("area-1",), "area-2", paper.at + 30 * DAY))

    assert isinstance(refused(paper, proposal, "grid_unit_closed", field), WrongState)


def test_a_unit_does_not_close_over_the_head_of_anybody() -> None:
    of = {
        "principal": "p-head",
        "organisation": "committee-1",
        "office": Office.AREA_HEAD,
        "grid_unit": "area-1",
    }
    paper = grid_town(Proposal(AppointmentMade.model_validate(of), FOUNDER))
    day = paper.at + 10 * DAY

    closing = merged(("area-1",), "area-2", day)

    assert isinstance(refused(paper, closing, "head_in_office", "grid_units"), WrongState)
    late = AppointmentEnded.model_validate({**of, "effective_from": day + DAY})
    paper.copy().accept(Proposal(late, FOUNDER))
    on_the_day = AppointmentEnded.model_validate({**of, "effective_from": day})
    paper.accept(Proposal(on_the_day, FOUNDER), closing)


def test_a_unit_does_not_close_before_what_belongs_to_it_began() -> None:
    paper = grid_town()
    day = paper.at + 10 * DAY
    assigned = HouseholdAssigned(household="h-1", grid_unit="cluster-1", effective_from=day)
    paper.accept(created("building-9", "area-1", effective_from=day), Proposal(assigned, COMMITTEE))

    for early in (
        merged(("area-1",), "area-2", day - DAY),
        merged(("cluster-1",), "cluster-2", day - DAY),
        merged(("building-2",), "building-9", day - DAY),
    ):
        refused(paper, early, "precedes_what_it_follows", "effective_from")


def test_a_grid_is_regrouped_by_its_community_or_the_town() -> None:
    paper = grid_town(*new_areas())

    refused(paper, by(split("area-1", PARTS), COMMITTEE_2), "grid_of_another", "grid_unit")
    refusal = refused(
        paper, by(merged(("area-1",), "area-2"), COMMITTEE_2), "grid_of_another", "grid_units"
    )

    assert isinstance(refusal, Forbidden)


@examples(60)
@given(st.data())
def test_whatever_is_regrouped_the_grid_stays_a_tree_and_both_sides_agree(
    data: st.DataObject,
) -> None:
    """Held to a plain model: who stood under whom on each day."""
    paper = grid_town()
    start, above = paper.at, tree(paper, paper.at)
    days = [dict(above)]

    for day in range(1, 9):
        proposal, change, gone = data.draw(regroupings(above, start + day * DAY))
        with suppress(Refused):  # at the door: more tags than a record takes
            if paper.propose(proposal) is None:
                above = {unit: at for unit, at in {**above, **change}.items() if unit not in gone}
        days.append(dict(above))

    for day, expected in enumerate(days):
        assert tree(paper, start + day * DAY) == expected
    _assert_is_a_grid(paper, above)


@st.composite
def regroupings(
    draw: st.DrawFn, above: dict[str, str | None], since: datetime
) -> tuple[Proposal, dict[str, str | None], tuple[str, ...]]:
    """An act, and if it is accepted: who stands under whom then, and which units are gone.

    Mostly about units that are there and fit each other; of those that are not, some.
    """
    there = st.sampled_from(sorted(above))
    unit = draw(there)
    beside = [one for one in sorted(above) if above[one] == above[unit] and one != unit]
    others = st.sampled_from(beside) | st.sampled_from(beside) | there if beside else there
    under = tuple(one for one, parent in above.items() if parent == unit)
    other = draw(others)
    third = draw(others.filter(lambda one: one != other) if len(beside) > 1 else there)
    kinds = ["created", "merged", "split"] if third != other else ["created", "merged"]
    match draw(st.sampled_from(kinds)):
        case "created":
            below = {"grid": "area", "area": "building"}.get(unit.partition("-")[0], "cluster")
            level = draw(st.sampled_from([below, below, below, "area"]))
            fresh = f"{level}-{draw(st.integers(1, 30))}"
            return created(fresh, unit, effective_from=since), {fresh: unit}, ()
        case "merged":
            change: dict[str, str | None] = dict.fromkeys(under, other)
            return merged((unit,), other, since), change, (unit,)
    parts = {other: under[::2], third: under[1::2]}
    change = {child: part for part, children in parts.items() for child in children}
    return split(unit, parts, since), change, (unit,)


def _assert_is_a_grid(paper: PaperLedger, above: dict[str, str | None]) -> None:
    order = list(GridLevel)
    for unit, parent in above.items():
        level = order.index(LEVELS[unit.partition("-")[0]])
        assert (parent is None) == (level == 0)
        if parent is not None:
            assert order.index(LEVELS[parent.partition("-")[0]]) == level - 1
        under = {one for one, at in above.items() if at == unit}
        assert set(unit_of(paper, unit).children) == under
