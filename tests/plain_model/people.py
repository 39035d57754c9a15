"""Who is there in the model's town, and who may propose what: written down from the domain page."""

from __future__ import annotations

from ledger.decision import OrganisationType
from ledger.event import Actor
from tests.town import (
    ACTORS,
    COMMITTEE,
    COMMITTEE_B,
    COUNTY,
    FOUNDER,
    HOTLINE,
    RESIDENT,
    REVIEWER,
    ROADS,
    SECRETARY,
    TIMEKEEPER,
    TOWN_CLERK,
    URBAN,
    WATER,
)

# Beside those of the small town: a second community, a department of the county, a unit, and
# somebody who works for the water department in the week and for the hotline on Saturdays.
SECRETARY_2 = Actor("secretary", "branch-2", "p-secretary-2")
COMMITTEE_2 = Actor("clerk_a", "committee-2", "p-committee-2")
POWER = Actor("clerk_a", "dept-power", "p-power")
UNIT = Actor("clerk_a", "unit-1", "p-unit")
MOONLIGHTER = Actor("clerk_b", "hotline", "p-water")
NEIGHBOUR = Actor("resident", "committee-2", "requester-2")
NEWCOMERS = (SECRETARY_2, COMMITTEE_2, POWER, UNIT, MOONLIGHTER)
EVERYBODY = (*ACTORS, FOUNDER, RESIDENT, NEIGHBOUR, *NEWCOMERS)
NEW_ORGANISATIONS = (
    ("branch-2", OrganisationType.COMMUNITY_BRANCH, "town"),
    ("dept-power", OrganisationType.DEPARTMENT, "county"),
)

COMMUNITIES = ("branch-1", "branch-2", "committee-1", "committee-2")
DEPARTMENTS = ("dept-water", "dept-urban", "dept-roads", "dept-power")
TOWN = ("town", "government")
HANDLERS = (*COMMUNITIES, *DEPARTMENTS, *TOWN, "county", "unit-1")
"""Every organisation of this town but the hotline centre, which never handles."""
KNOWN = (*HANDLERS, "hotline")
BRANCHES = ("branch-1", "branch-2")
UNASSIGNED = (*BRANCHES, *TOWN, "county")
"""Those who belong to no community, and what stands above communities."""
NEW_ASSIGNMENT = ("committee-2", "branch-2")
SUPERIOR = {"dept-power": "county", **dict.fromkeys(DEPARTMENTS[:3], "town")}

_HOTLINE = {HOTLINE, MOONLIGHTER}
_COMMITTEES = {COMMITTEE, COMMITTEE_B, COMMITTEE_2}
_SECRETARIES = {SECRETARY, SECRETARY_2}
_RESIDENTS = {RESIDENT, NEIGHBOUR}
_INTAKE = _HOTLINE | _COMMITTEES | _SECRETARIES
_TOWN = {FOUNDER, TOWN_CLERK}
_DEPARTMENTS = {WATER, URBAN, ROADS, POWER}
_AT_WORK = _COMMITTEES | _SECRETARIES | _TOWN | _DEPARTMENTS | {COUNTY, UNIT}
_REVIEWERS = {REVIEWER, *_HOTLINE}
_DISPATCHERS = _INTAKE | _TOWN
_AUTHORITIES = _TOWN | {COUNTY}

MAY: dict[str, set[Actor]] = {
    "appointment_made": {FOUNDER},
    "appointment_ended": {FOUNDER},
    "organisation_assigned": {FOUNDER, TOWN_CLERK},
    "organisation_dissolved": {FOUNDER},
    "rules_enacted": {FOUNDER},
    "working_calendar_enacted": {FOUNDER},
    "request_filed": _INTAKE | _RESIDENTS,
    "request_accepted": _INTAKE,
    "request_declined": _INTAKE,
    "request_redirected": _INTAKE,
    "request_merged": _INTAKE,
    "request_withdrawn": _INTAKE | _RESIDENTS,
    "request_answered_directly": _INTAKE,
    "request_dispatched": _INTAKE,
    "order_signed": _AT_WORK,
    "order_return_requested": _AT_WORK,
    "order_return_ruled": _DISPATCHERS,
    "jurisdiction_ruled": _AUTHORITIES,
    "order_reassigned": _DISPATCHERS,
    "co_handler_added": _DISPATCHERS,
    "extension_requested": _AT_WORK,
    "extension_ruled": _DISPATCHERS,
    "clock_paused": _DISPATCHERS,
    "clock_resumed": _DISPATCHERS,
    "request_urged": _INTAKE | _RESIDENTS,
    "request_supervised": _AUTHORITIES | {TIMEKEEPER},
    "progress_posted": _AT_WORK,
    "respondent_stated": _AT_WORK | _HOTLINE,
    "request_answered": _AT_WORK,
    "answer_accepted": _REVIEWERS | {TIMEKEEPER},
    "answer_sent_back": _REVIEWERS,
    "request_cleared": _INTAKE,
    "called_back": _HOTLINE,
    "request_reopened": _INTAKE,
    "closure_disputed": _INTAKE | _RESIDENTS,
    "dispute_ruled": _AUTHORITIES,
    "request_struck_off": _HOTLINE | {COUNTY},
    "service_rated": _HOTLINE | _COMMITTEES | _RESIDENTS,
    "poor_rating_verified": _HOTLINE,
    "poor_rating_rectified": _AT_WORK,
    "metric_exclusion_requested": _AT_WORK,
    "metric_exclusion_ruled": _TOWN,
    "whistle_drafted": _SECRETARIES,
    "whistle_blown": _SECRETARIES,
    "whistle_split": _AUTHORITIES,
    "whistle_cleared": _SECRETARIES,
    "whistle_countermanded": _SECRETARIES | _AUTHORITIES,
    "whistle_signed": _DEPARTMENTS,
    "department_contacted": _DEPARTMENTS,
    "department_reported_in": _DEPARTMENTS,
    "whistle_return_requested": _DEPARTMENTS,
    "whistle_return_ruled": _AUTHORITIES,
    "whistle_handled": _DEPARTMENTS,
    "whistle_verified": _SECRETARIES,
    "department_rated": _SECRETARIES,
    "whistle_rated_by_department": _DEPARTMENTS,
    "account_opened": _COMMITTEES | _RESIDENTS,
    "account_closed": _COMMITTEES | _RESIDENTS,
    "deed_claimed": _COMMITTEES | _RESIDENTS,
    "deed_verified": _COMMITTEES,
    "publicity_opened": _COMMITTEES,
    "objection_raised": {*EVERYBODY} - {TIMEKEEPER},
    "objection_ruled": _AUTHORITIES,
    "objection_appealed": {*EVERYBODY} - {TIMEKEEPER},
    "love_points_awarded": _COMMITTEES,
    "love_points_reversed": _COMMITTEES | _TOWN,
    "love_points_donated": _COMMITTEES | _RESIDENTS,
    "love_points_expiry_noticed": {TIMEKEEPER},
    "love_points_expired": {TIMEKEEPER},
    "reward_listed": _COMMITTEES,
    "reward_restocked": _COMMITTEES,
    "love_points_redeemed": _COMMITTEES,
    **dict.fromkeys(
        ("donation_received", "donation_used", "donation_returned"),
        _COMMITTEES | _SECRETARIES | _TOWN,
    ),
}
