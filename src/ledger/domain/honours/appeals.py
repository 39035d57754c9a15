"""Appeals (评比申诉): whoever a ranking concerns is heard by another body than the one that sealed.

An appeal is taken up, and ruled on then or later. While it is under examination nothing is
published; one that is upheld demands a new sealing.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import Field

from ledger.clocks import local_day
from ledger.decision import Situation, principal_tag
from ledger.domain.honours.periods import OfPeriod, Period, Sealing, known_period
from ledger.domain.honours.rankings import last_day_of_appeal, sealed
from ledger.domain.love_bank.accounts import Account, known_account
from ledger.domain.requests.dispatching import BY_COUNTY, BY_TOWN
from ledger.domain.requests.requests import precedes
from ledger.domain.town.people import Principal
from ledger.event import Folds, Id, PersonalText, Recorded, mint_random_id
from ledger.refusals import Forbidden, Refusal, Unacceptable, WrongState


class AppealOutcome(StrEnum):
    """What became of an appeal."""

    UNDER_EXAMINATION = "under_examination"
    """受理核查: taken up; the ruling follows."""
    UPHELD = "upheld"
    """申诉成立: the standings are to be sealed anew."""
    DISMISSED = "dismissed"
    """申诉不成立"""


class Appeal(NamedTuple):
    """An appeal as of its history."""

    period: str
    account: str
    raised_on: date
    latest: datetime
    is_open: bool


class AppealHeard(OfPeriod):
    """评比申诉: taken up or ruled on, by whom neither the sealing nor the account is theirs."""

    kind = "appeal_heard"
    term = "评比申诉处理"
    proposers = (BY_TOWN, BY_COUNTY)
    creates = ("appeal", "appeal")
    example = {
        "appeal": "5b8e1f92-7c36-4d0a-9e21-c3f06a8d7b14",
        "period": "households-2026-q1",
        "account": "93e1b7d4-05c2-4a6e-b1f8-7d2c40a9e635",
        "raised_on": "2026-04-03",
        "outcome": "upheld",
        "reason": "一次善行的积分漏记",
    }

    appeal: Id = Field(default_factory=mint_random_id)
    """The appeal's id; that of one under examination, to rule on it."""
    account: Id
    """The account of whoever appeals: one that the period ranks, or would if it had points."""
    raised_on: date
    """The day on which it was raised."""
    outcome: AppealOutcome
    """What became of it."""
    reason: PersonalText
    """What was said, and why it was ruled so."""

    def tags(self) -> tuple[str, ...]:
        # First whose it is: the reason is sealed, and erased, with the account's data.
        return (f"account:{self.account}", f"appeal:{self.appeal}", f"period:{self.period}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        return self.tags()

    def continues(self, existing: Any) -> bool:
        """The same appeal is ruled on once it has been examined."""
        own = (self.period, self.account, self.raised_on)
        return isinstance(existing, Appeal) and existing.is_open and existing[:3] == own

    def decide(self, situation: Situation) -> Refusal | None:
        period = known_period(situation, self.period)
        if not isinstance(period, Period):
            return period
        sealing = sealed(period)
        if not isinstance(sealing, Sealing):
            return sealing
        account = known_account(situation, self.account)
        if not isinstance(account, Account):
            return account
        return (
            _unconcerned(period, account)
            or _partial(situation, sealing, account)
            or self._out_of_time(situation, sealing)
        )

    def _out_of_time(self, situation: Situation, sealing: Sealing) -> Refusal | None:
        known: Appeal | None = situation.state(f"appeal:{self.appeal}")
        if known is not None:
            if self.outcome is AppealOutcome.UNDER_EXAMINATION:
                return WrongState(
                    "under_examination_already",
                    "it has been taken up",
                    f"{AppealOutcome.UPHELD} or {AppealOutcome.DISMISSED}",
                    "outcome",
                )
            return precedes(known.latest) if situation.precedes(known.latest) else None
        first, last = local_day(sealing.sealed_at), last_day_of_appeal(sealing.sealed_at)
        last = min(last, local_day(situation.occurred_at))
        if first <= self.raised_on <= last:
            return precedes(sealing.sealed_at) if situation.precedes(sealing.sealed_at) else None
        return Unacceptable(
            "appeal_out_of_time",
            "it was raised before the sealing, after the days to appeal, or not yet",
            f"a day from {first.isoformat()} to {last.isoformat()}",
            "raised_on",
        )


def _unconcerned(period: Period, account: Account) -> Refusal | None:
    if period.takes_in(account.holder_type, account.opened_with):
        return None
    return Unacceptable(
        "not_concerned",
        "the period does not rank accounts like this one",
        f"an account of a {period.holder_type}"
        + (f", opened with {period.community}" if period.community else ""),
        "account",
    )


def _partial(situation: Situation, sealing: Sealing, account: Account) -> Refusal | None:
    actor = situation.actor
    if actor.principal == sealing.sealed_by or actor.organisation == sealing.sealed_for:
        return Forbidden(
            "own_sealing",
            f"{actor.principal} or {actor.organisation} sealed the standings",
            "a body that did not, and another principal",
        )
    principal: Principal = situation.state(principal_tag(actor))
    serves = account.unit is not None and principal.serves(account.unit, situation.at)
    if not serves and not account.is_concerned(actor.principal):
        return None
    return Forbidden(
        "own_appeal",
        "nobody rules on an appeal of their own, their household or their unit",
        "somebody whom the appeal does not concern",
    )


def evolve_appeal(state: Appeal | None, tag: str, recorded: Recorded) -> Appeal | None:
    """The appeal after it was heard once more."""
    match recorded.event:
        case AppealHeard() as event:
            is_open = event.outcome is AppealOutcome.UNDER_EXAMINATION
            return Appeal(
                event.period, event.account, event.raised_on, recorded.occurred_at, is_open
            )
    return state


def evolve_period(state: Period | None, tag: str, recorded: Recorded) -> Period | None:
    """The period after an appeal against its standings was heard."""
    match recorded.event:
        case AppealHeard(appeal=one, outcome=outcome) if state:
            others, upheld = state.open_appeals - {one}, state.upheld_appeals
            if outcome is AppealOutcome.UNDER_EXAMINATION:
                return state._replace(open_appeals=others | {one})
            if outcome is AppealOutcome.UPHELD:
                upheld = upheld | {one}
            return state._replace(open_appeals=others, upheld_appeals=upheld)
    return state


KINDS = (AppealHeard,)
FOLDS: Folds = {
    "appeal": (evolve_appeal, KINDS),
    "period": (evolve_period, KINDS),
}
