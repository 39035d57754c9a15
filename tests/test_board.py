"""The first page: readable, escaped, without scripts, and kind when something is wrong."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import httpx
import pytest

from tests.api_server import Server, filed

HTML = "text/html,application/xhtml+xml"
FUND = f"/funds/budget-{(datetime.now(UTC) - timedelta(days=29)).year}-riverside-activity"
PAGES = ("/", "/cases", "/cases?figure=overdue", "/judged", "/summons", "/points/account-1",
         "/cases/1", "/funds", FUND, "/projects/project-reading-room/funds",
         "/rankings/periods", "/honours", "/honours/commendation-005",
         "/donations", "/donations/donation-003", "/rewards")  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _many_alike(server: Server) -> None:
    """So many that some are listed one by one."""
    for request in (f"alike-{number}" for number in range(12)):
        for kind, body in (
            ("request_filed", filed()["body"]),
            ("request_accepted", {}),
            ("request_dispatched", {"lead": "dept-urban", "grade": "ordinary"}),
        ):
            act = {"kind": kind, "body": {**body, "request": request}}  # type: ignore[dict-item]
            assert server.post("hotline-clerk", act).status_code == 201
    server.published()


@pytest.mark.parametrize("path", PAGES)
def test_every_page_says_as_of_which_position_and_time(server: Server, path: str) -> None:
    page = server.get(path, Accept=HTML)

    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert re.search(
        r"截至第 <b>\d+</b> 条记录，(?:时间|公布于) <b>\d{4}年\d+月\d+日 \d\d:\d\d</b>", page.text
    )


@pytest.mark.parametrize("path", PAGES)
def test_a_page_loads_nothing_from_elsewhere_and_runs_no_script(server: Server, path: str) -> None:
    class References(HTMLParser):
        found: list[str] = []  # noqa: RUF012 - one parser a test

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag not in ("script", "iframe", "object", "style")
            for name, value in attrs:
                assert not name.startswith("on")
                assert name != "style"
                if name in ("src", "href", "action"):
                    self.found.append(value or "")

    page = server.get(path, Accept=HTML)
    references = References()
    references.feed(page.text)

    assert references.found
    assert all(reference.startswith(("/", "#")) for reference in references.found)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_the_page_says_whose_disclosure_it_is(server: Server) -> None:
    page = server.get("/", Accept=HTML).text

    assert '<p class="lead">示范镇党委：' in page


def test_a_community_is_one_line_with_its_branchs_whistles_and_its_committees_requests(
    server: Server,
) -> None:
    page = server.get("/", Accept=HTML).text
    (table,) = re.findall(r"<h3>按社区</h3>.*?</table>", page, re.DOTALL)

    lines = re.findall(
        r'data-label="社区">([^<]+)<.*?data-label="吹哨率"[^>]*><span>(\d+)‰', table, re.DOTALL
    )

    assert [name for name, _ in lines] == ["老城社区党总支", "河堤路社区党总支"]
    assert all(int(rate) > 0 for _, rate in lines)


def test_style_sheet_and_mark_are_served_by_the_server_itself(server: Server) -> None:
    for path, kind in (("/static/board.css", "text/css"), ("/static/mark.svg", "image/svg")):
        answer = server.get(path)

        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(kind)


def test_hostile_text_is_shown_as_text(server: Server) -> None:
    hostile = '<script>alert("1")</script>\'"&'
    register = {
        "kind": "organisation_registered",
        "body": {
            "organisation": "hostile",
            "type": "enterprise",
            "name": hostile,
            "parent": "town",
        },
    }

    answer = server.post("town-secretary", register)
    position = answer.json()["events"][0]["position"]
    page = server.get(f"/?min_position={position}", Accept=HTML).text

    assert answer.status_code == 201
    assert "<script" not in page
    assert "&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt;&#39;&#34;&amp;" in page


def test_hostile_text_in_the_address_does_not_come_back(server: Server) -> None:
    page = server.get("/cases?community=%3Cscript%3E", Accept=HTML)

    assert page.status_code == 422
    assert "<script" not in page.text


def test_the_next_page_of_cases_goes_on_where_the_first_ended(server: Server) -> None:
    first = server.get("/cases?limit=5", Accept=HTML).text
    link = re.search(r'href="(/cases\?[^"]+)">下一页', first)
    assert link is not None

    second = server.get(link[1].replace("&amp;", "&"), Accept=HTML)

    assert second.status_code == 200
    assert first.count('<td data-label="事项">') == 5
    assert 0 < second.text.count('<td data-label="事项">') <= 5
    assert _rows(first) != _rows(second.text)


def test_every_figure_that_is_a_link_leads_to_what_it_counts(server: Server) -> None:
    page = server.get("/", Accept=HTML).text
    links = {link.replace("&amp;", "&") for link in re.findall(r'href="(/[a-z]+\?[^"]+)"', page)}

    lists = {link: server.get(link, Accept=HTML) for link in sorted(links)}

    assert {link.partition("?")[0] for link in links} == {
        "/cases", "/donations", "/judged", "/summons",
    }  # fmt: skip
    for link, found in lists.items():
        assert found.status_code == 200, link
        # Cases that few are like are counted, and not listed one by one: the page says so.
        assert ('class="none"' in found.text) is ("逐件列出 0 件" in found.text), link
        assert not re.search("汇总数是 0 件", found.text), link


def test_a_row_leads_to_its_case_and_the_case_to_who_has_it(server: Server) -> None:
    page = server.get("/cases", Accept=HTML).text
    rows = server.get("/v1/disclosures/process/cases").json()["cases"]
    row = next(row for row in rows if row["holder"] == "dept-urban")
    path = f"/cases/{row['number']}"

    case = server.get(path, Accept=HTML)

    assert f'href="{path}"' in page
    assert case.status_code == 200
    assert "城市管理局" in case.text


def test_a_cell_that_few_are_is_not_shown(server: Server) -> None:
    page = server.get("/", Accept=HTML).text

    assert "公布于 <b>" in page
    assert page.count('推出不足5件的数">不列</span>') > 3
    assert "不足5件" in page


def test_the_page_says_which_ruling_sets_a_net_rate_apart_from_the_raw_one(server: Server) -> None:
    path = "/v1/disclosures/process/cases?figure=cleared_late"
    late = server.get(path, "auditor").json()["cases"][0]
    about = {"request": late["request"], "metric": "on_time"}
    asked = {
        "kind": "metric_exclusion_requested",
        "body": {**about, "reason": "force-majeure"},
    }
    ruled = {"kind": "metric_exclusion_ruled", "body": {**about, "granted": True}}

    server.post("urban-clerk", asked)
    server.published(server.post("town-clerk", ruled).json()["events"][0]["position"])
    page = server.get("/", Accept=HTML).text

    assert "剔除后按时率" in page
    assert '<a href="/cases?figure=on_time_excluded">1</a>' in page
    assert page.index('href="#exclusions"') < page.index('id="exclusions"')
    assert "<td>按时率</td><td>不可抗力</td>" in page


def test_the_form_leads_to_the_account(server: Server) -> None:
    with httpx.Client(base_url=server.url, follow_redirects=True) as client:
        page = client.get("/points?account=account-1", headers={"Accept": HTML})

    assert page.status_code == 200
    assert page.url.path == "/points/account-1"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        ("/points/nobody", 404),
        ("/cases/nobody", 404),
        ("/funds/nothing", 404),
        ("/projects/nothing/funds", 404),
        ("/funds?year=1999", 422),
        ("/cases?limit=0", 422),
        ("/points", 422),
    ],
)
def test_a_person_gets_a_kind_page_in_chinese_instead_of_a_problem(
    server: Server, path: str, status: int
) -> None:
    page = server.get(path, Accept=HTML)

    assert page.status_code == status
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "回到首页" in page.text
    assert "Traceback" not in page.text


def test_the_requester_and_personal_texts_are_nowhere_on_the_pages(server: Server) -> None:
    for path in PAGES:
        page = server.get(path).text

        assert "演示数据" not in page
        assert "commitment" not in page
        assert "requester" not in page


def _rows(page: str) -> list[str]:
    return re.findall(r"<tr>.*?</tr>", page, re.DOTALL)
