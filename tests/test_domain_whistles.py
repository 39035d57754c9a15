"""Whistles: who may blow them for whom, how late they may be entered, who reports in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from ledger.decision import Office
from ledger.domain.organisations import AppointmentMade
from ledger.domain.requests import Category, RequestFiled
from ledger.domain.rules import Grade, RulesEnacted
from ledger.domain.whistles import DepartmentReportedIn, Ground, WhistleBlown
from ledger.event import Actor
from ledger.ledger import Ledger
from ledger.proposal import Proposal
from ledger.refusals import Forbidden, Unacceptable, UnknownReference, WrongState
from tests.town import (
    COMMITTEE,
    FOUNDER,
    HOTLINE,
    ROADS,
    RULES,
    SECRETARY,
    URBAN,
    WATER,
    accepted,
    cases,
    filed,
    found,
    founding,
    handled,
    refused,
)


def blown(**changes: Any) -> Proposal:
    body = {
        "whistle": "whistle-2",
        "grade": Grade.ORDINARY,
        "ground": Ground.BEYOND_LOCAL_POWERS,
        "departments": ("dept-water",),
        **changes,
    }
    return Proposal(WhistleBlown(**body), SECRETARY)


def reported(department: str, actor: Actor, whistle: str = "whistle-1") -> Proposal:
    return Proposal(DepartmentReportedIn(whistle=whistle, department=department), actor)


def ago(**duration: float) -> datetime:
    return datetime.now(UTC) - timedelta(**duration)


def test_a_whistle_is_blown_for_a_request_or_for_none(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, filed("request-1"))

    accepted(
        memory_ledger,
        blown(whistle="whistle-1", request="request-1"),
        blown(whistle="whistle-2"),
    )

    tags = [event.tags for event in memory_ledger.read(kinds=["whistle_blown"])]
    assert tags == [
        ("docket:dept-water", "request:request-1", "whistle:whistle-1"),
        ("docket:dept-water", "whistle:whistle-2"),
    ]


@pytest.mark.parametrize("actor", [COMMITTEE, HOTLINE, WATER, FOUNDER])
def test_only_the_secretary_of_a_branch_blows(memory_ledger: Ledger, actor: Actor) -> None:
    found(memory_ledger)

    whistle = blown()
    whistle.actor = actor

    assert isinstance(refused(memory_ledger, whistle, "office_may_not"), Forbidden)


def test_departments_of_this_ledger_alone_are_summoned(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    foreign = blown(departments=("dept-water", "dept-of-x"))
    unit = blown(departments=("unit-1",))

    refusal = refused(memory_ledger, foreign, "unknown_organisation", "departments")
    assert isinstance(refusal, UnknownReference)
    refusal = refused(memory_ledger, unit, "wrong_organisation_type", "departments")
    assert isinstance(refusal, Unacceptable)


def test_somebody_is_summoned() -> None:
    with pytest.raises(ValidationError):
        blown(departments=())


def test_a_department_is_summoned_once(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    twice = blown(departments=("dept-water", "dept-urban", "dept-water"))

    refusal = refused(memory_ledger, twice, "department_given_twice", "departments")
    assert isinstance(refusal, Unacceptable)


@pytest.mark.parametrize("grade", [Grade.EMERGENCY, Grade.UTILITIES, Grade.COMPLEX])
def test_a_grade_of_requests_does_not_fit_a_whistle(memory_ledger: Ledger, grade: Grade) -> None:
    found(memory_ledger)

    refusal = refused(memory_ledger, blown(grade=grade), "grade_of_a_request", "grade")

    assert isinstance(refusal, Unacceptable)


def test_a_request_of_another_town_is_unknown_here(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    whistle = blown(request="request-of-x")

    refusal = refused(memory_ledger, whistle, "unknown_request", "request")
    assert isinstance(refusal, UnknownReference)


def test_no_whistle_is_blown_for_a_cleared_request(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *handled("request-1"))

    whistle = blown(request="request-1")

    assert isinstance(refused(memory_ledger, whistle, "request_cleared", "request"), WrongState)


def complaint(against: str) -> Proposal:
    event = RequestFiled(
        request="request-1",
        community="committee-1",
        category=Category.COMPLAINT,
        subject="noise",
        against=against,
    )
    return Proposal(event, HOTLINE)


def test_the_department_complained_about_is_not_summoned(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, complaint("dept-water"))

    whistle = blown(request="request-1", departments=("dept-urban", "dept-water"))

    assert isinstance(refused(memory_ledger, whistle, "complained_about", "departments"), Forbidden)
    accepted(memory_ledger, blown(request="request-1", departments=("dept-urban",)))


def test_the_branch_complained_about_does_not_blow(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, complaint("branch-1"))

    refused(memory_ledger, blown(request="request-1"), "complained_about", "request")


def test_a_whistle_does_not_precede_the_request_that_it_is_for(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, filed("request-1"))

    whistle = blown(request="request-1")
    whistle.occurred_at = ago(hours=1)

    refusal = refused(memory_ledger, whistle, "precedes_what_it_follows", "occurred_at")
    assert isinstance(refusal, Unacceptable)


def test_an_urgent_whistle_may_be_entered_after_later_acts_on_its_request(
    memory_ledger: Ledger,
) -> None:
    found(memory_ledger)
    call, taken = filed("request-1"), handled("request-1")[1]
    call.occurred_at, taken.occurred_at = ago(hours=5), ago(hours=1)
    accepted(memory_ledger, call, taken)

    by_phone = blown(request="request-1", grade=Grade.URGENT)
    by_phone.occurred_at = ago(hours=4)

    accepted(memory_ledger, by_phone)


@pytest.mark.parametrize("hours", [0, 23.9])
def test_an_urgent_whistle_is_entered_within_a_day(memory_ledger: Ledger, hours: float) -> None:
    found(memory_ledger)

    by_phone = blown(grade=Grade.URGENT, ground=Ground.EMERGENCY)
    by_phone.occurred_at = ago(hours=hours)

    accepted(memory_ledger, by_phone)


def test_an_urgent_whistle_is_not_entered_later(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    by_phone = blown(grade=Grade.URGENT, ground=Ground.EMERGENCY)
    by_phone.occurred_at = ago(hours=24.1)

    refusal = refused(memory_ledger, by_phone, "urgent_entered_late", "occurred_at")
    assert isinstance(refusal, Unacceptable)
    assert "24 h" in refusal.reason


@pytest.mark.parametrize("grade", [Grade.ORDINARY, Grade.HARD])
def test_other_whistles_may_be_entered_later(memory_ledger: Ledger, grade: Grade) -> None:
    found(memory_ledger)

    whistle = blown(grade=grade)
    whistle.occurred_at = ago(days=30)

    accepted(memory_ledger, whistle)


def test_the_pack_says_how_late_an_urgent_whistle_may_be(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    body = {**dict(RULES), "pack_version": 2, "urgent_entry_hours": 1}
    accepted(memory_ledger, Proposal(RulesEnacted(**body), FOUNDER))

    by_phone = blown(grade=Grade.URGENT, ground=Ground.EMERGENCY)
    by_phone.occurred_at = ago(hours=1.1)

    refused(memory_ledger, by_phone, "urgent_entered_late", "occurred_at")


def test_an_urgent_whistle_needs_rules_in_force(memory_ledger: Ledger) -> None:
    accepted(memory_ledger, *founding()[:-2])

    refused(memory_ledger, blown(grade=Grade.URGENT), "no_rules_in_force")


# Reporting in


def test_each_summoned_department_reports_in(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *cases())

    accepted(memory_ledger, reported("dept-roads", ROADS))

    stored = memory_ledger.read(kinds=["department_reported_in"])
    assert [event.tags for event in stored] == [
        ("docket:dept-urban", "whistle:whistle-1"),
        ("docket:dept-roads", "whistle:whistle-1"),
    ]


def test_a_whistle_of_another_town_is_unknown_here(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    refusal = refused(
        memory_ledger, reported("dept-urban", URBAN, "whistle-of-x"), "unknown_whistle", "whistle"
    )

    assert isinstance(refusal, UnknownReference)


def test_a_department_reports_in_for_itself(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *cases())

    for_another = reported("dept-roads", URBAN)

    assert isinstance(
        refused(memory_ledger, for_another, "for_another_department", "department"), Forbidden
    )


def test_a_department_that_was_not_summoned_does_not_report_in(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *cases())

    refusal = refused(memory_ledger, reported("dept-water", WATER), "not_summoned", "department")

    assert isinstance(refusal, Unacceptable)
    assert "dept-urban" in refusal.accepted


def test_a_department_reports_in_once(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *cases())

    refusal = refused(
        memory_ledger, reported("dept-urban", URBAN), "already_reported_in", "department"
    )

    assert isinstance(refusal, WrongState)


def test_nobody_is_on_site_before_the_whistle(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *cases())

    early = reported("dept-roads", ROADS)
    early.occurred_at = ago(hours=1)

    refused(memory_ledger, early, "precedes_what_it_follows", "occurred_at")


@pytest.mark.parametrize("office", [Office.MEMBER, Office.REVIEWER])
def test_a_departments_clerks_and_secretary_report_in(
    memory_ledger: Ledger, office: Office
) -> None:
    found(memory_ledger)
    accepted(memory_ledger, *cases())
    appointment = AppointmentMade(principal="p-member", organisation="dept-roads", office=office)
    accepted(memory_ledger, Proposal(appointment, FOUNDER))

    by_member = reported("dept-roads", Actor(office, "dept-roads", "p-member"))

    refused(memory_ledger, by_member, "office_may_not")
