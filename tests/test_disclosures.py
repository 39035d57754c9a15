"""What is disclosed of a closed period follows from the log, is kept as it was, and is shown."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from api.disclosure_check import check_disclosure
from api.fixed_figures import bodies_of, figured_under, rows_of
from ledger.audit.report import Faulty, Unreadable
from ledger.canonical import canonical_document
from ledger.clocks import SHANGHAI
from projections.kept_figures import TABLE
from projections.schema import public_schema
from tests.api_server import Server, filed
from tests.test_statements import key_of, run

ORIGIN = "mingzhang.example/demonstration"
MONTH = f"{datetime.now(UTC).astimezone(SHANGHAI).replace(day=1) - timedelta(days=1):%Y-%m}"
"""The last one that is over."""
THREE = ("project", "process", "evaluation")
WORDS = ("disclosure", "prepare", "--period", MONTH, "--basis", "政府信息公开条例第二十条")
TOWNS = (*WORDS, "--regime", "government_information")
FIGURES = ("disclosure", "period", "as_of", "size", "root", *THREE)


def prepared(server: Server, *words: str) -> dict[str, Any]:
    """The document that the command prints."""
    done = run(server, *words)
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def accepted(server: Server, role: str, document: dict[str, Any]) -> None:
    answer = server.post(role, document)
    assert answer.status_code == 201, answer.text


def go_out(server: Server, document: dict[str, Any], clerk: str = "town-clerk") -> dict[str, Any]:
    """From the preparation to the publication; the body that was published."""
    body = {name: document["body"][name] for name in FIGURES}
    review = {"disclosure": body["disclosure"], "confidentiality_cleared": True}
    accepted(server, clerk, document)
    accepted(
        server,
        "town-secretary",
        {"kind": "disclosure_reviewed", "body": {**review, "privacy_cleared": True}},
    )
    accepted(server, clerk, {"kind": "disclosure_published", "body": body})
    return body


def shown(server: Server, disclosure: str) -> dict[str, Any]:
    answer = server.get(f"/v1/disclosed/{disclosure}?min_position={server.size()}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def executed(server: Server, statement: str, *values: str) -> None:
    """Runs a statement on the table of what is kept, with every right."""
    table = sql.Identifier(public_schema(server.settings.schema), TABLE)
    with psycopg.connect(str(server.settings.database_url), autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(table), values)


@pytest.fixture(scope="module")
def town(server: Server) -> dict[str, Any]:
    """The town's disclosure of the month, corrected after requests came in."""
    server.post("hotline-clerk", filed())
    server.published()
    server.post("hotline-clerk", filed())  # the fixed time is settled by what comes after it
    document = prepared(server, *TOWNS, "--disclosure", "month-1")
    return go_out(server, document)


@pytest.fixture(scope="module")
def bundle(server: Server, town: dict[str, Any], tmp_path_factory: Any) -> Path:
    """A bundle with more disclosures, whose preparers were not honest."""
    wrong = {
        "wrong-root": {"root": "0" * 64},
        "wrong-size": {"size": town["size"] - 1},
        "wrong-time": {"as_of": _earlier(town["as_of"])},
        "wrong-rows": {"project": {**town["project"], "rows": "0" * 64}},
        "wrong-figures": {"evaluation": {**town["evaluation"], "figures": "0" * 64}},
        "wrong-version": {"process": {**town["process"], "version": 999}},
    }
    for disclosure, changes in wrong.items():
        document = prepared_like(town, disclosure, **changes)
        go_out(server, document)
    directory: Path = tmp_path_factory.mktemp("bundles") / "bundle"
    exported = run(server, "export", str(directory))
    assert exported.returncode == 0, exported.stderr
    return directory


def _earlier(as_of: str) -> str:
    moment = datetime.fromisoformat(as_of) - timedelta(microseconds=1)
    return moment.isoformat()


def prepared_like(body: dict[str, Any], disclosure: str, **changes: Any) -> dict[str, Any]:
    """The same prepared by hand, with something else in it."""
    own = {
        **body,
        "disclosure": disclosure,
        "regime": "government_information",
        "basis": "条例第二十条",
        "formed_on": _first_day_after(),
        **changes,
    }
    return {"kind": "disclosure_prepared", "body": own}


def _first_day_after() -> str:
    return f"{datetime.now(UTC).astimezone(SHANGHAI):%Y-%m-01}"


def test_the_published_figures_are_kept_and_come_to_their_digests(
    server: Server, town: dict[str, Any]
) -> None:
    record = shown(server, "month-1")

    (only,) = record["sets"]
    assert [one["name"] for one in only["fixed"]] == list(THREE)
    for one in only["fixed"]:
        digest = sha256(canonical_document(one["document"])).hexdigest()
        assert digest == one["figures"] == town[one["name"]]["figures"]
    assert (only["size"], only["root"]) == (town["size"], town["root"])
    assert only["reviewed_by"] == "secretary"
    assert record["disclosure"]["stage"] == "published"


def test_pages_show_what_is_fixed_and_how_to_check_it(server: Server, town: dict[str, Any]) -> None:
    shown(server, "month-1")

    page = server.get("/disclosures/month-1").text
    listed = server.get("/disclosures").text

    assert town["root"] in page
    assert town["evaluation"]["rows"] in page
    assert "mingzhang verify disclosure" in page
    assert f'<a href="/disclosures/month-1">{MONTH}</a>' in listed
    for one in ("disclosed", "disclosures"):
        prefix = "/v1/" if one == "disclosed" else "/"
        assert server.get(f"{prefix}{one}/nobody-s").status_code == 404


def test_what_was_published_follows_from_a_bundle(server: Server, bundle: Path) -> None:
    done = run(server, "verify", "disclosure", str(bundle), "month-1", "--key", key_of(server))

    assert done.returncode == 0, (done.stdout, done.stderr)
    expected = f"verified: disclosure month-1 of {MONTH}, corrected 0 times, follows"
    assert done.stdout.startswith(expected)


@pytest.mark.parametrize(
    ("disclosure", "place"),
    [
        ("wrong-root", "root"),
        ("wrong-size", "size"),
        ("wrong-time", "as_of"),
        ("wrong-rows", "project.rows"),
        ("wrong-figures", "evaluation.figures"),
    ],
)
def test_what_does_not_follow_from_the_log_is_a_fault(
    bundle: Path, disclosure: str, place: str
) -> None:
    with pytest.raises(Faulty) as fault:
        check_disclosure(bundle, disclosure, ORIGIN)

    assert fault.value.fault.file == place
    assert fault.value.fault.position is not None


def test_a_fault_is_told_on_the_command_line(server: Server, bundle: Path) -> None:
    done = run(server, "verify", "disclosure", str(bundle), "wrong-root", "--key", key_of(server))

    assert done.returncode == 6
    assert done.stdout.startswith("fault: position ")


@pytest.mark.parametrize("disclosure", ["wrong-version", "nobody-s"])
def test_nothing_is_said_of_what_this_version_does_not_compute(
    bundle: Path, disclosure: str
) -> None:
    with pytest.raises(Unreadable):
        check_disclosure(bundle, disclosure, ORIGIN)


def test_figures_that_were_lost_are_computed_again(server: Server, town: dict[str, Any]) -> None:
    executed(server, "delete from {}")
    (lost,) = shown(server, "month-1")["sets"]
    assert [one["document"] for one in lost["fixed"]] == [None, None, None]
    assert "可由记录重新算出" in server.get("/disclosures/month-1").text

    done = run(server, "disclosure", "keep", "month-1")

    assert done.stdout == "Kept 1 of 1 sets of figures.\n", done.stderr
    (again,) = shown(server, "month-1")["sets"]
    assert all(one["document"] for one in again["fixed"])


def test_what_is_kept_and_was_changed_is_not_shown(server: Server, town: dict[str, Any]) -> None:
    digest = town["process"]["figures"]
    executed(server, "update {} set document = '[]' where digest = %s", digest)

    (found,) = shown(server, "month-1")["sets"]

    assert found["fixed"][1]["document"] is None
    executed(server, "delete from {} where digest = %s", digest)


def test_a_community_discloses_its_part(server: Server, town: dict[str, Any]) -> None:
    words = (*WORDS, "--regime", "residents_affairs", "--community", "committee-riverside")
    document = prepared(server, *words, "--disclosure", "part-1")
    go_out(server, document, "committee-clerk")

    (only,) = shown(server, "part-1")["sets"]
    project, process, evaluation = (one["document"] for one in only["fixed"])
    assert project["bodies"] == []  # the demonstration's came into being when it was entered
    for document in (process, evaluation):
        assert list(document) == [MONTH]
        assert "totals" not in document[MONTH]
        (row,) = document[MONTH]["by_community"]
        assert row["name"] == "branch-riverside"
    assert server.get("/disclosures/part-1").status_code == 200


def test_a_communitys_part_is_its_bodies_and_its_rows() -> None:
    bodies: list[dict[str, Any]] = [
        {"organisation": "branch-1", "community": None},
        {"organisation": "committee-1", "community": "branch-1"},
        {"organisation": "committee-2", "community": None},
    ]
    document = {
        "totals": {"cases": 9},
        "by_community": [{"name": "branch-1", "cases": 4}, {"name": "committee-2", "cases": 5}],
    }

    assert bodies_of(bodies, "branch-1") == bodies[:2]
    assert bodies_of(bodies, "committee-1") == bodies[1:2]
    assert figured_under(bodies, "committee-1") == "branch-1"
    assert figured_under(bodies, "committee-2") == "committee-2"
    assert rows_of(document, "branch-1") == {"by_community": [{"name": "branch-1", "cases": 4}]}
    assert rows_of({"by_community": None}, "branch-1") == {"by_community": []}


def test_a_correction_stands_beside_what_it_corrects(server: Server, town: dict[str, Any]) -> None:
    document = prepared_like(town, "corrected-1")
    first = go_out(server, document)
    again = {**first, "project": {**first["project"], "figures": "1" * 64}}
    accepted(server, "town-clerk", prepared_like(town, "corrected-1", project=again["project"]))
    review = {"disclosure": "corrected-1", "confidentiality_cleared": True, "privacy_cleared": True}
    accepted(server, "town-secretary", {"kind": "disclosure_reviewed", "body": review})
    why = {"ground": "error_found", "changed": "补列一个单位"}
    accepted(server, "town-clerk", {"kind": "disclosure_corrected", "body": {**again, **why}})

    newest, oldest = shown(server, "corrected-1")["sets"]

    assert (newest["is_correction"], newest["changed"]) == (True, "补列一个单位")
    assert (oldest["is_correction"], oldest["fixed"][0]["figures"]) == (
        False,
        town["project"]["figures"],
    )
    assert "补列一个单位" in server.get("/disclosures/corrected-1").text


def test_the_figures_of_a_withdrawn_disclosure_are_shown_no_more(
    server: Server, town: dict[str, Any]
) -> None:
    go_out(server, prepared_like(town, "gone-1"))
    body = {"disclosure": "gone-1", "reason": "issued_in_error"}
    accepted(server, "town-clerk", {"kind": "disclosure_withdrawn", "body": body})

    record = shown(server, "gone-1")

    assert record["disclosure"]["stage"] == "withdrawn"
    assert [one["document"] for one in record["sets"][0]["fixed"]] == [None, None, None]
    assert "已撤回，数字不再显示" in server.get("/disclosures/gone-1").text


@pytest.mark.parametrize(
    ("period", "said"), [("2099-01", "settled"), ("2026-13", "2026-q1"), ("x", "2026-q1")]
)
def test_a_period_that_is_not_over_is_not_prepared(server: Server, period: str, said: str) -> None:
    words = [period if word == MONTH else word for word in TOWNS]

    done = run(server, *words)

    assert done.returncode != 0
    assert said in " ".join(done.stderr.split())
