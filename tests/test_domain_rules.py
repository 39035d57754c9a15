"""Packs of rules and working calendars: what comes into force, and what contradicts itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from ledger import catalogue
from ledger.domain.rules import (
    RULES_TAG,
    Deadline,
    Grade,
    OfficeHours,
    Rules,
    RulesEnacted,
    Step,
    Subject,
    TimeUnit,
    WorkingCalendarEnacted,
)
from ledger.ledger import Ledger
from ledger.proposal import Proposal
from ledger.refusals import Unacceptable, WrongState
from tests.town import (
    CALENDAR_2026,
    COMMITTEE,
    FOUNDER,
    HOTLINE,
    RULES,
    accepted,
    accounts,
    awarded,
    filed,
    found,
    founding,
    refused,
)


def pack(**changes: Any) -> Proposal:
    """The second pack of the test town, with changes."""
    body = {
        **dict(RULES),
        "pack_version": 2,
        "effective_from": datetime.now(UTC) + timedelta(days=1),
        "retroactive": False,
        **changes,
    }
    return Proposal(RulesEnacted(**body), FOUNDER)


def calendar(**changes: Any) -> Proposal:
    """The test town's calendar, with changes."""
    return Proposal(WorkingCalendarEnacted(**{**dict(CALENDAR_2026), **changes}), FOUNDER)


def hours(*spans: tuple[int, int]) -> tuple[OfficeHours, ...]:
    return tuple(OfficeHours(start_minute=start, end_minute=end) for start, end in spans)


def test_a_pack_replaces_the_one_before_it_from_its_date_of_effect(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, pack())

    history = [
        catalogue.decode(event.position, event.record)
        for event in memory_ledger.read(tags=[RULES_TAG])
    ]

    rules: Rules = catalogue.fold(RULES_TAG, history)
    now = datetime.now(UTC)
    moments = (datetime(2019, 12, 31, tzinfo=UTC), now, now + timedelta(days=2))
    in_force = [rules.in_force(moment) for moment in moments]
    assert [one and one.pack_version for one in in_force] == [None, 1, 2]


@pytest.mark.parametrize("version", [1, 3])
def test_packs_are_numbered_without_gaps(memory_ledger: Ledger, version: int) -> None:
    found(memory_ledger)

    refusal = refused(
        memory_ledger, pack(pack_version=version), "wrong_pack_version", "pack_version"
    )

    assert isinstance(refusal, WrongState)
    assert "2" in refusal.accepted


def test_a_pack_does_not_take_effect_in_the_past(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    yesterday = datetime.now(UTC) - timedelta(days=1)

    refusal = refused(
        memory_ledger, pack(effective_from=yesterday), "retroactive_effect", "effective_from"
    )

    assert isinstance(refusal, Unacceptable)
    accepted(memory_ledger, pack(effective_from=yesterday, retroactive=True))


@pytest.mark.parametrize(
    "spans",
    [
        ((480, 720), (700, 1080)),
        ((840, 1080), (480, 720)),
        ((720, 480),),
        ((480, 480),),
    ],
)
def test_office_hours_are_in_order_and_end_after_they_start(
    memory_ledger: Ledger, spans: tuple[tuple[int, int], ...]
) -> None:
    found(memory_ledger)

    proposal = pack(office_hours=hours(*spans))

    refusal = refused(memory_ledger, proposal, "office_hours_overlap", "office_hours")
    assert isinstance(refusal, Unacceptable)


def test_office_hours_may_meet_and_fill_the_day(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    accepted(memory_ledger, pack(office_hours=hours((0, 720), (720, 1440))))


def test_a_deadline_stands_once_in_a_pack(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    shorter = RULES.deadlines[0].model_copy(update={"amount": 4})

    proposal = pack(deadlines=(*RULES.deadlines, shorter))

    assert isinstance(refused(memory_ledger, proposal, "given_twice", "deadlines"), Unacceptable)


def test_a_subject_stands_once_in_a_pack(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    proposal = pack(subjects=(Subject(code="noise", name="噪音"), Subject(code="noise", name="声")))

    refused(memory_ledger, proposal, "given_twice", "subjects")


@pytest.mark.parametrize(
    ("step", "grade"),
    [
        (Step.REQUEST_ANSWERED, Grade.URGENT),
        (Step.REQUEST_ANSWERED, Grade.HARD),
        (Step.WHISTLE_SIGNED, Grade.EMERGENCY),
        (Step.WHISTLE_HANDLED, Grade.COMPLEX),
    ],
)
def test_a_deadline_is_for_a_grade_of_its_step(
    memory_ledger: Ledger, step: Step, grade: Grade
) -> None:
    found(memory_ledger)
    never = Deadline(step=step, grade=grade, amount=1, unit=TimeUnit.HOURS)

    refusal = refused(memory_ledger, pack(deadlines=(never,)), "grade_of_another_step", "deadlines")

    assert isinstance(refusal, Unacceptable)


def test_the_town_alone_enacts(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    for proposal in (pack(), calendar()):
        proposal.actor = HOTLINE

        refused(memory_ledger, proposal, "office_may_not")


def test_without_a_pack_in_force_no_case_begins(memory_ledger: Ledger) -> None:
    accepted(memory_ledger, *founding()[:-2])

    refusal = refused(memory_ledger, filed("request-1"), "no_rules_in_force")

    assert isinstance(refusal, WrongState)
    assert "rules_enacted" in refusal.accepted


def test_a_pack_that_is_still_to_come_is_not_in_force(memory_ledger: Ledger) -> None:
    accepted(memory_ledger, *founding()[:-2], pack(pack_version=1))

    refused(memory_ledger, filed("request-1"), "no_rules_in_force")


def test_a_points_limit_of_a_pack_to_come_does_not_bind_yet(memory_ledger: Ledger) -> None:
    found(memory_ledger)
    accepted(memory_ledger, pack(max_points_per_award=1))
    accepted(memory_ledger, *accounts()[:3])

    accepted(memory_ledger, Proposal(awarded("award-1", "account-1", 20, "deed-1"), COMMITTEE))


def test_a_calendar_supersedes_the_one_of_its_year(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    accepted(memory_ledger, calendar(holidays=()), calendar(year=2027, holidays=(), workdays=()))


DAY = date(2026, 1, 1)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"holidays": (DAY, DAY)}, "holidays"),
        ({"workdays": (date(2026, 1, 4), date(2026, 1, 4))}, "workdays"),
        ({"holidays": (date(2026, 1, 4),), "workdays": (date(2026, 1, 4),)}, "workdays"),
    ],
)
def test_a_day_stands_once_in_a_calendar(
    memory_ledger: Ledger, changes: dict[str, tuple[date, ...]], field: str
) -> None:
    found(memory_ledger)

    refusal = refused(memory_ledger, calendar(**changes), "day_given_twice", field)

    assert isinstance(refusal, Unacceptable)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"holidays": (date(2025, 12, 31),)}, "holidays"),
        ({"workdays": (date(2027, 1, 2),)}, "workdays"),
    ],
)
def test_a_calendar_holds_days_of_its_year(
    memory_ledger: Ledger, changes: dict[str, tuple[date, ...]], field: str
) -> None:
    found(memory_ledger)

    refusal = refused(memory_ledger, calendar(**changes), "day_of_another_year", field)

    assert isinstance(refusal, Unacceptable)


def test_an_adjusted_workday_is_a_saturday_or_sunday(memory_ledger: Ledger) -> None:
    found(memory_ledger)

    monday = calendar(workdays=(date(2026, 1, 5),))

    refusal = refused(memory_ledger, monday, "workday_on_weekday", "workdays")
    assert isinstance(refusal, Unacceptable)


@pytest.mark.parametrize(
    "changes",
    [
        {"office_hours": ()},
        {"max_points_per_award": 0},
        {"pack_version": 0},
        {"urgent_entry_hours": 1001},
        {"effective_from": datetime(2026, 1, 1)},  # noqa: DTZ001 - the missing zone is the point
    ],
)
def test_a_pack_beyond_its_limits_has_no_shape(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        pack(**changes)
