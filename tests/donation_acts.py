"""Acts on donations in the test town on paper: who does them, each in a usual form."""

from __future__ import annotations

from typing import Any

from ledger.domain.love_bank.rewards import RewardListed, RewardRestocked, RewardType
from ledger.domain.money.donation_uses import DonationReturned, DonationUsed, ReturnGround
from ledger.domain.money.donations import (
    Donation,
    DonationPurpose,
    DonationReceived,
    DonorType,
    Goods,
    GoodsUnit,
)
from ledger.event import Actor
from ledger.proposal import Proposal
from tests.paper_ledger import PaperLedger
from tests.town import COMMITTEE, COMMITTEE_B

DONATION = "donation-1"
RICE = Goods(item="rice", name="大米（5公斤）", unit=GoodsUnit.BAG, quantity=60)
SOAP = Goods(item="soap", name="香皂", unit=GoodsUnit.PIECE, quantity=20)


def received(actor: Actor = COMMITTEE, **changes: Any) -> Proposal:
    """Goods that a person gave for the love bank."""
    body: dict[str, Any] = {
        "donation": DONATION,
        "receipt": f"receipt-of-{changes.get('donation', DONATION)}",
        "donor_type": DonorType.PERSON,
        "purpose": DonationPurpose.LOVE_BANK,
        "goods": (RICE, SOAP),
        **changes,
    }
    return Proposal(DonationReceived(**body), actor)


def money(amount_fen: int = 100_000, actor: Actor = COMMITTEE, **changes: Any) -> Proposal:
    """Money that a person gave for any purpose."""
    body = {"purpose": DonationPurpose.UNRESTRICTED, "goods": (), **changes}
    return received(actor, amount_fen=amount_fen, **body)


def spent(amount_fen: int | None = 10_000, actor: Actor = COMMITTEE_B, **changes: Any) -> Proposal:
    """Money that is spent for a project, or what the changes name."""
    body: dict[str, Any] = {"donation": DONATION, "project": "project-1", **changes}
    return Proposal(DonationUsed(amount_fen=amount_fen, **body), actor)


def handed_out(quantity: int = 1, item: str = "rice", **changes: Any) -> Proposal:
    """Goods that go to households."""
    body = {"project": None, "household_category": "lonely-elders", **changes}
    return spent(None, item=item, quantity=quantity, **body)


def given_back(
    amount_fen: int | None = None, actor: Actor = COMMITTEE_B, **changes: Any
) -> Proposal:
    """What goes back to the donor."""
    body: dict[str, Any] = {"donation": DONATION, "ground": ReturnGround.NOT_NEEDED, **changes}
    return Proposal(DonationReturned(amount_fen=amount_fen, **body), actor)


def listed(reward: str = "rice-5-kg") -> Proposal:
    """A reward with nothing on the shelf."""
    event = RewardListed(reward=reward, name="大米", reward_type=RewardType.GOODS, points=10)
    return Proposal(event, COMMITTEE)


def restocked(quantity: int = 1, actor: Actor = COMMITTEE_B, **changes: Any) -> Proposal:
    """Donated rice on the shelf."""
    body: dict[str, Any] = {
        "reward": "rice-5-kg", "donation": DONATION, "item": "rice", **changes,
    }  # fmt: skip
    return Proposal(RewardRestocked(quantity=quantity, **body), actor)


def left(paper: PaperLedger, donation: str = DONATION) -> tuple[int, dict[str, int]]:
    """What the ledger has left of a donation: fen, and each item."""
    state: Donation = paper.states[f"donation:{donation}"]
    return state.left_fen, dict(state.left_goods)
