"""`mingzhang witness` as an institution has it: made, started, asked, killed and started again."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from ledger.signing.witnesses import Witnessing
from ledger.tlog.cosignature import verifier_for
from ledger.tlog.note import Note, VerifierKey, parse_signatures
from ledger.tlog.policy import Policy
from ledger.witness.witness import MAX_BODY_BYTES
from tests.api_server import wait_for
from tests.test_cli import COMMAND, environment, run
from tests.tlog_logs import LOG, REWRITTEN, SIGNER
from tests.tlog_witnesses import ORIGIN

DOCUMENT = Path(__file__).parents[1] / "docs" / "witness.md"
NAME = "audit.example/witness"


def made(data: Path, *more: str) -> VerifierKey:
    """A new witness of the log of the tests; its verifier key."""
    told = run("witness", "init", "--name", NAME, "--data", str(data), *more)
    assert told.returncode == 0, told.stderr
    assert run("witness", "log", str(SIGNER.key), "--data", str(data)).returncode == 0
    return VerifierKey.parse(told.stdout)


class Running:
    """A running `mingzhang witness run`."""

    def __init__(self, data: Path, *more: str) -> None:
        self.log = data.with_name(f"{data.name}.log")
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "witness", "run", "--port", "0", "--data", str(data), *more],
                stdout=log, stderr=log, env=environment(),
                preexec_fn=_with_signals,  # noqa: PLW1509 - it sets a signal and nothing else
            )  # fmt: skip
        wait_for(lambda: "running on" in self.log.read_text() or self.process.poll() is not None)
        found = re.search(r"running on (http://\S+)", self.log.read_text())
        assert found is not None, self.log.read_text()
        self.url = found[1]

    def submit(self, body: bytes) -> httpx.Response:
        return httpx.post(f"{self.url}/add-checkpoint", content=body, timeout=30)

    def stop(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        return self.process.wait(30)


def _with_signals() -> None:
    """As from a terminal: where the tests run SIGINT may be ignored, and children inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def running(data: Path, *more: str) -> Iterator[Running]:
    witness = Running(data, *more)
    try:
        yield witness
    finally:
        if witness.process.poll() is None:
            witness.stop(signal.SIGTERM)


@pytest.fixture(scope="module")
def witness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A witness that the tests of bad requests share; it has cosigned the size 7."""
    data = tmp_path_factory.mktemp("witness") / "data"
    made(data)
    with running(data) as started:
        assert started.submit(LOG.submission(0, 7)).status_code == 200
        yield started


def refused(answer: httpx.Response, status: int, reason: str) -> None:
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert reason in answer.text
    assert answer.text.count("\n") == 1


def test_a_witness_is_made_asked_killed_and_goes_on(tmp_path: Path) -> None:
    data = tmp_path / "w"
    key = made(data)
    assert (data / "ed25519.key").stat().st_mode & 0o777 == 0o600
    with running(data) as first:
        assert str(key) in first.log.read_text()
        assert httpx.get(f"{first.url}/{ORIGIN}/checkpoint").status_code == 404
        answer = first.submit(LOG.submission(0, 7))
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        note = Note(LOG.note(7).text, parse_signatures(answer.text))
        assert note.verified_by([verifier_for(key)]) == (key,)
        first.stop(signal.SIGKILL)

    with running(data) as second:
        conflict = second.submit(LOG.submission(0, 9))
        assert (conflict.status_code, conflict.content) == (409, b"7\n")
        assert conflict.headers["Content-Type"] == "text/x.tlog.size"
        served = httpx.get(f"{second.url}/{ORIGIN}/checkpoint")
        assert Note.parse(served.content).text == LOG.note(7).text
        assert second.submit(LOG.submission(7, 9)).status_code == 200
        assert second.stop(signal.SIGTERM) == 0
    assert second.log.read_text().endswith("Stopped.\n")
    assert "Traceback" not in second.log.read_text()


def test_a_witness_stops_on_ctrl_c(tmp_path: Path) -> None:
    made(tmp_path / "w")
    with running(tmp_path / "w") as started:
        assert started.stop(signal.SIGINT) == 0
    assert started.log.read_text().endswith("Stopped.\n")


def test_two_processes_serve_one_witness(tmp_path: Path) -> None:
    made(tmp_path / "w", "--ml-dsa")
    with running(tmp_path / "w") as first, running(tmp_path / "w", "--host", "::1") as second:
        assert "[::1]" in second.url
        assert first.submit(LOG.submission(0, 7)).status_code == 200
        assert second.submit(LOG.submission(0, 9)).text == "7\n"
        assert second.submit(LOG.submission(7, 9)).status_code == 200
        assert first.submit(LOG.submission(7, 9)).text == "9\n"


def test_a_key_added_to_a_running_witness_counts(tmp_path: Path) -> None:
    data = str(tmp_path / "w")
    run("witness", "init", "--name", NAME, WITNESS_DATA=data)
    with running(tmp_path / "w") as started:
        refused(started.submit(LOG.submission(0, 7)), 404, "knows no log")

        told = run("witness", "log", str(SIGNER.key), WITNESS_DATA=data)
        again = run("witness", "log", str(SIGNER.key), WITNESS_DATA=data)

        assert told.stdout.startswith("Witnessing town.example/log\n")
        assert f"/{ORIGIN}/checkpoint" in told.stdout
        assert again.stdout.startswith("Witnessing already: town.example/log\n")
        assert started.submit(LOG.submission(0, 7)).status_code == 200


def test_two_of_three_running_witnesses_suffice_and_refuse_a_rewritten_history(
    tmp_path: Path,
) -> None:
    keys = [
        made(tmp_path / "a"),
        made(tmp_path / "b", "--ml-dsa"),
        made(tmp_path / "c"),
    ]
    with running(tmp_path / "a") as a, running(tmp_path / "b") as b:
        urls = [a.url, b.url, "http://127.0.0.1:1"]
        lines = [
            f"witness {name} {key} {url}\n"
            for name, key, url in zip("abc", keys, urls, strict=True)
        ]
        policy = Policy.parse(
            f"log {SIGNER.key}\n{''.join(lines)}group g 2 a b c\nquorum g\n".encode()
        )
        witnessing = Witnessing(policy)

        found = witnessing.cosign(LOG.note(20), lambda old: LOG.proof(old, 20))
        forged = witnessing.cosign(REWRITTEN.note(30), lambda old: REWRITTEN.proof(old, 30))

    seen = policy.verify(LOG.note(20).signed_with(*found.signatures))
    assert [one.label for one in seen.witnesses] == ["a", "b"]
    assert list(found.failures) == ["c"]
    assert forged.signatures == ()
    assert [said[:23] for said in forged.failures.values()] == [
        "refused with status 422", "refused with status 422", "not reachable: All conn",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 400, "old <size>"),
        (b"\xff\x00", 400, "ASCII"),
        (LOG.submission(9, 7), 400, "larger"),
        (LOG.submission(0, 7).replace(b"town.example/log\n", b"x.example/log\n"), 404, "no log"),
        (LOG.submission(7, 9).replace(b"\n9\n", b"\n10\n"), 403, "is wrong"),
        (LOG.submission(7, 9).replace(b"old 7\n", b"old 7\n" + b"A" * 43 + b"=\n"), 422, "proof"),
        (b"x" * (MAX_BODY_BYTES + 1), 413, "at most"),
    ],
)
def test_a_bad_submission_is_answered_in_a_line(
    witness: Running, body: bytes, status: int, reason: str
) -> None:
    refused(witness.submit(body), status, reason)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/add-checkpoint", 405),
        ("PUT", "/add-checkpoint", 405),
        ("POST", "/add-checkpoint/", 404),
        ("POST", f"/{ORIGIN}/checkpoint", 405),
        ("GET", f"/{ORIGIN.upper()}/checkpoint", 404),
        ("GET", f"/{'0' * 64}/checkpoint", 404),
        ("GET", "/..%2f..%2fetc%2fpasswd/checkpoint", 404),
        ("GET", "/%00/checkpoint", 404),
        ("GET", "/%ff/checkpoint", 404),
        ("GET", f"/{ORIGIN}.lock/checkpoint", 404),
        ("POST", "/sign-subtree", 404),
    ],
)
def test_another_path_or_method_is_answered_in_a_line(
    witness: Running, method: str, path: str, status: int
) -> None:
    answer = httpx.request(method, witness.url + path, follow_redirects=False)

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "Traceback" not in answer.text


def test_a_connection_serves_several_submissions(witness: Running) -> None:
    with httpx.Client(base_url=witness.url) as client:
        answers = [client.post("/add-checkpoint", content=LOG.submission(7, 7)) for _ in range(3)]

    assert [one.status_code for one in answers] == [200] * 3
    assert all(one.headers.get("Connection") != "close" for one in answers)


def test_a_submission_that_breaks_off_disturbs_nobody(witness: Running) -> None:
    host, port = witness.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as peer:
        peer.sendall(
            b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\nold 7"
        )
    with socket.create_connection((host, int(port))) as peer:
        peer.sendall(b"nonsense\r\n\r\n")
        assert peer.recv(100).startswith(b"HTTP/1.1 400")

    assert witness.submit(LOG.submission(7, 7)).status_code == 200
    assert "Traceback" not in witness.log.read_text()


def test_records_that_cannot_be_read_are_said_and_nothing_is_cosigned(tmp_path: Path) -> None:
    made(tmp_path / "w")
    with running(tmp_path / "w") as started:
        started.submit(LOG.submission(0, 7))
        record = tmp_path / "w" / "checkpoints" / ORIGIN
        record.write_bytes(b"")

        refused(started.submit(LOG.submission(0, 7)), 500, "nothing was cosigned")
        record.unlink()
        record.mkdir()
        refused(started.submit(LOG.submission(0, 7)), 500, "nothing was cosigned")

    log = started.log.read_text()
    assert "is damaged" in log
    assert "Traceback" not in log


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("init",), 2, "--name"),
        (("init", "--name", "a b"), 2, "neither spaces"),
        (("init", "--name", "x" * 256), 2, "255"),
        (("init", "--name", "else.example"), 1, "has the name audit.example/witness"),
        (("init", "--name", NAME), 1, "there already"),
        (("log",), 2, "VKEY"),
        (("log", "x"), 2, "name+id+key"),
        (("log", f"{SIGNER.key}x"), 2, "base64"),
        (("log", str(VerifierKey.of("a", 4, bytes(31)))), 2, "not one for"),
        (("run", "--port", "65536"), 2, "65535"),
    ],
)
def test_a_wrong_command_is_told_why(
    tmp_path_factory: pytest.TempPathFactory, words: Sequence[str], code: int, said: str
) -> None:
    data = tmp_path_factory.getbasetemp() / "wrong-commands"
    if not data.exists():
        made(data)

    told = run("witness", *words, WITNESS_DATA=str(data))

    assert told.returncode == code, told.stderr
    assert said in told.stderr
    assert "Traceback" not in told.stderr


def test_a_witness_without_a_key_or_a_port_does_not_start(tmp_path: Path) -> None:
    without = run("witness", "run", WITNESS_DATA=str(tmp_path / "none"))
    made(tmp_path / "w")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        second = run("witness", "run", "--port", port, WITNESS_DATA=str(tmp_path / "w"))

    assert (without.returncode, second.returncode) == (1, 5)
    assert "mingzhang witness init" in without.stderr
    assert second.stderr == (
        f"mingzhang: port {port} is taken: stop what uses it, or choose another --port\n"
    )


def test_what_the_document_tells_an_institution_to_type_is_true(tmp_path: Path) -> None:
    blocks = re.findall(r"^```bash\n(.*?)^```$", DOCUMENT.read_text(), re.DOTALL | re.MULTILINE)
    assert [block.split()[2] for block in blocks[:3]] == ["init", "log", "run"]
    document_key = VerifierKey.parse(blocks[1].split()[3])
    assert document_key == SIGNER.key

    def typed(block: str) -> subprocess.CompletedProcess[str]:
        lines = f'mingzhang() {{ "{sys.executable}" -m api.cli.main "$@"; }}\n{block}'
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", lines], cwd=tmp_path, env=environment(),
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    for block in blocks[:2]:
        told = typed(block)
        assert told.returncode == 0, told.stderr
    with running(tmp_path / "witness") as started:
        started.submit(LOG.submission(0, 7))
        assert "http://127.0.0.1:8100" in blocks[3]
        shown = typed(blocks[3].replace("http://127.0.0.1:8100", started.url))

    assert shown.stdout.startswith("town.example/log\n7\n"), shown.stderr
