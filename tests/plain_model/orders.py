"""Taking a request in, giving it to those who handle it, and handling it: what may be entered."""

from __future__ import annotations

from typing import Any

from ledger.decision import Office
from ledger.domain.rules.rules import Step
from tests.plain_model.books import (
    Books,
    rules_own_case,
)
from tests.plain_model.case_file import AT_HANDLERS, CaseFile
from tests.plain_model.people import COMMUNITIES
from tests.plain_model.rule_book import REQUEST_GRADES, Act, deadline_of

# Taking in.


def request_filed(books: Books, act: Act, event: Any) -> bool:
    subjects = [subject.code for subject in books.rules.in_force(act.at).subjects]
    return (
        event.request not in books.cases
        and event.community in COMMUNITIES
        and all(map(books.staff.is_known, {event.community, event.against} - {None}))
        and (not subjects or event.subject in subjects)
        and event.against != act.actor.organisation
        and not books.is_foreign(act, event.community)
        and (act.actor.office != Office.RESIDENT or act.actor.principal == event.requester)
    )


def request_accepted(books: Books, act: Act, event: Any) -> bool:
    return books.case(act, "filed") is not None


def request_declined(books: Books, act: Act, event: Any) -> bool:
    grounds = [ground.code for ground in books.rules.in_force(act.at).decline_grounds]
    return books.case(act, "filed") is not None and event.ground in grounds


def request_redirected(books: Books, act: Act, event: Any) -> bool:
    return books.case(act, "filed", "accepted") is not None


def request_merged(books: Books, act: Act, event: Any) -> bool:
    file, other = books.case(act, "filed", "accepted"), books.cases.get(event.into)
    return (
        file is not None
        and other is not None
        and event.into != event.request
        and other.is_open
        and other.filing.against == file.filing.against
        and act.follows(other.entries[0].when)
        and act.actor.principal != other.filing.requester
        and not books.is_foreign(act, other.filing.community)
    )


def request_withdrawn(books: Books, act: Act, event: Any) -> bool:
    stages = ("filed", "accepted", *AT_HANDLERS, "answered", "reopened")
    return books.case(act, *stages) is not None


def request_answered_directly(books: Books, act: Act, event: Any) -> bool:
    return books.case(act, "filed", "accepted") is not None


# The order.


def request_dispatched(books: Books, act: Act, event: Any) -> bool:
    file = books.case(act, "accepted", "reopened")
    handlers = [event.lead, *event.co_handlers]
    return (
        file is not None
        and event.grade in REQUEST_GRADES
        and len(set(handlers)) == len(handlers)
        and all(books.may_handle(file, one) for one in handlers)
        and books.may_lead(file, event.lead)
    )


def order_signed(books: Books, act: Act, event: Any) -> bool:
    file = books.led_case(act)
    return file is not None and not file.is_signed


def order_return_requested(books: Books, act: Act, event: Any) -> bool:
    file = books.led_case(act)
    return (
        file is not None
        and not file.of("jurisdiction_ruled")
        and _returns_left(books, act, file) > 0
        and books.may_handle(file, event.proposed_owner)
        and event.proposed_owner != file.lead
    )


def order_return_ruled(books: Books, act: Act, event: Any) -> bool:
    file = books.ordered_case(act)
    if file is None or file.return_asked_by is None:
        return False
    return not rules_own_case(file, act.actor, file.return_asked_by)


def jurisdiction_ruled(books: Books, act: Act, event: Any) -> bool:
    file = books.case(act, *AT_HANDLERS)
    return (
        file is not None
        and not file.of("jurisdiction_ruled")
        and _returns_left(books, act, file) <= 0
        and not rules_own_case(file, act.actor, *file.involved, event.lead)
        and books.may_lead(file, event.lead)
    )


def order_reassigned(books: Books, act: Act, event: Any) -> bool:
    file = books.ordered_case(act)
    return (
        file is not None
        and not file.of("jurisdiction_ruled")
        and file.return_asked_by is None
        and event.lead != file.lead
        and not rules_own_case(file, act.actor, file.lead)
        and books.may_lead(file, event.lead)
    )


def co_handler_added(books: Books, act: Act, event: Any) -> bool:
    file = books.ordered_case(act)
    return (
        file is not None
        and event.co_handler not in file.handlers
        and books.may_handle(file, event.co_handler)
    )


def _returns_left(books: Books, act: Act, file: CaseFile) -> int:
    return file.pack(books.rules, act.at).max_returns - len(file.of("order_return_requested"))


# The handler's term.


def extension_requested(books: Books, act: Act, event: Any) -> bool:
    file = books.led_case(act)
    if file is None or file.extension_asked or _is_too_late(books, act, file):
        return False
    pack = file.pack(books.rules, act.at)
    dispatched: Any = file.last("request_dispatched")
    deadline = deadline_of(pack, Step.REQUEST_ANSWERED, dispatched.event.grade)
    granted = file.extensions()
    return (
        deadline is not None
        and len(granted) < pack.max_extensions
        and sum(granted) + event.amount <= deadline.amount
    )


def extension_ruled(books: Books, act: Act, event: Any) -> bool:
    file = books.ordered_case(act)
    if file is None or file.extension_asked is None or file.lead is None:
        return False
    return not rules_own_case(file, act.actor, file.lead)


def clock_paused(books: Books, act: Act, event: Any) -> bool:
    file = books.ordered_case(act)
    return (
        file is not None
        and not file.is_paused
        and not rules_own_case(file, act.actor, file.lead)
        and event.reason in [one.code for one in file.pack(books.rules, act.at).pause_reasons]
        and not _is_too_late(books, act, file)
    )


def clock_resumed(books: Books, act: Act, event: Any) -> bool:
    file = books.ordered_case(act)
    return file is not None and file.is_paused


def _is_too_late(books: Books, act: Act, file: CaseFile) -> bool:
    due = file.due_at(books.rules, act.at)
    return due is not None and act.when > due


def request_urged(books: Books, act: Act, event: Any) -> bool:
    return books.case(act, *AT_HANDLERS, "reopened") is not None


def request_supervised(books: Books, act: Act, event: Any) -> bool:
    file = books.case(act, *AT_HANDLERS)
    by_time = act.actor.office == Office.TIMEKEEPER
    if file is None or file.of("request_supervised"):
        return False
    if not by_time and act.actor.organisation in file.handlers:
        return False
    if not event.overdue:
        return not by_time
    since = file.supervised_from(books.rules)
    return since is not None and since <= act.at


# Handling.


def progress_posted(books: Books, act: Act, event: Any) -> bool:
    file = books.case(act, *AT_HANDLERS)
    return file is not None and act.actor.organisation in file.handlers


def respondent_stated(books: Books, act: Act, event: Any) -> bool:
    file = books.cases.get(event.request)
    return (
        file is not None
        and file.is_open
        and act.actor.organisation == file.filing.against
        and act.actor.principal not in {file.filing.requester, *file.handled_by}
        and act.follows(file.latest)
    )


def request_answered(books: Books, act: Act, event: Any) -> bool:
    return books.led_case(act) is not None


def answer_accepted(books: Books, act: Act, event: Any) -> bool:
    file = books.case(act, "answered")
    if file is None or file.answer is None:
        return False
    by_time = act.actor.office == Office.TIMEKEEPER
    if not by_time:
        return not event.deemed and not answered_or_handled(file, act)
    since = books.rules.step_ends(Step.ANSWER_DEEMED_ACCEPTED, file.answer.at)
    return event.deemed and since is not None and since <= act.at


def answer_sent_back(books: Books, act: Act, event: Any) -> bool:
    file = books.case(act, "answered")
    return file is not None and not answered_or_handled(file, act)


def answered_or_handled(file: CaseFile, act: Act) -> bool:
    """Whether somebody would judge their own answer or work."""
    answered_by = {file.answer.actor.principal} if file.answer else set()
    return act.actor.principal in answered_by | file.handled_by


VERDICTS = {
    verdict.__name__: verdict
    for verdict in (
        request_filed, request_accepted, request_declined, request_redirected, request_merged,
        request_withdrawn, request_answered_directly, request_dispatched, order_signed,
        order_return_requested, order_return_ruled, jurisdiction_ruled, order_reassigned,
        co_handler_added, extension_requested, extension_ruled, clock_paused, clock_resumed,
        request_urged, request_supervised, progress_posted, respondent_stated, request_answered,
        answer_accepted, answer_sent_back,
    )
}  # fmt: skip
