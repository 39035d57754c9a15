"""What becomes of donations (捐赠使用): used for their purpose, or returned to who gave them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field

from ledger.decision import Situation
from ledger.domain.money.budgets import AmountFen
from ledger.domain.money.donations import (
    STEWARDS,
    Donation,
    DonationPurpose,
    Pieces,
    against_purpose,
    beyond_left,
    known_donation,
    money_or_goods,
    of_its_body,
)
from ledger.domain.requests.requests import precedes
from ledger.event import Event, Folds, Id, Recorded, mint_id
from ledger.refusals import Refusal, Unacceptable, UnknownReference, WrongState


class ReturnGround(StrEnum):
    """Why a donation goes back."""

    DONOR_ASKED = "donor_asked"
    """捐赠人要求"""
    PURPOSE_GONE = "purpose_gone"
    """用途已不存在"""
    NOT_NEEDED = "not_needed"
    """用后有余"""
    UNFIT = "unfit"
    """物品不合用"""


class OfDonation(Event):
    """What the acts that take from a donation have in common."""

    donation: Id
    """The donation from which it is taken."""
    amount_fen: AmountFen | None = None
    """How much money, up to what is left; absent where goods are taken."""
    item: Id | None = None
    """Which of its goods; absent where money is taken."""
    quantity: Pieces | None = None
    """How many of that item, up to what is left."""

    def tags(self) -> tuple[str, ...]:
        return (f"donation:{self.donation}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*self.tags(), *of_its_body(self.donation, state))

    def taken_from(self, situation: Situation) -> Donation | Refusal:
        """The donation, from which this much may be taken by this actor, or why not."""
        given = (self.amount_fen is not None, self.item is not None, self.quantity is not None)
        if given not in ((True, False, False), (False, True, True)):
            return money_or_goods("item")
        donation = known_donation(situation, self.donation)
        if not isinstance(donation, Donation):
            return donation
        beyond = beyond_left(donation, self.amount_fen, self.item, self.quantity)
        if beyond:
            return beyond
        return precedes(donation.latest) if situation.precedes(donation.latest) else donation


class DonationUsed(OfDonation):
    """使用捐赠: somebody else than who received it uses it for its purpose.

    Goods for the love bank are used by `reward_restocked`, which puts them on the shelf.
    """

    kind = "donation_used"
    term = "使用捐赠"
    proposers = STEWARDS
    creates = ("donation_use", "use")
    example = {
        "use": "use-2026-0007",
        "donation": "donation-2026-0043",
        "amount_fen": 200_000,
        "project": "project-reading-room",
    }

    use: Id = Field(default_factory=mint_id)
    """The use's id."""
    project: Id | None = None
    """The project that it is used for; it, a category or a reward is given, and one of them."""
    household_category: Id | None = None
    """The category of households that it goes to; never a household."""
    reward: Id | None = None
    """The reward of the love bank that the money buys."""

    def tags(self) -> tuple[str, ...]:
        about = (("project", self.project), ("reward", self.reward))
        named = (f"{tag_type}:{identity}" for tag_type, identity in about if identity is not None)
        return (f"donation:{self.donation}", f"donation_use:{self.use}", *named)

    def boundary(self, state: Any) -> tuple[str, ...]:
        # No rule looks at the project, whose history has no end.
        read = super().boundary(state)
        return tuple(tag for tag in read if not tag.startswith("project:"))

    def decide(self, situation: Situation) -> Refusal | None:
        uses = (self.project, self.household_category, self.reward)
        if sum(one is not None for one in uses) != 1:
            return Unacceptable(
                "not_one_use",
                "it is used for none of project, household_category and reward, or for several",
                "one of them; for another use another event",
                "project",
            )
        donation = self.taken_from(situation)
        if not isinstance(donation, Donation):
            return donation
        return self._against_purpose(donation) or self._no_purchase(situation)

    def _against_purpose(self, donation: Donation) -> Refusal | None:
        if self.project is not None:
            only = donation.project or self.project
            return against_purpose(donation, DonationPurpose.PROJECT, "project", only, self.project)
        if self.household_category is not None:
            field, category = "household_category", self.household_category
            only = donation.household_category or category
            return against_purpose(donation, DonationPurpose.HOUSEHOLDS, field, only, category)
        return against_purpose(donation, DonationPurpose.LOVE_BANK, "reward")

    def _no_purchase(self, situation: Situation) -> Refusal | None:
        if self.reward is None:
            return None
        if situation.state(f"reward:{self.reward}") is None:
            return UnknownReference(
                "unknown_reward", f"reward {self.reward} is not listed", "a reward that is",
                "reward",
            )  # fmt: skip
        if self.item is None:
            return None
        return Unacceptable(
            "goods_go_on_the_shelf",
            "donated goods come to the love bank by reward_restocked",
            "reward_restocked with this donation and item",
            "reward",
        )


class DonationReturned(OfDonation):
    """退还捐赠: what is left goes back to whoever gave it."""

    kind = "donation_returned"
    term = "退还捐赠"
    proposers = STEWARDS
    example = {
        "donation": "donation-2026-0043",
        "amount_fen": 50_000,
        "ground": "not_needed",
    }

    ground: ReturnGround
    """Why."""

    def decide(self, situation: Situation) -> Refusal | None:
        donation = self.taken_from(situation)
        if not isinstance(donation, Donation):
            return donation
        if not donation.is_anonymous:
            return None
        return WrongState(
            "nobody_to_return_to",
            "nobody knows who gave it",
            "a donation whose donor is known, or a use for its purpose",
            "donation",
        )


def evolve_donation(state: Donation | None, tag: str, recorded: Recorded) -> Donation | None:
    """The donation after some of it left."""
    match recorded.event:
        case OfDonation(amount_fen=amount_fen, item=item, quantity=quantity) if state:
            return state.without(amount_fen, item, quantity, recorded.occurred_at)
    return state


def evolve_use(state: str | None, tag: str, recorded: Recorded) -> str | None:
    """The donation of a use's id."""
    match recorded.event:
        case DonationUsed(donation=donation):
            return donation
    return state


KINDS = (DonationUsed, DonationReturned)
FOLDS: Folds = {
    "donation": (evolve_donation, KINDS),
    "donation_use": (evolve_use, (DonationUsed,)),
}
