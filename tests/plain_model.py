"""A plain model of requests, whistles and the love bank: as a town keeps its books on paper."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import strategies as st

from ledger.event import Actor
from tests.town import (
    COMMITTEE,
    COMMITTEE_B,
    FOUNDER,
    HOTLINE,
    REVIEWER,
    ROADS,
    SECRETARY,
    URBAN,
    WATER,
)

REQUESTS = ("request-1", "request-2", "request-3")
WHISTLES = ("whistle-1", "whistle-2")
ACCOUNTS = ("account-1", "account-2", "account-unit")
AWARDS = ("award-1", "award-2", "award-3")
DEPARTMENTS = ("dept-water", "dept-urban", "dept-roads")
RESIDENT = Actor("resident", "hotline", "requester-1")
EVERYBODY = (
    HOTLINE, REVIEWER, SECRETARY, COMMITTEE, COMMITTEE_B, WATER, URBAN, ROADS, FOUNDER, RESIDENT,
)  # fmt: skip

# The model's own table of who may, written down from the domain page and not from the code.
_INTAKE = {HOTLINE, SECRETARY, COMMITTEE, COMMITTEE_B}
_AT_WORK = {SECRETARY, COMMITTEE, COMMITTEE_B, WATER, URBAN, ROADS, FOUNDER}
MAY: dict[str, set[Actor]] = {
    "request_filed": _INTAKE | {RESIDENT},
    "request_accepted": _INTAKE,
    "request_dispatched": _INTAKE,
    "progress_posted": _AT_WORK,
    "request_answered": _AT_WORK,
    "answer_accepted": {HOTLINE, REVIEWER},
    "request_cleared": _INTAKE,
    "service_rated": {HOTLINE, COMMITTEE, COMMITTEE_B, RESIDENT},
    "whistle_blown": {SECRETARY},
    "department_reported_in": {WATER, URBAN, ROADS},
    "account_opened": {COMMITTEE, COMMITTEE_B},
    "love_points_awarded": {COMMITTEE, COMMITTEE_B},
    "love_points_redeemed": {COMMITTEE, COMMITTEE_B},
    "love_points_reversed": {COMMITTEE, COMMITTEE_B, FOUNDER},
}
FOLLOWS: dict[str, set[str]] = {
    "request_accepted": {"request_filed"},
    "request_dispatched": {"request_accepted"},
    "progress_posted": {"request_dispatched", "progress_posted"},
    "request_answered": {"request_dispatched", "progress_posted"},
    "answer_accepted": {"request_answered"},
    "request_cleared": {"answer_accepted"},
}


def who(*kinds: str) -> st.SearchStrategy[Actor]:
    """Mostly somebody who may propose these kinds, at times anybody."""
    fitting = st.sampled_from(sorted(set[Actor]().union(*(MAY[kind] for kind in kinds))))
    return st.one_of(fitting, fitting, fitting, fitting, st.sampled_from(EVERYBODY))


@dataclass
class Case:
    """A request in the plain model: its acts in order, and whom it concerns."""

    requester: str
    against: str | None
    acts: list[tuple[str, Actor]]
    lead: str | None = None
    handlers: set[str] = field(default_factory=set)
    rated: bool = False

    def answerer(self) -> str | None:
        return next(
            (actor.principal for kind, actor in self.acts if kind == "request_answered"), None
        )


@dataclass
class Model:
    """What the town's books would say if they were kept on paper."""

    cases: dict[str, Case] = field(default_factory=dict)
    whistles: dict[str, set[str]] = field(default_factory=dict)
    reported: set[tuple[str, str]] = field(default_factory=set)
    postings: dict[str, list[int]] = field(default_factory=dict)
    awards: dict[str, tuple[str, int, Actor]] = field(default_factory=dict)
    deeds: set[tuple[str, str]] = field(default_factory=set)
    reversed: set[str] = field(default_factory=set)
