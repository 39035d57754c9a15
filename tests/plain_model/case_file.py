"""A case file (卷宗): what was entered about one request, in order, and what it tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ledger.domain.rules.rules import RulesEnacted, Step
from ledger.event import Actor
from tests.plain_model.rule_book import Act, RuleBook, Span, deadline_of

_STAGE_AFTER = {
    "request_filed": "filed",
    "request_accepted": "accepted",
    "request_declined": "declined",
    "request_redirected": "redirected",
    "request_merged": "merged",
    "request_withdrawn": "withdrawn",
    "request_answered_directly": "answer_accepted",
    "request_dispatched": "dispatched",
    "jurisdiction_ruled": "dispatched",
    "order_reassigned": "dispatched",
    "order_signed": "in_hand",
    "progress_posted": "in_hand",
    "request_answered": "answered",
    "answer_accepted": "answer_accepted",
    "answer_sent_back": "in_hand",
    "request_cleared": "cleared",
    "closure_disputed": "disputed",
    "request_reopened": "reopened",
    "request_struck_off": "struck_off",
}
_NO_END = datetime.max.replace(tzinfo=UTC)
CLOSED = {"cleared", "struck_off", "declined", "redirected", "merged", "withdrawn"}
AT_HANDLERS = ("dispatched", "in_hand")
BY_SUMMONED = {
    "whistle_signed",
    "department_contacted",
    "department_reported_in",
    "whistle_return_requested",
    "whistle_handled",
    "whistle_rated_by_department",
}
"""What a department does that a whistle has summoned."""
_BESIDE = {
    "service_rated",
    "poor_rating_verified",
    "poor_rating_rectified",
    "metric_exclusion_requested",
    "metric_exclusion_ruled",
    "whistle_blown",
    "whistle_split",
    *BY_SUMMONED,
}
"""What may come at any time beside the acts on the case itself."""
BY_HANDLERS = {
    "order_signed",
    "order_return_requested",
    "extension_requested",
    "progress_posted",
    "request_answered",
    "poor_rating_rectified",
    "metric_exclusion_requested",
}


def reopens(act: Act) -> bool:
    """Whether a new round of handling begins with it."""
    event: Any = act.event
    return act.kind == "request_reopened" or (act.kind == "dispute_ruled" and event.upheld)


def stage_after(act: Act, stage: str) -> str:
    """Where the case stands after one more entry."""
    event: Any = act.event
    match act.kind:
        case "order_return_ruled":
            return "dispatched" if event.granted else stage
        case "dispute_ruled":
            return "reopened" if event.upheld else "cleared"
    return _STAGE_AFTER.get(act.kind, stage)


@dataclass
class CaseFile:
    """One request."""

    entries: list[Act] = field(default_factory=list)

    @property
    def filing(self) -> Any:
        """What was filed."""
        return self.entries[0].event

    @property
    def stage(self) -> str:
        stage = ""
        for act in self.entries:
            stage = stage_after(act, stage)
        return stage

    @property
    def is_open(self) -> bool:
        return self.stage not in CLOSED

    @property
    def latest(self) -> datetime:
        """When the last act on the case itself happened."""
        return [act.when for act in self.entries if act.kind not in _BESIDE][-1]

    @property
    def this_round(self) -> list[Act]:
        """The entries since the case was last opened again."""
        start = max((place for place, act in enumerate(self.entries) if reopens(act)), default=-1)
        return self.entries[start + 1 :]

    @property
    def rounds(self) -> int:
        return 1 + sum(map(reopens, self.entries))

    def of(self, *kinds: str) -> list[Act]:
        """The entries of these kinds in this round."""
        return [act for act in self.this_round if act.kind in kinds]

    def last(self, *kinds: str) -> Act | None:
        """The last of them."""
        found = self.of(*kinds)
        return found[-1] if found else None

    # Who has it.

    def _holdings(self) -> Iterator[tuple[str | None, set[str]]]:
        """The lead and all handlers after each entry."""
        lead: str | None = None
        handlers: set[str] = set()
        stage = ""
        for act in self.entries:
            event: Any = act.event
            was_open = stage not in CLOSED
            stage = stage_after(act, stage)
            match act.kind:
                case "request_dispatched":
                    lead = event.lead
                    handlers |= {event.lead, *event.co_handlers}
                case "co_handler_added":
                    handlers.add(event.co_handler)
                case "whistle_blown" | "whistle_split" if was_open:
                    handlers |= set(event.departments)
                case "jurisdiction_ruled" | "order_reassigned":
                    handlers = (handlers - {lead}) | {event.lead}
                    lead = event.lead
                case "order_return_ruled" if event.granted:
                    handlers = handlers - {lead}
                    lead = None
            if reopens(act):
                lead, handlers = None, set()
            yield lead, set(handlers)

    @property
    def lead(self) -> str | None:
        return [*self._holdings()][-1][0]

    @property
    def handlers(self) -> set[str]:
        return [*self._holdings()][-1][1]

    @property
    def involved(self) -> set[str]:
        """Every organisation that was ever a handler."""
        return set().union(*(handlers for _, handlers in self._holdings()))

    @property
    def handled_by(self) -> set[str]:
        """Everybody who ever acted for a handler, or for a department that was summoned."""
        kinds = BY_HANDLERS | BY_SUMMONED
        return {act.actor.principal for act in self.entries if act.kind in kinds}

    @property
    def dispatcher(self) -> str | None:
        dispatched = [act for act in self.entries if act.kind == "request_dispatched"]
        return dispatched[-1].actor.organisation if dispatched else None

    def has_conflict(self, actor: Actor) -> bool:
        """Whether the actor may do nothing in this case. Time is nobody's enemy."""
        if actor.office == "resident":
            return bool(actor.principal != self.filing.requester)
        against, requester = self.filing.against, self.filing.requester
        return actor.office != "timekeeper" and bool(
            actor.organisation == against or actor.principal in {requester, *self.spoken_by}
        )

    @property
    def spoken_by(self) -> set[str]:
        """Everybody who ever spoke for the one complained about."""
        return {act.actor.principal for act in self.entries if act.kind == "respondent_stated"}

    # The order of this round.

    @property
    def return_asked_by(self) -> str | None:
        last = self.last("order_return_requested", "order_return_ruled", "jurisdiction_ruled")
        is_asked = last is not None and last.kind == "order_return_requested"
        return last.actor.organisation if last and is_asked else None

    @property
    def is_signed(self) -> bool:
        return any(act.kind == "order_signed" for act in self._under_this_lead)

    @property
    def _under_this_lead(self) -> list[Act]:
        """The entries of this round since the lead last changed."""
        entries: list[Act] = []
        for act in self.this_round:
            entries = [] if stage_after(act, "") == "dispatched" else [*entries, act]
        return entries

    @property
    def extension_asked(self) -> Act | None:
        """The request for an extension that waits for its ruling; it lapses with the lead."""
        kinds = ("extension_requested", "extension_ruled")
        acts = [act for act in self._under_this_lead if act.kind in kinds]
        return acts[-1] if acts and acts[-1].kind == "extension_requested" else None

    def extensions(self) -> list[int]:
        """What was granted."""
        granted, asked = [], 0
        for act in self.of("extension_requested", "extension_ruled"):
            event: Any = act.event
            if act.kind == "extension_requested":
                asked = event.amount
            elif event.granted:
                granted.append(asked)
        return granted

    @property
    def is_paused(self) -> bool:
        last = self.last("clock_paused", "clock_resumed", "request_answered")
        return last is not None and last.kind == "clock_paused"

    @property
    def answer(self) -> Act | None:
        """The answer that stands or waits for its review."""
        kinds = ("request_answered", "request_answered_directly")
        last = self.last(*kinds, "answer_sent_back")
        return last if last and last.kind in kinds else None

    # Its terms.

    def pack(self, book: RuleBook, now: datetime) -> RulesEnacted:
        """The pack that rules the order of this round."""
        dispatched = self.last("request_dispatched")
        assert dispatched is not None
        return book.ruling(dispatched.when, now)[-1]

    def standing_still(self) -> list[Span]:
        """While the handler's clock stood still, paused or with a reviewer; no span begins before
        the one before it is over, whatever is claimed."""
        since = self.stood_since
        return self._spans()[: -1 if since else None]

    @property
    def stood_since(self) -> datetime | None:
        """Since when it stands still; None while it runs."""
        spans = self._spans()
        return spans[-1][0] if spans and spans[-1][1] == _NO_END else None

    def _spans(self) -> list[Span]:
        dispatched = self.last("request_dispatched")
        assert dispatched is not None
        spans: list[Span] = []
        over = dispatched.when
        for act in self.of("clock_paused", "clock_resumed", "request_answered", "answer_sent_back"):
            if spans and spans[-1][1] == _NO_END:
                over = max(act.when, spans[-1][0])
                spans[-1] = (spans[-1][0], over)
            if act.kind in ("clock_paused", "request_answered"):
                spans.append((max(act.when, over), _NO_END))
        return spans

    def due_at(self, book: RuleBook, until: datetime | None) -> datetime | None:
        """When the handler's term ends by the packs of the time until then, or by all so far; None
        where there is no term. A pack for open cases ends none before it takes effect, and what has
        ended by then has ended."""
        dispatched = self.last("request_dispatched")
        assert dispatched is not None
        first, *others = book.ruling(dispatched.when, until)
        due = self._due_under(book, first)
        for pack in others:
            has_ended = due is not None and due < pack.effective_from
            stood = due is not None and self.stood_since is not None and self.stood_since <= due
            if has_ended and not stood:
                break
            due = self._due_under(book, pack)
            due = due and max(due, pack.effective_from)
        return due

    def _due_under(self, book: RuleBook, pack: RulesEnacted) -> datetime | None:
        dispatched: Any = self.last("request_dispatched")
        deadline = deadline_of(pack, Step.REQUEST_ANSWERED, dispatched.event.grade)
        if deadline is None:
            return None
        due = book.ends(dispatched.when, deadline, sum(self.extensions()), pack)
        for start, end in self.standing_still():
            if start >= due:
                break  # all of the term had run
            if deadline.unit.startswith("working"):
                due = book.after_office_time(due, book.office_time(start, end, pack), pack)
            else:
                due += end - start
        return due

    def supervised_from(self, book: RuleBook) -> datetime | None:
        """From when on it is so much overdue that time alone puts it under supervision."""
        due = None if self.stood_since else self.due_at(book, None)
        dispatched: Any = self.last("request_dispatched")
        return due and book.step_ends(Step.REQUEST_SUPERVISED, due, dispatched.event.grade)

    # Its closing.

    @property
    def cleared(self) -> Act | None:
        return self.last("request_cleared")

    def disputable_until(self, book: RuleBook) -> datetime | None:
        """Until when its closure may be disputed: the term runs once everybody can see it."""
        assert self.cleared is not None
        return book.step_ends(Step.CLOSURE_DISPUTED, self.cleared.at)

    @property
    def rating(self) -> Act | None:
        """The rating of this round."""
        return self.last("service_rated")

    @property
    def latest_on_rating(self) -> datetime:
        """When the rating was given, verified or rectified."""
        kinds = ("service_rated", "poor_rating_verified", "poor_rating_rectified")
        return self.of(*kinds)[-1].when
