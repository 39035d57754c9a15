"""What the communities promised (服务承诺), who answers for which building, and visits at home."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from api.demonstration import town
from api.demonstration.ziyang import grid
from api.demonstration.ziyang.bodies import COMMUNITIES, SINCE, Community, clerk, secretary
from api.demonstration.ziyang.days import CLOSING, OPENING, at, chance, later, spread
from ledger.clocks import TimeUnit
from ledger.domain.services.service_promises import (
    AreaResponsibilityAssigned,
    HomeVisitMade,
    HomeVisitRequested,
    PromisePublished,
)
from ledger.domain.shapes.promises import Promise
from ledger.event import Actor
from ledger.proposal import Proposal

VISITS: Final = 180
_REPLACED_AT = at(date(2020, 7, 6), 9)
_PROMISES = (
    ("home-visit", "行动不便的居民提出后，三个工作日内上门服务", 3),
    ("callback", "居民来电咨询，一个工作日内回复", 1),
    ("certificates", "证明类事项材料齐全，当场或一个工作日内办结", 1),
)
_NEEDS = ("老人卧床，请上门办理高龄补贴", "腿脚不便，请上门采集照片", "独居老人不会用手机认证")


def opening() -> Iterator[Proposal]:
    """Nothing: promises are made within the year."""
    return iter(())


def changes() -> Iterator[Proposal]:
    """Promises, one of which is made shorter at midyear, and the visits under it."""
    for community in COMMUNITIES:
        for name, title, days in _PROMISES:
            yield _published(community, name, title, days)
        shorter = PromisePublished(
            promise=_promise(community, "home-visit", late=True),
            title="行动不便的居民提出后，两个工作日内上门服务",
            within=Promise(amount=2, unit=TimeUnit.WORKING_DAYS),
            supersedes=_promise(community, "home-visit"),
        )
        yield Proposal(shorter, secretary(community.branch), _REPLACED_AT)
        for unit in grid.buildings(community):
            assigned = AreaResponsibilityAssigned(
                community=community.committee,
                grid_unit=unit,
                principal=grid.head(unit),
                effective_from=SINCE,
            )
            yield Proposal(assigned, clerk(community.committee), OPENING)
    yield from _visits()


def _promise(community: Community, name: str, *, late: bool = False) -> str:
    return f"promise-{community.key}-{name}{'-2' if late else ''}"


def _published(community: Community, name: str, title: str, days: int) -> Proposal:
    published = PromisePublished(
        promise=_promise(community, name),
        title=title,
        within=Promise(amount=days, unit=TimeUnit.WORKING_DAYS),
    )
    return Proposal(published, secretary(community.branch), at(date(2020, 1, 8), 9))


def _visits() -> Iterator[Proposal]:
    random = chance("visits")
    moments = spread(random, VISITS, date(2020, 1, 9), CLOSING.date())
    for number, moment in enumerate(moments):
        community = random.choice(COMMUNITIES)
        unit = random.choice(grid.buildings(community))
        visit = town.random_id(f"visit/{number}")
        late = moment >= _REPLACED_AT
        requested = HomeVisitRequested(
            visit=visit,
            community=community.committee,
            promise=_promise(community, "home-visit", late=late),
            grid_unit=unit,
            requester=town.random_id(f"visited/{number}"),
            details=random.choice(_NEEDS),
        )
        yield Proposal(requested, clerk(community.committee), moment)
        kept = random.random() < 0.9
        made_at = later(moment, random.uniform(2, 14) if kept else random.uniform(26, 50))
        if made_at <= CLOSING:
            visitor = Actor("building_head", community.committee, grid.head(unit))
            made = HomeVisitMade(visit=visit, note="已代为填表，材料带回")
            yield Proposal(made, visitor, made_at)
