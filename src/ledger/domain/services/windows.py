"""Windows (一站式窗口): their hours, who mans them, who stood in, and service outside the hours.

A window is open in its hours on working days. A roster says who mans it: A, with B to stand in
(AB 岗). Of rosters that share a day the one published last holds.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from ledger.clocks import (
    SHANGHAI,
    Calendars,
    OfficeDay,
    Span,
    local_day,
    office_day,
    working_time_between,
)
from ledger.decision import Situation
from ledger.domain.requests.requests import BY_COMMUNITY, precedes
from ledger.domain.rules.calendars import calendar_tag
from ledger.domain.rules.rules import OfficeHours, are_in_order
from ledger.domain.rules.terms import calendars_of
from ledger.domain.services.venues import Slot
from ledger.domain.town.organisations import (
    BY_TOWN_OFFICE,
    COMMUNITIES,
    foreign_community,
    unknown_organisation,
)
from ledger.domain.town.people import Principal
from ledger.event import Event, Folds, Id, Instant, Line, Recorded, mint_id
from ledger.refusals import Refusal, Unacceptable, UnknownReference, WrongState

ENTERED_WITHIN = timedelta(days=92)
"""How long after it began, or before, what happens at a window may be entered."""
MAX_ROSTER = timedelta(days=92)
MAX_SHIFTS = 16
MAX_LENGTH = timedelta(hours=14)
"""Of a time at a window."""
BY_HOST = (BY_COMMUNITY, BY_TOWN_OFFICE)


class Shift(OfficeHours):
    """Who mans a window in a part of its hours, on each working day of a roster."""

    a: Id
    """A (A 岗): the principal who mans the window."""
    b: Id
    """B (B 岗): the principal who stands in for A."""

    def covers(self, span: Span) -> bool:
        """Whether a time of one day in Shanghai lies within it."""
        midnight = _midnight(span[0])
        minutes = [(moment - midnight) / timedelta(minutes=1) for moment in span]
        return self.start_minute <= minutes[0] and minutes[1] <= self.end_minute


class Roster(NamedTuple):
    """Who mans a window from one day to another."""

    first_day: date
    last_day: date
    shifts: tuple[Shift, ...]


class Window(NamedTuple):
    """A window as of its history; of what is over, only what may still be entered is kept."""

    community: str
    hours: OfficeDay
    opened_at: datetime
    rosters: tuple[Roster, ...] = ()
    absences: tuple[Slot, ...] = ()
    """When an A was away."""
    off_hours: tuple[Slot, ...] = ()
    booked: tuple[tuple[str, Slot], ...] = ()
    """The bookings that are to come, with their times."""

    def roster_on(self, day: date) -> Roster | None:
        """The roster in force on a day, if any."""
        for roster in reversed(self.rosters):
            if roster.first_day <= day <= roster.last_day:
                return roster
        return None

    def open_time(self, span: Span, calendars: Calendars) -> timedelta:
        """How much of a time it is open."""
        return working_time_between(*span, self.hours, calendars).time

    def is_open_for(self, span: Span, calendars: Calendars) -> bool:
        """Whether it is open without a break, for all of a time."""
        return self.open_time(span, calendars) == span[1] - span[0]

    def without(self, passed: datetime) -> Window:
        """The same without what was over so long before a moment that nothing can refer to it."""
        earliest = passed - ENTERED_WITHIN
        return self._replace(
            rosters=tuple(one for one in self.rosters if one.last_day >= local_day(earliest)),
            absences=tuple(one for one in self.absences if one.ends_at > earliest),
            off_hours=tuple(one for one in self.off_hours if one.ends_at > earliest),
            booked=tuple(one for one in self.booked if one[1].ends_at > earliest),
        )


class WindowOpened(Event):
    """A community opens a window for its residents."""

    kind = "window_opened"
    term = "窗口启用"
    proposers = BY_HOST
    creates = ("window", "window")
    example = {
        "window": "window-riverside-1",
        "community": "committee-riverside",
        "name": "综合窗口",
        "address": "河堤路 1 号便民服务大厅",
        "hours": [
            {"start_minute": 480, "end_minute": 720},
            {"start_minute": 840, "end_minute": 1080},
        ],
    }

    window: Id = Field(default_factory=mint_id)
    """The window's id."""
    community: Id
    """The community whose window it is: its Party branch or its residents' committee."""
    name: Line
    """Its name, as it is shown."""
    address: Line | None = None
    """Where residents find it."""
    hours: Annotated[tuple[OfficeHours, ...], Field(min_length=1, max_length=4)]
    """When it is open on a working day."""

    def tags(self) -> tuple[str, ...]:
        return (f"window:{self.window}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*self.tags(), f"organisation:{self.community}")

    def decide(self, situation: Situation) -> Refusal | None:
        unfit = unknown_organisation(
            situation, self.community, "community", *COMMUNITIES
        ) or foreign_community(situation, self.community, "community")
        if unfit or are_in_order(self.hours):
            return unfit
        return Unacceptable(
            "hours_overlap",
            "the window's hours overlap or end before they start",
            "spans in order, each ending after it starts",
            "hours",
        )


class OfWindow(Event):
    """What the acts at a window have in common."""

    window: Id
    """The window."""

    def tags(self) -> tuple[str, ...]:
        return (f"window:{self.window}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (f"window:{self.window}", *of_its_community(self.window, state))

    def own_window(self, situation: Situation) -> Window | Refusal:
        """The window, or why this actor may do nothing there."""
        found = known_window(situation, self.window)
        if not isinstance(found, Window):
            return found
        if situation.precedes(found.opened_at):
            return precedes(found.opened_at)
        return foreign_community(situation, found.community, "window") or found


class DutyRosterPublished(OfWindow):
    """AB 岗值班表: who mans a window on the working days of a time, and who stands in."""

    kind = "duty_roster_published"
    term = "值班表公布"
    proposers = BY_HOST
    example = {
        "window": "window-riverside-1",
        "first_day": "2026-03-02",
        "last_day": "2026-03-31",
        "shifts": [
            {"start_minute": 480, "end_minute": 720, "a": "p-clerk-1", "b": "p-clerk-2"},
            {"start_minute": 840, "end_minute": 1080, "a": "p-clerk-2", "b": "p-clerk-1"},
        ],
    }

    first_day: date
    """From which day on, in Shanghai; not before the day on which it is published."""
    last_day: date
    """Until which day; that day included, at most 92 days later."""
    shifts: Annotated[tuple[Shift, ...], Field(min_length=1, max_length=MAX_SHIFTS)]
    """Who mans which part of the window's hours, in order: one at a time."""

    def boundary(self, state: Any) -> tuple[str, ...]:
        named = (f"principal:{one}" for shift in self.shifts for one in (shift.a, shift.b))
        return (*super().boundary(state), *named)

    def decide(self, situation: Situation) -> Refusal | None:
        window = self.own_window(situation)
        if not isinstance(window, Window):
            return window
        if not are_in_order(self.shifts):
            return Unacceptable(
                "shifts_overlap",
                "shifts overlap or end before they start",
                "shifts in order, each ending after it starts: one mans the window at a time",
                "shifts",
            )
        return self._no_such_time(situation) or next(
            filter(None, (_unfit_shift(situation, window, shift) for shift in self.shifts)), None
        )

    def _no_such_time(self, situation: Situation) -> Refusal | None:
        today = local_day(situation.occurred_at)
        if self.first_day < today:
            return Unacceptable(
                "roster_of_the_past",
                f"a roster published on {today} begins on {self.first_day}",
                f"a day from {today} on",
                "first_day",
            )
        if timedelta() <= self.last_day - self.first_day <= MAX_ROSTER:
            return None
        return Unacceptable(
            "no_such_term",
            f"a roster from {self.first_day} does not end on {self.last_day}",
            f"a day from {self.first_day} on, at most {MAX_ROSTER.days} days later",
            "last_day",
        )


def _unfit_shift(situation: Situation, window: Window, shift: Shift) -> Refusal | None:
    if shift.a == shift.b:
        return Unacceptable(
            "a_is_b", f"{shift.a} stands in for themselves", "two principals", "shifts"
        )
    within = any(
        start <= shift.start_minute * _MINUTE and shift.end_minute * _MINUTE <= end
        for start, end in window.hours.spans
    )
    if not within:
        return Unacceptable(
            "outside_the_hours",
            f"a shift from minute {shift.start_minute} to {shift.end_minute} is not one of hours",
            "shifts that each lie within one span of the window's hours",
            "shifts",
        )
    for one in (shift.a, shift.b):
        principal: Principal | None = situation.state(f"principal:{one}")
        if principal is None or not principal.offices_at(situation.at):
            return UnknownReference(
                "not_in_office", f"{one} holds no office here", "principals who do", "shifts"
            )
    return None


class TimeAtWindow(OfWindow):
    """What acts that tell of a time at a window have in common."""

    starts_at: Instant
    """From when on."""
    ends_at: Instant
    """Until when; excluded."""

    @property
    def slot(self) -> Slot:
        """The time."""
        return Slot(self.starts_at, self.ends_at)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return (*super().boundary(state), *self.calendar_tags())

    def calendar_tags(self) -> tuple[str, ...]:
        """The calendars of the time's days in Shanghai, where a year begins before it does here."""
        years = {one.year + more for one in self.slot for more in (0, 1)}
        return tuple(calendar_tag(year) for year in sorted(years))

    def calendars(self, situation: Situation) -> Calendars:
        """The same, as they were enacted."""
        return calendars_of(situation.state, self.calendar_tags())

    def no_such_time(self, situation: Situation) -> Refusal | None:
        """The refusal where it ends before it starts, is too long, or too far from now."""
        if not timedelta() < self.ends_at - self.starts_at <= MAX_LENGTH:
            return Unacceptable(
                "no_such_length",
                "the time ends before it starts, or lasts longer than anybody works",
                f"a time of at most {MAX_LENGTH // timedelta(hours=1)} hours that starts first",
                "ends_at",
            )
        earliest, latest = situation.at - ENTERED_WITHIN, situation.at + ENTERED_WITHIN
        if earliest <= self.starts_at <= latest:
            return None
        return Unacceptable(
            "too_far_from_now",
            "it began too long ago, or begins too late, to be entered now",
            f"a time from {earliest.isoformat()} to {latest.isoformat()}",
            "starts_at",
        )


class DutyCovered(TimeAtWindow):
    """顶岗: A is away for a time, and B stands in, or nobody does."""

    kind = "duty_covered"
    term = "顶岗"
    proposers = BY_HOST
    example = {
        "window": "window-riverside-1",
        "starts_at": "2026-03-03T09:00:00+08:00",
        "ends_at": "2026-03-03T10:30:00+08:00",
        "absent": "p-clerk-1",
        "covered_by": "p-clerk-2",
    }

    absent: Id
    """The principal who was to man the window then."""
    covered_by: Id | None = None
    """The one rostered to stand in; absent: nobody did, and the window was not manned."""

    def decide(self, situation: Situation) -> Refusal | None:
        window = self.own_window(situation)
        if not isinstance(window, Window):
            return window
        return (
            self.no_such_time(situation)
            or self._unrostered(situation, window)
            or _told_already(self.slot, window.absences)
        )

    def _unrostered(self, situation: Situation, window: Window) -> Refusal | None:
        roster = window.roster_on(local_day(self.starts_at))
        shifts = [
            shift
            for shift in (roster.shifts if roster else ())
            if shift.a == self.absent and shift.covers(self.slot)
        ]
        if not shifts or not window.is_open_for(self.slot, self.calendars(situation)):
            return WrongState(
                "not_on_duty",
                f"{self.absent} was not to man the window for all of that time",
                "a time of one of their shifts, on a working day",
                "absent",
            )
        if self.covered_by is None or self.covered_by in {shift.b for shift in shifts}:
            return None
        return WrongState(
            "unrostered_cover",
            f"{self.covered_by} is not rostered to stand in for {self.absent}",
            " or ".join(sorted({shift.b for shift in shifts})) + ", or none",
            "covered_by",
        )


class OffHoursServed(TimeAtWindow):
    """错时服务: a window was kept open outside its hours."""

    kind = "off_hours_served"
    term = "错时服务"
    proposers = BY_HOST
    example = {
        "window": "window-riverside-1",
        "starts_at": "2026-03-03T12:00:00+08:00",
        "ends_at": "2026-03-03T13:30:00+08:00",
        "people_served": 4,
    }

    people_served: Annotated[int, Field(ge=0, le=10_000)]
    """How many came."""

    def decide(self, situation: Situation) -> Refusal | None:
        window = self.own_window(situation)
        if not isinstance(window, Window):
            return window
        return (
            self.no_such_time(situation)
            or self._not_over(situation)
            or self._not_off_hours(window, self.calendars(situation))
            or _told_already(self.slot, window.off_hours)
        )

    def _not_over(self, situation: Situation) -> Refusal | None:
        if self.ends_at > situation.occurred_at:
            return Unacceptable(
                "not_over",
                "the time is not over",
                f"a time up to {situation.occurred_at.isoformat()}",
                "ends_at",
            )
        return None

    def _not_off_hours(self, window: Window, calendars: Calendars) -> Refusal | None:
        if not window.open_time(self.slot, calendars):
            return None
        return Unacceptable(
            "within_the_hours",
            "the window is open anyhow for a part of that time",
            "a time outside its hours, or on a day of rest",
            "starts_at",
        )


def known_window(situation: Situation, window: str, field: str = "window") -> Window | Refusal:
    """The window, or the refusal where none of this id was opened."""
    found: Window | None = situation.state(f"window:{window}")
    return found or UnknownReference(
        "unknown_window", f"window {window} is not in this ledger", "one that was opened", field
    )


def of_its_community(window: str, state: Any) -> tuple[str, ...]:
    """The history that tells whose a window is, once it is known."""
    found: Window | None = state(f"window:{window}")
    return () if found is None else (f"organisation:{found.community}",)


def _told_already(slot: Slot, others: tuple[Slot, ...]) -> Refusal | None:
    if not any(slot.overlaps(other) for other in others):
        return None
    return WrongState(
        "told_already",
        "a part of that time is told already",
        "a time that has no moment in common with another",
        "starts_at",
    )


_MINUTE = 60_000_000
"""In microseconds, as office days count."""


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)


def evolve_window(state: Window | None, tag: str, recorded: Recorded) -> Window | None:
    """The window after one more act there."""
    match recorded.event:
        case WindowOpened() as event:
            hours = office_day((span.start_minute, span.end_minute) for span in event.hours)
            return Window(event.community, hours, recorded.occurred_at)
        case DutyRosterPublished() as event if state:
            roster = Roster(event.first_day, event.last_day, event.shifts)
            kept = state.without(recorded.recorded_at)
            return kept._replace(rosters=(*kept.rosters, roster))
        case DutyCovered() as event if state:
            kept = state.without(recorded.recorded_at)
            return kept._replace(absences=(*kept.absences, event.slot))
        case OffHoursServed() as event if state:
            kept = state.without(recorded.recorded_at)
            return kept._replace(off_hours=(*kept.off_hours, event.slot))
    return state


KINDS = (WindowOpened, DutyRosterPublished, DutyCovered, OffHoursServed)
FOLDS: Folds = {"window": (evolve_window, KINDS)}
