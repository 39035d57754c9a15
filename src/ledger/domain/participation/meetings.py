"""Meetings of several bodies (联席会), at which steps on joint matters may be taken."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from ledger.decision import Situation
from ledger.domain.requests.requests import BY_COMMUNITY
from ledger.domain.town.organisations import unknown_organisation
from ledger.event import Event, Id, Recorded, mint_id
from ledger.refusals import Refusal, Unacceptable

MAX_MEMBERS = 30


class MeetingConvened(Event):
    """召开联席会: several bodies meet; no step itself, but steps may be taken there."""

    kind = "meeting_convened"
    term = "联席会"
    proposers = (BY_COMMUNITY,)
    creates = ("meeting", "meeting")
    example = {"meeting": "meeting-2026-03", "participants": ["unit-school", "dept-urban"]}

    meeting: Id = Field(default_factory=mint_id)
    """The meeting's id, by which steps name it."""
    participants: Annotated[tuple[Id, ...], Field(min_length=1, max_length=MAX_MEMBERS)]
    """The organisations that took part, beside the one that convened it."""

    def tags(self) -> tuple[str, ...]:
        return (f"meeting:{self.meeting}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*self.tags(), *(f"organisation:{one}" for one in self.participants))

    def decide(self, situation: Situation) -> Refusal | None:
        if situation.actor.organisation in self.participants or named_twice(self.participants):
            return Unacceptable(
                "participant_twice", "an organisation is named twice, or convenes the meeting",
                "each of the others once", "participants",
            )  # fmt: skip
        found = (unknown_organisation(situation, one, "participants") for one in self.participants)
        return next(filter(None, found), None)


def named_twice(several: tuple[str, ...]) -> bool:
    """Whether somebody stands in a list more than once."""
    return len(set(several)) < len(several)


def evolve_meeting(state: str | None, tag: str, recorded: Recorded) -> str | None:
    """The body that convened the meeting."""
    match recorded.event:
        case MeetingConvened():
            return recorded.actor.organisation
    return state
