"""Deeds (善行): those in publicity and those that earned points, and the objections to them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from ledger.domain.love_bank.deeds import DeedClaimed, DeedStage, DeedVerified
from ledger.domain.love_bank.objections import ObjectionAppealed, ObjectionRaised, ObjectionRuled
from ledger.domain.love_bank.points import LovePointsAwarded
from ledger.domain.love_bank.publicity import PublicityOpened
from ledger.domain.rules.calendars import WorkingCalendarEnacted
from ledger.domain.rules.rules import RulesEnacted, Step
from ledger.domain.rules.terms import step_term
from ledger.event import Recorded
from projections.projection import Key, Projection, Rows
from projections.reference import Reference


class Deed(NamedTuple):
    """A deed, never who did it or who says that it was otherwise."""

    deed: str
    account: str
    organisation: str
    deed_category: str
    done_on: date
    hours: int
    grid_unit: str | None
    claimed_at: datetime
    claimed_position: int
    stage: str = DeedStage.CLAIMED.value
    witnesses: int = 0
    spot_checked: bool = False
    verified_at: datetime | None = None
    points: int | None = None
    publicity_opened_at: datetime | None = None
    publicity_recorded_at: datetime | None = None
    """Where this is much later than the claimed beginning, it was entered afterwards."""
    publicity_position: int | None = None
    publicity_until: datetime | None = None
    is_in_publicity: bool = False
    open_objections: tuple[str, ...] = ()
    upheld_objections: tuple[str, ...] = ()
    award: str | None = None
    awarded_at: datetime | None = None
    award_position: int | None = None


class Objection(NamedTuple):
    """An objection to a deed: never by whom, or why."""

    objection: str
    deed: str
    raised_at: datetime
    position: int
    rule_due_at: datetime | None
    """When the town is to have ruled on it."""
    is_upheld: bool | None = None
    ruled_at: datetime | None = None
    ruling_position: int | None = None
    appealed_at: datetime | None = None
    appeal_position: int | None = None
    appeal_ruled_at: datetime | None = None
    is_open: bool = True


def _deed_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    deed = recorded.event.__dict__.get("deed")
    return () if deed is None else ((deed,),)


def _apply_deed(
    row: Deed | None, key: Key, recorded: Recorded, reference: Reference
) -> Deed | None:
    event, when = recorded.event, recorded.occurred_at
    if isinstance(event, DeedClaimed):
        return Deed(
            event.deed,
            event.account,
            recorded.actor.organisation,
            event.deed_category,
            event.done_on,
            event.hours,
            event.grid_unit,
            when,
            recorded.position,
        )
    if row is None:
        return None
    match event:
        case DeedVerified():
            return row._replace(
                stage=(DeedStage.VERIFIED if event.is_confirmed else DeedStage.REJECTED).value,
                witnesses=len(event.witnesses),
                spot_checked=event.spot_checked_by is not None,
                verified_at=when,
            )
        case PublicityOpened():
            shown = row._replace(
                stage=DeedStage.IN_PUBLICITY.value,
                points=event.points,
                publicity_opened_at=when,
                publicity_recorded_at=recorded.recorded_at,
                publicity_position=recorded.position,
                is_in_publicity=True,
            )
            return _with_term(shown, reference)
        case RulesEnacted() | WorkingCalendarEnacted():
            return _with_term(row, reference)
        case ObjectionRaised(objection=one) | ObjectionAppealed(objection=one):
            return row._replace(
                open_objections=(*row.open_objections, one),
                upheld_objections=_without(row.upheld_objections, one),
            )
        case ObjectionRuled(objection=one):
            upheld = (*row.upheld_objections, one) if event.is_upheld else row.upheld_objections
            return row._replace(
                open_objections=_without(row.open_objections, one), upheld_objections=upheld
            )
        case LovePointsAwarded(award=award):
            return row._replace(
                stage=DeedStage.AWARDED.value,
                award=award,
                awarded_at=when,
                award_position=recorded.position,
                is_in_publicity=False,
            )
    return row


def _with_term(row: Deed, reference: Reference) -> Deed:
    assert row.publicity_opened_at is not None  # it is in publicity
    term = step_term(
        reference.packs, reference.calendars, Step.DEED_PUBLICITY, row.publicity_opened_at
    )
    return row._replace(publicity_until=term.due_at)


def _without(objections: tuple[str, ...], one: str) -> tuple[str, ...]:
    return tuple(other for other in objections if other != one)


def _objection_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return ((recorded.event.__dict__["objection"],),)


def _apply_objection(
    row: Objection | None, key: Key, recorded: Recorded, reference: Reference
) -> Objection | None:
    event, when, position = recorded.event, recorded.occurred_at, recorded.position
    if isinstance(event, ObjectionRaised):
        packs, calendars = reference.packs, reference.calendars
        due = step_term(packs, calendars, Step.OBJECTION_RULED, when).due_at
        return Objection(event.objection, event.deed, when, position, due)
    if row is None:
        return None
    match event:
        case ObjectionRuled(is_upheld=is_upheld):
            ruled = row._replace(is_upheld=is_upheld, ruling_position=position, is_open=False)
            if row.appealed_at is None:
                return ruled._replace(ruled_at=when)
            return ruled._replace(appeal_ruled_at=when)
        case ObjectionAppealed():
            return row._replace(appealed_at=when, appeal_position=position, is_open=True)
    return row


DEEDS = Rows(
    table="deed",
    row=Deed,
    key=("deed",),
    kinds=(
        DeedClaimed,
        DeedVerified,
        PublicityOpened,
        ObjectionRaised,
        ObjectionRuled,
        ObjectionAppealed,
        LovePointsAwarded,
    ),
    keys=_deed_keys,
    apply=_apply_deed,
    # What nobody has verified, or the bank rejected, is nobody's business.
    withheld=lambda row: row.publicity_opened_at is None,
    stirred_by=(RulesEnacted, WorkingCalendarEnacted),
    stirred_while="is_in_publicity",
    indexes=(("publicity_position",), ("account",)),
)
OBJECTIONS = Rows(
    table="objection",
    row=Objection,
    key=("objection",),
    kinds=(ObjectionRaised, ObjectionRuled, ObjectionAppealed),
    keys=_objection_keys,
    apply=_apply_objection,
    indexes=(("deed",),),
)
PROJECTION = Projection("deeds", 1, (DEEDS, OBJECTIONS))
