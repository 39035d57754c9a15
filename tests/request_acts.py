"""The acts on a request of the test town, and the stages in which each may come."""

from __future__ import annotations

from typing import Any

from ledger.domain.requests import (
    Category,
    ProgressPosted,
    RequestDispatched,
    RequestFiled,
)
from ledger.domain.rules import Grade
from ledger.event import Actor
from ledger.proposal import Proposal
from tests.town import (
    HOTLINE,
    WATER,
    handled,
)

STAGES = {
    "request-1": "filed",
    "request-2": "accepted",
    "request-3": "dispatched",
    "request-4": "answered",
    "request-5": "answer_accepted",
    "request-6": "cleared",
    "request-7": "in_hand",
}
RESIDENT = Actor("resident", "committee-1", "requester-1")


ALLOWED = {
    "request_accepted": {"filed"},
    "request_dispatched": {"accepted"},
    "progress_posted": {"dispatched", "in_hand"},
    "request_answered": {"dispatched", "in_hand"},
    "answer_accepted": {"answered"},
    "request_cleared": {"answer_accepted"},
}


def acts(request: str) -> dict[str, Proposal]:
    """Every later act on a request, by one who may, by the name of its kind."""
    proposals = [
        *handled(request)[1:],
        Proposal(ProgressPosted(request=request, note="已到场"), WATER),
    ]
    return {proposal.event.kind: proposal for proposal in proposals}


def filing(**changes: Any) -> RequestFiled:
    body = {
        "request": "request-0",
        "community": "committee-1",
        "category": Category.COMPLAINT,
        "subject": "noise",
        **changes,
    }
    return RequestFiled(**body)


def dispatch(request: str = "request-2", **changes: Any) -> Proposal:
    body = {"request": request, "lead": "dept-water", "grade": Grade.ORDINARY, **changes}
    return Proposal(RequestDispatched(**body), HOTLINE)
