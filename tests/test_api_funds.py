"""The town's money over HTTP: as JSON and on the pages of a real server, with bad input too."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any

import pytest

from api.labels import yuan
from tests.api_server import Server

HTML = "text/html,application/xhtml+xml"
PROJECT = "/v1/projects/project-reading-room/funds"


def lines(server: Server, query: str = "") -> dict[str, dict[str, Any]]:
    """The lines by the end of their ids, which have the demonstration's year in them."""
    answer = server.get(f"/v1/disclosures/funds{query}")
    assert answer.status_code == 200, answer.text
    return {one["budget"].split("-", 2)[2]: one for one in answer.json()["budgets"]}


def proposed(server: Server, role: str, kind: str, **body: object) -> int:
    answer = server.post(role, {"kind": kind, "body": body})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["events"][0]["position"])


# JSON


def test_the_lines_are_in_fen_and_come_out_even(server: Server) -> None:
    found = lines(server)

    line = found["riverside-activity"]
    assert line["appropriated_fen"] == 1_000_000
    parts = ("uncommitted_fen", "committed_fen", "spent_fen", "returned_fen")
    assert sum(line[part] for part in parts) == line["appropriated_fen"]
    assert line["finding"] == "in_order"
    assert line["counted_fen"] == line["spent_fen"]
    assert all(isinstance(line[part], int) for part in parts)


def test_a_part_is_asked_for_by_community_year_and_line(server: Server) -> None:
    year = lines(server)["oldtown-activity"]["year"]

    found = lines(server, f"?community=branch-oldtown&year={year}&line=activity")

    assert [*found] == ["oldtown-activity"]
    assert lines(server, f"?year={year - 1}") == {}


def test_from_the_line_to_the_payment_to_the_project_and_back(server: Server) -> None:
    budget = lines(server)["riverside-activity"]["budget"]

    line = server.get(f"/v1/funds/{budget}").json()
    project = server.get(PROJECT).json()
    payment = next(one for one in line["movements"] if one["payment"])
    voucher = server.get(f"/v1/vouchers/{payment['digest']}").json()

    assert {one["project"] for one in line["commitments"]} == {
        "project-reading-room",
        "project-lights",
    }
    assert budget in {one["budget"] for one in project["commitments"]}
    assert voucher["movements"] == [payment]
    assert payment["digest"] == sha256(payment["payment"].encode()).hexdigest()
    for one in line["movements"]:
        event = server.get(f"/v1/events?after={one['position'] - 1}&limit=1", "auditor").json()
        assert one["kind"] in str(event)


def test_what_is_proposed_is_in_the_line_from_its_position_on(server: Server) -> None:
    line = lines(server)["oldtown-party-work"]
    position = proposed(
        server,
        "town-clerk",
        "fund_appropriated",
        budget=line["budget"],
        community="branch-oldtown",
        year=line["year"],
        line="party_work",
        amount_fen=1,
        document="镇财〔2026〕99号",
    )

    after = server.get(f"/v1/funds/{line['budget']}?min_position={position}").json()

    assert after["budget"]["appropriated_fen"] == line["appropriated_fen"] + 1
    assert after["movements"][0]["position"] == position
    assert after["movements"][0]["document"] == "镇财〔2026〕99号"


def test_a_document_that_has_given_is_refused_over_http(server: Server) -> None:
    line = lines(server)["oldtown-activity"]
    document = server.get(f"/v1/funds/{line['budget']}").json()["movements"][-1]["document"]
    body = {"community": "branch-oldtown", "year": line["year"], "line": "activity"}

    answer = server.post(
        "town-clerk",
        {"kind": "fund_appropriated", "body": {**body, "amount_fen": 1, "document": document}},
    )

    assert answer.status_code == 409
    assert (answer.json()["rule"], answer.json()["field"]) == ("document_used", "document")


def test_nobodys_pay_is_told_anywhere(server: Server) -> None:
    budget = lines(server)["riverside-allowance"]["budget"]
    paths = ("/v1/disclosures/funds", f"/v1/funds/{budget}", "/funds", f"/funds/{budget}", "/",
             "/v1/statements/funds")  # fmt: skip

    record = server.get(f"/v1/funds/{budget}").json()

    assert record["budget"]["spent_fen"] == 5 * 300_000
    assert record["budget"]["left_fen"] is None
    assert record["commitments"] == []
    assert [one["kind"] for one in record["movements"]] == ["fund_appropriated"]
    for path in paths:
        text = server.get(path).text
        assert "3,000.00" not in text
        assert not re.search(r"\b300000\b", text)
        assert "18,000.00" not in text
    digest = sha256(b"payment-004").hexdigest()
    assert server.get(f"/v1/vouchers/{digest}").status_code == 404
    assert server.get("/v1/projects/allowances/funds").status_code == 404


def test_a_statement_of_funds_says_of_which_log_it_is(server: Server) -> None:
    statement = server.get("/v1/statements/funds?line=activity").json()

    assert statement["disclosure"] == "funds"
    assert statement["query"] == {"line": "activity"}
    assert {one["line"] for one in statement["figures"]["budgets"]} == {"activity"}
    assert statement["size"] == statement["figures"]["as_of"]["position"]


@pytest.mark.parametrize(
    ("path", "status", "rule", "field"),
    [
        ("/v1/funds/nothing", 404, "unknown_budget", "budget"),
        ("/v1/projects/nothing/funds", 404, "unknown_project", "project"),
        (f"/v1/vouchers/{'0' * 64}", 404, "unknown_voucher", "digest"),
        ("/v1/funds/UPPER", 422, "invalid_parameter", "budget"),
        (f"/v1/funds/{'a' * 65}", 422, "invalid_parameter", "budget"),
        ("/v1/funds/%00", 422, "invalid_parameter", "budget"),
        ("/v1/projects/..%2F/funds", 404, None, None),
        ("/v1/vouchers/abc", 422, "invalid_parameter", "digest"),
        ("/v1/disclosures/funds?year=1999", 422, "invalid_parameter", "year"),
        ("/v1/disclosures/funds?year=x", 422, "invalid_parameter", "year"),
        ("/v1/disclosures/funds?line=pay", 422, "invalid_parameter", "line"),
        ("/v1/disclosures/funds?community=%27", 422, "invalid_parameter", "community"),
        ("/v1/disclosures/funds?pay=1", 422, None, "pay"),
        ("/v1/funds/nothing?before=0", 422, "invalid_parameter", "before"),
        ("/v1/funds/nothing?limit=201", 422, "invalid_parameter", "limit"),
        ("/v1/statements/funds?line=pay", 422, "invalid_parameter", "line"),
    ],
)
def test_bad_input_gets_a_problem_that_names_the_field(
    server: Server, path: str, status: int, rule: str | None, field: str | None
) -> None:
    answer = server.get(path)

    assert answer.status_code == status, answer.text
    problem = answer.json()
    assert rule is None or problem["rule"] == rule
    assert problem.get("field") == field


# Pages


def test_the_first_page_leads_to_the_lines_and_these_to_projects(server: Server) -> None:
    budget = lines(server)["riverside-activity"]["budget"]

    home = server.get("/", Accept=HTML).text
    funds = server.get("/funds", Accept=HTML).text
    line = server.get(f"/funds/{budget}", Accept=HTML).text
    project = server.get("/projects/project-reading-room/funds", Accept=HTML).text

    assert 'href="/funds"' in home
    assert "社区经费" in home
    assert f'href="/funds/{budget}"' in funds
    assert "河堤路社区党总支" in funds
    assert 'href="/projects/project-reading-room/funds"' in line
    assert "账实相符" in line
    assert f'href="/funds/{budget}"' in project
    assert 'href="/donations?project=project-reading-room"' in project


def test_amounts_on_the_pages_are_in_yuan_to_the_fen(server: Server) -> None:
    budget = lines(server)["riverside-activity"]

    line = server.get(f"/funds/{budget['budget']}", Accept=HTML).text

    assert "10,000.00元" in line
    assert "1,200.50元" in line
    assert yuan(budget["uncommitted_fen"]) in line


@pytest.mark.parametrize(
    ("fen", "said"),
    [(0, "0.00元"), (5, "0.05元"), (100, "1.00元"), (123_456_789, "1,234,567.89元"),
     (-5, "-0.05元"), (None, "不列")],
)  # fmt: skip
def test_an_amount_is_said_in_yuan(fen: int | None, said: str) -> None:
    assert yuan(fen) == said
