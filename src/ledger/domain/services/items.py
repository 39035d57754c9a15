"""Service items (服务事项): what may be had, on what basis, within which time and at what cost."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from ledger.clocks import office_day
from ledger.decision import Situation
from ledger.domain.requests.requests import BY_COMMUNITY, precedes
from ledger.domain.rules.rules import RULES_TAG, RulesEnacted, rules_in_force
from ledger.domain.services.windows import Window, known_window
from ledger.domain.shapes.promises import Promise
from ledger.domain.town.organisations import (
    BY_TOWN_OFFICE,
    COMMUNITIES,
    foreign_community,
    unknown_organisation,
)
from ledger.event import Event, EventModel, Folds, Id, Line, Recorded, mint_id
from ledger.refusals import Refusal, Unacceptable, UnknownReference

MAX_FEE_FEN = 10**9
"""Ten million yuan."""
MAX_MATERIALS = 50
MAX_WINDOWS = 20


class Material(EventModel):
    """Something that an applicant brings."""

    code: Id
    """What later acts name it by."""
    name: Line
    """As it is shown."""


class ServiceItem(NamedTuple):
    """An item as it was published last."""

    community: str
    materials: tuple[str, ...]
    """Their codes: nothing beyond them is ever asked for."""
    windows: tuple[str, ...]
    is_online: bool
    published_at: datetime

    def not_served(self, window: str | None, field: str) -> Refusal | None:
        """The refusal where it cannot be had at a window, or without one."""
        if window is None:
            if self.is_online:
                return None
            return Unacceptable(
                "not_online",
                "the item is not served online",
                f"one of its windows: {', '.join(self.windows)}",
                field,
            )
        if window in self.windows:
            return None
        return Unacceptable(
            "not_at_this_window",
            f"the item is not served at window {window}",
            f"one of its windows: {', '.join(self.windows) or 'none, it is served online'}",
            field,
        )

    def beyond_list(self, materials: tuple[str, ...], field: str) -> Refusal | None:
        """The refusal where materials are named that the item does not list, or twice."""
        if len(set(materials)) < len(materials):
            return Unacceptable("given_twice", "a material is named twice", "each once", field)
        unlisted = [one for one in materials if one not in self.materials]
        if not unlisted:
            return None
        return Unacceptable(
            "not_on_the_list",
            f"the item does not ask for {unlisted[0]}",
            f"materials that it lists: {', '.join(self.materials) or 'none'}",
            field,
        )


class ServiceItemPublished(Event):
    """事项公布: a community says what can be had and how; published again, it replaces itself."""

    kind = "service_item_published"
    term = "事项公布"
    proposers = (BY_COMMUNITY, BY_TOWN_OFFICE)
    creates = ("service_item", "item")
    example = {
        "item": "item-riverside-residence-proof",
        "community": "committee-riverside",
        "title": "居住证明",
        "basis": "《居住证暂行条例》第九条",
        "conditions": ["在本社区居住半年以上"],
        "materials": [{"code": "identity-card", "name": "居民身份证"}],
        "statutory": {"amount": 15, "unit": "working_days"},
        "promise": {"amount": 3, "unit": "working_days"},
        "fee_fen": 0,
        "windows": ["window-riverside-1"],
        "online": True,
    }

    item: Id = Field(default_factory=mint_id)
    """The item's id; that of one that is there, to publish it anew."""
    community: Id
    """The community that serves it: its Party branch or its residents' committee."""
    title: Line
    """What it is, as everybody reads it."""
    basis: Line
    """The law or document under which it is served."""
    conditions: Annotated[tuple[Line, ...], Field(max_length=MAX_MATERIALS)] = ()
    """Who may have it."""
    materials: Annotated[tuple[Material, ...], Field(max_length=MAX_MATERIALS)] = ()
    """What an applicant brings; nothing else may be asked for."""
    statutory: Promise | None = None
    """The limit that the law sets; absent: none."""
    promise: Promise
    """Within which time the community promises to decide (限时办结), never beyond the law's."""
    fee_fen: Annotated[int, Field(ge=0, le=MAX_FEE_FEN)] = 0
    """What it costs."""
    fee_basis: Line | None = None
    """The document that sets the fee, where there is one."""
    windows: Annotated[tuple[Id, ...], Field(max_length=MAX_WINDOWS)] = ()
    """Where it can be had."""
    online: bool = False
    """Whether it can be applied for online (网办)."""

    def tags(self) -> tuple[str, ...]:
        return (f"service_item:{self.item}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        windows = (f"window:{window}" for window in self.windows)
        return (*self.tags(), f"organisation:{self.community}", RULES_TAG, *windows)

    def continues(self, existing: Any) -> bool:
        """The same community may publish its item anew."""
        return isinstance(existing, ServiceItem) and existing.community == self.community

    def decide(self, situation: Situation) -> Refusal | None:
        known: ServiceItem | None = situation.state(f"service_item:{self.item}")
        if known and situation.precedes(known.published_at):
            return precedes(known.published_at)
        return (
            unknown_organisation(situation, self.community, "community", *COMMUNITIES)
            or foreign_community(situation, self.community, "community")
            or self._contradiction()
            or self._elsewhere(situation)
            or self._too_long(situation)
        )

    def _contradiction(self) -> Refusal | None:
        codes = [one.code for one in self.materials]
        for field, named in (("materials", codes), ("windows", self.windows)):
            if len(set(named)) < len(named):
                return Unacceptable("given_twice", f"{field} has one twice", "each once", field)
        if not self.windows and not self.online:
            return Unacceptable(
                "served_nowhere",
                "nobody could apply for the item",
                "at least one window, or online: true",
                "windows",
            )
        if self.fee_fen and self.fee_basis is None:
            return Unacceptable(
                "fee_without_basis",
                "a fee needs the document that sets it",
                "the document, or no fee",
                "fee_basis",
            )
        return None

    def _elsewhere(self, situation: Situation) -> Refusal | None:
        for identity in self.windows:
            window = known_window(situation, identity, "windows")
            if not isinstance(window, Window):
                return window
            if window.community != self.community:
                return Unacceptable(
                    "window_of_another_community",
                    f"window {identity} belongs to {window.community}",
                    f"windows of {self.community}",
                    "windows",
                )
        return None

    def _too_long(self, situation: Situation) -> Refusal | None:
        if self.statutory is None:
            return None
        pack = rules_in_force(situation)
        if not isinstance(pack, RulesEnacted):
            return pack
        office = office_day((span.start_minute, span.end_minute) for span in pack.office_hours)
        if not self.promise.may_outlast(self.statutory, office):
            return None
        return Unacceptable(
            "longer_than_statutory",
            f"{self.promise.amount} {self.promise.unit} may last longer than the law allows",
            f"at most {self.statutory.amount} {self.statutory.unit}",
            "promise",
        )


def known_item(situation: Situation, item: str) -> ServiceItem | Refusal:
    """The item, or the refusal where none of this id was published."""
    found: ServiceItem | None = situation.state(f"service_item:{item}")
    return found or UnknownReference(
        "unknown_service_item",
        f"service item {item} is not in this ledger",
        "an item that was published",
        "item",
    )


def evolve_item(state: ServiceItem | None, tag: str, recorded: Recorded) -> ServiceItem | None:
    """The item as it was published last."""
    match recorded.event:
        case ServiceItemPublished() as event:
            codes = tuple(one.code for one in event.materials)
            return ServiceItem(
                event.community, codes, event.windows, event.online, recorded.occurred_at
            )
    return state


KINDS = (ServiceItemPublished,)
FOLDS: Folds = {"service_item": (evolve_item, KINDS)}
