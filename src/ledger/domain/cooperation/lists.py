"""Three lists (三张清单): what a community needs, what is offered to it, and its projects.

An item is there in a number of times: a need to be met so often, a resource to be used so often.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import Field

from ledger.decision import Situation
from ledger.domain.cooperation.projects import unknown_project
from ledger.domain.cooperation.units import (
    COOPERATORS,
    acts_as_unit,
    of_community,
    of_organisation,
)
from ledger.domain.money.donations import Pieces
from ledger.domain.requests.requests import precedes
from ledger.domain.town.organisations import COMMUNITIES, foreign_community, unknown_organisation
from ledger.event import Event, Folds, Id, Line, Recorded, mint_id
from ledger.refusals import Forbidden, Refusal, Unacceptable, UnknownReference, WrongState


class ListType(StrEnum):
    """Which of the three lists."""

    NEEDS = "needs"
    """需求清单"""
    RESOURCES = "resources"
    """资源清单"""
    PROJECTS = "projects"
    """项目清单"""


class ItemScope(StrEnum):
    """Whom an item concerns."""

    COMMON = "common"
    """共性: many residents alike"""
    INDIVIDUAL = "individual"
    """个性: one group or household, which is never named"""


class DelistingReason(StrEnum):
    """Why an item is on its list no more."""

    MET = "met"
    """已满足"""
    WITHDRAWN = "withdrawn"
    """撤回"""
    OUT_OF_DATE = "out_of_date"
    """已过期"""
    IN_ERROR = "in_error"
    """误录"""


class ListItem(NamedTuple):
    """An item as of its history; taken never exceeds quantity."""

    list_type: ListType
    community: str
    provider: str | None
    quantity: int
    latest: datetime
    """The last act's claimed time."""
    taken: int = 0
    """How many times it is matched."""
    is_delisted: bool = False

    @property
    def left(self) -> int:
        """How many times it may still be matched."""
        return self.quantity - self.taken


class ListItemAdded(Event):
    """列入清单: a need, a resource or a project is put on a community's list."""

    kind = "list_item_added"
    term = "清单项目列入"
    proposers = COOPERATORS
    creates = ("list_item", "list_item")
    example = {
        "list_item": "resource-school-hall",
        "list_type": "resources",
        "scope": "common",
        "community": "branch-riverside",
        "title": "学校礼堂周末开放",
        "quantity": 20,
        "provider": "unit-school",
    }

    list_item: Id = Field(default_factory=mint_id)
    """The item's id."""
    list_type: ListType
    """On which list it is."""
    scope: ItemScope
    """Whom it concerns."""
    community: Id
    """Whose list: a community's Party branch or its residents' committee."""
    title: Line
    """What it is, for everybody to read; it names no person."""
    quantity: Pieces = 1
    """How many times it is needed, or there."""
    provider: Id | None = None
    """The organisation that offers it; of a resource, and of nothing else."""
    project: Id | None = None
    """The joint project that it has become; on the list of projects alone."""

    def tags(self) -> tuple[str, ...]:
        about = () if self.project is None else (f"project:{self.project}",)
        return (f"list_item:{self.list_item}", *about)

    def boundary(self, state: Any) -> tuple[str, ...]:
        named = (f"organisation:{self.community}", *of_organisation(self.provider))
        return (*self.tags(), *named)

    def decide(self, situation: Situation) -> Refusal | None:
        unknown = unknown_organisation(situation, self.community, "community", *COMMUNITIES)
        return (
            unknown
            or foreign_community(situation, self.community, "community")
            or self._detail_of_another_list()
            or self._not_own(situation)
            or self._unknown_detail(situation)
        )

    def _detail_of_another_list(self) -> Refusal | None:
        if self.list_type is ListType.RESOURCES and self.provider is None:
            return Unacceptable(
                "provider_missing",
                "nobody is said to offer this resource",
                "the organisation that offers it",
                "provider",
            )
        for field, given, list_type in (
            ("provider", self.provider, ListType.RESOURCES),
            ("project", self.project, ListType.PROJECTS),
        ):
            if given is not None and self.list_type is not list_type:
                return Unacceptable(
                    "detail_of_another_list",
                    f"the list is that of {self.list_type}",
                    f"{field} on the list of {list_type} alone",
                    field,
                )
        return None

    def _not_own(self, situation: Situation) -> Refusal | None:
        if not acts_as_unit(situation) or self.provider == situation.actor.organisation:
            return None
        return _not_own_resource(situation, "provider" if self.provider else "list_type")

    def _unknown_detail(self, situation: Situation) -> Refusal | None:
        if self.provider is not None:
            return unknown_organisation(situation, self.provider, "provider")
        return None if self.project is None else unknown_project(situation, self.project)


class OfListItem(Event):
    """What the acts on an item have in common."""

    list_item: Id
    """The item."""

    def tags(self) -> tuple[str, ...]:
        return (f"list_item:{self.list_item}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        (tag,) = self.tags()
        return (tag, *of_community(tag, state))

    def own_item(self, situation: Situation) -> ListItem | Refusal:
        """The item, still on its list, or why this actor may not change it."""
        item = listed(situation, self.list_item, "list_item")
        if not isinstance(item, ListItem):
            return item
        unfit = _of_others(situation, item, "list_item")
        if unfit is None and situation.precedes(item.latest):
            return precedes(item.latest)
        return unfit or item


class ListItemRevised(OfListItem):
    """修订清单: an item is worded or counted anew; never below what is matched already."""

    kind = "list_item_revised"
    term = "清单项目修订"
    proposers = COOPERATORS
    example = {"list_item": "resource-school-hall", "quantity": 30}

    title: Line | None = None
    """What it is now; absent: as before. It names no person."""
    scope: ItemScope | None = None
    """Whom it concerns now; absent: as before."""
    quantity: Pieces | None = None
    """How many times in all, the matched ones included; absent: as before."""

    def decide(self, situation: Situation) -> Refusal | None:
        if self.title is None and self.scope is None and self.quantity is None:
            return Unacceptable(
                "nothing_revised", "nothing is said anew", "a title, a scope or a quantity", "title"
            )
        item = self.own_item(situation)
        if not isinstance(item, ListItem):
            return item
        if self.quantity is not None and self.quantity < item.taken:
            return WrongState(
                "below_what_is_matched",
                f"{item.taken} of it are matched",
                f"at least {item.taken}",
                "quantity",
            )
        return None


class ListItemDelisted(OfListItem):
    """移出清单: an item is matched no more; what was matched before stands."""

    kind = "list_item_delisted"
    term = "清单项目移出"
    proposers = COOPERATORS
    example = {"list_item": "resource-school-hall", "reason": "out_of_date"}

    reason: DelistingReason
    """Why."""

    def decide(self, situation: Situation) -> Refusal | None:
        item = self.own_item(situation)
        return None if isinstance(item, ListItem) else item


def listed(situation: Situation, identity: str, field: str) -> ListItem | Refusal:
    """An item that is on its list, or why there is none."""
    found: ListItem | None = situation.state(f"list_item:{identity}")
    if found is None:
        return UnknownReference(
            "unknown_list_item",
            f"list item {identity} is not in this ledger",
            "the id that list_item_added gave",
            field,
        )
    if found.is_delisted:
        return WrongState(
            "delisted", f"{identity} is on its list no more", "an item that is on a list", field
        )
    return found


def _of_others(situation: Situation, item: ListItem, field: str) -> Refusal | None:
    foreign = foreign_community(situation, item.community, field)
    return foreign or others_resource(situation, item.provider, field)


def others_resource(situation: Situation, provider: str | None, field: str) -> Refusal | None:
    """The refusal where a unit acts on what it does not offer itself."""
    if not acts_as_unit(situation) or provider == situation.actor.organisation:
        return None
    return _not_own_resource(situation, field)


def _not_own_resource(situation: Situation, field: str) -> Refusal:
    unit = situation.actor.organisation
    return Forbidden(
        "not_own_resource",
        f"{unit} speaks for what it offers itself",
        f"a resource whose provider is {unit}, or a body of the community",
        field,
    )


def evolve_list_item(state: ListItem | None, tag: str, recorded: Recorded) -> ListItem | None:
    """The item after one more event on it."""
    match recorded.event:
        case ListItemAdded() as event:
            return ListItem(
                event.list_type,
                event.community,
                event.provider,
                event.quantity,
                recorded.occurred_at,
            )
        case ListItemRevised(quantity=quantity) if state:
            latest = max(state.latest, recorded.occurred_at)
            return state._replace(quantity=quantity or state.quantity, latest=latest)
        case ListItemDelisted() if state:
            return state._replace(is_delisted=True)
    return state


KINDS = (ListItemAdded, ListItemRevised, ListItemDelisted)
FOLDS: Folds = {"list_item": (evolve_list_item, KINDS)}
