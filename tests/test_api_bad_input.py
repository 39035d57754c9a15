"""What comes in wrong gets a problem that names field and rule, and nothing is stored."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest

from api.settings import Limits
from tests.api_server import Server, filed

AWARD = {
    "account": "account-1",
    "deed": "deed-x",
    "deed_category": "patrol",
    "points": 1,
    "expires_on": None,
}


def body(text: str) -> bytes:
    return b'{"kind":"request_filed","body":' + text.encode() + b"}"


WRONG: list[tuple[str, object, int, str, str | None]] = [
    ("malformed JSON", b'{"kind": "request_filed",\n  "body": }', 400, "malformed_json", None),
    ("an empty body", b"", 400, "malformed_json", None),
    ("bad UTF-8", b'{"kind":"\xff"}', 400, "not_utf8", None),
    ("a lone surrogate", b'{"kind":"\\ud800"}', 400, "malformed_json", None),
    ("a raw NUL", b'{"kind":"a\x00"}', 400, "nul_byte", None),
    ("deep nesting", b"[" * 500 + b"]" * 500, 400, "too_deep", None),
    ("very deep nesting", b"[" * 100_000 + b"]" * 100_000, 400, "too_deep", None),
    ("a number beyond all", b'{"kind":1' + b"0" * 400 + b"}", 400, "malformed_json", None),
    ("a name twice", body('{"community":"a","community":"b"}'), 400, "duplicate_name", "community"),
    ("a name twice, with colons in texts", body('{"community":"a:b","community":"a::b"}'), 400,
     "duplicate_name", "community"),
    ("a name twice, an escape apart", body('{"subject":"\\u003a","subject":"x"}'), 400,
     "duplicate_name", "subject"),
    ("a number", b"7", 422, "not_a_proposal", None),
    ("an empty list", b"[]", 422, "not_a_proposal", None),
    ("a list of numbers", b"[7]", 422, "wrong_type", None),
    ("too many in a list", [filed()] * 1001, 422, "too_many_in_a_list", None),
    ("no kind", {"body": {}}, 422, "field_missing", "kind"),
    ("a kind that is a number", {"kind": 7, "body": {}}, 422, "wrong_type", "kind"),
    ("an unknown kind", {"kind": "town_sold", "body": {}}, 422, "unknown_kind", "kind"),
    ("no body", {"kind": "request_filed"}, 422, "field_missing", "body"),
    ("an unknown member", {**filed(), "color": 1}, 422, "unknown_field", "color"),
    ("an unknown field", filed(color=1), 422, "unknown_field", "color"),
    ("a missing field", {"kind": "request_accepted", "body": {}}, 422, "field_missing", "request"),
    ("a wrong type", filed(subject=7), 422, "wrong_type", "subject"),
    ("an id out of pattern", filed(subject="Noise!"), 422, "wrong_pattern", "subject"),
    ("an option that is none", filed(category="joke"), 422, "not_an_option", "category"),
    ("a NUL in a text", filed(details="a\x00b"), 422, "invalid_value", "details"),
    ("a text too long", filed(details="x" * 4001), 422, "too_long", "details"),
    ("a future version", {**filed(), "version": 99}, 422, "future_version", "version"),
    ("version zero", {**filed(), "version": 0}, 422, "wrong_type", "version"),
    ("version true", {**filed(), "version": True}, 422, "wrong_type", "version"),
    ("a date without zone", {**filed(), "occurred_at": "2026-03-01T08:00:00"}, 422,
     "date_without_zone", "occurred_at"),
    ("a date that is a number", {**filed(), "occurred_at": 1700000000}, 422, "wrong_type",
     "occurred_at"),
    ("a date that is a word", {**filed(), "occurred_at": "2026-yesterday"}, 422, "not_a_time",
     "occurred_at"),
    ("a date before the calendar", {**filed(), "occurred_at": "0001-01-01T00:00:00+08:00"}, 422,
     "out_of_range", "occurred_at"),
    ("a date ahead of the clock", {**filed(), "occurred_at": "2999-01-01T00:00:00Z"}, 422,
     "occurred_in_the_future", "occurred_at"),
    ("a cause that is no id", {**filed(), "cause": "because"}, 422, "wrong_pattern", "cause"),
    ("an organisation of another town", filed(community="other-towns"), 422,
     "unknown_organisation", "community"),
    ("a subject off the list", filed(subject="weather"), 422, "unknown_subject", "subject"),
    ("a case of another town", {"kind": "request_accepted", "body": {"request": "r-elsewhere"}},
     422, "unknown_request", "request"),
    ("a resident where there is no channel", {**filed(), "resident": "r-1"}, 422, "not_a_channel",
     "resident"),
    ("a commitment in place of a value", filed(details={"commitment": "0" * 64}), 422,
     "commitment_proposed", "details"),
    ("a kind of another office", {"kind": "love_points_awarded", "body": AWARD}, 403,
     "office_may_not", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("document", "status", "rule", "field"),
    [case[1:] for case in WRONG],
    ids=[case[0] for case in WRONG],
)
def test_a_wrong_proposal_is_refused_with_its_rule_and_field(
    server: Server, document: object, status: int, rule: str, field: str | None
) -> None:
    before = server.size()

    answer = server.post("hotline-clerk", document)

    problem = answer.json()
    assert (answer.status_code, problem["rule"], problem.get("field")) == (status, rule, field)
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["status"] == status
    assert problem["type"] == f"urn:mingzhang:problem:{rule}"
    assert problem["title"]
    assert problem["detail"]
    assert problem["accepted"]
    assert server.size() == before


@pytest.mark.parametrize("points", [2**53, 2**64, 0, -1], ids=["2^53", "2^64", "0", "-1"])
def test_points_beyond_what_every_reader_knows_exactly_are_refused(
    server: Server, points: int
) -> None:
    raw = json.dumps({"kind": "love_points_awarded", "body": {**AWARD, "points": points}})

    answer = server.post("committee-clerk", raw.encode())

    assert answer.status_code == 422
    assert answer.json()["field"] == "points"


@pytest.mark.parametrize("points", ["1.5", "1.0", "1e2", '"1"', "true", "null"])
def test_points_are_whole_numbers(server: Server, points: str) -> None:
    raw = json.dumps({"kind": "love_points_awarded", "body": {**AWARD, "points": 1}})

    answer = server.post(
        "committee-clerk", raw.replace('"points": 1', f'"points": {points}').encode()
    )

    assert (answer.status_code, answer.json()["rule"]) == (422, "wrong_type")


def test_malformed_json_is_located_by_line_and_column(server: Server) -> None:
    answer = server.post("hotline-clerk", b'{"kind": "request_filed",\n  "body": }')

    assert (answer.json()["line"], answer.json()["column"]) == (2, 11)


def test_in_a_list_the_culprit_is_named_and_nothing_of_the_list_is_stored(server: Server) -> None:
    before = server.size()
    several = [filed(), filed(), filed(subject=7)]

    answer = server.post("hotline-clerk", several)

    problem = answer.json()
    assert (problem["index"], problem["pointer"]) == (2, "/2/body/subject")
    assert server.size() == before


def test_a_rule_that_one_of_a_list_breaks_undoes_the_whole_list(server: Server) -> None:
    before = server.size()
    several = [filed(request="r-twice"), filed(request="r-twice")]

    answer = server.post("hotline-clerk", several)

    problem = answer.json()
    assert (answer.status_code, problem["rule"]) == (409, "request_exists")
    assert (problem["index"], problem["pointer"]) == (1, "/1/body/request")
    assert server.size() == before


def test_a_problem_never_repeats_a_personal_value(server: Server) -> None:
    secret = "13800138000" * 400

    answer = server.post("hotline-clerk", filed(telephone=secret))

    assert answer.status_code == 422
    assert "13800138000" not in answer.text


def test_a_body_that_declares_too_much_is_refused_before_it_is_read(server: Server) -> None:
    limit = Limits().body_bytes
    connection = http.client.HTTPConnection(*_address(server), timeout=30)

    connection.putrequest("POST", "/v1/events")
    connection.putheader("Authorization", f"Bearer {server.tokens['hotline-clerk']}")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(limit + 1))
    connection.endheaders()  # and not a byte of the body
    response = connection.getresponse()

    assert response.status == 413
    assert json.load(response)["rule"] == "body_too_large"
    connection.close()


def test_a_body_that_declares_nothing_is_refused_once_too_much_has_come(server: Server) -> None:
    chunk = b" " * 65_536

    def endless() -> Iterator[bytes]:
        for _ in range(Limits().body_bytes // len(chunk) + 1):
            yield chunk

    with server.client("hotline-clerk") as client:
        answer = client.post(
            "/v1/events", content=endless(), headers={"Content-Type": "application/json"}
        )

    assert (answer.status_code, answer.json()["rule"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
def test_a_body_that_is_not_json_is_refused(server: Server, headers: dict[str, str]) -> None:
    with server.client("hotline-clerk") as client:
        answer = client.post("/v1/events", content=b"{}", headers=headers)

    assert (answer.status_code, answer.json()["rule"]) == (415, "not_json")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nothing", 404),
        ("GET", "/docs", 404),
        ("POST", "/v1/events/", 404),
        ("DELETE", "/v1/events", 405),
        ("POST", "/healthz", 405),
    ],
)
def test_wrong_paths_and_methods_are_problems_too(
    server: Server, method: str, path: str, status: int
) -> None:
    with server.client() as client:
        answer = client.request(method, path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["accepted"]


def test_a_refused_method_names_all_methods_that_are_allowed(server: Server) -> None:
    with server.client() as client:
        answer = client.delete("/v1/events")

    assert answer.headers["allow"] == "GET, POST"


FEED_QUERIES: list[tuple[str, str]] = [
    ("after=-1", "after"),
    ("after=x", "after"),
    ("after=9007199254740992", "after"),
    ("limit=0", "limit"),
    ("limit=10001", "limit"),
    ("tag=plain", "tag.0"),
    ("kind=town_sold", "kind"),
    ("afterr=1", "afterr"),
]


@pytest.mark.parametrize(("query", "field"), FEED_QUERIES)
def test_a_wrong_query_of_the_feed_is_refused(server: Server, query: str, field: str) -> None:
    answer = server.get(f"/v1/events?{query}", "auditor")

    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "key", ["", "a b", "ä", "x" * 256], ids=["empty", "space", "umlaut", "long"]
)
def test_an_idempotency_key_that_is_not_visible_ascii_is_refused(server: Server, key: str) -> None:
    raw: Any = {"Idempotency-Key": key.encode("latin-1"), "Content-Type": b"application/json"}

    with server.client("hotline-clerk") as client:
        answer = client.post("/v1/events", json=filed(), headers=raw)

    assert (answer.status_code, answer.json()["rule"]) == (400, "idempotency_key_malformed")


def _address(server: Server) -> tuple[str, int]:
    host, _, port = server.url.removeprefix("http://").partition(":")
    return host, int(port)
