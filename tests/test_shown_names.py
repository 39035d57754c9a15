"""Names by consent: shown as far as it goes, on the record, and gone once it is withdrawn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from api.settings import Settings
from api.shown_names import masked
from ledger.vault.opening import Opener, Question
from tests.api_server import Server, found, serving, wait_for

NAME = "𡈽金丝雀"


@pytest.fixture
def own(postgres_url: str, schema: str, tmp_path: Path) -> Any:
    """A server of its own: its names are read by nobody else."""
    settings = Settings(data=tmp_path, database_url=postgres_url, schema=schema)
    with serving(settings, found(settings)) as server:
        yield server


def opened(server: Server, **body: Any) -> str:
    proposal = {
        "kind": "account_opened",
        "body": {"holder_type": "person", "name": NAME, **body},
    }
    answer = server.post("committee-clerk", proposal)
    assert answer.status_code == 201, answer.text
    (tag,) = [tag for tag in answer.json()["events"][0]["tags"] if tag.startswith("account:")]
    return str(tag.partition(":")[2])


def consent(server: Server, kind: str, account: str, purpose: str) -> None:
    body = {"subject": f"account:{account}", "purpose": purpose, "evidence": "window"}
    answer = server.post("committee-clerk", {"kind": kind, "body": body}, str(uuid4()))
    assert answer.status_code == 201, answer.text


def shown(server: Server, account: str) -> str | None:
    answer = server.get(f"/v1/points/{account}")
    return None if answer.status_code == 404 else answer.json()["account"]["name"]


@pytest.mark.parametrize(
    ("name", "wording"), [("王小明", "王＊＊"), ("王", "王＊"), (NAME, "𡈽＊＊＊"), ("Li", "L＊")]
)
def test_a_masked_name_hides_all_but_its_first_character(name: str, wording: str) -> None:
    assert masked(name) == wording


def test_a_name_is_shown_as_far_as_the_consent_goes_and_no_longer(own: Server) -> None:
    account, silent = opened(own, masked_name_consent=True), opened(own)

    wait_for(lambda: shown(own, account) == masked(NAME))
    assert shown(own, silent) is None
    page = own.get(f"/points/{account}").text
    assert masked(NAME) in page
    assert NAME not in page

    consent(own, "consent_given", account, "show_name")
    wait_for(lambda: shown(own, account) == NAME)
    assert_not_in_the_database(own, NAME, masked(NAME))
    consent(own, "consent_withdrawn", account, "show_name")
    wait_for(lambda: shown(own, account) == masked(NAME))
    consent(own, "consent_withdrawn", account, "show_masked_name")
    wait_for(lambda: shown(own, account) is None)

    assert shown(own, silent) is None
    readings = own.get(f"/v1/access-log?subject=account:{account}", "auditor").json()["entries"]
    assert {entry["record"]["purpose"] for entry in readings} == {"publication"}
    assert NAME not in json.dumps(readings, ensure_ascii=False)
    assert not own.get(f"/v1/access-log?subject=account:{silent}", "auditor").json()["entries"]


def test_who_withdraws_from_the_ranking_is_in_it_no_more(own: Server) -> None:
    account = opened(own, ranking_opt_in=True)

    def is_ranked() -> bool:
        ranked = own.get("/v1/rankings?limit=200").json()["ranked"]
        return account in [one["account"] for one in ranked]

    wait_for(is_ranked)
    consent(own, "consent_withdrawn", account, "take_part_in_ranking")
    wait_for(lambda: not is_ranked())
    consent(own, "consent_given", account, "take_part_in_ranking")
    wait_for(is_ranked)


def test_a_corrected_name_is_shown_corrected_and_an_erased_one_not_at_all(own: Server) -> None:
    proposal = {"kind": "account_opened", "body": {"holder_type": "person", "name": NAME,
                                                   "masked_name_consent": True}}  # fmt: skip
    (answer,) = own.post("committee-clerk", proposal).json()["events"]
    (subject,) = [tag for tag in answer["tags"] if tag.startswith("account:")]
    account = subject.partition(":")[2]
    wait_for(lambda: shown(own, account) == masked(NAME))

    corrected = {"subject": subject, "event": answer["id"], "of_kind": "account_opened",
                 "field": "name", "identity": "柳某"}  # fmt: skip
    own.post("committee-clerk", {"kind": "personal_data_corrected", "body": corrected})
    wait_for(lambda: shown(own, account) == "柳＊")

    erased = {"subject": subject, "basis": "request", "legal_reference": "第四十七条"}
    told = own.post("town-clerk", {"kind": "personal_data_erased", "body": erased})
    assert told.status_code == 201, told.text
    wait_for(lambda: shown(own, account) is None)


def test_a_consent_withdrawn_while_the_name_is_read_shows_nothing(
    own: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, read = opened(own), Opener.read
    wrote: list[str | None] = []

    def withdrawing(opener: Opener, question: Question) -> Any:
        found_ = read(opener, question)
        consent(own, "consent_withdrawn", account, "show_name")
        wait_for(lambda: views_at(own) >= own.size())
        wrote.append(found_[0].opened and found_[0].opened.value)
        return found_

    with monkeypatch.context() as patched:
        patched.setattr(Opener, "read", withdrawing)
        consent(own, "consent_given", account, "show_name")
        wait_for(lambda: wrote)
        for _ in range(20):
            assert shown(own, account) is None

    assert wrote[0] == NAME


def views_at(server: Server) -> int:
    """Up to where the view of consents shows the log."""
    position: int = server.get("/readyz").json()["projections"]["personal_data"]["position"]
    return position


def assert_not_in_the_database(server: Server, *names: str) -> None:
    """A shown name in a table would outlive its erasure, in the write-ahead log and in backups."""
    settings = server.settings
    assert settings.database_url is not None
    with psycopg.connect(settings.database_url) as superuser:
        found_ = superuser.execute(
            "select quote_ident(nspname) || '.' || quote_ident(relname) from pg_class"
            " join pg_namespace n on n.oid = relnamespace"
            " where starts_with(nspname, %s) and relkind in ('r', 'v')",
            [settings.schema],
        ).fetchall()
        assert len(found_) > 20
        for (table,) in found_:
            for name in names:
                counted = f"select count(*) from {table} as t"  # noqa: S608 - of the catalogue
                row = superuser.execute(
                    f"{counted} where position(%s in t::text) > 0".encode(), [name]
                ).fetchone()
                assert row == (0,), f"{table} has a name in clear"
