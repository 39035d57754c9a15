"""What a view may be asked: the parameters of the public routes, each with its limits."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.labels import SHANGHAI
from ledger.decision import OrganisationType
from ledger.domain.honours.commendation import Honour
from ledger.domain.love_bank.accounts import HolderType
from ledger.domain.money.budgets import FIRST_YEAR, LAST_YEAR, BudgetLine
from ledger.domain.money.donations import DonationPurpose
from ledger.domain.requests.requests import Category, Stage
from ledger.event import ID_PATTERN, MAX_INTEGER
from projections.deeds_reading import Which
from projections.evaluation_reading import JudgedFigure, JudgedPart
from projections.process_reading import CaseFigure, Chosen, Part
from projections.reading import MAX_PAGE

Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
Position = Annotated[int, Field(ge=0, le=MAX_INTEGER)]
Period = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}(-(0[1-9]|1[0-2]))?$")]
PageLimit = Annotated[int, Field(ge=1, le=MAX_PAGE)]


class Fresh(BaseModel):
    """What every view may be asked: nothing older than a position."""

    model_config = ConfigDict(extra="forbid")

    min_position: Position = 0
    """Wait, for up to 10 s, until the view shows the log up to here; what is published of requests
    waits for nothing, unless it is asked for with a key of scope audit."""


class ProjectQuery(Fresh):
    """A part of the project disclosure."""

    type: OrganisationType | None = None
    on: date | None = None
    """The bodies as they were at the end of that day in Shanghai; now without it."""


class GridQuery(Fresh):
    """The grid of a community, or of all."""

    community: Id | None = None
    on: date | None = None
    """As it was at the end of that day in Shanghai; now without it."""


class EvaluationQuery(Fresh):
    """A part of the evaluation disclosure."""

    community: Id | None = None
    category: Category | None = None
    lead: Id | None = None
    period: Period | None = None
    """A year or a month of filing: `2026` or `2026-03`."""

    def part(self) -> JudgedPart:
        """Which part is asked for."""
        return {
            "community": self.community,
            "category": self.category,
            "lead": self.lead,
            "period": self.period,
        }


class JudgedQuery(EvaluationQuery):
    """A page of judged cases, newest filing first."""

    after: Id | None = None
    limit: PageLimit = 50
    figure: JudgedFigure | None = None
    """The figure behind which the cases stand."""


class ProcessQuery(Fresh):
    """A part of the process disclosure."""

    community: Id | None = None
    category: Category | None = None
    lead: Id | None = None
    holder: Id | None = None
    """The organisation that has to do the next thing."""
    period: Period | None = None
    """A year or a month of filing: `2026` or `2026-03`."""

    def part(self) -> Part:
        """Which part is asked for."""
        return {
            "community": self.community,
            "category": self.category,
            "lead": self.lead,
            "holder": self.holder,
            "period": self.period,
        }


class CasesQuery(ProcessQuery):
    """A page of cases, newest filing first."""

    after: Id | None = None
    limit: PageLimit = 50
    stage: Stage | None = None
    figure: CaseFigure | None = None
    """The figure behind which the cases stand."""

    def chosen(self) -> Chosen:
        """Which cases are asked for."""
        return {**self.part(), "stage": self.stage, "figure": self.figure}


class SummonsQuery(Fresh):
    """A page of summons, newest whistle first."""

    after: Id | None = None
    limit: PageLimit = 50
    department: Id | None = None


class PointsQuery(Fresh):
    """A page of an account's postings, newest first."""

    before: Annotated[int, Field(ge=1, le=MAX_INTEGER)] | None = None
    limit: PageLimit = 50


class DeedsQuery(Fresh):
    """A page of deeds, those shown last first."""

    which: Which | None = None
    before: Annotated[int, Field(ge=1, le=MAX_INTEGER)] | None = None
    limit: PageLimit = 50


class RewardsQuery(Fresh):
    """The rewards of a residents' committee, or of all."""

    organisation: Id | None = None


class FundsQuery(Fresh):
    """The lines of money of a community, a year or of one purpose, or all of them."""

    community: Id | None = None
    year: Annotated[int, Field(ge=FIRST_YEAR, le=LAST_YEAR)] | None = None
    line: BudgetLine | None = None


class MovementsQuery(Fresh):
    """A page of movements of money, newest first."""

    before: Annotated[int, Field(ge=1, le=MAX_INTEGER)] | None = None
    limit: PageLimit = 50


class PeriodsQuery(Fresh):
    """A page of ranked periods, newest first."""

    before: Annotated[int, Field(ge=1, le=MAX_INTEGER)] | None = None
    limit: PageLimit = 50


class HonoursQuery(Fresh):
    """A page of commendations, newest first."""

    honour: Honour | None = None
    before: Annotated[int, Field(ge=1, le=MAX_INTEGER)] | None = None
    limit: PageLimit = 50


class DonationsQuery(Fresh):
    """A page of donations, the last first, and the sums over all or over those of one body."""

    organisation: Id | None = None
    """The body that received them."""
    purpose: DonationPurpose | None = None
    reward: Id | None = None
    """Those of which a reward was made or bought."""
    project: Id | None = None
    """Those of which something went into a project."""
    before: Annotated[int, Field(ge=1, le=MAX_INTEGER)] | None = None
    limit: PageLimit = 50


class RankingsQuery(Fresh):
    """A page of the rankings, best first."""

    holder_type: HolderType | None = None
    after: Id | None = None
    limit: PageLimit = 50


def end_of(day: date | None) -> datetime | None:
    """The last moment of a day in Shanghai; None for no day."""
    if day is None:
        return None
    return datetime.combine(day, time.max, SHANGHAI).astimezone(UTC)
