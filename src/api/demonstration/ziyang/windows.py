"""Service windows (一站式): what may be had there, who mans them, and the applications of a year.

What happened at a window at a certain hour (who stood in, off-hours, bookings) is entered within
three months: of a year that is entered afterwards nobody can tell it any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, Final, NamedTuple

from api.demonstration import town
from api.demonstration.ziyang.bodies import COMMUNITIES, Community, clerk, clerk_b
from api.demonstration.ziyang.days import CLOSING, at, chance, later, spread
from api.demonstration.ziyang.people import agents
from ledger.clocks import TimeUnit
from ledger.domain.rules.rules import OfficeHours
from ledger.domain.services.applications import (
    ApplicationDecided,
    ApplicationFiled,
    ApplicationPrechecked,
    ApplicationSigned,
    SupplementReceived,
    SupplementRequested,
)
from ledger.domain.services.items import Material, ServiceItemPublished
from ledger.domain.services.windows import DutyRosterPublished, Shift, WindowOpened
from ledger.domain.shapes.promises import Promise
from ledger.event import Actor
from ledger.proposal import Proposal

APPLICATIONS: Final = 460
_SPANS = ((480, 720), (840, 1080))
_OPENED_AT = at(date(2020, 1, 3), 9)
_WINDOWS = (("general", "综合窗口"), ("civil", "民政窗口"), ("health", "卫健窗口"),
            ("labour", "社保窗口"))  # fmt: skip
_LATE = 0.06
"""How often a decision comes after its promise."""


class _Item(NamedTuple):
    """What may be had, at which window, within how many working days."""

    code: str
    window: str
    title: str
    basis: str
    materials: tuple[tuple[str, str], ...]
    statutory_days: int
    promised_days: int


_IDENTITY = ("identity-card", "居民身份证")
_HOUSEHOLD = ("household-register", "户口簿")
_ITEMS = (
    _Item("residence-proof", "general", "居住证明", "《居住证暂行条例》第九条",
          (_IDENTITY, ("lease", "住所证明")), 15, 3),
    _Item("elderly-allowance", "civil", "高龄津贴申领", "《老年人权益保障法》第三十三条",
          (_IDENTITY, _HOUSEHOLD), 20, 5),
    _Item("hardship-relief", "civil", "临时救助申请", "《社会救助暂行办法》第四十七条",
          (_IDENTITY, _HOUSEHOLD, ("income", "收入情况说明")), 20, 8),
    _Item("birth-registration", "health", "生育登记", "《人口与计划生育法》第十八条",
          (_IDENTITY, ("marriage", "结婚证")), 7, 1),
    _Item("medical-insurance", "labour", "城乡居民医保参保登记", "《社会保险法》第二十五条",
          (_IDENTITY, _HOUSEHOLD), 10, 2),
    _Item("pension-certification", "labour", "养老待遇资格认证", "《社会保险法》第七十四条",
          (_IDENTITY,), 10, 1),
)  # fmt: skip


def opening() -> Iterator[Proposal]:
    """Nothing: windows are opened within the year."""
    return iter(())


def changes() -> Iterator[Proposal]:
    """Windows with their items, rosters by the quarter, and all applications."""
    for community in COMMUNITIES:
        yield from _opened(community)
        for quarter in (date(2020, 1, 6), date(2020, 4, 1), date(2020, 7, 1), date(2020, 10, 1)):
            yield from _rosters(community, quarter)
    random = chance("windows")
    moments = spread(random, APPLICATIONS, date(2020, 1, 7), CLOSING.date())
    for number, moment in enumerate(moments):
        acts = list(_application(random, number, moment))
        yield from (act for act in acts if (act.occurred_at or moment) <= CLOSING)


def _window(community: Community, name: str) -> str:
    return f"window-{community.key}-{name}"


def _item(community: Community, item: _Item) -> str:
    return f"item-{community.key}-{item.code}"


def _opened(community: Community) -> Iterator[Proposal]:
    by = clerk(community.committee)
    hours = tuple(OfficeHours(start_minute=start, end_minute=end) for start, end in _SPANS)
    for name, shown in _WINDOWS:
        opened = WindowOpened(
            window=_window(community, name),
            community=community.committee,
            name=f"{community.name}{shown}",
            address=f"{community.name}便民服务中心",
            hours=hours,
        )
        yield Proposal(opened, by, _OPENED_AT)
    for item in _ITEMS:
        published = ServiceItemPublished(
            item=_item(community, item),
            community=community.committee,
            title=item.title,
            basis=item.basis,
            materials=tuple(Material(code=code, name=name) for code, name in item.materials),
            statutory=Promise(amount=item.statutory_days, unit=TimeUnit.WORKING_DAYS),
            promise=Promise(amount=item.promised_days, unit=TimeUnit.WORKING_DAYS),
            windows=(_window(community, item.window),),
            online=True,
        )
        yield Proposal(published, by, _OPENED_AT + timedelta(hours=1))


def _rosters(community: Community, first_day: date) -> Iterator[Proposal]:
    """AB 岗: everybody mans one window and stands in at another."""
    staff = [clerk(community.committee), clerk_b(community.committee), *agents(community)]
    for number, (name, _) in enumerate(_WINDOWS):
        a, b = staff[number % len(staff)], staff[(number + 1) % len(staff)]
        published = DutyRosterPublished(
            window=_window(community, name),
            first_day=first_day,
            last_day=first_day + timedelta(days=89),
            shifts=tuple(
                Shift(start_minute=start, end_minute=end, a=one.principal, b=other.principal)
                for (start, end), one, other in zip(_SPANS, (a, b), (b, a), strict=True)
            ),
        )
        when = at(first_day, 8) - timedelta(days=2, hours=-1)
        yield Proposal(published, clerk(community.committee), when)


def _application(random: Random, number: int, moment: datetime) -> Iterator[Proposal]:
    community, item = random.choice(COMMUNITIES), random.choice(_ITEMS)
    application = town.random_id(f"application/{number}")
    resident = Actor("resident", community.committee, town.random_id(f"applies/{number}"))
    by = clerk(community.committee)
    of: dict[str, Any] = {"application": application}
    asked: dict[str, Any] = {
        **of,
        "item": _item(community, item),
        "community": community.committee,
        "requester": resident.principal,
    }
    if random.random() < 0.35:
        lacking = (item.materials[-1][0],) if random.random() < 0.4 else ()
        yield Proposal(ApplicationPrechecked(**asked, lacking=lacking), by, moment)
        moment = later(moment, random.uniform(0.5, 10))
    online = random.random() < 0.45
    window = None if online else _window(community, item.window)
    filed = ApplicationFiled(**asked, window=window)
    yield Proposal(filed, resident if online else by, moment)
    if random.random() < 0.12:
        missing = (random.choice(item.materials)[0],)
        moment = later(moment, random.uniform(0.5, 6))
        requested = SupplementRequested(**of, materials=missing, reason="复印件不清晰")
        yield Proposal(requested, by, moment)
        moment = later(moment, random.uniform(2, 24))
        received = SupplementReceived(**of, materials=missing)
        yield Proposal(received, resident if online else by, moment)
    yield from _decided(random, of, item, resident if online else by, community, moment)


def _decided(
    random: Random,
    of: dict[str, Any],
    item: _Item,
    receives: Actor,
    community: Community,
    moment: datetime,
) -> Iterator[Proposal]:
    promised = 8 * item.promised_days
    share = random.uniform(1.15, 1.6) if random.random() < _LATE else random.uniform(0.05, 0.8)
    moment = later(moment, promised * share)
    is_granted = random.random() < 0.95
    decided = ApplicationDecided(
        **of, is_granted=is_granted, reason=None if is_granted else "不符合受理条件，已书面告知"
    )
    yield Proposal(decided, clerk_b(community.committee), moment)
    if is_granted and random.random() < 0.88:
        moment = later(moment, random.uniform(0.2, 12))
        yield Proposal(ApplicationSigned(**of), receives, moment)
