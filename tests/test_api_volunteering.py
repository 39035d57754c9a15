"""Service on a real server: figures that agree with the acts, what is open, and nobody's name."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.api_server import Server

HTML = "text/html,application/xhtml+xml"
PERSONS = ("p-teacher", "p-coach", "p-nurse")
PAGES = ("/volunteering", "/volunteering/posts", "/volunteering/orders")


def accepted(server: Server, role: str, kind: str, **body: object) -> int:
    answer = server.post(role, {"kind": kind, "body": body})
    assert answer.status_code == 201, answer.text
    position: int = answer.json()["events"][0]["position"]
    return position


def test_the_demonstrations_figures_are_those_of_its_acts(server: Server) -> None:
    document = server.get("/v1/volunteering").json()

    assert document["members"] == {
        "members": 3,
        "deeds": 3,
        "deeds_by_members": 3,
        "persons": 1,
        "persons_by_members": 1,
    }
    posts = document["posts"]
    assert (posts["posts"], posts["places"], posts["taken"], posts["free"]) == (2, 6, 2, 4)
    assert (posts["claimed_places"], posts["services"], posts["hours"]) == (3, 3, 6)
    assert document["orders"]["confirmed"] == 1
    assert document["orders"]["mean_minutes"] == 2 * 24 * 60
    assert document["help"] == {"given": 3, "confirmed": 2, "rejected": 0}
    assert (document["outreach_sessions"], document["outreach_units"]) == (2, 2)
    assert [one["strand"] for one in document["joint_actions"]] == ["environment", "security"]


def test_a_community_without_service_shows_zeros(server: Server) -> None:
    document = server.get("/v1/volunteering?community=branch-oldtown").json()

    assert set(document["members"].values()) == {0}
    assert document["joint_actions"] == []


def test_what_is_opened_is_listed_until_it_is_full_or_chosen(server: Server) -> None:
    post, order = f"post-{uuid4()}", f"order-{uuid4()}"
    accepted(
        server, "branch-secretary", "post_opened",
        post=post, title="楼道整理", post_category="clean-up", places=1,
    )  # fmt: skip
    position = accepted(
        server, "branch-secretary", "order_drafted",
        order=order, title="陪同就医", order_category="elder-care",
    )  # fmt: skip

    posts = server.get(f"/v1/volunteering/posts?limit=1&min_position={position}").json()
    orders = server.get(f"/v1/volunteering/orders?limit=1&min_position={position}").json()
    assert [one["post"] for one in posts["posts"]] == [post]
    assert [one["order"] for one in orders["orders"]] == [order]
    assert posts["next"] == posts["posts"][0]["position"]

    accepted(
        server, "committee-clerk", "post_claimed",
        post=post, member="p-teacher", unit="unit-school",
    )  # fmt: skip
    position = accepted(
        server, "resident-channel", "order_chosen", order=order, chosen_by=str(uuid4())
    )

    posts = server.get(f"/v1/volunteering/posts?min_position={position}").json()
    orders = server.get(f"/v1/volunteering/orders?min_position={position}").json()
    assert post not in [one["post"] for one in posts["posts"]]
    assert order not in [one["order"] for one in orders["orders"]]


def test_a_channel_chooses_under_an_id_that_is_minted_for_the_order(server: Server) -> None:
    order = f"order-{uuid4()}"
    accepted(
        server, "branch-secretary", "order_drafted",
        order=order, title="代购", order_category="elder-care",
    )  # fmt: skip

    answer = server.post("resident-channel", {"kind": "order_chosen", "body": {"order": order}})

    assert answer.status_code == 201
    assert answer.json()["events"][0]["resident"]


def test_an_id_that_names_somebody_is_refused(server: Server) -> None:
    body = {
        "community": "branch-riverside", "helper": "p-nurse", "unit": "unit-clinic",
        "beneficiary": "13900001111", "beneficiary_category": "elders", "help_category": "visit",
    }  # fmt: skip

    answer = server.post("committee-clerk", {"kind": "help_given", "body": body})

    problem = answer.json()
    assert (answer.status_code, problem["rule"]) == (422, "telling_id")
    assert "beneficiary" in str(problem)


@pytest.mark.parametrize("page", PAGES)
def test_the_pages_tell_what_is_open_and_nobodys_name(server: Server, page: str) -> None:
    shown = server.get(page, Accept=HTML)
    told = server.get(f"/v1{page}")

    assert shown.status_code == told.status_code == 200
    assert "志愿服务" in shown.text
    for person in PERSONS:
        assert person not in shown.text
        assert person not in told.text


def test_the_page_leads_to_each_community(server: Server) -> None:
    page = server.get("/volunteering", Accept=HTML).text

    assert "/volunteering?community=branch-riverside" in page
    assert "认领岗位的驻区单位党员" in page
    of_one = server.get("/volunteering?community=branch-riverside", Accept=HTML).text
    assert "社区：河堤路社区党总支" in of_one


@pytest.mark.parametrize("query", ["before=0", "limit=0", "community=A_B", "who=me"])
def test_what_may_not_be_asked_is_a_problem_and_an_apology(server: Server, query: str) -> None:
    assert server.get(f"/v1/volunteering/posts?{query}").status_code == 422
    assert server.get(f"/volunteering/posts?{query}", Accept=HTML).status_code == 422
