"""The timekeeper: proposes what time alone causes, as a principal like any other.

It may be late, doubled or away: every proposal has an idempotency key that follows from what it is
about, and `decide` checks the time itself. So it needs no lock and remembers nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, NamedTuple

from ledger import catalogue
from ledger.decision import Office
from ledger.domain.founding import LedgerFounded
from ledger.event import Actor, Event
from ledger.ledger import Ledger
from ledger.proposal import Proposal
from ledger.refusals import Busy, IdempotencyConflict, Refused, Unavailable
from ledger.store.contract import Receipt, StoreDown
from ledger.watch import Watch

PRINCIPAL: Final = "timekeeper"
"""Whom appointment_made is to appoint to the town's office of timekeeper."""
LOOK_SECONDS = 30.0
"""How long after something has fallen due it is proposed, at most."""

_log = logging.getLogger(__name__)


class Due(NamedTuple):
    """Something that time has caused, and the event that records it."""

    event: Event
    about: tuple[str, ...]
    """What names it among all that is recorded by events of this kind: it is recorded once."""

    def receipt(self) -> Receipt:
        """The same for the same thing, whoever proposes it and whenever."""
        digest = sha256("\0".join((PRINCIPAL, self.event.kind, *self.about)).encode()).digest()
        return Receipt(digest[:16], digest)


class Timekeeper(Watch):
    """Looks every `look_seconds`, in a thread of its own, until it is closed."""

    def __init__(
        self,
        ledger: Ledger,
        look: Callable[[datetime], list[Due]],
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        super().__init__("timekeeper", look_seconds)
        self._ledger = ledger
        self._look = look
        self._look_seconds = look_seconds
        self._actor: Actor | None = None

    def propose_due(self, at: datetime) -> int:
        """Proposes everything that has fallen due by `at`; how much of it was new.

        What is refused has been dealt with by somebody else meanwhile, or is not due by the rules.
        Raises `StoreDown` and `Unavailable`.
        """
        actor = self.actor()
        if actor is None:
            return 0
        accepted = 0
        for due in self._look(at):
            if self._closing.is_set():
                break
            proposal = Proposal(due.event, actor)
            try:
                (answer,) = self._ledger.propose_sync([proposal], due.receipt())
            except Refused as refused:
                self._note(refused)
            except (Busy, IdempotencyConflict):
                continue  # it falls due again with the next look
            else:
                accepted += answer.id == proposal.id  # else somebody had recorded it before
        return accepted

    def look_again(self) -> float:
        try:
            self.trouble = None
            self.propose_due(datetime.now(UTC))
        except (StoreDown, Unavailable) as error:
            self.trouble = str(error)
            _log.warning("the timekeeper waits: %s", error)
        return self._look_seconds

    def actor(self) -> Actor | None:
        """In whose office it acts: the town's, which event 1 names; None in an empty ledger."""
        if self._actor is None:
            for stored in self._ledger.read(limit=1):
                founded = catalogue.decode(stored.position, stored.record).event
                assert isinstance(founded, LedgerFounded)  # decide takes no other kind as the first
                self._actor = Actor(Office.TIMEKEEPER, founded.town, PRINCIPAL)
        return self._actor

    def _note(self, refused: Refused) -> None:
        if refused.refusal.rule == "no_such_appointment":
            self.trouble = str(refused)
            _log.warning("the timekeeper may propose nothing: %s", refused)
