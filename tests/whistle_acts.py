"""A whistle of the test town on paper: who acts in it, and each act."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from ledger.catalogue import KINDS
from ledger.decision import Office, OrganisationType
from ledger.domain.requests.ratings import Satisfaction
from ledger.domain.rules.rules import Grade
from ledger.domain.town.organisations import OrganisationRegistered
from ledger.domain.town.people import AppointmentMade
from ledger.domain.whistles.blowing import WhistleBlown, WhistleDrafted
from ledger.domain.whistles.whistles import Ground, Summoned, Whistle
from ledger.event import Actor, Event
from ledger.proposal import Proposal
from tests.paper_ledger import PaperLedger
from tests.request_acts import filing, town
from tests.town import FOUNDER, HOTLINE, ROADS, SECRETARY, URBAN, WATER

WHISTLE = "whistle-0"
"""The whistle of which all is told here."""
BRANCH_CLERK = Actor("clerk_a", "branch-1", "p-branch-clerk")
SECRETARY_2 = Actor("secretary", "branch-2", "p-secretary-2")
"""Of another branch."""
GRID = Actor("clerk_a", "dept-grid", "p-grid")
"""Acts for a department of the county; the others are the town's."""
DEPARTMENTS = {actor.organisation: actor for actor in (URBAN, ROADS, WATER, GRID)}


@cache
def _furnished() -> PaperLedger:
    bodies = (
        ("branch-2", OrganisationType.COMMUNITY_BRANCH, "town"),
        ("dept-grid", OrganisationType.DEPARTMENT, "county"),
    )
    events: list[Event] = [
        OrganisationRegistered(organisation=body, type=type_, name=body, parent=parent)
        for body, type_, parent in bodies
    ]
    events += [
        AppointmentMade(
            principal=actor.principal, organisation=actor.organisation, office=Office(actor.office)
        )
        for actor in (BRANCH_CLERK, SECRETARY_2, GRID)
    ]
    return town(*(Proposal(event, FOUNDER) for event in events))


def whistle_town(*proposals: Proposal) -> PaperLedger:
    """The test town with a second branch and a department of the county, after these acts."""
    paper = _furnished().copy()
    paper.accept(*proposals)
    return paper


def blown(
    *departments: str, actor: Actor = SECRETARY, at: datetime | None = None, **changes: Any
) -> Proposal:
    """The whistle for these departments, or for the urban one, and for no request."""
    body = {
        "whistle": WHISTLE,
        "grade": Grade.ORDINARY,
        "ground": Ground.BEYOND_LOCAL_POWERS,
        "departments": departments or ("dept-urban",),
        **changes,
    }
    return Proposal(WhistleBlown(**body), actor, at)


def act(
    kind: str,
    department: str | None = "dept-urban",
    actor: Actor | None = None,
    at: datetime | None = None,
    **body: Any,
) -> Proposal:
    """A later act on the whistle; on a department, by the department unless an actor is named."""
    of = {"whistle": WHISTLE, **({} if department is None else {"department": department})}
    event = KINDS[kind].model_validate({**of, **_USUALLY.get(kind, {}), **body})
    by_whom = actor or _USUAL_ACTOR.get(kind) or DEPARTMENTS[department or ""]
    return Proposal(event, by_whom, at)


_USUALLY: dict[str, dict[str, Any]] = {
    "whistle_return_requested": {"reason": "不属管辖", "proposed_owner": "dept-water"},
    "whistle_return_ruled": {"granted": True},
    "whistle_countermanded": {"reason": "当事人已自行拆除"},
    "department_rated": {"satisfaction": Satisfaction.SATISFIED},
    "whistle_rated_by_department": {"satisfaction": Satisfaction.SATISFIED, "justified": True},
    "whistle_split": {"grade": Grade.ORDINARY},
}
_USUAL_ACTOR = {
    "whistle_verified": BRANCH_CLERK,
    "whistle_cleared": BRANCH_CLERK,
    "department_rated": SECRETARY,
    "whistle_countermanded": SECRETARY,
    "whistle_return_ruled": FOUNDER,
    "whistle_split": FOUNDER,
}
STAGES = (
    "whistle_signed",
    "department_contacted",
    "department_reported_in",
    "whistle_handled",
    "whistle_verified",
)
"""How far a department gets, in the usual order."""


def brought_to(kind: str, department: str = "dept-urban") -> list[Proposal]:
    """The acts on a department up to this one, in the usual order."""
    return [act(one, department) for one in STAGES[: STAGES.index(kind) + 1]]


def whistle(paper: PaperLedger, identity: str = WHISTLE) -> Whistle:
    """The whistle as the ledger has folded it."""
    found: Whistle = paper.states[f"whistle:{identity}"]
    return found


def summoned(paper: PaperLedger, department: str = "dept-urban") -> Summoned:
    """How far the department is."""
    found = whistle(paper).of(department)
    assert found is not None, f"{department} was not summoned"
    return found


def drafted(actor: Actor = BRANCH_CLERK, **changes: Any) -> Proposal:
    """The same whistle, only drafted."""
    return Proposal(WhistleDrafted(**{**dict(blown().event), **changes}), actor)


def split(*departments: str, actor: Actor = FOUNDER, **changes: Any) -> Proposal:
    """The whistle, split among these departments too."""
    return act("whistle_split", None, actor, departments=departments, **changes)


def countermanded(actor: Actor = SECRETARY) -> Proposal:
    """Nobody needs to come."""
    return act("whistle_countermanded", None, actor)


def filed(**changes: Any) -> Proposal:
    """A request that complains about nobody, unless the changes say otherwise."""
    return Proposal(filing(**{"against": None, **changes}), HOTLINE)


def many_departments(paper: PaperLedger, count: int) -> tuple[str, ...]:
    """So many more departments, registered."""
    names = tuple(f"dept-{number}" for number in range(count))
    for name in names:
        event = OrganisationRegistered(
            organisation=name, type=OrganisationType.DEPARTMENT, name=name
        )
        paper.accept(Proposal(event, FOUNDER))
    return names
