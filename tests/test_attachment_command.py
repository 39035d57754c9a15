"""A voucher in hand: the command says what names it, and another whether it is the one named."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.domain.documents.attachments import MAX_ATTACHMENT_BYTES, Attachment
from tests.test_cli import run

CONTENT = "发票 0001".encode()
DIGEST = sha256(CONTENT).hexdigest()
OTHER = sha256(b"another").hexdigest()


@pytest.fixture
def voucher(tmp_path: Path) -> Path:
    path = tmp_path / "voucher.pdf"
    path.write_bytes(CONTENT)
    return path


def test_what_the_command_prints_is_what_an_event_takes(voucher: Path) -> None:
    done = run("attachment", str(voucher))

    assert done.returncode == 0, done.stderr
    assert Attachment(**json.loads(done.stdout)) == Attachment(
        digest=DIGEST, size_bytes=len(CONTENT), media_type="application/pdf"
    )


def test_the_media_type_can_be_given(voucher: Path) -> None:
    done = run("attachment", str(voucher), "--media-type", "image/png")

    assert json.loads(done.stdout)["media_type"] == "image/png"


def test_a_file_of_unknown_kind_is_bytes(tmp_path: Path) -> None:
    path = tmp_path / "voucher"
    path.write_bytes(b"x")

    assert json.loads(run("attachment", str(path)).stdout)["media_type"] == (
        "application/octet-stream"
    )


@pytest.mark.parametrize("digest", [DIGEST, DIGEST.upper()])
def test_the_file_that_was_named_is_verified(voucher: Path, digest: str) -> None:
    done = run("verify", "attachment", str(voucher), digest)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("verified: ")
    assert DIGEST in done.stdout


def test_another_file_is_a_fault(voucher: Path) -> None:
    done = run("verify", "attachment", str(voucher), OTHER)

    assert done.returncode == 6
    assert done.stdout.startswith("fault: ")
    assert f"its digest is {DIGEST}, not {OTHER}" in done.stdout


def test_a_file_that_was_changed_by_a_byte_is_a_fault(voucher: Path) -> None:
    voucher.write_bytes(CONTENT + b" ")

    assert run("verify", "attachment", str(voucher), DIGEST).returncode == 6


@pytest.mark.parametrize("digest", ["", "abc", "g" * 64, DIGEST + "0", f"sha256:{DIGEST}"])
def test_of_what_is_no_digest_nothing_can_be_said(voucher: Path, digest: str) -> None:
    done = run("verify", "attachment", str(voucher), digest)

    assert done.returncode == 1
    assert "a digest is 64 hex characters" in done.stderr


def test_of_a_file_that_is_not_there_nothing_can_be_said(tmp_path: Path) -> None:
    for words in (["attachment"], ["verify", "attachment"]):
        digest = [DIGEST] if len(words) == 2 else []
        done = run(*words, str(tmp_path / "nothing.pdf"), *digest)

        assert done.returncode == 1
        assert "No such file" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("size_bytes", [0, MAX_ATTACHMENT_BYTES + 1])
def test_a_file_that_is_empty_or_too_long_is_no_attachment(tmp_path: Path, size_bytes: int) -> None:
    path = tmp_path / "voucher.pdf"
    with path.open("wb") as file:
        file.truncate(size_bytes)

    assert run("attachment", str(path)).returncode == 1


def test_a_media_type_that_is_none_is_refused(voucher: Path) -> None:
    done = run("attachment", str(voucher), "--media-type", "pdf")

    assert done.returncode == 1
    assert "media_type" in done.stderr
