"""Donations (爱心捐赠): what came, for what, and what became of it; never who a person is.

An organisation is named where it agreed on the receipt; the name of a person is in no view.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from ledger.domain.love_bank.rewards import RewardRestocked
from ledger.domain.money.donation_uses import DonationReturned, DonationUsed, OfDonation
from ledger.domain.money.donations import DonationReceived, Goods
from ledger.event import Recorded
from projections.projection import Contribution, Key, Projection, Rows, Tally
from projections.reference import Reference


class Donation(NamedTuple):
    """A donation: amount_fen = left + used + returned; all are 0 where goods were given."""

    donation: str
    organisation: str
    """The body that received it."""
    receipt: str
    donor_type: str
    donor_organisation: str | None
    """Where it agreed to be named."""
    purpose: str
    project: str | None
    household_category: str | None
    received_at: datetime
    position: int
    amount_fen: int = 0
    used_fen: int = 0
    returned_fen: int = 0


class DonatedGoods(NamedTuple):
    """An item of a donation: quantity = left + used + returned."""

    donation: str
    item: str
    name: str
    unit: str
    organisation: str
    purpose: str
    quantity: int
    used: int = 0
    returned: int = 0


class DonationUse(NamedTuple):
    """What was taken from a donation, and for what; one of the last four says it."""

    donation: str
    position: int
    use: str | None
    """The use's id; none of what went on the shelf or back."""
    used_at: datetime
    amount_fen: int | None
    item: str | None
    quantity: int | None
    project: str | None = None
    household_category: str | None = None
    reward: str | None = None
    return_ground: str | None = None


class MoneyGroup(NamedTuple):
    """By what money is summed."""

    organisation: str
    purpose: str


class MoneyCounts(NamedTuple):
    """What is summed of donations, and in fen of those in money."""

    donations: int = 0
    amount_fen: int = 0
    used_fen: int = 0
    returned_fen: int = 0


class GoodsGroup(NamedTuple):
    """By what goods are summed: of one item under its name."""

    organisation: str
    purpose: str
    name: str
    unit: str


class GoodsCounts(NamedTuple):
    """What is summed of goods, in their unit."""

    quantity: int = 0
    used: int = 0
    returned: int = 0


def _donation_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return ((recorded.event.__dict__["donation"],),)


def _apply_donation(
    row: Donation | None, key: Key, recorded: Recorded, reference: Reference
) -> Donation | None:
    match recorded.event:
        case DonationReceived() as event:
            return Donation(
                event.donation,
                recorded.actor.organisation,
                event.receipt,
                event.donor_type.value,
                event.donor_organisation if event.organisation_shown else None,
                event.purpose.value,
                event.project,
                event.household_category,
                recorded.occurred_at,
                recorded.position,
                event.amount_fen or 0,
            )
        case DonationUsed(amount_fen=amount) if row and amount:
            return row._replace(used_fen=row.used_fen + amount)
        case DonationReturned(amount_fen=amount) if row and amount:
            return row._replace(returned_fen=row.returned_fen + amount)
    return row


def _goods_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    match recorded.event:
        case DonationReceived(donation=donation, goods=goods):
            return tuple((donation, one.item) for one in goods)
        case (
            OfDonation(donation=donation, item=item) | RewardRestocked(donation=donation, item=item)
        ) if donation is not None and item is not None:
            return ((donation, item),)
    return ()


def _apply_goods(
    row: DonatedGoods | None, key: Key, recorded: Recorded, reference: Reference
) -> DonatedGoods | None:
    match recorded.event:
        case DonationReceived() as event:
            return _came(event, next(one for one in event.goods if one.item == key[1]), recorded)
        case DonationReturned(quantity=quantity) if row and quantity:
            return row._replace(returned=row.returned + quantity)
        case DonationUsed(quantity=quantity) | RewardRestocked(quantity=quantity) if (
            row and quantity
        ):
            return row._replace(used=row.used + quantity)
    return row


def _came(event: DonationReceived, goods: Goods, recorded: Recorded) -> DonatedGoods:
    return DonatedGoods(
        event.donation,
        goods.item,
        goods.name,
        goods.unit.value,
        recorded.actor.organisation,
        event.purpose.value,
        goods.quantity,
    )


def _use_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    donation = recorded.event.__dict__["donation"]
    return () if donation is None else ((donation, recorded.position),)


def _apply_use(
    row: DonationUse | None, key: Key, recorded: Recorded, reference: Reference
) -> DonationUse | None:
    donation, position = key
    fields = recorded.event.__dict__
    ground = fields.get("ground")
    return DonationUse(
        donation,
        position,
        fields.get("use"),
        recorded.occurred_at,
        fields.get("amount_fen"),
        fields["item"],
        fields["quantity"],
        fields.get("project"),
        fields.get("household_category"),
        fields.get("reward"),
        None if ground is None else ground.value,
    )


def _contribute_money(row: Donation) -> Iterable[Contribution]:
    counts = MoneyCounts(1, row.amount_fen, row.used_fen, row.returned_fen)
    return (Contribution(MoneyGroup(row.organisation, row.purpose), None, counts),)


def _contribute_goods(row: DonatedGoods) -> Iterable[Contribution]:
    group = GoodsGroup(row.organisation, row.purpose, row.name, row.unit)
    return (Contribution(group, None, GoodsCounts(row.quantity, row.used, row.returned)),)


DONATIONS = Rows(
    table="donation",
    row=Donation,
    key=("donation",),
    kinds=(DonationReceived, DonationUsed, DonationReturned),
    keys=_donation_keys,
    apply=_apply_donation,
    tally=Tally(MoneyGroup, MoneyCounts, _contribute_money),
    indexes=(("position",),),
)
GOODS = Rows(
    table="donated_goods",
    row=DonatedGoods,
    key=("donation", "item"),
    kinds=(DonationReceived, DonationUsed, DonationReturned, RewardRestocked),
    keys=_goods_keys,
    apply=_apply_goods,
    tally=Tally(GoodsGroup, GoodsCounts, _contribute_goods),
)
USES = Rows(
    table="donation_use",
    row=DonationUse,
    key=("donation", "position"),
    kinds=(DonationUsed, DonationReturned, RewardRestocked),
    keys=_use_keys,
    apply=_apply_use,
    indexes=(("reward",), ("project",)),
)
PROJECTION = Projection("donations", 1, (DONATIONS, GOODS, USES))
