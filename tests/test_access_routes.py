"""Who looked, over HTTP: the subject by the receipt, the auditor by a key, strangers by tiles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest

from api import labels
from api.auth import Scope, add_key, mint_token, open_register
from api.settings import Settings
from ledger.access import entries
from ledger.access.audit import examine_entry
from ledger.access.log import PURPOSE, AccessLog
from ledger.access.reading import ReadingPurpose
from ledger.catalogue import KINDS
from ledger.decision import Office
from ledger.event import Actor, personal_fields
from ledger.store.postgres import PostgresStore
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.merkle import Frontier, leaf_hash
from ledger.tlog.note import Note, NoteVerifier
from ledger.tlog.proof_file import ProofFile
from ledger.tlog.tiles import decode_entries, split_hashes, tiles_of
from tests.api_server import Server, filed, found, serving, wait_for
from tests.harness.log import check_log
from tests.readings import CLERK, reading
from tests.test_cli import run

HTML = "text/html"
JSON = "application/json"
DEMONSTRATION = "mingzhang.example/demonstration"
WATER = Actor("clerk_a", "water-bureau", "principal-water-7")


@pytest.fixture(scope="module")
def access(server: Server) -> Iterator[AccessLog]:
    """The server's access log, as another process writes to it: one that opens sealed values."""
    settings = server.settings
    assert settings.database_url is not None
    with closing(PostgresStore(settings.database_url, settings.access_schema, PURPOSE)) as store:
        log = AccessLog(store, lambda: DEMONSTRATION)
        log.start()
        wait_for(lambda: store.size() > 0)  # the server opens it by itself
        yield log
        log.close()
        check_log(store)


@pytest.fixture(scope="module")
def auditor(server: Server) -> str:
    """The name of a role with a key of the scope audit."""
    settings = server.settings
    assert settings.database_url is not None
    server.tokens["access-auditor"] = mint_token()
    with closing(open_register(settings.database_url, settings.schema)) as register:
        actor = Actor("auditor", "town-committee", "principal-auditor")
        add_key(register, server.tokens["access-auditor"], actor, [Scope.AUDIT], "audit")
    return "access-auditor"


def file_one(server: Server) -> tuple[str, str]:
    """Files a request: its subject and the path of its receipt."""
    (answer,) = server.post("hotline-clerk", filed(telephone="13900001111")).json()["events"]
    (subject,) = [tag for tag in answer["tags"] if tag.startswith("request:")]
    return subject, answer["receipt"]


def told(server: Server, path: str) -> list[dict[str, Any]]:
    answer = server.get(f"{path}/access", Accept=JSON)
    assert answer.status_code == 200, answer.text
    readings: list[dict[str, Any]] = answer.json()["readings"]
    return readings


def test_at_first_nobody_has_looked_and_the_page_says_so(server: Server, access: AccessLog) -> None:
    subject, path = file_one(server)

    page = server.get(f"{path}/access", Accept=HTML)

    assert page.status_code == 200
    assert "至今没有人看过" in page.text
    assert subject.removeprefix("request:") in page.text
    assert "<script" not in page.text
    assert told(server, path) == []


def test_the_receipt_leads_to_who_looked(server: Server) -> None:
    _, path = file_one(server)

    page = server.get(path, Accept=HTML).text

    assert f'href="{path}/access"' in page


def test_the_subject_learns_when_which_office_what_for_and_what(
    server: Server, access: AccessLog
) -> None:
    subject, path = file_one(server)
    access.record(reading(subject, "telephone", "name", actor=WATER))
    access.record(
        reading(subject, "details", actor=WATER, purpose=ReadingPurpose.COURT, rule="no_order")
    )

    page = server.get(f"{path}/access", Accept=HTML)
    last, first = told(server, path)

    assert first["organisation"]["code"] == "water-bureau"
    assert first["office"] == {"code": "clerk_a", "name": "经办员"}
    assert first["purpose"] == {"code": "handling", "name": "办理"}
    assert [one["name"] for one in first["fields"]] == ["电话", "姓名"]
    assert (first["refused"], last["refused"]) == (False, True)
    at = datetime.fromisoformat(first["at"])
    shanghai = at + timedelta(hours=8)
    assert abs(at - datetime.now(UTC)) < timedelta(minutes=2)
    for words in (f"{shanghai:%Y-%m-%d %H:%M}", "电话、姓名", "办理", "司法", "未准许", "经办员"):
        assert words in page.text
    assert page.text.index("司法") < page.text.index("办理")


def test_the_one_who_looked_is_not_named_to_the_subject(server: Server, access: AccessLog) -> None:
    subject, path = file_one(server)
    access.record(reading(subject, actor=WATER, reference="京社〔2026〕3号"))

    for accept in (HTML, JSON):
        answer = server.get(f"{path}/access", Accept=accept)
        assert WATER.principal not in answer.text
        assert "京社" not in answer.text


def test_the_pages_of_two_cases_never_mix(server: Server, access: AccessLog) -> None:
    one, other = file_one(server), file_one(server)
    for number in range(7):
        subject, _ = (one, other)[number % 2]
        access.record(reading(subject, f"field_{number}"))

    def fields(path: str) -> list[str]:
        return [reading["fields"][0]["code"] for reading in told(server, path)]

    assert fields(one[1]) == ["field_6", "field_4", "field_2", "field_0"]
    assert fields(other[1]) == ["field_5", "field_3", "field_1"]
    page = server.get(f"{one[1]}/access", Accept=HTML).text
    assert "field_5" not in page
    assert other[0].removeprefix("request:") not in page


def test_many_readings_come_in_pages_each_once(server: Server, access: AccessLog) -> None:
    subject, path = file_one(server)
    access.record_all([reading(subject, f"field_{number}") for number in range(120)])
    fields, next_ = [], f"{path}/access"

    while next_:
        answer = server.get(next_, Accept=JSON).json()
        assert len(answer["readings"]) <= 50
        fields += [one["fields"][0]["code"] for one in answer["readings"]]
        next_ = answer["next"]

    assert fields == [f"field_{number}" for number in reversed(range(120))]
    page = server.get(f"{path}/access", Accept=HTML).text
    (link,) = re.findall(r'href="([^"]+)" rel="next"', page)
    older = server.get(link, Accept=HTML)
    assert "field_69" in older.text
    assert "field_70" not in older.text
    assert "没有更早的" in server.get(f"{path}/access?before=1", Accept=HTML).text


def test_nobody_keeps_the_page(server: Server) -> None:
    _, path = file_one(server)

    answer = server.get(f"{path}/access", Accept=HTML)

    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("link", ["A" * 32, "x", "%00" * 32])
def test_a_link_that_was_not_made_here_tells_nothing(server: Server, link: str) -> None:
    assert server.get(f"/receipts/{link}/access", Accept=JSON).status_code in {404, 422}


@pytest.mark.parametrize("query", ["before=x", "before=-1", "limit=9"])
def test_a_wrong_parameter_is_refused(server: Server, query: str) -> None:
    _, path = file_one(server)

    assert server.get(f"{path}/access?{query}", Accept=JSON).status_code == 422


def test_every_personal_field_and_office_has_its_label() -> None:
    fields = {name for kind in KINDS.values() for name in personal_fields(kind)}

    assert fields <= labels.TERMS["field"].keys()
    assert {office.value for office in Office} <= labels.TERMS["office"].keys()


# The auditor.


def test_an_auditor_reads_entries_byte_for_byte(
    server: Server, access: AccessLog, auditor: str
) -> None:
    subject, _ = file_one(server)
    access.record_all([reading(subject, actor=WATER) for _ in range(3)])

    page = server.get("/v1/access-log?limit=10000", auditor).json()
    lines = server.get("/v1/access-log?limit=10000", auditor, Accept="application/x-ndjson")
    own = server.get(f"/v1/access-log?subject={subject}&limit=2", auditor)

    assert [orjson.loads(line) for line in lines.content.splitlines()] == page["entries"]
    positions = [entry["position"] for entry in page["entries"]]
    assert positions == list(range(1, len(positions) + 1))
    assert page["entries"][0]["record"]["origin"] == f"{DEMONSTRATION}/access"
    line = lines.content.splitlines()[-1]
    match = re.fullmatch(rb'\{"position":\d+,"leaf":"([0-9a-f]{64})","record":(\{.*\})\}', line)
    assert match is not None
    assert leaf_hash(match[2]).hex().encode() == match[1]
    assert {one["record"]["subject"] for one in own.json()["entries"]} == {subject}
    assert own.json()["entries"][0]["record"]["actor"]["principal"] == WATER.principal
    with server.client(auditor) as client:
        rest = client.get(own.links["next"]["url"]).json()["entries"]
    assert [one["record"]["subject"] for one in rest] == [subject]


@pytest.mark.parametrize(
    "path", ["/v1/access-log", "/access/tlog/tile/entries/000.p/1", "/v1/access-log?subject=a:b"]
)
def test_entries_need_a_key_of_the_scope_audit(server: Server, path: str) -> None:
    assert server.get(path).status_code == 401
    assert server.get(path, "hotline-clerk").status_code == 403
    assert server.get(path, "auditor").status_code in {200, 403}


def test_a_key_for_the_access_log_does_not_read_the_ledger(server: Server, auditor: str) -> None:
    assert server.get("/v1/events", auditor).status_code == 403
    assert server.get("/tlog/tile/entries/000.p/1", auditor).status_code == 403


# Strangers.


def verifier(server: Server) -> NoteVerifier:
    (signer,) = server.settings.access_signing_keys().load()
    return NoteVerifier(signer.key)


def proof_of(server: Server, position: int) -> ProofFile:
    path = f"/v1/access-log/{position}/proof"
    wait_for(lambda: server.get(path).status_code == 200)
    return ProofFile.parse(server.get(path).content)


def test_tiles_lead_to_the_checkpoint_which_a_key_of_its_own_signed(
    server: Server, access: AccessLog, auditor: str
) -> None:
    position = access.record_all([reading() for _ in range(300)])[-1]
    proof_of(server, position)

    answer = server.get("/access/tlog/checkpoint")
    note = Note.parse(answer.content)
    note.verified_by([verifier(server)])
    signed = Checkpoint.parse(note.text)
    frontier = Frontier()
    for tile in tiles_of(signed.size):
        hashes = split_hashes(server.get(f"/access/tlog/tile/{tile.path}").content)
        assert len(hashes) == tile.width
        if tile.level == 0:
            path = tile.path.removeprefix("0/")
            found = server.get(f"/access/tlog/tile/entries/{path}", auditor)
            records = decode_entries(found.content)
            assert [leaf_hash(record) for record in records] == hashes
            for hash_ in hashes:
                frontier.append(hash_)

    assert signed.origin == f"{DEMONSTRATION}/access"
    assert (frontier.size, frontier.root()) == (signed.size, signed.root)
    assert server.get("/access/checkpoint").content == answer.content
    (ledger_key,) = server.settings.signing_keys().load()
    assert ledger_key.key.public != verifier(server).key.public


def test_the_proof_of_a_reading_is_checked_with_the_same_code(
    server: Server, access: AccessLog
) -> None:
    position = access.record(reading())

    proof = proof_of(server, position)

    (entry,) = access.store.read(after=position - 1, until=position)
    proof.verify(leaf_hash(entry.record), f"{DEMONSTRATION}/access", [verifier(server)])
    answer = server.get(f"/v1/access-log/{position}/proof")
    assert f'filename="access-{position}.tlog-proof"' in answer.headers["content-disposition"]
    assert server.get(f"/v1/access-log/{10**9}/proof").status_code == 404


def test_ready_tells_of_the_access_log(server: Server, access: AccessLog) -> None:
    access.record(reading())

    ready = server.get("/readyz").json()

    assert ready["access_log"]["position"] == access.store.size()
    assert "trouble" not in ready["access_log"]


def test_what_the_schema_lacks_is_told_and_all_else_goes_on(
    postgres_url: str, schema: str, tmp_path: Path
) -> None:
    """As after an update of the code before `mingzhang migrate`."""
    given = Settings(data=tmp_path, database_url=postgres_url, schema=schema)
    tokens = found(given)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"drop schema {given.access_schema} cascade".encode())

    with serving(given, tokens) as server:
        ready = server.get("/readyz")
        (answer,) = server.post("hotline-clerk", filed()).json()["events"]
        page = server.get(f"{answer['receipt']}/access", Accept=JSON)

    assert ready.status_code == 200
    assert ready.json()["status"] == "degraded"
    assert "migrate" in ready.json()["access_log"]["trouble"]
    assert (page.status_code, page.json()["rule"]) == (503, "schema_mismatch")


# The command line.


@pytest.fixture
def given(server: Server) -> dict[str, str]:
    settings = server.settings
    assert settings.database_url is not None
    return {
        "DATABASE_URL": settings.database_url,
        "SCHEMA": settings.schema,
        "DATA": str(settings.data),
    }


def test_the_command_lists_who_looked_by_subject_and_by_receipt(
    server: Server, access: AccessLog, given: dict[str, str]
) -> None:
    subject, path = file_one(server)
    access.record(reading(subject, "telephone", actor=WATER, reference="京社〔2026〕3号"))
    access.record(reading(subject, "name", actor=CLERK, rule="not_your_case"))

    by_subject = run("privacy", "who-looked", subject, **given)
    by_link = run("privacy", "who-looked", server.url + path, **given)
    as_json = run("privacy", "who-looked", subject, "--json", "--limit", "1", **given)
    nobody = run("privacy", "who-looked", "request:nobody", **given)
    wrong = run("privacy", "who-looked", "A" * 32, **given)

    assert by_subject.returncode == 0, by_subject.stderr
    assert by_subject.stdout == by_link.stdout
    last, first = by_subject.stdout.splitlines()
    assert "principal-water-7 (clerk_a of water-bureau)  handling 办理  telephone" in first
    assert first.endswith("allowed  京社〔2026〕3号")
    assert last.endswith("refused (not_your_case)")
    (line,) = as_json.stdout.splitlines()
    assert orjson.loads(line)["rule"] == "not_your_case"
    assert nobody.stdout == "Nobody looked.\n"
    assert wrong.returncode == 2
    assert "no receipt of this ledger" in wrong.stderr


def test_the_command_verifies_the_live_access_log_and_finds_what_was_altered(
    server: Server, access: AccessLog, given: dict[str, str]
) -> None:
    position = access.record(reading("request:verified"))
    proof_of(server, position)
    key = str(verifier(server).key)

    good = run("verify", "access-log", **given)
    with_key = run("verify", "access-log", "--key", key, **given)
    shown = run("privacy", "log-key", **given)

    assert good.returncode == 0, good.stdout + good.stderr
    assert good.stdout.startswith("verified: ")
    assert f"events of {DEMONSTRATION}/access, root " in good.stdout
    assert with_key.stdout == good.stdout
    assert shown.stdout.strip() == key

    assert server.settings.database_url is not None
    with psycopg.connect(server.settings.database_url) as superuser:
        superuser.execute("set session_replication_role = replica")
        superuser.execute(f"set search_path = {server.settings.access_schema}".encode())
        row = superuser.execute(
            "select record from event where position = %s", [position]
        ).fetchone()
        assert row is not None
        record = bytes(row[0])
        other = record.replace(b'"water-bureau"', b'"green-bureau"')
        assert examine_entry(position, other, None).kind == entries.READ
        change = "update event set record = %s, leaf = %s where position = %s"
        superuser.execute(change, [other, leaf_hash(other), position])
        superuser.commit()
        try:
            bad = run("verify", "access-log", **given)
        finally:
            superuser.execute(change, [record, leaf_hash(record), position])
    assert bad.returncode == 6
    assert bad.stdout.startswith("fault: ")


def test_an_empty_access_log_says_nothing(tmp_path: Path, postgres_url: str, schema: str) -> None:
    given = {
        "DATABASE_URL": postgres_url,
        "SCHEMA": schema,
        "DATA": str(tmp_path),
    }
    run("migrate", **given)

    ended = run("verify", "access-log", **given)
    keys = run("privacy", "log-key", **given)

    assert ended.returncode == 1
    assert "the access log is empty" in ended.stderr
    assert keys.returncode == 1
