"""Publicity (公示): a verified deed is shown to everybody before it earns a point."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ledger.decision import Situation, StateOf
from ledger.domain.love_bank.accounts import BY_BANK, Points
from ledger.domain.love_bank.deeds import Deed, DeedStage, OfDeed, concerned
from ledger.domain.privacy.consent import Purpose, has_agreed
from ledger.domain.rules.rules import RULES_TAG, RulesEnacted, Step, rules_in_force
from ledger.domain.rules.terms import calendar_tags, calendars_of, packs_of, step_term
from ledger.event import Folds, Recorded
from ledger.refusals import Refusal, Unacceptable, WrongState


class PublicityOpened(OfDeed):
    """公示: deed, day, place and points are shown to everybody for the pack's term."""

    kind = "publicity_opened"
    term = "善行公示"
    proposers = (BY_BANK,)
    example = {"deed": "deed-2026-0188", "points": 2}

    points: Points
    """What it is to earn, by the pack's points an hour and an award."""

    def boundary(self, state: Any) -> tuple[str, ...]:
        deed: Deed | None = state(f"deed:{self.deed}")
        privacy = () if deed is None else (f"privacy:account:{deed.account}",)
        return (*super().boundary(state), RULES_TAG, *privacy)

    def decide(self, situation: Situation) -> Refusal | None:
        deed = self.deed_at(situation, DeedStage.VERIFIED)
        if not isinstance(deed, Deed):
            return deed
        pack = rules_in_force(situation)
        if not isinstance(pack, RulesEnacted):
            return pack
        return (
            concerned(situation, deed)
            or self._unseen(situation, deed)
            or too_many_points(pack, deed.hours, self.points)
            or _without_term(situation)
        )

    def _unseen(self, situation: Situation, deed: Deed) -> Refusal | None:
        subject = f"account:{deed.account}"
        if deed.is_witnessed or has_agreed(situation, subject, Purpose.SHOW_MASKED_NAME):
            return None
        return WrongState(
            "nobody_to_ask",
            "no name may be shown, and two witnesses and a spot check are not there",
            "consent to the masked name, or a deed with two witnesses and a spot check",
            "deed",
        )


def too_many_points(pack: RulesEnacted, hours: int, points: int) -> Refusal | None:
    """The refusal of more points than the pack gives for so many hours."""
    most = min(pack.max_points_per_award, hours * pack.points_per_hour)
    if points <= most:
        return None
    return Unacceptable(
        "too_many_points",
        f"{points} points for {hours} hours",
        f"1 to {most} points (pack {pack.pack_version})",
        "points",
    )


def _without_term(situation: Situation) -> Refusal | None:
    # When it ends, no matter: without a calendar the weekends alone are left out.
    packs = packs_of(situation.state)
    if step_term(packs, {}, Step.DEED_PUBLICITY, situation.occurred_at).due_at is not None:
        return None
    return WrongState(
        "no_term_of_publicity",
        f"the pack in force gives no term for {Step.DEED_PUBLICITY}",
        f"rules_enacted with a deadline for {Step.DEED_PUBLICITY}",
    )


def publicity_ends(state: StateOf, opened_at: datetime) -> datetime | None:
    """When a publicity is over, counted from its claimed beginning; None where no pack says."""
    calendars = calendars_of(state, calendar_tags(opened_at))
    return step_term(packs_of(state), calendars, Step.DEED_PUBLICITY, opened_at).due_at


def evolve_publicity(state: Deed | None, tag: str, recorded: Recorded) -> Deed | None:
    """The deed once it is shown."""
    when = recorded.occurred_at
    match recorded.event:
        case PublicityOpened(points=points) if state:
            return state._replace(
                stage=DeedStage.IN_PUBLICITY, points=points, publicity_opened_at=when, latest=when
            )
    return state


KINDS = (PublicityOpened,)
FOLDS: Folds = {"deed": (evolve_publicity, KINDS)}
