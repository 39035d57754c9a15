"""Joint meetings (联席会议), and matters that the communities decided in the six steps (六步法)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, Final

from api.demonstration.ziyang.bodies import COMMUNITIES, UNITS, Community, clerk, secretary
from api.demonstration.ziyang.days import CLOSING, at, chance, later, spread, working_days
from api.demonstration.ziyang.people import member
from ledger.clocks import local_day
from ledger.domain.participation.meetings import MeetingConvened
from ledger.domain.participation.six_steps import (
    DecisionFormed,
    GoalsSet,
    MatterSentBack,
    OpinionsAssessed,
    OpinionsCollected,
    ResultOutcome,
    ResultPublished,
    SixSteps,
    VisitsMade,
)
from ledger.proposal import Proposal

MATTERS: Final = 44
_TITLES = (
    ("增设非机动车充电棚", "在院内东侧建充电棚一处，二十个车位", "充电棚建成，通过消防验收"),
    ("老旧小区加装扶手", "四个单元楼梯间加装扶手", "扶手全部装好，老人试用满意"),
    ("背街小巷夜间照明", "补装路灯十二盏", "十二盏全部亮灯"),
    ("小广场改造", "翻新地面并增设座椅", "地面完成，座椅分批到位"),
    ("停车位错峰共享", "三家单位夜间开放车位八十个", "已开放六十五个"),
    ("社区食堂开办", "利用闲置用房开办助餐点", "助餐点开餐，每日六十余人"),
    ("楼道飞线整治", "分三批入地或捆扎", "两批完成，第三批顺延"),
    ("防汛物资点设置", "沿河设物资点三处", "物资点投用，已演练一次"),
)
_OUTCOMES = {
    0: ResultOutcome.ACHIEVED, 1: ResultOutcome.ACHIEVED, 2: ResultOutcome.PARTLY_ACHIEVED,
    3: ResultOutcome.ACHIEVED, 4: ResultOutcome.PARTLY_ACHIEVED, 5: ResultOutcome.ACHIEVED,
    6: ResultOutcome.NOT_ACHIEVED, 7: ResultOutcome.ACHIEVED,
}  # fmt: skip


def opening() -> Iterator[Proposal]:
    """Nothing: all of it happens on a day of its own."""
    return iter(())


def changes() -> Iterator[Proposal]:
    """A meeting a month in each community, and all matters as far as they came."""
    random = chance("joint matters")
    for number, community in enumerate(COMMUNITIES):
        for month in range(1, 13):
            day = next(day for day in working_days() if day >= date(2020, month, 8 + number))
            meeting = MeetingConvened(
                meeting=_meeting(community, month), participants=tuple(random.sample(UNITS, 5))
            )
            yield Proposal(meeting, secretary(community.branch), at(day, 15))
    moments = spread(random, MATTERS, date(2020, 2, 17), CLOSING.date())
    for number, moment in enumerate(moments, 1):
        community = COMMUNITIES[number % 4]
        matter = f"matter-2020-{number:02}"
        acts = list(_matter(random, matter, community, number % len(_TITLES), moment))
        yield from (act for act in acts if (act.occurred_at or moment) <= CLOSING)


def _meeting(community: Community, month: int) -> str:
    return f"meeting-2020-{month:02}-{community.key}"


def _at_meeting(community: Community, moment: datetime) -> str | None:
    """The meeting of the month before, at which it was talked about."""
    return _meeting(community, moment.month - 1) if moment.month > 1 else None


def _matter(
    random: Random, matter: str, community: Community, kind: int, moment: datetime
) -> Iterator[Proposal]:
    name, _, _ = _TITLES[kind]
    of: dict[str, Any] = {"joint_matter": matter}
    by = clerk(community.committee)
    conflicted = member(community, 1) if random.random() < 0.3 else None
    collected = OpinionsCollected(
        **of,
        community=community.committee,
        title=f"{community.name}{name}",
        opinions=random.randrange(18, 160),
        interested=() if conflicted is None else (conflicted,),
    )
    yield Proposal(collected, by, moment)
    moment = later(moment, random.uniform(8, 40))
    visits = VisitsMade(**of, visits=random.randrange(8, 60))
    yield Proposal(visits, by, moment)
    if random.random() < 0.15:
        moment = later(moment, random.uniform(2, 12))
        back = MatterSentBack(**of, to_step=SixSteps.VISITS_MADE, reason="一楼住户未走访到")
        yield Proposal(back, secretary(community.branch), moment)
        moment = later(moment, random.uniform(8, 24))
        yield Proposal(VisitsMade(**of, visits=random.randrange(20, 80)), by, moment)
    yield from _decided(random, of, community, kind, moment)


def _decided(
    random: Random, of: dict[str, Any], community: Community, kind: int, moment: datetime
) -> Iterator[Proposal]:
    """From the assessment on: nobody decides who was found to have an interest."""
    _, decision, result = _TITLES[kind]
    by = clerk(community.committee)
    moment = later(moment, random.uniform(4, 30))
    assessed = OpinionsAssessed(
        **of, meeting=_at_meeting(community, moment), assessment="多数住户支持，少数提出噪声顾虑"
    )
    yield Proposal(assessed, by, moment)
    moment = later(moment, random.uniform(4, 24))
    deciding = tuple(member(community, number) for number in range(2, 2 + random.randint(3, 6)))
    formed = DecisionFormed(
        **of, meeting=_at_meeting(community, moment), decision=decision, decided_by=deciding
    )
    yield Proposal(formed, secretary(community.branch), moment)
    moment = later(moment, random.uniform(2, 12))
    goals = GoalsSet(
        **of,
        goals=("完成选址与公示", "组织实施并验收"),
        responsible=community.committee,
        due_on=local_day(moment) + timedelta(days=random.randrange(40, 120)),
    )
    yield Proposal(goals, by, moment)
    moment = later(moment, random.uniform(120, 420))
    published = ResultPublished(**of, outcome=_OUTCOMES[kind], result=result)
    yield Proposal(published, by, moment)
