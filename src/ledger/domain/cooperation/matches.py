"""Matches (对接) of needs with resources and projects, and what is then given in kind.

A match takes from both items, so that neither is matched beyond what was listed; what is given
never exceeds what was matched.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from pydantic import Field

from ledger.decision import Situation
from ledger.domain.cooperation.lists import ListItem, ListType, listed, others_resource
from ledger.domain.cooperation.units import COOPERATORS, of_community
from ledger.domain.money.donations import Pieces
from ledger.domain.requests.requests import precedes
from ledger.domain.town.organisations import foreign_community
from ledger.event import Event, Folds, Id, Recorded, mint_id
from ledger.refusals import Refusal, Unacceptable, UnknownReference, WrongState


class Match(NamedTuple):
    """A need and what meets it; contributed never exceeds quantity."""

    need: str
    offer: str
    quantity: int
    latest: datetime
    contributed: int = 0


class ItemsMatched(Event):
    """对接: a need of a community is matched with what meets it, a resource or a project."""

    kind = "items_matched"
    term = "清单对接"
    proposers = COOPERATORS
    creates = ("match", "match")
    example = {
        "match": "match-2026-0008",
        "need": "need-evening-classes",
        "offer": "resource-school-hall",
        "quantity": 2,
    }

    match: Id = Field(default_factory=mint_id)
    """The match's id, by which contributions name it."""
    need: Id
    """The item of the list of needs."""
    offer: Id
    """The item of the list of resources, or of projects, that meets it."""
    quantity: Pieces = 1
    """How many times, of both."""

    def tags(self) -> tuple[str, ...]:
        return (f"match:{self.match}", f"list_item:{self.need}", f"list_item:{self.offer}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        items = (f"list_item:{self.need}", f"list_item:{self.offer}")
        return (*self.tags(), *(tag for item in items for tag in of_community(item, state)))

    def decide(self, situation: Situation) -> Refusal | None:
        needs, offers = (ListType.NEEDS,), (ListType.RESOURCES, ListType.PROJECTS)
        return (
            self._no_item(situation, self.need, "need", needs)
            or self._no_item(situation, self.offer, "offer", offers)
            or self._not_own(situation)
        )

    def _no_item(
        self, situation: Situation, identity: str, field: str, lists: tuple[ListType, ...]
    ) -> Refusal | None:
        item = listed(situation, identity, field)
        if not isinstance(item, ListItem):
            return item
        if item.list_type not in lists:
            return Unacceptable(
                "wrong_list",
                f"{identity} is on the list of {item.list_type}",
                f"an item of the list of {' or '.join(lists)}",
                field,
            )
        if self.quantity > item.left:
            return WrongState(
                "exhausted",
                f"{self.quantity} asked of {identity}, {item.left} left",
                f"at most {item.left}" if item.left else "an item of which something is left",
                field,
            )
        if situation.precedes(item.latest):
            return precedes(item.latest)
        return foreign_community(situation, item.community, field)

    def _not_own(self, situation: Situation) -> Refusal | None:
        offer: ListItem = situation.state(f"list_item:{self.offer}")
        return others_resource(situation, offer.provider, "offer")


class ResourceContributed(Event):
    """捐出资源: what was matched is given, in kind."""

    kind = "resource_contributed"
    term = "资源兑现"
    proposers = COOPERATORS
    creates = ("contribution", "contribution")
    example = {
        "contribution": "contribution-2026-0031",
        "match": "match-2026-0008",
        "quantity": 1,
    }

    contribution: Id = Field(default_factory=mint_id)
    """The contribution's id."""
    match: Id
    """The match that it keeps."""
    quantity: Pieces = 1
    """How many times, up to what was matched."""

    def tags(self) -> tuple[str, ...]:
        return (f"contribution:{self.contribution}", f"match:{self.match}")

    def boundary(self, state: Any) -> tuple[str, ...]:
        found: Match | None = state(f"match:{self.match}")
        if found is None:
            return self.tags()
        need, offer = f"list_item:{found.need}", f"list_item:{found.offer}"
        return (*self.tags(), need, offer, *of_community(need, state))

    def concerns(self, situation: Situation) -> tuple[str, ...]:
        """The need that is met, and what meets it."""
        found: Match = situation.state(f"match:{self.match}")
        return (f"list_item:{found.need}", f"list_item:{found.offer}")

    def decide(self, situation: Situation) -> Refusal | None:
        found: Match | None = situation.state(f"match:{self.match}")
        if found is None:
            return UnknownReference(
                "unknown_match",
                f"match {self.match} is not in this ledger",
                "the id that items_matched gave",
                "match",
            )
        left = found.quantity - found.contributed
        if self.quantity > left:
            return WrongState(
                "beyond_what_is_matched",
                f"{self.quantity} given, {left} of the match left",
                f"at most {left}" if left else "another match: this one is kept",
                "quantity",
            )
        if situation.precedes(found.latest):
            return precedes(found.latest)
        need: ListItem = situation.state(f"list_item:{found.need}")
        offer: ListItem = situation.state(f"list_item:{found.offer}")
        foreign = foreign_community(situation, need.community, "match")
        return foreign or others_resource(situation, offer.provider, "match")


def evolve_taken(state: ListItem | None, tag: str, recorded: Recorded) -> ListItem | None:
    """The item after it was matched once more."""
    match recorded.event:
        case ItemsMatched(quantity=quantity) if state:
            latest = max(state.latest, recorded.occurred_at)
            return state._replace(taken=state.taken + quantity, latest=latest)
    return state


def evolve_match(state: Match | None, tag: str, recorded: Recorded) -> Match | None:
    """The match, and how much of it is kept."""
    when = recorded.occurred_at
    match recorded.event:
        case ItemsMatched() as event:
            return Match(event.need, event.offer, event.quantity, when)
        case ResourceContributed(quantity=quantity) if state:
            latest = max(state.latest, when)
            return state._replace(contributed=state.contributed + quantity, latest=latest)
    return state


def evolve_contribution(state: str | None, tag: str, recorded: Recorded) -> str | None:
    """The match of a contribution's id."""
    match recorded.event:
        case ResourceContributed(match=kept):
            return kept
    return state


KINDS = (ItemsMatched, ResourceContributed)
FOLDS: Folds = {
    "list_item": (evolve_taken, (ItemsMatched,)),
    "match": (evolve_match, KINDS),
    "contribution": (evolve_contribution, (ResourceContributed,)),
}
