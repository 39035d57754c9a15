"""What the views make of a few acts: the figures, the cases behind them, and page by page."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from psycopg import AsyncConnection

from ledger.domain.requests.exclusions import Metric, MetricExclusionRequested, MetricExclusionRuled
from ledger.domain.requests.ratings import RatingTarget, Satisfaction, ServiceRated
from ledger.domain.requests.requests import Stage
from ledger.domain.rules.rules import Subject
from ledger.domain.town.organisations import OrganisationAssigned
from ledger.proposal import Proposal
from ledger.store.connections import connection_string
from ledger.store.contract import StoredEvent
from ledger.store.memory import MemoryStore
from ledger.store.migrations import READER
from ledger.store.postgres import PostgresStore
from ledger.tlog.merkle import leaf_hash
from projections import evaluation_reading, process_reading, project_reading, whistle_reading
from projections import reference as town_reference
from projections.evaluation_disclosure import PROJECTION as EVALUATION
from projections.evaluation_reading import JudgedFigure, JudgedPart
from projections.folding import fold
from projections.process_disclosure import PROJECTION as PROCESS
from projections.process_reading import CaseFigure
from projections.rebuild import rebuild
from projections.schema import board_schema, prepare
from projections.whistle_reading import PublicSummons
from tests.paper_ledger import START, PaperLedger
from tests.request_acts import CASE, acts, brought_to, filing, pack, town
from tests.town import FOUNDER, HOTLINE, RESIDENT, TOWN_CLERK, URBAN, WATER
from tests.whistle_acts import act, blown, split, whistle_town

HOUR = timedelta(hours=1)
_RATED: dict[str, Any] = {"target_type": RatingTarget.REQUEST, "target": CASE}
Read = Callable[[AsyncConnection[Any]], Awaitable[Any]]


@pytest.fixture
def board(postgres_url: str, postgres_store: PostgresStore, schema: str) -> Callable[..., Any]:
    """Shows the views of a ledger on paper to a function that reads."""
    prepare(postgres_url, schema)

    def look(paper: PaperLedger, read: Read) -> Any:
        rebuild(_store(paper), postgres_url, schema)
        return asyncio.run(
            _read(connection_string(postgres_url, board_schema(schema), READER), read)
        )

    return look


def _store(paper: PaperLedger) -> MemoryStore:
    store = MemoryStore()
    store.events = [
        StoredEvent(one.position, one.kind, one.tags, record, leaf_hash(record))
        for one, record in zip(paper.history, paper.records, strict=True)
    ]
    return store


async def _read(conninfo: str, read: Read) -> Any:
    async with await AsyncConnection.connect(conninfo, autocommit=True) as connection:
        return await read(connection)


# Whistles


def test_whoever_is_on_site_in_time_has_answered_in_time_whenever_they_call() -> None:
    paper = whistle_town(blown(), act("department_reported_in"))
    paper.at += timedelta(hours=25)

    paper.accept(act("department_contacted"))

    (row,) = fold(PROCESS, paper.history).rows["summons"].values()
    assert row.contact_due_at < row.contacted_at
    assert row.responded_at == row.reported_in_at


def test_a_page_of_summons_begins_where_the_one_before_ended_though_a_whistle_was_split(
    board: Callable[..., Any],
) -> None:
    paper = whistle_town(blown(whistle="whistle-0"))
    paper.accept(blown("dept-roads", whistle="whistle-1"), split("dept-roads"))

    async def pages(connection: AsyncConnection[Any]) -> list[PublicSummons]:
        found: list[PublicSummons] = []
        after: str | None = None
        while True:
            page = await whistle_reading.summons(connection, after=after, limit=1)
            found += page.summons
            after = page.next
            if after is None:
                return found

    shown = board(paper, pages)

    assert [(one.whistle, one.department) for one in shown] == [
        ("whistle-1", "dept-roads"),
        ("whistle-0", "dept-roads"),
        ("whistle-0", "dept-urban"),
    ]


# Figures and the cases behind them


def test_the_cases_left_out_of_a_rate_are_those_that_would_be_in_it(
    board: Callable[..., Any],
) -> None:
    """Of two excluded cases one is cleared; the other is open and in time: it is in no rate yet."""
    paper = town(*brought_to(Stage.CLEARED))
    paper.accept(
        acts()["called_back"],
        Proposal(ServiceRated(**_RATED, satisfaction=Satisfaction.SATISFIED), RESIDENT),
        Proposal(filing(request="request-1"), HOTLINE),
        acts(request="request-1")["request_accepted"],
        acts(request="request-1")["request_dispatched"],
    )
    for request in (CASE, "request-1"):
        for metric in Metric:
            asked = MetricExclusionRequested(request=request, metric=metric, reason="force-majeure")
            ruled = MetricExclusionRuled(request=request, metric=metric, granted=True)
            paper.accept(Proposal(asked, WATER), Proposal(ruled, TOWN_CLERK))

    async def behind(connection: AsyncConnection[Any]) -> list[tuple[int, list[str]]]:
        process = await process_reading.process(connection, at=paper.at)
        late = await process_reading.cases(
            connection, at=paper.at, figure=CaseFigure.ON_TIME_EXCLUDED
        )
        found = [(process.totals.on_time_excluded, [one.request for one in late.cases])]
        evaluation = await evaluation_reading.evaluation(connection, at=paper.at)
        raw, net = evaluation.totals.resolution, evaluation.totals.resolution_net
        judged = [
            await evaluation_reading.judged(connection, figure=figure)
            for figure in (JudgedFigure.RESOLUTION_EXCLUDED, JudgedFigure.SATISFACTION_EXCLUDED)
        ]
        left_out = raw.denominator - net.denominator
        return found + [(left_out, [one.request for one in page.cases]) for page in judged]

    shown = board(paper, behind)

    assert shown == [(1, [CASE])] * 3


def test_an_exclusion_is_counted_in_the_part_of_its_case_whenever_it_was_asked_for(
    board: Callable[..., Any],
) -> None:
    """Filed in March and excluded in April: the reason stands where raw and net differ."""
    paper = town(*brought_to(Stage.CLEARED), acts()["called_back"])
    paper.at += timedelta(days=30)
    asked = MetricExclusionRequested(request=CASE, metric=Metric.RESOLUTION, reason="force-majeure")
    ruled = MetricExclusionRuled(request=CASE, metric=Metric.RESOLUTION, granted=True)
    paper.accept(Proposal(asked, URBAN), Proposal(ruled, TOWN_CLERK))
    parts: tuple[JudgedPart, ...] = (
        {"period": "2026-03"},
        {"community": "branch-1"},
        {"category": "complaint"},
        {"lead": "dept-water"},
        {"period": "2026-04"},
        {"community": "committee-2"},
    )

    async def differ(connection: AsyncConnection[Any]) -> list[tuple[int, int]]:
        found = []
        for part in parts:
            shown = await evaluation_reading.evaluation(connection, at=paper.at, **part)
            raw, net = shown.totals.resolution, shown.totals.resolution_net
            granted = sum(one.granted for one in shown.exclusions)
            found.append((raw.denominator - net.denominator, granted))
        return found

    assert board(paper, differ) == [(1, 1)] * 4 + [(0, 0)] * 2


# Communities


def whistling(paper: PaperLedger) -> dict[str, tuple[int, int]]:
    """Community -> its requests and its whistles."""
    rows = fold(EVALUATION, paper.history).rows["community_whistling"].values()
    return {row.community: (row.requests, row.whistles) for row in rows}


def test_a_community_is_one_whichever_of_its_bodies_was_asked_or_whistled() -> None:
    paper = whistle_town(
        Proposal(filing(community="committee-1"), HOTLINE),
        Proposal(filing(request="request-1", community="branch-1"), HOTLINE),
        blown(request=CASE),
        split("dept-roads"),
    )

    process, judged = (fold(one, paper.history).rows for one in (PROCESS, EVALUATION))

    views = ("request_case", "whistle", "summons")
    communities = {row.community for view in views for row in process[view].values()}
    communities |= {row.community for row in judged["judged_request"].values()}
    assert communities == {"branch-1"}
    assert whistling(paper) == {"branch-1": (2, 1)}


def test_a_body_that_is_assigned_to_none_stands_for_itself() -> None:
    paper = whistle_town(Proposal(filing(community="committee-2"), HOTLINE))

    assert whistling(paper) == {"committee-2": (1, 0)}


def test_a_request_is_counted_with_the_community_of_its_filing() -> None:
    paper = whistle_town(Proposal(filing(), HOTLINE))
    moved = OrganisationAssigned(organisation="committee-1", community="branch-2")

    paper.accept(Proposal(moved, FOUNDER), Proposal(filing(request="request-1"), HOTLINE))

    assert whistling(paper) == {"branch-1": (1, 0), "branch-2": (1, 0)}


def test_a_body_is_counted_with_a_community_from_the_date_of_effect_on() -> None:
    tomorrow = START + timedelta(days=1)
    assigned = OrganisationAssigned(
        organisation="committee-2", community="branch-2", effective_from=tomorrow
    )
    paper = whistle_town(Proposal(assigned, FOUNDER))
    paper.accept(Proposal(filing(community="committee-2"), HOTLINE))

    paper.at = tomorrow
    paper.accept(Proposal(filing(request="request-1", community="committee-2"), HOTLINE))

    assert whistling(paper) == {"committee-2": (1, 0), "branch-2": (1, 0)}


def test_what_is_assigned_to_a_committee_is_of_its_branch() -> None:
    """A reference follows every assignment to the end."""
    paper = whistle_town(
        Proposal(OrganisationAssigned(organisation="unit-1", community="committee-1"), FOUNDER)
    )
    reference = town_reference.EMPTY
    for recorded in paper.history:
        reference = town_reference.evolve(reference, recorded)

    assert reference.community_of("unit-1", paper.at) == "branch-1"
    assert reference.community_of("unknown", paper.at) == "unknown"


# Packs


def test_a_pack_without_lists_leaves_none_of_the_one_before_in_force(
    board: Callable[..., Any],
) -> None:
    listed = {"subjects": (Subject(code="noise", name="噪声"),), "effective_from": START + HOUR}
    bare = dict.fromkeys(("pause_reasons", "exclusion_reasons", "decline_grounds"), ())
    paper = town(pack(2, **listed), pack(3, effective_from=START + 2 * HOUR, **bare))

    async def lists(connection: AsyncConnection[Any]) -> list[tuple[int, int]]:
        return [
            (len(shown.subjects), len(shown.reasons))
            for hours in (0, 1, 2)
            for shown in [await project_reading.project(connection, at=START + hours * HOUR)]
        ]

    assert board(paper, lists) == [(0, 3), (1, 3), (0, 0)]
