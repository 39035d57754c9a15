"""Persons with seats in a community's committees, admitted and nominated, counted by any moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from ledger.decision import Office, OrganisationType
from ledger.domain.town.members import MemberAdmitted, ReserveNominated
from ledger.domain.town.organisations import OrganisationRegistered
from ledger.domain.town.people import AppointmentEnded, AppointmentMade
from ledger.event import Event, Recorded
from projections import people
from projections.folding import fold
from tests.town import FOUNDER

START = datetime(2026, 1, 1, tzinfo=UTC)
BODIES = (
    OrganisationRegistered(
        organisation="branch-1", type=OrganisationType.COMMUNITY_BRANCH, name="一"
    ),
    OrganisationRegistered(
        organisation="committee-1", type=OrganisationType.RESIDENTS_COMMITTEE, name="二"
    ),
    OrganisationRegistered(organisation="dept-1", type=OrganisationType.DEPARTMENT, name="三"),
)
PARTY: dict[str, Any] = {"organisation": "branch-1", "office": Office.COMMITTEE_MEMBER}
RESIDENTS: dict[str, Any] = {
    "organisation": "committee-1",
    "office": Office.RESIDENTS_COMMITTEE_MEMBER,
}


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def recorded(events: Iterable[Event]) -> list[Recorded]:
    """A history of these events, one a minute."""
    return [
        Recorded(number, f"e-{number}", event, event.tags(), START, day(100), FOUNDER, None)
        for number, event in enumerate(events, 1)
    ]


def count(events: Iterable[Event], figure: str, moment: datetime) -> int:
    """How many persons the tally counts by a moment."""
    folded = fold(people.PROJECTION, recorded((*BODIES, *events)))
    return sum(
        measures[0]
        for (group, since), measures in folded.tallies["person_of_town"].items()
        if group == (figure,) and since is not None and since <= moment
    )


def made(person: str, since: int, **where: Any) -> AppointmentMade:
    return AppointmentMade(principal=person, effective_from=day(since), **where)


def ended(person: str, until: int, **where: Any) -> AppointmentEnded:
    return AppointmentEnded(principal=person, effective_from=day(until), **where)


def test_somebody_with_both_seats_counts_from_the_later_one_on() -> None:
    events = [made("p-1", 3, **PARTY), made("p-1", 5, **RESIDENTS)]

    assert count(events, "both_seats", day(4)) == 0
    assert count(events, "both_seats", day(5)) == 1
    assert count(events, "party_seat", day(4)) == 1


def test_somebody_who_left_one_committee_has_not_both_seats_any_more() -> None:
    events = [made("p-1", 3, **PARTY), made("p-1", 3, **RESIDENTS), ended("p-1", 9, **PARTY)]

    assert count(events, "both_seats", day(8)) == 1
    assert count(events, "both_seats", day(9)) == 0
    assert count(events, "residents_seat", day(9)) == 1


def test_a_secretary_who_is_a_member_too_is_one_person() -> None:
    secretary = {**PARTY, "office": Office.SECRETARY}
    events = [made("p-1", 1, **PARTY), made("p-1", 2, **secretary), ended("p-1", 4, **PARTY)]

    assert [count(events, "party_seat", day(number)) for number in (1, 3, 5)] == [1, 1, 1]


def test_other_offices_and_bodies_are_no_seats() -> None:
    clerk = {**PARTY, "office": Office.CLERK_A}
    part_time = {**PARTY, "office": Office.PART_TIME_COMMITTEE_MEMBER}
    head: dict[str, Any] = {"organisation": "dept-1", "office": Office.SECRETARY}
    events = [made("p-1", 1, **clerk), made("p-2", 1, **part_time), made("p-3", 1, **head)]

    assert fold(people.PROJECTION, recorded((*BODIES, *events))).rows == {}


def test_one_nominated_by_two_branches_is_one_person_from_the_first_nomination_on() -> None:
    events = [
        ReserveNominated(principal="p-1", organisation=branch, effective_from=day(since))
        for branch, since in (("branch-1", 6), ("branch-2", 4))
    ]

    assert [count(events, "reserve_nominated", day(number)) for number in (3, 5, 7)] == [0, 1, 1]


def test_a_member_counts_from_the_admission_on() -> None:
    events = [MemberAdmitted(principal="p-1", organisation="branch-1", effective_from=day(2))]

    assert [count(events, "member_admitted", day(number)) for number in (1, 2)] == [0, 1]


class Span(NamedTuple):
    person: int
    is_party: bool
    since: int
    length: int | None


@st.composite
def spans(draw: st.DrawFn) -> list[Span]:
    """Seats, of one person in one committee one after the other."""
    found: list[Span] = []
    for person in range(draw(st.integers(1, 3))):
        for is_party in (True, False):
            since = 0
            for _ in range(draw(st.integers(0, 3))):
                since += draw(st.integers(0, 4))
                length = draw(st.none() | st.integers(0, 5))
                found.append(Span(person, is_party, since, length))
                if length is None:
                    break
                since += length
    return found


def acts(several: list[Span]) -> Iterator[Event]:
    for span in several:
        where = PARTY if span.is_party else RESIDENTS
        yield made(f"p-{span.person}", span.since, **where)
        if span.length is not None:
            yield ended(f"p-{span.person}", span.since + span.length, **where)


def has_seat(several: list[Span], person: int, is_party: bool, moment: int) -> bool:
    return any(
        span.since <= moment and (span.length is None or moment < span.since + span.length)
        for span in several
        if (span.person, span.is_party) == (person, is_party)
    )


@given(spans(), st.integers(0, 30))
def test_the_counts_are_those_of_a_plain_model(several: list[Span], moment: int) -> None:
    persons = {span.person for span in several}
    party = {one for one in persons if has_seat(several, one, True, moment)}
    residents = {one for one in persons if has_seat(several, one, False, moment)}

    events = list(acts(several))

    assert count(events, "party_seat", day(moment)) == len(party)
    assert count(events, "residents_seat", day(moment)) == len(residents)
    assert count(events, "both_seats", day(moment)) == len(party & residents)


def test_no_row_of_a_person_is_public() -> None:
    folded = fold(people.PROJECTION, recorded((*BODIES, made("p-1", 1, **PARTY))))

    assert {*folded.rows} == {"person_of_town_withheld"}
