"""Lists and projects on a real server: as JSON and as pages, proposed over HTTP, with bad input."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.api_server import Server
from tests.test_donation_pages import HTML, accepted, propose

ROOM, CANTEEN = "project-reading-room", "project-canteen"


def test_the_demonstrations_needs_are_counted_by_community(server: Server) -> None:
    document = server.get("/v1/lists?list_type=needs&limit=200").json()

    for row in document["counts"]:
        own = [one for one in document["items"] if one["community"] == row["community"]]
        assert row["matched"] == sum(one["matched"] > 0 for one in own)
        assert row["times_matched"] == sum(one["matched"] for one in own)
    assert {row["community"] for row in document["counts"]} >= {
        "branch-riverside", "branch-oldtown",
    }  # fmt: skip
    page = server.get("/lists", Accept=HTML).text
    for words in ("儿童周末阅读辅导", "需求清单", "资源清单", "项目清单", "示范小学", "已兑现"):
        assert words in page


def test_a_need_leads_to_what_meets_it_and_to_the_project(server: Server) -> None:
    document = server.get("/v1/lists/need-meals").json()

    (match,) = document["matches"]
    assert (match["offer"], match["quantity"]) == ("project-item-canteen", 15)
    page = server.get("/lists/need-meals", Accept=HTML).text
    assert 'href="/lists/project-item-canteen"' in page
    page = server.get("/lists/project-item-canteen", Accept=HTML).text
    assert f'href="/projects/{CANTEEN}"' in page
    page = server.get(f"/projects/{CANTEEN}", Accept=HTML).text
    assert 'href="/lists/need-meals"' in page


def test_a_project_stands_beside_its_money_and_its_rating(server: Server) -> None:
    document = server.get(f"/v1/projects/{ROOM}").json()

    project = document["project"]
    assert (project["stage"], project["units"]) == ("accepted", ["unit-school"])
    assert (project["rated"], project["content"]) == (3, 3)
    funds = server.get(f"/v1/projects/{ROOM}/funds").json()
    assert document["funds"]["spent_fen"] == funds["spent_fen"] > 0
    page = server.get(f"/projects/{ROOM}", Accept=HTML).text
    for words in ("社区阅览室共建", "已验收", "3/3", "示范小学", f"/projects/{ROOM}/funds"):
        assert words in page


def test_a_project_that_nobody_proposed_is_shown_by_its_money(server: Server) -> None:
    document = server.get("/v1/projects/project-lights").json()

    assert document["project"] is None
    assert document["funds"]["commitments"]
    assert "没有作为共建项目提出" in server.get("/projects/project-lights", Accept=HTML).text


def test_projects_are_listed_with_the_figures_of_all(server: Server) -> None:
    document = server.get("/v1/projects?community=branch-oldtown").json()

    assert document["figures"]["assistance_projects"] == 1
    assert document["figures"]["assisting_units"] == 2
    assert [one["project"] for one in document["projects"]] == [CANTEEN]
    page = server.get("/projects?project_type=assistance", Accept=HTML).text
    assert "独居老人助餐" in page
    assert "社区阅览室共建" not in page
    assert "帮扶单位" in page


def test_a_need_is_listed_matched_and_met_over_http(server: Server) -> None:
    item, match = f"need-{uuid4()}", f"match-{uuid4()}"
    offer = item.replace("need", "offer")
    usual = {"scope": "common", "community": "branch-riverside"}
    accepted(server, "committee-clerk", "list_item_added", list_item=item, list_type="needs",
             title="夜间照明", **usual)  # fmt: skip
    accepted(server, "urban-clerk", "list_item_added", list_item=offer, list_type="resources",
             title="路灯", provider="dept-urban", **usual)  # fmt: skip
    accepted(server, "committee-clerk", "items_matched", match=match, need=item, offer=offer)

    again = propose(server, "committee-clerk", "items_matched", need=item, offer=offer)
    position = accepted(server, "urban-clerk", "resource_contributed", match=match)

    assert (again.status_code, again.json()["rule"]) == (409, "exhausted")
    shown = server.get(f"/v1/lists/{item}?min_position={position}").json()
    assert shown["item"]["stage"] == "done"


def test_a_page_leads_to_the_one_before(server: Server) -> None:
    for path, words in (("/lists", "更早列入的"), ("/projects", "更早提出的")):
        page = server.get(f"{path}?limit=1", Accept=HTML).text
        following = server.get(f"/v1{path}?limit=1").json()["next"]
        assert words in page
        assert f"before={following}" in page


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("/lists/unheard-of", 404, "list_item"),
        ("/projects/unheard-of", 404, "project"),
        ("/lists?list_type=wishes", 422, "list_type"),
        ("/lists?before=0", 422, "before"),
        ("/lists?limit=0", 422, "limit"),
        ("/lists?community=A", 422, "community"),
        ("/projects?stage=lost", 422, "stage"),
        ("/projects?project_type=fun", 422, "project_type"),
        ("/projects?x=1", 422, "x"),
        (f"/projects/{ROOM}?before=x", 422, "before"),
    ],
)
def test_what_cannot_be_asked_is_said_by_its_parameter(
    server: Server, path: str, status: int, field: str
) -> None:
    answer = server.get(f"/v1{path}")

    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert server.get(path, Accept=HTML).status_code == status


@pytest.mark.parametrize(
    ("kind", "body", "status", "field"),
    [
        ("list_item_added", {"list_type": "wishes", "scope": "common", "title": "…",
                             "community": "branch-riverside"}, 422, "list_type"),
        ("list_item_added", {"list_type": "needs", "scope": "common", "title": "…", "quantity": 0,
                             "community": "branch-riverside"}, 422, "quantity"),
        ("list_item_revised", {"list_item": "need-pipes"}, 422, "title"),
        ("list_item_delisted", {"list_item": "need-pipes", "reason": "…"}, 422, "reason"),
        ("items_matched", {"need": "need-pipes", "offer": "unheard-of"}, 422, "offer"),
        ("resource_contributed", {"match": "unheard-of"}, 422, "match"),
        ("project_proposed", {"community": "branch-riverside", "title": "…", "places": 0,
                              "project_type": "service"}, 422, "places"),
        ("project_joined", {"project": ROOM, "unit": "unit-school"}, 409, "project"),
        ("project_progressed", {"project": ROOM, "progress_percent": 101, "achieved": "…"}, 422,
         "progress_percent"),
        ("project_completed", {"project": ROOM, "result": "…"}, 409, "project"),
        ("project_accepted", {"project": "project-lights", "is_accepted": True}, 422, "project"),
    ],
)  # fmt: skip
def test_bad_input_is_a_typed_refusal(
    server: Server, kind: str, body: dict[str, Any], status: int, field: str
) -> None:
    answer = propose(server, "committee-clerk", kind, **body)

    problem = answer.json()
    assert (answer.status_code, problem["field"]) == (status, field), problem
    assert problem["rule"]
    assert problem["accepted"]
