"""A thing with steps (环节): each follows the one before; some send back to an earlier one."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from ledger.refusals import Refusal, WrongState


class Steps(StrEnum):
    """The steps in their order; a subclass names them."""

    @property
    def place(self) -> int:
        """Counted from 0."""
        return list(type(self)).index(self)

    @property
    def following(self) -> Self | None:
        """The next step; None after the last."""
        order = list(type(self))
        return order[self.place + 1] if self.place + 1 < len(order) else None

    @property
    def preceding(self) -> Self | None:
        """The step before; None before the first."""
        return list(type(self))[self.place - 1] if self.place else None


def out_of_order(latest: Steps | None, wanted: Steps, field: str | None = None) -> Refusal | None:
    """Why a step may not be taken: it is not the one that follows the latest (None: none yet)."""
    following = next(iter(type(wanted))) if latest is None else latest.following
    if wanted is following:
        return None
    return WrongState(
        "out_of_order",
        f"the latest step is {latest or 'none'}",
        "nothing more: the last step is taken" if following is None else str(following),
        field,
    )


def not_earlier(latest: Steps | None, wanted: Steps, field: str | None = None) -> Refusal | None:
    """Why it may not be sent back to a step: that one was not taken."""
    if latest is not None and wanted.place <= latest.place:
        return None
    return WrongState("not_taken_yet", f"{wanted} was not taken", "a step that was taken", field)
