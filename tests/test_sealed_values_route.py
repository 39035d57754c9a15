"""Sealed values over HTTP and on the command line: read by few, recorded, shown, erased."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.demonstration.town import HOTLINE, TOWN_CLERK
from api.settings import Settings
from tests.api_server import Server, filed, found, serving, wait_for
from tests.test_cli import run

TELEPHONE, NAME = "13912345678", "金丝雀𡈽"
AS = f"{HOTLINE.principal}/{HOTLINE.office}/{HOTLINE.organisation}"


def file_one(server: Server) -> tuple[str, str, str]:
    """Files a request: its subject, the event's id and the receipt's path."""
    proposed = filed(name=NAME, telephone=TELEPHONE)
    (answer,) = server.post("hotline-clerk", proposed).json()["events"]
    (subject,) = [tag for tag in answer["tags"] if tag.startswith("request:")]
    return subject, answer["id"], answer["receipt"]


def read(server: Server, role: str | None, **asked: Any) -> httpx.Response:
    with server.client(role) as client:
        return client.post("/v1/sealed-values/readings", json={"purpose": "handling", **asked})


def test_an_officer_reads_one_field_and_the_subject_sees_it(server: Server) -> None:
    subject, event, receipt = file_one(server)

    answer = read(server, "hotline-clerk", subject=subject, event=event, field="telephone")

    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    (value,) = answer.json()["values"]
    assert (value["field"], value["value"], value["current"]) == ("telephone", TELEPHONE, True)
    told = server.get(f"{receipt}/access", Accept="application/json").json()["readings"]
    assert [(one["purpose"], one["fields"]) for one in told] == [("handling", ["telephone"])] or (
        len(told) == 1 and "telephone" in json.dumps(told)
    )
    assert TELEPHONE not in json.dumps(told)


@pytest.mark.parametrize(
    ("role", "asked", "status", "rule"),
    [
        (None, {}, 401, "key_missing"),
        ("water-clerk", {}, 403, "not_a_handler"),
        ("hotline-clerk", {"purpose": "supervision"}, 403, "office_may_not"),
        ("hotline-clerk", {"purpose": "curiosity"}, 422, None),
        ("hotline-clerk", {"field": "shoe_size"}, 422, "nothing_held"),
        ("hotline-clerk", {"subject": "request:nobody"}, 422, "nothing_held"),
        ("hotline-clerk", {"subject": "nonsense"}, 422, None),
        ("hotline-clerk", {"reference": "with a space"}, 422, None),
        ("hotline-clerk", {"extra": 1}, 422, None),
        ("hotline-clerk", {"resident": "somebody"}, 422, "not_a_channel"),
        ("resident-channel", {"purpose": "subject_access"}, 422, "field_missing"),
        ("resident-channel", {"purpose": "subject_access", "resident": "another"}, 403,
         "not_the_subject"),
    ],
)  # fmt: skip
def test_others_read_nothing(
    server: Server, role: str | None, asked: dict[str, Any], status: int, rule: str | None
) -> None:
    subject, _, _ = file_one(server)

    answer = read(server, role, **{"subject": subject, **asked})

    assert answer.status_code == status, answer.text
    assert rule is None or answer.json()["rule"] == rule or rule in answer.text
    assert TELEPHONE not in answer.text
    assert NAME not in answer.text


# The command line


@pytest.fixture
def town(postgres_url: str, schema: str, tmp_path: Path) -> tuple[Settings, dict[str, str]]:
    """A ledger with the demonstration in it, and how commands find it."""
    settings = Settings(data=tmp_path, database_url=postgres_url, schema=schema)
    found(settings)
    return settings, {
        "DATA": str(tmp_path),
        "DATABASE_URL": postgres_url,
        "SCHEMA": schema,
    }


def test_a_value_is_read_shown_by_consent_and_erased_on_the_command_line(
    town: tuple[Settings, dict[str, str]], tmp_path: Path
) -> None:
    settings, where = town
    tokens = found(settings)
    with serving(settings, tokens) as server:
        subject, event, _ = file_one(server)
        consent = {
            "kind": "consent_given",
            "body": {"subject": subject, "purpose": "show_field", "event": event, "field": "name",
                     "evidence": "signed_form"},
        }  # fmt: skip
        assert server.post("hotline-clerk", consent, str(uuid4())).status_code == 201
        withdrawn = {"kind": "request_withdrawn", "body": {"request": subject.partition(":")[2]}}
        server.post("hotline-clerk", withdrawn)
        wait_for(lambda: server.get("/readyz").status_code == 200)

    opened = run("privacy", "open", subject, "--purpose", "handling", "--as", AS, **where)
    assert TELEPHONE in opened.stdout, opened.stderr
    refused = run("privacy", "open", subject, "--purpose", "audit", "--as", AS, **where)
    assert refused.returncode == 1
    assert TELEPHONE not in refused.stdout + refused.stderr

    shown = tmp_path / "shown.json"
    wrote = run("privacy", "show", subject, "--event", event, "--field", "name", "--as", AS,
                "--to", str(shown), **where)  # fmt: skip
    assert wrote.returncode == 0, wrote.stderr
    assert shown.stat().st_mode & 0o077 == 0
    key = str(settings.signing_keys().load()[0].key)
    verified = run("verify", "field", str(shown), "--key", key, **where)
    assert verified.returncode == 0, verified.stdout
    assert NAME in verified.stdout
    assert TELEPHONE not in shown.read_text()
    document = json.loads(shown.read_bytes())
    document["value"] = "金丝雀"
    shown.write_text(json.dumps(document))
    forged = run("verify", "field", str(shown), "--key", key, **where)
    assert forged.returncode != 0
    assert "commits to another value" in forged.stdout

    told = run("privacy", "report", subject, "--keep", **where)
    report = json.loads(told.stdout)
    assert {one["field"] for one in report["held"]} >= {"name", "telephone"}
    assert [one["decision"] for one in report["readings"]] == ["allowed", "refused", "allowed"]
    assert TELEPHONE not in told.stdout
    whole = json.loads(run("privacy", "report", **where).stdout)
    assert whole["acts"]["consent_given"] >= 1
    (kept,) = (tmp_path / "exports").rglob("report.json")
    for path in (kept, kept.parent, kept.parent.parent, *tmp_path.glob("*.key")):
        assert path.stat().st_mode & 0o077 == 0, f"{path} can be read by others"

    clerk = f"{TOWN_CLERK.principal}/{TOWN_CLERK.office}/{TOWN_CLERK.organisation}"
    erased = run("privacy", "erase", subject, "--basis", "request", "--legal-reference",
                 "个人信息保护法第四十七条", "--as", clerk, **where)  # fmt: skip
    assert "not complete" in erased.stdout, erased.stderr
    assert not kept.exists()
    assert run("privacy", "erasures", **where).returncode == 1
    rotated = run("privacy", "rotate", **where)
    assert "The old key-encryption key is destroyed." in rotated.stdout
    assert f"Complete: the erasure of {subject}" in rotated.stdout
    assert run("privacy", "erasures", **where).returncode == 0
    nothing = run("privacy", "open", subject, "--purpose", "handling", "--as", AS, **where)
    assert nothing.returncode == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["open", "request:1", "--purpose", "fun", "--as", AS], "one of handling"),
        (["open", "request:1", "--purpose", "handling", "--as", "nobody"], "--as"),
        (["open", "request:1", "--purpose", "handling", "--as", "p/king/town"], "one of secretary"),
        (["report", "request:none"], "nothing in this ledger"),
        (["erase", "request:none", "--basis", "request", "--legal-reference", "x", "--as", AS],
         "request:none"),
    ],
)  # fmt: skip
def test_bad_input_is_told_in_a_line(
    town: tuple[Settings, dict[str, str]], given: list[str], message: str
) -> None:
    _, where = town

    answer = run("privacy", *given, **where)

    assert answer.returncode in (1, 2)
    assert message in answer.stderr
    assert "Traceback" not in answer.stderr


def test_nothing_starts_without_its_key(
    town: tuple[Settings, dict[str, str]], tmp_path: Path
) -> None:
    _, where = town
    (tmp_path / "vault.key").rename(tmp_path / "elsewhere")

    for command in (["privacy", "report"], ["up", "--port", "0"]):
        answer = run(*command, **where)
        assert answer.returncode == 6
        assert "there is no key-encryption key" in answer.stderr

    answer = run("up", "--port", "0", **{**where, "VAULT_KEY": "ab" * 32})
    assert answer.returncode == 6
    assert "are wrapped under" in answer.stderr
