"""Whistles of the year (社区吹哨): for requests and without, answered, returned, split, recalled.

None is urgent: an urgent one must be entered within a day, and this town is entered afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from random import Random
from typing import Any, Final

from api.demonstration import town
from api.demonstration.ziyang.bodies import COMMUNITIES, DEPARTMENTS, Community, clerk, secretary
from api.demonstration.ziyang.days import CLOSING, OPENING, chance, later, spread
from ledger.domain.requests.ratings import Satisfaction
from ledger.domain.rules.rules import Grade
from ledger.domain.whistles.blowing import (
    WhistleBlown,
    WhistleCleared,
    WhistleCountermanded,
    WhistleDrafted,
    WhistleSplit,
)
from ledger.domain.whistles.summons import (
    DepartmentContacted,
    DepartmentRated,
    DepartmentReportedIn,
    WhistleHandled,
    WhistleRatedByDepartment,
    WhistleReturnRequested,
    WhistleReturnRuled,
    WhistleSigned,
    WhistleVerified,
)
from ledger.domain.whistles.whistles import Ground
from ledger.proposal import Proposal

WHISTLES: Final = 110
"""Without a request; as many again are blown for one."""
_NEEDED = (
    "占道经营反复，需联合执法", "老旧小区私拉电线，需联合排查", "河道边违建，需现场认定",
    "校园周边整治，需多部门到场", "防汛隐患点需专业处置", "疫情值守点缺医护指导",
    "油烟扰民多次整改无效", "楼顶搭建认定需住建到场",
)  # fmt: skip
_DONE = ("现场处置完毕", "已拆除并清运", "已开展联合检查，问题立行立改", "隐患排除，已交社区看护")
_GRADES = (
    Satisfaction.VERY_SATISFIED, Satisfaction.SATISFIED, Satisfaction.FAIRLY_SATISFIED,
    Satisfaction.DISSATISFIED,
)  # fmt: skip


def opening() -> Iterator[Proposal]:
    """Nothing: no whistle is older than the ledger."""
    return iter(())


def changes() -> Iterator[Proposal]:
    """The whistles that were blown for no request."""
    random = chance("whistles")
    departments = [identity for identity, _ in DEPARTMENTS]
    moments = spread(random, WHISTLES, OPENING.date(), CLOSING.date())
    for number, blown_at in enumerate(moments):
        community = random.choices(COMMUNITIES, (36, 20, 28, 16))[0]
        summoned = tuple(random.sample(departments, random.choices((1, 2, 3), (45, 40, 15))[0]))
        yield from summons(random, f"whistle/{number}", community, summoned, blown_at)


def summons(
    random: Random,
    name: str,
    community: Community,
    departments: tuple[str, ...],
    moment: datetime,
    request: str | None = None,
) -> list[Proposal]:
    """A whistle from its blowing to whichever end it came to by the closing date."""
    acts = list(_whistle(random, town.random_id(name), community, departments, moment, request))
    return [act for act in acts if act.occurred_at is not None and act.occurred_at <= CLOSING]


def _whistle(
    random: Random,
    whistle: str,
    community: Community,
    departments: tuple[str, ...],
    moment: datetime,
    request: str | None,
) -> Iterator[Proposal]:
    grade = random.choices((Grade.ORDINARY, Grade.HARD), (7, 3))[0]
    ground = random.choice((Ground.BEYOND_LOCAL_POWERS, Ground.JOINT_ENFORCEMENT))
    fields: dict[str, Any] = {
        "whistle": whistle,
        "request": request,
        "grade": grade,
        "ground": ground,
        "departments": departments,
        "note": random.choice(_NEEDED),
    }
    if request is None and random.random() < 0.5:
        yield Proposal(WhistleDrafted(**fields), clerk(community.branch), moment)
        moment = later(moment, random.uniform(0.05, 0.4))
    yield Proposal(WhistleBlown(**fields), secretary(community.branch), moment)
    if random.random() < 0.04:
        recalled = WhistleCountermanded(whistle=whistle, reason="当事人已自行整改")
        yield Proposal(recalled, secretary(community.branch), later(moment, 0.3))
        return
    yield from _answered(random, whistle, community, departments, moment, grade)


def _answered(
    random: Random,
    whistle: str,
    community: Community,
    departments: tuple[str, ...],
    moment: datetime,
    grade: Grade,
) -> Iterator[Proposal]:
    """All that are summoned, sometimes one more, until the branch clears it."""
    ends = [moment]
    for department in departments:
        acts = list(_summoned(random, whistle, community, department, moment, grade))
        yield from acts
        ends.append(acts[-1].occurred_at or moment)
    if random.random() < 0.06 and (more := _one_more(random, departments)) is not None:
        split_at = later(moment, random.uniform(0.5, 3))
        split = WhistleSplit(whistle=whistle, departments=(more,), grade=grade)
        yield Proposal(split, town.TOWN_CLERK, split_at)
        acts = list(_summoned(random, whistle, community, more, split_at, grade))
        yield from acts
        ends.append(acts[-1].occurred_at or moment)
    if random.random() < 0.93:
        cleared_at = later(max(ends), random.uniform(0.5, 8))
        yield Proposal(WhistleCleared(whistle=whistle), clerk(community.branch), cleared_at)


def _one_more(random: Random, departments: tuple[str, ...]) -> str | None:
    others = [identity for identity, _ in DEPARTMENTS if identity not in departments]
    return random.choice(others) if others else None


def _summoned(
    random: Random,
    whistle: str,
    community: Community,
    department: str,
    moment: datetime,
    grade: Grade,
) -> Iterator[Proposal]:
    """One department, until it is verified and rated, or released."""
    actor = clerk(department)
    of = {"whistle": whistle, "department": department}
    term = 24 if grade is Grade.ORDINARY else 40
    moment = later(moment, random.uniform(0.1, 1.3))
    yield Proposal(WhistleSigned(**of), actor, moment)
    moment = later(moment, random.uniform(0.2, 7 if random.random() < 0.93 else 20))
    yield Proposal(DepartmentContacted(**of), actor, moment)
    if random.random() < 0.05:
        owner = next(identity for identity, _ in DEPARTMENTS if identity != department)
        asked = WhistleReturnRequested(**of, reason="不属本部门职责范围", proposed_owner=owner)
        moment = later(moment, random.uniform(0.3, 2))
        yield Proposal(asked, actor, moment)
        granted = random.random() < 0.5
        moment = later(moment, random.uniform(0.5, 4))
        yield Proposal(WhistleReturnRuled(**of, granted=granted), town.COUNTY, moment)
        if granted:
            return
    is_late = random.random() < 0.09
    hours = random.uniform(term * 1.02, term * 1.6) if is_late else random.uniform(1, term * 0.5)
    moment = later(moment, hours)
    yield Proposal(DepartmentReportedIn(**of), actor, moment)
    yield from _handled(random, of, community, department, moment)


def _handled(
    random: Random, of: dict[str, str], community: Community, department: str, moment: datetime
) -> Iterator[Proposal]:
    actor, verifier = clerk(department), clerk(community.branch)
    is_done = False
    while not is_done:
        moment = later(moment, random.uniform(0.5, 10))
        handled = WhistleHandled(
            whistle=of["whistle"], department=department, result=random.choice(_DONE)
        )
        yield Proposal(handled, actor, moment)
        is_done = random.random() < 0.92
        moment = later(moment, random.uniform(0.3, 6))
        verified = WhistleVerified(whistle=of["whistle"], department=department, done=is_done)
        yield Proposal(verified, verifier, moment)
    moment = later(moment, random.uniform(0.2, 4))
    if random.random() < 0.85:
        rated = DepartmentRated(
            whistle=of["whistle"],
            department=department,
            satisfaction=random.choices(_GRADES, (48, 36, 12, 4))[0],
        )
        yield Proposal(rated, secretary(community.branch), moment)
    if random.random() < 0.6:
        by_department = WhistleRatedByDepartment(
            whistle=of["whistle"],
            department=department,
            satisfaction=random.choices(_GRADES, (40, 42, 14, 4))[0],
            justified=random.random() < 0.93,
        )
        yield Proposal(by_department, actor, moment)
