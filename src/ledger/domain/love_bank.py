"""The love bank (爱心银行): accounts under random ids, points awarded, redeemed and reversed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, NamedTuple, Self

from pydantic import ConfigDict, Field, model_validator

from ledger.decision import Office, OrganisationType, Situation, principal_tag, standing
from ledger.domain.organisations import TOWN, unknown_organisation
from ledger.domain.people import Principal
from ledger.domain.requests import CLERKS, precedes
from ledger.domain.rules import RULES_TAG, RulesEnacted, rules_in_force
from ledger.event import (
    MAX_INTEGER,
    Event,
    Folds,
    Id,
    PersonalName,
    PersonalText,
    Recorded,
    mint_id,
    mint_random_id,
)
from ledger.refusals import Forbidden, Refusal, Unacceptable, UnknownReference, WrongState

_BANK = standing((Office.RESIDENTS_COMMITTEE_MEMBER, *CLERKS), OrganisationType.RESIDENTS_COMMITTEE)
Points = Annotated[int, Field(ge=1, le=MAX_INTEGER)]


class HolderType(StrEnum):
    """Whose account it is."""

    PERSON = "person"
    """个人"""
    HOUSEHOLD = "household"
    """家庭"""
    UNIT = "unit"
    """单位"""


class Account(NamedTuple):
    """An account as of its history."""

    holder: str
    unit: str | None
    opened_at: datetime
    latest: datetime
    """The last posting's claimed time: no points leave before it, so that the balance was never
    negative at any time, whether one asks by recorded_at or by occurred_at."""
    balance: int = 0
    shows_masked_name: bool = False
    """Agreed to when it was opened, as what follows is; later acts of consent are told apart."""
    takes_part_in_ranking: bool = False


class Award(NamedTuple):
    """One award, so that it can be reversed once."""

    account: str
    points: int
    awarded_by: str
    is_reversed: bool = False


class AccountOpened(Event):
    """开户: the holder is known by a random id, unless it is a unit."""

    kind = "account_opened"
    term = "开立爱心账户"
    proposers = (
        _BANK,
        standing(Office.RESIDENT, OrganisationType.RESIDENTS_COMMITTEE),
    )
    creates = ("account", "account")
    example = {
        "holder_type": "person",
        "holder": "2c9d5b0e-7a41-4f3c-8e0d-51b7c6a2f984",
        "ranking_opt_in": True,
    }
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
        return own if self.unit is None else (*own, f"organisation:{self.unit}")

    def decide(self, situation: Situation) -> Refusal | None:
        if self.unit is not None:
            return unknown_organisation(situation, self.unit, "unit")
        if situation.actor.office == Office.RESIDENT and situation.actor.principal != self.holder:
            return Forbidden(
                "not_the_holder",
                "a resident opens an account for the actor's own id",
                "the actor's id as holder",
                "holder",
            )
        return None


class LovePointsAwarded(Event):
    """Points for a deed; nobody awards a deed of their own or of their unit."""

    kind = "love_points_awarded"
    term = "爱心积分入账"
    proposers = (_BANK,)
    creates = ("award", "award")
    example = {
        "award": "award-2026-0188",
        "account": "93e1b7d4-05c2-4a6e-b1f8-7d2c40a9e635",
        "deed": "deed-2026-0188",
        "deed_category": "elder-care",
        "points": 2,
    }

    award: Id = Field(default_factory=mint_id)
    """The award's id, by which it may be reversed."""
    account: Id
    """The account that the points go to."""
    deed: Id
    """The good deed; it is awarded once to an account."""
    deed_category: Id
    """What kind of deed it was, in a code of the town's own, such as elder-care."""
    points: Points
    """How many, up to the pack's max_points_per_award."""

    def tags(self) -> tuple[str, ...]:
        return (f"account:{self.account}", f"award:{self.award}", f"deed:{self.deed}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*self.tags(), RULES_TAG)

    def decide(self, situation: Situation) -> Refusal | None:
        account = known_account(situation, self.account)
        if not isinstance(account, Account):
            return account
        if situation.actor.principal == account.holder:
            return _own_award("own_award", "nobody awards a deed of their own")
        principal: Principal = situation.state(principal_tag(situation.actor))
        if account.unit is not None and principal.serves(account.unit, situation.at):
            return _own_award("own_units_award", "nobody awards a deed of their own unit")
        if situation.precedes(account.opened_at):
            return precedes(account.opened_at)
        if self.account in (situation.state(f"deed:{self.deed}") or ()):
            return WrongState(
                "deed_already_awarded",
                f"deed {self.deed} has been awarded to this account",
                "one award for a deed and an account",
                "deed",
            )
        pack = rules_in_force(situation)
        if not isinstance(pack, RulesEnacted):
            return pack
        if self.points > pack.max_points_per_award:
            return Unacceptable(
                "too_many_points",
                f"{self.points} points for one deed",
                f"1 to {pack.max_points_per_award} points (pack {pack.pack_version})",
                "points",
            )
        return None


class LovePointsRedeemed(Event):
    """Points are spent on a reward, never beyond the balance."""

    kind = "love_points_redeemed"
    term = "爱心积分兑换"
    proposers = (_BANK,)
    creates = ("redemption", "redemption")
    example = {
        "redemption": "redemption-2026-0071",
        "account": "93e1b7d4-05c2-4a6e-b1f8-7d2c40a9e635",
        "reward": "rice-5-kg",
        "points": 10,
    }

    redemption: Id = Field(default_factory=mint_id)
    """The redemption's id."""
    account: Id
    """The account that the points are taken from."""
    reward: Id
    """What the points are spent on."""
    points: Points
    """How many, up to the account's balance."""

    def tags(self) -> tuple[str, ...]:
        return (f"account:{self.account}", f"redemption:{self.redemption}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        return self.tags()

    def decide(self, situation: Situation) -> Refusal | None:
        account = known_account(situation, self.account)
        if not isinstance(account, Account):
            return account
        return _leaving(situation, account, self.points)


class LovePointsReversed(Event):
    """冲正: an award is taken back, once, by somebody else than who made it."""

    kind = "love_points_reversed"
    term = "爱心积分冲正"
    proposers = (
        _BANK,
        standing((Office.SECRETARY, *CLERKS), *TOWN, OrganisationType.RESIDENTS_SUPERVISION),
    )
    example = {
        "award": "award-2026-0188",
        "account": "93e1b7d4-05c2-4a6e-b1f8-7d2c40a9e635",
        "points": 2,
        "reason": "该善行已由另一账户登记",
    }

    award: Id
    """The award that is taken back."""
    account: Id
    """The account to which the award was made."""
    points: Points
    """The points of the award, all of them."""
    reason: PersonalText
    """Why it should not have been made."""

    def tags(self) -> tuple[str, ...]:
        return (f"account:{self.account}", f"award:{self.award}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        return self.tags()

    def decide(self, situation: Situation) -> Refusal | None:
        account = known_account(situation, self.account)
        if not isinstance(account, Account):
            return account
        award: Award | None = situation.state(f"award:{self.award}")
        if award is None or award.account != self.account:
            return UnknownReference(
                "unknown_award",
                f"award {self.award} was not made to this account",
                "an award of this account",
                "award",
            )
        if award.is_reversed:
            return WrongState(
                "already_reversed", "this award has been reversed", "an award that stands", "award"
            )
        if self.points != award.points:
            return Unacceptable(
                "not_the_awards_points",
                f"the award was of {award.points} points",
                f"{award.points} points",
                "points",
            )
        if situation.actor.principal == award.awarded_by:
            return Forbidden(
                "own_award", "nobody rules on their own award", "another principal of the office"
            )
        return _leaving(situation, account, self.points)


def _own_award(rule: str, reason: str) -> Refusal:
    return Forbidden(rule, reason, "an award by somebody whom the deed does not concern")


def _leaving(situation: Situation, account: Account, points: int) -> Refusal | None:
    if points > account.balance:
        return WrongState(
            "beyond_balance",
            f"{points} points asked, {account.balance} there",
            f"at most {account.balance} points",
            "points",
        )
    return precedes(account.latest) if situation.precedes(account.latest) else None


def known_account(situation: Situation, account: str) -> Account | Refusal:
    """The account, or the refusal where there is none of this id."""
    state: Account | None = situation.state(f"account:{account}")
    return state or UnknownReference(
        "unknown_account", f"account {account} is not in this ledger", "one opened here", "account"
    )


def evolve_account(state: Account | None, tag: str, recorded: Recorded) -> Account | None:
    """The account after one more event of its history."""
    when = recorded.occurred_at
    match recorded.event:
        case AccountOpened() as event:
            return Account(
                event.holder,
                event.unit,
                when,
                when,
                shows_masked_name=event.masked_name_consent,
                takes_part_in_ranking=event.ranking_opt_in,
            )
        case LovePointsAwarded(points=points) if state:
            latest = max(state.latest, when)
            return state._replace(balance=state.balance + points, latest=latest)
        case LovePointsRedeemed(points=points) | LovePointsReversed(points=points) if state:
            return state._replace(balance=state.balance - points, latest=when)
    return state


def evolve_award(state: Award | None, tag: str, recorded: Recorded) -> Award | None:
    """The award after one more event of its history."""
    match recorded.event:
        case LovePointsAwarded() as event:
            return Award(event.account, event.points, recorded.actor.principal)
        case LovePointsReversed() if state:
            return state._replace(is_reversed=True)
    return state


def evolve_redemption(state: str | None, tag: str, recorded: Recorded) -> str | None:
    """The account that a redemption was charged to."""
    match recorded.event:
        case LovePointsRedeemed(account=account):
            return account
    return state


def evolve_deed(
    state: frozenset[str] | None, tag: str, recorded: Recorded
) -> frozenset[str] | None:
    """The accounts to which a deed has been awarded."""
    match recorded.event:
        case LovePointsAwarded(account=account):
            return (state or frozenset()) | {account}
    return state


KINDS = (AccountOpened, LovePointsAwarded, LovePointsRedeemed, LovePointsReversed)
FOLDS: Folds = {
    "account": (evolve_account, KINDS),
    "award": (evolve_award, (LovePointsAwarded, LovePointsReversed)),
    "deed": (evolve_deed, (LovePointsAwarded,)),
    "redemption": (evolve_redemption, (LovePointsRedeemed,)),
}
