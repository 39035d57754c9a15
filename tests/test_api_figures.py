"""Every figure leads to its cases, and a long case has its clocks right to the minute."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from api.cli.cases import Moment, timeline
from api.demonstration.keys import FILE_NAME
from ledger.store.postgres import PostgresStore
from tests.api_server import Server
from tests.test_cli import run

EXAMPLE = Path(__file__).parents[1] / "examples" / "three-departments.sh"
COUNTED = {
    "open": "open",
    "overdue": "overdue",
    "cleared": "cleared",
    "cleared_in_time": "cleared_in_time",
    "cleared_without_term": "without_term",
    "on_time_excluded": "on_time_excluded",
    "contested": "contested",
}
"""Figures that count cases: the link's name -> the figure's."""
JUDGED = {
    "reached": "reached",
    "unreachable": "unreachable",
    "refused": "refused",
    "resolved": "resolved",
    "satisfied": "satisfied_on_call",
    "rated": "rated",
    "contested": "contested",
}


@pytest.fixture(scope="module")
def walked(server: Server) -> str:
    """The id of the request that the example took from filing to striking off."""
    done = subprocess.run(
        [EXAMPLE, server.url, server.settings.data / FILE_NAME],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (request,) = re.findall(r"mingzhang case ([a-z0-9-]+)", done.stdout)
    return str(request)


def behind(server: Server, path: str) -> Iterator[dict[str, Any]]:
    """All the cases that a link leads to, page by page."""
    after = ""
    while True:
        page = server.get(f"{path}&limit=7{after}", "auditor").json()
        yield from page["cases"]
        if page["next"] is None:
            return
        after = f"&after={page['next']}"


def groups(disclosure: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield disclosure["totals"]
    for name, rows in disclosure.items():
        if name.startswith("by_"):
            yield from (row for row in rows if row["name"])


@pytest.mark.parametrize(("disclosure", "counted"), [("process", COUNTED), ("evaluation", JUDGED)])
def test_every_figure_leads_to_as_many_cases(
    server: Server, walked: str, disclosure: str, counted: dict[str, str]
) -> None:
    position = server.size()

    shown = server.get(f"/v1/disclosures/{disclosure}?min_position={position}", "auditor").json()

    followed = 0
    for group in groups(shown):
        for link, figure in counted.items():
            if group[figure]:
                cases = list(behind(server, group["cases_of"][link]))
                assert len(cases) == group[figure], (group["name"], link)
                followed += 1
            else:
                assert link not in group["cases_of"]
    assert followed > 20


def test_the_clocks_of_a_long_case_are_right_to_the_minute(server: Server, walked: str) -> None:
    position = server.size()

    path = f"/v1/disclosures/process/cases/{walked}?min_position={position}"
    case = server.get(path, "auditor").json()["case"]

    assert (case["stage"], case["handling_round"], case["lead"]) == ("struck_off", 2, "dept-roads")
    counts = ("returns", "extensions", "urged", "sent_back", "disputed", "reopened")
    assert [case[name] for name in counts] == [2, 1, 1, 1, 1, 1]
    # Second round: 18 May 9:10 to 20 May 17:00; half a day of 170 + 240, a day of 480, 240 + 180.
    assert case["handler_minutes"] == 170 + 240 + 480 + 240 + 180
    assert case["requester_minutes"] == (14 * 24 + 8) * 60
    assert case["due_at"] == "2026-05-25T10:00:00Z"


def test_the_first_rounds_term_was_right_to_the_minute(server: Server, walked: str) -> None:
    shown = timeline_of(server, walked)

    stood = next(one for one in shown if one.recorded.kind == "answer_accepted")

    # 6 May 9:30 to 13 May 10:00 with Saturday the 9th worked, less the pause of 720 minutes and
    # the reviewer's 240.
    assert stood.handler_minutes == 390 + 5 * 480 + 120 - 720 - 240
    assert stood.requester_minutes == (7 * 24 + 1) * 60
    # Seven working days end on the 14th at 18:00; 960 minutes of standing still come after it.
    assert stood.due_at is not None
    assert stood.due_at.isoformat() == "2026-05-18T10:00:00+00:00"


@pytest.mark.parametrize("columns", [None, "80"])
def test_no_act_is_cut_off_in_a_file_nor_on_a_narrow_terminal(
    server: Server, walked: str, columns: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns is not None:
        monkeypatch.setenv("COLUMNS", columns)
    url = str(server.settings.database_url)

    done = run("case", walked, DATABASE_URL=url, SCHEMA=server.settings.schema)

    assert done.returncode == 0, done.stderr
    assert "…" not in done.stdout
    for one in timeline_of(server, walked):
        assert f" {one.recorded.position}  2026-" in done.stdout
    assert ("order_return_requested" in done.stdout) is (columns is None)


def timeline_of(server: Server, request: str) -> list[Moment]:
    assert server.settings.database_url is not None
    with closing(PostgresStore(server.settings.database_url, server.settings.schema)) as store:
        return list(timeline(store, request))
