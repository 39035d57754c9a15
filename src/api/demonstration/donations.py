"""The demonstration's donations: money and goods received, used, put on the shelf and returned."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from api.demonstration import town
from ledger.domain.love_bank.rewards import RewardRestocked
from ledger.domain.money.donation_uses import DonationReturned, DonationUsed, ReturnGround
from ledger.domain.money.donations import (
    DonationPurpose,
    DonationReceived,
    DonorType,
    Goods,
    GoodsUnit,
)
from ledger.event import Event
from ledger.proposal import Proposal

_PURPOSE, _DONOR = DonationPurpose, DonorType
_RICE = Goods(item="rice-5-kg", name="大米（5公斤）", unit=GoodsUnit.BAG, quantity=30)
_OIL = Goods(item="cooking-oil", name="食用油（5升）", unit=GoodsUnit.BOTTLE, quantity=20)
_BOOKS = Goods(item="picture-books", name="儿童图书", unit=GoodsUnit.PIECE, quantity=120)
# Days ago, what came.
_RECEIVED: tuple[tuple[int, Event], ...] = (
    (24, DonationReceived(
        donation="donation-001", receipt="61090126-0000000001", donor_type=_DONOR.ORGANISATION,
        donor_organisation="unit-school", organisation_shown=True, purpose=_PURPOSE.PROJECT,
        project="project-reading-room", goods=(_BOOKS,),
    )),
    (22, DonationReceived(
        donation="donation-002", receipt="61090126-0000000002", donor_type=_DONOR.PERSON,
        purpose=_PURPOSE.HOUSEHOLDS, amount_fen=500_000,
    )),
    (16, DonationReceived(
        donation="donation-003", receipt="61090126-0000000003", donor_type=_DONOR.PERSON,
        purpose=_PURPOSE.LOVE_BANK, goods=(_RICE, _OIL),
    )),
    (9, DonationReceived(
        donation="donation-004", receipt="61090126-0000000004", donor_type=_DONOR.ANONYMOUS,
        purpose=_PURPOSE.UNRESTRICTED, amount_fen=88_800,
    )),
)  # fmt: skip
# Days ago, what became of it.
_USED: tuple[tuple[int, Event], ...] = (
    (20, DonationUsed(
        use="use-001", donation="donation-001", item="picture-books", quantity=110,
        project="project-reading-room",
    )),
    (18, DonationUsed(
        use="use-002", donation="donation-002", amount_fen=320_000,
        household_category="lonely-elders",
    )),
    (14, RewardRestocked(
        reward="reward-rice", quantity=25, donation="donation-003", item="rice-5-kg",
    )),
    (13, DonationReturned(
        donation="donation-003", item="cooking-oil", quantity=2, ground=ReturnGround.UNFIT,
    )),
    (7, DonationUsed(
        use="use-003", donation="donation-004", amount_fen=30_000, project="project-reading-room",
    )),
    (4, DonationReturned(
        donation="donation-002", amount_fen=100_000, ground=ReturnGround.DONOR_ASKED,
    )),
)  # fmt: skip


def donations(now: datetime) -> Iterator[Proposal]:
    """All that was given by `now` (aware): one clerk receives, the other uses."""
    for days_ago, event in _RECEIVED:
        yield Proposal(event, town.COMMITTEE, now - timedelta(days=days_ago))
    for days_ago, event in _USED:
        yield Proposal(event, town.COMMITTEE_B, now - timedelta(days=days_ago))
