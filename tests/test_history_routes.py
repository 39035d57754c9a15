"""Where a number comes from, over HTTP and in the terminal, for whoever may ask."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import pairwise
from typing import Any

import pytest

from tests.api_server import Server

ACCOUNT = "/v1/explain/points_account/account-1"


def asked(server: Server, path: str, role: str | None = None) -> Any:
    answer = server.get(path, role)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_balance_is_explained_by_the_events_that_made_it(server: Server) -> None:
    shown = asked(server, "/v1/points/account-1")["account"]

    told = asked(server, f"{ACCOUNT}?column=balance")

    assert told["row"]["balance"] == shown["balance"]
    steps = told["steps"]
    assert steps[-1]["changed"]["balance"][1] == shown["balance"]
    for earlier, later in pairwise(steps):
        assert later["changed"]["balance"][0] == earlier["changed"]["balance"][1]
        assert earlier["position"] < later["position"]
    proof = server.get(steps[-1]["proof"])
    assert proof.text.startswith("c2sp.org/tlog-proof")


def test_a_row_is_told_as_of_any_position(server: Server) -> None:
    steps = asked(server, f"{ACCOUNT}?column=balance")["steps"]
    middle = steps[len(steps) // 2]

    then = asked(server, f"{ACCOUNT}?as_of={middle['position']}")

    assert then["as_of"]["position"] == middle["position"]
    assert then["row"]["balance"] == middle["changed"]["balance"][1]
    claimed = asked(server, f"{ACCOUNT}?known_of={middle['occurred_at'].replace('+', '%2B')}")
    assert claimed["row"]["balance"] <= then["row"]["balance"]


def test_a_long_history_comes_page_by_page(server: Server) -> None:
    whole = asked(server, ACCOUNT)["steps"]
    found, after = [], 0
    while True:
        page = asked(server, f"{ACCOUNT}?limit=2&after={after}")
        found += page["steps"]
        if page["next"] is None:
            break
        after = page["next"]

    assert found == whole


def test_what_is_made_of_requests_is_explained_to_auditors_alone(server: Server) -> None:
    path = "/v1/explain/request_case/request-001"

    assert server.get(path).status_code == 401
    assert server.get(path, "hotline-clerk").status_code == 403
    assert asked(server, path, "auditor")["steps"]


def test_withheld_rows_are_not_there_for_the_public(server: Server) -> None:
    path = "/v1/explain/points_standing/account-4"  # takes no part in the ranking

    assert server.get(path).json()["rule"] == "unknown_row"
    assert asked(server, path, "auditor")["row"]["account"] == "account-4"


@pytest.mark.parametrize(
    ("path", "status", "rule"),
    [
        ("/v1/explain/nothing/x", 404, "unanswerable"),
        ("/v1/explain/donated_goods/x", 404, "unanswerable"),
        ("/v1/explain/points_account/nobody", 404, "unknown_row"),
        (f"{ACCOUNT}?column=wealth", 422, "wrong_value"),
        (f"{ACCOUNT}?as_of=0", 404, "unanswerable"),
        (f"{ACCOUNT}?as_of=999999999", 404, "unanswerable"),
        (f"{ACCOUNT}?as_of=2999-01-01", 404, "unanswerable"),
        (f"{ACCOUNT}?as_of=1999-01-01", 404, "unanswerable"),
        (f"{ACCOUNT}?as_of=2026-03-01T08:00:00", 404, "unanswerable"),
        (f"{ACCOUNT}?as_of=yesterday", 404, "unanswerable"),
        (f"{ACCOUNT}?as_of=5&known_of=2026-03-01", 404, "unanswerable"),
        ("/v1/explain/Points/x", 422, "invalid_parameter"),
    ],
)
def test_what_cannot_be_answered_says_what_can(
    server: Server, path: str, status: int, rule: str
) -> None:
    answer = server.get(path)

    assert (answer.status_code, answer.json()["rule"]) == (status, rule)
    assert answer.json()["detail"]


def test_what_changed_between_two_moments_names_the_events(server: Server) -> None:
    size = server.size()
    steps = asked(server, ACCOUNT)["steps"]
    last = steps[-1]

    told = asked(
        server, f"/v1/diff?from={last['position'] - 1}&to={size}&view=points_account", "auditor"
    )

    (one,) = [found for found in told["differences"] if found["key"] == ["account-1"]]
    assert last["position"] in one["positions"]
    assert one["changed"]["balance"] == last["changed"]["balance"]
    assert server.get("/v1/diff?from=1").status_code == 401
    backwards = server.get("/v1/diff?from=5&to=2", "auditor")
    assert (backwards.status_code, backwards.json()["field"]) == (422, "from")


def test_the_terminal_answers_each_question_in_one_command(server: Server) -> None:
    told = asked(server, f"{ACCOUNT}?column=balance")
    balance, steps = told["row"]["balance"], told["steps"]

    why = run(server, "explain", "points_account", "account-1", "balance")
    then = run(server, "show", "points_account", "account-1", "--as-of", str(steps[0]["position"]))
    since = run(server, "diff", str(steps[-1]["position"] - 1), "--view", "points_account")

    assert f"balance  {balance}" in why
    assert all(str(step["position"]) in why for step in steps)
    became = steps[0]["changed"]["balance"][1]
    assert re.search(rf"^  balance +{became}$", then, re.MULTILINE)
    assert "points_account account-1" in since
    assert run(server, "show", "points_account", "nobody", code=1) == ""


def run(server: Server, *words: str, code: int = 0) -> str:
    settings = server.settings
    done = subprocess.run(
        [sys.executable, "-m", "api.cli.main", *words],
        env={
            "MINGZHANG_DATABASE_URL": settings.database_url or "",
            "MINGZHANG_DATA": str(settings.data),
            "MINGZHANG_SCHEMA": settings.schema,
            "PATH": "",
            "PYTHONPATH": ":".join(sys.path),
        },
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout
