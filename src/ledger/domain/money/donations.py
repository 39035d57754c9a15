"""Donations (爱心捐赠): money in fen or goods by the piece, received for a purpose and used for it.

Received = left + used + returned, in fen and of each item of goods, and what is left is never
negative, at whatever time one looks. Whoever receives does not alone use it. It follows the Charity
Law (慈善法): a receipt for each donation, and no use beside what the donor gave it for.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from ledger.decision import Situation
from ledger.domain.love_bank.accounts import BY_BANK
from ledger.domain.money.budgets import AmountFen
from ledger.domain.requests.requests import BY_COMMUNITY
from ledger.domain.town.organisations import BY_TOWN_OFFICE, foreign_community, unknown_organisation
from ledger.event import Event, EventModel, Folds, Id, Line, PersonalName, Recorded, mint_id
from ledger.refusals import Forbidden, Refusal, Unacceptable, UnknownReference, WrongState

MAX_ITEMS = 20
MAX_PIECES = 1_000_000
Pieces = Annotated[int, Field(ge=1, le=MAX_PIECES)]

STEWARDS = (BY_COMMUNITY, BY_BANK, BY_TOWN_OFFICE)


class DonorType(StrEnum):
    """Who gave."""

    ORGANISATION = "organisation"
    """单位"""
    PERSON = "person"
    """个人"""
    ANONYMOUS = "anonymous"
    """匿名: nobody knows who"""


class DonationPurpose(StrEnum):
    """What the donor gave it for: it is used for nothing else."""

    LOVE_BANK = "love_bank"
    """爱心银行: for rewards of the love bank"""
    PROJECT = "project"
    """共建项目"""
    HOUSEHOLDS = "households"
    """帮扶困难家庭"""
    UNRESTRICTED = "unrestricted"
    """不限定: the community decides"""


class GoodsUnit(StrEnum):
    """In what goods are counted, whole."""

    PIECE = "piece"
    """件"""
    SET = "set"
    """套"""
    BOX = "box"
    """箱"""
    BAG = "bag"
    """袋"""
    BOTTLE = "bottle"
    """瓶"""
    KILOGRAM = "kilogram"
    """公斤"""


class Donation(NamedTuple):
    """A donation as of its history."""

    organisation: str
    """The body that received it."""
    received_by: str
    """The principal who took it in: they do not use it."""
    purpose: DonationPurpose
    project: str | None
    household_category: str | None
    is_anonymous: bool
    latest: datetime
    """The last act's claimed time: nothing leaves before it."""
    left_fen: int = 0
    left_goods: tuple[tuple[str, int], ...] = ()
    """(item, how many are left)."""

    def without(
        self, amount_fen: int | None, item: str | None, quantity: int | None, when: datetime
    ) -> Donation:
        """After so much has left it."""
        goods = tuple(
            (name, there - (quantity or 0) if name == item else there)
            for name, there in self.left_goods
        )
        left_fen = self.left_fen - (amount_fen or 0)
        latest = max(self.latest, when)
        return self._replace(left_fen=left_fen, left_goods=goods, latest=latest)


class Goods(EventModel):
    """So many of one thing."""

    item: Id
    """By which it is used, such as rice-5-kg."""
    name: Line
    """As it is shown; never a person's name."""
    unit: GoodsUnit
    """In what it is counted."""
    quantity: Pieces
    """How many of them."""


class DonationReceived(Event):
    """接受捐赠: money or goods are taken in on a numbered receipt, for what the donor says."""

    kind = "donation_received"
    term = "接受捐赠"
    proposers = STEWARDS
    creates = ("donation", "donation")
    example = {
        "donation": "donation-2026-0042",
        "receipt": "61090126-0000000042",
        "donor_type": "person",
        "name": "（捐赠人姓名）",
        "purpose": "love_bank",
        "goods": [{"item": "rice-5-kg", "name": "大米（5公斤）", "unit": "bag", "quantity": 60}],
    }

    donation: Id = Field(default_factory=mint_id)
    """The donation's id, by which it is used."""
    receipt: Id
    """The number of the receipt (捐赠票据) that the donor got; each number once in the town."""
    donor_type: DonorType
    """Who gave."""
    donor_organisation: Id | None = None
    """The organisation that gave; for `organisation` and for no other donor."""
    organisation_shown: bool = False
    """Whether that organisation agreed to be named."""
    name: PersonalName | None = None
    """The person's who gave; shown by consent alone, which `consent_given` tells."""
    purpose: DonationPurpose
    """What it is for."""
    project: Id | None = None
    """The project that it is for; absent: any project."""
    household_category: Id | None = None
    """The category of households, in a code of the town's own; absent: any of them."""
    amount_fen: AmountFen | None = None
    """How much money; absent where goods are given."""
    goods: Annotated[tuple[Goods, ...], Field(max_length=MAX_ITEMS)] = ()
    """The goods, each item once; none where money is given."""

    def tags(self) -> tuple[str, ...]:
        return (f"donation:{self.donation}", f"donation_receipt:{self.receipt}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        by = self.donor_organisation
        return (*self.tags(), *(() if by is None else (f"organisation:{by}",)))

    def decide(self, situation: Situation) -> Refusal | None:
        if (self.amount_fen is None) == (not self.goods):
            return money_or_goods("goods")
        if len({one.item for one in self.goods}) < len(self.goods):
            return Unacceptable(
                "item_twice", "an item is named twice", "each item once, with all of it", "goods"
            )
        return (
            self._misnamed_donor(situation)
            or self._detail_of_another_purpose()
            or self._receipt_used(situation)
        )

    def _misnamed_donor(self, situation: Situation) -> Refusal | None:
        is_organisation = self.donor_type is DonorType.ORGANISATION
        if is_organisation != (self.donor_organisation is not None):
            return _other_donor(self.donor_type, "donor_organisation")
        if self.organisation_shown and not is_organisation:
            return _other_donor(self.donor_type, "organisation_shown")
        if self.name is not None and self.donor_type is not DonorType.PERSON:
            return _other_donor(self.donor_type, "name")
        if self.donor_organisation is None:
            return None
        return unknown_organisation(situation, self.donor_organisation, "donor_organisation")

    def _detail_of_another_purpose(self) -> Refusal | None:
        for field, given, purpose in (
            ("project", self.project, DonationPurpose.PROJECT),
            ("household_category", self.household_category, DonationPurpose.HOUSEHOLDS),
        ):
            if given is not None and self.purpose is not purpose:
                return Unacceptable(
                    "detail_of_another_purpose",
                    f"the purpose is {self.purpose}",
                    f"{field} for the purpose {purpose} alone",
                    field,
                )
        return None

    def _receipt_used(self, situation: Situation) -> Refusal | None:
        receipted: str | None = situation.state(f"donation_receipt:{self.receipt}")
        if receipted is None:
            return None
        return WrongState(
            "receipt_used",
            f"receipt {self.receipt} is that of donation {receipted}",
            "a number that no donation has",
            "receipt",
        )


def of_its_body(donation: str, state: Any) -> tuple[str, ...]:
    """The history that tells of which community a donation is."""
    known: Donation | None = state(f"donation:{donation}")
    return () if known is None else (f"organisation:{known.organisation}",)


def known_donation(situation: Situation, donation: str) -> Donation | Refusal:
    """The donation, or why this actor may take nothing from it."""
    found: Donation | None = situation.state(f"donation:{donation}")
    if found is None:
        return UnknownReference(
            "unknown_donation",
            f"donation {donation} is not in this ledger",
            "a donation that was received",
            "donation",
        )
    foreign = foreign_community(situation, found.organisation, "donation")
    if foreign:
        return foreign
    if situation.actor.principal == found.received_by:
        return Forbidden(
            "own_receipt",
            "nobody uses or returns what they received",
            "another principal of the office",
        )
    return found


def beyond_left(
    donation: Donation, amount_fen: int | None, item: str | None, quantity: int | None
) -> Refusal | None:
    """The refusal where less is left than is to be taken, of money or of an item."""
    if item is None:
        wanted, there, field, unit = amount_fen or 0, donation.left_fen, "amount_fen", " fen"
    else:
        goods = dict(donation.left_goods)
        if item not in goods:
            return UnknownReference(
                "unknown_item",
                f"{item} is not among what was given",
                " or ".join(sorted(goods)) or "money, for no goods were given",
                "item",
            )
        wanted, there, field, unit = quantity or 0, goods[item], "quantity", ""
    if wanted <= there:
        return None
    return WrongState(
        "beyond_what_is_left",
        f"{wanted}{unit} asked, {there} there",
        f"at most {there}{unit}" if there else "nothing more: none of it is left",
        field,
    )


def against_purpose(
    donation: Donation,
    purpose: DonationPurpose,
    field: str,
    only: str | None = None,
    wanted: str | None = None,
) -> Refusal | None:
    """The refusal of a use for which the donation was not given; `only` is what it was."""
    if donation.purpose is DonationPurpose.UNRESTRICTED:
        return None
    if donation.purpose is purpose and only == wanted:
        return None
    detail = donation.project or donation.household_category
    given_for = donation.purpose.value if detail is None else f"{donation.purpose.value} {detail}"
    return Unacceptable(
        "against_purpose", f"it was given for {given_for}", f"a use for {given_for}", field
    )


def money_or_goods(field: str) -> Refusal:
    """The refusal where it is not clear whether money or goods are meant."""
    return Unacceptable(
        "money_or_goods",
        "neither money nor goods are named, or both, or goods in part",
        "amount_fen alone, or goods with their quantity",
        field,
    )


def _other_donor(donor_type: DonorType, field: str) -> Refusal:
    return Unacceptable(
        "other_donor",
        f"{field} does not fit a donor of type {donor_type}",
        "donor_organisation for an organisation, name for a person, neither for anonymous",
        field,
    )


def evolve_donation(state: Donation | None, tag: str, recorded: Recorded) -> Donation | None:
    """The donation as it came."""
    match recorded.event:
        case DonationReceived() as event:
            return Donation(
                recorded.actor.organisation,
                recorded.actor.principal,
                event.purpose,
                event.project,
                event.household_category,
                event.donor_type is DonorType.ANONYMOUS,
                recorded.occurred_at,
                event.amount_fen or 0,
                tuple((one.item, one.quantity) for one in event.goods),
            )
    return state


def evolve_receipt(state: str | None, tag: str, recorded: Recorded) -> str | None:
    """The donation of a receipt's number."""
    match recorded.event:
        case DonationReceived(donation=donation):
            return donation
    return state


KINDS = (DonationReceived,)
FOLDS: Folds = {
    "donation": (evolve_donation, KINDS),
    "donation_receipt": (evolve_receipt, KINDS),
}
