"""Where something counts that is counted once, however often it was done: a community, the town."""

from __future__ import annotations

from typing import NamedTuple

from ledger.event import Recorded

TOWN = ""
"""The scope of the whole town."""


class Scope(NamedTuple):
    """By what is summed that is distinct within it: a sum over communities would count twice."""

    scope: str


def tagged(recorded: Recorded, tag_type: str) -> str | None:
    """The id of the event's first tag of a type; None without one."""
    prefix = f"{tag_type}:"
    return next((tag[len(prefix) :] for tag in recorded.tags if tag.startswith(prefix)), None)


def scopes_of(recorded: Recorded) -> tuple[str, ...]:
    """The town, and the community of an act of service."""
    community = tagged(recorded, "volunteering")
    return (TOWN,) if community is None else (TOWN, community)
