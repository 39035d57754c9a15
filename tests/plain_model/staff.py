"""The staff book: who was appointed to what, until when, and which organisations are no more."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from ledger.decision import Office
from ledger.domain.town.organisations import OrganisationAssigned
from ledger.event import Actor
from tests.plain_model.people import BRANCHES, COMMUNITIES, UNASSIGNED
from tests.plain_model.rule_book import Act


class Span(NamedTuple):
    """An office, from its date of effect to its end, which is excluded."""

    principal: str
    since: datetime
    until: datetime | None = None
    by_founding: bool = False

    def is_open(self, moment: datetime) -> bool:
        """Whether it has not ended by the moment, begun or not."""
        return self.until is None or self.until > moment

    def lasts(self, moment: datetime) -> bool:
        return self.since <= moment and self.is_open(moment)

    def ends(self, when: datetime) -> Span:
        return self._replace(until=when if self.until is None else min(self.until, when))


@dataclass
class StaffBook:
    """What was entered about offices and organisations, in order."""

    founder: Actor
    entries: list[Act] = field(default_factory=list)
    assignments: list[Act] = field(default_factory=list)
    since: dict[str, datetime] = field(default_factory=dict)
    """The organisations, and since when they are there."""
    ends: dict[str, datetime] = field(default_factory=dict)
    """Those that come, or have come, to their end."""

    def is_known(self, organisation: str) -> bool:
        """Whether it may be given anything new."""
        return organisation in self.since and organisation not in self.ends

    def holds(self, actor: Actor, moment: datetime) -> bool:
        """Whether the actor's office is theirs at that moment, and there still."""
        end = self.ends.get(actor.organisation)
        if end is not None and end <= moment:
            return False
        return actor.office == Office.RESIDENT or any(
            span.principal == actor.principal and span.lasts(moment)
            for span in self.held(actor.office, actor.organisation)
        )

    def held(self, office: str, organisation: str) -> list[Span]:
        """Who held or holds an office, in the order of entry. The founder's, who was appointed by
        nobody, passes on to whoever is appointed first."""
        spans: list[Span] = []
        if (office, organisation) == self.founder[:2]:
            spans = [Span(self.founder.principal, self.since[organisation], by_founding=True)]
        for act in self.entries:
            event: Any = act.event
            if (event.office, event.organisation) != (office, organisation):
                continue
            when = event.effective_from or act.at
            if act.kind == "appointment_made":
                spans = [span.ends(when) if span.by_founding else span for span in spans]
                spans.append(Span(event.principal, when))
            else:
                spans = [
                    span.ends(when)
                    if span.principal == event.principal and span.until is None
                    else span
                    for span in spans
                ]
        return spans

    def community(self, organisation: str, moment: datetime) -> str | None:
        """The community to which it is assigned at that moment: by the latest date of effect, and
        of two with one date by what was entered later."""
        own: list[tuple[datetime, str]] = [
            (event.effective_from or act.at, event.community)
            for act in self.assignments
            for event in (act.event,)
            if isinstance(event, OrganisationAssigned) and event.organisation == organisation
        ]
        held = [(since, community) for since, community in own if since <= moment]
        latest = max((since for since, _ in held), default=None)
        return next((community for since, community in reversed(held) if since == latest), None)

    def is_somebody(self, principal: str) -> bool:
        """Whether the principal was ever appointed to anything."""
        entered: list[Any] = [act.event for act in self.entries]
        return principal == self.founder.principal or any(
            event.principal == principal for event in entered
        )

    def serves(self, principal: str, organisation: str, moment: datetime) -> bool:
        """Whether the principal has any office there, now or later."""
        return any(
            span.principal == principal and span.is_open(moment)
            for office in Office
            for span in self.held(office, organisation)
        )


def appointment_made(book: StaffBook, act: Act, event: Any) -> bool:
    since = event.effective_from or act.at
    spans = [span for span in book.held(event.office, event.organisation) if span.is_open(since)]
    is_taken = event.office == Office.SECRETARY and any(not span.by_founding for span in spans)
    return (
        book.is_known(event.organisation)
        and event.office not in (Office.RESIDENT, Office.PUBLIC)
        and event.grid_unit is None
        and not is_taken
        and all(span.principal != event.principal for span in spans)
    )


def appointment_ended(book: StaffBook, act: Act, event: Any) -> bool:
    spans = book.held(event.office, event.organisation)
    own = [span for span in spans if span.principal == event.principal]
    until = event.effective_from or act.at
    is_self = (event.office, event.organisation, event.principal) == act.actor
    return (
        event.grid_unit is None
        and bool(own)
        and own[-1].until is None
        and until >= own[-1].since
        and not (is_self and until <= act.at)
    )


def organisation_assigned(book: StaffBook, act: Act, event: Any) -> bool:
    """Branches are assigned to nobody, committees to branches, others to either."""
    is_committee = event.organisation.startswith("committee-")
    since = event.effective_from or act.at
    return (
        event.organisation != event.community
        and book.is_known(event.organisation)
        and event.organisation not in UNASSIGNED
        and event.community in (BRANCHES if is_committee else COMMUNITIES)
        and book.is_known(event.community)
        and since >= book.since[event.organisation]
        and book.community(event.organisation, since) != event.community
    )
