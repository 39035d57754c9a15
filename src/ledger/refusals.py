"""The ways in which a proposal is refused: which rule, why, and what would be accepted."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Refusal:
    """One rule that a proposal broke.

    `rule` is a stable name for programs, `reason` says in words what was wrong, `accepted` what the
    ledger would take instead, and `field` names the field of the body at fault, dotted, or is None
    when no single field is.
    """

    rule: str
    reason: str
    accepted: str
    field: str | None = None
    index: int | None = None

    def at_index(self, index: int) -> Refusal:
        """The same refusal, naming the place (from 0) of the proposal in its list."""
        return replace(self, index=index)


@dataclass(frozen=True, slots=True)
class Forbidden(Refusal):
    """The actor may not propose this kind, here."""


@dataclass(frozen=True, slots=True)
class UnknownReference(Refusal):
    """The body names something that this ledger does not hold."""


@dataclass(frozen=True, slots=True)
class WrongState(Refusal):
    """What the body names is there, but not in a state that allows this."""


@dataclass(frozen=True, slots=True)
class Unacceptable(Refusal):
    """The body contradicts itself, the rules in force, or a limit."""


class Refused(Exception):
    """Raised where a refusal ends a call; nothing of the submission was stored."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.rule}: {refusal.reason} (accepted: {refusal.accepted})")
        self.refusal = refusal


class Busy(Exception):
    """The queue is full: nothing was taken in; try again after `retry_after_seconds`."""

    def __init__(self, retry_after_seconds: int = 1) -> None:
        super().__init__(f"the ledger's queue is full; try again in {retry_after_seconds} s")
        self.retry_after_seconds = retry_after_seconds


class Unavailable(Exception):
    """The database could not be reached, or the sequencer has been stopped.

    With `outcome_unknown` the events may or may not have been stored: sending the same
    proposal again under the same idempotency key is safe and tells.
    """

    def __init__(self, reason: str, *, outcome_unknown: bool = False) -> None:
        super().__init__(reason)
        self.outcome_unknown = outcome_unknown


class IdempotencyConflict(Exception):
    """The idempotency key was used before with another body (`in_flight` False), or is in use."""

    def __init__(self, key: str, *, in_flight: bool) -> None:
        state = "is being answered just now" if in_flight else "was used with another body"
        super().__init__(f"idempotency key {key!r} {state}")
        self.key = key
        self.in_flight = in_flight
