"""Interaction (互动): opinions and replies in reviewed wording, and praise by what is praised.

An opinion without such a wording is counted and lies where the public does not see it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from ledger.domain.participation.interaction import OpinionPosted, OpinionReplied, PraiseGiven
from ledger.event import Recorded
from projections.projection import Contribution, Key, Projection, Rows, Tally
from projections.reference import Reference


class Opinion(NamedTuple):
    """An opinion; its own words are in no view."""

    opinion: str
    community: str
    topic: str
    posted_at: datetime
    position: int
    public_text: str | None = None
    public_reply: str | None = None
    replied_at: datetime | None = None


class OfCommunity(NamedTuple):
    """By what opinions are summed."""

    community: str


class OpinionCounts(NamedTuple):
    """What is summed of opinions."""

    opinions: int = 0
    replied: int = 0


class Praise(NamedTuple):
    """How often an office, an organisation or a deed was praised."""

    target_type: str
    target: str
    """The organisation, the one of the office too, or the deed."""
    office: str
    """Empty but for an office."""
    praises: int
    position: int
    """Of the last one."""


def _opinion_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return ((recorded.event.__dict__["opinion"],),)


def _apply_opinion(
    row: Opinion | None, key: Key, recorded: Recorded, reference: Reference
) -> Opinion | None:
    match recorded.event:
        case OpinionPosted() as event:
            return Opinion(
                event.opinion,
                reference.community_of(event.community, recorded.recorded_at),
                event.topic,
                recorded.occurred_at,
                recorded.position,
            )
        case OpinionReplied() as event if row:
            return row._replace(
                public_text=event.public_text,
                public_reply=event.public_reply,
                replied_at=recorded.occurred_at,
            )
    return row


def _praise_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    match recorded.event:
        case PraiseGiven() as event:
            target = event.organisation or event.deed or ""
            return ((event.target_type.value, target, event.office.value if event.office else ""),)
    return ()


def _apply_praise(
    row: Praise | None, key: Key, recorded: Recorded, reference: Reference
) -> Praise | None:
    before = row.praises if row else 0
    target_type, target, office = key
    return Praise(target_type, target, office, before + 1, recorded.position)


def _contribute(row: Opinion) -> Iterable[Contribution]:
    counts = OpinionCounts(1, int(row.replied_at is not None))
    return (Contribution(OfCommunity(row.community), None, counts),)


def _is_without_wording(row: Opinion) -> bool:
    return row.public_text is None and row.public_reply is None


OPINIONS = Rows(
    table="opinion",
    row=Opinion,
    key=("opinion",),
    kinds=(OpinionPosted, OpinionReplied),
    keys=_opinion_keys,
    apply=_apply_opinion,
    tally=Tally(OfCommunity, OpinionCounts, _contribute),
    withheld=_is_without_wording,
    indexes=(("position",),),
)
PRAISES = Rows(
    table="praise",
    row=Praise,
    key=("target_type", "target", "office"),
    kinds=(PraiseGiven,),
    keys=_praise_keys,
    apply=_apply_praise,
)
PROJECTION = Projection("interaction", 1, (OPINIONS, PRAISES))
