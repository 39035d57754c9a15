"""Taking part on a real server: what was done over HTTP is shown, and nothing that is nobody's."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.api_server import Server
from tests.test_donation_pages import HTML, accepted, propose

PATHS = ("/interaction", "/six-steps", "/pairings")


def test_the_demonstrations_opinions_are_shown_in_their_reviewed_wording(server: Server) -> None:
    document = server.get("/v1/interaction?limit=200").json()

    shown = [one["public_text"] for one in document["opinions"]]
    assert "居民反映小广场长椅损坏" in shown
    (riverside,) = (
        one for one in document["communities"] if one["community"] == "branch-riverside"
    )
    assert riverside["opinions"] >= 3 > len(shown)
    page = server.get("/interaction", Accept=HTML).text
    assert "居民反映小广场长椅损坏" in page
    assert "绿化休闲" in page
    assert "经办员" in page


def test_a_resident_posts_and_the_committee_replies_over_http(server: Server) -> None:
    poster, secret = str(uuid4()), "鹀在槐下"
    body = {"community": "committee-riverside", "topic": "parking", "text": secret}
    opinion = f"opinion-{poster}"

    accepted(server, "resident-channel", "opinion_posted", opinion=opinion, poster=poster, **body)
    wording = {"public_text": f"停车难（{poster[:8]}）", "reviewed_by": "p-riverside-secretary"}
    position = accepted(
        server, "committee-clerk", "opinion_replied", opinion=opinion, reply=secret, **wording
    )

    answer = server.get(f"/v1/interaction?min_position={position}")
    assert wording["public_text"] in [one["public_text"] for one in answer.json()["opinions"]]
    page = server.get(f"/interaction?min_position={position}", Accept=HTML).text
    assert wording["public_text"] in page
    for text in (answer.text, page):
        assert secret not in text
        assert poster not in text


def test_praise_over_http_is_counted_once(server: Server) -> None:
    praise = {"target_type": "organisation", "organisation": "dept-roads", "giver": str(uuid4())}

    position = accepted(server, "resident-channel", "praise_given", **praise)
    again = propose(server, "resident-channel", "praise_given", **praise)

    assert (again.status_code, again.json()["rule"]) == (409, "already_praised")
    document = server.get(f"/v1/interaction?min_position={position}").json()
    roads = [one["praises"] for one in document["praises"] if one["target"] == "dept-roads"]
    assert roads == [1]


def test_a_decision_and_its_result_are_shown_without_the_deliberation(server: Server) -> None:
    answer = server.get("/v1/six-steps")

    (matter,) = (
        one for one in answer.json()["matters"] if one["joint_matter"] == "matter-charging-sheds"
    )
    assert matter["outcome"] == "achieved"
    page = server.get("/six-steps", Accept=HTML).text
    assert "三号院增设非机动车充电棚" in page
    assert "已完成" in page
    for text in (answer.text, page):
        assert "多数住户支持" not in text
        assert "p-riverside-secretary" not in text


def test_pairings_are_shown_and_households_only_counted(server: Server) -> None:
    answer = server.get("/v1/pairings")

    document = answer.json()
    ends = {one["form"]: (one["organisations"], one["partners"]) for one in document["ends"]}
    assert ends == {"branches": (1, 2), "units": (1, 1)}
    assert {one["form"]: one["households"] for one in document["households"]} == {"units": 3}
    sessions = {one["theme"]: one["sessions"] for one in document["sessions"]}
    assert sessions == {"new_civic_customs": 2, "industry": 1}
    page = server.get("/pairings", Accept=HTML).text
    assert "山前村党支部（演示）" in page
    assert "新民风" in page


def test_a_part_is_that_of_a_community(server: Server) -> None:
    for path in PATHS:
        elsewhere = server.get(f"/v1{path}?community=branch-oldtown").json()
        listed = elsewhere.get("opinions", elsewhere.get("matters", elsewhere.get("pairings")))
        assert listed == []
        assert server.get(f"{path}?community=branch-oldtown", Accept=HTML).status_code == 200


def test_a_page_leads_to_the_one_before(server: Server) -> None:
    page = server.get("/pairings?limit=1", Accept=HTML).text

    assert "更早的结对" in page
    first = server.get("/v1/pairings?limit=1").json()
    assert f"before={first['next']}" in page


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("asked", "field"),
    [("before=0", "before"), ("limit=0", "limit"), ("community=A", "community"), ("x=1", "x")],
)
def test_what_cannot_be_asked_is_said_by_its_parameter(
    server: Server, path: str, asked: str, field: str
) -> None:
    answer = server.get(f"/v1{path}?{asked}")

    assert (answer.status_code, answer.json()["field"]) == (422, field)


@pytest.mark.parametrize(
    ("kind", "body", "status", "field"),
    [
        ("opinion_replied", {"opinion": "unheard-of", "reply": "…"}, 422, "opinion"),
        ("praise_given", {"target_type": "deed", "giver": "x-1"}, 422, "target_type"),
        ("praise_given", {"target_type": "person", "giver": "x-1"}, 422, "target_type"),
        ("opinions_collected", {"community": "committee-riverside", "title": "…", "opinions": 0},
         422, "opinions"),
        ("visits_made", {"joint_matter": "matter-charging-sheds", "visits": 1}, 409,
         "joint_matter"),
        ("pairing_formed", {"form": "branches", "organisation": "branch-riverside",
                            "partner": "village-hill"}, 409, "partner"),
        ("pairing_activity_held", {"pairings": [], "theme": "other", "participants": 1}, 422,
         "pairings"),
        ("pairing_ended", {"pairing": "unheard-of", "ground": "agreed"}, 422, "pairing"),
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
