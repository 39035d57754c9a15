"""The log asks its witnesses, takes what verifies, and says of the others why not."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import uvicorn

from api.witness_server import BODY_SECONDS, create_witness_app
from ledger.signing.witnesses import Cosigned, WitnessAhead, Witnessing
from ledger.tlog.cosignature import ED25519_COSIGNATURE, ML_DSA_44, Cosigner, cosigned_at
from ledger.tlog.faults import Malformed
from ledger.tlog.note import Note
from ledger.tlog.policy import Policy
from ledger.witness.directory import WitnessDirectory
from ledger.witness.witness import Witness
from tests.api_server import wait_for
from tests.socket_servers import (
    Behaviour,
    answering,
    close,
    drip,
    drip_headers,
    flood,
    reply,
    stall,
)
from tests.tlog_logs import LOG, REWRITTEN, SIGNER, SmallLog
from tests.tlog_witnesses import ED, PQ

DEADLINE_SECONDS = 0.5
OTHER = Cosigner("witness.example/w2", ED25519_COSIGNATURE, b"\2" * 32)


@contextmanager
def running(
    directory: Path, *cosigners: Cosigner, body_seconds: float = BODY_SECONDS
) -> Iterator[str]:
    """A real witness on a free port, by its URL."""
    kept = WitnessDirectory(directory)
    kept.add_log(SIGNER.key)
    listener = socket.create_server(("127.0.0.1", 0))
    app = create_witness_app(Witness(kept, cosigners), body_seconds)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        wait_for(lambda: server.started)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def policy(*witnesses: tuple[Cosigner, str | None]) -> Policy:
    """A policy that names all of these, and asks for none."""
    lines = [
        f"witness w{number} {cosigner.key} {url or ''}\n"
        for number, (cosigner, url) in enumerate(witnesses)
    ]
    return Policy.parse(f"log {SIGNER.key}\n{''.join(lines)}quorum none\n".encode())


class Asked:
    """The proofs that were asked for."""

    def __init__(self, log: SmallLog, size: int) -> None:
        self.sizes: list[int] = []
        self._log, self._size = log, size

    def __call__(self, old: int) -> list[bytes]:
        self.sizes.append(old)
        return self._log.proof(old, self._size)


def failure(behave: Behaviour) -> str:
    """What is said of a witness that behaves so."""
    with answering(behave) as url:
        found = Witnessing(policy((ED, url)), DEADLINE_SECONDS).cosign(LOG.note(7), Asked(LOG, 7))
    assert found.signatures == ()
    assert found.ahead == ()
    return found.failures["w0"]


def test_all_witnesses_cosign_a_log_that_grows(tmp_path: Path) -> None:
    with running(tmp_path / "a", ED) as a, running(tmp_path / "b", OTHER) as b:
        trusted = policy((ED, a), (OTHER, f"{b}/"))
        witnessing = Witnessing(trusted)
        for old, size in ((0, 7), (7, 7), (7, 20), (20, 64)):
            asked = Asked(LOG, size)
            found = witnessing.cosign(LOG.note(size), asked)

            assert found.failures == {}
            note = LOG.note(size).signed_with(*found.signatures)
            assert len(trusted.verify(note).witnesses) == 2
            assert asked.sizes == ([old, old] if 0 < old < size else [])


def test_a_witness_that_knows_the_log_names_its_size_once(tmp_path: Path) -> None:
    with running(tmp_path / "a", ED) as url:
        Witnessing(policy((ED, url))).cosign(LOG.note(7), Asked(LOG, 7))
        after_a_restart, asked = Witnessing(policy((ED, url))), Asked(LOG, 20)

        found = after_a_restart.cosign(LOG.note(20), asked)

    assert [one.name for one in found.signatures] == [ED.key.name]
    assert asked.sizes == [7]


def test_a_witness_with_two_keys_is_asked_once(tmp_path: Path) -> None:
    with running(tmp_path / "a", ED, PQ) as url:
        found = Witnessing(policy((ED, url), (PQ, url))).cosign(LOG.note(7), Asked(LOG, 7))

    assert [one.key_id for one in found.signatures] == [ED.key.key_id, PQ.key.key_id]
    assert found.failures == {}


def test_a_witness_without_the_key_of_the_policy_did_not_sign(tmp_path: Path) -> None:
    with running(tmp_path / "a", ED) as url:
        found = Witnessing(policy((PQ, url), (ED, url))).cosign(LOG.note(7), Asked(LOG, 7))

    assert [one.key_id for one in found.signatures] == [ED.key.key_id]
    assert found.failures == {"w0": "it did not sign with the key that the policy has"}


def test_a_witness_that_knows_more_than_the_log_is_reported(tmp_path: Path) -> None:
    with running(tmp_path / "a", ED) as url:
        witnessing = Witnessing(policy((ED, url)))
        witnessing.cosign(LOG.note(20), Asked(LOG, 20))

        for asker in (witnessing, witnessing, Witnessing(policy((ED, url)))):
            behind = asker.cosign(LOG.note(7), Asked(LOG, 7))

            assert behind.signatures == ()
            assert behind.ahead == (WitnessAhead("w0", 20, 7),)
            assert "may have been rolled back" in behind.failures["w0"]
        assert witnessing.cosign(LOG.note(30), Asked(LOG, 30)).failures == {}


def test_a_log_that_went_on_from_another_state_is_reported(tmp_path: Path) -> None:
    """It has grown past what the witness saw, from a past that the witness did not see."""
    with running(tmp_path / "a", ED) as url:
        witnessing = Witnessing(policy((ED, url)))
        witnessing.cosign(LOG.note(7), Asked(LOG, 7))

        found = witnessing.cosign(REWRITTEN.note(20), Asked(REWRITTEN, 20))

    assert found.signatures == ()
    assert found.ahead == (WitnessAhead("w0", 7, 20),)
    assert found.is_rolled_back
    assert found.failures["w0"].startswith("refused with status 422")


@pytest.mark.parametrize(
    ("quorum", "is_rolled_back"),
    [("group g 1 w0 w1\nquorum g\n", False), ("quorum w0\n", True), ("quorum none\n", False)],
)
def test_a_log_is_rolled_back_where_no_quorum_is_left_without_those_that_saw_more(
    tmp_path: Path, quorum: str, is_rolled_back: bool
) -> None:
    """One that lies stops nobody, unless the policy cannot do without it."""
    with running(tmp_path, ED) as ahead:
        Witnessing(policy((ED, ahead))).cosign(LOG.note(20), Asked(LOG, 20))
        lines = f"witness w0 {ED.key} {ahead}\nwitness w1 {OTHER.key} http://127.0.0.1:1\n"
        trusted = Policy.parse(f"{lines}{quorum}".encode())

        found = Witnessing(trusted).cosign(LOG.note(7), Asked(LOG, 7))

    assert [one.size for one in found.ahead] == [20]
    assert found.is_rolled_back == is_rolled_back


def test_a_log_is_rolled_back_where_all_witnesses_saw_more_and_none_is_needed(
    tmp_path: Path,
) -> None:
    with running(tmp_path, ED) as ahead:
        Witnessing(policy((ED, ahead))).cosign(LOG.note(20), Asked(LOG, 20))

        assert Witnessing(policy((ED, ahead))).cosign(LOG.note(7), Asked(LOG, 7)).is_rolled_back


def test_a_rewritten_history_is_refused_with_the_reason(tmp_path: Path) -> None:
    with running(tmp_path / "a", ED) as url:
        witnessing = Witnessing(policy((ED, url)))
        witnessing.cosign(LOG.note(20), Asked(LOG, 20))

        found = witnessing.cosign(REWRITTEN.note(30), Asked(REWRITTEN, 30))
        same = witnessing.cosign(REWRITTEN.note(20), Asked(REWRITTEN, 20))

    assert found.failures["w0"].startswith("refused with status 422: the consistency proof")
    assert same.failures["w0"].startswith("refused with status 422: two trees of one size")


def test_a_log_that_the_witness_does_not_know_is_told_so(tmp_path: Path) -> None:
    text = LOG.note(7).text.replace("town", "city")

    with running(tmp_path / "a", ED) as url:
        found = Witnessing(policy((ED, url))).cosign(
            Note(text, (SIGNER.sign(text),)), Asked(LOG, 7)
        )

    assert found.failures["w0"] == (
        "refused with status 404: this witness knows no log of this origin"
    )


def cosigned(cosigner: Cosigner, text: str, at: int | None = None) -> bytes:
    return cosigner.cosign(text, int(time.time()) if at is None else at).line().encode()


def test_a_witness_that_signs_another_text_is_not_believed() -> None:
    behave = reply("200 OK", cosigned(ED, LOG.note(8).text))

    assert failure(behave) == "wrong signature"


def test_a_right_signature_beside_a_wrong_one_is_not_believed() -> None:
    both = cosigned(ED, LOG.note(7).text) + cosigned(ED, LOG.note(8).text)

    assert failure(reply("200 OK", both)) == "wrong signature"


def test_a_witness_that_signs_with_another_key_did_not_sign() -> None:
    impostor = Cosigner(ED.key.name, ED25519_COSIGNATURE, bytes(32))
    forged = impostor.cosign(LOG.note(7).text, 1_700_000_000)._replace(key_id=ED.key.key_id)

    said = failure(reply("200 OK", cosigned(impostor, LOG.note(7).text)))
    assert said == "it did not sign with the key that the policy has"
    assert failure(reply("200 OK", forged.line().encode())) == "wrong signature"


def test_signatures_of_unknown_keys_are_passed_over() -> None:
    text = LOG.note(7).text
    lines = cosigned(OTHER, text) + cosigned(ED, text, 1_700_000_000) + cosigned(PQ, text)

    with answering(reply("200 OK", lines)) as url:
        found = Witnessing(policy((ED, url))).cosign(LOG.note(7), Asked(LOG, 7))

    assert [one.key_id for one in found.signatures] == [ED.key.key_id]
    assert cosigned_at(found.signatures[0]) == 1_700_000_000


def test_a_time_in_the_far_future_is_not_taken() -> None:
    for at in (int(time.time()) + 2 * 24 * 3600, 2**63 - 1):
        said = failure(reply("200 OK", cosigned(ED, LOG.note(7).text, at)))

        assert said == "it signed with a time that is more than a day ahead"


PAGE = b"<!doctype html><title>Log in</title><script>alert(1)</script>"


NO_LINES = "it answered with what are no lines of signatures"
NO_SIZE = "refused with status 409, and no size"
STALLED = "it stalled: no whole answer within 0.5 s"
MISBEHAVIOUR = {
    "page": (reply("200 OK", PAGE, "Content-Type: text/html"), "it answered with a page"),
    "page without a type": (reply("200 OK", PAGE), "it answered with a page"),
    "text": (reply("200 OK", b"hello\n"), NO_LINES),
    "nothing": (reply("200 OK", b""), NO_LINES),
    "no text": (reply("200 OK", b"\xff\n"), NO_LINES),
    "bomb": (reply("200 OK", gzip.compress(bytes(10_000_000)), "Content-Encoding: gzip"), NO_LINES),
    "redirect": (
        reply("302 Found", b"", "Location: http://127.0.0.1:1/"),
        "it answered with a redirect (status 302)",
    ),
    "redirect of the request": (
        reply("307 Temporary Redirect", b"", "Location: /elsewhere"),
        "it answered with a redirect (status 307)",
    ),
    "no content": (reply("204 No Content", b""), "refused with status 204"),
    "error page": (reply("500 Internal Server Error", PAGE), "refused with status 500"),
    "control characters": (
        reply("403 Forbidden", b"not\x1b[31m you\x00\n\xff" + b"!" * 900),
        "refused with status 403: not [31m you \ufffd" + "!" * 105 + "…",
    ),
    "conflict with a page": (reply("409 Conflict", PAGE), NO_SIZE),
    "conflict with less than nothing": (reply("409 Conflict", b"-1\n"), NO_SIZE),
    "conflict beyond the limit": (reply("409 Conflict", b"9223372036854775808\n"), NO_SIZE),
    "conflict with many digits": (reply("409 Conflict", b"9" * 5000), NO_SIZE),
    "conflict in other digits": (reply("409 Conflict", "٣\n".encode()), NO_SIZE),
    "conflict with what was given": (
        reply("409 Conflict", b"0\n"),
        "refused with status 409, and the size 0 that it was given",
    ),
    "conflict for ever": (
        reply("409 Conflict", b"3\n"),
        "refused with status 409, and the size 3 that it was given",
    ),
    "flood": (flood, "it answered with more than 65536 bytes"),
    "stall": (stall, STALLED),
    "drip": (drip, STALLED),
    "drip of headers": (drip_headers, STALLED),
}


@pytest.mark.parametrize(("behave", "said"), MISBEHAVIOUR.values(), ids=MISBEHAVIOUR)
def test_what_is_no_answer_of_a_witness_is_told_in_a_few_words(
    behave: Behaviour, said: str
) -> None:
    assert failure(behave) == said


def test_a_witness_that_hangs_up_or_is_not_there_is_not_reachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = f"http://127.0.0.1:{listener.getsockname()[1]}"
    urls = [
        nobody,
        "http://nowhere.invalid",
        "gopher://x",
        "x",
        "http://",
        "http://[",
        "http://\\xff",
    ]

    found = Witnessing(
        policy(*((Cosigner("w", ED25519_COSIGNATURE, bytes([n]) * 32), u)
                 for n, u in enumerate(urls))), 5.0
    ).cosign(LOG.note(7), Asked(LOG, 7))  # fmt: skip

    assert failure(close).startswith("not reachable: ")
    assert failure(lambda peer, _: peer.sendall(b"nonsense\r\n\r\n")).startswith("not reachable: ")
    assert all(said.startswith("not reachable: ") for said in found.failures.values())
    assert len(found.failures) == len(urls)


@pytest.mark.parametrize(
    "url",
    [
        "http://xn--a.example",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:-1",
        "http://127.0.0.1:0",
        "http://[::1",
        "http://",
        "witness.example",
        "ftp://witness.example",
    ],
)
def test_an_address_that_leads_nowhere_is_a_failure_like_another(url: str, tmp_path: Path) -> None:
    with running(tmp_path, ED) as good:
        trusted = policy((ED, good), (OTHER, url))
        found = Witnessing(trusted).cosign(LOG.note(5), Asked(LOG, 5))

    assert [one.name for one in found.signatures] == [ED.key.name]
    assert found.failures["w1"].startswith("not reachable: ")


def test_a_size_that_changes_each_time_is_followed_once() -> None:
    sizes = iter(range(1, 7))

    def behave(connection: socket.socket, body: bytes) -> None:
        reply("409 Conflict", b"%d\n" % next(sizes))(connection, body)

    assert failure(behave) == "it names another size each time it is asked"
    assert next(sizes) == 3


def test_the_slowest_witness_holds_up_nobody_else(tmp_path: Path) -> None:
    with ExitStack() as stack:
        good = stack.enter_context(running(tmp_path / "a", ED))
        slow = [stack.enter_context(answering(drip)) for _ in range(4)]
        trusted = policy(
            *((Cosigner("w", ML_DSA_44, bytes([n]) * 32), url) for n, url in enumerate(slow)),
            (ED, good),
        )
        start = time.monotonic()

        found = Witnessing(trusted, DEADLINE_SECONDS).cosign(LOG.note(7), Asked(LOG, 7))

        assert time.monotonic() - start < 4 * DEADLINE_SECONDS
    assert [one.name for one in found.signatures] == [ED.key.name]
    assert sorted(found.failures) == ["w0", "w1", "w2", "w3"]


def test_witnesses_without_a_url_are_asked_nothing() -> None:
    assert Witnessing(policy((ED, None))).cosign(LOG.note(7), Asked(LOG, 7)) == Cosigned((), {}, ())


def test_what_the_proof_raises_comes_through(tmp_path: Path) -> None:
    def broken(_: int) -> list[bytes]:
        raise LookupError("the tiles are gone")

    with running(tmp_path / "a", ED) as url:
        witnessing = Witnessing(policy((ED, url)))
        witnessing.cosign(LOG.note(7), Asked(LOG, 7))

        with pytest.raises(LookupError, match="tiles"):
            witnessing.cosign(LOG.note(20), broken)
        assert witnessing.cosign(LOG.note(20), Asked(LOG, 20)).failures == {}


def test_a_proof_that_hangs_holds_up_nobody(tmp_path: Path) -> None:
    ended = threading.Event()

    def hanging(_: int) -> list[bytes]:
        ended.wait(30)
        return []

    with running(tmp_path / "a", ED) as url:
        witnessing = Witnessing(policy((ED, url)), DEADLINE_SECONDS)
        witnessing.cosign(LOG.note(7), Asked(LOG, 7))
        start = time.monotonic()

        found = witnessing.cosign(LOG.note(20), hanging)

        assert time.monotonic() - start < 4 * DEADLINE_SECONDS
        ended.set()
    assert found.failures == {"w0": STALLED}


def test_a_submission_that_drips_in_is_cut_off(tmp_path: Path) -> None:
    with running(tmp_path / "a", ED, body_seconds=0.2) as url:
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=30) as peer:
            peer.sendall(b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n")
            answer = peer.recv(4096)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert answer.endswith(b"\r\n\r\nthe submission did not arrive within 0.2 s\n")


def test_what_is_no_checkpoint_is_sent_to_nobody() -> None:
    with pytest.raises(Malformed):
        Witnessing(policy((ED, "http://127.0.0.1:1"))).cosign(
            Note("hello\n", (SIGNER.sign("hello\n"),)), Asked(LOG, 7)
        )
