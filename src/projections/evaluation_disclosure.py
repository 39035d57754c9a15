"""Evaluation disclosure (服务评价): how handling was judged, and who whistles how often."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from ledger.domain.ratings import ServiceRated
from ledger.domain.requests import RequestDispatched, RequestFiled
from ledger.domain.whistles import WhistleBlown
from ledger.event import Recorded
from projections.process_disclosure import is_withheld
from projections.projection import Contribution, Key, Projection, Rows, Tally
from projections.reference import Reference


class Judged(NamedTuple):
    """How one request was judged in its last round of handling, and whose work that was."""

    request: str
    community: str
    category: str
    lead: str | None = None
    satisfaction: str | None = None
    resolved: bool | None = None
    rated_at: datetime | None = None


class JudgedGroup(NamedTuple):
    """By what ratings are counted."""

    community: str
    category: str
    lead: str | None


class JudgedCounts(NamedTuple):
    """What is counted of ratings, one a request; the five grades are named as `Satisfaction` is."""

    rated: int = 0
    very_satisfied: int = 0
    satisfied: int = 0
    fairly_satisfied: int = 0
    dissatisfied: int = 0
    very_dissatisfied: int = 0
    resolution_asked: int = 0
    resolved: int = 0


class Whistling(NamedTuple):
    """How many requests an organisation of a community had, and how many whistles it blew."""

    community: str
    requests: int = 0
    whistles: int = 0


def _judged_keys(recorded: Recorded) -> Iterable[Key]:
    event = recorded.event
    return ((event.target if isinstance(event, ServiceRated) else event.__dict__["request"],),)


def _apply_judged(
    row: Judged | None, key: Key, recorded: Recorded, reference: Reference
) -> Judged | None:
    event = recorded.event
    if type(event) is RequestFiled:
        return Judged(event.request, event.community, event.category.value)
    if row is None:
        return None
    if type(event) is RequestDispatched:
        return row._replace(lead=event.lead)
    if type(event) is ServiceRated:
        return row._replace(
            satisfaction=event.satisfaction.value,
            resolved=event.resolved,
            rated_at=recorded.occurred_at,
        )
    return row


def _contribute(row: Judged) -> Iterable[Contribution]:
    if row.satisfaction is None:
        return ()
    asked, resolved = int(row.resolved is not None), int(row.resolved is True)
    counts = JudgedCounts(1, resolution_asked=asked, resolved=resolved)
    counts = counts._replace(**{row.satisfaction: 1})
    return (Contribution(JudgedGroup(row.community, row.category, row.lead), None, counts),)


def _whistling_keys(recorded: Recorded) -> Iterable[Key]:
    event = recorded.event
    if isinstance(event, RequestFiled):
        return ((event.community,),)
    return ((recorded.actor.organisation,),)


def _apply_whistling(
    row: Whistling | None, key: Key, recorded: Recorded, reference: Reference
) -> Whistling:
    row = row or Whistling(*key)
    if isinstance(recorded.event, RequestFiled):
        return row._replace(requests=row.requests + 1)
    return row._replace(whistles=row.whistles + 1)


JUDGED = Rows(
    table="judged_request",
    row=Judged,
    key=("request",),
    kinds=(RequestFiled, RequestDispatched, ServiceRated),
    keys=_judged_keys,
    apply=_apply_judged,
    tally=Tally(JudgedGroup, JudgedCounts, _contribute),
    withheld=lambda row: is_withheld(row.category),
)
WHISTLING = Rows(
    table="community_whistling",
    row=Whistling,
    key=("community",),
    kinds=(RequestFiled, WhistleBlown),
    keys=_whistling_keys,
    apply=_apply_whistling,
)
PROJECTION = Projection("evaluation_disclosure", 1, (JUDGED, WHISTLING))
