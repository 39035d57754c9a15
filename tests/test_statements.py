"""Statements: figures that anybody computes again from a bundle, to the row."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.figure_check import check_statement, read_statement
from ledger.audit.report import Faulty, Unreadable
from ledger.bundle.store import BundleStore
from ledger.canonical import canonical_document
from ledger.tlog.cosignature import ED25519_COSIGNATURE, Cosigner
from ledger.tlog.note import Note, NoteVerifier, Signer, encode_base64
from ledger.tlog.proof_file import ProofFile
from tests.api_server import Server, filed, wait_for

COMMAND = (sys.executable, "-m", "tests.quick_times")
DOCUMENT = Path(__file__).parents[1] / "docs" / "audit.md"
PROCESS = "process"
OF_A_PART = "process?community=branch-riverside"


def run(server: Server, *words: str) -> subprocess.CompletedProcess[str]:
    """A command on the server's ledger."""
    return subprocess.run(
        [*COMMAND, *words], env={**os.environ, **settings_of(server)}, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip


def settings_of(server: Server) -> dict[str, str]:
    settings = server.settings
    return {
        "MINGZHANG_DATA": str(settings.data),
        "MINGZHANG_DATABASE_URL": str(settings.database_url),
        "MINGZHANG_SCHEMA": settings.schema,
    }


def key_of(server: Server) -> str:
    (signer,) = server.settings.signing_keys().load()
    return str(signer.key)


@pytest.fixture(scope="module")
def stated(server: Server) -> dict[str, bytes]:
    """A statement of every disclosure, and one of a part."""
    for category in ("help", "complaint", "report"):
        server.post("hotline-clerk", filed(category=category))
    size = server.size()
    server.published(size)
    found = {}
    for name in ("project", PROCESS, "evaluation", "funds", "donations", "rankings", OF_A_PART):
        path = f"/v1/statements/{name}{'&' if '?' in name else '?'}min_position={size}"
        wait_for(lambda: server.get(path).status_code == 200)  # noqa: B023 - asked at once
        found[name] = server.get(path).content
    return found


@pytest.fixture(scope="module")
def bundle(server: Server, stated: dict[str, bytes], tmp_path_factory: Any) -> Path:
    """A bundle that reaches further than the statements."""
    server.post("hotline-clerk", filed())
    directory: Path = tmp_path_factory.mktemp("bundles") / "bundle"
    exported = run(server, "export", str(directory))
    assert exported.returncode == 0, exported.stderr
    assert f"mingzhang verify {directory} --key {key_of(server)}" in exported.stdout
    return directory


def test_a_statement_is_canonical_and_says_what_it_is_of(
    server: Server, stated: dict[str, bytes]
) -> None:
    document = json.loads(stated[PROCESS])

    assert canonical_document(document) == stated[PROCESS]
    assert document["format"] == "mingzhang-statement/2"
    assert document["origin"] == "mingzhang.example/demonstration"
    assert document["figures"]["as_of"] == {
        "position": document["size"],
        "at": document["at"],
        "recorded_at": document["figures"]["as_of"]["recorded_at"],
    }
    (projection,) = document["projections"]
    assert projection["name"] == "process_disclosure"
    assert len(projection["rows"]) == 64
    assert [pack["version"] for pack in document["rule_packs"]] == [1]


@pytest.mark.parametrize("name", ["project", "funds", "donations", "rankings", OF_A_PART])
def test_every_statement_follows_from_the_bundle(
    server: Server, stated: dict[str, bytes], bundle: Path, name: str
) -> None:
    (signer,) = server.settings.signing_keys().load()
    statement = read_statement(stated[name])

    line = check_statement(statement, bundle, [NoteVerifier(signer.key)], signer.key.name)

    assert line.startswith(f"verified: the figures of {name.partition('?')[0]} follow from")


def test_a_statement_of_two_views_is_verified_on_the_command_line(
    server: Server, stated: dict[str, bytes], bundle: Path, tmp_path: Path
) -> None:
    path = tmp_path / "statement.json"
    path.write_bytes(stated["evaluation"])

    done = run(server, "verify", "figure", str(path), str(bundle), "--key", key_of(server))

    assert done.returncode == 0, (done.stdout, done.stderr)
    assert done.stdout.startswith("verified: the figures of evaluation follow from")
    assert done.stderr == ""


def changed(statement: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    document = json.loads(statement)
    change(document)
    return canonical_document(document)


def refused(statement: bytes, bundle: Path, key: str) -> str:
    verifier = NoteVerifier(Signer.parse(key).key)
    with pytest.raises(Faulty) as fault:
        check_statement(
            read_statement(statement), bundle, [verifier], "mingzhang.example/demonstration"
        )
    return fault.value.fault.line()


CHANGES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a case that is left out": (
        lambda one: one["figures"]["totals"].update(cases=one["figures"]["totals"]["cases"] - 1),
        "figures.totals.cases",
    ),
    "rows": (lambda one: one["projections"][0].update(rows="0" * 64), "projections[0].rows"),
    "the root": (lambda one: one.update(root=encode_base64(bytes(32))), "checkpoint"),
    "the packs": (lambda one: one["rule_packs"].clear(), "rule_packs"),
    "the size": (lambda one: one.update(size=one["size"] - 1), "checkpoint"),
    "the time": (lambda one: one.update(at="2031-01-01T00:00:00Z"), "size"),
    "a time between": (lambda one: one.update(at=one["at"][:-1] + ".500000Z"), "at"),
    "the part": (lambda one: one.update(query={"community": "branch-oldtown"}), "figures"),
    "the name of the log": (lambda one: one.update(origin="town.example/other"), "checkpoint"),
    "a number that is a truth": (
        lambda one: one["rule_packs"][0].update(version=True),
        "rule_packs[0].version",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_statement_that_was_changed_is_refused_where_it_was(
    server: Server, stated: dict[str, bytes], bundle: Path, what: str
) -> None:
    change, place = CHANGES[what]
    (signer,) = server.settings.signing_keys().load()

    line = refused(changed(stated[PROCESS], change), bundle, signer.to_secret_text())

    assert place in line


def test_views_of_another_version_are_not_judged(
    server: Server, stated: dict[str, bytes], bundle: Path
) -> None:
    (signer,) = server.settings.signing_keys().load()
    statement = changed(stated[PROCESS], lambda one: one["projections"][0].update(version=99))

    with pytest.raises(Unreadable, match="version 99 of process_disclosure"):
        check_statement(
            read_statement(statement), bundle, [NoteVerifier(signer.key)], signer.key.name
        )


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"{}", b"null", b'{"format":"mingzhang-statement/1","rows_format":"x"}'],
)
def test_what_is_no_statement_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(Unreadable):
        read_statement(data)


MEMBERS = (
    "at", "checkpoint", "consistency", "disclosure", "figures", "origin", "projections", "query",
    "root", "rule_packs", "size",
)  # fmt: skip


@pytest.mark.parametrize("member", MEMBERS)
def test_a_statement_without_one_of_its_members_is_none(
    stated: dict[str, bytes], member: str
) -> None:
    with pytest.raises(Unreadable):
        read_statement(changed(stated[PROCESS], lambda one: one.pop(member)))


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("note", "no case was left out"),
        ("size", "100"),
        ("size", True),
        ("size", 100.5),
        ("size", -1),
        ("at", "2026-03-01T08:00:00"),
        ("at", "2026-03-01"),
        ("at", "2026-03-01T08:00:00+00:00"),
        ("at", "0001-01-01T00:00:00+14:00"),
        ("at", "9999-12-31T23:59:59-14:00"),
    ],
)
def test_a_statement_with_what_was_never_served_is_none(
    stated: dict[str, bytes], member: str, value: object
) -> None:
    with pytest.raises(Unreadable):
        read_statement(changed(stated[PROCESS], lambda one: one.update({member: value})))


def test_another_spelling_of_a_statement_is_none(stated: dict[str, bytes]) -> None:
    with pytest.raises(Unreadable, match="canonical"):
        read_statement(json.dumps(json.loads(stated[PROCESS])).encode())


def test_a_statement_beyond_the_bundle_is_not_judged(
    server: Server, stated: dict[str, bytes], bundle: Path
) -> None:
    whole = BundleStore(bundle).size()

    with pytest.raises(Unreadable, match=f"has {whole} events"):
        BundleStore(bundle, whole + 1)


def test_a_bundle_reads_as_the_log_that_it_was_made_of(server: Server, bundle: Path) -> None:
    feed = server.get("/v1/events?limit=1000", "auditor").json()["events"]
    read = BundleStore(bundle)

    assert [one.leaf.hex() for one in read.read()] == [one["leaf"] for one in feed][: read.size()]
    assert [one.position for one in read.read(after=100, limit=3)] == [101, 102, 103]


@pytest.mark.parametrize(
    ("path", "status", "rule"),
    [
        ("nothing", 404, "unknown_disclosure"),
        ("process?x=1", 422, "unknown_parameter"),
        ("process?community=A", 422, "invalid_parameter"),
        ("process?community=a&community=b", 422, "parameter_given_twice"),
        ("rankings?limit=0", 422, "invalid_parameter"),
    ],
)
def test_what_cannot_be_stated_is_a_problem(
    server: Server, path: str, status: int, rule: str
) -> None:
    answer = server.get(f"/v1/statements/{path}")

    assert (answer.status_code, answer.json()["rule"]) == (status, rule)


def test_a_crowd_that_asks_for_statements_is_told_to_come_back(server: Server) -> None:
    server.post("hotline-clerk", filed())

    async def ask() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=60)
        async with httpx.AsyncClient(base_url=server.url, limits=limits, timeout=60) as client:
            return await asyncio.gather(*(client.get("/v1/statements/process") for _ in range(60)))

    answers = asyncio.run(ask())

    assert {answer.status_code for answer in answers} <= {200, 503}
    for answer in answers:
        if answer.status_code == 503:
            assert answer.json()["rule"] in {"too_many_statements", "not_signed"}
            assert "retry-after" in answer.headers


def test_a_proof_is_verified_on_the_command_line(server: Server, tmp_path: Path) -> None:
    (event,) = server.post("hotline-clerk", filed()).json()["events"]
    path = tmp_path / "receipt.tlog-proof"
    wait_for(lambda: server.get(f"{event['receipt']}/file").status_code == 200)
    path.write_bytes(server.get(f"{event['receipt']}/file").content)
    words = ("verify", "proof", str(path), "--key", key_of(server))

    good = run(server, *words)
    told = run(server, *words, "--leaf", event["leaf"])
    other = run(server, *words, "--leaf", "0" * 64)
    broken = run(server, *words, "--leaf", "0")

    assert good.stdout.startswith(f"verified: position {event['position']} of the ")
    assert told.stdout == good.stdout
    assert (other.returncode, other.stdout[:6]) == (6, "fault:")
    assert (broken.returncode, broken.stdout) == (1, "")


def test_a_policy_that_names_no_log_holds_for_the_key_that_is_given(
    server: Server, tmp_path: Path
) -> None:
    """C2SP tlog-policy: where the log is known from elsewhere a policy may name none."""
    policy, path = tmp_path / "policy", tmp_path / "first.tlog-proof"
    path.write_bytes(server.get("/v1/events/1/proof").content)
    leaf = server.get("/v1/events?limit=1", "auditor").json()["events"][0]["leaf"]
    words = ("verify", "proof", str(path), "--leaf", leaf, "--key", key_of(server))
    witness = Cosigner.generate("witness.example/w", ED25519_COSIGNATURE)

    policy.write_text("quorum none\n")
    enough = run(server, *words, "--policy", str(policy))
    policy.write_text(f"witness w {witness.key}\nquorum w\n")
    too_few = run(server, *words, "--policy", str(policy))

    assert enough.stdout.startswith("verified: position 1 of "), enough.stdout
    assert (too_few.returncode, too_few.stdout[:6]) == (6, "fault:")
    assert "the quorum of the policy is not reached" in too_few.stdout


def test_the_key_of_another_log_proves_nothing_of_this_one(server: Server, tmp_path: Path) -> None:
    proof = ProofFile.parse(server.get("/v1/events/1/proof").content)
    leaf = server.get("/v1/events?limit=1", "auditor").json()["events"][0]["leaf"]
    other, path = Signer.generate("town.example/other"), tmp_path / "first.tlog-proof"
    text = proof.checkpoint.text
    path.write_bytes(replace(proof, checkpoint=Note(text, (other.sign(text),))).to_bytes())
    keys = ("--key", key_of(server), "--key", str(other.key))

    done = run(server, "verify", "proof", str(path), "--leaf", leaf, *keys)

    assert (done.returncode, done.stdout[:6]) == (6, "fault:"), done.stdout


def test_the_live_database_is_audited(server: Server) -> None:
    (event,) = server.post("hotline-clerk", filed()).json()["events"]
    receipt = f"{event['position']}:{event['leaf']}"

    good = run(server, "verify", "database", "--receipt", receipt)
    other = run(server, "verify", "database", "--receipt", f"{event['position']}:{'0' * 64}")
    broken = run(server, "verify", "database", "--receipt", "x")

    assert good.stdout.startswith("verified: "), good.stderr
    assert other.returncode == 6
    assert f"position {event['position']}" in other.stdout
    assert broken.returncode == 1


def test_the_lines_of_the_document_work(server: Server, tmp_path: Path) -> None:
    """From docs/audit.md, by an auditor who has been here before."""
    lines = "".join(re.findall(r"^```bash\n(.*?)^```$", DOCUMENT.read_text(), re.S | re.M))
    checkpoint = tmp_path / "kept-checkpoint"
    checkpoint.write_bytes(server.get("/tlog/checkpoint").content)
    (event,) = server.post("hotline-clerk", filed()).json()["events"]
    for path, name in (
        (f"/v1/events/{event['position']}/proof", "event.tlog-proof"),
        (f"{event['receipt']}/file", "receipt.tlog-proof"),
        ("/v1/statements/process", "process.statement.json"),
    ):
        wait_for(lambda: server.get(path).status_code == 200)  # noqa: B023 - asked at once
        (tmp_path / name).write_bytes(server.get(path).content)
    (tmp_path / "voucher.pdf").write_bytes(b"voucher")
    size = json.loads((tmp_path / "process.statement.json").read_bytes())["size"]
    assert "--to 100" in lines
    lines = lines.replace("--to 100", f"--to {size}")

    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f'mingzhang() {{ {" ".join(COMMAND)} "$@"; }}\n{lines}'],
        env={
            **os.environ,
            **settings_of(server),
            "PYTHONPATH": os.pathsep.join(sys.path),
            "VKEY": key_of(server),
            "POSITION": str(event["position"]),
            "LEAF": event["leaf"],
            "DIGEST": sha256(b"voucher").hexdigest(),
        },
        cwd=tmp_path, check=False, capture_output=True, text=True,
    )  # fmt: skip

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("verified: ") == lines.count("mingzhang verify") == 7
    assert json.loads((tmp_path / "report.json").read_bytes())["fault"] is None
