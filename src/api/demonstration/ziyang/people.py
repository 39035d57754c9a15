"""The town's people: offices of all bodies, the two seats of some, members admitted, reserves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Final, NamedTuple

from api.demonstration import town
from api.demonstration.ziyang import bodies
from api.demonstration.ziyang.bodies import COMMUNITIES, SINCE, Community
from api.demonstration.ziyang.days import CLOSING, OPENING, TWO_YEARS_BEFORE, at, chance
from ledger.clocks import SHANGHAI
from ledger.decision import Office
from ledger.domain.town.members import MemberAdmitted, Programme, ReserveNominated
from ledger.domain.town.people import (
    AppointmentEnded,
    AppointmentMade,
    AppointmentOrigin,
    Education,
    PersonEnrolled,
)
from ledger.event import Actor
from ledger.proposal import Proposal

COMMITTEE_SIZES: Final = (10, 10, 10, 11)
"""Party-committee members of each community, its secretary among them: 41."""
CROSS_SEATS: Final = (5, 5, 4, 4)
"""Those of them who hold a seat in the residents' committee too: 18."""
COLLEGE: Final = 13
"""Those of the 41 with 大专 or more."""
ADMITTED: Final = 10
NOMINATED: Final = 14
AGENTS: Final = 3
"""Of each community."""
_COLLEGE_LEVELS = (Education.JUNIOR_COLLEGE, Education.JUNIOR_COLLEGE, Education.BACHELOR)
_SCHOOL_LEVELS = (
    Education.SENIOR_SECONDARY,
    Education.SENIOR_SECONDARY,
    Education.JUNIOR_SECONDARY,
)
_ORIGINS = (
    AppointmentOrigin.SELECTED,
    AppointmentOrigin.CROSS_REGION,
    AppointmentOrigin.ELECTED,
    AppointmentOrigin.EXCHANGE,
)
_BEFORE_LAST = datetime(2018, 6, 20, 10, tzinfo=SHANGHAI)
"""Before the two years in which members and reserves are counted."""


class Seat(NamedTuple):
    """A member of a community's Party committee."""

    community: Community
    principal: str
    office: Office
    is_crossed: bool
    """Whether the member sits in the residents' committee too."""


def seats() -> Iterator[Seat]:
    """The members of the four Party committees at the closing date."""
    for community, size, crossed in zip(COMMUNITIES, COMMITTEE_SIZES, CROSS_SEATS, strict=True):
        head = bodies.secretary(community.branch).principal
        yield Seat(community, head, Office.SECRETARY, is_crossed=True)
        for number in range(1, size):
            principal = member(community, number)
            yield Seat(community, principal, Office.COMMITTEE_MEMBER, number < crossed)


def member(community: Community, number: int) -> str:
    """The id of a member of a Party committee."""
    return town.random_id(f"party-committee/{community.key}/{number}")


def opening() -> Iterator[Proposal]:
    """Everybody who holds an office as the ledger begins."""
    numbers = iter(range(1, 10_000))
    educated = set(chance("education").sample(range(sum(COMMITTEE_SIZES)), COLLEGE))
    for index, seat in enumerate(seats()):
        levels = _COLLEGE_LEVELS if index in educated else _SCHOOL_LEVELS
        yield _enrolled(seat.principal, next(numbers), levels[index % len(levels)])
        if seat.principal not in (town.SECRETARY.principal, town.SECRETARY_OLD_TOWN.principal):
            origin = _ORIGINS[index % len(_ORIGINS)]
            yield _appointed(seat.principal, seat.community.branch, seat.office, origin)
        if seat.is_crossed:
            yield _appointed(
                seat.principal,
                seat.community.committee,
                Office.RESIDENTS_COMMITTEE_MEMBER,
                AppointmentOrigin.ELECTED,
            )
    for community in COMMUNITIES:
        yield from _others(community, numbers)
    for actor in clerks():
        yield _enrolled(actor.principal, number := next(numbers), work_number=f"ZC-{number:04}")
        yield _appointed(actor.principal, actor.organisation, Office(actor.office))


def clerks() -> Iterator[Actor]:
    """Who does the daily work of all bodies, but for those of the demonstration's own opening."""
    keyed = set(bodies.KEYED)
    for community in COMMUNITIES:
        for organisation in (community.branch, community.committee, community.supervision):
            yield from _unkeyed(keyed, organisation, "clerk_a", "clerk_b")
        yield from _unkeyed(keyed, community.committee, "reviewer")
        yield from agents(community)
    for department, _ in bodies.DEPARTMENTS:
        yield from _unkeyed(keyed, department, "clerk_a", "clerk_b")
    for body in (*bodies.UNITS, *bodies.ENTERPRISES, *bodies.SOCIAL_ORGANISATIONS, "unit-school"):
        yield from _unkeyed(keyed, body, "clerk_a")
    yield from _unkeyed(keyed, "hotline", "clerk_b")
    yield from _unkeyed(keyed, "government", "clerk_b")
    yield from _unkeyed(keyed, "town", "clerk_a", "clerk_b")


def agents(community: Community) -> tuple[Actor, ...]:
    """The community's agents (代办员)."""
    committee = community.committee
    return tuple(
        Actor("agent", committee, town.random_id(f"agent/{number}/{committee}"))
        for number in range(1, AGENTS + 1)
    )


def _unkeyed(keyed: set[tuple[str, str]], organisation: str, *offices: str) -> Iterator[Actor]:
    for office in offices:
        if (office, organisation) not in keyed:
            yield bodies.clerk(organisation, office)


def _others(community: Community, numbers: Iterator[int]) -> Iterator[Proposal]:
    """Who sits in one of a community's bodies alone, and members who left before the closing."""
    for number in (1, 2, 3):
        principal = town.random_id(f"residents-committee/{community.key}/{number}")
        yield _enrolled(principal, next(numbers), Education.SENIOR_SECONDARY)
        yield _appointed(
            principal,
            community.committee,
            Office.RESIDENTS_COMMITTEE_MEMBER,
            AppointmentOrigin.ELECTED,
        )
        principal = town.random_id(f"part-time/{community.key}/{number}")
        yield _enrolled(principal, next(numbers), Education.BACHELOR)
        yield _appointed(
            principal,
            community.branch,
            Office.PART_TIME_COMMITTEE_MEMBER,
            AppointmentOrigin.EXCHANGE,
        )
    principal = _former(community)
    yield _enrolled(principal, next(numbers), Education.BACHELOR)
    yield _appointed(principal, community.branch, Office.COMMITTEE_MEMBER)
    yield _appointed(principal, community.committee, Office.RESIDENTS_COMMITTEE_MEMBER)


def _former(community: Community) -> str:
    return town.random_id(f"former/{community.key}")


def changes() -> Iterator[Proposal]:
    """Members who leave, members who are admitted, and reserves who are nominated."""
    for number, community in enumerate(COMMUNITIES):
        when = at(date(2020, 4 + number, 15), 10)
        for organisation, office in (
            (community.branch, Office.COMMITTEE_MEMBER),
            (community.committee, Office.RESIDENTS_COMMITTEE_MEMBER),
        ):
            ended = AppointmentEnded(
                principal=_former(community),
                organisation=organisation,
                office=office,
                effective_from=when,
            )
            yield Proposal(ended, town.FOUNDER, when)
    yield from _admitted()
    yield from _nominated()


def _days(count: int) -> list[datetime]:
    """So many moments within the two years before the closing date, evenly."""
    step = (CLOSING - TWO_YEARS_BEFORE) / (count + 1)
    return [
        (TWO_YEARS_BEFORE + step * number).replace(hour=15, minute=0, second=0, microsecond=0)
        for number in range(1, count + 1)
    ]


def _admitted() -> Iterator[Proposal]:
    programmes = (Programme.ELITE, Programme.SEEDLING, None)
    for number, when in enumerate([_BEFORE_LAST, *_days(ADMITTED)]):
        principal = town.random_id(f"admitted/{number}")
        branch = COMMUNITIES[number % 4].branch
        entered = max(when, OPENING)
        yield _enrolled(principal, 9_000 + number, when=entered)
        admitted = MemberAdmitted(
            principal=principal,
            organisation=branch,
            programme=programmes[number % 3],
            effective_from=when,
        )
        yield Proposal(admitted, bodies.secretary(branch), entered)


def _nominated() -> Iterator[Proposal]:
    for number, when in enumerate([_BEFORE_LAST, *_days(NOMINATED)]):
        principal = town.random_id(f"reserve/{number}")
        entered = max(when, OPENING)
        yield _enrolled(principal, 9_100 + number, when=entered)
        # One of them is nominated by two branches: it is a person, and counts once.
        for step in range(1 + (number == 5)):
            branch = COMMUNITIES[(number + step) % 4].branch
            nominated = ReserveNominated(
                principal=principal, organisation=branch, effective_from=when
            )
            yield Proposal(nominated, bodies.secretary(branch), entered)


def _enrolled(
    principal: str,
    number: int,
    education: Education | None = None,
    work_number: str | None = None,
    when: datetime = OPENING,
) -> Proposal:
    enrolled = PersonEnrolled(
        principal=principal,
        name=f"（演示人员{number:04}）",
        education=education,
        work_number=work_number,
    )
    return Proposal(enrolled, town.FOUNDER, when)


def _appointed(
    principal: str, organisation: str, office: Office, origin: AppointmentOrigin | None = None
) -> Proposal:
    appointed = AppointmentMade(
        principal=principal,
        organisation=organisation,
        office=office,
        origin=origin,
        effective_from=SINCE,
    )
    return Proposal(appointed, town.FOUNDER, OPENING)
