"""Packs of rules (规则): events with a date of effect, never code."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from ledger.clocks import OfficeDay, TimeUnit, office_day
from ledger.decision import Office, Situation, standing
from ledger.domain.town.organisations import TOWN
from ledger.event import Event, EventModel, Folds, Id, Instant, Line, Recorded
from ledger.refusals import Refusal, Unacceptable, WrongState

RULES_TAG = "rules:pack"
MINUTES_OF_A_DAY = 1440
POINTS_PER_HOUR = 1
EXPIRE_AFTER_MONTHS = 24
EXPIRY_NOTICE_DAYS = 30
SHOWN = 20
"""How many entries of a list a refusal names."""
_ENACTS = (standing(Office.SECRETARY, *TOWN),)


class Grade(StrEnum):
    """How pressing a request or a whistle is; each grade has its deadlines in the pack."""

    EMERGENCY = "emergency"
    """特急, of requests."""
    UTILITIES = "utilities"
    """水电气暖, of requests."""
    ORDINARY = "ordinary"
    """普通, of requests and whistles."""
    COMPLEX = "complex"
    """复杂, of requests."""
    URGENT = "urgent"
    """紧急, of whistles."""
    HARD = "hard"
    """疑难, of whistles."""


REQUEST_GRADES = (Grade.EMERGENCY, Grade.UTILITIES, Grade.ORDINARY, Grade.COMPLEX)
WHISTLE_GRADES = (Grade.ORDINARY, Grade.HARD, Grade.URGENT)


class Step(StrEnum):
    """What a deadline is for; each runs from the act that it follows."""

    REQUEST_ANSWERED = "request_answered"
    """From dispatch to the answer that stands: the handler's clock."""
    REQUEST_SUPERVISED = "request_supervised"
    """How long past its term an open request is taken under supervision (督办)."""
    RETURN_RULED = "return_ruled"
    """From the request for a return to the ruling; stated, and measured by no figure."""
    EXTENSION_RULED = "extension_ruled"
    """From the request for an extension to the ruling; stated, and measured by no figure."""
    ANSWER_DEEMED_ACCEPTED = "answer_deemed_accepted"
    """How long after it an answer that no reviewer ruled on counts as accepted."""
    CALLED_BACK = "called_back"
    """From clearing to the call-back; stated, and measured by no figure."""
    CLOSURE_DISPUTED = "closure_disputed"
    """Until when after clearing the requester may dispute it."""
    DISPUTE_RULED = "dispute_ruled"
    """From a dispute to the ruling; stated, and measured by no figure."""
    POOR_RATING_RECTIFIED = "poor_rating_rectified"
    """From the verification of a poor rating to its rectification."""
    DEED_PUBLICITY = "deed_publicity"
    """How long a deed is shown before it earns points."""
    OBJECTION_RULED = "objection_ruled"
    """From an objection to the ruling; stated, and measured by no figure."""
    OBJECTION_APPEALED = "objection_appealed"
    """Until when after the ruling it may be appealed against."""
    WHISTLE_SIGNED = "whistle_signed"
    """From the whistle to the department's signature; stated, and measured by no figure."""
    WHISTLE_CONTACTED = "whistle_contacted"
    """From the whistle to the department's contact, or to its arrival."""
    WHISTLE_REPORTED_IN = "whistle_reported_in"
    """From the whistle to the department's arrival on site."""
    WHISTLE_HANDLED = "whistle_handled"
    """From the whistle to the end of the department's work."""


_OF_REQUESTS = frozenset({Step.REQUEST_ANSWERED, Step.REQUEST_SUPERVISED, Step.RETURN_RULED})


class Deadline(EventModel):
    """How long a step may take for a grade; without a grade, for every grade not named."""

    step: Step
    """What has to be done by then."""
    grade: Grade | None = None
    """For requests and whistles of this grade; absent: for every grade not named."""
    amount: Annotated[int, Field(ge=1, le=1000)]
    """How many of the unit."""
    unit: TimeUnit
    """In what the amount is counted."""


class OfficeHours(EventModel):
    """A span of a working day in minutes from midnight, Asia/Shanghai; the end is excluded."""

    start_minute: Annotated[int, Field(ge=0, le=1440)]
    """When it begins; 480 is 08:00."""
    end_minute: Annotated[int, Field(ge=0, le=1440)]
    """When it ends; 720 is noon."""


def are_in_order(spans: Sequence[OfficeHours]) -> bool:
    """Whether each span ends after it starts, and begins once the one before it has ended."""
    latest = 0
    for span in spans:
        if span.start_minute < latest or span.end_minute <= span.start_minute:
            return False
        latest = span.end_minute
    return True


class Subject(EventModel):
    """An entry of the controlled list that names what a request is about."""

    code: Id
    """What requests name it by."""
    name: Line
    """As it is shown."""
    sensitive: bool = False
    """Shown as counts only, such as family violence, mental health, 低保 and petitions."""


class Reason(EventModel):
    """An entry of a closed list of reasons or grounds, as it is shown."""

    code: Id
    """What events name it by."""
    name: Line
    """As it is shown."""


Reasons = Annotated[tuple[Reason, ...], Field(max_length=100)]
_LISTS = ("subjects", "pause_reasons", "exclusion_reasons", "decline_grounds")


def _with_due_process(body: Any) -> Any:
    """Until version 2 packs did not say for how long deeds are shown, or when points end."""
    deadlines = [
        {"step": step, "grade": None, "amount": days, "unit": "working_days"}
        for step, days in (("deed_publicity", 5), ("objection_ruled", 5), ("objection_appealed", 5))
    ]
    return {
        **body,
        "deadlines": [*body["deadlines"], *deadlines],
        "points_per_hour": POINTS_PER_HOUR,
        "points_expire_after_months": EXPIRE_AFTER_MONTHS,
        "expiry_notice_days": EXPIRY_NOTICE_DAYS,
    }


class RulesEnacted(Event):
    """A pack of rules comes into force and replaces the one before it."""

    kind = "rules_enacted"
    version = 3
    term = "规则生效"
    proposers = _ENACTS
    example = {
        "pack_version": 2,
        "effective_from": "2026-07-01T00:00:00+08:00",
        "office_hours": [
            {"start_minute": 480, "end_minute": 720},
            {"start_minute": 840, "end_minute": 1080},
        ],
        "deadlines": [
            {"step": "request_answered", "grade": "emergency", "amount": 2, "unit": "hours"},
            {"step": "request_answered", "amount": 5, "unit": "working_days"},
            {"step": "whistle_contacted", "amount": 24, "unit": "hours"},
        ],
        "subjects": [
            {"code": "water-supply", "name": "供水"},
            {"code": "family-violence", "name": "家庭暴力", "sensitive": True},
        ],
        "pause_reasons": [{"code": "awaiting-requester", "name": "等待诉求人补充材料"}],
        "exclusion_reasons": [{"code": "force-majeure", "name": "不可抗力"}],
        "decline_grounds": [{"code": "before-a-court", "name": "已进入司法程序"}],
        "max_points_per_award": 20,
        "publish_every_minutes": 720,
    }
    # Until version 1 packs did not say how often the board is published.
    upcasts = {
        1: lambda body: {**body, "publish_every_minutes": MINUTES_OF_A_DAY},
        2: _with_due_process,
    }

    pack_version: Annotated[int, Field(ge=1, le=1_000_000)]
    """One more than that of the pack before."""
    effective_from: Instant
    """From when on it is in force."""
    retroactive: bool = False
    """Whether the date of effect may lie in the past."""
    applies_to_open_cases: bool = False
    """Whether its deadlines, its limits on an order and its pause reasons rule what was dispatched
    before too, from the date of effect on."""
    office_hours: Annotated[tuple[OfficeHours, ...], Field(min_length=1, max_length=4)]
    """When the offices work on a working day: working hours and days run in them alone."""
    deadlines: Annotated[tuple[Deadline, ...], Field(max_length=100)]
    """How long each step may take; a step that is not named has no term."""
    subjects: Annotated[tuple[Subject, ...], Field(max_length=1000)] = ()
    """Empty: any subject code is taken."""
    max_extensions: Annotated[int, Field(ge=0, le=10)] = 1
    """Extensions of one request; together they are never longer than its original term."""
    max_returns: Annotated[int, Field(ge=0, le=10)] = 2
    """Returns of one request; who has it then, jurisdiction_ruled says."""
    pause_reasons: Reasons = ()
    """For which a handler's clock may pause; empty: none."""
    exclusion_reasons: Reasons = ()
    """For which a case may be left out of a metric; empty: none."""
    decline_grounds: Reasons = ()
    """The legal grounds on which a request may be declined; empty: none."""
    call_back_attempts: Annotated[int, Field(ge=1, le=10)] = 3
    """How often at most a requester is called back in a round, until reached."""
    call_back_days: Annotated[int, Field(ge=1, le=10)] = 2
    """On how many days at least all the attempts are made."""
    max_points_per_award: Annotated[int, Field(ge=1, le=1_000_000)]
    """The most that one deed may earn an account."""
    points_per_hour: Annotated[int, Field(ge=1, le=1_000_000)] = POINTS_PER_HOUR
    """What an hour of a deed may earn at most."""
    points_expire_after_months: Annotated[int, Field(ge=1, le=1200)] | None = EXPIRE_AFTER_MONTHS
    """After how many months points end that are awarded under this pack; none: never."""
    expiry_notice_days: Annotated[int, Field(ge=1, le=366)] = EXPIRY_NOTICE_DAYS
    """How many days before points end their holder is told; untold they do not end."""
    urgent_entry_hours: Annotated[int, Field(ge=1, le=1000)] = 24
    """Within how many hours an urgent whistle that went by phone must be entered."""
    publish_every_minutes: Annotated[int, Field(ge=1, le=MINUTES_OF_A_DAY)] = MINUTES_OF_A_DAY
    """How often what is shown of requests is published, counted from midnight in Shanghai; a
    divisor of 1440, so that every day has the same times."""

    def tags(self) -> tuple[str, ...]:
        return (RULES_TAG,)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return self.tags()

    def decide(self, situation: Situation) -> Refusal | None:
        packs: Rules = situation.state(RULES_TAG) or Rules()
        if self.pack_version != len(packs.enacted) + 1:
            return WrongState(
                "wrong_pack_version",
                f"the latest pack has version {len(packs.enacted)}",
                f"version {len(packs.enacted) + 1}",
                "pack_version",
            )
        if self.effective_from < situation.at and not self.retroactive:
            return Unacceptable(
                "retroactive_effect",
                "the date of effect lies in the past",
                "a date of effect that is still to come, or retroactive: true",
                "effective_from",
            )
        contradiction = self._hours_overlap() or self._wrong_grade() or self._given_twice()
        return contradiction or self._days_without_attempts() or self._times_that_wander()

    def _hours_overlap(self) -> Refusal | None:
        if are_in_order(self.office_hours):
            return None
        return Unacceptable(
            "office_hours_overlap",
            "office hours overlap or end before they start",
            "spans in order, each ending after it starts",
            "office_hours",
        )

    def _wrong_grade(self) -> Refusal | None:
        for deadline in self.deadlines:
            grades = grades_of(deadline.step)
            if deadline.grade is not None and deadline.grade not in grades:
                return Unacceptable(
                    "grade_of_another_step",
                    f"{deadline.step} has no grade {deadline.grade}",
                    " or ".join((*grades, "no grade")),
                    "deadlines",
                )
        return None

    def _given_twice(self) -> Refusal | None:
        several: dict[str, list[object]] = {
            name: [entry.code for entry in getattr(self, name)] for name in _LISTS
        }
        several["deadlines"] = [(deadline.step, deadline.grade) for deadline in self.deadlines]
        for field, entries in several.items():
            if len(set(entries)) < len(entries):
                return Unacceptable(
                    "given_twice", f"{field} has an entry twice", "each entry once", field
                )
        return None

    def _days_without_attempts(self) -> Refusal | None:
        if self.call_back_days <= self.call_back_attempts:
            return None
        return Unacceptable(
            "more_days_than_attempts",
            f"{self.call_back_attempts} attempts are not made on {self.call_back_days} days",
            f"at most {self.call_back_attempts} days",
            "call_back_days",
        )

    def _times_that_wander(self) -> Refusal | None:
        if MINUTES_OF_A_DAY % self.publish_every_minutes == 0:
            return None
        return Unacceptable(
            "no_part_of_a_day",
            f"{self.publish_every_minutes} minutes do not divide a day",
            "a divisor of 1440, such as 60, 720 or 1440",
            "publish_every_minutes",
        )


def grades_of(step: Step) -> tuple[Grade, ...]:
    """The grades that a step's deadlines may tell apart."""
    if step in _OF_REQUESTS:
        return REQUEST_GRADES
    return WHISTLE_GRADES if step.value.startswith("whistle_") else ()


class Pack(NamedTuple):
    """A pack of rules, made ready for the clocks."""

    version: int
    effective_from: datetime
    applies_to_open_cases: bool
    deadlines: tuple[Deadline, ...]
    office: OfficeDay
    sensitive_subjects: frozenset[str] = frozenset()
    publish_every_minutes: int = MINUTES_OF_A_DAY

    def deadline(self, step: Step, grade: Grade | None = None) -> Deadline | None:
        """How long a step may take: that of the grade, else the one for all grades, else None."""
        for_all = None
        for deadline in self.deadlines:
            if deadline.step is step:
                if deadline.grade is grade:
                    return deadline
                if deadline.grade is None:
                    for_all = deadline
        return for_all


def pack_of(event: RulesEnacted) -> Pack:
    """The pack that an event enacts."""
    return Pack(
        event.pack_version,
        event.effective_from,
        event.applies_to_open_cases,
        event.deadlines,
        office_day((span.start_minute, span.end_minute) for span in event.office_hours),
        frozenset(subject.code for subject in event.subjects if subject.sensitive),
        event.publish_every_minutes,
    )


def in_force(packs: Sequence[Pack], moment: datetime) -> Pack | None:
    """The latest pack whose date of effect has come by `moment`, or None."""
    return next((pack for pack in reversed(packs) if pack.effective_from <= moment), None)


def successive(
    packs: Sequence[Pack], started_at: datetime, until: datetime | None = None
) -> tuple[Pack, ...]:
    """The packs that rule, one after the other, what began at `started_at`: the one in force as it
    began, and later ones that say that they apply to open cases, up to `until` or all so far."""
    ruling: list[Pack] = []
    replaced_from: datetime | None = None
    for pack in reversed(packs):
        if replaced_from is not None and pack.effective_from >= replaced_from:
            continue  # a later version was in force before it
        replaced_from = pack.effective_from
        if pack.effective_from <= started_at:
            ruling.append(pack)
            break
        if pack.applies_to_open_cases and (until is None or pack.effective_from <= until):
            ruling.append(pack)
    return tuple(reversed(ruling))


def governing(packs: Sequence[Pack], started_at: datetime, until: datetime) -> Pack | None:
    """The pack that rules at `until` what began at `started_at`: the one in force as it began, or a
    later one that says that it applies to open cases."""
    ruling = successive(packs, started_at, until)
    return ruling[-1] if ruling else None


class Rules(NamedTuple):
    """All packs so far, by version: the first is version 1."""

    enacted: tuple[RulesEnacted, ...] = ()
    packs: tuple[Pack, ...] = ()

    def in_force(self, moment: datetime) -> RulesEnacted | None:
        """The latest pack whose date of effect has come by `moment`, or None."""
        for pack in reversed(self.enacted):
            if pack.effective_from <= moment:
                return pack
        return None


def rules_in_force(situation: Situation) -> RulesEnacted | Refusal:
    """The pack in force as the batch is recorded, or the refusal where there is none."""
    rules: Rules | None = situation.state(RULES_TAG)
    pack = rules.in_force(situation.at) if rules else None
    return pack or WrongState(
        "no_rules_in_force", "no pack of rules is in force", "rules_enacted first"
    )


def evolve_rules(state: Rules | None, tag: str, recorded: Recorded) -> Rules | None:
    """The packs after one more event."""
    match recorded.event:
        case RulesEnacted() as pack:
            known = state or Rules()
            return Rules((*known.enacted, pack), (*known.packs, pack_of(pack)))
    return state


def not_listed(
    entries: tuple[Subject, ...] | tuple[Reason, ...], code: str, rule: str, field: str
) -> Refusal | None:
    """The refusal where a code is not on a list of the pack in force."""
    if any(entry.code == code for entry in entries):
        return None
    listed = ", ".join(entry.code for entry in entries[:SHOWN])
    if len(entries) > SHOWN:
        listed += f" and {len(entries) - SHOWN} more, in the pack"
    return Unacceptable(
        rule,
        f"{code} is not on the list of the pack in force",
        f"one of: {listed or 'none'}",
        field,
    )


KINDS = (RulesEnacted,)
FOLDS: Folds = {"rules": (evolve_rules, KINDS)}
