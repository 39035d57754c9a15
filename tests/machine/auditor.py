"""An auditor who reads the stored records in order, and knows of nothing else.

The invariants of the domain page, each held of every prefix of the log.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from ledger.domain.love_bank.postings import posting
from ledger.event import Commitment, Recorded

_ROUND_ENDS = ("request_reopened", "dispute_ruled")
_RULINGS = {
    "order_return_ruled": "order_return_requested",
    "jurisdiction_ruled": "order_return_requested",
    "extension_ruled": "extension_requested",
    "metric_exclusion_ruled": "metric_exclusion_requested",
    "dispute_ruled": "closure_disputed",
}
"""What is ruled on, and what was asked for."""
_WORK = (
    "order_signed",
    "order_return_requested",
    "extension_requested",
    "progress_posted",
    "request_answered",
)
_JUDGEMENTS = ("answer_accepted", "answer_sent_back", "poor_rating_verified", *_RULINGS)
_WHISTLE_JUDGEMENTS = (
    "whistle_verified",
    "department_rated",
    "whistle_return_ruled",
    "whistle_countermanded",
)


@dataclass
class Reading:
    """What the auditor has read of one request."""

    requester: str
    against: str | None
    has_answer: bool = False
    """An accepted answer of this round."""
    is_rated: bool = False
    asked: dict[str, Recorded] = field(default_factory=dict)
    """The last act of each kind that asks for a ruling."""
    workers: set[str] = field(default_factory=set)
    """Everybody who answered, did a handler's work, or came for a whistle."""
    speakers: set[str] = field(default_factory=set)
    """Everybody who spoke for the one complained about."""
    orders: int = 0
    returns: int = 0


@dataclass
class Auditor:
    """Raises AssertionError at the first record that should not stand where it stands."""

    requests: dict[str, Reading] = field(default_factory=dict)
    summoned: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    callers: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Everybody who drafted, blew or split a whistle."""
    comers: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Everybody who acted for a department that a whistle summoned."""
    whistled_for: dict[str, str | None] = field(default_factory=dict)
    seen: set[tuple[str, str, str]] = field(default_factory=set)
    """(kind, whistle, department) of what is done once."""
    balances: Counter[str] = field(default_factory=Counter)
    """Of every account, and of the bank's own."""
    awards: dict[str, tuple[str, int]] = field(default_factory=dict)
    """What of an award did not expire."""
    awarded: set[str] = field(default_factory=set)
    stock: Counter[str] = field(default_factory=Counter)

    def read(self, recorded: Recorded) -> None:
        """Reads one more record."""
        event: Any = recorded.event
        fields = event.__dict__
        if recorded.kind == "request_filed":
            self.requests[event.request] = Reading(event.requester, event.against)
        elif recorded.kind.startswith("love_points_"):
            self._points(recorded)
            self._shelf(recorded)
        elif recorded.kind == "reward_restocked":
            self._shelf(recorded)
        elif "whistle" in fields:
            self._whistle(recorded)
        request = fields.get("target", fields.get("request"))
        if request is not None and recorded.kind not in ("request_filed", "whistle_drafted"):
            self._case(self.requests[request], recorded)

    # 1. A balance is the sum of its postings, never negative; a reversal names its award, once; and
    # over all accounts, the bank's own included, the postings sum to zero.

    def _points(self, recorded: Recorded) -> None:
        event: Any = recorded.event
        posted = posting(event)
        if posted is None:
            return
        for account, points in posted.sides:
            self.balances[account] += points
        if recorded.kind == "love_points_awarded":
            self.awards[event.award] = (event.account, event.points)
            assert event.deed not in self.awarded, "a deed is awarded twice"
            self.awarded.add(event.deed)
        if recorded.kind == "love_points_expired":
            account, points = self.awards[event.award]
            self.awards[event.award] = (account, points - event.points)
        if recorded.kind == "love_points_reversed":
            assert self.awards.pop(event.award) == (event.account, event.points)
        assert self.balances[event.account] >= 0
        assert not sum(self.balances.values()), "the books do not balance"

    # 4. Redemptions never exceed stock.

    def _shelf(self, recorded: Recorded) -> None:
        event: Any = recorded.event
        if recorded.kind == "reward_restocked":
            self.stock[event.reward] += event.quantity
        elif recorded.kind == "love_points_redeemed":
            self.stock[event.reward] -= event.quantity
        assert all(left >= 0 for left in self.stock.values())

    # 3. Every cleared request has an accepted answer, every return a reason and an owner.

    def _case(self, reading: Reading, recorded: Recorded) -> None:
        self._roles(reading, recorded)
        event: Any = recorded.event
        match recorded.kind:
            case "answer_accepted" | "request_answered_directly":
                reading.has_answer = True
            case "request_cleared":
                assert reading.has_answer, "cleared without an accepted answer of its round"
            case "order_return_requested":
                assert isinstance(event.reason, Commitment)
                assert event.proposed_owner != reading.against
            case "service_rated":
                assert not reading.is_rated, "rated twice in a round"
                reading.is_rated = True
        for handler in _named_handlers(recorded):
            assert handler != reading.against, "the one complained about handles the case"
        if recorded.kind == "request_reopened" or getattr(event, "upheld", False):
            reading.has_answer = reading.is_rated = False
            _forget_the_round(reading)

    # 5. No principal acts in two conflicting roles in one case.

    def _roles(self, reading: Reading, recorded: Recorded) -> None:
        kind, actor = recorded.kind, recorded.actor
        assert actor.organisation != reading.against or (
            kind == "respondent_stated" or actor.office in ("resident", "timekeeper")
        ), "the one complained about acts in the case"
        if kind == "respondent_stated":
            assert actor.principal not in reading.workers, "speaks against their own work"
            reading.speakers.add(actor.principal)
        else:
            assert actor.principal not in reading.speakers, "spoke for the one complained about"
        assert (actor.principal == reading.requester) == (actor.office == "resident")
        if kind in _RULINGS:
            key = f"{_RULINGS[kind]} {getattr(recorded.event, 'metric', '')}"
            asked = reading.asked.get(key)
            if kind != "jurisdiction_ruled":
                assert asked is not None, f"{kind} without {_RULINGS[kind]}"
            if asked is not None:
                assert asked.actor.principal != actor.principal, "rules on what they asked for"
                is_dispute = kind == "dispute_ruled"  # anybody may enter one for the requester
                assert is_dispute or asked.actor.organisation != actor.organisation
        if kind in _RULINGS.values():
            reading.asked[f"{kind} {getattr(recorded.event, 'metric', '')}"] = recorded
        if kind in _JUDGEMENTS:
            assert actor.principal not in reading.workers, "judges their own work"
        if kind == "service_rated" and actor.office != "resident":
            assert actor.principal not in reading.workers, "rates their own work"
        if kind in _WORK:
            reading.workers.add(actor.principal)

    # Whistles: nobody comes uncalled, twice, or for somebody else.

    def _whistle(self, recorded: Recorded) -> None:
        event: Any = recorded.event
        kind, whistle = recorded.kind, event.whistle
        match kind:
            case "whistle_blown":
                self.whistled_for[whistle] = event.request
                self.summoned[whistle] = set(event.departments)
            case "whistle_split":
                assert self.summoned[whistle].isdisjoint(event.departments)
                self.summoned[whistle] |= set(event.departments)
                request = self.whistled_for[whistle]
                against = request and self.requests[request].against
                assert against not in event.departments, "the one complained about is summoned"
            case "whistle_return_requested":
                assert isinstance(event.reason, Commitment)
                assert event.proposed_owner != event.department
        self._whistle_roles(recorded)
        department = getattr(event, "department", None)
        if department is None:
            return
        assert department in self.summoned[whistle], "not summoned"
        if kind in ("whistle_signed", "department_contacted", "department_reported_in"):
            assert (kind, whistle, department) not in self.seen, "done twice"
            assert recorded.actor.organisation == department
        if kind in ("whistle_handled", "whistle_verified"):
            assert ("department_reported_in", whistle, department) in self.seen
        self.seen.add((kind, whistle, department))

    def _whistle_roles(self, recorded: Recorded) -> None:
        event: Any = recorded.event
        kind, actor = recorded.kind, recorded.actor
        if kind in ("whistle_drafted", "whistle_blown", "whistle_split"):
            self.callers[event.whistle].add(actor.principal)
        elif kind in _WHISTLE_JUDGEMENTS:
            assert actor.principal not in self.comers[event.whistle], "judges their own coming"
        elif kind == "whistle_rated_by_department":
            assert actor.principal not in self.callers[event.whistle], "rates their own whistle"
        if getattr(event, "department", None) == actor.organisation:
            self.comers[event.whistle].add(actor.principal)
            request = self.whistled_for[event.whistle]
            if request is not None:
                self.requests[request].workers.add(actor.principal)


def _forget_the_round(reading: Reading) -> None:
    """What was asked of the order and the closure of a round ends with it."""
    of_the_case = "metric_exclusion_requested"
    reading.asked = {key: one for key, one in reading.asked.items() if key.startswith(of_the_case)}


def _named_handlers(recorded: Recorded) -> set[str]:
    """Those to whom an act gives the case."""
    event: Any = recorded.event
    match recorded.kind:
        case "request_dispatched":
            return {event.lead, *event.co_handlers}
        case "jurisdiction_ruled" | "order_reassigned":
            return {event.lead}
        case "co_handler_added":
            return {event.co_handler}
        case "whistle_blown":
            return set(event.departments)
    return set()
