"""The town's organisations: four communities with their bodies, departments, units and villages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple

from api.demonstration import town
from api.demonstration.ziyang.days import OPENING, at
from ledger.clocks import SHANGHAI
from ledger.decision import OrganisationType
from ledger.domain.rules.rules import RulesEnacted
from ledger.domain.town.organisations import (
    OrganisationAssigned,
    OrganisationDissolved,
    OrganisationRegistered,
    OrganisationRenamed,
    SubgroupBasis,
)
from ledger.event import Actor, Event
from ledger.proposal import Proposal

SINCE: Final = datetime(2018, 3, 1, tzinfo=SHANGHAI)
"""Since when the organisations are there: longer than the ledger."""


class Community(NamedTuple):
    """A community, by the part of its bodies' ids that is its own."""

    key: str
    name: str

    @property
    def branch(self) -> str:
        """Its Party general branch."""
        return f"branch-{self.key}"

    @property
    def committee(self) -> str:
        """Its residents' committee."""
        return f"committee-{self.key}"

    @property
    def supervision(self) -> str:
        """Its committee of residents' supervision."""
        return f"supervision-{self.key}"


RIVERSIDE = Community("riverside", "河堤路社区")
OLD_TOWN = Community("oldtown", "老城社区")
RING_ROAD = Community("ringroad", "环城路社区")
NEW_BRIDGE = Community("newbridge", "新桥社区")
COMMUNITIES: Final = (RIVERSIDE, OLD_TOWN, RING_ROAD, NEW_BRIDGE)

DEPARTMENTS: Final = (
    ("dept-water", "水务局"),
    ("dept-urban", "城市管理局"),
    ("dept-roads", "交通运输局"),
    ("dept-police", "公安局城区派出所"),
    ("dept-market", "市场监督管理局"),
    ("dept-housing", "住房和城乡建设局"),
    ("dept-environment", "生态环境分局"),
    ("dept-civil", "民政局"),
    ("dept-health", "卫生健康局"),
    ("dept-schools", "教育体育局"),
    ("dept-labour", "人力资源和社会保障局"),
    ("dept-fire", "消防救援大队"),
    ("dept-power", "供电分局"),
)
POINTS_EXPIRE_AFTER_MONTHS: Final = 120
"""Of this town's own pack: whoever looks at it years later still sees points that may be spent."""
_FIELDS = (
    "小学", "中学", "幼儿园", "卫生院", "银行网点", "供电所", "邮政支局", "税务所", "粮站",
    "文化馆",
)  # fmt: skip
UNITS: Final = tuple(f"unit-{number:03}" for number in range(1, 104))
"""Resident units beside the school: of these and the school 96 join a project that is approved."""
ENTERPRISES: Final = tuple(f"enterprise-{number:02}" for number in range(1, 11))
SOCIAL_ORGANISATIONS: Final = tuple(f"social-{number:02}" for number in range(1, 6))
VILLAGES: Final = tuple(f"village-{number:02}" for number in range(1, 18))
"""Village branches: with 13 of them a community pairs; the others are there."""
VILLAGE_ENTERPRISES: Final = tuple(f"village-enterprise-{number:02}" for number in range(1, 7))
COOPERATIVES: Final = tuple(f"cooperative-{number:02}" for number in range(1, 7))
SUBGROUPS: Final = 19
ONLINE_BRANCHES: Final = 11
ONLINE_GROUPS: Final = 19
_SITES = ("楼宇", "街巷", "小区", "商圈", "滨江步道", "农贸市场")
_TRADES = ("教育", "卫生", "金融", "物业", "餐饮", "快递", "建筑")
_NUMERALS = "一二三四五六七八九十"


def numeral(number: int) -> str:
    """A number from 1 to 99, as names have it."""
    tens, ones = divmod(number, 10)
    head = "" if not tens else ("十" if tens == 1 else f"{_NUMERALS[tens - 1]}十")
    return head + (_NUMERALS[ones - 1] if ones else "")


def clerk(organisation: str, office: str = "clerk_a") -> Actor:
    """Who does an organisation's daily work: those with a key in the demonstration where it has."""
    known = KEYED.get((office, organisation))
    return known or Actor(office, organisation, town.random_id(f"{office}/{organisation}"))


def clerk_b(organisation: str) -> Actor:
    """Who stands in for them."""
    return clerk(organisation, "clerk_b")


def secretary(organisation: str) -> Actor:
    """The organisation's secretary."""
    return clerk(organisation, "secretary")


KEYED = {
    (actor.office, actor.organisation): actor
    for actor in (
        town.HOTLINE, town.SECRETARY, town.SECRETARY_OLD_TOWN, town.COMMITTEE, town.COMMITTEE_B,
        town.COMMITTEE_OLD_TOWN, town.SUPERVISION, town.WATER, town.URBAN, town.ROADS, town.COUNTY,
        town.TOWN_CLERK,
    )
}  # fmt: skip


def opening() -> Iterator[Proposal]:
    """The founding and all that the demonstration's town begins with, then the rest of the tree."""
    for event in town.opening():
        yield Proposal(_of_old(event), town.FOUNDER, OPENING)
    known = {
        event.organisation for event in town.opening() if isinstance(event, OrganisationRegistered)
    }
    for registered in _registered():
        if registered.organisation not in known:
            yield Proposal(registered, town.FOUNDER, OPENING)
    for community in COMMUNITIES:
        for body in (community.committee, community.supervision, f"association-{community.key}"):
            if (body, community.branch) not in _ASSIGNED:
                yield _assigned(body, community.branch)
    for number, unit in enumerate((*UNITS, *ENTERPRISES, *SOCIAL_ORGANISATIONS)):
        yield _assigned(unit, COMMUNITIES[number % 4].branch)


_ASSIGNED = {
    (event.organisation, event.community)
    for event in town.opening()
    if isinstance(event, OrganisationAssigned)
}


def _of_old(event: Event) -> Event:
    """An organisation or appointment that is older than the ledger: it held all the year."""
    if isinstance(event, RulesEnacted):
        return event.model_copy(update={"points_expire_after_months": POINTS_EXPIRE_AFTER_MONTHS})
    fields = event.__dict__
    if "effective_from" in fields and fields["effective_from"] is None:
        return event.model_copy(update={"effective_from": SINCE.astimezone(UTC)})
    return event


def _assigned(organisation: str, community: str) -> Proposal:
    assigned = OrganisationAssigned(
        organisation=organisation, community=community, effective_from=SINCE
    )
    return Proposal(assigned, town.FOUNDER, OPENING)


def _registered() -> Iterator[OrganisationRegistered]:
    type_ = OrganisationType
    for number, community in enumerate(COMMUNITIES, 1):
        yield _body(community.branch, type_.COMMUNITY_BRANCH, f"{community.name}党总支")
        yield OrganisationRegistered(
            organisation=community.committee,
            type=type_.RESIDENTS_COMMITTEE,
            name=f"{community.name}居委会",
            parent="town",
            functions="民政、计生、社保、就业、养老等公共服务",
            address=f"{community.name}便民服务中心",
            hours="周一至周五 8:00-12:00，14:00-18:00；周六上午错时服务",
            telephone=f"0915-000000{number}",
            effective_from=SINCE,
        )
        yield _body(
            community.supervision, type_.RESIDENTS_SUPERVISION, f"{community.name}居务监督委员会"
        )
        yield _body(
            f"association-{community.key}",
            type_.COMMUNITY_ASSOCIATION,
            f"{community.name}共驻共建联合会",
        )
    yield _body("joint-conference", type_.JOINT_CONFERENCE, "城市基层党建工作联席会")
    for identity, name in DEPARTMENTS:
        yield _body(identity, type_.DEPARTMENT, name, "county")
    yield from _units()
    yield from _party()


def _units() -> Iterator[OrganisationRegistered]:
    type_ = OrganisationType
    for number, unit in enumerate(UNITS, 1):
        field = _FIELDS[number % len(_FIELDS)]
        yield _body(unit, type_.RESIDENT_UNIT, f"驻区单位{numeral_of(number)}（{field}）")
    for number, one in enumerate(ENTERPRISES, 1):
        yield _body(one, type_.ENTERPRISE, f"非公企业{numeral(number)}")
    for number, one in enumerate(SOCIAL_ORGANISATIONS, 1):
        yield _body(one, type_.SOCIAL_ORGANISATION, f"社会组织{numeral(number)}")
    for number, one in enumerate(VILLAGES, 1):
        yield _body(one, type_.VILLAGE_BRANCH, f"第{numeral(number)}村党支部")
    for number, one in enumerate(VILLAGE_ENTERPRISES, 1):
        yield _body(one, type_.VILLAGE_ENTERPRISE, f"村办企业{numeral(number)}")
    for number, one in enumerate(COOPERATIVES, 1):
        yield _body(one, type_.COOPERATIVE, f"产业合作社{numeral(number)}")


def numeral_of(number: int) -> str:
    """A number of three digits, as names have it."""
    hundreds, rest = divmod(number, 100)
    if not hundreds:
        return numeral(rest)
    return f"{_NUMERALS[hundreds - 1]}百{'零' if 0 < rest < 10 else ''}{numeral(rest)}"


def _party() -> Iterator[OrganisationRegistered]:
    """Branches of trades and affinities, Party subgroups, and those that meet online."""
    type_, basis = OrganisationType, SubgroupBasis
    for number, name in enumerate(("滨江", "老年大学", "商圈", "个体工商户"), 1):
        yield _body(f"industry-branch-{number}", type_.INDUSTRY_BRANCH, f"{name}党支部")
    for number in range(1, ONLINE_BRANCHES + 1):
        yield _body(
            f"online-branch-{number:02}",
            type_.INDUSTRY_BRANCH,
            f"网络第{numeral(number)}党支部",
            online=True,
        )
    for number in range(1, SUBGROUPS + 2):  # one of them is dissolved in the year
        by_trade = number % 3 == 0
        name = _TRADES[number % len(_TRADES)] if by_trade else _SITES[number % len(_SITES)]
        yield _group(
            f"subgroup-{number:02}",
            f"{name}第{numeral(number)}党小组",
            basis.INDUSTRY if by_trade else basis.FUNCTIONAL,
            number,
        )
    for number, (name, of) in enumerate(
        (("书画", basis.AFFINITY_INTEREST), ("同乡", basis.AFFINITY_PLACE)), 1
    ):
        yield _group(f"affinity-group-{number}", f"{name}党小组", of, number)
    for number in range(1, ONLINE_GROUPS + 1):
        of = basis.FUNCTIONAL if number % 2 else basis.AFFINITY_ASPIRATION
        yield _group(
            f"online-group-{number:02}", f"网络第{numeral(number)}党小组", of, number, online=True
        )


def _group(
    identity: str, name: str, basis: SubgroupBasis, number: int, *, online: bool = False
) -> OrganisationRegistered:
    return OrganisationRegistered(
        organisation=identity,
        type=OrganisationType.PARTY_SUBGROUP,
        name=name,
        parent=COMMUNITIES[number % 4].branch,
        basis=basis,
        online=online,
        effective_from=SINCE,
    )


def _body(
    identity: str,
    type_: OrganisationType,
    name: str,
    parent: str = "town",
    *,
    online: bool = False,
) -> OrganisationRegistered:
    return OrganisationRegistered(
        organisation=identity,
        type=type_,
        name=name,
        parent=parent,
        online=online,
        effective_from=SINCE,
    )


def changes() -> Iterator[Proposal]:
    """What becomes of organisations in the year: one is dissolved, two have other names."""
    when = at(OPENING.date().replace(month=6, day=18), 10)
    dissolved = OrganisationDissolved(
        organisation=f"subgroup-{SUBGROUPS + 1:02}", effective_from=when
    )
    yield Proposal(dissolved, town.FOUNDER, when)
    when = at(OPENING.date().replace(month=9, day=1), 9)
    for identity, name in (
        ("dept-urban", "城市管理综合执法局"),
        ("industry-branch-4", "新业态党支部"),
    ):
        renamed = OrganisationRenamed(organisation=identity, name=name, effective_from=when)
        yield Proposal(renamed, town.FOUNDER, when)
