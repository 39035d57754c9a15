"""The clerk who keeps the books: says whether an act may be entered, and enters it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from tests.plain_model import donations, judgements, love_bank, orders, rule_book, staff, whistles
from tests.plain_model.books import Books
from tests.plain_model.case_file import BY_SUMMONED, CaseFile
from tests.plain_model.people import MAY
from tests.plain_model.rule_book import Act
from tests.plain_model.whistle_file import WhistleFile

Verdict = Callable[[Books, Act, Any], bool]


def _rules_enacted(books: Books, act: Act, event: Any) -> bool:
    return rule_book.rules_enacted(books.rules, act, event)


def _calendar_enacted(books: Books, act: Act, event: Any) -> bool:
    return rule_book.working_calendar_enacted(books.rules, act, event)


def _appointment_made(books: Books, act: Act, event: Any) -> bool:
    return staff.appointment_made(books.staff, act, event)


def _appointment_ended(books: Books, act: Act, event: Any) -> bool:
    return staff.appointment_ended(books.staff, act, event)


def _organisation_assigned(books: Books, act: Act, event: Any) -> bool:
    return staff.organisation_assigned(books.staff, act, event)


def _organisation_dissolved(books: Books, act: Act, event: Any) -> bool:
    """Only one without open work, and never the actor's own."""
    return (
        books.staff.is_known(event.organisation)
        and event.organisation != act.actor.organisation
        and (event.effective_from or act.at) >= books.staff.since[event.organisation]
        and not books.has_work(event.organisation)
    )


VERDICTS: Mapping[str, Verdict] = {
    "rules_enacted": _rules_enacted,
    "working_calendar_enacted": _calendar_enacted,
    "appointment_made": _appointment_made,
    "appointment_ended": _appointment_ended,
    "organisation_assigned": _organisation_assigned,
    "organisation_dissolved": _organisation_dissolved,
    **orders.VERDICTS,
    **judgements.VERDICTS,
    **whistles.VERDICTS,
    **love_bank.VERDICTS,
    **donations.VERDICTS,
}


def allows(books: Books, act: Act) -> bool:
    """Whether the town's rules let this act be entered."""
    return (
        act.actor in MAY[act.kind]
        and books.staff.holds(act.actor, act.at)
        and act.when <= act.at + timedelta(seconds=60)
        and _takes_effect_within_ten_years(act)
        and VERDICTS[act.kind](books, act, act.event)
    )


def _takes_effect_within_ten_years(act: Act) -> bool:
    since: datetime | None = act.event.__dict__.get("effective_from")
    return since is None or since - act.at <= timedelta(days=3653)


def enter(books: Books, act: Act) -> None:
    """Puts an act into every file that it belongs to."""
    event: Any = act.event
    match act.kind:
        case "rules_enacted":
            books.rules.packs.append(event)
        case "working_calendar_enacted":
            books.rules.calendars[event.year] = event
        case "ledger_founded":
            books.staff.since[event.town] = act.at
        case "organisation_registered":
            books.staff.since[event.organisation] = act.at
        case "organisation_assigned":
            books.staff.assignments.append(act)
        case "organisation_dissolved":
            books.staff.ends[event.organisation] = event.effective_from or act.at
        case "appointment_made" | "appointment_ended":
            books.staff.entries.append(act)
    fields: dict[str, Any] = event.__dict__
    love_bank.enter(books.bank, act)
    donations.enter(books, act)
    if fields.get("whistle") is not None:
        file = books.whistles.setdefault(event.whistle, WhistleFile())
        file.entries.append(act)
    for request in _requests(books, act):
        books.cases.setdefault(request, CaseFile()).entries.append(act)


def _requests(books: Books, act: Act) -> list[str]:
    """The requests into whose files an act goes: a draft is nobody's business yet."""
    event: Any = act.event
    match act.kind:
        case "whistle_drafted":
            return []
        case kind if kind == "whistle_split" or kind in BY_SUMMONED:
            request = books.whistles[event.whistle].request
            return [] if request is None else [request]
        case "service_rated" | "poor_rating_verified" | "poor_rating_rectified":
            return [event.target]
    request = event.__dict__.get("request")
    return [] if request is None else [request]
