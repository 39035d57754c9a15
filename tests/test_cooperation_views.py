"""What is shown of cooperation: lists counted as they stand, projects beside money and rating."""

from __future__ import annotations

from typing import Any

from psycopg import AsyncConnection

from ledger.domain.cooperation.lists import ListType
from ledger.domain.cooperation.projects import ProjectType
from ledger.domain.requests.ratings import Satisfaction
from projections import cooperation_reading
from projections.cooperation_reading import (
    ItemRecord,
    ListPage,
    ProjectPage,
    ProjectRecord,
    ShownStage,
)
from tests.cooperation_acts import (
    UNIT_2,
    accepted,
    approved,
    completed,
    contributed,
    delisted,
    in_progress,
    joined,
    matched,
    need,
    progressed,
    proposed,
    rated,
    resource,
    revised,
    town,
)
from tests.fund_acts import appropriated, committed, spent
from tests.request_acts import COMMITTEE_2, STRANGER
from tests.test_views import board  # noqa: F401 - a fixture
from tests.town import TOWN_CLERK


def lists(**part: Any) -> Any:
    async def read(connection: AsyncConnection[Any]) -> ListPage:
        return await cooperation_reading.listed(connection, **part)

    return read


def one_item(identity: str) -> Any:
    async def read(connection: AsyncConnection[Any]) -> ItemRecord:
        return await cooperation_reading.item(connection, identity)

    return read


def projects(**part: Any) -> Any:
    async def read(connection: AsyncConnection[Any]) -> ProjectPage:
        return await cooperation_reading.projects(connection, **part)

    return read


def one_project(identity: str, **page: int) -> Any:
    async def read(connection: AsyncConnection[Any]) -> ProjectRecord:
        return await cooperation_reading.project(connection, identity, **page)

    return read


# Lists


def test_an_item_is_open_then_matched_then_done(board: Any) -> None:  # noqa: F811
    paper = town(need(quantity=2), resource())

    stages = []
    for act in (matched(2), contributed(), contributed()):
        stages.append(board(paper, one_item("need-1")).item.stage)
        paper.accept(act)
    shown: ItemRecord = board(paper, one_item("need-1"))

    assert [*stages, shown.item.stage] == ["open", "matched", "matched", "done"]  # type: ignore[union-attr]
    (match,) = shown.matches
    assert (match.need_title, match.offer_title, match.provider) == ("夜校教师", "礼堂", "unit-1")
    assert (match.quantity, match.contributed) == (2, 2)
    assert board(paper, one_item("resource-1")).item.stage == "open"


def test_matched_needs_are_counted_by_community(board: Any) -> None:  # noqa: F811
    paper = town(
        need(),
        need(list_item="need-2", community="committee-1", quantity=1),
        need(COMMITTEE_2, list_item="need-3", community="committee-2"),
        resource(),
        matched(2),
        matched(match="match-2", need="need-2"),
        contributed(match="match-2"),
        delisted("need-2"),
    )

    shown: ListPage = board(paper, lists())

    counts = {(one.community, one.list_type): one for one in shown.counts}
    needs = counts["branch-1", "needs"]
    assert (needs.listed, needs.open, needs.matched, needs.done) == (1, 1, 2, 1)
    assert (needs.quantity, needs.times_matched, needs.times_contributed) == (5, 3, 1)
    assert counts["committee-2", "needs"].matched == 0
    resources = counts["branch-1", "resources"]
    assert (resources.listed, resources.open, resources.matched) == (1, 0, 1)


def test_an_item_is_shown_as_it_was_revised(board: Any) -> None:  # noqa: F811
    paper = town(need(), revised(title="夜校教师两名"), revised(quantity=9), delisted())

    item = board(paper, one_item("need-1")).item

    assert (item.title, item.quantity, item.scope) == ("夜校教师两名", 9, "common")
    assert (item.stage, item.delisted_reason) == ("delisted", "withdrawn")


def test_a_part_of_the_lists_is_asked_for(board: Any) -> None:  # noqa: F811
    paper = town(need(), resource(), need(COMMITTEE_2, list_item="n", community="committee-2"))

    def found(**part: Any) -> list[str]:
        page: ListPage = board(paper, lists(**part))
        return [one.list_item for one in page.items]

    assert found() == ["n", "resource-1", "need-1"]
    assert found(community="branch-1", list_type=ListType.NEEDS) == ["need-1"]
    page: ListPage = board(paper, lists(limit=2))
    assert found(before=page.next, limit=2) == ["need-1"]
    assert board(paper, one_item("unheard-of")).item is None


# Projects


def test_units_that_share_projects_of_assistance_are_counted_once(board: Any) -> None:  # noqa: F811
    paper = town(*in_progress())
    paper.accept(
        joined("unit-2", UNIT_2),
        proposed(project="b"),
        joined(project="b"),
        joined("dept-water", TOWN_CLERK, project="b"),
        approved(project="b"),
        proposed(project="service", project_type=ProjectType.SERVICE),
        joined("dept-urban", TOWN_CLERK, project="service"),
        approved(project="service"),
        progressed(actor=TOWN_CLERK, project="service"),
        proposed(project="idle"),
    )

    before: ProjectPage = board(paper, projects())
    paper.accept(progressed(project="b"))
    after: ProjectPage = board(paper, projects())

    assert (before.figures.approved, before.figures.units) == (3, 4)
    assert (before.figures.assistance_projects, before.figures.assisting_units) == (1, 2)
    assert (after.figures.assistance_projects, after.figures.assisting_units) == (2, 3)
    elsewhere: ProjectPage = board(paper, projects(community="committee-2"))
    assert elsewhere.figures.assisting_units == 0


def test_a_project_is_shown_beside_its_money_and_its_rating(board: Any) -> None:  # noqa: F811
    paper = town(*in_progress(), appropriated(), committed(), spent(), completed(), accepted())
    paper.accept(rated(), rated(STRANGER, Satisfaction.DISSATISFIED))

    shown: ProjectRecord = board(paper, one_project("project-1"))

    assert shown.project is not None
    assert (shown.project.title, shown.project.units) == ("独居老人助餐", ["unit-1"])
    assert (shown.project.stage, shown.project.progress_percent) == ("accepted", 40)
    assert shown.project.done_percent == 100
    assert (shown.project.content, shown.project.rated) == (1, 2)
    assert (shown.funds.committed_fen, shown.funds.spent_fen) == (300_000, 100_000)
    assert [one.kind for one in shown.acts] == [
        "project_accepted", "project_completed", "project_progressed", "project_approved",
        "project_joined", "project_proposed",
    ]  # fmt: skip
    assert {one.outcome for one in shown.acts} == {True, None}


def test_a_project_is_shown_with_the_needs_that_it_meets(board: Any) -> None:  # noqa: F811
    listed = need(list_item="item-1", list_type=ListType.PROJECTS, project="project-1")
    paper = town(proposed(), need(), listed, matched(offer="item-1"))

    shown: ProjectRecord = board(paper, one_project("project-1"))

    assert [(one.need, one.offer) for one in shown.matches] == [("need-1", "item-1")]


def test_a_project_that_nobody_proposed_is_shown_by_its_money(board: Any) -> None:  # noqa: F811
    paper = town(appropriated(), committed())

    shown: ProjectRecord = board(paper, one_project("project-1"))

    assert shown.is_known
    assert shown.project is None
    assert shown.funds.committed_fen == 300_000
    assert not board(paper, one_project("unheard-of")).is_known


def test_a_project_that_is_sent_back_is_in_progress(board: Any) -> None:  # noqa: F811
    paper = town(*in_progress(), completed(), accepted(False), proposed(project="b"))
    paper.accept(approved(False, project="b"))

    page: ProjectPage = board(paper, projects())

    assert [(one.project, one.stage, one.completed_at) for one in page.projects] == [
        ("b", "refused", None),
        ("project-1", "in_progress", None),
    ]
    refused: ProjectPage = board(paper, projects(stage=ShownStage.REFUSED))
    assert [one.project for one in refused.projects] == ["b"]
    older: ProjectPage = board(paper, projects(before=page.projects[0].position))
    assert [one.project for one in older.projects] == ["project-1"]
