"""The town's people (队伍) as counts of persons: seats in both committees, members, reserves.

Rows are of persons and shown to nobody in public; the tally tells how many there are by a moment,
for the whole town alone: of a community they would be a handful.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from ledger.decision import Office, OrganisationType
from ledger.domain.town.effect import since_when
from ledger.domain.town.members import MemberAdmitted, ReserveNominated
from ledger.domain.town.people import AppointmentEnded, AppointmentEvent, AppointmentMade
from ledger.event import Recorded
from projections.projection import Contribution, Key, Projection, Rows, Tally
from projections.reference import Reference

PARTY, RESIDENTS = "party", "residents"
_OFFICES = {
    OrganisationType.COMMUNITY_BRANCH: (PARTY, (Office.SECRETARY, Office.COMMITTEE_MEMBER)),
    OrganisationType.RESIDENTS_COMMITTEE: (
        RESIDENTS,
        (Office.SECRETARY, Office.RESIDENTS_COMMITTEE_MEMBER),
    ),
}
_OPEN = "-"
Span = tuple[datetime, datetime | None]


class Person(NamedTuple):
    """Somebody with a seat in a community's committees, admitted as a member, or in reserve."""

    principal: str
    seats: tuple[str, ...] = ()
    """`<since> <until or -> <party or residents> <organisation> <office>`."""
    admitted_at: datetime | None = None
    nominated_at: datetime | None = None
    """First, by whichever branch."""


class PeopleGroup(NamedTuple):
    """What is counted: party_seat, residents_seat, both_seats, member_admitted or
    reserve_nominated."""

    figure: str


class PeopleMeasures(NamedTuple):
    """How many."""

    persons: int


def committee_of(event: AppointmentEvent, reference: Reference) -> str | None:
    """In which of a community's committees an office is a seat; None where in neither."""
    body = reference.organisations.get(event.organisation)
    committee, offices = _OFFICES.get(body.type, (None, ())) if body else (None, ())
    return committee if event.office in offices else None


def _keys(recorded: Recorded, reference: Reference) -> Iterable[Key]:
    event = recorded.event
    if isinstance(event, AppointmentEvent) and committee_of(event, reference) is None:
        return ()
    return ((event.__dict__["principal"],),)


def _apply(row: Person | None, key: Key, recorded: Recorded, reference: Reference) -> Person | None:
    person = row or Person(*key)
    event = recorded.event
    since = since_when(event.__dict__["effective_from"], recorded)
    match event:
        case AppointmentMade():
            committee = committee_of(event, reference)
            seat = f"{since.isoformat()} {_OPEN} {committee} {event.organisation} {event.office}"
            return person._replace(seats=(*person.seats, seat))
        case AppointmentEnded():
            seats = tuple(_ended(seat, event, since) for seat in person.seats)
            return person._replace(seats=seats)
        case MemberAdmitted():
            return person._replace(admitted_at=since)
        case ReserveNominated():
            first = min(since, person.nominated_at or since)
            return person._replace(nominated_at=first)
    return row


def _ended(seat: str, event: AppointmentEnded, until: datetime) -> str:
    since, end, committee, organisation, office = seat.split(" ")
    if (end, organisation, office) != (_OPEN, event.organisation, event.office):
        return seat
    return f"{since} {until.isoformat()} {committee} {organisation} {office}"


def spans(row: Person, committee: str) -> list[Span]:
    """When somebody had a seat in a committee, in order, however many seats at once."""
    found: list[Span] = []
    for since, until in sorted(_seats(row, committee), key=lambda span: span[0]):
        if not found or (found[-1][1] is not None and found[-1][1] < since):
            found.append((since, until))
        else:
            start, end = found[-1]
            found[-1] = (start, None if end is None or until is None else max(end, until))
    return found


def both(row: Person) -> list[Span]:
    """When somebody had a seat in either committee at once."""
    found: list[Span] = []
    for since, until in spans(row, PARTY):
        for start, end in spans(row, RESIDENTS):
            begin = max(since, start)
            over = min((one for one in (until, end) if one is not None), default=None)
            if over is None or begin < over:
                found.append((begin, over))
    return found


def _seats(row: Person, committee: str) -> Iterator[Span]:
    for seat in row.seats:
        since, until, of, _, _ = seat.split(" ")
        if of == committee:
            end = None if until == _OPEN else datetime.fromisoformat(until)
            yield datetime.fromisoformat(since), end


def _contribute(row: Person) -> Iterable[Contribution]:
    held = (
        ("party_seat", spans(row, PARTY)),
        ("residents_seat", spans(row, RESIDENTS)),
        ("both_seats", both(row)),
    )
    for figure, several in held:
        for since, until in several:
            yield Contribution(PeopleGroup(figure), since, PeopleMeasures(1))
            if until is not None:
                yield Contribution(PeopleGroup(figure), until, PeopleMeasures(-1))
    if row.admitted_at is not None:
        yield Contribution(PeopleGroup("member_admitted"), row.admitted_at, PeopleMeasures(1))
    if row.nominated_at is not None:
        yield Contribution(PeopleGroup("reserve_nominated"), row.nominated_at, PeopleMeasures(1))


def _always(row: Person) -> bool:
    return True


PERSONS = Rows(
    table="person_of_town",
    row=Person,
    key=("principal",),
    kinds=(AppointmentMade, AppointmentEnded, MemberAdmitted, ReserveNominated),
    keys=_keys,
    apply=_apply,
    tally=Tally(PeopleGroup, PeopleMeasures, _contribute),
    withheld=_always,
)
PROJECTION = Projection("people", 1, (PERSONS,))
