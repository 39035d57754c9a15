"""What is shown of donations (爱心捐赠): sums by purpose, each donation, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from ledger.domain.money.donations import DonationPurpose
from projections.reading import AsOf, bounded, snapshot

NAME = "donations"
_WHOSE = "%(organisation)s::text is null or organisation = %(organisation)s"
_MONEY = f"""select purpose, sum(donations)::bigint as donations,
    sum(amount_fen)::bigint as amount_fen, sum(used_fen)::bigint as used_fen,
    sum(returned_fen)::bigint as returned_fen
    from donation_tally where ({_WHOSE}) and donations > 0
    group by purpose order by purpose limit %(limit)s"""  # noqa: S608 - constants alone
_GOODS = f"""select purpose, name, unit, sum(quantity)::bigint as quantity,
    sum(used)::bigint as used, sum(returned)::bigint as returned
    from donated_goods_tally where ({_WHOSE}) and quantity > 0
    group by purpose, name, unit order by purpose, name, unit
    limit %(limit)s"""  # noqa: S608 - constants alone
_COLUMNS = """donation, organisation, receipt, donor_type, donor_organisation, purpose, project,
    household_category, received_at, position, amount_fen, used_fen, returned_fen"""
_DONATION = f"select {_COLUMNS} from donation where donation = %(donation)s"  # noqa: S608 - constants alone
# A donation leads to its uses, and a reward or a project to the donations behind it.
_DONATIONS = f"""select {_COLUMNS} from donation
    where ({_WHOSE}) and (%(purpose)s::text is null or purpose = %(purpose)s)
    and (%(before)s::bigint is null or position < %(before)s)
    and (%(reward)s::text is null
        or donation in (select donation from donation_use where reward = %(reward)s))
    and (%(project)s::text is null
        or donation in (select donation from donation_use where project = %(project)s))
    order by position desc limit %(limit)s"""  # noqa: S608 - constants alone
_GOODS_OF = """select donation, item, name, unit, quantity, used, returned from donated_goods
    where donation = any(%(donations)s::text[]) order by donation, item limit %(limit)s"""
_USES_OF = """select position, use, used_at, amount_fen, item, quantity, project,
    household_category, reward, return_ground from donation_use
    where donation = %(donation)s order by position limit %(limit)s"""


@dataclass(frozen=True, slots=True)
class MoneyOfPurpose:
    """The donations for one purpose, and the money among them."""

    purpose: str
    donations: int
    amount_fen: int
    used_fen: int
    returned_fen: int

    @property
    def left_fen(self) -> int:
        """What is neither used nor returned."""
        return self.amount_fen - self.used_fen - self.returned_fen


@dataclass(frozen=True, slots=True)
class GoodsOfPurpose:
    """The goods of one name that were given for one purpose."""

    purpose: str
    name: str
    unit: str
    quantity: int
    used: int
    returned: int

    @property
    def left(self) -> int:
        """What is neither used nor returned."""
        return self.quantity - self.used - self.returned


@dataclass(frozen=True, slots=True)
class PublicGoods:
    """An item of a donation."""

    donation: str
    item: str
    name: str
    unit: str
    quantity: int
    used: int
    returned: int

    @property
    def left(self) -> int:
        """What is neither used nor returned."""
        return self.quantity - self.used - self.returned


@dataclass(frozen=True, slots=True)
class PublicDonation:
    """A donation: `donor_organisation` is named where it agreed, a person never by the view."""

    donation: str
    organisation: str
    receipt: str
    donor_type: str
    donor_organisation: str | None
    purpose: str
    project: str | None
    household_category: str | None
    received_at: datetime
    position: int
    amount_fen: int
    used_fen: int
    returned_fen: int

    @property
    def left_fen(self) -> int:
        """What is neither used nor returned."""
        return self.amount_fen - self.used_fen - self.returned_fen


@dataclass(frozen=True, slots=True)
class PublicUse:
    """What was taken from a donation: for a project, households or a reward, or given back."""

    position: int
    use: str | None
    used_at: datetime
    amount_fen: int | None
    item: str | None
    quantity: int | None
    project: str | None
    household_category: str | None
    reward: str | None
    return_ground: str | None


@dataclass(frozen=True, slots=True)
class DonationPage:
    """Sums by purpose over all, then donations, the last first; `next` is the `before` of the page
    that follows, or None. `goods` are those of the donations of this page."""

    as_of: AsOf
    money: tuple[MoneyOfPurpose, ...]
    goods_by_purpose: tuple[GoodsOfPurpose, ...]
    donations: tuple[PublicDonation, ...]
    goods: tuple[PublicGoods, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class DonationRecord:
    """One donation, None when there is none, with its goods and what became of it."""

    as_of: AsOf
    donation: PublicDonation | None
    goods: tuple[PublicGoods, ...]
    uses: tuple[PublicUse, ...]


async def donations(
    connection: AsyncConnection[Any],
    *,
    organisation: str | None = None,
    purpose: DonationPurpose | None = None,
    reward: str | None = None,
    project: str | None = None,
    before: int | None = None,
    limit: int = 50,
    at: datetime | None = None,
) -> DonationPage:
    """The donations of a body or of all, before a position; those that became a reward or went
    into a project, where one is named."""
    wanted = bounded(limit)
    values = {
        "organisation": organisation,
        "purpose": purpose,
        "reward": reward,
        "project": project,
        "before": before,
    }
    tables = ("donation", "donation_tally", "donated_goods", "donated_goods_tally", "donation_use")
    async with snapshot(connection, NAME, tables, at) as seen:
        money = await seen.all(MoneyOfPurpose, _MONEY, values)
        goods = await seen.all(GoodsOfPurpose, _GOODS, values)
        found = await seen.all(PublicDonation, _DONATIONS, values, wanted)
        given = {"donations": [one.donation for one in found]}
        goods_of = await seen.all(PublicGoods, _GOODS_OF, given)
    following = found[-1].position if len(found) == wanted else None
    return DonationPage(seen.as_of, money, goods, found, goods_of, following)


async def donation(
    connection: AsyncConnection[Any], identity: str, *, at: datetime | None = None
) -> DonationRecord:
    """One donation with its goods and its uses."""
    tables = ("donation", "donated_goods", "donation_use")
    async with snapshot(connection, NAME, tables, at) as seen:
        found = await seen.one(PublicDonation, _DONATION, {"donation": identity})
        goods = await seen.all(PublicGoods, _GOODS_OF, {"donations": [identity]})
        uses = await seen.all(PublicUse, _USES_OF, {"donation": identity})
    return DonationRecord(seen.as_of, found, goods, uses)
