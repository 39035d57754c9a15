"""People and offices: who is enrolled, who may act in what office, from when until when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from ledger.decision import Office
from ledger.domain.town.grid import GridLevel, GridUnit, GridUnitCreated
from ledger.domain.town.organisations import OrganisationRenamed
from ledger.domain.town.people import (
    HEADS,
    AppointmentEnded,
    AppointmentMade,
    AppointmentOrigin,
    Education,
    PersonEnrolled,
    Principal,
)
from ledger.event import Actor, Commitment
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.paper_ledger import PaperLedger
from tests.request_acts import filing, refused, town
from tests.town import COMMITTEE, FOUNDER, HOTLINE, SECRETARY

DAY = timedelta(days=1)
SUCCESSOR = Actor("secretary", "town", "p-successor")


def enrolled(principal: str = "p-new", **changes: Any) -> Proposal:
    return Proposal(PersonEnrolled(principal=principal, name="某人", **changes), COMMITTEE)


def appointed(
    principal: str, office: Office, organisation: str = "hotline", **changes: Any
) -> Proposal:
    event = AppointmentMade(
        principal=principal, organisation=organisation, office=office, **changes
    )
    return Proposal(event, FOUNDER)


def ended(
    principal: str, office: Office, organisation: str = "hotline", **changes: Any
) -> Proposal:
    event = AppointmentEnded(
        principal=principal, organisation=organisation, office=office, **changes
    )
    return Proposal(event, FOUNDER)


def person(paper: PaperLedger, principal: str) -> Principal:
    found: Principal = paper.states[f"principal:{principal}"]
    return found


def acting(paper: PaperLedger, actor: Actor, moment: datetime) -> str | None:
    """The rule under which whoever acts in that office is refused at the moment, if any."""
    then = paper.copy()
    then.at = moment - timedelta(seconds=1)
    event = (
        OrganisationRenamed(organisation="unit-1", name="另一名称")
        if actor.organisation == "town"
        else filing(request="request-9")
    )
    refusal = then.propose(Proposal(event, actor))
    return refusal.rule if refusal else None


# Enrolment


def test_a_person_is_enrolled_with_name_and_education_sealed() -> None:
    paper = town(enrolled(education=Education.BACHELOR, work_number="HD-012"))

    stored: Any = paper.history[-1].event
    assert isinstance(stored.name, Commitment)
    assert isinstance(stored.education, Commitment)
    assert stored.work_number == "HD-012"


def test_who_was_appointed_before_may_be_enrolled_once() -> None:
    paper = town(appointed("p-new", Office.AGENT), enrolled())

    refusal = refused(paper, enrolled(), "principal_exists", "principal")

    assert isinstance(refusal, WrongState)
    assert person(paper, "p-new").holds(Office.AGENT, "hotline", paper.at)


def test_who_is_enrolled_has_no_right_yet() -> None:
    paper = town(enrolled())

    by_new = Proposal(filing(), Actor("clerk_a", "hotline", "p-new"))

    assert isinstance(refused(paper, by_new, "no_such_appointment"), Forbidden)


# Appointments


@pytest.mark.parametrize("actor", [HOTLINE, SECRETARY, COMMITTEE])
def test_the_towns_secretary_alone_appoints_and_ends(actor: Actor) -> None:
    for proposal in (
        appointed("p-new", Office.CLERK_B),
        ended("p-hotline", Office.CLERK_A),
    ):
        proposal.actor = actor

        assert isinstance(refused(town(), proposal, "office_may_not"), Forbidden)


def test_an_appointment_is_to_an_organisation_of_this_ledger() -> None:
    refusal = refused(
        town(),
        appointed("p-new", Office.CLERK_A, "elsewhere"),
        "unknown_organisation",
        "organisation",
    )

    assert isinstance(refusal, UnknownReference)


@pytest.mark.parametrize("office", [Office.RESIDENT, Office.PUBLIC])
def test_nobody_is_appointed_a_resident(office: Office) -> None:
    refusal = refused(town(), appointed("p-new", office), "not_by_appointment", "office")

    assert isinstance(refusal, Unacceptable)


@pytest.mark.parametrize("origin", [None, *AppointmentOrigin])
def test_an_appointment_says_how_the_person_came(origin: AppointmentOrigin | None) -> None:
    town(appointed("p-new", Office.COMMITTEE_MEMBER, "branch-1", origin=origin))


def test_a_single_office_has_one_holder() -> None:
    second = appointed("p-new", Office.SECRETARY, "branch-1")

    assert isinstance(refused(town(), second, "office_is_held", "office"), WrongState)


def test_a_single_office_that_is_promised_has_a_holder() -> None:
    paper = town(appointed("p-first", Office.SECRETARY, "town"))

    by_successor = appointed("p-second", Office.SECRETARY, "town")
    by_successor.actor = Actor("secretary", "town", "p-first")

    refused(paper, by_successor, "office_is_held", "office")


def test_an_office_for_several_has_several_holders() -> None:
    town(appointed("p-one", Office.MEMBER), appointed("p-two", Office.MEMBER))


def test_one_person_holds_different_offices() -> None:
    paper = town(
        appointed("p-one", Office.MEMBER),
        appointed("p-one", Office.MEMBER, "branch-1"),
        appointed("p-one", Office.REVIEWER),
    )

    assert len(person(paper, "p-one").offices_at(paper.at)) == 3


def test_an_appointment_is_not_made_twice() -> None:
    again = appointed(HOTLINE.principal, Office.CLERK_A)

    assert isinstance(refused(town(), again, "already_appointed", "principal"), WrongState)


# Their ends


def test_an_office_gives_rights_from_its_beginning_up_to_its_end() -> None:
    paper = town()
    actor = Actor("clerk_b", "hotline", "p-new")
    since, until = paper.at + 2 * DAY, paper.at + 4 * DAY

    paper.accept(
        appointed("p-new", Office.CLERK_B, effective_from=since),
        ended("p-new", Office.CLERK_B, effective_from=until),
    )

    assert acting(paper, actor, since - DAY) == "no_such_appointment"
    assert acting(paper, actor, since) is None
    assert acting(paper, actor, until - timedelta(seconds=1)) is None
    assert acting(paper, actor, until) == "no_such_appointment"
    held = person(paper, "p-new")
    assert [len(held.offices_at(moment)) for moment in (since - DAY, since, until)] == [0, 1, 0]


def test_an_office_ends_as_it_is_recorded_where_no_day_is_named() -> None:
    paper = town(ended("p-hotline", Office.CLERK_A))

    refused(paper, Proposal(filing(), HOTLINE), "no_such_appointment")


def test_what_never_began_is_not_ended() -> None:
    paper = town()

    refusal = refused(paper, ended("p-hotline", Office.CLERK_B), "never_appointed", "principal")

    assert isinstance(refusal, UnknownReference)
    refused(paper, ended("p-nobody", Office.CLERK_A), "never_appointed", "principal")


def test_an_appointment_is_ended_once() -> None:
    paper = town(ended("p-hotline", Office.CLERK_A))

    again = ended("p-hotline", Office.CLERK_A)

    assert isinstance(refused(paper, again, "already_ended", "principal"), WrongState)


def test_an_appointment_does_not_end_before_it_begins() -> None:
    paper = town()
    since = paper.at + 2 * DAY
    paper.accept(appointed("p-new", Office.CLERK_B, effective_from=since))

    early = ended("p-new", Office.CLERK_B)

    refused(paper, early, "precedes_what_it_follows", "effective_from")
    paper.accept(ended("p-new", Office.CLERK_B, effective_from=since))
    assert person(paper, "p-new").offices_at(since) == ()


def test_who_was_once_in_office_may_be_again() -> None:
    paper = town(ended("p-hotline", Office.CLERK_A), appointed("p-hotline", Office.CLERK_A))

    paper.accept(Proposal(filing(), HOTLINE), ended("p-hotline", Office.CLERK_A))


def test_a_single_office_passes_on_on_the_day_on_which_it_ends() -> None:
    paper = town()
    end = paper.at + 3 * DAY
    paper.accept(ended("p-secretary", Office.SECRETARY, "branch-1", effective_from=end))

    early = appointed("p-new", Office.SECRETARY, "branch-1", effective_from=end - DAY)
    refused(paper, early, "office_is_held", "office")
    paper.accept(appointed("p-new", Office.SECRETARY, "branch-1", effective_from=end))

    successor = Actor("secretary", "branch-1", "p-new")
    assert acting(paper, SECRETARY, end - DAY) != "no_such_appointment"
    assert acting(paper, successor, end - DAY) == "no_such_appointment"
    assert acting(paper, SECRETARY, end) == "no_such_appointment"
    assert acting(paper, successor, end) != "no_such_appointment"


def test_a_secretary_may_come_back_after_another() -> None:
    paper = town(ended("p-secretary", Office.SECRETARY, "branch-1"))
    paper.accept(appointed("p-new", Office.SECRETARY, "branch-1"))
    paper.accept(ended("p-new", Office.SECRETARY, "branch-1"))

    paper.accept(appointed("p-secretary", Office.SECRETARY, "branch-1"))

    assert acting(paper, SECRETARY, paper.at + DAY) != "no_such_appointment"


def test_who_appoints_does_not_leave_nobody_to_appoint() -> None:
    paper = town()

    refusal = refused(
        paper,
        ended(FOUNDER.principal, Office.SECRETARY, "town"),
        "leaves_nobody_to_appoint",
        "effective_from",
    )

    assert isinstance(refusal, Forbidden)


def test_who_appoints_hands_the_office_over_by_a_day_to_come() -> None:
    paper = town()
    end = paper.at + 3 * DAY

    paper.accept(
        ended(FOUNDER.principal, Office.SECRETARY, "town", effective_from=end),
        appointed(SUCCESSOR.principal, Office.SECRETARY, "town", effective_from=end),
    )

    assert acting(paper, FOUNDER, end - DAY) is None
    assert acting(paper, FOUNDER, end) == "no_such_appointment"
    assert acting(paper, SUCCESSOR, end) is None


def test_the_founder_is_told_of_the_successor_and_may_come_back() -> None:
    paper = town(appointed(SUCCESSOR.principal, Office.SECRETARY, "town"))
    end = paper.at + DAY

    assert f"principal:{FOUNDER.principal}" in paper.history[-1].tags
    assert person(paper, FOUNDER.principal).offices_at(paper.at) == ()
    back = (
        ended(SUCCESSOR.principal, Office.SECRETARY, "town", effective_from=end),
        appointed(FOUNDER.principal, Office.SECRETARY, "town", effective_from=end),
    )
    for proposal in back:
        proposal.actor = SUCCESSOR
    paper.accept(*back)

    assert acting(paper, FOUNDER, end - timedelta(seconds=1)) == "no_such_appointment"
    assert acting(paper, FOUNDER, end) is None


# Heads of grid units


def grid() -> list[Proposal]:
    """A unit of each level in the first community, and the second one's own."""
    units = (
        ("grid-1", GridLevel.COMMUNITY, None, "committee-1"),
        ("area-1", GridLevel.AREA, "grid-1", "committee-1"),
        ("building-1", GridLevel.BUILDING, "area-1", "committee-1"),
        ("cluster-1", GridLevel.CLUSTER, "building-1", "committee-1"),
        ("grid-2", GridLevel.COMMUNITY, None, "committee-2"),
    )
    return [
        Proposal(
            GridUnitCreated(
                grid_unit=unit, level=level, name=unit, community=community, parent=parent
            ),
            FOUNDER,
        )
        for unit, level, parent, community in units
    ]


def head(principal: str, office: Office, unit: str, organisation: str = "committee-1") -> Proposal:
    return appointed(principal, office, organisation, grid_unit=unit)


@pytest.mark.parametrize(("office", "level"), HEADS.items())
def test_a_unit_has_a_head(office: Office, level: GridLevel) -> None:
    paper = town(*grid(), head("p-head", office, f"{level}-1"))

    unit: GridUnit = paper.states[f"grid_unit:{level}-1"]
    assert [one.principal for one in unit.heads] == ["p-head"]


def test_a_head_may_be_appointed_for_no_unit() -> None:
    town(appointed("p-head", Office.AREA_HEAD, "committee-1"))


def test_a_unit_has_one_head_at_a_time() -> None:
    paper = town(*grid(), head("p-head", Office.BUILDING_HEAD, "building-1"))

    second = head("p-new", Office.BUILDING_HEAD, "building-1")

    refused(paper, second, "office_is_held", "grid_unit")
    paper.accept(
        ended("p-head", Office.BUILDING_HEAD, "committee-1", grid_unit="building-1"), second
    )


def test_the_head_of_a_unit_is_ended_as_such() -> None:
    paper = town(*grid(), head("p-head", Office.BUILDING_HEAD, "building-1"))

    of_none = ended("p-head", Office.BUILDING_HEAD, "committee-1")

    refused(paper, of_none, "never_appointed", "principal")


@pytest.mark.parametrize(
    ("office", "unit"),
    [
        (Office.AREA_HEAD, "building-1"),
        (Office.BUILDING_HEAD, "grid-1"),
        (Office.CLERK_A, "area-1"),
    ],
)
def test_an_office_fits_the_level_of_its_unit(office: Office, unit: str) -> None:
    paper = town(*grid())

    wrong = head("p-head", office, unit)

    assert isinstance(refused(paper, wrong, "wrong_grid_level", "grid_unit"), Unacceptable)


def test_a_head_is_one_of_a_unit_that_is_there() -> None:
    paper = town(*grid())

    unknown = head("p-head", Office.AREA_HEAD, "area-9")

    assert isinstance(refused(paper, unknown, "unknown_grid_unit", "grid_unit"), UnknownReference)


def test_a_head_acts_for_the_community_of_the_unit() -> None:
    paper = town(*grid())

    foreign = head("p-head", Office.AREA_HEAD, "area-1", "committee-2")

    assert isinstance(refused(paper, foreign, "grid_unit_of_another", "grid_unit"), Forbidden)


def test_a_unit_has_no_head_before_it_is_there() -> None:
    paper = town(*grid())

    early = appointed(
        "p-head",
        Office.AREA_HEAD,
        "committee-1",
        grid_unit="area-1",
        effective_from=paper.at - DAY,
    )

    refused(paper, early, "precedes_what_it_follows", "effective_from")
