"""Periods of rating (评比周期): what is to be ranked is said before anybody knows who leads.

A period ranks the accounts of one type of holder, of a community or of the town, by the points
earned in its calendar months.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, NamedTuple

from pydantic import Field, StringConstraints

from ledger.clocks import local_day
from ledger.decision import OrganisationType, Situation
from ledger.domain.honours.rolls import roll_tag
from ledger.domain.love_bank.accounts import BY_BANK, HolderType
from ledger.domain.love_bank.points import LovePointsAwarded, months_after
from ledger.domain.requests.dispatching import BY_TOWN
from ledger.domain.town.organisations import Organisation, unknown_organisation
from ledger.event import Event, Folds, Id, Recorded, mint_id
from ledger.refusals import Forbidden, Refusal, Unacceptable, UnknownReference

MAX_MONTHS = 12
RUN_BY = (BY_BANK, BY_TOWN)
"""Who opens, seals and publishes: the committee of a community, or the town."""
Month = Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]
"""A calendar month in Shanghai, such as `2026-03`."""
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 (FIPS 180-4) of the standings, in hex (`ledger.domain.honours.rankings`)."""


class Sealing(NamedTuple):
    """The standings as they were sealed last."""

    digest: str
    sealed_by: str
    """The principal."""
    sealed_for: str
    """The organisation for which that principal acted."""
    sealed_at: datetime
    """As claimed."""


class Period(NamedTuple):
    """A period as of its history."""

    holder_type: HolderType
    first_month: str
    last_month: str
    community: str | None
    """The residents' committee whose accounts are ranked; None: those of the whole town."""
    latest: datetime
    """When it was last opened, sealed or published, as claimed."""
    sealing: Sealing | None = None
    is_published: bool = False
    """Whether the standings that are sealed now are published."""
    open_appeals: frozenset[str] = frozenset()
    upheld_appeals: frozenset[str] = frozenset()
    """Those upheld since it was sealed last: it is to be sealed anew."""

    @property
    def months(self) -> tuple[str, ...]:
        """Its calendar months, in order."""
        return months_between(self.first_month, self.last_month)

    @property
    def over_on(self) -> date:
        """The first day after it, in Shanghai."""
        return months_after(_first_day(self.last_month), 1)

    def takes_in(self, holder_type: HolderType, opened_with: str) -> bool:
        """Whether it ranks accounts of such a holder, opened with that committee."""
        return holder_type is self.holder_type and self.community in (None, opened_with)


class OfPeriod(Event):
    """What the acts on a period have in common."""

    period: Id
    """The period."""

    def tags(self) -> tuple[str, ...]:
        return (f"period:{self.period}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return self.tags()

    def own_period(self, situation: Situation) -> Period | Refusal:
        """The period, or why this actor does not run it."""
        found = known_period(situation, self.period)
        if not isinstance(found, Period):
            return found
        return _of_another_body(situation, found.community, "period") or found


class PeriodOpened(OfPeriod):
    """开展评比: a community or the town says which months, and whose accounts, are ranked."""

    kind = "period_opened"
    term = "评比周期开启"
    proposers = RUN_BY
    creates = ("period", "period")
    example = {
        "period": "households-2026-q1",
        "holder_type": "household",
        "first_month": "2026-01",
        "last_month": "2026-03",
        "community": "committee-riverside",
    }

    period: Id = Field(default_factory=mint_id)
    """The period's id."""
    holder_type: HolderType
    """Whose accounts are ranked: each type among its own."""
    first_month: Month
    """The first month whose points count."""
    last_month: Month
    """The last one; up to a year of them."""
    community: Id | None = None
    """The residents' committee with which the ranked accounts were opened; absent: the town's."""

    def boundary(self, state: Any) -> tuple[str, ...]:
        where = () if self.community is None else (f"organisation:{self.community}",)
        return (*self.tags(), *where)

    def decide(self, situation: Situation) -> Refusal | None:
        if self.community is not None:
            unknown = unknown_organisation(
                situation, self.community, "community", OrganisationType.RESIDENTS_COMMITTEE
            )
            if unknown:
                return unknown
        return _of_another_body(situation, self.community, "community") or self._no_period(
            local_day(situation.occurred_at)
        )

    def _no_period(self, today: date) -> Refusal | None:
        first, last = _first_day(self.first_month), _first_day(self.last_month)
        latest = months_after(first, MAX_MONTHS - 1)
        if not first <= last <= latest:
            return Unacceptable(
                "no_such_months",
                f"{self.first_month} to {self.last_month} are not 1 to {MAX_MONTHS} months",
                f"a month from {self.first_month} to {latest:%Y-%m}",
                "last_month",
            )
        if today < months_after(last, 1):
            return None
        return Unacceptable(
            "opened_afterwards",
            f"{self.last_month} is over: who leads is known",
            f"a month from {today:%Y-%m} on",
            "last_month",
        )


def known_period(situation: Situation, period: str) -> Period | Refusal:
    """The period, or the refusal where none of this id was opened."""
    found: Period | None = situation.state(f"period:{period}")
    return found or UnknownReference(
        "unknown_period", f"period {period} is not in this ledger", "one that was opened", "period"
    )


def months_between(first: str, last: str) -> tuple[str, ...]:
    """The months from one to another, both counted; at most `MAX_MONTHS`."""
    begin = _first_day(first)
    several = (f"{months_after(begin, number):%Y-%m}" for number in range(MAX_MONTHS))
    return tuple(month for month in several if month <= last)


def _first_day(month: str) -> date:
    return date.fromisoformat(f"{month}-01")


def _of_another_body(situation: Situation, community: str | None, field: str) -> Refusal | None:
    actor = situation.actor
    acting: Organisation = situation.state(f"organisation:{actor.organisation}")
    is_community = acting.type is OrganisationType.RESIDENTS_COMMITTEE
    if not is_community or community == actor.organisation:
        return None
    return Forbidden(
        "another_bodys_period",
        f"{actor.organisation} ranks the accounts opened with it, and no others",
        f"community {actor.organisation}, or a principal of the town",
        field,
    )


def evolve_period(state: Period | None, tag: str, recorded: Recorded) -> Period | None:
    """The period once it is opened."""
    match recorded.event:
        case PeriodOpened() as event:
            return Period(
                event.holder_type,
                event.first_month,
                event.last_month,
                event.community,
                recorded.occurred_at,
            )
    return state


def evolve_roll(
    state: frozenset[str] | None, tag: str, recorded: Recorded
) -> frozenset[str] | None:
    """The accounts that were awarded points in a month."""
    match recorded.event:
        case LovePointsAwarded(account=account):
            known = state or frozenset()
            return known if account in known else known | {account}
    return state


def rolls(period: Period) -> tuple[str, ...]:
    """The tags of the rolls of a period's months."""
    return tuple(roll_tag(period.holder_type, month) for month in period.months)


KINDS = (PeriodOpened,)
FOLDS: Folds = {
    "period": (evolve_period, KINDS),
    "earnings": (evolve_roll, (LovePointsAwarded,)),
}
