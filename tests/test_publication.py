"""What is published of requests: at fixed times, once, the same for everybody, and no more."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from ledger.domain.rules.rules import pack_of
from ledger.store.connections import connection_string
from ledger.store.memory import MemoryStore
from ledger.store.migrations import PUBLIC
from ledger.store.postgres import PostgresStore
from projections import fixed_times, publisher
from projections.all import ALL
from projections.decoding import recorded_at
from projections.fixed_times import is_due, last_due
from projections.live import Live
from projections.rebuild import rebuild
from projections.reference import Reference
from projections.schema import prepare, public_schema
from projections.suppression import MIN_CASES
from tests.api_server import Server, filed, wait_for
from tests.test_rebuild import long_life
from tests.town import RULES

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
LAST = "select at, position, digest from publication order by at desc limit 1"
ROUTES = (
    "/v1/disclosures/process",
    "/v1/disclosures/process?community=branch-riverside",
    "/v1/disclosures/process?category=help",
    "/v1/disclosures/process?period=2026",
    "/v1/disclosures/process/cases",
    "/v1/disclosures/process/cases?figure=open",
    "/v1/disclosures/evaluation",
    "/v1/disclosures/evaluation?lead=dept-water",
    "/v1/disclosures/evaluation/cases",
)


@pytest.fixture
def place(postgres_url: str, postgres_store: PostgresStore, schema: str) -> tuple[str, str]:
    prepare(postgres_url, schema)
    return postgres_url, schema


def look(place: tuple[str, str], statement: str) -> list[Any]:
    url, schema = place
    conninfo = connection_string(url, public_schema(schema), PUBLIC)
    with psycopg.connect(conninfo, row_factory=dict_row) as connection:
        return connection.execute(statement.encode()).fetchall()


def everything(place: tuple[str, str]) -> dict[str, list[Any]]:
    """The tables of the last publication."""
    return {
        "document": look(place, "select * from document order by 1, 2, 3"),
        "request_case": look(place, "select * from request_case order by number"),
        "judged_request": look(place, "select * from judged_request order by number"),
    }


# The fixed times


def test_fixed_times_are_counted_from_midnight_in_shanghai() -> None:
    packs = (pack_of(RULES.model_copy(update={"publish_every_minutes": 720})),)

    due = last_due(packs, NOON + timedelta(minutes=1) - datetime.resolution)

    assert is_due(packs, due)
    assert due <= NOON + timedelta(minutes=1)
    assert NOON - due < 720 * fixed_times.MINUTE


def test_without_a_pack_it_is_midnight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projections.fixed_times.MINUTE", timedelta(minutes=1))

    assert last_due((), NOON) == datetime(2026, 3, 1, 16, tzinfo=UTC)


def test_a_pack_has_no_say_in_the_times_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projections.fixed_times.MINUTE", timedelta(minutes=1))
    first = pack_of(RULES)
    hourly = first._replace(
        version=2, publish_every_minutes=60, effective_from=NOON + timedelta(minutes=30)
    )

    midnight = datetime(2026, 3, 1, 16, tzinfo=UTC)
    assert last_due((first, hourly), NOON + timedelta(minutes=40)) == midnight
    assert last_due((first, hourly), NOON + timedelta(minutes=60)) == NOON + timedelta(hours=1)


# One function of the log


def grown(place: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """What a live runner publishes of a long life as of a time in its middle."""
    whole = long_life().store()
    middle = whole.events[2 * whole.size() // 3]
    at = last_due((), recorded_at(middle.record))

    monkeypatch.setattr(publisher, "last_due", lambda packs, moment: at)
    growing = MemoryStore()
    live = Live(growing, *place)
    live.start()
    for first in range(0, whole.size(), 100):
        with growing.appended:
            growing.events += whole.events[first : first + 100]
            growing.appended.notify_all()
    wait_for(lambda: look(place, LAST) and look(place, LAST)[0]["digest"])
    wait_for(
        lambda: (
            {row["position"] for row in look(place, "select position from projection")}
            == {whole.size()}
        )
    )
    live.close()
    assert look(place, LAST)[0]["at"] == at
    assert look(place, LAST)[0]["position"] == publisher.position_at(whole, at, whole.size())
    return everything(place)


def test_live_a_rebuild_and_another_fold_publish_the_same(
    place: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    live = grown(place, monkeypatch)
    (made,) = look(place, LAST)

    rebuild(long_life().store(), *place)
    again = everything(place)
    (kept,) = look(place, LAST)
    short = MemoryStore()
    short.events = long_life().store().events[: made["position"]]
    rebuild(short, *place, at=made["at"])

    assert live["document"]
    assert again == live
    assert kept == made
    assert everything(place) == live
    assert look(place, LAST) == [made]


def test_a_fixed_time_is_published_once_whoever_tries_again(
    place: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    grown(place, monkeypatch)
    before = look(place, "select * from publication")
    restarted = Live(long_life().store(), *place)

    restarted.start()
    restarted.settled.wait(10)
    restarted.close()

    assert look(place, "select * from publication") == before
    assert len(before) == 1


def test_views_of_before_there_were_publications_get_one(place: tuple[str, str]) -> None:
    store = long_life().store()
    rebuild(store, *place)
    before = everything(place)
    url, schema = place
    with psycopg.connect(url, autocommit=True) as superuser:
        superuser.execute(
            sql.SQL("set search_path = {}").format(sql.Identifier(f"{schema}_public"))
        )
        for name in before:
            superuser.execute(sql.SQL("truncate publication, {}").format(sql.Identifier(name)))

    live = Live(store, *place)
    live.start()
    wait_for(lambda: look(place, LAST))
    live.close()

    assert before["document"]
    assert look(place, "select count(*) as tables from document") != [{"tables": 0}]


def test_a_crash_in_the_middle_leaves_the_publication_before(
    place: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    grown(place, monkeypatch)
    before, (made,) = everything(place), look(place, LAST)
    size = long_life().store().size()

    async def crash(*_: Any) -> str:
        raise ConnectionError("the process is gone")

    monkeypatch.setattr("projections.publishing.published_digest", crash)
    reference = Reference()
    later = made["at"] + timedelta(days=1)
    with pytest.raises(ConnectionError):
        asyncio.run(publisher._publish(*place, later, size, reference))

    assert everything(place) == before
    assert look(place, LAST) == [made]


def test_views_that_are_apart_are_not_mixed(
    place: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    grown(place, monkeypatch)
    (made,) = look(place, LAST)
    later = made["at"] + timedelta(days=1)

    with pytest.raises(publisher.Apart):
        asyncio.run(publisher._publish(*place, later, made["position"], Reference()))

    assert look(place, LAST) == [made]


def test_the_head_is_published_only_when_no_earlier_event_can_come() -> None:
    """A transaction that has begun before the fixed time is recorded by the clock under the lock:
    who has held the lock after that time has all of them before."""
    store = long_life().store()
    made = publisher.Publisher(store, "", "", ALL)

    due = made.due_at_head(Reference(), store.size())

    assert due is not None
    assert made.due_at_head(Reference(), store.size() - 1) is None  # one came meanwhile


def test_a_batch_under_way_at_the_fixed_time_is_waited_for(postgres_store: PostgresStore) -> None:
    made = publisher.Publisher(postgres_store, "", "", ALL)
    writer = postgres_store.writer()
    writer.lock(())

    with ThreadPoolExecutor() as pool:
        asked = pool.submit(made.due_at_head, Reference(), 0)
        with pytest.raises(TimeoutError):
            asked.result(0.5)
        writer.rollback()
        assert asked.result(10) is not None
    writer.close()


def test_events_after_a_fixed_time_wait_for_its_publication(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = long_life().store()
    events = store.events[-50:]
    at = recorded_at(events[20].record)
    monkeypatch.setattr(publisher, "last_due", lambda packs, moment: at)
    made = publisher.Publisher(store, "", "", ALL)

    first, due = made.before_due(events, Reference())

    assert due == at
    assert all(recorded_at(one.record) <= at for one in first)
    assert all(recorded_at(one.record) > at for one in events[len(first) :])


# What it tells


def test_no_listed_case_is_like_fewer_than_five(
    place: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    grown(place, monkeypatch)
    rows = everything(place)["request_case"]

    for fields in (("community", "category"), ("category",), ()):
        alike = Counter(
            (row["filed_week"], *(row[name] for name in fields))
            for row in rows
            if all(row[name] for name in fields)
        )
        assert all(count >= MIN_CASES for count in alike.values())
    assert all(row["category"] != "report" for row in rows)


def test_no_cell_of_a_document_counts_fewer_than_five(
    place: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = [
        (row["dimension"], json.loads(row["document"]))
        for row in grown(place, monkeypatch)["document"]
        if row["disclosure"] == "process"
    ]

    cells = [
        row
        for dimension, one in documents
        for other in ("community", "category", "period")
        if dimension in ("community", "category", "period") and other != dimension
        for row in one[f"by_{other}"] or ()
    ]
    assert any(row["suppressed"] for row in cells)
    for row in cells:
        measures = {
            name: value for name, value in row.items() if name not in ("name", "suppressed")
        }
        if row["suppressed"]:
            assert set(measures.values()) == {None}
        else:
            assert row["cases"] >= MIN_CASES


def test_a_gap_of_one_document_is_a_gap_of_every_other(
    place: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = {
        (row["disclosure"], row["dimension"], row["value"]): json.loads(row["document"])
        for row in grown(place, monkeypatch)["document"]
    }

    def gaps(disclosure: str, dimension: str, other: str) -> set[tuple[str, str]]:
        return {
            (value, row["name"])
            for (name, of, value), one in documents.items()
            if (name, of) == (disclosure, dimension)
            for row in one[f"by_{other}"] or ()
            if row["suppressed"]
        }

    every = set()
    for one, other in (("community", "category"), ("community", "period"), ("category", "period")):
        every |= gaps("process", one, other)
        found = gaps("process", one, other)
        back = {(first, second) for second, first in gaps("process", other, one)}
        assert found == back
        assert found == gaps("evaluation", one, other)
    asked = documents["process", "", ""]["asked"]
    hidden = {(row["community"], row["category"]) for row in asked if row["suppressed"]}
    assert hidden == gaps("process", "community", "category")
    assert every
    years = [one for (_, of, value), one in documents.items() if of == "period" and len(value) == 4]
    assert years
    assert all(one["by_community"] is one["by_category"] is None for one in years)


def test_what_a_publication_tells_has_no_moment_and_no_id_of_a_request(
    place: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    published = grown(place, monkeypatch)
    text = json.dumps(published, default=str)
    url, schema = place
    with psycopg.connect(url) as superuser:
        ids = superuser.execute(
            sql.SQL("select request from {}.request_case").format(sql.Identifier(f"{schema}_board"))
        ).fetchall()

    assert ids
    assert all(f'"{request}"' not in text for (request,) in ids)
    (at,) = {json.loads(row["document"])["as_of"]["at"] for row in published["document"]}
    stripped = text.replace(at, "")
    assert "T0" not in stripped
    assert "T1" not in stripped


# Over HTTP


@pytest.fixture(scope="module")
def hourly(server: Server) -> Iterator[Server]:
    """The server's fixed times are far apart from now on."""
    server.post("hotline-clerk", filed(category="report"))
    server.published()
    quick = fixed_times.MINUTE
    fixed_times.MINUTE = timedelta(days=30)
    yield server
    fixed_times.MINUTE = quick


def test_between_publications_nothing_that_is_made_of_requests_changes(hourly: Server) -> None:
    before = {path: hourly.get(path).content for path in ROUTES}
    path = "/v1/disclosures/process/cases/adversary"

    for act in (
        filed(request="adversary"),
        {"kind": "request_accepted", "body": {"request": "adversary"}},
        {"kind": "request_dispatched",
         "body": {"request": "adversary", "lead": "dept-water", "grade": "ordinary"}},
    ):  # fmt: skip
        position = hourly.post("hotline-clerk", act).json()["events"][0]["position"]
        seen = hourly.get(f"{path}?min_position={position}", "auditor")

        assert seen.json()["case"]["request"] == "adversary"
        assert {one: hourly.get(one).content for one in ROUTES} == before
        assert hourly.get(path).status_code == 404
        assert "adversary" not in hourly.get(f"/?min_position={position}").text


def test_reports_are_counted_and_never_listed(hourly: Server) -> None:
    counted = hourly.get("/v1/disclosures/process?category=report").json()["totals"]["cases"]
    listed = hourly.get("/v1/disclosures/process/cases?category=report").json()

    assert counted > 0
    assert (listed["listed"], listed["cases"], listed["counted"]) == (0, [], counted)


def test_two_dimensions_at_once_need_a_key(hourly: Server) -> None:
    path = "/v1/disclosures/process?community=branch-riverside&category=help"

    refused, answered = hourly.get(path), hourly.get(path, "auditor")

    assert (refused.status_code, refused.json()["rule"]) == (403, "needs_auditor_key")
    assert answered.status_code == 200
    assert answered.headers["cache-control"] == "private, no-store"
    assert answered.headers["vary"] == "Authorization"
    assert refused.json()["accepted"]


def test_a_key_of_another_scope_sees_what_the_public_sees(hourly: Server) -> None:
    path = "/v1/disclosures/process"

    assert hourly.get(path, "hotline-clerk").content == hourly.get(path).content
    unknown = hourly.get(path, Authorization="Bearer mz_" + "a" * 43)
    assert unknown.status_code == 401


def test_a_value_that_no_case_has_counts_none(hourly: Server) -> None:
    shown = hourly.get("/v1/disclosures/process?community=nobody").json()

    assert shown["totals"]["cases"] == 0
    assert shown["by_category"] == []
