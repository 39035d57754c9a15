"""What is shown of service: counts of the town or of a community, open posts and open orders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from projections.reading import AsOf, bounded, snapshot
from projections.scopes import TOWN

NAME = "volunteering"
_WHOSE = "(%(community)s::text is null or community = %(community)s)"
_POSTS = f"""select coalesce(sum(posts), 0)::bigint as posts,
    coalesce(sum(places), 0)::bigint as places, coalesce(sum(taken), 0)::bigint as taken,
    coalesce(sum(claimed_places), 0)::bigint as claimed_places,
    coalesce(sum(services), 0)::bigint as services, coalesce(sum(hours), 0)::bigint as hours
    from volunteer_post_tally where {_WHOSE}"""  # noqa: S608 - constants alone
_BY_COMMUNITY = """select community, sum(posts)::bigint as posts, sum(places)::bigint as places,
    sum(taken)::bigint as taken, sum(claimed_places)::bigint as claimed_places,
    sum(services)::bigint as services, sum(hours)::bigint as hours
    from volunteer_post_tally where posts > 0
    group by community order by community limit %(limit)s"""
_ORDERS = f"""select coalesce(sum(orders), 0)::bigint as drafted,
    coalesce(sum(orders) filter (where stage <> 'drafted'), 0)::bigint as chosen,
    coalesce(sum(orders) filter (where stage not in ('drafted', 'chosen')), 0)::bigint as claimed,
    coalesce(sum(orders) filter (where stage in ('delivered', 'confirmed')), 0)::bigint
        as delivered,
    coalesce(sum(orders) filter (where stage = 'confirmed'), 0)::bigint as confirmed,
    coalesce(sum(hours), 0)::bigint as hours, coalesce(sum(minutes), 0)::bigint as minutes
    from volunteer_order_tally where {_WHOSE}"""  # noqa: S608 - constants alone
_HELP = f"""select coalesce(sum(given), 0)::bigint as given,
    coalesce(sum(confirmed), 0)::bigint as confirmed, coalesce(sum(rejected), 0)::bigint as rejected
    from help_tally where {_WHOSE}"""  # noqa: S608 - constants alone
_MEMBERS = """select
    coalesce((select sum(members) from unit_member_tally where scope = %(scope)s), 0)::bigint
        as members,
    coalesce((select sum(deeds) from good_deed_tally where scope = %(scope)s), 0)::bigint
        as deeds,
    coalesce((select sum(by_members) from good_deed_tally where scope = %(scope)s), 0)::bigint
        as deeds_by_members,
    coalesce((select sum(persons) from person_helped_tally where scope = %(scope)s), 0)::bigint
        as persons,
    coalesce((select sum(by_members) from person_helped_tally where scope = %(scope)s), 0)::bigint
        as persons_by_members"""
_THEMES = """select theme, sum(sessions)::bigint as sessions from outreach_tally
    where sessions > 0 group by theme order by theme limit %(limit)s"""
_UNITS = "select coalesce(sum(units), 0)::bigint as units from outreach_unit_tally"
_STRANDS = f"""select strand, sum(actions)::bigint as actions from joint_action_tally
    where {_WHOSE} and actions > 0
    group by strand order by strand limit %(limit)s"""  # noqa: S608 - constants alone
_OPEN_POSTS = f"""select post, community, title, post_category, opened_at, position, places, taken
    from volunteer_post where {_WHOSE} and taken < places
    and (%(before)s::bigint is null or position < %(before)s)
    order by position desc limit %(limit)s"""  # noqa: S608 - constants alone
_OPEN_ORDERS = f"""select order_id as "order", community, title, order_category, drafted_at,
    position, places
    from volunteer_order where {_WHOSE} and stage = 'drafted'
    and (%(before)s::bigint is null or position < %(before)s)
    order by position desc limit %(limit)s"""  # noqa: S608 - constants alone
_TABLES = (
    "volunteer_post_tally",
    "volunteer_order_tally",
    "unit_member_tally",
    "help_tally",
    "good_deed_tally",
    "person_helped_tally",
    "outreach_tally",
    "outreach_unit_tally",
    "joint_action_tally",
)


@dataclass(frozen=True, slots=True)
class PostFigures:
    """Posts 认领岗位: `claimed_places` are those that resident units' members have or served on."""

    posts: int
    places: int
    taken: int
    claimed_places: int
    services: int
    hours: int

    @property
    def free(self) -> int:
        """How many places nobody has."""
        return self.places - self.taken


@dataclass(frozen=True, slots=True)
class CommunityPosts:
    """The posts of one community."""

    community: str
    posts: int
    places: int
    taken: int
    claimed_places: int
    services: int
    hours: int


@dataclass(frozen=True, slots=True)
class OrderFigures:
    """Orders 制单点单接单 that came so far or further; hours and minutes are of those confirmed."""

    drafted: int
    chosen: int
    claimed: int
    delivered: int
    confirmed: int
    hours: int
    minutes: int
    """From choice to delivery, all together."""

    @property
    def mean_minutes(self) -> int | None:
        """From choice to delivery of one; None without any."""
        return self.minutes // self.confirmed if self.confirmed else None


@dataclass(frozen=True, slots=True)
class HelpFigures:
    """Help 帮扶: given, and what others said of it."""

    given: int
    confirmed: int
    rejected: int


@dataclass(frozen=True, slots=True)
class MemberFigures:
    """Distinct members of resident units with a claim; distinct matters seen to (好事实事), and
    distinct persons in need who were helped: by anybody, and by these members."""

    members: int
    deeds: int
    deeds_by_members: int
    persons: int
    persons_by_members: int


@dataclass(frozen=True, slots=True)
class ThemeFigures:
    """Talks 宣讲 of one theme."""

    theme: str
    sessions: int


@dataclass(frozen=True, slots=True)
class StrandFigures:
    """Joint actions 四社联动 of one strand."""

    strand: str
    actions: int


@dataclass(frozen=True, slots=True)
class _Units:
    units: int


@dataclass(frozen=True, slots=True)
class Volunteering:
    """Service in the town, or in one community; talks are the whole town's."""

    as_of: AsOf
    community: str | None
    members: MemberFigures
    posts: PostFigures
    orders: OrderFigures
    help: HelpFigures
    outreach: tuple[ThemeFigures, ...]
    outreach_units: int
    """Distinct organisations that held talks."""
    joint_actions: tuple[StrandFigures, ...]
    communities: tuple[CommunityPosts, ...]

    @property
    def outreach_sessions(self) -> int:
        """All talks."""
        return sum(one.sessions for one in self.outreach)


@dataclass(frozen=True, slots=True)
class OpenPost:
    """A post with places that nobody has."""

    post: str
    community: str
    title: str
    post_category: str
    opened_at: datetime
    position: int
    places: int
    taken: int


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order that residents may choose."""

    order: str
    community: str
    title: str
    order_category: str
    drafted_at: datetime
    position: int
    places: int


@dataclass(frozen=True, slots=True)
class PostPage:
    """Open posts, newest first; `next` is the `before` of the page that follows, or None."""

    as_of: AsOf
    posts: tuple[OpenPost, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class OrderPage:
    """Open orders, newest first; `next` is the `before` of the page that follows, or None."""

    as_of: AsOf
    orders: tuple[OpenOrder, ...]
    next: int | None


async def volunteering(
    connection: AsyncConnection[Any], *, community: str | None = None, at: datetime | None = None
) -> Volunteering:
    """All counts of the town, or of the community of a branch."""
    whose = {"community": community}
    async with snapshot(connection, NAME, _TABLES, at) as seen:
        members = await seen.one(
            MemberFigures, _MEMBERS, {"scope": TOWN if community is None else community}
        )
        posts = await seen.one(PostFigures, _POSTS, whose)
        orders = await seen.one(OrderFigures, _ORDERS, whose)
        given = await seen.one(HelpFigures, _HELP, whose)
        units = await seen.one(_Units, _UNITS, {})
        themes = await seen.all(ThemeFigures, _THEMES)
        strands = await seen.all(StrandFigures, _STRANDS, whose)
        communities = await seen.all(CommunityPosts, _BY_COMMUNITY)
    assert members and posts and orders and given and units, "a sum has one row"  # noqa: PT018
    return Volunteering(
        seen.as_of, community, members, posts, orders, given, themes, units.units, strands,
        communities,
    )  # fmt: skip


async def open_posts(
    connection: AsyncConnection[Any],
    *,
    community: str | None = None,
    before: int | None = None,
    limit: int = 50,
    at: datetime | None = None,
) -> PostPage:
    """Posts with free places, of a community or of all, before a position."""
    wanted, values = bounded(limit), {"community": community, "before": before}
    async with snapshot(connection, NAME, ("volunteer_post",), at) as seen:
        found = await seen.all(OpenPost, _OPEN_POSTS, values, wanted)
    return PostPage(seen.as_of, found, found[-1].position if len(found) == wanted else None)


async def open_orders(
    connection: AsyncConnection[Any],
    *,
    community: str | None = None,
    before: int | None = None,
    limit: int = 50,
    at: datetime | None = None,
) -> OrderPage:
    """Orders that nobody has chosen yet, of a community or of all, before a position."""
    wanted, values = bounded(limit), {"community": community, "before": before}
    async with snapshot(connection, NAME, ("volunteer_order",), at) as seen:
        found = await seen.all(OpenOrder, _OPEN_ORDERS, values, wanted)
    return OrderPage(seen.as_of, found, found[-1].position if len(found) == wanted else None)
