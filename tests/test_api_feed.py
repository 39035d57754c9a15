"""The feed: every event once and in order, page by page, byte for byte."""

from __future__ import annotations

import re

import orjson
import pytest

from ledger.tlog.merkle import leaf_hash
from tests.api_server import Server

NDJSON = "application/x-ndjson"
LINE = re.compile(rb'\{"position":(\d+),"leaf":"([0-9a-f]{64})","record":(\{.*\})\}')


def test_following_the_links_gives_every_event_once_and_in_order(server: Server) -> None:
    size = server.size()
    positions: list[int] = []
    path = "/v1/events?limit=50"

    with server.client("auditor") as client:
        while path:
            answer = client.get(path)
            positions += [event["position"] for event in answer.json()["events"]]
            link = answer.links.get("next")
            path = link["url"] if link else ""

    assert positions == list(range(1, size + 1))


def test_ndjson_is_one_event_a_line_with_the_bytes_that_were_hashed(server: Server) -> None:
    size = server.size()

    answer = server.get("/v1/events?limit=10000", "auditor", Accept=NDJSON)

    assert answer.headers["content-type"].startswith(NDJSON)
    lines = answer.content.splitlines()
    assert len(lines) == size
    for number, line in enumerate(lines, start=1):
        match = LINE.fullmatch(line)
        assert match is not None
        assert int(match[1]) == number
        assert leaf_hash(match[3]).hex().encode() == match[2]


def test_json_and_ndjson_hold_the_same_events(server: Server) -> None:
    page = server.get("/v1/events?after=10&limit=25", "auditor").json()
    lines = server.get("/v1/events?after=10&limit=25", "auditor", Accept=NDJSON).content

    assert [orjson.loads(line) for line in lines.splitlines()] == page["events"]
    assert page["next_after"] == 35


def test_the_feed_can_be_narrowed_by_kinds_and_tags(server: Server) -> None:
    query = "kind=request_cleared&kind=request_filed&tag=request:request-001"

    events = server.get(f"/v1/events?{query}", "auditor").json()["events"]

    assert [event["record"]["kind"] for event in events] == ["request_filed", "request_cleared"]
    assert all("request:request-001" in event["record"]["tags"] for event in events)


def test_the_link_to_the_next_page_keeps_kinds_and_tags(server: Server) -> None:
    query = "limit=2&kind=request_filed&tag=docket:committee-oldtown"

    with server.client("auditor") as client:
        first = client.get(f"/v1/events?{query}")
        second = client.get(first.links["next"]["url"])

    kinds = {event["record"]["kind"] for event in second.json()["events"]}
    assert len(second.json()["events"]) == 2
    assert kinds == {"request_filed"}
    assert second.json()["events"][0]["position"] > first.json()["next_after"]


def test_at_the_head_there_is_nothing_and_where_to_ask_on(server: Server) -> None:
    size = server.size()

    answer = server.get(f"/v1/events?after={size}", "auditor")

    assert answer.json() == {"events": [], "next_after": size}
    assert "link" not in answer.headers


def test_records_hold_commitments_and_never_a_personal_value(server: Server) -> None:
    everything = server.get("/v1/events?limit=10000", "auditor", Accept=NDJSON).text

    assert "commitment" in everything
    assert "演示数据" not in everything


@pytest.mark.parametrize("accept", ["text/html", "application/xml, text/csv"])
def test_a_form_that_the_feed_does_not_have_is_refused(server: Server, accept: str) -> None:
    answer = server.get("/v1/events", "auditor", Accept=accept)

    assert (answer.status_code, answer.json()["rule"]) == (406, "not_acceptable")
