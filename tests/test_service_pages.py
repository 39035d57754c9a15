"""Agents, promises and places: views that agree with a plain count, and pages on a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from psycopg import AsyncConnection

from ledger.clocks import local_day
from ledger.domain.requests.ratings import RatingTarget
from ledger.store.connections import connection_string
from ledger.store.contract import StoredEvent
from ledger.store.memory import MemoryStore
from ledger.store.migrations import PUBLIC
from ledger.store.postgres import PostgresStore
from ledger.tlog.merkle import leaf_hash
from projections import agents_reading, venues_reading
from projections.rebuild import rebuild
from projections.schema import prepare, public_schema
from tests.agents_acts import (
    assigned,
    booked,
    closed_place,
    completed,
    entrusted,
    inspected,
    opened_place,
    promised,
    rated,
    responsible,
    revoked,
    serving,
    step,
    visit_requested,
    visited,
)
from tests.api_server import Server
from tests.paper_ledger import PaperLedger
from tests.request_acts import on
from tests.town import RESIDENT

HTML = "text/html,application/xhtml+xml"
Read = Callable[[AsyncConnection[Any]], Awaitable[Any]]
Look = Callable[[PaperLedger, Read], Any]


@pytest.fixture
def board(postgres_url: str, postgres_store: PostgresStore, schema: str) -> Look:
    """Shows the views of a ledger on paper, in the public's role, to a function that reads."""
    prepare(postgres_url, schema)

    async def read_with(read: Read) -> Any:
        conninfo = connection_string(postgres_url, public_schema(schema), PUBLIC)
        async with await AsyncConnection.connect(conninfo, autocommit=True) as connection:
            return await read(connection)

    def look(paper: PaperLedger, read: Read) -> Any:
        store = MemoryStore()
        store.events = [
            StoredEvent(one.position, one.kind, one.tags, record, leaf_hash(record))
            for one, record in zip(paper.history, paper.records, strict=True)
        ]
        rebuild(store, postgres_url, schema)
        return asyncio.run(read_with(read))

    return look


def matters(paper: PaperLedger, hours: list[int]) -> None:
    """Matters of the first community, each completed after so many hours."""
    for number, one in enumerate(hours):
        of: dict[str, Any] = {"entrustment": f"done-{number}"}
        paper.accept(entrusted(**of), assigned(**of), step(**of))
        begun = paper.at - timedelta(seconds=2)
        paper.at = begun + timedelta(hours=one) - timedelta(seconds=1)
        paper.accept(completed(**of))


def test_matters_are_counted_and_their_durations_are_those_of_the_acts(board: Look) -> None:
    paper = serving()
    matters(paper, [1, 2, 3, 4, 50])
    paper.accept(
        rated(RatingTarget.AGENT, "done-0"),
        entrusted(),
        entrusted(entrustment="entrustment-2"),
        revoked(entrustment="entrustment-2"),
    )

    page = board(paper, lambda one: agents_reading.agents(one, at=on(3, 31, 23)))
    later = board(paper, lambda one: agents_reading.agents(one, at=on(4, 1, 0)))

    (found,) = page.communities
    assert (found.matters, found.open, found.completed, found.revoked) == (7, 1, 5, 1)
    assert (found.rated, found.poorly_rated, found.expired) == (1, 0, 0)
    assert (found.median_minutes, found.p90_minutes) == (180, 3000)
    assert [one.expired for one in later.communities] == [1]
    assert found.community == "branch-1"


def test_of_few_matters_no_duration_is_shown(board: Look) -> None:
    paper = serving()
    matters(paper, [1, 2, 3, 4])

    (found,) = board(paper, agents_reading.agents).communities

    assert (found.completed, found.median_minutes, found.p90_minutes) == (4, None, None)


def test_a_promise_is_kept_by_visits_in_time_and_broken_by_those_that_are_overdue(
    board: Look,
) -> None:
    """Two working days from Monday, 2 March: until Wednesday at six in the afternoon."""
    paper = serving(promised(), responsible())
    for number in range(4):
        paper.accept(visit_requested(visit=f"visit-{number}"))
    paper.at = on(3, 4, 18) - timedelta(seconds=1)
    paper.accept(visited(visit="visit-0"))
    paper.accept(visited(visit="visit-1"))
    paper.accept(promised("promise-2", supersedes="promise-1"))

    def shown(at: Any) -> Any:
        page = board(paper, lambda one: agents_reading.promises(one, at=at))
        return {one.promise: one for one in page.promises}

    first = shown(on(3, 4, 18))["promise-1"]
    assert (first.requested, first.made, first.within, first.late) == (4, 2, 1, 1)
    assert (first.overdue, first.kept.numerator, first.kept.denominator) == (0, 1, 2)
    assert first.superseded_by == "promise-2"
    overdue = shown(on(3, 4, 19))["promise-1"]
    assert (overdue.overdue, overdue.kept.denominator) == (2, 4)
    assert shown(on(3, 4, 19))["promise-2"].requested == 0


def test_areas_are_counted_from_their_date_of_effect_on(board: Look) -> None:
    paper = serving(responsible(), responsible(grid_unit="area-2", effective_from=on(5, 1, 0)))

    for at, count in ((on(3, 3, 0), 1), (on(5, 1, 0), 2)):
        page = board(paper, partial(agents_reading.promises, at=at))
        assert [one.areas for one in page.areas] == [count]


def test_a_place_is_used_once_its_time_is_over(board: Look) -> None:
    paper = serving(opened_place(), inspected(), booked(requester=RESIDENT.principal))
    paper.accept(booked(on(3, 5, 9), on(3, 5, 11), booking="booking-2"))
    paper.at = on(3, 3, 10)
    paper.accept(rated(RatingTarget.SERVICE_POINT, "booking-1"))

    for at, uses, minutes, ahead in (
        (on(3, 3, 9, 59), 0, 0, 2),
        (on(3, 3, 10), 1, 60, 1),
        (on(3, 5, 11), 2, 180, 0),
    ):
        record = board(paper, partial(venues_reading.place, identity="place-1", at=at))
        assert (record.place.uses, record.place.used_minutes) == (uses, minutes)
        assert len(record.ahead) == ahead
        assert (record.place.satisfied, record.place.rated) == (1, 1)
        assert record.place.finding == "fit"


def test_a_closed_place_says_so_and_comes_last(board: Look) -> None:
    paper = serving(opened_place(), opened_place(place="place-2", name="甲"), closed_place())

    page = board(paper, venues_reading.places)

    assert [(one.place, one.closed_for) for one in page.places] == [
        ("place-2", None), ("place-1", "moved"),
    ]  # fmt: skip


# On a real server


def test_the_demonstrations_matters_and_visits_are_counted(server: Server) -> None:
    (matter,) = server.get("/v1/agents").json()["communities"]
    (promise,) = server.get("/v1/promises").json()["promises"]

    assert matter["matters"] == matter["open"] + matter["completed"] + matter["revoked"] == 8
    assert (matter["completed"], matter["poorly_rated"]) == (6, 1)
    assert matter["median_minutes"] is not None
    assert (promise["requested"], promise["made"]) == (5, 4)
    assert promise["kept"]["denominator"] >= promise["made"]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/agents", "全程代办"),
        ("/promises", "两个工作日内上门服务"),
        ("/places", "河堤路社区老年大学"),
        ("/places/place-riverside-university", "周一 08:00–20:00"),
        ("/places?type=care_room", "河堤路小照料间"),
    ],
)
def test_each_has_a_page(server: Server, path: str, shown: str) -> None:
    answer = server.get(path, Accept=HTML)

    assert answer.status_code == 200
    assert shown in answer.text


def test_a_part_is_asked_for_by_community_and_type(server: Server) -> None:
    care = server.get("/v1/places?type=care_room&community=branch-riverside").json()["places"]

    assert [one["name"] for one in care] == ["河堤路小照料间"]
    assert server.get("/v1/agents?community=branch-oldtown").json()["communities"] == []
    assert server.get("/v1/promises?community=branch-oldtown").json()["promises"] == []


@pytest.mark.parametrize(
    ("path", "status", "rule"),
    [
        ("/v1/places/nowhere", 404, "unknown_place"),
        ("/v1/places?type=castle", 422, "invalid_parameter"),
        ("/v1/agents?unheard_of=1", 422, "unknown_parameter"),
    ],
)
def test_what_is_not_there_is_a_typed_problem(
    server: Server, path: str, status: int, rule: str
) -> None:
    answer = server.get(path)

    assert answer.status_code == status
    assert answer.json()["rule"] == rule


def test_a_resident_entrusts_and_revokes_through_a_channel(server: Server) -> None:
    entrustment, requester = f"matter-{uuid4()}", str(uuid4())
    body = {
        "entrustment": entrustment, "community": "committee-oldtown", "requester": requester,
        "matter": "pension", "scope": ["submitted"],
        "expires_on": str(local_day(datetime.now(UTC)) + timedelta(days=30)),
    }  # fmt: skip
    revocation = {"kind": "entrustment_revoked", "body": {"entrustment": entrustment}}

    given = server.post("resident-channel", {"kind": "agent_entrusted", "body": body})
    foreign = server.post("resident-channel", {**revocation, "resident": str(uuid4())})
    back = server.post("resident-channel", {**revocation, "resident": requester})

    assert (given.status_code, foreign.status_code, back.status_code) == (201, 403, 201)
    assert foreign.json()["rule"] == "not_the_requester"
    position = back.json()["events"][0]["position"]
    answer = server.get(f"/v1/agents?community=branch-oldtown&min_position={position}")
    assert [one["revoked"] for one in answer.json()["communities"]] == [1]
