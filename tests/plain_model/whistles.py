"""Whistles and those whom they summon: what may be entered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ledger.domain.rules.rules import Grade
from tests.plain_model.books import Books
from tests.plain_model.people import DEPARTMENTS, SUPERIOR
from tests.plain_model.rule_book import WHISTLE_GRADES, Act
from tests.plain_model.whistle_file import WhistleFile


def whistle_drafted(books: Books, act: Act, event: Any) -> bool:
    return (
        event.whistle not in books.whistles
        and event.grade in WHISTLE_GRADES
        and _may_summon(books, act, event.departments, event.request)
    )


def whistle_blown(books: Books, act: Act, event: Any) -> bool:
    draft = books.whistles.get(event.whistle)
    if draft is not None and (
        draft.stage != "drafted"
        or draft.community != act.actor.organisation
        or not act.follows(draft.latest)
    ):
        return False
    return (
        event.grade in WHISTLE_GRADES
        and not _is_late(books, act, event)
        and _may_summon(books, act, event.departments, event.request)
    )


def whistle_split(books: Books, act: Act, event: Any) -> bool:
    file = _blown(books, act)
    if file is None or event.grade not in WHISTLE_GRADES:
        return False
    return (
        set(event.departments).isdisjoint(file.summoned)
        and not _is_late(books, act, event)
        and _against(books, file) not in (act.actor.organisation, *event.departments)
        and not (file.request and books.cases[file.request].has_conflict(act.actor))
        and _may_summon(books, act, event.departments, None)
    )


def _is_late(books: Books, act: Act, event: Any) -> bool:
    """Whether what went by phone is entered too late."""
    hours = books.rules.in_force(act.at).urgent_entry_hours
    return event.grade is Grade.URGENT and act.at - act.when > timedelta(hours=hours)


def _against(books: Books, file: WhistleFile) -> str | None:
    """The organisation complained about by the request that the whistle was blown for."""
    case = books.cases.get(file.request or "")
    if case is None:
        return None
    against: str | None = case.filing.against
    return against


def _may_summon(books: Books, act: Act, departments: tuple[str, ...], request: str | None) -> bool:
    """Whether these departments may be summoned, for an open request or for none."""
    is_known = all(one in DEPARTMENTS and books.staff.is_known(one) for one in departments)
    if len(set(departments)) < len(departments) or not is_known:
        return False
    if request is None:
        return True
    case = books.cases.get(request)
    return (
        case is not None
        and case.is_open
        and case.filing.against not in (act.actor.organisation, *departments)
        and not case.has_conflict(act.actor)
        and not books.is_foreign(act, case.filing.community)
        and act.follows(case.entries[0].when)
    )


def whistle_cleared(books: Books, act: Act, event: Any) -> bool:
    file = _own(books, act)
    return (
        file is not None
        and all(file.is_verified(one) or file.is_released(one) for one in file.summoned)
        and act.follows(file.latest)
    )


def whistle_countermanded(books: Books, act: Act, event: Any) -> bool:
    file = _blown(books, act, "drafted", "blown")
    is_branch = act.actor.organisation.startswith("branch-")
    return (
        file is not None
        and (not is_branch or file.community == act.actor.organisation)
        and (is_branch or _against(books, file) != act.actor.organisation)
        and act.actor.principal not in file.handled_by
        and not any(entry.kind == "department_reported_in" for entry in file.entries)
        and act.follows(file.latest)
    )


def _blown(books: Books, act: Act, *stages: str) -> WhistleFile | None:
    file = books.whistles.get(act.event.__dict__["whistle"])
    if file is None or file.stage not in (stages or ("blown",)) or not act.follows(file.blown_at):
        return None
    return file


def _own(books: Books, act: Act, *stages: str) -> WhistleFile | None:
    """The whistle, where the actor's branch blew it."""
    file = _blown(books, act, *stages)
    return file if file is not None and file.community == act.actor.organisation else None


# What a department does, and how it is judged.


def whistle_signed(books: Books, act: Act, event: Any) -> bool:
    file = _by_itself(books, act, event)
    return file is not None and not file.did(event.department, act.kind)


def department_contacted(books: Books, act: Act, event: Any) -> bool:
    return whistle_signed(books, act, event)


def department_reported_in(books: Books, act: Act, event: Any) -> bool:
    return whistle_signed(books, act, event)


def whistle_return_requested(books: Books, act: Act, event: Any) -> bool:
    file = _by_itself(books, act, event)
    return (
        file is not None
        and not file.did(event.department, "whistle_return_requested")
        and not file.did(event.department, "department_reported_in")
        and event.proposed_owner in DEPARTMENTS
        and books.staff.is_known(event.proposed_owner)
        and event.proposed_owner != event.department
    )


def whistle_return_ruled(books: Books, act: Act, event: Any) -> bool:
    file = _summoned(books, act, event)
    return (
        file is not None
        and file.return_asked(event.department)
        and act.actor.principal not in file.handled_by
        and _against(books, file) != act.actor.organisation
        and (SUPERIOR[event.department] != "county" or act.actor.organisation == "county")
    )


def whistle_handled(books: Books, act: Act, event: Any) -> bool:
    file = _by_itself(books, act, event)
    return (
        file is not None
        and not file.is_handled(event.department)
        and file.did(event.department, "department_reported_in")
    )


def whistle_verified(books: Books, act: Act, event: Any) -> bool:
    file = _summoned(books, act, event)
    return (
        file is not None
        and file.community == act.actor.organisation
        and act.actor.principal not in file.handled_by
        and file.is_handled(event.department)
        and not file.is_verified(event.department)
    )


def department_rated(books: Books, act: Act, event: Any) -> bool:
    file = _summoned(books, act, event, "blown", "cleared")
    return (
        file is not None
        and file.community == act.actor.organisation
        and act.actor.principal not in file.handled_by
        and file.is_verified(event.department)
        and not file.did(event.department, act.kind)
    )


def whistle_rated_by_department(books: Books, act: Act, event: Any) -> bool:
    file = _by_itself(books, act, event, "blown", "cleared")
    return (
        file is not None
        and act.actor.principal not in file.called_by
        and file.did(event.department, "department_reported_in")
        and not file.did(event.department, act.kind)
    )


def _summoned(books: Books, act: Act, event: Any, *stages: str) -> WhistleFile | None:
    """The whistle, where it summoned the department and has not released it."""
    file = _blown(books, act, *stages)
    if (
        file is None
        or event.department not in file.summoned
        or file.is_released(event.department)
        or not act.follows(file.latest_of(event.department))
    ):
        return None
    return file


def _by_itself(books: Books, act: Act, event: Any, *stages: str) -> WhistleFile | None:
    is_own = act.actor.organisation == event.department
    return _summoned(books, act, event, *stages) if is_own else None


VERDICTS = {
    verdict.__name__: verdict
    for verdict in (
        whistle_drafted, whistle_blown, whistle_split, whistle_cleared, whistle_countermanded,
        whistle_signed, department_contacted, department_reported_in, whistle_return_requested,
        whistle_return_ruled, whistle_handled, whistle_verified, department_rated,
        whistle_rated_by_department,
    )
}  # fmt: skip
