"""Drafts of acts by the name of their kind: for a thing, in the variant that a number chooses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from ledger.catalogue import KINDS
from ledger.decision import Office
from ledger.domain.requests.closing import CallOutcome
from ledger.domain.requests.exclusions import Metric
from ledger.domain.requests.intake import Elsewhere, RequestFiled
from ledger.domain.requests.ratings import RatingTarget, Satisfaction
from ledger.domain.requests.requests import Category
from ledger.domain.town.organisations import OrganisationAssigned, OrganisationDissolved
from ledger.domain.town.people import AppointmentEnded, AppointmentMade
from ledger.domain.whistles.whistles import Ground
from ledger.event import Event
from tests.plain_model.people import (
    COMMITTEE_2,
    DEPARTMENTS,
    HANDLERS,
    MOONLIGHTER,
    POWER,
    SECRETARY_2,
    UNIT,
)
from tests.plain_model.rule_book import REQUEST_GRADES, WHISTLE_GRADES
from tests.town import ROADS, SECRETARY, URBAN

REQUESTS = ("request-1", "request-2", "request-3", "request-4")
WHISTLES = ("whistle-1", "whistle-2", "whistle-3")

Body = dict[str, Any]
Draft = Callable[[int], Body]
"""The fields beside the one that names the thing."""


def _request(choice: int) -> str:
    """Mostly one of the first, at times any."""
    return REQUESTS[choice % 4] if choice % 3 else f"request-{choice % 80}"


def _several(choice: int) -> tuple[str, ...]:
    """One to three departments."""
    start = choice % 4
    return (*DEPARTMENTS, *DEPARTMENTS)[start : start + 1 + choice // 4 % 3]


def _dispatch(choice: int) -> Body:
    lead = HANDLERS[choice % len(HANDLERS)]
    co_handlers = tuple(one for one in _several(choice) if one != lead)
    return {"lead": lead, "co_handlers": co_handlers, "grade": REQUEST_GRADES[choice % 4]}


def _call(choice: int) -> Body:
    outcome = (*CallOutcome,)[choice % 3]
    if outcome is not CallOutcome.REACHED:
        return {"outcome": outcome}
    return {"outcome": outcome, "resolved": choice % 2 == 0, "satisfied": choice % 5 == 0}


def _rating(choice: int) -> Body:
    return {"target_type": RatingTarget.REQUEST, "satisfaction": (*Satisfaction,)[choice % 5]}


def _organisation(field: str) -> Draft:
    return lambda choice: {field: HANDLERS[choice % len(HANDLERS)]}


def _yes_or_no(field: str) -> Draft:
    return lambda choice: {field: choice % 2 == 0}


def _text(field: str) -> Draft:
    return lambda choice: {field: "说明"}


def _nothing(choice: int) -> Body:
    return {}


OF_CASES: Mapping[str, Draft] = {
    "request_accepted": _nothing,
    "request_declined": lambda choice: {"ground": "before-a-court"},
    "request_redirected": lambda choice: {"to": Elsewhere.PETITIONS},
    "request_merged": lambda choice: {"into": _request(choice)},
    "request_withdrawn": _nothing,
    "request_answered_directly": _nothing,
    "request_dispatched": _dispatch,
    "order_signed": _nothing,
    "order_return_requested": lambda choice: {
        "reason": "非我局职责",
        "proposed_owner": HANDLERS[choice % len(HANDLERS)],
    },
    "order_return_ruled": _yes_or_no("granted"),
    "jurisdiction_ruled": _organisation("lead"),
    "order_reassigned": _organisation("lead"),
    "co_handler_added": _organisation("co_handler"),
    "extension_requested": lambda choice: {"amount": 1 + choice % 6, "reason": "待料"},
    "extension_ruled": _yes_or_no("granted"),
    "clock_paused": lambda choice: {"reason": "awaiting-requester"},
    "clock_resumed": _nothing,
    "request_urged": _nothing,
    "request_supervised": _yes_or_no("overdue"),
    "progress_posted": _text("note"),
    "respondent_stated": _text("statement"),
    "request_answered": _nothing,
    "answer_accepted": _yes_or_no("deemed"),
    "answer_sent_back": _text("reason"),
    "request_cleared": _nothing,
    "called_back": _call,
    "request_reopened": _text("reason"),
    "closure_disputed": _text("reason"),
    "dispute_ruled": _yes_or_no("upheld"),
    "request_struck_off": _nothing,
    "service_rated": _rating,
    "poor_rating_verified": lambda choice: {
        "target_type": RatingTarget.REQUEST,
        "founded": choice % 2 == 0,
    },
    "poor_rating_rectified": lambda choice: {
        "target_type": RatingTarget.REQUEST,
        "measures": "已整改",
        "requester_informed": choice % 3 != 0,
    },
    "metric_exclusion_requested": lambda choice: {
        "metric": (*Metric,)[choice % 3],
        "reason": "force-majeure",
    },
    "metric_exclusion_ruled": lambda choice: {
        "metric": (*Metric,)[choice % 3],
        "granted": choice % 2 == 0,
    },
}
ALONG = (
    "request_accepted",
    "request_dispatched",
    "request_dispatched",
    "order_signed",
    "order_return_requested",
    "order_return_ruled",
    "extension_requested",
    "extension_ruled",
    "clock_paused",
    "request_answered",
    "answer_accepted",
    "request_cleared",
    "service_rated",
    "called_back",
    "closure_disputed",
    "dispute_ruled",
)
"""The acts that lead a case through a whole life."""


ENDINGS = frozenset(
    {
        "request_declined",
        "request_redirected",
        "request_merged",
        "request_withdrawn",
        "request_struck_off",
        "whistle_countermanded",
    }
)
"""The acts after which nothing follows."""


def _summoning(choice: int) -> Body:
    return {
        "request": None if choice % 4 == 0 else _request(choice),
        "departments": _several(choice),
        "grade": WHISTLE_GRADES[choice % 3],
        "ground": Ground.JOINT_ENFORCEMENT,
    }


def _department(choice: int) -> Body:
    return {"department": DEPARTMENTS[choice % 4]}


OF_WHISTLES: Mapping[str, Draft] = {
    "whistle_drafted": _summoning,
    "whistle_blown": _summoning,
    "whistle_split": lambda choice: {
        "departments": _several(choice)[:2],
        "grade": WHISTLE_GRADES[choice % 3],
    },
    "whistle_cleared": _nothing,
    "whistle_countermanded": _text("reason"),
    "whistle_signed": _department,
    "department_contacted": _department,
    "department_reported_in": _department,
    "whistle_return_requested": lambda choice: {
        **_department(choice),
        "reason": "非我局职责",
        "proposed_owner": DEPARTMENTS[choice // 4 % 4],
    },
    "whistle_return_ruled": lambda choice: {
        **_department(choice),
        "granted": choice // 4 % 2 == 0,
    },
    "whistle_handled": _department,
    "whistle_verified": lambda choice: {**_department(choice), "done": choice // 4 % 3 != 0},
    "department_rated": lambda choice: {
        **_department(choice),
        "satisfaction": (*Satisfaction,)[choice % 5],
    },
    "whistle_rated_by_department": lambda choice: {
        **_department(choice),
        "satisfaction": (*Satisfaction,)[choice % 5],
        "justified": choice % 2 == 0,
    },
}


def draft(kind: str, thing: str, choice: int) -> Event:
    """The act of this kind on a request or a whistle."""
    cls: Any = KINDS[kind]
    if kind in OF_WHISTLES:
        drafted: Event = cls(whistle=thing, **OF_WHISTLES[kind](choice))
        return drafted
    name = "target" if "target" in cls.model_fields else "request"
    act: Event = cls(**{name: thing}, **OF_CASES[kind](choice))
    return act


def filing(request: str, choice: int) -> Event:
    """A request, at times a complaint about somebody."""
    against = (None, None, "unit-1", "dept-water", "dept-power", "town", "committee-1")
    return RequestFiled(
        request=request,
        community=("committee-1", "branch-1", "committee-2")[choice % 3],
        category=(*Category,)[choice % 6],
        subject="noise",
        requester=("requester-1", "requester-2", "p-water")[choice // 3 % 3],
        against=against[choice % 7],
        details="夜间施工",
    )


EFFECTS = (
    None, None, timedelta(), timedelta(days=-1), timedelta(hours=3), timedelta(days=4),
    timedelta(days=3653, seconds=1), timedelta(days=3653, seconds=2),
)  # fmt: skip
"""From when on a change of the staff takes effect, counted from now; None: as it is recorded."""


def staffing(choice: int, effective_from: datetime | None) -> Event:
    """Somebody comes into an office or leaves it; an organisation is assigned or dissolved."""
    if choice % 12 == 0:
        organisation = ("unit-1", "dept-roads", "committee-2", "branch-2", "town")[choice // 12 % 5]
        return OrganisationDissolved(organisation=organisation, effective_from=effective_from)
    if choice % 12 in (5, 7):
        return OrganisationAssigned(
            organisation=("committee-2", "committee-1", "unit-1", "branch-2")[choice // 12 % 4],
            community=("branch-1", "branch-2", "committee-1")[choice // 48 % 3],
            effective_from=effective_from,
        )
    actor = (URBAN, ROADS, POWER, COMMITTEE_2, SECRETARY_2, UNIT, MOONLIGHTER)[choice // 12 % 7]
    newcomer = SECRETARY.principal if choice % 4 == 0 else actor.principal
    return (AppointmentMade if choice % 3 else AppointmentEnded)(
        principal=newcomer,
        organisation=actor.organisation,
        office=Office(actor.office),
        effective_from=effective_from,
    )
