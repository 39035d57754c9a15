"""Applications (办件): looked at before they are filed, filed, completed, decided and signed for.

The promise runs from filing to the decision. It stands still from when a material is asked for
until all that is open has come; and nothing is asked for that the item did not list.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from ledger.decision import Situation
from ledger.domain.documents.attachments import Digest
from ledger.domain.requests.requests import BY_COMMUNITY, BY_RESIDENT, precedes
from ledger.domain.services.items import MAX_MATERIALS, ServiceItem, known_item
from ledger.domain.services.requesters import conflicted
from ledger.domain.shapes.steps import Steps, out_of_order
from ledger.domain.town.organisations import foreign_community
from ledger.event import (
    Event,
    Folds,
    Id,
    PersonalContact,
    PersonalName,
    PersonalText,
    Recorded,
    mint_random_id,
)
from ledger.refusals import Refusal, Unacceptable, UnknownReference, WrongState

Materials = Annotated[tuple[Id, ...], Field(min_length=1, max_length=MAX_MATERIALS)]


class ApplicationStep(Steps):
    """How far an application has come; the first step may be left out."""

    PRECHECKED = "prechecked"
    """已预审"""
    FILED = "filed"
    """已收件"""
    DECIDED = "decided"
    """已办结"""
    SIGNED = "signed"
    """已签收"""


class Application(NamedTuple):
    """An application as of its history."""

    item: str
    community: str
    requester: str
    step: ApplicationStep
    latest: datetime
    """When the last act is claimed to have happened: none of the next may precede it."""
    supplements: tuple[str, ...] = ()
    """The materials that were asked for and have not come."""


class OfItem(Event):
    """What the two acts that bring an application into being have in common."""

    application: Id = Field(default_factory=mint_random_id)
    """The application's id; random, so that it tells no time."""
    item: Id
    """The service item that is applied for."""
    community: Id
    """The community that serves the item."""
    requester: Id = Field(default_factory=mint_random_id)
    """The random id under which the resident stands in this application alone."""
    name: PersonalName | None = None
    """The resident's."""
    telephone: PersonalContact | None = None
    """The resident's."""
    details: PersonalText | None = None
    """What the resident says."""

    def tags(self) -> tuple[str, ...]:
        # Not the item's nor the window's tag: decisions read their histories, which would grow with
        # every application.
        return (f"application:{self.application}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*self.tags(), f"service_item:{self.item}", f"organisation:{self.community}")

    def own_item(self, situation: Situation) -> ServiceItem | Refusal:
        """The item, or why this actor may not apply for it so."""
        item = known_item(situation, self.item)
        if not isinstance(item, ServiceItem):
            return item
        if self.community != item.community:
            return Unacceptable(
                "item_of_another_community",
                f"service item {self.item} is served by {item.community}",
                item.community,
                "community",
            )
        if situation.precedes(item.published_at):
            return precedes(item.published_at)
        return (
            conflicted(situation, self.requester, "requester")
            or foreign_community(situation, item.community, "community")
            or item
        )


class ApplicationPrechecked(OfItem):
    """预办: a clerk looks at what a resident has, before anything is filed."""

    kind = "application_prechecked"
    term = "预办"
    proposers = (BY_COMMUNITY,)
    creates = ("application", "application")
    example = {
        "application": "e1f5a0c4-7a55-4f0b-8d51-0c8e3f1a9b22",
        "item": "item-riverside-residence-proof",
        "community": "committee-riverside",
        "requester": "b0d0f7a2-5a55-4b0e-9d7c-1f5a8f0e2c11",
        "lacking": ["identity-card"],
    }

    lacking: Annotated[tuple[Id, ...], Field(max_length=MAX_MATERIALS)] = ()
    """What is not there yet, of the item's materials; none: it can be filed as it is."""

    def decide(self, situation: Situation) -> Refusal | None:
        item = self.own_item(situation)
        return item.beyond_list(self.lacking, "lacking") if isinstance(item, ServiceItem) else item


class ApplicationFiled(OfItem):
    """网办: a resident applies, online or at a window; the promise runs from now on."""

    kind = "application_filed"
    term = "网办申请"
    proposers = (BY_RESIDENT, BY_COMMUNITY)
    creates = ("application", "application")
    example = {
        "application": "e1f5a0c4-7a55-4f0b-8d51-0c8e3f1a9b22",
        "item": "item-riverside-residence-proof",
        "community": "committee-riverside",
        "requester": "b0d0f7a2-5a55-4b0e-9d7c-1f5a8f0e2c11",
        "window": "window-riverside-1",
        "details": "申请开具居住证明",
    }

    window: Id | None = None
    """The window at which it was handed in; absent: online."""

    def continues(self, existing: Any) -> bool:
        """What was looked at before may be filed: the same item, for the same resident."""
        return (
            isinstance(existing, Application)
            and existing.step is ApplicationStep.PRECHECKED
            and (existing.item, existing.requester) == (self.item, self.requester)
        )

    def decide(self, situation: Situation) -> Refusal | None:
        item = self.own_item(situation)
        if not isinstance(item, ServiceItem):
            return item
        before: Application | None = situation.state(f"application:{self.application}")
        if before and situation.precedes(before.latest):
            return precedes(before.latest)
        return item.not_served(self.window, "window")


class OfApplication(Event):
    """What the later acts on an application have in common."""

    application: Id
    """The application."""

    def tags(self) -> tuple[str, ...]:
        return (f"application:{self.application}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        known: Application | None = state(f"application:{self.application}")
        if known is None:
            return self.tags()
        return (*self.tags(), f"service_item:{known.item}", f"organisation:{known.community}")

    def ready_for(self, situation: Situation, step: ApplicationStep) -> Application | Refusal:
        """The application where this step comes next, or why this actor may not take it."""
        found: Application | None = situation.state(f"application:{self.application}")
        if found is None:
            return UnknownReference(
                "unknown_application",
                f"application {self.application} is not in this ledger",
                "one that was filed",
                "application",
            )
        if situation.precedes(found.latest):
            return precedes(found.latest)
        return (
            conflicted(situation, found.requester, "application")
            or foreign_community(situation, found.community, "application")
            or out_of_order(found.step, step, "application")
            or found
        )


class SupplementRequested(OfApplication):
    """补正告知: what is missing is asked for, and the promise stands still until it comes."""

    kind = "supplement_requested"
    term = "补正告知"
    proposers = (BY_COMMUNITY,)
    example = {
        "application": "e1f5a0c4-7a55-4f0b-8d51-0c8e3f1a9b22",
        "materials": ["identity-card"],
        "reason": "证件复印件不清晰",
    }

    materials: Materials
    """What is asked for, of the item's materials."""
    reason: PersonalText | None = None
    """Why."""

    def decide(self, situation: Situation) -> Refusal | None:
        found = self.ready_for(situation, ApplicationStep.DECIDED)
        if not isinstance(found, Application):
            return found
        item: ServiceItem = situation.state(f"service_item:{found.item}")
        asked = [one for one in self.materials if one in found.supplements]
        if asked:
            return WrongState(
                "asked_already", f"{asked[0]} is asked for already", "other ones", "materials"
            )
        return item.beyond_list(self.materials, "materials")


class SupplementReceived(OfApplication):
    """补正收件: what was asked for has come; with the last of it the promise runs again."""

    kind = "supplement_received"
    term = "补正收件"
    proposers = (BY_COMMUNITY, BY_RESIDENT)
    example = {
        "application": "e1f5a0c4-7a55-4f0b-8d51-0c8e3f1a9b22",
        "materials": ["identity-card"],
    }

    materials: Materials
    """What came, of what was asked for."""

    def decide(self, situation: Situation) -> Refusal | None:
        found = self.ready_for(situation, ApplicationStep.DECIDED)
        if not isinstance(found, Application):
            return found
        if len(set(self.materials)) == len(self.materials) and (
            set(self.materials) <= set(found.supplements)
        ):
            return None
        return WrongState(
            "not_asked_for",
            "something is named that is not asked for, or twice",
            f"each once: {', '.join(found.supplements) or 'nothing, all of it came'}",
            "materials",
        )


class ApplicationDecided(OfApplication):
    """办结: the application is granted or refused."""

    kind = "application_decided"
    term = "办件办结"
    proposers = (BY_COMMUNITY,)
    example = {"application": "e1f5a0c4-7a55-4f0b-8d51-0c8e3f1a9b22", "is_granted": True}

    is_granted: bool
    """False: it is refused, and the resident is told why."""
    reason: PersonalText | None = None
    """Why; needed for a refusal."""

    def decide(self, situation: Situation) -> Refusal | None:
        found = self.ready_for(situation, ApplicationStep.DECIDED)
        if not isinstance(found, Application):
            return found
        if found.supplements:
            return WrongState(
                "supplements_open",
                f"{', '.join(found.supplements)} was asked for and has not come",
                "a decision once supplement_received says that it has",
                "application",
            )
        if self.is_granted or self.reason is not None:
            return None
        return Unacceptable("refused_without_reason", "a refusal says why", "the reason", "reason")


class ApplicationSigned(OfApplication):
    """网签: the resident signs for the decision."""

    kind = "application_signed"
    term = "网签"
    proposers = (BY_RESIDENT, BY_COMMUNITY)
    example = {"application": "e1f5a0c4-7a55-4f0b-8d51-0c8e3f1a9b22"}

    digest: Digest | None = None
    """SHA-256 of the signed file's bytes, in hex, where there is one."""

    def decide(self, situation: Situation) -> Refusal | None:
        found = self.ready_for(situation, ApplicationStep.SIGNED)
        return None if isinstance(found, Application) else found


def evolve_application(
    state: Application | None, tag: str, recorded: Recorded
) -> Application | None:
    """The application after one more event of its history."""
    when = recorded.occurred_at
    match recorded.event:
        case ApplicationPrechecked() as event:
            return _begun(event, ApplicationStep.PRECHECKED, when)
        case ApplicationFiled() as event:
            return _begun(event, ApplicationStep.FILED, when)
        case SupplementRequested(materials=materials) if state:
            return state._replace(supplements=(*state.supplements, *materials), latest=when)
        case SupplementReceived(materials=materials) if state:
            left = tuple(one for one in state.supplements if one not in materials)
            return state._replace(supplements=left, latest=when)
        case ApplicationDecided() if state:
            return state._replace(step=ApplicationStep.DECIDED, latest=when)
        case ApplicationSigned() if state:
            return state._replace(step=ApplicationStep.SIGNED, latest=when)
    return state


def _begun(event: OfItem, step: ApplicationStep, when: datetime) -> Application:
    return Application(event.item, event.community, event.requester, step, when)


KINDS = (
    ApplicationPrechecked,
    ApplicationFiled,
    SupplementRequested,
    SupplementReceived,
    ApplicationDecided,
    ApplicationSigned,
)
FOLDS: Folds = {"application": (evolve_application, KINDS)}
