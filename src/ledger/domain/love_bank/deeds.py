"""Good deeds (善行): claimed by whoever did them, and verified, before they are shown.

Nobody has two hands in one deed: who claims it does not verify it, who verifies it does not award
it, and nobody does either for themselves, their household or their unit.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from ledger.clocks import local_day
from ledger.decision import Situation, principal_tag
from ledger.domain.love_bank.accounts import (
    BY_BANK,
    BY_HOLDER,
    Account,
    known_account,
    not_the_holder,
    open_account,
)
from ledger.domain.requests.requests import precedes
from ledger.domain.town.organisations import foreign_community
from ledger.domain.town.people import Principal
from ledger.event import Event, Folds, Id, PersonalText, Recorded, mint_id
from ledger.refusals import Forbidden, Refusal, Unacceptable, UnknownReference, WrongState

MAX_HOURS = 24
MAX_WITNESSES = 5
WITNESSES_FOR_A_NAME = 2
"""How many stand in for a name that is not shown."""


class DeedStage(StrEnum):
    """How far a deed has come; that it is contested follows from its objections."""

    CLAIMED = "claimed"
    """已申报"""
    VERIFIED = "verified"
    """已核实"""
    REJECTED = "rejected"
    """未予认定"""
    IN_PUBLICITY = "in_publicity"
    """公示中, until it is awarded"""
    AWARDED = "awarded"
    """已入账"""


class Deed(NamedTuple):
    """A deed as of its history."""

    account: str
    organisation: str
    """The residents' committee with which it was claimed."""
    deed_category: str
    hours: int
    claimed_by: str
    latest: datetime
    stage: DeedStage = DeedStage.CLAIMED
    verified_by: str | None = None
    witnesses: tuple[str, ...] = ()
    spot_checked_by: str | None = None
    points: int = 0
    """What it is to earn, as publicity shows it."""
    publicity_opened_at: datetime | None = None
    award: str | None = None
    awarded_by: str | None = None
    open: frozenset[str] = frozenset()
    """The objections that wait for a ruling, the first one or that of an appeal."""
    upheld: frozenset[str] = frozenset()
    """The objections that a ruling upheld, and no appeal is open against it."""

    @property
    def is_witnessed(self) -> bool:
        """Whether it may be shown without a name."""
        return len(self.witnesses) >= WITNESSES_FOR_A_NAME and self.spot_checked_by is not None


class OfDeed(Event):
    """What the acts on a deed have in common."""

    deed: Id
    """The deed."""

    def tags(self) -> tuple[str, ...]:
        return (f"deed:{self.deed}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*self.tags(), *_of_its_account(self.deed, state))

    def deed_at(self, situation: Situation, *stages: DeedStage) -> Deed | Refusal:
        """The deed at one of these stages, or why this actor may do nothing about it."""
        deed = known_deed(situation, self.deed)
        if not isinstance(deed, Deed):
            return deed
        foreign = foreign_community(situation, deed.organisation, "deed")
        if foreign:
            return foreign
        if deed.stage not in stages:
            return WrongState(
                "wrong_stage_of_deed",
                f"deed {self.deed} is {deed.stage}",
                "a deed that is " + " or ".join(stages),
                "deed",
            )
        return precedes(deed.latest) if situation.precedes(deed.latest) else deed


class DeedClaimed(Event):
    """善行申报: somebody says what good they did, or a clerk takes it down."""

    kind = "deed_claimed"
    term = "善行申报"
    proposers = (BY_BANK, BY_HOLDER)
    creates = ("deed", "deed")
    example = {
        "deed": "deed-2026-0188",
        "account": "93e1b7d4-05c2-4a6e-b1f8-7d2c40a9e635",
        "deed_category": "elder-care",
        "done_on": "2026-02-28",
        "hours": 2,
        "grid_unit": "cluster-7",
        "description": "陪独居老人就医并代取药",
    }

    deed: Id = Field(default_factory=mint_id)
    """The deed's id; several who did it together claim a deed each."""
    account: Id
    """The account that it is to earn points for."""
    deed_category: Id
    """What kind of deed it was, in a code of the town's own, such as elder-care."""
    done_on: date
    """The day on which it was done."""
    hours: Annotated[int, Field(ge=1, le=MAX_HOURS)]
    """How long it took, in whole hours, begun ones counted."""
    grid_unit: Id | None = None
    """Where it was done; absent: in the community, at no place that is to be shown."""
    description: PersonalText | None = None
    """What was done; never shown."""
    paid: bool = False
    """Whether somebody was paid for these hours: they earn no points."""

    def tags(self) -> tuple[str, ...]:
        return (f"account:{self.account}", f"deed:{self.deed}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        unit = () if self.grid_unit is None else (f"grid_unit:{self.grid_unit}",)
        return (*self.tags(), *unit)

    def decide(self, situation: Situation) -> Refusal | None:
        account = open_account(situation, self.account)
        if not isinstance(account, Account):
            return account
        foreign = not_the_holder(situation, account)
        if foreign:
            return foreign
        if self.paid:
            return Unacceptable(
                "paid_hours", "paid hours earn no points", "hours for which nobody was paid", "paid"
            )
        today = local_day(situation.occurred_at)
        if self.done_on > today:
            return Unacceptable(
                "done_in_the_future",
                "the day of the deed is still to come",
                f"a day up to {today.isoformat()}",
                "done_on",
            )
        if self.grid_unit is not None and situation.state(f"grid_unit:{self.grid_unit}") is None:
            return UnknownReference(
                "unknown_grid_unit",
                f"grid unit {self.grid_unit} is not in this ledger",
                "a unit of the grid",
                "grid_unit",
            )
        return precedes(account.opened_at) if situation.precedes(account.opened_at) else None


class DeedVerified(OfDeed):
    """善行核实: somebody else than who claimed it finds that it was done, or was not."""

    kind = "deed_verified"
    term = "善行核实"
    proposers = (BY_BANK,)
    example = {
        "deed": "deed-2026-0188",
        "is_confirmed": True,
        "witnesses": ["p-building-head", "p-volunteer"],
        "spot_checked_by": "p-supervisor",
    }

    is_confirmed: bool
    """False: it was not done so, and earns nothing."""
    witnesses: Annotated[tuple[Id, ...], Field(max_length=MAX_WITNESSES)] = ()
    """Principals who saw it: two of them, and a spot check, where no name is to be shown."""
    spot_checked_by: Id | None = None
    """The principal who went to look (抽查)."""

    def boundary(self, state: Any) -> tuple[str, ...]:
        named = (f"principal:{one}" for one in self._named())
        return (*super().boundary(state), *named)

    def decide(self, situation: Situation) -> Refusal | None:
        deed = self.deed_at(situation, DeedStage.CLAIMED)
        if not isinstance(deed, Deed):
            return deed
        if situation.actor.principal == deed.claimed_by:
            return Forbidden(
                "own_claim", "nobody verifies what they claimed", "another principal of the office"
            )
        return concerned(situation, deed) or self._unfit_witness(situation, deed)

    def _named(self) -> tuple[str, ...]:
        return (*self.witnesses, *(() if self.spot_checked_by is None else (self.spot_checked_by,)))

    def _unfit_witness(self, situation: Situation, deed: Deed) -> Refusal | None:
        account: Account = situation.state(f"account:{deed.account}")
        field = "witnesses" if self.witnesses else "spot_checked_by"
        named = self._named()
        if len(set(named)) < len(named):
            return Unacceptable(
                "named_twice", "somebody is named twice", "each witness and checker once", field
            )
        for one in named:
            principal: Principal | None = situation.state(f"principal:{one}")
            if principal is None:
                return UnknownReference(
                    "unknown_principal", f"nobody here is {one}", "somebody enrolled here", field
                )
            if (
                account.is_concerned(one)
                or one in (situation.actor.principal, deed.claimed_by)
                or (account.unit is not None and principal.serves(account.unit, situation.at))
            ):
                return Unacceptable(
                    "no_free_witness",
                    f"{one} claimed or verifies the deed, or it is of their house or unit",
                    "somebody whom the deed does not concern",
                    field,
                )
        return None


def concerned(situation: Situation, deed: Deed) -> Refusal | None:
    """The refusal for whoever would judge a deed of their own, their household or their unit."""
    account: Account = situation.state(f"account:{deed.account}")
    if account.is_concerned(situation.actor.principal):
        return _own("own_deed", "nobody judges a deed of their own or of their household")
    principal: Principal = situation.state(principal_tag(situation.actor))
    if account.unit is not None and principal.serves(account.unit, situation.at):
        return _own("own_units_deed", "nobody judges a deed of their own unit")
    return None


def _own(rule: str, reason: str) -> Refusal:
    return Forbidden(rule, reason, "somebody whom the deed does not concern")


def known_deed(situation: Situation, deed: str) -> Deed | Refusal:
    """The deed, or the refusal where none of this id was claimed."""
    found: Deed | None = situation.state(f"deed:{deed}")
    if found is None:
        return UnknownReference(
            "unknown_deed", f"deed {deed} is not in this ledger", "a deed that was claimed", "deed"
        )
    # Its account was there when it was claimed.
    assert isinstance(known_account(situation, found.account), Account)
    return found


def _of_its_account(deed: str, state: Any) -> tuple[str, ...]:
    known: Deed | None = state(f"deed:{deed}")
    if known is None:
        return ()
    return (f"account:{known.account}", f"organisation:{known.organisation}")


def evolve_deed(state: Deed | None, tag: str, recorded: Recorded) -> Deed | None:
    """The deed after it was claimed or verified."""
    when, actor = recorded.occurred_at, recorded.actor
    match recorded.event:
        case DeedClaimed() as event:
            return Deed(
                event.account,
                actor.organisation,
                event.deed_category,
                event.hours,
                actor.principal,
                when,
            )
        case DeedVerified() as event if state:
            return state._replace(
                stage=DeedStage.VERIFIED if event.is_confirmed else DeedStage.REJECTED,
                verified_by=actor.principal,
                witnesses=event.witnesses,
                spot_checked_by=event.spot_checked_by,
                latest=when,
            )
    return state


KINDS = (DeedClaimed, DeedVerified)
FOLDS: Folds = {"deed": (evolve_deed, KINDS)}
