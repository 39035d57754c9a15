"""`mingzhang verify` as an auditor has it: one line, and an exit code that a script can read."""

from __future__ import annotations

import subprocess
from pathlib import Path

import orjson
import pytest

from ledger.tlog.cosignature import Cosigner
from ledger.tlog.note import Signer
from tests.audited_log import SIGNER, bundle_of, log, signed
from tests.test_cli import run

KEY = str(SIGNER.key)
WITNESS = str(Cosigner("w", 0x04, bytes(32)).key)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle_of(log(300), tmp_path_factory.mktemp("command") / "bundle", (100,))


def verify(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return run("verify", *map(str, words))


def test_a_good_bundle_ends_in_one_line_and_a_report(bundle: Path, tmp_path: Path) -> None:
    kept, report = tmp_path / "kept", tmp_path / "report.json"
    kept.write_bytes(signed(log(300), 200).to_bytes())

    ended = verify(bundle, "--key", KEY, "--since", kept, "--report", report)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("verified: 300 events of town.example/ledger, root ")
    assert ended.stdout.count("\n") == 1
    written = orjson.loads(report.read_bytes())
    assert written["verdict"] == ended.stdout.strip()
    assert written["compared"] == [100, 200]


def test_one_of_several_keys_is_enough(bundle: Path) -> None:
    old = Signer("town.example/old", bytes(32))

    assert verify(bundle, "--key", str(old.key), "--key", KEY).returncode == 0
    assert verify(bundle, "--key", str(old.key)).returncode == 6


def test_a_policy_that_is_not_satisfied_is_a_fault(bundle: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy"
    policy.write_text(f"witness w {WITNESS}\nquorum w\n")

    ended = verify(bundle, "--key", KEY, "--policy", policy)

    assert ended.returncode == 6
    assert "0 of 1 witnesses cosigned" in ended.stdout


def test_a_fault_is_told_in_one_line_with_an_exit_code_of_its_own(tmp_path: Path) -> None:
    bundle, report = bundle_of(log(300), tmp_path / "bundle"), tmp_path / "report.json"
    path = bundle / "index/000"
    path.write_bytes(path.read_bytes().replace(b'"request_filed"', b'"request_urged"', 1))

    ended = verify(bundle, "--key", KEY, "--report", report)

    assert (ended.returncode, ended.stderr) == (6, "")
    assert ended.stdout.startswith("fault: position 26, index/000: expected ")
    assert ended.stdout.count("\n") == 1
    assert orjson.loads(report.read_bytes())["fault"]["position"] == 26


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--key", "nonsense"), 1, "--key: a verifier key is written as"),
        (("--key", KEY[:-1]), 1, "--key: a verifier key is standard base64"),
        (("--key", KEY, "--since", "/absent"), 1, "--since /absent: "),
        (("--key", KEY, "--since", "BUNDLE/README.md"), 1, "README.md: a signature line"),
        (("--key", KEY, "--policy", "BUNDLE/README.md"), 1, "README.md: line 3 of the policy"),
        (("--key", WITNESS), 1, "--key: a log's key is one for"),
        (("--key", KEY, "--report", "/absent/report"), 1, "/absent/report"),
        ((), 2, "--key"),
    ],
)
def test_what_cannot_be_read_says_nothing_of_the_bundle(
    bundle: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    ended = verify(bundle, *(word.replace("BUNDLE", str(bundle)) for word in words))

    assert ended.returncode == code
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_a_bundle_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    ended = verify(tmp_path / "absent", "--key", KEY)

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.endswith("absent is not a directory\n")
