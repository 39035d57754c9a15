"""Joint projects and the three lists (共驻共建, 三张清单): what units did with the communities."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from random import Random
from typing import Any, Final, NamedTuple

from api.demonstration import town
from api.demonstration.ziyang.bodies import COMMUNITIES, UNITS, Community, clerk, secretary
from api.demonstration.ziyang.days import CLOSING, chance, later, spread
from ledger.domain.cooperation.lists import (
    DelistingReason,
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

ASSISTING_UNITS: Final = 96
"""Distinct units in assistance projects that were approved and progressed."""
ASSISTANCE: Final = 31
"""Those projects."""
NEEDS: Final = 72
_LATE_UNITS = tuple(UNITS[ASSISTING_UNITS:])
"""Units of projects that do not count: none of the 96."""
_SHARED: Final = 44
"""How many times a unit is in one more of them."""
_HELPS = (
    ("canteen", "助餐点帮扶"), ("double-ninth", "敬老月帮扶"), ("lights", "困难户照明改造"),
    ("summer-class", "留守儿童暑期课堂"), ("volunteers", "困难群众结对服务"),
    ("medicine", "送医送药"), ("jobs", "就业帮扶"), ("repairs", "困难户房屋修缮"),
)  # fmt: skip
_OTHERS = (
    ("reading-room", ProjectType.SERVICE, "社区阅览室共建"),
    ("new-year", ProjectType.CULTURE, "新春文化进社区"),
    ("joint-projects", ProjectType.ENVIRONMENT, "背街小巷整治"),
)
_ACHIEVED = ("方案已定，场地落实", "首批物资到位", "已服务二十余户", "工程过半", "设备安装完毕")
_BRINGS = ("志愿者每周六", "资金与物资", "场地与设备", "专业技术人员", "图书与文具")
_NEEDED = (
    "周末课业辅导", "老人理发", "健康义诊", "法律咨询", "家电维修", "文艺演出", "电动车充电位",
    "活动场地", "防汛物资", "政策讲解",
)  # fmt: skip


class Plan(NamedTuple):
    """A project, who is in it, and how far it comes."""

    project: str
    community: Community
    project_type: ProjectType
    title: str
    units: tuple[str, ...]
    far: int
    """0 proposed, 1 refused, 2 approved, 3 under way, 4 completed, 5 accepted."""


def opening() -> Iterator[Proposal]:
    """Nothing: projects and lists are of the year."""
    return iter(())


def changes() -> Iterator[Proposal]:
    """All projects as far as they came, and the lists."""
    random = chance("projects")
    moments = spread(random, len(plans()), date(2020, 1, 13), date(2020, 3, 13))
    for plan, moment in zip(plans(), moments, strict=True):
        acts = list(_project(random, plan, moment))
        yield from (act for act in acts if (act.occurred_at or moment) <= CLOSING)
    yield from _lists()


@cache
def plans() -> tuple[Plan, ...]:
    """All projects; the 31 come first."""
    random = chance("cooperation")
    return (*_assistance(random), *_others(random), *_not_counted())


def _assistance(random: Random) -> Iterator[Plan]:
    """The 31, among which the 96 are shared out: each of them is in one at least."""
    of: list[list[str]] = [[] for _ in range(ASSISTANCE)]
    for number, unit in enumerate(UNITS[:ASSISTING_UNITS]):
        of[number % ASSISTANCE].append(unit)
    for _ in range(_SHARED):
        several = random.choice(of)
        several.extend({random.choice(UNITS[:ASSISTING_UNITS])} - set(several))
    for number, units in enumerate(of):
        name, title = _HELPS[number // 4]
        community = COMMUNITIES[number % 4]
        yield Plan(
            f"project-{name}-{community.key}",
            community,
            ProjectType.ASSISTANCE,
            f"{community.name}{title}",
            tuple(units),
            random.choices((3, 4, 5), (25, 15, 60))[0],
        )


def _others(random: Random) -> Iterator[Plan]:
    """Projects for other things than assistance, with some of the same units and others."""
    for name, project_type, title in _OTHERS:
        for community in COMMUNITIES:
            yield Plan(
                f"project-{name}-{community.key}",
                community,
                project_type,
                f"{community.name}{title}",
                tuple(random.sample(UNITS, 4)),
                random.choice((3, 5, 5)),
            )


def _not_counted() -> Iterator[Plan]:
    """Assistance that was refused, or approved and never begun, or not ruled on."""
    for number, far in enumerate((0, 1, 1, 2, 2)):
        community = COMMUNITIES[number % 4]
        yield Plan(
            f"project-not-begun-{number + 1}",
            community,
            ProjectType.ASSISTANCE,
            f"{community.name}助学帮扶（{number + 1}）",
            (_LATE_UNITS[number], _LATE_UNITS[number + 1]),
            far,
        )


def _project(random: Random, plan: Plan, moment: datetime) -> Iterator[Proposal]:
    of: dict[str, Any] = {"project": plan.project}
    proposed = ProjectProposed(
        **of,
        community=plan.community.branch,
        title=plan.title,
        project_type=plan.project_type,
    )
    yield Proposal(proposed, secretary(plan.community.branch), moment)
    for unit in plan.units:
        moment = later(moment, random.uniform(0.3, 5))
        brings = random.choice(_BRINGS) if random.random() < 0.6 else None
        yield Proposal(ProjectJoined(**of, unit=unit, brings=brings), clerk(unit), moment)
    if not plan.far:
        return
    moment = later(moment, random.uniform(4, 24))
    approved = ProjectApproved(**of, is_approved=plan.far > 1)
    yield Proposal(approved, town.TOWN_CLERK, moment)
    if plan.far > 2:
        yield from _carried_out(random, plan, of, moment)


def _carried_out(
    random: Random, plan: Plan, of: dict[str, Any], moment: datetime
) -> Iterator[Proposal]:
    lead = clerk(plan.units[0])
    steps = random.randint(1, 4)
    for step in range(1, steps + 1):
        moment = later(moment, random.uniform(40, 200))
        progressed = ProjectProgressed(
            **of,
            progress_percent=min(95, 90 * step // steps),
            achieved=random.choice(_ACHIEVED),
        )
        yield Proposal(progressed, clerk(random.choice(plan.units)), moment)
    if plan.far < 4:
        return
    sent_back = plan.far == 5 and random.random() < 0.2
    for is_accepted in (False, True) if sent_back else (True,):
        moment = later(moment, random.uniform(24, 120))
        yield Proposal(ProjectCompleted(**of, result="按方案完成，群众受益"), lead, moment)
        if plan.far < 5:
            return
        moment = later(moment, random.uniform(8, 40))
        accepted = ProjectAccepted(**of, is_accepted=is_accepted)
        yield Proposal(accepted, clerk(plan.community.committee), moment)
    yield from _rated(random, plan, moment)


def _rated(random: Random, plan: Plan, moment: datetime) -> Iterator[Proposal]:
    """Residents rate what was accepted, each once."""
    for number in range(random.randint(1, 6)):
        moment = later(moment, random.uniform(0.5, 20))
        rated = ServiceRated(
            target_type=RatingTarget.PROJECT,
            target=plan.project,
            satisfaction=random.choices(list(Satisfaction), (50, 34, 10, 4, 2))[0],
        )
        by = town.random_id(f"rates {plan.project}/{number}")
        yield Proposal(rated, Actor("resident", plan.community.committee, by), moment)


def _lists() -> Iterator[Proposal]:
    """Needs of the communities, what units offer to them, and what was matched and given."""
    random = chance("lists")
    moments = spread(random, NEEDS, date(2020, 1, 20), date(2020, 11, 20))
    for number, moment in enumerate(moments, 1):
        yield from _need(random, number, moment)
    yield from _project_list()


def _need(random: Random, number: int, moment: datetime) -> Iterator[Proposal]:
    community, title = random.choice(COMMUNITIES), random.choice(_NEEDED)
    need, resource = f"need-2020-{number:02}", f"resource-2020-{number:02}"
    wanted = random.randint(1, 6)
    common = ItemScope.COMMON if random.random() < 0.7 else ItemScope.INDIVIDUAL
    where: dict[str, Any] = {"community": community.branch, "scope": common}
    added = ListItemAdded(
        list_item=need, list_type=ListType.NEEDS, title=title, quantity=wanted, **where
    )
    yield Proposal(added, clerk(community.branch), moment)
    if random.random() > 0.85:
        return
    unit, offered_at = random.choice(UNITS), later(moment, random.uniform(4, 60))
    offered = ListItemAdded(
        list_item=resource,
        list_type=ListType.RESOURCES,
        title=f"提供{title}",
        quantity=wanted + random.randint(0, 3),
        provider=unit,
        **where,
    )
    yield Proposal(offered, clerk(unit), offered_at)
    acts = list(_matched(random, number, need, resource, wanted, community, offered_at))
    yield from (act for act in acts if (act.occurred_at or offered_at) <= CLOSING)


def _matched(
    random: Random,
    number: int,
    need: str,
    resource: str,
    wanted: int,
    community: Community,
    moment: datetime,
) -> Iterator[Proposal]:
    by = clerk(community.branch)
    if random.random() < 0.15:
        moment = later(moment, 2)
        yield Proposal(ListItemRevised(list_item=need, quantity=wanted + 1), by, moment)
    match, taken = f"match-2020-{number:02}", random.randint(1, wanted)
    moment = later(moment, random.uniform(2, 40))
    matched = ItemsMatched(match=match, need=need, offer=resource, quantity=taken)
    yield Proposal(matched, by, moment)
    for turn in range(taken if random.random() < 0.8 else taken - 1):
        moment = later(moment, random.uniform(8, 60))
        given: Event = ResourceContributed(contribution=f"contribution-{match}-{turn}", match=match)
        yield Proposal(given, by, moment)
    if random.random() < 0.5:
        reason = DelistingReason.MET if taken == wanted else DelistingReason.OUT_OF_DATE
        moment = later(moment, 8)
        yield Proposal(ListItemDelisted(list_item=need, reason=reason), by, moment)


def _project_list() -> Iterator[Proposal]:
    """项目清单: what became a joint project."""
    random = chance("project list")
    listed = plans()[:ASSISTANCE]
    moments = spread(random, len(listed), date(2020, 3, 30), date(2020, 4, 10))
    for number, (plan, moment) in enumerate(zip(listed, moments, strict=True), 1):
        added = ListItemAdded(
            list_item=f"project-item-{number:02}",
            list_type=ListType.PROJECTS,
            scope=ItemScope.COMMON,
            community=plan.community.branch,
            title=plan.title,
            project=plan.project,
        )
        yield Proposal(added, clerk(plan.community.branch), moment)
