"""Orders (制单, 点单, 接单): a branch offers a service, a resident chooses it, members take it on.

Drafted, chosen, claimed, delivered, confirmed; claims never exceed the places, and whoever
delivered does not confirm. An order that was confirmed is one good deed (好事实事).
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import Field

from ledger.decision import Office, Situation
from ledger.domain.requests.requests import (
    BY_COMMUNITY,
    BY_RESIDENT,
    not_the_requester,
    precedes,
)
from ledger.domain.shapes.places import Places, no_place_for, without_place
from ledger.domain.town.organisations import foreign_community
from ledger.domain.volunteering.volunteers import (
    BY_BRANCH,
    SERVERS,
    Claim,
    Hours,
    PlaceCount,
    claimant_tags,
    community_tag,
    later,
    member_tag,
    not_for_them,
    not_of_unit,
    own_service,
    unit_of,
)
from ledger.event import Event, Folds, Id, Line, Recorded, mint_id, mint_random_id
from ledger.refusals import Refusal, UnknownReference, WrongState


class OrderStage(StrEnum):
    """How far an order has come."""

    DRAFTED = "drafted"
    """待点单"""
    CHOSEN = "chosen"
    """待接单"""
    CLAIMED = "claimed"
    """服务中"""
    DELIVERED = "delivered"
    """待确认"""
    CONFIRMED = "confirmed"
    """已确认"""


class Order(NamedTuple):
    """An order as of its history."""

    community: str
    places: Places
    latest: datetime
    stage: OrderStage = OrderStage.DRAFTED
    chosen_by: str | None = None
    """The resident's random id of this order."""
    beneficiary_category: str | None = None
    """Of a person in need alone."""
    claims: tuple[Claim, ...] = ()
    delivered_by: str | None = None
    served_by: frozenset[str] = frozenset()
    """The principals who claimed it, or entered its delivery: they do not confirm it."""


class OrderDrafted(Event):
    """制单: a community's branch offers a service, and says how many it takes."""

    kind = "order_drafted"
    term = "制单"
    proposers = (BY_BRANCH,)
    creates = ("order", "order")
    example = {
        "order": "order-2026-031",
        "title": "上门理发",
        "order_category": "elder-care",
        "places": 2,
    }

    order: Id = Field(default_factory=mint_id)
    """The order's id."""
    title: Line
    """The service, as it is shown; never a person's name."""
    order_category: Id
    """What kind of service it is, in a code of the town's own."""
    places: PlaceCount = 1
    """How many members may take it on together."""

    def tags(self) -> tuple[str, ...]:
        return (f"order:{self.order}",)

    def concerns(self, situation: Situation) -> tuple[str, ...]:
        """The community that offers it."""
        return (community_tag(situation.actor.organisation),)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return self.tags()

    def decide(self, situation: Situation) -> Refusal | None:
        return None


class OfOrder(Event):
    """What the later acts on an order have in common."""

    order: Id
    """The order."""

    def tags(self) -> tuple[str, ...]:
        return (f"order:{self.order}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        order: Order | None = state(f"order:{self.order}")
        return (*self.tags(), *(() if order is None else (f"organisation:{order.community}",)))

    def order_at(self, situation: Situation, *stages: OrderStage) -> Order | Refusal:
        """The order at one of these stages, or why nothing is done about it."""
        order: Order | None = situation.state(f"order:{self.order}")
        if order is None:
            return UnknownReference(
                "unknown_order",
                f"order {self.order} is not in this ledger",
                "an order that was drafted",
                "order",
            )
        if order.stage not in stages:
            return WrongState(
                "wrong_stage_of_order",
                f"order {self.order} is {order.stage}",
                "an order that is " + " or ".join(stages),
                "order",
            )
        return precedes(order.latest) if situation.precedes(order.latest) else order


class OrderChosen(OfOrder):
    """点单: a resident wants it; known by a random id that belongs to this order alone."""

    kind = "order_chosen"
    term = "点单"
    proposers = (BY_RESIDENT, BY_COMMUNITY)
    example = {
        "order": "order-2026-031",
        "chosen_by": "0b9e0f3a-7c53-4a5c-9d11-2f6f0f0c7d35",
        "beneficiary_category": "lonely-elders",
    }

    chosen_by: Id = Field(default_factory=mint_random_id)
    """The random id of the resident; of a person in need, the one under which they are helped."""
    beneficiary_category: Id | None = None
    """Of a person in need (困难群众), in a code of the town's own; absent: none is told."""

    def decide(self, situation: Situation) -> Refusal | None:
        order = self.order_at(situation, OrderStage.DRAFTED)
        if not isinstance(order, Order):
            return order
        if situation.actor.office == Office.RESIDENT:
            return not_the_requester(situation, self.chosen_by, "chosen_by")
        return foreign_community(situation, order.community, "order")


class OfOrdersMember(OfOrder):
    """What the acts of somebody who takes an order on have in common."""

    member: Id
    """The principal who takes it on."""

    def claimed_order(self, situation: Situation) -> Order | Refusal:
        """The order that the member has claimed, or why this actor does nothing for them."""
        order = self.order_at(situation, OrderStage.CLAIMED)
        if not isinstance(order, Order):
            return order
        unit = unit_of(order.claims, self.member)
        if unit is None:
            refusal = without_place(order.places, self.member, "member")
            assert refusal is not None, "whoever has a place has claimed it"
            return refusal
        return not_for_them(situation, self.member, unit, order.community) or order


class OrderClaimed(OfOrdersMember):
    """接单: somebody takes it on, as a member of one of their organisations."""

    kind = "order_claimed"
    term = "接单"
    proposers = SERVERS
    example = {"order": "order-2026-031", "member": "p-member", "unit": "unit-school"}

    unit: Id
    """The organisation of which they hold an office, and as whose they serve."""

    def boundary(self, state: Any) -> tuple[str, ...]:
        own = (f"principal:{self.member}", f"organisation:{self.unit}")
        return (*super().boundary(state), *own)

    def decide(self, situation: Situation) -> Refusal | None:
        order = self.order_at(situation, OrderStage.CHOSEN, OrderStage.CLAIMED)
        if not isinstance(order, Order):
            return order
        return (
            not_of_unit(situation, self.member, self.unit)
            or not_for_them(situation, self.member, self.unit, order.community)
            or no_place_for(order.places, self.member, "member")
        )


class OrderReleased(OfOrdersMember):
    """退单: somebody gives it up before it is delivered, for others to take on."""

    kind = "order_released"
    term = "放弃接单"
    proposers = SERVERS
    example = {"order": "order-2026-031", "member": "p-member"}

    def decide(self, situation: Situation) -> Refusal | None:
        order = self.claimed_order(situation)
        return None if isinstance(order, Order) else order


class OrderDelivered(OfOrdersMember):
    """服务完成: one of those who took it on says that it is done."""

    kind = "order_delivered"
    term = "服务完成"
    proposers = SERVERS
    example = {"order": "order-2026-031", "member": "p-member", "hours": 2}

    hours: Hours
    """How long it took all of them together, in whole hours, begun ones counted."""

    def decide(self, situation: Situation) -> Refusal | None:
        order = self.claimed_order(situation)
        return None if isinstance(order, Order) else order


class OrderConfirmed(OfOrder):
    """服务确认: whoever chose it, or a clerk of the community for them, says whether it is done."""

    kind = "order_confirmed"
    term = "服务确认"
    proposers = (BY_RESIDENT, BY_COMMUNITY)
    example = {"order": "order-2026-031", "is_confirmed": True}

    is_confirmed: bool
    """False: it was not done so, and is to be delivered again."""

    def concerns(self, situation: Situation) -> tuple[str, ...]:
        """The community; where it is confirmed, the good deed, the person in need who was helped,
        and whoever delivered it, if they have a claim as a resident unit's member."""
        order: Order = situation.state(f"order:{self.order}")
        if not self.is_confirmed:
            return (community_tag(order.community),)
        in_need = order.beneficiary_category is not None
        return (
            community_tag(order.community),
            f"matter:{self.order}",
            *((f"beneficiary:{order.chosen_by}",) if in_need else ()),
            *claimant_tags(situation, order.delivered_by or ""),
        )

    def boundary(self, state: Any) -> tuple[str, ...]:
        order: Order | None = state(f"order:{self.order}")
        by = None if order is None else order.delivered_by
        return (*super().boundary(state), *(() if by is None else (member_tag(by),)))

    def decide(self, situation: Situation) -> Refusal | None:
        order = self.order_at(situation, OrderStage.DELIVERED)
        if not isinstance(order, Order):
            return order
        if situation.actor.office == Office.RESIDENT:
            return not_the_requester(situation, order.chosen_by or "", "order")
        units = (claim.unit for claim in order.claims)
        own = (own_service(situation, order.served_by, unit) for unit in units)
        return foreign_community(situation, order.community, "order") or next(
            filter(None, own), None
        )


def evolve_order(state: Order | None, tag: str, recorded: Recorded) -> Order | None:
    """The order after one more event."""
    match recorded.event:
        case OrderDrafted(places=places):
            return Order(recorded.actor.organisation, Places(places), recorded.occurred_at)
        case OfOrder() if state:
            changed = _changed(state, recorded)
            return changed._replace(latest=later(state.latest, recorded))
    return state


def _changed(order: Order, recorded: Recorded) -> Order:
    match recorded.event:
        case OrderChosen(chosen_by=chosen_by, beneficiary_category=category):
            return order._replace(
                stage=OrderStage.CHOSEN, chosen_by=chosen_by, beneficiary_category=category
            )
        case OrderClaimed(member=member, unit=unit):
            return _claimed(order, order.places.claimed(member), Claim(member, unit))
        case OrderReleased(member=member):
            return _released(order, member)
        case OrderDelivered(member=member):
            served_by = {recorded.actor.principal, *(claim.member for claim in order.claims)}
            return order._replace(
                stage=OrderStage.DELIVERED, delivered_by=member, served_by=frozenset(served_by)
            )
        case OrderConfirmed(is_confirmed=is_confirmed):
            stage = OrderStage.CONFIRMED if is_confirmed else OrderStage.CLAIMED
            return order._replace(stage=stage)
    return order


def _claimed(order: Order, places: Places, claim: Claim) -> Order:
    return order._replace(stage=OrderStage.CLAIMED, places=places, claims=(*order.claims, claim))


def _released(order: Order, member: str) -> Order:
    places = order.places.vacated(member)
    left = tuple(claim for claim in order.claims if claim.member != member)
    stage = OrderStage.CLAIMED if left else OrderStage.CHOSEN
    return order._replace(stage=stage, places=places, claims=left)


KINDS = (
    OrderDrafted,
    OrderChosen,
    OrderClaimed,
    OrderReleased,
    OrderDelivered,
    OrderConfirmed,
)
FOLDS: Folds = {"order": (evolve_order, KINDS)}
