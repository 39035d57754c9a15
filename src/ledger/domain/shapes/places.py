"""A thing with places (名额): whoever claims one keeps it until they give it up, and has one."""

from __future__ import annotations

from typing import NamedTuple

from ledger.refusals import Refusal, WrongState


class Places(NamedTuple):
    """How many there are, and who has one."""

    total: int
    taken: frozenset[str] = frozenset()

    @property
    def free(self) -> int:
        """How many may still be claimed."""
        return self.total - len(self.taken)

    def claimed(self, who: str) -> Places:
        """After somebody claimed one."""
        return self._replace(taken=self.taken | {who})

    def vacated(self, who: str) -> Places:
        """After somebody gave theirs up."""
        return self._replace(taken=self.taken - {who})


def no_place_for(places: Places, who: str, field: str | None = None) -> Refusal | None:
    """Why somebody may claim none: they have one, or all are taken."""
    if who in places.taken:
        return WrongState("claimed_already", f"{who} has a place", "somebody without one", field)
    if places.free < 1:
        return WrongState(
            "full", f"all {places.total} places are taken", "a place that somebody vacated", field
        )
    return None


def without_place(places: Places, who: str, field: str | None = None) -> Refusal | None:
    """Why somebody may not act as one who has a place."""
    if who in places.taken:
        return None
    return WrongState("not_claimed", f"{who} has no place", "somebody who claimed one", field)
