"""Packs of rules: what comes into force when, for whom, and what contradicts itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from ledger.clocks import TimeUnit
from ledger.domain.rules.rules import (
    REQUEST_GRADES,
    RULES_TAG,
    SHOWN,
    WHISTLE_GRADES,
    Deadline,
    Grade,
    OfficeHours,
    Pack,
    Reason,
    Rules,
    RulesEnacted,
    Step,
    Subject,
    governing,
    grades_of,
    in_force,
    not_listed,
    pack_of,
)
from ledger.event import Actor
from ledger.proposal import Proposal
from ledger.refusals import Unacceptable, WrongState
from tests.paper_ledger import PaperLedger
from tests.request_acts import filing, on, pack, refused, town
from tests.town import (
    COMMITTEE,
    COUNTY,
    HOTLINE,
    RULES,
    TOWN_CLERK,
    accounts,
    awarding,
    founding,
)

IN_FORCE_FROM = on(3, 2, 10)
"""From when on `pack()` is in force."""


def hours(*spans: tuple[int, int]) -> tuple[OfficeHours, ...]:
    return tuple(OfficeHours(start_minute=start, end_minute=end) for start, end in spans)


def deadline(step: Step, grade: Grade | None = None, amount: int = 1) -> Deadline:
    return Deadline(step=step, grade=grade, amount=amount, unit=TimeUnit.HOURS)


def made_ready(**changes: Any) -> Pack:
    event = pack(**changes).event
    assert isinstance(event, RulesEnacted)
    return pack_of(event)


# In force


def test_a_pack_replaces_the_one_before_it_from_its_date_of_effect() -> None:
    paper = town(pack())

    rules: Rules = paper.states[RULES_TAG]

    for moment, version in (
        (datetime(2019, 12, 31, tzinfo=UTC), None),
        (datetime(2020, 1, 1, tzinfo=UTC), 1),
        (IN_FORCE_FROM - timedelta(microseconds=1), 1),
        (IN_FORCE_FROM, 2),
    ):
        enacted, ready = rules.in_force(moment), in_force(rules.packs, moment)
        assert (enacted and enacted.pack_version) == (ready and ready.version) == version


@pytest.mark.parametrize("version", [1, 3])
def test_packs_are_numbered_without_gaps(version: int) -> None:
    refusal = refused(town(), pack(version), "wrong_pack_version", "pack_version")

    assert isinstance(refusal, WrongState)
    assert "2" in refusal.accepted


def test_a_pack_does_not_take_effect_in_the_past_unless_it_says_so() -> None:
    paper = town()
    yesterday = paper.at - timedelta(days=1)

    refusal = refused(paper, pack(effective_from=yesterday), "retroactive_effect", "effective_from")

    assert isinstance(refusal, Unacceptable)
    paper.accept(pack(effective_from=yesterday, retroactive=True))


def test_a_pack_may_take_effect_at_once() -> None:
    paper = town()

    paper.accept(pack(effective_from=paper.at + timedelta(seconds=1)))


@pytest.mark.parametrize("actor", [HOTLINE, COMMITTEE, COUNTY, TOWN_CLERK])
def test_the_towns_secretary_alone_enacts(actor: Actor) -> None:
    refused(town(), Proposal(pack().event, actor), "office_may_not")


def test_without_a_pack_in_force_no_case_begins() -> None:
    paper = PaperLedger()
    paper.accept(*founding()[:-2])

    refusal = refused(paper, Proposal(filing(), HOTLINE), "no_rules_in_force")

    assert isinstance(refusal, WrongState)
    assert "rules_enacted" in refusal.accepted


def test_a_pack_that_is_still_to_come_is_not_in_force() -> None:
    paper = PaperLedger()
    paper.accept(*founding()[:-2], pack(1))

    refused(paper, Proposal(filing(), HOTLINE), "no_rules_in_force")

    paper.at = IN_FORCE_FROM
    paper.accept(Proposal(filing(), HOTLINE))


def test_a_points_limit_of_a_pack_to_come_does_not_bind_yet() -> None:
    paper = town(pack(max_points_per_award=1), *accounts()[:3])

    paper.accept(*awarding("award-1", "account-1", 20, "deed-1"))


# Which pack rules what has begun


@pytest.mark.parametrize("applies_to_open_cases", [False, True])
def test_what_began_keeps_its_pack_unless_a_later_one_applies_to_open_cases(
    *, applies_to_open_cases: bool
) -> None:
    second = made_ready(applies_to_open_cases=applies_to_open_cases)
    packs = (pack_of(RULES), second)
    before, after = IN_FORCE_FROM - timedelta(hours=1), IN_FORCE_FROM + timedelta(hours=1)

    ruling = [
        governing(packs, before, before),  # not in force yet
        governing(packs, before, IN_FORCE_FROM),
        governing(packs, IN_FORCE_FROM, IN_FORCE_FROM),  # began under it
        governing(packs, after, after),
    ]

    of_open = second if applies_to_open_cases else packs[0]
    assert ruling == [packs[0], of_open, second, second]


def test_nothing_rules_what_began_before_all_packs() -> None:
    packs = (pack_of(RULES), made_ready())

    assert governing(packs, datetime(2019, 1, 1, tzinfo=UTC), IN_FORCE_FROM) is None


def test_a_pack_for_open_cases_rules_even_what_began_before_all_packs() -> None:
    packs = (pack_of(RULES), made_ready(applies_to_open_cases=True))

    assert governing(packs, datetime(2019, 1, 1, tzinfo=UTC), IN_FORCE_FROM) == packs[1]


# Deadlines


def test_a_deadline_without_a_grade_is_for_all_grades_that_have_none_of_their_own() -> None:
    ready = made_ready(
        deadlines=(
            deadline(Step.REQUEST_ANSWERED, None, 5),
            deadline(Step.REQUEST_ANSWERED, Grade.EMERGENCY, 2),
        )
    )

    amounts = {
        grade: found.amount
        for grade in (*REQUEST_GRADES, None)
        if (found := ready.deadline(Step.REQUEST_ANSWERED, grade))
    }

    assert amounts == {
        Grade.EMERGENCY: 2,
        Grade.UTILITIES: 5,
        Grade.ORDINARY: 5,
        Grade.COMPLEX: 5,
        None: 5,
    }
    assert ready.deadline(Step.CALLED_BACK) is None


@pytest.mark.parametrize(
    "step", [Step.REQUEST_ANSWERED, Step.REQUEST_SUPERVISED, Step.RETURN_RULED]
)
def test_the_handlers_steps_tell_the_grades_of_requests_apart(step: Step) -> None:
    assert grades_of(step) == REQUEST_GRADES

    town(pack(deadlines=tuple(deadline(step, grade) for grade in (*REQUEST_GRADES, None))))


@pytest.mark.parametrize("step", [step for step in Step if step.startswith("whistle_")])
def test_the_steps_of_whistles_tell_the_grades_of_whistles_apart(step: Step) -> None:
    assert grades_of(step) == WHISTLE_GRADES

    town(pack(deadlines=tuple(deadline(step, grade) for grade in (*WHISTLE_GRADES, None))))


def _wrong(step: Step) -> list[Grade]:
    return [grade for grade in Grade if grade not in grades_of(step)]


@pytest.mark.parametrize(
    ("step", "grade"), [(step, grade) for step in Step for grade in _wrong(step)]
)
def test_a_deadline_is_for_a_grade_of_its_step(step: Step, grade: Grade) -> None:
    proposal = pack(deadlines=(deadline(step, grade),))

    refusal = refused(town(), proposal, "grade_of_another_step", "deadlines")

    assert isinstance(refusal, Unacceptable)
    assert "no grade" in refusal.accepted


@pytest.mark.parametrize("step", [step for step in Step if not grades_of(step)])
def test_the_other_steps_have_one_deadline_for_all(step: Step) -> None:
    town(pack(deadlines=(deadline(step),)))


# What contradicts itself


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
    spans: tuple[tuple[int, int], ...],
) -> None:
    proposal = pack(office_hours=hours(*spans))

    refusal = refused(town(), proposal, "office_hours_overlap", "office_hours")

    assert isinstance(refusal, Unacceptable)


def test_office_hours_may_meet_and_fill_the_day() -> None:
    town(pack(office_hours=hours((0, 720), (720, 1440))))


@pytest.mark.parametrize("grade", [Grade.ORDINARY, None])
def test_a_deadline_stands_once_in_a_pack(grade: Grade | None) -> None:
    twice = (
        deadline(Step.REQUEST_ANSWERED, grade, 4),
        deadline(Step.REQUEST_ANSWERED, Grade.COMPLEX, 4),
        deadline(Step.REQUEST_ANSWERED, grade, 5),
    )

    refusal = refused(town(), pack(deadlines=twice), "given_twice", "deadlines")

    assert isinstance(refusal, Unacceptable)


@pytest.mark.parametrize(
    ("field", "entry"),
    [
        ("subjects", Subject),
        ("pause_reasons", Reason),
        ("exclusion_reasons", Reason),
        ("decline_grounds", Reason),
    ],
)
def test_an_entry_stands_once_in_its_list(field: str, entry: type[Subject] | type[Reason]) -> None:
    twice = (
        entry(code="one", name="甲"),
        entry(code="two", name="乙"),
        entry(code="one", name="丙"),
    )

    changes: dict[str, Any] = {field: twice}

    assert isinstance(refused(town(), pack(**changes), "given_twice", field), Unacceptable)
    changes[field] = twice[:2]
    town(pack(**changes))


def test_the_same_code_may_stand_in_several_lists() -> None:
    one = (Reason(code="one", name="甲"),)

    town(pack(pause_reasons=one, exclusion_reasons=one, decline_grounds=one))


@pytest.mark.parametrize("minutes", [7, 700, 1439])
def test_publications_have_the_same_times_on_every_day(minutes: int) -> None:
    proposal = pack(publish_every_minutes=minutes)

    refusal = refused(town(), proposal, "no_part_of_a_day", "publish_every_minutes")

    assert isinstance(refusal, Unacceptable)
    town(pack(publish_every_minutes=1), pack(3, publish_every_minutes=720))


def test_attempts_to_call_back_are_not_spread_over_more_days_than_there_are_attempts() -> None:
    proposal = pack(call_back_attempts=2, call_back_days=3)

    refusal = refused(town(), proposal, "more_days_than_attempts", "call_back_days")

    assert isinstance(refusal, Unacceptable)
    town(pack(call_back_attempts=3, call_back_days=3))


@pytest.mark.parametrize(
    "changes",
    [
        {"office_hours": ()},
        {"office_hours": hours(*[(one, one + 1) for one in range(5)])},
        {"max_points_per_award": 0},
        {"pack_version": 0},
        {"urgent_entry_hours": 1001},
        {"max_extensions": -1},
        {"max_extensions": 11},
        {"max_returns": -1},
        {"max_returns": 11},
        {"call_back_attempts": 0},
        {"call_back_days": 0},
        {"pause_reasons": tuple(Reason(code=f"r-{one}", name="由") for one in range(101))},
        {"effective_from": datetime(2026, 1, 1)},  # noqa: DTZ001 - the missing zone is the point
    ],
)
def test_a_pack_beyond_its_limits_has_no_shape(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        pack(**changes)


@pytest.mark.parametrize("amount", [0, 1001])
def test_a_deadline_beyond_its_limits_has_no_shape(amount: int) -> None:
    with pytest.raises(ValidationError):
        deadline(Step.CALLED_BACK, None, amount)


@pytest.mark.parametrize(
    ("count", "ending"),
    [(0, "one of: none"), (SHOWN, f"r-{SHOWN - 1}"), (SHOWN + 3, "and 3 more, in the pack")],
)
def test_a_refusal_of_a_code_says_how_many_it_does_not_name(count: int, ending: str) -> None:
    entries = tuple(Reason(code=f"r-{number}", name="理由") for number in range(count))

    refusal = not_listed(entries, "another", "unknown_reason", "reason")

    assert refusal is not None
    assert refusal.accepted.endswith(ending)
