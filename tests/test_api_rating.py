"""Rankings and honours over HTTP, on a real server: recomputed by a stranger, and as pages."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from api.shown_names import masked
from tests.api_server import Server, wait_for
from tests.rating_acts import plain_digest

HTML = "text/html,application/xhtml+xml"
NAME = "示范某甲乙"
"""Nobody's name."""
COMMUNITY = "committee-riverside"


def ranked(server: Server, stage: str) -> dict[str, Any]:
    """The demonstration's period at that stage, whole."""
    page = server.get("/v1/rankings/periods").json()
    (period,) = [one["period"] for one in page["periods"] if one["stage"] == stage]
    return whole(server, period)


def whole(server: Server, period: str) -> dict[str, Any]:
    document: dict[str, Any] = server.get(f"/v1/rankings/periods/{period}").json()
    return document


def recomputed(document: dict[str, Any]) -> str:
    """The digest as the documentation says it is made, from the answer alone."""
    period = document["period"]
    lines = [(one["place"], one["account"], one["points"]) for one in document["standings"]]
    months = (period["first_month"], period["last_month"])
    return plain_digest(period["period"], lines, period["community"], period["holder_type"], months)


def accepted(
    server: Server, role: str, kind: str, occurred_at: str | None = None, **body: Any
) -> int:
    """Proposes what is accepted; the position of it, which the views then show."""
    answer = proposed(server, role, kind, occurred_at, **body)
    assert answer.status_code == 201, answer.text
    position: int = answer.json()["events"][0]["position"]
    return position


def proposed(
    server: Server, role: str, kind: str, occurred_at: str | None = None, **body: Any
) -> httpx.Response:
    document = {"kind": kind, "body": body}
    return server.post(role, document if occurred_at is None else
                       {**document, "occurred_at": occurred_at})  # fmt: skip


def test_a_stranger_computes_the_digest_of_published_standings(server: Server) -> None:
    document = ranked(server, "published")

    assert document["standings"]
    assert recomputed(document) == document["period"]["digest"] == document["computed_digest"]


def test_a_line_leads_to_the_awards_of_its_account_with_their_positions(server: Server) -> None:
    document = ranked(server, "published")
    period = document["period"]

    for line in document["standings"]:
        postings = server.get(f"{line['archive']}?limit=200").json()["postings"]
        earned = [
            one["points"]
            for one in postings
            if one["kind"] == "awarded"
            and one["position"] < period["seal_position"]
            and local_month(one["posted_at"]) == period["first_month"]
        ]
        assert sum(earned) == line["points"]


def local_month(moment: str) -> str:
    return f"{datetime.fromisoformat(moment) + timedelta(hours=8):%Y-%m}"


def test_an_appeal_is_shown_without_a_word_of_whose_it_is(server: Server) -> None:
    document = ranked(server, "appealed")

    (appeal,) = document["appeals"]
    assert appeal["outcome"] == "under_examination"
    assert set(appeal) == {
        "appeal", "raised_on", "taken_up_position", "outcome", "heard_by", "heard_at", "position",
    }  # fmt: skip


def test_a_wrong_digest_is_refused_with_the_one_that_is_accepted(server: Server) -> None:
    known = ranked(server, "published")["period"]
    month, at = known["first_month"], known["sealed_at"]
    accepted(
        server, "committee-clerk", "period_opened", known["opened_at"], period="again",
        holder_type="person", first_month=month, last_month=month, community=COMMUNITY,
    )  # fmt: skip

    wrong = proposed(
        server, "committee-clerk", "ranking_sealed", at, period="again", digest="0" * 64
    )
    problem = wrong.json()
    assert (wrong.status_code, problem["rule"]) == (422, "not_the_standings")
    assert problem["field"] == "digest"
    position = accepted(
        server, "committee-clerk", "ranking_sealed", at, period="again", digest=problem["accepted"]
    )

    document = server.get(f"/v1/rankings/periods/again?min_position={position}").json()
    assert recomputed(document) == problem["accepted"]
    early = proposed(
        server, "committee-clerk-b", "ranking_published", at, period="again",
        digest=problem["accepted"],
    )  # fmt: skip
    assert early.json()["rule"] == "appeal_days_not_over"


def test_somebody_is_commended_under_the_name_that_they_agreed_to_and_no_longer(
    server: Server,
) -> None:
    account = "commended-1"
    accepted(
        server, "committee-clerk", "account_opened", account=account, holder_type="person",
        name=NAME, masked_name_consent=True,
    )  # fmt: skip
    position = accepted(
        server, "town-clerk", "commendation_issued", commendation="by-name",
        document_number="示镇发〔2026〕90号", honour="circular", ground="love-bank",
        accounts=[account],
    )  # fmt: skip

    def named() -> str | None:
        commended = server.get(f"/v1/honours/by-name?min_position={position}").json()["commended"]
        found: str | None = commended[0]["name"]
        return found

    wait_for(lambda: named() == masked(NAME))
    page = server.get("/honours/by-name", Accept=HTML).text
    assert masked(NAME) in page
    assert NAME not in page

    withdrawn = accepted(
        server, "committee-clerk", "consent_withdrawn", subject=f"account:{account}",
        purpose="show_masked_name", evidence="window",
    )  # fmt: skip
    document = server.get(f"/v1/honours/by-name?min_position={withdrawn}").json()
    page = server.get(f"/honours/by-name?min_position={withdrawn}", Accept=HTML).text
    assert (document["commended"], document["unnamed"]) == ([], 1)
    assert account not in page
    assert "另有 1 个，不公布姓名" in page


def test_honours_are_listed_by_form_and_rescinded_ones_stay(server: Server) -> None:
    awards = server.get("/v1/honours?honour=award").json()["commendations"]
    everything = server.get("/v1/honours").json()["commendations"]

    assert [one["approval_reference"] is not None for one in awards] == [True]
    rescinded = [one for one in everything if one["is_rescinded"]]
    assert [one["rescinded_for"] for one in rescinded] == ["issued_in_error"]


@pytest.mark.parametrize("path", ["/rankings/periods", "/honours"])
def test_a_page_follows_a_page_until_all_were_shown(server: Server, path: str) -> None:
    name = "periods" if path.endswith("periods") else "commendations"
    everything = server.get(f"/v1{path}").json()[name]

    found, before = [], ""
    while True:
        document = server.get(f"/v1{path}?limit=2{before}").json()
        found += document[name]
        if document["next"] is None:
            break
        before = f"&before={document['next']}"

    assert found == everything


# Pages


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/rankings/periods", ("已公布", "申诉核查中", "进行中")),
        ("/honours", ("通报表扬", "表彰", "已撤销")),
        ("/honours?honour=award", ("表彰",)),
        ("/honours/commendation-005", ("示县表彰办〔演示〕2号", "驻区单位（示范小学）")),
        ("/honours/commendation-001", ("已撤销", "发文有误")),
        ("/", ("分期评比", "通报表扬")),
    ],
)
def test_the_pages_say_what_is_to_be_known(
    server: Server, path: str, words: tuple[str, ...]
) -> None:
    page = server.get(path, Accept=HTML)

    assert page.status_code == 200
    assert re.search(r"截至第 <b>\d+</b> 条记录", page.text)
    assert all(word in page.text for word in words)
    assert "<script" not in page.text


@pytest.mark.parametrize("stage", ["published", "appealed", "opened"])
def test_a_periods_page_shows_its_standings_and_that_the_digest_is_theirs(
    server: Server, stage: str
) -> None:
    document = ranked(server, stage)
    period = document["period"]

    page = server.get(f"/rankings/periods/{period['period']}", Accept=HTML)

    assert page.status_code == 200
    assert "不一致" not in page.text
    for line in document["standings"]:
        assert f'href="/points/{line["account"]}"' in page.text
    if period["digest"]:
        assert page.text.count(period["digest"]) == 2


# Wrong addresses


@pytest.mark.parametrize("prefix", ["/v1", ""])
@pytest.mark.parametrize("path", ["/rankings/periods/nobodys", "/honours/nobodys"])
def test_what_is_not_there_is_not_found(server: Server, prefix: str, path: str) -> None:
    answer = server.get(prefix + path, Accept="application/json" if prefix else HTML)

    assert answer.status_code == 404
    if prefix:
        assert answer.json()["rule"] in ("unknown_period", "unknown_commendation")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("before=0", "before"),
        ("before=x", "before"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("min_position=-1", "min_position"),
        ("unheard_of=1", "unheard_of"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/rankings/periods", "/v1/honours"])
def test_a_wrong_question_names_its_field(
    server: Server, path: str, query: str, field: str
) -> None:
    answer = server.get(f"{path}?{query}")

    assert answer.status_code == 422
    assert answer.json()["field"] == field
    assert answer.json()["detail"]


def test_a_form_of_honour_that_is_none_is_refused(server: Server) -> None:
    answer = server.get("/v1/honours?honour=medal")

    assert (answer.status_code, answer.json()["field"]) == (422, "honour")


@pytest.mark.parametrize("identity", ["A", "a" * 65, "%00", "..%2f", "<script>"])
@pytest.mark.parametrize("path", ["/v1/rankings/periods", "/v1/honours", "/honours"])
def test_an_id_out_of_pattern_is_no_error_of_ours(server: Server, path: str, identity: str) -> None:
    answer = server.get(f"{path}/{identity}")

    assert answer.status_code in (404, 422)


@pytest.mark.parametrize(
    ("kind", "body", "field"),
    [
        ("period_opened", {"holder_type": "person", "first_month": "2026-13",
                           "last_month": "2026-12"}, "first_month"),
        ("period_opened", {"holder_type": "staff", "first_month": "2026-12",
                           "last_month": "2026-12"}, "holder_type"),
        ("ranking_sealed", {"period": "p", "digest": "F" * 64}, "digest"),
        ("ranking_published", {"period": "p"}, "digest"),
        ("commendation_issued", {"document_number": "", "honour": "circular", "ground": "x"},
         "document_number"),
        ("commendation_issued", {"document_number": "1", "honour": "medal", "ground": "x"},
         "honour"),
        ("commendation_rescinded", {"commendation": "c", "reason": "because"}, "reason"),
        ("appeal_heard", {"period": "p", "account": "a", "raised_on": "yesterday",
                          "outcome": "upheld", "reason": "x"}, "raised_on"),
    ],
)  # fmt: skip
def test_a_wrong_body_names_its_field(
    server: Server, kind: str, body: dict[str, Any], field: str
) -> None:
    answer = proposed(server, "town-clerk", kind, **body)

    assert answer.status_code == 422
    assert answer.json()["field"] == field
    assert answer.json()["accepted"]
