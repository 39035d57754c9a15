"""The demonstration's cooperation: what two communities need, what units offer, joint projects."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from api.demonstration import town
from ledger.domain.cooperation.lists import DelistingReason as Reason
from ledger.domain.cooperation.lists import (
    ItemScope,
    ListItemAdded,
    ListItemDelisted,
    ListItemRevised,
    ListType,
)
from ledger.domain.cooperation.matches import ItemsMatched, ResourceContributed
from ledger.domain.cooperation.projects import (
    ProjectAccepted,
    ProjectApproved,
    ProjectCompleted,
    ProjectJoined,
    ProjectProgressed,
    ProjectProposed,
    ProjectType,
)
from ledger.domain.requests.ratings import RatingTarget, Satisfaction, ServiceRated
from ledger.event import Actor, Event
from ledger.proposal import Proposal

_RIVERSIDE, _OLD_TOWN = "branch-riverside", "branch-oldtown"
_NEEDS, _RESOURCES, _PROJECTS = ListType
_COMMON, _INDIVIDUAL = ItemScope
_ROOM, _CANTEEN = "project-reading-room", "project-canteen"
# Days ago, by whom, what.
_LISTED: tuple[tuple[int, Actor, Event], ...] = (
    (29, town.COMMITTEE, ListItemAdded(
        list_item="need-classes", list_type=_NEEDS, scope=_COMMON, community=_RIVERSIDE,
        title="儿童周末阅读辅导", quantity=8,
    )),
    (29, town.COMMITTEE, ListItemAdded(
        list_item="need-pipes", list_type=_NEEDS, scope=_INDIVIDUAL, community=_RIVERSIDE,
        title="老旧住户水管检修", quantity=6,
    )),
    (28, town.COMMITTEE_OLD_TOWN, ListItemAdded(
        list_item="need-meals", list_type=_NEEDS, scope=_INDIVIDUAL, community=_OLD_TOWN,
        title="独居老人午餐", quantity=20,
    )),
    (28, town.COMMITTEE, ListItemAdded(
        list_item="resource-teachers", list_type=_RESOURCES, scope=_COMMON, community=_RIVERSIDE,
        title="学校教师志愿辅导", quantity=10, provider="unit-school",
    )),
    (27, town.WATER, ListItemAdded(
        list_item="resource-plumbers", list_type=_RESOURCES, scope=_COMMON, community=_RIVERSIDE,
        title="水管检修人员", quantity=4, provider="dept-water",
    )),
    (27, town.URBAN, ListItemAdded(
        list_item="resource-truck", list_type=_RESOURCES, scope=_COMMON, community=_OLD_TOWN,
        title="清运车辆", quantity=2, provider="dept-urban",
    )),
    (26, town.COMMITTEE, ItemsMatched(
        match="match-001", need="need-classes", offer="resource-teachers", quantity=8,
    )),
    (25, town.WATER, ItemsMatched(
        match="match-002", need="need-pipes", offer="resource-plumbers", quantity=4,
    )),
    (20, town.WATER, ResourceContributed(
        contribution="contribution-001", match="match-002", quantity=2,
    )),
    (14, town.COMMITTEE, ResourceContributed(
        contribution="contribution-002", match="match-001", quantity=8,
    )),
    (12, town.WATER, ListItemRevised(list_item="resource-plumbers", quantity=6)),
    (6, town.URBAN, ListItemDelisted(list_item="resource-truck", reason=Reason.OUT_OF_DATE)),
)  # fmt: skip
_JOINT: tuple[tuple[int, Actor, Event], ...] = (
    (28, town.COMMITTEE, ProjectProposed(
        project=_ROOM, community=_RIVERSIDE, title="社区阅览室共建",
        project_type=ProjectType.SERVICE,
    )),
    (27, town.COMMITTEE, ProjectJoined(
        project=_ROOM, unit="unit-school", brings="图书和辅导教师",
    )),
    (26, town.SECRETARY, ProjectApproved(project=_ROOM, is_approved=True)),
    (18, town.COMMITTEE, ProjectProgressed(
        project=_ROOM, progress_percent=60, achieved="书架安装完毕，图书编目过半",
    )),
    (11, town.COMMITTEE, ProjectCompleted(project=_ROOM, result="阅览室开放，每周六天")),
    (9, town.TOWN_CLERK, ProjectAccepted(project=_ROOM, is_accepted=True)),
    (27, town.COMMITTEE_OLD_TOWN, ProjectProposed(
        project=_CANTEEN, community=_OLD_TOWN, title="独居老人助餐",
        project_type=ProjectType.ASSISTANCE,
    )),
    (26, town.WATER, ProjectJoined(project=_CANTEEN, unit="dept-water", brings="厨房水路改造")),
    (25, town.COMMITTEE_OLD_TOWN, ProjectJoined(project=_CANTEEN, unit="unit-school")),
    (24, town.SECRETARY_OLD_TOWN, ProjectApproved(project=_CANTEEN, is_approved=True)),
    (23, town.COMMITTEE_OLD_TOWN, ListItemAdded(
        list_item="project-item-canteen", list_type=_PROJECTS, scope=_INDIVIDUAL,
        community=_OLD_TOWN, title="独居老人助餐", quantity=20, project=_CANTEEN,
    )),
    (22, town.COMMITTEE_OLD_TOWN, ItemsMatched(
        match="match-003", need="need-meals", offer="project-item-canteen", quantity=15,
    )),
    (13, town.WATER, ProjectProgressed(
        project=_CANTEEN, progress_percent=40, achieved="厨房水路改造完成",
    )),
    (10, town.COMMITTEE_OLD_TOWN, ResourceContributed(
        contribution="contribution-003", match="match-003", quantity=5,
    )),
    (8, town.URBAN, ProjectProposed(
        project="project-tidy-streets", community=_RIVERSIDE, title="背街小巷整治",
        project_type=ProjectType.ENVIRONMENT,
    )),
)  # fmt: skip
_RATED = (Satisfaction.VERY_SATISFIED, Satisfaction.SATISFIED, Satisfaction.SATISFIED)
_RATED_DAYS_AGO = 5


def cooperation(now: datetime) -> Iterator[Proposal]:
    """What communities and units did together by `now` (aware)."""
    acts = sorted((*_LISTED, *_JOINT), key=lambda act: -act[0])
    for minutes, (days_ago, actor, event) in enumerate(acts):
        yield Proposal(event, actor, now - timedelta(days=days_ago) + timedelta(minutes=minutes))
    for number, satisfaction in enumerate(_RATED):
        rated = ServiceRated(
            target_type=RatingTarget.PROJECT, target=_ROOM, satisfaction=satisfaction
        )
        resident = town.CHANNEL._replace(principal=town.random_id(f"{_ROOM}/{number}"))
        yield Proposal(rated, resident, now - timedelta(days=_RATED_DAYS_AGO - number))
