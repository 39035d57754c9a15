"""The staff book: who was appointed to what, until when, and which organisations are no more."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ledger.decision import Office
from ledger.event import Actor
from tests.plain_model.people import KNOWN
from tests.plain_model.rule_book import Act

APPOINTMENTS = ("appointment_made", "appointment_ended")


@dataclass
class StaffBook:
    """What was entered about offices and organisations, in order."""

    founder: Actor
    founded_at: datetime
    entries: list[Act] = field(default_factory=list)
    ends: dict[str, datetime] = field(default_factory=dict)
    """The organisations that come, or have come, to their end."""

    def is_known(self, organisation: str) -> bool:
        """Whether it may be given anything new."""
        return organisation in KNOWN and organisation not in self.ends

    def has_ended(self, organisation: str, moment: datetime) -> bool:
        return organisation in self.ends and self.ends[organisation] <= moment

    def held(self, office: str, organisation: str) -> list[tuple[str, datetime, datetime | None]]:
        """Who was appointed to an office: (principal, since, until), in the order of entry."""
        spans: list[tuple[str, datetime, datetime | None]] = []
        for act in self._about(office, organisation):
            event: Any = act.event
            when = event.effective_from or act.at
            if act.kind == "appointment_made":
                spans.append((event.principal, when, None))
            else:
                spans = [
                    (who, since, when if who == event.principal and until is None else until)
                    for who, since, until in spans
                ]
        return spans

    def holds(self, actor: Actor, moment: datetime) -> bool:
        """Whether the office is the actor's at that moment. The founder's passes on to whoever is
        appointed first."""
        spans = self.held(actor.office, actor.organisation)
        if actor == self.founder:
            spans = [(actor.principal, self.founded_at, self._founders_end()), *spans]
        return any(
            who == actor.principal and since <= moment and (until is None or moment < until)
            for who, since, until in spans
        )

    def _founders_end(self) -> datetime | None:
        ends: list[datetime] = []
        for act in self._about(self.founder.office, self.founder.organisation):
            event: Any = act.event
            if act.kind == "appointment_made" or event.principal == self.founder.principal:
                ends.append(event.effective_from or act.at)
                if act.kind == "appointment_made":
                    break
        return min(ends, default=None)

    def _about(self, office: str, organisation: str) -> list[Act]:
        return [
            act
            for act in self.entries
            if (act.event.__dict__["office"], act.event.__dict__["organisation"])
            == (office, organisation)
        ]


def appointment_made(book: StaffBook, act: Act, event: Any) -> bool:
    since = event.effective_from or act.at
    spans = book.held(event.office, event.organisation)
    open_then = [who for who, _, until in spans if until is None or until > since]
    is_taken = bool(open_then) if event.office == Office.SECRETARY else False
    return (
        book.is_known(event.organisation)
        and event.office not in (Office.RESIDENT, Office.PUBLIC)
        and event.grid_unit is None
        and not is_taken
        and event.principal not in open_then
    )


def appointment_ended(book: StaffBook, act: Act, event: Any) -> bool:
    spans = book.held(event.office, event.organisation)
    own = [span for span in spans if span[0] == event.principal]
    until = event.effective_from or act.at
    is_self = (event.office, event.organisation, event.principal) == act.actor
    return (
        event.grid_unit is None
        and bool(own)
        and own[-1][2] is None
        and until >= own[-1][1]
        and not (is_self and until <= act.at)
    )


