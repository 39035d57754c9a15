"""The demonstration town's organisations, offices, rules and calendar: all that comes first."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import product
from typing import Final

from ledger.decision import Office, OrganisationType
from ledger.domain.founding import LedgerFounded
from ledger.domain.organisations import AppointmentMade, OrganisationRegistered
from ledger.domain.rules import (
    Deadline,
    Grade,
    OfficeHours,
    RulesEnacted,
    Step,
    Subject,
    TimeUnit,
    WorkingCalendarEnacted,
)
from ledger.event import Actor, Event

ORIGIN: Final = "mingzhang.example/demonstration"

FOUNDER = Actor("secretary", "town", "p-town-secretary")
HOTLINE = Actor("clerk_a", "hotline", "p-hotline-clerk")
REVIEWER = Actor("reviewer", "hotline", "p-reviewer")
SECRETARY = Actor("secretary", "branch-riverside", "p-riverside-secretary")
SECRETARY_OLD_TOWN = Actor("secretary", "branch-oldtown", "p-oldtown-secretary")
COMMITTEE = Actor("clerk_a", "committee-riverside", "p-riverside-clerk")
COMMITTEE_OLD_TOWN = Actor("clerk_a", "committee-oldtown", "p-oldtown-clerk")
SUPERVISION = Actor("clerk_a", "supervision-riverside", "p-supervision")
WATER = Actor("clerk_a", "dept-water", "p-water-clerk")
URBAN = Actor("clerk_a", "dept-urban", "p-urban-clerk")
ROADS = Actor("clerk_a", "dept-roads", "p-roads-clerk")
AUDITOR = Actor("auditor", "town", "p-auditor")
CHANNEL = Actor("resident", "hotline", "p-mini-program")
"""A channel: the actor of its events is the resident's random id of that case."""

_APPOINTED = (
    HOTLINE, REVIEWER, SECRETARY, SECRETARY_OLD_TOWN, COMMITTEE, COMMITTEE_OLD_TOWN, SUPERVISION,
    WATER, URBAN, ROADS, AUDITOR,
)  # fmt: skip

_ORGANISATIONS = (
    ("government", OrganisationType.TOWN_GOVERNMENT, "示范镇人民政府"),
    ("hotline", OrganisationType.HOTLINE_CENTRE, "示范镇便民热线中心"),
    ("branch-riverside", OrganisationType.COMMUNITY_BRANCH, "河堤路社区党总支"),
    ("committee-riverside", OrganisationType.RESIDENTS_COMMITTEE, "河堤路社区居委会"),
    ("supervision-riverside", OrganisationType.RESIDENTS_SUPERVISION, "河堤路社区居务监督委员会"),
    ("branch-oldtown", OrganisationType.COMMUNITY_BRANCH, "老城社区党总支"),
    ("committee-oldtown", OrganisationType.RESIDENTS_COMMITTEE, "老城社区居委会"),
    ("dept-water", OrganisationType.DEPARTMENT, "水务局"),
    ("dept-urban", OrganisationType.DEPARTMENT, "城市管理局"),
    ("dept-roads", OrganisationType.DEPARTMENT, "交通运输局"),
    ("unit-school", OrganisationType.RESIDENT_UNIT, "驻区单位（示范小学）"),
)

_SUBJECTS = (
    ("water-supply", "供水"), ("drainage", "排水"), ("street-lighting", "路灯照明"),
    ("road-surface", "道路破损"), ("noise", "噪声扰民"), ("rubbish", "垃圾清运"),
    ("parking", "停车秩序"), ("neighbours", "邻里关系"), ("public-services", "办事服务"),
    ("other", "其他"),
)  # fmt: skip

_REQUESTS = (
    (Grade.EMERGENCY, 2, TimeUnit.HOURS),
    (Grade.UTILITIES, 24, TimeUnit.HOURS),
    (Grade.ORDINARY, 5, TimeUnit.WORKING_DAYS),
    (Grade.COMPLEX, 15, TimeUnit.WORKING_DAYS),
)
# Practice gives an hour for being on site when it is urgent; else whoever handles in so many days
# has been on site by then.
_WHISTLES = (
    (Grade.URGENT, 1, TimeUnit.HOURS),
    (Grade.ORDINARY, 3, TimeUnit.WORKING_DAYS),
    (Grade.HARD, 5, TimeUnit.WORKING_DAYS),
)
_WHISTLE_STEPS = ((Step.WHISTLE_SIGNED, 1), (Step.WHISTLE_CONTACTED, 24))

# Weekdays without work and weekend days with work, as the State Council's notice has them.
_CALENDARS = {
    2025: (
        "0101 0128 0129 0130 0131 0203 0204 0404 0501 0502 0505 0602 1001 1002 1003 1006 1007 1008",
        "0126 0208 0427 0928 1011",
    ),
    2026: (
        (
            "0101 0102 0216 0217 0218 0219 0220 0223 0406 0501 0504 0505 0619 0925"
            " 1001 1002 1005 1006 1007"
        ),
        "0104 0214 0228 0509 0920 1010",
    ),
}
_FIXED_HOLIDAYS = "0101 0501 0502 1001 1002 1003"


def opening(years: range) -> list[Event]:
    """Founding, organisations, offices, rules and the calendars of the years, in order."""
    return [
        LedgerFounded(
            origin=ORIGIN, town="town", town_name="示范镇党委", founder=FOUNDER.principal
        ),
        *(
            OrganisationRegistered(organisation=identity, type=type_, name=name, parent="town")
            for identity, type_, name in _ORGANISATIONS
        ),
        *(
            AppointmentMade(
                principal=actor.principal,
                organisation=actor.organisation,
                office=Office(actor.office),
            )
            for actor in _APPOINTED
        ),
        _rules(),
        *(calendar(year) for year in years),
    ]


def _rules() -> RulesEnacted:
    deadlines = [
        *((Step.REQUEST_ANSWERED, *term) for term in _REQUESTS),
        *((Step.WHISTLE_REPORTED_IN, *term) for term in _WHISTLES),
        *((Step.WHISTLE_HANDLED, *term) for term in _WHISTLES if term[0] is not Grade.URGENT),
        *(
            (step, grade, hours, TimeUnit.HOURS)
            for (step, hours), (grade, _, _) in product(_WHISTLE_STEPS, _WHISTLES)
        ),
    ]
    return RulesEnacted(
        pack_version=1,
        effective_from=datetime(2020, 1, 1, tzinfo=UTC),
        retroactive=True,
        office_hours=(
            OfficeHours(start_minute=8 * 60, end_minute=12 * 60),
            OfficeHours(start_minute=14 * 60, end_minute=18 * 60),
        ),
        deadlines=tuple(
            Deadline(step=step, grade=grade, amount=amount, unit=unit)
            for step, grade, amount, unit in deadlines
        ),
        subjects=tuple(Subject(code=code, name=name) for code, name in _SUBJECTS),
        max_points_per_award=2,
    )


def calendar(year: int) -> WorkingCalendarEnacted:
    """The year's working calendar; a year not listed gets its holidays of fixed date alone."""
    listed = _CALENDARS.get(year)
    holidays, workdays = listed or (_FIXED_HOLIDAYS, "")
    source = f"国务院办公厅关于{year}年部分节假日安排的通知"
    return WorkingCalendarEnacted(
        year=year,
        holidays=tuple(day for day in _days(year, holidays) if day.weekday() < 5),
        workdays=_days(year, workdays),
        source=source if listed else "演示用：仅列固定日期的法定节假日，待官方通知后更正",
    )


def _days(year: int, text: str) -> tuple[date, ...]:
    return tuple(date(year, int(day[:2]), int(day[2:])) for day in text.split())
