"""Donations on a real server: sums that agree with the log, pages that lead both ways, no names."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from api.settings import Settings
from tests.api_server import Server, found, serving, wait_for

HTML = "text/html,application/xhtml+xml"
NAME = "𡈽金丝雀"
GOODS = [{"item": "rice", "name": "大米", "unit": "bag", "quantity": 5}]


def propose(server: Server, role: str, kind: str, **body: Any) -> Any:
    return server.post(role, {"kind": kind, "body": body}, str(uuid4()))


def accepted(server: Server, role: str, kind: str, **body: Any) -> int:
    answer = propose(server, role, kind, **body)
    assert answer.status_code == 201, answer.text
    position: int = answer.json()["events"][0]["position"]
    return position


def given(server: Server, **body: Any) -> str:
    """A donation for the love bank, taken in by the one clerk; its id."""
    donation = f"given-{uuid4()}"
    usual = {"receipt": donation, "donor_type": "person", "purpose": "love_bank"}
    accepted(server, "committee-clerk", "donation_received", donation=donation, **{**usual, **body})
    return donation


def test_the_demonstrations_sums_are_those_of_its_donations(server: Server) -> None:
    document = server.get("/v1/donations?limit=200").json()

    for row in document["money"]:
        own = [one for one in document["donations"] if one["purpose"] == row["purpose"]]
        assert row["donations"] == len(own)
        for figure in ("amount_fen", "used_fen", "returned_fen", "left_fen"):
            assert row[figure] == sum(one[figure] for one in own)
    assert {one["purpose"] for one in document["money"]} == {
        "love_bank", "project", "households", "unrestricted",
    }  # fmt: skip
    rice = [one for one in document["goods_by_purpose"] if one["name"] == "大米（5公斤）"]
    assert [(one["quantity"], one["used"], one["left"]) for one in rice] == [(30, 25, 5)]


def test_a_donation_leads_to_its_uses_and_a_reward_to_its_donations(server: Server) -> None:
    donation = server.get("/v1/donations/donation-003").json()
    (use, back) = donation["uses"]

    assert (use["reward"], use["quantity"], back["return_ground"]) == ("reward-rice", 25, "unfit")
    of_reward = server.get(f"/v1/donations?reward={use['reward']}").json()["donations"]
    assert "donation-003" in [one["donation"] for one in of_reward]
    of_project = server.get("/v1/donations?project=project-reading-room").json()["donations"]
    assert [one["donation"] for one in of_project] == ["donation-004", "donation-001"]
    page = server.get("/rewards", Accept=HTML).text
    assert "/donations?reward=reward-rice" in page
    page = server.get("/donations/donation-003", Accept=HTML).text
    assert "大米（5公斤）" in page
    assert 'href="/rewards"' in page


def test_an_organisation_is_named_where_it_agreed_and_nobody_else_is(server: Server) -> None:
    silent = given(server, donor_type="organisation", donor_organisation="unit-school",
                   goods=GOODS)  # fmt: skip
    position = server.size()

    document = server.get(f"/v1/donations?limit=200&min_position={position}").json()

    named = {one["donation"]: one["donor_organisation"] for one in document["donations"]}
    assert named["donation-001"] == "unit-school"
    assert named[silent] is None
    assert {one["name"] for one in document["donations"]} == {None}
    assert "示范小学" in server.get("/donations/donation-001", Accept=HTML).text
    page = server.get(f"/donations/{silent}", Accept=HTML).text
    assert "示范小学" not in page
    assert "匿名" in page


def test_pages_come_one_after_the_other(server: Server) -> None:
    whole = [one["donation"] for one in server.get("/v1/donations?limit=200").json()["donations"]]
    seen: list[str] = []
    before = ""
    while True:
        page = server.get(f"/v1/donations?limit=2{before}").json()
        seen += [one["donation"] for one in page["donations"]]
        if page["next"] is None:
            break
        before = f"&before={page['next']}"

    assert seen == whole
    assert "更早的捐赠" in server.get("/donations?limit=2", Accept=HTML).text


def test_a_donated_reward_is_restocked_over_http_and_shown_as_donated(server: Server) -> None:
    donation = given(server, goods=GOODS)
    body = {"reward": "reward-rice", "donation": donation, "item": "rice"}

    position = accepted(server, "committee-clerk-b", "reward_restocked", quantity=5, **body)
    refused = propose(server, "committee-clerk-b", "reward_restocked", quantity=1, **body)

    assert (refused.status_code, refused.json()["rule"]) == (409, "beyond_what_is_left")
    rewards = server.get(f"/v1/rewards?min_position={position}").json()["rewards"]
    (rice,) = [one for one in rewards if one["reward"] == "reward-rice"]
    assert rice["donated"] >= 30
    record = server.get(f"/v1/donations/{donation}?min_position={position}").json()
    assert [(one["quantity"], one["left"]) for one in record["goods"]] == [(5, 0)]
    assert [one["reward"] for one in record["uses"]] == ["reward-rice"]


def test_a_donors_name_is_shown_by_consent_and_no_longer(
    postgres_url: str, schema: str, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path, database_url=postgres_url, schema=schema)
    with serving(settings, found(settings)) as server:
        donation = given(server, name=NAME, amount_fen=100)
        about = {"subject": f"donation:{donation}", "purpose": "show_name"}
        by_form = {**about, "evidence": "signed_form"}

        def name() -> Any:
            answer = server.get(f"/v1/donations/{donation}?min_position=1")
            return answer.json()["donation"]["name"] if answer.status_code == 200 else ""

        wait_for(lambda: name() is None)
        accepted(server, "committee-clerk", "consent_given", **by_form)
        wait_for(lambda: name() == NAME)
        for path in (f"/donations/{donation}", "/donations", "/"):
            assert NAME in server.get(path, Accept=HTML).text
        accepted(server, "committee-clerk", "consent_withdrawn", **by_form)
        wait_for(lambda: name() is None)
        for path in (f"/donations/{donation}", "/donations", "/"):
            assert NAME not in server.get(path, Accept=HTML).text


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("/v1/donations/unheard-of", 404, "donation"),
        ("/v1/donations?purpose=anything", 422, "purpose"),
        ("/v1/donations?before=0", 422, "before"),
        ("/v1/donations?before=1.5", 422, "before"),
        ("/v1/donations?limit=0", 422, "limit"),
        ("/v1/donations?reward=A", 422, "reward"),
        ("/v1/donations?donor=x", 422, "donor"),
    ],
)
def test_what_cannot_be_asked_is_said_by_its_parameter(
    server: Server, path: str, status: int, field: str
) -> None:
    answer = server.get(path)

    assert answer.status_code == status
    assert answer.json()["field"] == field


@pytest.mark.parametrize(
    ("kind", "body", "status", "field"),
    [
        ("donation_received", {"amount_fen": 0}, 422, "amount_fen"),
        ("donation_received", {"amount_fen": -5}, 422, "amount_fen"),
        ("donation_received", {"amount_fen": 10**30}, 422, "amount_fen"),
        ("donation_received", {"amount_fen": 0.5}, 422, "amount_fen"),
        ("donation_received", {"amount_fen": "1"}, 422, "amount_fen"),
        ("donation_received", {"goods": [{**GOODS[0], "quantity": 0}]}, 422,
         "goods.0.quantity"),
        ("donation_received", {"goods": [{**GOODS[0], "unit": "truck"}]}, 422,
         "goods.0.unit"),
        ("donation_received", {}, 422, "goods"),
        ("donation_used", {"donation": "unheard-of", "amount_fen": 1, "project": "p"}, 422,
         "donation"),
        ("donation_used", {"donation": "donation-001", "item": "picture-books", "quantity": 1,
                           "household_category": "pupils"}, 422, "household_category"),
        ("donation_used", {"donation": "donation-002", "amount_fen": 10**11,
                           "household_category": "pupils"}, 409, "amount_fen"),
        ("donation_returned", {"donation": "donation-004", "amount_fen": 1,
                               "ground": "unfit"}, 409, "donation"),
    ],
)  # fmt: skip
def test_bad_input_is_a_typed_refusal(
    server: Server, kind: str, body: dict[str, Any], status: int, field: str
) -> None:
    usual = {"receipt": "r-1", "donor_type": "person", "purpose": "unrestricted"}
    given_ = {**usual, **body} if kind == "donation_received" else body

    answer = propose(server, "committee-clerk-b", kind, **given_)

    problem = answer.json()
    assert (answer.status_code, problem["field"]) == (status, field), problem
    assert problem["rule"]
    assert problem["accepted"]
