"""Drafts of acts on donations: one that comes, and what somebody would do with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ledger.domain.love_bank.rewards import RewardRestocked
from ledger.domain.money.donation_uses import DonationReturned, DonationUsed, ReturnGround
from ledger.domain.money.donations import (
    DonationPurpose,
    DonationReceived,
    DonorType,
    Goods,
    GoodsUnit,
)
from ledger.event import Actor, Event
from tests.plain_model.people import MAY
from tests.town import COMMITTEE, COMMITTEE_B

GIFTS = tuple(f"donation-{number}" for number in range(1, 5))
_RICE = Goods(item="rice", name="大米", unit=GoodsUnit.BAG, quantity=20)


def coming(donation: str, choice: int) -> Event:
    """Money or rice, for one purpose of four, at times on a receipt that was used."""
    purpose = (*DonationPurpose,)[choice % 4]
    receipt = "receipt-1" if choice % 7 == 6 else f"receipt-of-{donation}"
    what: dict[str, Any] = {"amount_fen": 5_000} if choice % 3 == 2 else {"goods": (_RICE,)}
    donor_type = (DonorType.PERSON, DonorType.PERSON, DonorType.ANONYMOUS)[choice // 2 % 3]
    project = "project-1" if purpose is DonationPurpose.PROJECT and choice % 5 else None
    return DonationReceived(
        donation=donation, receipt=receipt, donor_type=donor_type, purpose=purpose,
        project=project, **what,
    )  # fmt: skip


def takings(donation: str, choice: int) -> Iterator[Event]:
    """Everything that may be tried with it."""
    of: dict[str, Any] = {"donation": donation}
    rice: dict[str, Any] = {"item": "rice", "quantity": 1 + choice % 7}
    fen: dict[str, Any] = {"amount_fen": 1 + 37 * (choice % 61)}
    reward = ("soap", "rice")[choice % 2]
    yield DonationUsed(**of, **fen, project=f"project-{1 + choice % 2}")
    yield DonationUsed(**of, **fen, reward=reward)
    yield DonationUsed(**of, **rice, household_category="lonely-elders")
    yield RewardRestocked(**of, **rice, reward=reward)
    yield DonationReturned(**of, **rice, ground=ReturnGround.NOT_NEEDED)
    yield DonationReturned(**of, **fen, ground=ReturnGround.DONOR_ASKED)


def giving(donation: str, choice: int) -> Iterator[tuple[Event, Actor]]:
    """One after the other, mostly by the two clerks, at times by whoever may at all."""
    others = sorted(MAY["donation_used"])
    stranger = others[choice % len(others)]
    yield coming(donation, choice), COMMITTEE if choice % 5 else stranger
    for place, event in enumerate(takings(donation, choice)):
        yield event, stranger if (choice + place) % 4 == 3 else COMMITTEE_B
