"""Service of members and units: posts and orders, and the members whose claims count.

Whose claim it is, and of which community, stands in the tags that `Event.concerns` gave an act. No
person is shown: rows of persons are withheld, and counted alone, for a community and under the
empty scope for the whole town.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from ledger.domain.volunteering.orders import (
    OfOrder,
    OrderChosen,
    OrderClaimed,
    OrderConfirmed,
    OrderDelivered,
    OrderDrafted,
    OrderReleased,
    OrderStage,
)
from ledger.domain.volunteering.posts import (
    OfPost,
    PostClaimed,
    PostOpened,
    PostVacated,
    ServiceLogged,
)
from ledger.event import Recorded
from projections.good_deeds import DEEDS, HELP, JOINT_ACTIONS, OUTREACH, PERSONS, UNITS
from projections.projection import Contribution, Key, Projection, Rows, Tally
from projections.reference import Reference
from projections.scopes import Scope, scopes_of, tagged

FREE = ""
"""Stands in a slot that nobody has."""


class VolunteerPost(NamedTuple):
    """A post: how many places, and how many of them are taken."""

    post: str
    community: str
    title: str
    post_category: str
    opened_at: datetime
    position: int
    places: int
    taken: int = 0
    claimed_places: int = 0
    """The distinct places that members of resident units have or served on."""
    services: int = 0
    hours: int = 0
    slots: tuple[str, ...] = ()
    """Who has each place, in the order of the places: whoever comes gets the lowest free one."""
    held_by_units: tuple[str, ...] = ()
    """The places that members of resident units have."""
    served_by_units: tuple[str, ...] = ()
    """The places of which such a member logged a service."""


class ByCommunity(NamedTuple):
    """By what posts are summed."""

    community: str


class PostCounts(NamedTuple):
    """What is summed of posts."""

    posts: int = 0
    places: int = 0
    taken: int = 0
    claimed_places: int = 0
    services: int = 0
    hours: int = 0


class VolunteerOrder(NamedTuple):
    """An order: what is offered, and how far it has come; never who chose it, or when."""

    order_id: str
    community: str
    title: str
    order_category: str
    drafted_at: datetime
    position: int
    places: int
    stage: str
    taken: int = 0
    hours: int = 0
    chosen_at: datetime | None = None
    delivered_at: datetime | None = None


class ByStage(NamedTuple):
    """By what orders are summed."""

    community: str
    stage: str


class OrderCounts(NamedTuple):
    """What is summed of orders: of those confirmed, the minutes from choice to delivery."""

    orders: int = 0
    hours: int = 0
    minutes: int = 0


class UnitMember(NamedTuple):
    """A resident unit's member, with the posts of a community or of the town that count."""

    scope: str
    member: str
    held: tuple[str, ...] = ()
    served: tuple[str, ...] = ()


class MemberCounts(NamedTuple):
    """What is summed of members."""

    members: int = 0


def _post_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return ((recorded.event.__dict__["post"],),)


def _apply_post(
    row: VolunteerPost | None, key: Key, recorded: Recorded, reference: Reference
) -> VolunteerPost | None:
    match recorded.event:
        case PostOpened() as event:
            return VolunteerPost(
                event.post,
                recorded.actor.organisation,
                event.title,
                event.post_category,
                recorded.occurred_at,
                recorded.position,
                event.places,
            )
        case OfPost(member=member) as event if row:
            of_unit = tagged(recorded, "unit_member") is not None
            return _counted(_after(row, event, member, of_unit))
    return row


def _after(row: VolunteerPost, event: OfPost, member: str, of_unit: bool) -> VolunteerPost:
    held, served = set(row.held_by_units), set(row.served_by_units)
    slots = (*row.slots, FREE)
    if isinstance(event, PostClaimed):
        place = slots.index(FREE)
        slots = (*slots[:place], member, *slots[place + 1 :])
        held |= {str(place)} if of_unit else set()
    elif member in slots:
        place = slots.index(member)
        if isinstance(event, ServiceLogged):
            served |= {str(place)} if of_unit else set()
            row = row._replace(services=row.services + 1, hours=row.hours + event.hours)
        else:
            slots = (*slots[:place], FREE, *slots[place + 1 :])
            held -= {str(place)}
    return row._replace(
        slots=slots if slots[-1] != FREE else slots[:-1],
        held_by_units=tuple(sorted(held)),
        served_by_units=tuple(sorted(served)),
    )


def _counted(row: VolunteerPost) -> VolunteerPost:
    return row._replace(
        taken=sum(one != FREE for one in row.slots),
        claimed_places=len({*row.held_by_units, *row.served_by_units}),
    )


def _contribute_post(row: VolunteerPost) -> Iterable[Contribution]:
    counts = PostCounts(1, row.places, row.taken, row.claimed_places, row.services, row.hours)
    return (Contribution(ByCommunity(row.community), None, counts),)


def _order_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return ((recorded.event.__dict__["order"],),)


def _apply_order(
    row: VolunteerOrder | None, key: Key, recorded: Recorded, reference: Reference
) -> VolunteerOrder | None:
    match recorded.event:
        case OrderDrafted() as event:
            return VolunteerOrder(
                event.order,
                recorded.actor.organisation,
                event.title,
                event.order_category,
                recorded.occurred_at,
                recorded.position,
                event.places,
                OrderStage.DRAFTED.value,
            )
        case OfOrder() if row:
            return _order_after(row, recorded)
    return row


def _order_after(row: VolunteerOrder, recorded: Recorded) -> VolunteerOrder:
    when = recorded.occurred_at
    match recorded.event:
        case OrderChosen():
            return row._replace(stage=OrderStage.CHOSEN.value, chosen_at=when)
        case OrderClaimed():
            return row._replace(stage=OrderStage.CLAIMED.value, taken=row.taken + 1)
        case OrderReleased():
            stage = OrderStage.CLAIMED if row.taken > 1 else OrderStage.CHOSEN
            return row._replace(stage=stage.value, taken=row.taken - 1)
        case OrderDelivered(hours=hours):
            stage = OrderStage.DELIVERED
            return row._replace(stage=stage.value, hours=hours, delivered_at=when)
        case OrderConfirmed(is_confirmed=is_confirmed):
            stage = OrderStage.CONFIRMED if is_confirmed else OrderStage.CLAIMED
            return row._replace(stage=stage.value)
    return row


def _contribute_order(row: VolunteerOrder) -> Iterable[Contribution]:
    group = ByStage(row.community, row.stage)
    if row.stage != OrderStage.CONFIRMED or row.chosen_at is None or row.delivered_at is None:
        return (Contribution(group, None, OrderCounts(1)),)
    took = (row.delivered_at - row.chosen_at) // timedelta(minutes=1)
    return (Contribution(group, None, OrderCounts(1, row.hours, max(took, 0))),)


def _member_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    member = tagged(recorded, "unit_member")
    return () if member is None else tuple((scope, member) for scope in scopes_of(recorded))


def _apply_member(
    row: UnitMember | None, key: Key, recorded: Recorded, reference: Reference
) -> UnitMember | None:
    now = row or UnitMember(*key)
    match recorded.event:
        case PostClaimed(post=post):
            return now._replace(held=tuple(sorted({*now.held, post})))
        case PostVacated(post=post):
            return now._replace(held=tuple(one for one in now.held if one != post))
        case ServiceLogged(post=post):
            return now._replace(served=tuple(sorted({*now.served, post})))
    return row


def _contribute_member(row: UnitMember) -> Iterable[Contribution]:
    if not (row.held or row.served):
        return ()
    return (Contribution(Scope(row.scope), None, MemberCounts(1)),)


POSTS = Rows(
    table="volunteer_post",
    row=VolunteerPost,
    key=("post",),
    kinds=(PostOpened, PostClaimed, PostVacated, ServiceLogged),
    keys=_post_keys,
    apply=_apply_post,
    tally=Tally(ByCommunity, PostCounts, _contribute_post),
    indexes=(("position",),),
    hidden=("slots", "held_by_units", "served_by_units"),
)
ORDERS = Rows(
    table="volunteer_order",
    row=VolunteerOrder,
    key=("order_id",),
    kinds=(
        OrderDrafted,
        OrderChosen,
        OrderClaimed,
        OrderReleased,
        OrderDelivered,
        OrderConfirmed,
    ),
    keys=_order_keys,
    apply=_apply_order,
    tally=Tally(ByStage, OrderCounts, _contribute_order),
    indexes=(("position",),),
    hidden=("chosen_at", "delivered_at"),
)
MEMBERS = Rows(
    table="unit_member",
    row=UnitMember,
    key=("scope", "member"),
    kinds=(PostClaimed, PostVacated, ServiceLogged),
    keys=_member_keys,
    apply=_apply_member,
    tally=Tally(Scope, MemberCounts, _contribute_member),
    withheld=lambda row: True,
)
PROJECTION = Projection(
    "volunteering",
    1,
    (POSTS, ORDERS, MEMBERS, HELP, DEEDS, PERSONS, OUTREACH, UNITS, JOINT_ACTIONS),
)
