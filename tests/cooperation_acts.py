"""Acts of communities and units in the test town on paper: who does them, each in a usual form."""

from __future__ import annotations

from functools import cache
from typing import Any

from ledger.decision import Office, OrganisationType
from ledger.domain.cooperation.lists import (
    DelistingReason,
    ItemScope,
    ListItem,
    ListItemAdded,
    ListItemDelisted,
    ListItemRevised,
    ListType,
)
from ledger.domain.cooperation.matches import ItemsMatched, ResourceContributed
from ledger.domain.cooperation.projects import (
    ProjectAccepted,
    ProjectApproved,
    ProjectCompleted,
    ProjectJoined,
    ProjectProgressed,
    ProjectProposed,
    ProjectType,
)
from ledger.domain.requests.ratings import RatingTarget, Satisfaction, ServiceRated
from ledger.domain.town.organisations import OrganisationRegistered
from ledger.domain.town.people import AppointmentMade
from ledger.event import Actor, Event
from ledger.proposal import Proposal
from tests.paper_ledger import PaperLedger
from tests.request_acts import UNIT
from tests.request_acts import town as bare_town
from tests.town import COMMITTEE, FOUNDER, RESIDENT, SECRETARY

UNIT_2 = Actor("clerk_a", "unit-2", "p-unit-2")


def groundwork() -> list[Proposal]:
    """A second unit, and who acts for it."""
    events: list[Event] = [
        OrganisationRegistered(
            organisation="unit-2", type=OrganisationType.ENTERPRISE, name="企业二", parent="town"
        )
    ]
    events.append(
        AppointmentMade(
            principal=UNIT_2.principal, organisation="unit-2", office=Office(UNIT_2.office)
        )
    )
    return [Proposal(event, FOUNDER) for event in events]


@cache
def _founded() -> PaperLedger:
    return bare_town(*groundwork())


def town(*proposals: Proposal) -> PaperLedger:
    """The test town with two units, after these acts."""
    paper = _founded().copy()
    paper.accept(*proposals)
    return paper


# Lists


def need(actor: Actor = COMMITTEE, **changes: Any) -> Proposal:
    """An item of the list of needs: evening classes, four times."""
    body = {
        "list_item": "need-1",
        "list_type": ListType.NEEDS,
        "scope": ItemScope.COMMON,
        "community": "branch-1",
        "title": "夜校教师",
        "quantity": 4,
        **changes,
    }
    return Proposal(ListItemAdded(**body), actor)


def resource(actor: Actor = UNIT, **changes: Any) -> Proposal:
    """An item of the list of resources: the unit's hall, three times."""
    body = {
        "list_item": "resource-1",
        "list_type": ListType.RESOURCES,
        "title": "礼堂",
        "quantity": 3,
        "provider": "unit-1",
        **changes,
    }
    return need(actor, **body)


def revised(actor: Actor = COMMITTEE, **changes: Any) -> Proposal:
    """The need is counted anew."""
    body = {"list_item": "need-1", **(changes or {"quantity": 6})}
    return Proposal(ListItemRevised(**body), actor)


def delisted(list_item: str = "need-1", actor: Actor = COMMITTEE) -> Proposal:
    """An item is withdrawn."""
    reason = DelistingReason.WITHDRAWN
    return Proposal(ListItemDelisted(list_item=list_item, reason=reason), actor)


def matched(quantity: int = 1, actor: Actor = COMMITTEE, **changes: Any) -> Proposal:
    """The need and the resource are brought together."""
    body = {"match": "match-1", "need": "need-1", "offer": "resource-1", **changes}
    return Proposal(ItemsMatched(quantity=quantity, **body), actor)


def contributed(quantity: int = 1, actor: Actor = UNIT, **changes: Any) -> Proposal:
    """What was matched is given."""
    body = {"match": "match-1", **changes}
    return Proposal(ResourceContributed(quantity=quantity, **body), actor)


def left(paper: PaperLedger, list_item: str) -> int:
    """How many times the item may still be matched."""
    item: ListItem = paper.states[f"list_item:{list_item}"]
    return item.left


# Projects


def proposed(actor: Actor = COMMITTEE, **changes: Any) -> Proposal:
    """A project of assistance in the first community."""
    body = {
        "project": "project-1",
        "community": "branch-1",
        "title": "独居老人助餐",
        "project_type": ProjectType.ASSISTANCE,
        **changes,
    }
    return Proposal(ProjectProposed(**body), actor)


def joined(unit: str = "unit-1", actor: Actor = UNIT, **changes: Any) -> Proposal:
    """A unit takes part."""
    body = {"project": "project-1", "unit": unit, **changes}
    return Proposal(ProjectJoined(**body), actor)


def approved(is_approved: bool = True, actor: Actor = SECRETARY, **changes: Any) -> Proposal:
    """The branch rules on the project."""
    body = {"project": "project-1", "is_approved": is_approved, **changes}
    return Proposal(ProjectApproved(**body), actor)


def progressed(percent: int = 40, actor: Actor = UNIT, **changes: Any) -> Proposal:
    """The unit tells how far it has come."""
    body = {"project": "project-1", "progress_percent": percent, "achieved": "已送餐", **changes}
    return Proposal(ProjectProgressed(**body), actor)


def completed(actor: Actor = UNIT, **changes: Any) -> Proposal:
    """The unit says that it is done."""
    body = {"project": "project-1", "result": "助餐点开放", **changes}
    return Proposal(ProjectCompleted(**body), actor)


def accepted(is_accepted: bool = True, actor: Actor = COMMITTEE, **changes: Any) -> Proposal:
    """The committee looks whether it is done."""
    body = {"project": "project-1", "is_accepted": is_accepted, **changes}
    return Proposal(ProjectAccepted(**body), actor)


def rated(
    actor: Actor = RESIDENT, satisfaction: Satisfaction = Satisfaction.SATISFIED, **changes: Any
) -> Proposal:
    """A resident judges the project."""
    body = {"target_type": RatingTarget.PROJECT, "target": "project-1", **changes}
    return Proposal(ServiceRated(satisfaction=satisfaction, **body), actor)


def in_progress(project: str = "project-1", **changes: Any) -> list[Proposal]:
    """A project that was joined, approved and begun."""
    named: dict[str, Any] = {"project": project}
    return [
        proposed(**named, **changes),
        joined(**named),
        approved(**named),
        progressed(**named),
    ]
