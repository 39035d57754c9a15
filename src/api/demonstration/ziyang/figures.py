"""The acceptance fixture: the town's figures at the closing date, as the projections have them.

Each is a fold over the log as of the closing date; what is asked for stands beside what is found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from api.demonstration.ziyang.bodies import COMMUNITIES
from api.demonstration.ziyang.days import CLOSING, TWO_YEARS_BEFORE
from ledger.decision import OrganisationType
from ledger.domain.cooperation.projects import ProjectType
from ledger.domain.money.budgets import BudgetLine
from ledger.domain.participation.pairings import PairingForm, PairingTheme
from ledger.domain.town.organisations import SubgroupBasis
from ledger.domain.town.people import Education
from ledger.event import Recorded
from projections import (
    agents,
    cooperation,
    funds,
    pairings,
    people,
    project_disclosure,
    volunteering,
)
from projections.agents import MatterCounts
from projections.folding import Folded, fold
from projections.good_deeds import DeedCounts, PersonCounts
from projections.projection import WITHHELD_SUFFIX, Projection
from projections.scopes import TOWN
from projections.volunteering import PostCounts

PROJECTIONS: tuple[Projection, ...] = (
    project_disclosure.PROJECTION,
    people.PROJECTION,
    funds.PROJECTION,
    cooperation.PROJECTION,
    volunteering.PROJECTION,
    pairings.PROJECTION,
    agents.PROJECTION,
)
"""Those that the figures are read from."""
_COLLEGE = (Education.JUNIOR_COLLEGE, Education.BACHELOR, Education.POSTGRADUATE)


class Figure(NamedTuple):
    """One line of the table."""

    name: str
    expected: str
    found: str

    @property
    def holds(self) -> bool:
        """Whether the town has what it is to have."""
        return self.expected == self.found


class Board:
    """The views of a whole history, and what was opened of personal values beside them."""

    def __init__(self, history: Sequence[Recorded], education: Mapping[str, str]) -> None:
        self.education = education
        """Principal -> the level completed, of those whose value was opened."""
        self._folded: dict[str, Folded] = {
            projection.name: fold(projection, history) for projection in PROJECTIONS
        }

    def rows(self, projection: Projection, table: str) -> Iterable[Any]:
        """The rows of a view, those that the public does not see among them."""
        found = self._folded[projection.name].rows
        return [
            row for name in (table, table + WITHHELD_SUFFIX) for row in found.get(name, {}).values()
        ]

    def total(
        self,
        projection: Projection,
        table: str,
        measure: int = 0,
        *group: Any,
        moment: datetime = CLOSING,
    ) -> int:
        """A measure of a view's tally by a moment: of a group where one is given, else of all."""
        tally = self._folded[projection.name].tallies[table]
        return sum(
            measures[measure]
            for (named, since), measures in tally.items()
            if named[: len(group)] == group and (since is None or since <= moment)
        )


def figures(board: Board) -> Iterator[Figure]:
    """The whole table, in its order."""
    yield from _organisations(board)
    yield from _people(board)
    yield from _projects(board)
    yield from _volunteers(board)
    yield from _services(board)
    yield from _pairings(board)
    yield from _money(board)


def _organisations(board: Board) -> Iterator[Figure]:
    active = [
        body
        for body in board.rows(project_disclosure.PROJECTION, "service_body")
        if body.since <= CLOSING and (body.dissolved_from is None or body.dissolved_from > CLOSING)
    ]
    groups = [body for body in active if body.type == OrganisationType.PARTY_SUBGROUP]
    kinds = (SubgroupBasis.FUNCTIONAL, SubgroupBasis.INDUSTRY)
    offline = {one.organisation for one in groups if one.basis in kinds and not one.online}
    online = {one.organisation for one in groups if one.online}
    branches = {
        body.organisation
        for body in active
        if body.online and body.type == OrganisationType.INDUSTRY_BRANCH
    }
    yield _count("党小组 subgroups, functional or industry", 19, len(offline))
    yield _count("网络党支部 online branches", 11, len(branches))
    yield _count("网络党小组 online groups", 19, len(online))
    apart = offline.isdisjoint(online | branches) and online.isdisjoint(branches)
    yield _count("of these in two of the three", 0, 0 if apart else 1)


def _people(board: Board) -> Iterator[Figure]:
    def persons(figure: str, moment: datetime = CLOSING) -> int:
        return board.total(people.PROJECTION, "person_of_town", 0, figure, moment=moment)

    yield _count("交叉任职 persons with both seats", 18, persons("both_seats"))
    yield _count("Party-committee members of the communities", 41, persons("party_seat"))
    members = [
        row.principal
        for row in board.rows(people.PROJECTION, "person_of_town")
        if any(_covers(span, CLOSING) for span in people.spans(row, people.PARTY))
    ]
    college = sum(board.education.get(principal) in _COLLEGE for principal in members)
    yield Figure("大专以上", "31.7 % (13 of 41)", _share(college, len(members)))
    for name, expected, figure in (
        ("发展党员 members admitted in 24 months", 10, "member_admitted"),
        ("后备干部 reserves nominated in 24 months", 14, "reserve_nominated"),
    ):
        found = persons(figure) - persons(figure, TWO_YEARS_BEFORE)
        yield _count(name, expected, found)


def _volunteers(board: Board) -> Iterator[Figure]:
    of = volunteering.PROJECTION
    members = board.total(of, "unit_member", 0, TOWN)
    places = board.total(of, "volunteer_post", PostCounts._fields.index("claimed_places"))
    yield _count("驻区单位党员 unit members with a claim", 684, members)
    yield _count("认领岗位 distinct claimed places", 751, places)
    by_members = DeedCounts._fields.index("by_members")
    yield _count(
        "好事实事 by them, once a matter", 469, board.total(of, "good_deed", by_members, TOWN)
    )
    by_members = PersonCounts._fields.index("by_members")
    helped = board.total(of, "person_helped", by_members, TOWN)
    yield _count("困难群众 persons in need helped by them", 152, helped)
    yield _count("宣讲 units that held talks", 12, board.total(of, "outreach_unit"))
    yield _count("政策宣讲、科普 talks", 12, board.total(of, "outreach"))


def _projects(board: Board) -> Iterator[Figure]:
    counted = [
        row
        for row in board.rows(cooperation.PROJECTION, "joint_project")
        if row.project_type == ProjectType.ASSISTANCE
        and row.approved_at is not None
        and row.progressed_at is not None
    ]
    units = {unit for row in counted for unit in row.units}
    yield _count("驻区单位 units in assistance projects", 96, len(units))
    yield _count("帮扶项目 assistance projects approved and progressed", 31, len(counted))


def _services(board: Board) -> Iterator[Figure]:
    completed = MatterCounts._fields.index("completed")
    found = board.total(agents.PROJECTION, "entrusted_matter", completed)
    yield _count("代办 matters completed", 4_013, found)


def _pairings(board: Board) -> Iterator[Figure]:
    of = pairings.PROJECTION
    active = [
        row
        for row in board.rows(of, "pairing")
        if row.form == PairingForm.BRANCHES and row.ended_at is None
    ]
    yield _count("结对 communities", 4, len({row.organisation for row in active}))
    yield _count("结对 villages", 13, len({row.partner for row in active}))
    customs = board.total(of, "pairing_activity", 0, PairingTheme.NEW_CIVIC_CUSTOMS)
    yield _count("新民风 sessions", 22, customs)
    talks = {row.outreach for row in board.rows(volunteering.PROJECTION, "outreach")}
    sessions = {row.activity for row in board.rows(of, "pairing_activity")}
    yield _count("talks that are sessions of a pairing", 0, len(talks & sessions))
    households = board.total(of, "paired_household", 0, PairingForm.UNITS)
    yield _count("结对贫困户 households with enterprises, social organisations", 18, households)
    paired = {row.household for row in board.rows(of, "paired_household")}
    helped = {row.beneficiary for row in board.rows(volunteering.PROJECTION, "person_helped")}
    yield _count("households among the persons in need", 0, len(paired & helped))


def _money(board: Board) -> Iterator[Figure]:
    given: Counter[tuple[str, int]] = Counter()
    for budget in board.rows(funds.PROJECTION, "budget"):
        if budget.line == BudgetLine.ACTIVITY:
            given[budget.community, budget.year] += budget.appropriated_fen
    communities = {community for community, _ in given}
    sums = sorted(set(given.values()))
    yield _count("communities with an activity line", len(COMMUNITIES), len(communities))
    yield Figure(
        "活动经费 fen of each community and year", "1000000", " ".join(map(str, sums)) or "none"
    )


def _covers(span: people.Span, moment: datetime) -> bool:
    since, until = span
    return since <= moment and (until is None or moment < until)


def _share(count: int, total: int) -> str:
    return f"{100 * count / total:.1f} % ({count} of {total})" if total else "nobody"


def _count(name: str, expected: int, found: int) -> Figure:
    return Figure(name, f"{expected:,}", f"{found:,}")
