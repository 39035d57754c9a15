"""Closing a request, rating it, and leaving it out of a rate: what may be entered."""

from __future__ import annotations

from typing import Any

from ledger.decision import Office
from tests.plain_model.books import Books, named_request, rules_own_case
from tests.plain_model.case_file import CaseFile
from tests.plain_model.orders import answered_or_handled
from tests.plain_model.rule_book import CHINA, Act

POOR = ("dissatisfied", "very_dissatisfied")
RATEABLE = ("answer_accepted", "cleared", "disputed", "struck_off")


def request_cleared(books: Books, act: Act, event: Any) -> bool:
    return books.case(act, "answer_accepted") is not None


def called_back(books: Books, act: Act, event: Any) -> bool:
    file = books.case(act, "cleared")
    if file is None or is_called_back(file):
        return False
    pack = books.rules.in_force(act.at)
    calls = [*file.of("called_back"), act]
    if event.outcome != "unreachable":
        return len(calls) <= pack.call_back_attempts
    days = {call.when.astimezone(CHINA).date() for call in calls}
    left = pack.call_back_attempts - len(calls)
    return left >= 0 and len(days) + left >= pack.call_back_days


def request_reopened(books: Books, act: Act, event: Any) -> bool:
    return books.case(act, "cleared") is not None


def closure_disputed(books: Books, act: Act, event: Any) -> bool:
    file = books.case(act, "cleared")
    if file is None or file.of("closure_disputed"):
        return False
    until = file.disputable_until(books.rules)
    return until is None or act.when <= until


def dispute_ruled(books: Books, act: Act, event: Any) -> bool:
    file = books.case(act, "disputed")
    if file is None:
        return False
    concerned = [file.answer, file.cleared, file.last("closure_disputed")]
    return not rules_own_case(file, act.actor, *file.involved) and all(
        one is None or one.actor.principal != act.actor.principal for one in concerned
    )


def request_struck_off(books: Books, act: Act, event: Any) -> bool:
    file = books.case(act, "cleared")
    if file is None:
        return False
    attempts = books.rules.in_force(act.at).call_back_attempts
    until = file.disputable_until(books.rules)
    if until is not None and act.at > until:
        return True
    calls: list[Any] = [call.event for call in file.of("called_back")]
    if any(call.resolved is False for call in calls) and not file.of("closure_disputed"):
        return False
    return is_called_back(file) or len(calls) >= attempts


def is_called_back(file: CaseFile) -> bool:
    """Whether the requester was reached, or did not want to say anything."""
    calls: list[Any] = [call.event for call in file.of("called_back")]
    return any(call.outcome != "unreachable" for call in calls)


# Ratings.


def service_rated(books: Books, act: Act, event: Any) -> bool:
    file = books.cases.get(event.target)
    if (
        file is None
        or file.stage not in RATEABLE
        or file.rating is not None
        or not act.follows(file.latest)
        or file.has_conflict(act.actor)
        or books.is_foreign(act, file.filing.community)
    ):
        return False
    is_resident = act.actor.office == Office.RESIDENT
    return is_resident or not (
        act.actor.organisation in file.involved or answered_or_handled(file, act)
    )


def poor_rating_verified(books: Books, act: Act, event: Any) -> bool:
    file = _poorly_rated(books, act)
    return (
        file is not None
        and not file.of("poor_rating_verified")
        and not answered_or_handled(file, act)
    )


def poor_rating_rectified(books: Books, act: Act, event: Any) -> bool:
    file = _poorly_rated(books, act)
    return (
        file is not None
        and bool(file.of("poor_rating_verified"))
        and not file.of("poor_rating_rectified")
        and act.actor.organisation in file.handlers
        and bool(event.requester_informed)
    )


def _poorly_rated(books: Books, act: Act) -> CaseFile | None:
    file = books.cases.get(named_request(act))
    rating: Any = file and file.rating
    if (
        file is None
        or rating is None
        or rating.event.satisfaction not in POOR
        or not act.follows(file.latest_on_rating)
        or file.has_conflict(act.actor)
    ):
        return None
    return file


# Exclusions.


def metric_exclusion_requested(books: Books, act: Act, event: Any) -> bool:
    file = _excludable(books, act)
    reasons = [reason.code for reason in books.rules.in_force(act.at).exclusion_reasons]
    return (
        file is not None
        and act.actor.organisation in file.involved
        and not _on_exclusion(file, event, "metric_exclusion_requested")
        and event.reason in reasons
    )


def metric_exclusion_ruled(books: Books, act: Act, event: Any) -> bool:
    file = _excludable(books, act)
    if file is None:
        return False
    asked = _on_exclusion(file, event, "metric_exclusion_requested")
    return (
        bool(asked)
        and not _on_exclusion(file, event, "metric_exclusion_ruled")
        and act.follows(asked[0].when)
        and not rules_own_case(file, act.actor, *file.involved)
    )


def _excludable(books: Books, act: Act) -> CaseFile | None:
    file = books.cases.get(named_request(act))
    if (
        file is None
        or not file.involved
        or not act.follows(file.entries[0].when)
        or file.has_conflict(act.actor)
    ):
        return None
    return file


def _on_exclusion(file: CaseFile, event: Any, kind: str) -> list[Act]:
    """What was entered about the exclusion from this metric, in whatever round."""
    return [
        act
        for act in file.entries
        if act.kind == kind and act.event.__dict__["metric"] == event.metric
    ]


VERDICTS = {
    verdict.__name__: verdict
    for verdict in (
        request_cleared, called_back, request_reopened, closure_disputed, dispute_ruled,
        request_struck_off, service_rated, poor_rating_verified, poor_rating_rectified,
        metric_exclusion_requested, metric_exclusion_ruled,
    )
}  # fmt: skip
