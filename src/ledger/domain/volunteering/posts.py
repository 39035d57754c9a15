"""Posts (认领岗位): a branch opens one with places, members claim them, serve and may vacate them.

Claims never exceed the places. A place is numbered from 0; whoever claims gets the lowest that
nobody has. A claim counts from the day of the claim on, and after it was vacated where a service
was logged; so counted are distinct members of resident units, and distinct places that they have
or served on.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, NamedTuple

from pydantic import Field

from ledger.clocks import local_day
from ledger.decision import OrganisationType, Situation
from ledger.domain.requests.requests import precedes
from ledger.domain.shapes.places import Places, no_place_for, without_place
from ledger.domain.volunteering.volunteers import (
    BY_BRANCH,
    SERVERS,
    Claim,
    Hours,
    PlaceCount,
    UnitMember,
    community_tag,
    later,
    member_tag,
    not_for_them,
    not_of_unit,
    unit_of,
)
from ledger.event import Event, Folds, Id, Line, Recorded, mint_id
from ledger.refusals import Refusal, Unacceptable, UnknownReference


class Post(NamedTuple):
    """A post as of its history."""

    community: str
    places: Places
    latest: datetime
    claims: tuple[Claim, ...] = ()
    """Who has a place."""


class PostOpened(Event):
    """岗位发布: a community's branch says what it wants done, and by how many."""

    kind = "post_opened"
    term = "岗位发布"
    proposers = (BY_BRANCH,)
    creates = ("post", "post")
    example = {
        "post": "post-2026-017",
        "title": "周末河堤巡护",
        "post_category": "patrol",
        "places": 6,
    }

    post: Id = Field(default_factory=mint_id)
    """The post's id."""
    title: Line
    """What it is, as it is shown; never a person's name."""
    post_category: Id
    """What kind of service it is, in a code of the town's own, such as patrol."""
    places: PlaceCount
    """How many may have it at a time."""

    def tags(self) -> tuple[str, ...]:
        return (f"post:{self.post}",)

    def concerns(self, situation: Situation) -> tuple[str, ...]:
        """The community that opens it."""
        return (community_tag(situation.actor.organisation),)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return self.tags()

    def decide(self, situation: Situation) -> Refusal | None:
        return None


class OfPost(Event):
    """What the acts of somebody on a post have in common."""

    post: Id
    """The post."""
    member: Id
    """The principal who has the place."""

    def tags(self) -> tuple[str, ...]:
        return (f"post:{self.post}",)

    def concerns(self, situation: Situation) -> tuple[str, ...]:
        """The community, and the member where the place is held as a resident unit's member."""
        post: Post = situation.state(f"post:{self.post}")
        member: UnitMember | None = situation.state(member_tag(self.member))
        is_theirs = member is not None and self.post in member.held
        own = (member_tag(self.member),) if is_theirs else ()
        return (community_tag(post.community), *own)

    def boundary(self, state: Any) -> tuple[str, ...]:
        post: Post | None = state(f"post:{self.post}")
        of = () if post is None else (f"organisation:{post.community}",)
        return (*self.tags(), member_tag(self.member), *of)

    def known_post(self, situation: Situation) -> Post | Refusal:
        """The post, or why nothing is done about it."""
        post: Post | None = situation.state(f"post:{self.post}")
        if post is None:
            return UnknownReference(
                "unknown_post", f"post {self.post} is not in this ledger", "a post opened", "post"
            )
        return precedes(post.latest) if situation.precedes(post.latest) else post

    def claimed_post(self, situation: Situation) -> Post | Refusal:
        """The post on which the member has a place, or why this actor does nothing for them."""
        post = self.known_post(situation)
        if not isinstance(post, Post):
            return post
        unit = unit_of(post.claims, self.member)
        if unit is None:
            refusal = without_place(post.places, self.member, "member")
            assert refusal is not None, "whoever has a place has claimed it"
            return refusal
        return not_for_them(situation, self.member, unit, post.community) or post


class PostClaimed(OfPost):
    """认领岗位: somebody takes a place, as a member of one of their organisations."""

    kind = "post_claimed"
    term = "认领岗位"
    proposers = SERVERS
    example = {"post": "post-2026-017", "member": "p-member", "unit": "unit-school"}

    unit: Id
    """The organisation of which they hold an office, and as whose they serve."""

    def concerns(self, situation: Situation) -> tuple[str, ...]:
        """The community, and the member of a resident unit."""
        post: Post = situation.state(f"post:{self.post}")
        unit = situation.state(f"organisation:{self.unit}")
        is_unit = unit.type is OrganisationType.RESIDENT_UNIT
        return (community_tag(post.community), *((member_tag(self.member),) if is_unit else ()))

    def boundary(self, state: Any) -> tuple[str, ...]:
        own = (f"principal:{self.member}", f"organisation:{self.unit}")
        return (*super().boundary(state), *own)

    def decide(self, situation: Situation) -> Refusal | None:
        post = self.known_post(situation)
        if not isinstance(post, Post):
            return post
        return (
            not_of_unit(situation, self.member, self.unit)
            or not_for_them(situation, self.member, self.unit, post.community)
            or no_place_for(post.places, self.member, "member")
        )


class PostVacated(OfPost):
    """退出岗位: somebody gives up a place, for others to claim."""

    kind = "post_vacated"
    term = "退出岗位"
    proposers = SERVERS
    example = {"post": "post-2026-017", "member": "p-member"}

    def decide(self, situation: Situation) -> Refusal | None:
        post = self.claimed_post(situation)
        return None if isinstance(post, Post) else post


class ServiceLogged(OfPost):
    """服务登记: somebody who has a place served on a day, for so many hours."""

    kind = "service_logged"
    term = "服务登记"
    proposers = SERVERS
    example = {
        "post": "post-2026-017",
        "member": "p-member",
        "served_on": "2026-02-28",
        "hours": 2,
    }

    served_on: date
    """The day of the service."""
    hours: Hours
    """How long it took, in whole hours, begun ones counted."""

    def decide(self, situation: Situation) -> Refusal | None:
        post = self.claimed_post(situation)
        if not isinstance(post, Post):
            return post
        today = local_day(situation.occurred_at)
        if self.served_on > today:
            return Unacceptable(
                "served_in_the_future",
                "the day of the service is still to come",
                f"a day up to {today.isoformat()}",
                "served_on",
            )
        return None


def evolve_post(state: Post | None, tag: str, recorded: Recorded) -> Post | None:
    """The post after one more event."""
    match recorded.event:
        case PostOpened() as event:
            places = Places(event.places)
            return Post(recorded.actor.organisation, places, recorded.occurred_at)
        case PostClaimed(member=member, unit=unit) if state:
            claims = (*state.claims, Claim(member, unit))
            return _after(state, recorded, places=state.places.claimed(member), claims=claims)
        case PostVacated(member=member) if state:
            left = tuple(claim for claim in state.claims if claim.member != member)
            return _after(state, recorded, places=state.places.vacated(member), claims=left)
        case ServiceLogged() if state:
            return _after(state, recorded)
    return state


def _after(post: Post, recorded: Recorded, **changes: Any) -> Post:
    return post._replace(latest=later(post.latest, recorded), **changes)


def evolve_member(state: UnitMember | None, tag: str, recorded: Recorded) -> UnitMember | None:
    """The claims of a resident unit's member after one more event."""
    member = state or UnitMember()
    match recorded.event:
        case PostClaimed(post=post):
            return member._replace(held=member.held | {post})
        case PostVacated(post=post):
            return member._replace(held=member.held - {post})
        case ServiceLogged(post=post):
            return member._replace(served=member.served | {post})
    return state


KINDS = (PostOpened, PostClaimed, PostVacated, ServiceLogged)
FOLDS: Folds = {
    "post": (evolve_post, KINDS),
    "unit_member": (evolve_member, (PostClaimed, PostVacated, ServiceLogged)),
}
