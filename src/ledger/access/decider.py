"""Decides what goes into the access log, under its lock: what the sequencer runs for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from ledger.access import entries
from ledger.access.entries import DayEnd, Draft, Entered, Opening, day_tag
from ledger.clocks import local_day
from ledger.refusals import Refusal, WrongState
from ledger.states import View
from ledger.store.contract import StoredEvent, Writer

ALREADY_OPENED = "access_log_exists"
DAY_HAS_ENDED = "day_has_ended"
_ONE_DAY = timedelta(days=1)


class DayState(NamedTuple):
    """What a day's history folds into."""

    readings: int = 0
    is_first: bool = False
    """Whether the log was opened on it."""
    has_ended: bool = False


class AccessDecider:
    """Content is a tuple of drafts, recorded all together or not at all; only days have states."""

    def boundary(self, content: tuple[Draft, ...], state: Callable[[str], Any]) -> Iterable[str]:
        for draft in content:
            if isinstance(draft, DayEnd):
                yield day_tag(draft.day)
                yield day_tag(draft.day - _ONE_DAY)

    def load(self, writer: Writer, tags: list[str]) -> Mapping[str, Any]:
        states: dict[str, Any] = dict.fromkeys(tags)
        for event in writer.tagged(tags):
            for tag in event.tags:
                if tag in states:
                    states[tag] = self.evolve(states[tag], tag, event.kind)
        return states

    def fact(self, event: StoredEvent) -> str:
        return event.kind

    def evolve(self, state: DayState | None, tag: str, fact: str) -> DayState:
        known = state or DayState()
        match fact:
            case entries.OPENED:
                return known._replace(is_first=True)
            case entries.DAY_ENDED:
                return known._replace(has_ended=True)
        return known._replace(readings=known.readings + 1)

    def decide(self, content: tuple[Draft, ...], view: View) -> Refusal | None:
        for draft in content:
            refusal = _decide_one(draft, view)
            if refusal is not None:
                return refusal
        return None


def _decide_one(draft: Draft, view: View) -> Refusal | None:
    today = local_day(view.at)
    match draft:
        case Opening():
            if view.size:
                return WrongState(ALREADY_OPENED, "the access log has entries", "an empty log")
            record = entries.opening_record(draft, view.stamp)
            view.accept(entries.OPENED, (day_tag(today),), record, entries.OPENED)
        case _ if not view.size:
            return WrongState(
                "access_log_not_opened", "the access log is empty", "an opening first"
            )
        case Entered():
            tags = tuple(sorted((*draft.tags, day_tag(today))))
            view.accept(entries.READ, tags, draft.record(view.stamp), entries.READ)
        case DayEnd():
            return _end_day(draft, today, view)
    return None


def _end_day(draft: DayEnd, today: date, view: View) -> Refusal | None:
    """Days end one after the other from the first on: a day left out would be one on which nobody
    knows whether somebody read."""
    state: DayState = view.state(day_tag(draft.day)) or DayState()
    before: DayState = view.state(day_tag(draft.day - _ONE_DAY)) or DayState()
    if draft.day >= today:
        return WrongState("day_not_over", f"{draft.day} is not over in Shanghai", "an earlier day")
    if state.has_ended:
        return WrongState(DAY_HAS_ENDED, f"{draft.day} has ended already", "the day after the last")
    if not (state.is_first or before.has_ended):
        return WrongState("day_before_not_ended", f"the day before {draft.day} has no end yet",
                      "the days in order")  # fmt: skip
    record = entries.day_record(draft, view.stamp, state.readings)
    view.accept(entries.DAY_ENDED, (day_tag(draft.day),), record, entries.DAY_ENDED)
    return None
