"""The grid: four levels, each under the one above, with households and online channels."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import pytest

from ledger.domain.town.grid import (
    MAX_CHILDREN,
    GridLevel,
    Household,
    HouseholdAssigned,
    OnlineChannelLinked,
    Platform,
)
from ledger.domain.town.organisations import OrganisationDissolved
from ledger.event import Actor
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.grid_town import DAY, by, created, grid_town, merged, unit_of
from tests.request_acts import COMMITTEE_2, refused, town
from tests.town import COMMITTEE, FOUNDER, HOTLINE, TOWN_CLERK, WATER


def housed(unit: str, household: str = "h-1", since: datetime | None = None) -> Proposal:
    event = HouseholdAssigned(household=household, grid_unit=unit, effective_from=since)
    return Proposal(event, COMMITTEE)


def linked(unit: str, name: str, since: datetime | None = None) -> Proposal:
    event = OnlineChannelLinked(
        grid_unit=unit, platform=Platform.WECHAT_GROUP, name=name, effective_from=since
    )
    return Proposal(event, COMMITTEE)


# Units


def test_a_grid_has_four_levels() -> None:
    paper = grid_town()

    chain = ["cluster-1"]
    while (above := unit_of(paper, chain[-1]).parent_at(paper.at)) is not None:
        chain.append(above)

    assert chain == ["cluster-1", "building-1", "area-1", "grid-1"]
    assert [unit_of(paper, unit).level for unit in reversed(chain)] == list(GridLevel)
    assert unit_of(paper, "area-1").children == ("building-1", "building-2")


def test_a_unit_is_there_from_its_day_on() -> None:
    paper = grid_town()
    since = paper.at + 5 * DAY

    paper.accept(created("area-3", "grid-1", effective_from=since))

    area = unit_of(paper, "area-3")
    assert [area.is_active(moment) for moment in (since - DAY, since)] == [False, True]
    assert area.parent_at(since - DAY) is None


@pytest.mark.parametrize(
    ("unit", "parent"),
    [
        ("area-9", "area-1"),
        ("area-9", "building-1"),
        ("building-9", "grid-1"),
        ("building-9", "cluster-1"),
        ("cluster-9", "area-1"),
        ("cluster-9", "cluster-1"),
        ("area-9", None),
        ("cluster-9", None),
        ("grid-9", "grid-1"),
    ],
)
def test_each_level_stands_directly_under_the_one_above(unit: str, parent: str | None) -> None:
    refusal = refused(grid_town(), created(unit, parent), "wrong_grid_level", "parent")

    assert isinstance(refusal, Unacceptable)


def test_a_parent_is_a_unit_of_this_ledger() -> None:
    refusal = refused(grid_town(), created("area-9", "grid-9"), "unknown_grid_unit", "parent")

    assert isinstance(refusal, UnknownReference)


def test_no_unit_is_its_own_parent() -> None:
    refused(grid_town(), created("area-9", "area-9"), "unknown_grid_unit", "parent")


def test_a_unit_is_created_once() -> None:
    refused(grid_town(), created("area-1", "grid-1"), "grid_unit_exists", "grid_unit")


def test_a_community_has_one_grid() -> None:
    second = created("grid-9")

    refusal = refused(grid_town(), second, "community_has_grid", "community")

    assert isinstance(refusal, WrongState)
    assert "grid-1" in refusal.reason


def test_a_grid_is_that_of_a_community() -> None:
    paper = town()

    elsewhere = by(created("grid-1", community="elsewhere"), FOUNDER)
    department = by(created("grid-1", community="dept-water"), FOUNDER)

    refused(paper, elsewhere, "unknown_organisation", "community")
    refused(paper, department, "wrong_organisation_type", "community")


def test_a_dissolved_community_gets_no_grid() -> None:
    paper = town(Proposal(OrganisationDissolved(organisation="committee-1"), FOUNDER))

    grid = by(created("grid-1"), FOUNDER)

    refused(paper, grid, "organisation_dissolved", "community")


def test_a_unit_stands_under_one_of_its_own_community() -> None:
    paper = grid_town()

    foreign = by(created("area-9", "grid-1", community="committee-2"), TOWN_CLERK)

    assert isinstance(refused(paper, foreign, "grid_unit_of_another", "parent"), Forbidden)


@pytest.mark.parametrize("actor", [HOTLINE, WATER])
def test_the_town_and_the_communities_alone_make_grids(actor: Actor) -> None:
    refused(grid_town(), by(created("area-9", "grid-1"), actor), "office_may_not")


def test_the_grid_of_a_community_is_changed_by_itself_or_by_the_town() -> None:
    paper = grid_town(by(created("area-8", "grid-1"), TOWN_CLERK))

    foreign = by(created("area-9", "grid-1"), COMMITTEE_2)

    assert isinstance(refused(paper, foreign, "grid_of_another", "community"), Forbidden)
    for proposal in (
        housed("cluster-1"),
        linked("area-1", "居民群"),
        merged(("area-1",), "area-2"),
    ):
        by(proposal, COMMITTEE_2)
        assert isinstance(paper.propose(proposal), Forbidden)
    refused(paper, by(housed("cluster-1"), COMMITTEE_2), "grid_of_another", "grid_unit")


def test_a_unit_is_not_there_before_the_one_above() -> None:
    paper = grid_town()

    early = created("area-9", "grid-1", effective_from=paper.at - DAY)

    refused(paper, early, "precedes_what_it_follows", "effective_from")


def test_units_directly_under_one_keep_to_their_number() -> None:
    paper = grid_town()
    paper.accept(*(created(f"area-{number}", "grid-1") for number in range(3, MAX_CHILDREN + 1)))

    one_more = created("area-99", "grid-1")

    assert isinstance(refused(paper, one_more, "too_many_grid_units", "parent"), Unacceptable)
    assert len(unit_of(paper, "grid-1").children) == MAX_CHILDREN


# Households


def test_a_household_is_known_by_a_random_id() -> None:
    event = HouseholdAssigned(grid_unit="cluster-1")

    assert UUID(event.household).version == 4
    grid_town(Proposal(event, COMMITTEE))


@pytest.mark.parametrize("unit", ["building-2", "cluster-1"])
def test_a_household_belongs_to_a_cluster_or_a_building(unit: str) -> None:
    paper = grid_town(housed(unit))

    household: Household = paper.states["household:h-1"]
    assert household.unit_at(paper.at) == unit


def test_a_household_that_moves_belongs_to_the_other_unit_from_then_on() -> None:
    paper = grid_town(housed("cluster-1"))
    moving = paper.at + 3 * DAY

    paper.accept(housed("cluster-2", since=moving))

    household: Household = paper.states["household:h-1"]
    moments = (moving - 9 * DAY, moving - DAY, moving)
    assert [household.unit_at(moment) for moment in moments] == [None, "cluster-1", "cluster-2"]


@pytest.mark.parametrize("unit", ["grid-1", "area-1"])
def test_a_household_belongs_to_no_higher_unit(unit: str) -> None:
    refused(grid_town(), housed(unit), "wrong_grid_level", "grid_unit")


def test_a_household_is_assigned_to_a_unit_that_is_there() -> None:
    paper = grid_town()

    refused(paper, housed("cluster-9"), "unknown_grid_unit", "grid_unit")
    early = housed("cluster-1", since=paper.at - DAY)
    refused(paper, early, "precedes_what_it_follows", "effective_from")


def test_a_household_is_assigned_to_another_unit_alone() -> None:
    paper = grid_town(housed("cluster-1"))

    refused(paper, housed("cluster-1"), "already_assigned", "grid_unit")


# Channels


@pytest.mark.parametrize("unit", ["grid-1", "area-1", "building-1", "cluster-1"])
def test_every_unit_may_have_an_online_channel(unit: str) -> None:
    paper = grid_town(linked(unit, "居民群"))

    assert unit_of(paper, unit).channel_at(Platform.WECHAT_GROUP, paper.at) == "居民群"
    assert unit_of(paper, unit).channel_at(Platform.QQ_GROUP, paper.at) is None


def test_a_later_channel_takes_the_place_of_the_one_before() -> None:
    paper = grid_town(linked("area-1", "居民群"))
    change = paper.at + 2 * DAY

    paper.accept(linked("area-1", "居民二群", change))

    area = unit_of(paper, "area-1")
    names = [area.channel_at(Platform.WECHAT_GROUP, moment) for moment in (change - DAY, change)]
    assert names == ["居民群", "居民二群"]


def test_a_channel_is_linked_once() -> None:
    paper = grid_town(linked("area-1", "居民群"))

    assert isinstance(
        refused(paper, linked("area-1", "居民群"), "channel_linked", "name"), WrongState
    )


def test_a_channel_is_linked_to_a_unit_that_is_there() -> None:
    paper = grid_town()

    refused(paper, linked("area-9", "居民群"), "unknown_grid_unit", "grid_unit")
    early = linked("area-1", "居民群", paper.at - DAY)
    refused(paper, early, "precedes_what_it_follows", "effective_from")
