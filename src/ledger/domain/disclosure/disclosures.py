"""Disclosures (三公开): the figures of a closed period, prepared, reviewed and fixed by digests.

What is prepared names the log by its size and root, and for each of the three disclosures of the
board the digests of its rows and of its figures as of a fixed time. The review is of these figures,
and these alone are published; what follows is a correction or a withdrawal that readers see. The
digests and the root come from whoever prepares: a decision sees no view and no tree. They follow
from the log all the same, and `mingzhang verify disclosure` computes them again.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from pydantic import Field, StringConstraints

from ledger.clocks import local_day
from ledger.decision import Office, OrganisationType, Situation, standing
from ledger.domain.documents.attachments import Digest
from ledger.domain.requests.requests import CLERKS, precedes
from ledger.domain.town.organisations import (
    COMMUNITIES,
    TOWN,
    Organisation,
    foreign_community,
    unknown_organisation,
)
from ledger.event import (
    MAX_INTEGER,
    Event,
    EventModel,
    Folds,
    Id,
    Instant,
    Line,
    Recorded,
    mint_id,
)
from ledger.refusals import Forbidden, Refusal, Unacceptable, UnknownReference, WrongState

DISCLOSE_WITHIN_WORKING_DAYS = 20
"""From the day on which it was formed or changed (政府信息公开条例, article 26)."""
BY_DISCLOSER = standing((Office.SECRETARY, *CLERKS), *TOWN, *COMMUNITIES)
BY_REVIEWER = standing(
    (
        Office.REVIEWER,
        Office.SECRETARY,
        Office.COMMITTEE_MEMBER,
        Office.RESIDENTS_COMMITTEE_MEMBER,
        *CLERKS,
    ),
    *TOWN,
    *COMMUNITIES,
)
_MONTHS_OF_A_QUARTER = 3
PERIOD_PATTERN = r"^20[0-9]{2}(-(0[1-9]|1[0-2]|q[1-4]))?$"
MonthOrMore = Annotated[str, StringConstraints(pattern=PERIOD_PATTERN)]
"""A calendar month, quarter or year in Shanghai: `2026-03`, `2026-q1` or `2026`."""


class Regime(StrEnum):
    """Under which rules somebody discloses."""

    GOVERNMENT_INFORMATION = "government_information"
    """政府信息公开: by the town's government."""
    PARTY_AFFAIRS = "party_affairs"
    """党务公开: by the town's committee or a community's branch."""
    RESIDENTS_AFFAIRS = "residents_affairs"
    """居务公开: by a residents' committee."""


_DISCLOSERS = {
    Regime.GOVERNMENT_INFORMATION: (OrganisationType.TOWN_GOVERNMENT,),
    Regime.PARTY_AFFAIRS: (OrganisationType.TOWN_COMMITTEE, OrganisationType.COMMUNITY_BRANCH),
    Regime.RESIDENTS_AFFAIRS: (OrganisationType.RESIDENTS_COMMITTEE,),
}


class Fixed(EventModel):
    """One of the three disclosures, as it was when the figures were made."""

    version: Annotated[int, Field(ge=1, le=MAX_INTEGER)]
    """Of the view that they are read from: another one gives other rows."""
    rows: Digest
    """Of all rows behind the figures (`mingzhang-rows/1`)."""
    figures: Digest
    """SHA-256, in hex, of the canonical JSON (RFC 8785) of the figures."""


class Figures(NamedTuple):
    """What is fixed of a period."""

    as_of: datetime
    size: int
    root: str
    project: Fixed
    process: Fixed
    evaluation: Fixed

    @property
    def shown(self) -> tuple[str, str, str]:
        """The digests of what readers are told."""
        return (self.project.figures, self.process.figures, self.evaluation.figures)


class Draft(NamedTuple):
    """What is prepared and not yet published."""

    figures: Figures
    formed_on: date
    prepared_by: str
    is_cleared: bool | None = None
    """What the review found; None before it."""


class Disclosure(NamedTuple):
    """A disclosure as of its history."""

    discloser: str
    """The organisation."""
    regime: Regime
    community: str | None
    period: str
    latest: datetime
    """When it was last prepared, reviewed, published or corrected, as claimed."""
    draft: Draft | None = None
    published: Figures | None = None
    hands: frozenset[str] = frozenset()
    """The principals who prepared, reviewed, published or corrected it."""
    upheld: frozenset[str] = frozenset()
    """The objections that were upheld."""
    is_withdrawn: bool = False


def months_of(period: str) -> tuple[str, ...]:
    """The calendar months of a month, quarter or year, as `2026-03`."""
    year, _, part = period.partition("-")
    if not part:
        return tuple(f"{year}-{month:02}" for month in range(1, 13))
    if not part.startswith("q"):
        return (period,)
    last = int(part[1:]) * _MONTHS_OF_A_QUARTER
    return tuple(f"{year}-{month:02}" for month in range(last - 2, last + 1))


def over_on(period: str) -> date:
    """The first day in Shanghai after it."""
    last = date.fromisoformat(f"{months_of(period)[-1]}-01")
    return (last + timedelta(days=31)).replace(day=1)


class OfDisclosure(Event):
    """What the acts on a disclosure have in common."""

    disclosure: Id
    """The disclosure."""

    def tags(self) -> tuple[str, ...]:
        return (f"disclosure:{self.disclosure}",)

    def boundary(self, state: Any) -> tuple[str, ...]:
        return self.tags()

    def known(self, situation: Situation) -> Disclosure | Refusal:
        """The disclosure, or why nothing may follow on it at that time."""
        found: Disclosure | None = situation.state(f"disclosure:{self.disclosure}")
        if found is None:
            return UnknownReference(
                "unknown_disclosure",
                f"disclosure {self.disclosure} is not in this ledger",
                "one that was prepared",
                "disclosure",
            )
        if found.is_withdrawn:
            return WrongState(
                "withdrawn", "it was withdrawn", "a disclosure that was not", "disclosure"
            )
        return precedes(found.latest) if situation.precedes(found.latest) else found

    def published(self, situation: Situation) -> Disclosure | Refusal:
        """The same of one that readers see."""
        found = self.known(situation)
        if isinstance(found, Disclosure) and found.published is None:
            return WrongState(
                "not_published", "it is not published", "a published disclosure", "disclosure"
            )
        return found


class WithFigures(OfDisclosure):
    """An act that says which figures it is about, all of one moment of the log."""

    period: MonthOrMore
    """The month, quarter or year."""
    as_of: Instant
    """The fixed time for which the figures are judged, after the period."""
    size: Annotated[int, Field(ge=1, le=MAX_INTEGER)]
    """How many events were recorded by that time."""
    root: Digest
    """The root of the log's tree of that size (RFC 9162), in hex."""
    project: Fixed
    """Who serves, as of the end of the period."""
    process: Fixed
    """What was handled."""
    evaluation: Fixed
    """How it was judged."""

    @property
    def fixed(self) -> Figures:
        """All that is fixed."""
        return Figures(
            self.as_of, self.size, self.root, self.project, self.process, self.evaluation
        )

    def not_as_reviewed(self, found: Disclosure) -> Refusal | None:
        """Why these figures may not go out: they were not reviewed, or others were."""
        draft = found.draft
        if draft is None or draft.is_cleared is None:
            return WrongState(
                "not_reviewed",
                "nothing that waits to go out was reviewed",
                "figures that somebody else than their preparer has reviewed",
                "disclosure",
            )
        if not draft.is_cleared:
            return WrongState(
                "sent_back", "the review sent it back", "what is prepared anew", "disclosure"
            )
        own = {"period": self.period, **self.fixed._asdict()}
        theirs = {"period": found.period, **draft.figures._asdict()}
        for field, value in own.items():
            if value != theirs[field]:
                return Unacceptable(
                    "not_as_reviewed",
                    f"another {field} was reviewed",
                    _told(theirs[field]),
                    field,
                )
        return None


def _told(value: Any) -> str:
    if isinstance(value, Fixed):
        return value.model_dump_json()
    return value.isoformat() if isinstance(value, datetime) else str(value)


class DisclosurePrepared(WithFigures):
    """拟公开: the figures of a closed period; anew after a review or before a correction."""

    kind = "disclosure_prepared"
    term = "公开事项拟制"
    proposers = (BY_DISCLOSER,)
    creates = ("disclosure", "disclosure")
    example = {
        "disclosure": "government-2026-02",
        "regime": "government_information",
        "basis": "《中华人民共和国政府信息公开条例》第二十条",
        "formed_on": "2026-03-01",
        "period": "2026-02",
        "as_of": "2026-03-01T00:00:00+08:00",
        "size": 4812,
        "root": "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "project": {
            "version": 1,
            "rows": "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "figures": "b413f47d13ee2fe6c845b2ee141af81de858df4ec549a58b7970bb96645bc8d2",
        },
        "process": {
            "version": 1,
            "rows": "fc7e8fb2e7a1d8e8a1f9a3c4b6d1c0e7f0b6a1d5c4e3f2a19081726354453627",
            "figures": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
        },
        "evaluation": {
            "version": 1,
            "rows": "fc7e8fb2e7a1d8e8a1f9a3c4b6d1c0e7f0b6a1d5c4e3f2a19081726354453627",
            "figures": "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9",
        },
    }

    disclosure: Id = Field(default_factory=mint_id)
    """The disclosure's id; that of one which was sent back or is to be corrected, to prepare it
    anew."""
    regime: Regime
    """Under which rules it is disclosed."""
    basis: Line
    """The article that asks for it."""
    formed_on: date
    """The day on which the figures were formed, or changed: from it the days to disclose count."""
    community: Id | None = None
    """Whose part of the figures it is; absent: the whole town's."""

    def tags(self) -> tuple[str, ...]:
        where = () if self.community is None else (f"organisation:{self.community}",)
        return (f"disclosure:{self.disclosure}", *where)

    def continues(self, existing: Any) -> bool:
        """The same disclosure is prepared anew, once nothing of it waits to go out."""
        own = (self.regime, self.community, self.period)
        return isinstance(existing, Disclosure) and existing[1:4] == own

    def decide(self, situation: Situation) -> Refusal | None:
        acting: Organisation = situation.state(f"organisation:{situation.actor.organisation}")
        return (
            self._anew(situation)
            or self._other_regime(acting)
            or self._other_part(situation, acting)
            or self._out_of_time(situation)
        )

    def _anew(self, situation: Situation) -> Refusal | None:
        if situation.state(f"disclosure:{self.disclosure}") is None:
            return None
        found = self.known(situation)
        if not isinstance(found, Disclosure):
            return found
        if found.draft and found.draft.is_cleared is not False:
            return WrongState(
                "prepared_already",
                "what was prepared is still to be reviewed, or to go out",
                "a disclosure that was sent back, or one that is published",
                "disclosure",
            )
        return of_another_body(situation, found)

    def _other_regime(self, acting: Organisation) -> Refusal | None:
        if acting.type in _DISCLOSERS[self.regime]:
            return None
        fitting = next(regime for regime, types in _DISCLOSERS.items() if acting.type in types)
        return Forbidden(
            "another_bodys_regime",
            f"a {acting.type} does not disclose {self.regime}",
            fitting.value,
            "regime",
        )

    def _other_part(self, situation: Situation, acting: Organisation) -> Refusal | None:
        if self.community is None:
            if acting.type in TOWN:
                return None
            return Forbidden(
                "whole_town",
                "a community's body discloses its own part",
                f"community {situation.actor.organisation}, or the branch of its community",
                "community",
            )
        return unknown_organisation(
            situation, self.community, "community", *COMMUNITIES
        ) or foreign_community(situation, self.community, "community")

    def _out_of_time(self, situation: Situation) -> Refusal | None:
        begin, today = over_on(self.period), local_day(situation.occurred_at)
        if local_day(self.as_of) < begin or self.as_of > situation.occurred_at:
            return Unacceptable(
                "period_not_over",
                f"as of {self.as_of.isoformat()} {self.period} was not over, or it is yet to come",
                f"a fixed time from {begin.isoformat()} on, up to the preparation",
                "as_of",
            )
        if not begin <= self.formed_on <= today:
            return Unacceptable(
                "formed_out_of_time",
                f"figures of {self.period} are formed once it is over, and not in the future",
                f"a day from {begin.isoformat()} to {today.isoformat()}",
                "formed_on",
            )
        if self.size <= situation.size:
            return None
        return Unacceptable(
            "beyond_the_log",
            f"the log has {situation.size} events",
            f"a size up to {situation.size}",
            "size",
        )


class DisclosureReviewed(OfDisclosure):
    """公开审查: somebody else than the preparer looks for what is confidential or personal."""

    kind = "disclosure_reviewed"
    term = "公开事项审查"
    proposers = (BY_REVIEWER,)
    example = {
        "disclosure": "government-2026-02",
        "confidentiality_cleared": True,
        "privacy_cleared": True,
    }

    confidentiality_cleared: bool
    """保密审查: whether nothing in it is secret."""
    privacy_cleared: bool
    """个人信息审查: whether nothing in it tells of a person who may not be told of."""

    @property
    def is_cleared(self) -> bool:
        """Whether it may go out; else it is sent back."""
        return self.confidentiality_cleared and self.privacy_cleared

    def decide(self, situation: Situation) -> Refusal | None:
        found = self.known(situation)
        if not isinstance(found, Disclosure):
            return found
        if found.draft is None or found.draft.is_cleared is not None:
            return WrongState(
                "nothing_to_review",
                "nothing of it waits for a review",
                "a disclosure that is prepared, or prepared anew",
                "disclosure",
            )
        if situation.actor.principal == found.draft.prepared_by:
            return Forbidden(
                "own_preparation",
                "nobody reviews what they prepared",
                "another principal of the discloser, or of the town",
            )
        return of_another_body(situation, found, town_may=True)


class DisclosurePublished(WithFigures):
    """公开: the reviewed figures are for all to see, and fixed."""

    kind = "disclosure_published"
    term = "公开发布"
    proposers = (BY_DISCLOSER,)
    example = {name: DisclosurePrepared.example[name] for name in WithFigures.model_fields}

    def decide(self, situation: Situation) -> Refusal | None:
        found = self.known(situation)
        if not isinstance(found, Disclosure):
            return found
        if found.published is not None:
            return WrongState(
                "published_already",
                "it is published, and what is fixed is not published again",
                "disclosure_corrected",
                "disclosure",
            )
        return of_another_body(situation, found) or self.not_as_reviewed(found)


def of_another_body(
    situation: Situation, found: Disclosure, *, town_may: bool = False
) -> Refusal | None:
    """The refusal for a body whose disclosure it is not; the town may act on a community's."""
    actor = situation.actor
    acting: Organisation = situation.state(f"organisation:{actor.organisation}")
    if actor.organisation == found.discloser or (town_may and acting.type in TOWN):
        return None
    return Forbidden(
        "another_bodys_disclosure",
        f"{found.discloser} discloses it",
        f"a principal of {found.discloser}" + (", or of the town" if town_may else ""),
    )


def evolve_disclosure(state: Disclosure | None, tag: str, recorded: Recorded) -> Disclosure | None:
    """The disclosure after it was prepared, reviewed or published."""
    who, when = recorded.actor.principal, recorded.occurred_at
    match recorded.event:
        case DisclosurePrepared() as event:
            known = state or Disclosure(
                recorded.actor.organisation, event.regime, event.community, event.period, when
            )
            draft = Draft(event.fixed, event.formed_on, who)
            return known._replace(latest=when, draft=draft, hands=known.hands | {who})
        case DisclosureReviewed(is_cleared=cleared) if state and state.draft:
            draft = state.draft._replace(is_cleared=cleared)
            return state._replace(latest=when, draft=draft, hands=state.hands | {who})
        case DisclosurePublished() as event if state:
            return state._replace(
                latest=when, draft=None, published=event.fixed, hands=state.hands | {who}
            )
    return state


KINDS = (DisclosurePrepared, DisclosureReviewed, DisclosurePublished)
FOLDS: Folds = {"disclosure": (evolve_disclosure, KINDS)}
