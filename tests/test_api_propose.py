"""Proposals over HTTP: what is answered, what is remembered, and what a full queue says."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import httpx
import psycopg

from api.receipts import sweep
from api.settings import Settings
from ledger.catalogue import KINDS
from ledger.tlog.merkle import leaf_hash
from tests.api_server import Server, filed, found, serving, wait_for


@contextmanager
def log_held(settings: Settings) -> Iterator[None]:
    """Somebody else appends, and takes their time: the log's lock is held."""
    assert settings.database_url is not None
    digest = sha256(f"log {settings.schema}".encode()).digest()
    key = int.from_bytes(digest[:8], signed=True)
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [key])
        try:
            yield
        finally:
            connection.execute("select pg_advisory_unlock(%s)", [key])


def waiting_for_lock(settings: Settings) -> bool:
    """Whether a batch waits for the log's lock."""
    assert settings.database_url is not None
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        found_ = connection.execute(
            "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        ).fetchone()
    return bool(found_ and found_[0])


def test_an_answer_gives_position_and_leaf_to_hold_the_ledger_to(server: Server) -> None:
    answer = server.post("hotline-clerk", filed(request="r-leaf"))

    (told,) = answer.json()["events"]
    raw = server.get(f"/v1/events?after={told['position'] - 1}&limit=1", "auditor").content
    record = raw[raw.index(b'"record":') + len(b'"record":') : raw.index(b'}],"next_after"')]
    assert answer.status_code == 201
    assert leaf_hash(record).hex() == told["leaf"]
    assert told["kind"] == "request_filed"
    assert told["tags"] == ["docket:committee-riverside", "request:r-leaf"]
    assert told["recorded_at"].endswith("Z")


def test_a_list_gets_contiguous_positions_in_its_order(server: Server) -> None:
    several = [filed(request=f"r-list-{number}") for number in range(20)]

    answer = server.post("hotline-clerk", several)

    told = answer.json()["events"]
    first = told[0]["position"]
    assert [one["position"] for one in told] == list(range(first, first + 20))
    assert [one["tags"][1] for one in told] == [f"request:r-list-{n}" for n in range(20)]


def test_occurred_at_is_kept_as_claimed_and_in_utc(server: Server) -> None:
    claimed = {**filed(), "occurred_at": "2026-03-01T16:00:00.25+08:00"}

    position = server.post("hotline-clerk", claimed).json()["events"][0]["position"]

    read = server.get(f"/v1/events?after={position - 1}&limit=1", "auditor").json()
    assert read["events"][0]["record"]["occurred_at"] == "2026-03-01T08:00:00.250000Z"


def test_the_same_key_and_body_get_the_same_answer_again(server: Server) -> None:
    first = server.post("hotline-clerk", filed(), "same")
    size = server.size()

    again = server.post("hotline-clerk", filed(), "same")

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.content == first.content
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert server.size() == size


def test_the_same_key_with_another_body_is_refused(server: Server) -> None:
    server.post("hotline-clerk", filed(), "other body")
    size = server.size()

    server.post("hotline-clerk", filed(), "reused")
    again = server.post("hotline-clerk", filed(subject="other"), "reused")

    assert (again.status_code, again.json()["rule"]) == (422, "idempotency_key_reused")
    assert server.size() == size + 1


def test_the_same_key_of_another_principal_is_another_key(server: Server) -> None:
    first = server.post("hotline-clerk", filed(), "shared")

    other = server.post("resident-channel", filed(), "shared")

    assert (first.status_code, other.status_code) == (201, 201)


def test_a_channel_learns_its_resident_from_a_replayed_answer_too(server: Server) -> None:
    first = server.post("resident-channel", filed(), "channel")

    again = server.post("resident-channel", filed(), "channel")

    assert again.status_code == 200
    assert again.json() == first.json()


def test_a_refused_proposal_leaves_its_key_free(server: Server) -> None:
    refused = server.post("hotline-clerk", filed(subject="weather"), "free")

    accepted = server.post("hotline-clerk", filed(), "free")

    assert (refused.status_code, accepted.status_code) == (422, 201)


def test_a_key_in_flight_is_refused_until_it_is_answered(server: Server) -> None:
    with ThreadPoolExecutor() as pool:
        with log_held(server.settings):
            first = pool.submit(server.post, "hotline-clerk", filed(), "in-flight")
            wait_for(lambda: waiting_for_lock(server.settings))
            second = server.post("hotline-clerk", filed(), "in-flight")
        answered = first.result()

    assert (second.status_code, second.json()["rule"]) == (409, "idempotency_key_in_flight")
    assert "retry-after" in second.headers
    assert answered.status_code == 201
    assert server.post("hotline-clerk", filed(), "in-flight").content == answered.content


def test_of_many_at_once_under_one_key_one_is_stored(server: Server) -> None:
    size = server.size()
    together = threading.Barrier(8)

    def send() -> httpx.Response:
        together.wait()
        return server.post("hotline-clerk", filed(), "together")

    with ThreadPoolExecutor(8) as pool:
        sent: list[Future[httpx.Response]] = [pool.submit(send) for _ in range(8)]
        answers = [one.result() for one in sent]

    states = sorted(answer.status_code for answer in answers)
    assert states.count(201) == 1
    assert set(states) <= {200, 201, 409}
    assert server.size() == size + 1


def test_an_answer_is_remembered_over_a_restart_and_forgotten_after_a_week(
    postgres_url: str, schema: str, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path, database_url=postgres_url, schema=schema)
    tokens = found(settings)
    with serving(settings, tokens) as server:
        first = server.post("hotline-clerk", filed(), "restart")

    with serving(settings, tokens) as server:
        again = server.post("hotline-clerk", filed(), "restart")
        kept = _sweep(settings, days=7)
        swept = _sweep(settings, days=0)
        forgotten = server.post("hotline-clerk", filed(), "restart")

    assert (again.status_code, again.content) == (200, first.content)
    assert (kept, swept) == (0, 1)
    assert forgotten.status_code == 201


def test_a_full_queue_is_said_at_once_and_says_when_to_try_again(
    postgres_url: str, schema: str, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path, database_url=postgres_url, schema=schema)
    tokens = found(settings)
    settings = replace(settings, queue_events=2)
    with serving(settings, tokens) as server, ThreadPoolExecutor(8) as pool:
        with log_held(settings):
            batch = pool.submit(server.post, "hotline-clerk", filed())
            wait_for(lambda: waiting_for_lock(settings))
            others = [pool.submit(server.post, "hotline-clerk", filed()) for _ in range(6)]
            wait_for(lambda: sum(one.done() for one in others) == 4)
            full = [one.result() for one in others if one.done()]
            under_way = [one for one in (batch, *others) if not one.done()]
        answered = [one.result().status_code for one in under_way]

    for answer in full:
        assert (answer.status_code, answer.json()["rule"]) == (503, "queue_full")
        assert int(answer.headers["retry-after"]) >= 1
    assert answered == [201, 201, 201]


def test_a_writer_reads_its_own_writes(server: Server) -> None:
    for number in range(10):
        told = server.post("hotline-clerk", filed(request=f"r-own-{number}")).json()["events"][0]

        path = f"/v1/disclosures/process/cases/r-own-{number}"
        seen = server.get(f"{path}?min_position={told['position']}", "auditor")

        assert seen.status_code == 200
        assert seen.json()["as_of"]["position"] >= told["position"]


def test_a_position_that_does_not_come_is_waited_for_in_bounds(
    postgres_url: str, schema: str, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path, database_url=postgres_url, schema=schema)
    tokens = found(settings)
    impatient = replace(settings, limits=replace(settings.limits, min_position_seconds=0.3))
    with serving(impatient, tokens) as server:
        for path in ("/v1/disclosures/project", "/v1/rankings", "/v1/points/account-1"):
            answer = server.get(f"{path}?min_position=1000000")

            assert (answer.status_code, answer.json()["rule"]) == (503, "position_not_reached")
            assert "retry-after" in answer.headers


def test_openapi_describes_every_kind_with_its_schema(server: Server) -> None:
    document = server.get("/openapi.json").json()
    kinds = [one["kind"] for one in server.get("/v1/schemas").json()["kinds"]]
    body = document["paths"]["/v1/events"]["post"]["requestBody"]["content"]["application/json"]
    proposal = body["schema"]["anyOf"][0]

    assert document["openapi"].startswith("3.1")
    assert sorted(kinds) == sorted(KINDS)
    assert sorted(proposal["discriminator"]["mapping"]) == sorted(kinds)
    references = set(_references(document))
    assert references
    for reference in references:
        assert reference.removeprefix("#/components/schemas/") in document["components"]["schemas"]
    for kind in kinds:
        assert server.get(f"/v1/schemas/{kind}").json()["x-kind"] == kind


def test_an_unknown_kind_has_no_schema(server: Server) -> None:
    answer = server.get("/v1/schemas/town_sold")

    assert (answer.status_code, answer.json()["rule"]) == (404, "unknown_kind")


def _references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def _sweep(settings: Settings, days: int) -> int:
    assert settings.database_url is not None
    return asyncio.run(sweep(settings.database_url, settings.schema, days))
