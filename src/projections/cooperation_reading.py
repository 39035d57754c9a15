"""What is shown of cooperation: lists and matches, and projects with their money and their rating.

Matched is counted of needs, by community; a unit and a project of assistance count once the project
is approved and has told of progress.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from psycopg import AsyncConnection

from ledger.domain.cooperation.lists import ListType
from ledger.domain.cooperation.projects import ProjectType
from projections import funds_reading
from projections.funds_reading import ProjectFunds
from projections.reading import MAX_PAGE, AsOf, bounded, one_moment, snapshot

NAME = "cooperation"
_ITEM_TABLES = ("list_item", "item_match")
_PROJECT_TABLES = ("joint_project", "project_act", "list_item", "item_match")
_FUND_TABLES = ("fund_commitment", "fund_movement")

_STAGE = """case when delisted_at is not null then 'delisted'
    when contributed = quantity then 'done'
    when matched = quantity then 'matched' else 'open' end"""
_ITEM_COLUMNS = f"""list_item, list_type, community, scope, title, quantity, provider, project,
    added_at, position, matched, contributed, delisted_at, delisted_reason, {_STAGE} as stage"""
_ITEM = f"select {_ITEM_COLUMNS} from list_item where list_item = %(item)s"  # noqa: S608 - constants alone
_ITEMS = f"""select {_ITEM_COLUMNS} from list_item
    where (%(community)s::text is null or community = %(community)s)
    and (%(list_type)s::text is null or list_type = %(list_type)s)
    and (%(before)s::bigint is null or position < %(before)s)
    order by position desc limit %(limit)s"""  # noqa: S608 - constants alone
# What is delisted is counted where it was matched, and is on the list no more.
_COUNTS = """select community, list_type,
    count(*) filter (where delisted_at is null) as listed,
    count(*) filter (where delisted_at is null and matched < quantity) as open,
    count(*) filter (where matched > 0) as matched,
    count(*) filter (where contributed = quantity) as done,
    sum(quantity)::bigint as quantity, sum(matched)::bigint as times_matched,
    sum(contributed)::bigint as times_contributed
    from list_item
    where (%(community)s::text is null or community = %(community)s)
    and (%(list_type)s::text is null or list_type = %(list_type)s)
    group by community, list_type order by community, list_type limit %(limit)s"""
_MATCHES = """select m.match, m.need, n.title as need_title, m.offer, o.title as offer_title,
    n.community, o.provider, m.quantity, m.contributed, m.matched_at, m.contributed_at,
    m.organisation, m.position
    from item_match m join list_item n on n.list_item = m.need
    join list_item o on o.list_item = m.offer
    where (%(item)s::text is null or %(item)s in (m.need, m.offer))
    and (%(project)s::text is null or o.project = %(project)s)
    order by m.position desc limit %(limit)s"""
_PROJECT_COLUMNS = """project, community, title, project_type, places, proposed_by, proposed_at,
    position, stage, units, approved_at, progress_percent, progress_reports, achieved,
    progressed_at, result, completed_at, accepted_at, very_satisfied, satisfied, fairly_satisfied,
    dissatisfied, very_dissatisfied"""
_PROJECT = f"select {_PROJECT_COLUMNS} from joint_project where project = %(project)s"  # noqa: S608 - constants alone
_PROJECTS = f"""select {_PROJECT_COLUMNS} from joint_project
    where (%(community)s::text is null or community = %(community)s)
    and (%(project_type)s::text is null or project_type = %(project_type)s)
    and (%(stage)s::text is null or stage = %(stage)s)
    and (%(before)s::bigint is null or position < %(before)s)
    order by position desc limit %(limit)s"""  # noqa: S608 - constants alone
# Units share projects: each is counted once, whatever it takes part in.
_FIGURES = """select count(distinct p.project) filter (where p.approved_at is not null)
        as approved,
    count(distinct p.project) filter (where p.stage = 'accepted') as accepted,
    count(distinct u.unit) filter (where p.approved_at is not null) as units,
    count(distinct p.project) filter (where p.project_type = 'assistance'
        and p.approved_at is not null and p.progress_reports > 0 and u.unit is not null)
        as assistance_projects,
    count(distinct u.unit) filter (where p.project_type = 'assistance'
        and p.approved_at is not null and p.progress_reports > 0) as assisting_units
    from joint_project p left join lateral unnest(p.units) as u(unit) on true
    where (%(community)s::text is null or p.community = %(community)s) limit %(limit)s"""
_ACTS = """select position, kind, occurred_at, organisation, unit, progress_percent, words, outcome
    from project_act where project = %(project)s
    and (%(before)s::bigint is null or position < %(before)s)
    order by position desc limit %(limit)s"""


class ShownStage(StrEnum):
    """Where a project stands, as one asks for it."""

    PROPOSED = "proposed"
    REFUSED = "refused"
    APPROVED = "approved"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    ACCEPTED = "accepted"


DONE = (ShownStage.COMPLETED, ShownStage.ACCEPTED)


@dataclass(frozen=True, slots=True)
class PublicItem:
    """An item; `stage` is open, matched, done or delisted."""

    list_item: str
    list_type: str
    community: str
    scope: str
    title: str
    quantity: int
    provider: str | None
    project: str | None
    added_at: datetime
    position: int
    matched: int
    contributed: int
    delisted_at: datetime | None
    delisted_reason: str | None
    stage: str


@dataclass(frozen=True, slots=True)
class ListCount:
    """A list of a community: items on it, still to be matched, matched at least once, and met in
    full; and how many times they are there, were matched, and were given."""

    community: str
    list_type: str
    listed: int
    open: int
    matched: int
    done: int
    quantity: int
    times_matched: int
    times_contributed: int


@dataclass(frozen=True, slots=True)
class PublicMatch:
    """A need of a community, and what meets it."""

    match: str
    need: str
    need_title: str
    offer: str
    offer_title: str
    community: str
    provider: str | None
    quantity: int
    contributed: int
    matched_at: datetime
    contributed_at: datetime | None
    organisation: str
    position: int


@dataclass(frozen=True, slots=True)
class ListPage:
    """Items, newest first, with the counts of all lists; `next` is the `before` of what follows."""

    as_of: AsOf
    counts: tuple[ListCount, ...]
    items: tuple[PublicItem, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class ItemRecord:
    """One item, None where it was never listed, with its last matches."""

    as_of: AsOf
    item: PublicItem | None
    matches: tuple[PublicMatch, ...]


@dataclass(frozen=True, slots=True)
class PublicProject:
    """A project as it stands, with the number of each grade that residents gave."""

    project: str
    community: str
    title: str
    project_type: str
    places: int
    proposed_by: str
    proposed_at: datetime
    position: int
    stage: str
    units: list[str]
    approved_at: datetime | None
    progress_percent: int
    progress_reports: int
    achieved: str | None
    progressed_at: datetime | None
    result: str | None
    completed_at: datetime | None
    accepted_at: datetime | None
    very_satisfied: int
    satisfied: int
    fairly_satisfied: int
    dissatisfied: int
    very_dissatisfied: int

    @property
    def done_percent(self) -> int:
        """How much is done: all of it once it is said to be completed."""
        return 100 if self.stage in DONE else self.progress_percent

    @property
    def rated(self) -> int:
        """How many residents rated it."""
        return self.content + self.dissatisfied + self.very_dissatisfied

    @property
    def content(self) -> int:
        """Of them those who gave one of the three upper grades."""
        return self.very_satisfied + self.satisfied + self.fairly_satisfied


@dataclass(frozen=True, slots=True)
class PublicAct:
    """One act on a project."""

    position: int
    kind: str
    occurred_at: datetime
    organisation: str
    unit: str | None
    progress_percent: int | None
    words: str | None
    outcome: bool | None


@dataclass(frozen=True, slots=True)
class ProjectFigures:
    """Projects approved and accepted, and distinct units in them; of those of assistance, the ones
    approved and progressed, and the distinct units in at least one of these."""

    approved: int
    accepted: int
    units: int
    assistance_projects: int
    assisting_units: int


@dataclass(frozen=True, slots=True)
class ProjectPage:
    """Projects, newest first; `next` is the `before` of the page that follows, or None."""

    as_of: AsOf
    figures: ProjectFigures
    projects: tuple[PublicProject, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class ProjectRecord:
    """A project side by side with its money and the needs that it meets.

    `project` is None where nobody proposed it, and money alone names it.
    """

    as_of: AsOf
    identity: str
    project: PublicProject | None
    acts: tuple[PublicAct, ...]
    matches: tuple[PublicMatch, ...]
    funds: ProjectFunds
    next: int | None

    @property
    def is_known(self) -> bool:
        """Whether anything tells of it."""
        return self.project is not None or bool(self.funds.commitments)


async def listed(
    connection: AsyncConnection[Any],
    *,
    community: str | None = None,
    list_type: ListType | None = None,
    before: int | None = None,
    limit: int = 50,
) -> ListPage:
    """The items of a community or of all, of one list or of all three."""
    wanted = bounded(limit)
    values = {"community": community, "list_type": list_type, "before": before}
    async with snapshot(connection, NAME, ("list_item",), None) as seen:
        counts = await seen.all(ListCount, _COUNTS, values)
        items = await seen.all(PublicItem, _ITEMS, values, wanted)
    following = items[-1].position if len(items) == wanted else None
    return ListPage(seen.as_of, counts, items, following)


async def item(connection: AsyncConnection[Any], identity: str) -> ItemRecord:
    """One item with its last matches."""
    values = {"item": identity, "project": None}
    async with snapshot(connection, NAME, _ITEM_TABLES, None) as seen:
        found = await seen.one(PublicItem, _ITEM, values)
        matches = await seen.all(PublicMatch, _MATCHES, values, MAX_PAGE)
    return ItemRecord(seen.as_of, found, matches)


async def projects(
    connection: AsyncConnection[Any],
    *,
    community: str | None = None,
    project_type: ProjectType | None = None,
    stage: ShownStage | None = None,
    before: int | None = None,
    limit: int = 50,
) -> ProjectPage:
    """The projects of a community or of all, of one type or at one stage."""
    wanted = bounded(limit)
    values = {
        "community": community,
        "project_type": project_type,
        "stage": stage,
        "before": before,
    }
    async with snapshot(connection, NAME, ("joint_project",), None) as seen:
        (figures,) = await seen.all(ProjectFigures, _FIGURES, values)
        found = await seen.all(PublicProject, _PROJECTS, values, wanted)
    following = found[-1].position if len(found) == wanted else None
    return ProjectPage(seen.as_of, figures, found, following)


async def project(
    connection: AsyncConnection[Any], identity: str, *, before: int | None = None, limit: int = 50
) -> ProjectRecord:
    """One project with its acts, newest first, and with what it was given."""
    wanted = bounded(limit)
    values = {"project": identity, "item": None, "before": before}
    async with one_moment(connection, (*_PROJECT_TABLES, *_FUND_TABLES)):
        async with snapshot(connection, NAME, _PROJECT_TABLES, None) as seen:
            found = await seen.one(PublicProject, _PROJECT, values)
            acts = await seen.all(PublicAct, _ACTS, values, wanted)
            matches = await seen.all(PublicMatch, _MATCHES, values, MAX_PAGE)
        funds = await funds_reading.project_funds(connection, identity)
    following = acts[-1].position if len(acts) == wanted else None
    return ProjectRecord(seen.as_of, identity, found, acts, matches, funds, following)
