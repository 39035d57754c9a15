"""For whom somebody acts in a service: residents for themselves, everybody else for others."""

from __future__ import annotations

from ledger.decision import Office, Situation
from ledger.domain.requests.requests import not_the_requester
from ledger.refusals import Forbidden, Refusal, WrongState


def conflicted(situation: Situation, requester: str | None, field: str) -> Refusal | None:
    """The refusal for whoever may not act where this resident, or none, is served."""
    actor = situation.actor
    if actor.office == Office.RESIDENT:
        return not_the_requester(situation, requester or "", field)
    if actor.principal != requester:
        return None
    return Forbidden(
        "serves_oneself",
        f"{actor.principal} is the resident who is served",
        "a principal whom it does not concern",
        field,
    )


def rated_by(
    situation: Situation, requester: str | None, *, is_over: bool, is_rated: bool, field: str
) -> Refusal | None:
    """The refusal of a rating: of what is not over or was rated, and by anybody but the resident or
    a clerk on their word."""
    if not is_over:
        return WrongState(
            "not_over", "the service is not over", "a rating once it was given", field
        )
    if is_rated:
        return WrongState(
            "already_rated", "this service has been rated", "one rating of each", field
        )
    return conflicted(situation, requester, field)
