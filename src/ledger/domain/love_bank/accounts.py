"""Accounts of the love bank (爱心账户) under random ids, and the lots of points in them.

Points lie in lots: one award makes one lot. What is spent, donated or taken back leaves the lots
that end first. A lot whose deed is contested is held: it counts in the balance and cannot be spent.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import date, datetime
from enum import StrEnum
from itertools import takewhile
from typing import Annotated, Any, NamedTuple, Self

from pydantic import ConfigDict, Field, model_validator

from ledger.clocks import local_day
from ledger.decision import Office, OrganisationType, Situation, standing
from ledger.domain.requests.requests import CLERKS, precedes
from ledger.domain.town.organisations import foreign_community, unknown_organisation
from ledger.event import (
    MAX_INTEGER,
    Actor,
    Event,
    Folds,
    Id,
    PersonalName,
    Recorded,
    mint_random_id,
)
from ledger.refusals import Forbidden, Refusal, Unacceptable, UnknownReference, WrongState

BY_BANK = standing(
    (Office.RESIDENTS_COMMITTEE_MEMBER, *CLERKS), OrganisationType.RESIDENTS_COMMITTEE
)
BY_HOLDER = standing(Office.RESIDENT, OrganisationType.RESIDENTS_COMMITTEE)
Points = Annotated[int, Field(ge=1, le=MAX_INTEGER)]
MAX_HOUSEHOLD_PRINCIPALS = 10


class HolderType(StrEnum):
    """Whose account it is."""

    PERSON = "person"
    """个人"""
    HOUSEHOLD = "household"
    """家庭"""
    UNIT = "unit"
    """单位"""


class Closing(StrEnum):
    """Why an account is closed."""

    AT_REQUEST = "at_request"
    """本人申请"""
    MOVED_AWAY = "moved_away"
    """迁出本镇"""
    OPENED_TWICE = "opened_twice"
    """重复开户"""
    HOLDER_GONE = "holder_gone"
    """户主离世或单位撤销"""


class Lot(NamedTuple):
    """What is left of one award."""

    award: str
    deed: str
    points: int
    expires_on: date | None = None
    """The last day on which it was to be spent; None for awards made before lots ended."""
    last_day: date | None = None
    """After which it is expired: the notice says it. Without a notice nothing expires."""

    def is_expired(self, today: date) -> bool:
        """Whether it cannot be spent any more on that day in Shanghai."""
        return self.last_day is not None and self.last_day < today


def _order(lot: Lot) -> tuple[date, str]:
    """What ends first is in front; of one day, in the order of the awards' ids."""
    return lot.expires_on or date.max, lot.award


class Account(NamedTuple):
    """An account as of its history."""

    holder: str
    holder_type: HolderType
    unit: str | None
    opened_at: datetime
    latest: datetime
    """The last posting's claimed time: no points leave before it, so that the balance was never
    negative at any time, whether one asks by recorded_at or by occurred_at."""
    lots: tuple[Lot, ...] = ()
    """What is not held, those that end first in front."""
    held: tuple[Lot, ...] = ()
    """What is frozen."""
    balance: int = 0
    """The points of all lots."""
    contested: frozenset[tuple[str, str]] = frozenset()
    """(deed, objection): open, under appeal, or upheld."""
    earned: tuple[tuple[str, int], ...] = ()
    """(month, points): awards less what was reversed of them, by the month of the award."""
    shows_masked_name: bool = False
    """Agreed to when it was opened, as what follows is; later acts of consent are told apart."""
    takes_part_in_ranking: bool = False
    household_principals: tuple[str, ...] = ()
    is_closed: bool = False
    opened_with: str = ""
    """The residents' committee with which it was opened."""

    @property
    def held_points(self) -> int:
        """What is frozen."""
        return sum(lot.points for lot in self.held)

    def spendable(self, today: date) -> int:
        """The points that may leave: neither held nor expired."""
        gone = sum(lot.points for lot in self._ended(today) if lot.is_expired(today))
        return self.balance - self.held_points - gone

    def lot_of(self, award: str) -> Lot | None:
        """What is left of an award, held or not; None where nothing is."""
        return next((lot for lot in (*self.held, *self.lots) if lot.award == award), None)

    def earned_in(self, first_month: str, last_month: str) -> int:
        """The points earned from one month to another (`2026-03`), both counted."""
        return sum(points for month, points in self.earned if first_month <= month <= last_month)

    def is_concerned(self, principal: str) -> bool:
        """Whether a deed of this account is one of theirs or of their household."""
        return principal == self.holder or principal in self.household_principals

    def with_lot(self, lot: Lot, month: str, when: datetime) -> Account:
        """After an award."""
        more = self._earning(month, lot.points)
        return more._lying(lot)._replace(
            balance=self.balance + lot.points, latest=max(self.latest, when)
        )

    def without(self, points: int, today: date, when: datetime) -> Account:
        """After so many spendable points have left, those that end first in front."""
        kept: list[Lot] = []
        left, place = points, 0
        for place, lot in enumerate(self.lots):  # noqa: B007 - where it stops is used below
            if lot.is_expired(today):
                kept.append(lot)
            elif lot.points > left:
                kept.append(lot._replace(points=lot.points - left))
                break
            else:
                left -= lot.points
                if not left:
                    break
        lots = (*kept, *self.lots[place + 1 :])
        return self._replace(lots=lots, balance=self.balance - points, latest=when)

    def taken_back(
        self, award: str, points: int, month: str, today: date, when: datetime
    ) -> Account:
        """After an award was reversed: what is left of it goes first, then other points."""
        own = self.lot_of(award)
        found = self if own is None else self.without_lot(award)
        rest = points - (0 if own is None else own.points)
        after = found.without(rest, today, when) if rest else found
        return after._earning(month, -points)._replace(latest=when)

    def without_lot(self, award: str) -> Account:
        """After all that is left of an award is gone."""
        lot = self.lot_of(award)
        if lot is None:
            return self
        return self._replace(
            lots=tuple(one for one in self.lots if one.award != award),
            held=tuple(one for one in self.held if one.award != award),
            balance=self.balance - lot.points,
        )

    def noticed(self, award: str, last_day: date) -> Account:
        """After the notice that an award's lot will expire."""
        lots = (lot._replace(last_day=last_day) if lot.award == award else lot for lot in self.lots)
        return self._replace(lots=tuple(lots))

    def contested_by(self, deed: str, objection: str) -> Account:
        """After an objection to a deed, or an appeal: its lot is held."""
        held = [lot for lot in self.lots if lot.deed == deed]
        after = self._replace(contested=self.contested | {(deed, objection)})
        if not held:
            return after
        return after._replace(
            lots=tuple(lot for lot in self.lots if lot.deed != deed), held=(*self.held, *held)
        )

    def cleared_of(self, deed: str, objection: str) -> Account:
        """After an objection was dismissed: its lot may be spent, unless another one is open.

        It may have been held past the day that a notice named: it ends after another notice.
        """
        contested = self.contested - {(deed, objection)}
        after = self._replace(contested=contested)
        if any(one == deed for one, _ in contested):
            return after
        free = [lot for lot in self.held if lot.deed == deed]
        after = after._replace(held=tuple(lot for lot in self.held if lot.deed != deed))
        for lot in free:
            after = after._lying(lot._replace(last_day=None))
        return after

    def _lying(self, lot: Lot) -> Account:
        place = bisect_right(self.lots, _order(lot), key=_order)
        return self._replace(lots=(*self.lots[:place], lot, *self.lots[place:]))

    def _ended(self, today: date) -> Iterator[Lot]:
        return takewhile(lambda lot: _order(lot)[0] < today, self.lots)

    def _earning(self, month: str, points: int) -> Account:
        earned = dict(self.earned)
        earned[month] = earned.get(month, 0) + points
        return self._replace(earned=tuple(earned.items()))


class AccountOpened(Event):
    """开户: the holder is known by a random id, unless it is a unit."""

    kind = "account_opened"
    version = 2
    term = "开立爱心账户"
    proposers = (BY_BANK, BY_HOLDER)
    creates = ("account", "account")
    example = {
        "holder_type": "person",
        "holder": "2c9d5b0e-7a41-4f3c-8e0d-51b7c6a2f984",
        "ranking_opt_in": True,
    }
    # Until version 1 nobody said whom a household's deeds concern, or with whom they count.
    upcasts = {1: lambda body: {**body, "household_principals": [], "counted_with": None}}
    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"holder_type": {"const": "unit"}}},
            "then": {"properties": {"unit": {"type": "string"}}, "required": ["unit"]},
            "else": {"properties": {"unit": {"type": "null"}}},
        }
    )

    account: Id = Field(default_factory=mint_random_id)
    """The account's id, under which its archive is public."""
    holder_type: HolderType
    """Whose account it is."""
    holder: Id = Field(default_factory=mint_random_id)
    """A random id for this account alone: the pseudonym of a person or household."""
    unit: Id | None = None
    """The organisation that holds the account; for `unit` and for no other type."""
    counted_with: Id | None = None
    """The account of the household or unit with which the points of a person are counted too."""
    household_principals: Annotated[tuple[Id, ...], Field(max_length=MAX_HOUSEHOLD_PRINCIPALS)] = ()
    """Who of the holder's household holds an office: they neither verify nor award its deeds."""
    name: PersonalName | None = None
    """The holder's; shown masked, and by consent alone."""
    masked_name_consent: bool = False
    """Whether the holder lets the masked name be shown."""
    ranking_opt_in: bool = False
    """Whether the account takes part in the public ranking."""

    @model_validator(mode="after")
    def _unit_for_units(self) -> Self:
        if (self.unit is not None) != (self.holder_type is HolderType.UNIT):
            raise ValueError("unit is given for holder_type unit, and for no other")
        return self

    def tags(self) -> tuple[str, ...]:
        return (f"account:{self.account}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        own = (f"account:{self.account}",)
        above = () if self.counted_with is None else (f"account:{self.counted_with}",)
        unit = () if self.unit is None else (f"organisation:{self.unit}",)
        return (*own, *above, *unit)

    def decide(self, situation: Situation) -> Refusal | None:
        if self.unit is not None:
            unknown = unknown_organisation(situation, self.unit, "unit")
            if unknown:
                return unknown
        foreign = self._of_another(situation.actor)
        if foreign or self.counted_with is None:
            return foreign
        return self._miscounted(situation, self.counted_with)

    def _of_another(self, actor: Actor) -> Refusal | None:
        if actor.office != Office.RESIDENT:
            return None
        if self.unit is not None:
            return Forbidden(
                "not_the_holder",
                "a resident is not a unit, whose account the bank opens",
                "an account of the resident or of the household",
                "holder_type",
            )
        if actor.principal == self.holder:
            return None
        return Forbidden(
            "not_the_holder",
            "a resident opens an account for the actor's own id",
            "the actor's id as holder",
            "holder",
        )

    def _miscounted(self, situation: Situation, above: str) -> Refusal | None:
        found: Account | None = situation.state(f"account:{above}")
        is_group = found is not None and found.holder_type is not HolderType.PERSON
        if self.holder_type is HolderType.PERSON and is_group:
            return None
        return Unacceptable(
            "counted_with_no_group",
            f"{above} is no household's or unit's account, or this one is no person's",
            "for a person: the account of a household or unit",
            "counted_with",
        )


class AccountClosed(Event):
    """销户: nothing is left in it, and nothing comes any more; its history stays."""

    kind = "account_closed"
    term = "注销爱心账户"
    proposers = (BY_BANK, BY_HOLDER)
    example = {"account": "93e1b7d4-05c2-4a6e-b1f8-7d2c40a9e635", "ground": "moved_away"}

    account: Id
    """The account that is closed."""
    ground: Closing
    """Why."""

    def tags(self) -> tuple[str, ...]:
        return (f"account:{self.account}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*self.tags(), *of_its_bank(self.account, state))

    def decide(self, situation: Situation) -> Refusal | None:
        account = open_account(situation, self.account)
        if not isinstance(account, Account):
            return account
        foreign = not_theirs(situation, account)
        if foreign:
            return foreign
        left = account.held_points + account.spendable(local_day(situation.at))
        if left:
            return WrongState(
                "points_left",
                f"{left} points are left in the account",
                "an account from which all points were redeemed or donated",
                "account",
            )
        return precedes(account.latest) if situation.precedes(account.latest) else None


def of_its_bank(account: str, state: Any) -> tuple[str, ...]:
    """The history that tells of which community an account is."""
    known: Account | None = state(f"account:{account}")
    return () if known is None else (f"organisation:{known.opened_with}",)


def not_theirs(situation: Situation, account: Account) -> Refusal | None:
    """The refusal for a resident who is not the holder, and for the bank of another community."""
    return not_the_holder(situation, account) or foreign_community(
        situation, account.opened_with, "account"
    )


def not_the_holder(situation: Situation, account: Account) -> Refusal | None:
    """The refusal for a resident who is not the holder."""
    actor = situation.actor
    if actor.office != Office.RESIDENT or actor.principal == account.holder:
        return None
    return Forbidden(
        "not_the_holder",
        "a resident acts on an account of the actor's own id",
        "the holder of the account",
        "account",
    )


def known_account(situation: Situation, account: str) -> Account | Refusal:
    """The account, or the refusal where there is none of this id."""
    state: Account | None = situation.state(f"account:{account}")
    return state or UnknownReference(
        "unknown_account", f"account {account} is not in this ledger", "one opened here", "account"
    )


def open_account(situation: Situation, account: str) -> Account | Refusal:
    """The same, or the refusal where it is closed."""
    found = known_account(situation, account)
    if isinstance(found, Account) and found.is_closed:
        return WrongState(
            "account_closed", f"account {account} is closed", "an account that is open", "account"
        )
    return found


def leaving(situation: Situation, account: Account, points: int) -> Refusal | None:
    """The refusal where so many points may not leave the account now."""
    there = account.spendable(local_day(situation.at))
    if points > there:
        held = f", {account.held_points} held" if account.held else ""
        return WrongState(
            "beyond_balance",
            f"{points} points asked, {there} there{held}",
            f"at most {there} points",
            "points",
        )
    return precedes(account.latest) if situation.precedes(account.latest) else None


def month_of(day: date) -> str:
    """The month of a day, such as `2026-03`."""
    return f"{day:%Y-%m}"


def evolve_account(state: Account | None, tag: str, recorded: Recorded) -> Account | None:
    """The account after its opening or its end."""
    when = recorded.occurred_at
    match recorded.event:
        case AccountOpened() as event:
            return Account(
                event.holder,
                event.holder_type,
                event.unit,
                when,
                when,
                shows_masked_name=event.masked_name_consent,
                takes_part_in_ranking=event.ranking_opt_in,
                household_principals=event.household_principals,
                opened_with=recorded.actor.organisation,
            )
        case AccountClosed() if state:
            return state._replace(is_closed=True, latest=when)
    return state


KINDS = (AccountOpened, AccountClosed)
FOLDS: Folds = {"account": (evolve_account, KINDS)}
