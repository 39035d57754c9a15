"""Donations of the year (爱心捐赠): money and goods, for a purpose, used, shelved or returned."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from random import Random
from typing import Any, Final

from api.demonstration.ziyang.bodies import (
    COMMUNITIES,
    ENTERPRISES,
    SOCIAL_ORGANISATIONS,
    Community,
    clerk,
    clerk_b,
)
from api.demonstration.ziyang.days import CLOSING, OPENING, chance, later, spread
from api.demonstration.ziyang.rewards import reward_of
from ledger.domain.love_bank.rewards import RewardRestocked
from ledger.domain.money.donation_uses import DonationReturned, DonationUsed, ReturnGround
from ledger.domain.money.donations import (
    DonationPurpose,
    DonationReceived,
    DonorType,
    Goods,
    GoodsUnit,
)
from ledger.proposal import Proposal

DONATIONS: Final = 90
_GOODS = (
    ("rice-5-kg", "大米（5公斤）", GoodsUnit.BAG),
    ("cooking-oil", "食用油（5升）", GoodsUnit.BOTTLE),
    ("towel", "毛巾", GoodsUnit.PIECE),
    ("soap", "香皂（两块）", GoodsUnit.BOX),
)
_MASKS = ("masks", "医用口罩", GoodsUnit.BOX)
_HOUSEHOLDS = ("lonely-elders", "disabled", "serious-illness", None)


def opening() -> Iterator[Proposal]:
    """Nothing: all of it happens on a day of its own."""
    return iter(())


def changes() -> Iterator[Proposal]:
    """All that was given, and what became of it by the closing date."""
    random = chance("donations")
    moments = spread(random, DONATIONS, OPENING.date(), CLOSING.date())
    for number, moment in enumerate(moments, 1):
        community = random.choice(COMMUNITIES)
        acts = list(_donation(random, f"donation-2020-{number:03}", number, community, moment))
        yield from (act for act in acts if (act.occurred_at or moment) <= CLOSING)


def _donation(
    random: Random, donation: str, number: int, community: Community, moment: datetime
) -> Iterator[Proposal]:
    purpose = random.choice(list(DonationPurpose))
    fields: dict[str, Any] = _donor(random)
    if purpose is DonationPurpose.HOUSEHOLDS:
        fields["household_category"] = random.choice(_HOUSEHOLDS)
    goods = random.random() < 0.6 or purpose is DonationPurpose.LOVE_BANK
    epidemic = moment.month in (2, 3) and purpose is DonationPurpose.UNRESTRICTED
    item, name, unit = _MASKS if epidemic else random.choice(_GOODS)
    quantity, amount = random.randrange(10, 80), random.randrange(2, 80) * 10_000
    if goods:
        fields["goods"] = (Goods(item=item, name=name, unit=unit, quantity=quantity),)
    else:
        fields["amount_fen"] = amount
    received = DonationReceived(
        donation=donation, receipt=f"61090120-{number:010}", purpose=purpose, **fields
    )
    yield Proposal(received, clerk(community.committee), moment)
    moment = later(moment, random.uniform(6, 60))
    if purpose is DonationPurpose.LOVE_BANK:
        restocked = RewardRestocked(
            reward=reward_of(community, item), quantity=quantity, donation=donation, item=item
        )
        yield Proposal(restocked, clerk_b(community.committee), moment)
        return
    left = {"item": item, "quantity": quantity} if goods else {"amount_fen": amount}
    if random.random() < 0.06 and fields["donor_type"] is not DonorType.ANONYMOUS:
        ground = ReturnGround.UNFIT if goods else ReturnGround.DONOR_ASKED
        returned = DonationReturned(donation=donation, ground=ground, **left)
        yield Proposal(returned, clerk_b(community.committee), moment)
        return
    yield from _used(random, donation, purpose, fields, left, community, moment)


def _donor(random: Random) -> dict[str, Any]:
    way = random.random()
    if way < 0.45:
        donor = random.choice((*ENTERPRISES, *SOCIAL_ORGANISATIONS))
        shown = random.random() < 0.8
        return {
            "donor_type": DonorType.ORGANISATION,
            "donor_organisation": donor,
            "organisation_shown": shown,
        }
    if way < 0.85:
        return {"donor_type": DonorType.PERSON}
    return {"donor_type": DonorType.ANONYMOUS}


def _used(
    random: Random,
    donation: str,
    purpose: DonationPurpose,
    fields: dict[str, Any],
    left: dict[str, Any],
    community: Community,
    moment: datetime,
) -> Iterator[Proposal]:
    """In one or two parts, some of it not yet."""
    unit = "amount_fen" if "amount_fen" in left else "quantity"
    parts = random.choices((1, 2), (60, 40))[0]
    for part in range(1, parts + 1):
        taken = {**left, unit: max(1, left[unit] // 2)}
        if purpose is DonationPurpose.PROJECT:
            taken["project"] = f"project-canteen-{community.key}"
        else:
            taken["household_category"] = fields.get("household_category") or "lonely-elders"
        used = DonationUsed(use=f"use-{donation}-{part}", donation=donation, **taken)
        yield Proposal(used, clerk_b(community.committee), moment)
        left = {**left, unit: left[unit] - taken[unit]}
        moment = later(moment, random.uniform(16, 120))
        if not left[unit]:
            return
