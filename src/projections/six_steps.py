"""The six steps (六步法): what communities decided of joint matters, and what became of it.

A matter is shown from its decision on, and no longer once it is sent back before it; how it was
deliberated is in no view.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from ledger.domain.participation.meetings import MeetingConvened
from ledger.domain.participation.six_steps import (
    DecisionFormed,
    MatterSentBack,
    OpinionsCollected,
    ResultPublished,
    SixSteps,
)
from ledger.event import Recorded
from projections.projection import Contribution, Key, Projection, Rows, Tally
from projections.reference import Reference


class JointMatter(NamedTuple):
    """A joint matter, its decision and its result."""

    joint_matter: str
    community: str
    title: str
    position: int
    """Of its last act that is shown: it began, was decided, or its result was published."""
    decision: str | None = None
    decided_at: datetime | None = None
    outcome: str | None = None
    result: str | None = None
    published_at: datetime | None = None


class Meeting(NamedTuple):
    """A meeting: that there was one, and of whom no more than who convened it."""

    meeting: str
    community: str
    held_at: datetime


class OfCommunity(NamedTuple):
    """By what matters and meetings are summed."""

    community: str


class MatterCounts(NamedTuple):
    """What is summed of matters."""

    matters: int = 0
    decided: int = 0
    published: int = 0


class MeetingCounts(NamedTuple):
    """What is summed of meetings."""

    meetings: int = 0


def _matter_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return ((recorded.event.__dict__["joint_matter"],),)


def _apply_matter(
    row: JointMatter | None, key: Key, recorded: Recorded, reference: Reference
) -> JointMatter | None:
    match recorded.event:
        case OpinionsCollected() as event:
            community = reference.community_of(event.community, recorded.recorded_at)
            return JointMatter(event.joint_matter, community, event.title, recorded.position)
        case DecisionFormed(decision=decision) if row:
            when = recorded.occurred_at
            return row._replace(decision=decision, decided_at=when, position=recorded.position)
        case ResultPublished(outcome=outcome, result=result) if row:
            return row._replace(
                outcome=outcome.value,
                result=result,
                published_at=recorded.occurred_at,
                position=recorded.position,
            )
        case MatterSentBack(to_step=step) if row:
            if step.place <= SixSteps.DECISION_FORMED.place:
                return row._replace(decision=None, decided_at=None)
    return row


def _meeting_keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    return ((recorded.event.__dict__["meeting"],),)


def _apply_meeting(
    row: Meeting | None, key: Key, recorded: Recorded, reference: Reference
) -> Meeting | None:
    community = reference.community_of(recorded.actor.organisation, recorded.recorded_at)
    return Meeting(key[0], community, recorded.occurred_at)


def _contribute_matter(row: JointMatter) -> Iterable[Contribution]:
    counts = MatterCounts(1, int(row.decision is not None), int(row.result is not None))
    return (Contribution(OfCommunity(row.community), None, counts),)


def _contribute_meeting(row: Meeting) -> Iterable[Contribution]:
    return (Contribution(OfCommunity(row.community), None, MeetingCounts(1)),)


def _is_undecided(row: JointMatter) -> bool:
    return row.decision is None


MATTERS = Rows(
    table="joint_matter",
    row=JointMatter,
    key=("joint_matter",),
    kinds=(OpinionsCollected, DecisionFormed, ResultPublished, MatterSentBack),
    keys=_matter_keys,
    apply=_apply_matter,
    tally=Tally(OfCommunity, MatterCounts, _contribute_matter),
    withheld=_is_undecided,
    indexes=(("position",),),
)
MEETINGS = Rows(
    table="joint_meeting",
    row=Meeting,
    key=("meeting",),
    kinds=(MeetingConvened,),
    keys=_meeting_keys,
    apply=_apply_meeting,
    tally=Tally(OfCommunity, MeetingCounts, _contribute_meeting),
)
PROJECTION = Projection("six_steps", 1, (MATTERS, MEETINGS))
