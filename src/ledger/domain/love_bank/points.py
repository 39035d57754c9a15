"""Love points (爱心积分): awarded after publicity, reversed, donated, expired after a notice."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import Any, NamedTuple

from pydantic import Field

from ledger.clocks import local_day
from ledger.decision import Office, OrganisationType, Situation, standing
from ledger.domain.honours.rolls import may_be_ranked, roll_tag
from ledger.domain.love_bank.accounts import (
    BY_BANK,
    BY_HOLDER,
    Account,
    Lot,
    Points,
    known_account,
    leaving,
    month_of,
    not_theirs,
    of_its_bank,
    open_account,
)
from ledger.domain.love_bank.deeds import Deed, DeedStage, OfDeed, concerned, known_deed
from ledger.domain.love_bank.publicity import publicity_ends
from ledger.domain.requests.requests import CLERKS, precedes
from ledger.domain.rules.rules import RULES_TAG, RulesEnacted, rules_in_force
from ledger.domain.rules.terms import calendar_tags
from ledger.domain.town.organisations import TOWN
from ledger.event import Event, Folds, Id, PersonalText, Recorded, mint_id
from ledger.refusals import Forbidden, Refusal, Unacceptable, UnknownReference, WrongState

BY_TIMEKEEPER = standing(Office.TIMEKEEPER, *TOWN)


class Award(NamedTuple):
    """One award, so that it can be reversed once."""

    account: str
    points: int
    awarded_by: str
    awarded_on: date
    """The day in Shanghai, as claimed."""
    expired: int = 0
    """How many of its points expired: they are not taken back from others."""
    is_reversed: bool = False


class LovePointsAwarded(OfDeed):
    """入账: points for a deed whose publicity is over, and to which no objection stands."""

    kind = "love_points_awarded"
    version = 2
    term = "爱心积分入账"
    proposers = (BY_BANK,)
    creates = ("award", "award")
    example = {
        "award": "award-2026-0188",
        "account": "93e1b7d4-05c2-4a6e-b1f8-7d2c40a9e635",
        "deed": "deed-2026-0188",
        "deed_category": "elder-care",
        "points": 2,
        "expires_on": "2028-03-09",
    }
    # Until version 1 points did not end.
    upcasts = {1: lambda body: {**body, "expires_on": None}}

    award: Id = Field(default_factory=mint_id)
    """The award's id, by which it may be reversed."""
    account: Id
    """The account that the points go to."""
    deed: Id
    """The good deed; it is awarded once."""
    deed_category: Id
    """What kind of deed it was, as it was claimed."""
    points: Points
    """As many as publicity showed."""
    expires_on: date | None
    """The last day on which they are to be spent: so many months after the day on which they are
    awarded as the pack says; none where it sets no end."""

    def tags(self) -> tuple[str, ...]:
        return (f"account:{self.account}", f"award:{self.award}", f"deed:{self.deed}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        deed: Deed | None = state(f"deed:{self.deed}")
        since = deed and deed.publicity_opened_at
        calendars = calendar_tags(since) if since else ()
        of_deed = super().boundary(state)
        account: Account | None = state(f"account:{self.account}")
        unit = account and account.unit
        of_unit = () if unit is None else (f"organisation:{unit}",)
        return (*of_deed, RULES_TAG, *calendars, *of_unit)

    def concerns(self, situation: Situation) -> tuple[str, ...]:
        """The roll of those who earned points in the month, of whom periods are ranked."""
        account: Account = situation.state(f"account:{self.account}")
        unit = None if account.unit is None else situation.state(f"organisation:{account.unit}")
        if not may_be_ranked(account.holder_type, unit and unit.type):
            return ()
        return (roll_tag(account.holder_type, month_of(local_day(situation.occurred_at))),)

    def decide(self, situation: Situation) -> Refusal | None:
        account = open_account(situation, self.account)
        if not isinstance(account, Account):
            return account
        deed = known_deed(situation, self.deed)
        if not isinstance(deed, Deed):
            return deed
        return (
            self._already_awarded(deed)
            or self._refused_by(self.deed_at(situation, DeedStage.IN_PUBLICITY))
            or concerned(situation, deed)
            or self._own_verification(situation, deed)
            or self._contested(deed)
            or self._in_publicity(situation, deed)
            or self._not_as_shown(deed)
            or self._wrong_end(situation)
        )

    def _already_awarded(self, deed: Deed) -> Refusal | None:
        if deed.award is None:
            return None
        return WrongState(
            "deed_already_awarded",
            f"deed {self.deed} was awarded as {deed.award}",
            "one award for a deed",
            "deed",
        )

    def _refused_by(self, found: Deed | Refusal) -> Refusal | None:
        return None if isinstance(found, Deed) else found

    def _own_verification(self, situation: Situation, deed: Deed) -> Refusal | None:
        if situation.actor.principal != deed.verified_by:
            return None
        return Forbidden(
            "own_verification", "nobody awards what they verified", "another principal"
        )

    def _contested(self, deed: Deed) -> Refusal | None:
        if not deed.open and not deed.upheld:
            return None
        return WrongState(
            "deed_contested",
            "an objection to the deed is open or upheld",
            "a deed to which every objection was dismissed",
            "deed",
        )

    def _in_publicity(self, situation: Situation, deed: Deed) -> Refusal | None:
        assert deed.publicity_opened_at is not None  # it stands at IN_PUBLICITY
        until = publicity_ends(situation.state, deed.publicity_opened_at)
        if until is not None and situation.occurred_at > until:
            return None
        return WrongState(
            "publicity_not_over",
            "the deed is still in publicity",
            "a time after its end" if until is None else f"a time after {until.isoformat()}",
            "deed",
        )

    def _not_as_shown(self, deed: Deed) -> Refusal | None:
        shown = (deed.account, deed.deed_category, deed.points)
        if (self.account, self.deed_category, self.points) == shown:
            return None
        return Unacceptable(
            "not_as_shown",
            "account, kind of deed or points differ from what was claimed and shown",
            f"{deed.points} points for {deed.deed_category} to account {deed.account}",
            "points" if self.points != deed.points else "deed",
        )

    def _wrong_end(self, situation: Situation) -> Refusal | None:
        pack = rules_in_force(situation)
        if not isinstance(pack, RulesEnacted):
            return pack
        months = pack.points_expire_after_months
        ends = None if months is None else months_after(local_day(situation.occurred_at), months)
        if self.expires_on == ends:
            return None
        return Unacceptable(
            "wrong_end",
            f"points of this pack end {f'after {months} months' if months else 'never'}",
            "none" if ends is None else ends.isoformat(),
            "expires_on",
        )


class LovePointsReversed(Event):
    """冲正: an award is taken back, once, by somebody else than who made it."""

    kind = "love_points_reversed"
    version = 2
    term = "爱心积分冲正"
    proposers = (
        BY_BANK,
        standing((Office.SECRETARY, *CLERKS), *TOWN, OrganisationType.RESIDENTS_SUPERVISION),
    )
    example = {
        "award": "award-2026-0188",
        "account": "93e1b7d4-05c2-4a6e-b1f8-7d2c40a9e635",
        "points": 2,
        "awarded_on": "2026-03-09",
        "reason": "该善行已由另一账户登记",
    }
    # Until version 1 a reversal counted in its own month.
    upcasts = {1: lambda body: {**body, "awarded_on": None}}

    award: Id
    """The award that is taken back."""
    account: Id
    """The account to which the award was made."""
    points: Points
    """The points of the award, all that did not expire."""
    awarded_on: date | None
    """The day of the award in Shanghai, as claimed: in its month the points are no longer earned;
    none in records from before it was asked for."""
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
        award = known_award(situation, self.award, self.account)
        if not isinstance(award, Award):
            return award
        if award.is_reversed:
            return WrongState(
                "already_reversed", "this award has been reversed", "an award that stands", "award"
            )
        left = award.points - award.expired
        if not left:
            return WrongState(
                "award_expired", "all points of this award expired", "an award with points", "award"
            )
        if self.points != left:
            return Unacceptable(
                "not_the_awards_points",
                f"the award was of {award.points} points, {award.expired} of them expired",
                f"{left} points",
                "points",
            )
        if self.awarded_on != award.awarded_on:
            return Unacceptable(
                "not_the_awards_day",
                "the award was made on another day",
                award.awarded_on.isoformat(),
                "awarded_on",
            )
        if situation.actor.principal == award.awarded_by:
            return Forbidden(
                "own_award", "nobody rules on their own award", "another principal of the office"
            )
        return self._overdrawing(situation, account)

    def _overdrawing(self, situation: Situation, account: Account) -> Refusal | None:
        own = account.lot_of(self.award)
        others = account if own is None else account.without_lot(self.award)
        there = others.spendable(local_day(situation.at)) + (0 if own is None else own.points)
        if self.points > there:
            return WrongState(
                "beyond_balance",
                f"{self.points} points asked, {there} there",
                f"at most {there} points",
                "points",
            )
        return precedes(account.latest) if situation.precedes(account.latest) else None


class LovePointsDonated(Event):
    """转赠公益: a holder gives points away for a common purpose; they go to nobody's account."""

    kind = "love_points_donated"
    term = "爱心积分捐赠"
    proposers = (BY_BANK, BY_HOLDER)
    example = {
        "account": "93e1b7d4-05c2-4a6e-b1f8-7d2c40a9e635",
        "points": 5,
        "purpose": "lonely-elders",
    }

    account: Id
    """The account that the points are taken from."""
    points: Points
    """How many, up to what may be spent."""
    purpose: Id
    """For what, in a code of the town's own, such as lonely-elders."""

    def tags(self) -> tuple[str, ...]:
        return (f"account:{self.account}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*self.tags(), *of_its_bank(self.account, state))

    def decide(self, situation: Situation) -> Refusal | None:
        account = open_account(situation, self.account)
        if not isinstance(account, Account):
            return account
        return not_theirs(situation, account) or leaving(situation, account, self.points)


class OfLot(Event):
    """What a notice and an expiry have in common."""

    account: Id
    """The account."""
    award: Id
    """The award whose points end."""
    points: Points
    """All that is left of it."""

    def tags(self) -> tuple[str, ...]:
        return (f"account:{self.account}", f"award:{self.award}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*self.tags(), RULES_TAG)

    def lot(self, situation: Situation) -> Lot | Refusal:
        """The lot with all that is left of it, or the refusal where it is not so."""
        account = known_account(situation, self.account)
        if not isinstance(account, Account):
            return account
        lot = account.lot_of(self.award)
        if lot is None:
            return UnknownReference(
                "unknown_lot",
                f"nothing is left of award {self.award} in this account",
                "an award of which points are left",
                "award",
            )
        if lot in account.held:
            return WrongState(
                "lot_held",
                "its points are held, and do not end meanwhile",
                "an award that nobody contests",
                "award",
            )
        if lot.points != self.points:
            return Unacceptable(
                "not_what_is_left",
                f"{lot.points} points are left of it",
                f"{lot.points} points",
                "points",
            )
        return precedes(account.latest) if situation.precedes(account.latest) else lot


class LovePointsExpiryNoticed(OfLot):
    """到期提醒: the holder is told by which day points are to be spent; without it none expire."""

    kind = "love_points_expiry_noticed"
    term = "爱心积分到期提醒"
    proposers = (BY_TIMEKEEPER,)
    example = {
        "account": "93e1b7d4-05c2-4a6e-b1f8-7d2c40a9e635",
        "award": "award-2026-0188",
        "points": 2,
        "last_day": "2028-03-09",
    }

    last_day: date
    """The last day on which they can be spent: that of the award, but never earlier than so many
    days after this notice as the pack says."""

    def decide(self, situation: Situation) -> Refusal | None:
        lot = self.lot(situation)
        if not isinstance(lot, Lot):
            return lot
        if lot.last_day is not None or lot.expires_on is None:
            return WrongState(
                "not_to_be_noticed",
                "the notice was given, or these points do not end",
                "an award whose points end and of which no notice was given",
                "award",
            )
        pack = rules_in_force(situation)
        if not isinstance(pack, RulesEnacted):
            return pack
        notice = timedelta(days=pack.expiry_notice_days)
        today = local_day(situation.at)
        if today < lot.expires_on - notice:
            return WrongState(
                "too_early_for_notice",
                f"these points end on {lot.expires_on.isoformat()}",
                f"a day from {(lot.expires_on - notice).isoformat()} on",
                "award",
            )
        last_day = max(lot.expires_on, today + notice)
        if self.last_day == last_day:
            return None
        return Unacceptable(
            "wrong_last_day",
            f"a notice is given {pack.expiry_notice_days} days ahead",
            last_day.isoformat(),
            "last_day",
        )


class LovePointsExpired(OfLot):
    """到期清零: what is left of an award after its last day, as the notice said."""

    kind = "love_points_expired"
    term = "爱心积分到期"
    proposers = (BY_TIMEKEEPER,)
    example = {
        "account": "93e1b7d4-05c2-4a6e-b1f8-7d2c40a9e635",
        "award": "award-2026-0188",
        "points": 2,
    }

    def decide(self, situation: Situation) -> Refusal | None:
        lot = self.lot(situation)
        if not isinstance(lot, Lot):
            return lot
        if lot.is_expired(local_day(situation.at)):
            return None
        last_day = lot.last_day
        return WrongState(
            "not_expired",
            "no notice was given" if last_day is None else f"its last day is {last_day}",
            "a notice first" if last_day is None else f"a day after {last_day.isoformat()}",
            "award",
        )


def months_after(day: date, months: int) -> date:
    """So many calendar months later; the last day of a month that has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def known_award(situation: Situation, award: str, account: str) -> Award | Refusal:
    """The award, or the refusal where it was not made to this account."""
    found: Award | None = situation.state(f"award:{award}")
    if found is None or found.account != account:
        return UnknownReference(
            "unknown_award",
            f"award {award} was not made to this account",
            "an award of this account",
            "award",
        )
    return found


def evolve_account(state: Account | None, tag: str, recorded: Recorded) -> Account | None:
    """The account after one more posting."""
    if state is None:
        return None
    when, today = recorded.occurred_at, local_day(recorded.recorded_at)
    match recorded.event:
        case LovePointsAwarded() as event:
            lot = Lot(event.award, event.deed, event.points, event.expires_on)
            return state.with_lot(lot, month_of(local_day(when)), when)
        case LovePointsReversed() as event:
            month = month_of(event.awarded_on or local_day(when))
            return state.taken_back(event.award, event.points, month, today, when)
        case LovePointsDonated(points=points):
            return state.without(points, today, when)
        case LovePointsExpiryNoticed() as event:
            return state.noticed(event.award, event.last_day)
        case LovePointsExpired(award=award):
            return state.without_lot(award)._replace(latest=when)
    return state


def evolve_award(state: Award | None, tag: str, recorded: Recorded) -> Award | None:
    """The award after one more event of its history."""
    match recorded.event:
        case LovePointsAwarded() as event:
            day = local_day(recorded.occurred_at)
            return Award(event.account, event.points, recorded.actor.principal, day)
        case LovePointsReversed() if state:
            return state._replace(is_reversed=True)
        case LovePointsExpired(points=points) if state:
            return state._replace(expired=state.expired + points)
    return state


def evolve_deed(state: Deed | None, tag: str, recorded: Recorded) -> Deed | None:
    """The deed once it is awarded."""
    match recorded.event:
        case LovePointsAwarded(award=award) if state:
            by = recorded.actor.principal
            when = recorded.occurred_at
            return state._replace(
                stage=DeedStage.AWARDED, award=award, awarded_by=by, latest=max(when, state.latest)
            )
    return state


_OF_AWARD = (
    LovePointsAwarded, LovePointsReversed, LovePointsExpiryNoticed, LovePointsExpired,
)  # fmt: skip
KINDS = (*_OF_AWARD, LovePointsDonated)
FOLDS: Folds = {
    "account": (evolve_account, KINDS),
    "award": (evolve_award, _OF_AWARD),
    "deed": (evolve_deed, (LovePointsAwarded,)),
}
