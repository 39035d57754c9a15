"""Disclosures (三公开): each with its state and its days, and every act on it in order."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from ledger.clocks import SHANGHAI, TimeUnit, due_at, local_day, office_day
from ledger.domain.disclosure.corrections import DisclosureCorrected, DisclosureWithdrawn
from ledger.domain.disclosure.disclosure_objections import (
    DisclosureObjectionDecided,
    DisclosureObjectionRaised,
    LeakReported,
)
from ledger.domain.disclosure.disclosures import (
    DISCLOSE_WITHIN_WORKING_DAYS,
    DisclosurePrepared,
    DisclosurePublished,
    DisclosureReviewed,
    OfDisclosure,
    WithFigures,
)
from ledger.domain.rules.calendars import WorkingCalendarEnacted
from ledger.event import Event, Recorded
from projections.projection import Key, Projection, Rows
from projections.reference import Reference

_KINDS = (
    DisclosurePrepared,
    DisclosureReviewed,
    DisclosurePublished,
    DisclosureCorrected,
    DisclosureWithdrawn,
    DisclosureObjectionRaised,
    DisclosureObjectionDecided,
    LeakReported,
)
# A day ends at midnight here: what goes out on the last day is in time.
_WHOLE_DAY = office_day(((0, 24 * 60),))


class Disclosure(NamedTuple):
    """A disclosure as it stands."""

    disclosure: str
    regime: str
    basis: str
    discloser: str
    community: str | None
    period: str
    stage: str
    """prepared, sent_back, reviewed, published or withdrawn; a correction on its way shows in the
    acts alone."""
    formed_on: date
    due_on: date
    """The last day on which it is published in time."""
    provisional: bool
    """Whether a calendar that is not enacted yet may move that day."""
    position: int
    """Of its first preparation."""
    published_on: date | None = None
    corrections: int = 0
    objections: int = 0
    open_objections: tuple[str, ...] = ()
    leaks: int = 0


class Act(NamedTuple):
    """One act on a disclosure; what its kind does not have is None."""

    position: int
    disclosure: str
    act: str
    """Its kind."""
    office: str | None
    """None, as the organisation, where anybody may: who objects or reports is in no view."""
    organisation: str | None
    occurred_at: datetime
    recorded_at: datetime
    formed_on: date | None = None
    due_on: date | None = None
    provisional: bool = False
    as_of: datetime | None = None
    size: int | None = None
    root: str | None = None
    project_version: int | None = None
    project_rows: str | None = None
    project_figures: str | None = None
    process_version: int | None = None
    process_rows: str | None = None
    process_figures: str | None = None
    evaluation_version: int | None = None
    evaluation_rows: str | None = None
    evaluation_figures: str | None = None
    is_cleared: bool | None = None
    objection: str | None = None
    reason: str | None = None
    """Of a withdrawal or a leak its code, of a correction its ground; of an objection the
    disclosure that it is about."""
    is_upheld: bool | None = None
    changed: str | None = None


def due_on(formed_on: date, reference: Reference) -> tuple[date, bool]:
    """The last day to disclose what was formed on a day, and whether it may still move."""
    noon = datetime.combine(formed_on, time(12), SHANGHAI)
    within, unit = DISCLOSE_WITHIN_WORKING_DAYS, TimeUnit.WORKING_DAYS
    due = due_at(noon, within, unit, _WHOLE_DAY, reference.calendars)
    return local_day(due.at - timedelta(microseconds=1)), due.provisional


def _disclosure_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    event = recorded.event
    return ((event.disclosure,),) if isinstance(event, OfDisclosure) else ()


def _apply_disclosure(
    row: Disclosure | None, key: Key, recorded: Recorded, reference: Reference
) -> Disclosure | None:
    event = recorded.event
    if row is None:
        return _first(event, recorded, reference)
    match event:
        case WorkingCalendarEnacted():
            last, provisional = due_on(row.formed_on, reference)
            return row._replace(due_on=last, provisional=provisional)
        case DisclosurePrepared() if row.published_on is None:
            last, provisional = due_on(event.formed_on, reference)
            return row._replace(
                stage="prepared",
                basis=event.basis,
                formed_on=event.formed_on,
                due_on=last,
                provisional=provisional,
            )
        case DisclosureReviewed(is_cleared=cleared) if row.published_on is None:
            return row._replace(stage="reviewed" if cleared else "sent_back")
        case DisclosurePublished():
            day = local_day(recorded.occurred_at)
            return row._replace(stage="published", published_on=day)
        case DisclosureCorrected():
            return row._replace(corrections=row.corrections + 1)
        case DisclosureWithdrawn():
            return row._replace(stage="withdrawn")
        case LeakReported():
            return row._replace(leaks=row.leaks + 1)
    return _objected(row, event)


def _first(event: Event, recorded: Recorded, reference: Reference) -> Disclosure | None:
    if not isinstance(event, DisclosurePrepared):
        return None
    last, provisional = due_on(event.formed_on, reference)
    return Disclosure(
        event.disclosure,
        event.regime.value,
        event.basis,
        recorded.actor.organisation,
        event.community,
        event.period,
        "prepared",
        event.formed_on,
        last,
        provisional,
        recorded.position,
    )


def _objected(row: Disclosure, event: Event) -> Disclosure:
    match event:
        case DisclosureObjectionRaised(objection=one):
            opened = (*row.open_objections, one)
            return row._replace(objections=row.objections + 1, open_objections=opened)
        case DisclosureObjectionDecided(objection=one):
            left = tuple(other for other in row.open_objections if other != one)
            return row._replace(open_objections=left)
    return row


def _act_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return ((recorded.position,),) if isinstance(recorded.event, OfDisclosure) else ()


def _apply_act(row: Act | None, key: Key, recorded: Recorded, reference: Reference) -> Act | None:
    event = recorded.event
    if row is not None and row.formed_on is not None:
        last, provisional = due_on(row.formed_on, reference)
        return row._replace(due_on=last, provisional=provisional)
    if not isinstance(event, OfDisclosure):
        return row
    actor = recorded.actor
    is_anybodys = isinstance(event, DisclosureObjectionRaised | LeakReported)
    act = Act(
        recorded.position,
        event.disclosure,
        event.kind,
        None if is_anybodys else actor.office,
        None if is_anybodys else actor.organisation,
        recorded.occurred_at,
        recorded.recorded_at,
    )
    if isinstance(event, WithFigures):
        act = _with_figures(act, event)
    return _told(act, event, reference)


def _with_figures(act: Act, event: WithFigures) -> Act:
    return act._replace(
        as_of=event.as_of,
        size=event.size,
        root=event.root,
        project_version=event.project.version,
        project_rows=event.project.rows,
        project_figures=event.project.figures,
        process_version=event.process.version,
        process_rows=event.process.rows,
        process_figures=event.process.figures,
        evaluation_version=event.evaluation.version,
        evaluation_rows=event.evaluation.rows,
        evaluation_figures=event.evaluation.figures,
    )


def _told(act: Act, event: OfDisclosure, reference: Reference) -> Act:
    match event:
        case DisclosurePrepared(formed_on=formed_on):
            last, provisional = due_on(formed_on, reference)
            return act._replace(formed_on=formed_on, due_on=last, provisional=provisional)
        case DisclosureReviewed(is_cleared=cleared):
            return act._replace(is_cleared=cleared)
        case DisclosureCorrected(ground=ground, objection=objection, changed=changed):
            return act._replace(reason=ground.value, objection=objection, changed=changed)
        case DisclosureWithdrawn(reason=reason):
            return act._replace(reason=reason.value)
        case DisclosureObjectionRaised(objection=objection, about=about):
            return act._replace(objection=objection, reason=about.value)
        case DisclosureObjectionDecided(objection=objection, is_upheld=is_upheld):
            return act._replace(objection=objection, is_upheld=is_upheld)
        case LeakReported(leaks=leaks):
            return act._replace(reason=leaks.value)
    return act


DISCLOSURES = Rows(
    table="disclosure",
    row=Disclosure,
    key=("disclosure",),
    kinds=_KINDS,
    keys=_disclosure_keys,
    apply=_apply_disclosure,
    stirred_by=(WorkingCalendarEnacted,),
    stirred_while="provisional",
    indexes=(("position",),),
)
ACTS = Rows(
    table="disclosure_act",
    row=Act,
    key=("position",),
    kinds=_KINDS,
    keys=_act_keys,
    apply=_apply_act,
    stirred_by=(WorkingCalendarEnacted,),
    stirred_while="provisional",
    indexes=(("disclosure",),),
)
PROJECTION = Projection("disclosures", 1, (DISCLOSURES, ACTS))
