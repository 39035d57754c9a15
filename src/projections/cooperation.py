"""Cooperation (共驻共建): the three lists with what is matched, and joint projects act by act."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from ledger.domain.cooperation import lists, matches, projects
from ledger.domain.cooperation.lists import ListItemAdded, ListItemDelisted, ListItemRevised
from ledger.domain.cooperation.matches import ItemsMatched, ResourceContributed
from ledger.domain.cooperation.projects import (
    ProjectAccepted,
    ProjectApproved,
    ProjectCompleted,
    ProjectJoined,
    ProjectProgressed,
    ProjectProposed,
    ProjectStage,
)
from ledger.domain.requests.ratings import RatingTarget, Satisfaction, ServiceRated
from ledger.event import Recorded
from projections.projection import Key, Projection, Rows
from projections.reference import Reference

REFUSED = "refused"
"""The stage of a project that was not approved."""


class ListItem(NamedTuple):
    """An item of one of the three lists; matched never exceeds quantity."""

    list_item: str
    list_type: str
    community: str
    """The body under which its community is counted."""
    scope: str
    title: str
    quantity: int
    provider: str | None
    project: str | None
    added_at: datetime
    position: int
    matched: int = 0
    contributed: int = 0
    revised_at: datetime | None = None
    delisted_at: datetime | None = None
    delisted_reason: str | None = None


class ItemMatch(NamedTuple):
    """A need and what meets it; contributed never exceeds quantity."""

    match: str
    need: str
    offer: str
    quantity: int
    matched_at: datetime
    position: int
    organisation: str
    """Who brought them together."""
    contributed: int = 0
    contributed_at: datetime | None = None


class JointProject(NamedTuple):
    """A project as it stands, with the grades that residents gave it."""

    project: str
    community: str
    """The body under which its community is counted."""
    title: str
    project_type: str
    places: int
    proposed_by: str
    """The organisation."""
    proposed_at: datetime
    position: int
    stage: str = ProjectStage.PROPOSED.value
    units: tuple[str, ...] = ()
    approved_at: datetime | None = None
    progress_percent: int = 0
    progress_reports: int = 0
    achieved: str | None = None
    """What was done, as it was told last."""
    progressed_at: datetime | None = None
    result: str | None = None
    completed_at: datetime | None = None
    accepted_at: datetime | None = None
    very_satisfied: int = 0
    satisfied: int = 0
    fairly_satisfied: int = 0
    dissatisfied: int = 0
    very_dissatisfied: int = 0


class ProjectAct(NamedTuple):
    """One act on a project, with the position of its event."""

    position: int
    project: str
    kind: str
    occurred_at: datetime
    organisation: str
    unit: str | None = None
    progress_percent: int | None = None
    words: str | None = None
    """What was told of it, for everybody to read."""
    outcome: bool | None = None
    """Of a ruling: whether it was approved, or accepted."""


def _item_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    # A contribution names its match; which items are met by it, the record's tags tell.
    items = (tag for tag in recorded.tags if tag.startswith("list_item:"))
    return tuple((tag.removeprefix("list_item:"),) for tag in items)


def _apply_item(
    row: ListItem | None, key: Key, recorded: Recorded, reference: Reference
) -> ListItem | None:
    event, when = recorded.event, recorded.occurred_at
    if isinstance(event, ListItemAdded):
        return ListItem(
            event.list_item,
            event.list_type.value,
            reference.community_of(event.community, recorded.recorded_at),
            event.scope.value,
            event.title,
            event.quantity,
            event.provider,
            event.project,
            when,
            recorded.position,
        )
    if row is None:
        return None
    match event:
        case ListItemRevised():
            return row._replace(
                title=event.title or row.title,
                scope=event.scope.value if event.scope else row.scope,
                quantity=event.quantity or row.quantity,
                revised_at=when,
            )
        case ListItemDelisted(reason=reason):
            return row._replace(delisted_at=when, delisted_reason=reason.value)
        case ItemsMatched(quantity=quantity):
            return row._replace(matched=row.matched + quantity)
        case ResourceContributed(quantity=quantity):
            return row._replace(contributed=row.contributed + quantity)
    return row


def _match_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return ((recorded.event.__dict__["match"],),)


def _apply_match(
    row: ItemMatch | None, key: Key, recorded: Recorded, reference: Reference
) -> ItemMatch | None:
    when = recorded.occurred_at
    match recorded.event:
        case ItemsMatched() as event:
            return ItemMatch(
                event.match,
                event.need,
                event.offer,
                event.quantity,
                when,
                recorded.position,
                recorded.actor.organisation,
            )
        case ResourceContributed(quantity=quantity) if row:
            return row._replace(contributed=row.contributed + quantity, contributed_at=when)
    return row


def _project_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    event = recorded.event
    if isinstance(event, ServiceRated):
        return ((event.target,),) if event.target_type is RatingTarget.PROJECT else ()
    return ((event.__dict__["project"],),)


def _apply_project(
    row: JointProject | None, key: Key, recorded: Recorded, reference: Reference
) -> JointProject | None:
    event, when = recorded.event, recorded.occurred_at
    if isinstance(event, ProjectProposed):
        return JointProject(
            event.project,
            reference.community_of(event.community, recorded.recorded_at),
            event.title,
            event.project_type.value,
            event.places,
            recorded.actor.organisation,
            when,
            recorded.position,
        )
    if row is None:
        return None
    match event:
        case ProjectJoined(unit=unit):
            return row._replace(units=(*row.units, unit))
        case ProjectApproved(is_approved=False):
            return row._replace(stage=REFUSED)
        case ProjectApproved():
            return row._replace(stage=ProjectStage.APPROVED.value, approved_at=when)
        case ProjectProgressed():
            return row._replace(
                stage=ProjectStage.IN_PROGRESS.value,
                progress_percent=event.progress_percent,
                progress_reports=row.progress_reports + 1,
                achieved=event.achieved,
                progressed_at=when,
            )
        case ProjectCompleted(result=result):
            return row._replace(
                stage=ProjectStage.COMPLETED.value, result=result, completed_at=when
            )
        case ProjectAccepted(is_accepted=True):
            return row._replace(stage=ProjectStage.ACCEPTED.value, accepted_at=when)
        case ProjectAccepted():
            return row._replace(
                stage=ProjectStage.IN_PROGRESS.value, result=None, completed_at=None
            )
        case ServiceRated(satisfaction=satisfaction):
            return _rated(row, satisfaction)
    return row


def _rated(row: JointProject, satisfaction: Satisfaction) -> JointProject:
    counted: int = getattr(row, satisfaction.value)
    more: dict[str, Any] = {satisfaction.value: counted + 1}
    return row._replace(**more)


def _act_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return ((recorded.position,),)


def _apply_act(
    row: ProjectAct | None, key: Key, recorded: Recorded, reference: Reference
) -> ProjectAct | None:
    fields = recorded.event.__dict__
    act = ProjectAct(
        recorded.position,
        fields["project"],
        recorded.kind,
        recorded.occurred_at,
        recorded.actor.organisation,
        unit=fields.get("unit"),
    )
    match recorded.event:
        case ProjectProposed(title=words):
            return act._replace(words=words)
        case ProjectJoined(brings=words):
            return act._replace(words=words)
        case ProjectProgressed(progress_percent=percent, achieved=words):
            return act._replace(progress_percent=percent, words=words)
        case ProjectCompleted(result=words):
            return act._replace(words=words)
        case ProjectApproved(is_approved=outcome) | ProjectAccepted(is_accepted=outcome):
            return act._replace(outcome=outcome)
    return act


LIST_ITEMS = Rows(
    table="list_item",
    row=ListItem,
    key=("list_item",),
    kinds=(*lists.KINDS, *matches.KINDS),
    keys=_item_keys,
    apply=_apply_item,
    indexes=(("position",),),
)
MATCHES = Rows(
    table="item_match",
    row=ItemMatch,
    key=("match",),
    kinds=matches.KINDS,
    keys=_match_keys,
    apply=_apply_match,
    indexes=(("need",), ("offer",)),
)
PROJECTS = Rows(
    table="joint_project",
    row=JointProject,
    key=("project",),
    kinds=(*projects.KINDS, ServiceRated),
    keys=_project_keys,
    apply=_apply_project,
    indexes=(("position",),),
)
ACTS = Rows(
    table="project_act",
    row=ProjectAct,
    key=("position",),
    kinds=projects.KINDS,
    keys=_act_keys,
    apply=_apply_act,
    indexes=(("project",),),
)
PROJECTION = Projection("cooperation", 1, (LIST_ITEMS, MATCHES, PROJECTS, ACTS))
